"""Arguments that changed between Keras generations: data for rules and for completion."""

from __future__ import annotations

# Keras 1 (2016) -> Keras 2. "" where there is no single successor.
KERAS_1: dict[str, str] = {
    "nb_filter": "filters",
    "nb_row": "",
    "nb_col": "",
    "filter_length": "kernel_size",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "dim_ordering": "data_format",
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "W_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "U_constraint": "recurrent_constraint",
    "b_constraint": "bias_constraint",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "bias": "use_bias",
    "pool_length": "pool_size",
    "stride": "strides",
    "length": "size",
    "atrous_rate": "dilation_rate",
    "nb_epoch": "epochs",
    "samples_per_epoch": "",
    "nb_val_samples": "",
    "val_samples": "",
    "max_q_size": "max_queue_size",
    "pickle_safe": "use_multiprocessing",
    "nb_worker": "workers",
}
# What takes the place of those without a single successor.
KERAS_1_INSTEAD: dict[str, str] = {
    "nb_row": "`kernel_size=(rows, columns)` says both",
    "nb_col": "`kernel_size=(rows, columns)` says both",
    "samples_per_epoch": "`steps_per_epoch` counts batches, not samples",
    "nb_val_samples": "`validation_steps` counts batches, not samples",
    "val_samples": "`steps` counts batches, not samples",
}
# Only on these layers: `output_dim` of an Embedding is today's name.
KERAS_1_UNITS = frozenset(("Dense", "SimpleRNN", "LSTM", "GRU"))
# Layers that never had the names above, or use one of them for something else.
NOT_KERAS_1 = frozenset(("Lambda", "InputLayer"))

# (class, Keras 2 argument) -> Keras 3 argument, "" where it is gone; "*" is any layer.
KERAS_2: dict[tuple[str, str], str] = {
    ("LeakyReLU", "alpha"): "negative_slope",
    ("*", "time_major"): "",
    ("*", "workers"): "",
    ("*", "use_multiprocessing"): "",
    ("*", "max_queue_size"): "",
    ("train_on_batch", "reset_metrics"): "",
    ("test_on_batch", "reset_metrics"): "",
    ("*", "implementation"): "",
    ("BatchNormalization", "renorm"): "",
    ("BatchNormalization", "renorm_clipping"): "",
    ("BatchNormalization", "renorm_momentum"): "",
    ("BatchNormalization", "fused"): "",
    ("BatchNormalization", "virtual_batch_size"): "",
    ("BatchNormalization", "adjustment"): "",
}
