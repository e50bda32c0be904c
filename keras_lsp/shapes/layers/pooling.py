"""Pooling: over windows, over everything (global), and to a given size (adaptive).

Sources: `keras/src/layers/pooling/base_*.py`, `keras/src/ops/operation_utils.py` (Keras 3); `layers/pooling/*.py` (tf.keras).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast

from keras_lsp.shapes.arguments import (
    cast_input,
    check_real,
    compute_dtype,
    elementwise_dtype,
    read_channels_first,
    read_padding,
    read_tuple,
)
from keras_lsp.shapes.configuration import Configuration, UnknownValue
from keras_lsp.shapes.dim import Dim, Expr, Shape, add, ceil_divide, floor_divide, format_shape, subtract
from keras_lsp.shapes.formulas import array, window_formula
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined
from keras_lsp.shapes.refusals import bad_argument, check_rank, only_tensor, shape_of
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor

# Convolutions refuse a window that does not fit one version earlier (convolution.ZERO_SIZE_REFUSED).
ZERO_SIZE_REFUSED = (3, 15)

_WINDOWED = tuple(f"{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3))
_GLOBAL = tuple(f"Global{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3))
_ADAPTIVE = tuple(f"Adaptive{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3))


def _rank(configuration: Configuration) -> int:
    found = re.search(r"([123])D", configuration.class_name)
    assert found is not None
    return int(found[1])


def _windows(configuration: Configuration) -> tuple[tuple[Dim, ...], tuple[Dim, ...]]:
    rank = _rank(configuration)
    pool = read_tuple(configuration, "pool_size", rank)
    if configuration.value("strides") is None:
        return pool, pool
    return pool, read_tuple(configuration, "strides", rank, allow_zero=True)


def _padding(configuration: Configuration) -> str:
    """Keras 2 lower-cases it and refuses what it does not know; Keras 3 only looks when the layer is called."""
    if configuration.generation == 2:
        return read_padding(configuration, causal=True)
    padding = configuration.value("padding", "valid")
    if isinstance(padding, str):
        return padding
    raise Undetermined("the value of `padding` is not a known string")


@constructor(*_WINDOWED)
def check_windows(configuration: Configuration) -> None:
    """`BasePooling.__init__`."""
    _windows(configuration)
    if configuration.generation == 2:
        _padding(configuration)
    read_channels_first(configuration)


@layer(*_WINDOWED)
def pool(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Each spatial axis becomes the number of windows on it."""
    rank = _rank(configuration)
    windows, strides = _windows(configuration)
    padding = _padding(configuration)
    first = read_channels_first(configuration)
    tensor = only_tensor(configuration, inputs)
    shape = check_rank(configuration, tensor, exactly=rank + 2)
    _check_type(configuration, tensor)
    if padding not in ("valid", "same"):
        text = f"ValueError: Argument `padding` must be either 'valid' or 'same'. Received: padding={padding}"
        raise Refused("argument", text, argument="padding", value=padding)
    offset = 2 if first else 1
    result: list[Dim] = list(shape)
    lines: list[str] = []
    for position, (window, stride) in enumerate(zip(windows, strides, strict=True)):
        if stride == 0:
            raise Refused(
                "argument", "OverflowError: cannot convert float infinity to integer", argument="strides", value=0
            )
        size = shape[position + offset]
        if padding == "same":
            length = ceil_divide(size, stride)
        else:
            left = subtract(size, window)
            if isinstance(left, int) and left < 0:
                raise _too_small(configuration, position + offset, windows, strides, position, shape)
            length = add(floor_divide(left, stride), 1)
        result[position + offset] = length
        line = window_formula(size, window, stride, length, padding=padding)
        if line and line not in lines:
            lines.append(line)
    return Applied(Tensor(tuple(result), elementwise_dtype(configuration, tensor)), (), tuple(lines))


def _check_type(configuration: Configuration, tensor: Tensor) -> None:
    """TensorFlow averages real numbers only; its 3D maximum does not even take float64."""
    if configuration.class_name.startswith("Average"):
        check_real(configuration, tensor)
    elif configuration.class_name == "MaxPooling3D":
        check_real(configuration, tensor)
        seen = Tensor(tensor.shape, cast_input(configuration, tensor))
        check_real(configuration, seen, "float64")
    else:
        check_real(configuration, tensor, "bool")


def _too_small(
    configuration: Configuration,
    axis: int,
    windows: tuple[Dim, ...],
    strides: tuple[Dim, ...],
    position: int,
    shape: Shape,
) -> Refused:
    size, window, stride = shape[axis], windows[position], strides[position]
    first = axis - position
    # Keras computes with -1 for a dynamic size and shows it
    shown = [-1 if dim is None and first <= index < first + len(windows) else dim for index, dim in enumerate(shape)]
    negative = f"ValueError: Negative dimension size caused by subtracting {window} from {size}"
    text = (
        "ValueError: Computed output size would be zero or negative. "
        f"Received: `inputs.shape={array(shown)}`, `pool_size={array(windows)}`, `strides={format_shape(strides)}`, "
        "`padding=valid`."
    )
    stage = "build"
    if configuration.generation == 2:
        text = negative
    elif configuration.keras < ZERO_SIZE_REFUSED and add(floor_divide(subtract(size, window), stride), 1) == 0:
        text, stage = negative, "run"
    return Refused("spatial-size", text, stage=stage, axis=axis, size=size, kernel=window, padding="valid")


@constructor(*_GLOBAL)
def check_global(configuration: Configuration) -> None:
    """`BaseGlobalPooling.__init__`."""
    read_channels_first(configuration)


@layer(*_GLOBAL)
def pool_everything(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """(batch, channels), or with `keepdims` 1 for each spatial axis."""
    rank = _rank(configuration)
    first = read_channels_first(configuration)
    tensor = only_tensor(configuration, inputs)
    shape = check_rank(configuration, tensor, exactly=rank + 2)
    channels = shape[1] if first else shape[-1]
    dtype = elementwise_dtype(configuration, tensor)
    if configuration.class_name.startswith("GlobalMax"):
        check_real(configuration, tensor, "bool")
    elif dtype == "bool":
        dtype = configuration.floatx
    if configuration.flag("keepdims"):
        ones = (1,) * rank
        output: Shape = (shape[0], channels, *ones) if first else (shape[0], *ones, channels)
    else:
        output = (shape[0], channels)
    return Applied(Tensor(output, dtype))


def _output_size(configuration: Configuration) -> tuple[Dim, ...]:
    rank = _rank(configuration)
    value = configuration.value("output_size")
    if isinstance(value, int | Expr):
        return (value,) * rank
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        if len(items) == rank:
            for item in items:
                if isinstance(item, UnknownValue) or not (item is None or isinstance(item, int | Expr)):
                    raise Undetermined("`output_size` is not known")
            return cast("tuple[Dim, ...]", tuple(items))
    elif not (value is None or isinstance(value, str | float)):
        raise Undetermined("`output_size` is not known")
    text = f"`output_size` must be an integer or a tuple of {rank} integers. Received: {value}"
    error = "ValueError" if rank == 1 and isinstance(value, list | tuple) else "TypeError"
    raise bad_argument("output_size", cast("object", value), text, error=error)


@constructor(*_ADAPTIVE)
def check_adaptive(configuration: Configuration) -> None:
    """`BaseAdaptivePooling.__init__`; `data_format` is not lower-cased here."""
    _output_size(configuration)
    data_format = configuration.value("data_format")
    if data_format and data_format not in ("channels_first", "channels_last"):
        text = f"Invalid data_format: {data_format}. Expected 'channels_first' or 'channels_last'."
        raise bad_argument("data_format", data_format, text)


@layer(*_ADAPTIVE)
def pool_to_size(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """(batch, *output_size, channels)."""
    tensor = only_tensor(configuration, inputs, checked=False)
    shape = shape_of(tensor)
    sizes = _output_size(configuration)
    if len(shape) != _rank(configuration) + 2:
        raise Undetermined("adaptive pooling of another number of axes")
    first = configuration.channels_first()
    if any(isinstance(size, int) and size < 0 for size in sizes):
        text = f"ValueError: Cannot convert '{format_shape(sizes)}' to a shape. Negative dimensions are not allowed."
        raise Refused("argument", text, argument="output_size", value=sizes)
    output = (shape[0], shape[1], *sizes) if first else (shape[0], *sizes, shape[-1])
    return Applied(Tensor(output, compute_dtype(configuration)))
