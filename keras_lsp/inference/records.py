"""Classes that are lists of fields: data classes, named tuples, enumerations."""

from __future__ import annotations

from keras_lsp.inference.arguments import MISSING, Arguments
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import (
    BoundMethod,
    ClassValue,
    External,
    FunctionValue,
    LibraryObject,
    NamedTuple,
    ObjectValue,
    Unknown,
    Value,
)

FIELD = "dataclasses.field"
"""Path of what `field(...)` returns: a library object that holds the default or what makes it."""


def field_names(class_value: ClassValue) -> list[str]:
    """The fields of a class, those of its bases first."""
    names: list[str] = []
    for base in reversed(class_value.linearise()):
        if isinstance(base, ClassValue):
            names.extend(name for name in base.fields if name not in names)
    return names


def fill_fields(machine: Machine, instance: ObjectValue, arguments: Arguments) -> None:
    """What the generated `__init__` of a data class does."""
    from keras_lsp.inference.classes import find_member

    machine.touch(instance)
    position = 0
    for name in field_names(instance.class_value):
        default = find_member(instance.class_value, name)
        described = default if isinstance(default, LibraryObject) and default.path == FIELD else None
        if described is not None and described.arguments.get("init") is False:
            instance.attributes[name] = _default(machine, described, name)
            continue
        if arguments.has(position, name):
            instance.attributes[name] = arguments.get(position, name)
        elif default is MISSING or arguments.open:
            instance.attributes[name] = Unknown(f"`{name}` is not given", name)
        elif described is not None:
            instance.attributes[name] = _default(machine, described, name)
        elif not isinstance(default, External):
            instance.attributes[name] = default
        position += 1
    after = find_member(instance.class_value, "__post_init__")
    if isinstance(after, FunctionValue):
        machine.call(BoundMethod(after, instance), Arguments(), None)


def _default(machine: Machine, described: LibraryObject, name: str) -> Value:
    if "default_factory" in described.arguments:
        return machine.call(described.arguments["default_factory"], Arguments(), None)
    if "default" in described.arguments:
        return described.arguments["default"]
    return Unknown(f"`{name}` is not given", name)


def is_named_tuple(class_value: ClassValue) -> bool:
    """Whether a class of the program derives from `typing.NamedTuple`."""
    return any(isinstance(base, External) and base.path == "typing.NamedTuple" for base in class_value.linearise())


def make_named_tuple(machine: Machine, class_value: ClassValue, arguments: Arguments) -> Value:
    """An instance of a class that derives from `typing.NamedTuple`."""
    from keras_lsp.inference.classes import find_member

    names = field_names(class_value)
    items: list[Value] = []
    for position, name in enumerate(names):
        if arguments.has(position, name):
            items.append(arguments.get(position, name))
            continue
        default = find_member(class_value, name)
        given = default is not MISSING and not isinstance(default, External) and not arguments.open
        items.append(default if given else Unknown(f"`{name}` is not given", name))
    return NamedTuple.make(tuple(names), items, class_value)


def named_tuple_attribute(machine: Machine, value: NamedTuple, name: str) -> Value:
    """`value.name` of a named tuple: a field, or what its class has; `MISSING` for the methods of tuples."""
    from keras_lsp.inference.classes import find_member

    if name in value.fields:
        return value.item(name)
    if name == "_fields":
        return value.fields
    member = find_member(value.owner, name) if value.owner is not None else MISSING
    if isinstance(member, FunctionValue):
        if member.is_property:
            return machine.call(BoundMethod(member, value), Arguments(), None)
        return BoundMethod(member, value) if member.kind == "function" else member
    return MISSING if isinstance(member, External) else member


_ENUMERATIONS = frozenset(("enum.Enum", "enum.IntEnum", "enum.StrEnum"))


def members(class_value: ClassValue) -> dict[str, Value] | None:
    """Values of an enumeration by name, in order; `None` for other classes. A member is taken for its value."""
    if not any(isinstance(base, External) and base.path in _ENUMERATIONS for base in class_value.linearise()):
        return None
    return {
        name: value
        for name, value in class_value.namespace.items()
        if not name.startswith("_") and not isinstance(value, FunctionValue | ClassValue)
    }


def find_by_value(class_value: ClassValue, arguments: Arguments) -> Value:
    """`Kind(3)`: the member of this value; `MISSING` if the class is no enumeration."""
    known = members(class_value)
    if known is None or len(arguments.args) != 1:
        return MISSING
    value = arguments.args[0]
    plain = isinstance(value, int | str | float) and value in [
        v for v in known.values() if isinstance(v, int | str | float)
    ]
    return value if plain else Unknown("which member of an enumeration it is is not known")
