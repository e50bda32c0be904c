"""Where the nodes of a tree stand: one `Span` for each, which all facts about it share."""

from __future__ import annotations

import ast
from typing import Any

from keras_lsp.inference.facts import Span
from keras_lsp.syntax.parsed import Kept, NodePositions, ParsedModule

# Places that are kept without asking whether their statements are still there.
MIN_PLACES = 20_000


class Places:
    """Spans by node, made when they are first asked for, and moved when the text before them changes."""

    __slots__ = ("_keywords", "_limit", "_loads", "_positions", "_spans")

    def __init__(self, parsed: ParsedModule) -> None:
        self._positions: NodePositions = parsed.positions
        self._spans: dict[int, tuple[ast.AST, Span]] = {}
        self._keywords: dict[int, tuple[ast.AST, Span]] = {}
        self._loads: dict[int, tuple[ast.expr, ast.expr]] = {}
        self._limit = MIN_PLACES

    def span(self, node: ast.AST) -> Span:
        """Where a node stands, in code points."""
        known = self._spans.get(id(node))
        if known is None:
            known = self._spans[id(node)] = (node, Span(*self._positions.span(node)))
        return known[1]

    def keyword(self, node: ast.keyword, name: str) -> Span:
        """Where the name of a keyword argument stands."""
        known = self._keywords.get(id(node))
        if known is None:
            start = self.span(node).start
            known = self._keywords[id(node)] = (node, Span(start, start + len(name)))
        return known[1]

    def load(self, target: ast.expr) -> ast.expr:
        """The expression that reads what `target += ...` adds to: a node of its own at the same place."""
        known = self._loads.get(id(target))
        if known is None:
            known = self._loads[id(target)] = (target, _as_load(target))
            self._spans[id(known[1])] = (known[1], Span(*self.span(target)))  # each moves by itself
        return known[1]

    def move(self, parsed: ParsedModule, kept: Kept) -> None:
        """Follow the text to its next version; places between the statements kept are of no use to anybody."""
        self._positions = parsed.positions
        if len(self._spans) > self._limit:
            self._spans = _left(self._spans, kept)
            self._keywords = _left(self._keywords, kept)
            self._loads = {key: entry for key, entry in self._loads.items() if key in self._spans}
            self._limit = 2 * len(self._spans) + MIN_PLACES
        if kept.shift:
            end, shift = kept.old_end, kept.shift
            for spans in (self._spans, self._keywords):
                for _, span in spans.values():
                    if span.start >= end:
                        place: Any = span  # nobody but us may change one
                        place.start += shift
                        place.end += shift


def _left(spans: dict[int, tuple[ast.AST, Span]], kept: Kept) -> dict[int, tuple[ast.AST, Span]]:
    return {key: entry for key, entry in spans.items() if entry[1].end <= kept.start or entry[1].start >= kept.old_end}


def _as_load(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    if isinstance(target, ast.Subscript):
        return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)
    return target
