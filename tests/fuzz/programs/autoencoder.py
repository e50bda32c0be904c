"""An encoder and a decoder that share their sizes."""

import keras
from keras import backend as K
from keras.layers import Conv2D, Conv2DTranspose, Dense, Flatten, Input, Lambda, Reshape
from keras.models import Model


def sampling(arguments):
    mean, log_variance = arguments
    epsilon = K.random_normal(shape=K.shape(mean))
    return mean + K.exp(0.5 * log_variance) * epsilon


image = Input(shape=(28, 28, 1))
x = Conv2D(16, 3, strides=2, padding="same", activation="relu")(image)
x = Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
shape = x.shape
x = Flatten()(x)
mean, log_variance = Dense(2, name="mean")(x), Dense(2, name="log_variance")(x)
z = Lambda(sampling, output_shape=(2,))([mean, log_variance])

latent = Input(shape=(2,))
x = Dense(shape[1] * shape[2] * shape[3], activation="relu")(latent)
x = Reshape((shape[1], shape[2], shape[3]))(x)
for filters in [32, 16]:
    x = Conv2DTranspose(filters, 3, strides=2, padding="same")(x)
decoder = Model(latent, Conv2DTranspose(1, 3, padding="same", activation="sigmoid")(x))
encoder = Model(image, [mean, log_variance, z])
vae = Model(image, decoder(encoder(image)[2]))
vae.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy")
