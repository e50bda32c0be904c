"""Text classification that stops when the model is made: the second LSTM gets one vector, not a sequence."""

import keras
from keras import layers

VOCABULARY = 20_000
STEPS = 200

(x_train, y_train), (x_test, y_test) = keras.datasets.imdb.load_data(num_words=VOCABULARY)
x_train = keras.utils.pad_sequences(x_train, maxlen=STEPS)
x_test = keras.utils.pad_sequences(x_test, maxlen=STEPS)

model = keras.Sequential(
    [
        keras.Input((STEPS,)),
        layers.Embedding(VOCABULARY, 128),
        layers.LSTM(64),
        layers.LSTM(32),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=3)
