"""Activation layers: the shape stays; PReLU has one slope per position.

Sources: `keras/src/layers/activations/*.py` (Keras 3); `layers/activation/*.py` (tf.keras).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from keras_lsp.shapes.arguments import FLOATS, check_real, elementwise_dtype, weight
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import Dim, format_shape
from keras_lsp.shapes.formulas import number
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined
from keras_lsp.shapes.refusals import bad_argument, only_tensor, shape_of, standalone, unchecked, undefined_weight
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor

# Functions whose TensorFlow kernels take real numbers only.
_REAL_FUNCTIONS = frozenset({"elu", "gelu", "selu", "sigmoid", "softmax", "softplus", "swish", "tanh"})


@layer("Activation")
def activate(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """The same shape."""
    tensor = only_tensor(configuration, inputs, checked=False)
    if configuration.generation == 2 and tensor.dtype is not None and tensor.dtype not in FLOATS:
        function = configuration.value("activation")
        if function == "relu":
            check_real(configuration, tensor, "bool")
        elif function in _REAL_FUNCTIONS:
            check_real(configuration, tensor)
        elif function not in ("linear", None):
            raise Undetermined(f"whether the activation takes {tensor.dtype} is not known")
    if configuration.generation == 2 and configuration.value("activation") == "softmax":
        _check_softmax_rank(tensor)
    return Applied(Tensor(tensor.shape, elementwise_dtype(configuration, tensor)))


def _check_softmax_rank(tensor: Tensor) -> None:
    if tensor.rank is not None and tensor.rank < 2:
        text = "ValueError: Cannot apply softmax to a tensor that is 1D."
        raise Refused("rank", text, min_rank=2, rank=tensor.rank, shape=tensor.shape)


@layer("ReLU")
def rectify(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """The same shape."""
    tensor = only_tensor(configuration, inputs, checked=False)
    check_real(configuration, tensor, "bool")
    integral = tensor.dtype is not None and tensor.dtype not in FLOATS
    if configuration.generation == 2 and integral:
        plain = configuration.value("max_value") is None
        if not plain or configuration.value("negative_slope") or configuration.value("threshold"):
            raise Undetermined(f"what ReLU with options makes of {tensor.dtype} is not known")
    return Applied(Tensor(tensor.shape, elementwise_dtype(configuration, tensor)))


@layer("LeakyReLU")
def rectify_leakily(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """The same shape; tf.keras turns integers into float32."""
    tensor = only_tensor(configuration, inputs, checked=False)
    check_real(configuration, tensor, "bool")
    dtype = elementwise_dtype(configuration, tensor)
    if (
        configuration.generation == 2
        and dtype is not None
        and dtype not in FLOATS
        and configuration.value("alpha", 0.3)
    ):
        dtype = "float32"
    return Applied(Tensor(tensor.shape, dtype))


@layer("Softmax")
def normalize_exponentials(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """The same shape; Keras 3 looks at the axis only when the model computes."""
    tensor = only_tensor(configuration, inputs, checked=False)
    value = configuration.value("axis", -1)
    axes = cast("Sequence[object]", value) if isinstance(value, list | tuple) else (value,)
    rank = tensor.rank
    if unchecked(configuration) and isinstance(value, list | tuple):
        raise Undetermined("what several axes mean in this version is not known")
    check_real(configuration, tensor)
    ignored = standalone(configuration) and rank == 2  # `keras/activations.py` of 2.3 has another function for matrices
    for axis in axes if rank is not None and not ignored else ():
        if isinstance(axis, int) and rank is not None and not -rank <= axis < rank:
            text = f"InvalidArgumentError: `dim` must be in the range [{-rank}, {rank}). Received: dim={axis}"
            stage = "build" if configuration.generation == 2 else "run"
            raise Refused("axis", text, stage=stage, axis=axis, rank=rank)
    if configuration.generation == 2 and len(axes) == 1:
        _check_softmax_rank(tensor)
    return Applied(Tensor(tensor.shape, elementwise_dtype(configuration, tensor)))


@layer("ELU", "ThresholdedReLU")
def transform(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """The same shape."""
    tensor = only_tensor(configuration, inputs, checked=False)
    if (
        configuration.class_name == "ThresholdedReLU"
        and unchecked(configuration)
        and tensor.dtype != configuration.floatx
    ):
        raise Undetermined(f"what ThresholdedReLU makes of {tensor.dtype} in this version is not known")
    check_real(configuration, tensor)
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
    for name in ("negative_slope",) if unchecked(configuration) else ("negative_slope", "threshold"):
        wrong, value = _negative(configuration, name)
        if wrong:
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
    elif not unchecked(configuration) and configuration.value("alpha", 0.3) is None:
        text = "The alpha value of a Leaky ReLU layer cannot be None, Expecting a float. Received: None"
        raise bad_argument("alpha", None, text)


@constructor("ELU")
def check_elu(configuration: Configuration) -> None:
    """`ELU.__init__` of tf.keras."""
    if configuration.generation == 2 and not unchecked(configuration) and configuration.value("alpha", 1.0) is None:
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
    check_real(configuration, tensor)
    if standalone(configuration) and tensor.dtype != configuration.floatx:
        raise Undetermined(f"what PReLU makes of {tensor.dtype} in this version is not known")
    alpha = weight(configuration, "alpha", *sizes)
    line = f"{' * '.join(number(size) for size in sizes) or '1'} = {number(alpha.size)}"
    return Applied(Tensor(shape, elementwise_dtype(configuration, tensor)), (alpha,), (line,))
