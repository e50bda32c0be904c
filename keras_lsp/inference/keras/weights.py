"""Weights of layers and models, sublayers included, each counted once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from keras_lsp.inference.tensors import as_layer
from keras_lsp.inference.values import (
    Choice,
    DictValue,
    LayerValue,
    ListValue,
    ModelValue,
    ObjectValue,
    Unknown,
    Value,
)
from keras_lsp.shapes.dim import Dim
from keras_lsp.shapes.outcome import Weight


def layers_of(layer: LayerValue) -> list[LayerValue]:
    """Direct sublayers that are known, each once."""
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
    return [layer for item in _items(value) for layer in _layers_in(item)]


def _items(value: Value) -> Iterable[Value]:
    if isinstance(value, tuple):
        return cast("tuple[Value, ...]", value)
    if isinstance(value, ListValue):
        return value.items or ()
    return value.items.values() if isinstance(value, DictValue) else ()


def _may_hold_others(value: Value) -> bool:
    """Whether an attribute may be, or hold, layers that are not known: one of several, or a number nobody knows of them."""
    if isinstance(value, Unknown):
        return value.was_called
    if isinstance(value, Choice):
        return any(as_layer(option) is not None for option in value.options)
    if isinstance(value, ListValue) and value.items is None:
        return as_layer(value.element) is not None or _may_hold_others(value.element)
    if isinstance(value, DictValue) and any(as_layer(item) is not None for item in value.others):
        return True
    return any(_may_hold_others(item) for item in _items(value))


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
        if layer.weights is None or layer.extra_weights is None:
            return False
        seen.update(id(inner) for inner in layer.sublayers)
        found.extend((w, w.trainable and trainable) for w in (*layer.weights, *layer.extra_weights))
        return layer.owner is None or all(_collect(inner, trainable, found, seen) for inner in layers_of(layer))
    if isinstance(layer, ModelValue) and layer.layers is None:
        return False
    if layer.extra_weights is None:
        return False
    if not layer.built and not isinstance(layer, ModelValue):
        return False
    found.extend((weight, weight.trainable and trainable) for weight in layer.extra_weights)
    owner = layer.owner
    if owner is not None and (owner.open or any(_may_hold_others(value) for value in owner.attributes.values())):
        return False
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
