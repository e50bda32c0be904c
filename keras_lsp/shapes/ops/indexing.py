"""Functions that pick elements: subscripts, take, gather, slice, scatter, top_k, segments."""

from __future__ import annotations

from typing import NoReturn, cast

from keras_lsp.shapes.configuration import UnknownValue
from keras_lsp.shapes.dim import Dim, Expr, Shape, add, ceil_divide, differ, minimum, opaque, product, subtract
from keras_lsp.shapes.ops.arguments import Call, as_dim, as_tensor, known, printed
from keras_lsp.shapes.ops.broadcasting import broadcast
from keras_lsp.shapes.ops.creation import DRAWS_PER_CLASS
from keras_lsp.shapes.ops.dtypes import is_integer
from keras_lsp.shapes.outcome import Refused, Undetermined
from keras_lsp.shapes.tensor import Tensor


def subscripted(x: Tensor, index: object) -> Tensor:
    """`x[index]` for any index NumPy takes: numbers, slices, `None`, `...`, integer arrays, boolean masks.

    Raises:
        Refused: too many indices, or a number outside a known axis.
        Undetermined: the rank or the index is not known.
    """
    items = list(cast("tuple[object, ...]", index)) if isinstance(index, tuple) else [index]
    if x.shape is None:
        # Only an index without axes keeps what is known, and that is nothing.
        return Tensor(None, x.dtype)
    items = [_item(item) for item in items]
    consumed = sum(_consumes(item) for item in items)
    dots = [position for position, item in enumerate(items) if item is Ellipsis]
    if len(dots) > 1:
        raise Undetermined("an index has one ellipsis at most")
    if consumed > len(x.shape):
        _refuse_index(
            f"IndexError: too many indices for array: array is {len(x.shape)}-dimensional, but {consumed} were indexed",
            rank=len(x.shape),
            found=consumed,
        )
    fill = [slice(None)] * (len(x.shape) - consumed)
    at = dots[0] if dots else len(items)
    items = items[:at] + cast("list[object]", fill) + items[at + 1 :]
    return _select(x, x.shape, items)


def _item(item: object) -> object:
    """An index as a number, size, slice, `None`, `...`, or an array."""
    if isinstance(item, UnknownValue):
        raise Undetermined(f"an index is not known: {item.reason}")
    if isinstance(item, bool):
        raise Undetermined("a truth value as an index adds an axis")
    if isinstance(item, Tensor) and item.shape == () and is_integer(item.dtype):
        return item.content if isinstance(item.content, int | Expr) else opaque()
    if isinstance(item, range | list):
        return as_tensor(cast("object", item), "numpy") if item else Tensor((0,), "int64", ())
    if item is None or item is Ellipsis or isinstance(item, int | Expr | slice | Tensor):
        return cast("object", item)
    if isinstance(item, tuple):
        return as_tensor(cast("object", item), "numpy")
    raise Undetermined("an index is not known")


def _consumes(item: object) -> int:
    """How many axes of the array an index uses up."""
    if item is None or item is Ellipsis:
        return 0
    if isinstance(item, Tensor) and item.dtype == "bool":
        return len(known(item))
    return 1


def _select(x: Tensor, shape: Shape, items: list[object]) -> Tensor:
    result: list[Dim] = []
    arrays: list[Shape] = []
    first_array: int | None = None
    scattered = False
    axis = 0
    previous_array = -1
    # Beside index arrays, numbers are index arrays without axes.
    mixed = any(isinstance(item, Tensor) for item in items)
    for position, item in enumerate(items):
        if item is None:
            result.append(1)
            continue
        size = shape[axis]
        if isinstance(item, int):
            _check_bounds(item, axis, size)
        if isinstance(item, Tensor) or (mixed and isinstance(item, int | Expr)):
            if not isinstance(item, Tensor):
                arrays.append(())
                axis += 1
            elif item.dtype == "bool":
                mask = known(item)
                for offset, length in enumerate(mask):
                    if differ(length, shape[axis + offset]):
                        _refuse_index(
                            "IndexError: boolean index did not match indexed array along axis "
                            f"{axis + offset}; size of axis is {shape[axis + offset]} but size of corresponding boolean "
                            f"axis is {length}",
                            axis=axis + offset,
                            expected=shape[axis + offset],
                            found=length,
                        )
                arrays.append((None,))
                axis += len(mask)
            elif item.dtype is not None and not is_integer(item.dtype):
                raise Undetermined("an index array holds no whole numbers")
            else:
                arrays.append(known(item))
                axis += 1
            if first_array is None:
                first_array = len(result)
            elif previous_array != position - 1:
                scattered = True
            previous_array = position
            continue
        axis += 1
        if isinstance(item, slice):
            result.append(slice_length(size, cast("slice[object, object, object]", item)))
    content = _content(x, items) if not arrays else None
    if arrays:
        chosen = broadcast(*arrays, kind="numpy")
        assert chosen is not None and first_array is not None
        # NumPy puts the axes of index arrays first when something stands between them.
        at = 0 if scattered else first_array
        result[at:at] = list(chosen)
        return Tensor(tuple(result), x.dtype)
    return Tensor(tuple(result), x.dtype, content, _classes_left(x, items, result))


# Data sets of this size come shuffled; small ones (iris) are sorted by class.
_SHUFFLED = 5_000


def _classes_left(x: Tensor, items: list[object], result: list[Dim]) -> Dim:
    """The classes of a slice of shuffled labels that is long enough to hold them all."""
    size, left = (x.shape or (None,))[0], result[0] if result else None
    if not isinstance(x.classes, int) or not isinstance(size, int) or size < _SHUFFLED or not isinstance(left, int):
        return None
    whole = all(isinstance(item, slice) for item in items)
    return x.classes if whole and left >= DRAWS_PER_CLASS * x.classes else None


def _check_bounds(index: int, axis: int, size: Dim) -> None:
    if isinstance(size, int) and not -size <= index < size:
        _refuse_index(
            f"IndexError: index {index} is out of bounds for axis {axis} with size {size}",
            axis=axis,
            index=index,
            found=size,
        )


def _content(x: Tensor, items: list[object]) -> object:
    """The elements that an index of numbers and slices picks from a small constant array."""
    content = x.content
    for position, item in enumerate(items):
        if not isinstance(content, tuple):
            return None
        elements = cast("tuple[object, ...]", content)
        if isinstance(item, int):
            content = elements[item] if -len(elements) <= item < len(elements) else None
        elif isinstance(item, slice) and position == len(items) - 1:
            bounds = cast("slice[object, object, object]", item)
            if any(
                bound is not None and not isinstance(bound, int) for bound in (bounds.start, bounds.stop, bounds.step)
            ):
                return None
            content = elements[item] if bounds.step != 0 else None
        else:
            return None
    return content


def slice_length(size: Dim, item: slice[object, object, object]) -> Dim:
    """How many elements a slice takes from an axis; dynamic axes stay dynamic, as Keras and TensorFlow say."""
    start, stop, step = (_bound(bound) for bound in (item.start, item.stop, item.step))
    step = 1 if item.step is None else step
    if step == 0:
        raise Undetermined("the step of a slice is 0")
    bounds_known = all(
        raw is None or isinstance(bound, int)
        for raw, bound in ((item.start, start), (item.stop, stop), (item.step, step))
    )
    if isinstance(size, int) and bounds_known and isinstance(step, int):
        return len(range(*slice(start, stop, step).indices(size)))  # pyright: ignore[reportArgumentType]
    if size is None:
        return None
    if not isinstance(step, int):
        return opaque()
    if step < 0:
        return ceil_divide(size, -step) if item.start is None and item.stop is None else opaque()
    if (item.start is not None and start is None) or (item.stop is not None and stop is None):
        return opaque()
    return ceil_divide(_span(size, start, stop), step)


def _bound(value: object) -> Dim:
    if isinstance(value, UnknownValue):
        return opaque()
    return None if value is None else as_dim(value)


def _span(size: Dim, start: Dim, stop: Dim) -> Dim:
    """`stop - start` within `size`, for bounds whose sign is evident; slices are taken to lie within the axis."""
    start_sign = _sign(0 if start is None else start)
    if stop is None:
        if start_sign >= 0:
            return subtract(size, start or 0)
        return minimum(size, -start) if start_sign == -1 and start is not None else opaque()
    stop_sign = _sign(stop)
    if start_sign == 2 or stop_sign == 2:
        return opaque()
    begin: Dim = start or 0
    if start_sign >= 0 and stop_sign >= 0:
        end = minimum(size, stop)
        return subtract(end, begin) if begin != 0 else end
    if start_sign >= 0:
        return subtract(add(size, stop), begin)
    if stop_sign < 0:
        return add(minimum(size, -begin), stop)
    return opaque()


def _sign(bound: Dim) -> int:
    """1 or 0 for a size counted from the start, -1 for one counted from the end, 2 where that is not evident."""
    if isinstance(bound, int):
        return 1 if bound > 0 else 0 if bound == 0 else -1
    if bound is None or bound.opaque:
        return 2
    coefficients = [coefficient for _, coefficient in bound.terms]
    if all(coefficient > 0 for coefficient in coefficients):
        return 1
    return -1 if all(coefficient < 0 for coefficient in coefficients) else 2


def _refuse_index(text: str, **facts: object) -> NoReturn:
    raise Refused("axis" if "axis" in facts and "rank" in facts else "other", text, **facts)  # pyright: ignore[reportArgumentType]


def get_item(call: Call) -> Tensor:
    """`x[key]` as a function."""
    return subscripted(call.tensor("x"), call.value("key"))


def take(call: Call) -> Tensor:
    """Slices picked by number along an axis; without one, from the flattened array. `batch_dims` as in tf.gather."""
    x = call.tensor("x")
    indices = call.shape("indices")
    if x.shape is None:
        return Tensor(None, x.dtype)
    default = call.options.get("axis")
    axis = call.axis("axis", len(x.shape), int(default) if default else None)
    batch = call.integer("batch_dims", 0)
    batch = batch + len(indices) if batch < 0 else batch
    if axis is None:
        if default is None or batch == 0:
            axis_shape = indices if default is None else (*indices, *x.shape[1:])
            return Tensor(axis_shape, x.dtype)
        axis = batch
    if batch and not call.given("axis"):
        axis = batch
    for index in range(batch):
        if index < len(indices) and differ(indices[index], x.shape[index]):
            text = f"InvalidArgumentError: params.shape[{index}]: {x.shape[index]} should be equal to indices.shape[{index}]: {indices[index]}"
            call.refuse("axis-size", text, axis=index, expected=x.shape[index], found=indices[index])
    return Tensor((*x.shape[:axis], *indices[batch:], *x.shape[axis + 1 :]), x.dtype)


def gather_nd(call: Call) -> Tensor:
    """Slices picked by coordinate vectors."""
    x = call.tensor("x")
    shape, indices = known(x), call.shape("indices")
    batch = call.integer("batch_dims", 0)
    if not indices or not isinstance(indices[-1], int):
        raise Undetermined("the length of the coordinates is not known")
    return Tensor((*indices[:-1], *shape[batch + indices[-1] :]), x.dtype)


def take_along_axis(call: Call) -> Tensor:
    """Elements picked along an axis, the other axes in step (compute_take_along_axis_output_shape)."""
    x = call.tensor("x")
    shape, indices = list(known(x)), call.shape("indices")
    axis = call.axis("axis", len(shape))
    if axis is None:
        shape, axis = [product(shape)], 0
    if len(shape) != len(indices):
        text = (
            "`x` and `indices` must have the same number of dimensions, but receive shape "
            f"{list(shape)} and {list(indices)}."
        )
        call.refuse("rank", text, expected_rank=len(shape), rank=len(indices))
    shape[axis] = indices[axis]
    return x.with_shape(broadcast(tuple(shape), indices, kind=call.kind))


def slice_array(call: Call) -> Tensor:
    """A block at a start and of a size; `-1` takes the rest (class Slice, tf.slice)."""
    x = call.tensor("x")
    starts, sizes = call.sizes("start"), call.sizes("size")
    if sizes is None:
        return x.with_shape((None,) * len(x.shape) if x.shape is not None else None)
    shape = known(x)
    if len(sizes) != len(shape) or (starts is not None and len(starts) != len(shape)):
        text = (
            "The number of dimensions in `inputs` must match the number of dimensions in `shape`. Received "
            f"inputs.shape={printed(shape)} and shape={printed(sizes)}"
        )
        call.refuse("rank", text, expected_rank=len(shape), rank=len(sizes))
    result: list[Dim] = []
    for index, (size, wanted) in enumerate(zip(shape, sizes, strict=True)):
        start = starts[index] if starts is not None else None
        result.append(subtract(size, start) if wanted == -1 else wanted)
    return x.with_shape(tuple(result))


def strided_slice(call: Call) -> Tensor:
    """`x[begin:end:strides]` (tf.strided_slice without masks)."""
    x = call.tensor("x")
    if any(call.given(name) for name in ("masks", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")):
        raise Undetermined("tf.strided_slice with masks")
    begin, end = call.fixed_sizes("begin"), call.fixed_sizes("end")
    strides = call.sizes("strides") if call.given("strides") else (1,) * len(begin)
    if strides is None or not len(begin) == len(end) == len(strides):
        raise Undetermined("begin, end and strides are of different lengths")
    return subscripted(x, tuple(slice(*triple) for triple in zip(begin, end, strides, strict=True)))


def boolean_mask(call: Call) -> Tensor:
    """The elements where a mask holds: how many depends on the data."""
    x = call.tensor("x")
    shape, mask = known(x), call.shape("mask")
    axis = call.axis("axis", len(shape), 0) or 0
    return x.with_shape((*shape[:axis], None, *shape[axis + len(mask) :]))


def nonzero(call: Call) -> object:
    """The coordinates of elements that are not zero, one vector per axis; their number depends on the data."""
    rank = len(call.shape("x"))
    dtype = "int32" if call.kind == "keras" else "int64"
    if "matrix" in call.options:
        return Tensor((None, rank), dtype)
    return tuple(Tensor((None,), dtype) for _ in range(rank))


def unique(call: Call) -> object:
    """The distinct elements; how many depends on the data (class Unique)."""
    x = call.tensor("x")
    shape = known(x)
    labels = x.classes if call.kind == "numpy" and not call.given("axis") else None
    count: Dim = call.size("size") if call.given("size") else labels
    axis = call.axis("axis", len(shape)) if call.given("axis") else None
    values: Shape = (count,) if axis is None else (*shape[:axis], count, *shape[axis + 1 :])
    index = "int64" if call.kind == "numpy" else "int32"
    outputs = [x.with_shape(values)]
    if call.flag("return_index"):
        outputs.append(Tensor((count,), index))
    if call.flag("return_inverse"):
        if axis is None and call.kind == "numpy" and len(shape) > 1:
            raise Undetermined("the shape of the inverse differs between NumPy versions")
        outputs.append(Tensor(shape if axis is None else (shape[axis],), index))
    if call.flag("return_counts"):
        outputs.append(Tensor((count,), index))
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


def unique_with_index(call: Call) -> object:
    """tf.unique: the distinct elements and where each element is among them; with counts if asked."""
    x = call.tensor("x")
    dtype = call.dtype("int32", "out_idx")
    outputs = [Tensor((None,), x.dtype), Tensor(x.shape, dtype)]
    if "counts" in call.options:
        outputs.append(Tensor((None,), dtype))
    return tuple(outputs)


def top_k(call: Call) -> object:
    """The largest elements along the last axis, and where they are (class TopK)."""
    x = call.tensor("x")
    shape = known(x)
    count = call.size("k", 1)
    if not shape:
        raise Undetermined("a scalar has no largest elements")
    if isinstance(count, int) and isinstance(shape[-1], int) and count > shape[-1]:
        text = f"InvalidArgumentError: input must have at least k columns. Had {shape[-1]}, needed {count}"
        if call.kind == "keras":
            raise Refused("axis-size", text, stage="run", axis=len(shape) - 1, expected=count, found=shape[-1])
        call.refuse("axis-size", text, axis=len(shape) - 1, expected=count, found=shape[-1])
    result = (*shape[:-1], count)
    return (Tensor(result, x.dtype), Tensor(result, "int32"))


def scatter(call: Call) -> Tensor:
    """Values put into an array of zeros (class Scatter)."""
    return Tensor(call.sizes("shape"), call.tensor("values").dtype)


def update(call: Call) -> Tensor:
    """An array with some elements replaced: as it was."""
    return call.tensor("x").with_shape(call.tensor("x").shape)


def segment(call: Call) -> Tensor:
    """A reduction per segment; without `num_segments` their number depends on the data."""
    data = call.tensor("data")
    shape = known(data)
    ids = len(call.shape("ids")) if call.given("ids") else 1
    count = call.size("count") if call.given("count") else None
    return data.with_shape((count, *shape[ids if "nested" in call.options else 1 :]))


def unravel_index(call: Call) -> object:
    """Flat positions as one coordinate array per axis."""
    indices = call.tensor("indices")
    sizes = call.fixed_sizes("shape")
    dtype = indices.dtype if call.kind == "keras" else "int64"
    if call.kind == "tensorflow":
        return Tensor((len(sizes), *known(indices)), indices.dtype)
    result = [Tensor(indices.shape, dtype) for _ in sizes]
    return result if call.kind == "keras" else tuple(result)


def searchsorted(call: Call) -> Tensor:
    """Where values would be put in to keep a vector sorted."""
    sequence = call.shape("sequence")
    if call.kind == "keras" and len(sequence) != 1:
        call.refuse(
            "rank",
            "searchsorted only supports 1-D sorted sequences. Usekeras.ops.vectorized_map to extend to N-D sequences.",
            expected_rank=1,
            rank=len(sequence),
        )
    dtype = "int64" if call.kind == "numpy" or (call.kind == "keras" and sequence[0] is None) else "int32"
    return Tensor(call.tensor("values").shape, call.dtype(dtype))
