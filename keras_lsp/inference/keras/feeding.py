"""Arrays met with a model: `fit(x)` where the model, or one of its layers, is sure to refuse `x`."""

from __future__ import annotations

from typing import cast

from keras_lsp.inference.facts import Argument, Call, Refusal
from keras_lsp.inference.keras.model_calls import input_names, replay_graph
from keras_lsp.inference.keras.model_inputs import is_declared, mend, misfit
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import (
    DatasetValue,
    DictValue,
    ListValue,
    ModelValue,
    TensorValue,
    Unknown,
    Value,
)
from keras_lsp.shapes.dim import Shape
from keras_lsp.shapes.tensor import Tensor

# Functional models have mended the last axis of their inputs since TensorFlow 2.4; what came before differs in every release.
_MENDING = (2, 4)


def refusals(machine: Machine, model: ModelValue, call: Call) -> list[Refusal]:
    """What a model is sure to raise for the arrays that `fit`, `evaluate` or `predict` are given."""
    found: list[Refusal] = []
    if model.inputs is None or model.kind == "Subclassed" or machine.keras < _MENDING or machine.muted:
        return found
    x = call.arguments.get("x")
    held_out = call.arguments.get("validation_data")
    for argument, value in ((x, x and x.value), (held_out, _first(held_out))):
        arrays = _arrays(model, value) if argument is not None else None
        if argument is not None and arrays is not None:
            refusal = _refused(machine, model, argument, arrays)
            if refusal is not None:
                found.append(refusal)
    return found


def _first(argument: Argument | None) -> Value:
    """The inputs among validation data."""
    value = argument.value if argument is not None else None
    if isinstance(value, ListValue) and value.items is not None:
        value = tuple(value.items)
    if isinstance(value, tuple):
        items = cast("tuple[Value, ...]", value)
        return items[0] if len(items) in (2, 3) else None
    return value if isinstance(value, DatasetValue) else None


def _arrays(model: ModelValue, value: Value) -> list[TensorValue] | None:
    """The arrays for a model's inputs, in their order; `None` unless each input has one."""
    if isinstance(value, DatasetValue):
        if value.batched is None:
            return None
        element = value.element
        if isinstance(element, tuple):
            items = cast("tuple[Value, ...]", element)
            element = items[0] if len(items) in (2, 3) else None
        arrays = _arrays(model, element)
        # What a pipeline leaves open may be anything; but for the axes of batches of batches, which nothing takes away again.
        known = arrays is not None and all(
            _known(array.spec.shape) or _batched_twice(array.spec.shape, wanted.spec.shape)
            for array, wanted in zip(arrays, model.inputs or (), strict=True)
        )
        return arrays if known else None
    wanted = model.inputs or []
    if isinstance(value, TensorValue):
        given: list[Value] = [value]
    elif isinstance(value, DictValue):
        names = input_names(model)
        if value.open or not all(name is not None and name in value.items for name in names):
            return None
        given = [value.items[name] for name in names]
    elif isinstance(value, ListValue) and value.items is not None:
        given = value.items
    elif isinstance(value, tuple):
        given = list(cast("tuple[Value, ...]", value))
    else:
        return None
    if len(given) != len(wanted):
        return None
    arrays = [item for item in given if isinstance(item, TensorValue) and item.kind != "keras" and item.spec.shape]
    return arrays if len(arrays) == len(wanted) else None


def _known(shape: Shape | None) -> bool:
    return shape is not None and all(isinstance(dim, int) for dim in shape[1:])


def _batched_twice(shape: Shape | None, wanted: Shape | None) -> bool:
    """Whether a shape is the wanted one behind another batch axis."""
    return (
        shape is not None
        and wanted is not None
        and len(shape) == len(wanted) + 1
        and shape[:2] == (None, None)
        and all(isinstance(dim, int) for dim in (*shape[2:], *wanted[1:]))
        and shape[2:] == wanted[1:]
    )


def _refused(machine: Machine, model: ModelValue, argument: Argument, arrays: list[TensorValue]) -> Refusal | None:
    mended: list[TensorValue] = []
    for index, (array, wanted) in enumerate(zip(arrays, model.inputs or (), strict=True)):
        shape, expected = array.spec.shape, wanted.spec.shape
        if not shape or not expected:
            return None
        batch = (expected[0], *shape[1:])
        error = misfit(machine, model, index, batch, expected)
        if error is not None:
            return Refusal(argument, index, shape, expected, error)
        if len(batch) != len(expected) and not is_declared(model):
            return None  # built by other data; Keras 2 builds it again
        # Functional models cast what they are given to the dtype of their input.
        mended.append(TensorValue(Tensor(mend(batch, expected), wanted.spec.dtype), "tensorflow"))
    if model.outputs is None or all(
        a.spec.shape == b.spec.shape for a, b in zip(mended, model.inputs or (), strict=True)
    ):
        return None
    result = replay_graph(machine, model, mended)
    if not isinstance(result, Unknown) or result.error is None:
        return None
    index = next(
        (i for i, (a, b) in enumerate(zip(mended, model.inputs or (), strict=True)) if a.spec.shape != b.spec.shape), 0
    )
    shape, expected = arrays[index].spec.shape, (model.inputs or [])[index].spec.shape
    assert shape is not None and expected is not None
    return Refusal(argument, index, shape, expected, result.error)
