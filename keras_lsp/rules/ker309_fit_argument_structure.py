"""KER309: the arrays given to a model do not have the structure that it takes.

## What it does
Reports another number of arrays than the model has inputs, arrays of different numbers of samples, and lists of numbers
where Keras wants arrays: everywhere in Keras 3, beside an array in Keras 2; and dictionaries of arrays that lack one for an
input, or have labels for no output.

## Why it matters
Keras stops when training starts: `Data cardinality is ambiguous`, `Layer expects 2 input(s), but it received 1 input tensors`,
`Unrecognized data type: x=[[1, 2, 3]] (of type <class 'list'>)`.

## Example
```python
x, y = np.zeros((100, 3), "float32"), np.zeros((90, 1), "float32")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, y)
```

## Use instead
```python
x, y = np.zeros((100, 3), "float32"), np.zeros((100, 1), "float32")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, y)
```

## Fix
None.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from keras_lsp.inference.facts import Argument, ModelEvent
from keras_lsp.inference.values import DictValue, ListValue, TensorValue
from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.failures import Failure
from keras_lsp.rules.model_data import PREDICTING, TRAINING, array_of, arrays_in, events
from keras_lsp.rules.rewriting import place
from keras_lsp.rules.wording import count, keras_name, listed, raises
from keras_lsp.shapes.dim import Shape, differ, format_shape
from keras_lsp.shapes.tensor import Tensor


def check(context: Context) -> Iterator[Finding]:
    """Arrays in another number or of other lengths than the model takes."""
    for event in events(context, TRAINING | PREDICTING):
        if event.model.class_name not in ("Sequential", "Functional"):
            continue
        found = list(_lists(context, event)) or list(_numbers(context, event))
        yield from found
        if event.method in TRAINING:
            yield from _samples(context, event)
            yield from _outputs(context, event)
            yield from _named_outputs(context, event)
    for failure in context.failures.get("KER309", ()):
        yield _missing(context, failure)


def _missing(context: Context, failure: Failure) -> Finding:
    """A dictionary of arrays without one for an input."""
    facts = failure.error.facts
    names = cast("tuple[str, ...]", facts["missing"])
    what = f"no `{names[0]}`" if names else f"{facts['found']} arrays for {facts['expected']} inputs"
    message = f"The dictionary has {what}. {raises(context, failure.error)}"
    return RULE.finding(place(failure.call, failure.call.arguments[str(facts["argument"])]), message)


def _lists(context: Context, event: ModelEvent) -> Iterator[Finding]:
    """The first list of numbers among the arrays of `fit`, `evaluate` or `predict`, where Keras finds no adapter for it.

    Source: `get_data_adapter` in keras/src/trainers/data_adapters/__init__.py (Keras 3), `select_data_adapter` in
    keras/src/engine/data_adapter.py (Keras 2: lists of numbers, but not together with arrays).
    """
    if event.method not in ("fit", "evaluate", "predict"):
        return
    given = [event.call.arguments[name] for name in ("x", "y") if name in event.call.arguments]
    lists = [argument for argument in given if _plain_numbers(argument.value)]
    arrays = [argument for argument in given if isinstance(argument.value, TensorValue)]
    if not lists or len(lists) + len(arrays) < len(given) or (not context.keras3 and not arrays):
        return
    reason = (
        "takes arrays, not lists of numbers, and raises: ValueError: Unrecognized data type"
        if context.keras3
        else "takes lists or arrays, not both, and raises: ValueError: Failed to find data adapter"
    )
    argument = lists[0]
    message = f"{keras_name(context)} {reason}. Write `np.array({context.source(argument.span)[:40]})`."
    yield RULE.finding(place(event.call, argument), message)


def _numbers(context: Context, event: ModelEvent) -> Iterator[Finding]:
    argument = event.call.arguments.get("x")
    if argument is None:
        return
    if event.inputs is None or event.model.layers is None:
        return
    if isinstance(argument.value, DictValue):
        return  # compared by names
    arrays = arrays_in(argument.value)
    given = len(arrays) if arrays is not None else 1 if isinstance(argument.value, TensorValue) else None
    wanted = len(event.inputs)
    if given is None or given == wanted or (arrays is None and wanted == 1):
        return
    if given > wanted and (2, 4) <= context.keras < (2, 6):
        return  # TensorFlow 2.3 takes the first ones; 2.4 and 2.5 were not asked
    severity = Severity.WARNING if wanted == 1 and context.keras3 else Severity.ERROR
    message = f"The model has {count(wanted, 'input')}, and `{event.method}` is given {count(given, 'array')}."
    yield RULE.finding(place(event.call, argument), message, severity=severity)


def _plain_numbers(value: object) -> bool:
    """A list of numbers, or of lists of numbers."""
    if not isinstance(value, ListValue) or not value.items:
        return False
    return all(
        (isinstance(item, int | float) and not isinstance(item, bool)) or _plain_numbers(item) for item in value.items
    )


# From here on Keras 3 compares the structures of labels and outputs (3.6 does not, 3.7 was not asked).
_LABELS_COMPARED = (3, 8)


def _outputs(context: Context, event: ModelEvent) -> Iterator[Finding]:
    """One array of labels for a model with several outputs."""
    argument, outputs = event.call.arguments.get("y"), event.outputs
    if argument is None or outputs is None or len(outputs) < 2 or event.compiled is None or event.model.layers is None:
        return
    if not isinstance(argument.value, TensorValue) or "loss" not in event.compiled.call.arguments:
        return
    if (3,) <= context.keras < _LABELS_COMPARED:
        return
    outcome = (
        f"{keras_name(context)} raises: ValueError: y_true and y_pred have different structures."
        if context.keras3
        else f"{keras_name(context)} compares it with the first one only, without a word."
    )
    message = (
        f"The model has {count(len(outputs), 'output')}, and `{event.method}` is given one array of labels. Give a list with "
        f"one for each. {outcome}"
    )
    severity = Severity.ERROR if context.keras3 else Severity.WARNING
    related = ((event.model.span, f"the model has {count(len(outputs), 'output')}"),)
    yield RULE.finding(place(event.call, argument), message, severity=severity, related=related)


# From here on Keras 3 takes labels by names only for several outputs, and all of them (3.6 does not; 3.7 and 3.8 were not asked).
_LABEL_NAMES_COMPARED = (3, 9)


def _named_outputs(context: Context, event: ModelEvent) -> Iterator[Finding]:
    """Labels by the names of outputs that the model does not have."""
    argument, names = event.call.arguments.get("y"), event.output_names
    labels = argument.value if argument is not None else None
    if argument is None or names is None or not isinstance(labels, DictValue) or labels.open:
        return
    if (3,) <= context.keras < _LABEL_NAMES_COMPARED or context.keras < (2, 4) or event.compiled is None:
        return
    given = [key for key in labels.items if isinstance(key, str)]
    if "loss" not in event.compiled.call.arguments or len(given) != len(labels.items):
        return
    if context.keras3 and len(names) == 1:
        message = (
            f"The model has one output, not a dictionary of them: give `{event.method}` the array of labels itself. "
            f"{keras_name(context)} raises: TypeError: Expected float32, but got {given[0] if given else 'a name'} of type 'str'."
        )
        yield RULE.finding(place(event.call, argument), message)
        return
    chosen = [name for name in names if name is not None]
    wrong = [name for name in given if name not in chosen]
    missing = [name for name in chosen if name not in given] if context.keras3 else []
    if len(chosen) < len(names) or not (wrong or missing):
        return
    what = f"The model has no output `{wrong[0]}`" if wrong else f"There are no labels for the output `{missing[0]}`"
    message = f"{what}: its outputs are {listed(chosen)}. {keras_name(context)} raises an error about the names of the labels."
    yield RULE.finding(place(event.call, argument), message)


def _samples(context: Context, event: ModelEvent) -> Iterator[Finding]:
    x, y = array_of(event, "x"), array_of(event, "y")
    argument = event.call.arguments.get("y")
    yield from _weights(context, event, x)
    yield from _held_out(context, event)
    if (
        x is None
        or y is None
        or not x.shape
        or not y.shape
        or argument is None
        or not isinstance(argument.value, TensorValue)
    ):
        return
    if differ(x.shape[0], y.shape[0]):
        yield _ambiguous(context, event, argument, (x.shape, y.shape), ("x", "y"))


def _weights(context: Context, event: ModelEvent, x: Tensor | None) -> Iterator[Finding]:
    """Weights of another number of samples."""
    argument = event.call.arguments.get("sample_weight")
    value = argument.value if argument is not None else None
    if x is None or not x.shape or argument is None or not isinstance(value, TensorValue) or not value.spec.shape:
        return
    if differ(x.shape[0], value.spec.shape[0]):
        yield _ambiguous(context, event, argument, (x.shape, value.spec.shape), ("x", "sample_weight"))


def _held_out(context: Context, event: ModelEvent) -> Iterator[Finding]:
    """Validation data and labels of different lengths."""
    argument = event.call.arguments.get("validation_data")
    if argument is None:
        return
    arrays = arrays_in(argument.value)
    if arrays is None or len(arrays) not in (2, 3) or len(event.inputs or ()) != 1 or len(event.outputs or ()) != 1:
        return
    first, second = arrays[0].spec.shape, arrays[1].spec.shape
    if first and second and differ(first[0], second[0]):
        yield _ambiguous(context, event, argument, (first, second), ("validation_data[0]", "validation_data[1]"))


def _ambiguous(
    context: Context, event: ModelEvent, argument: Argument, shapes: tuple[Shape, Shape], names: tuple[str, str]
) -> Finding:
    message = (
        f"There are {shapes[0][0]} samples in `{names[0]}`, {format_shape(shapes[0])}, and {shapes[1][0]} in `{names[1]}`, "
        f"{format_shape(shapes[1])}. {keras_name(context)} raises: ValueError: Data cardinality is ambiguous."
    )
    return RULE.finding(place(event.call, argument), message)


RULE = Rule("KER309", "fit-argument-structure", Severity.ERROR, "none", check, __doc__ or "")
