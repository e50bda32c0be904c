"""Convolutions: Conv1D-3D, their transposes, separable, depthwise, and Keras 2's locally connected layers.

Sources: `keras/src/layers/convolutional/base_*.py`, `keras/src/ops/operation_utils.py` (Keras 3);
`layers/convolutional/*.py`, `utils/conv_utils.py` (tf.keras).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from keras_lsp.shapes.arguments import (
    FLOATS,
    adapt,
    cast_input,
    compute_dtype,
    read_channels_first,
    read_padding,
    read_tuple,
    weight,
)
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import (
    Dim,
    Shape,
    add,
    ceil_divide,
    floor_divide,
    format_shape,
    maximum,
    modulo,
    multiply,
    product,
    subtract,
)
from keras_lsp.shapes.formulas import array, number, window_formula
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined, Weight
from keras_lsp.shapes.refusals import (
    bad_argument,
    check_rank,
    conflict,
    only_tensor,
    standalone,
    unchecked,
    undefined_weight,
)
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor

# From here on a window that does not fit is refused when the layer is called (keras/src/ops/operation_utils.py);
# before, Keras 3 answered size 0 and TensorFlow failed when the model ran.
ZERO_SIZE_REFUSED = (3, 14)
# Keras 3 takes `output_padding=0` from here on,
ZERO_OUTPUT_PADDING = (3, 11)
# compares `output_padding` with the strides from here on,
OUTPUT_PADDING_COMPARED = (3, 14)
# and lets depthwise and separable convolutions have strides and dilations together from here on.
DILATED_STRIDES = (3, 15)


@dataclass(frozen=True)
class Window:
    """What moves over the spatial axes: the arguments all convolutions share."""

    rank: int
    kernel: tuple[Dim, ...]
    strides: tuple[Dim, ...]
    dilation: tuple[Dim, ...]
    padding: str
    channels_first: bool

    def loses_sizes(self, spatial: Shape) -> bool:
        """Whether tf.keras forgets all spatial sizes: a dilation with a dynamic size goes through `space_to_batch`."""
        return None in spatial and any(dilation != 1 for dilation in self.dilation)

    def effective(self, axis: int) -> Dim:
        """Length of the dilated kernel: (kernel - 1) * dilation + 1."""
        return add(multiply(subtract(self.kernel[axis], 1), self.dilation[axis]), 1)


def _rank(configuration: Configuration) -> int:
    found = re.search(r"([123])D", configuration.class_name)
    assert found is not None
    return int(found[1])


def _check_count(configuration: Configuration, name: str) -> Dim:
    """`filters` or `depth_multiplier`: positive; None is accepted by constructors."""
    value = configuration.value(name)
    if isinstance(value, str | list | tuple):
        text = f"'<=' not supported between instances of '{type(value).__name__}' and 'int'"  # pyright: ignore[reportUnknownArgumentType]
        raise bad_argument(name, value, text, error="TypeError")  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, float) and configuration.generation == 3:
        if value <= 0:
            raise bad_argument(name, value, _positive_text(name, value))
        raise Undetermined(f"`{name}` is {value!r}")
    count = configuration.dim(name)
    if isinstance(count, int) and count <= 0 and configuration.keras >= (2, 5):
        raise bad_argument(name, count, _positive_text(name, count))
    return count


def _positive_text(name: str, value: object) -> str:
    positive = f"Invalid value for argument `{name}`. Expected a strictly positive value."
    return f"{positive} Received {name}={value}."


def _read_window(configuration: Configuration) -> Window:
    """The shared arguments, refused in the order in which the constructors look at them."""
    rank = _rank(configuration)
    new = configuration.generation == 3
    kernel = read_tuple(configuration, "kernel_size", rank)
    strides = read_tuple(configuration, "strides", rank, allow_zero=not new)
    # tf.keras asks `isinstance(self, (Conv1D, SeparableConv1D))`, and Conv1DTranspose is a Conv1D
    causal = configuration.class_name == "Conv1D" or (
        not new and configuration.class_name in ("SeparableConv1D", "Conv1DTranspose")
    )
    if new:
        dilation = read_tuple(configuration, "dilation_rate", rank)
        padding = read_padding(configuration, causal=causal)
        first = read_channels_first(configuration)
    else:
        padding = read_padding(configuration, causal=causal)
        first = read_channels_first(configuration)
        given = configuration.class_name != "Conv3DTranspose" or not standalone(configuration)  # it has none there
        dilation = read_tuple(configuration, "dilation_rate", rank) if given else (1,) * rank
        if padding == "causal" and unchecked(configuration):
            _check_causal(configuration, first)
    return Window(rank, kernel, strides, dilation, padding, first)


def _check_causal(configuration: Configuration, channels_first: bool) -> None:
    if configuration.class_name != "Conv1D":
        raise Undetermined("what causal padding does to this layer in this version is not known")
    if standalone(configuration) and channels_first:
        text = 'When using causal padding in `Conv1D`, `data_format` must be "channels_last" (temporal data).'
        raise conflict(("padding", "data_format"), text)


def _greater_than_one(values: tuple[Dim, ...]) -> bool:
    return any(isinstance(value, int) and value > 1 for value in values)


def _check_strides(configuration: Configuration, window: Window) -> None:
    if unchecked(configuration):
        return
    if any(stride == 0 for stride in window.strides):
        raise bad_argument(
            "strides", window.strides, f"The argument `strides` cannot contains 0. Received strides={window.strides}"
        )
    if _greater_than_one(window.strides) and _greater_than_one(window.dilation):
        raise conflict(
            ("strides", "dilation_rate"),
            "`strides > 1` not supported in conjunction with `dilation_rate > 1`. "
            f"Received: strides={window.strides} and dilation_rate={window.dilation}",
        )


def _check_dilated_strides(configuration: Configuration, window: Window) -> None:
    """Before TensorFlow 2.5 the kernel refuses the pair, and only that of plain convolutions."""
    if not (unchecked(configuration) and _greater_than_one(window.strides) and _greater_than_one(window.dilation)):
        return
    if configuration.class_name not in _CONVOLUTIONS:
        raise Undetermined("what `strides > 1` with `dilation_rate > 1` does in this version is not known")
    text = "ValueError: strides > 1 not supported in conjunction with dilation_rate > 1"
    raise Refused("option-conflict", text, arguments=("strides", "dilation_rate"))


def _output_sizes(configuration: Configuration, window: Window, sizes: Shape, shape: Shape) -> tuple[Dim, ...]:
    """Sizes of the spatial axes after the window passed; refused where it does not fit."""
    result: list[Dim] = []
    for axis, size in enumerate(sizes):
        stride = window.strides[axis]
        if window.padding == "valid":
            effective = window.effective(axis)
            left = subtract(size, effective)
            if isinstance(left, int) and left < 0:
                if standalone(configuration) and window.loses_sizes(sizes):
                    raise Undetermined("what is left of a too small input is not known")
                if left == -1 and configuration.keras < ZERO_SIZE_REFUSED and window.loses_sizes(sizes):
                    # TensorFlow does not see the size, and `compute_output_shape` lets 0 pass
                    result.append(0)
                    continue
                raise _too_small(configuration, window, axis, size, effective, stride, shape)
            result.append(add(floor_divide(left, stride), 1))
        else:
            result.append(ceil_divide(size, stride))
    return tuple(result)


def _check_sign(filters: Dim) -> None:
    if isinstance(filters, int) and filters < 0:
        raise Refused("argument", f"ValueError: Dimension {filters} must be >= 0", argument="filters", value=filters)


def _too_small(
    configuration: Configuration, window: Window, axis: int, size: Dim, effective: Dim, stride: Dim, shape: Shape
) -> Refused:
    channels = shape[1] if window.channels_first else shape[-1]
    depthwise = configuration.class_name in _DEPTHWISE
    filters = multiply(channels, configuration.dim("depth_multiplier")) if depthwise else configuration.dim("filters")
    kernel = format_shape((*window.kernel, channels, filters))
    negative = f"ValueError: Negative dimension size caused by subtracting {effective} from {size}"
    text = (
        f"ValueError: Computed output size would be zero or negative. Received `inputs shape={format_shape(shape)}`, "
        f"`kernel shape={kernel}`, `dilation_rate={array(window.dilation)}`, `strides={format_shape(window.strides)}`, "
        "`padding=valid`."
    )
    stage = "build"
    if configuration.generation == 2:
        text = negative
    elif configuration.keras < ZERO_SIZE_REFUSED and add(floor_divide(subtract(size, effective), stride), 1) == 0:
        text, stage = negative, "run"
    position = axis + (2 if window.channels_first else 1)
    return Refused("spatial-size", text, stage=stage, axis=position, size=size, kernel=effective, padding="valid")


def _split(configuration: Configuration, window: Window, shape: Shape) -> tuple[Shape, Shape, Dim]:
    """Batch axes, spatial axes, channels; Keras 2 after TensorFlow 2.3 takes any number of batch axes."""
    if configuration.generation == 3:
        first = window.channels_first
        return shape[:1], shape[2:] if first else shape[1:-1], shape[1] if first else shape[-1]
    spatial_end = len(shape) if window.channels_first else len(shape) - 1
    spatial_start = spatial_end - window.rank
    channel_axis = spatial_start - 1 if window.channels_first else len(shape) - 1
    batch = shape[: spatial_start - 1 if window.channels_first else spatial_start]
    return batch, shape[spatial_start:spatial_end], shape[channel_axis]


def _join(window: Window, batch: Shape, spatial: Shape, channels: Dim) -> Shape:
    return (*batch, channels, *spatial) if window.channels_first else (*batch, *spatial, channels)


def _undefined_channels(configuration: Configuration, window: Window, shape: Shape) -> Refused:
    axis = 1 if window.channels_first else len(shape) - 1
    if configuration.generation == 3:
        operands = "%: 'NoneType' and 'int'" if configuration.class_name in _CONVOLUTIONS else "*: 'int' and 'NoneType'"
        text = f"TypeError: unsupported operand type(s) for {operands}"
    elif configuration.keras < (2, 5):
        text = "ValueError: The channel dimension of the inputs should be defined. Found `None`."
    else:
        axis = -1 - window.rank if window.channels_first else -1
        to = f" to `{configuration.class_name}`" if configuration.class_name in _TRANSPOSES else ""
        to = " to `DepthwiseConv`" if configuration.class_name in _DEPTHWISE else to
        text = (
            f"ValueError: The channel dimension of the inputs{to} should be defined. The input_shape received is "
            f"{format_shape(shape)}, where axis {axis} (0-based) is the channel dimension, which found to be `None`."
        )
    return Refused("axis-undefined", text, axis=axis, shape=shape)


def _check_input(configuration: Configuration, window: Window, inputs: Structure) -> tuple[Tensor, Shape]:
    tensor = only_tensor(configuration, inputs)
    wanted = window.rank + 2
    if standalone(configuration):
        return tensor, check_rank(configuration, tensor, exactly=wanted)
    return tensor, check_rank(configuration, tensor, at_least=wanted)


def _check_kernel_rank(configuration: Configuration, window: Window, shape: Shape, filters: Dim) -> None:
    if configuration.generation == 3 and len(shape) != window.rank + 2:
        channels = shape[1] if window.channels_first else shape[-1]
        text = (
            "ValueError: Kernel shape must have the same length as input, but received kernel of shape "
            f"{format_shape((*window.kernel, channels, filters))} and input of shape {format_shape(shape)}."
        )
        raise Refused("rank", text, expected_rank=window.rank + 2, rank=len(shape), shape=shape)


def _check_dtype(configuration: Configuration, tensor: Tensor) -> str | None:
    """The dtype that comes out; TensorFlow's kernels refuse inputs of another type than the weights."""
    if configuration.generation == 3:
        return compute_dtype(configuration)
    seen = cast_input(configuration, tensor)
    computed = compute_dtype(configuration)
    casts = seen in FLOATS and not standalone(configuration)
    if seen is not None and computed is not None and seen != computed and not casts:
        text = f"TypeError: Input 'filter' of 'Conv2D' Op has type {computed} that does not match type {seen} of argument 'input'."
        raise Refused("dtype", text, dtype=seen)
    return seen


def _lines(window: Window, spatial: Shape, result: Shape) -> tuple[str, ...]:
    """One line for each different spatial axis."""
    lines = [
        window_formula(size, window.effective(axis), window.strides[axis], result[axis], padding=window.padding)
        for axis, size in enumerate(spatial)
    ]
    return tuple(dict.fromkeys(line for line in lines if line))


def _bias(configuration: Configuration, size: Dim) -> list[Weight]:
    return [weight(configuration, "bias", size)] if configuration.flag("use_bias", True) else []


def _count_line(weights: list[Weight], window: Window, channels: Dim, filters: Dim) -> str:
    total: Dim = 0
    for item in weights:
        total = add(total, item.size)
    kernel = " * ".join(number(size) for size in (*window.kernel, channels))
    bias = " + 1" if weights[-1].name == "bias" else ""
    inner = f"({kernel}{bias})" if bias else kernel
    return f"{inner} * {number(filters)} = {number(total)}"


_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D")
_TRANSPOSES = ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
_SEPARABLE = ("SeparableConv1D", "SeparableConv2D")
_DEPTHWISE = ("DepthwiseConv1D", "DepthwiseConv2D")
_LOCAL = ("LocallyConnected1D", "LocallyConnected2D")


def _groups(configuration: Configuration) -> Dim:
    if "groups" not in configuration.arguments:
        return 1
    groups = configuration.dim("groups")
    return 1 if configuration.generation == 2 and not groups else groups


@constructor(*_CONVOLUTIONS)
def check_convolution(configuration: Configuration) -> None:
    """`BaseConv.__init__` and `Conv._validate_init`."""
    if configuration.generation == 2:
        filters = _check_count(configuration, "filters")
        window = _read_window(configuration)
    else:
        window = _read_window(configuration)
        filters = _check_count(configuration, "filters")
    groups = _groups(configuration)
    if isinstance(groups, int) and groups <= 0 and configuration.generation == 3:
        if configuration.keras < (3, 1):
            raise Undetermined("what becomes of `groups` that is not positive in this version is not known")
        raise bad_argument(
            "groups", groups, f"The number of groups must be a positive integer. Received: groups={groups}."
        )
    rest = modulo(filters, groups)
    if isinstance(rest, int) and rest != 0:
        raise Refused(
            "divisibility",
            "ValueError: The number of filters must be evenly divisible by the number of groups. "
            f"Received: groups={groups}, filters={filters}" + ("." if configuration.generation == 3 else ""),
            stage="construct",
            value=filters,
            divisor=groups,
        )
    _check_strides(configuration, window)


@layer(*_CONVOLUTIONS)
def convolve(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Kernel (*kernel_size, channels / groups, filters), bias (filters,)."""
    window = _read_window(configuration)
    _check_dilated_strides(configuration, window)
    tensor, shape = _check_input(configuration, window, inputs)
    batch, spatial, channels = _split(configuration, window, shape)
    filters = configuration.dim("filters")
    groups = _groups(configuration)
    if channels is None:
        raise _undefined_channels(configuration, window, shape)
    if isinstance(groups, int) and groups < 0:
        text = f"ValueError: Dimension {groups} must be >= 0"
        raise Refused("argument", text, argument="groups", value=groups)
    rest = modulo(channels, groups)
    if isinstance(rest, int) and rest != 0:
        raise Refused(
            "divisibility",
            "ValueError: The number of input channels must be evenly divisible by the number of groups. "
            f"Received groups={groups}, but the input has {channels} channels (full input shape is {format_shape(shape)}).",
            value=channels,
            divisor=groups,
        )
    _check_kernel_rank(configuration, window, shape, filters)
    if filters is None:
        raise Undetermined("`filters` is None")
    _check_sign(filters)
    if unchecked(configuration) and not standalone(configuration) and window.loses_sizes(spatial):
        result: Shape = (None,) * window.rank
    else:
        result = _output_sizes(configuration, window, spatial, shape)
    dtype = _check_dtype(configuration, tensor)
    inner = floor_divide(channels, groups)
    weights = [weight(configuration, "kernel", *window.kernel, inner, filters), *_bias(configuration, filters)]
    line = _count_line(weights, window, inner, filters)
    weights = adapt(configuration, weights)
    return Applied(
        Tensor(_join(window, batch, result, filters), dtype), tuple(weights), (*_lines(window, spatial, result), line)
    )


@constructor(*_TRANSPOSES)
def check_transpose(configuration: Configuration) -> None:
    """`BaseConvTranspose.__init__`."""
    if configuration.generation == 2:
        _check_count(configuration, "filters")
    window = _read_window(configuration)
    padding = _output_padding(configuration, window)
    if configuration.generation == 3:
        _check_count(configuration, "filters")
    _check_strides(configuration, window)
    if (3,) <= configuration.keras < OUTPUT_PADDING_COMPARED:
        return
    for axis, extra in enumerate(padding or ()):
        stride = window.strides[axis]
        if isinstance(extra, int) and isinstance(stride, int) and extra >= stride:
            if configuration.generation == 3:
                text = (
                    f"`output_padding` must be strictly less than `strides` for all dimensions. At dimension {axis}, "
                    f"`output_padding` is {extra} but `strides` is {stride}. "
                    f"Received: output_padding={padding}, strides={window.strides}"
                )
            else:
                text = (
                    "Strides must be greater than output padding. "
                    f"Received strides={window.strides}, output_padding={padding}."
                )
            raise conflict(("output_padding", "strides"), text)


def _output_padding(configuration: Configuration, window: Window) -> tuple[Dim, ...] | None:
    if configuration.value("output_padding") is None:
        return None
    zero = configuration.generation == 2 or configuration.keras >= ZERO_OUTPUT_PADDING
    return read_tuple(configuration, "output_padding", window.rank, allow_zero=zero)


@layer(*_TRANSPOSES)
def convolve_transposed(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Kernel (*kernel_size, filters, channels), bias (filters,)."""
    window = _read_window(configuration)
    _check_dilated_strides(configuration, window)
    extra = _output_padding(configuration, window)
    tensor = only_tensor(configuration, inputs)
    if configuration.generation == 3:
        shape = check_rank(configuration, tensor, at_least=window.rank + 2)
    else:
        shape = check_rank(configuration, tensor, exactly=window.rank + 2)
    batch, spatial, channels = _split(configuration, window, shape)
    filters = configuration.dim("filters")
    if filters is None:
        raise Undetermined("`filters` is None")
    _check_sign(filters)
    if configuration.generation == 2:
        if window.rank == 3:  # Conv3DTranspose of tf.keras does not look at its dilation
            window = replace(window, dilation=(1, 1, 1))
        elif isinstance(differing := subtract(window.dilation[0], window.dilation[-1]), int) and differing:
            text = (
                "ValueError: Expected the 2 dimensions of the `dilation_rate` argument to be equal to each other. "
                f"Received: dilation_rate={window.dilation}"
            )
            raise Refused("argument", text, argument="dilation_rate", value=window.dilation)
    if window.padding == "causal":
        raise Refused("argument", "AssertionError: ", argument="padding", value="causal")
    if channels is None:
        if configuration.generation == 3:
            raise undefined_weight(configuration, (*window.kernel, filters, None), "kernel", -1)
        raise _undefined_channels(configuration, window, shape)
    if len(shape) != window.rank + 2:
        raise Refused(
            "rank", "IndexError: tuple index out of range", expected_rank=window.rank + 2, rank=len(shape), shape=shape
        )
    result = tuple(
        _transposed_size(configuration, window, axis, size, None if extra is None else extra[axis])
        for axis, size in enumerate(spatial)
    )
    dtype = _check_dtype(configuration, tensor)
    weights = [weight(configuration, "kernel", *window.kernel, filters, channels), *_bias(configuration, filters)]
    lines = tuple(
        dict.fromkeys(
            _transposed_line(window, axis, spatial[axis], result[axis], None if extra is None else extra[axis])
            for axis in range(window.rank)
            if result[axis] is not None
        )
    )
    line = _count_line(weights, window, channels, filters)
    return Applied(Tensor(_join(window, batch, result, filters), dtype), tuple(weights), (*lines, line))


def _transposed_size(configuration: Configuration, window: Window, axis: int, size: Dim, extra: Dim) -> Dim:
    """`_get_output_shape_given_tf_padding` (Keras 3), `deconv_output_length` (tf.keras)."""
    stride, effective = window.strides[axis], window.effective(axis)
    if extra is None:
        if window.padding == "same":
            return multiply(size, stride)
        return add(multiply(size, stride), maximum(subtract(effective, stride), 0))
    base = multiply(subtract(size, 1), stride)
    if window.padding == "valid":
        return add(add(base, effective), extra)
    # Keras 3 adds kernel % 2, tf.keras kernel - 2 * (kernel // 2): the same number
    return add(add(base, modulo(effective, 2)), extra)


def _transposed_line(window: Window, axis: int, size: Dim, result: Dim, extra: Dim) -> str:
    stride, effective = window.strides[axis], window.effective(axis)
    if extra is None:
        if window.padding == "same":
            return f"{size} * {stride} = {result}"
        return f"{size} * {stride} + max({effective} - {stride}, 0) = {result}"
    middle = f"{effective} % 2" if window.padding == "same" else str(effective)
    return f"({size} - 1) * {stride} + {middle} + {extra} = {result}"


def _check_depthwise_rank(configuration: Configuration, window: Window, shape: Shape) -> None:
    """TensorFlow's depthwise kernel takes one batch axis, whatever `input_spec` says."""
    if configuration.generation == 2 and len(shape) != window.rank + 2:
        rank = window.rank + 2
        text = f"ValueError: Shape must be rank {rank} but is rank {len(shape)}"
        raise Refused("rank", text, expected_rank=rank, rank=len(shape), shape=shape)


def _check_multiplier(configuration: Configuration, multiplier: Dim) -> None:
    separable = configuration.class_name in _SEPARABLE and configuration.generation == 2
    if isinstance(multiplier, int) and (multiplier < 0 or (multiplier == 0 and separable)):
        text = f"ValueError: Dimension {multiplier} must be > 0"
        raise Refused("argument", text, argument="depth_multiplier", value=multiplier)


@constructor(*_SEPARABLE)
def check_separable(configuration: Configuration) -> None:
    """`BaseSeparableConv.__init__`."""
    if configuration.generation == 2:
        _check_count(configuration, "filters")
        window = _read_window(configuration)
    else:
        window = _read_window(configuration)
        _check_count(configuration, "depth_multiplier")
        _check_count(configuration, "filters")
    if configuration.keras < DILATED_STRIDES:
        _check_strides(configuration, window)


@layer(*_SEPARABLE)
def convolve_separably(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """depthwise_kernel (*kernel_size, channels, multiplier), pointwise_kernel (1.., channels * multiplier, filters)."""
    window = _read_window(configuration)
    _check_dilated_strides(configuration, window)
    tensor, shape = _check_input(configuration, window, inputs)
    batch, spatial, channels = _split(configuration, window, shape)
    filters, multiplier = configuration.dim("filters"), configuration.dim("depth_multiplier")
    if filters is None or multiplier is None:
        raise Undetermined("`filters` or `depth_multiplier` is None")
    _check_sign(filters)
    if channels is None:
        raise _undefined_channels(configuration, window, shape)
    _check_kernel_rank(configuration, window, shape, filters)
    _check_depthwise_rank(configuration, window, shape)
    _check_multiplier(configuration, multiplier)
    if configuration.generation == 2 and not standalone(configuration) and window.loses_sizes(spatial):
        result: Shape = (None,) * window.rank
    else:
        result = _output_sizes(configuration, window, spatial, shape)
    dtype = _check_dtype(configuration, tensor)
    inner = multiply(channels, multiplier)
    weights = [
        weight(configuration, "depthwise_kernel", *window.kernel, channels, multiplier),
        weight(configuration, "pointwise_kernel", *(1,) * window.rank, inner, filters),
        *_bias(configuration, filters),
    ]
    depthwise = " * ".join(number(size) for size in weights[0].shape)
    bias = " + 1" if weights[-1].name == "bias" else ""
    total = add(add(weights[0].size, weights[1].size), weights[2].size if bias else 0)
    line = f"{depthwise} + ({number(inner)}{bias}) * {number(filters)} = {number(total)}"
    return Applied(
        Tensor(_join(window, batch, result, filters), dtype), tuple(weights), (*_lines(window, spatial, result), line)
    )


@constructor(*_DEPTHWISE)
def check_depthwise(configuration: Configuration) -> None:
    """`BaseDepthwiseConv.__init__`."""
    window = _read_window(configuration)
    if configuration.generation == 3:
        _check_count(configuration, "depth_multiplier")
    if configuration.keras < DILATED_STRIDES:
        _check_strides(configuration, window)


@layer(*_DEPTHWISE)
def convolve_depthwise(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Kernel (*kernel_size, channels, multiplier), bias (channels * multiplier,)."""
    window = _read_window(configuration)
    _check_dilated_strides(configuration, window)
    tensor, shape = _check_input(configuration, window, inputs)
    batch, spatial, channels = _split(configuration, window, shape)
    multiplier = configuration.dim("depth_multiplier")
    if multiplier is None:
        raise Undetermined("`depth_multiplier` is None")
    if channels is None:
        raise _undefined_channels(configuration, window, shape)
    filters = multiply(channels, multiplier)
    _check_kernel_rank(configuration, window, shape, filters)
    _check_depthwise_rank(configuration, window, shape)
    _check_multiplier(configuration, multiplier)
    if configuration.generation == 2 and not standalone(configuration) and window.loses_sizes(spatial):
        result: Shape = (None,) * window.rank
    else:
        result = _output_sizes(configuration, window, spatial, shape)
    dtype = _check_dtype(configuration, tensor)
    name = "kernel" if configuration.generation == 3 else "depthwise_kernel"
    weights = [weight(configuration, name, *window.kernel, channels, multiplier), *_bias(configuration, filters)]
    kernel = " * ".join(number(size) for size in window.kernel)
    bias = " + 1" if len(weights) == 2 else ""
    total = add(weights[0].size, weights[1].size if bias else 0)
    inner = f"({kernel}{bias})" if bias else kernel
    line = f"{inner} * {number(channels)} * {number(multiplier)} = {number(total)}"
    return Applied(
        Tensor(_join(window, batch, result, filters), dtype), tuple(weights), (*_lines(window, spatial, result), line)
    )


@constructor(*_LOCAL)
def check_local(configuration: Configuration) -> None:
    """`LocallyConnected.__init__`: only "valid" with the first implementation; filters are not looked at."""
    rank = _rank(configuration)
    read_tuple(configuration, "kernel_size", rank)
    read_tuple(configuration, "strides", rank, allow_zero=True)
    padding = read_padding(configuration, causal=True)
    if padding != "valid" and configuration.value("implementation", 1) == 1:
        text = (
            f"Invalid border mode for {configuration.class_name} "
            f'(only "valid" is supported if implementation is 1): {padding}'
        )
        raise bad_argument("padding", padding, text)
    read_channels_first(configuration)


# Counting pairs takes a step per position; nobody connects a longer axis locally.
MAX_POSITIONS = 100_000


def _connections(window: Window, axis: int, size: Dim, positions: Dim) -> Dim:
    """Pairs of an output and an input position that are connected (`conv_utils.conv_connected_inputs`)."""
    kernel, stride = window.kernel[axis], window.strides[axis]
    if not (
        isinstance(size, int) and isinstance(positions, int) and isinstance(kernel, int) and isinstance(stride, int)
    ):
        raise Undetermined("the sizes are not known")
    if positions > MAX_POSITIONS:
        raise Undetermined("too many positions to count")
    left = kernel // 2
    total = 0
    for position in range(positions):
        center = position * stride + (left if window.padding == "valid" else 0)
        total += min(size, center + kernel - left) - max(0, center - left)
    return total


@layer(*_LOCAL)
def connect_locally(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Keras 2's unshared convolution: one kernel for each position, so the spatial sizes must be known."""
    rank = _rank(configuration)
    kernel = read_tuple(configuration, "kernel_size", rank)
    strides = read_tuple(configuration, "strides", rank, allow_zero=True)
    padding = read_padding(configuration, causal=True)
    if padding == "causal":
        text = 'NotImplementedError: Padding type causal not supported. Only "valid" and "same" are implemented.'
        raise Refused("argument", text, argument="padding", value=padding)
    if 0 in strides:
        raise Refused(
            "argument", "ZeroDivisionError: integer division or modulo by zero", argument="strides", value=strides
        )
    first = read_channels_first(configuration)
    if rank == 1 and standalone(configuration):
        first = False  # LocallyConnected1D of Keras 2.3 reads it and forgets it
    window = Window(rank, kernel, strides, (1,) * rank, padding, first)
    tensor = only_tensor(configuration, inputs)
    shape = check_rank(configuration, tensor, exactly=rank + 2)
    batch, spatial, channels = _split(configuration, window, shape)
    filters = configuration.dim("filters")
    if filters is None:
        raise Undetermined("`filters` is None")
    if any(size is None for size in (*spatial, channels)):
        axis = shape.index(None, 1)
        text = (
            f"ValueError: The spatial dimensions of the inputs to a {configuration.class_name} layer "
            f"should be fully-defined, but layer received an inputs shape of {format_shape(shape)}"
        )
        raise Refused("axis-undefined", text, axis=axis, shape=shape)
    implementation = configuration.value("implementation", 1)
    try:
        result = _output_sizes(configuration, window, spatial, shape)
    except Refused:
        if implementation == 1:
            raise
        raise Undetermined("what is left of a too small input is not known") from None
    dtype = _check_dtype(configuration, tensor)
    if filters == 0:
        raise Undetermined("`filters` is 0")
    if isinstance(filters, int) and filters < 0:
        raise Refused("argument", f"ValueError: Dimension {filters} must be >= 0", argument="filters", value=filters)
    positions = product(result)
    patch = multiply(product(kernel), channels)
    if implementation == 1:
        kernel_shape: Shape = (positions, patch, filters)
    elif implementation == 2:
        kernel_shape = (
            (channels, *spatial, filters, *result) if window.channels_first else (*spatial, channels, *result, filters)
        )
    elif implementation == 3:
        connections = [_connections(window, axis, spatial[axis], result[axis]) for axis in range(rank)]
        kernel_shape = (multiply(multiply(product(connections), filters), channels),)
    else:
        raise Undetermined("`implementation` is not known")
    weights = [weight(configuration, "kernel", *kernel_shape)]
    if configuration.flag("use_bias", True):
        weights.append(weight(configuration, "bias", *result, filters))
    return Applied(
        Tensor(_join(window, batch, result, filters), dtype), tuple(weights), _lines(window, spatial, result)
    )
