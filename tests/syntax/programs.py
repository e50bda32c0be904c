"""Programs that the tests of this folder cut, break and put a cursor in."""

from __future__ import annotations

SEQUENTIAL = '''\
"""A small classifier."""
import numpy as np
from tensorflow.keras import layers, models
from keras.layers import (
    Dense,
    Dropout,  # between the two
)

x = np.zeros((60000, 28, 28, 1), dtype="float32")  # shape: (n, 28, 28, 1)
model = models.Sequential([
    layers.Conv2D(32, (3, 3), activation='relu', input_shape=(28, 28, 1)),
    layers.MaxPooling2D((2, 2)),
    layers.Flatten(),
])
model.add(Dense(units=64, activation="relu"))
model.add(Dropout(0.5)); model.add(Dense(10))
for units in [128, 64]:
    model.add(layers.Dense(units, name=f"dense_{units}"))
else:
    pass
if model.built and \\
        len(model.layers) > 3:
    model.compile(optimizer="adam", loss={"a": 'mse', "b": lambda t, p: abs(t - p)})
elif True:
    print("not built")
try:
    history = model.fit(x[:100], x[1:2, ..., 0])
except (ValueError, TypeError) as error:
    raise RuntimeError(f"no {error!r:>{10}}") from error
finally:
    del x
'''

CLASSES = '''\
from __future__ import annotations
import keras

class Block(keras.layers.Layer):
    """A block: "quoted", 'quoted'.

    Two paragraphs.
    """

    kernel: tuple[int, int] = (3, 3)

    def __init__(self, filters, *, rate=0.1, **kwargs):
        super().__init__(**kwargs)
        self.conv = keras.layers.Conv2D(
            filters,
            self.kernel,
            padding="same",
        )
        self.rate = rate

    @property
    def width(self) -> int:
        return 2 ** self.rate if self.rate else {k: v for k, v in zip("ab", [1, 2])}["a"]

    async def later(self, x, /, y):
        async with y as z:
            await z
        return x

    def call(self, inputs, training=None):
        x = self.conv(inputs)
        while training:
            x = x @ x if (n := 3) else -x
            break
        return x


inputs = keras.Input(shape=(32, 32, 3), name="é😋")
outputs = Block(8)(inputs)
model = keras.Model(inputs, outputs)
'''

PYTHON_2 = """\
import keras
from keras.layers import Dense
print "loading", keras.__version__
model = keras.models.Sequential()
try:
    model.add(Dense(32, input_dim=784))
except Exception, e:
    print e
print
if model <> None:
    print >>out, "layers: %d" % len(model.layers)
    model.compile('sgd', 'mse')
exec "x = 1"
last = model.summary()
"""

PROGRAMS = {"sequential": SEQUENTIAL, "classes": CLASSES, "python 2": PYTHON_2}
