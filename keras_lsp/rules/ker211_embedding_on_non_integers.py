"""KER211: an Embedding gets real numbers instead of ids.

## What it does
Reports an `Embedding` behind a layer that gives real numbers, such as `Dense` or a convolution.

## Why it matters
An Embedding looks up rows by whole numbers from 0. Keras cuts real numbers to whole ones without a word, so that values between
0 and 1 all become id 0.

## Example
```python
model = keras.Sequential([
    keras.Input((16,)),
    keras.layers.Dense(16, activation="relu"),
    keras.layers.Embedding(100, 8),
])
```

## Use instead
```python
model = keras.Sequential([
    keras.Input((16,)),
    keras.layers.Embedding(100, 8),
    keras.layers.Flatten(),
    keras.layers.Dense(16, activation="relu"),
])
```

## Fix
None: either the Embedding or the layer before it is in the wrong place.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.graph_walks import CONVOLUTIONS, source_of
from keras_lsp.rules.wording import RECURRENT, shapes

_REAL = CONVOLUTIONS | RECURRENT | {"Dense", "Embedding", "Bidirectional"}


def check(context: Context) -> Iterator[Finding]:
    """Embeddings behind layers that give real numbers."""
    for layer in context.facts.layers:
        if (
            layer.class_name != "Embedding"
            or not layer.applications
            or layer.call.guarded
            or layer.applications[0].error
        ):
            continue
        before = source_of(layer)
        if before is None or before.class_name not in _REAL:
            continue
        application = layer.applications[0]
        message = (
            f"Embedding looks up whole-number ids, and {before.class_name} gives real numbers, {shapes(application.inputs)}: "
            f"Keras cuts them to whole ones. Put the Embedding first, or leave it out."
        )
        related = ((before.span, "real numbers come from here"),)
        yield RULE.finding(layer.span, message, related=related)


RULE = Rule("KER211", "embedding-on-non-integers", Severity.WARNING, "none", check, __doc__ or "")
