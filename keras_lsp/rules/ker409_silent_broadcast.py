"""KER409: labels and output have different shapes, and broadcasting hides it.

## What it does
Compares labels and output where the loss works elementwise (`mse`, `mae`, `huber`, ...): labels `(N, 1)` with outputs `(N, 3)` or
`(N, 5, 1)`; labels `(N,)` with outputs `(N, 3)`, which Keras 2 stretches and Keras 3 refuses.

## Why it matters
The loss stretches one against the other and trains on wrong pairs, without an error. Labels `(N,)` with outputs `(N, 1)` are
right: Keras adds the axis.

## Example
```python
x, y = np.zeros((32, 8), "float32"), np.zeros((32, 1), "float32")
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)])
model.compile("adam", "mse")
model.fit(x, y)
```

## Use instead
```python
x, y = np.zeros((32, 8), "float32"), np.zeros((32, 3), "float32")
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)])
model.compile("adam", "mse")
model.fit(x, y)
```

## Fix
None: either the output or the labels have the wrong shape.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import Span
from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.ker206_dense_on_multi_axis_input import first_dense
from keras_lsp.rules.ker405_output_rank_vs_labels import sequence_layer
from keras_lsp.rules.model_data import (
    BINARY,
    CATEGORICAL,
    ELEMENTWISE,
    Comparison,
    about_labels,
    comparisons,
    reconstructions,
)
from keras_lsp.rules.wording import keras_name
from keras_lsp.shapes.dim import Shape, differ, format_shape


def check(context: Context) -> Iterator[Finding]:
    """Elementwise losses on unequal shapes."""
    rebuilding = {id(event) for event, *_ in reconstructions(context)}
    reported: set[Span] = set()
    for comparison in comparisons(context):
        event, loss, labels, output = comparison.event, comparison.loss, comparison.shape, comparison.output
        last = comparison.layer
        if loss.name not in ELEMENTWISE and not _other_places(loss.name, labels, output):
            continue
        if id(event) in rebuilding or (last is not None and first_dense(last) is not None):
            continue
        outcome = compare(labels, output) or _without_last_axis(context, comparison)
        if outcome is None:
            continue
        recurrent = sequence_layer(last) if last is not None and len(output) > len(labels) else None
        span = recurrent.span if recurrent is not None else last.span if last is not None else event.call.span
        if span in reported:
            continue
        reported.add(span)
        broadcast = outcome == "broadcast" and (loss.name in ELEMENTWISE or not context.keras3)
        effect = (
            "the loss stretches one against the other and trains on wrong pairs, without an error"
            if broadcast
            else f"{keras_name(context)} raises an error about incompatible shapes"
        )
        message = f"The output is {format_shape(output)} and the labels are {format_shape((None, *labels[1:]))}: {effect}. Make them equal."
        related = about_labels(context, comparison)
        severity = Severity.WARNING if broadcast else Severity.ERROR
        yield RULE.finding(span, message, severity=severity, related=related)


# What `fit` and `evaluate` take at a time unless told.
_BATCH_SIZE = 32


def _without_last_axis(context: Context, comparison: Comparison) -> str | None:
    """`compare` for labels of shape (samples,) and an output of several values.

    Keras 2 makes the labels (samples, 1); Keras 3 leaves them as they are, so the batch meets the values.
    """
    labels, output, event = comparison.shape, comparison.output, comparison.event
    if len(labels) != 1 or len(output) != 2 or not isinstance(output[1], int) or output[1] == 1:
        return None
    if comparison.loss.name not in ELEMENTWISE:
        return None
    if not context.keras3:
        return "broadcast"
    arguments = event.call.arguments
    given = arguments["batch_size"].value if "batch_size" in arguments else None
    whole = event.method in ("train_on_batch", "test_on_batch")
    size = given if given is not None else None if whole else _BATCH_SIZE
    samples = labels[0]
    if not isinstance(samples, int) or "validation_split" in arguments or not isinstance(size, int | None):
        return None
    batch = samples if size is None else min(size, samples)
    return "error" if batch not in (1, output[1]) else None


def _other_places(loss: str, labels: Shape, output: Shape) -> bool:
    """Whether a crossentropy gets labels for another number of places (pixels, time steps) than the output has."""
    if loss == BINARY and len(output) == len(labels) + 1 > 2 and output[-1] == 1:
        output = output[:-1]  # Keras takes off a last axis of size 1
        return any(differ(a, b) for a, b in zip(labels[1:], output[1:], strict=True)) and 1 not in labels[1:]
    if loss not in (BINARY, CATEGORICAL) or len(labels) != len(output):
        return False
    return any(differ(a, b) for a, b in zip(labels[1:-1], output[1:-1], strict=True))


def compare(labels: Shape, output: Shape) -> str | None:
    """`broadcast` or `error` where labels and output certainly differ; `None` where they fit or are not known."""
    if any(not isinstance(dim, int) for dim in (*labels[1:], *output[1:])):
        return None
    target, given = list(labels[1:]), list(output[1:])
    if len(target) == len(given) - 1 and given[-1] == 1:
        target.append(1)  # Keras adds a last axis of size 1 to the labels
    elif len(target) == len(given) + 1 and target[-1] == 1:
        given.append(1)
    if len(target) != len(given):
        return None  # whether and how it broadcasts depends on the batch size
    pairs = [(a, b) for a, b in zip(target, given, strict=True) if differ(a, b)]
    if not pairs:
        return None
    return "broadcast" if all(1 in pair for pair in pairs) else "error"


RULE = Rule("KER409", "silent-broadcast", Severity.WARNING, "none", check, __doc__ or "")
