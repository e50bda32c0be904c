"""A residual network built in loops."""

import tensorflow as tf
from tensorflow.keras import Model, layers


def block(x, filters, stride=1):
    shortcut = x
    if stride != 1 or x.shape[-1] != filters:
        shortcut = layers.Conv2D(filters, 1, strides=stride, padding="same")(x)
    x = layers.Conv2D(filters, 3, strides=stride, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(filters, 3, padding="same")(x)
    return layers.Activation("relu")(layers.add([x, shortcut]))


inputs = tf.keras.Input(shape=(32, 32, 3), name="image")
x = layers.Conv2D(16, 3, padding="same")(inputs)
for filters in (16, 32, 64):
    for number in range(2):
        x = block(x, filters, stride=2 if number == 0 and filters > 16 else 1)
x = layers.GlobalAveragePooling2D()(x)
outputs = layers.Dense(10)(x)
network = Model(inputs, outputs, name=f"resnet_{len((16, 32, 64)) * 2}")
network.summary()
