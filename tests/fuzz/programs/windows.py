"""Time series cut into windows with NumPy."""

import numpy as np
from keras.layers import GRU, Dense, RepeatVector
from keras.models import Sequential
from sklearn.model_selection import train_test_split


def windows(series, n_in, n_out):
    x, y = [], []
    for start in range(len(series) - n_in - n_out):
        x.append(series[start : start + n_in])
        y.append(series[start + n_in : start + n_in + n_out, 0])
    return np.array(x), np.array(y)


series = np.random.rand(1000, 7)
x, y = windows(series, n_in=24, n_out=6)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2)
timesteps, features = x_train.shape[1], x_train.shape[2]
model = Sequential(
    [
        GRU(32, input_shape=(24, 7)),
        RepeatVector(6),
        GRU(32, return_sequences=True),
        Dense(1),
    ]
)
model.compile(loss="mse", optimizer="adam")
model.fit(x_train, y_train[..., np.newaxis], epochs=2, verbose=0)
