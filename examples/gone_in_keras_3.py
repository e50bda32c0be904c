"""Written for Keras 2, and right there. Keras 3 refuses `input_length`, which stands in no signature."""

from tensorflow import keras

model = keras.Sequential()
model.add(keras.layers.LSTM(8, input_length=6, input_dim=8))
model.add(keras.layers.Dense(3, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adam")
