"""Element types of what layers compute: autocasting of inputs and what TensorFlow makes of mixed operands."""

from __future__ import annotations

from collections.abc import Sequence

from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.outcome import Refused
from keras_lsp.shapes.refusals import standalone
from keras_lsp.shapes.tensor import Tensor

FLOATS = frozenset({"bfloat16", "float16", "float32", "float64", "half", "double"})
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


def autocast(configuration: Configuration, dtype: str | None) -> str | None:
    """The element type in which a layer sees an input: real numbers are cast to the compute dtype, others stay.

    Keras 2.3 casts nothing (`Layer._maybe_cast_inputs` of tf.keras, `DTypePolicy.convert_input` of Keras 3).
    """
    if dtype not in FLOATS or standalone(configuration):
        return dtype
    compute = configuration.compute_dtype()
    return compute if compute in FLOATS or configuration.generation == 3 else dtype


def divided(dtype: str | None) -> str | None:
    """The element type of a true division in TensorFlow."""
    return _DIVIDED.get(dtype or "", dtype)


def common_dtype(configuration: Configuration, tensors: Sequence[Tensor], operation: str) -> str | None:
    """The element type TensorFlow computes with for all these operands; it refuses to mix two.

    Args:
        configuration: the layer that computes.
        tensors: its operands, before they are cast.
        operation: the class name, for the element types its kernel lacks.
    """
    seen = [autocast(configuration, tensor.dtype) for tensor in tensors]
    first = seen[0]
    for other in seen[1:]:
        if first is not None and other is not None and first != other:
            text = f"TypeError: Tensors of type {first} and {other} cannot be combined"
            raise Refused("dtype", text, dtype=other, expected=first)
    return first
