"""Two networks that play against each other."""

import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

LATENT = 100


def make_generator(latent=LATENT, *, channels: int = 1) -> keras.Model:
    model = keras.Sequential(name="generator")
    model.add(layers.Dense(7 * 7 * 128, use_bias=False, input_dim=latent))
    model.add(layers.LeakyReLU())
    model.add(layers.Reshape((7, 7, 128)))
    for filters, strides in [(64, 2), (32, 2)]:
        model.add(layers.Conv2DTranspose(filters, 5, strides=strides, padding="same", use_bias=False))
        model.add(layers.BatchNormalization())
    model.add(layers.Conv2DTranspose(channels, (5, 5), padding="same", activation="tanh"))
    return model


discriminator = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        layers.Conv2D(64, 5, strides=2, padding="same"),
        layers.Flatten(),
        layers.Dense(1),
    ]
)
generator = make_generator()
noise = tf.random.normal((16, LATENT))
fake = generator(noise, training=True)
decision = discriminator(fake)
