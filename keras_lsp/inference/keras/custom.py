"""Layers and models that are classes of the program: their Keras half, `super()` calls, and calls of instances."""

from __future__ import annotations

import ast
from typing import Any, cast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.calls import mark_built
from keras_lsp.inference.classes import find_member, library_base
from keras_lsp.inference.facts import Application, Call, LayerFact, Span
from keras_lsp.inference.keras.application import apply_layer_value, note_application
from keras_lsp.inference.keras.functional import fill_functional
from keras_lsp.inference.keras.layers import build_layer, layer_name
from keras_lsp.inference.keras.model_calls import call_model
from keras_lsp.inference.keras.models import new_model
from keras_lsp.inference.keras.sequential import fill_sequential
from keras_lsp.inference.keras.weights import weights_of
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import kind_of, substitute, tensors_in, to_structure, wrap
from keras_lsp.inference.values import (
    BoundMethod,
    ClassValue,
    DictValue,
    FunctionValue,
    GraphNode,
    LayerValue,
    ListValue,
    ModelValue,
    ObjectValue,
    SuperValue,
    TensorValue,
    Unknown,
    Value,
)
from keras_lsp.shapes.dim import Expr
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.shapes.outcome import Unknown as UnknownOutcome
from keras_lsp.shapes.tensor import Structure, Tensor


def keras_base(machine: Machine, class_value: ClassValue) -> str | None:
    """Canonical name of the Keras layer or model class that a class derives from, `None` if from none."""
    path = library_base(class_value)
    if path is None:
        return None
    canonical = machine.catalogue.resolve(path)
    symbol = machine.catalogue.symbol(canonical) if canonical else None
    if symbol is None or symbol.kind not in ("layer", "model") or symbol.name.startswith("keras.metrics."):
        return None  # Keras 2's metrics are layers too, but no part of a model
    return canonical


def adopt(machine: Machine, instance: ObjectValue, arguments: Arguments, node: ast.AST | None) -> None:
    """Give an instance its Keras half if its class derives from a Keras layer or model."""
    base = keras_base(machine, instance.class_value)
    if base is None:
        return
    name = instance.class_value.name
    parameters = _parameters(instance.class_value)
    call = machine.describe_call(name, arguments, node, parameters)
    given = arguments.kwargs.get("name")
    _check_keywords(machine, instance.class_value, parameters, arguments, call)
    if base in ("keras.Model", "keras.Sequential"):
        kind = "Sequential" if base == "keras.Sequential" else "Subclassed"
        layer: LayerValue = new_model(machine, kind, name, call, given, custom=True)
    else:
        fact = LayerFact(name, "", call, layer_name(machine, name, given), custom=True)
        machine.add_layer(fact)
        layer = LayerValue(fact)
    layer.owner = instance
    instance.layer = layer


def _parameters(class_value: ClassValue) -> list[str]:
    member = find_member(class_value, "__init__")
    if not isinstance(member, FunctionValue):
        return []
    spec = member.node.args
    return [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)][1:]


def _check_keywords(
    machine: Machine, class_value: ClassValue, parameters: list[str], arguments: Arguments, call: Call
) -> None:
    """A constructor of the program without `**kwargs` takes none of the keywords that Keras hides in them."""
    member = find_member(class_value, "__init__")
    if not isinstance(member, FunctionValue) or member.node.args.kwarg is not None or arguments.open:
        return
    if isinstance(member.node, ast.Lambda) or member.node.decorator_list:
        return
    names = {*parameters, *(parameter.arg for parameter in member.node.args.kwonlyargs)}
    unknown = next((name for name in arguments.kwargs if name not in names), None)
    if unknown is not None:
        text = f"TypeError: {class_value.name}.__init__() got an unexpected keyword argument '{unknown}'"
        facts = {"keywords": (unknown,), "custom": class_value.name}
        machine.report("constructor", call, ShapeError("argument", text, facts, "construct"))


def initialise(machine: Machine, instance: ObjectValue, arguments: Arguments, node: ast.AST | None) -> None:
    """What the library's `__init__` does with the arguments it is given."""
    layer = instance.layer
    base = keras_base(machine, instance.class_value)
    if layer is None or base is None:
        return
    machine.touch(layer)
    if isinstance(layer, ModelValue):
        _initialise_model(machine, layer, arguments, node)
        return
    name = arguments.kwargs.get("name")
    if isinstance(name, str):
        layer.fact.named = name
    trainable = arguments.kwargs.get("trainable")
    if isinstance(trainable, bool):
        layer.trainable = trainable
    symbol = machine.catalogue.symbol(base)
    if base != "keras.layers.Layer" and symbol is not None:
        with machine.mute():
            made = build_layer(machine, symbol, arguments, node)
        if isinstance(made, LayerValue):
            layer.configuration = made.configuration
            layer.batch_shape, layer.batch_dtype = made.batch_shape, made.batch_dtype
            layer.failed = made.failed
            layer.fact.canonical = base
        return
    if any(key in arguments.kwargs for key in ("input_shape", "batch_input_shape", "input_dim")):
        base_symbol = machine.catalogue.symbol("keras.layers.Activation")
        if base_symbol is not None:
            with machine.mute():
                made = build_layer(machine, base_symbol, Arguments(["linear"], arguments.kwargs), node)
            if isinstance(made, LayerValue):
                layer.batch_shape, layer.batch_dtype = made.batch_shape, made.batch_dtype


def _initialise_model(machine: Machine, model: ModelValue, arguments: Arguments, node: ast.AST | None) -> None:
    name = arguments.kwargs.get("name")
    if isinstance(name, str):
        model.fact.named = model.model_fact.named = name
    call = model.fact.call
    if model.kind == "Sequential":
        fill_sequential(machine, model, arguments.get(0, "layers"), call, node)
    elif arguments.has(0, "inputs") and arguments.has(1, "outputs"):
        model.kind = "Functional"
        fill_functional(machine, model, arguments.get(0, "inputs"), arguments.get(1, "outputs"), call)
    elif arguments.open:
        model.extra_weights, model.reason = None, "what it is made of is not known"


def call_super(machine: Machine, value: SuperValue, name: str, arguments: Arguments, node: ast.AST | None) -> Value:
    """`super().name(...)` where a library class provides `name`."""
    receiver = value.receiver
    if not isinstance(receiver, ObjectValue) or receiver.layer is None:
        return None if name == "__init__" else Unknown(f"`{name}` is inherited from a library")
    layer = receiver.layer
    if name == "__init__":
        initialise(machine, receiver, arguments, node)
        return None
    if name == "build":
        _base_build(machine, layer, arguments)
        mark_built(machine, receiver)
        return None
    if name in ("call", "__call__"):
        if layer.configuration is not None:
            return _base_call(machine, layer, arguments)
        if isinstance(layer, ModelValue) and layer.kind != "Subclassed":
            return call_model(machine, layer, arguments, None, layer.fact.span)
        return Unknown("the base class computes nothing")
    if name == "__setattr__" and len(arguments.args) == 2 and isinstance(arguments.args[0], str):
        from keras_lsp.inference.attributes import set_attribute

        set_attribute(machine, receiver, arguments.args[0], arguments.args[1])
        return None
    from keras_lsp.inference.keras.methods import call_layer_method

    return call_layer_method(machine, layer, name, arguments, node)


def call_inherited(machine: Machine, value: ClassValue, name: str, arguments: Arguments, node: ast.AST | None) -> Value:
    """`Base.name(self, ...)` and inherited class methods."""
    if name == "__init__" and arguments.args and isinstance(arguments.args[0], ObjectValue):
        rest = Arguments(arguments.args[1:], arguments.kwargs, arguments.open, arguments.nodes[1:])
        initialise(machine, arguments.args[0], rest, node)
        return None
    if name == "from_config" and arguments.args and isinstance(arguments.args[0], DictValue):
        config = arguments.args[0]
        return machine.call(value, Arguments([], dict(config.items), config.open), node)
    return Unknown(f"`{name}` is inherited from a library")


def _base_call(machine: Machine, layer: LayerValue, arguments: Arguments) -> Value:
    """The base layer's own computation on these tensors."""
    assert layer.configuration is not None
    inner = LayerValue(layer.fact, layer.configuration)
    with machine.mute():
        result = apply_layer_value(machine, inner, arguments, None, layer.fact.span)
    if inner.weights is not None and layer.weights is None:
        machine.touch(layer)
        layer.weights = inner.weights
    return result


def _base_build(machine: Machine, layer: LayerValue, arguments: Arguments) -> None:
    """The weights that the base layer makes for an input of this shape."""
    shape = arguments.get(0, "input_shape")
    if layer.configuration is None or layer.weights is not None or not isinstance(shape, tuple):
        return
    sizes = cast("tuple[Value, ...]", shape)
    if all(size is None or isinstance(size, int | Expr) for size in sizes):
        with machine.mute():
            _base_call(machine, layer, Arguments([TensorValue(Tensor(sizes, machine.floatx), "tensorflow")]))


# Calls


def apply_custom(
    machine: Machine, instance: ObjectValue, arguments: Arguments, node: ast.AST | None, span: Span | None = None
) -> Value:
    """Call an instance of a layer or model class of the program: `build`, then `call`, are evaluated."""
    layer = instance.layer
    assert layer is not None
    method = find_member(instance.class_value, "call")
    own = isinstance(method, FunctionValue)
    if not own and isinstance(layer, ModelValue) and layer.kind != "Subclassed":
        return call_model(machine, layer, arguments, node, span)
    if not own and layer.configuration is not None:
        own_build = isinstance(find_member(instance.class_value, "build"), FunctionValue)
        if not own_build:
            return apply_layer_value(machine, layer, arguments, node, span)
    here = span or machine.span_of(node)
    every = (*arguments.args, *arguments.kwargs.values())
    tensors = tensors_in(every)
    first = arguments.args[0] if arguments.args else next(iter(arguments.kwargs.values()), None)
    structure = to_structure(machine, first)
    inputs: Structure = None if isinstance(structure, UnknownOutcome) else structure
    # Inside `call` tensors are what the backend has, and the graph of the model does not see them.
    inside = {id(t): TensorValue(t.spec, "tensorflow", None, t.origin) for t in tensors if t.kind == "keras"}
    passed = Arguments(
        [substitute(value, inside) for value in arguments.args],
        {name: substitute(value, inside) for name, value in arguments.kwargs.items()},
        arguments.open,
        arguments.nodes,
        arguments.keyword_nodes,
        arguments.keywords,
        arguments.unpacked,
    )
    _build_custom(machine, instance, layer, passed)
    symbolic = any(tensor.kind == "keras" for tensor in tensors)
    if symbolic:
        machine.applications += 1
    declares = symbolic and machine.keras >= (3,) and _declares(instance)
    if own and declares:
        result = _declared(machine, instance, method, passed, node)
    elif own:
        accepted = _accepted(method, passed)
        result = machine.call(BoundMethod(method, instance), accepted, node)
    else:
        result = _base_call(machine, layer, passed) if layer.configuration is not None else Unknown("no `call` method")
    if not declares and (isinstance(result, Unknown) or not tensors_in(result)):
        fallback = _declared_output(machine, instance, inputs)
        if fallback is not None:
            result = fallback
    kind = kind_of(tensors)
    output: Structure = None
    reason: str | None = None
    value: Value = result
    graph: GraphNode | None = None
    converted = to_structure(machine, result)
    if isinstance(result, Unknown):
        reason = result.reason
    elif isinstance(converted, UnknownOutcome) or converted is None:
        reason = converted.reason if isinstance(converted, UnknownOutcome) else "`call` returns nothing"
    else:
        output = converted

        def replay(replaced: list[TensorValue]) -> Value:
            mapping = {id(old): new for old, new in zip(tensors, replaced, strict=True)}
            changed = Arguments(
                [substitute(item, mapping) for item in arguments.args],
                {name: substitute(item, mapping) for name, item in arguments.kwargs.items()},
            )
            return apply_custom(machine, instance, changed, None, here)

        graph = GraphNode(layer, tensors, here, replay) if kind == "keras" else None
        value = wrap(machine, output, kind, node, graph) if kind == "keras" else result
        if graph is not None:
            machine.touch(layer)
            layer.nodes.append(graph)
    if not machine.muted:
        application = Application(here, inputs, output, reason=reason)
        note_application(machine, layer.fact, application)
        if graph is not None:
            graph.application = application
    if node is not None and machine.recording:
        model = layer.model_fact if isinstance(layer, ModelValue) else None
        machine.recorder.see_call(
            node,
            "model" if model else "layer",
            layer.class_name,
            inputs,
            output,
            value,
            machine.symbolic,
            reason,
            layer.fact,
            model,
        )
    return value


def _accepted(method: FunctionValue, arguments: Arguments) -> Arguments:
    """Keras drops `training` and `mask` where `call` does not take them."""
    spec = method.node.args
    names = {parameter.arg for parameter in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}
    if spec.kwarg is None:
        for name in ("training", "mask"):
            if name not in names:
                arguments.kwargs.pop(name, None)
    return arguments


def _build_custom(machine: Machine, instance: ObjectValue, layer: LayerValue, arguments: Arguments) -> None:
    if layer.built:
        return
    machine.touch(layer)
    layer.built = True
    method = find_member(instance.class_value, "build")
    if not isinstance(method, FunctionValue):
        return
    machine.call(BoundMethod(method, instance), _shapes(machine, instance, method, arguments), None)


def _shapes(machine: Machine, instance: ObjectValue, method: FunctionValue, arguments: Arguments) -> Arguments:
    """The shapes that `build` and `compute_output_shape` get for the arguments of a call."""
    parameters = [p.arg for p in (*method.node.args.posonlyargs, *method.node.args.args)][1:]
    if len(parameters) > 1:
        call = find_member(instance.class_value, "call")
        names = [p.arg for p in call.node.args.args][1:] if isinstance(call, FunctionValue) else []
        given = dict(zip(names, arguments.args, strict=False)) | arguments.kwargs
        return Arguments([shape_of(machine, given.get(name.removesuffix("_shape"))) for name in parameters])
    first = arguments.args[0] if arguments.args else next(iter(arguments.kwargs.values()), None)
    return Arguments([shape_of(machine, first)])


def _declares(instance: ObjectValue) -> bool:
    """Whether a class has a `compute_output_shape` of its own, which Keras 3 asks in place of `call`."""
    return isinstance(find_member(instance.class_value, "compute_output_shape"), FunctionValue)


def _declared(
    machine: Machine, instance: ObjectValue, call: FunctionValue, arguments: Arguments, node: ast.AST | None
) -> Value:
    """What `compute_output_shape` says of symbolic tensors; `call` runs later, or now to build what `build` does not.

    Source: `Layer.compute_output_spec` and `Layer._maybe_build` in keras/src/layers/layer.py.
    """
    accepted = _accepted(call, arguments)
    if isinstance(find_member(instance.class_value, "build"), FunctionValue):
        machine.try_aside(lambda: machine.call(BoundMethod(call, instance), accepted, node))
    else:
        with machine.guard():  # where it fails, Keras warns
            machine.call(BoundMethod(call, instance), accepted, node)
    method = find_member(instance.class_value, "compute_output_shape")
    shapes = _shapes(machine, instance, method, arguments)
    return _of_shapes(machine, machine.call(BoundMethod(method, instance), shapes, None))


def _of_shapes(machine: Machine, declared: Value) -> Value:
    """Tensors of the shapes that `compute_output_shape` returns."""
    if isinstance(declared, ListValue) and declared.items and isinstance(declared.items[0], int | None):
        declared = tuple(declared.items)
    if isinstance(declared, tuple):
        items = cast("tuple[Value, ...]", declared)
        if items and not isinstance(items[0], int | Expr | Unknown | None):
            return tuple(_of_shapes(machine, item) for item in items)
        sizes = tuple(item.as_dim() if isinstance(item, Unknown) else item for item in items)
        if all(size is None or isinstance(size, int | Expr) for size in sizes):
            return TensorValue(Tensor(cast("Any", sizes), machine.floatx), "tensorflow")
    if isinstance(declared, ListValue) and declared.items is not None:
        return ListValue([_of_shapes(machine, item) for item in declared.items])
    if isinstance(declared, DictValue) and not declared.open:
        return DictValue({key: _of_shapes(machine, item) for key, item in declared.items.items()})
    return declared if isinstance(declared, Unknown) else Unknown("what `compute_output_shape` returns is not known")


def shape_of(machine: Machine, value: Value) -> Value:
    """The shape argument that `build` gets for an input."""
    if isinstance(value, TensorValue):
        return (
            value.spec.shape
            if value.spec.shape is not None
            else Unknown("the input's shape is not known", "input_shape")
        )
    if isinstance(value, tuple):
        items = [shape_of(machine, item) for item in cast("tuple[Value, ...]", value)]
        return tuple(items) if machine.keras >= (3,) else ListValue(items)
    if isinstance(value, ListValue) and value.items is not None:
        return ListValue([shape_of(machine, item) for item in value.items])
    if isinstance(value, DictValue):
        return DictValue({key: shape_of(machine, item) for key, item in value.items.items()})
    if value is None:
        return None
    return Unknown("the input's shape is not known", "input_shape")


def _declared_output(machine: Machine, instance: ObjectValue, inputs: Structure) -> Value | None:
    """What `compute_output_shape` says, where `call` could not be followed."""
    method = find_member(instance.class_value, "compute_output_shape")
    if not isinstance(method, FunctionValue) or inputs is None:
        return None
    value = wrap(machine, inputs, "tensorflow", None)
    declared = machine.call(BoundMethod(method, instance), Arguments([shape_of(machine, value)]), None)
    dtype = machine.floatx
    if isinstance(declared, tuple) and all(
        isinstance(d, int | None) or hasattr(d, "terms") for d in cast("Any", declared)
    ):
        return TensorValue(Tensor(cast("Any", declared), dtype), "tensorflow")
    return None


def finish_custom(layer: LayerValue) -> None:
    """Fill in the weights of a layer class of the program, once everything was evaluated."""
    if layer.fact.custom and layer.fact.weights is None and (layer.built or isinstance(layer, ModelValue)):
        weights = weights_of(layer)
        if weights is not None:
            layer.fact.weights = tuple(weight for weight, _ in weights)
