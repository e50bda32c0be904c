"""KER309: the arrays given to a model do not have the structure that it takes.

## What it does
Reports another number of arrays than the model has inputs, arrays of different numbers of samples, and lists of numbers
where Keras wants arrays: everywhere in Keras 3, beside an array in Keras 2.

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

from keras_lsp.inference.facts import ModelEvent
from keras_lsp.inference.values import ListValue, TensorValue
from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.model_data import PREDICTING, TRAINING, array_of, arrays_in, events
from keras_lsp.rules.rewriting import place
from keras_lsp.rules.wording import count, keras_name
from keras_lsp.shapes.dim import differ, format_shape


def check(context: Context) -> Iterator[Finding]:
    """Arrays in another number or of other lengths than the model takes."""
    for event in events(context, TRAINING | PREDICTING):
        if event.model.class_name not in ("Sequential", "Functional"):
            continue
        found = list(_lists(context, event)) or list(_numbers(context, event))
        yield from found
        if event.method in TRAINING:
            yield from _samples(context, event)


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


def _samples(context: Context, event: ModelEvent) -> Iterator[Finding]:
    x, y = array_of(event, "x"), array_of(event, "y")
    argument = event.call.arguments.get("y")
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
        message = (
            f"There are {x.shape[0]} samples in `x`, {format_shape(x.shape)}, and {y.shape[0]} in `y`, {format_shape(y.shape)}. "
            f"{keras_name(context)} raises: ValueError: Data cardinality is ambiguous."
        )
        yield RULE.finding(place(event.call, argument), message)


RULE = Rule("KER309", "fit-argument-structure", Severity.ERROR, "none", check, __doc__ or "")
