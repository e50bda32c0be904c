"""All nodes of a tree by their kind, from one walk that the parser and every rule share."""

from __future__ import annotations

import ast
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


class Nodes:
    """The nodes of a tree that can have others below them: no names, constants, operators and `pass`.

    Attributes:
        depth: how many of them stand above each other at most, the module included.
    """

    __slots__ = ("_kinds", "depth")

    def __init__(self, tree: ast.Module) -> None:
        kinds: dict[type, list[Any]] = {}
        depth = 0
        level: list[ast.AST] = [tree]
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
        self._kinds = kinds
        self.depth = depth

    def of(self, kind: type[Node]) -> list[Node]:
        """All nodes of a kind; outer ones before those inside them, otherwise in the order of the text."""
        return cast("list[Node]", self._kinds.get(kind, []))
