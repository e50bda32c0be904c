"""Sums of products: matmul, dot, tensordot, einsum, outer and the like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from keras_lsp.shapes.dim import Dim, Shape, add, differ, maximum, minimum, multiply, product, subtract, unify
from keras_lsp.shapes.ops.arguments import Call, as_sizes, as_tensor, known, printed
from keras_lsp.shapes.ops.broadcasting import broadcast
from keras_lsp.shapes.ops.dtypes import Dtype, promote_dtypes
from keras_lsp.shapes.outcome import Refused, Undetermined
from keras_lsp.shapes.tensor import Tensor


def matmul(call: Call) -> Tensor:
    """The matrix product, batched over leading axes (compute_matmul_output_shape of operation_utils.py)."""
    left, right = call.tensor("x1"), call.tensor("x2")
    dtype = _matmul_type(call.kind, left.dtype, right.dtype)
    if left.shape is None or right.shape is None:
        return Tensor(None, dtype)
    a, b = left.shape, right.shape
    if call.flag("transpose_a") or call.flag("adjoint_a"):
        a = (*a[:-2], a[-1], a[-2]) if len(a) > 1 else a
    if call.flag("transpose_b") or call.flag("adjoint_b"):
        b = (*b[:-2], b[-1], b[-2]) if len(b) > 1 else b
    if call.given("output_type"):
        dtype = call.dtype(dtype, "output_type")
    return Tensor(product_shape(a, b, call.kind), dtype)


def _matmul_type(kind: str, left: Dtype, right: Dtype) -> Dtype:
    if kind == "keras" and left == "int8" and right == "int8":
        return "int32"
    return promote_dtypes(kind, left, right)


def product_shape(a: Shape, b: Shape, kind: str) -> Shape:
    """The shape of a matrix product of two shapes.

    Raises:
        Refused: the inner sizes certainly differ, or the leading ones cannot be broadcast.
    """
    if not a or not b or (kind == "tensorflow" and (len(a) < 2 or len(b) < 2)):
        if kind == "numpy":
            text = "ValueError: matmul: Input operand does not have enough dimensions"
            raise Refused("rank", text, min_rank=1, rank=0)
        if kind == "tensorflow":
            text = f"InvalidArgumentError: In[0] and In[1] has different ndims: {printed(a)} vs. {printed(b)}"
            raise Refused("rank", text, min_rank=2, rank=min(len(a), len(b)))
        raise Undetermined("a scalar has no matrix product")
    left, right = (1, *a) if len(a) == 1 else a, (*b, 1) if len(b) == 1 else b
    if differ(left[-1], right[-2]):
        if kind == "numpy":
            text = (
                "ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature "
                f"(n?,k),(k,m?)->(n?,m?) (size {right[-2]} is different from {left[-1]})"
            )
        elif kind == "tensorflow":
            text = f"InvalidArgumentError: Matrix size-incompatible: In[0]: {printed(a)}, In[1]: {printed(b)}"
        else:
            text = (
                "ValueError: Inner dimensions (`x1.shape[-1]` and `x2.shape[-2]`) must be equal, but received "
                f"`x1.shape={printed(left)}` and `x2.shape={printed(right)}`."
            )
        raise Refused("matmul", text, shapes=(a, b), expected=left[-1], found=right[-2])
    leading = broadcast(left[:-2], right[:-2], kind=kind)
    assert leading is not None
    rows: Shape = () if len(a) == 1 else (left[-2],)
    columns: Shape = () if len(b) == 1 else (right[-1],)
    return (*leading, *rows, *columns)


def dot(call: Call) -> Tensor:
    """The sum over the last axis of the first and the last but one of the second (class Dot, the legacy K.dot)."""
    left, right = call.tensor("x1"), call.tensor("x2")
    dtype = call.promote("x1", "x2")
    a, b = known(left), known(right)
    if not a or not b:
        return Tensor(a or b, dtype)
    inner = -1 if len(b) == 1 else -2
    if differ(a[-1], b[inner]):
        if call.kind == "numpy":
            text = f"shapes {printed(a)} and {printed(b)} not aligned: {a[-1]} (dim {len(a) - 1}) != {b[inner]} (dim {len(b) + inner})"
        elif call.kind == "tensorflow":
            text = f"InvalidArgumentError: Matrix size-incompatible: In[0]: {printed(a)}, In[1]: {printed(b)}"
        else:
            text = (
                "Shape must match on the last axis of `x1` and second last axis of `x2` when `x1` is N-d array while `x2` "
                f"is M-D, but received `x1.shape={printed(a)}` and x2.shape=`{printed(b)}`."
            )
        call.refuse("matmul", text, shapes=(a, b), expected=a[-1], found=b[inner])
    return Tensor((*a[:-1], *b[:-2], *(b[-1:] if len(b) > 1 else ())), dtype)


def inner(call: Call) -> Tensor:
    """The sum over the last axes of both (class Inner)."""
    a, b = call.shape("x1"), call.shape("x2")
    dtype = call.promote("x1", "x2")
    if not a or not b:
        return Tensor(a or b, dtype)
    if differ(a[-1], b[-1]):
        text = f"`inner` requires the last dimension of `x1` and `x2` to match. Received: x1.shape={printed(a)}, x2.shape={printed(b)}."
        call.refuse("matmul", text, shapes=(a, b), expected=a[-1], found=b[-1])
    return Tensor(a[:-1] + b[:-1], dtype)


def outer(call: Call) -> Tensor:
    """All products of two flattened arrays."""
    return Tensor((product(call.shape("x1")), product(call.shape("x2"))), call.promote("x1", "x2"))


def vdot(call: Call) -> Tensor:
    """The sum of all products of two arrays of one size."""
    a, b = product(call.shape("x1")), product(call.shape("x2"))
    if differ(a, b) and call.kind == "numpy":
        text = "cannot reshape array into the size of the other"
        call.refuse("matmul", text, shapes=(call.shape("x1"), call.shape("x2")))
    return Tensor((), call.promote("x1", "x2"))


def kron(call: Call) -> Tensor:
    """The Kronecker product (class Kron)."""
    a, b = call.shape("x1"), call.shape("x2")
    if len(a) != len(b):
        if call.kind == "keras":
            raise Undetermined("Keras's symbolic shape of arrays of different rank is not the real one")
        rank = max(len(a), len(b))
        a, b = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    return Tensor(tuple(multiply(x, y) for x, y in zip(a, b, strict=True)), call.promote("x1", "x2"))


def tensordot(call: Call) -> Tensor:
    """The sum over `axes` last axes of the first and first of the second, or over listed pairs of axes."""
    a, b = call.shape("x1"), call.shape("x2")
    axes = call.value("axes", 2)
    if isinstance(axes, Tensor):
        axes = axes.content
    if isinstance(axes, int):
        if axes > len(a) or axes > len(b) or axes < 0:
            raise Undetermined("there are fewer axes than are summed")
        first = tuple(range(len(a) - axes, len(a)))
        second = tuple(range(axes))
    elif isinstance(axes, Sequence) and len(cast("Sequence[object]", axes)) == 2:
        pairs = [as_sizes(item) for item in cast("Sequence[object]", axes)]
        checked = [
            tuple(call.checked_axis(axis, len(shape)) for axis in pair or () if isinstance(axis, int))
            for pair, shape in zip(pairs, (a, b), strict=True)
        ]
        first, second = checked
    else:
        raise Undetermined("the axes are not known")
    if len(first) != len(second):
        raise Undetermined("the axes are not pairs")
    for left, right in zip(first, second, strict=True):
        if differ(a[left], b[right]):
            if call.kind == "numpy":
                text = "shape-mismatch for sum"
            elif call.kind == "tensorflow":
                text = f"InvalidArgumentError: Matrix size-incompatible: In[0]: {printed(a)}, In[1]: {printed(b)}"
            else:
                text = (
                    "Shape mismatch on `x1[axes[0]]` and `x2[axes[1]]`, received "
                    f"{[a[axis] for axis in first]} and {[b[axis] for axis in second]}."
                )
            # class Tensordot checks listed axes only
            late = call.kind == "keras" and isinstance(axes, int)
            name = text.partition(":")[0]
            text = text if name.endswith("Error") else f"ValueError: {text}"
            stage = "run" if late else "build"
            raise Refused("matmul", text, stage=stage, shapes=(a, b), expected=a[left], found=b[right])
    kept = [dim for axis, dim in enumerate(a) if axis not in first]
    kept += [dim for axis, dim in enumerate(b) if axis not in second]
    return Tensor(tuple(kept), call.promote("x1", "x2"))


def einsum(call: Call) -> Tensor:
    """Sums of products by subscripts; a letter stands for one size everywhere.

    Keras checks letters only against each other where they come out; a mismatch of a summed letter fails at run time.
    """
    text = call.text("subscripts").replace(" ", "")
    operands = [as_tensor(value, call.kind) for value in call.value("operands", ())]
    inputs, arrow, output = text.partition("->")
    specs = inputs.split(",")
    if not text or len(specs) != len(operands):
        if text and operands:
            sentence = (
                f"Number of operands ({len(operands)}) does not match the number of input specs ({len(specs)}) in "
                f"`einsum`, received subscripts={text}."
            )
            call.refuse("arity", sentence, expected=len(specs), found=len(operands))
        raise Undetermined("the subscripts are not known")
    sizes: dict[str, Dim] = {}
    wildcard: Shape = ()
    for spec, operand in zip(specs, operands, strict=True):
        shape = known(operand)
        before, dots, after = spec.partition("...")
        if (not dots and len(spec) != len(shape)) or len(before) + len(after) > len(shape):
            sentence = (
                "Number of dimensions in the subscript does not match the number of dimensions in the operand, "
                f"received subscript `{spec}` and operand of shape {printed(shape)}."
            )
            call.refuse("rank", sentence, expected_rank=len(spec), rank=len(shape))
        inner = len(shape) - len(after)
        wildcard = broadcast(wildcard, shape[len(before) : inner] if dots else (), kind=call.kind) or ()
        for letter, size in (*zip(before, shape, strict=False), *zip(after, shape[inner:], strict=True)):
            known_size = sizes.get(letter, 1)
            if letter in sizes and differ(known_size, size) and known_size != 1 and size != 1:
                _refuse_einsum(call, letter, known_size, size, operands)
            sizes[letter] = size if known_size == 1 else known_size if size == 1 else unify(known_size, size)
    if not arrow:
        letters = [letter for letter in inputs if letter.isalpha()]
        output = "..." if "..." in inputs else ""
        output += "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    result: list[Dim] = []
    before, dots, after = output.partition("...")
    for letter in (*before, None, *after) if dots else before:
        if letter is None:
            result += wildcard
        elif letter in sizes:
            result.append(sizes[letter])
        else:
            raise Undetermined(f"the output names `{letter}`, which no operand has")
    dtypes = [operand.dtype for operand in operands]
    dtype = "int32" if call.kind == "keras" and set(dtypes) == {"int8"} else promote_dtypes(call.kind, *dtypes)
    return Tensor(tuple(result), dtype)


def _refuse_einsum(call: Call, letter: str, a: Dim, b: Dim, operands: Sequence[Tensor]) -> None:
    text = f"einsum: the operands disagree about `{letter}`: {a} and {b}"
    if call.kind == "numpy":
        text = f"operands could not be broadcast together with remapped shapes: `{letter}` is {a} and {b}"
    shapes = tuple(operand.shape for operand in operands)
    raise Refused(
        "matmul",
        f"ValueError: {text}",
        stage="run" if call.kind == "keras" else "build",
        shapes=shapes,
        expected=a,
        found=b,
    )


def batch_dot(call: Call) -> Tensor:
    """Products per sample over one axis of each (batch_dot of the legacy backend)."""
    a, b = call.shape("x1"), call.shape("x2")
    dtype = call.promote("x1", "x2")
    if len(a) < 2 or len(b) < 2:
        raise Undetermined("batch_dot needs a batch axis")
    axes = call.value("axes")
    if axes is None:
        chosen = (len(a) - 1, 1 if len(b) == 2 else len(b) - 2)
    else:
        pair = as_sizes(axes)
        if pair is None or not all(isinstance(axis, int) for axis in pair) or len(pair) not in (1, 2):
            raise Undetermined("the axes are not known")
        numbers = [axis for axis in pair if isinstance(axis, int)]
        chosen = (numbers[0] % len(a), numbers[-1] % len(b))
    if 0 in chosen:
        raise Undetermined("batch_dot cannot sum over the batch")
    if differ(a[chosen[0]], b[chosen[1]]):
        text = (
            f"Cannot do batch_dot on inputs with shapes {printed(a)} and {printed(b)} with axes={list(chosen)}. "
            f"x.shape[{chosen[0]}] != y.shape[{chosen[1]}] ({a[chosen[0]]} != {b[chosen[1]]})."
        )
        call.refuse("matmul", text, shapes=(a, b), expected=a[chosen[0]], found=b[chosen[1]])
    kept = [dim for axis, dim in enumerate(a) if axis != chosen[0]]
    kept += [dim for axis, dim in enumerate(b) if axis not in (0, chosen[1])]
    if len(kept) == 1:
        kept.append(1)
    return Tensor(tuple(kept), dtype)


def cross(call: Call) -> Tensor:
    """Vector products of the vectors along an axis (class Cross)."""
    a, b = list(call.shape("x1")), list(call.shape("x2"))
    axis = call.value("axis")
    axes = [axis if axis is not None else call.integer(name, -1) for name in ("axis_a", "axis_b", "axis_c")]
    sizes = [shape.pop(call.checked_axis(at, len(shape))) for shape, at in zip((a, b), axes[:2], strict=True)]
    for name, size in zip(("x1", "x2"), sizes, strict=True):
        if isinstance(size, int) and size not in (2, 3):
            text = f"`{name}`'s dim on `axis={{axis}}` must be either 2 or 3, but received: {size}"
            call.refuse("axis-size", text, axis=axes[0], expected=3, found=size)
    shape = broadcast(tuple(a), tuple(b), kind=call.kind)
    assert shape is not None
    vector: Shape = (3,) if 3 in sizes else ()
    if not vector and any(not isinstance(size, int) for size in sizes):
        raise Undetermined("the vectors have two or three numbers")
    at = call.checked_axis(axes[2], len(shape) + len(vector)) if vector else 0
    return Tensor((*shape[:at], *vector, *shape[at:]) if vector else shape, call.promote("x1", "x2"))


def correlate(call: Call) -> Tensor:
    """Correlation or convolution of two vectors (class Correlate, numpy.convolve)."""
    a, b = call.shape("x1"), call.shape("x2")
    if len(a) != 1 or len(b) != 1:
        raise Undetermined("the inputs are not vectors")
    mode = call.text("mode", call.options.get("mode", "valid"))
    dtype = call.promote("x1", "x2")
    if call.kind == "keras" and dtype is not None:
        dtype = "float64" if dtype == "int64" else dtype if dtype in ("bfloat16", "float16", "float64") else "float32"
    low, high = minimum(a[0], b[0]), maximum(a[0], b[0])
    lengths: dict[str, Dim] = {
        "valid": add(subtract(high, low), 1),
        "same": high,
        "full": subtract(add(a[0], b[0]), 1),
    }
    if mode not in lengths:
        raise Undetermined("the mode is not known")
    return Tensor((lengths[mode],), dtype)


def diagonal(call: Call) -> Tensor:
    """The diagonal of two axes, as a last axis (class Diagonal); option `trace` sums it."""
    x = call.tensor("x")
    shape = known(x)
    if len(shape) < 2:
        call.refuse(
            "rank",
            f"`diagonal` requires an array of at least two dimensions, but `x` is of shape {printed(shape)}.",
            min_rank=2,
            rank=len(shape),
        )
    first = call.checked_axis(call.integer("axis1", int(call.options.get("axis1", "0"))), len(shape))
    second = call.checked_axis(call.integer("axis2", int(call.options.get("axis2", "1"))), len(shape))
    rest = tuple(dim for axis, dim in enumerate(shape) if axis not in (first, second))
    if "trace" in call.options:
        small = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}
        dtype = small.get(x.dtype or "", x.dtype) if call.kind == "keras" else x.dtype
        return Tensor(rest, dtype)
    return x.with_shape((*rest, _diagonal_length(shape[first], shape[second], call.integer("offset", 0))))


def _diagonal_length(rows: Dim, columns: Dim, offset: int) -> Dim:
    if rows is None or columns is None:
        return None
    if offset == 0:
        return minimum(rows, columns)
    if not isinstance(rows, int) or not isinstance(columns, int):
        raise Undetermined("the length of the diagonal is not known")
    return max(0, min(rows, columns, columns - offset if offset > 0 else rows + offset))


def diag(call: Call) -> Tensor:
    """A vector as a diagonal matrix, or the diagonal of a matrix (class Diag)."""
    x = call.tensor("x")
    shape = known(x)
    offset = call.integer("offset", 0)
    if "flat" in call.options:
        shape = (product(shape),)
    if len(shape) == 1:
        size = None if shape[0] is None else shape[0] + abs(offset)
        return x.with_shape((size, size))
    if len(shape) == 2 and "matrix" not in call.options:
        return x.with_shape((_diagonal_length(shape[0], shape[1], offset),))
    if "matrix" in call.options and shape:  # tf.linalg.diag
        return x.with_shape((*shape, shape[-1]))
    if shape or call.kind != "numpy":
        call.refuse("rank", f"`x` must be 1-D or 2-D, but received shape {printed(shape)}.", rank=len(shape))
    raise Undetermined("a scalar has no diagonal")
