"""Attributes of layers and models."""

from __future__ import annotations

from typing import cast

from keras_lsp.inference.keras.layers import from_shape_value
from keras_lsp.inference.keras.weights import count, layers_of, weights_of
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import (
    DictValue,
    LayerValue,
    LibraryMethod,
    ListValue,
    ModelValue,
    ObjectValue,
    TensorValue,
    Unknown,
    Value,
)
from keras_lsp.shapes.tensor import Tensor


def layer_attribute(machine: Machine, layer: LayerValue, name: str, owner: ObjectValue | None = None) -> Value:
    """`layer.name`: what Keras keeps on layers and models, else a method."""
    receiver: Value = owner or layer
    if name == "name":
        return layer.name
    if name == "trainable":
        return layer.trainable if layer.trainable is not None else Unknown("`trainable` is not known")
    if name == "built":
        return layer.built
    if name in ("input", "output", "inputs", "outputs", "input_shape", "output_shape"):
        return _connection(machine, layer, name)
    if name in ("layers", "_layers", "_self_tracked_trackables") and isinstance(layer, ModelValue):
        if layer.layers is None and layer.kind != "Subclassed":
            return ListValue(None, Unknown(layer.reason or "the model's layers are not known"))
        return ListValue([inner.owner or inner for inner in layers_of(layer)])
    if name in _WEIGHT_LISTS:
        return _weights(layer, name)
    if name in ("dtype", "compute_dtype", "variable_dtype"):
        dtype = layer.configuration.arguments.get("dtype") if layer.configuration else None
        return (
            dtype.removeprefix("mixed_")
            if isinstance(dtype, str)
            else machine.floatx
            if dtype is None
            else from_shape_value(dtype)
        )
    if name in ("input_names", "output_names") and isinstance(layer, ModelValue):
        tensors = layer.inputs if name == "input_names" else layer.outputs
        names = [
            t.producer.layer.name for t in tensors or () if t.producer is not None and t.producer.layer is not None
        ]
        return ListValue(list(names)) if tensors is not None and len(names) == len(tensors) else Unknown("not known")
    if layer.configuration is not None:
        if layer.weights is not None:
            for weight in layer.weights:
                if weight.name.rsplit("/", 1)[-1] in (name, name.removesuffix("s")):
                    return TensorValue(Tensor(weight.shape, weight.dtype or "float32"), "tensorflow")
        if name in layer.configuration.arguments:
            return from_shape_value(layer.configuration.arguments[name])
    if name in _UNKNOWN_ATTRIBUTES:
        return Unknown(f"`{name}` is not followed")
    if owner is not None and not _is_method(machine, layer, name):
        return Unknown(f"`{name}` is not set in what was followed", name)
    return LibraryMethod(receiver, name)


_WEIGHT_LISTS = frozenset(
    [
        "weights",
        "variables",
        "trainable_weights",
        "trainable_variables",
        "non_trainable_weights",
        "non_trainable_variables",
    ]
)
_UNKNOWN_ATTRIBUTES = frozenset(
    [
        "optimizer",
        "loss",
        "metrics",
        "metrics_names",
        "history",
        "losses",
        "updates",
        "state_updates",
        "input_spec",
        "activity_regularizer",
        "states",
        "stop_training",
        "compiled_loss",
        "compiled_metrics",
        "run_eagerly",
        "loss_tracker",
        "distribute_strategy",
        "path",
        "_name",
    ]
)


def _is_method(machine: Machine, layer: LayerValue, name: str) -> bool:
    symbols = (
        ["keras.layers.Layer", "keras.Model", "keras.Sequential"]
        if isinstance(layer, ModelValue)
        else ["keras.layers.Layer"]
    )
    for path in symbols:
        symbol = machine.catalogue.symbol(path)
        if symbol is not None and name in symbol.methods:
            return True
    return name in ("__call__", "add_weight", "add_loss", "add_metric", "build", "call", "count_params", "add_variable")


def _connection(machine: Machine, layer: LayerValue, name: str) -> Value:
    """Inputs and outputs of a layer that was called once, or of a model."""
    wanted = name.removesuffix("_shape").removesuffix("s")
    tensors: list[TensorValue] | None = None
    structure: Value = None
    if name == wanted and machine.keras >= (3,) and isinstance(layer, ModelValue) and layer.kind == "Sequential":
        # Source: `Operation.output` in keras/src/ops/operation.py, which a Functional model alone has its own of.
        if not layer.nodes:
            return Unknown(
                f"a Sequential model has no `{name}` before it is called on a symbolic tensor; use `{name}s`"
            )
        tensors = layer.nodes[0].inputs if wanted == "input" else layer.nodes[0].outputs
        return tensors[0] if len(tensors) == 1 else ListValue(list(tensors))
    if isinstance(layer, ModelValue) and (layer.inputs is not None or layer.kind == "Sequential"):
        tensors = layer.inputs if wanted == "input" else layer.outputs
        structure = layer.input_structure if wanted == "input" else layer.output_structure
        if tensors is None:
            return Unknown(layer.reason or "the model is not built")
    elif layer.nodes:
        node = layer.nodes[0]
        tensors = node.inputs if wanted == "input" else node.outputs
        if not node.inputs and wanted == "input":
            tensors = node.outputs
    if tensors is None:
        return Unknown("the layer was not called on a symbolic tensor")
    if name.endswith("_shape"):
        if machine.keras >= (3,) and not isinstance(layer, ModelValue):
            return Unknown("layers have no such attribute in Keras 3")
        shapes = [tensor.spec.shape for tensor in tensors]
        known = [shape if shape is not None else Unknown("the shape is not known") for shape in shapes]
        return known[0] if len(known) == 1 else ListValue(list(known))
    if name.endswith("s"):
        return ListValue(list(tensors))
    if isinstance(structure, ListValue | tuple | DictValue) and len(tensors) > 1:
        return cast("Value", structure)
    return tensors[0] if len(tensors) == 1 else ListValue(list(tensors))


def _weights(layer: LayerValue, name: str) -> Value:
    found = weights_of(layer)
    if found is None:
        return ListValue(None, TensorValue(Tensor(None, "float32"), "tensorflow"))
    if name.startswith("trainable"):
        found = [pair for pair in found if pair[1]]
    elif name.startswith("non_trainable"):
        found = [pair for pair in found if not pair[1]]
    return ListValue([TensorValue(Tensor(w.shape, w.dtype or "float32"), "tensorflow") for w, _ in found])


def set_layer_attribute(machine: Machine, layer: LayerValue, name: str, value: Value) -> None:
    """`layer.name = value` for what Keras itself reads."""
    if name == "trainable":
        machine.touch(layer)
        layer.trainable = value if isinstance(value, bool) else None
        layer.fact.trainable = layer.trainable
        for inner in layers_of(layer):
            set_layer_attribute(machine, inner, name, value)
    elif name == "built" and isinstance(value, bool):
        machine.touch(layer)
        layer.built = value
    elif name in ("name", "_name") and isinstance(value, str):
        layer.fact.named = value
    elif name in ("kernel", "bias") and isinstance(value, TensorValue):
        return


def total(layer: LayerValue) -> Value:
    """`layer.count_params()`."""
    params, _ = count(layer)
    return params if params is not None else Unknown("the number of parameters is not known")
