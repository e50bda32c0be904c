"""`keras.applications` and the like: models that a library builds from arguments, followed in the installed source.

The source is read where Keras is installed (`World.find_library`), and evaluated like a module of the project; nothing is
imported. Where the source is not to be had, or cannot be followed, Keras is asked for the layers as a whole.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, cast

from keras_lsp.catalogue.symbols import Symbol
from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.facts import Application, Call, LayerFact
from keras_lsp.inference.keras.input_layer import input_tensor
from keras_lsp.inference.keras.models import new_model
from keras_lsp.inference.keras.questions import (
    Unsayable,
    application_question,
    ask,
    read_answer,
    read_structure,
    read_weights,
    source_of,
)
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.modules import Module
from keras_lsp.inference.tensors import tensors_in, wrap
from keras_lsp.inference.values import (
    FunctionValue,
    GraphNode,
    LayerValue,
    ModelValue,
    TensorValue,
    Unknown,
    Value,
)
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.outcome import ShapeError, Weight
from keras_lsp.shapes.tensor import Tensor
from keras_lsp.syntax.parse import parse

# keras/src/applications/*.py of Keras 2.15 and 3.15
_MODULES = (
    "vgg16 vgg19 resnet resnet_v2 inception_v3 inception_resnet_v2 mobilenet mobilenet_v2 mobilenet_v3 xception densenet "
    "efficientnet efficientnet_v2 nasnet convnext regnet resnet_rs"
).split()


def build_application(machine: Machine, symbol: Symbol, arguments: Arguments, node: ast.AST | None) -> Value:
    """A model of `keras.applications`, layer by layer as its source builds it."""
    positional = [parameter.name for parameter in symbol.parameters or ()]
    call = machine.describe_call(symbol.name, arguments, node, positional)
    function = _find_function(machine, symbol.leaf)
    if function is None:
        unknown = Unknown(f"the source of {symbol.name} is not installed")
        return _ask_keras(machine, call, node) or machine.unknown(unknown.reason)
    counters = dict(machine.counters)
    with machine.mute():
        result = machine.call(function, arguments, node)
    if not isinstance(result, ModelValue):
        machine.counters.clear()
        machine.counters.update(counters)
        if isinstance(result, Unknown) and result.error is None:
            result = _ask_keras(machine, call, node) or result
        return result if isinstance(result, Unknown | ModelValue) else Unknown(f"{symbol.name} is not followed")
    result.fact.call = result.model_fact.call = call
    result.model_fact.span = call.span
    if not machine.muted:
        machine.add_model(result.model_fact)
        machine.models.append(result)
    return result


def build_foreign_model(machine: Machine, path: str, arguments: Arguments, node: ast.AST | None) -> Value:
    """A model that another package builds from arguments (`keras_hub.models.BertBackbone(...)`)."""
    call = machine.describe_call(path, arguments, node, ())
    return _ask_keras(machine, call, node) or machine.unknown(f"{path} is not followed")


def _ask_keras(machine: Machine, call: Call, node: ast.AST | None) -> Value:
    """The model as Keras lists it; `None` while it has not answered, or where the arguments are not all literals."""
    given = call.arguments.get("input_tensor")
    start = given.value if given is not None else None
    question = application_question(machine, call, start if isinstance(start, TensorValue) else None)
    answer = ask(machine, question) if question is not None else None
    if answer is None:
        return None
    said = read_answer(answer)
    if isinstance(said, ShapeError):
        machine.report("constructor", call, said)
        return Unknown(f"raises {said.text.split(':', 1)[0]}", error=said)
    try:
        return _take_model(machine, call, answer, start if isinstance(start, TensorValue) else None, node)
    except (Unsayable, KeyError, TypeError):
        return None


def _take_model(
    machine: Machine, call: Call, answer: Mapping[str, Any], start: TensorValue | None, node: ast.AST | None
) -> Value:
    """A functional model whose layers and shapes are known, and whose connections are not."""
    inputs = read_structure(answer["inputs"])
    spec = inputs[0] if isinstance(inputs, list) and len(inputs) == 1 else inputs
    rows = [cast("Mapping[str, Any]", row) for row in answer["layers"]]
    model = new_model(machine, "Functional", "Functional", call, answer["name"])
    model.model_fact.source = source_of(answer)
    model.built = True
    weights = _weights_by_layer(read_weights(answer))
    if not isinstance(spec, Tensor):  # which of several inputs is which, the answer does not say
        model.layers = [_take_layer(machine, call, row, weights, [], node) for row in rows]
        model.reason = "its inputs have names that are not known"
        return model
    first = next((str(row["name"]) for row in rows if row["class"] == "InputLayer"), None)
    tensor = start if start is not None else input_tensor(machine, spec, call, first)
    whole = GraphNode(None, [tensor], call.span)  # without layer and replay: what is between is not known
    value = wrap(machine, read_structure(answer["output"]), "keras", node, whole)
    model.inputs, model.outputs = [tensor], tensors_in(value)
    model.input_structure, model.output_structure = tensor, value
    layers: list[LayerValue] = []
    for row in rows:
        if row["class"] == "InputLayer" and tensor.producer is not None and tensor.producer.layer is not None:
            layers.append(tensor.producer.layer)
        else:
            layers.append(_take_layer(machine, call, row, weights, [tensor], node))
    model.layers = layers
    return model


def _weights_by_layer(weights: tuple[Weight, ...] | None) -> dict[str, list[Weight]]:
    """Weights by the layer that their paths begin with."""
    found: dict[str, list[Weight]] = {}
    for weight in weights or ():
        owner, _, name = weight.name.partition("/")
        found.setdefault(owner, []).append(Weight(name, weight.shape, weight.trainable))
    return found


def _take_layer(
    machine: Machine,
    call: Call,
    row: Mapping[str, Any],
    weights: Mapping[str, list[Weight]],
    inputs: list[TensorValue],
    node: ast.AST | None,
) -> LayerValue:
    name, class_name = str(row["name"]), str(row["class"])
    fact = LayerFact(class_name, f"keras.layers.{class_name}", call, name, position="functional")
    layer = LayerValue(fact, Configuration(class_name, {"name": name}, machine.keras))
    own = tuple(weights.get(name, ()))
    if sum(size for weight in own if isinstance(size := weight.size, int)) == row.get("params"):
        layer.weights = fact.weights = own
    layer.built = True
    if row.get("output") is not None:
        graph = GraphNode(None, inputs, call.span)
        output = read_structure(row["output"])
        wrap(machine, output, "keras", node, graph)
        layer.nodes.append(graph)
        fact.applications.append(Application(call.span, None, output))
    return layer


def _find_function(machine: Machine, name: str) -> FunctionValue | None:
    for module in _MODULES:
        source = machine.world.find_library(f"keras.src.applications.{module}")
        if source is None or f"def {name}(" not in source.text:
            continue
        known = machine.modules.get(source.path)
        if known is None:
            known = Module(f"keras.src.applications.{module}", source.path, parse(source.text).tree)
            machine.modules[source.path] = known
            with machine.mute(), machine.activate(known.frame):
                machine.execute(known.tree.body)
        found = known.frame.variables.get(name)
        return found if isinstance(found, FunctionValue) else None
    return None
