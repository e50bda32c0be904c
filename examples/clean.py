"""Digits from images, without a mistake."""

import keras
from keras import layers

CLASSES = 10

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train[..., None].astype("float32") / 255
x_test = x_test[..., None].astype("float32") / 255


def block(x, filters):
    """Convolution, normalization and pooling."""
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    return layers.MaxPooling2D()(x)


inputs = keras.Input(x_train.shape[1:])
x = inputs
for filters in (16, 32):
    x = block(x, filters)
x = layers.Flatten()(x)
outputs = layers.Dense(CLASSES, activation="softmax")(x)
digits = keras.Model(inputs, outputs, name="digits")

digits.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
digits.fit(x_train, y_train, epochs=3, validation_split=0.1)
digits.evaluate(x_test, y_test)
