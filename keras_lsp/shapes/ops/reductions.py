"""Functions that reduce axes: sums, means, extremes, their positions, norms; and those that run along an axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce as fold
from typing import cast

from keras_lsp.shapes.dim import Dim, Expr, Shape, product
from keras_lsp.shapes.ops import contents
from keras_lsp.shapes.ops.arguments import Call, known, parts
from keras_lsp.shapes.ops.dtypes import Dtype, accumulated, is_integer, standardize, to_float
from keras_lsp.shapes.outcome import Undetermined
from keras_lsp.shapes.tensor import Tensor


def reduced(shape: Shape, axes: tuple[int, ...] | None, keepdims: bool) -> Shape:
    """The shape without some axes (all if `None`), or with size 1 there (reduce_shape of operation_utils.py)."""
    if axes is None:
        axes = tuple(range(len(shape)))
    if keepdims:
        return tuple(1 if index in axes else dim for index, dim in enumerate(shape))
    return tuple(dim for index, dim in enumerate(shape) if index not in axes)


def reduce(call: Call) -> object:
    """A reduction over one, several or all axes; option `result` says which type comes out, `op` how sizes are reduced."""
    x = call.tensor("x")
    default = call.options.get("axis")
    keepdims = call.flag("keepdims")
    dtype = call.dtype(_TYPES[call.options.get("result", "same")](x.dtype, call.kind))
    if call.given("output_type"):
        dtype = standardize(call.value("output_type"), call.kind)
    axis = call.value("axis", int(default) if default else None)
    if x.shape is None:
        if axis is None and not keepdims:
            return Tensor((), dtype)
        raise Undetermined("the rank of the tensor is not known")
    axes = call.axes("axis", len(x.shape), int(default) if default else None)
    if axes is not None and len(set(axes)) != len(axes):
        raise Undetermined("an axis is named twice")
    # tf.reduce_sum(x, axis=[]) reduces nothing; the legacy argmax(x, axis=None) is TensorFlow's axis 0
    shape = reduced(x.shape, axes, keepdims)
    if not x.shape:
        axes = None
    content = _folded(call, x) if shape == () or (axes is None and not keepdims) else None
    if call.kind == "numpy" and isinstance(content, int | float | Expr) and not isinstance(call.value("x"), Tensor):
        return content
    return Tensor(shape, dtype, content)


def _folded(call: Call, x: Tensor) -> object:
    symbol = call.options.get("op")
    elements = parts(x.content)
    if symbol is None or elements is None or x.shape is None or len(x.shape) != 1:
        return None
    if not elements:
        return {"*": 1, "+": 0}.get(symbol)
    if symbol in ("all", "any"):
        return None
    result = fold(
        lambda left, right: Tensor((), None, contents.combine(symbol, left, right)),
        (Tensor((), None, element) for element in elements),
    )
    return result.content


def moments(call: Call) -> object:
    """Mean and variance (tf.nn.moments, keras.ops.moments)."""
    x = call.tensor("x")
    shape = known(x)
    result = x.with_shape(reduced(shape, call.axes("axes", len(shape)), call.flag("keepdims")))
    return (result, result)


def average(call: Call) -> Tensor:
    """A weighted mean (class Average)."""
    x = call.tensor("x")
    shape = known(x)
    axes = call.axes("axis", len(shape))
    if call.flag("returned"):
        raise Undetermined("the weights are returned too")
    dtype = call.promote("x", "weights") if call.given("weights") else x.dtype
    return Tensor(reduced(shape, axes, call.flag("keepdims")), _mean(dtype, call.kind))


def quantile(call: Call) -> Tensor:
    """Quantiles; those asked for come first (classes Quantile, Percentile)."""
    x = call.tensor("x")
    shape = known(x)
    inner = reduced(shape, call.axes("axis", len(shape)), call.flag("keepdims"))
    q = call.value("q")
    leading: Shape = ()
    if isinstance(q, Tensor):
        leading = known(q)
    elif isinstance(q, Sequence):
        # class Quantile forgets the axis of a list with one number
        count = len(cast("Sequence[object]", q))
        if call.kind == "keras" and count == 1 and "quantile" in call.name:
            raise Undetermined("Keras's symbolic shape of one quantile in a list is not the real one")
        leading = (count,)
    # NumPy computes in double precision with a list of quantiles, but not with one number
    dtype = to_float(x.dtype, call.kind) if call.kind == "keras" else "float64" if x.dtype == "float64" else None
    return Tensor(leading + inner, dtype)


def cumulate(call: Call) -> Tensor:
    """A running sum or product, along an axis or of the flattened array."""
    x = call.tensor("x")
    shape = known(x)
    default = call.options.get("axis")
    late = call.kind == "keras" and "nan" in call.name
    axis = call.axis("axis", len(shape), int(default) if default else None, late=late)
    dtype = accumulated(x.dtype, "numpy") if call.kind == "numpy" else x.dtype
    if dtype == "bool" and call.kind == "keras":
        dtype = "int32"
    return Tensor((product(shape),) if axis is None else shape, call.dtype(dtype))


def sort(call: Call) -> Tensor:
    """Sorted along an axis, or flattened if it is `None`; option `result=index` for the order."""
    x = call.tensor("x")
    dtype = x.dtype
    if call.options.get("result") == "index":
        dtype = "int64" if call.kind == "numpy" else "int32"
    shape = known(x)
    if "axis" in call.arguments and call.arguments["axis"] is None:
        return Tensor((product(shape),), dtype)
    if shape:
        call.axis("axis", len(shape), -1, late="partition" in call.name and call.kind == "keras")
    return Tensor(shape, dtype)


def difference(call: Call) -> Tensor:
    """Differences of neighbours along an axis, `n` times (class Diff)."""
    x = call.tensor("x")
    shape = list(known(x))
    axis = call.one_axis("axis", len(shape), -1)
    size: Dim = shape[axis]
    if size is not None:
        rest = size - call.integer("n", 1)
        shape[axis] = max(rest, 0) if isinstance(rest, int) else rest
    return x.with_shape(tuple(shape))


def trapezoid(call: Call) -> Tensor:
    """The integral along an axis, which goes (class Trapezoid)."""
    y = call.tensor("y")
    shape = known(y)
    axis = call.axis("axis", len(shape), -1)
    return Tensor(tuple(dim for index, dim in enumerate(shape) if index != axis), _mean(y.dtype, call.kind))


def histogram(call: Call) -> object:
    """Counts per bin, and the edges of the bins."""
    x = call.tensor("x")
    bins = call.value("bins", 10)
    if not isinstance(bins, int):
        raise Undetermined("the bins are not a number")
    if call.kind == "numpy":
        edges = "float64" if x.dtype == "float64" or is_integer(x.dtype) else None
        return (
            Tensor((bins,), None if call.given("weights") or call.given("density") else "int64"),
            Tensor((bins + 1,), edges),
        )
    return (Tensor((bins,), x.dtype), Tensor((bins + 1,), x.dtype))


def bincount(call: Call) -> Tensor:
    """How often each number occurs: the length depends on the data (class Bincount)."""
    x = call.tensor("x")
    dtype: Dtype = "int64" if call.kind == "numpy" else "int32"
    if call.given("weights"):
        weights = call.tensor("weights").dtype
        dtype = call.promote("x", "weights") if call.kind == "keras" else weights
    return Tensor((*known(x)[:-1], None), dtype)


def covariance(call: Call) -> Tensor:
    """Correlation of the rows of a matrix with each other."""
    x = call.tensor("x")
    shape = known(x)
    if len(shape) != 2:
        raise Undetermined("the input is not a matrix")
    if call.kind == "keras":
        if shape[0] != shape[1]:
            # class Corrcoef answers with the shape of its input
            return Tensor(shape, to_float(x.dtype, call.kind))
        return Tensor(shape, "float64" if x.dtype == "int64" else to_float(x.dtype, call.kind))
    rows = shape[0] if call.flag("rowvar", True) else shape[1]
    return Tensor((rows, rows), "float64")


def norm(call: Call) -> Tensor:
    """A vector or matrix norm over one, two or all axes."""
    x = call.tensor("x")
    shape = known(x)
    axes = call.axes("axis", len(shape))
    dtype = to_float(x.dtype, call.kind)
    if call.kind == "tensorflow" and x.dtype is not None and x.dtype.startswith("complex"):
        dtype = {"complex64": "float32"}.get(x.dtype, "float64")
    return Tensor(reduced(shape, axes, call.flag("keepdims")), dtype)


def _counted(dtype: Dtype, kind: str) -> Dtype:
    return "int32" if kind == "keras" else "int64"


def _mean(dtype: Dtype, kind: str) -> Dtype:
    """The type of a mean: NumPy averages whole numbers in double precision whatever their size."""
    if kind == "tensorflow":
        return dtype
    small = ("bool", "int8", "uint8", "int16", "uint16")
    return "float64" if kind == "numpy" and dtype in small else to_float(dtype, kind)


_TYPES: Mapping[str, Callable[[Dtype, str], Dtype]] = {
    "same": lambda dtype, kind: dtype,
    "bool": lambda dtype, kind: "bool",
    "float32": lambda dtype, kind: "float32",
    # NumPy averages whole numbers in double precision whatever their size
    "mean": _mean,
    "sum": accumulated,
    "index": _counted,
    "int32": lambda dtype, kind: "int32",
    "real": lambda dtype, kind: to_float(dtype, kind),
}
