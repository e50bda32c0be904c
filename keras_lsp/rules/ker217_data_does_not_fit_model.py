"""KER217: an array given to `fit`, `evaluate` or `predict` does not fit the model's input.

## What it does
Compares the arrays given to a model with its inputs: the number of axes, and the size of every axis. What Keras repairs by
itself, such as a missing last axis of size 1, is not reported.

## Why it matters
Three of four shape bugs are here. Keras finds them only when training starts, after all data has been loaded.

## Example
```python
x, y = np.zeros((100, 28, 28), "float32"), np.zeros((100, 10), "float32")
model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])
model.compile("adam", "mse")
model.fit(x, y)
```

## Use instead
```python
x, y = np.zeros((100, 28, 28), "float32"), np.zeros((100, 10), "float32")
model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])
model.compile("adam", "mse")
model.fit(x.reshape(-1, 784), y)
```

## Fix
The data is reshaped where the number of values per sample is the same, or the shape of the `Input` is set to that of the data.
Neither is applied unasked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from keras_lsp.inference.facts import ModelEvent, Refusal
from keras_lsp.inference.values import DatasetValue, TensorValue
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.model_data import PREDICTING, TRAINING, declaration, events, is_whole_array
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.rules.shape_arguments import as_shape
from keras_lsp.rules.wording import literal, raises
from keras_lsp.shapes.dim import Shape, format_shape, product
from keras_lsp.text.edits import TextEdit

# A size of zero comes from data that is not there yet: the program as it runs has some.
_EMPTY = re.compile(r"[(\[, ]0[,)\]]")


def check(context: Context) -> Iterator[Finding]:
    """Arrays that the model's input refuses."""
    reported: set[tuple[int, int, Shape]] = set()
    for event in events(context, TRAINING | PREDICTING):
        for refusal in event.refusals:
            key = (id(event.model), refusal.index, refusal.shape[1:])
            if is_one_sample(refusal.shape, refusal.expected) and isinstance(refusal.argument.value, TensorValue):
                continue  # KER310
            if key in reported or _EMPTY.search(refusal.error.text) or is_whole_array(context, event):
                continue
            reported.add(key)
            yield _finding(context, event, refusal)


def is_one_sample(data: Shape, expected: Shape) -> bool:
    """Whether the array is exactly one sample without the batch axis."""
    return (
        len(data) == len(expected) - 1 and all(isinstance(d, int) for d in data) and tuple(data) == tuple(expected[1:])
    )


def _finding(context: Context, event: ModelEvent, refusal: Refusal) -> Finding:
    argument, data, expected = refusal.argument, refusal.shape, refusal.expected
    per_sample, wanted = product(data[1:]), product(expected[1:])
    same_size = isinstance(per_sample, int) and per_sample == wanted
    advice = f"Give the data the model's shape, or declare `{literal(data[1:])}` as the input shape."
    dataset = isinstance(argument.value, DatasetValue)
    if dataset and is_one_sample(data, expected):
        advice = "The data set has single samples: call its `batch` first."
    elif same_size:
        advice = f"Reshape it: `.reshape(-1, {', '.join(str(d) for d in expected[1:])})`."
    elif len(data) == len(expected) and sorted(map(str, data[1:])) == sorted(map(str, expected[1:])):
        advice = "The same sizes stand in another order."
    elif len(data) == len(expected) - 1:
        advice = "An axis is missing in the data."
    takes = "The model takes" if len(event.inputs or ()) < 2 else f"Input {refusal.index} of the model takes"
    message = (
        f"{takes} {format_shape(expected)}, and `{event.method}` is given {format_shape(data)}"
        f"{'' if argument.name == 'x' else f' as `{argument.name}`'}. {advice} {raises(context, refusal.error)}"
    )
    span = place(event.call, argument)
    found = declaration(event)
    related = ((found[0].span, f"the input is declared here, {format_shape(expected)}"),) if found else ()
    fixes: list[Fix] = []
    if (
        is_written(argument)
        and same_size
        and isinstance(argument.value, TensorValue)
        and context.source(argument.span).isidentifier()
    ):
        text = f".reshape(-1, {', '.join(str(d) for d in expected[1:])})"
        edit = TextEdit(argument.span.end, argument.span.end, text)
        fixes.append(Fix(f"Reshape the data: `{text}`", (edit,), Applicability.UNSAFE))
    if found is not None and found[1] in ("shape", "input_shape") and not dataset:
        declared = found[0].arguments[found[1]]
        if is_written(declared) and as_shape(declared.value) is not None and all(isinstance(d, int) for d in data[1:]):
            edit = TextEdit(*declared.span, literal(data[1:]))
            fixes.append(Fix(f"Declare the data's shape: `{literal(data[1:])}`", (edit,), Applicability.UNSAFE))
    return RULE.finding(span, message, related=related, fixes=tuple(fixes))


RULE = Rule("KER217", "data-does-not-fit-model", Severity.ERROR, "sometimes", check, __doc__ or "")
