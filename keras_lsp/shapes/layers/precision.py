"""Element types of what TensorFlow makes of several operands."""

from __future__ import annotations

from collections.abc import Sequence

from keras_lsp.shapes.arguments import cast_input
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.outcome import Refused
from keras_lsp.shapes.tensor import Tensor

# tf.truediv: small integers become float32, large ones float64 (`tensorflow/python/ops/math_ops.py`, _TRUEDIV_TABLE).
_DIVIDED = {
    "uint8": "float32",
    "int8": "float32",
    "uint16": "float32",
    "int16": "float32",
    "uint32": "float64",
    "int32": "float64",
    "uint64": "float64",
    "int64": "float64",
}


def divided(dtype: str | None) -> str | None:
    """The element type of a true division in TensorFlow."""
    return _DIVIDED.get(dtype or "", dtype)


def common_dtype(configuration: Configuration, tensors: Sequence[Tensor]) -> str | None:
    """The element type TensorFlow computes with for all these inputs of a layer; it refuses to mix two."""
    first, *rest = [cast_input(configuration, tensor) for tensor in tensors]
    for other in rest:
        if first is not None and other is not None and first != other:
            text = f"TypeError: Tensors of type {first} and {other} cannot be combined"
            raise Refused("dtype", text, dtype=other, expected=first)
    return first
