"""Functions that rearrange the elements of one array: reshape, transpose, squeeze, tile, pad and the like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import cast

from keras_lsp.shapes.dim import Dim, Expr, Shape, add, differ, floor_divide, multiply, opaque, product
from keras_lsp.shapes.ops.arguments import Call, as_dim, as_sizes, known, parts, printed
from keras_lsp.shapes.ops.broadcasting import broadcast
from keras_lsp.shapes.outcome import Refused, Undetermined
from keras_lsp.shapes.tensor import Tensor


def reshape(call: Call) -> Tensor:
    """Another shape for the same elements; `-1` is inferred, as compute_reshape_output_shape of operation_utils.py does."""
    x = call.tensor("x")
    target = call.sizes("shape")
    # NumPy's and the arrays' methods take `reshape(2, 3)` as well as `reshape((2, 3))`.
    if target is not None and call.arguments.get("sizes"):
        target = (*target, *(as_sizes(call.value("sizes")) or ()))
    if target is None:
        return Tensor(None, x.dtype, classes=x.classes)
    shape = _reshaped(call, x.shape, target)
    return Tensor(shape, x.dtype, _rearranged(x.content, shape), x.classes)


def _reshaped(call: Call, source: Shape | None, target: Shape) -> Shape:
    if target.count(-1) > 1 or any(isinstance(dim, int) and dim < -1 for dim in target):
        if call.kind == "numpy":
            call.refuse("reshape-size", "can only specify one unknown dimension", target_shape=target)
        if call.kind == "tensorflow":
            text = "InvalidArgumentError: Only one input size may be -1"
            call.refuse("reshape-size", text, target_shape=target)
        shown = f"newshape={printed(target)}"
        if target.count(-1) > 1:
            text = f"There must be at most one unknown dimension (-1) in `newshape`. Received: {shown}."
        else:
            text = (
                "Each dimension in `newshape` must be a non-negative integer, or `-1` for a single unknown dimension. "
                f"Received: {shown}."
            )
        call.refuse("reshape-size", text, target_shape=target)
    if source is None:
        return tuple(opaque() if dim == -1 else dim for dim in target)
    total = product(source)
    rest = product(dim for dim in target if dim != -1)
    if -1 not in target:
        if differ(total, rest):
            _refuse_reshape(call, source, target, total)
        return target
    if total is None or rest is None:
        return tuple(None if dim == -1 else dim for dim in target)
    if rest == 0:
        raise Undetermined("no element is left to infer a size from")
    if isinstance(total, int) and isinstance(rest, int) and total % rest:
        _refuse_reshape(call, source, target, total)
    inferred = floor_divide(total, rest)
    return tuple(inferred if dim == -1 else dim for dim in target)


def _refuse_reshape(call: Call, source: Shape, target: Shape, total: Dim) -> None:
    inferred = -1 in target
    if call.kind == "numpy":
        shown = ",".join(str(dim) for dim in target) + ("," if len(target) == 1 else "")
        text = f"cannot reshape array of size {total} into shape ({shown})"
    elif call.kind == "tensorflow":
        rest = product(dim for dim in target if dim != -1)
        needs = f"requires a multiple of {rest}" if inferred else f"has {rest}"
        text = (
            f"InvalidArgumentError: Input to reshape is a tensor with {total} values, but the requested shape {needs}"
        )
    elif inferred:
        text = (
            "The total size of the tensor must be unchanged, however, the input size cannot by divided by the specified "
            f"dimensions in newshape. Received: input_shape={printed(source)}, newshape={printed(target)}"
        )
    else:
        text = (
            "The total size of the tensor must be unchanged. Received: "
            f"input_shape={printed(source)}, newshape={printed(target)}"
        )
    call.refuse("reshape-size", text, input_shape=source, target_shape=target)


def _elements(content: object) -> Iterable[object]:
    if isinstance(content, tuple):
        for part in cast("tuple[object, ...]", content):
            yield from _elements(part)
    else:
        yield content


def _rearranged(content: object, shape: Shape) -> object:
    """The same elements in row order as nested tuples of this shape; `None` if they are not known."""
    if content is None:
        return None
    elements = list(_elements(content))
    total = product(shape)
    if total != len(elements) or not all(isinstance(dim, int) for dim in shape):
        return None
    for dim in reversed(shape[1:]):
        assert isinstance(dim, int)
        if dim == 0:
            return None
        elements = [tuple(elements[i : i + dim]) for i in range(0, len(elements), dim)]
    return tuple(elements) if shape else elements[0]


def ravel(call: Call) -> Tensor:
    """All elements along one axis."""
    x = call.tensor("x")
    shape = (product(known(x)),)
    return Tensor(shape, x.dtype, _rearranged(x.content, shape), x.classes)


def batch_flatten(call: Call) -> Tensor:
    """All axes but the first as one; the legacy backend's stack([-1, prod(shape(x)[1:])]) has no static sizes in a graph."""
    x = call.tensor("x")
    shape = known(x)
    if not shape:
        raise Undetermined("a scalar has no batch axis")
    if call.kind == "keras" or None in shape:
        return x.with_shape((None, None))
    return x.with_shape((shape[0], product(shape[1:])))


def transpose(call: Call) -> Tensor:
    """Axes in another order, by default reversed (compute_transpose_output_shape of operation_utils.py)."""
    x = call.tensor("x")
    if x.shape is None:
        return x
    rank = len(x.shape)
    axes: object = call.value("axes")
    if axes == () and "swap_last" not in call.options:
        axes = None
    single = parts(axes)
    if single is not None and len(single) == 1 and not isinstance(single[0], int | Expr):
        axes = single[0]  # x.transpose((0, 2, 1)) as well as x.transpose(0, 2, 1)
    if axes is None:
        if "swap_last" in call.options:  # tf.linalg.matrix_transpose
            if rank < 2:
                raise Undetermined("a matrix needs two axes")
            return x.with_shape((*x.shape[:-2], x.shape[-1], x.shape[-2]))
        return Tensor(x.shape[::-1], x.dtype, x.content if rank < 2 else None, x.classes)
    order = as_sizes(axes)
    if order is None or not all(isinstance(axis, int) for axis in order):
        raise Undetermined("the order of the axes is not known")
    picked = [axis for axis in order if isinstance(axis, int)]
    if len(picked) != rank:
        if call.kind == "numpy":
            text = "axes don't match array"
        elif call.kind == "tensorflow":
            text = (
                f"InvalidArgumentError: transpose expects a vector of size {rank}. "
                f"But input(1) is a vector of size {len(picked)}"
            )
        else:
            text = (
                "axis must be a list of the same length as the input shape, "
                f"expected {rank}, but received {len(picked)}."
            )
        call.refuse("rank", text, expected_rank=len(picked), rank=rank)
    positions = [call.checked_axis(axis, rank) for axis in picked]
    if len(set(positions)) != rank:
        if call.kind == "numpy":
            text = "repeated axis in transpose"
        elif call.kind == "tensorflow":
            text = "InvalidArgumentError: transpose permutation has a repeated axis"
        else:
            text = (
                "`axes` must be a valid permutation of the input dimensions (no duplicates). "
                f"Received: axes={picked} for input of rank {rank}."
            )
        call.refuse("axis", text, axis=tuple(picked), rank=rank)
    return Tensor(tuple(x.shape[axis] for axis in positions), x.dtype, classes=x.classes)


def swapaxes(call: Call) -> Tensor:
    """Two axes exchanged."""
    x = call.tensor("x")
    shape = list(known(x))
    first = call.checked_axis(call.integer("axis1"), len(shape))
    second = call.checked_axis(call.integer("axis2"), len(shape))
    shape[first], shape[second] = shape[second], shape[first]
    return Tensor(tuple(shape), x.dtype, classes=x.classes)


def moveaxis(call: Call) -> Tensor:
    """Some axes moved to other positions, the rest in order."""
    x = call.tensor("x")
    shape = known(x)
    rank = len(shape)
    source = call.axes("source", rank) or ()
    destination = call.axes("destination", rank) or ()
    if len(source) != len(destination) or len(set(source)) != len(source) or len(set(destination)) != len(destination):
        raise Undetermined("the axes to move are not distinct pairs")
    order = [axis for axis in range(rank) if axis not in source]
    for target, axis in sorted(zip(destination, source, strict=True)):
        order.insert(target, axis)
    return Tensor(tuple(shape[axis] for axis in order), x.dtype, classes=x.classes)


def rollaxis(call: Call) -> Tensor:
    """One axis rolled back to before another (numpy.rollaxis)."""
    x = call.tensor("x")
    shape = known(x)
    axis = call.checked_axis(call.integer("axis"), len(shape))
    start = call.integer("start", 0)
    start = start + len(shape) if start < 0 else start
    order = [index for index in range(len(shape)) if index != axis]
    order.insert(start - 1 if axis < start else start, axis)
    return x.with_shape(tuple(shape[index] for index in order))


def expand_dims(call: Call) -> Tensor:
    """New axes of size 1 (compute_expand_dims_output_shape of operation_utils.py)."""
    x = call.tensor("x")
    if x.shape is None:
        return x.with_shape(None)
    value = call.value("axis", int(call.options.get("axis", "-1")))
    wanted = as_sizes(value)
    if wanted is None or not all(isinstance(axis, int) for axis in wanted):
        raise Undetermined("the value of `axis` is not known")
    rank = len(x.shape) + len(wanted)
    axes = [call.checked_axis(axis, rank) for axis in wanted if isinstance(axis, int)]
    if len(set(axes)) != len(axes):
        raise Undetermined("an axis is named twice")
    rest = iter(x.shape)
    shape = tuple(1 if axis in axes else next(rest) for axis in range(rank))
    return Tensor(shape, x.dtype, _rearranged(x.content, shape), x.classes)


def squeeze(call: Call) -> Tensor:
    """Axes of size 1 removed, all of them or the named ones."""
    x = call.tensor("x")
    if x.shape is None:
        return x.with_shape(None)
    axes = call.axes("axis", len(x.shape))
    # tf.squeeze(x, []) removes all of them
    if axes is None or (not axes and call.kind == "tensorflow"):
        # Keras keeps an axis of unknown size; elsewhere it may turn out to be 1 and vanish.
        if any(isinstance(dim, Expr) or (dim is None and call.kind != "keras") for dim in x.shape):
            return Tensor(None, x.dtype, classes=x.classes)
        shape = tuple(dim for dim in x.shape if dim != 1)
    else:
        for axis in axes:
            if differ(x.shape[axis], 1):
                _refuse_squeeze(call, x.shape, axis)
        shape = tuple(dim for axis, dim in enumerate(x.shape) if axis not in axes)
    return Tensor(shape, x.dtype, _rearranged(x.content, shape), x.classes)


def _refuse_squeeze(call: Call, shape: Shape, axis: int) -> None:
    size = shape[axis]
    if call.kind == "numpy":
        text = "cannot select an axis to squeeze out which has size not equal to one"
    elif call.kind == "tensorflow":
        text = f"InvalidArgumentError: Can not squeeze dim[{axis}], expected a dimension of 1, got {size}"
    else:
        text = f"Cannot squeeze axis {axis}, because the dimension is not 1."
    call.refuse("axis-size", text, axis=axis, expected=1, found=size)


def same_shape(call: Call) -> Tensor:
    """The same shape and type: flips, rolls and other permutations of elements; an axis must exist."""
    x = call.tensor("x")
    if x.shape is not None:
        for name in ("axis", "axes"):
            if call.given(name):
                call.axes(name, len(x.shape), late=call.kind == "tensorflow")
        least = int(call.options.get("min_rank", "0"))
        if len(x.shape) < least:
            text = f"requires an array of {least} or more dimensions, but received shape {printed(x.shape)}"
            call.refuse("rank", text, min_rank=least, rank=len(x.shape))
    return Tensor(x.shape, x.dtype, classes=x.classes)


def rotate(call: Call) -> Tensor:
    """A quarter turn in the plane of two axes, `k` times; Keras's symbolic answer always swaps (class Rot90)."""
    x = call.tensor("x")
    shape = list(known(x))
    if len(shape) < 2:
        call.refuse("rank", f"Input array must have at least 2 dimensions. Received: array.shape={shape}", min_rank=2)
    axes = call.axes("axes", len(shape), (0, 1)) or (0, 1)
    if len(axes) != 2 or axes[0] == axes[1]:
        raise Undetermined("the axes are not a plane")
    turns = call.integer("k", 1)
    if turns % 2:
        shape[axes[0]], shape[axes[1]] = shape[axes[1]], shape[axes[0]]
    elif call.kind == "keras" and shape[axes[0]] != shape[axes[1]]:
        raise Undetermined("Keras's symbolic shape after an even number of turns is not the real one")
    return x.with_shape(tuple(shape))


def rotate_images(call: Call) -> Tensor:
    """A quarter turn of images, (height, width, channels) or a batch of them (tf.image.rot90)."""
    x = call.tensor("x")
    shape = list(known(x))
    turns = call.integer("k", 1)
    if len(shape) not in (3, 4):
        raise Undetermined("an image has three or four axes")
    if turns % 2:
        shape[-3], shape[-2] = shape[-2], shape[-3]
    return x.with_shape(tuple(shape))


def tile(call: Call) -> Tensor:
    """The array repeated as a whole along each axis; NumPy and Keras pad the shorter of shape and repeats with ones."""
    x = call.tensor("x")
    repeats = call.sizes("repeats")
    if repeats is None:
        return x.with_shape((opaque(),) * len(x.shape) if x.shape is not None and call.kind == "tensorflow" else None)
    if x.shape is None:
        return x.with_shape(None)
    shape = x.shape
    if call.kind == "tensorflow" and len(repeats) != len(shape):
        text = (
            f"InvalidArgumentError: Expected multiples argument to be a vector of length {len(shape)} but got length "
        )
        call.refuse("rank", f"{text}{len(repeats)}", expected_rank=len(repeats), rank=len(shape))
    rank = max(len(shape), len(repeats))
    shape = (1,) * (rank - len(shape)) + shape
    repeats = (1,) * (rank - len(repeats)) + repeats
    return Tensor(
        tuple(multiply(size, count) for size, count in zip(shape, repeats, strict=True)), x.dtype, classes=x.classes
    )


def repeat(call: Call) -> Tensor:
    """Each element repeated along an axis, or along the flattened array."""
    x = call.tensor("x")
    shape = known(x)
    axis = call.axis("axis", len(shape))
    if axis is None:
        shape, axis = (product(shape),), 0
    value = call.value("repeats")
    size = shape[axis]
    counts = as_sizes(value)
    scalar = not isinstance(value, Sequence) and not (isinstance(value, Tensor) and value.shape != ())
    if counts is None:
        new: Dim = None
    elif scalar or len(counts) == 1:
        new = multiply(size, counts[0])
    elif differ(size, len(counts)):
        text = (
            f"Size of `repeats` and dimensions of `axis {axis} of x` should be compatible. "
            f"Received: {len(counts)} and {printed(shape)}"
        )
        if call.kind == "numpy":
            text = f"operands could not be broadcast together with shape ({size},) ({len(counts)},)"
        call.refuse("axis-size", text, axis=axis, expected=len(counts), found=size)
    elif size is None and call.kind == "keras":
        new = None
    else:
        new = 0
        for count in counts:
            new = add(new, count)
    return Tensor((*shape[:axis], new, *shape[axis + 1 :]), x.dtype, classes=x.classes)


def pad(call: Call) -> Tensor:
    """Elements added before and after along each axis: one number, one pair, or a pair per axis."""
    x = call.tensor("x")
    width = call.value("width")
    if isinstance(width, Tensor) and width.content is not None:
        width = width.content
    if isinstance(width, Tensor):
        return x.with_shape((None,) * len(x.shape) if x.shape is not None else None)
    if isinstance(width, dict):
        raise Undetermined("the padding is not a list of pairs")
    if not isinstance(width, Sequence):
        size = as_dim(width)
        pairs = [(size, size)]
    else:
        items = list(cast("Sequence[object]", width))
        if items and all(not isinstance(item, Sequence | Tensor) for item in items):
            if len(items) == 1:
                items = [[items[0], items[0]]]
            elif len(items) == 2:
                items = [items]
            else:
                raise Undetermined("the padding is not a list of pairs")
        pairs: list[tuple[Dim, Dim]] = []
        for item in items:
            pair = as_sizes(item)
            if pair is None or len(pair) not in (1, 2):
                raise Undetermined("the padding is not a list of pairs")
            pairs.append((pair[0], pair[-1]))
    if x.shape is None:
        return x.with_shape((opaque(),) * len(pairs) if len(pairs) > 1 else None)
    if len(pairs) == 1 and (call.kind != "tensorflow" or len(x.shape) == 1):
        pairs = pairs * len(x.shape)
    if len(pairs) != len(x.shape):
        if call.kind == "numpy":
            text = (
                "operands could not be broadcast together with remapped shapes [original->remapped]: "
                f"({len(pairs)},2)  and requested shape ({len(x.shape)},2)"
            )
        elif call.kind == "tensorflow":
            text = (
                f"InvalidArgumentError: The first dimension of paddings must be the rank of inputs[{len(pairs)},2] "
                f"{printed(x.shape)}"
            )
        else:
            text = (
                "`pad_width` must have the same length as `x.shape`. Received: "
                f"pad_width={tuple(pairs)} (of length {len(pairs)}) and x.shape={printed(x.shape)} "
                f"(of length {len(x.shape)})"
            )
        call.refuse("rank", text, expected_rank=len(pairs), rank=len(x.shape))
    return x.with_shape(tuple(add(size, add(*pair)) for size, pair in zip(x.shape, pairs, strict=True)))


def pad_axes(call: Call) -> Tensor:
    """Zeros around the spatial axes (temporal_padding, spatial_2d_padding, spatial_3d_padding of the legacy backend)."""
    x = call.tensor("x")
    shape = list(known(x))
    count = int(call.options["axes"])
    padding = call.value("padding", 1 if count > 1 else (1, 1))
    pairs = [padding] if count == 1 else padding
    if not isinstance(pairs, Sequence):
        pairs = [(padding, padding)] * count
    data_format = call.text("data_format", "channels_last")
    first = 2 if data_format == "channels_first" and count > 1 else 1
    for axis, pair in enumerate(cast("Sequence[object]", pairs), start=first):
        sizes = as_sizes(pair)
        if sizes is None or len(sizes) != 2 or axis >= len(shape):
            raise Undetermined("the padding is not a list of pairs")
        shape[axis] = add(shape[axis], add(*sizes))
    return x.with_shape(tuple(shape))


def broadcast_to(call: Call) -> Tensor:
    """The array stretched to a shape."""
    x = call.tensor("x")
    target = call.sizes("shape")
    if target is None:
        return x.with_shape(None)
    if -1 not in target:  # tf.broadcast_to keeps an axis with -1
        merged = broadcast(x.shape, target, kind=call.kind)
        smaller = merged is not None and any(
            differ(size, wanted) for size, wanted in zip(merged[::-1], target[::-1], strict=False)
        )
        if x.shape is not None and (len(x.shape) > len(target) or smaller):
            text = f"cannot broadcast shape {printed(x.shape)} to {printed(target)}"
            # class BroadcastTo looks only whether both can be stretched
            stage = "run" if call.kind == "keras" else "build"
            raise Refused("broadcast", f"ValueError: {text}", stage=stage, shapes=(x.shape, target))
    else:
        raise Undetermined("an axis of the target keeps its size")
    return x.with_shape(target)


def at_least(call: Call) -> Tensor:
    """At least one, two or three axes (numpy.atleast_1d and the like), by `rank`."""
    x = call.tensor("x")
    shape = known(x)
    rank = int(call.options["rank"])
    if len(shape) < rank:
        if rank == 3 and len(shape) == 1:
            shape = (1, shape[0], 1)
        elif rank == 3 and len(shape) == 2:
            shape = (*shape, 1)
        else:
            shape = (1,) * (rank - len(shape)) + shape
    return Tensor(shape, call.dtype(x.dtype))


def resize_array(call: Call) -> Tensor:
    """Exactly the asked shape, with repeated elements where needed (numpy.resize)."""
    return call.tensor("x").with_shape(call.fixed_sizes("shape"))


def view(call: Call) -> Tensor:
    """The same bytes read as another type; the last axis shrinks or grows with the size of an element (class View)."""
    x = call.tensor("x")
    dtype = call.dtype(x.dtype)
    if dtype is None or x.dtype is None:
        raise Undetermined("the element types are not known")
    old, new = _bytes(x.dtype), _bytes(dtype)
    if old == new:
        return Tensor(x.shape, dtype)
    shape = known(x)
    if not shape:
        text = "Cannot view a scalar as a different dtype if item sizes are different."
        call.refuse("dtype", text, dtype=dtype)
    last = multiply(shape[-1], old)
    if isinstance(last, int) and last % new:
        call.refuse(
            "dtype",
            f"Cannot view array of shape {printed(shape)} and dtype {x.dtype} as dtype {dtype} because the total number of "
            "bytes is not divisible by the new itemsize.",
            dtype=dtype,
        )
    return Tensor((*shape[:-1], floor_divide(last, new)), dtype)


def _bytes(dtype: str) -> int:
    digits = re.search(r"\d+", dtype)
    return int(digits.group()) // 8 if digits and not dtype.startswith("float8") else 1


def rearrange(call: Call) -> Tensor:
    """Axes named, split, merged and reordered by a pattern: "b (h w) c -> b h w c" (keras/src/ops/einops.py)."""
    x = call.tensor("x")
    shape = known(x)
    source_text, arrow, target_text = call.text("pattern").partition("->")
    source, target = (_groups(text) for text in (source_text, target_text))
    if not arrow or len(source) != len(shape) or "..." in source_text + target_text:
        raise Undetermined("the pattern does not match the axes")
    lengths: dict[str, Dim] = {}
    for name, value in call.arguments.items():
        if name not in ("x", "pattern"):
            lengths[name] = as_dim(value)
    for group, size in zip(source, shape, strict=True):
        missing = [name for name in group if name not in lengths]
        given = product(lengths[name] for name in group if name in lengths)
        if len(missing) > 1:
            raise Undetermined("the lengths of the axes are not known")
        if missing:
            lengths[missing[0]] = floor_divide(size, given)
    sizes: list[Dim] = []
    for group in target:
        if any(name not in lengths for name in group):
            raise Undetermined("the pattern names an axis that is not there")
        sizes.append(product(lengths[name] for name in group))
    return x.with_shape(tuple(sizes))


def _groups(text: str) -> list[list[str]]:
    return [re.findall(r"\w+", part) for part in re.findall(r"\w+|\(.*?\)", text)]


def resize_images(call: Call) -> Tensor:
    """Height and width multiplied by whole factors (resize_images, resize_volumes of the legacy backend)."""
    x = call.tensor("x")
    shape = list(known(x))
    names = [name for name in ("depth_factor", "height_factor", "width_factor") if name in call.arguments]
    first = 2 if call.text("data_format", "channels_last") == "channels_first" else 1
    for axis, name in enumerate(names, start=first):
        if axis >= len(shape):
            raise Undetermined("the input has too few axes")
        shape[axis] = multiply(shape[axis], call.size(name))
    return x.with_shape(tuple(shape))


def remove_items(call: Call) -> Tensor:
    """Some indices along an axis left out (numpy.delete)."""
    x = call.tensor("x")
    shape = known(x)
    axis = call.axis("axis", len(shape))
    if axis is None:
        shape, axis = (product(shape),), 0
    removed = call.value("indices")
    count: Dim = None
    if isinstance(removed, int):
        count = 1
    elif isinstance(removed, Sequence):
        items = cast("Sequence[object]", removed)
        if all(isinstance(item, int) and not isinstance(item, bool) and item >= 0 for item in items):
            count = len(set(items))
    size = add(shape[axis], -count) if isinstance(count, int) else None
    return x.with_shape((*shape[:axis], size, *shape[axis + 1 :]))


def ensure_shape(call: Call) -> Tensor:
    """An array with the axes cut to a known static shape (`tf.ensure_shape`, `set_shape`)."""
    x = call.tensor("x")
    target = call.sizes("shape")
    if target is None:
        return x
    if x.shape is None:
        return x.with_shape(target)
    if len(x.shape) != len(target) or any(differ(a, b) for a, b in zip(x.shape, target, strict=True)):
        text = f"Tensor shape {printed(x.shape)} is not compatible with expected shape {printed(target)}"
        call.refuse("axis-size", text, expected=target, found=x.shape)
    shape = tuple(
        b if a is None or (b is not None and not isinstance(a, int)) else a
        for a, b in zip(x.shape, target, strict=True)
    )
    return Tensor(shape, x.dtype, x.content, x.classes)
