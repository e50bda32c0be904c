"""The two worlds in which one call is made: the real libraries, and keras-lsp's rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_lsp.shapes.ops import apply_op
from keras_lsp.shapes.outcome import Applied, ShapeError, Unknown
from keras_lsp.shapes.tensor import Tensor
from tests.ops.calls import Array, CallSpec

KERAS = (3, 15, 1)
KERAS_2 = (2, 15, 0)


def convert(value: Any, make: Any) -> Any:
    if isinstance(value, Array):
        return make(value)
    if isinstance(value, (list, tuple)):
        return type(value)(convert(item, make) for item in value)
    return value


def described(array: Array) -> Tensor:
    return Tensor(array.shape, array.dtype)


def filled(array: Array) -> np.ndarray:
    shape = tuple(2 if size is None else size for size in array.shape)
    if array.dtype == "string":
        return np.full(shape, "abc", dtype=object)
    if array.holds == "identity":
        return (np.zeros(shape) + np.eye(*shape[-2:])).astype(array.dtype)
    if array.holds == "sorted":
        return np.arange(shape[0]).astype(array.dtype)
    if array.holds == "zeros":
        return np.zeros(shape, array.dtype)
    if array.holds == "ones":
        return np.ones(shape, array.dtype)
    return (np.random.default_rng(0).random(shape) * 3).astype(array.dtype)


def ours(call: CallSpec, keras: tuple[int, int, int] = KERAS) -> Applied | ShapeError | Unknown:
    args = [convert(value, described) for value in call.starred]
    kwargs = {name: convert(value, described) for name, value in call.arguments.items()}
    return apply_op(call.name, args, kwargs, keras)


def outline(value: Any) -> Any:
    """What the real library gave, or a rule says, as nested (shape, dtype) pairs; plain numbers as they are."""
    if isinstance(value, Tensor):
        return (value.shape, value.dtype)
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if isinstance(value, dict):
        return {key: outline(item) for key, item in value.items()}
    if type(value).__name__ == "TensorShape":
        return tuple(value.as_list())
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        shape = value.shape
        if type(shape).__name__ == "TensorShape":
            shape = None if shape.rank is None else tuple(shape.as_list())
        dtype = value.dtype if isinstance(value.dtype, str) else getattr(value.dtype, "name", str(value.dtype))
        if isinstance(dtype, str) and dtype.startswith(("str", "object", "bytes")):
            dtype = "string"
        return (None if shape is None else tuple(shape), dtype.removesuffix("_ref"))
    if isinstance(value, (list, tuple)):
        return [outline(item) for item in value]
    return repr(type(value))


def is_array(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and (value[0] is None or isinstance(value[0], tuple))


def agree(said: Any, real: Any, exactly: bool = True) -> bool:
    """Whether what a rule says is what really came out; a type said to be unknown (`None`) is not wrong."""
    if is_array(said) and is_array(real):
        shape, dtype = said
        if dtype is not None and dtype != real[1]:
            return False
        if shape is None or real[0] is None:
            return True
        if len(shape) != len(real[0]):
            return False
        return all(
            a == b or (not exactly and (a is None or b is None)) or (a is not None and not isinstance(a, int))
            for a, b in zip(shape, real[0], strict=False)
        )
    if is_array(said) and isinstance(real, (int, float, bool)):
        return said[0] == ()
    if is_array(real) and isinstance(said, (int, float, bool)):
        return real[0] == ()
    if isinstance(said, (list, tuple)) and isinstance(real, (list, tuple)):
        return len(said) == len(real) and all(agree(a, b, exactly) for a, b in zip(said, real, strict=False))
    if isinstance(said, float) or isinstance(real, float):
        return (
            isinstance(real, (int, float)) and isinstance(said, (int, float)) and abs(said - real) <= 1e-6 * abs(real)
        )
    return said == real
