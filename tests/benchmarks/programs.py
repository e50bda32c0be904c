"""Programs to measure with: what people write, as long as wanted."""

from __future__ import annotations

import re
from typing import NamedTuple

HEAD = """import numpy as np
import keras
from keras import layers

"""

BLOCKS = [
    '''
def classifier_{n}(classes={classes}):
    """A small image classifier."""
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D({filters}, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D({filters} * 2, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(classes, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


model_{n} = classifier_{n}()
''',
    """
inputs_{n} = keras.Input(shape=(None,), dtype="int32")
x = layers.Embedding({vocabulary}, 128)(inputs_{n})
x = layers.Bidirectional(layers.LSTM({filters}, return_sequences=True))(x)
x = layers.Bidirectional(layers.LSTM({filters}))(x)
outputs_{n} = layers.Dense(1, activation="sigmoid")(x)
text_{n} = keras.Model(inputs_{n}, outputs_{n})
text_{n}.compile("adam", "binary_crossentropy", metrics=["accuracy"])

""",
    """
class Block{n}(keras.layers.Layer):
    def __init__(self, units={filters}, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(units, activation="relu")
        self.second = layers.Dense(units)
        self.norm = layers.LayerNormalization()

    def call(self, inputs):
        x = self.first(inputs)
        x = self.second(x)
        return self.norm(x + inputs)


features_{n} = keras.Input((16, {filters}))
hidden = features_{n}
for _ in range(3):
    hidden = Block{n}()(hidden)
pooled_{n} = layers.GlobalAveragePooling1D()(hidden)
encoder_{n} = keras.Model(features_{n}, layers.Dense({classes})(pooled_{n}), name="encoder_{n}")

""",
    """
def load_{n}(count=1000):
    values = np.random.rand(count, 32)
    labels = np.random.randint(0, {classes}, size=(count,))
    order = np.arange(count)
    np.random.shuffle(order)
    split = int(count * 0.8)
    train, test = order[:split], order[split:]
    return (values[train], labels[train]), (values[test], labels[test])


def report_{n}(history):
    best = None
    for epoch, value in enumerate(history.get("val_loss", [])):
        if best is None or value < best[1]:
            best = (epoch, value)
        if epoch % 10 == 0:
            print(f"epoch {{epoch}}: {{value:.4f}}")
    return best


(x_train_{n}, y_train_{n}), (x_test_{n}, y_test_{n}) = load_{n}()
dense_{n} = keras.Sequential([keras.Input((32,)), layers.Dense({filters}, activation="relu"), layers.Dense({classes})])
dense_{n}.compile(optimizer="sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))

""",
]


def program(lines: int, seed: int = 0) -> str:
    """A program of about that many lines; the marker line `SIZE = 8` stands in its middle, for edits."""
    text, number = HEAD, seed
    marked = False
    while text.count("\n") < lines:
        if not marked and text.count("\n") >= lines // 2:
            text += "SIZE = 8\nedited = layers.Dense(SIZE)(keras.Input((16,)))\n"
            marked = True
        values = {"n": number, "classes": 2 + number % 9, "filters": 8 * (1 + number % 8), "vocabulary": 1000 + number}
        text += BLOCKS[number % len(BLOCKS)].format(**values)
        number += 1
    return text


class Place(NamedTuple):
    """A one-digit number in a program, where an edit changes what it means: line and column from 0."""

    line: int
    column: int
    digit: str


def places(text: str) -> list[Place]:
    """All numbers of one digit that stand alone, from the start of a program to its end, inside functions too."""
    found: list[Place] = []
    for number, line in enumerate(text.splitlines()):
        found += [Place(number, match.start(), match[0]) for match in re.finditer(r"(?<![\w.])[1-9](?![\w.])", line)]
    return found
