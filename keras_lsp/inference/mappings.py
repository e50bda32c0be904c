"""Classes of the program that derive from `dict`, and dictionaries of libraries whose items are attributes, too."""

from __future__ import annotations

import ast

from keras_lsp.inference.arguments import MISSING, Arguments
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import (
    BoundMethod,
    ClassValue,
    DictValue,
    External,
    FunctionValue,
    LibraryMethod,
    ListValue,
    MappingValue,
    SuperValue,
    Unknown,
    Value,
)

_BASES = frozenset(("builtins.dict", "collections.OrderedDict", "collections.UserDict"))


def is_mapping(class_value: ClassValue) -> bool:
    """Whether a class of the program derives from `dict`."""
    return any(isinstance(base, External) and base.path in _BASES for base in class_value.linearise())


def make_mapping(machine: Machine, class_value: ClassValue, arguments: Arguments, node: ast.AST | None) -> MappingValue:
    """An instance of such a class."""
    from keras_lsp.inference.classes import find_member

    value = MappingValue(class_value)
    initialiser = find_member(class_value, "__init__")
    if isinstance(initialiser, FunctionValue):
        machine.call(BoundMethod(initialiser, value), arguments, node)
    else:
        fill(machine, value, arguments, node)
    return value


def fill(machine: Machine, value: MappingValue, arguments: Arguments, node: ast.AST | None) -> None:
    """What `dict.__init__` does."""
    made = machine.call(External("builtins.dict"), arguments, node)
    machine.touch(value)
    if isinstance(made, DictValue):
        value.items.update(made.items)
        value.open = value.open or made.open
    else:
        value.open = True


def as_namespace(value: Value) -> Value:
    """A dictionary whose items are attributes, and so are those of the dictionaries in it."""
    if isinstance(value, DictValue):
        made = MappingValue(None, is_namespace=True)
        made.items = {key: as_namespace(item) for key, item in value.items.items()}
        made.open = value.open
        return made
    if isinstance(value, ListValue) and value.items is not None:
        return ListValue([as_namespace(item) for item in value.items], kind=value.kind)
    return value


def mapping_attribute(machine: Machine, value: MappingValue, name: str) -> Value:
    """`value.name`."""
    from keras_lsp.inference.classes import find_member

    if name in value.attributes:
        return value.attributes[name]
    if value.is_namespace and name in value.items:
        return value.items[name]
    member = find_member(value.class_value, name) if value.class_value is not None else MISSING
    if isinstance(member, FunctionValue):
        if member.is_property:
            return machine.call(BoundMethod(member, value), Arguments(), None)
        return member if member.kind == "staticmethod" else BoundMethod(member, value)
    if member is not MISSING and not isinstance(member, External):
        return member
    if name == "__class__" and value.class_value is not None:
        return value.class_value
    if name == "__dict__":
        return value if value.is_namespace else DictValue(dict(value.attributes))
    if hasattr(dict, name):
        return LibraryMethod(value, name)
    getter = find_member(value.class_value, "__getattr__") if value.class_value is not None else MISSING
    if isinstance(getter, FunctionValue):
        return machine.call(BoundMethod(getter, value), Arguments([name]), None)
    if isinstance(getter, External) and getter.path.endswith((".__getitem__", ".get")):
        return machine.call(LibraryMethod(value, getter.path.rsplit(".", 1)[1]), Arguments([name]), None)
    return Unknown(f"`{name}` is not set in what was followed", name)


def set_mapping_attribute(machine: Machine, value: MappingValue, name: str, new: Value) -> None:
    """`value.name = new`."""
    from keras_lsp.inference.classes import find_member

    machine.touch(value)
    if name == "__dict__":
        value.is_namespace = new is value
        return
    setter = find_member(value.class_value, "__setattr__") if value.class_value is not None else MISSING
    if isinstance(setter, FunctionValue):
        machine.call(BoundMethod(setter, value), Arguments([name, new]), None)
    elif value.is_namespace or (isinstance(setter, External) and setter.path.endswith(".__setitem__")):
        value.items[name] = new
    else:
        value.attributes[name] = new


def own_method(value: DictValue, name: str) -> BoundMethod | None:
    """A method that the program defines for its class of dictionaries, `None` if it does not."""
    from keras_lsp.inference.classes import find_member

    if not isinstance(value, MappingValue) or value.class_value is None:
        return None
    member = find_member(value.class_value, name)
    return BoundMethod(member, value) if isinstance(member, FunctionValue) else None


def call_super_of_mapping(
    machine: Machine, value: SuperValue, name: str, arguments: Arguments, node: ast.AST | None
) -> Value:
    """`super().name(...)` in a class that derives from `dict`."""
    receiver = value.receiver
    assert isinstance(receiver, MappingValue)
    if name == "__init__":
        fill(machine, receiver, arguments, node)
        return None
    if name == "__setattr__" and len(arguments.args) == 2 and isinstance(arguments.args[0], str):
        machine.touch(receiver)
        receiver.attributes[arguments.args[0]] = arguments.args[1]
        return None
    from keras_lsp.inference.library.containers import call_container_method

    return call_container_method(machine, receiver, name, arguments, node)
