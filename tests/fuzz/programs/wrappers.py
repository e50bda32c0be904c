"""First-layer keywords through one's own wrappers."""

from dataclasses import asdict, dataclass
from functools import partial

from keras.layers import LSTM, Dense, Dropout
from keras.models import Sequential


@dataclass
class Sizes:
    units: int = 64
    rate: float = 0.3
    classes: int = 4


def recurrent(units, *args, kind=LSTM, **kwargs):
    return kind(units, *args, **kwargs)


def build(layers, **first):
    model = Sequential()
    for index, make in enumerate(layers):
        model.add(make(**first) if index == 0 else make())
    return model


sizes = Sizes(units=128)
options = {**asdict(sizes), "units": 32}
model = build(
    [
        partial(recurrent, sizes.units, return_sequences=True),
        lambda: Dropout(options["rate"]),
        lambda: recurrent(options["units"]),
        lambda: Dense(sizes.classes, activation="softmax"),
    ],
    batch_input_shape=(8, 24, 3),
)
