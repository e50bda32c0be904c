"""Where names that are gone from Keras went: what a person is told to use, and what is meant until they have."""

from __future__ import annotations

from collections.abc import Mapping

SUCCESSORS: Mapping[str, str] = {
    "keras.utils.np_utils": "keras.utils",
    "keras.layers.core": "keras.layers",
    "keras.layers.convolutional": "keras.layers",
    "keras.layers.recurrent": "keras.layers",
    "keras.layers.pooling": "keras.layers",
    "keras.layers.normalization": "keras.layers",
    "keras.layers.embeddings": "keras.layers",
    "keras.layers.wrappers": "keras.layers",
    "keras.layers.merge": "keras.layers",
    "keras.layers.advanced_activations": "keras.layers",
    "keras.layers.experimental.preprocessing": "keras.layers",
    "keras.preprocessing.text": "keras.layers.TextVectorization",
    "keras.preprocessing.image.ImageDataGenerator": "keras.utils.image_dataset_from_directory",
    "keras.engine.topology": "keras.layers",
    "keras.wrappers.scikit_learn": "the scikeras package",
    "keras.layers.CuDNNLSTM": "keras.layers.LSTM",
    "keras.layers.CuDNNGRU": "keras.layers.GRU",
}
"""The best known of them, by their names in Keras 2; each leads to a module, name or package of today."""
