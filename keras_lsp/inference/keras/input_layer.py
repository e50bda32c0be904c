"""`keras.Input`: what it is given, what it refuses, and the tensor it makes."""

from __future__ import annotations

import ast
from typing import cast

from keras_lsp.catalogue.first_layer import UNKNOWN, FirstLayer, resolve_input
from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.facts import Application, Call, LayerFact
from keras_lsp.inference.keras.application import note_application
from keras_lsp.inference.keras.layers import bind, literal, literal_dtype
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.numbering import Name
from keras_lsp.inference.values import GraphNode, LayerValue, TensorValue, Unknown, Value
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import Dim, Expr
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.shapes.tensor import Tensor


def make_input(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`keras.Input(...)`."""
    symbol = machine.catalogue.symbol("keras.Input")
    assert symbol is not None
    positional = [p.name for p in symbol.parameters or () if p.kind.startswith("positional")]
    call = machine.describe_call("keras.Input", arguments, node, positional)
    bound, extra = bind(symbol, arguments)
    everything = {**bound, **extra}
    given = {name: _input_argument(machine, name, value) for name, value in everything.items()}
    machine.facts.calls.append(call) if not machine.muted else None
    tensor = _wrapped_tensor(everything)
    refused = _refused_tensor(machine, tensor) or _array_as_shape(machine, bound.get("shape"))
    if refused is not None:
        machine.report("input", call, refused)
        return Unknown("raises " + refused.text.split(":", 1)[0], error=refused)
    if tensor is not None:
        return tensor
    shape_value = bound.get("shape", extra.get("batch_shape", bound.get("batch_shape")))
    if arguments.open or isinstance(shape_value, Unknown):
        spec = Tensor(None, "float32")
    else:
        resolved = resolve_input(given, machine.world.keras)
        if resolved.error is not None:
            facts: dict[str, object] = {"keywords": tuple(call.arguments)}
            if "dtype" in resolved.error.split(":", 2)[1]:
                facts = {"argument": "dtype", "value": given.get("dtype")}
            error = ShapeError("argument", resolved.error, facts, "construct")
            machine.report("input", call, error)
            return Unknown("raises " + resolved.error.split(":", 1)[0])
        declared = bound.get("type_spec")
        if resolved.batch_shape is None and isinstance(declared, TensorValue) and "shape" not in given:
            spec = declared.spec
        else:
            spec = as_spec(resolved)
            if isinstance(spec, Unknown):
                return spec
    return input_tensor(machine, spec, call, bound.get("name", extra.get("name")))


def as_spec(resolved: FirstLayer) -> Tensor | Unknown:
    """The tensor that the arguments of an `Input` or `InputLayer` say."""
    if resolved.batch_shape is None:
        return Unknown("the shape of this input is not known")
    if not all(size is None or isinstance(size, int | Expr) for size in resolved.batch_shape):
        return Unknown("a size of this input is no number")
    return Tensor(tuple(cast("tuple[Dim, ...]", resolved.batch_shape)), resolved.dtype)


def _input_argument(machine: Machine, name: str, value: Value) -> object:
    """An argument of `Input` as the catalogue takes it."""
    if name == "dtype":
        return literal_dtype(machine, value)
    if name in ("tensor", "input_tensor", "type_spec") and value is not None:
        return UNKNOWN
    return literal(value)


def _wrapped_tensor(arguments: dict[str, Value]) -> TensorValue | None:
    tensor = arguments.get("tensor", arguments.get("input_tensor"))
    return tensor if isinstance(tensor, TensorValue) else None


def _refused_tensor(machine: Machine, tensor: TensorValue | None) -> ShapeError | None:
    """Keras 3 wraps symbolic tensors only; Keras 2 everything but arrays."""
    if tensor is None or tensor.kind != "numpy":
        return None
    text = "AttributeError: 'numpy.ndarray' object has no attribute '_keras_shape'"
    if machine.keras >= (3,):
        text = (
            "ValueError: Argument `input_tensor` must be a KerasTensor. Received invalid type: <class 'numpy.ndarray'>"
        )
    elif machine.keras >= (2, 4):
        text = "AttributeError: 'numpy.dtype' object has no attribute 'base_dtype'"
    return ShapeError("argument", text, {"argument": "tensor", "value": tensor}, "construct")


def _array_as_shape(machine: Machine, value: Value) -> ShapeError | None:
    """An array where its shape is meant; an array of one axis may hold sizes."""
    if not isinstance(value, TensorValue) or value.spec.shape is None or len(value.spec.shape) < 2:
        return None
    text = "TypeError: only integer scalar arrays can be converted to a scalar index"
    if machine.keras >= (3,):
        text = (
            "ValueError: Cannot convert an array to a shape. Found invalid dimension of type '<class 'numpy.ndarray'>'."
        )
    return ShapeError("argument", text, {"argument": "shape", "value": value}, "construct")


def input_tensor(machine: Machine, spec: Tensor, call: Call, name: Value = None) -> TensorValue:
    """A symbolic input tensor with its InputLayer."""
    named: Name
    if isinstance(name, str):
        named = name
    elif machine.keras >= (3,):
        named = machine.count_name("input_layer", "InputLayer", from_one=False)
    else:
        named = machine.count_name("input", "InputLayer", from_one=True)
    fact = LayerFact("InputLayer", "keras.layers.InputLayer", call, named, weights=(), position="functional")
    layer = LayerValue(fact, Configuration("InputLayer", {}, machine.keras))
    layer.weights, layer.built = (), True
    graph = GraphNode(layer, [], call.span)
    layer.nodes.append(graph)
    value = TensorValue(spec, "keras", graph, call.span, name=named)
    graph.outputs.append(value)
    note_application(machine, fact, Application(call.span, None, spec))
    return value


def is_input_node(node: GraphNode) -> bool:
    """Whether a node is an `Input`."""
    return node.layer is not None and node.layer.class_name == "InputLayer" and not node.inputs


def declared_input(layer: LayerValue) -> Tensor | None:
    """What an `InputLayer` declares: by its own arguments, or as the input of a model that it was made for."""
    if layer.batch_shape is not None:
        return Tensor(layer.batch_shape, layer.batch_dtype or "float32")
    outputs = layer.nodes[0].outputs if layer.nodes else []
    return outputs[0].spec if len(outputs) == 1 else None
