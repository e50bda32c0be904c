from __future__ import annotations

import json

import pytest

from keras_lsp.features.summary import model_summary
from tests.scenarios import analyse

# Chains, branches, shared and nested layers, several outputs, names and shapes that are wrapped or cut.
MODELS = """\
import keras
from keras import layers

seq = keras.Sequential([
    keras.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D(),
    layers.Flatten(), layers.Dense(10, activation="softmax", name="a_very_long_name_for_a_layer_that_is_wrapped"),
])
shared = layers.Dense(16, name="shared")
left = keras.Input((16,), name="left")
right = keras.Input((16,), name="right")
siamese = keras.Model([left, right], layers.Dot(1)([shared(left), shared(right)]), name="siamese")
encoder = keras.Sequential([keras.Input((20,)), layers.Dense(8), layers.Dense(4)], name="encoder")
decoder = keras.Sequential([keras.Input((4,)), layers.Dense(8), layers.Dense(20)], name="decoder")
picture = keras.Input((20,))
nested = keras.Model(picture, decoder(encoder(picture)), name="nested")
title = keras.Input((None,), name="title", dtype="int32")
tags = keras.Input((12,), name="tags")
both = layers.Concatenate()([layers.LSTM(32)(layers.Embedding(1000, 64)(title)), tags])
tickets = keras.Model([title, tags], [layers.Dense(1, name="priority")(both), layers.Dense(4, name="department")(both)])
def block(x, filters):
    y = layers.Conv2D(filters, 3, padding="same")(x)
    y = layers.BatchNormalization()(y)
    y = layers.Activation("relu")(y)
    return layers.Add()([x, y])
start = keras.Input((32, 32, 16))
end = start
for _ in range(2):
    end = block(end, 16)
residual = keras.Model(start, layers.GlobalAveragePooling2D()(end))
steps = keras.Input((10, 8))
whole, state, carry = layers.LSTM(6, return_state=True)(steps)
states = keras.Model(steps, [whole, state])
computed = keras.Model(steps, layers.Dense(2)(whole * 2 + steps[:, :, :6]))
big = keras.Sequential([keras.Input((1000,)), layers.Dense(30000), layers.Dense(10, trainable=False)])
added = keras.Sequential(name="added")
added.add(keras.Input((4,)))
added.add(layers.Dense(3))
added.add(layers.Dense(2))
late = keras.Sequential([layers.Dense(3), layers.Dense(2)])
late.build((None, 5))
legacy = keras.Sequential([layers.Dense(3, input_shape=(4,))])
unnamed = keras.Model(picture, layers.Dense(3)(picture))
around = keras.Model(unnamed.input, layers.Dense(2)(unnamed(unnamed.input)))
"""

COMPARISON = """
import io, json, os
expected = json.loads(EXPECTED)
different = []
for (name, columns), ours in expected:
    os.environ["COLUMNS"] = str(columns)
    lines = []
    globals()[name].summary(print_fn=lambda text, line_break=True: lines.append(text))
    if "\\n".join(lines).rstrip("\\n") != ours:
        different.append((name, columns, "\\n".join(lines), ours))
assert not different, different
"""


@pytest.mark.parametrize(("generation", "widths"), [(3, (80, 97, 200)), (2, (80,))])
def test_a_summary_is_what_keras_prints(run_program, generation: int, widths: tuple[int, ...]) -> None:
    analysis = analyse(MODELS, "3.15" if generation == 3 else "2.15")
    models = [model for model in analysis.facts.models if model.variable]
    assert len(models) == 15
    expected = [
        ((model.variable, width), model_summary(model, generation, width)) for model in models for width in widths
    ]
    outcome = run_program(MODELS + COMPARISON.replace("EXPECTED", repr(json.dumps(expected))), generation)
    assert outcome.error is None, outcome.text
