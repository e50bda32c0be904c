"""A network for reviews whose last layers do not fit."""

import keras
from keras import layers

model = keras.Sequential([
    keras.Input((200,)),
    layers.Embedding(10_000, 64),
    layers.LSTM(32),
    layers.LSTM(32),
    layers.Dense(1, activation="sigmoid"),
])
