"""Functions that make arrays from sizes: zeros, ranges, identity matrices, random numbers."""

from __future__ import annotations

import math
from typing import cast

from keras_lsp.shapes.dim import Dim, Expr, Shape, ceil_divide, opaque, subtract
from keras_lsp.shapes.ops.arguments import Call, as_dim, as_tensor, dtype_of, known
from keras_lsp.shapes.ops.broadcasting import broadcast
from keras_lsp.shapes.ops.dtypes import Dtype, is_float, promote_dtypes, standardize, strong
from keras_lsp.shapes.outcome import Undetermined
from keras_lsp.shapes.tensor import MAX_CONTENT, Tensor

# With n >= 30 k draws of k equally likely labels, some label is missing with a chance below k * exp(-30) < 1e-11.
DRAWS_PER_CLASS = 30
# Sizes beyond this are no sizes of arrays that fit a machine.
MAX_COUNT = 1 << 40


def _default(call: Call) -> Dtype:
    return call.options.get("dtype") or ("float64" if call.kind == "numpy" else "float32")


def filled(call: Call) -> Tensor:
    """An array of a shape, float by default (zeros, ones, empty, placeholder)."""
    if not call.given("shape") and call.given("ndim"):  # K.placeholder(ndim=2)
        return Tensor((None,) * call.integer("ndim"), call.dtype(_default(call)))
    return Tensor(_checked(call, call.sizes("shape")), call.dtype(_default(call)))


def full(call: Call) -> Tensor:
    """An array of a shape with one value; NumPy and TensorFlow take the value's type."""
    value = call.value("value")
    dtype = "float32" if call.kind == "keras" else as_tensor(value, call.kind).dtype
    return Tensor(_checked(call, call.sizes("shape")), call.dtype(dtype))


def _checked(call: Call, shape: Shape | None) -> Shape | None:
    if shape is not None and any(isinstance(dim, int) and dim < 0 for dim in shape):
        if call.kind == "numpy":
            call.refuse("argument", "negative dimensions are not allowed", argument="shape", value=shape)
        raise Undetermined("a size is negative")
    return shape


def eye(call: Call) -> Tensor:
    """The identity matrix, or a matrix with ones on a diagonal; `batch` adds axes in front (tf.eye)."""
    rows = call.size("rows")
    columns = call.size("columns") if call.given("columns") else rows
    if call.kind == "keras" and call.value("k") not in (None, 0) and rows != columns:
        raise Undetermined("Keras's matrix with ones beside the diagonal has not the size asked for")
    batch = call.sizes("batch") if call.given("batch") else ()
    if batch is None:
        return Tensor(None, call.dtype(_default(call)))
    return Tensor((*batch, rows, columns), call.dtype(_default(call)))


def arange(call: Call) -> Tensor:
    """Numbers from start to stop by step: ceil((stop - start) / step) of them."""
    start, stop = call.value("start"), call.value("stop")
    step = call.value("step", 1)
    step = 1 if step is None else step
    if stop is None:
        start, stop = 0, start
    numbers = [_number(value) for value in (start, stop, step)]
    dtype = call.dtype(promote_dtypes(call.kind, *(dtype_of(value, call.kind) for value in (start, stop, step))))
    if call.kind == "keras" and not call.given("dtype"):
        # class Arange: result_type(type(start), ...); ints are int32
        dtype = promote_dtypes("keras", *(dtype_of(value, "keras") for value in (start, stop, step)))
    first, last, by = numbers
    if isinstance(first, float) or isinstance(last, float) or isinstance(by, float):
        if not all(isinstance(number, int | float) for number in numbers) or not by:
            return Tensor((opaque() if call.kind == "numpy" else None,), dtype)
        count = max(0, math.ceil((last - first) / by))  # pyright: ignore[reportOperatorIssue, reportOptionalOperand, reportUnknownArgumentType]
        return Tensor((count if count < MAX_COUNT else opaque(),), dtype)
    if by == 0:
        raise Undetermined("the step is 0")
    length = _steps(first, last, by)
    content = None
    if isinstance(length, int) and length <= MAX_CONTENT and isinstance(first, int) and isinstance(by, int):
        content = tuple(first + by * index for index in range(length)) if not is_float(dtype) else None
    return Tensor((length,), dtype, content)


def _number(value: object) -> Dim | float:
    if isinstance(value, float) and not value.is_integer():
        return value
    if isinstance(value, Tensor) and isinstance(value.content, float) and not value.content.is_integer():
        return value.content
    return as_dim(value)


def _steps(first: Dim, last: Dim, by: Dim) -> Dim:
    distance = subtract(last, first)
    if isinstance(distance, int) and isinstance(by, int):
        return max(0, -(-distance // by))
    if isinstance(by, int) and by < 0:
        return ceil_divide(subtract(first, last), -by)
    return ceil_divide(distance, by)


def linspace(call: Call) -> object:
    """A number of values between two; arrays as ends add their shape (class Linspace)."""
    ends = broadcast(call.shape("start"), call.shape("stop"), kind=call.kind)
    assert ends is not None
    num = call.size("num", 50)
    axis = call.one_axis("axis", len(ends) + 1, 0)
    dtypes = [dtype_of(call.value(name), call.kind) for name in ("start", "stop")]
    if call.kind == "numpy":
        dtype = call.dtype("float64" if all(each != "float128" for each in dtypes) else None)
    elif call.kind == "keras":
        dtype = promote_dtypes("keras", strong(call.dtype(dtypes[0]), "keras"), "float")
    else:
        dtype = promote_dtypes("tensorflow", *dtypes)
        dtype = dtype if is_float(dtype) else "float64"
    result = Tensor((*ends[:axis], num, *ends[axis:]), dtype)
    if call.flag("retstep"):
        return (result, Tensor(ends, dtype) if call.kind == "numpy" else None)
    return result


def window(call: Call) -> Tensor:
    """A window function of a length (hanning, hamming, ...)."""
    return Tensor((call.size("length"),), call.dtype(_default(call)))


def triangle(call: Call) -> Tensor:
    """Ones at and below a diagonal."""
    rows = call.size("rows")
    columns = call.size("columns") if call.given("columns") else rows
    return Tensor((rows, columns), call.dtype(_default(call)))


def vander(call: Call) -> Tensor:
    """Powers of the elements in columns (class Vander)."""
    x = call.tensor("x")
    shape = known(x)
    if len(shape) != 1:
        raise Undetermined("the input is not a vector")
    columns = call.size("columns") if call.given("columns") else shape[0]
    # NumPy's powers are at least double precision
    return Tensor((*shape, columns), x.dtype if call.kind == "keras" else promote_dtypes("numpy", x.dtype, "float64"))


def indices(call: Call) -> Tensor:
    """The index grids of a shape (numpy.indices)."""
    sizes = call.fixed_sizes("shape")
    return Tensor((len(sizes), *sizes), "int64")


def random(call: Call) -> Tensor:
    """Random numbers of a shape; NumPy gives one number without a size, or one per parameter if those are arrays."""
    dtype = call.dtype(_default(call))
    if call.given("shape"):
        return Tensor(_checked(call, call.sizes("shape")), dtype)
    shapes = [call.shape(name) for name in ("a", "b", "c") if call.given(name)]
    shape = broadcast(*shapes, kind=call.kind) if shapes else ()
    return Tensor(shape, _of_one(call, shape, dtype))


def _of_one(call: Call, shape: Shape | None, dtype: str | None) -> str | None:
    """A single random number that NumPy draws is one of Python in most versions, and has no type of its own."""
    return None if call.kind == "numpy" and shape == () else dtype


def random_sizes(call: Call) -> Tensor:
    """Random numbers of the sizes given one by one (numpy.random.rand(3, 4))."""
    return Tensor(tuple(as_dim(size) for size in call.value("sizes", ())), _default(call))


def random_integers(call: Call) -> Tensor:
    """Random whole numbers; drawn often enough they are labels of which none is missing."""
    low, high = call.value("low", 0), call.value("high")
    if high is None:
        low, high = 0, low
    shapes: list[Shape] = [known(value) for value in (low, high) if isinstance(value, Tensor)]
    shape = call.sizes("shape") if call.given("shape") else broadcast(*shapes, kind=call.kind)
    # numpy.random.randint gives the platform's C long, int64 where models are trained
    dtype = call.dtype("int64" if call.kind == "numpy" else _default(call))
    classes = _labels(low, high, shape, bool(call.value("endpoint", False)))
    return Tensor(shape, _of_one(call, shape, dtype), classes=classes)


def _labels(low: object, high: object, shape: Shape | None, inclusive: bool) -> Dim:
    if low != 0 or not isinstance(high, int | Expr) or shape is None or isinstance(high, bool):
        return None
    count = high + 1 if inclusive else high
    total = 1
    for dim in shape:
        if not isinstance(dim, int):
            return None
        total *= dim
    return count if isinstance(count, int) and total >= DRAWS_PER_CLASS * count else None


def choice(call: Call) -> Tensor:
    """Elements drawn from an array, or from `range(n)`."""
    source = call.value("a")
    shape = call.sizes("shape") if call.given("shape") else ()
    if isinstance(source, int | Expr):
        replaced = call.value("p") is None and call.value("replace", True) is True
        classes = _labels(0, source, shape, False) if replaced else None
        return Tensor(shape, _of_one(call, shape, "int64"), classes=classes)
    x = call.tensor("a")
    rest = known(x)[1:]
    return Tensor(None if shape is None else (*shape, *rest), x.dtype)


def permutation(call: Call) -> Tensor:
    """An array shuffled along its first axis, or `range(n)` shuffled."""
    value = call.value("x")
    if isinstance(value, int | Expr):
        return Tensor((value,), "int64")
    x = call.tensor("x")
    if x.shape == ():
        return Tensor((as_dim(x),), "int64")
    return Tensor(x.shape, x.dtype, classes=x.classes)


def multivariate(call: Call) -> Tensor:
    """Random vectors of a joint distribution (numpy.random.multivariate_normal, dirichlet, multinomial)."""
    vector = call.shape("mean")
    shape = call.sizes("shape") if call.given("shape") else ()
    if shape is None:
        raise Undetermined("the size is not known")
    return Tensor((*shape, *vector[-1:]), _default(call))


def categorical(call: Call) -> Tensor:
    """Samples per row of logits (tf.random.categorical, keras.random.categorical)."""
    logits = call.shape("logits")
    if len(logits) != 2:
        raise Undetermined("the logits are not a matrix")
    dtype: Dtype = "int64" if call.kind == "tensorflow" else "int32"
    return Tensor((logits[0], call.size("num")), call.dtype(dtype))


def from_parameters(call: Call) -> Tensor:
    """Random numbers around given parameters, of a shape in front of the parameters' own (tf.random.gamma, poisson)."""
    sizes = call.fixed_sizes("shape")
    inner = broadcast(*(call.shape(name) for name in ("a", "b") if call.given(name)), kind=call.kind)
    dtypes = [call.tensor(name).dtype for name in ("a", "b") if call.given(name)]
    assert inner is not None
    return Tensor((*sizes, *inner), call.dtype(dtypes[0] if dtypes else "float32"))


def one_hot(call: Call) -> Tensor:
    """A new axis of size `depth`, last by default (class OneHot; to_categorical drops a last axis of size 1)."""
    x = call.tensor("x")
    # to_categorical of Keras 2 gives single precision
    old = "labels" in call.options and call.keras < (3,)
    dtype = call.dtype("float32" if old else _default(call))
    depth = _depth(call, x)
    if x.shape is None:
        return Tensor(None, dtype)
    shape = x.shape
    if "labels" in call.options and len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    axis = call.integer("axis", -1)
    position = len(shape) if axis == -1 else axis
    if not 0 <= position <= len(shape):
        call.refuse(
            "axis", f"axis must be -1 or between [0, {len(shape)}), but received {axis}.", axis=axis, rank=len(shape)
        )
    return Tensor((*shape[:position], depth, *shape[position:]), dtype)


def _depth(call: Call, x: Tensor) -> Dim:
    if call.given("depth"):
        return call.size("depth")
    # Without `num_classes` the largest label decides, which mostly only the data know.
    content = x.content
    if isinstance(content, tuple) and len(x.shape or ()) == 1:
        elements = cast("tuple[object, ...]", content)
        labels = [label for label in elements if isinstance(label, int)]
        if labels and len(labels) == len(elements):
            return max(labels) + 1
    return x.classes if x.classes is not None else opaque()


def multi_hot(call: Call) -> Tensor:
    """Which of the classes occur along the last axis of the labels (class MultiHot)."""
    x = call.tensor("x")
    shape = list(known(x))
    axis = call.integer("axis", -1)
    shape.insert(len(shape) if axis == -1 else axis, call.size("depth"))
    result = [shape[-1]] if len(shape) == 2 else [shape[0], *shape[2:]]
    return Tensor(tuple(result), x.dtype)


def pad_sequences(call: Call) -> Tensor:
    """Lists of different lengths as one matrix (keras/src/utils/sequence_utils.py)."""
    sequences = call.value("sequences")
    if isinstance(sequences, Tensor):
        shape = known(sequences)
        if len(shape) == 1 and sequences.dtype is None:
            raise Undetermined("what the array holds is not known")
        count: Dim = shape[0] if shape else None
        rest = shape[2:] if sequences.dtype not in ("object", None) else ()
        longest: Dim = shape[1] if len(shape) > 1 else opaque()
    elif isinstance(sequences, list | tuple):
        count, rest = len(sequences), ()  # pyright: ignore[reportUnknownArgumentType]
        lengths = [len(item) if isinstance(item, list | tuple) else None for item in sequences]  # pyright: ignore
        longest = opaque() if None in lengths else max(lengths, default=0)  # pyright: ignore
    else:
        count, rest, longest = opaque(), (), opaque()
    length = call.size("maxlen") if call.given("maxlen") else longest
    dtype = standardize(call.value("dtype", "int32"), "numpy")
    return Tensor((count, length, *rest), dtype)


def normalized(call: Call) -> Tensor:
    """An array divided by its norm along an axis (keras.utils.normalize)."""
    x = call.tensor("x")
    shape = known(x)
    if shape:
        call.axis("axis", len(shape), -1)
    else:
        shape = (1,)
    # arrays stay in double precision, tensors do not
    return Tensor(shape, "float32" if x.dtype == "float32" else None)


def sequence_mask(call: Call) -> Tensor:
    """Which positions lie within each length (tf.sequence_mask)."""
    lengths = call.shape("lengths")
    maxlen = call.size("maxlen") if call.given("maxlen") else None
    return Tensor((*lengths, maxlen), call.dtype("bool"))


def from_file(call: Call) -> Tensor:
    """The bytes of a file, as one string (tf.io.read_file)."""
    return Tensor((), "string")
