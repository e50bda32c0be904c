"""Judges the catalogue's first-layer contract against rows that real Keras versions answered.

A row says: this layer with these keywords (as Python source), constructed, added to an empty Sequential ("first"), or
used later; and what came out. Errors that a layer raises about a shape it was given belong to `keras_lsp.shapes`; here
the contract must then stay silent.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_lsp.catalogue import parse_version
from keras_lsp.catalogue.first_layer import resolve_first_layer

FILES = {
    "keras-2.3.1_tf1.15": "2.3.1",
    "tf.keras_2.3.0": "tf2.3.0",
    "tf.keras_2.15.1": "2.15.1",
    "keras-3.0.5_tf2.16": "3.0.5",
    "keras-3.15.1_tf2.21": "3.15.1",
}
LAYERS = (
    "Dense Flatten Reshape Permute RepeatVector Activation ReLU LeakyReLU PReLU ELU Softmax ThresholdedReLU "
    "Dropout AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D SpatialDropout3D "
    "ActivityRegularization Embedding Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose "
    "SeparableConv1D SeparableConv2D DepthwiseConv1D DepthwiseConv2D MaxPooling1D MaxPooling2D MaxPooling3D "
    "AveragePooling1D AveragePooling2D AveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D "
    "GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D ZeroPadding1D "
    "ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D UpSampling3D "
    "BatchNormalization LayerNormalization GroupNormalization UnitNormalization RMSNormalization "
    "SpectralNormalization SimpleRNN LSTM GRU RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D Bidirectional "
    "TimeDistributed Masking Add Subtract Multiply Average Maximum Minimum Concatenate Dot Lambda Layer "
    "Identity"
).split()
# Where making the implicit input raises; everything else that `add` raises is the layer's own judgement of a shape.
_INPUT_FRAMES = re.compile(r"backend\.py:placeholder|standardize_shape|input_layer\.py|standardize_dtype|keras_tensor")
# (version, layer, pattern in the call): why the row is not the contract's to answer. There are eight of them.
NOT_OURS = {
    (
        "3.0.5",
        "Lambda",
        r"input_shape=\(?np\.",
    ): "inference of Lambda's output fails on NumPy integers and leaves the model unbuilt",
    ("3.15.1", "Embedding", "weights="): "a declared parameter, checked against the others, not a hidden keyword",
}


class _Arrays:
    """`np` of the rows: its integers are ints and its vectors lists, as the interpreter of user programs hands them on."""

    int64 = staticmethod(int)
    zeros = staticmethod(np.zeros)

    @staticmethod
    def array(values: list[int]) -> list[int]:
        return list(values)


class _TensorFlow:
    """`tf` of the rows: a TensorShape is the list of its dims."""

    @staticmethod
    def TensorShape(dims: list[int]) -> list[int]:
        return list(dims)


def evaluate(source: str) -> Any:
    return eval(source, {"np": _Arrays, "tf": _TensorFlow})


def folder_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield all rows of an external contract folder about the layers above, in this module's form."""
    for file, version in FILES.items():
        with gzip.open(folder / f"{file}.json.gz") as stream:
            rows = json.load(stream)["rows"]
        for row in rows:
            if row["layer"] in LAYERS:
                yield compact(row, version)


def compact(row: dict[str, Any], version: str) -> dict[str, Any]:
    """Return the facts of a recorded row that the contract answers for."""
    accepted = row["outcome"].startswith("accepted")
    stage = row.get("stage")
    ours = stage == "construct" or (
        row["position"] == "first" and bool(_INPUT_FRAMES.search(row.get("raised_in") or ""))
    )
    out: dict[str, Any] = {
        "version": version,
        "layer": row["layer"],
        "call": row["call"],
        "keywords": row["kwargs"],
        "position": "first" if row["position"] == "first" else "later",
        "error": None if accepted else f"{row['outcome']}: {row['message']}",
    }
    if accepted:
        # What the log says while the layer runs ("casting an input tensor") is not about the keywords.
        out["warnings"] = [w for w in row["warnings"] if not w.startswith("log:")]
        if row["position"] == "first":
            built = row.get("built") is not False
            out["batch_shape"] = row["batch_input_shape"]
            out["dtype"] = row.get("input_dtype")
            out["built"] = built
    else:
        out["ours"] = ours
    return out


def disagreement(row: dict[str, Any]) -> str | None:
    """Return how the contract contradicts a row, or None."""
    keywords = {name: evaluate(source) for name, source in row["keywords"].items()}
    for version, layer, pattern in NOT_OURS:
        if (row["version"], row["layer"]) == (version, layer) and re.search(pattern, row["call"]):
            error = resolve_first_layer(layer, keywords, parse_version(version)).error
            return f"error {error!r}" if error else None
    got = resolve_first_layer(row["layer"], keywords, parse_version(row["version"]), row["position"])
    if got.unknown:
        return f"unknown: {got.unknown}"
    if row["error"] is not None:
        expected = row["error"] if row["ours"] else None
        return None if got.error == expected else f"error {got.error!r}, Keras: {row['error']!r}"
    if got.error:
        return f"error {got.error!r}, Keras accepts it"
    if len(got.warnings) != len(row["warnings"]) or any(
        not real.startswith(ours) for ours, real in zip(got.warnings, row["warnings"], strict=True)
    ):
        return f"warnings {got.warnings}, Keras: {row['warnings']}"
    if row["position"] == "first":
        ours = None if got.batch_shape is None else [_dim(d) for d in got.batch_shape]
        real = None if row["batch_shape"] is None else [_dim(d) for d in row["batch_shape"]]
        if ours != real and row["built"]:
            return f"batch shape {ours}, Keras: {real}"
        if row["dtype"] and got.dtype != row["dtype"]:
            return f"dtype {got.dtype}, Keras: {row['dtype']}"
    return None


def _dim(value: object) -> object:
    """JSON keeps dims that are not ints as text."""
    return str(value) if isinstance(value, float | str) else value


def external_folder() -> Path:
    """Return the folder of all rows, from the environment."""
    folder = os.environ.get("KERAS_LSP_CONTRACT")
    assert folder, "set KERAS_LSP_CONTRACT to the folder with the contract rows (keras-2.3.1_tf1.15.json.gz and others)"
    return Path(folder)
