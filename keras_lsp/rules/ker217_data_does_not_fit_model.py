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
The data is reshaped where the number of values per sample is the same, or `Flatten` is put first where a Sequential for vectors
gets images, or the shape of the `Input` is set to that of the data. None of them is applied unasked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from keras_lsp.inference.facts import ModelEvent, Refusal, Span
from keras_lsp.inference.values import DatasetValue, ListValue, TensorValue
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import Failure
from keras_lsp.rules.model_data import PREDICTING, TRAINING, declaration, events, is_whole_array, origin_of
from keras_lsp.rules.rewriting import (
    insert_before_layer,
    is_written,
    place,
    remove_arguments,
    replace_value,
    spell,
)
from keras_lsp.rules.shape_arguments import as_shape, single
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

    for failure in context.failures.get("KER217", ()):
        yield _called(context, failure)


def _called(context: Context, failure: Failure) -> Finding:
    """The finding for a model that is called on an array, `model(x)`."""
    argument = failure.call.arguments["inputs"]
    value = argument.value
    assert isinstance(value, TensorValue)
    model = next((m for m in context.facts.models if failure.layer is not None and m.call is failure.layer.call), None)
    expected = single(model.inputs) if model is not None and model.inputs else None
    data = value.spec.shape or ()
    takes = f"takes {format_shape(expected)}, and is" if expected is not None else "is"
    advice = "Give the data the model's shape."
    if expected is not None and is_one_sample(data, expected):
        advice = "This is one sample: add the batch axis, `[None, ...]`."
    message = f"The model {takes} called on {format_shape(data)}. {advice} {raises(context, failure.error)}"
    related = origin_of(context, failure.call, value.origin, f"the array gets its shape here, {format_shape(data)}")
    first = model.layers[0] if model is not None and model.layers else None
    if first is not None and first.span is not None and expected is not None:
        related = ((first.span, f"the input is declared here, {format_shape(expected)}"), *related)
    return RULE.finding(failure.span, message, related=related)


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
    elif dataset and data[:2] == (None, None) and data[2:] == tuple(expected[1:]):
        advice = "The data set is batched twice: one `batch` is enough."
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
    found = declaration(event)
    given = place(event.call, argument)
    origin = array_origin(refusal)
    made = origin_of(context, event.call, origin, f"the array gets its shape here, {format_shape(data)}")
    declared = place(found[0], found[0].arguments[found[1]]) if found else None
    span = given
    wrong = _declaration_is_wrong(context, event, refusal, origin)
    if declared is not None and wrong:
        span = declared
    elif made and origin is not None and _SHAPED.search(context.source(origin)) and len(data) == len(expected):
        span = origin
    words = f"`{event.method}` is given {format_shape(data)} here"
    related = ((given, words),) if span != given else ()
    if declared is not None and span != declared:
        related += ((declared, f"the input is declared here, {format_shape(expected)}"),)
    if span != origin:
        related += made
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
    flatten = _flatten(context, event, refusal) if same_size and not dataset else None
    if flatten is not None:
        fixes.append(flatten)
    if found is not None and found[1] in ("shape", "input_shape") and not dataset and wrong:
        shape = found[0].arguments[found[1]]
        if is_written(shape) and as_shape(shape.value) is not None and all(isinstance(d, int) for d in data[1:]):
            edit = TextEdit(*shape.span, literal(data[1:]))
            fixes.append(Fix(f"Declare the data's shape: `{literal(data[1:])}`", (edit,), Applicability.UNSAFE))
    size = found[0].arguments["input_dim"] if found is not None and found[1] == "input_dim" and wrong else None
    if size is not None and is_written(size) and len(data) == 2 and isinstance(data[1], int) and not dataset:
        fixes.append(
            Fix(f"Declare the data's size: `{data[1]}`", (TextEdit(*size.span, str(data[1])),), Applicability.UNSAFE)
        )
    return RULE.finding(span, message, related=related, fixes=tuple(fixes))


def _flatten(context: Context, event: ModelEvent, refusal: Refusal) -> Fix | None:
    """Let a Sequential for vectors take the images as they are, and flatten them itself."""
    found, rows = declaration(event), event.model.layers
    data, expected = refusal.shape, refusal.expected
    if found is None or event.model.class_name != "Sequential" or len(expected) != 2 or len(data) < 3 or not rows:
        return None
    call, name = found
    first = next((row.fact for row in rows if row.fact is not None and row.fact.class_name != "InputLayer"), None)
    spelled = spell(context, first.call, "Flatten") if first is not None else None
    if first is None or spelled is None or not is_written(call.arguments[name]):
        return None
    shape = literal(data[1:])
    if call is first.call:
        edits = insert_before_layer(context, first, f"{spelled[0]}(input_shape={shape})")
        removed = remove_arguments(context, call, [name])
    else:
        edits = insert_before_layer(context, first, f"{spelled[0]}()", behind_input=True)
        removed = replace_value(call.arguments[name], shape) if name == "shape" else None
    if edits is None or removed is None:
        return None
    return Fix("Put Flatten() first", (*edits, *removed, *spelled[1]), Applicability.UNSAFE)


# How a program gives an array the shape it means.
_SHAPED = re.compile(r"\breshape\(|\bexpand_dims\(|\btranspose\(|\bmoveaxis\(|\bswapaxes\(|\.T\b|\bnewaxis\b|\bNone\b")


def array_origin(refusal: Refusal) -> Span | None:
    """Where the array that is refused got its shape."""
    value = refusal.argument.value
    if refusal.argument.name == "validation_data" and isinstance(value, tuple) and value:
        value = value[0]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, ListValue):
        value = (value.items or [None] * (refusal.index + 1))[refusal.index]
    return value.origin if isinstance(value, TensorValue) else None


def _declaration_is_wrong(context: Context, event: ModelEvent, refusal: Refusal, origin: Span | None) -> bool:
    """Whether a person would rather change the input's declaration than the array: as many axes, another size.

    Not where the program shaped the array by hand, where the same sizes stand in another order, or where the model takes other
    arrays.
    """
    data, expected = refusal.shape, refusal.expected
    if len(data) != len(expected) or event.method not in ("fit", "train_on_batch") or refusal.argument.name != "x":
        return False
    if len(event.inputs or ()) != 1 or sorted(map(str, data[1:])) == sorted(map(str, expected[1:])):
        return False
    if origin is not None and _SHAPED.search(context.source(origin)) is not None:
        return False
    return not any(
        other.model is event.model
        and other.method in ("fit", "train_on_batch")
        and not other.refusals
        and other is not event
        for other in context.facts.events
    )


RULE = Rule("KER217", "data-does-not-fit-model", Severity.ERROR, "sometimes", check, __doc__ or "")
