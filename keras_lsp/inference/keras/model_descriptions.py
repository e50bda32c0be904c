"""Models as their summaries show them: rows, weights, connections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keras_lsp.inference.facts import ModelLayer
from keras_lsp.inference.keras.functional import map_graph, topological
from keras_lsp.inference.keras.weights import count
from keras_lsp.inference.numbering import Name
from keras_lsp.inference.values import GraphNode, LayerValue, ModelValue
from keras_lsp.shapes.tensor import Structure


def describe_model(model: ModelValue) -> None:
    """Fill the model's fact from what is known of it at the end."""
    fact = model.model_fact
    if model.inputs is not None:
        fact.inputs = [tensor.spec for tensor in model.inputs]
    if model.outputs is not None:
        fact.outputs = [tensor.spec for tensor in model.outputs]
    fact.reason = model.reason
    from keras_lsp.inference.keras.weights import layers_of

    known = model.layers is not None or model.kind == "Subclassed"
    if known and (model.built or model.kind != "Sequential"):
        total, trainable = count(model)
        fact.params, fact.trainable = total, trainable
        rows = layers_of(model)
        fact.operations = _operations(model)
    else:
        rows = model.layers
    if rows is not None:
        nodes = topological(model) if model.inputs is not None and model.outputs is not None else []
        graph = {id(node): node for node in nodes}
        fact.layers = [_row(layer, graph) for layer in rows]
    if fact.class_name == "Functional" and model.kind == "Functional" and model.layers is None and fact.reason is None:
        fact.reason = "its layers are not known"


def _operations(model: ModelValue) -> list[tuple[int, ModelLayer]]:
    """Rows of the ops of a functional model of Keras 3, each with the place among the layers that it stands at."""
    if model.kind != "Functional" or model.fact.custom or not model.inputs or not model.outputs:
        return []
    found: list[tuple[int, ModelLayer]] = []
    place = 0
    entries, _ = map_graph(model.inputs, model.outputs)
    if [id(entry) for entry in entries if isinstance(entry, LayerValue)] != [id(layer) for layer in model.layers or ()]:
        return []  # the program changed the list, or ops are layers
    for entry in entries:
        if isinstance(entry, LayerValue):
            place += 1
        elif entry.operation is not None:
            class_name, name = entry.operation
            found.append((place, ModelLayer(name, class_name, _output(entry), 0, entry.span, None, *_sources([entry]))))
    return found


def _output(node: GraphNode) -> Structure:
    specs: list[Any] = [tensor.spec for tensor in node.outputs]
    return specs[0] if len(specs) == 1 else specs


def _row(layer: LayerValue, graph: dict[int, GraphNode]) -> ModelLayer:
    """A row of the summary; `graph` holds the nodes of the model by identity: a layer may be used in other models too."""
    nodes = [node for node in layer.nodes if id(node) in graph] or layer.nodes[:1]
    output: Structure = None
    if nodes:
        output = _output(nodes[0])
    elif layer.fact.applications:
        output = layer.fact.applications[0].output
    total, _ = count(layer)
    name = layer.class_name
    if isinstance(layer, ModelValue) and layer.kind == "Functional" and not layer.fact.custom:
        name = "Functional"
    sources, links = _sources(nodes)
    return ModelLayer(layer.fact.named, name, output, total, layer.fact.span, layer.fact, sources, links)


def _sources(nodes: Iterable[GraphNode]) -> tuple[tuple[Name, ...], tuple[tuple[Name, int, int], ...]]:
    """Where the inputs of these calls come from: names of layers and ops, ops without a name looked through, and connections."""
    names: dict[Name, None] = {}
    links: list[tuple[Name, int, int]] = []
    seen: set[int] = set()
    for tensor in (tensor for node in nodes for tensor in node.inputs):
        if tensor.producer is not None and (maker := _maker(tensor.producer)) is not None:
            call = _place(tensor.producer, tensor.producer.layer.nodes) if tensor.producer.layer is not None else 0
            links.append((maker, call, _place(tensor, tensor.producer.outputs)))
        stack = [tensor]
        while stack:
            producer = stack.pop().producer
            if producer is None:
                continue
            name = _maker(producer)
            if name is not None:
                names[name] = None
            elif id(producer) not in seen:
                seen.add(id(producer))
                stack.extend(reversed(producer.inputs))
    return tuple(names), tuple(links)


def _maker(node: GraphNode) -> Name | None:
    """The name in the summary of what a node applies."""
    if node.layer is not None:
        return node.layer.fact.named
    return node.operation[1] if node.operation is not None else None


def _place(item: object, items: Iterable[object]) -> int:
    return next((index for index, other in enumerate(items) if other is item), 0)
