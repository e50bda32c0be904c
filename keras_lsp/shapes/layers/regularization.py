"""Layers that only act in training (Dropout, noise) or on the loss: the shape stays.

Sources: `keras/src/layers/regularization/*.py` (Keras 3); `layers/regularization/*.py` (tf.keras).
"""

from __future__ import annotations

from collections.abc import Mapping

from keras_lsp.shapes.arguments import FLOATS, check_real, elementwise_dtype, read_channels_first
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined
from keras_lsp.shapes.refusals import bad_argument, check_rank, only_tensor, standalone, unchecked
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor

_SPATIAL = {"SpatialDropout1D": 3, "SpatialDropout2D": 4, "SpatialDropout3D": 5}


@constructor("ActivityRegularization")
def check_factors(configuration: Configuration) -> None:
    """`validate_float_arg` of Keras 3's regularizers."""
    for name in ("l1", "l2") if configuration.generation == 3 else ():
        value = configuration.value(name, 0.0)
        if isinstance(value, int | float) and value < 0:
            text = f"Invalid value for argument {name}: expected a non-negative float.Received: {name}={value}"
            raise bad_argument(name, value, text)


@layer("ActivityRegularization")
def regularize(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """The same shape."""
    tensor = only_tensor(configuration, inputs, checked=False)
    if standalone(configuration) and tensor.dtype not in FLOATS:
        raise Undetermined(f"what becomes of {tensor.dtype} in this version is not known")
    check_real(configuration, tensor)
    return Applied(Tensor(tensor.shape, elementwise_dtype(configuration, tensor)))


@layer("Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise")
def disturb(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """The same shape."""
    tensor = only_tensor(configuration, inputs, checked=False)
    _check_training(configuration, tensor)
    return Applied(Tensor(tensor.shape, elementwise_dtype(configuration, tensor)))


@layer(*_SPATIAL)
def drop_maps(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """The same shape, of a fixed number of axes."""
    tensor = only_tensor(configuration, inputs)
    shape = check_rank(configuration, tensor, exactly=_SPATIAL[configuration.class_name])
    _check_training(configuration, tensor)
    return Applied(Tensor(shape, elementwise_dtype(configuration, tensor)))


def _check_training(configuration: Configuration, tensor: Tensor) -> None:
    """Before TensorFlow 2.5 the graph of the training phase is always made, and refused if it cannot be."""
    if not unchecked(configuration):
        return
    if configuration.class_name not in ("Dropout", *_SPATIAL):
        if tensor.dtype not in FLOATS or (standalone(configuration) and tensor.dtype != configuration.floatx):
            raise Undetermined(f"what noise does to {tensor.dtype} in this version is not known")
        return
    rate = configuration.value("rate")
    if not isinstance(rate, int | float):
        raise Undetermined("`rate` is not a known number")
    if not standalone(configuration) and not 0 <= rate < 1:
        text = f"ValueError: rate must be a scalar tensor or a float in the range [0, 1), got {rate}"
        raise Refused("argument", text, argument="rate", value=rate)
    if tensor.dtype is not None and tensor.dtype not in FLOATS:
        if standalone(configuration) and not 0 < rate < 1:
            return
        text = f"ValueError: x has to be a floating point tensor since it's going to be scaled. Got a <dtype: '{tensor.dtype}'> tensor instead."
        raise Refused("dtype", text, dtype=tensor.dtype)


@constructor("Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise", *_SPATIAL)
def check_rate(configuration: Configuration) -> None:
    """Rates lie between 0 and 1 (Keras 3, tf.keras since 2.5)."""
    name = "stddev" if configuration.class_name == "GaussianNoise" else "rate"
    value = configuration.value(name)
    if configuration.class_name in ("SpatialDropout2D", "SpatialDropout3D"):
        data_format = configuration.value("data_format")
        exact = configuration.generation == 2 and not standalone(configuration)
        if exact and data_format not in (None, "channels_last", "channels_first"):
            text = f'`data_format` must be "channels_last" or "channels_first". Received: data_format={data_format}.'
            raise bad_argument("data_format", data_format, text)
        read_channels_first(configuration)
    dropout = configuration.class_name in ("Dropout", *_SPATIAL)
    checked = (2, 5) <= configuration.keras < (3,) and dropout
    if checked and isinstance(value, int | float) and not 0 <= value <= 1:
        text = f"Invalid value {value} received for `rate`, expected a value between 0 and 1."
        raise bad_argument(name, value, text)
    if configuration.generation == 3:
        if value is None or isinstance(value, str | list | tuple):
            text = f"'<=' not supported between instances of 'int' and '{type(value).__name__}'"  # pyright: ignore[reportUnknownArgumentType]
            raise bad_argument(name, value, text, error="TypeError")  # pyright: ignore[reportUnknownArgumentType]
        if isinstance(value, int | float) and not 0 <= value <= 1:
            text = f"Invalid value received for argument `{name}`. Expected a float value between 0 and 1. Received: {name}={value}"
            raise bad_argument(name, value, text)
