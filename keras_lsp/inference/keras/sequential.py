"""Sequential models: filled, extended layer by layer, built, shortened."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import cast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.facts import Application, Call
from keras_lsp.inference.keras.application import apply_layer_value, note_application
from keras_lsp.inference.keras.input_layer import declared_input, input_tensor, is_input_node
from keras_lsp.inference.keras.layers import layer_name
from keras_lsp.inference.keras.model_inputs import is_declared
from keras_lsp.inference.keras.models import new_model
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import as_layer, tensors_in
from keras_lsp.inference.values import (
    FunctionValue,
    LayerValue,
    ListValue,
    ModelValue,
    ObjectValue,
    TensorValue,
    Unknown,
    Value,
)
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import format_shape
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.shapes.tensor import Tensor


def make_sequential(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`keras.Sequential([...])`."""
    names = ("layers", "name") if machine.keras < (3,) else ("layers", "trainable", "name")
    call = machine.describe_call("keras.Sequential", arguments, node, names)
    model = new_model(machine, "Sequential", "Sequential", call, arguments.get(names.index("name"), "name"))
    _check_keywords(machine, call, arguments, names)
    fill_sequential(machine, model, arguments.get(0, "layers"), call, node)
    return model


# Keras 3.15 looks at the type of `trainable`, the second parameter, which is `name` in Keras 2.
_TRAINABLE_CHECKED = (3, 15)


def _check_keywords(machine: Machine, call: Call, arguments: Arguments, names: tuple[str, ...]) -> None:
    unknown = next((name for name in arguments.kwargs if name not in names), None)
    second = arguments.get(1, "trainable") if names[1] == "trainable" else None
    if unknown is not None:
        text = f"TypeError: Sequential.__init__() got an unexpected keyword argument '{unknown}'"
        machine.report("model", call, ShapeError("argument", text, {"keywords": (unknown,)}, "construct"))
    elif isinstance(second, str) and machine.keras >= _TRAINABLE_CHECKED:
        text = f"ValueError: Expected `trainable` to be a boolean. Received: trainable={second} (of type <class 'str'>)"
        machine.report(
            "model", call, ShapeError("argument", text, {"argument": "trainable", "value": second}, "construct")
        )


def fill_sequential(machine: Machine, model: ModelValue, layers: Value, call: Call, node: ast.AST | None) -> None:
    """Add the layers that the constructor got."""
    from keras_lsp.inference.expressions import iterate

    if layers is None:
        return
    if isinstance(layers, Unknown) or (isinstance(layers, ListValue) and layers.items is None):
        model.layers, model.reason = None, "its list of layers is not known"
        return
    if as_layer(layers) is not None or isinstance(layers, TensorValue):
        if machine.keras >= (3,) or machine.keras < (2, 3):
            name = layers.class_name if isinstance(layers, LayerValue) else "KerasTensor"
            text = f"TypeError: '{name}' object is not iterable"
            machine.report("model", call, ShapeError("argument", text, {"argument": "layers"}, "construct"))
            model.layers, model.reason = None, "raises TypeError"
            return
        layers = ListValue([layers])
    items = iterate(machine, layers)
    if items is None:
        model.layers, model.reason = None, "its list of layers is not known"
        return
    for item in items:
        add_layer(machine, model, item, node)
    count_build(machine, model)


def count_build(machine: Machine, model: ModelValue) -> None:
    """Keras 3 makes a Functional of a Sequential whenever layers come: it takes a number from those that get no name."""
    if machine.keras >= (3,) and model.inputs is not None and model.layers:
        layer_name(machine, "Functional")


def _implicit_input(machine: Machine, model: ModelValue, spec: Tensor, call: Call) -> TensorValue:
    """The input that a Sequential makes itself; Keras 2 names it after the first layer, Keras 3 counts it."""
    name = None if machine.keras >= (3,) or not model.layers else f"{model.layers[0].name}_input"
    return input_tensor(machine, spec, call, name)


def add_layer(machine: Machine, model: ModelValue, value: Value, node: ast.AST | None) -> None:
    """`model.add(layer)`."""
    machine.touch(model)
    if model.layers is None:
        layer = as_layer(value)
        if layer is not None:
            layer.fact.position = "sequential"
            _extend_joined(machine, model, layer, value)
        return
    if isinstance(value, TensorValue):
        producer = value.producer
        if producer is not None and producer.layer is not None and is_input_node(producer):
            if model.inputs is None and not model.layers:
                _start(model, value)
            else:
                _refuse_input(machine, model, value, node)
            return
        if value.kind == "keras":
            _refuse(machine, model, value, node)
        model.layers, model.reason = None, "a tensor was added"
        model.outputs = None
        return
    layer = as_layer(value)
    if layer is None:
        _refuse(machine, model, value, node)
        return
    if layer.class_name == "InputLayer" and isinstance(layer.configuration, Configuration):
        first = model.inputs is None and not model.layers
        spec = declared_input(layer)
        if spec is not None and first:
            name = layer.name if "name" in layer.fact.call.arguments else None
            _start(model, input_tensor(machine, spec, layer.fact.call, name))
        elif first:
            model.perhaps_built = True
        else:
            _refuse_input(machine, model, value, node)
        return
    model.layers.append(layer)
    layer.fact.position = "sequential"
    layer.fact.index = len(model.layers) - 1
    if model.outputs is not None:
        _extend(machine, model, value, layer)
    elif len(model.layers) == 1:
        _start_from_first(machine, model, value, layer)


def _extend_joined(machine: Machine, model: ModelValue, layer: LayerValue, value: Value) -> None:
    """A layer added behind layers that are not all known: its input is known if their output is."""
    if model.outputs is None:
        note_application(machine, layer.fact, Application(layer.fact.span, None, None, reason=model.reason))
        return
    _extend(machine, model, value, layer)


def _refuse_input(machine: Machine, model: ModelValue, value: Value, node: ast.AST | None) -> None:
    """Keras 3 takes one Input; Keras 2 ignores or believes a second one."""
    nested = model.layers and isinstance(model.layers[0], ModelValue)
    if machine.keras < (3,) or model.inputs is None or nested or not is_declared(model):
        return
    text = (
        f"ValueError: Sequential model '{model.name}' has already been configured to use input shape "
        f"{format_shape(model.inputs[0].spec.shape or ())}. You cannot add a different Input layer to it."
    )
    call = machine.describe_call("keras.Sequential.add", Arguments([value]), node, ("layer",))
    machine.report("add", call, ShapeError("other", text, {"input": True}, "construct"))


def _refuse(machine: Machine, model: ModelValue, value: Value, node: ast.AST | None) -> None:
    from keras_lsp.inference.values import CONSTANTS, External

    model.layers, model.outputs = None, None
    model.reason = "something that is not a known layer was added"
    listed = value.items if isinstance(value, ListValue) else value
    items = list(cast("Iterable[Value]", listed)) if isinstance(listed, list | tuple) else []
    added = any(as_layer(item) is not None for item in items)
    sure = (
        isinstance(value, CONSTANTS)
        or added
        or isinstance(value, FunctionValue)
        or (isinstance(value, TensorValue) and value.kind == "keras")
        or (
            isinstance(value, External)
            and (symbol := machine.catalogue.symbol(machine.catalogue.resolve(value.path) or "")) is not None
            and (symbol.kind == "layer" or symbol.name.startswith("keras.activations."))
        )
    )
    if not sure:
        return
    if isinstance(value, External):
        shown = value.path.rsplit(".", 1)[-1]
    elif isinstance(value, FunctionValue):
        shown = f"<function {value.name}>"
    else:
        shown = "a list" if items else "a tensor" if isinstance(value, TensorValue) else repr(value)
    if machine.keras >= (3,):
        text = f"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: {shown}"
    else:
        text = f"TypeError: The added layer must be an instance of class Layer. Found: {shown}"
    call = machine.describe_call("keras.Sequential.add", Arguments([value]), node, ("layer",))
    machine.report("add", call, ShapeError("argument", text, {"value": value}, "construct"))


def _start(model: ModelValue, tensor: TensorValue) -> None:
    model.inputs = [tensor]
    model.outputs = [tensor]
    model.built = True
    model.input_structure = model.output_structure = tensor


def _start_from_first(machine: Machine, model: ModelValue, value: Value, layer: LayerValue) -> None:
    """The first layer may know its input shape: from its keywords, or as a model that is built."""
    spec: Tensor | None = None
    if layer.batch_shape is not None:
        spec = Tensor(layer.batch_shape, layer.batch_dtype or "float32")
    elif isinstance(layer, ModelValue) and layer.inputs is not None and len(layer.inputs) == 1:
        spec = layer.inputs[0].spec
    if spec is None or layer.failed:
        model.perhaps_built = model.perhaps_built or bool(machine.guarded) or _may_know_input(machine, layer)
        return
    _start(model, _implicit_input(machine, model, spec, layer.fact.call))
    _extend(machine, model, value, layer)


_INPUT_KEYWORDS = frozenset(
    ("input_shape", "batch_input_shape", "batch_shape", "input_dim", "input_length", "batch_size")
)


# Layers that `adapt` builds for the shape of its data.
_ADAPTED = frozenset(("Normalization", "Discretization", "StringLookup", "IntegerLookup", "TextVectorization"))


def _may_know_input(machine: Machine, layer: LayerValue) -> bool:
    """Whether a first layer has an input shape of its own that is not known here.

    In Keras 2 an Embedding always has one. Source: `Embedding.__init__` in keras/src/layers/core/embedding.py.
    """
    if isinstance(layer, ModelValue):
        return layer.layers is None or layer.perhaps_built
    if layer.class_name in _ADAPTED:
        return True
    return bool(_INPUT_KEYWORDS & layer.fact.call.arguments.keys()) or (
        layer.class_name == "Embedding" and machine.keras < (3,)
    )


def _extend(machine: Machine, model: ModelValue, value: Value, layer: LayerValue) -> None:
    assert model.outputs is not None
    argument: Value = model.outputs[0] if len(model.outputs) == 1 else ListValue(list(model.outputs))
    result = _apply(machine, value, layer, argument)
    tensors = tensors_in(result)
    if isinstance(result, Unknown) or not tensors:
        model.outputs, model.output_structure = None, None
        model.reason = result.reason if isinstance(result, Unknown) else "a layer has no output"
        model.broken = True
    else:
        model.outputs, model.output_structure = tensors, result


def _apply(machine: Machine, value: Value, layer: LayerValue, argument: Value) -> Value:
    """Apply a layer inside a model: the record stands at its constructor call."""
    if isinstance(value, ObjectValue):
        from keras_lsp.inference.keras.custom import apply_custom

        return apply_custom(machine, value, Arguments([argument]), None, layer.fact.span)
    return apply_layer_value(machine, layer, Arguments([argument]), None, layer.fact.span)


def build_sequential(machine: Machine, model: ModelValue, spec: Tensor) -> None:
    """Build a Sequential that had no input shape for this input."""
    if model.layers is None or model.inputs is not None or not model.layers or model.broken:
        return
    machine.touch(model)
    _start(model, _implicit_input(machine, model, spec, model.fact.call))
    count_build(machine, model)
    for layer in model.layers:
        _extend(machine, model, layer.owner or layer, layer)
        if model.outputs is None:
            return


def pop_layer(machine: Machine, model: ModelValue) -> None:
    """`model.pop()`."""
    machine.touch(model)
    if not model.layers:
        return
    model.layers.pop()
    model.broken = False
    if model.inputs is None:
        return
    if not model.layers:
        model.outputs = list(model.inputs)
    else:
        nodes = model.layers[-1].nodes
        model.outputs = list(nodes[-1].outputs) if nodes else None
    model.output_structure = model.outputs[0] if model.outputs and len(model.outputs) == 1 else None
