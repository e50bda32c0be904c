"""Models that a program saves and loads again: nothing is read, but what it has saved itself is known.

A path is remembered as if it were a variable of the main module, so that who writes and who reads it is seen.
"""

from __future__ import annotations

import copy

from keras_lsp.inference.facts import Call
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import LibraryObject, ListValue, ModelValue, Unknown, Value

_PREFIX = "file "


def note_saved(machine: Machine, model: Value, path: Value) -> None:
    """`model.save(path)`, where it is sure to happen."""
    if (
        isinstance(path, str)
        and "{" not in path
        and not machine.uncertain
        and not machine.symbolic
        and not machine.muted
    ):
        frame = machine.activations[0].frame
        machine.touch(frame)
        frame.variables[_PREFIX + path] = model


def note_checkpoints(machine: Machine, model: Value, call: Call) -> None:
    """`fit(callbacks=[ModelCheckpoint(path)])`."""
    argument = call.arguments.get("callbacks")
    value = argument.value if argument is not None else None
    items: list[Value] = (value.items or []) if isinstance(value, ListValue) else [value]
    for item in items:
        if not isinstance(item, LibraryObject) or item.path != "keras.callbacks.ModelCheckpoint":
            continue
        if item.arguments.get("save_weights_only", False) is False:
            note_saved(machine, model, item.arguments.get("filepath"))


def load_saved(machine: Machine, path: Value) -> Value:
    """The model that this program has saved under a path."""
    known = machine.activations[0].frame.variables.get(_PREFIX + path) if isinstance(path, str) else None
    return Unknown("the model comes from a file") if known is None else copy_model(known)


def copy_model(value: Value) -> Value:
    """A model with the layers of another one, whose own list of layers may change by itself."""
    if type(value) is not ModelValue:
        return value
    twin = copy.copy(value)
    twin.layers = None if value.layers is None else list(value.layers)
    twin.nodes = list(value.nodes)
    return twin
