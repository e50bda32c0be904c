"""Arithmetic on known elements: what small constant arrays and numbers become, so that computed shapes stay known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

from keras_lsp.shapes.dim import Dim, Expr, Shape, maximum, minimum
from keras_lsp.shapes.tensor import Tensor

Element: TypeAlias = "int | float | Expr | None"

# Larger numbers are no sizes; a program's `10 ** 10 ** 10` must cost nothing.
MAX_MAGNITUDE = 1 << 62


def combine(symbol: str, left: Tensor, right: Tensor) -> object:
    """The elements of `left symbol right`, for scalars and equal or scalar-stretched vectors; `None` if not known."""
    operation = _BINARY.get(symbol)
    if operation is None or left.shape is None or right.shape is None:
        return None
    if left.shape == () and right.shape == ():
        return _element(operation, left.content, right.content)
    first, second = _vector(left.shape, left.content), _vector(right.shape, right.content)
    if first is not None and second is not None:
        if len(first) != len(second):
            return None
        return tuple(_element(operation, x, y) for x, y in zip(first, second, strict=True))
    if first is not None and right.shape == ():
        return tuple(_element(operation, x, right.content) for x in first)
    if second is not None and left.shape == ():
        return tuple(_element(operation, left.content, y) for y in second)
    return None


def _vector(shape: Shape, content: object) -> tuple[object, ...] | None:
    return cast("tuple[object, ...]", content) if len(shape) == 1 and isinstance(content, tuple) else None


def transform(function: str, x: Tensor) -> object:
    """The element of a scalar after a function of one number ("sqrt", "ceil"); `None` if not known."""
    operation = _UNARY.get(function)
    if operation is None or x.shape != () or not isinstance(x.content, int | float):
        return None
    try:
        result = operation(x.content)
    except (ValueError, OverflowError, ZeroDivisionError):
        return None
    return result if -MAX_MAGNITUDE < result < MAX_MAGNITUDE else None


def _element(operation: Callable[[object, object], object], a: object, b: object) -> Element:
    if not isinstance(a, int | float | Expr) or not isinstance(b, int | float | Expr):
        return None
    try:
        result = operation(a, b)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None
    if isinstance(result, int | float) and not -MAX_MAGNITUDE < result < MAX_MAGNITUDE:
        return None
    return result if isinstance(result, int | float | Expr) else None


def _power(a: object, b: object) -> object:
    # Exponents beyond the bits of a size give no size.
    if isinstance(a, int | float) and isinstance(b, int | float) and abs(b) <= 64:
        return a**b
    if isinstance(a, Expr) and b == 2:
        return a * a
    raise TypeError


def _floor_divide(a: object, b: object) -> object:
    if b == 0:
        raise ZeroDivisionError
    return a // b  # pyright: ignore[reportOperatorIssue, reportUnknownVariableType]


def _modulo(a: object, b: object) -> object:
    if b == 0:
        raise ZeroDivisionError
    return a % b  # pyright: ignore[reportOperatorIssue, reportUnknownVariableType]


def _larger(a: object, b: object) -> object:
    return max(a, b) if isinstance(a, float) or isinstance(b, float) else maximum(_dim(a), _dim(b))  # pyright: ignore


def _smaller(a: object, b: object) -> object:
    return min(a, b) if isinstance(a, float) or isinstance(b, float) else minimum(_dim(a), _dim(b))  # pyright: ignore


def _dim(value: object) -> Dim:
    return cast("Dim", value)


_BINARY: Mapping[str, Callable[[object, object], object]] = {
    "+": lambda a, b: a + b,  # pyright: ignore
    "-": lambda a, b: a - b,  # pyright: ignore
    "*": lambda a, b: a * b,  # pyright: ignore
    "/": lambda a, b: a / b,  # pyright: ignore
    "//": _floor_divide,
    "%": _modulo,
    "**": _power,
    "max": _larger,
    "min": _smaller,
}
_UNARY: Mapping[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "abs": abs,
    "negative": lambda x: -x,
    "square": lambda x: x * x,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "exp": math.exp,
    "sin": math.sin,
    "cos": math.cos,
}
