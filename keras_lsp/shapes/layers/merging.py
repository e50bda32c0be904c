"""Layers that merge several tensors into one: elementwise merges, concatenation, dot products.

Keras 3 computes their output from shapes alone (`keras/src/layers/merging/`), so what only the computation refuses comes
out at stage "run"; tf.keras computes at once (`keras/layers/merging/`, `tensorflow/python/keras/layers/merge.py`), and
Keras 2.3 computes and then reports what `compute_output_shape` says (`keras/layers/merge.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from keras_lsp.shapes.arguments import FLOATS
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import Dim, Expr, Shape, add, differ, format_shape, opaque, same, unify
from keras_lsp.shapes.layers.precision import common_dtype, divided
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined
from keras_lsp.shapes.refusals import QUOTED_NAME, bad_argument, standalone
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor

_ELEMENTWISE = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")


def _shown(shapes: Sequence[Shape]) -> str:
    return f"[{', '.join(format_shape(shape) for shape in shapes)}]"


def _tensors(configuration: Configuration, inputs: Structure) -> list[Tensor] | Tensor:
    """The merged tensors, or the only one if the layer is called on a tensor instead of a list."""
    if isinstance(inputs, Tensor):
        return inputs
    if isinstance(inputs, list | tuple) and all(isinstance(item, Tensor) for item in inputs):
        if isinstance(inputs, tuple) and standalone(configuration):
            raise Undetermined("Keras 2.3 merges lists of tensors only")
        return cast("list[Tensor]", list(inputs))
    raise Undetermined("the inputs to merge are not a known list of tensors")


_ONES_KEPT = (3, 7)  # `Concatenate.build` compared other axes before


def _known_shapes(tensors: Sequence[Tensor]) -> list[Shape]:
    shapes: list[Shape] = []
    for tensor in tensors:
        if tensor.shape is None:
            raise Undetermined("the rank of an input is not known")
        shapes.append(tensor.shape)
    if not all(shapes):
        raise Undetermined("an input is a scalar")
    return shapes


def _broadcast(left: Dim, right: Dim) -> Dim:
    """The size TensorFlow infers for two axes of an elementwise operation; they do not differ for certain."""
    if left is None or right is None:
        known = right if left is None else left
        # `None` with 3 must be 1 or 3 at run time, both give 3; with 1 it stays dynamic, with a name that may be 1.
        return known if isinstance(known, int) and known != 1 else opaque() if isinstance(known, Expr) else None
    if same(left, right) or right == 1:
        return left
    if left == 1:
        return right
    if isinstance(left, int) or isinstance(right, int):
        return left if isinstance(left, int) else right
    return opaque()  # either may be 1


def _broadcast_in_keras(left: Dim, right: Dim) -> Dim:
    """The size `_compute_elemwise_op_output_shape` says: dynamic if either is."""
    return None if left is None or right is None else _broadcast(left, right)


def _clash(left: Dim, right: Dim) -> bool:
    """Whether two axes certainly cannot be broadcast together."""
    return left != 1 and right != 1 and differ(left, right) and not _may_be_one(left) and not _may_be_one(right)


def _may_be_one(dim: Dim) -> bool:
    return isinstance(dim, Expr)


def _pad(shape: Shape, rank: int) -> Shape:
    """Axes of size 1 after the batch axis, as the layers insert them to make ranks equal."""
    return (shape[0], *(1 for _ in range(rank - len(shape))), *shape[1:])


def _check_elementwise(configuration: Configuration, shapes: Sequence[Shape]) -> Shape:
    """Refuse what `_Merge.build` refuses; returns the shape that `compute_output_shape` says."""
    _check_batches(configuration, shapes)
    output = shapes[0][1:]
    for shape in shapes[1:]:
        longer, shorter = output, shape[1:]
        if len(longer) < len(shorter):
            longer, shorter = shorter, longer
        lead = len(longer) - len(shorter)
        for left, right in zip(longer[lead:], shorter, strict=True):
            if _clash(left, right):
                pair = (output, shape[1:]) if len(output) >= len(shape) - 1 else (shape[1:], output)
                if configuration.keras < QUOTED_NAME:
                    said = " ".join(format_shape(each) for each in pair)
                    text = f"ValueError: Operands could not be broadcast together with shapes {said}"
                else:
                    said = " and ".join(format_shape(each) for each in pair)
                    text = f"ValueError: Inputs have incompatible shapes. Received shapes {said}"
                raise Refused("merge", text, shapes=tuple(shapes))
        tail = (_broadcast_in_keras(left, right) for left, right in zip(longer[lead:], shorter, strict=True))
        output = (*longer[:lead], *tail)
    sizes = {shape[0] for shape in shapes} - {None}
    batch: Dim = sizes.pop() if len(sizes) == 1 else opaque() if sizes else None  # they may all be equal
    return (batch, *output)


def _check_batches(configuration: Configuration, shapes: Sequence[Shape]) -> None:
    first, *rest = [shape[0] for shape in shapes if shape[0] is not None] or [None]
    if any(differ(first, other) for other in rest):
        if configuration.keras < QUOTED_NAME:
            text = f"Can not merge tensors with different batch sizes. Got tensors with shapes : {_shown(shapes)}"
        else:
            got = "Got" if configuration.generation == 2 else "Received"
            text = f"Cannot merge tensors with different batch sizes. {got} tensors with shapes {_shown(shapes)}"
        raise Refused("merge", f"ValueError: {text}", shapes=tuple(shapes))


def _merged_shape(configuration: Configuration, shapes: Sequence[Shape]) -> Shape:
    """The shape TensorFlow computes; what it refuses on the way is certain even behind a dynamic size."""
    rank = max(len(shape) for shape in shapes)
    output = _pad(shapes[0], rank)
    for shape in shapes[1:]:
        padded = _pad(shape, rank)
        for axis, (left, right) in enumerate(zip(output, padded, strict=True)):
            if _clash(left, right):
                text = f"ValueError: Dimensions must be equal, but are {left} and {right}"
                stage = "build" if configuration.generation == 2 else "run"
                raise Refused("merge", text, stage=stage, shapes=tuple(shapes), axis=axis)
        output = tuple(_broadcast(left, right) for left, right in zip(output, padded, strict=True))
    return output


def _batch_of_product(left: Dim, right: Dim) -> Dim:
    if 1 in (left, right):
        return None
    if (left is None or right is None) and isinstance(unify(left, right), Expr):
        return opaque()
    return unify(left, right)


def _refuse_no_list(configuration: Configuration, tensor: Tensor, sentence: str, end: str = "") -> Refused:
    if not tensor.shape:
        raise Undetermined("the rank of the input is not known")
    if configuration.keras >= QUOTED_NAME:
        sentence += f" Received: input_shape={format_shape(tensor.shape)}{end}"
    return Refused("arity", f"ValueError: {sentence}", expected=2, found=1)


@layer(*_ELEMENTWISE, *(name.lower() for name in _ELEMENTWISE))
def _merge_elementwise(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Add` and its kin: all inputs broadcast together, axes of size 1 inserted after the batch axis."""
    name = configuration.class_name.capitalize()
    tensors = _tensors(configuration, inputs)
    old = configuration.keras < QUOTED_NAME
    if isinstance(tensors, Tensor):
        sentence = "A merge layer should be called on a list of inputs."
        raise _refuse_no_list(configuration, tensors, sentence, " (not a list of shapes)")
    shapes = _known_shapes(tensors)
    if not shapes:
        raise Undetermined("there are no inputs")
    if old and len(shapes) < 2:
        text = f"A merge layer should be called on a list of at least 2 inputs. Got {len(shapes)} inputs."
        raise Refused("arity", f"ValueError: {text}", expected=2, found=len(shapes))
    declared = _check_elementwise(configuration, shapes)
    if name == "Subtract" and len(shapes) != 2:
        received = "" if old else f". Received: input_shape={_shown(shapes)}"
        text = f"ValueError: A `Subtract` layer should be called on exactly 2 inputs{received}"
        raise Refused("arity", text, expected=2, found=len(shapes))
    computed = _merged_shape(configuration, shapes)
    if configuration.generation == 3:
        return Applied(Tensor(declared, configuration.compute_dtype()))
    dtype = common_dtype(configuration, tensors)
    if dtype == "bool" and len(tensors) > 1:
        text = "TypeError: Value passed to parameter 'x' has DataType bool not in list of allowed values"
        raise Refused("dtype", text, dtype=dtype)
    if name == "Average":
        dtype = divided(dtype)
    return Applied(Tensor(declared if standalone(configuration) else computed, dtype))


def _concat_axis(configuration: Configuration) -> int:
    return configuration.integer("axis") if "axis" in configuration.arguments else -1


@layer("Concatenate", "concatenate")
def _concatenate(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Concatenate`: sizes add up along `axis`, all others must agree."""
    axis = _concat_axis(configuration)
    tensors = _tensors(configuration, inputs)
    old = configuration.keras < QUOTED_NAME
    least = "2 inputs" if old else "1 input."
    wanted = f"A `Concatenate` layer should be called on a list of at least {least}"
    if isinstance(tensors, Tensor):
        raise _refuse_no_list(configuration, tensors, wanted)
    shapes = _known_shapes(tensors)
    if old and len(shapes) < 2:
        raise Refused("arity", f"ValueError: {wanted}", expected=2, found=len(shapes))
    if not shapes:
        raise Undetermined("there are no inputs")
    outside = [shape for shape in shapes if not -len(shape) <= axis < len(shape)]
    ranks = {len(shape) for shape in shapes}
    if outside:
        raise _axis_outside(configuration, shapes, axis)
    if len(ranks) > 1:
        raise _refuse_concatenation(configuration, shapes)
    rank = ranks.pop()
    axis %= rank
    _check_concatenation(configuration, shapes, tuple(other for other in range(rank) if other != axis))
    total: Dim = 0
    for shape in shapes:
        total = add(total, shape[axis])
    merged = list(shapes[0])
    # tf.concat merges what is known of the inputs; Keras 3 and Keras 2.3 report the first input's dynamic sizes.
    merges = configuration.generation == 2 and not standalone(configuration)
    for shape in shapes[1:]:
        pairs = zip(merged, shape, strict=True)
        merged = [left if left is None and not merges else unify(left, right) for left, right in pairs]
    merged[axis] = total
    sizes = " + ".join(str(shape[axis]) for shape in shapes)
    formula = (f"{sizes} = {total}",) if len(shapes) > 1 and total is not None else ()
    dtype = configuration.compute_dtype() if configuration.generation == 3 else common_dtype(configuration, tensors)
    return Applied(Tensor(tuple(merged), dtype), formula=formula)


def _axis_outside(configuration: Configuration, shapes: Sequence[Shape], axis: int) -> Refused:
    """The refusal of an axis that some input does not have; Keras 3 removes such an axis only if it is negative."""
    rank = min(len(shape) for shape in shapes)
    if configuration.generation == 2 or axis < 0:
        return Refused("axis", "IndexError: list assignment index out of range", axis=axis, rank=rank)
    if len({len(shape) - (axis < len(shape)) for shape in shapes}) > 1:
        return _refuse_concatenation(configuration, shapes)
    if len({len(shape) for shape in shapes}) > 1 or len(shapes) == 1:
        raise Undetermined(f"`axis` {axis} lies outside some of the inputs")
    _check_concatenation(configuration, shapes, range(rank))
    return Refused("axis", "IndexError: list index out of range", axis=axis, rank=rank)


def _refuse_concatenation(configuration: Configuration, shapes: Sequence[Shape]) -> Refused:
    if (3, 0) <= configuration.keras < _ONES_KEPT and any(1 in shape[1:] for shape in shapes):
        raise Undetermined("this version leaves axes of size 1 out of the comparison")
    text = "ValueError: A `Concatenate` layer requires inputs with matching shapes except for the "
    if configuration.keras < QUOTED_NAME:
        text += f"concat axis. Got inputs shapes: {_shown(shapes)}"
    else:
        text += f"concatenation axis. Received: input_shape={_shown(shapes)}"
    other = next((len(shape) for shape in shapes if len(shape) != len(shapes[0])), None)
    if other is not None:
        return Refused("rank", text, expected_rank=len(shapes[0]), rank=other, shapes=tuple(shapes))
    return Refused("merge", text, shapes=tuple(shapes))


def _check_concatenation(configuration: Configuration, shapes: Sequence[Shape], axes: Sequence[int]) -> None:
    """Refuse inputs whose sizes differ on the axes that are not concatenated."""
    for axis in axes:
        sizes = [shape[axis] for shape in shapes]
        certain = any(differ(left, right) for left in sizes for right in sizes)
        # Keras 2.3 compares the tuples as they are: `None` is another size than 3.
        strict = standalone(configuration) and None in sizes and any(isinstance(size, int) for size in sizes)
        if certain or strict:
            raise _refuse_concatenation(configuration, shapes)


@constructor("Dot", "dot")
def _check_dot(configuration: Configuration) -> None:
    """`Dot(axes)`: one int or a pair of ints."""
    axes = configuration.value("axes")
    if isinstance(axes, int):
        return
    old = configuration.keras < QUOTED_NAME
    if not isinstance(axes, list | tuple):
        if axes is not None and not isinstance(axes, str | float):
            raise Undetermined("the value of `axes` is not known")
        text = (
            "Invalid type for `axes` - should be a list or an int."
            if old
            else f"Invalid type for argument `axes`: it should be a list or an int. Received: axes={axes}"
        )
        raise bad_argument("axes", axes, text, error="TypeError")
    items = cast("Sequence[object]", axes)
    if len(items) != 2:
        text = (
            "Invalid format for `axes` - should contain two elements."
            if old
            else f"Invalid format for argument `axes`: it should contain two elements. Received: axes={axes}"
        )
        raise bad_argument("axes", items, text)
    if not all(isinstance(item, int) for item in items):
        if not all(item is None or isinstance(item, int | float | str | list | tuple) for item in items):
            raise Undetermined("the value of `axes` is not known")
        text = (
            'Invalid format for `axes` - list elements should be "int".'
            if old
            else f"Invalid format for argument `axes`: list elements should be integers. Received: axes={axes}"
        )
        raise bad_argument("axes", items, text)


def _dot_axes(configuration: Configuration, left: Shape, right: Shape) -> tuple[int, int]:
    """Both contracted axes as they are written, an int being for both inputs (negative: counted from the end)."""
    axes = configuration.value("axes", -1)
    if isinstance(axes, int):
        return (axes % len(left), axes % len(right)) if axes < 0 else (axes, axes)
    if isinstance(axes, list | tuple):
        first, second = cast("Sequence[object]", axes)
        if isinstance(first, int) and isinstance(second, int):
            return first, second
    raise Undetermined("the value of `axes` is not known")


@layer("Dot", "dot")
def _dot(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Dot`: a batched product that sums over one axis of each input."""
    tensors = _tensors(configuration, inputs)
    old = configuration.keras < QUOTED_NAME
    wanted = "A `Dot` layer should be called on a list of 2 inputs."
    if isinstance(tensors, Tensor):
        raise _refuse_no_list(configuration, tensors, wanted)
    shapes = _known_shapes(tensors)
    if len(shapes) != 2:
        received = "" if old else f" Received: input_shape={_shown(shapes)}"
        raise Refused("arity", f"ValueError: {wanted}{received}", expected=2, found=len(shapes))
    left, right = shapes
    axes = _dot_axes(configuration, left, right)
    for axis, shape in zip(axes, shapes, strict=True):
        if not -len(shape) <= axis < len(shape):
            raise Refused("axis", "IndexError: tuple index out of range", axis=axis, rank=len(shape))
    sizes = left[axes[0]], right[axes[1]]
    # Keras compares the sizes as they are: `None` differs from 3.
    if differ(*sizes) or (None in sizes and any(isinstance(size, int) for size in sizes)):
        if old:
            text = f"Dimension incompatibility {sizes[0]} != {sizes[1]}. Layer shapes: {left}, {right}"
        else:
            text = (
                f"Incompatible input shapes: axis values {sizes[0]} (at axis {axes[0]}) != "
                f"{sizes[1]} (at axis {axes[1]}). Full input shapes: {format_shape(left)}, {format_shape(right)}"
            )
        raise Refused("merge", f"ValueError: {text}", shapes=(left, right), axes=axes)
    return _batch_dot(configuration, tensors, axes)


def _batch_dot(configuration: Configuration, tensors: Sequence[Tensor], axes: tuple[int, int]) -> Applied:
    """`keras.backend.batch_dot` of two tensors of known rank."""
    left, right = _known_shapes(tensors)
    stage = "run" if configuration.generation == 3 else "build"
    shown = format_shape(left), format_shape(right)
    if len(left) < 2 or len(right) < 2:
        text = f"Cannot do batch_dot on inputs with rank < 2. Received inputs with shapes {shown[0]} and {shown[1]}."
        raise Refused("rank", f"ValueError: {text}", stage=stage, min_rank=2, rank=min(len(left), len(right)))
    if differ(left[0], right[0]):
        text = (
            "Cannot do batch_dot on inputs with different batch sizes. "
            f"Received inputs with shapes {shown[0]} and {shown[1]}."
        )
        raise Refused("merge", f"ValueError: {text}", stage=stage, shapes=(left, right))
    first, second = axes[0] % len(left), axes[1] % len(right)
    if first == 0 or second == 0:
        text = "Cannot perform batch_dot over axis 0. If your inputs are not batched, add a dummy batch dimension"
        raise Refused("axis", f"ValueError: {text}", stage=stage, axis=0, rank=len(left))
    output = [size for axis, size in enumerate(left) if axis != first]
    output += [size for axis, size in enumerate(right) if axis not in (0, second)]
    computed = configuration.generation == 2 and not standalone(configuration)
    if computed:
        if configuration.keras < QUOTED_NAME and max(len(left), len(right)) > 3 and None in (*left[1:], *right[1:]):
            raise Undetermined("the static shape that this version keeps of such a product is not known")
        # A batch of 1 is broadcast, so beside a dynamic one it says nothing.
        output[0] = left[0] if left[0] == right[0] else _batch_of_product(left[0], right[0])
    if len(output) == 1:
        output.append(1)
    dtype = configuration.compute_dtype() if configuration.generation == 3 else common_dtype(configuration, tensors)
    if configuration.generation == 2 and dtype is not None and dtype not in FLOATS:
        raise Undetermined("which whole numbers this version multiplies is not known")
    formula = (f"sum over {left[first]} products",) if left[first] is not None else ()
    return Applied(Tensor(tuple(output), dtype), formula=formula)
