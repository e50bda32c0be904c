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
import keyword
import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple, cast

from keras_lsp.syntax.limits import (
    MAX_BLOCK_ATTEMPTS,
    MAX_REPAIR_CHARACTERS,
    MAX_STATEMENT_ATTEMPTS,
    MAX_STATEMENT_CHARACTERS,
    MAX_TREE_DEPTH,
)
from keras_lsp.syntax.tree import Branch, Nodes, children
from keras_lsp.text.lines import LineIndex
from keras_lsp.text.tokens import HOLE, LogicalLine, Token, logical_lines, tokenise

__all__ = ["HOLE", "NodePositions", "ParsedModule", "SyntaxProblem", "parse"]


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """What Python says about a text that it cannot parse, and where, in offsets."""

    message: str
    start: int
    end: int


class NodePositions:
    """Offsets of `ast` nodes in the text; `ast` itself counts lines from 1 and columns in UTF-8 bytes."""

    __slots__ = ("_ascii", "_parsed", "_starts", "_text")

    def __init__(self, text: str, parsed: str | None = None) -> None:
        self._text = LineIndex(text)
        # A repaired text has the same lines, but some are longer, and some of their characters have other widths in bytes.
        self._parsed = self._text if parsed is None or parsed == text else LineIndex(parsed)
        self._ascii = self._parsed.text.isascii()
        # Where the tree is that of the text, a byte is a character and a line break is one, positions are sums.
        simple = self._ascii and self._parsed is self._text and "\r" not in text
        self._starts = [*self._text.starts, len(text) + 1] if simple else None

    @property
    def lines(self) -> LineIndex:
        """The lines of the text."""
        return self._text

    def offset(self, line: int, column: int) -> int:
        """Offset of an `ast` position: `line` from 1, `column` from 0 in UTF-8 bytes."""
        line -= 1
        if not self._ascii:
            start = self._parsed.start(line)
            prefix = self._parsed.text[start : start + column]  # a character has at least one byte
            if not prefix.isascii():
                data = prefix.encode("utf-8", "surrogatepass")[:column]
                column = len(data.decode("utf-8", "ignore"))
        return self._text.offset(line, column)

    def start(self, node: ast.AST) -> int:
        """Offset at which `node` starts; 0 for a node without a position (a module, an operator)."""
        line: int | None = getattr(node, "lineno", None)
        return 0 if line is None else self.offset(line, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """Offset at which `node` ends, exclusive; 0 for a node without a position."""
        line: int | None = getattr(node, "end_lineno", None)
        return 0 if line is None else self.offset(line, node.end_col_offset)  # type: ignore[attr-defined]

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Offsets between which `node` stands."""
        if self._starts is not None:
            try:
                placed = cast("ast.expr", node)
                first, last = placed.lineno, placed.end_lineno or placed.lineno
                start = self._starts[first - 1] + placed.col_offset
                end = self._starts[last - 1] + (placed.end_col_offset or 0)
                # Columns inside f-strings may lie anywhere before Python 3.12; they are clamped as all others are.
                if start < self._starts[first] and end < self._starts[last]:
                    return start, end
            except (AttributeError, IndexError):
                pass  # a node without a position
        return self.start(node), self.end(node)


class Kept(NamedTuple):
    """What of a tree was taken from the tree of an earlier version of the text: its first and its last statements.

    Attributes:
        before, after: how many of the top-level statements at the beginning and at the end.
        start: offset in both texts up to which the first ones reach.
        old_end: offset in the earlier text from which the last ones are.
        shift: how far they moved.
    """

    before: int
    after: int
    start: int
    old_end: int
    shift: int


@dataclass(frozen=True)
class ParsedModule:
    """A tree for a text.

    `source` is what the tree was parsed from: `text` itself when that is valid. `problems` are Python's complaints, in the order
    of the text; `broken` are the spans of the statements that were changed to make it parse, sorted and disjoint; `nodes` are those
    of the tree, by kind; `kept` says what of the tree is that of an earlier version of the text.
    """

    tree: ast.Module
    text: str
    source: str
    problems: tuple[SyntaxProblem, ...]
    broken: tuple[tuple[int, int], ...]
    nodes: Nodes = field(repr=False)
    kept: Kept | None = None

    @property
    def error(self) -> SyntaxProblem | None:
        """The first problem."""
        return self.problems[0] if self.problems else None

    @property
    def repaired(self) -> bool:
        """Whether the tree belongs to another text than the one given."""
        return self.source != self.text

    @cached_property
    def positions(self) -> NodePositions:
        """Converts positions of nodes of this tree to offsets in `text`."""
        return NodePositions(self.text, self.source)

    def is_broken(self, offset: int) -> bool:
        """Whether `offset` lies in a statement of which the tree is only a guess."""
        index = bisect_right(self.broken, (offset, len(self.text) + 1)) - 1
        return index >= 0 and offset <= self.broken[index][1]

    def is_hole(self, node: ast.AST) -> bool:
        """Whether `node` stands for missing code."""
        return isinstance(node, ast.Name) and node.id == HOLE


def parse(text: str, sections: Sequence[tuple[int, int]] = (), previous: ParsedModule | None = None) -> ParsedModule:
    """Parse `text`; never raises.

    `sections` are spans that must parse each by itself, such as the cells of a notebook, so that a bracket left open in one does
    not swallow the next. They are sorted and disjoint; only blank text stands between them.

    `previous` is what an earlier version of the text came to. Statements at both ends that no change touched keep their nodes,
    which move to their new lines; `previous` must not be used any more. The outcome is the same as without it.
    """
    source, problems = _sanitise(text)
    spliced = _splice(previous, text, source) if previous is not None else None
    tree, error = (spliced.tree, None) if spliced is not None else _compile(source)
    broken: list[tuple[int, int]] = []
    if tree is not None and sections and _crosses(tree, source, sections):
        tree = spliced = None
    if tree is None:
        if error is not None and not problems:
            problems.append(_locate(error, source))
        if len(text) > MAX_REPAIR_CHARACTERS:
            return _without_tree(text, "", problems)
        repaired: list[str] = []
        position = 0
        for start, end in sections or ((0, len(text)),):
            piece, spans, messages, tree = _repair(source[start:end], known=not sections)
            repaired += (source[position:start], piece)
            broken += ((start + low, start + high) for low, high in spans)
            problems += (SyntaxProblem(p.message, start + p.start, start + p.end) for p in messages)
            position = end
        source = "".join([*repaired, source[position:]])
        if tree is None or sections:
            spliced = _splice(previous, text, source) if previous is not None else None
            tree = spliced.tree if spliced is not None else _compile(source)[0]
        if tree is None:
            # Each piece parses, but not all together: only nesting beyond the parser's limits does that.
            return _without_tree(text, _blank(source), problems)
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


class _Spliced(NamedTuple):
    """A tree, what was kept in it, and how many lines further down the last of its statements are now."""

    tree: ast.Module
    kept: Kept
    lines: int


def _splice(previous: ParsedModule, text: str, source: str) -> _Spliced | None:
    """The tree of `source`, made of an earlier one and the statements that changed; `None` where that is not possible.

    Whole lines that hold whole statements mean the same wherever they stand, so those before and behind a change stay; what is
    between them must parse alone. That the statements of the earlier tree are those that Python would find follows from this:
    each of the three parts parses alone, and ends with a line, so they parse one behind the other.
    """
    if not previous.tree.body or previous.nodes.depth > MAX_TREE_DEPTH or "\r" in source or "\r" in previous.source:
        return None
    old_text, new_text = previous.positions.lines, LineIndex(text)
    same = [_same_lines(old_text, new_text)]
    repaired = source != text or previous.source != previous.text
    new_source = new_text
    if repaired:
        old_source, new_source = LineIndex(previous.source), LineIndex(source)
        same.append(_same_lines(old_source, new_source))
    first, last = min(pair[0] for pair in same), min(pair[1] for pair in same)
    branches = previous.nodes.branches
    before = _statements_before(branches, first)
    edge = branches[before - 1].statement.end_lineno or 0 if before else 0
    after = _statements_behind(branches, old_text.count - last)
    after = min(after, len(branches) - before)
    while after and _first_line(branches[-after].statement) < edge:
        after -= 1
    resume = _first_line(branches[-after].statement) if after else old_text.count
    if edge and source.endswith("\\\n", 0, new_source.start(edge)):
        return None  # a continued line that nothing follows
    lines = new_text.count - old_text.count
    if resume + lines < edge:
        return None
    region = source[new_source.start(edge) : new_source.start(resume + lines)]
    changed, _ = _compile(region)
    if changed is None:
        return None
    if edge:
        for node in ast.walk(changed):
            if hasattr(node, "lineno"):
                node.lineno += edge  # type: ignore[attr-defined]
                node.end_lineno += edge  # type: ignore[attr-defined]
    statements = [branch.statement for branch in branches]
    body = [*statements[:before], *changed.body, *(statements[-after:] if after else ())]
    old_end, new_end = old_text.start(resume), new_text.start(resume + lines)
    kept = Kept(before, after, new_text.start(edge), old_end, new_end - old_end)
    return _Spliced(ast.Module(body, []), kept, lines)


def _same_lines(old: LineIndex, new: LineIndex) -> tuple[int, int]:
    """How many whole lines two texts have in common at the beginning, and at the end."""
    shortest = min(len(old.text), len(new.text))
    low, high = 0, shortest
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if old.text.startswith(new.text[low:middle], low) else (low, middle - 1)
    first = old.line(low)
    rest = shortest - low
    low, high = 0, rest
    while low < high:
        middle = (low + high + 1) // 2
        if (
            old.text[len(old.text) - middle : len(old.text) - low]
            == new.text[len(new.text) - middle : len(new.text) - low]
        ):
            low = middle
        else:
            high = middle - 1
    # The line in which the common end begins is a whole one only if the line break before it is common, too.
    last = old.count - 1 - old.line(len(old.text) - low)
    return first, min(last, old.count - first, new.count - first)


def _first_line(statement: ast.stmt) -> int:
    """The line, from 0, in which a statement begins, its decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)]) - 1


def _statements_before(branches: Sequence[Branch], line: int) -> int:
    """How many statements lie wholly before a line (from 0), and have no neighbour on their last line that does not."""
    count = bisect_right(branches, line, key=lambda branch: branch.statement.end_lineno or 0)
    while 0 < count < len(branches) and _first_line(branches[count].statement) < (
        branches[count - 1].statement.end_lineno or 0
    ):
        count -= 1
    return count


def _statements_behind(branches: Sequence[Branch], line: int) -> int:
    """How many statements lie wholly behind the beginning of a line (from 0)."""
    index = bisect_left(branches, line, key=lambda branch: _first_line(branch.statement))
    while 0 < index < len(branches) and (branches[index - 1].statement.end_lineno or 0) > _first_line(
        branches[index].statement
    ):
        index += 1
    return len(branches) - index


def _without_tree(text: str, source: str, problems: list[SyntaxProblem]) -> ParsedModule:
    tree = ast.Module([], [])
    return ParsedModule(tree, text, source, tuple(problems), ((0, len(text)),), Nodes(tree))


# --- Python's own parser --------------------------------------------------------------------------------------------------


class _Failure(NamedTuple):
    """Where Python gave up: lines from 1, columns from 1 in code points, as `SyntaxError` counts; 0 where it does not say."""

    message: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0


def _compile(source: str) -> tuple[ast.Module | None, _Failure | None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in other people's strings are not our business
            tree = compile(source, "<module>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        return None, _Failure(
            error.msg or "invalid syntax",
            error.lineno or 0,
            error.offset or 0,
            error.end_lineno or 0,
            error.end_offset or 0,
        )
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        deep = isinstance(error, (RecursionError, MemoryError))
        return None, _Failure("nested too deeply" if deep else str(error) or "invalid source")
    assert isinstance(tree, ast.Module)
    return tree, None


@lru_cache(
    maxsize=8192
)  # statements and blocks of the few files being typed in: all but one are as they were a key stroke ago
def _failure(source: str) -> _Failure | None:
    return _compile(source)[1]


def _locate(failure: _Failure, text: str, base: int = 0) -> SyntaxProblem:
    lines = LineIndex(text)
    if failure.line <= 0:
        return SyntaxProblem(failure.message, base, base)
    start = lines.offset(failure.line - 1, failure.column - 1)
    end = lines.offset(failure.end_line - 1, failure.end_column - 1) if failure.end_line else start
    return SyntaxProblem(failure.message, base + start, base + max(start, end))


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


# --- Repair ---------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Line:
    """A logical line while it is repaired; `text` is what stands between `start` and `end`.

    `room` is how long its last physical line must be because another statement follows on it; None where nothing does.
    """

    start: int
    end: int
    indent: int
    text: str
    word: str
    header: bool
    inline_body: bool
    room: int | None = None
    failure: _Failure | None = None

    def fit(self, text: str) -> str | None:
        """`text` padded so that what follows stays where it is; None when it is too long for that."""
        if self.room is None:
            return text
        spare = self.room - (len(text) - max(text.rfind("\n"), text.rfind("\r")) - 1)
        return None if spare < 0 else text + " " * spare

    def replace(self, text: str, reason: str = "invalid syntax") -> None:
        """Change the text, for a `reason` unless there is one already; where it does not fit, to a hole or to nothing."""
        fitting = self.fit(text)
        if fitting is None:
            fitting = self.fit(HOLE) or ""
        self.text = fitting
        self.failure = self.failure or _Failure(reason)


_HEADERS = frozenset(
    ("def", "class", "if", "elif", "else", "for", "while", "with", "try", "except", "finally", "async", "match", "case")
)
_SOFT = frozenset({"match", "case"})
_CONTINUATIONS = {
    "elif": ("if", "elif", "for", "while"),
    "else": ("if", "elif", "for", "while", "except"),
    "except": ("try", "except"),
    "finally": ("try", "except", "else"),
}


def _repair(source: str, known: bool) -> tuple[str, list[tuple[int, int]], list[SyntaxProblem], ast.Module | None]:
    """Same lines, parseable; the spans of the statements changed; what was wrong with them; the tree, where it came about.

    `known` says that `source` is known not to parse.
    """
    if not known and _failure(source) is None:
        return source, [], [], None
    pieces: list[str] = []
    broken: list[tuple[int, int]] = []
    problems: list[SyntaxProblem] = []
    tree: ast.Module | None = None
    stray = _stray_quotes(source)
    if stray is not None:
        lines = LineIndex(source)
        end = lines.end(lines.line(stray))
        source = source[:stray] + "#" + source[stray + 1 :]
        broken.append((stray, end))
        problems.append(SyntaxProblem("unterminated triple-quoted string literal", stray, end))
    blocks = list(_blocks(source))
    for start, end, block in blocks:
        piece = source[start:end]
        if len(blocks) > 1 and _failure(piece) is None:
            pieces.append(piece)
            continue
        lines = [_line(source, line) for line in block]
        piece, tree = _repair_block(source, start, end, lines)
        pieces.append(piece)
        for line in lines:
            if line.failure is not None:
                broken.append((line.start, line.end))
                problems.append(_locate(line.failure, source[line.start : line.end], line.start))
    return "".join(pieces), _merged(broken), problems, tree if len(blocks) == 1 else None


_DEFINITION = re.compile(r"^[ \t]*(?:(?:async[ \t]+)?def[ \t]+\w+[ \t]*\(|class[ \t]+\w+.*:[ \t]*$)", re.MULTILINE)
_TRIPLE = ('"""', "'''")


def _stray_quotes(source: str) -> int | None:
    """Where triple quotes open a string that was not meant to go as far as it does; None when there are none.

    With one pair missing, strings and code change places from there on. A string that a letter follows, as it follows the
    opening quotes of a docstring, was opened by the stray ones; so was one that holds definitions, if one is open at the end.
    """
    tokens = tokenise(source)
    last = next((token for token in reversed(tokens) if token.kind == "string"), None)
    left_open = last is not None and not last.closed and _quotes(source, last).startswith(_TRIPLE)
    for token in tokens:
        if token.kind != "string" or not (quotes := _quotes(source, token)).startswith(_TRIPLE):
            continue
        definition = left_open and _DEFINITION.search(source, token.start, token.end)
        if definition or source[token.end : token.end + 1].isalpha():
            return token.end - len(quotes)
    return None


def _quotes(source: str, token: Token) -> str:
    """A string literal without its prefix."""
    return source[token.start : token.end].lstrip("rRbBuUfFtT")


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, with those that touch made one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _blocks(source: str) -> Iterator[tuple[int, int, Sequence[LogicalLine]]]:
    """Top-level statements with their bodies, as spans of whole physical lines that cover the text."""
    lines = logical_lines(source)
    tokens = tokenise(source)
    starts: list[int] = [0]
    previous_end = 0
    decorated = False
    for index, line in enumerate(lines):
        word = source[line.start : tokens[line.first].end]
        same_physical = index > 0 and not re.search(r"[\r\n]", source[previous_end : line.start])
        # A simple statement has no body: what is indented below it belongs to the block that it interrupts.
        interrupts = word not in _HEADERS and index + 1 < len(lines) and lines[index + 1].indent > 0
        if index > 0 and line.indent == 0 and not (same_physical or decorated or interrupts or word in _CONTINUATIONS):
            starts.append(index)
        decorated = word == "@"
        previous_end = line.end
    offset = 0
    for position, first in enumerate(starts):
        last = starts[position + 1] if position + 1 < len(starts) else len(lines)
        end = len(source)
        if last < len(lines):
            head = lines[last].start
            end = max(source.rfind("\n", 0, head), source.rfind("\r", 0, head)) + 1
        yield offset, end, lines[first:last]
        offset = end


def _line(source: str, line: LogicalLine) -> _Line:
    tokens = tokenise(source)[line.first : line.last]
    text = source[line.start : line.end]
    words = [source[token.start : token.end] for token in tokens[:2]]
    word = words[0] if words else ""
    if word == "async" and len(words) > 1:
        word = words[1]
    header = word in _HEADERS
    inline = False
    if header:
        colon = _header_colon(source, tokens)
        if word in _SOFT and colon is None:
            header = False
        inline = colon is not None and any(token.start > colon and token.kind != "comment" for token in tokens)
        inline = inline and any(
            t.start > (colon or 0) and t.kind not in ("newline", "continuation", "comment") for t in tokens
        )
    room = None
    if _SEMICOLON.match(source, line.end):
        room = len(text) - max(text.rfind("\n"), text.rfind("\r")) - 1
    return _Line(line.start, line.end, line.indent, text, word, header, inline, room)


_SEMICOLON = re.compile(r"[ \t\f]*;")


def _header_colon(source: str, tokens: Sequence[Token]) -> int | None:
    """Offset of the colon that ends a header, outside brackets, lambdas and slices."""
    depth = lambdas = 0
    for token in tokens:
        if token.kind == "name" and source.startswith("lambda", token.start) and token.end - token.start == 6:
            lambdas += 1
        elif token.kind == "op" and token.end - token.start == 1:
            character = source[token.start]
            if character in "([{":
                depth += 1
            elif character in ")]}":
                depth -= 1
            elif character == ":" and depth <= 0:
                if not lambdas:
                    return token.start
                lambdas -= 1
    return None


_CONTEXT = {
    "elif": ("if 1: pass\n", ""),
    "else": ("if 1: pass\n", ""),
    "except": ("try: pass\n", ""),
    "finally": ("try: pass\n", ""),
    "case": ("match 1:\n ", ""),
    "match": ("", "\n case _: pass"),
    "try": ("", "\nfinally: pass"),
    "@": ("", "\ndef f(): pass"),
}


def _fails(text: str, line: _Line, header: bool | None = None) -> _Failure | None:
    """What Python says about a logical line alone: inside the block that it needs, with a body if it is a header."""
    before, after = _CONTEXT.get(line.word, ("", ""))
    if (line.header if header is None else header) and not line.inline_body and line.word != "match":
        after = " pass" + after
    failure = _failure(before + text + after)
    if failure is None or not before:
        return failure
    shift = before.count("\n")
    column = 1 if before.endswith(" ") and failure.line == shift + 1 else 0
    return failure._replace(
        line=max(failure.line - shift, 0),
        end_line=max(failure.end_line - shift, 0),
        column=max(failure.column - column, 0),
    )


def _has_body(lines: list[_Line], index: int) -> bool:
    """Whether the next logical line is indented further, on a physical line of its own."""
    return index + 1 < len(lines) and lines[index + 1].indent > lines[index].indent


def _repair_block(source: str, start: int, end: int, lines: list[_Line]) -> tuple[str, ast.Module | None]:
    for index, line in enumerate(lines):
        failure = _fails(line.text, line)
        if failure is not None:
            line.failure = failure
            if line.inline_body and _has_body(lines, index):
                line.inline_body = False  # `class A(B): [` above the body: the rest of the line is what is being typed
                line.replace(_generic_header(line))
            else:
                _repair_line(line)
    _fix_structure(lines)
    for _ in range(MAX_BLOCK_ATTEMPTS):
        piece = _join(source, start, end, lines)
        tree, failure = _compile(piece)
        if failure is None:
            return piece, tree
        culprit = _culprit(failure, piece, source, start, lines)
        if culprit is None:
            break
        given_up = _generic_header(culprit) if culprit.header and not culprit.inline_body else _nothing(culprit, "pass")
        if culprit.text == given_up:
            given_up = _nothing(culprit, "")
            culprit.word, culprit.header = "", False
        if culprit.text == given_up:
            break
        culprit.replace(given_up, failure.message)
        culprit.inline_body = False
        _fix_structure(lines)
    for line in lines:
        line.replace(_nothing(line, ""), "invalid syntax")
    return _blank(source[start:end]), None


def _culprit(failure: _Failure, piece: str, source: str, start: int, lines: list[_Line]) -> _Line | None:
    """The last logical line that starts at or before the line of the error, and has something left to give up."""
    if failure.line <= 0:
        return max(lines, key=lambda line: len(line.text), default=None)
    # Physical lines are the same in both texts.
    limit = LineIndex(source).end(LineIndex(source).line(start) + failure.line - 1)
    before = [line for line in lines if line.start <= limit and line.text.strip()]
    return before[-1] if before else None


def _join(source: str, start: int, end: int, lines: Sequence[_Line]) -> str:
    pieces: list[str] = []
    position = start
    for line in lines:
        pieces += (source[position : line.start], line.text)
        position = line.end
    pieces.append(source[position:end])
    return "".join(pieces)


def _fix_structure(lines: list[_Line]) -> None:
    """Give headers bodies, bodies headers, and parts of compound statements the parts that they continue."""
    levels = [lines[0].indent if lines else 0]
    opened: dict[int, str] = {}  # by indentation: the part of a compound statement that the next line may continue
    previous: _Line | None = None
    for index, line in enumerate(lines):
        if not line.text.strip():
            continue
        body_expected = previous is not None and previous.header and not previous.inline_body
        if previous is not None and body_expected and not line.header:
            following = _following(lines, index)
            if following is not None and line.indent != following.indent > previous.indent:
                line.replace(
                    _nothing(line, ""), "expected an indented block"
                )  # it stands between a header and its body
                continue
        if previous is not None and body_expected and line.indent <= previous.indent:
            previous.replace(previous.text + " pass", "expected an indented block")
            previous.inline_body = True
            body_expected = False
        outlier = line.indent < levels[-1] and line.indent not in levels
        if outlier or (not line.header and line.indent < levels[-1] and _returns(lines, index, levels)):
            # The lines after it go on as if it were not there; so does what it would have closed.
            line.replace(_nothing(line, ""), "unindent does not match any outer indentation level")
            continue
        if line.indent > levels[-1]:
            if body_expected:
                levels.append(line.indent)
            elif not _same_physical_line(previous, line):
                line.replace(_nothing(line, ""), "unexpected indent")
                continue
        else:
            while len(levels) > 1 and line.indent < levels[-1]:
                opened.pop(levels.pop(), None)
        partners = _CONTINUATIONS.get(line.word)
        if partners and opened.get(line.indent) not in partners:
            line.replace(_generic("if", line), f"{line.word!r} without the statement that it belongs to")
            line.word = "if"
        if line.word == "try" and line.header and not _has_handler(lines, index):
            line.replace(
                "if 1:" + (line.text.partition(":")[2] if line.inline_body else ""),
                "expected 'except' or 'finally' block",
            )
            line.word = "if"
        if line.word == "@" and not _decorates(lines, index):
            line.replace(_nothing(line, "pass"), "a decorator without a function or class")
        opened[line.indent] = line.word if line.header else ""
        previous = line
    if previous is not None and previous.header and not previous.inline_body:
        previous.replace(previous.text + " pass", "expected an indented block")
        previous.inline_body = True


def _following(lines: list[_Line], index: int) -> _Line | None:
    """The next line with something on it."""
    return next((lines[place] for place in range(index + 1, len(lines)) if lines[place].text.strip()), None)


def _returns(lines: list[_Line], index: int, levels: list[int]) -> bool:
    """Whether the line after a simple one is back inside a block that the simple one would close."""
    following = _following(lines, index)
    return following is not None and following.indent > lines[index].indent and following.indent in levels


def _same_physical_line(previous: _Line | None, line: _Line) -> bool:
    return previous is not None and previous.indent == line.indent


def _has_handler(lines: list[_Line], index: int) -> bool:
    indent = lines[index].indent
    for line in lines[index + 1 :]:
        if line.indent <= indent and line.text.strip():
            return line.indent == indent and line.word in ("except", "finally")
    return False


def _decorates(lines: list[_Line], index: int) -> bool:
    for line in lines[index + 1 :]:
        if line.text.strip():
            return line.indent == lines[index].indent and line.word in ("@", "def", "class")
    return False


# --- One statement --------------------------------------------------------------------------------------------------------


def _repair_line(line: _Line) -> None:
    if len(line.text) <= MAX_STATEMENT_CHARACTERS:
        for attempt, candidate in enumerate(_candidates(line)):
            fitting = line.fit(candidate)
            if fitting is not None and _fails(fitting, line, line.header) is None:
                line.text = fitting
                return
            if attempt >= MAX_STATEMENT_ATTEMPTS:
                break
    line.replace(_generic_header(line) if line.header and not line.inline_body else _given_up(line))
    if _fails(line.text, line) is not None:
        line.replace(_nothing(line, "pass"))
        line.header = line.inline_body = False
        line.word = "pass"


_PRINT = re.compile(r"(print|exec)[ \t]")
_ODD_SPACE = re.compile("[\u00a0\u2000-\u200b\u202f\u3000\ufeff]")
"""Spaces of other kinds than Python's: they come with code that was copied from a page."""

_NEEDS_OPERAND = re.compile(
    r"(?:[-+*/%&|^@~<>=.!:]|\b(?:and|or|not|in|is|if|else|for|lambda|return|yield|await|import|from|as|raise|del|assert|with|while|elif))$"
)


def _candidates(line: _Line) -> Iterator[str]:
    """Texts that may be what the author is typing, the likeliest first; all keep the tokens that they keep where they are."""
    text = line.text
    if _ODD_SPACE.search(text):
        yield _ODD_SPACE.sub(" ", text)
    balanced, complete = _complete(text)
    colon = ":" if line.header else ""
    tails = ["", HOLE]
    if _NEEDS_OPERAND.search(balanced) and not balanced.endswith("."):
        tails = [" " + HOLE, HOLE, ""]
    elif balanced.endswith("."):
        tails = [HOLE, ""]
    if colon and complete and balanced.endswith(":"):
        yield (
            balanced[:-1].rstrip(" \t\f") + complete + colon
        )  # a line break stays, so that what follows keeps its line
    for tail in tails:
        yield balanced + tail + complete
        if colon:
            yield balanced + tail + complete + colon
    if line.word == "from":
        yield balanced + " import " + HOLE
        yield balanced + HOLE + " import " + HOLE
    if line.word == "for":
        yield balanced + complete + " in " + HOLE + ":"
        yield balanced + " " + HOLE + complete + " in " + HOLE + ":"
    if line.word == "if" or " if " in text:
        yield balanced + " else " + HOLE + complete
    if _PRINT.match(text):  # Python 2: `print "loss", loss`; the bracket takes the place of the blank
        yield text[: len(line.word)] + "(" + text[len(line.word) + 1 :] + ")"
    closed = (
        balanced + complete + (colon if line.header and not line.inline_body and not balanced.endswith(":") else "")
    )
    yield from _with_holes(closed, line)


def _complete(text: str) -> tuple[str, str]:
    """`text` with its last string closed, and the brackets that would close it."""
    tokens = [token for token in tokenise(text) if token.kind not in ("newline", "comment", "continuation")]
    if tokens and not tokens[-1].closed:
        quotes = text[tokens[-1].start :].lstrip("rRbBuUfFtT")
        text = text + quotes[:3] if quotes.startswith(('"""', "'''")) else text + quotes[:1]
    stack: list[str] = []
    for token in tokens:
        if token.kind == "op":
            character = text[token.start : token.end]
            if character in "([{":
                stack.append(character)
            elif character in ")]}" and stack:
                stack.pop()
    return text.rstrip("\\ \t"), "".join({"(": ")", "[": "]", "{": "}"}[character] for character in reversed(stack))


class _Segment(NamedTuple):
    """An element between commas inside the bracket at `opener`, whose content is `low` to `high`."""

    opener: str
    call: bool
    start: int
    end: int
    low: int
    high: int


def _with_holes(text: str, line: _Line) -> Iterator[str]:
    """`text` with a hole for the element in which the error lies, then for the whole bracket, from the inside out."""
    failure = _fails(text, line, line.header)
    if failure is None:
        return
    problem = _locate(failure, text)
    for segment in _segments(text, problem.start):
        element = text[segment.start : segment.end]
        named = re.match(r"\s*\w+\s*=(?!=)", element) if segment.call else None
        fillers: list[str] = []
        if named and len(element) > named.end():
            yield text[: segment.start] + named[0] + _fill(element[named.end() :], HOLE) + text[segment.end :]
        if segment.opener == "{":
            fillers = ["**" + HOLE, HOLE]
        elif segment.call:
            fillers = ["**" + HOLE, "*" + HOLE] if named else ["*" + HOLE, "**" + HOLE]
        else:
            fillers = [HOLE]
        if element.strip():
            for filler in fillers:
                filled = _fill(element, filler)
                if filled:
                    yield text[: segment.start] + filled + text[segment.end :]
        content = text[segment.low : segment.high]
        for filler in (*fillers, *(("*" + HOLE + ", **" + HOLE,) if segment.call else ())):
            filled = _fill(content, filler)
            if filled:
                yield text[: segment.low] + filled + text[segment.high :]


def _segments(text: str, offset: int) -> Iterator[_Segment]:
    """The bracketed elements around `offset`, innermost first; an offset at a closing bracket is inside it."""
    stack: list[tuple[int, list[int], bool]] = []
    found: list[_Segment] = []
    previous: Token | None = None
    for token in tokenise(text):
        if token.kind in ("newline", "comment", "continuation"):
            continue
        if token.kind == "op" and token.end - token.start == 1:
            character = text[token.start]
            if character in "([{":
                call = character == "(" and previous is not None and _callable(text, previous)
                stack.append((token.start, [token.start], call))
            elif character == "," and stack:
                stack[-1][1].append(token.start)
            elif character in ")]}" and stack:
                opener, commas, call = stack.pop()
                if opener < offset <= token.start:
                    bounds = [*commas, token.start]
                    index = max(bisect_right(bounds, offset - 1) - 1, 0)
                    found.append(
                        _Segment(text[opener], call, bounds[index] + 1, bounds[index + 1], opener + 1, token.start)
                    )
        previous = token
    yield from found


def _callable(text: str, token: Token) -> bool:
    """Whether a bracket after `token` calls something."""
    if token.kind == "name":
        return text[token.start : token.end] not in _NOT_CALLED
    return token.kind == "op" and text[token.start] in ")]"


_NOT_CALLED = frozenset(keyword.kwlist)


def _fill(text: str, filler: str) -> str:
    """`filler` in place of `text`, with the same lines and, at the end, the same columns; empty when there is no room."""
    blank = _blank(text)
    for match in re.finditer(r"[^\r\n]+", blank):
        if len(match[0]) >= len(filler):
            return blank[: match.start()] + filler + blank[match.start() + len(filler) :]
    return ""


def _blank(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


def _nothing(line: _Line, filler: str) -> str:
    """A line that does nothing, with the physical lines of `line`.

    The filler comes first; line breaks that follow are those of a bracket, and now stand alone.
    """
    _, *rest = re.split(r"(\r\n|\r|\n)", line.text)
    breaks = "".join(piece for piece in rest if piece and piece[0] in "\r\n")
    return filler + breaks


def _given_up(line: _Line) -> str:
    """A statement of which nothing is understood but, perhaps, what it assigns to or that it returns."""
    breaks = _nothing(line, "")
    head = line.text.split("\n", 1)[0].split("\r", 1)[0]
    candidates: list[str] = []
    if line.inline_body and line.header:
        return _generic_header(line).removesuffix(breaks) + " pass" + breaks
    match = re.match(r"[^\W\d]\w*(?:[ \t]*[.,][ \t]*[^\W\d]\w*)*[ \t]*=(?!=)", head)
    if match:
        candidates.append(match[0] + " " + HOLE + breaks)
    if line.word == "return":
        candidates.append("return " + HOLE + breaks)
    for candidate in candidates:
        if _failure(candidate) is None:
            return candidate
    return "pass" + breaks


def _generic_header(line: _Line) -> str:
    return _generic(line.word, line)


def _generic(word: str, line: _Line) -> str:
    """A header that opens the same kind of block and says nothing else."""
    name = re.match(r"(?:async\s+)?(?:def|class)\s+([^\W\d]\w*)", line.text)
    forms = {
        "def": f"def {name[1] if name else HOLE}(*{HOLE}, **{HOLE}s):",
        "class": f"class {name[1] if name else HOLE}({HOLE}):",
        "for": f"for {HOLE} in {HOLE}:",
        "while": f"while {HOLE}:",
        "with": f"with {HOLE}:",
        "elif": f"elif {HOLE}:",
        "else": "else:",
        "try": "try:",
        "except": "except Exception:",
        "finally": "finally:",
        "match": f"match {HOLE}:",
        "case": f"case {HOLE}:",
    }
    return forms.get(word, f"if {HOLE}:") + _nothing(line, "")
