"""What parsing gives: a tree, positions in it, what was wrong, and what was kept of the version before."""

from __future__ import annotations

import ast
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, cast

from keras_lsp.syntax.tree import Nodes
from keras_lsp.text.lines import LineIndex
from keras_lsp.text.tokens import HOLE


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
