"""Activation layers: the shape stays; PReLU has one slope per position.

Sources: `keras/src/layers/activations/*.py` (Keras 3); `layers/activation/*.py` (tf.keras).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from keras_lsp.shapes.arguments import elementwise_dtype, weight
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import Dim, format_shape
from keras_lsp.shapes.formulas import number
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined
from keras_lsp.shapes.refusals import bad_argument, only_tensor, shape_of, standalone, undefined_weight
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor

_PLAIN = ("Activation", "ReLU", "LeakyReLU", "ELU", "ThresholdedReLU")


@layer(*_PLAIN)
def activate(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """The same shape."""
    tensor = only_tensor(configuration, inputs, checked=False)
    return Applied(Tensor(tensor.shape, elementwise_dtype(configuration, tensor)))


@layer("Softmax")
def normalize_exponentials(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """The same shape, whatever the axis."""
    tensor = only_tensor(configuration, inputs, checked=False)
    return Applied(Tensor(tensor.shape, elementwise_dtype(configuration, tensor)))


def _negative(configuration: Configuration, name: str) -> tuple[bool, object]:
    value = configuration.value(name)
    return value is None or (isinstance(value, int | float) and value < 0), value


@constructor("ReLU")
def check_relu(configuration: Configuration) -> None:
    """`ReLU.__init__`: no number is negative; only `max_value` may be None."""
    wrong, value = _negative(configuration, "max_value")
    if value is not None and wrong:
        text = f"max_value of a ReLU layer cannot be a negative value. Received: max_value={value}"
        raise bad_argument("max_value", value, text)
    for name in ("negative_slope", "threshold"):
        wrong, value = _negative(configuration, name)
        if wrong and (value is not None or not standalone(configuration)):
            text = f"{name} of a ReLU layer cannot be None or a negative value. Received: {name}={value}"
            raise bad_argument(name, value, text)


@constructor("LeakyReLU")
def check_leaky_relu(configuration: Configuration) -> None:
    """`LeakyReLU.__init__`: the slope is given (and not negative, in Keras 3)."""
    if configuration.generation == 3:
        name = "alpha" if "alpha" in configuration.arguments else "negative_slope"
        wrong, value = _negative(configuration, name)
        if wrong:
            text = (
                "The negative_slope value of a Leaky ReLU layer cannot be None or negative value. Expected a float. "
                f"Received: negative_slope={value}"
            )
            raise bad_argument(name, value, text)
    elif not standalone(configuration) and configuration.value("alpha", 0.3) is None:
        text = "The alpha value of a Leaky ReLU layer cannot be None, Expecting a float. Received: None"
        raise bad_argument("alpha", None, text)


@constructor("ELU")
def check_elu(configuration: Configuration) -> None:
    """`ELU.__init__` of tf.keras."""
    if configuration.generation == 2 and not standalone(configuration) and configuration.value("alpha", 1.0) is None:
        text = "Alpha of an ELU layer cannot be None, expecting a float. Received: None"
        raise bad_argument("alpha", None, text)


@constructor("ThresholdedReLU")
def check_thresholded_relu(configuration: Configuration) -> None:
    """`ThresholdedReLU.__init__` of tf.keras."""
    wrong, value = _negative(configuration, "theta")
    if wrong and not standalone(configuration):
        text = f"Theta of a Thresholded ReLU layer cannot be None, expecting a float. Received: {value}"
        raise bad_argument("theta", value, text)


@layer("PReLU")
def activate_parametrically(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Alpha has the shape of one sample, with 1 along `shared_axes` (counted from 1)."""
    tensor = only_tensor(configuration, inputs, checked=False)
    shape = shape_of(tensor)
    sizes: list[Dim] = list(shape[1:])
    shared = configuration.value("shared_axes")
    axes = cast("Sequence[object]", shared) if isinstance(shared, list | tuple) else () if shared is None else (shared,)
    for axis in axes:
        if not isinstance(axis, int):
            raise Undetermined(f"`shared_axes` holds {axis!r}")
        try:
            sizes[axis - 1] = 1
        except IndexError:
            text = "IndexError: list assignment index out of range"
            raise Refused("axis", text, axis=axis, rank=len(shape)) from None
    if any(size is None for size in sizes):
        axis = sizes.index(None) + 1
        if configuration.generation == 3:
            raise undefined_weight(configuration, sizes, "alpha", axis)
        text = f"ValueError: Cannot convert a partially known TensorShape {format_shape(sizes)} to a Tensor."
        raise Refused("axis-undefined", text, axis=axis, shape=shape)
    alpha = weight(configuration, "alpha", *sizes)
    line = f"{' * '.join(number(size) for size in sizes) or '1'} = {number(alpha.size)}"
    return Applied(Tensor(shape, elementwise_dtype(configuration, tensor)), (alpha,), (line,))
