"""KER401: the labels are encoded in another way than the loss reads them.

## What it does
Compares the labels given to `fit` and `evaluate` with the loss: class numbers with `categorical_crossentropy`, one-hot rows with
`sparse_categorical_crossentropy`. Also labels that a loss object cannot compare where the program calls it itself.

## Why it matters
Keras says `Arguments target and output must have the same rank (ndim)`, or, for the other mistake, that the output "must have
rank (ndim) target.ndim - 1", which is the wrong way round.

## Example
```python
x, y = np.zeros((100, 20), "float32"), np.zeros((100,), "int64")
model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "categorical_crossentropy")
model.fit(x, y)
```

## Use instead
```python
x, y = np.zeros((100, 20), "float32"), np.zeros((100,), "int64")
model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y)
```

## Fix
The loss is swapped for the one that reads these labels; or, not applied unasked, class numbers are encoded with
`to_categorical`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from keras_lsp.inference.facts import Span
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import Failure
from keras_lsp.rules.model_data import (
    CATEGORICAL,
    SPARSE,
    Comparison,
    Loss,
    about_labels,
    alone,
    comparisons,
)
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.rules.wording import keras_name, raises
from keras_lsp.shapes.dim import Shape, format_shape
from keras_lsp.shapes.tensor import Tensor
from keras_lsp.text.edits import TextEdit

_OTHER = {CATEGORICAL: SPARSE, SPARSE: CATEGORICAL}


def check(context: Context) -> Iterator[Finding]:
    """Losses that cannot read the labels."""
    reported: set[Span] = set()
    found = list(comparisons(context))
    for comparison in found:
        event, loss, labels, output = comparison.event, comparison.loss, comparison.labels, comparison.output
        if event.compiled is None or not mismatch(loss.name, labels.shape, output):
            continue
        single = alone(comparison, found, lambda other: not _is_wrong(other))
        span = place(event.call, comparison.argument) if single else place(event.compiled.call, loss.argument)
        if span in reported:
            continue
        reported.add(span)
        given = format_shape((None, *comparison.shape[1:]))
        if loss.name == CATEGORICAL:
            advice = f"encode them with `keras.utils.to_categorical(y, {output[-1]})`."
            message = (
                f"The labels are class numbers, {given}, and `{CATEGORICAL}` reads one-hot rows, {format_shape(output)}. "
                + (f"Those of the training fit: {advice}" if single else f"Use `{SPARSE}`, or {advice}")
            )
        else:
            message = (
                f"The labels are one-hot rows, {given}, and `{SPARSE}` reads class numbers, {format_shape(output[:-1])}. "
                + ("Those of the training fit." if single else f"Use `{CATEGORICAL}`.")
            )
        message += f" {keras_name(context)} raises: {_says(context, loss.name, labels, output)}"
        related = about_labels(context, comparison)
        if single:
            related = ((place(event.compiled.call, loss.argument), "the loss"), *related[1:])
        fixes = () if single else _swap(context, loss, labels)
        if loss.name == CATEGORICAL:
            wrong = [comparison] if single else [c for c in found if c.loss.argument is loss.argument and _is_wrong(c)]
            fixes += _encode(context, wrong)
        yield RULE.finding(span, message, related=related, fixes=fixes)

    for failure in context.failures.get("KER401", ()):
        yield _called(context, failure)


def _called(context: Context, failure: Failure) -> Finding:
    """The finding for a loss object that the program calls itself, `loss(y, model(x))`."""
    facts = failure.error.facts
    name, labels, output = str(facts["loss"]), cast("Shape", facts["labels"]), cast("Shape", facts["output"])
    advice = "Give them the same shape."
    if name == SPARSE and labels == output:
        advice = "The labels are one-hot rows: use `CategoricalCrossentropy`, or give it their class numbers."
    elif name == CATEGORICAL and len(labels) == len(output) - 1:
        advice = "The labels are class numbers: use `SparseCategoricalCrossentropy`, or encode them."
    message = (
        f"`{failure.class_name}` cannot compare labels {format_shape(labels)} with predictions {format_shape(output)}. "
        f"{advice} {raises(context, failure.error)}"
    )
    return RULE.finding(failure.span, message)


def _is_wrong(comparison: Comparison) -> bool:
    return mismatch(comparison.loss.name, comparison.labels.shape, comparison.output)


def _encode(context: Context, wrong: list[Comparison]) -> tuple[Fix, ...]:
    """Wrap all labels in `to_categorical`, where they stand by a name."""
    spelled = _to_categorical(context)
    edits: dict[Span, TextEdit] = {}
    for comparison in wrong:
        span = _written_labels(context, comparison)
        if span is None or spelled is None:
            return ()
        text = f"{spelled}({context.source(span)}, {comparison.output[-1]})"
        edits[span] = TextEdit(span.start, span.end, text)
    return (Fix(f"Encode the labels with `{spelled}`", tuple(edits.values()), Applicability.UNSAFE),) if edits else ()


def _written_labels(context: Context, comparison: Comparison) -> Span | None:
    """The labels as the call names them: a name, also as second of `validation_data`."""
    argument = comparison.argument
    if not is_written(argument):
        return None
    source = context.source(argument.span)
    if argument.name == "y":
        return argument.span if re.fullmatch(r"[\w.]+", source) else None
    pair = re.fullmatch(r"\(\s*[\w.]+\s*,\s*([\w.]+)\s*,?\s*\)", source)
    if argument.name != "validation_data" or pair is None:
        return None
    return Span(argument.span.start + pair.start(1), argument.span.start + pair.end(1))


def _to_categorical(context: Context) -> str | None:
    """How the program can name `to_categorical` with what it imports."""
    found: dict[str, str] = {}
    for local, dotted in context.facts.imports.items():
        if dotted.endswith(".to_categorical") and "." not in local:
            return local
        if dotted in ("keras", "tf_keras", "tensorflow.keras"):
            found.setdefault("keras", f"{local}.utils.to_categorical")
        elif dotted == "tensorflow":
            found.setdefault("tensorflow", f"{local}.keras.utils.to_categorical")
    return found.get("keras", found.get("tensorflow"))


def mismatch(name: str, labels: Shape | None, output: Shape | None) -> bool:
    """Whether a crossentropy is certain to get labels of the other encoding."""
    if (
        labels is None
        or output is None
        or not labels
        or len(output) < 2
        or not isinstance(output[-1], int)
        or output[-1] < 2
    ):
        return False
    if name == CATEGORICAL:
        numbers = len(labels) == len(output) - 1 or (len(labels) == len(output) and labels[-1] == 1)
        return numbers and len(output) == 2
    if name == SPARSE:
        return len(labels) == len(output) and isinstance(labels[-1], int) and labels[-1] == output[-1]
    return False


def _says(context: Context, name: str, labels: Tensor, output: Shape) -> str:
    shape = labels.shape or ()
    if context.keras3:
        target = format_shape((None, *shape[1:]))
        if name == SPARSE:
            return (
                "ValueError: Argument `output` must have rank (ndim) `target.ndim - 1`. Received: "
                f"target.shape={target}, output.shape={format_shape(output)}"
            )
        rank = "rank (ndim)" if len(shape) != len(output) else "shape"
        return (
            f"ValueError: Arguments `target` and `output` must have the same {rank}. Received: target.shape={target}, "
            f"output.shape={format_shape(output)}"
        )
    if name == SPARSE:
        return "an error that logits and labels do not have the same first dimension."
    return f"ValueError: Shapes (None, 1) and {format_shape(output)} are incompatible"


def _swap(context: Context, loss: Loss, labels: Tensor) -> tuple[Fix, ...]:
    if not is_written(loss.argument):
        return ()
    source = context.source(loss.argument.span)
    new = _OTHER[loss.name]
    camel = {CATEGORICAL: "CategoricalCrossentropy", SPARSE: "SparseCategoricalCrossentropy"}
    for old, replacement in ((loss.name, new), (camel[loss.name], camel[new])):
        if source.count(old) == 1:
            at = loss.argument.span.start + source.index(old)
            whole = (labels.dtype or "").startswith(("int", "uint")) or loss.name == SPARSE
            applicability = Applicability.SAFE if whole else Applicability.UNSAFE
            return (Fix(f"Use `{replacement}`", (TextEdit(at, at + len(old), replacement),), applicability),)
    return ()


RULE = Rule("KER401", "label-encoding-vs-loss", Severity.ERROR, "sometimes", check, __doc__ or "")
