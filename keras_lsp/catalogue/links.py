"""Documentation pages of Keras names."""

from __future__ import annotations

import re

from keras_lsp.catalogue.version import Contract, KerasVersion

# Sections of keras.io/api for the names of a module; layers have a page each below their section.
_SECTIONS = {
    "activations": "layers/activations",
    "applications": "applications",
    "callbacks": "callbacks",
    "constraints": "layers/constraints",
    "datasets": "datasets",
    "initializers": "layers/initializers",
    "losses": "losses",
    "metrics": "metrics",
    "mixed_precision": "mixed_precision",
    "models": "models",
    "ops": "ops",
    "optimizers": "optimizers",
    "random": "random",
    "regularizers": "layers/regularizers",
    "saving": "models/model_saving_apis",
    "utils": "utils",
}
_LAYER_SECTIONS = (
    ("core_layers", "Dense EinsumDense Activation Embedding Masking Lambda Identity"),
    (
        "convolution_layers",
        "Conv1D Conv2D Conv3D SeparableConv1D SeparableConv2D DepthwiseConv1D DepthwiseConv2D Conv1DTranspose "
        "Conv2DTranspose Conv3DTranspose",
    ),
    (
        "pooling_layers",
        "MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D "
        "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D "
        "GlobalAveragePooling3D",
    ),
    ("recurrent_layers", "LSTM GRU SimpleRNN RNN Bidirectional TimeDistributed ConvLSTM1D ConvLSTM2D ConvLSTM3D"),
    ("normalization_layers", "BatchNormalization LayerNormalization UnitNormalization GroupNormalization"),
    (
        "regularization_layers",
        "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianDropout AlphaDropout GaussianNoise "
        "ActivityRegularization",
    ),
    ("attention_layers", "MultiHeadAttention Attention AdditiveAttention"),
    (
        "reshaping_layers",
        "Reshape Flatten RepeatVector Permute Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D UpSampling3D "
        "ZeroPadding1D ZeroPadding2D ZeroPadding3D",
    ),
    ("merging_layers", "Concatenate Average Maximum Minimum Add Subtract Multiply Dot"),
    ("activation_layers", "ReLU Softmax LeakyReLU PReLU ELU"),
)
_LAYER_PAGE = {name: section for section, names in _LAYER_SECTIONS for name in names.split()}
_ROOT_PAGES = {
    "keras.Input": "layers/core_layers/input",
    "keras.Model": "models/model",
    "keras.Sequential": "models/sequential",
    "keras.layers.Layer": "layers/base_layer",
}
_TENSORFLOW_DOCS = {Contract.A: "r2.3", Contract.B: "r1.15"}


def _slug(name: str) -> str:
    if name == "PReLU":
        return "prelu"
    name = name.replace("Conv", "Convolution") if "LSTM" not in name else name.replace("ConvLSTM", "ConvLstm")
    name = name.replace("ReLU", "Relu").replace("GRU", "Gru").replace("RNN", "Rnn").replace("ELU", "Elu")
    name = name.replace("LSTM", "Lstm")
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"(\d)_?D", r"\1d", name).lower().replace("dtranspose", "d_transpose")


def page(name: str, version: KerasVersion) -> str:
    """Return the address of a name's documentation: keras.io for Keras 3, tensorflow.org's archive before."""
    path = name.removeprefix("keras.").removeprefix("keras")
    if version.generation == 2:
        release = _TENSORFLOW_DOCS.get(version.contract, f"r2.{min(version.minor, 15)}")
        return f"https://www.tensorflow.org/versions/{release}/api_docs/python/tf/keras/{path.replace('.', '/')}"
    if name in _ROOT_PAGES:
        return f"https://keras.io/api/{_ROOT_PAGES[name]}/"
    module, _, leaf = path.rpartition(".")
    if module == "layers" and leaf in _LAYER_PAGE:
        return f"https://keras.io/api/layers/{_LAYER_PAGE[leaf]}/{_slug(leaf)}/"
    top = path.split(".")[0]
    if top == "layers":
        return "https://keras.io/api/layers/"
    return f"https://keras.io/api/{_SECTIONS[top]}/" if top in _SECTIONS else "https://keras.io/api/"
