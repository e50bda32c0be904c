"""Constant folding that costs nothing: operands are measured before Python's operators touch them."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, cast

from keras_lsp.inference.budget import MAX_ELEMENTS, MAX_INTEGER_BITS, MAX_STRING
from keras_lsp.inference.values import Unknown, Value

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: operator.mod,
    ast.Pow: lambda a, b: a**b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
    ast.BitAnd: lambda a, b: a & b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitXor: lambda a, b: a ^ b,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}
SYMBOLS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.UAdd: "+",
    ast.USub: "-",
    ast.Invert: "~",
    ast.Not: "not",
}

TOO_BIG = Unknown("the value is too big to compute")


def fold_binary(node: ast.operator, left: Value, right: Value) -> Value:
    """The result of a binary operator on two constants or tuples; unknown if it fails or grows too big."""
    if not _affordable(node, left, right):
        return TOO_BIG
    function = _BINARY.get(type(node))
    if function is None:
        return Unknown("this operator is not followed")
    try:
        result = function(left, right)
    except Exception as error:  # any failure of the program's own arithmetic: it would raise there too
        return Unknown(f"{type(error).__name__} in this expression")
    return _bounded(result)


def fold_unary(node: ast.unaryop, operand: Value) -> Value:
    """The result of a unary operator on a constant."""
    try:
        return _bounded(_UNARY[type(node)](operand))
    except Exception as error:
        return Unknown(f"{type(error).__name__} in this expression")


def _affordable(node: ast.operator, left: Value, right: Value) -> bool:
    if isinstance(node, ast.Pow) and isinstance(left, int) and isinstance(right, int):
        return abs(right) <= MAX_INTEGER_BITS and left.bit_length() * abs(right) <= MAX_INTEGER_BITS
    if isinstance(node, ast.LShift) and isinstance(left, int) and isinstance(right, int):
        return 0 <= right <= MAX_INTEGER_BITS and left.bit_length() + right <= MAX_INTEGER_BITS
    if isinstance(node, ast.Mult):
        for sequence, count in ((left, right), (right, left)):
            if isinstance(sequence, str | bytes | tuple):
                length = len(cast("str", sequence))
                limit = MAX_ELEMENTS if isinstance(sequence, tuple) else MAX_STRING
                return isinstance(count, int) and length * count <= limit
    if isinstance(node, ast.Mod) and isinstance(left, str | bytes):
        # "%1000000000d" would build what its width says
        return len(left) < 1000 and not any(part[:1].isdigit() and len(part) > 4 for part in _widths(left))
    if isinstance(node, ast.Add) and isinstance(left, str | tuple) and isinstance(right, str | tuple):
        return len(cast("str", left)) + len(cast("str", right)) <= MAX_STRING
    return True


def _widths(template: str | bytes) -> list[str]:
    text = template if isinstance(template, str) else template.decode("latin-1")
    return ["".join(c for c in part[:12] if c.isdigit()) for part in text.split("%")[1:]]


def _bounded(result: Any) -> Value:
    if isinstance(result, int) and result.bit_length() > MAX_INTEGER_BITS:
        return TOO_BIG
    return result
