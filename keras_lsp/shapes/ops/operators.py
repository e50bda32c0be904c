"""Python operators on arrays: which function each of them is."""

from __future__ import annotations

from keras_lsp.shapes.dim import Expr
from keras_lsp.shapes.ops.arguments import as_tensor
from keras_lsp.shapes.ops.contraction import product_shape
from keras_lsp.shapes.ops.dtypes import Dtype, promote_dtypes
from keras_lsp.shapes.ops.elementwise import combine
from keras_lsp.shapes.outcome import Refused, Undetermined
from keras_lsp.shapes.tensor import Tensor

# operator -> which type comes out, and the arithmetic of known elements
_RULES = {
    "+": ("promote", "+"),
    "-": ("promote", "-"),
    "*": ("promote", "*"),
    "/": ("divide", "/"),
    "//": ("counted", "//"),
    "%": ("no_bool", "%"),
    "**": ("counted", "**"),
    "&": ("promote", None),
    "|": ("promote", None),
    "^": ("promote", None),
    "<<": ("promote", None),
    ">>": ("promote", None),
    "<": ("bool", None),
    "<=": ("bool", None),
    ">": ("bool", None),
    ">=": ("bool", None),
    "==": ("bool", None),
    "!=": ("bool", None),
}


def operate(symbol: str, left: object, right: object, kind: str) -> Tensor:
    """`left symbol right`, where at least one is an array.

    Args:
        symbol: "+", "@", "<", ...
        left: an array, number or nested list.
        right: the same.
        kind: whose rules hold, "" where that is not known; then the type is known only where all rules agree.
    """
    if symbol == "@":
        a, b = as_tensor(left, kind or "numpy"), as_tensor(right, kind or "numpy")
        dtype = _agreed(kind, a.dtype, b.dtype)
        if a.shape is None or b.shape is None:
            return Tensor(None, dtype)
        return Tensor(product_shape(a.shape, b.shape, kind or "keras"), dtype)
    if kind == "keras" and symbol in ("==", "!="):
        raise Undetermined("symbolic tensors are compared by identity, not by their elements")
    rule = _RULES.get(symbol)
    if rule is None:
        raise Undetermined(f"the operator `{symbol}` is not one of arrays")
    try:
        return combine(left, right, kind, rule[0], rule[1], kind or "keras")
    except Refused:
        if symbol not in ("==", "!=") or kind == "numpy":
            raise
        # TensorFlow says that tensors of shapes which do not go together are not equal: `tensor_equals` in ops/math_ops.py
        return Tensor((), "bool")


def _agreed(kind: str, *dtypes: Dtype) -> Dtype:
    kinds = (kind,) if kind else ("keras", "tensorflow", "numpy")
    answers = {promote_dtypes(each, *dtypes) for each in kinds}
    return answers.pop() if len(answers) == 1 else None


def operate_unary(symbol: str, value: object, kind: str) -> Tensor:
    """`-x`, `+x`, `~x`, `not x`, `abs(x)`."""
    x = as_tensor(value, kind or "numpy")
    if symbol == "not":
        return Tensor((), "bool")
    if symbol == "-" and isinstance(x.content, int | float | Expr) and not isinstance(x.content, bool):
        return Tensor(x.shape, x.dtype, -x.content)
    if symbol == "+":
        return Tensor(x.shape, x.dtype, x.content)
    if symbol in ("-", "~", "abs"):
        return Tensor(x.shape, x.dtype)
    raise Undetermined(f"the operator `{symbol}` is not one of arrays")
