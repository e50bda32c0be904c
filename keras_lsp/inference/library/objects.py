"""Instances of library classes that are no layers: their attributes, methods, elements.

Overlays register what they know under the class's dotted name; everything else is unknown, with the name as reason.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TypeAlias

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import run_op
from keras_lsp.inference.values import DatasetValue, External, LibraryMethod, LibraryObject, TensorValue, Unknown, Value
from keras_lsp.shapes.losses import loss_refusal
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.shapes.refusals import snake_case
from keras_lsp.shapes.tensor import Tensor

LibraryInstance: TypeAlias = LibraryObject | DatasetValue
Method: TypeAlias = Callable[[Machine, LibraryInstance, Arguments, "ast.AST | None"], Value]
Attribute: TypeAlias = Callable[[Machine, LibraryInstance], Value]
Item: TypeAlias = Callable[[Machine, LibraryInstance, Value], Value]

METHODS: dict[tuple[str, str], Method] = {}
ATTRIBUTES: dict[tuple[str, str], Attribute] = {}
ITEMS: dict[str, Item] = {}
STORES: dict[str, Callable[[Machine, LibraryObject, Value, Value], None]] = {}
FIELDS: dict[str, Callable[[LibraryInstance, str], Value | None]] = {}
CALLS: dict[str, Method] = {}
ROWS: dict[str, Callable[[Machine, LibraryInstance], list[Value] | None]] = {}


def method(path: str, *names: str) -> Callable[[Method], Method]:
    """Register methods of a library class."""

    def register(function: Method) -> Method:
        for name in names:
            METHODS[path, name] = function
        return function

    return register


def attribute(path: str, *names: str) -> Callable[[Attribute], Attribute]:
    """Register attributes of a library class."""

    def register(function: Attribute) -> Attribute:
        for name in names:
            ATTRIBUTES[path, name] = function
        return function

    return register


def object_attribute(machine: Machine, value: LibraryInstance, name: str) -> Value:
    """`value.name`."""
    if name in value.attributes:
        return value.attributes[name]
    found = ATTRIBUTES.get((value.path, name))
    if found is not None:
        return found(machine, value)
    if (value.path, name) in METHODS:
        return LibraryMethod(value, name)
    if isinstance(value, LibraryObject) and name in value.arguments:
        return value.arguments[name]
    field = FIELDS[value.path](value, name) if value.path in FIELDS else None
    return LibraryMethod(value, name) if field is None else field


def call_object_method(
    machine: Machine, value: LibraryInstance, name: str, arguments: Arguments, node: ast.AST | None
) -> Value:
    """`value.name(...)`."""
    found = METHODS.get((value.path, name))
    if found is not None:
        return found(machine, value, arguments, node)
    return machine.unknown(f"{value.path}.{name} is not followed")


def call_object(machine: Machine, value: LibraryObject, arguments: Arguments, node: ast.AST | None) -> Value:
    """`value(...)`."""
    found = CALLS.get(value.path)
    if found is not None:
        return found(machine, value, arguments, node)
    symbol = machine.catalogue.symbol(value.path)
    if symbol is not None and (symbol.kind in ("loss", "metric") or value.path.startswith("keras.metrics.")):
        if symbol.kind == "loss":
            return _loss(machine, value, arguments, node)
        return TensorValue(Tensor((), "float32"), "tensorflow", origin=machine.span_of(node))
    if symbol is not None and symbol.kind == "initializer":
        return run_op(machine, "keras.ops.zeros", Arguments(arguments.args[:1]), node)
    return Unknown(f"calling {value.path} is not followed")


def _loss(machine: Machine, value: LibraryObject, arguments: Arguments, node: ast.AST | None) -> Value:
    """A loss object called: a scalar, or without reduction one number for each place before the last axis."""
    origin = machine.span_of(node)
    refused = _refused(machine, value, arguments)
    if refused is not None:
        machine.report("op", machine.describe_call(value.path, arguments, node, ("y_true", "y_pred")), refused)
        return Unknown(f"raises {refused.text.split(':', 1)[0]}", error=refused)
    reduction = value.arguments.get("reduction", "auto")
    if isinstance(reduction, External):
        reduction = reduction.path.rsplit(".", 1)[-1].lower()
    if isinstance(reduction, str) and reduction != "none":
        return TensorValue(Tensor((), "float32"), "tensorflow", origin=origin)
    predicted = arguments.get(1, "y_pred")
    if isinstance(reduction, Unknown) or not isinstance(predicted, TensorValue) or not predicted.spec.shape:
        return Unknown("whether the loss is reduced, or what it is taken of, is not known")
    return TensorValue(Tensor(predicted.spec.shape[:-1], "float32"), "tensorflow", origin=origin)


def _refused(machine: Machine, value: LibraryObject, arguments: Arguments) -> ShapeError | None:
    """What a loss says to labels and predictions of these shapes."""
    labels, predicted = arguments.get(0, "y_true"), arguments.get(1, "y_pred")
    if arguments.open or "axis" in value.arguments or value.arguments.get("ignore_class") is not None:
        return None
    if not isinstance(labels, TensorValue) or not isinstance(predicted, TensorValue):
        return None
    target, output = labels.spec.shape, predicted.spec.shape
    if target is None or output is None:
        return None
    return loss_refusal(snake_case(value.path.rpartition(".")[2]), target, output, machine.keras)


def subscript_object(machine: Machine, value: LibraryInstance, index: Value) -> Value:
    """`value[index]`."""
    if isinstance(index, str) and index in value.attributes:
        return value.attributes[index]
    found = ITEMS.get(value.path)
    if found is not None:
        return found(machine, value, index)
    return Unknown(f"items of {value.path} are not followed")


def iterate_object(machine: Machine, value: LibraryObject) -> list[Value] | None:
    """The elements of an object, where they are known one by one."""
    found = ROWS.get(value.path)
    return found(machine, value) if found is not None else None
