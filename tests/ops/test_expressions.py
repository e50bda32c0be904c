"""Operators, subscripts, methods and attributes: Python expressions evaluated on real arrays and on their descriptions."""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
import pytest

from keras_lsp.shapes.ops import apply_method, apply_operator, apply_unary, subscript, tensor_attribute
from keras_lsp.shapes.outcome import Applied, ShapeError, Unknown
from keras_lsp.shapes.tensor import Tensor
from tests.ops.exam import SYMBOLS, WRONG, compare, index_of, shapes
from tests.ops.worlds import KERAS, agree, outline

SEED = os.environ.get("OPS_SEED", "0")


def real_array(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return np.ones(shape, dtype)


def check(said: Applied | ShapeError | Unknown, compute: Any, told: str) -> str:
    verdict, detail = compare(said, compute)
    assert verdict not in WRONG, f"{verdict}: {told}: {detail}"
    return verdict


def test_operators_on_arrays() -> None:
    r = random.Random(f"operators{SEED}")
    outcomes: list[str] = []
    dtypes = ("float32", "float64", "int32", "int64", "uint8", "int16", "float16", "bool")
    for _ in range(1500):
        symbol = r.choice((*SYMBOLS, "@", "&", "|"))
        a, b = shapes(r)
        left, right = r.choice(dtypes), r.choice(dtypes)
        if symbol in "&|":
            left = right = r.choice(("bool", "int32", "int64"))
        if symbol == "@":
            a, b = r.choice((((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 5))))
        second: Any = Tensor(b, right)
        real_second: Any = real_array(b, right)
        if r.random() < 0.25 and symbol != "@":
            second = real_second = r.choice((2, 0.5)) if symbol not in "&|" else 1
        told = f"{a}{left} {symbol} {b}{right} {second}"
        said = apply_operator(symbol, Tensor(a, left), second, KERAS, "numpy")
        real_first = real_array(a, left)
        outcomes.append(
            check(said, lambda x=real_first, s=symbol, y=real_second: eval(f"x {s} y", {"x": x, "y": y}), told)
        )
    assert outcomes.count("agrees") > 1000
    assert outcomes.count("refuses") > 20
    assert not outcomes.count("unknown")


def test_operators_on_tensors() -> None:
    import keras
    import tensorflow as tf

    r = random.Random(f"tensors{SEED}")
    outcomes: list[str] = []
    for _ in range(250):
        symbol = r.choice((*SYMBOLS[:-2], "@"))
        a, b = shapes(r)
        if symbol == "@":
            a, b = r.choice((((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (4, 5))))
        dtype = r.choice(("float32", "int32"))
        for kind in ("keras", "tensorflow"):
            second: Any = Tensor(b, dtype)
            number = r.choice((2, 0.5)) if dtype == "float32" or kind == "keras" else 2
            if scalar := (r.random() < 0.3 and symbol != "@"):
                second = number
            if kind == "keras":
                x, y = keras.KerasTensor(a, dtype), number if scalar else keras.KerasTensor(b, dtype)
            else:
                x, y = tf.ones(a, dtype), number if scalar else tf.ones(b, dtype)
            said = apply_operator(symbol, Tensor(a, dtype), second, KERAS, kind)
            told = f"{kind}: {a}{dtype} {symbol} {second}"
            outcomes.append(check(said, lambda x=x, s=symbol, y=y: eval(f"x {s} y", {"x": x, "y": y}), told))
    assert outcomes.count("agrees") > 300
    assert outcomes.count("refuses") > 5


def test_type_is_known_where_all_libraries_agree() -> None:
    both = apply_operator("+", Tensor((2,), "float32"), Tensor((2,), "float32"), KERAS)
    assert both == Applied(Tensor((2,), "float32"))
    mixed = apply_operator("+", Tensor((2,), "int64"), Tensor((2,), "float32"), KERAS)
    assert mixed == Applied(Tensor((2,), None))
    assert apply_unary("-", Tensor((2,), "int64"), KERAS) == Applied(Tensor((2,), "int64"))


def test_subscripts() -> None:
    r = random.Random(f"subscripts{SEED}")
    outcomes: list[str] = []
    for _ in range(3000):
        shape = tuple(r.choice((1, 2, 3, 5)) for _ in range(r.choice((1, 2, 3, 4))))
        index, used = index_of(r, shape, arrays=True)
        said = subscript(Tensor(shape, "float32"), index, KERAS)
        outcomes.append(check(said, lambda s=shape, i=used: np.ones(s, "float32")[i], f"{shape}[{index}]"))
    assert outcomes.count("agrees") > 2400
    assert outcomes.count("refuses") > 50


@pytest.mark.parametrize("kind", ["keras", "tensorflow"])
def test_subscripts_of_symbolic_tensors(kind: str) -> None:
    import keras
    import tensorflow as tf

    r = random.Random(f"symbolic{SEED}")
    outcomes: list[str] = []
    for _ in range(400):
        inner = tuple(r.choice((2, 3, 5)) for _ in range(r.choice((1, 2, 3))))
        index, used = index_of(r, (9, *inner), arrays=False)
        shape = (None, *inner)
        said = subscript(Tensor(shape, "float32"), index, KERAS)
        told = f"{shape}[{index}]"
        if kind == "keras":
            outcomes.append(check(said, lambda s=shape, i=used: keras.KerasTensor(s)[i], told))
        else:
            with tf.Graph().as_default():
                x = tf.compat.v1.placeholder("float32", shape)
                outcomes.append(check(said, lambda x=x, i=used: x[i], told))
    assert outcomes.count("agrees") > 300


ARRAY = np.ones((4, 3, 2), "float32")
METHODS = [
    "reshape(2, 12)", "reshape((2, -1))", "reshape(-1)", "reshape(5, 5)", "astype('int32')", "astype('float64')", "mean()",
    "mean(axis=1)", "mean(0)", "mean((0, 2), keepdims=True)", "sum(axis=-1)", "std(0)", "max()", "max(axis=1)", "min(0)",
    "argmax(axis=-1)", "argmin()", "flatten()", "ravel()", "transpose()", "transpose(0, 2, 1)", "transpose((2, 0, 1))",
    "transpose(0, 1)", "squeeze()", "squeeze(0)", "swapaxes(0, 1)", "repeat(2)", "repeat(3, axis=1)", "copy()", "cumsum()",
    "cumsum(axis=0)", "any()", "all(axis=0)", "prod(axis=1)", "round()", "clip(0, 1)", "take([0, 1], axis=0)", "argsort()",
    "nonzero()", "var(axis=2)", "diagonal()", "trace()", "conj()", "sum(axis=7)", "swapaxes(0, 9)", "sort()",
    "fill(2)", "dot(SQUARE)", "view('int32')",
]  # fmt: skip


@pytest.mark.parametrize("text", METHODS)
def test_methods_of_arrays(text: str) -> None:
    name, _, rest = text.partition("(")

    def arguments(square: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return eval(f"(lambda *a, **k: (a, k))({rest}", {"SQUARE": square})

    args, kwargs = arguments(Tensor((2, 2), "float32"))
    said = apply_method(Tensor((4, 3, 2), "float32"), name, args, kwargs, KERAS, "numpy")
    real_args, real_kwargs = arguments(np.ones((2, 2), "float32"))
    outcome = check(said, lambda: getattr(ARRAY.copy(), name)(*real_args, **real_kwargs), text)
    assert outcome in ("agrees", "refuses")


def test_methods_of_tensors() -> None:
    x = Tensor((None, 3, 4), "float32")
    assert apply_method(x, "numpy", (), {}, KERAS, "tensorflow") == Applied(x)
    assert apply_method(x, "get_shape", (), {}, KERAS, "tensorflow") == Applied((None, 3, 4))  # type: ignore[arg-type]
    assert apply_method(x, "reshape", ((-1, 12),), {}, KERAS, "keras") == Applied(Tensor((None, 12), "float32"))
    assert isinstance(apply_method(x, "frobnicate", (), {}, KERAS, "numpy"), Unknown)


def test_attributes() -> None:
    array = Tensor((4, 3, 2), "float32")
    for name in ("shape", "ndim", "size", "T", "dtype", "real", "imag", "flat"):
        said = tensor_attribute(array, name, "numpy")
        real = getattr(ARRAY, name)
        if name == "dtype":
            assert said == "float32"
        elif name == "flat":
            assert said == Tensor((24,), "float32")
        else:
            assert agree(outline(said), outline(real)), name
    assert isinstance(tensor_attribute(Tensor(None, None), "shape", "keras"), Unknown)
    assert isinstance(tensor_attribute(array, "frobnicate", "numpy"), Unknown)
