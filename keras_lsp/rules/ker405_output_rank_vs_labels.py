"""KER405: the output has more axes than the labels.

## What it does
Compares the number of axes of the labels given to `fit` with that of the output, for crossentropies: an output per time step with
one label per sample, above all.

## Why it matters
The message of Keras 3 is the wrong way round ("output must have rank (ndim) target.ndim - 1"), that of Keras 2 speaks of logits.

## Example
```python
x, y = np.zeros((32, 5, 8), "float32"), np.zeros((32,), "int64")
model = keras.Sequential([
    keras.Input((5, 8)),
    keras.layers.LSTM(16, return_sequences=True),
    keras.layers.Dense(3, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y)
```

## Use instead
```python
x, y = np.zeros((32, 5, 8), "float32"), np.zeros((32,), "int64")
model = keras.Sequential([
    keras.Input((5, 8)),
    keras.layers.LSTM(16),
    keras.layers.Dense(3, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y)
```

## Fix
`return_sequences=True` is removed from the last recurrent layer; not applied unasked, since the labels may be wrong instead.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import LayerFact, Span
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import inner_layer, recurrent_core, returns_sequences
from keras_lsp.rules.graph_walks import ancestors
from keras_lsp.rules.input_layers import fixes, removal_fix
from keras_lsp.rules.ker206_dense_on_multi_axis_input import first_dense
from keras_lsp.rules.ker401_label_encoding_vs_loss import mismatch
from keras_lsp.rules.model_data import CROSSENTROPIES, SPARSE, Comparison, about_labels, comparisons
from keras_lsp.rules.wording import count, keras_name
from keras_lsp.shapes.dim import Shape, format_shape


def check(context: Context) -> Iterator[Finding]:
    """Outputs with an axis that the labels do not have."""
    reported: set[Span] = set()
    for comparison in comparisons(context):
        loss, labels, output = comparison.loss, comparison.shape, comparison.output
        last = comparison.layer
        if loss.name not in CROSSENTROPIES:
            continue
        place = last.span if last is not None else comparison.event.call.span
        if too_few_axes(loss.name, labels, output) and not mismatch(loss.name, labels, output):
            if place not in reported:
                reported.add(place)
                yield _short(context, comparison, last)
            continue
        if not too_many_axes(loss.name, labels, output):
            continue
        if mismatch(loss.name, labels, output) or (last is not None and first_dense(last) is not None):
            continue
        recurrent = sequence_layer(last) if last is not None else None
        span = recurrent.span if recurrent is not None else place
        if span in reported:
            continue
        reported.add(span)
        advice = "Flatten or pool before the last layer."
        fix: Fix | None = None
        if recurrent is not None:
            advice = f"Leave `return_sequences=True` out of this {recurrent.class_name}, or label every step."
            fix = removal_fix(context, recurrent.call, ["return_sequences"], Applicability.UNSAFE)
        message = (
            f"The output is {format_shape(output)}, {count(len(output), 'axis')}, and the labels are "
            f"{format_shape(labels)}, {count(len(labels), 'axis')}: `{loss.name}` cannot compare them. {advice} "
            f"{keras_name(context)} raises an error about their ranks."
        )
        related = about_labels(context, comparison)
        yield RULE.finding(span, message, related=related, fixes=fixes(fix))


def too_many_axes(loss: str, labels: Shape, output: Shape) -> bool:
    """Whether the output is certain to have an axis too many for these labels, after what Keras squeezes by itself."""
    wanted = len(labels) + 1 if loss == SPARSE else len(labels)
    if loss == SPARSE and labels and labels[-1] == 1 and len(labels) > 1:
        wanted = len(labels)
    squeezed = len(output) - 1 if output and output[-1] == 1 else len(output)
    return min(len(output), squeezed) > wanted


def too_few_axes(loss: str, labels: Shape, output: Shape) -> bool:
    """Whether the labels are certain to have an axis that the output lacks, after what Keras squeezes by itself."""
    if any(not isinstance(dim, int) for dim in labels[1:]):
        return False
    axes = len(labels)
    while axes > 1 and labels[axes - 1] == 1:
        axes -= 1
    return len(output) < (axes + 1 if loss == SPARSE else axes)


def _short(context: Context, comparison: Comparison, last: LayerFact | None) -> Finding:
    """The finding for labels with an axis too many."""
    chain = (last, *ancestors(last)) if last is not None else ()
    core = next((layer for layer in chain if recurrent_core(layer) is not None), None)
    advice = (
        f"Give this {core.class_name} `return_sequences=True`, or give each sample one label."
        if core is not None
        else "Give each sample one label, or leave Flatten and pooling out."
    )
    labels, output = comparison.shape, comparison.output
    message = (
        f"The output is {format_shape(output)}, {count(len(output), 'axis')}, and the labels are {format_shape(labels)}, "
        f"{count(len(labels), 'axis')}: `{comparison.loss.name}` cannot compare them. {advice} {keras_name(context)} raises an "
        "error about their shapes."
    )
    related = about_labels(context, comparison)
    layer = core or last
    return RULE.finding(layer.span if layer is not None else comparison.event.call.span, message, related=related)


def sequence_layer(last: LayerFact) -> LayerFact | None:
    """The last recurrent layer before the output, if it gives every time step."""
    for layer in (last, *ancestors(last)):
        if recurrent_core(layer) is not None:
            if not returns_sequences(layer):
                return None
            return inner_layer(layer) if layer.class_name == "Bidirectional" else layer
    return None


RULE = Rule("KER405", "output-rank-vs-labels", Severity.ERROR, "sometimes", check, __doc__ or "")
