"""Layers that move, repeat, cut or pad: Flatten, Reshape, Permute, RepeatVector, Cropping, ZeroPadding, UpSampling.

Sources: `keras/src/layers/reshaping/*.py`, `keras/src/ops/operation_utils.py` (Keras 3); `layers/reshaping/*.py` (tf.keras).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast

from keras_lsp.shapes.arguments import cast_input, check_real, elementwise_dtype, read_channels_first, read_tuple
from keras_lsp.shapes.configuration import Configuration, UnknownValue
from keras_lsp.shapes.dim import (
    Dim,
    Expr,
    Shape,
    add,
    differ,
    floor_divide,
    format_shape,
    is_opaque,
    modulo,
    multiply,
    product,
    subtract,
)
from keras_lsp.shapes.formulas import number
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined
from keras_lsp.shapes.refusals import bad_argument, check_rank, only_tensor, shape_of, standalone, unchecked
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor


def _rank(configuration: Configuration) -> int:
    found = re.search(r"([123])D", configuration.class_name)
    assert found is not None
    return int(found[1])


@constructor("Flatten")
def check_flatten(configuration: Configuration) -> None:
    """`Flatten.__init__`."""
    read_channels_first(configuration)


@layer("Flatten")
def flatten_axes(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """(batch, product of all other axes)."""
    tensor = only_tensor(configuration, inputs)
    shape = check_rank(configuration, tensor, at_least=3 if standalone(configuration) else 1)
    if standalone(configuration) and None in shape[1:]:
        text = (
            f'ValueError: The shape of the input to "Flatten" is not fully defined (got {format_shape(shape[1:])}). Make '
            'sure to pass a complete "input_shape" or "batch_input_shape" argument to the first layer in your model.'
        )
        raise Refused("axis-undefined", text, axis=shape.index(None, 1), shape=shape)
    # Keras does not multiply by a size that may be anything, not even when another one is 0
    size = None if None in shape[1:] else product(shape[1:])
    line = f"{' * '.join(number(dim) for dim in shape[1:])} = {number(size)}"
    lines = (line,) if len(shape) > 2 and size is not None else ()
    flat: Shape = (shape[0] if shape else None, size)
    return Applied(Tensor(flat, cast_input(configuration, tensor)), (), lines)


def _target(configuration: Configuration) -> Shape:
    value = configuration.value("target_shape")
    if isinstance(value, int | float | None):
        text = f"'{type(value).__name__}' object is not iterable"
        raise bad_argument("target_shape", value, text, error="TypeError")
    if not isinstance(value, list | tuple):
        raise Undetermined("the value of `target_shape` is not known")
    dims: list[Dim] = []
    for item in cast("Sequence[object]", value):
        if isinstance(item, UnknownValue):
            raise Undetermined(f"a size in `target_shape` is not known: {item.reason}")
        if isinstance(item, float):
            if configuration.keras >= (3, 15):
                raise Undetermined("floats in `target_shape` are taken by some of its checks and not by others")
            if configuration.generation == 3:
                text = f"ValueError: Cannot convert '{value}' to a shape. Found invalid entry '{item}' of type '<class 'float'>'. "
            else:
                text = f"TypeError: Expected int32, but got {item} of type 'float'."
            raise Refused("argument", text, argument="target_shape", value=item)
        if not (item is None or isinstance(item, int | Expr)):
            raise Undetermined(f"`target_shape` holds {item!r}")
        dims.append(item)
    return tuple(dims)


@constructor("Reshape")
def check_reshape(configuration: Configuration) -> None:
    """`validate_reshape_shape` (Keras 3.15)."""
    target = _target(configuration)
    if configuration.keras >= (3, 15):
        _check_target(target, "construct")


def _check_target(target: Shape, stage: str) -> None:
    for dim in target:
        if isinstance(dim, int) and dim < -1:
            text = (
                "ValueError: Each dimension in `target_shape` must be a non-negative integer, or `-1` for a single unknown "
                f"dimension. Received: target_shape={format_shape(target)}."
            )
            raise Refused("argument", text, stage=stage, argument="target_shape", value=target)
    if sum(dim == -1 for dim in target) > 1:
        text = (
            "ValueError: There must be at most one unknown dimension (-1) in `target_shape`. "
            f"Received: target_shape={format_shape(target)}."
        )
        raise Refused("argument", text, stage=stage, argument="target_shape", value=target)


@layer("Reshape")
def reshape(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """(batch, *target_shape), with -1 filled in where all sizes are known."""
    tensor = only_tensor(configuration, inputs, checked=False)
    shape = shape_of(tensor)
    if not shape:
        raise Undetermined("the input is a scalar")
    target = _target(configuration)
    if configuration.generation == 3:
        _check_target(target, "build")
    elif any(isinstance(dim, int) and dim < -1 for dim in target):
        raise Undetermined("what becomes of a size below -1 in `target_shape` is not known")
    elif target.count(-1) > 1:
        if None in shape[1:]:
            raise Undetermined("several sizes of `target_shape` are left open")
        text = f"ValueError: There must be at most one unknown dimension in output_shape. Received: output_shape={list(target)}."
        raise Refused("argument", text, argument="target_shape", value=target)
    dtype = cast_input(configuration, tensor)
    if None in target and configuration.generation == 2:
        text = "ValueError: Tried to convert 'shape' to a tensor and failed. Error: None values not supported."
        raise Refused("argument", text, argument="target_shape", value=target)
    if None in target and None not in shape[1:] and configuration.keras < (3, 15):
        text = "TypeError: unsupported operand type(s) for *: 'int' and 'NoneType'"
        raise Refused("argument", text, argument="target_shape", value=target)
    open_axis = target.index(-1) if -1 in target else None
    if None in shape[1:] or None in target:
        output = tuple(None if dim == -1 else dim for dim in target)
        if configuration.generation == 2:
            _check_partial(shape, target)
        return Applied(Tensor((shape[0], *output), dtype))
    elements = product(shape[1:])
    known = product(dim for dim in target if dim != -1)
    where = f"Received: input_shape={format_shape(shape[1:])}, target_shape={format_shape(target)}"
    listed = [f"[{format_shape(sizes).strip('(),')}]" for sizes in (shape[1:], target)]
    unchanged = f"total size of new array must be unchanged, input_shape = {listed[0]}, output_shape = {listed[1]}"
    if open_axis is None:
        if differ(elements, known):
            text = f"ValueError: The total size of the tensor must be unchanged. {where}"
            if configuration.generation == 2:
                text = f"ValueError: {unchanged}"
            raise Refused("reshape-size", text, input_shape=shape[1:], target_shape=target)
        return Applied(Tensor((shape[0], *target), dtype), (), (_equality(shape[1:], target, elements),))
    if known == 0 and any(is_opaque(dim) for dim in shape[1:]):
        raise Undetermined("a size that may be dynamic is divided by 0")
    rest = modulo(elements, known) if known != 0 else 1
    if isinstance(rest, int) and rest != 0:
        text = (
            "ValueError: The total size of the tensor must be unchanged, however, the input size cannot by divided by the "
            f"specified dimensions in target_shape. {where}"
        )
        if configuration.generation == 2:
            text = f"ValueError: {unchanged}"
        raise Refused("reshape-size", text, input_shape=shape[1:], target_shape=target)
    filled = floor_divide(elements, known)
    output = tuple(filled if index == open_axis else dim for index, dim in enumerate(target))
    return Applied(Tensor((shape[0], *output), dtype), (), (_equality(shape[1:], output, elements),))


def _check_partial(shape: Shape, target: Shape) -> None:
    """TensorFlow's kernel compares the sizes it knows, the batch among them."""
    known = [dim for dim in shape if dim is not None]
    if len(known) != len(shape) - 1 or -1 in target:
        return
    rest = modulo(product((shape[0], *target)), product(known))
    if isinstance(rest, int) and rest != 0:
        text = f"ValueError: Dimension size must be evenly divisible by {product(known)}"
        raise Refused("reshape-size", text, input_shape=shape[1:], target_shape=target)


def _equality(left: Shape, right: Shape, elements: Dim) -> str:
    def factors(shape: Shape) -> str:
        return " * ".join(str(dim) for dim in shape) or "1"

    return f"{factors(left)} = {factors(right)} = {number(elements)}"


def _dims(configuration: Configuration) -> tuple[int, ...]:
    value = configuration.value("dims")
    if value is None or isinstance(value, int | float):
        text = f"'{type(value).__name__}' object is not iterable"
        raise bad_argument("dims", value, text, error="TypeError")
    if not isinstance(value, list | tuple):
        raise Undetermined("the value of `dims` is not known")
    items = cast("Sequence[object]", value)
    if not all(isinstance(item, int) for item in items):
        raise Undetermined("`dims` holds something else than numbers")
    return cast("tuple[int, ...]", tuple(items))


@constructor("Permute")
def check_permute(configuration: Configuration) -> None:
    """`Permute.__init__`: a permutation of 1 .. n."""
    dims = _dims(configuration)
    if sorted(dims) != list(range(1, len(dims) + 1)) and not standalone(configuration):
        text = (
            "Invalid permutation argument `dims` for Permute Layer. The set of indices in `dims` must be consecutive and "
            f"start from 1. Received dims={dims}"
        )
        raise bad_argument("dims", dims, text)


@layer("Permute")
def permute(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """The axes in the order of `dims`, the batch axis first."""
    dims = _dims(configuration)
    tensor = only_tensor(configuration, inputs)
    shape = check_rank(configuration, tensor, exactly=len(dims) + 1)
    if sorted(dims) != list(range(1, len(dims) + 1)):
        raise Undetermined("`dims` is no permutation")
    return Applied(Tensor((shape[0], *(shape[axis] for axis in dims)), cast_input(configuration, tensor)))


@constructor("RepeatVector")
def check_repeat(configuration: Configuration) -> None:
    """`RepeatVector.__init__`."""
    value = configuration.value("n")
    if unchecked(configuration) or isinstance(value, Expr):
        return
    if (
        value is None
        or isinstance(value, float | str | list | tuple)
        or (isinstance(value, bool) and configuration.keras >= (3, 15))
    ):
        text = f"Expected an integer value for `n`, got {type(cast('object', value))}."
        raise bad_argument("n", cast("object", value), text, error="TypeError")
    if isinstance(value, int) and value <= 0 and configuration.keras >= (3, 15):
        raise bad_argument("n", value, f"Argument `n` should be a positive integer. Received: n={value}")


@layer("RepeatVector")
def repeat(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """(batch, features) becomes (batch, n, features)."""
    if isinstance(configuration.value("n"), float):
        raise Undetermined("`n` is not a whole number")
    count = configuration.dim("n")
    tensor = only_tensor(configuration, inputs)
    shape = check_rank(configuration, tensor, exactly=2)
    if count is None:
        raise Undetermined("`n` is None")
    if isinstance(count, int) and count < 0:
        raise Undetermined("`n` is negative")
    return Applied(Tensor((shape[0], count, shape[1]), elementwise_dtype(configuration, tensor)))


_CROPPING = ("Cropping1D", "Cropping2D", "Cropping3D")
_PADDING = ("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
_UPSAMPLING = ("UpSampling1D", "UpSampling2D", "UpSampling3D")


def _margins(configuration: Configuration, name: str) -> tuple[tuple[Dim, Dim], ...]:
    """How much before and after each spatial axis: an int, one number per axis, or a pair per axis."""
    rank = _rank(configuration)
    value = configuration.value(name)
    if rank == 1:
        before, after = read_tuple(configuration, name, 2, allow_zero=True)
        return ((before, after),)
    if isinstance(value, int | Expr):
        if isinstance(value, int) and value < 0 and name == "cropping" and configuration.generation == 3:
            raise bad_argument(name, value, f"`{name}` cannot be negative. Received: {name}={value}.")
        return ((value, value),) * rank
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        if len(items) != rank:
            words = {2: "two", 3: "3"}[rank]
            raise bad_argument(name, items, f"`{name}` should have {words} elements. Received: {name}={value}.")
        ordinals = ("1st", "2nd", "3rd")
        margins: list[tuple[Dim, Dim]] = []
        for index, item in enumerate(items):
            before, after = read_tuple(
                configuration, f"{ordinals[index]} entry of {name}", 2, allow_zero=True, value=item
            )
            margins.append((before, after))
        return tuple(margins)
    if value is None or isinstance(value, float):
        text = f"`{name}` should be either an int, a tuple of {rank} ints or a tuple of {rank} tuples of 2 ints. Received: {name}={value}."
        raise bad_argument(name, value, text)
    raise Undetermined(f"the value of `{name}` is not known")


def _first(configuration: Configuration) -> bool:
    """Cropping1D and UpSampling1D know no `data_format`."""
    if "data_format" not in configuration.arguments and _rank(configuration) == 1:
        return False
    return read_channels_first(configuration)


@constructor(*_CROPPING)
def check_cropping(configuration: Configuration) -> None:
    """`Cropping.__init__`."""
    _first(configuration)
    _margins(configuration, "cropping")


@layer(*_CROPPING)
def crop(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Each spatial axis loses its margins; nothing left is refused."""
    rank = _rank(configuration)
    margins = _margins(configuration, "cropping")
    offset = 2 if _first(configuration) else 1
    tensor = only_tensor(configuration, inputs)
    shape = check_rank(configuration, tensor, exactly=rank + 2)
    output = list(shape)
    lines: list[str] = []
    for index, (before, after) in enumerate(margins):
        axis = index + offset
        size = shape[axis]
        left = subtract(subtract(size, before), after)
        if any(isinstance(margin, int) and margin < 0 for margin in (before, after)):
            raise Undetermined("a cropping is negative")
        if isinstance(left, int) and left <= 0 and standalone(configuration):
            pass  # the declared shape is the difference, even a negative one
        elif (
            isinstance(left, int)
            and left <= 0
            and configuration.generation == 2
            and (rank == 3 or unchecked(configuration))
        ):
            left = 0  # tf.keras slices without looking
        elif isinstance(left, int) and left <= 0:
            text = _cropping_text(configuration, shape, margins)
            raise Refused("spatial-size", text, axis=axis, size=size, kernel=add(before, after), padding="cropping")
        output[axis] = left
        _append(lines, f"{size} - {before} - {after} = {left}", left)
    return Applied(Tensor(tuple(output), elementwise_dtype(configuration, tensor)), (), tuple(lines))


def _cropping_text(configuration: Configuration, shape: Shape, margins: tuple[tuple[Dim, Dim], ...]) -> str:
    cropping: object = margins if len(margins) > 1 else next(iter(margins))
    if configuration.generation == 2 and len(margins) == 1:
        return (
            "ValueError: cropping parameter of Cropping layer must be greater than the input shape. "
            f"Received: inputs.shape={format_shape(shape)}, and cropping={cropping}"
        )
    if len(margins) == 1:
        return (
            "ValueError: `cropping` parameter of `Cropping1D` layer must be smaller than the input length. "
            f"Received: input_shape={format_shape(shape)}, cropping={cropping}"
        )
    if configuration.generation == 2:
        return (
            "ValueError: Argument `cropping` must be greater than the input shape. "
            f"Received: inputs.shape={format_shape(shape)}, and cropping={cropping}"
        )
    return (
        "ValueError: Values in `cropping` argument should be smaller than the corresponding spatial dimension of the "
        f"input. Received: input_shape={format_shape(shape)}, cropping={cropping}"
    )


def _append(lines: list[str], line: str, result: Dim) -> None:
    if result is not None and line not in lines:
        lines.append(line)


@constructor(*_PADDING)
def check_padding(configuration: Configuration) -> None:
    """`ZeroPadding.__init__`."""
    _first(configuration)
    _margins(configuration, "padding")


@layer(*_PADDING)
def pad(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Each spatial axis gains its margins."""
    rank = _rank(configuration)
    margins = _margins(configuration, "padding")
    offset = 2 if _first(configuration) else 1
    tensor = only_tensor(configuration, inputs)
    shape = check_rank(configuration, tensor, exactly=rank + 2)
    output = list(shape)
    lines: list[str] = []
    for index, (before, after) in enumerate(margins):
        axis = index + offset
        if any(isinstance(margin, int) and margin < 0 for margin in (before, after)):
            raise Undetermined("a padding is negative")
        output[axis] = add(add(shape[axis], before), after)
        _append(lines, f"{shape[axis]} + {before} + {after} = {output[axis]}", output[axis])
    return Applied(Tensor(tuple(output), elementwise_dtype(configuration, tensor)), (), tuple(lines))


def _factors(configuration: Configuration) -> tuple[Dim, ...]:
    rank = _rank(configuration)
    value = configuration.value("size")
    if rank > 1:
        return read_tuple(configuration, "size", rank)
    if configuration.generation == 2:
        value = configuration.dim("size")
        return (value,)
    if isinstance(value, Expr):
        return (value,)
    if isinstance(value, int) and not (isinstance(value, bool) and configuration.keras >= (3, 15)):
        if value <= 0 and configuration.keras >= (3, 15):
            raise bad_argument("size", value, f"Argument `size` should be a positive integer. Received: size={value}")
        return (int(value),)
    if configuration.keras >= (3, 15) and (value is None or isinstance(value, bool | float | str | list | tuple)):
        text = f"Expected an integer value for `size`, got {type(cast('object', value))}."
        raise bad_argument("size", cast("object", value), text, error="TypeError")
    raise Undetermined("the value of `size` is not known")


@constructor(*_UPSAMPLING)
def check_upsampling(configuration: Configuration) -> None:
    """`UpSampling.__init__`."""
    _first(configuration)
    _factors(configuration)
    if configuration.class_name == "UpSampling2D" and configuration.generation == 2:
        interpolation = configuration.value("interpolation", "nearest")
        names: tuple[str, ...] = (
            "area",
            "bicubic",
            "bilinear",
            "gaussian",
            "lanczos3",
            "lanczos5",
            "mitchellcubic",
            "nearest",
        )
        if unchecked(configuration):
            names = ("nearest", "bilinear")
        if isinstance(interpolation, str) and interpolation not in names:
            text = f"`interpolation` argument should be one of {names}. Received: {interpolation}."
            raise bad_argument("interpolation", interpolation, text)


@layer(*_UPSAMPLING)
def upsample(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Each spatial axis times its factor."""
    rank = _rank(configuration)
    factors = _factors(configuration)
    offset = 2 if _first(configuration) else 1
    tensor = only_tensor(configuration, inputs)
    loose = "UpSampling1D" if standalone(configuration) else "UpSampling3D"
    if configuration.class_name == loose and configuration.generation == 2 and len(shape_of(tensor)) != rank + 2:
        # its `input_spec` is lost in `__init__`
        raise Undetermined(f"{loose} takes other ranks than {rank + 2} in this version")
    shape = check_rank(configuration, tensor, exactly=rank + 2)
    output = list(shape)
    lines: list[str] = []
    for index, factor in enumerate(factors):
        axis = index + offset
        if factor is None:
            raise Undetermined("`size` is None")
        if isinstance(factor, int) and factor <= 0:
            if configuration.generation == 3 or not isinstance(shape[axis], int):
                raise Undetermined("`size` is not positive")
            text = (
                "ValueError: List argument 'indices' to 'SparseConcat' Op with length 0 shorter than minimum length 2."
            )
            raise Refused("argument", text, argument="size", value=factor)
        output[axis] = multiply(shape[axis], factor)
        _append(lines, f"{shape[axis]} * {factor} = {output[axis]}", output[axis])
    dtype = elementwise_dtype(configuration, tensor)
    if rank == 2 and configuration.generation == 2:
        # `backend.resize_images`: one dynamic size makes both dynamic; only "nearest" keeps the element type
        check_real(configuration, tensor, "bool")
        if None in shape[offset : offset + 2] and not unchecked(configuration):
            output[offset : offset + 2] = (None, None)
            lines.clear()
        if configuration.value("interpolation", "nearest") != "nearest":
            dtype = "float32"
    return Applied(Tensor(tuple(output), dtype), (), tuple(lines))
