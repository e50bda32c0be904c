"""KER301: a model is asked for its weights or shapes before it knows its input.

## What it does
Reports `summary`, `count_params`, `get_weights`, `save_weights` and the like on a Sequential without an input shape that nothing
has built before.

## Why it matters
Without an input shape the layers have no weights. Keras 2 raises `This model has not yet been built`; Keras 3 prints `?` and 0
parameters, and `model.weights` is an empty list.

## Example
```python
model = keras.Sequential([keras.layers.Dense(10)])
model.summary()
```

## Use instead
```python
model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])
model.summary()
```

## Fix
None: which input shape is meant, only the author knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import ModelEvent
from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.ker111_input_shape_inside_wrapper import inside_wrapper
from keras_lsp.rules.model_data import events
from keras_lsp.rules.wording import keras_name

# Both generations raise here; the rest is silent in Keras 3.
_RAISES = frozenset(("count_params",))
_METHODS = frozenset(("summary", "get_weights", "save_weights", "load_weights", "count_params"))


def check(context: Context) -> Iterator[Finding]:
    """Uses of models that have no input shape yet."""
    reported: set[int] = set()
    for event in events(context, _METHODS):
        if id(event.model) in reported or not unbuilt(event) or not event.call.certain:
            continue
        if event.model.layers and any(inside_wrapper(row.fact) for row in event.model.layers[:1] if row.fact):
            continue
        reported.add(id(event.model))
        raising = event.method in _RAISES or not context.keras3
        if raising:
            outcome = f"{keras_name(context)} raises: ValueError: This model has not yet been built."
            if context.keras3:
                outcome = f"{keras_name(context)} raises ValueError."
        else:
            outcome = f"{keras_name(context)} goes on with no weights: `summary` shows no shapes and 0 parameters."
        message = (
            f"This model does not know its input shape yet, so it has no weights. {outcome} "
            "Put `keras.Input(...)` first, or call `model.build((None, ...))`."
        )
        first = event.model.layers[0].span if event.model.layers else None
        span = first or (event.model.span if event.model.call is not None else event.call.span)
        related = ((event.call.span, "it is used here"),)
        yield RULE.finding(span, message, severity=Severity.ERROR if raising else Severity.WARNING, related=related)


def unbuilt(event: ModelEvent) -> bool:
    """Whether a Sequential is certain to have no input shape at this moment."""
    return event.model.class_name == "Sequential" and event.inputs is None and event.unbuilt


RULE = Rule("KER301", "used-before-built", Severity.WARNING, "none", check, __doc__ or "")
