"""KER308: one model is made of layers from two packages that do not fit together.

## What it does
Reports layers of `tf_keras` in a model of `keras` (Keras 3), and the other way round.

## Why it matters
They are different classes with the same names: `Only instances of keras.Layer can be added to a Sequential model. Received:
<tf_keras...Dense>`. `tf.keras` and `keras` are the same package from TensorFlow 2.16 on, and are not reported.

## Example
```python
import keras
import tf_keras

model = keras.Sequential([tf_keras.layers.Dense(4)])
```

## Use instead
```python
import keras

model = keras.Sequential([keras.layers.Dense(4)])
```

## Fix
None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from keras_lsp.inference.facts import Call
from keras_lsp.rules.base import Context, Finding, Rule, Severity


def check(context: Context) -> Iterator[Finding]:
    """Layers of one package in models of another."""
    if not context.keras3 or not any(map(_is_tf_keras, context.facts.imports.values())):
        return
    for model in context.facts.models:
        if (
            model.call is None
            or model.call.guarded
            or not model.layers
            or model.class_name not in ("Sequential", "Functional")
        ):
            continue
        package = _package(context, model.call)
        if package is None:
            continue
        for row in model.layers:
            fact = row.fact
            other = _package(context, fact.call) if fact is not None and fact.canonical and not fact.custom else None
            if fact is None or other is None or other == package:
                continue
            message = (
                f"This {fact.class_name} comes from `{other}`, the model from `{package}`: the two do not fit together. "
                "Import both from one of them."
            )
            yield RULE.finding(fact.call.callee_span, message, related=((model.call.callee_span, f"`{package}` here"),))
            break


def _package(context: Context, call: Call) -> str | None:
    """`tf_keras` or `keras`, by the import that the callee's first name comes from."""
    source = re.sub(r"\s", "", context.source(call.callee_span))
    root = re.match(r"\w+", source)
    dotted = context.facts.imports.get(root[0]) if root else None
    if dotted is None:
        return None
    if _is_tf_keras(dotted):
        return "tf_keras"
    return "keras" if "keras" in f"{dotted}.{source}" else None


def _is_tf_keras(dotted: str) -> bool:
    return dotted == "tf_keras" or dotted.startswith("tf_keras.")


RULE = Rule("KER308", "mixed-keras-packages", Severity.ERROR, "none", check, __doc__ or "")
