"""Functions that join arrays or take them apart: concatenate, stack, split, meshgrid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from keras_lsp.shapes.dim import Dim, Shape, add, differ, floor_divide, multiply, product, subtract, unify
from keras_lsp.shapes.ops.arguments import Call, as_sizes, known, printed
from keras_lsp.shapes.ops.dtypes import Dtype, promote_dtypes
from keras_lsp.shapes.outcome import Undetermined
from keras_lsp.shapes.tensor import MAX_CONTENT, Tensor

# More parts than this are a loop over data, not a model.
MAX_PARTS = 4096


def concatenate(call: Call) -> Tensor:
    """Arrays one after the other along an axis; all other sizes must agree."""
    tensors = call.tensors("xs")
    if not tensors:
        raise Undetermined("there is nothing to concatenate")
    if "axis" in call.arguments and call.arguments["axis"] is None:  # np.concatenate(xs, axis=None)
        return _joined(call, [tensor.with_shape((product(known(tensor)),)) for tensor in tensors], 0)
    ranked = [tensor for tensor in tensors if tensor.shape is not None]
    if not ranked:
        return Tensor(None, _common(call, tensors))
    rank = len(known(ranked[0]))
    default = int(call.options.get("axis", "0"))
    if "wrapped" in call.options:  # K.concatenate takes a negative axis modulo the rank
        axis = call.integer("axis", default)
        axis = axis % rank if axis < 0 and rank else call.checked_axis(axis, rank)
    elif len(tensors) == 1 and call.kind == "tensorflow":
        return tensors[0]  # tf.concat does not look at the axis
    else:
        axis = call.one_axis("axis", rank, default)
    return _joined(call, tensors, axis)


def _common(call: Call, tensors: Sequence[Tensor]) -> Dtype:
    return promote_dtypes(call.kind, *(tensor.dtype for tensor in tensors))


def _joined(call: Call, tensors: Sequence[Tensor], axis: int) -> Tensor:
    shapes = [tensor.shape for tensor in tensors]
    first = next(shape for shape in shapes if shape is not None)
    result = list(first)
    total: Dim = 0
    for shape in shapes:
        if shape is None:
            total = None
            continue
        if len(shape) != len(first) or any(
            index != axis and differ(size, first[index]) for index, size in enumerate(shape)
        ):
            _refuse_join(call, shapes, first, shape, axis)
        total = add(total, shape[axis])
        for index, size in enumerate(shape):
            # Keras answers with the sizes of the first one
            result[index] = result[index] if call.kind == "keras" else unify(result[index], size)
    result[axis] = total
    content: object = None
    if len(result) == 1 and isinstance(total, int) and total <= MAX_CONTENT:
        parts = [tensor.content for tensor in tensors]
        if all(isinstance(part, tuple) for part in parts):
            content = tuple(item for part in parts for item in cast("tuple[object, ...]", part))
    classes = {tensor.classes for tensor in tensors}
    labels = classes.pop() if len(classes) == 1 else None
    return Tensor(tuple(result), _common(call, tensors), content, labels)


def _refuse_join(call: Call, shapes: Sequence[Shape | None], first: Shape, shape: Shape, axis: int) -> None:
    if call.kind == "numpy":
        if len(shape) != len(first):
            index = next(i for i, other in enumerate(shapes) if other is shape)
            text = (
                "all the input array dimensions except for the concatenation axis must match exactly, but along dimension "
                f"{min(len(shape), len(first))}, the array at index 0 has {len(first)} dimension(s) and the array at "
                f"index {index} has {len(shape)} dimension(s)"
            )
            text = (
                "all the input arrays must have same number of dimensions, but the array at index 0 has "
                f"{len(first)} dimension(s) and the array at index {index} has {len(shape)} dimension(s)"
            )
        else:
            wrong = next(i for i, size in enumerate(shape) if i != axis and differ(size, first[i]))
            index = next(i for i, other in enumerate(shapes) if other is shape)
            text = (
                "all the input array dimensions except for the concatenation axis must match exactly, but along dimension "
                f"{wrong}, the array at index 0 has size {first[wrong]} and the array at index {index} has size "
                f"{shape[wrong]}"
            )
    elif call.kind == "tensorflow":
        problem = "Ranks of all input tensors should match" if len(shape) != len(first) else "Dimension mismatch"
        text = f"InvalidArgumentError: ConcatOp : {problem}: shape[0] = {printed(first)} vs. {printed(shape)}"
    else:
        text = (
            "Every value in `xs` must have the same shape except on the `axis` dim. But found element of shape "
            f"{printed(shape)}, which is different from the first element's shape {printed(first)}."
        )
    call.refuse("merge", text, shapes=tuple(shapes), axis=axis)


def stack(call: Call) -> Tensor:
    """Arrays of one shape along a new axis."""
    tensors = call.tensors("xs")
    if not tensors:
        raise Undetermined("there is nothing to stack")
    shapes = [tensor.shape for tensor in tensors]
    dtype = _common(call, tensors)
    if any(shape is None for shape in shapes):
        return Tensor(None, dtype)
    first = known(tensors[0])
    merged = list(first)
    for tensor in tensors:
        shape = known(tensor)
        if len(shape) != len(first) or any(differ(a, b) for a, b in zip(shape, first, strict=True)):
            if call.kind == "numpy":
                text = "all input arrays must have the same shape"
            elif call.kind == "tensorflow":
                text = (
                    "InvalidArgumentError: Shapes of all inputs must match: values[0].shape = "
                    f"{printed(first)} != {printed(shape)}"
                )
            else:
                text = (
                    "Every value in `x` must have the same shape. But found element of shape "
                    f"{printed(shape)},  which is different from the first element's shape {printed(first)}."
                )
            call.refuse("merge", text, shapes=tuple(shapes))
        if call.kind != "keras":
            merged = [unify(a, b) for a, b in zip(merged, shape, strict=True)]
    axis = call.one_axis("axis", len(first) + 1, 0)
    merged.insert(axis, len(tensors))
    content = None
    if len(merged) == 1 and len(tensors) <= MAX_CONTENT:
        content = tuple(tensor.content for tensor in tensors)
    return Tensor(tuple(merged), dtype, content)


def stack_along(call: Call) -> Tensor:
    """hstack, vstack, dstack, column_stack: concatenation after raising the rank, option `way`."""
    way = call.options["way"]
    lifted: list[Tensor] = []
    for tensor in call.tensors("xs"):
        shape = known(tensor)
        if way == "vertical" and len(shape) < 2:
            shape = (1,) * (2 - len(shape)) + shape
        elif way == "horizontal" and not shape:
            shape = (1,)
        elif way == "depth" and len(shape) < 3:
            shape = ((1, 1, 1), (1, *shape, 1), (*shape, 1))[len(shape)]
        elif way == "columns" and len(shape) < 2:
            shape = (*shape, 1) if shape else (1, 1)
        lifted.append(tensor.with_shape(shape))
    if not lifted:
        raise Undetermined("there is nothing to stack")
    first = known(lifted[0])
    axis = {"vertical": 0, "depth": 2, "columns": 1, "horizontal": 0 if len(first) == 1 else 1}[way]
    return _joined(call, lifted, axis)


def append(call: Call) -> Tensor:
    """Two arrays one after the other; flattened without an axis (class Append)."""
    first, second = call.tensor("x1"), call.tensor("x2")
    if not call.given("axis"):
        flat = [tensor.with_shape((product(known(tensor)),)) for tensor in (first, second)]
        return _joined(call, flat, 0)
    axis = call.one_axis("axis", len(known(first)))
    return _joined(call, [first, second], axis)


def split(call: Call) -> object:
    """An array cut along an axis into equal parts, at indices, or (tf.split) into parts of given sizes.

    Options: `axis` fixes it, `uneven` allows parts that differ by one, `sizes` reads a list as sizes, not as indices.
    """
    x = call.tensor("x")
    shape = known(x)
    default = int(call.options.get("axis", "0"))
    if "axis_of_rank" in call.options:  # hsplit cuts vectors along their only axis
        default = 0 if len(shape) == 1 else default
    if len(shape) < int(call.options.get("min_rank", "0")):
        least = call.options["min_rank"]
        text = f"`{call.name.rpartition('.')[2]}` only works on arrays of at least {least} dimensions. "
        call.refuse("rank", f"{text}Received array with shape {printed(shape)}.", min_rank=int(least), rank=len(shape))
    late = call.kind == "keras" and "uneven" in call.options  # class ArraySplit checks no axis
    axis = call.one_axis("axis", len(shape), default, late=late)
    size = shape[axis]
    parts = call.value("parts")
    sizes: list[Dim] = []
    if isinstance(parts, Tensor) and parts.shape == ():
        parts = parts.content
    if isinstance(parts, int):
        if parts <= 0 or parts > MAX_PARTS:
            raise Undetermined("the number of parts is not known")
        if "uneven" in call.options:
            if not isinstance(size, int):
                sizes = [None if size is None else floor_divide(add(size, parts - 1 - i), parts) for i in range(parts)]
            else:
                sizes = [size // parts + (index < size % parts) for index in range(parts)]
        else:
            if isinstance(size, int) and size % parts:
                _refuse_split(call, size, parts)
            sizes = [floor_divide(size, parts)] * parts
    else:
        listed = as_sizes(parts)
        if parts is None or listed is None:
            raise Undetermined("the number of parts is not known")
        if "sizes" in call.options:
            sizes = list(listed)
            if sizes.count(-1) == 1:
                rest: Dim = 0
                for item in sizes:
                    rest = rest if item == -1 else add(rest, item)
                sizes = [subtract(size, rest) if item == -1 else item for item in sizes]
            else:
                total: Dim = 0
                for item in sizes:
                    total = add(total, item)
                if differ(total, size):
                    text = f"InvalidArgumentError: Determined shape must match the input: {size} != {total}"
                    call.refuse("axis-size", text, axis=axis, expected=total, found=size)
        else:
            sizes = _between(size, listed, call.kind)
    return [x.with_shape((*shape[:axis], part, *shape[axis + 1 :])) for part in sizes]


def _between(size: Dim, indices: Shape, kind: str) -> list[Dim]:
    """The lengths of the parts between these indices."""
    sizes: list[Dim] = []
    previous: Dim = 0
    for index in (*indices, size):
        if isinstance(index, int) and index < 0:
            raise Undetermined("an index counts from the end")
        part = subtract(index, previous)
        if isinstance(part, int) and (part < 0 or (isinstance(size, int) and isinstance(index, int) and index > size)):
            raise Undetermined("an index lies beyond the end")
        sizes.append(part)
        previous = index
    return sizes


def _refuse_split(call: Call, size: int, parts: int) -> None:
    if call.kind == "numpy":
        text = "array split does not result in an equal division"
    elif call.kind == "tensorflow":
        text = (
            "InvalidArgumentError: Number of ways to split should evenly divide the split dimension, "
            f"but got split_dim (size = {size}) and num_split {parts}"
        )
    else:
        text = (
            "`x` size on given `axis` must be divisible by `indices_or_sections` when `indices_or_sections` is an int. "
            f"But received {size} and {parts}."
        )
    call.refuse("divisibility", text, value=size, divisor=parts)


def unstack(call: Call) -> object:
    """An array as the list of its slices along an axis."""
    x = call.tensor("x")
    shape = known(x)
    axis = call.one_axis("axis", len(shape), 0)
    count = call.value("num")
    if count is None:
        count = shape[axis]
        if count is None and call.kind == "keras":
            call.refuse(
                "axis-undefined",
                f"Cannot infer argument `num` from shape {printed(shape)}. Either provide a tensor with a concrete shape in "
                "the `axis` dimension or explicitly pass the `num` argument.",
                axis=axis,
            )
    if not isinstance(count, int) or count > MAX_PARTS:
        raise Undetermined("the number of slices is not known")
    return [x.with_shape((*shape[:axis], *shape[axis + 1 :]))] * count


def meshgrid(call: Call) -> object:
    """Coordinate arrays of a grid; the first two axes are exchanged unless `indexing="ij"` (class Meshgrid)."""
    tensors = call.tensors("xs")
    sizes = [product(known(tensor)) for tensor in tensors]
    if call.text("indexing", "xy") == "xy" and len(sizes) > 1:
        sizes[0], sizes[1] = sizes[1], sizes[0]
    if call.kind == "keras":
        return [Tensor(tuple(sizes), tensor.dtype) for tensor in tensors]
    grids = [Tensor(tuple(sizes), tensor.dtype) for tensor in tensors]
    return grids if call.kind == "tensorflow" else tuple(grids)


def repeat_elements(call: Call) -> Tensor:
    """Each slice along an axis repeated (K.repeat_elements), or a matrix repeated in time (K.repeat)."""
    x = call.tensor("x")
    shape = known(x)
    count = call.size("repeats")
    if "time" in call.options:
        if len(shape) != 2:
            raise Undetermined("the input is not a matrix")
        return x.with_shape((shape[0], count, shape[1]))
    axis = call.one_axis("axis", len(shape))
    return x.with_shape((*shape[:axis], multiply(shape[axis], count), *shape[axis + 1 :]))
