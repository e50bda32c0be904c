"""Classes of the program: definition, instances, look-up of members."""

from __future__ import annotations

import ast

from keras_lsp.inference.arguments import MISSING, Arguments
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.mappings import is_mapping, make_mapping
from keras_lsp.inference.records import fill_fields, find_by_value, is_named_tuple, make_named_tuple
from keras_lsp.inference.values import (
    BoundMethod,
    ClassValue,
    External,
    Frame,
    FunctionValue,
    ObjectValue,
    Unknown,
    Value,
)


def define_class(machine: Machine, node: ast.ClassDef) -> Value:
    """A class value: its body is evaluated in a frame of its own."""
    bases = [machine.evaluate(base) for base in node.bases if not isinstance(base, ast.Starred)]
    value = ClassValue(node, machine.module, bases)
    for decorator in node.decorator_list:
        applied = machine.evaluate(decorator)
        if (isinstance(applied, External) and applied.path.endswith("dataclass")) or (
            isinstance(applied, Unknown | External) and "dataclass" in ast.dump(decorator)
        ):
            value.is_dataclass = True
    frame = Frame(machine.module, machine.frame)
    frame.class_value = value
    if machine.module.is_main:
        machine.definitions.append(value)
    with machine.activate(frame):
        machine.execute(node.body)
    return value


def find_member(class_value: ClassValue, name: str, after: ClassValue | None = None) -> Value:
    """A member of a class or the nearest base; `External` when a library base has to provide it; `MISSING` if nobody does.

    With `after`, the search starts behind that class (`super()`).
    """
    skipping = after is not None
    for base in class_value.linearise():
        if skipping:
            skipping = base is not after
            continue
        if isinstance(base, ClassValue):
            if name in base.namespace:
                return base.namespace[name]
        elif isinstance(base, External):
            if base.path not in ("builtins.object", "abc.ABC", "typing.Generic"):
                return External(f"{base.path}.{name}")
        elif isinstance(base, Unknown):
            return Unknown(f"inherited from an unknown class: {base.reason}")
    return MISSING


def library_base(class_value: ClassValue) -> str | None:
    """Dotted name of the first library class it derives from, `None` if there is none."""
    for base in class_value.linearise():
        if isinstance(base, External) and base.path not in ("builtins.object", "abc.ABC"):
            return base.path
    return None


def instantiate(machine: Machine, class_value: ClassValue, arguments: Arguments, node: ast.AST | None) -> Value:
    """An instance: `__init__` is evaluated; a class that derives from a Keras layer or model gets its Keras half."""
    from keras_lsp.inference.keras.custom import adopt, initialise

    if is_named_tuple(class_value):
        return make_named_tuple(machine, class_value, arguments)
    member = find_by_value(class_value, arguments)
    if member is not MISSING:
        return member
    if is_mapping(class_value):
        return make_mapping(machine, class_value, arguments, node)
    instance = ObjectValue(class_value)
    adopt(machine, instance, arguments, node)
    if instance.layer is not None and not machine.muted:
        machine.instances.append(instance)
    initialiser = find_member(class_value, "__init__")
    if isinstance(initialiser, FunctionValue):
        machine.call(BoundMethod(initialiser, instance), arguments, node)
    elif class_value.is_dataclass:
        fill_fields(machine, instance, arguments)
    elif instance.layer is not None:
        initialise(machine, instance, arguments, node)
    elif any(isinstance(base, Unknown) for base in class_value.linearise()):
        instance.open = True
    return instance
