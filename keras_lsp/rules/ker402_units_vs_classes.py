"""KER402: the last layer has another number of units than there are classes.

## What it does
Compares the number of units of the output with one-hot labels, and with the number of classes where it is known (data sets of
Keras, `to_categorical`, class names).

## Why it matters
With class numbers training stops at the first label that is too large; with one-hot labels, because shapes differ.

## Example
```python
(x, y), _ = keras.datasets.mnist.load_data()
model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(5, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y)
```

## Use instead
```python
(x, y), _ = keras.datasets.mnist.load_data()
model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y)
```

## Fix
The number of units is set to the number of classes.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import LayerFact, Span
from keras_lsp.inference.values import TensorValue
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.model_data import (
    BINARY,
    CATEGORICAL,
    CROSSENTROPIES,
    SPARSE,
    Comparison,
    about_labels,
    comparisons,
    largest,
)
from keras_lsp.rules.rewriting import is_written, place, replace_value
from keras_lsp.rules.wording import keras_name
from keras_lsp.shapes.dim import format_shape

_SIZES = ("units", "filters")


def check(context: Context) -> Iterator[Finding]:
    """Outputs that cannot tell the classes apart."""
    reported: set[Span] = set()
    yield from _encoded(context)
    for comparison in comparisons(context):
        loss, labels, output = comparison.loss, comparison.labels, comparison.output
        if loss.name not in CROSSENTROPIES:
            continue
        units = output[-1] if len(output) > 1 else None
        if not isinstance(units, int):
            continue
        classes: int | None = None
        why = ""
        if loss.name == SPARSE and isinstance(labels.classes, int) and labels.classes > units:
            classes = labels.classes
            why = f"{keras_name(context)} stops at a label outside of [0, {units})"
        elif loss.name == SPARSE and (top := largest(labels.content)) is not None and top >= units > 1:
            classes = top + 1
            why = f"{keras_name(context)} stops at the label {top}, outside of [0, {units})"
        elif loss.name in (CATEGORICAL, BINARY) and len(comparison.shape) == len(output):
            columns = comparison.shape[-1]
            if isinstance(columns, int) and columns != units and columns > 1:
                classes = columns
                target = format_shape((None, *comparison.shape[1:]))
                why = f"{keras_name(context)} raises an error that {target} and {format_shape(output)} differ"
        span = _place(comparison)
        if classes is None or span in reported:
            continue
        reported.add(span)
        message = (
            f"The labels have {classes} classes and the output has {units} "
            f"{'value' if units == 1 else 'values'}, {format_shape(output)}: {why}. Set the last layer to {classes} units."
        )
        related = about_labels(context, comparison)
        yield RULE.finding(span, message, related=related, fixes=_set_units(comparison.layer, classes))


def _encoded(context: Context) -> Iterator[Finding]:
    """`to_categorical(y, 3)` of labels from 1 to 3."""
    for call in context.facts.calls:
        x, classes = call.arguments.get("x") or call.arguments.get("y"), call.arguments.get("num_classes")
        if call.canonical not in _ENCODERS or call.guarded or call.symbolic or x is None or classes is None:
            continue
        value, count = x.value, classes.value
        top = largest(value.spec.content) if isinstance(value, TensorValue) and value.kind == "numpy" else None
        if top is None or not isinstance(count, int) or isinstance(count, bool) or not top >= count > 0:
            continue
        message = (
            f"The largest label is {top}: there are at least {top + 1} classes, counted from 0. `to_categorical` raises: IndexError: index "
            f"{top} is out of bounds for axis 1 with size {count}."
        )
        yield RULE.finding(place(call, classes), message)


_ENCODERS = frozenset(("keras.utils.to_categorical", "keras.utils.np_utils.to_categorical"))


def _place(comparison: Comparison) -> Span:
    layer = comparison.layer
    if layer is None:
        return comparison.event.call.span
    argument = next((layer.call.arguments[name] for name in _SIZES if name in layer.call.arguments), None)
    return place(layer.call, argument) if argument is not None else layer.span


def _set_units(layer: LayerFact | None, classes: int) -> tuple[Fix, ...]:
    argument = layer.call.arguments.get("units") if layer is not None else None
    if argument is None or not is_written(argument):
        return ()
    edits = replace_value(argument, str(classes))
    return (Fix(f"Set `units` to {classes}", edits, Applicability.UNSAFE),) if edits else ()


RULE = Rule("KER402", "units-vs-classes", Severity.ERROR, "sometimes", check, __doc__ or "")
