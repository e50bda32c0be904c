"""Strings that Keras takes for objects and choices, and which parameter takes which family."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

FIXED: Mapping[str, tuple[str, ...]] = {
    "padding": ("same", "valid"),
    "data_format": ("channels_first", "channels_last"),
    "dtypes": (
        "bfloat16",
        "bool",
        "complex128",
        "complex64",
        "float16",
        "float32",
        "float64",
        "int16",
        "int32",
        "int64",
        "int8",
        "string",
        "uint16",
        "uint32",
        "uint64",
        "uint8",
    ),
    "dtype_policies": ("bfloat16", "float16", "float32", "float64", "mixed_bfloat16", "mixed_float16"),
    "monitor": ("accuracy", "loss", "val_accuracy", "val_loss"),
    "monitor_mode": ("auto", "max", "min"),
    "save_freq": ("epoch",),
    "class_mode": ("binary", "categorical", "input", "multi_output", "raw", "sparse"),
    "label_mode": ("binary", "categorical", "int"),
    "color_mode": ("grayscale", "rgb", "rgba"),
    "interpolation": ("area", "bicubic", "bilinear", "gaussian", "lanczos3", "lanczos5", "mitchellcubic", "nearest"),
    "sequence_padding": ("post", "pre"),
    "pooling": ("avg", "max"),
    "weights": ("imagenet",),
    "subset": ("both", "training", "validation"),
    "floatx": ("bfloat16", "float16", "float32", "float64"),
    "reduction": ("mean", "mean_with_sample_weight", "none", "sum", "sum_over_batch_size"),
    "verbose": ("0", "1", "2", "auto"),
}
"""Families that no registry of Keras lists; from the checks in Keras's own functions."""

# (owner, parameter, family), the first that matches; names are those of Keras, as patterns.
_PARAMETERS = (
    (r"\.compile$", r"loss", "losses"),
    (r"\.compile$", r"optimizer", "optimizers"),
    (r"\.compile$", r"(weighted_)?metrics", "metrics"),
    (r"^keras\.optimizers\.get$", r"identifier", "optimizers"),
    (r"^keras\.losses\.get$", r"identifier", "losses"),
    (r"^keras\.metrics\.get$", r"identifier", "metrics"),
    (r"^keras\.activations\.get$", r"identifier", "activations"),
    (r"^keras\.initializers\.get$", r"identifier", "initializers"),
    (r"^keras\.regularizers\.get$", r"identifier", "regularizers"),
    (r"^keras\.constraints\.get$", r"identifier", "constraints"),
    (r"^keras\.(layers|cells)", r"(recurrent_)?activation", "activations"),
    (r"^keras\.applications", r"classifier_activation", "activations"),
    (r"^keras\.applications", r"pooling", "pooling"),
    (r"^keras\.applications", r"weights", "weights"),
    (r"^keras\.callbacks", r"monitor", "monitor"),
    (r"^keras\.callbacks", r"mode", "monitor_mode"),
    (r"^keras\.callbacks", r"save_freq", "save_freq"),
    (r"pad_sequences$", r"padding|truncating", "sequence_padding"),
    (r"image_dataset_from_directory$|text_dataset_from_directory$", r"label_mode", "label_mode"),
    (r"_from_directory$|flow_from_dataframe$|load_img$", r"color_mode", "color_mode"),
    (r"_from_directory$|flow_from_dataframe$|load_img$", r"interpolation", "interpolation"),
    (r"flow_from_directory$|flow_from_dataframe$", r"class_mode", "class_mode"),
    (r"_from_directory$|flow", r"subset", "subset"),
    (r"set_image_data_format$", r"data_format", "data_format"),
    (r"set_floatx$", r"value", "floatx"),
    (r"", r"(\w+_)?initializer", "initializers"),
    (r"", r"(\w+_)?regularizer", "regularizers"),
    (r"", r"(\w+_)?constraint", "constraints"),
    (r"^keras\.losses", r"reduction", "reduction"),
    (r"", r"data_format", "data_format"),
    (r"^keras\.layers", r"dtype", "dtype_policies"),
    (r"", r"dtype", "dtypes"),
)


@lru_cache(maxsize=1024)
def family_of(owner: str, parameter: str) -> str | None:
    """Return the family of strings that a parameter takes, or None."""
    for owner_pattern, parameter_pattern, family in _PARAMETERS:
        if re.fullmatch(parameter_pattern, parameter) and re.search(owner_pattern, owner):
            return family
    return None
