"""Functional models: made of inputs and outputs, and the graph of layers between them."""

from __future__ import annotations

import ast
from typing import cast

from keras_lsp.catalogue.version import Contract
from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.facts import Call, LayerFact
from keras_lsp.inference.keras.application import report_layers
from keras_lsp.inference.keras.input_layer import is_input_node
from keras_lsp.inference.keras.models import new_model
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import tensors_in
from keras_lsp.inference.values import GraphNode, LayerValue, ListValue, ModelValue, TensorValue, Unknown, Value
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.outcome import ShapeError


def make_model(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`keras.Model(inputs, outputs)`."""
    _check_model(machine, arguments, node)
    arguments = _old_names(arguments)
    call = machine.describe_call("keras.Model", arguments, node, ("inputs", "outputs", "name"))
    model = new_model(machine, "Functional", "Functional", call, arguments.get(2, "name"))
    if not arguments.has(0, "inputs") and not arguments.has(1, "outputs"):
        model.kind, model.layers, model.reason = "Subclassed", None, "a Model without inputs and outputs"
        return model
    fill_functional(machine, model, arguments.get(0, "inputs"), arguments.get(1, "outputs"), call)
    return model


def _check_model(machine: Machine, arguments: Arguments, node: ast.AST | None) -> None:
    """What `Model(...)` refuses before it looks at the graph; `tf.keras` of TensorFlow 1.15 to 2.2 was not asked."""
    if arguments.open or machine.symbolic or machine.world.keras.contract is Contract.B:
        return
    call = machine.describe_call("keras.Model", arguments, node, ("inputs", "outputs", "name"))
    third = machine.keras >= (3,)
    old = [name for name in ("input", "output") if name in arguments.kwargs]
    outputs, inputs = arguments.get(1, "outputs"), arguments.get(0, "inputs")
    facts: dict[str, object] = {}
    text = ""
    if old and machine.keras >= (2, 4):
        given = ", ".join(f"'{name}': ..." for name in old)
        text = f"TypeError: ('Keyword argument not understood:', '{old[0]}')"
        if third:
            text = f"ValueError: Unrecognized keyword arguments passed to Model: {{{given}}}"
        facts = {"keywords": tuple(old)}
    elif not arguments.args and not old and ("inputs" in arguments.kwargs) != ("outputs" in arguments.kwargs):
        name = "inputs" if "inputs" in arguments.kwargs else "outputs"
        error = "ValueError" if third else "TypeError"
        text = f"{error}: `{name}` is not a keyword of a model without {'outputs' if name == 'inputs' else 'inputs'}"
    elif third and len(arguments.args) > 2:
        text = f"TypeError: Layer.__init__() takes 1 positional argument but {len(arguments.args) + 1} were given"
    elif arguments.has(0, "inputs") and arguments.has(1, "outputs"):
        for name, value in (("inputs", inputs), ("outputs", outputs)):
            if value is None or (isinstance(value, TensorValue) and value.kind == "numpy"):
                shown = "None" if value is None else "an array"
                text = f"ValueError: All `{name}` values must be KerasTensors. Received: {name}={shown}"
                if not third:
                    word = "Output" if name == "outputs" else "Input"
                    text = f"ValueError: {word} tensors of a model must be symbolic. Found: {shown}"
                facts = {"argument": name, "value": value}
                break
    if text:
        machine.report("functional", call, ShapeError("other", text, facts, "construct"))


def _old_names(arguments: Arguments) -> Arguments:
    """Keras 1 and 2 also took `input=` and `output=`."""
    for old, new in (("input", "inputs"), ("output", "outputs")):
        if old in arguments.kwargs and new not in arguments.kwargs:
            arguments.kwargs[new] = arguments.kwargs.pop(old)
            for places in (arguments.keyword_nodes, arguments.keywords):
                if old in places:
                    places[new] = places.pop(old)  # pyright: ignore[reportArgumentType]
    return arguments


def fill_functional(machine: Machine, model: ModelValue, inputs: Value, outputs: Value, call: Call) -> None:
    """Connect inputs to outputs; the layers in between are the model's."""
    model.input_structure, model.output_structure = inputs, outputs
    starts, ends = tensors_in(inputs), tensors_in(outputs)
    if starts and report_layers(machine, outputs, call, outputs=True):
        model.layers, model.inputs, model.reason = None, starts, "a layer is among its outputs"
        return
    unknown = _unknown_part(inputs) or _unknown_part(outputs)
    if unknown is not None or not starts or not ends:
        model.layers = None
        model.reason = unknown or "its inputs or outputs are not known"
        if starts:
            model.inputs = starts
        if ends and unknown is None:
            model.outputs = ends
        return
    model.inputs, model.outputs = starts, ends
    model.built = True
    if any(tensor.producer is None for tensor in (*starts, *ends)):
        model.layers, model.reason = None, "its tensors come from code that was not followed"
        return
    nodes = topological(model)
    if any(node.choice for node in nodes):
        model.layers, model.reason = None, "which layers it has is decided while it runs"
        return
    if any(node.layer is None and node.replay is None for node in nodes):
        model.layers, model.reason = None, "it is made of parts of a model whose connections are not known"
        return
    entries, missing = map_graph(starts, ends)
    model.layers = []
    for entry in entries:
        if isinstance(entry, LayerValue):
            model.layers.append(entry)
        elif machine.keras < (3,):
            model.layers.append(_lambda_layer(machine, entry))
    for layer in model.layers:
        if layer.fact.position == "alone":
            layer.fact.position = "functional"
    if missing:
        _report_disconnected(machine, call, missing)


def _lambda_layer(machine: Machine, node: GraphNode) -> LayerValue:
    """The layer that Keras 2 makes of a function or operator."""
    assert node.operation is not None
    class_name, name = node.operation
    call = Call(f"keras.layers.{class_name}", node.span, node.span)
    layer = LayerValue(
        LayerFact(class_name, call.canonical, call, name, weights=()), Configuration(class_name, {}, machine.keras)
    )
    layer.weights, layer.built, layer.nodes = (), True, [node]
    return layer


def _unknown_part(value: Value) -> str | None:
    if isinstance(value, Unknown):
        return value.reason
    if isinstance(value, tuple):
        items = cast("tuple[Value, ...]", value)
    elif isinstance(value, ListValue):
        if value.items is None:
            return "a list of unknown length"
        items = tuple(value.items)
    else:
        return None
    return next((reason for item in items if (reason := _unknown_part(item)) is not None), None)


# Keras 3.0 to 3.13 make a model of a graph with loose ends, and fail when it runs (run: 3.0, 3.6, 3.10, 3.13).
_CONNECTIONS_CHECKED = (3, 14)


def _report_disconnected(machine: Machine, call: Call, missing: list[GraphNode]) -> None:
    names = [node.layer.name for node in missing if node.layer is not None]
    stage = "construct"
    if machine.keras >= _CONNECTIONS_CHECKED:
        text = "ValueError: Output with path `` is not connected to `inputs`"
    elif machine.keras >= (3,):
        text, stage = "KeyError, with a number that stands for the tensor that has no value", "run"
    else:
        text = f'ValueError: Graph disconnected: cannot obtain value for tensor "{names[0]}".'
    error = ShapeError("other", text, {"missing": tuple(names)}, stage)
    related = tuple(
        (node.span, f"this input is not among the model's inputs: {node.layer.name}") for node in missing if node.layer
    )
    machine.report("disconnected", call, error, related)


def map_graph(
    inputs: list[TensorValue], outputs: list[TensorValue]
) -> tuple[list[LayerValue | GraphNode], list[GraphNode]]:
    """Layers and named ops between inputs and outputs in Keras's order, and the inputs that are reached but not listed.

    Source: `map_graph` in keras/src/ops/function.py: by decreasing depth, then by first visit from the outputs.
    """
    listed = {id(tensor) for tensor in inputs}
    order: list[GraphNode] = []
    visits: dict[int, int] = {}
    missing: list[GraphNode] = []
    finished: set[int] = set()
    for output in outputs:
        stack: list[tuple[TensorValue, bool]] = [(output, False)]
        while stack:
            tensor, done = stack.pop()
            node = tensor.producer
            if node is None:
                continue
            if done:
                if id(node) not in finished:
                    finished.add(id(node))
                    order.append(node)
                continue
            if id(node) in finished:
                continue
            visits.setdefault(_operation(node), len(visits))
            stack.append((tensor, True))
            if id(tensor) in listed:
                continue
            if is_input_node(node):
                if not any(node is known for known in missing):
                    missing.append(node)
                continue
            stack.extend((parent, False) for parent in reversed(node.inputs))
    depths: dict[int, int] = {}
    node_depths: dict[int, int] = {}
    for node in reversed(order):
        key = _operation(node)
        depth = max(node_depths.get(id(node), 0), depths.get(key, 0))
        depths[key] = node_depths[id(node)] = depth
        for tensor in node.inputs:
            if tensor.producer is not None and id(tensor.producer) in finished:
                before = node_depths.get(id(tensor.producer), 0)
                node_depths[id(tensor.producer)] = max(depth + 1, before)
    layers: dict[int, LayerValue | GraphNode] = {}
    for node in order:
        if node.layer is not None:
            layers.setdefault(_operation(node), node.layer)
        elif node.operation is not None:
            layers[_operation(node)] = node
    for tensor in inputs:
        node = tensor.producer
        if node is not None and node.layer is not None and _operation(node) not in layers:
            layers[_operation(node)] = node.layer
            depths[_operation(node)], visits[_operation(node)] = 0, -1
    ranked = sorted(layers, key=lambda key: (-depths.get(key, 0), visits.get(key, 0)))
    return [layers[key] for key in ranked], missing


def _operation(node: GraphNode) -> int:
    return id(node.layer) if node.layer is not None else id(node)


def topological(model: ModelValue) -> list[GraphNode]:
    """Nodes between inputs and outputs, producers first."""
    assert model.inputs is not None and model.outputs is not None
    stops = {id(tensor) for tensor in model.inputs}
    order: list[GraphNode] = []
    seen: set[int] = set()
    stack: list[tuple[TensorValue, bool]] = [(tensor, False) for tensor in reversed(model.outputs)]
    while stack:
        tensor, done = stack.pop()
        node = tensor.producer
        if node is None or id(tensor) in stops:
            continue
        if done:
            order.append(node)
            continue
        if id(node) in seen:
            continue
        seen.add(id(node))
        stack.append((tensor, True))
        stack.extend((parent, False) for parent in reversed(node.inputs))
    return order
