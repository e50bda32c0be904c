"""Normalizations: the shape stays, the sizes of one or more axes make the weights.

Sources: `keras/src/layers/normalization/*.py` (Keras 3); `layers/normalization/*.py` (tf.keras).
SpectralNormalization wraps a layer and lives in `wrapper`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from keras_lsp.shapes.arguments import FLOATS, cast_input, check_real, compute_dtype, variable_dtype
from keras_lsp.shapes.configuration import Configuration, UnknownValue
from keras_lsp.shapes.dim import Dim, Expr, Shape, add, format_shape, modulo
from keras_lsp.shapes.formulas import number
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined, Weight
from keras_lsp.shapes.refusals import bad_argument, only_tensor, shape_of, standalone, unchecked, undefined_weight
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor

# From here on Keras 3 sorts the axes of LayerNormalization and RMSNormalization.
SORTED_AXES = (3, 14)
# From here on UnitNormalization compares its axes with the rank.
AXES_COMPARED = (3, 6)


def _axes(configuration: Configuration) -> list[int]:
    value = configuration.value("axis")
    items = cast("Sequence[object]", value) if isinstance(value, list | tuple) else (value,)
    axes: list[int] = []
    for item in items:
        if isinstance(item, UnknownValue | Expr) or not isinstance(item, int):
            raise Undetermined(f"`axis` is {value!r}")
        axes.append(int(item))
    return axes


def _size(shape: Shape, axis: int) -> Dim:
    if not -len(shape) <= axis < len(shape):
        text = f"ValueError: Axis {axis} is out of bounds for input shape {format_shape(shape)}. Received: axis={axis}"
        raise Refused("axis", text, axis=axis, rank=len(shape))
    return shape[axis]


def _count(weights: Sequence[Weight]) -> tuple[str, ...]:
    if not weights:
        return ()
    total: Dim = 0
    for item in weights:
        total = add(total, item.size)
    sizes = " * ".join(number(size) for size in weights[0].shape)
    return (f"{len(weights)} * {sizes} = {number(total)}" if len(weights) > 1 else f"{sizes} = {number(total)}",)


def _parameter_dtype(configuration: Configuration) -> str | None:
    """Half floats keep float32 statistics in tf.keras (`_param_dtype`)."""
    dtype = variable_dtype(configuration)
    half = dtype in ("float16", "bfloat16") and configuration.generation == 2 and not standalone(configuration)
    return "float32" if half else dtype


@constructor("BatchNormalization")
def check_batch_normalization(configuration: Configuration) -> None:
    """`BatchNormalization.__init__`: one axis in Keras 3, several are possible in tf.keras."""
    value = configuration.value("axis")
    if isinstance(value, int | Expr):
        return
    if configuration.generation == 3:
        if value is None or isinstance(value, list | tuple):
            text = f"int() argument must be a string, a bytes-like object or a real number, not '{type(cast('object', value)).__name__}'"
            raise bad_argument("axis", cast("object", value), text, error="TypeError")
    elif not standalone(configuration) and (value is None or isinstance(value, str | float)):
        text = f"Expected an int or a list/tuple of ints for the argument 'axis', but received: {value!r}"
        raise bad_argument("axis", value, text, error="TypeError")


@layer("BatchNormalization", "SyncBatchNormalization")
def normalize_batches(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Gamma, beta and the moving statistics have the size of `axis`."""
    tensor = only_tensor(configuration, inputs, checked=False)
    shape = shape_of(tensor)
    axes = _axes(configuration)
    sizes = [_size(shape, axis) for axis in axes]
    dtype = _parameter_dtype(configuration)
    cast = tensor.dtype in FLOATS and not standalone(configuration)
    if unchecked(configuration) and tensor.dtype not in (dtype, None) and not cast:
        raise Undetermined(f"what BatchNormalization makes of {tensor.dtype} in this version is not known")
    trainable = configuration.flag("trainable", True)
    if None in sizes:
        axis = axes[sizes.index(None)]
        if configuration.generation == 3:
            raise undefined_weight(configuration, sizes, "gamma", axis)
        text = f"ValueError: Input has undefined `axis` dimension. Received input with shape {format_shape(shape)} and axis={(axis % len(shape),)}"
        raise Refused("axis-undefined", text, axis=axis, shape=shape)
    if configuration.generation == 2:
        _check_kernel(configuration, shape, axes)
    parameters: Shape = tuple(sizes)
    if len(sizes) > 1:
        positive = [axis % len(shape) for axis in axes]
        parameters = tuple(size if axis in positive else 1 for axis, size in enumerate(shape))
    names: list[tuple[str, bool, Shape]] = []
    if configuration.flag("scale", True):
        names.append(("gamma", trainable, parameters))
    if configuration.flag("center", True):
        names.append(("beta", trainable, parameters))
    names += [("moving_mean", False, parameters), ("moving_variance", False, parameters)]
    if configuration.flag("renorm"):
        names += [(name, False, parameters) for name in ("moving_stddev", "renorm_mean", "renorm_stddev")]
    weights = [Weight(name, sizes_, free, dtype) for name, free, sizes_ in names]
    return Applied(Tensor(shape, _cast(configuration, tensor)), tuple(weights), _count(weights))


def _check_kernel(configuration: Configuration, shape: Shape, axes: list[int]) -> None:
    """The options of tf.keras that choose another kernel or another way to count."""
    if configuration.value("virtual_batch_size") is not None:
        raise Undetermined("`virtual_batch_size` changes the weights")
    if configuration.value("fused"):
        ranks = (4,) if unchecked(configuration) else (4, 5)
        if len(shape) not in ranks:
            only = "4D" if unchecked(configuration) else "4D or 5D"
            text = (
                f"ValueError: Batch normalization layers with `fused=True` only support {only} input tensors. "
                f"Received tensor with shape: {format_shape(shape)}"
            )
            raise Refused("rank", text, expected_rank=4, rank=len(shape), shape=shape)
        if len(axes) > 1 or axes[0] % len(shape) not in (1, len(shape) - 1) or configuration.flag("renorm"):
            raise Undetermined("whether `fused=True` is accepted with the other options is not known")


def _cast(configuration: Configuration, tensor: Tensor) -> str | None:
    """Normalizations cast whatever comes in to the compute dtype."""
    return cast_input(configuration, tensor) if standalone(configuration) else compute_dtype(configuration)


@constructor("LayerNormalization", "UnitNormalization")
def check_axis(configuration: Configuration) -> None:
    """An int or a list or tuple of ints."""
    value = configuration.value("axis")
    if value is None or isinstance(value, str | float):
        text = f"Expected an int or a list/tuple of ints for the argument 'axis', but received: {value!r}"
        raise bad_argument("axis", value, text, error="TypeError")


def _undefined(configuration: Configuration, sizes: Sequence[Dim], name: str, axis: int) -> Refused:
    if configuration.generation == 3:
        return undefined_weight(configuration, sizes, name, axis)
    text = f"ValueError: Cannot convert a partially known TensorShape {format_shape(sizes)} to a Tensor."
    return Refused("axis-undefined", text, axis=axis)


@layer("LayerNormalization")
def normalize_layers(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Gamma and beta have the sizes of the axes."""
    tensor = only_tensor(configuration, inputs, checked=False)
    shape = shape_of(tensor)
    axes = _axes(configuration)
    if unchecked(configuration):
        check_real(configuration, tensor)
    if configuration.keras >= SORTED_AXES:
        axes = sorted(axes)
    elif configuration.generation == 2 and len({axis % len(shape) for axis in axes if shape}) != len(axes):
        raise Refused("axis", f"ValueError: Duplicate axis: {axes}", axis=axes[0], rank=len(shape))
    sizes = [_size(shape, axis) for axis in axes]
    if configuration.generation == 2 and len(axes) == len(shape) and axes != sorted(axes):
        raise Undetermined("tf.keras mixes up the axes when all are given in another order")
    scale = configuration.flag("scale", True) or configuration.flag("rms_scaling")
    center = configuration.flag("center", True) and not configuration.flag("rms_scaling")
    names = [name for name, given in (("gamma", scale), ("beta", center)) if given]
    if names and None in sizes:
        raise _undefined(configuration, sizes, names[0], axes[sizes.index(None)])
    trainable = configuration.flag("trainable", True)
    weights = [Weight(name, tuple(sizes), trainable, variable_dtype(configuration)) for name in names]
    return Applied(Tensor(shape, _cast(configuration, tensor)), tuple(weights), _count(weights))


@layer("RMSNormalization")
def normalize_roots(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Scale has the sizes of the axes."""
    tensor = only_tensor(configuration, inputs, checked=False)
    shape = shape_of(tensor)
    axes = _axes(configuration)
    if configuration.keras >= SORTED_AXES:
        axes = sorted(axes)
    elif isinstance(configuration.value("axis"), tuple):
        text = "TypeError: tuple indices must be integers or slices, not tuple"
        raise Refused("argument", text, argument="axis", value=tuple(axes))
    sizes = [_size(shape, axis) for axis in axes]
    if None in sizes:
        raise _undefined(configuration, sizes, "scale", axes[sizes.index(None)])
    trainable = configuration.flag("trainable", True)
    weights = [Weight("scale", tuple(sizes), trainable, variable_dtype(configuration))]
    return Applied(Tensor(shape, compute_dtype(configuration)), tuple(weights), _count(weights))


@constructor("GroupNormalization")
def check_group_normalization(configuration: Configuration) -> None:
    """`GroupNormalization.__init__`: `groups` is positive or -1 (Keras 3.15)."""
    value = configuration.value("groups")
    if configuration.keras >= (3, 15):
        wrong = value is None or isinstance(value, float | str | list | tuple)
        if wrong or (isinstance(value, int) and value <= 0 and value != -1):
            text = (
                "Received an invalid value for argument `groups`, expected a positive integer (or `-1` for instance "
                f"normalization). Received: groups={value}"
            )
            raise bad_argument("groups", cast("object", value), text)


@layer("GroupNormalization")
def normalize_groups(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Gamma and beta have the size of `axis`, a multiple of `groups`."""
    tensor = only_tensor(configuration, inputs, checked=False)
    shape = shape_of(tensor)
    axis = _axes(configuration)[0]
    size = _size(shape, axis)
    if size is None:
        text = f"ValueError: Axis {axis} of input tensor should have a defined dimension but the layer received an input with shape {format_shape(shape)}."
        raise Refused("axis-undefined", text, axis=axis, shape=shape)
    if len(shape) == 1:
        stage = "build" if configuration.generation == 2 else "run"
        raise Refused("rank", "IndexError: pop index out of range", stage=stage, min_rank=2, rank=1, shape=shape)
    groups = configuration.dim("groups")
    if groups is None:
        text = "TypeError: '<' not supported between instances of 'int' and 'NoneType'"
        raise Refused("argument", text, argument="groups", value=None)
    if groups == -1:
        groups = size
    if isinstance(size, int) and isinstance(groups, int) and size < groups:
        text = f"ValueError: Number of groups ({groups}) cannot be more than the number of channels ({size})."
        raise Refused("divisibility", text, value=size, divisor=groups)
    if groups == 0:
        raise Refused("argument", "ZeroDivisionError: integer modulo by zero", argument="groups", value=0)
    rest = modulo(size, groups)
    if isinstance(rest, int) and rest != 0:
        text = f"ValueError: Number of groups ({groups}) must be a multiple of the number of channels ({size})."
        raise Refused("divisibility", text, value=size, divisor=groups)
    given = configuration.value("groups")
    if (
        isinstance(given, float) and given > 0 and configuration.generation == 2
    ):  # `input_shape[axis] // groups` of symbolic sizes
        text = (
            f"TypeError: Expected int32 passed to parameter 'y' of op 'FloorDiv', got {given} of type 'float' instead."
        )
        raise Refused("argument", text, argument="groups", value=given)
    check_real(configuration, tensor)
    trainable = configuration.flag("trainable", True)
    names = [name for name, option in (("gamma", "scale"), ("beta", "center")) if configuration.flag(option, True)]
    weights = [Weight(name, (size,), trainable, variable_dtype(configuration)) for name in names]
    dtype = compute_dtype(configuration) if configuration.generation == 3 else cast_input(configuration, tensor)
    return Applied(Tensor(shape, dtype), tuple(weights), _count(weights))


@layer("UnitNormalization")
def normalize_units(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """The same shape."""
    tensor = only_tensor(configuration, inputs, checked=False)
    shape = shape_of(tensor)
    for axis in _axes(configuration):
        if (3,) <= configuration.keras < AXES_COMPARED and not -len(shape) <= axis < len(shape):
            raise Undetermined("what becomes of an axis outside the rank in this version is not known")
        _size(shape, axis)
    return Applied(Tensor(shape, _cast(configuration, tensor)))
