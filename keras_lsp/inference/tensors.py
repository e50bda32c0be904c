"""Tensors and arrays among abstract values: conversion to the shape room and back, ops, operators, subscripts."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, cast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.keras.operations import operation
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import (
    CONSTANTS,
    BoundMethod,
    ClassValue,
    DictValue,
    External,
    FunctionValue,
    GraphNode,
    LayerValue,
    LibraryMethod,
    LibraryObject,
    ListValue,
    NumpyInteger,
    ObjectValue,
    Partial,
    TensorValue,
    Unknown,
    Value,
)
from keras_lsp.shapes.configuration import UnknownValue
from keras_lsp.shapes.dim import Expr
from keras_lsp.shapes.ops import apply_method, apply_op, apply_operator, apply_unary, subscript
from keras_lsp.shapes.ops import tensor_attribute as shape_attribute
from keras_lsp.shapes.ops.signatures import signature
from keras_lsp.shapes.outcome import Applied, ShapeError, Undetermined
from keras_lsp.shapes.outcome import Unknown as UnknownOutcome
from keras_lsp.shapes.tensor import Structure, Tensor

FRAME = "pandas.DataFrame"
SERIES = "pandas.Series"


def is_frame(value: Value) -> bool:
    """Whether a value is a data frame or a series of pandas."""
    return isinstance(value, LibraryObject) and value.path in (FRAME, SERIES)


def as_array(value: Value) -> Value:
    """A data frame or series as NumPy sees it; every other value as it is."""
    if not isinstance(value, LibraryObject) or not is_frame(value):
        return value
    rows = value.attributes["#rows"]
    if value.path == SERIES:
        return TensorValue(Tensor((rows,), value.attributes.get("#dtype")), "numpy")
    return TensorValue(Tensor((rows, value.attributes["#width"]), None), "numpy")


def tensors_in(value: Value) -> list[TensorValue]:
    """All tensors of a value, nested ones included, in order; those of a dictionary by its keys, as `tree.flatten` has them."""
    if isinstance(value, TensorValue):
        return [value]
    if isinstance(value, tuple):
        return [tensor for item in cast("tuple[Value, ...]", value) for tensor in tensors_in(item)]
    if isinstance(value, ListValue):
        return [tensor for item in value.items or () for tensor in tensors_in(item)]
    if isinstance(value, DictValue):
        keys = list(value.items)
        if all(isinstance(key, str) for key in keys):
            keys.sort(key=str)
        return [tensor for key in keys for tensor in tensors_in(value.items[key])]
    return []


def substitute(value: Value, mapping: dict[int, TensorValue]) -> Value:
    """The same value with tensors replaced, by identity."""
    if isinstance(value, TensorValue):
        return mapping.get(id(value), value)
    if isinstance(value, tuple):
        return tuple(substitute(item, mapping) for item in cast("tuple[Value, ...]", value))
    if isinstance(value, ListValue) and value.items is not None:
        return ListValue([substitute(item, mapping) for item in value.items], kind=value.kind)
    if isinstance(value, DictValue):
        return DictValue({key: substitute(item, mapping) for key, item in value.items.items()}, value.open)
    return value


def to_shape_value(value: Value, nested: bool = False) -> Any:
    """An abstract value as the shape rooms take it.

    An unknown value inside a tuple of sizes stands for a size; by itself it may be anything.
    """
    if isinstance(value, TensorValue):
        return value.spec
    if isinstance(value, Unknown):
        return value.as_dim() if nested else UnknownValue(value.reason)
    if isinstance(value, slice):
        bounds = cast("Any", value)
        return slice(*(to_shape_value(part, True) for part in (bounds.start, bounds.stop, bounds.step)))
    if isinstance(value, (CONSTANTS, Expr)):
        return value
    if isinstance(value, tuple):
        items = cast("tuple[Value, ...]", value)
        sizes = not any(isinstance(item, TensorValue) and item.spec.shape != () for item in items)
        return tuple(to_shape_value(item, sizes) for item in items)
    if isinstance(value, ListValue):
        if value.items is None:
            return UnknownValue("a list of unknown length")
        sizes = any(isinstance(item, int | Expr | type(None)) for item in value.items)
        return [to_shape_value(item, sizes) for item in value.items]
    if isinstance(value, DictValue):
        return {key: to_shape_value(item) for key, item in value.items.items()}
    if isinstance(value, External):
        return _dtype_name(value)
    array = as_array(value)
    return array.spec if isinstance(array, TensorValue) else value


def _dtype_name(value: External) -> Any:
    """`tf.float32` and `np.int64` as the name of the dtype; other library names as they are."""
    name = value.path.rsplit(".", 1)[-1]
    known = {"float": "float32", "int": "int32", "bool": "bool", "str": "string", "bool_": "bool", "string": "string"}
    root = value.path.split(".", 1)[0]
    if root in ("tensorflow", "numpy", "builtins", "torch", "jax", "keras") and (
        name.rstrip("0123456789") in ("float", "int", "uint", "bfloat", "complex") or name in known
    ):
        if root == "builtins":
            return {"float": "float", "int": "int"}.get(name, known.get(name, name))
        return known.get(name, name)
    return value


# Names under which implementations of ops take arrays, where values that are not known are not sizes.
_ARRAYS = frozenset(("x", "xs", "x1", "x2", "a", "b", "values", "parts"))


def op_argument(machine: Machine, value: Value, parameter: str | None = None) -> Any:
    """An argument of an op: functions of the program become functions over descriptions of tensors."""
    if parameter in _ARRAYS and isinstance(value, tuple):
        items = cast("tuple[Value, ...]", value)
        if items and all(isinstance(item, Unknown) for item in items):
            return tuple(to_shape_value(item) for item in items)
    if isinstance(value, FunctionValue | BoundMethod | Partial | ClassValue) or as_layer(value) is not None:

        def function(*specs: Any) -> Any:
            made = [wrap(machine, spec, "tensorflow", None) for spec in specs]
            result = machine.call(value, Arguments(made), None)
            output = to_structure(machine, result)
            if isinstance(result, Unknown) or isinstance(output, UnknownOutcome):
                raise Undetermined(
                    result.reason if isinstance(result, Unknown) else "what a function returns is not known"
                )
            return output

        return function
    return to_shape_value(value)


def to_structure(machine: Machine, value: Value) -> Structure | UnknownOutcome:
    """A value as the input of a layer: tensors in lists, tuples, dicts; numbers and lists of numbers become tensors."""
    if isinstance(value, TensorValue):
        return value.spec
    if isinstance(value, Unknown):
        return Tensor(None)
    if value is None:
        return None
    if isinstance(value, bool | int | float | str):
        return Tensor((), "string" if isinstance(value, str) else "float32")
    if isinstance(value, tuple | ListValue):
        items = list(cast("tuple[Value, ...]", value)) if isinstance(value, tuple) else value.items
        if items is None:
            return UnknownOutcome("a list of unknown length")
        if items and all(isinstance(item, int | float | bool | str) for item in items):
            return Tensor((len(items),), "string" if isinstance(items[0], str) else "float32")
        if items and all(isinstance(item, tuple | ListValue) for item in items) and not tensors_in(value):
            rows = [to_structure(machine, item) for item in items]
            if all(isinstance(row, Tensor) and row == rows[0] for row in rows) and isinstance(rows[0], Tensor):
                return Tensor((len(items), *(rows[0].shape or ())), rows[0].dtype)
        parts = [to_structure(machine, item) for item in items]
        for part in parts:
            if isinstance(part, UnknownOutcome):
                return part
        done = cast("list[Structure]", parts)
        return tuple(done) if isinstance(value, tuple) else done
    if isinstance(value, DictValue):
        if value.open:
            return UnknownOutcome("a dict with unknown keys")
        entries: dict[str, Structure] = {}
        for key, item in value.items.items():
            part = to_structure(machine, item)
            if isinstance(part, UnknownOutcome):
                return part
            entries[str(key)] = part
        return entries
    return UnknownOutcome("the input is no tensor that is known")


def kind_of(tensors: list[TensorValue], default: str = "tensorflow") -> str:
    """What an op on these tensors makes: symbolic if one of them is."""
    if any(tensor.kind == "keras" for tensor in tensors):
        return "keras"
    return default


def wrap(
    machine: Machine,
    output: Any,
    kind: str,
    node: ast.AST | None,
    graph: GraphNode | None = None,
) -> Value:
    """What a shape function answers as an abstract value: tensors with their producer, structures, plain values."""
    if isinstance(output, Tensor):
        value = TensorValue(output, kind, graph if kind == "keras" else None, machine.span_of(node))
        if graph is not None:
            value.index = len(graph.outputs)
            graph.outputs.append(value)
        return value
    if isinstance(output, UnknownValue):
        return Unknown(output.reason)
    if isinstance(output, tuple):
        return tuple(wrap(machine, item, kind, node, graph) for item in cast("tuple[Any, ...]", output))
    if isinstance(output, list):
        return ListValue([wrap(machine, item, kind, node, graph) for item in cast("list[Any]", output)])
    if isinstance(output, dict):
        entries = cast("dict[str, Any]", output)
        return DictValue({key: wrap(machine, item, kind, node, graph) for key, item in entries.items()})
    return output


def run_op(machine: Machine, path: str, arguments: Arguments, node: ast.AST | None) -> Value:
    """A library function on tensors and arrays."""
    if arguments.open:
        return Unknown("unpacked arguments are not known")
    found = signature(path)
    names = found.positional if found is not None else ()
    args = [op_argument(machine, value, names[i] if i < len(names) else None) for i, value in enumerate(arguments.args)]
    kwargs = {
        name: op_argument(machine, value, found.keywords.get(name) if found is not None else None)
        for name, value in arguments.kwargs.items()
    }
    if machine.data_format != "channels_last" and found is not None and "data_format" in found.keywords:
        kwargs.setdefault("data_format", machine.data_format)
    outcome = apply_op(path, args, kwargs, machine.keras)
    tensors = tensors_in((*arguments.args, *arguments.kwargs.values()))
    default = "numpy" if path.startswith("numpy.") else "tensorflow"
    if machine.keras >= (3,) and isinstance(outcome, Applied) and _refuses_symbolic(path, tensors):
        return _raw_op(machine, path, arguments, node)

    def replay(inputs: list[TensorValue]) -> Value:
        mapping = {id(old): new for old, new in zip(tensors, inputs, strict=True)}
        changed = Arguments(
            [substitute(value, mapping) for value in arguments.args],
            {name: substitute(value, mapping) for name, value in arguments.kwargs.items()},
        )
        return run_op(machine, path, changed, None)

    kind = kind_of(tensors, default)
    value = finish_op(machine, path, outcome, tensors, kind, arguments, node, replay)
    if kind == "numpy" and path in _READS_ATTRIBUTES:
        if isinstance(value, tuple):
            return sizes_of_array(cast("tuple[Value, ...]", value))
        if isinstance(value, TensorValue):
            return Unknown("the number of elements depends on the data")
    return value


# NumPy functions that only read an object's attributes.
_READS_ATTRIBUTES = frozenset(("numpy.shape", "numpy.ndim", "numpy.size"))


def _refuses_symbolic(path: str, tensors: list[TensorValue]) -> bool:
    """Whether a function of another library is called on what `Input` made, which Keras 3 does not allow.

    Source: `KerasTensor.__array__` and `__tf_tensor__` in keras/src/backend/common/keras_tensor.py.
    """
    other = path.startswith(("tensorflow.", "numpy.")) and path not in _READS_ATTRIBUTES
    return other and any(tensor.kind == "keras" for tensor in tensors)


def _raw_op(machine: Machine, path: str, arguments: Arguments, node: ast.AST | None) -> Unknown:
    text = "ValueError: A KerasTensor cannot be used as input to a TensorFlow function."
    if path.startswith("numpy."):
        text = "ValueError: A KerasTensor is symbolic: it's a placeholder for a shape an a dtype. It doesn't have any actual numerical value. You cannot convert it to a NumPy array."
    machine.report("raw-op", machine.describe_call(path, arguments, node, ()), ShapeError("other", text))
    return Unknown("raises ValueError")


def finish_op(
    machine: Machine,
    path: str,
    outcome: Applied | ShapeError | UnknownOutcome,
    tensors: list[TensorValue],
    kind: str,
    arguments: Arguments,
    node: ast.AST | None,
    replay: Callable[[list[TensorValue]], Value],
) -> Value:
    """Turn the outcome of an op into a value; a sure failure is reported."""
    if isinstance(outcome, UnknownOutcome):
        return Unknown(outcome.reason)
    if isinstance(outcome, ShapeError):
        call = machine.describe_call(path, arguments, node, ())
        machine.report("op", call, outcome)
        return Unknown(f"raises {outcome.text.split(':', 1)[0]}")
    graph = None
    if kind == "keras":
        graph = GraphNode(None, tensors, machine.span_of(node), replay)
    value = wrap(machine, outcome.output, kind, node, graph)
    if type(value) is int and path.startswith("numpy.") and path not in _READS_ATTRIBUTES:
        return NumpyInteger(value)
    if graph is not None and graph.outputs and node is not None:  # applied again, it is the same operation
        found = operation(path, arguments.args, machine.keras)
        if found is not None:
            graph.operation = (found[0], machine.count_name(found[1]))
    return value


def operate(machine: Machine, symbol: str, left: Value, right: Value, node: ast.AST | None) -> Value:
    """An operator with a tensor on one side (or, for unary ones, `right` absent)."""
    tensors = tensors_in((left, right))
    arguments = Arguments([left, right])
    unary = right is None and symbol in ("-", "+", "~", "abs")
    first = to_shape_value(left)
    kinds = {tensor.kind for tensor in tensors}
    kind = "keras" if "keras" in kinds else "tensorflow" if "tensorflow" in kinds else "numpy"
    rules = "tensorflow" if kind == "keras" and machine.keras < (3,) else kind
    if unary:
        outcome = apply_unary(symbol, first, machine.keras, rules)
    else:
        outcome = apply_operator(symbol, first, to_shape_value(right), machine.keras, rules)

    def replay(inputs: list[TensorValue]) -> Value:
        mapping = {id(old): new for old, new in zip(tensors, inputs, strict=True)}
        return operate(machine, symbol, substitute(left, mapping), substitute(right, mapping), None)

    return finish_op(machine, f"operator {symbol}", outcome, tensors, kind, arguments, node, replay)


def subscript_tensor(machine: Machine, value: TensorValue, index: Value, node: ast.AST | None) -> Value:
    """`tensor[index]`."""
    if value.spec.dtype == "object" and isinstance(index, int):
        return Unknown("an element of an array of objects")
    outcome = subscript(value.spec, _index(index), machine.keras)

    def replay(inputs: list[TensorValue]) -> Value:
        return subscript_tensor(machine, inputs[0], index, None)

    return finish_op(machine, "subscript", outcome, [value], value.kind, Arguments([value, index]), node, replay)


def _index(index: Value) -> Any:
    if isinstance(index, tuple):
        return tuple(_index(item) for item in cast("tuple[Value, ...]", index))
    if isinstance(index, External) and index.path.endswith("newaxis"):
        return None
    if isinstance(index, Unknown):
        return UnknownValue(index.reason)
    return to_shape_value(index)


def tensor_attribute(machine: Machine, value: TensorValue, name: str) -> Value:
    """An attribute or method of a tensor or array."""
    if name in _GRAPH_ATTRIBUTES:
        return Unknown(f"`{name}` of a tensor")
    if name == "name" and value.name:
        return str(value.name)
    if name == "_keras_shape" and value.spec.shape is not None:
        return value.spec.shape
    found = shape_attribute(value.spec, name, value.kind)
    if isinstance(found, UnknownOutcome):
        return LibraryMethod(value, name)
    if isinstance(found, Tensor):
        return TensorValue(found, value.kind, value.producer, value.origin)
    if isinstance(found, UnknownValue):
        return Unknown(found.reason)
    if name == "shape" and value.kind == "numpy":
        return sizes_of_array(cast("tuple[Value, ...]", found))
    return found


def sizes_of_array(shape: tuple[Value, ...]) -> tuple[Value, ...]:
    """The sizes of an array as the program reads them: each is a number, known or not, and never `None`."""
    return tuple(Unknown("this size depends on the data") if size is None else size for size in shape)


_GRAPH_ATTRIBUTES = frozenset(("_keras_history", "graph", "op"))


def call_tensor_method(
    machine: Machine, value: TensorValue, name: str, arguments: Arguments, node: ast.AST | None
) -> Value:
    """`tensor.method(...)`."""
    if name == "get_shape" and value.spec.shape is not None:
        return value.spec.shape
    if arguments.open:
        return Unknown("unpacked arguments are not known")
    args = [to_shape_value(item) for item in arguments.args]
    kwargs = {key: to_shape_value(item) for key, item in arguments.kwargs.items()}
    outcome = apply_method(value.spec, name, args, kwargs, machine.keras, value.kind)

    def replay(inputs: list[TensorValue]) -> Value:
        return call_tensor_method(machine, inputs[0], name, arguments, None)

    kind = "numpy" if name == "numpy" else value.kind
    return finish_op(machine, f"{value.kind} array method {name}", outcome, [value], kind, arguments, node, replay)


def as_layer(value: Value) -> LayerValue | None:
    """The Keras layer that a value is, be it of a library class or of one of the program."""
    if isinstance(value, LayerValue):
        return value
    return value.layer if isinstance(value, ObjectValue) else None
