"""The tree of a text that differs little from the one before: statements that did not change are kept."""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from keras_lsp.syntax.compiling import compile_source
from keras_lsp.syntax.limits import MAX_TREE_DEPTH
from keras_lsp.syntax.parsed import Kept, ParsedModule
from keras_lsp.syntax.tree import Branch
from keras_lsp.text.lines import LineIndex


class Spliced(NamedTuple):
    """A tree, what was kept in it, and how many lines further down the last of its statements are now."""

    tree: ast.Module
    kept: Kept
    lines: int


def splice(previous: ParsedModule, text: str, source: str) -> Spliced | None:
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
    changed, _ = compile_source(region)
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
    return Spliced(ast.Module(body, []), kept, lines)


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
