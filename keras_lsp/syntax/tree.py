"""All nodes of a tree by their kind, from one walk that the parser and every rule share."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, TypeVar, cast

Node = TypeVar("Node", bound=ast.AST)

_VALUES: tuple[type, ...] = (str, int, float, complex, bytes, bool, type(None), type(Ellipsis))
_MARKS: tuple[type, ...] = (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
_SIMPLE: tuple[type, ...] = (ast.Name, ast.Constant, ast.alias, ast.Pass)


def _below(kinds: tuple[type, ...]) -> set[type]:
    return {kind for parent in kinds for kind in (parent, *_below(tuple(parent.__subclasses__())))}


# What has no nodes below it is two thirds of a tree; leaving it out makes the walk twice as fast.
LEAVES: frozenset[type] = frozenset((*_VALUES, *_below(_MARKS), *_SIMPLE))


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below one, but for leaves."""
    found: list[ast.AST] = []
    for name in node._fields:
        value: Any = getattr(node, name, None)
        if type(value) is list:
            found += [item for item in cast("list[Any]", value) if type(item) not in LEAVES]
        elif type(value) not in LEAVES:
            found.append(value)
    return found


class Branch:
    """The nodes of one top-level statement that can have others below them: no names, constants, operators and `pass`.

    Attributes:
        kinds: outer nodes before those inside them, otherwise in the order of the text.
        depth: how many of them stand above each other at most.
    """

    __slots__ = ("_placed", "depth", "kinds", "statement")

    def __init__(self, statement: ast.stmt) -> None:
        kinds: dict[type, list[Any]] = {}
        depth = 0
        level: list[ast.AST] = [statement]
        while level:
            depth += 1
            below: list[ast.AST] = []
            add = below.append
            for node in level:
                kind = type(node)
                if kind in kinds:
                    kinds[kind].append(node)
                else:
                    kinds[kind] = [node]
                for name in node._fields:
                    value: Any = getattr(node, name, None)
                    if type(value) is list:
                        for item in cast("list[Any]", value):
                            if type(item) not in LEAVES:
                                add(item)
                    elif type(value) not in LEAVES:
                        add(value)
            level = below
        self.statement = statement
        self.kinds = kinds
        self.depth = depth
        self._placed: list[Any] | None = None

    def move(self, lines: int) -> None:
        """Put the statement that many lines further down."""
        if self._placed is None:
            self._placed = [node for node in ast.walk(self.statement) if hasattr(node, "lineno")]
        for node in self._placed:
            node.lineno += lines
            if node.end_lineno is not None:
                node.end_lineno += lines


class Nodes:
    """The nodes of a tree, by top-level statement and kind; `depth` counts the module, too."""

    __slots__ = ("_kinds", "branches", "depth")

    def __init__(self, tree: ast.Module, known: Mapping[int, Branch] | None = None) -> None:
        found = known or {}
        self.branches = [found.get(id(statement)) or Branch(statement) for statement in tree.body]
        self._kinds: dict[type, list[Any]] = {}
        self.depth = 1 + max((branch.depth for branch in self.branches), default=0)

    def of(self, kind: type[Node]) -> list[Node]:
        """All nodes of a kind, statement by statement; outer ones before those inside them."""
        if kind not in self._kinds:
            self._kinds[kind] = [node for branch in self.branches for node in branch.kinds.get(kind, ())]
        return cast("list[Node]", self._kinds[kind])
