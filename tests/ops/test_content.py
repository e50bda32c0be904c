"""What is known about elements, named sizes and labels; and what bad arguments must never do."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from typing import Any

import pytest

from keras_lsp.shapes.configuration import UnknownValue
from keras_lsp.shapes.dim import is_opaque, symbol
from keras_lsp.shapes.ops import apply_method, apply_op, apply_operator, apply_unary, knows_method, knows_op, subscript
from keras_lsp.shapes.ops.signatures import _index
from keras_lsp.shapes.outcome import Applied, ShapeError, Unknown
from keras_lsp.shapes.tensor import Tensor
from tests.ops.worlds import KERAS

N = symbol("n")
X = Tensor((None, 28, 28, 3), "float32")


def call(name: str, *args: Any, **kwargs: Any) -> Any:
    said = apply_op(name, args, kwargs, KERAS)
    assert isinstance(said, Applied), said
    return said.output


def item(tensor: Tensor, index: Any) -> Any:
    said = subscript(tensor, index, KERAS)
    assert isinstance(said, Applied), said
    return said.output


def test_shapes_computed_from_shapes() -> None:
    sizes = call("tensorflow.shape", X)
    assert sizes == Tensor((4,), "int32", (None, 28, 28, 3))
    batch, height = item(sizes, 0), item(sizes, 1)
    assert call("tensorflow.reshape", X, [batch, 28 * 28, 3]).shape == (None, 784, 3)
    assert call("tensorflow.reshape", X, (-1, call("tensorflow.reduce_prod", item(sizes, slice(1, None))))).shape == (
        None,
        2352,
    )
    assert call("tensorflow.zeros", call("tensorflow.stack", [batch, 8, 8, 1])).shape == (None, 8, 8, 1)
    assert call("tensorflow.reshape", X, call("tensorflow.concat", [item(sizes, slice(0, 2)), [84]], 0)).shape == (
        None,
        28,
        84,
    )
    half = apply_operator("//", height, 2, KERAS, "tensorflow")
    assert isinstance(half, Applied)
    assert call("tensorflow.image.resize", X, [half.output, 14]).shape == (None, 14, 14, 3)
    assert call("tensorflow.fill", [2, height], 1.0).shape == (2, 28)
    assert call("keras.backend.int_shape", X) == (None, 28, 28, 3)
    assert call("tensorflow.keras.backend.int_shape", X) == (None, 28, 28, 3)
    assert call("keras.ops.shape", X) == (None, 28, 28, 3)


def test_numbers_of_numpy_are_numbers() -> None:
    assert call("numpy.prod", (28, 28)) == 784
    assert call("numpy.prod", (28, N)) == N * 28
    assert call("numpy.sqrt", 784) == 28.0
    assert call("numpy.shape", Tensor((3, N), "float32")) == (3, N)
    assert call("numpy.reshape", Tensor((N, 28, 28), "uint8"), (-1, 784)).shape == (N, 784)
    assert call("numpy.zeros", 5).shape == (5,)
    assert call("numpy.zeros", [[1, 2], [3, 4]] and (N, 10)).shape == (N, 10)
    assert call("numpy.array", [[1, 2], [3, 4]]) == Tensor((2, 2), "int64", ((1, 2), (3, 4)))
    assert call("numpy.arange", 5).content == (0, 1, 2, 3, 4)
    assert call("numpy.ones_like", X).shape == X.shape


def test_named_sizes() -> None:
    array = Tensor((N, 28, 28), "uint8")
    flat = apply_method(array, "reshape", (-1, 784), {}, KERAS, "numpy")
    assert flat == Applied(Tensor((N, 784), "uint8"))
    assert call("numpy.reshape", array, (N, 784)).shape == (N, 784)
    assert call("numpy.concatenate", [array, array]).shape == (N * 2, 28, 28)
    assert call("numpy.concatenate", [array, Tensor((symbol("n"), 28, 28), "uint8")]).shape[1:] == (28, 28)
    assert item(array, slice(1, None)).shape == (N - 1, 28, 28)
    assert item(array, slice(None, -2)).shape == (N - 2, 28, 28)
    assert str(item(array, slice(None, 100)).shape[0]) == "min(n, 100)"
    assert item(array, slice(None, None, 2)).shape == ((N + 1) // 2, 28, 28)
    # sizes that may be 1 or not fit are not errors
    assert isinstance(apply_operator("+", Tensor((N,), "float32"), Tensor((5,), "float32"), KERAS), Applied)
    assert call("keras.ops.matmul", Tensor((2, N), "float32"), Tensor((5, 3), "float32")).shape == (2, 3)
    assert call("numpy.squeeze", Tensor((N, 1), "float32")).shape is None


def test_unknown_sizes_are_no_errors() -> None:
    unknown = UnknownValue("it is read from a file")
    assert is_opaque(call("numpy.zeros", (unknown, 3)).shape[0])
    assert isinstance(apply_op("keras.ops.reshape", (unknown, (2, 3)), {}, KERAS), Unknown)
    assert isinstance(apply_op("keras.ops.sum", (X,), {"axis": unknown}, KERAS), Unknown)
    assert call("keras.ops.reshape", Tensor(None, "float32"), (-1, 28)).shape[1] == 28
    assert call("keras.ops.concatenate", [X, Tensor((7, 28, 28, 3), "float32")]).shape == (None, 28, 28, 3)
    assert isinstance(apply_op("keras.ops.frobnicate", (X,), {}, KERAS), Unknown)
    assert isinstance(apply_op("keras.ops.reshape", (X,), {"no_such": 1}, KERAS), Unknown)


def test_refusals_carry_facts() -> None:
    said = apply_op("keras.ops.reshape", (Tensor((2, 3), "float32"), (5,)), {}, KERAS)
    assert isinstance(said, ShapeError)
    assert (said.kind, said.facts) == ("reshape-size", {"input_shape": (2, 3), "target_shape": (5,)})
    said = apply_op("keras.ops.matmul", (X, Tensor((4, 5), "float32")), {}, KERAS)
    assert isinstance(said, ShapeError)
    assert (said.kind, said.facts["expected"], said.facts["found"]) == ("matmul", 3, 4)
    said = apply_op("keras.ops.sum", (X,), {"axis": 4}, KERAS)
    assert isinstance(said, ShapeError)
    assert said.facts == {"axis": 4, "rank": 4}


def test_labels() -> None:
    enough = call("numpy.random.randint", 0, 10, size=300)
    assert enough.classes == 10
    assert call("numpy.random.randint", 10, size=(1000, 1)).classes == 10
    assert call("numpy.random.randint", 0, 10, size=299).classes is None
    assert call("numpy.random.randint", 1, 10, size=1000).classes is None
    assert call("keras.utils.to_categorical", enough).shape == (300, 10)
    assert call("tensorflow.keras.utils.to_categorical", Tensor((60000,), "uint8"), 10).shape == (60000, 10)
    assert is_opaque(call("keras.utils.to_categorical", Tensor((60000,), "uint8")).shape[1])
    assert call("numpy.unique", enough).shape == (10,)
    column = apply_method(enough, "reshape", (-1, 1), {}, KERAS, "numpy")
    assert isinstance(column, Applied)
    assert column.output.classes == 10  # type: ignore[union-attr]


def test_spellings() -> None:
    for name in (
        "keras.ops.nn.relu",
        "tensorflow.compat.v1.reshape",
        "tf_keras.backend.sum",
        "tensorflow.keras.ops.reshape",
    ):
        assert knows_op(name), name
    assert not knows_op("keras.ops.frobnicate")
    assert knows_method("astype", "numpy") and not knows_method("astype", "keras")


ODD: tuple[Any, ...] = (
    None, True, -1, 0, 3, 2.5, "relu", "float32", (), [], (1, 2), [[1, 2], [3]], {"a": 1}, slice(0, 2), Ellipsis, N, object(),
    UnknownValue("no reason"), Tensor(None, None), Tensor((), "int32"), Tensor((3,), "int32", (1, 2, 3)), Tensor((2, 0), "bool"),
    X, Tensor((None, None), "float32"), Tensor((2, 3), "string"), (X, X), [X, None], lambda x: x, 10**30, float("nan"), b"x",
)  # fmt: skip


def test_nothing_raises() -> None:
    r = random.Random(0)
    names = list(_index())
    for _ in range(12000):
        name = r.choice(names)
        args = [r.choice(ODD) for _ in range(r.choice((0, 1, 1, 2, 2, 3, 4)))]
        kwargs = {r.choice(("axis", "shape", "x", "keepdims", "dtype")): r.choice(ODD)} if r.random() < 0.3 else {}
        assert isinstance(apply_op(name, args, kwargs, KERAS), (Applied, ShapeError, Unknown)), name
    for _ in range(3000):
        tensor = r.choice([value for value in ODD if isinstance(value, Tensor)])
        index = tuple(r.choice(ODD) for _ in range(r.choice((1, 2, 3))))
        assert isinstance(subscript(tensor, r.choice((index, index[0])), KERAS), (Applied, ShapeError, Unknown))
        said = apply_operator(
            r.choice(("+", "@", "<", "**", "?")), r.choice(ODD), tensor, KERAS, r.choice(("", "numpy", "keras"))
        )
        assert isinstance(said, (Applied, ShapeError, Unknown))
        assert isinstance(apply_unary(r.choice("-~+"), r.choice(ODD), KERAS), (Applied, Unknown))


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("numpy.zeros", (10**30,)),
        ("numpy.arange", (10**9,)),
        ("numpy.array", ([0] * 10**6,)),
        ("numpy.power", (10, 10**9)),
        ("keras.ops.split", (X, 10**9)),
        ("numpy.tile", (Tensor((3,), "int64"), 10**12)),
    ],
)
def test_large_numbers_cost_nothing(name: str, args: tuple[Any, ...]) -> None:
    start = time.process_time()
    apply_op(name, args, {}, KERAS)
    assert time.process_time() - start < 0.2


def test_import_is_light() -> None:
    code = (
        "import sys; import keras_lsp.shapes.ops as ops; "
        "assert not [m for m in sys.modules if m.startswith('keras_lsp.shapes.ops.')]; "
        "ops.knows_op('keras.ops.reshape'); "
        "assert not {'numpy', 'keras', 'tensorflow', 'jedi', 'pygls'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
