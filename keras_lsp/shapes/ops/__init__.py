"""Output shapes of functions between layers and on data: `keras.ops`, `keras.backend`, `tf.*`, NumPy, methods, operators.

One implementation per family (`elementwise`, `reductions`, `shaping`, `joining`, `creation`, `contraction`, `indexing`,
`network`, `images`, `linear_algebra`, `signals`, `control`, `inquiry`) and tables of spellings (`*_rows`) that say which
implementation a dotted name has and how its arguments are bound; both are loaded at the first question.

Deliberately not here: layers, data sets and pipelines, the program's own functions. A function argument is a Python
callable that takes and returns descriptions of tensors; who interprets programs wraps theirs so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from keras_lsp.shapes.configuration import UnknownValue, Version
from keras_lsp.shapes.outcome import Applied, Refused, ShapeError, Undetermined, Unknown
from keras_lsp.shapes.tensor import Tensor

if TYPE_CHECKING:
    from keras_lsp.shapes.ops.signatures import Signature

# The section of the tables that lists the methods of a kind of array.
_METHODS = {"keras": "keras_tensor", "tensorflow": "tf_tensor", "numpy": "ndarray"}

# What Python raises when a value is of a kind that no implementation expects: unknown, never a crash.
UNREADABLE = (TypeError, ValueError, IndexError, KeyError, AttributeError, ArithmeticError)


def knows_op(name: str) -> bool:
    """Whether a function of this dotted name ("keras.ops.reshape", "tensorflow.nn.relu") has a shape rule."""
    from keras_lsp.shapes.ops.signatures import canonical

    return canonical(name) is not None


def apply_op(
    name: str, args: Sequence[object], kwargs: Mapping[str, object], keras: Version
) -> Applied | ShapeError | Unknown:
    """Call a function on tensors and plain values: what comes out, the error that is sure to be raised, or unknown.

    Args:
        name: the dotted canonical spelling: "keras.ops.reshape", "tensorflow.reshape", "numpy.reshape".
        args: positional arguments: tensors, plain values, sizes, (nested) sequences of these, `UnknownValue`.
        kwargs: keyword arguments.
        keras: the version of Keras.
    """
    from keras_lsp.shapes.ops.signatures import canonical, kind_of, signature

    found = signature(name)
    if found is None:
        return Unknown(f"no shape rule for {name}")
    return _apply(found, name, kind_of(canonical(name) or name), args, kwargs, keras)


def knows_method(method: str, kind: str) -> bool:
    """Whether arrays of this kind have a method of this name with a shape rule."""
    return knows_op(f"{_METHODS[kind]}.{method}")


def apply_method(
    tensor: Tensor, method: str, args: Sequence[object], kwargs: Mapping[str, object], keras: Version, kind: str
) -> Applied | ShapeError | Unknown:
    """Call a method of a tensor or array of this kind ("keras", "tensorflow", "numpy")."""
    from keras_lsp.shapes.ops.signatures import signature

    found = signature(f"{_METHODS[kind]}.{method}")
    if found is None:
        return Unknown(f"no shape rule for the method `{method}`")
    return _apply(found, method, kind, (tensor, *args), kwargs, keras)


def tensor_attribute(tensor: Tensor, name: str, kind: str) -> object:
    """An attribute of a tensor: sizes, rank, type, transpose; `Unknown` where it is not known or there is none.

    `shape` is a tuple of sizes, `dtype` Keras's name of the type, `ndim` and `size` numbers, `T` a tensor.
    """
    shape = tensor.shape
    if name == "dtype":
        return tensor.dtype if tensor.dtype is not None else Unknown("the element type is not known")
    if shape is None:
        return Unknown("the rank of the tensor is not known")
    if name == "shape":
        return shape
    if name == "ndim":
        return len(shape)
    if name == "size" and kind == "numpy":
        from keras_lsp.shapes.dim import product

        total = product(shape)
        return total if total is not None else UnknownValue("the number of elements depends on the data")
    if name == "T" and kind != "tensorflow":
        return Tensor(shape[::-1], tensor.dtype, classes=tensor.classes)
    if name in ("real", "imag") and kind == "numpy":
        return Tensor(shape, {"complex64": "float32", "complex128": "float64"}.get(tensor.dtype or "", tensor.dtype))
    if name == "flat" and kind == "numpy":
        from keras_lsp.shapes.dim import product

        return Tensor((product(shape),), tensor.dtype)
    return Unknown(f"no rule for the attribute `{name}`")


def apply_operator(
    symbol: str, left: object, right: object, keras: Version, kind: str = ""
) -> Applied | ShapeError | Unknown:
    """`left symbol right` for an operator or comparison ("+", "@", "<"), at least one of them an array.

    `kind` says whose promotion rules hold ("keras", "tensorflow", "numpy"); without it the element type of the result is
    known only where all of them agree.
    """
    from keras_lsp.shapes.ops.operators import operate

    return _answer(lambda: operate(symbol, left, right, kind))


def apply_unary(symbol: str, value: object, keras: Version, kind: str = "") -> Applied | ShapeError | Unknown:
    """`-x`, `+x`, `~x`, `not x` or `abs(x)` of an array."""
    from keras_lsp.shapes.ops.operators import operate_unary

    return _answer(lambda: operate_unary(symbol, value, kind))


def subscript(tensor: Tensor, index: object, keras: Version) -> Applied | ShapeError | Unknown:
    """`tensor[index]` for numbers, sizes, slices, `None`, `...`, integer arrays, boolean masks, and tuples of these."""
    from keras_lsp.shapes.ops.indexing import subscripted

    return _answer(lambda: subscripted(tensor, index))


def _apply(
    found: Signature, name: str, kind: str, args: Sequence[object], kwargs: Mapping[str, object], keras: Version
) -> Applied | ShapeError | Unknown:
    from keras_lsp.shapes.ops.arguments import Call

    return _answer(lambda: found.implementation(Call(name, kind, found.bind(args, kwargs), found.options, keras)))


def _answer(compute: Callable[[], object]) -> Applied | ShapeError | Unknown:
    """What an implementation returns or raises; ops that ask about arrays return plain values."""
    try:
        return Applied(cast("Any", compute()))
    except Refused as refused:
        return refused.error
    except Undetermined as undetermined:
        return Unknown(undetermined.reason)
    except UNREADABLE as error:
        return Unknown(f"the arguments could not be read: {error}")
