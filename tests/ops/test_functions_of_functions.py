"""Functions that take functions, and those that take variables: compared with the real ones by hand."""

from __future__ import annotations

from typing import Any

import pytest

from keras_lsp.shapes.ops import apply_op, apply_operator
from keras_lsp.shapes.outcome import Applied, Unknown
from keras_lsp.shapes.tensor import Tensor
from tests.ops.worlds import KERAS, outline

X = Tensor((None, 3, 4), "float32")
M = Tensor((3, 4), "float32")
V = Tensor((4,), "float32")


def plus(left: Any, right: Any) -> Any:
    said = apply_operator("+", left, right, KERAS, "keras")
    assert isinstance(said, Applied)
    return said.output


CALLS: dict[str, tuple[Any, Any]] = {
    "keras.ops.cond": (
        lambda add, t: (t(Tensor((), "bool")), lambda: t(X), lambda: t(X)),
        [((None, 3, 4), "float32")],
    ),
    "keras.ops.switch": (
        lambda add, t: (t(Tensor((), "int32")), [lambda x: x, lambda x: add(x, 1.0)], t(X)),
        [((None, 3, 4), "float32")],
    ),
    "keras.ops.map": (lambda add, t: (lambda x: add(x, 1.0), t(X)), [((None, 3, 4), "float32")]),
    "keras.ops.vectorized_map": (lambda add, t: (lambda x: add(x, 1.0), t(X)), None),
    "keras.ops.scan": (lambda add, t: (lambda c, x: (add(c, x), c), t(V), t(M)), None),
    "keras.ops.associative_scan": (lambda add, t: (add, t(X)), None),
    "keras.ops.while_loop": (lambda add, t: (lambda x: x, lambda x: add(x, 1.0), (t(X),)), None),
    "keras.ops.fori_loop": (lambda add, t: (0, 3, lambda i, x: add(x, 1.0), t(X)), None),
    "keras.ops.jvp": (lambda add, t: (lambda x: add(x, 1.0), (t(X),), (t(X),)), None),
}


@pytest.mark.parametrize("name", CALLS)
def test_keras(name: str) -> None:
    import keras

    make, _ = CALLS[name]
    function = getattr(keras.ops, name.rpartition(".")[2])
    real = function(*make(keras.ops.add, lambda tensor: keras.KerasTensor(tensor.shape, tensor.dtype)))
    said = apply_op(name, make(plus, lambda tensor: tensor), {}, KERAS)
    assert isinstance(said, Applied), said
    assert outline(said.output) == outline(real)


def test_tensorflow() -> None:
    import tensorflow as tf

    ours: dict[str, tuple[Any, ...]] = {
        "tensorflow.map_fn": (lambda x: plus(x, 1.0), M),
        "tensorflow.vectorized_map": (lambda x: plus(x, 1.0), M),
        "tensorflow.scan": (plus, M),
        "tensorflow.foldl": (plus, M),
        "tensorflow.cond": (Tensor((), "bool"), lambda: M, lambda: M),
        "tensorflow.while_loop": (lambda x: x, lambda x: (x,), (M,)),
        "tensorflow.switch_case": (Tensor((), "int32"), [lambda: M, lambda: M]),
    }
    m = tf.ones((3, 4))
    real = {
        "tensorflow.map_fn": tf.map_fn(lambda x: x + 1.0, m),
        "tensorflow.vectorized_map": tf.vectorized_map(lambda x: x + 1.0, m),
        "tensorflow.scan": tf.scan(lambda a, b: a + b, m),
        "tensorflow.foldl": tf.foldl(lambda a, b: a + b, m),
        "tensorflow.cond": tf.cond(tf.constant(True), lambda: m, lambda: m),
        "tensorflow.while_loop": tf.while_loop(lambda x: tf.reduce_sum(x) < 0, lambda x: (x,), (m,)),
        "tensorflow.switch_case": tf.switch_case(tf.constant(0), [lambda: m, lambda: m]),
    }
    for name, args in ours.items():
        said = apply_op(name, args, {}, KERAS)
        assert isinstance(said, Applied), (name, said)
        assert outline(said.output) == outline(real[name]), name


def test_steps_of_the_legacy_backend() -> None:
    import tensorflow as tf
    import tf_keras

    backend = tf_keras.backend
    x, state = tf.ones((2, 5, 4)), tf.ones((2, 4))
    calls: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
        "foldl": ((plus, M), (lambda a, b: a + b, tf.ones((3, 4)))),
        "foldr": ((plus, M, V), (lambda a, b: a + b, tf.ones((3, 4)), tf.ones((4,)))),
        "rnn": (
            (lambda x, states: (plus(x, states[0]), states), Tensor((2, 5, 4), "float32"), [Tensor((2, 4), "float32")]),
            (lambda x, states: (x + states[0], states), x, [state]),
        ),
    }
    for name, (ours, real) in calls.items():
        said = apply_op(f"keras.backend.{name}", ours, {}, KERAS)
        assert isinstance(said, Applied), (name, said)
        assert outline(said.output) == outline(getattr(backend, name)(*real)), name


def test_branches_that_differ_are_unknown() -> None:
    said = apply_op("keras.ops.cond", (Tensor((), "bool"), lambda: X, lambda: M), {}, KERAS)
    assert isinstance(said, Unknown)
    said = apply_op("keras.ops.custom_gradient", (lambda x: x,), {}, KERAS)
    assert isinstance(said, Unknown)
    said = apply_op("keras.ops.map", ("not a function", X), {}, KERAS)
    assert isinstance(said, Unknown)


def test_python_functions_have_stated_types() -> None:
    said = apply_op("tensorflow.py_function", (lambda x: x, [X], "float32"), {}, KERAS)
    assert said == Applied(Tensor(None, "float32"))
    said = apply_op("tensorflow.numpy_function", (lambda x: x, [X], ["float32", "int64"]), {}, KERAS)
    assert said == Applied((Tensor(None, "float32"), Tensor(None, "int64")))


def test_variables() -> None:
    import tensorflow as tf

    backend = tf.keras.backend
    variable = backend.variable([[1.0, 2.0]])
    for name, args in {"get_value": (), "eval": (), "update": (2.0 * variable,), "update_add": (variable,)}.items():
        real = outline(getattr(backend, name)(variable, *args))
        said = apply_op(f"keras.backend.{name}", (Tensor((1, 2), "float32"), *args), {}, KERAS)
        assert isinstance(said, Applied)
        assert outline(said.output) == real, name
