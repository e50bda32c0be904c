"""Sequential and Functional models: built, extended, called again on other tensors."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any, cast

from keras_lsp.catalogue.first_layer import UNKNOWN, resolve_input
from keras_lsp.catalogue.version import Contract
from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.facts import Application, Call, LayerFact, ModelFact, ModelLayer, Span
from keras_lsp.inference.keras.application import apply_layer_value, note_application, report_layers
from keras_lsp.inference.keras.inputs import is_declared, mend, misfit
from keras_lsp.inference.keras.layers import bind, layer_name, literal, literal_dtype
from keras_lsp.inference.keras.weights import count
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.numbering import Name
from keras_lsp.inference.tensors import as_layer, tensors_in, to_structure, wrap
from keras_lsp.inference.values import (
    DictValue,
    FunctionValue,
    GraphNode,
    LayerValue,
    ListValue,
    ModelValue,
    ObjectValue,
    TensorValue,
    Unknown,
    Value,
)
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import Dim, Expr, format_shape
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.shapes.outcome import Unknown as UnknownOutcome
from keras_lsp.shapes.tensor import Structure, Tensor


def as_model(value: Value) -> ModelValue | None:
    """The Keras model that a value is."""
    layer = as_layer(value)
    return layer if isinstance(layer, ModelValue) else None


def new_model(
    machine: Machine, kind: str, class_name: str, call: Call, name: Value = None, custom: bool = False
) -> ModelValue:
    """A model object without layers."""
    default = class_name if custom or kind == "Sequential" else ("Functional" if machine.keras >= (3,) else "Model")
    named = layer_name(machine, default, name)
    canonical = "" if custom else f"keras.{'Sequential' if kind == 'Sequential' else 'Model'}"
    fact = LayerFact(class_name, canonical, call, named, custom=custom)
    model_fact = ModelFact(None, class_name, named, call.span, call=call, symbolic=machine.symbolic)
    model = ModelValue(fact, model_fact, kind)
    machine.add_model(model_fact)
    if not machine.muted:
        machine.models.append(model)
    return model


# Inputs


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
        elif resolved.batch_shape is None:
            return Unknown("the shape of this input is not known")
        elif not all(size is None or isinstance(size, int | Expr) for size in resolved.batch_shape):
            return Unknown("a size of this input is no number")
        else:
            spec = Tensor(tuple(cast("tuple[Dim, ...]", resolved.batch_shape)), resolved.dtype)
    return input_tensor(machine, spec, call, bound.get("name", extra.get("name")))


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


# Sequential


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
        spec = _declared_input(layer)
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


def _declared_input(layer: LayerValue) -> Tensor | None:
    """What an `InputLayer` declares: by its own arguments, or as the input of a model that it was made for."""
    if layer.batch_shape is not None:
        return Tensor(layer.batch_shape, layer.batch_dtype or "float32")
    outputs = layer.nodes[0].outputs if layer.nodes else []
    return outputs[0].spec if len(outputs) == 1 else None


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


# Functional


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
    nodes = _topological(model)
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


# Calls


def call_model(
    machine: Machine, model: ModelValue, arguments: Arguments, node: ast.AST | None, span: Span | None = None
) -> Value:
    """Call a model on tensors: its layers are applied again where shapes differ."""
    here = span or machine.span_of(node)
    argument = arguments.get(0, "inputs")
    structure = to_structure(machine, argument)
    result: Value
    model.perhaps_built = True
    if isinstance(structure, UnknownOutcome):
        result = Unknown(structure.reason)
        structure = None
    else:
        if model.kind == "Sequential" and model.inputs is None and isinstance(structure, Tensor) and structure.shape:
            symbolic = any(tensor.kind == "keras" for tensor in tensors_in(argument))
            # An array's batch is one of many: Keras relaxes that axis at the next one.
            size = structure.shape[0] if symbolic else None
            build_sequential(machine, model, Tensor((size, *structure.shape[1:]), structure.dtype))
        result = _run(machine, model, argument, structure, here, node)
    kind = "keras" if any(tensor.kind == "keras" for tensor in tensors_in(argument)) else "tensorflow"
    output: Structure = None
    reason: str | None = None
    value: Value = result
    graph: GraphNode | None = None
    if isinstance(result, Unknown):
        reason = result.reason
    else:
        made = to_structure(machine, result)
        output = None if isinstance(made, UnknownOutcome) else made
        inputs = tensors_in(argument)

        def replay(replaced: list[TensorValue]) -> Value:
            from keras_lsp.inference.tensors import substitute

            mapping = {id(old): new for old, new in zip(inputs, replaced, strict=True)}
            return call_model(machine, model, Arguments([substitute(argument, mapping)]), None, here)

        graph = GraphNode(model, inputs, here, replay) if kind == "keras" else None
        value = wrap(machine, output, kind, node, graph)
        if graph is not None:
            machine.touch(model)
            model.nodes.append(graph)
    if not machine.muted:
        makers = [tensor.producer.maker if tensor.producer is not None else None for tensor in tensors_in(argument)]
        producers = tuple(maker.fact if maker is not None else None for maker in makers)
        application = Application(here, structure, output, reason=reason, producers=producers)
        note_application(machine, model.fact, application)
        if graph is not None:
            graph.application = application
    if node is not None and machine.recording:
        machine.recorder.see_call(
            node,
            "model",
            model.model_fact.class_name,
            structure,
            output,
            value,
            machine.symbolic,
            reason,
            None,
            model.model_fact,
        )
    return value


def _run(
    machine: Machine, model: ModelValue, argument: Value, structure: Structure, span: Span, node: ast.AST | None
) -> Value:
    if model.outputs is None or model.inputs is None or model.output_structure is None:
        return Unknown(model.reason or "the model is not built")
    given = _given(model, argument)
    refused = missing_input(machine, model, argument) if isinstance(argument, DictValue) else None
    if refused is not None:
        call = machine.describe_call("keras.Model.__call__", Arguments([argument]), node, ("inputs",))
        call.span = span
        machine.report("model-call", call, refused, layer=model.fact)
        return Unknown("an input is missing", error=refused)
    if len(given) != len(model.inputs):
        wrong = _wrong_number(machine, model, argument, given)
        if wrong is not None:
            call = machine.describe_call("keras.Model.__call__", Arguments([argument]), node, ("inputs",))
            call.span = span
            machine.report("model-call", call, wrong, layer=model.fact)
        return Unknown("the number of inputs differs from the model's", error=wrong)
    expected = [tensor.spec for tensor in model.inputs]
    if all(a.spec.shape == b.shape and a.spec.shape is not None for a, b in zip(given, expected, strict=True)):
        return model.output_structure
    problem = _mismatch(machine, model, given, expected)
    result: Value = None
    if problem is None:
        if any(spec.spec.shape is None for spec in given):
            return model.output_structure if model.layers is not None else Unknown("the input is not known")
        mended = [_ranked(tensor, spec) for tensor, spec in zip(given, expected, strict=True)]
        result = replay_graph(machine, model, mended)
        problem = result.error if isinstance(result, Unknown) else None
    if problem is None:
        return result
    call = machine.describe_call("keras.Model.__call__", Arguments([argument]), node, ("inputs",))
    call.span = span
    machine.report("model-call", call, problem, layer=model.fact)
    return Unknown(f"raises {problem.text.split(':', 1)[0]}", error=problem)


def input_names(model: ModelValue) -> list[str | None]:
    """The keys by which a dictionary brings a model's inputs: those of its own, or the names that its inputs were given."""
    structure = model.input_structure
    if isinstance(structure, DictValue):
        keys = {id(value): key for key, value in structure.items.items() if isinstance(key, str)}
        return [keys.get(id(tensor)) for tensor in model.inputs or ()]
    return [tensor.name if isinstance(tensor.name, str) else None for tensor in model.inputs or ()]


def _given(model: ModelValue, argument: Value) -> list[TensorValue]:
    """The tensors that a model is called on, in the order of its inputs."""
    names = input_names(model) if isinstance(argument, DictValue) else []
    if isinstance(argument, DictValue) and all(name is not None and name in argument.items for name in names):
        return [tensor for name in names for tensor in tensors_in(argument.items[name])]
    return tensors_in(argument)


# From here on a dictionary must have the names of all inputs; in TensorFlow 2.3 it must only be long enough.
_NAMES_COMPARED = (2, 15)


def missing_input(
    machine: Machine, model: ModelValue, value: DictValue, symbolic: bool | None = None
) -> ShapeError | None:
    """The error of a model whose inputs come as a dictionary that lacks one."""
    names = input_names(model)
    if value.open or model.inputs is None or not is_declared(model) or model.kind != "Functional":
        return None
    structure = model.input_structure
    if isinstance(structure, DictValue) and not all(isinstance(item, TensorValue) for item in structure.items.values()):
        return None  # dictionaries or lists within: an item may bring several of the inputs
    if not all(isinstance(key, str) for key in value.items) or len(names) < 2:
        return None
    if symbolic is None:
        symbolic = any(tensor.kind == "keras" for tensor in tensors_in(value))
    missing = [name for name in names if name is not None and name not in value.items]
    fewer = len(value.items) < len(names)
    compared = machine.keras >= (3,) or (machine.keras >= _NAMES_COMPARED and not symbolic)
    if not fewer and not (missing and compared):
        return None
    which = f'"{missing[0]}"' if missing else "one of them"
    text = (
        f"ValueError: Missing data for input {which}. You passed a data dictionary with keys {list(value.items)}. "
        f"Expected the following keys: {[name or '?' for name in names]}"
    )
    if not compared:
        text = "AssertionError: Could not compute output of the model"
    facts = {"missing": tuple(missing), "expected": len(names), "found": len(value.items), "given": tuple(value.items)}
    return ShapeError("arity", text, facts)


def _wrong_number(machine: Machine, model: ModelValue, argument: Value, given: list[TensorValue]) -> ShapeError | None:
    """The error of a model that is called on a tensor, or a list of nothing but tensors, too many or too few.

    TensorFlow's Keras 2 takes the first of too many symbolic tensors; versions before 2.6 those of arrays, too.
    """
    listed: Value = argument.items if isinstance(argument, ListValue) else argument
    items = list(cast("Iterable[Value]", listed)) if isinstance(listed, list | tuple) else [argument]
    if not items or not all(isinstance(item, TensorValue) for item in items) or not is_declared(model):
        return None
    found, expected = len(given), len(model.inputs or ())
    symbolic = any(tensor.kind == "keras" for tensor in given)
    together = (2, 4) <= machine.keras < (3,)
    if found > expected and together and (symbolic or machine.keras < (2, 6)):
        return None
    text = f'ValueError: Layer "{model.name}" expects {expected} input(s), but it received {found} input tensors.'
    if found < expected and together and symbolic:
        text = "AssertionError: Could not compute output of the model"
    return ShapeError("arity", text, {"expected": expected, "found": found})


def _ranked(tensor: TensorValue, wanted: Tensor) -> TensorValue:
    """An input with a last axis of size 1 dropped or added, as functional models mend it."""
    shape = tensor.spec.shape
    if shape is None or wanted.shape is None or len(shape) == len(wanted.shape):
        return tensor
    return TensorValue(
        Tensor(mend(shape, wanted.shape), tensor.spec.dtype), tensor.kind, tensor.producer, tensor.origin
    )


def _mismatch(
    machine: Machine, model: ModelValue, given: list[TensorValue], expected: list[Tensor]
) -> ShapeError | None:
    for index, (tensor, spec) in enumerate(zip(given, expected, strict=True)):
        if tensor.spec.shape and spec.shape:
            error = misfit(machine, model, index, tensor.spec.shape, spec.shape, tensor.kind == "keras")
            if error is not None:
                return error
    return None


def replay_graph(machine: Machine, model: ModelValue, given: list[TensorValue]) -> Value:
    """Apply a model's graph to other tensors, without recording anything at its layers."""
    from keras_lsp.inference.tensors import substitute

    assert model.inputs is not None and model.outputs is not None
    mapping: dict[int, TensorValue] = {id(old): new for old, new in zip(model.inputs, given, strict=True)}
    with machine.mute():
        for node in _topological(model):
            if all(id(output) in mapping for output in node.outputs):
                continue
            if node.replay is None:
                return Unknown("part of the model cannot be applied again")
            result = node.replay([mapping.get(id(tensor), tensor) for tensor in node.inputs])
            if isinstance(result, Unknown):
                return result
            made = tensors_in(result)
            if len(made) < len(node.outputs):
                return Unknown("part of the model gives other outputs")
            for old, new in zip(node.outputs, made, strict=False):
                mapping[id(old)] = new
    return substitute(model.output_structure, mapping)


def _topological(model: ModelValue) -> list[GraphNode]:
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


# Facts


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
        nodes = _topological(model) if model.inputs is not None and model.outputs is not None else []
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
