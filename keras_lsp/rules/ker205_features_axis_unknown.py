"""KER205: a layer cannot make its weights because the size of an axis is not known.

## What it does
Reports `Dense`, convolutions and recurrent layers whose last axis (the one that sizes the weights) is `None`: after `Flatten`
of an image of any size, after an Embedding of any length, behind a backbone without `input_shape`.

## Why it matters
Keras stops with a message about shapes "used to initialize variables", which names the weight and not the `None` that
caused it.

## Example
```python
model = keras.Sequential([
    keras.Input((None, None, 3)),
    keras.layers.Conv2D(8, 3),
    keras.layers.Flatten(),
    keras.layers.Dense(10),
])
```

## Use instead
```python
model = keras.Sequential([
    keras.Input((None, None, 3)),
    keras.layers.Conv2D(8, 3),
    keras.layers.GlobalAveragePooling2D(),
    keras.layers.Dense(10),
])
```

## Fix
`Flatten()` becomes the global average pooling of the same rank; not applied unasked, since fixing the input size may be meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import LayerFact
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import Failure
from keras_lsp.rules.graph_walks import TRANSPARENT, rank_of
from keras_lsp.rules.rewriting import spell
from keras_lsp.rules.wording import raises, shapes
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Layers whose weights would have an unknown size."""
    for failure in context.failures.get("KER205", ()):
        inputs = failure.application.inputs if failure.application is not None else None
        flatten = _flatten(failure)
        if flatten is not None:
            before = shapes(flatten.applications[0].inputs)
            cause = f"Flatten turns {before} into an unknown number of values, {shapes(inputs)}. "
            advice = "Give the input a fixed size, or use global average pooling instead of Flatten. "
        else:
            cause = f"It gets {shapes(inputs)}. " if inputs is not None else ""
            advice = "Give that axis a size in the Input. "
        message = (
            f"{failure.class_name} must know how many values come in, to make its weights. {cause}{advice}"
            f"{raises(context, failure.error)}"
        )
        related = ((flatten.span, "the size gets lost here"),) if flatten is not None else ()
        fix = _pool(context, flatten) if flatten is not None else None
        yield RULE.finding(failure.span, message, related=related, fixes=(fix,) if fix else ())


def _flatten(failure: Failure) -> LayerFact | None:
    layer = failure.producer
    while layer is not None and layer.class_name in TRANSPARENT and layer.applications:
        producers = layer.applications[0].producers
        layer = producers[0] if producers else None
    return layer if layer is not None and layer.class_name == "Flatten" and layer.applications else None


def _pool(context: Context, flatten: LayerFact) -> Fix | None:
    rank = rank_of(flatten.applications[0].inputs)
    if rank not in (3, 4, 5) or context.source(flatten.span)[-2:] != "()":
        return None
    name = f"GlobalAveragePooling{rank - 2}D"
    spelled = spell(context, flatten.call, name)
    if spelled is None:
        return None
    callee = flatten.call.callee_span
    edits = (TextEdit(callee.start, callee.end, spelled[0]), *spelled[1])
    return Fix(f"Use `{name}` instead of `Flatten`", edits, Applicability.UNSAFE)


RULE = Rule("KER205", "features-axis-unknown", Severity.ERROR, "sometimes", check, __doc__ or "")
