"""Calls: what is called, with which arguments, and what comes back."""

from __future__ import annotations

import ast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.classes import find_member, instantiate
from keras_lsp.inference.functions import call_function, wrong_arguments
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.mappings import call_super_of_mapping
from keras_lsp.inference.tensors import as_layer, call_tensor_method, tensors_in, to_structure
from keras_lsp.inference.values import (
    BoundMethod,
    Choice,
    ClassValue,
    DatasetValue,
    DictValue,
    External,
    FunctionValue,
    LayerValue,
    LibraryMethod,
    LibraryObject,
    ListValue,
    MappingValue,
    ModelValue,
    ObjectValue,
    Partial,
    SuperValue,
    TensorValue,
    Unknown,
    Value,
    join_all,
)
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.shapes.outcome import Unknown as UnknownOutcome
from keras_lsp.shapes.tensor import Structure


def evaluate_call(machine: Machine, node: ast.Call) -> Value:
    """`function(arguments)`."""
    if isinstance(node.func, ast.Name) and node.func.id == "super":
        return _super(machine, node)
    function = machine.evaluate(node.func)
    arguments = evaluate_arguments(machine, node)
    if isinstance(function, FunctionValue | BoundMethod):
        _check_arguments(machine, function, arguments, node)
    elif isinstance(function, ObjectValue) and function.layer is not None and arguments.kwargs:
        _check_layer_call(machine, function, arguments, node)
    value = machine.call(function, arguments, node)
    if machine.recording and as_layer(function) is None:
        _record(machine, node, function, arguments, value)
    return value


# How losses and metrics name what they compare.
_COMPARED = (("y_true", "y_pred"), ("true", "pred"), ("y", "y_pred"))


def _check_arguments(
    machine: Machine, function: FunctionValue | BoundMethod, arguments: Arguments, node: ast.Call
) -> None:
    """A method of a layer or model, or a loss or metric, of the program that is called with arguments it does not take."""
    if not machine.certain or machine.muted or not machine.module.is_main:
        return
    value = function.function if isinstance(function, BoundMethod) else function
    names = [parameter.arg for parameter in (*value.node.args.posonlyargs, *value.node.args.args)]
    of_layer = isinstance(function, BoundMethod) and as_layer(function.receiver) is not None
    if not value.module.is_main or not (of_layer or tuple(names[:2]) in _COMPARED):
        return
    wrong = wrong_arguments(function, arguments)
    if wrong is not None:
        call = machine.describe_call(value.name, arguments, node, names)
        facts: dict[str, object] = {"callable": value.name, **({"missing": wrong.missing} if wrong.missing else {})}
        machine.report("call", call, ShapeError("other", wrong.text, facts, "construct"))


def _check_layer_call(machine: Machine, value: ObjectValue, arguments: Arguments, node: ast.Call) -> None:
    """A layer of the program that is called with a keyword which its `call` has not."""
    method = find_member(value.class_value, "call")
    if not isinstance(method, FunctionValue) or not machine.certain or machine.muted or not machine.module.is_main:
        return
    if isinstance(find_member(value.class_value, "__call__"), FunctionValue) or not method.module.is_main:
        return
    own = {name: given for name, given in arguments.kwargs.items() if name not in ("training", "mask")}
    wrong = wrong_arguments(BoundMethod(method, value), Arguments(arguments.args, own, arguments.open))
    if wrong is not None and "unexpected keyword" in wrong.text:
        call = machine.describe_call(f"{value.class_value.name}.call", arguments, node, ())
        machine.report("call", call, ShapeError("argument", wrong.text, {"callable": "call"}, "construct"))


def evaluate_arguments(machine: Machine, node: ast.Call) -> Arguments:
    """The arguments of a call, `*x` and `**x` unpacked as far as they are known."""
    from keras_lsp.inference.expressions import iterate

    result = Arguments()
    unpacked: set[object] = set()
    for item in node.args:
        if isinstance(item, ast.Starred):
            values = iterate(machine, machine.evaluate(item.value))
            if values is None:
                result.open = True
                continue
            for value in values:
                unpacked.add(len(result.args))
                result.args.append(value)
                result.nodes.append(item)
        else:
            result.args.append(machine.evaluate(item))
            result.nodes.append(item)
    for keyword in node.keywords:
        value = machine.evaluate(keyword.value)
        if keyword.arg is not None:
            result.kwargs[keyword.arg] = value
            result.keyword_nodes[keyword.arg] = keyword.value
            result.keywords[keyword.arg] = keyword
            continue
        if not isinstance(value, DictValue):
            result.open = True
            continue
        result.open = result.open or value.open
        for name, entry in value.items.items():
            if isinstance(name, str):
                result.kwargs[name] = entry
                result.keyword_nodes[name] = keyword.value
                unpacked.add(name)
    result.unpacked = frozenset(unpacked)
    return result


def _super(machine: Machine, node: ast.Call) -> Value:
    frame = machine.frame
    while frame.function is None or frame.function.owner is None:
        if frame.enclosing is None:
            return Unknown("super() outside a method")
        frame = frame.enclosing
    parameters = frame.function.node.args
    names = [parameter.arg for parameter in (*parameters.posonlyargs, *parameters.args)]
    receiver = frame.variables.get(names[0]) if names else None
    after: Value = frame.function.owner
    if len(node.args) == 2:
        after = machine.evaluate(node.args[0])
        receiver = machine.evaluate(node.args[1])
    if isinstance(after, ClassValue) and isinstance(receiver, ObjectValue | ClassValue | MappingValue):
        return SuperValue(receiver, after)
    return Unknown("super() of an unknown object")


def call_value(machine: Machine, function: Value, arguments: Arguments, node: ast.AST | None) -> Value:
    """Call any abstract value."""
    if isinstance(function, FunctionValue):
        return call_function(machine, function, arguments, node)
    if isinstance(function, BoundMethod):
        result = call_function(machine, function.function, arguments.shifted(function.receiver), node)
        if function.function.name == "build" and machine.keras >= (3,):
            mark_built(machine, function.receiver)  # Source: `build_wrapper` in keras/src/layers/layer.py
        return result
    if isinstance(function, External):
        from keras_lsp.inference.library import call_library

        return call_library(machine, function.path, arguments, node)
    if isinstance(function, ClassValue):
        return instantiate(machine, function, arguments, node)
    if isinstance(function, LibraryMethod):
        return call_method(machine, function.receiver, function.name, arguments, node)
    if isinstance(function, LayerValue):
        from keras_lsp.inference.keras.application import apply_layer_value

        return apply_layer_value(machine, function, arguments, node)
    if isinstance(function, ObjectValue):
        return _call_object(machine, function, arguments, node)
    if isinstance(function, Partial):
        merged = Arguments([*function.args, *arguments.args], {**function.kwargs, **arguments.kwargs}, arguments.open)
        return machine.call(function.function, merged, node)
    if isinstance(function, Choice):
        options = function.options
        return join_all(machine.try_all([lambda o=option: machine.call(o, arguments, node) for option in options]))
    if isinstance(function, LibraryObject):
        from keras_lsp.inference.library.objects import call_object

        return call_object(machine, function, arguments, node)
    escape(machine, arguments)
    if not isinstance(function, Unknown):
        return Unknown("what is called here is not known")
    machine.heap.forget(function.perhaps)
    if not function.called and tensors_in((*arguments.args, *arguments.kwargs.values())):
        function.note_call()
    return Unknown(function.reason)


def mark_built(machine: Machine, value: Value) -> None:
    """Note that a layer of the program was built, so that its call does not build it again."""
    if isinstance(value, ObjectValue) and value.layer is not None and not value.layer.built:
        machine.touch(value.layer)
        value.layer.built = True


def _call_object(machine: Machine, value: ObjectValue, arguments: Arguments, node: ast.AST | None) -> Value:
    if value.layer is not None:
        from keras_lsp.inference.keras.custom import apply_custom

        return apply_custom(machine, value, arguments, node)
    method = find_member(value.class_value, "__call__")
    if isinstance(method, FunctionValue):
        return machine.call(BoundMethod(method, value), arguments, node)
    return Unknown("calling this object is not followed")


def call_method(machine: Machine, receiver: Value, name: str, arguments: Arguments, node: ast.AST | None) -> Value:
    """`receiver.name(arguments)` for a method that a library provides."""
    if isinstance(receiver, TensorValue):
        return call_tensor_method(machine, receiver, name, arguments, node)
    if isinstance(receiver, SuperValue) and isinstance(receiver.receiver, MappingValue):
        return call_super_of_mapping(machine, receiver, name, arguments, node)
    if isinstance(receiver, SuperValue):
        from keras_lsp.inference.keras.custom import call_super

        return call_super(machine, receiver, name, arguments, node)
    if isinstance(receiver, LayerValue | ObjectValue):
        layer = as_layer(receiver)
        if layer is not None:
            from keras_lsp.inference.keras.methods import call_layer_method

            return call_layer_method(machine, layer, name, arguments, node)
        return Unknown(f"`{name}` is inherited from a library")
    if isinstance(receiver, LibraryObject | DatasetValue):
        from keras_lsp.inference.library.objects import call_object_method

        return call_object_method(machine, receiver, name, arguments, node)
    if isinstance(receiver, ClassValue):
        from keras_lsp.inference.keras.custom import call_inherited

        return call_inherited(machine, receiver, name, arguments, node)
    from keras_lsp.inference.library.containers import call_container_method

    return call_container_method(machine, receiver, name, arguments, node)


def escape(machine: Machine, arguments: Arguments) -> None:
    """Mutable arguments of a call that is not followed may be changed by it."""
    for value in (*arguments.args, *arguments.kwargs.values()):
        if isinstance(value, FunctionValue) and isinstance(value.node, ast.Lambda) and not _takes(value.node.args):
            # `timeit(lambda: layer(x))`: whoever calls it has nothing to call it with.
            machine.try_aside(lambda function=value: machine.call(function, Arguments(), None))
        if isinstance(value, ListValue) and value.items is not None and value.kind == "list":
            if any(isinstance(item, LayerValue | TensorValue) for item in value.items):
                machine.touch(value)
                value.element, value.items = join_all(value.items or [None]), None
        elif isinstance(value, DictValue):
            machine.touch(value)
            value.open = True
        model = as_layer(value)
        if isinstance(model, ModelValue):
            model.escaped = True
        if isinstance(value, ModelValue) and value.kind == "Sequential" and not value.built:
            machine.touch(value)
            value.layers, value.reason = None, "passed to a function that is not followed"


def _takes(spec: ast.arguments) -> bool:
    return bool(spec.posonlyargs or spec.args or spec.kwonlyargs or spec.vararg or spec.kwarg)


def _record(machine: Machine, node: ast.Call, function: Value, arguments: Arguments, value: Value) -> None:
    layer = as_layer(value)
    if layer is not None:
        if not isinstance(function, FunctionValue | BoundMethod) and layer.fact.span == machine.span_of(node):
            model = layer.model_fact if isinstance(layer, ModelValue) else None
            machine.recorder.see_constructor(node, layer.fact, model, value, machine.symbolic)
        return
    callee = _callee(machine, function)
    if isinstance(value, Unknown):
        plain = isinstance(function, External) and function.path.startswith("builtins.")  # print, float, ...
        if isinstance(function, External | LibraryMethod) and not plain and tensors_in(tuple(arguments.args)):
            machine.recorder.see_call(node, "op", callee, None, None, value, machine.symbolic, value.reason)
        elif not plain and not value.reason.startswith("raises"):
            machine.recorder.see_nothing(node, machine.symbolic)
        return
    if not tensors_in(value):
        return
    output = to_structure(machine, value)
    if isinstance(output, UnknownOutcome) or not _all_tensors(output):
        return
    kind = "value"
    if isinstance(function, External | LibraryMethod | LibraryObject):
        kind = "input" if callee == "keras.Input" else "op"
    inputs: Structure = [tensor.spec for tensor in tensors_in(tuple(arguments.args))] or None
    machine.recorder.see_call(node, kind, callee, inputs, output, value, machine.symbolic)


def _all_tensors(structure: Structure) -> bool:
    if isinstance(structure, list | tuple):
        return all(_all_tensors(item) for item in structure)
    if isinstance(structure, dict):
        return all(_all_tensors(item) for item in structure.values())
    return structure is not None


def _callee(machine: Machine, function: Value) -> str | None:
    if isinstance(function, External):
        return machine.catalogue.resolve(function.path) or function.path
    if isinstance(function, LibraryMethod):
        return function.name
    if isinstance(function, FunctionValue):
        return function.name
    if isinstance(function, BoundMethod):
        return function.function.name
    return function.path if isinstance(function, LibraryObject) else None
