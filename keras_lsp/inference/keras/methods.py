"""Methods of layers and models that Keras provides."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any, cast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.facts import ModelEvent
from keras_lsp.inference.keras.application import apply_layer_value
from keras_lsp.inference.keras.attributes import total
from keras_lsp.inference.keras.events import EVENTS, follow_event, is_unbuilt
from keras_lsp.inference.keras.layers import snake_case
from keras_lsp.inference.keras.model_calls import call_model
from keras_lsp.inference.keras.sequential import add_layer, count_build, pop_layer
from keras_lsp.inference.keras.weights import layers_of, weights_of
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import wrap
from keras_lsp.inference.values import ConfigValue, LayerValue, ListValue, ModelValue, TensorValue, Unknown, Value
from keras_lsp.shapes.dim import Shape, differ, format_shape
from keras_lsp.shapes.outcome import ShapeError, Weight
from keras_lsp.shapes.tensor import Tensor


def call_layer_method(
    machine: Machine, layer: LayerValue, name: str, arguments: Arguments, node: ast.AST | None
) -> Value:
    """`layer.name(...)`."""
    if isinstance(layer, ModelValue):
        if name in EVENTS:
            return follow_event(machine, layer, name, arguments, node)
        method = _MODEL_METHODS.get(name)
        if method is not None:
            return method(machine, layer, arguments, node)
    method = LAYER_METHODS.get(name)
    if method is not None:
        return method(machine, layer, arguments, node)
    if isinstance(layer, ModelValue):
        layer.perhaps_built = True
    return Unknown(f"`{name}` of a layer is not followed")


# Attributes that a model has only once it knows its input.
BUILT_ATTRIBUTES = frozenset(
    (
        "weights",
        "variables",
        "trainable_weights",
        "trainable_variables",
        "input",
        "output",
        "input_shape",
        "output_shape",
    )
)


def record_read(machine: Machine, model: ModelValue, node: ast.Attribute) -> None:
    """`model.weights` and the like of a Sequential that is not built."""
    known = BUILT_ATTRIBUTES if machine.keras < (3,) else BUILT_ATTRIBUTES | {"inputs", "outputs"}
    if node.attr in known and isinstance(node.ctx, ast.Load) and not machine.muted and is_unbuilt(model):
        call = machine.describe_call(f"keras.Model.{node.attr}", Arguments(), node, ())
        machine.facts.events.append(ModelEvent(node.attr, model.model_fact, call, unbuilt=True))

    if node.attr in ("input", "output") and isinstance(node.ctx, ast.Load) and machine.keras >= (3,):
        _check_called(machine, model, node)


# Before, Keras 3 raised ValueError.
_MISSING_ATTRIBUTE = (3, 6)


def _check_called(machine: Machine, model: ModelValue, node: ast.Attribute) -> None:
    """A Sequential of Keras 3 has `inputs`; `input` is that of its first call on a symbolic tensor (run: 3.0 to 3.15)."""
    if model.kind != "Sequential" or model.inputs is None or model.nodes or model.escaped or model.fact.custom:
        return
    if model.fact.position == "wrapped":
        return
    error = "AttributeError" if machine.keras >= _MISSING_ATTRIBUTE else "ValueError"
    text = f"{error}: The layer {model.name} has never been called and thus has no defined {node.attr}."
    call = machine.describe_call(f"keras.Sequential.{node.attr}", Arguments(), node, ())
    machine.report("never-called", call, ShapeError("other", text, {"attribute": node.attr}, "construct"))


def _add(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    model = cast("ModelValue", layer)
    if model.kind != "Sequential":
        if model.kind == "Functional" and not model.fact.custom and machine.certain and arguments.args:
            call = machine.describe_call("keras.Model.add", arguments, node, ("layer",))
            text = "AttributeError: 'Functional' object has no attribute 'add'"
            said = "Only a Sequential has `add`: start a `Sequential` with this model, or call the layer on its output."
            machine.report("call", call, ShapeError("other", text, {"said": said}, "construct"))
        return Unknown("only Sequential models have `add`")
    value = arguments.get(0, "layer")
    unknown = next((name for name in arguments.kwargs if name not in ("layer", "rebuild", "__class__")), None)
    if unknown is not None and not model.fact.custom:
        call = machine.describe_call("keras.Sequential.add", arguments, node, ("layer",))
        text = f"TypeError: Sequential.add() got an unexpected keyword argument '{unknown}'"
        machine.report("add", call, ShapeError("argument", text, {"keywords": (unknown,)}, "construct"))
    if machine.uncertain and model.layers is not None:
        machine.touch(model)
    add_layer(machine, model, value, node)
    count_build(machine, model)
    return None


def _pop(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    pop_layer(machine, cast("ModelValue", layer))
    return None


def _get_layer(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    model = cast("ModelValue", layer)
    inner = layers_of(model)
    if model.layers is None and model.kind != "Subclassed":
        return Unknown(model.reason or "the model's layers are not known")
    name, index = arguments.get(0, "name"), arguments.get(1, "index")
    if isinstance(index, int) and not isinstance(index, bool):
        if -len(inner) <= index < len(inner):
            return inner[index].owner or inner[index]
        # In Keras 2 operators are layers of functional models, too.
        if index >= len(inner) and (model.kind == "Sequential" or machine.keras >= (3,)):
            text = f"Was asked to retrieve layer at index {index} but model only has {len(inner)} layers."
            _no_such_layer(machine, model, arguments, node, text)
        return Unknown("no such layer")
    if isinstance(name, str):
        found = next((item for item in inner if item.name == name), None)
        if found is None and _is_chosen(name, inner):
            _no_such_layer(machine, model, arguments, node, f"No such layer: {name}.")
        return Unknown(f"no layer named {name!r} is known") if found is None else found.owner or found
    return Unknown("which layer is asked for is not known")


def _no_such_layer(machine: Machine, model: ModelValue, arguments: Arguments, node: ast.AST | None, text: str) -> None:
    if model.layers is None or model.fact.custom or machine.uncertain:
        return
    call = machine.describe_call("keras.Model.get_layer", arguments, node, ("name", "index"))
    names = tuple(layer.name for layer in model.layers)
    machine.report("get-layer", call, ShapeError("other", f"ValueError: {text}", {"names": names}, "construct"))


def _is_chosen(name: str, layers: list[LayerValue]) -> bool:
    """Whether a name is none of those that Keras gives by itself, whose numbers depend on all that the program does."""
    automatic = {snake_case(layer.class_name) for layer in layers} | {"input", "input_layer", "functional", "model"}
    return re.sub(r"_\d+$", "", name) not in automatic and not name.startswith(("tf.", "tf_op", "lambda", "sequential"))


def _call(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    if layer.owner is not None:
        return machine.call(layer.owner, arguments, node)
    if isinstance(layer, ModelValue):
        return call_model(machine, layer, arguments, node)
    return apply_layer_value(machine, layer, arguments, node)


def _add_weight(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    """`self.add_weight(...)`; the first parameter is `shape` in Keras 3 and `name` before."""
    first = "shape" if machine.keras >= (3,) else "name"
    names = ("shape", "initializer", "dtype") if first == "shape" else ("name", "shape", "dtype")
    other = arguments.args[0] if arguments.args and first in arguments.kwargs else None
    # What a late Keras 3 raises depends on whether it is a string.
    unclear = isinstance(other, Unknown) and machine.keras >= (3, 13)
    if other is not None and machine.keras >= (2, 4) and not arguments.open and not unclear:
        text = f"TypeError: Layer.add_weight() got multiple values for argument '{first}'"
        if first == "shape" and machine.keras >= (3, 13) and isinstance(other, str):
            text = f"ValueError: `name` must be passed as a keyword argument. Received: add_weight('{other}', ...)"
        said = f"The first argument of `add_weight` is `{first}`: give {'`name=`' if first == 'shape' else '`shape=`'} by its name."
        call = machine.describe_call("keras.layers.Layer.add_weight", arguments, node, ())
        machine.report("call", call, ShapeError("other", text, {"said": said, "argument": first}, "construct"))
    bound = arguments.bind(*names, "trainable", "name", "shape", "dtype")
    if first == "name" and arguments.args and isinstance(arguments.args[0], tuple | ListValue):
        if machine.keras >= (2, 3):
            return _no_weight(machine, layer, "the first argument is a name, not a shape")
        bound.update(shape=arguments.args[0], name=arguments.kwargs.get("name"))  # older versions take it as the shape
    elif arguments.args and first in arguments.kwargs:
        return _no_weight(machine, layer, f"`{first}` is given twice")
    shape = bound.get("shape", ())
    if isinstance(shape, int):
        shape = (shape,)
    dims: tuple[Any, ...] | None = None
    if isinstance(shape, ListValue) and shape.items is not None:
        shape = tuple(shape.items)
    if isinstance(shape, tuple):
        items = cast("tuple[Value, ...]", shape)
        dims = tuple(item.as_dim() if isinstance(item, Unknown) else item for item in items)
        if not all(d is None or isinstance(d, int) or hasattr(d, "terms") for d in dims):
            dims = None
    machine.touch(layer)
    name = bound.get("name")
    trainable = bound.get("trainable", True)
    dtype = bound.get("dtype")
    dtype = dtype if isinstance(dtype, str) else machine.floatx
    if dims is None or layer.extra_weights is None or not isinstance(trainable, bool):
        layer.extra_weights = None
    else:
        layer.extra_weights.append(Weight(name if isinstance(name, str) else "variable", dims, trainable, dtype))
    return TensorValue(Tensor(dims, dtype), "tensorflow", origin=machine.span_of(node))


def _no_weight(machine: Machine, layer: LayerValue, reason: str) -> Unknown:
    machine.touch(layer)
    layer.extra_weights = None
    return Unknown(reason)


def _build_layer(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    """`layer.build(input_shape)`: creates the weights for that shape."""
    shape = arguments.get(0, "input_shape")
    if layer.configuration is None and not layer.built:  # `super().build(input_shape)` in a class of the program
        machine.touch(layer)
        layer.built = True
    elif layer.configuration is not None and isinstance(shape, tuple) and not layer.built:
        items = cast("tuple[Value, ...]", shape)
        if all(item is None or isinstance(item, int) for item in items):
            _build_for(machine, layer, items)
    return None


def _build_for(machine: Machine, layer: LayerValue, shape: Shape) -> None:
    """Give a layer the weights that it makes for an input of this shape, with nobody looking."""
    argument = wrap(machine, Tensor(shape, "float32"), "tensorflow", None)
    with machine.mute():
        apply_layer_value(machine, layer, Arguments([argument]), None, layer.fact.span)
    layer.fact.weights = layer.weights


def _count(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    return total(layer)


def _get_weights(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    found = weights_of(layer)
    if found is None:
        return ListValue(None, TensorValue(Tensor(None, "float32"), "numpy"))
    return ListValue([TensorValue(Tensor(weight.shape, weight.dtype or "float32"), "numpy") for weight, _ in found])


def _set_weights(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    """`layer.set_weights(arrays)`: as many as the layer has, each of the same shape."""
    given = arguments.get(0, "weights")
    expected = weights_of(layer)
    if _is_alone(machine, layer) and isinstance(given, ListValue) and given.items:
        expected = []
    elif expected is None or not layer.built:
        return None
    size = given.spec.shape[0] if isinstance(given, TensorValue) and given.spec.shape else None
    if isinstance(size, int) and size != len(expected) and layer.configuration is not None:
        said = "`set_weights` takes a list of arrays, and here is one array: put it into a list."
        text = _wrong_count(layer, size, len(expected))
        call = machine.describe_call("keras.layers.Layer.set_weights", arguments, node, ("weights",))
        machine.report("weights", call, ShapeError("other", text, {"said": said}, "construct"))
        return None
    if not isinstance(given, ListValue) or given.items is None:
        return None
    arrays = [item.spec for item in given.items if isinstance(item, TensorValue) and item.spec.shape is not None]
    # Models order their weights by layers, those that are not trained in places of their own.
    mixed = isinstance(layer, ModelValue) and (
        not machine.certain
        or layer.kind not in ("Sequential", "Functional")
        or layer.fact.custom
        or layer.escaped
        or not all(trained for _, trained in expected)
    )
    if len(arrays) != len(given.items) or mixed:
        return None
    text = ""
    if len(arrays) != len(expected):
        text = _wrong_count(layer, len(arrays), len(expected))
    for array, (weight, _) in zip(arrays, expected, strict=False):
        shape = array.shape or ()
        other = len(shape) != len(weight.shape) or any(differ(a, b) for a, b in zip(shape, weight.shape, strict=True))
        if other and not text:
            text = (
                f"ValueError: Layer {layer.name} weight shape {format_shape(weight.shape)} is not compatible with provided "
                f"weight shape {format_shape(shape)}."
            )
    if text:
        call = machine.describe_call("keras.layers.Layer.set_weights", arguments, node, ("weights",))
        said = (
            {} if expected else {"said": "The layer has no weights before it is built: call it, or its `build`, first."}
        )
        machine.report("weights", call, ShapeError("other", text, said, "construct"))
    return None


def _wrong_count(layer: LayerValue, given: int, expected: int) -> str:
    return (
        f"ValueError: You called `set_weights(weights)` on layer '{layer.name}' with a weight list of length {given}, but the "
        f"layer was expecting {expected} weights."
    )


def _is_alone(machine: Machine, layer: LayerValue) -> bool:
    """Whether a layer of Keras is certain to have no weights yet: nothing has called, built or taken it."""
    return (
        machine.certain
        and layer.configuration is not None
        and not layer.built
        and not layer.failed
        and not layer.nodes
        and not layer.fact.applications
        and layer.fact.position == "alone"
        and not layer.fact.call.unknown_arguments
        and "weights" not in layer.fact.call.arguments
        and not isinstance(layer, ModelValue)
    )


def _adapt(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    """`adapt(data)`: a Normalization gets one mean and variance for each entry of the axes that it keeps."""
    data = arguments.get(0, "data")
    shape = data.spec.shape if isinstance(data, TensorValue) and data.kind != "keras" else None
    if layer.class_name != "Normalization" or layer.configuration is None or layer.built or not shape or len(shape) < 2:
        return None
    if all(isinstance(dim, int) for dim in shape[1:]):
        _build_for(machine, layer, (None, *shape[1:]))
    return None


def _add_loss(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    """`model.add_loss(tensor)`, which Keras 3 has for values inside of `call` alone.

    Source: `Layer.add_loss` in keras/src/layers/layer.py iterates over the loss and asks each for its rank.
    """
    loss = arguments.get(0, "losses", arguments.get(None, "loss"))
    if (
        machine.keras >= (3,)
        and isinstance(loss, TensorValue)
        and loss.kind == "keras"
        and isinstance(layer, ModelValue)
    ):
        text = "NotImplementedError: (no text)"
        said = "Keras 3 takes no symbolic tensor as a loss: call `add_loss` inside of a layer's `call`, or give `compile` a loss."
        call = machine.describe_call("keras.Model.add_loss", arguments, node, ("loss",))
        machine.report("call", call, ShapeError("other", text, {"said": said}, "construct"))
    return None


def _output_shape(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    """`layer.compute_output_shape(shape)`."""
    shape = arguments.get(0, "input_shape")
    if not isinstance(shape, tuple) or layer.configuration is None:
        return Unknown("the shape is not known")
    items = cast("tuple[Any, ...]", shape)
    argument = wrap(machine, Tensor(items, "float32"), "tensorflow", None)
    with machine.mute():
        result = apply_layer_value(machine, layer, Arguments([argument]), None, layer.fact.span)
    return (
        result.spec.shape
        if isinstance(result, TensorValue) and result.spec.shape
        else Unknown("the shape is not known")
    )


def _config(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    if layer.configuration is None:
        return ConfigValue({"name": layer.name}, layer)
    from keras_lsp.inference.keras.attributes import layer_attribute

    arguments_of = layer.configuration.arguments
    return ConfigValue({name: layer_attribute(machine, layer, name) for name in arguments_of}, layer)


def _nothing(machine: Machine, layer: LayerValue, arguments: Arguments, node: ast.AST | None) -> Value:
    return None


Method = Callable[[Machine, LayerValue, Arguments, "ast.AST | None"], Value]
_MODEL_METHODS: dict[str, Method] = {"add": _add, "pop": _pop, "get_layer": _get_layer}
LAYER_METHODS: dict[str, Method] = {
    "__call__": _call,
    "call": _call,
    "add_weight": _add_weight,
    "add_variable": _add_weight,
    "build": _build_layer,
    "count_params": _count,
    "get_weights": _get_weights,
    "compute_output_shape": _output_shape,
    "get_config": _config,
    "set_weights": _set_weights,
    "add_loss": _add_loss,
    "add_metric": _nothing,
    "add_update": _nothing,
    "reset_states": _nothing,
    "reset_state": _nothing,
    "adapt": _adapt,
    "load_weights": _nothing,
    "summary": _nothing,
    "save": _nothing,
}
