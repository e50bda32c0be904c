"""A training loop by hand, and a model as a class."""

import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import Dense, Dropout
from tensorflow.keras.models import Model


class Perceptron(Model):
    def __init__(self, hidden=(64, 32), classes=3):
        super().__init__()
        self.hidden = [Dense(units, activation="relu") for units in hidden]
        self.dropout = Dropout(0.2)
        self.last = Dense(classes)

    def call(self, inputs, training=None):
        x = inputs
        for layer in self.hidden:
            x = layer(x)
        return self.last(self.dropout(x, training=training))


model = Perceptron()
loss_function = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(learning_rate=1e-3)
x, y = np.zeros((150, 4), "float32"), np.zeros((150,), "int64")
for start in range(0, len(x), 50):
    with tf.GradientTape() as tape:
        logits = model(x[start : start + 50], training=True)
        loss = loss_function(y[start : start + 50], logits)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
