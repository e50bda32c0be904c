"""Attributes of abstract values: reading and setting."""

from __future__ import annotations

from typing import cast

from keras_lsp.inference.arguments import MISSING, Arguments
from keras_lsp.inference.classes import find_member
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.mappings import mapping_attribute, set_mapping_attribute
from keras_lsp.inference.modules import Module
from keras_lsp.inference.records import named_tuple_attribute
from keras_lsp.inference.values import (
    BoundMethod,
    Choice,
    ClassValue,
    DatasetValue,
    DictValue,
    External,
    Frame,
    FunctionValue,
    LayerValue,
    LibraryMethod,
    LibraryObject,
    ListValue,
    MappingValue,
    NamedTuple,
    ObjectValue,
    SuperValue,
    TensorValue,
    Unknown,
    Value,
    join_all,
)
from keras_lsp.shapes.dim import Expr


def get_attribute(machine: Machine, value: Value, name: str) -> Value:
    """`value.name`."""
    if isinstance(value, External):
        return external_attribute(machine, value, name)
    if isinstance(value, ObjectValue):
        return _object_attribute(machine, value, name)
    if isinstance(value, TensorValue):
        from keras_lsp.inference.tensors import tensor_attribute

        return tensor_attribute(machine, value, name)
    if isinstance(value, LayerValue):
        from keras_lsp.inference.keras.attributes import layer_attribute

        if name == "__class__" and value.fact.canonical:
            return External(value.fact.canonical)
        return layer_attribute(machine, value, name)
    if isinstance(value, Module):
        return module_attribute(machine, value, name)
    if isinstance(value, ClassValue):
        return _class_attribute(machine, value, name)
    if isinstance(value, SuperValue):
        return _super_attribute(machine, value, name)
    if isinstance(value, LibraryObject | DatasetValue):
        from keras_lsp.inference.library.objects import object_attribute

        return object_attribute(machine, value, name)
    if isinstance(value, Unknown):
        return value.part(f".{name}")
    if isinstance(value, NamedTuple):
        found = named_tuple_attribute(machine, value, name)
        if found is not MISSING:
            return found
    if isinstance(value, tuple) and name in ("rank", "ndims", "dims"):  # a TensorShape
        sizes = cast("tuple[Value, ...]", value)
        return ListValue(list(sizes)) if name == "dims" else len(sizes)
    if name == "value" and (value is None or isinstance(value, int | Expr)):
        return value  # a Dimension of TensorFlow 1
    if isinstance(value, MappingValue):
        return mapping_attribute(machine, value, name)
    if isinstance(value, ListValue | DictValue | str | tuple | bytes | range | int | float):
        return LibraryMethod(value, name)
    if isinstance(value, FunctionValue | BoundMethod):
        if name == "__name__":
            return value.name if isinstance(value, FunctionValue) else value.function.name
        return Unknown(f"the attribute `{name}` of a function")
    if isinstance(value, Choice):
        return join_all([get_attribute(machine, option, name) for option in value.options])
    if value is None:
        return Unknown("an attribute of None")
    return Unknown(f"the attribute `{name}` is not known")


def external_attribute(machine: Machine, value: External, name: str) -> Value:
    """An attribute of a library module or class: a module of the project, a constant, or a longer dotted name."""
    from keras_lsp.inference.imports import import_path
    from keras_lsp.inference.library import constant

    path = f"{value.path}.{name}"
    known = constant(machine, path)
    if known is not None:
        return known
    if path in machine.package_paths:
        return import_path(machine, path)
    return External(path)


def module_attribute(machine: Machine, module: Module, name: str) -> Value:
    """An attribute of a module of the project: its variable, or a submodule."""
    from keras_lsp.inference.imports import import_submodule

    if name in module.frame.variables:
        return module.frame.variables[name]
    return import_submodule(machine, module, name)


def _object_attribute(machine: Machine, value: ObjectValue, name: str) -> Value:
    if name in value.attributes:
        return value.attributes[name]
    member = find_member(value.class_value, name)
    if isinstance(member, FunctionValue):
        return _bind(machine, member, value)
    if member is not MISSING and not isinstance(member, External | Unknown):
        return member
    if name == "__class__":
        return value.class_value
    if name == "__dict__":
        return DictValue(dict(value.attributes), value.open)
    if value.layer is not None:
        from keras_lsp.inference.keras.attributes import layer_attribute

        return layer_attribute(machine, value.layer, name, value)
    if isinstance(member, External):
        return LibraryMethod(value, name)
    getter = find_member(value.class_value, "__getattr__")
    if isinstance(getter, FunctionValue):
        return machine.call(BoundMethod(getter, value), Arguments([name]), None)
    return Unknown(f"`{name}` is not set in what was followed", name)


def _bind(machine: Machine, member: FunctionValue, receiver: Value) -> Value:
    if member.is_property:
        value = machine.call(BoundMethod(member, receiver), Arguments(), None)
        if member.is_cached and isinstance(receiver, ObjectValue):
            machine.touch(receiver)
            receiver.attributes[member.name] = value
        return value
    if member.kind == "staticmethod":
        return member
    if member.kind == "classmethod" and isinstance(receiver, ObjectValue):
        return BoundMethod(member, receiver.class_value)
    return BoundMethod(member, receiver)


def _class_attribute(machine: Machine, value: ClassValue, name: str) -> Value:
    if name == "__name__":
        return value.name
    member = find_member(value, name)
    if isinstance(member, FunctionValue):
        return BoundMethod(member, value) if member.kind == "classmethod" else member
    if isinstance(member, External):
        return LibraryMethod(value, name)
    return member if member is not MISSING else Unknown(f"`{name}` is not set in the class")


def _super_attribute(machine: Machine, value: SuperValue, name: str) -> Value:
    receiver = value.receiver
    owner = receiver.class_value if isinstance(receiver, ObjectValue | MappingValue) else receiver
    if not isinstance(owner, ClassValue):
        return Unknown("super() outside a method")
    member = find_member(owner, name, after=value.after)
    if isinstance(member, FunctionValue):
        return _bind(machine, member, receiver)
    if isinstance(member, External) or member is MISSING:
        if isinstance(receiver, ObjectValue) and receiver.layer is not None and not name.startswith("__"):
            from keras_lsp.inference.keras.attributes import layer_attribute

            found = layer_attribute(machine, receiver.layer, name, receiver)
            if not isinstance(found, Unknown | LibraryMethod):  # a method is the base class's
                return found
        return LibraryMethod(value, name)
    return member


def set_attribute(machine: Machine, value: Value, name: str, new: Value) -> None:
    """`value.name = new`."""
    if isinstance(value, ObjectValue):
        member = find_member(value.class_value, name)
        if isinstance(member, FunctionValue) and member.is_property and not member.is_cached:
            if member.setter is not None:
                machine.call(BoundMethod(member.setter, value), Arguments([new]), None)
            return
        machine.touch(value)
        value.attributes[name] = new.named(name) if isinstance(new, Unknown) else new
        if value.layer is not None:
            from keras_lsp.inference.keras.attributes import set_layer_attribute

            set_layer_attribute(machine, value.layer, name, new)
    elif isinstance(value, MappingValue):
        set_mapping_attribute(machine, value, name, new)
    elif isinstance(value, LayerValue):
        from keras_lsp.inference.keras.attributes import set_layer_attribute

        set_layer_attribute(machine, value, name, new)
    elif isinstance(value, ClassValue):
        machine.touch(value)
        value.namespace[name] = new
    elif isinstance(value, LibraryObject):
        machine.touch(value)
        value.attributes[name] = new
    elif isinstance(value, Module):
        machine.touch(value.frame)
        value.frame.variables[name] = new
    elif isinstance(value, Choice):
        for option in value.options:
            set_attribute(machine, option, name, Unknown("set on one of several objects"))
    elif isinstance(value, Frame):
        raise AssertionError("a frame is not a value")
