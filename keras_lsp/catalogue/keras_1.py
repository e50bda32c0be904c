"""Arguments of Keras 1 and what became of them: `border_mode`, `nb_filter`, `Dropout(p=...)`, `fit(nb_epoch=...)`.

Standalone Keras 2 still takes those of layers, each with a warning, as the decorators of the constructors of Keras 2.3.1 say
(`keras/legacy/interfaces.py`); neither tf.keras nor Keras 3 has any of them.
"""

from __future__ import annotations

_IMAGES = {"dim_ordering": "data_format"}
_POOLS = {"border_mode": "padding"} | _IMAGES
_FILTERS = {
    "nb_filter": "filters",
    "border_mode": "padding",
    "b_regularizer": "bias_regularizer",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
_KERNELS = {"init": "kernel_initializer", "W_regularizer": "kernel_regularizer", "W_constraint": "kernel_constraint"}
_STATES = {
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "W_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "b_regularizer": "bias_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
}
_ROWS: dict[str, dict[str, str]] = {
    "AveragePooling1D MaxPooling1D": {"pool_length": "pool_size", "stride": "strides", "border_mode": "padding"},
    "AveragePooling2D AveragePooling3D MaxPooling2D MaxPooling3D": _POOLS,
    "BatchNormalization": {"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"},
    "Conv1D LocallyConnected1D": _FILTERS | _KERNELS | {"filter_length": "kernel_size", "subsample_length": "strides"},
    "Conv2D LocallyConnected2D Conv2DTranspose Conv3D": _FILTERS | _KERNELS | _IMAGES | {"subsample": "strides"},
    "SeparableConv2D": _FILTERS | _IMAGES | {"subsample": "strides"},
    "ConvLSTM2D": _STATES
    | _IMAGES
    | {"nb_filter": "filters", "subsample": "strides", "border_mode": "padding", "bias": "use_bias"},
    "Cropping2D Cropping3D UpSampling2D UpSampling3D ZeroPadding2D ZeroPadding3D": _IMAGES,
    "GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling2D GlobalMaxPooling3D": _IMAGES,
    "Dense": _KERNELS
    | {
        "output_dim": "units",
        "b_regularizer": "bias_regularizer",
        "b_constraint": "bias_constraint",
        "bias": "use_bias",
    },
    "Dropout GaussianDropout SpatialDropout1D": {"p": "rate"},
    "SpatialDropout2D SpatialDropout3D": {"p": "rate"} | _IMAGES,
    "Embedding": {
        "init": "embeddings_initializer",
        "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint",
    },
    "GRU LSTM SimpleRNN": _STATES | {"output_dim": "units", "consume_less": "implementation"},
    "GaussianNoise": {"sigma": "stddev"},
    "PReLU": {"init": "alpha_initializer"},
    "UpSampling1D": {"length": "size"},
}
# For each layer, its names of Keras 1 and those of today.
CONVERSIONS: dict[str, dict[str, str]] = {layer: names for row, names in _ROWS.items() for layer in row.split()}
# Values that have new names, too.
VALUES: dict[str, dict[object, object]] = {
    "dim_ordering": {"tf": "channels_last", "th": "channels_first", "default": None},
    "consume_less": {"cpu": 0, "mem": 1, "gpu": 2},
}
# Sizes of a kernel that were arguments of their own; they may also stand behind the number of filters, by position.
KERNELS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("Conv2D", "LocallyConnected2D", "Conv2DTranspose", "SeparableConv2D", "ConvLSTM2D"), ("nb_row", "nb_col")
    ),
    "Conv3D": ("kernel_dim1", "kernel_dim2", "kernel_dim3"),
}
# Arguments that are dropped, or that no rule of shapes needs.
DROPPED: dict[str, frozenset[str]] = {
    "Embedding": frozenset(("dropout",)),
    "Conv2DTranspose": frozenset(("output_shape",)),
    "BatchNormalization": frozenset(("mode",)),
    "SeparableConv2D": frozenset(("init",)),
    "InputLayer": frozenset(("input_dtype",)),
    **dict.fromkeys(("GRU", "LSTM", "SimpleRNN", "ConvLSTM2D"), frozenset(("forget_bias_init",))),
}
# Names that no layer has for anything else today, wherever they are met.
_ANYWHERE: dict[str, str] = {
    **_FILTERS,
    **_KERNELS,
    **_STATES,
    **_POOLS,
    "subsample": "strides",
    "filter_length": "kernel_size",
    "subsample_length": "strides",
    "pool_length": "pool_size",
    "stride": "strides",
    "length": "size",
    "W_constraint": "kernel_constraint",
    "U_constraint": "recurrent_constraint",
    "atrous_rate": "dilation_rate",
    **dict.fromkeys(("nb_row", "nb_col"), ""),
    # Of `fit` and its like (keras/legacy/interfaces.py, `generator_methods_args_preprocessor`)
    "nb_epoch": "epochs",
    "samples_per_epoch": "",
    "nb_val_samples": "",
    "val_samples": "",
    "max_q_size": "max_queue_size",
    "pickle_safe": "use_multiprocessing",
    "nb_worker": "workers",
}
# What takes the place of those without a single successor.
_INSTEAD: dict[str, str] = {
    **dict.fromkeys(("nb_row", "nb_col"), "`kernel_size=(rows, columns)` says both"),
    **dict.fromkeys(KERNELS["Conv3D"], "`kernel_size=(depth, rows, columns)` says all three"),
    "samples_per_epoch": "`steps_per_epoch` counts batches, not samples",
    "nb_val_samples": "`validation_steps` counts batches, not samples",
    "val_samples": "`steps` counts batches, not samples",
}
# Layers that never had these names, or use one of them for something else.
_NONE = frozenset(("Lambda", "InputLayer"))


def successor(owner: str, name: str) -> str | None:
    """Today's name of an argument of Keras 1, "" if it has none; `None` for one that is not of Keras 1.

    Args:
        owner: the layer class or method that was given it.
        name: the argument.
    """
    if owner in _NONE:
        return None
    found = CONVERSIONS.get(owner, {}).get(name)
    if found is None and (name in DROPPED.get(owner, ()) or name in KERNELS.get(owner, ())):
        return ""
    return found if found is not None else _ANYWHERE.get(name)


def advice(owner: str, name: str) -> str:
    """What to write today instead of an argument of Keras 1, as a sentence."""
    new = successor(owner, name)
    if new:
        return f"Today it is called `{new}`."
    return f"Today {_INSTEAD[name]}." if name in _INSTEAD else "Later versions have no such argument."


def converted_names(layer: str) -> frozenset[str]:
    """All arguments of Keras 1 that standalone Keras 2 takes for a layer."""
    return frozenset((*CONVERSIONS.get(layer, {}), *KERNELS.get(layer, ()), *DROPPED.get(layer, ())))
