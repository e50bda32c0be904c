"""Functions that ask about arrays or settings and answer with plain values: shape, rank, size, dtype, floatx."""

from __future__ import annotations

from keras_lsp.shapes.dim import product
from keras_lsp.shapes.ops.arguments import Call, known
from keras_lsp.shapes.ops.dtypes import is_float, is_integer, promote_dtypes, standardize
from keras_lsp.shapes.outcome import Undetermined
from keras_lsp.shapes.tensor import Tensor


def shape(call: Call) -> object:
    """The sizes as a tuple (keras.ops.shape, numpy.shape, K.int_shape)."""
    x = call.tensor("x")
    if x.shape is None and "none" in call.options:
        raise Undetermined("the rank of the tensor is not known")
    return known(x)


def shape_tensor(call: Call) -> Tensor:
    """The sizes as an integer tensor whose elements are known as far as the sizes are (tf.shape)."""
    x = call.tensor("x")
    dtype = call.dtype("int32")
    if x.shape is None:
        return Tensor((None,), dtype)
    return Tensor((len(x.shape),), dtype, x.shape)


def rank(call: Call) -> object:
    """The number of axes."""
    count = len(known(call.tensor("x")))
    return Tensor((), "int32", count) if call.kind == "tensorflow" and "plain" not in call.options else count


def size(call: Call) -> object:
    """The number of elements: a number in NumPy, a scalar tensor elsewhere."""
    sizes = known(call.tensor("x"))
    if call.given("axis"):
        axis = call.one_axis("axis", len(sizes))
        total = sizes[axis]
    else:
        total = product(sizes)
    if total is None and "plain" in call.options:
        raise Undetermined("a tensor with a dynamic size has no number of elements")
    if call.kind == "numpy" or "plain" in call.options:
        return total if total is not None else Tensor((), "int64")
    return Tensor((), call.dtype("int32"), total)


def dtype(call: Call) -> object:
    """The name of the element type."""
    name = call.tensor("x").dtype
    if name is None:
        raise Undetermined("the element type is not known")
    return name


def standard_dtype(call: Call) -> object:
    """The name that a `dtype=` argument stands for."""
    name = call.dtype("float32")
    if name is None:
        raise Undetermined("the element type is not known")
    return name


def kind_of_dtype(call: Call) -> object:
    """Whether a type is real or whole, option `kind`."""
    name = standardize(call.value("dtype"), call.kind)
    if name is None:
        raise Undetermined("the element type is not known")
    return is_float(name) if call.options["kind"] == "float" else is_integer(name)


def result_dtype(call: Call) -> object:
    """The type that several types promote to (keras.backend.result_type)."""
    dtypes = [standardize(value, "keras") for value in call.value("dtypes", ())]
    result = promote_dtypes("keras", *dtypes) if dtypes else "float32"
    if result is None:
        raise Undetermined("the element types are not known")
    return result


def setting(call: Call) -> object:
    """A setting at its default (floatx, image_data_format, backend); a program that changes it knows better."""
    text = call.options["value"]
    return float(text) if text[0].isdigit() else text


def is_tensor(call: Call) -> object:
    """Whether a value is a tensor: a symbolic one of Keras is not."""
    if isinstance(call.value("x"), Tensor):
        raise Undetermined("it depends on whether the tensor is symbolic")
    return False


def nothing(call: Call) -> object:
    """A function called for what it does (set_floatx, clear_session): `None`."""
    return None
