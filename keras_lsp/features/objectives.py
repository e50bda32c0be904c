"""Losses and metrics that go with a model's last layer and, where they are known, with its labels; best first."""

from __future__ import annotations

import re

from keras_lsp.features.lookup import canonical_name
from keras_lsp.inference.facts import LayerFact, ModelFact
from keras_lsp.inference.values import TensorValue
from keras_lsp.rules.base import Context
from keras_lsp.rules.model_data import BINARY, CATEGORICAL, SPARSE, TRAINING, array_of, last_activation, loss_name
from keras_lsp.shapes.dim import Shape
from keras_lsp.shapes.tensor import Tensor

_LABEL_NAME = re.compile(
    r"^y(_?train)?$|^(train|training)_(labels?|targets?|y)$|^(labels?|targets?|y_tr)$", re.IGNORECASE
)
_REGRESSION = ("mean_squared_error", "mse", "mean_absolute_error", "mae", "huber", "log_cosh")
_METRICS: dict[str, tuple[str, ...]] = {
    SPARSE: ("accuracy", "sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy"),
    CATEGORICAL: ("accuracy", "categorical_accuracy", "top_k_categorical_accuracy", "auc", "AUC"),
    BINARY: ("accuracy", "binary_accuracy", "auc", "AUC", "precision", "Precision", "recall", "Recall"),
    "mean_squared_error": ("mae", "mean_absolute_error", "mse", "mean_squared_error", "root_mean_squared_error",
                           "RootMeanSquaredError", "mape"),
}  # fmt: skip
_CLASSES = {
    SPARSE: "SparseCategoricalCrossentropy",
    CATEGORICAL: "CategoricalCrossentropy",
    BINARY: "BinaryCrossentropy",
}


def fitting_losses(context: Context, model: ModelFact | None, offset: int) -> tuple[str, ...]:
    """Identifiers of losses for a model: by its last activation and units, and by its labels; empty where nothing is known."""
    output = _output(model)
    if model is None or output is None:
        return ()
    activation = last_activation(_last_layer(model))
    kind = _kind(_labels(context, model, offset), output)
    if activation == "softmax":
        return (CATEGORICAL, SPARSE) if kind == "one-hot" else (SPARSE, CATEGORICAL)
    if activation == "sigmoid":
        return (BINARY, "binary_focal_crossentropy", *(("dice",) if len(output) == 4 else ()))
    return () if activation is None else _REGRESSION


def loss_calls(context: Context, model: ModelFact | None, offset: int) -> tuple[str, ...]:
    """Losses as calls, for outputs that are logits: `keras.losses.SparseCategoricalCrossentropy(from_logits=True)`."""
    output = _output(model)
    if model is None or output is None or last_activation(_last_layer(model)) != "linear":
        return ()
    labels = _labels(context, model, offset)
    kind, units = _kind(labels, output), output[-1]
    if labels is None or units is None:
        return ()
    if kind == "classes" and units == 1 and labels.classes == 2:
        name = BINARY
    elif kind == "classes" and isinstance(units, int) and units > 1 and labels.classes in (None, units):
        name = SPARSE
    elif kind == "one-hot" and labels.classes is not None:
        name = CATEGORICAL
    else:
        return ()
    losses = _name_of_losses(context, offset)
    return (f"{losses}.{_CLASSES[name]}(from_logits=True)",) if losses is not None else ()


def fitting_metrics(context: Context, model: ModelFact | None, loss: str | None, offset: int) -> tuple[str, ...]:
    """Identifiers of metrics that go with a loss, or with the one that the model's last layer asks for."""
    name = loss_name(loss) if loss is not None else next(iter(fitting_losses(context, model, offset)), "")
    if name in _REGRESSION or loss_name(name) in _REGRESSION:
        name = "mean_squared_error"
    return _METRICS.get(name, ())


def _last_layer(model: ModelFact) -> LayerFact | None:
    """The layer that makes the output."""
    last = next((row.fact for row in reversed(model.layers or ()) if row.fact is not None), None)
    made = last is not None and last.applications and model.outputs and last.applications[-1].output == model.outputs[0]
    return last if made else None


def _output(model: ModelFact | None) -> Shape | None:
    """The shape of the only output."""
    outputs = model.outputs if model is not None else None
    if outputs is None or len(outputs) != 1:
        return None
    return outputs[0].shape if isinstance(outputs[0], Tensor) and outputs[0].shape else None


def _labels(context: Context, model: ModelFact, offset: int) -> Tensor | None:
    """What the model is trained on, else the array that is called like labels."""
    for event in context.facts.events:
        if event.model is model and event.method in TRAINING:
            found = array_of(event, "y")
            if found is not None and found.shape is not None:
                return found
    named = [v for v in context.facts.variables if v.span.start <= offset and _LABEL_NAME.match(v.name)]
    arrays = [v.value.spec for v in named if isinstance(v.value, TensorValue) and v.value.kind != "keras"]
    return arrays[-1] if arrays and arrays[-1].shape is not None else None


def _kind(labels: Tensor | None, output: Shape) -> str:
    """How labels are encoded: "classes", "one-hot", or "" for anything else."""
    if labels is None or labels.shape is None or not output:
        return ""
    units = output[-1]
    if len(labels.shape) == len(output) and units != 1 and labels.shape[-1] == units:
        return "one-hot"
    whole = labels.dtype is not None and ("int" in labels.dtype or labels.dtype == "bool")
    single = len(labels.shape) == len(output) - 1 or labels.shape[-1:] == (1,)
    return "classes" if whole and single else ""


def _name_of_losses(context: Context, offset: int) -> str | None:
    """How the program may write `keras.losses`: the shortest way over one of its imports."""
    wanted = f"keras.losses.{_CLASSES[SPARSE]}"
    ways = [
        f"{name}{rest}"
        for name in context.facts.imports
        for rest in ("", ".losses", ".keras.losses")
        if canonical_name(context, f"{name}{rest}.{_CLASSES[SPARSE]}", offset) == wanted
    ]
    return min(ways, key=len, default=None)
