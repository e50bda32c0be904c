"""KER408: an argument of `compile` has the wrong kind of value.

## What it does
Reports `metrics="accuracy"` under Keras 3, and a loss class that is not instantiated under Keras 2.

## Why it matters
Keras 3 takes metrics only as a list, tuple or dict: `Expected metrics argument to be a list, tuple, or dict. Received instead:
metrics=accuracy`. Keras 2 calls a loss class as if it were a function, and fails in `fit`.

## Example
```python
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse", metrics="mae")
```

## Use instead
```python
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse", metrics=["mae"])
```

## Fix
The metric is put into a list; the loss class gets its brackets.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.values import External
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.model_data import events
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.rules.wording import keras_name
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Arguments of `compile` that Keras cannot use."""
    for event in events(context, frozenset(("compile",))):
        metrics = event.call.arguments.get("metrics")
        if context.keras3 and metrics is not None and isinstance(metrics.value, str):
            message = (
                f"`metrics` must be a list. {keras_name(context)} raises: ValueError: Expected `metrics` argument to be a list, "
                f"tuple, or dict. Received instead: metrics={metrics.value}"
            )
            start, end = metrics.span
            fix = (Fix("Put it into a list", (TextEdit(start, start, "["), TextEdit(end, end, "]"))),)
            yield RULE.finding(place(event.call, metrics), message, fixes=fix if is_written(metrics) else ())
        loss = event.call.arguments.get("loss")
        if not context.keras3 and loss is not None and isinstance(loss.value, External):
            symbol = context.catalogue.symbol(context.catalogue.resolve(loss.value.path) or "")
            if symbol is not None and symbol.kind == "loss" and symbol.leaf[:1].isupper():
                message = f"`{symbol.leaf}` is a class; {keras_name(context)} needs an object of it, `{symbol.leaf}()`, and fails in `fit`."
                edit = TextEdit(loss.span.end, loss.span.end, "()")
                fix = (Fix("Make an object of it", (edit,)),) if is_written(loss) else ()
                yield RULE.finding(place(event.call, loss), message, fixes=fix)


RULE = Rule("KER408", "compile-argument-type", Severity.ERROR, "sometimes", check, __doc__ or "")
