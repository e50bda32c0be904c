"""Two inputs, a shared layer, two outputs."""

import keras
from keras import layers

words, tags, departments = 10000, 12, 4
title = keras.Input(shape=(None,), name="title")
body = keras.Input(shape=(None,), name="body")
tag = keras.Input(shape=(tags,), name="tags")

embed = layers.Embedding(words, 64)
title_features = layers.LSTM(128)(embed(title))
body_features = layers.LSTM(32)(embed(body))
x = layers.concatenate([title_features, body_features, tag])
priority = layers.Dense(1, name="priority")(x)
department = layers.Dense(departments, name="department")(x)

model = keras.Model(inputs={"title": title, "body": body, "tags": tag}, outputs=[priority, department])
model.compile(
    optimizer=keras.optimizers.RMSprop(1e-3),
    loss={
        "priority": keras.losses.BinaryCrossentropy(from_logits=True),
        "department": keras.losses.CategoricalCrossentropy(from_logits=True),
    },
    loss_weights={"priority": 1.0, "department": 0.2},
)
