"""What the first-layer and base-layer keywords mean, in our words."""

from __future__ import annotations

from keras_lsp.catalogue.version import Contract, KerasVersion

KEYWORDS = (
    "input_shape",
    "input_dim",
    "input_length",
    "batch_input_shape",
    "batch_shape",
    "batch_size",
    "weights",
    "name",
    "trainable",
    "dtype",
    "input_dtype",
    "activity_regularizer",
    "autocast",
    "dynamic",
    "sparse",
    "ragged",
)
"""In the order in which completion offers them."""

RECURRENT = frozenset({"RNN", "SimpleRNN", "LSTM", "GRU", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})
EMBEDDINGS = frozenset({"Embedding", "ReversibleEmbedding"})

_MEANINGS = {
    "input_shape": "Shape of one sample, without the batch dimension; it builds the first layer of a Sequential model.",
    "input_dim": "Size of the only feature axis: the first layer takes samples of shape (input_dim,).",
    "input_length": "Number of time steps of the input sequences.",
    "batch_input_shape": "Shape of a whole batch, the batch size or None first.",
    "batch_shape": "Shape of a whole batch, the batch size or None first.",
    "batch_size": "Fixed batch size, put before input_shape; without an input shape it has no effect.",
    "weights": "Initial weights as a list of arrays, set when the layer is built.",
    "name": "Name of the layer, unique within a model.",
    "trainable": "Whether training updates the layer's weights.",
    "dtype": "Number type of the layer's computations and weights, or the name of a dtype policy.",
    "input_dtype": "Number type of the implicit input; a leftover of Keras 1.",
    "activity_regularizer": "Regularizer applied to the layer's output.",
    "autocast": "Whether floating-point inputs are cast to the layer's compute dtype.",
    "dynamic": "Whether the layer may run eagerly only, without a graph.",
    "sparse": "Whether the input is a sparse tensor.",
    "ragged": "Whether the input is a ragged tensor.",
}


def meaning(keyword: str, layer: str, version: KerasVersion) -> str:
    """Return one sentence on what the keyword means on this layer in this version."""
    leaf = layer.rpartition(".")[2]
    if keyword == "input_dim":
        if leaf in EMBEDDINGS:
            return "Size of the vocabulary: the largest token index plus one."
        if leaf in RECURRENT and version.contract is not Contract.D:
            return "Number of features per time step: the first layer takes samples of shape (input_length, input_dim)."
        if leaf in RECURRENT:
            return "Size of the only axis of a sample, (input_dim,): the axis of time steps is missing then."
    if keyword == "input_length" and version.contract is Contract.D and leaf in EMBEDDINGS:
        return "Ignored since Keras 3: the length of the sequences comes from the input."
    if keyword == "weights" and leaf in EMBEDDINGS and version.contract is Contract.D:
        return "Initial embedding matrix, an array of shape (input_dim, output_dim) or a list of one."
    return _MEANINGS[keyword]


def equal_form(keyword: str, layer: str, version: KerasVersion) -> str:
    """Return another way to write the same, or "" where there is none."""
    leaf = layer.rpartition(".")[2]
    old = version.contract is not Contract.D
    if keyword == "input_dim" and leaf not in EMBEDDINGS:
        if leaf in RECURRENT and old:
            return "input_shape=(input_length, input_dim)"
        return "input_shape=(input_dim,)" if old else "keras.Input(shape=(input_dim,)) as the first layer"
    if keyword == "input_shape":
        return "batch_input_shape=(None, *input_shape)" if old else "keras.Input(shape=input_shape) as the first layer"
    if keyword == "input_length":
        if leaf in RECURRENT:
            form = "shape=(input_length, input_dim)"
            return f"input_{form}" if old else f"keras.Input({form}) as the first layer"
        if leaf in EMBEDDINGS and old:
            return "input_shape=(input_length,)"
        return "" if old else "keras.Input(shape=(input_length,)) as the first layer"
    if keyword == "batch_input_shape":
        return (
            "batch_size=batch_input_shape[0], input_shape=batch_input_shape[1:]"
            if old
            else "keras.Input(batch_shape=batch_input_shape) as the first layer"
        )
    if keyword == "batch_shape":
        return "batch_input_shape=batch_shape" if old else "keras.Input(batch_shape=batch_shape) as the first layer"
    if keyword == "batch_size":
        return (
            "batch_input_shape=(batch_size, *input_shape)"
            if old
            else "keras.Input(shape=..., batch_size=batch_size) as the first layer"
        )
    if keyword == "weights" and not old and leaf not in EMBEDDINGS:
        return "layer.set_weights(weights) after the layer is built"
    return ""
