"""A small U-Net."""

from keras import Input, Model
from keras.layers import Concatenate, Conv2D, MaxPooling2D, UpSampling2D


def double(x, filters):
    for _ in range(2):
        x = Conv2D(filters, 3, activation="relu", padding="same")(x)
    return x


def unet(size=(128, 128), channels=3, depth=3, start=16):
    inputs = x = Input(shape=(*size, channels))
    skipped = []
    for level in range(depth):
        x = double(x, start * 2**level)
        skipped.append(x)
        x = MaxPooling2D(2)(x)
    x = double(x, start << depth)
    while skipped:
        x = UpSampling2D()(x)
        x = Concatenate(axis=-1)([x, skipped.pop()])
        x = double(x, x.shape[-1] // 3)
    return Model(inputs, Conv2D(1, 1, activation="sigmoid")(x))


small, large = (unet((side, side), depth=depth) for side, depth in [(64, 2), (256, 4)])
