"""Functions of each element by itself: arithmetic, comparison, activations, casts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from keras_lsp.shapes.dim import Expr, differ
from keras_lsp.shapes.ops import contents
from keras_lsp.shapes.ops.arguments import Call, as_tensor, dtype_of, printed
from keras_lsp.shapes.ops.broadcasting import broadcast
from keras_lsp.shapes.ops.dtypes import (
    WEAK,
    Dtype,
    is_float,
    is_integer,
    keras_float,
    promote_dtypes,
    standardize,
    to_float,
)
from keras_lsp.shapes.outcome import Refused, Undetermined
from keras_lsp.shapes.tensor import Tensor


def unary(call: Call) -> object:
    """One array to one of the same shape; option `dtype` says which type comes out, `keep` that the elements stay."""
    value = call.value("x")
    x = call.tensor("x")
    dtype = call.dtype(_UNARY_TYPES[call.options.get("dtype", "same")](x.dtype, call.kind))
    if "keep" in call.options:
        return Tensor(x.shape, dtype, x.content, x.classes)
    content = contents.transform(call.options.get("function", call.name.rpartition(".")[2]), x)
    if content is not None and call.kind == "numpy" and not isinstance(value, Tensor):
        return float(cast("float", content)) if is_float(dtype) else content
    return Tensor(x.shape, dtype, content)


def cast_to(call: Call) -> Tensor:
    """The same elements as another type; labels stay labels."""
    x = call.tensor("x")
    dtype = call.dtype(call.options.get("dtype"))
    content = x.content
    if content is not None and not (is_integer(dtype) and is_integer(x.dtype)):
        whole = x.shape == () and isinstance(content, int | float) and is_integer(dtype)
        content = int(cast("float", content)) if whole else content if is_float(dtype) else None
    return Tensor(x.shape, dtype, content, x.classes if is_integer(dtype) or is_float(dtype) else None)


def like(call: Call) -> Tensor:
    """An array of the shape of another one, of its type unless another is asked for; `shape` may ask for another one too."""
    x = call.tensor("x")
    dtype = call.dtype(x.dtype)
    if call.given("shape"):
        return Tensor(call.sizes("shape"), dtype)
    return Tensor(x.shape, dtype)


def binary(call: Call) -> object:
    """Two arrays that are broadcast together; option `dtype` says which type comes out, `op` the arithmetic of sizes."""
    left, right = call.value("x1"), call.value("x2")
    result = combine(left, right, call.kind, call.options.get("dtype", "promote"), call.options.get("op"), call.kind)
    plain = call.kind == "numpy" and not isinstance(left, Tensor) and not isinstance(right, Tensor)
    return result.content if plain and result.shape == () and isinstance(result.content, int | float | Expr) else result


def combine(left: object, right: object, kind: str, rule: str, symbol: str | None, words: str) -> Tensor:
    """Two values broadcast together.

    Args:
        left: an array, number or nested list.
        right: the same.
        kind: whose promotion rules hold; "" where that is not known.
        rule: which type comes out, a key of the table of rules below.
        symbol: the arithmetic of the elements, for constant arrays.
        words: in whose words a refusal is told.
    """
    a, b = as_tensor(left, kind or "numpy"), as_tensor(right, kind or "numpy")
    if a.dtype == "string" or b.dtype == "string":
        words = "numpy"
    shape = broadcast(a.shape, b.shape, kind=words)
    dtypes = (dtype_of(left, kind or "numpy"), dtype_of(right, kind or "numpy"))
    content = contents.combine(symbol, a, b) if symbol and (a.content is not None and b.content is not None) else None
    return Tensor(shape, _binary_type(rule, kind, *dtypes), content)


def _binary_type(rule: str, kind: str, *dtypes: Dtype) -> Dtype:
    if kind:
        return _BINARY_TYPES[rule](kind, *dtypes)
    answers = {_BINARY_TYPES[rule](each, *dtypes) for each in ("keras", "tensorflow", "numpy")}
    return answers.pop() if len(answers) == 1 else None


def variadic(call: Call) -> Tensor:
    """Several arrays of one shape added up or averaged (tf.add_n, keras.layers.add on lists)."""
    tensors = call.tensors("xs")
    if not tensors:
        raise Undetermined("there is no tensor")
    shape = broadcast(*(tensor.shape for tensor in tensors), kind=call.kind)
    return Tensor(shape, promote_dtypes(call.kind, *(tensor.dtype for tensor in tensors)))


def where(call: Call) -> object:
    """Elements of two arrays chosen by a condition; with the condition alone, where it holds (sizes depend on data)."""
    condition = call.tensor("condition")
    if not call.given("x1") and not call.given("x2"):
        if condition.shape is None:
            raise Undetermined("the rank of the condition is not known")
        rank = len(condition.shape)
        if call.kind == "tensorflow":
            return Tensor((None, rank), "int64")
        if call.kind == "keras":
            # class Where: broadcast_shapes with two empty shapes
            raise Undetermined("how many elements are true depends on the data")
        return tuple(Tensor((None,), "int64") for _ in range(max(rank, 1)))
    x1, x2 = call.tensor("x1"), call.tensor("x2")
    shape = broadcast(condition.shape, x1.shape, x2.shape, kind=call.kind)
    return Tensor(shape, call.promote("x1", "x2"))


def clip(call: Call) -> object:
    """Elements kept between two bounds; the bounds may be arrays."""
    x = call.tensor("x")
    shapes = [x.shape]
    dtypes: list[Dtype] = [dtype_of(call.value("x"), call.kind)]
    for name in ("low", "high"):
        if call.given(name):
            shapes.append(call.tensor(name).shape)
            dtypes.append(dtype_of(call.value(name), call.kind))
    if call.kind == "keras":
        return Tensor(x.shape, "int32" if x.dtype == "bool" else x.dtype)
    dtype = x.dtype if call.kind == "tensorflow" else promote_dtypes("numpy", *dtypes)
    return Tensor(broadcast(*shapes, kind=call.kind), dtype)


def first_shape(call: Call) -> Tensor:
    """Keras answers with the first operand's shape where it should broadcast (bitwise functions of numpy.py)."""
    x, y = call.tensor("x1"), call.tensor("x2")
    try:
        shape = broadcast(x.shape, y.shape, kind=call.kind)
    except Refused as refused:
        # the symbolic call passes
        raise Refused(refused.error.kind, refused.error.text, stage="run", shapes=(x.shape, y.shape)) from None
    if x.shape is not None and shape != x.shape:
        raise Undetermined("Keras's symbolic shape of a broadcast bitwise function is not the real one")
    shifted = "shift" in call.name and not isinstance(call.value("x2"), Tensor)
    return Tensor(shape, x.dtype if shifted else call.promote("x1", "x2"))


def select(call: Call) -> Tensor:
    """The first of several arrays whose condition holds (class Select takes shape and type of the first choice)."""
    choices = call.tensors("choices")
    conditions = call.tensors("conditions")
    if not choices:
        raise Undetermined("there is no choice")
    if call.kind == "keras":
        return choices[0].with_shape(choices[0].shape)
    shape = broadcast(*(tensor.shape for tensor in (*conditions, *choices)), kind=call.kind)
    return Tensor(shape, promote_dtypes(call.kind, *(tensor.dtype for tensor in choices)))


def to_array(call: Call) -> object:
    """A value as an array or tensor, with its elements where they are few (array, constant, convert_to_tensor, Variable)."""
    value = call.value("x")
    x = as_tensor(value, call.kind)
    dtype = x.dtype
    if call.given("dtype_hint"):
        dtype = x.dtype if isinstance(value, Tensor) else standardize(call.value("dtype_hint"), call.kind)
    dtype = call.dtype(dtype)
    result = Tensor(x.shape, dtype, x.content, x.classes)
    if call.given("shape"):  # tf.constant(0, shape=(2, 3)), K.constant
        result = Tensor(call.sizes("shape"), dtype, None, None)
    if call.given("min_rank") and result.shape is not None:
        missing = call.integer("min_rank") - len(result.shape)
        if missing > 0:
            result = Tensor((1,) * missing + result.shape, dtype)
    return result


def elementwise_loss(call: Call) -> Tensor:
    """A loss per element, of two arrays of exactly one shape (class BinaryCrossentropy)."""
    target, output = call.tensor("target"), call.tensor("output")
    if call.kind == "keras" and target.shape is not None and output.shape is not None:
        pairs = zip(target.shape, output.shape, strict=False)
        if len(target.shape) != len(output.shape) or any(differ(a, b) for a, b in pairs):
            text = (
                "Arguments `target` and `output` must have the same shape. Received: "
                f"target.shape={printed(target.shape)}, output.shape={printed(output.shape)}"
            )
            call.refuse("merge", text, shapes=(target.shape, output.shape))
        return output.with_shape(output.shape)
    return Tensor(broadcast(target.shape, output.shape, kind=call.kind), output.dtype)


def _same(dtype: Dtype, kind: str) -> Dtype:
    return dtype


def _rounded(dtype: Dtype, kind: str) -> Dtype:
    """floor, ceil: Keras gives floats; NumPy since 2.1 keeps whole numbers, before it did not."""
    if kind == "numpy":
        return dtype if is_float(dtype) else None
    return dtype if kind == "tensorflow" else keras_float(dtype)


def _double(dtype: Dtype, kind: str) -> Dtype:
    if kind == "keras" and dtype == "int64":
        return "float64"
    if kind == "numpy":
        return dtype if is_float(dtype) else None
    return dtype if kind == "tensorflow" else to_float(dtype, kind)


def _to_real(dtype: Dtype, kind: str) -> Dtype:
    return {"complex64": "float32", "complex128": "float64"}.get(dtype or "", dtype) if kind != "keras" else dtype


def _real_float(dtype: Dtype, kind: str) -> Dtype:
    if kind == "numpy" and dtype == "bool":
        return "float64"
    return {"complex64": "float32", "complex128": "float64"}.get(dtype or "") or to_float(dtype, kind)


_UNARY_TYPES: Mapping[str, Callable[[Dtype, str], Dtype]] = {
    "same": _same,
    "bool": lambda dtype, kind: "bool",
    "int32": lambda dtype, kind: "int32",
    "int64": lambda dtype, kind: "int64",
    "index": lambda dtype, kind: "int64" if kind == "numpy" else "int32",
    "string": lambda dtype, kind: "string",
    "float32": lambda dtype, kind: "float32",
    "uint8": lambda dtype, kind: "uint8",
    # TensorFlow refuses whole numbers where the result is real
    "float": lambda dtype, kind: dtype if kind == "tensorflow" else to_float(dtype, kind),
    "double": _double,
    "rounded": _rounded,
    # arithmetic on truth values
    "counted": lambda dtype, kind: {"keras": "int32", "numpy": "int8"}.get(kind, dtype) if dtype == "bool" else dtype,
    "real": _to_real,
    "angle": _real_float,
    "complex": lambda dtype, kind: "complex64" if dtype in ("float32", "float16") else "complex128" if dtype else None,
}


def _divided(kind: str, *dtypes: Dtype) -> Dtype:
    if kind == "keras":
        return promote_dtypes(kind, *dtypes, "float")
    dtype = promote_dtypes(kind, *dtypes)
    if dtype is None or is_float(dtype) or dtype.startswith("complex"):
        return dtype
    if kind == "tensorflow":
        return "float32" if dtype in ("int8", "uint8", "int16", "uint16") else "float64"
    return "float64"


def _with_float(kind: str, *dtypes: Dtype) -> Dtype:
    if kind == "keras":
        return promote_dtypes(kind, *dtypes, "float")
    dtype = promote_dtypes(kind, *dtypes)
    return dtype if kind == "tensorflow" else to_float(dtype, kind)


def _angle_of_two(kind: str, *dtypes: Dtype) -> Dtype:
    """Class Arctan2 takes Python numbers for floatx."""
    if kind == "keras":
        return promote_dtypes(kind, *("float32" if dtype in WEAK else dtype for dtype in dtypes), "float")
    return _with_float(kind, *dtypes)


def _strong_only(kind: str, *dtypes: Dtype) -> Dtype:
    """The classes Ldexp, Gcd, Lcm and Nextafter take the type of a Python number as if it were an array's."""
    return None if kind == "keras" and any(dtype in WEAK for dtype in dtypes) else promote_dtypes(kind, *dtypes)


def _strong_float(kind: str, *dtypes: Dtype) -> Dtype:
    return None if _strong_only(kind, *dtypes) is None else _with_float(kind, *dtypes)


def _hypotenuse(kind: str, *dtypes: Dtype) -> Dtype:
    if kind == "keras" and set(dtypes) == {"bool"}:
        return "bool"
    return _double(promote_dtypes(kind, *dtypes), kind)


def _no_bool(kind: str, *dtypes: Dtype) -> Dtype:
    dtype = promote_dtypes(kind, *dtypes)
    return ("int32" if kind == "keras" else "int8") if dtype == "bool" else dtype


def _logical(kind: str, *dtypes: Dtype) -> Dtype:
    return "bool"


def _first(kind: str, first: Dtype, *others: Dtype) -> Dtype:
    return first


def _counted(kind: str, *dtypes: Dtype) -> Dtype:
    """Powers and quotients of truth values are numbers in NumPy only."""
    dtype = promote_dtypes(kind, *dtypes)
    if kind == "numpy" and "bool" in dtypes and "int" in dtypes:
        return None  # a square is computed otherwise than a cube
    return "int8" if dtype == "bool" and kind == "numpy" else dtype


_BINARY_TYPES: Mapping[str, Callable[..., Dtype]] = {
    "counted": _counted,
    "promote": promote_dtypes,
    "bool": _logical,
    "divide": _divided,
    "float": _with_float,
    "double": _hypotenuse,
    "arctan2": _angle_of_two,
    "strong": _strong_only,
    "strong_float": _strong_float,
    "no_bool": _no_bool,
    "first": _first,
}
