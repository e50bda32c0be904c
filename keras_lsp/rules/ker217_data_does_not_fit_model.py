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

from collections.abc import Iterator

from keras_lsp.inference.facts import LayerFact, ModelEvent
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import recurrent_core
from keras_lsp.rules.model_data import (
    PREDICTING,
    TRAINING,
    array_of,
    declaration,
    events,
    input_shape,
    is_whole_array,
)
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.rules.shape_arguments import as_shape
from keras_lsp.rules.wording import keras_name, literal
from keras_lsp.shapes.dim import Shape, differ, format_shape, product
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Arrays that the model's input refuses."""
    reported: set[tuple[int, Shape]] = set()
    for event in events(context, TRAINING | PREDICTING):
        data, expected = array_of(event, "x"), input_shape(event)
        if (
            data is None
            or data.shape is None
            or expected is None
            or event.model.class_name not in ("Sequential", "Functional")
        ):
            continue
        if fits(context, event, data.shape, expected) or is_one_sample(data.shape, expected):
            continue
        if declaration(event) is None:
            continue  # built by its data; whether it takes other data, too, depends on the layers
        if is_whole_array(context, event) or (id(event.model), data.shape[1:]) in reported:
            continue
        reported.add((id(event.model), data.shape[1:]))
        yield _finding(context, event, data.shape, expected)


def fits(context: Context, event: ModelEvent, data: Shape, expected: Shape) -> bool:
    """Whether Keras may take the data: it adds or drops a last axis of size 1, and Keras 3 lets sequences be of any length."""
    if len(data) == len(expected) - 1 and expected[-1] == 1:
        expected = expected[:-1]
    elif len(data) == len(expected) + 1 and data[-1] == 1:
        data = data[:-1]
    if len(data) != len(expected):
        # A Keras 2 Sequential asks its first layer, not its declared input: Dense takes any rank.
        sequential = event.model.class_name == "Sequential"
        return not context.keras3 and sequential and not differ(data[-1], expected[-1])
    axes = range(1, len(data))
    first = event.first_layer
    if context.keras3 and first is not None and _any_length(event) and len(data) >= 3:
        axes = range(len(data) - 1, len(data))
    return not any(differ(data[axis], expected[axis]) for axis in axes)


def _any_length(event: ModelEvent) -> bool:
    """Whether some layer at the start works on sequences or images of any size, so that Keras 3 may let it pass."""
    rows = event.model.layers or []
    facts = [row.fact for row in rows if row.fact is not None]
    return not facts or any(_flexible(fact) for fact in facts[:2])


def _flexible(layer: LayerFact) -> bool:
    return recurrent_core(layer) is not None or layer.class_name.startswith(
        ("Conv", "Separable", "Depthwise", "Max", "Average", "Global", "TimeDistributed", "Embedding")
    )


def is_one_sample(data: Shape, expected: Shape) -> bool:
    """Whether the array is exactly one sample without the batch axis."""
    return (
        len(data) == len(expected) - 1 and all(isinstance(d, int) for d in data) and tuple(data) == tuple(expected[1:])
    )


def _finding(context: Context, event: ModelEvent, data: Shape, expected: Shape) -> Finding:
    argument = event.call.arguments.get("x")
    per_sample, wanted = product(data[1:]), product(expected[1:])
    same_size = isinstance(per_sample, int) and per_sample == wanted
    advice = f"Give the data the model's shape, or declare `{literal(data[1:])}` as the input shape."
    if same_size:
        advice = f"Reshape it: `.reshape(-1, {', '.join(str(d) for d in expected[1:])})`."
    elif len(data) == len(expected) and sorted(map(str, data[1:])) == sorted(map(str, expected[1:])):
        advice = "The same sizes stand in another order."
    elif len(data) == len(expected) - 1:
        advice = "An axis is missing in the data."
    message = (
        f"The model takes {format_shape(expected)}, and `{event.method}` is given {format_shape(data)}. {advice} "
        f"{keras_name(context)} raises: {_says(context, event, data, expected)}"
    )
    span = place(event.call, argument) if argument is not None else event.call.span
    found = declaration(event)
    related = ((found[0].span, f"the input is declared here, {format_shape(expected)}"),) if found else ()
    fixes: list[Fix] = []
    if argument is not None and is_written(argument) and same_size and context.source(argument.span).isidentifier():
        text = f".reshape(-1, {', '.join(str(d) for d in expected[1:])})"
        edit = TextEdit(argument.span.end, argument.span.end, text)
        fixes.append(Fix(f"Reshape the data: `{text}`", (edit,), Applicability.UNSAFE))
    if found is not None and found[1] in ("shape", "input_shape"):
        declared = found[0].arguments[found[1]]
        if is_written(declared) and as_shape(declared.value) is not None and all(isinstance(d, int) for d in data[1:]):
            edit = TextEdit(*declared.span, literal(data[1:]))
            fixes.append(Fix(f"Declare the data's shape: `{literal(data[1:])}`", (edit,), Applicability.UNSAFE))
    return RULE.finding(span, message, related=related, fixes=tuple(fixes))


def _says(context: Context, event: ModelEvent, data: Shape, expected: Shape) -> str:
    got = format_shape((None, *data[1:]))
    if context.keras3:
        return f"ValueError: ... expected shape={format_shape(expected)}, found shape={got}"
    return (
        f'ValueError: Input 0 of layer "{event.model.name}" is incompatible with the layer: expected '
        f"shape={format_shape(expected)}, found shape={got}"
    )


RULE = Rule("KER217", "data-does-not-fit-model", Severity.ERROR, "sometimes", check, __doc__ or "")
