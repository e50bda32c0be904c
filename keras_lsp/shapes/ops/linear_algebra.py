"""Decompositions and solutions of matrices, batched over leading axes."""

from __future__ import annotations

from keras_lsp.shapes.dim import Dim, Shape, differ, minimum
from keras_lsp.shapes.ops.arguments import Call, known, printed
from keras_lsp.shapes.ops.broadcasting import broadcast
from keras_lsp.shapes.ops.dtypes import Dtype, to_float
from keras_lsp.shapes.outcome import Undetermined
from keras_lsp.shapes.tensor import Tensor


def _matrix(call: Call, name: str = "x", *, square: bool = False) -> tuple[Tensor, Shape]:
    x = call.tensor(name)
    shape = known(x)
    if len(shape) < 2:
        text = f"Expected input to have rank >= 2. Received input with shape {printed(shape)}."
        if call.kind == "numpy":
            text = f"LinAlgError: {len(shape)}-dimensional array given. Array must be at least two-dimensional"
        call.refuse("rank", text, min_rank=2, rank=len(shape))
    if square and differ(shape[-1], shape[-2]):
        text = f"Expected a square matrix. Received non-square input with shape {printed(shape)}"
        if call.kind == "numpy":
            text = "LinAlgError: Last 2 dimensions of the array must be square"
        call.refuse("axis-size", text, axis=len(shape) - 1, expected=shape[-2], found=shape[-1])
    return x, shape


def _dtype(call: Call, x: Tensor) -> Dtype:
    if call.kind != "numpy":
        return x.dtype
    return x.dtype if x.dtype == "float32" else to_float(x.dtype, "numpy")


def square(call: Call) -> Tensor:
    """A square matrix to one of the same size (inverse, Cholesky factor); option `any` takes others too."""
    x, shape = _matrix(call, square="any" not in call.options)
    return Tensor(shape, _dtype(call, x))


def scalar(call: Call) -> Tensor:
    """One number per matrix (determinant, rank, option `dtype`); option `any` takes matrices that are not square."""
    x, shape = _matrix(call, square="any" not in call.options)
    dtype = call.options.get("dtype") or _dtype(call, x)
    return Tensor(shape[:-2], dtype)


def sign_and_logarithm(call: Call) -> object:
    """Sign and logarithm of the determinant; Keras's symbolic sign is always one number (class Slogdet)."""
    x, shape = _matrix(call, square=call.kind == "numpy")
    dtype = _dtype(call, x)
    if call.kind == "keras" and len(shape) > 2:
        raise Undetermined("Keras's symbolic shape of the signs of several determinants is not the real one")
    return (Tensor(shape[:-2], dtype), Tensor(shape[:-2], dtype))


def eigen(call: Call) -> object:
    """Eigenvalues and eigenvectors; option `values` for the values alone, `complex` where they may be complex."""
    x, shape = _matrix(call, square=True)
    dtype = _dtype(call, x)
    if "complex" in call.options and call.kind != "keras":
        # NumPy gives real ones where they happen to be real
        dtype = (
            {"float32": "complex64", "float64": "complex128"}.get(dtype or "") if call.kind == "tensorflow" else None
        )
    values = Tensor(shape[:-1], dtype)
    return values if "values" in call.options else (values, Tensor(shape, dtype))


def singular_values(call: Call) -> object:
    """The singular value decomposition; TensorFlow puts the values first and the third factor upright."""
    x, shape = _matrix(call)
    rows, columns = shape[-2:]
    smaller = minimum(rows, columns)
    batch = shape[:-2]
    dtype = _dtype(call, x)
    tensorflow = call.kind == "tensorflow"
    values = Tensor((*batch, smaller), dtype)
    if not call.flag("compute_uv", True):
        return values
    if call.flag("full_matrices", not tensorflow):
        left: Shape = (*batch, rows, rows)
        right: Shape = (*batch, columns, columns)
    else:
        left = (*batch, rows, smaller)
        right = (*batch, columns, smaller) if tensorflow else (*batch, smaller, columns)
    if tensorflow:
        return (values, Tensor(left, dtype), Tensor(right, dtype))
    return (Tensor(left, dtype), values, Tensor(right, dtype))


def orthogonal_triangular(call: Call) -> object:
    """The QR decomposition, reduced or complete."""
    x, shape = _matrix(call)
    rows, columns = shape[-2:]
    dtype = _dtype(call, x)
    mode = call.text("mode", "reduced")
    if call.kind == "tensorflow":
        mode = "complete" if call.flag("full_matrices") else "reduced"
    if call.kind == "keras" and (rows is None or columns is None):
        text = f"Input should have its last 2 dimensions fully-defined. Received: input.shape = {printed(shape)}"
        call.refuse("axis-undefined", text, axis=len(shape) - 1)
    inner: Dim = minimum(rows, columns) if mode == "reduced" else rows
    if mode == "r":
        return Tensor((*shape[:-2], minimum(rows, columns), columns), dtype)
    if mode not in ("reduced", "complete"):
        raise Undetermined(f"the mode is {mode!r}")
    return (Tensor((*shape[:-2], rows, inner), dtype), Tensor((*shape[:-2], inner, columns), dtype))


def triangular_factors(call: Call) -> object:
    """LU factors in one matrix, and the pivots (class LuFactor gives the pivots the matrix's type)."""
    x, shape = _matrix(call)
    return (x.with_shape(shape), x.with_shape((*shape[:-2], minimum(shape[-2], shape[-1]))))


def solve(call: Call) -> Tensor:
    """The solution of linear equations, of the shape of the right-hand side (class Solve)."""
    _, a = _matrix(call, "a", square=True)
    right = call.tensor("b")
    b = known(right)
    if not b:
        raise Undetermined("the right-hand side is a scalar")
    rows = b[-2] if len(a) == len(b) else b[-1]
    if len(a) - len(b) in (0, 1) and differ(a[-2], rows):
        text = (
            "Incompatible shapes between `a` and `b`. Expected `a.shape[-2] == b.shape[-2]`. Received: "
            f"a.shape={printed(a)}, b.shape={printed(b)}"
        )
        call.refuse("matmul", text, shapes=(a, b), expected=a[-2], found=rows)
    if len(a) != len(b) and not (len(a) == 2 and len(b) == 1):
        raise Undetermined("the right-hand side has another rank")
    return Tensor(b, _dtype(call, right))


def least_squares(call: Call) -> object:
    """The least-squares solution of a linear system (class Lstsq); NumPy adds residuals, rank and singular values."""
    a, b = call.shape("a"), call.tensor("b")
    right = known(b)
    if len(a) != 2 or len(right) not in (1, 2):
        call.refuse("rank", f"Expected a to have rank 2. Received: a.shape={printed(a)}", expected_rank=2, rank=len(a))
    if differ(right[0], a[0]):
        text = (
            f"Expected b.shape[0] to be equal to a.shape[0]. Received: a.shape={printed(a)}, b.shape={printed(right)}"
        )
        call.refuse("axis-size", text, axis=0, expected=a[0], found=right[0])
    solution = Tensor((a[1], *right[1:]), _dtype(call, call.tensor("a")))
    if call.kind != "numpy":
        return solution
    dtype = solution.dtype
    return (solution, Tensor((None,), dtype), Tensor((), "int32"), Tensor((minimum(a[0], a[1]),), dtype))


def pseudo_inverse(call: Call) -> Tensor:
    """The pseudo-inverse: rows and columns exchanged (class Pinv)."""
    x, shape = _matrix(call)
    return Tensor((*shape[:-2], shape[-1], shape[-2]), _dtype(call, x))


def power(call: Call) -> Tensor:
    """A matrix multiplied with itself (numpy.linalg.matrix_power)."""
    x, shape = _matrix(call, square=True)
    return Tensor(shape, x.dtype)


def distances(call: Call) -> Tensor:
    """Distances between all rows of two matrices (class CDist)."""
    a, b = call.shape("x1"), call.shape("x2")
    if len(a) < 2 or len(b) < 2:
        text = f"Inputs to `cdist` must have rank >= 2. Received shapes: x.shape={printed(a)}, y.shape={printed(b)}"
        call.refuse("rank", text, min_rank=2, rank=min(len(a), len(b)))
    if differ(a[-1], b[-1]):
        text = (
            "The last dimension of inputs to `cdist` must match. "
            f"Received shapes: x.shape={printed(a)}, y.shape={printed(b)}"
        )
        call.refuse("matmul", text, shapes=(a, b), expected=a[-1], found=b[-1])
    leading = broadcast(a[:-2], b[:-2], kind=call.kind)
    assert leading is not None
    return Tensor((*leading, a[-2], b[-2]), to_float(call.promote("x1", "x2"), call.kind))
