"""The arguments of a call as abstract values, with the places they were written at."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from keras_lsp.inference.values import Unknown, Value

MISSING: Any = object()


@dataclass(slots=True)
class Arguments:
    """Positional and keyword arguments; `open` when `*x` or `**x` of unknown content was passed.

    `nodes` and `keyword_nodes` hold the expression each argument was written as (for unpacked ones the starred
    expression), parallel to `args` and `kwargs`; empty when the call has no source of its own.
    """

    args: list[Value] = field(default_factory=list[Any])
    kwargs: dict[str, Value] = field(default_factory=dict[str, Any])
    open: bool = False
    nodes: list[ast.expr] = field(default_factory=list[ast.expr])
    keyword_nodes: dict[str, ast.expr] = field(default_factory=dict[str, ast.expr])
    keywords: dict[str, ast.keyword] = field(default_factory=dict[str, ast.keyword])
    unpacked: frozenset[object] = frozenset()  # positions and keywords that came out of `*` or `**`

    def get(self, position: int | None, name: str, default: Value = None) -> Value:
        """The argument at a position or under a name; `default` if absent, unknown if `*x` may have given it."""
        if position is not None and position < len(self.args):
            return self.args[position]
        if name in self.kwargs:
            return self.kwargs[name]
        return Unknown(f"`{name}` may be in unpacked arguments") if self.open else default

    def has(self, position: int | None, name: str) -> bool:
        """Whether it was given for sure."""
        return (position is not None and position < len(self.args)) or name in self.kwargs

    def bind(self, *names: str) -> dict[str, Value]:
        """Values of the given parameters by name, in order; those not given are left out."""
        bound = dict(zip(names, self.args, strict=False))
        bound.update({name: value for name, value in self.kwargs.items() if name in names})
        return bound

    def node_of(self, position: int | None, name: str) -> ast.expr | None:
        """The expression of an argument, `None` if it has none."""
        if position is not None and position < len(self.nodes):
            return self.nodes[position]
        return self.keyword_nodes.get(name)

    def shifted(self, receiver: Value) -> Arguments:
        """The same arguments behind a first one, as a method gets them."""
        blank = ast.Constant(value=None)
        return Arguments(
            [receiver, *self.args],
            self.kwargs,
            self.open,
            [blank, *self.nodes] if self.nodes else [],
            self.keyword_nodes,
            self.keywords,
            self.unpacked,
        )


def missing_arguments(callee: str, names: Sequence[str], kind: str = "positional") -> str:
    """What Python raises when a function is called without these: "TypeError: f() missing 2 required ...: 'a' and 'b'".

    Source: `format_missing` in Python/ceval.c.
    """
    quoted = [f"'{name}'" for name in names]
    listed = " and ".join(quoted) if len(quoted) < 3 else f"{', '.join(quoted[:-1])}, and {quoted[-1]}"
    plural = "s" if len(quoted) > 1 else ""
    return f"TypeError: {callee}() missing {len(quoted)} required {kind} argument{plural}: {listed}"
