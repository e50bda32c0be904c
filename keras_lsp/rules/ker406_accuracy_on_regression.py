"""KER406: accuracy is measured on real numbers.

## What it does
Points at `metrics=["accuracy"]` together with a regression loss and a linear output.

## Why it matters
Accuracy counts exact matches. For real numbers it stays near 0 and says nothing.

## Example
```python
model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1)])
model.compile("adam", "mse", metrics=["accuracy"])
```

## Use instead
```python
model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1)])
model.compile("adam", "mse", metrics=["mae"])
```

## Fix
`"accuracy"` becomes `"mae"`; not applied unasked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from keras_lsp.inference.values import ListValue
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.model_data import ELEMENTWISE, events, last_activation, loss_of
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Counts of exact matches where there are none."""
    for event in events(context, frozenset(("compile",))):
        loss, metrics = loss_of(event), event.call.arguments.get("metrics")
        if (
            loss is None
            or loss.name not in ELEMENTWISE
            or metrics is None
            or last_activation(event.last_layer) != "linear"
        ):
            continue
        value = metrics.value
        names = value.items if isinstance(value, ListValue) and value.items is not None else [value]
        if not any(name in ("accuracy", "acc") for name in names if isinstance(name, str)):
            continue
        message = "Accuracy counts exact matches, and this model gives real numbers. Use 'mae', or another metric for real numbers."
        fix: tuple[Fix, ...] = ()
        found = re.search(r"(['\"])acc(uracy)?\1", context.source(metrics.span))
        if found and is_written(metrics):
            start = metrics.span.start + found.start()
            edit = TextEdit(start, start + len(found[0]), f"{found[1]}mae{found[1]}")
            fix = (Fix("Use 'mae'", (edit,), Applicability.UNSAFE),)
        yield RULE.finding(place(event.call, metrics), message, fixes=fix)


RULE = Rule("KER406", "accuracy-on-regression", Severity.INFO, "sometimes", check, __doc__ or "")
