"""Weights of layers and models, sublayers included, each counted once."""

from __future__ import annotations

from typing import cast

from keras_lsp.inference.values import DictValue, LayerValue, ListValue, ModelValue, ObjectValue, Value
from keras_lsp.shapes.dim import Dim
from keras_lsp.shapes.outcome import Weight


def layers_of(layer: LayerValue) -> list[LayerValue]:
    """Direct sublayers, each once."""
    if isinstance(layer, ModelValue) and layer.kind != "Subclassed":
        inner = layer.layers or []
    elif layer.owner is not None:
        inner = [item for value in layer.owner.attributes.values() for item in _layers_in(value)]
    else:
        inner = layer.sublayers
    unique: list[LayerValue] = []
    for item in inner:
        if not any(item is known for known in unique):
            unique.append(item)
    return unique


def _layers_in(value: Value) -> list[LayerValue]:
    """Layers that an attribute of a layer or model holds, in lists and dicts too: Keras tracks them."""
    if isinstance(value, LayerValue):
        return [value]
    if isinstance(value, ObjectValue):
        return [value.layer] if value.layer is not None else []
    if isinstance(value, tuple):
        return [layer for item in cast("tuple[Value, ...]", value) for layer in _layers_in(item)]
    if isinstance(value, ListValue):
        return [layer for item in value.items or () for layer in _layers_in(item)]
    if isinstance(value, DictValue):
        return [layer for item in value.items.values() for layer in _layers_in(item)]
    return []


def weights_of(layer: LayerValue) -> list[tuple[Weight, bool]] | None:
    """All weights below a layer with whether training changes them; `None` if some are not known."""
    found: list[tuple[Weight, bool]] = []
    return found if _collect(layer, True, found, set()) else None


def _collect(layer: LayerValue, trainable: bool, found: list[tuple[Weight, bool]], seen: set[int]) -> bool:
    if id(layer) in seen:
        return True
    seen.add(id(layer))
    trainable = trainable and layer.trainable is not False
    if layer.configuration is not None:  # a public Keras layer: its rule lists everything, wrapped layers included
        if layer.weights is None:
            return False
        seen.update(id(inner) for inner in layer.sublayers)
        found.extend((weight, weight.trainable and trainable) for weight in layer.weights)
        return True
    if isinstance(layer, ModelValue) and layer.layers is None:
        return False
    if layer.extra_weights is None:
        return False
    if not layer.built and not isinstance(layer, ModelValue):
        return False
    found.extend((weight, weight.trainable and trainable) for weight in layer.extra_weights)
    return all(_collect(inner, trainable, found, seen) for inner in layers_of(layer))


def count(layer: LayerValue) -> tuple[Dim, Dim]:
    """Number of parameters and of trainable ones; `None` where not known."""
    weights = weights_of(layer)
    if weights is None:
        return None, None
    total: Dim = 0
    trainable: Dim = 0
    for weight, trains in weights:
        size = weight.size
        if size is None:
            return None, None
        total = total + size
        if trains:
            trainable = trainable + size
    return total, trainable
