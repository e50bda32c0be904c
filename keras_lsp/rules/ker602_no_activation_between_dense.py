"""KER602: two Dense layers follow each other without an activation between them.

## What it does
Points at a `Dense` without activation whose output goes straight into another `Dense`. Off unless selected: bottlenecks and
factorised layers are made like this on purpose.

## Why it matters
Two linear layers in a row compute what one linear layer computes.

## Example
```python
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(32), keras.layers.Dense(1)])
```

## Use instead
```python
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)])
```

## Fix
None: which activation is meant, only the author knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.graph_walks import producer
from keras_lsp.rules.model_data import activation_of


def check(context: Context) -> Iterator[Finding]:
    """Linear layers in a row."""
    for layer in context.facts.layers:
        before = producer(layer)
        if layer.class_name != "Dense" or before is None or before.class_name != "Dense" or layer.call.guarded:
            continue
        if activation_of(before) == "linear":
            message = "This Dense has no activation, and another Dense follows: both together are one linear layer."
            yield RULE.finding(before.span, message, related=((layer.span, "the next layer"),))


RULE = Rule("KER602", "no-activation-between-dense", Severity.HINT, "none", check, __doc__ or "", default=False)
