"""What a model itself says to an input: what it refuses, what it mends, and what it leaves to its layers."""

from __future__ import annotations

from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import ModelValue
from keras_lsp.shapes.dim import Shape, differ, format_shape
from keras_lsp.shapes.outcome import ShapeError


def is_declared(model: ModelValue) -> bool:
    """Whether the program said what a model's input is; other models are built by their first data."""
    producer = model.inputs[0].producer if model.inputs else None
    layer = producer.layer if producer is not None else None
    return layer is not None and layer.fact.call.canonical not in ("keras.Sequential", "keras.Model")


def mend(found: Shape, expected: Shape) -> Shape:
    """A shape with a last axis of size 1 dropped or added, as Keras does where that gives the rank it wants.

    Source: `_adjust_input_rank` in keras/src/models/functional.py, `_conform_to_reference_input` in Keras 2.
    """
    if len(found) == len(expected) + 1 and found[-1] == 1:
        return found[:-1]
    if len(found) == len(expected) - 1 and expected[-1] == 1:
        return (*found, 1)
    return found


# Models compare arrays with their inputs from here on; TensorFlow 2.3 leaves all to the layers, 2.4 and 2.5 were not read.
_SPECIFIED = (2, 6)
# A Sequential has the specification of its first layer before.
_SEQUENTIAL_SPECIFIED = (2, 7)


def _specified(machine: Machine, model: ModelValue, symbolic: bool) -> bool:
    """Whether a model compares sizes: with arrays in Keras 2, in Keras 3 a Sequential only with symbolic tensors."""
    if machine.keras >= (3,):
        return symbolic or model.kind == "Functional"
    return not symbolic and machine.keras >= (_SPECIFIED if model.kind == "Functional" else _SEQUENTIAL_SPECIFIED)


def misfit(
    machine: Machine, model: ModelValue, index: int, found: Shape, expected: Shape, symbolic: bool = False
) -> ShapeError | None:
    """What a model itself refuses, before any layer: sizes where it has an input specification, and ranks in Keras 3.

    A specification compares axis by axis, without last axes of size 1, and only as far as both go. Source:
    `assert_input_compatibility` in keras/src/layers/input_spec.py, `input_spec` of functional and sequential models, with
    `allow_last_axis_squeeze`; in Keras 2 `_functional_construction_call` of engine/base_layer.py does not ask for it.
    """
    declared = is_declared(model)
    if declared and _specified(machine, model, symbolic):
        ours = expected[:-1] if expected[-1] == 1 else expected
        theirs = found[:-1] if found[-1] == 1 else found
        if any(differ(a, b) for a, b in zip(ours[1:], theirs[1:], strict=False)):
            return model_error(machine, model, index, expected, found, "axis-size")
    if machine.keras >= (3,) and len(mend(found, expected)) != len(expected):
        return model_error(machine, model, index, expected, found, "rank")
    return None


def model_error(machine: Machine, model: ModelValue, index: int, wanted: Shape, found: Shape, kind: str) -> ShapeError:
    """The error of a model that refuses an input."""
    shown = (None, *wanted[1:])
    who = f'Input {index} of layer "{model.name}"'
    if machine.keras >= (3, 13):
        inputs = model.inputs or []
        name = inputs[index].name if index < len(inputs) else None
        who = f"Input {index} with name '{name}' of layer '{model.name}'"
    text = (
        f"ValueError: {who} is incompatible with the layer: expected shape={format_shape(shown)}, "
        f"found shape={format_shape(found)}"
    )
    facts = {"expected": wanted, "found": found, "input": index, "rank": len(found), "expected_rank": len(wanted)}
    return ShapeError(kind, text, facts)
