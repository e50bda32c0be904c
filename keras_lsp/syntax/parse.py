"""Text to `ast`, for any text.

Valid text is parsed by `ast` alone. Otherwise everything but the broken statements is kept where it is, by three steps, each of
which leaves every token that it keeps at its line and column, so that positions in the tree are positions in the text:

1. The text is split into logical lines (`keras_lsp.text.tokens`); a line that does not parse alone is completed (closing
   brackets and quotes, operands that are missing), or its broken part becomes a hole, or all of it does.
2. Blocks get what the grammar demands: a body for a header, a header for an `else`, handlers for a `try`.
3. What still does not parse is emptied, statement by statement, then block by block.

A hole is the name `HOLE`, which evaluates to nothing known. Statements that were changed are listed in `ParsedModule.broken`:
what the tree says about them helps hover and completion, but is no ground for a diagnostic.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Sequence

from keras_lsp.syntax.compiling import compile_source, locate
from keras_lsp.syntax.limits import MAX_REPAIR_CHARACTERS, MAX_TREE_DEPTH
from keras_lsp.syntax.parsed import Kept, NodePositions, ParsedModule, SyntaxProblem
from keras_lsp.syntax.repair import repair
from keras_lsp.syntax.repaired_lines import blanked
from keras_lsp.syntax.splicing import splice
from keras_lsp.syntax.tree import Branch, Nodes, children
from keras_lsp.text.lines import LineIndex


def parse(text: str, sections: Sequence[tuple[int, int]] = (), previous: ParsedModule | None = None) -> ParsedModule:
    """Parse `text`; never raises.

    `sections` are spans that must parse each by itself, such as the cells of a notebook, so that a bracket left open in one does
    not swallow the next. They are sorted and disjoint; only blank text stands between them.

    `previous` is what an earlier version of the text came to. Statements at both ends that no change touched keep their nodes,
    which move to their new lines; `previous` must not be used any more. The outcome is the same as without it.
    """
    source, problems = _sanitise(text)
    spliced = splice(previous, text, source) if previous is not None else None
    tree, error = (spliced.tree, None) if spliced is not None else compile_source(source)
    broken: list[tuple[int, int]] = []
    if tree is not None and sections and _crosses(tree, source, sections):
        tree = spliced = None
    if tree is None:
        if error is not None and not problems:
            problems.append(locate(error, source))
        if len(text) > MAX_REPAIR_CHARACTERS:
            return _without_tree(text, "", problems)
        repaired: list[str] = []
        position = 0
        for start, end in sections or ((0, len(text)),):
            piece, spans, messages, tree = repair(source[start:end], known=not sections)
            repaired += (source[position:start], piece)
            broken += ((start + low, start + high) for low, high in spans)
            problems += (SyntaxProblem(p.message, start + p.start, start + p.end) for p in messages)
            position = end
        source = "".join([*repaired, source[position:]])
        if tree is None or sections:
            spliced = splice(previous, text, source) if previous is not None else None
            tree = spliced.tree if spliced is not None else compile_source(source)[0]
        if tree is None:
            # Each piece parses, but not all together: only nesting beyond the parser's limits does that.
            return _without_tree(text, blanked(source), problems)
        problems = _distinct(problems)
    kept: Kept | None = None
    known: dict[int, Branch] = {}
    if spliced is not None and previous is not None:
        kept = spliced.kept
        branches = previous.nodes.branches
        after = branches[len(branches) - kept.after :]
        known = {id(branch.statement): branch for branch in (*branches[: kept.before], *after)}
        if spliced.lines:
            for branch in after:
                branch.move(spliced.lines)
    nodes = Nodes(tree, known)
    if nodes.depth > MAX_TREE_DEPTH:
        too_deep = _too_deep(tree)
        positions = NodePositions(text, source)
        for statement in too_deep:
            span = positions.span(statement)
            problems.append(SyntaxProblem("nested too deeply to be analysed", *span))
            broken.append(span)
        tree.body = [statement for statement in tree.body if statement not in too_deep]
        broken.sort()
        nodes, kept = Nodes(tree), None
    return ParsedModule(tree, text, source, tuple(problems), tuple(broken), nodes, kept)


def _without_tree(text: str, source: str, problems: list[SyntaxProblem]) -> ParsedModule:
    tree = ast.Module([], [])
    return ParsedModule(tree, text, source, tuple(problems), ((0, len(text)),), Nodes(tree))


def _distinct(problems: list[SyntaxProblem]) -> list[SyntaxProblem]:
    """One problem for each statement, in the order of the text."""
    seen: set[int] = set()
    kept: list[SyntaxProblem] = []
    for problem in sorted(problems, key=lambda problem: problem.start):
        if problem.start not in seen:
            seen.add(problem.start)
            kept.append(problem)
    return kept


_FORBIDDEN = re.compile("[\0\ud800-\udfff]")


def _sanitise(text: str) -> tuple[str, list[SyntaxProblem]]:
    """`text` without the characters that make Python refuse a whole file, each replaced by one that keeps the columns."""
    problems: list[SyntaxProblem] = []
    if text.startswith("\ufeff"):
        text = "\f" + text[1:]  # a form feed may stand before a statement, and has a column of its own
    match = _FORBIDDEN.search(text)
    if match:
        what = "a NUL character" if match[0] == "\0" else "half of a surrogate pair"
        problems.append(SyntaxProblem(f"text holds {what}", match.start(), match.end()))
        text = _FORBIDDEN.sub(lambda match: " " if match[0] == "\0" else "_", text)
    return text, problems


def _crosses(tree: ast.Module, source: str, sections: Sequence[tuple[int, int]]) -> bool:
    """Whether a statement reaches from one section into another."""
    lines = LineIndex(source)
    ends = [lines.line(max(end - 1, start)) + 1 for start, end in sections]
    for node in tree.body:
        index = bisect_right(ends, node.lineno - 1)
        if index < len(ends) and (node.end_lineno or node.lineno) > ends[index]:
            return True
    return False


def _too_deep(tree: ast.Module) -> list[ast.stmt]:
    """The top-level statements that are nested deeper than MAX_TREE_DEPTH, found without recursion."""
    found: list[ast.stmt] = []
    for statement in tree.body:
        level: list[ast.AST] = [statement]
        depth = 0
        while level and depth <= MAX_TREE_DEPTH:
            depth += 1
            level = [child for node in level for child in children(node)]
        if level:
            found.append(statement)
    return found
