"""KER601: one layer holds most of a large model's parameters.

## What it does
Points at a layer with more than four fifths of a model's parameters, in models of more than a million. Off unless selected.

## Why it matters
It is mostly a Dense layer behind Flatten. Global average pooling in place of Flatten gives a model a fraction of the size.

## Example
```python
model = keras.Sequential([
    keras.Input((64, 64, 3)),
    keras.layers.Conv2D(64, 3, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(16, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
```

## Use instead
```python
model = keras.Sequential([
    keras.Input((64, 64, 3)),
    keras.layers.Conv2D(64, 3, activation="relu"),
    keras.layers.GlobalAveragePooling2D(),
    keras.layers.Dense(16, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
```

## Fix
None: it is a matter of taste and of accuracy.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity

# Smaller models fit anywhere.
LARGE = 1_000_000
SHARE = 0.8


def check(context: Context) -> Iterator[Finding]:
    """Layers that make a model large."""
    seen: set[int] = set()
    for model in context.facts.models:
        total = model.params
        if not isinstance(total, int) or total <= LARGE or model.symbolic or len(model.layers or ()) < 2:
            continue
        for row in model.layers or ():
            if (
                row.fact is None
                or not isinstance(row.params, int)
                or row.params < SHARE * total
                or id(row.fact) in seen
            ):
                continue
            seen.add(id(row.fact))
            message = (
                f"{row.params:,} of the model's {total:,} parameters are in this {row.class_name}. Behind Flatten, global average "
                "pooling instead makes it small."
            )
            yield RULE.finding(row.fact.span, message)


RULE = Rule("KER601", "parameter-hot-spot", Severity.HINT, "none", check, __doc__ or "", default=False)
