"""A table, with pandas."""

import keras
import pandas as pd
from sklearn.preprocessing import LabelEncoder, StandardScaler

data = pd.read_csv("iris.csv", header=None)
values = data.values
x, labels = values[:, 0:4].astype(float), values[:, 4]
y = keras.utils.to_categorical(LabelEncoder().fit_transform(labels))
x = StandardScaler().fit_transform(x)


def baseline(optimizer="adam", init="glorot_uniform"):
    model = keras.Sequential()
    model.add(keras.layers.Dense(8, input_dim=4, activation="relu", kernel_initializer=init))
    model.add(keras.layers.Dense(3, activation="softmax", kernel_initializer=init))
    model.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model


model = baseline()
history = model.fit(x, y, validation_split=0.33, epochs=200, batch_size=5, verbose=0)
prediction = model.predict(x[:1])
print(prediction.argmax(axis=-1), f"{history.history['loss'][-1]:.3f}")
