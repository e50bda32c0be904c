"""Functions and operators between layers as rows of a summary: class, name and place are those of real Keras."""

from __future__ import annotations

import random
import re
import warnings
from typing import Any

import pytest

from keras_lsp.catalogue.version import parse_version
from keras_lsp.inference.interpreter import infer
from keras_lsp.inference.keras.operations import operation
from keras_lsp.inference.world import World
from keras_lsp.syntax.parse import parse
from tests.ops.calls import Array, make
from tests.ops.exam import World as Library
from tests.ops.worlds import convert

KERAS_3 = """
import keras
from keras import layers, ops
a, b = keras.Input((8, 4)), keras.Input((8, 4))
x = layers.Add()([a, b])
x = a + b * 2 - x / 3
x = ops.relu(-x[:, :4])
x = layers.Reshape((4, 4))(x)
unused = ops.reshape(x, (-1, 16))
y = ops.reshape(layers.Activation("relu")(x ** 2), (-1, 16))
encoder = keras.Model([a, b], y)
z = layers.Dense(3)(encoder([b, a]))
first, *others = ops.split(z, 3, axis=1)
pooled = keras.activations.relu(ops.expand_dims(ops.mean(z, axis=-1), -1)) + first
model = keras.Model([a, b], [abs(z), ops.concatenate([pooled, *others]), 1 - z])
"""

KERAS_2 = """
import keras
import tensorflow as tf
from keras import layers
from keras import backend as K
a, b = keras.Input((8, 4)), keras.Input((8, 4))
x = layers.Add()([a, b])
x = a + b * 2 - x / 3
x = tf.nn.relu(-x[:, :4])
x = layers.Reshape((4, 4))(x)
unused = tf.reshape(x, (-1, 16))
y = tf.reshape(layers.Activation("relu")(x ** 2), (-1, 16))
encoder = keras.Model([a, b], y)
z = layers.Dense(3)(encoder([b, a]))
first, *others = tf.split(z, 3, axis=1)
pooled = tf.keras.activations.relu(K.expand_dims(K.mean(z, axis=-1), -1)) if 0 else K.expand_dims(K.mean(z, axis=-1), -1) + first
model = keras.Model([a, b], [abs(z), tf.concat([pooled, *others], -1), 1 - z, tf.reduce_max(z, 1), tf.matmul(z, z, transpose_b=True)])
"""


def real_module(generation: int) -> Any:
    if generation == 3:
        import keras

        return keras
    import tf_keras

    return tf_keras


def real_rows(source: str, generation: int) -> list[tuple[str, str]]:
    keras = real_module(generation)
    keras.backend.clear_session()
    source = source.replace("import keras\n", "").replace("from keras import", f"from {keras.__name__} import")
    variables: dict[str, Any] = {"keras": keras}
    exec(source, variables)
    model = variables["model"]
    rows = model._operations if generation == 3 else model.layers
    return [(row.name, type(row).__name__) for row in rows]


@pytest.mark.parametrize(("source", "version"), [(KERAS_3, "3.15"), (KERAS_2, "2.15")])
def test_rows_of_a_model(source: str, version: str) -> None:
    keras = parse_version(version)
    facts = infer(parse(source), World(keras))
    model = next(fact for fact in facts.models if fact.variable == "model")
    ours = [(row.name, row.class_name) for row in model.rows]
    assert ours == real_rows(source, keras.generation)
    assert (model.layers == model.rows) == (keras.generation == 2)


def test_old_keras_has_no_such_layers() -> None:
    assert operation("operator +", [1, 2], (2, 3, 0)) is None


@pytest.mark.parametrize("name", ["keras", "tensorflow", "tf_keras"])
def test_every_function_is_named_as_keras_names_it(name: str) -> None:
    library = Library(name)
    generation = 3 if name == "keras" else 2
    keras = real_module(generation)
    checked = 0
    wrong: list[str] = []
    for path in library.names():
        if path.startswith(("keras.losses.", "keras.random.", "keras.utils.")):
            continue
        call = make(random.Random(path), path, library.kind)
        if call is None or "bool" in str(call):
            continue
        inputs: list[Any] = []

        def symbolic(array: Array, inputs: list[Any] = inputs) -> Any:
            inputs.append(keras.Input(batch_shape=array.shape, dtype=array.dtype))
            return inputs[-1]

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                args = [convert(value, symbolic) for value in call.starred]
                kwargs = {key: convert(value, symbolic) for key, value in call.arguments.items()}
                outputs = library.tf.nest.flatten(library.function(path)(*args, **kwargs))
                outputs = [item for item in outputs if hasattr(item, "_keras_history")]
                if not outputs:
                    continue
                model = keras.Model(inputs, outputs)
        except Exception:
            continue  # a call that is refused makes no operation
        rows = model._operations if generation == 3 else model.layers
        made = [row for row in rows if type(row).__name__ != "InputLayer"]
        said = operation(path, [], (3, 15, 0) if generation == 3 else (2, 15, 0))
        if len(made) == 1 and said is not None:
            checked += 1
            real = (type(made[0]).__name__, re.sub(r"_\d+$", "", made[0].name))
            if said != real:
                wrong.append(f"{path}: said {said}, really {real}")
        elif said is not None and len(made) > 1:
            wrong.append(f"{path}: said {said}, really {[row.name for row in made]}")
    assert not wrong, "\n".join(wrong)
    assert checked > {"keras": 200, "tensorflow": 200, "tf_keras": 50}[name]
