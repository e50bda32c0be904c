"""A residual network: a long graph with branches."""

import keras
from keras import layers


def block(x, filters, stride=1):
    shortcut = x
    x = layers.Conv2D(filters, 3, strides=stride, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    if stride != 1 or shortcut.shape[-1] != filters:
        shortcut = layers.Conv2D(filters, 1, strides=stride)(shortcut)
    x = layers.add([x, shortcut])
    return layers.Activation("relu")(x)


inputs = keras.Input((32, 32, 3), name="image")
x = layers.Conv2D(16, 3, padding="same")(inputs)
for filters in (16, 32, 64):
    x = block(x, filters, stride=1 if filters == 16 else 2)
    x = block(x, filters)
x = layers.GlobalAveragePooling2D()(x)
outputs = layers.Dense(10, name="label")(x)
network = keras.Model(inputs, outputs, name="residual_network")
