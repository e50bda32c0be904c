"""KER311: a model is trained or evaluated before it is compiled.

## What it does
Reports `fit` and `evaluate` on a model that was made in this file and is compiled only later, or nowhere.

## Why it matters
Keras stops: `You must call compile() before using the model.`

## Example
```python
x, y = np.zeros((10, 3), "float32"), np.zeros((10, 1), "float32")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.fit(x, y)
```

## Use instead
```python
x, y = np.zeros((10, 3), "float32"), np.zeros((10, 1), "float32")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, y)
```

## Fix
None: the loss is the author's choice.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.model_data import TRAINING, events
from keras_lsp.rules.wording import keras_name


def check(context: Context) -> Iterator[Finding]:
    """Training without a loss."""
    reported: set[int] = set()
    anywhere = ".compile(" in context.text
    for event in events(context, TRAINING):
        model = event.model
        if (
            event.compiled is not None
            or event.escaped
            or not event.call.certain
            or model.call is None
            or id(model) in reported
        ):
            continue
        if (
            model.class_name not in ("Sequential", "Functional")
            or not model.call.canonical.startswith("keras.")
            or model.symbolic
        ):
            continue
        later = [e for e in context.facts.events if e.model is model and e.method == "compile"]
        if anywhere and not later:
            continue  # compiled under a name or in a function that was not followed
        reported.add(id(model))
        related = tuple((e.call.span, "it is compiled only here") for e in later[:1])
        message = (
            f"`{event.method}` needs a loss and an optimizer: call `model.compile(...)` before. {keras_name(context)} raises: "
            f"{'ValueError: You must call `compile()` before using the model.' if context.keras3 else 'RuntimeError: You must compile your model before training/testing.'}"
        )
        yield RULE.finding(event.call.callee_span, message, related=related)


RULE = Rule("KER311", "not-compiled", Severity.ERROR, "none", check, __doc__ or "")
