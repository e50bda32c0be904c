"""KER306: a layer or model is called on another size than the one it was built for.

## What it does
Reports a shared layer that is called on tensors whose weight-sizing axis differs, and a model called on tensors that its inputs
do not take.

## Why it matters
A layer has one set of weights, made at its first call.

## Example
```python
dense = keras.layers.Dense(4)
a = dense(keras.Input((3,)))
b = dense(keras.Input((5,)))
```

## Use instead
```python
a = keras.layers.Dense(4)(keras.Input((3,)))
b = keras.layers.Dense(4)(keras.Input((5,)))
```

## Fix
None: whether the weights should be shared, only the author knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import Call, LayerFact, Span
from keras_lsp.inference.values import LayerValue, ListValue
from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.failures import Failure
from keras_lsp.rules.wording import raises, shapes


def check(context: Context) -> Iterator[Finding]:
    """Second calls on other sizes."""
    for failure in context.failures.get("KER306", ()):
        expected, found = failure.error.facts.get("expected"), failure.error.facts.get("found")
        first = failure.layer.applications[0] if failure.layer is not None and failure.layer.applications else None
        sizes = f" for size {expected}, and gets {found} here" if expected is not None and found is not None else ""
        got = f" It gets {shapes(failure.application.inputs)}." if failure.application is not None else ""
        message = (
            f"{failure.class_name} was built{sizes or ' for another shape'}.{got} Its weights are shared between calls; use a second "
            f"layer for another size. {raises(context, failure.error)}"
        )
        related = failure.related
        span = _used_at(context, failure)
        if first is not None and first.error is None and first.span != span:
            related = ((first.span, f"it is built here, for {shapes(first.inputs)}"), *related)
        yield RULE.finding(span, message, related=related)


def _used_at(context: Context, failure: Failure) -> Span:
    """Where the layer is used again: for one that stands by its name in several Sequentials, the one whose sizes do not fit."""
    layer = failure.layer
    if layer is None or failure.application is None or failure.span != layer.span:
        return failure.span
    users = [model for model in context.facts.models if model.call is not None and _holds(model.call, layer)]
    index = next((i for i, item in enumerate(layer.applications) if item is failure.application), 0)
    if len(users) < 2 or len(users) != len(layer.applications):
        return failure.span
    call = users[index].call
    assert call is not None
    return failure.span if call.span.contains(layer.span.start) else call.callee_span


def _holds(call: Call, layer: LayerFact) -> bool:
    """Whether a Sequential is made of a layer."""
    argument = call.arguments.get("layers")
    items = argument.value.items if argument is not None and isinstance(argument.value, ListValue) else None
    return any(isinstance(item, LayerValue) and item.fact is layer for item in items or ())


RULE = Rule("KER306", "layer-reuse-shape-conflict", Severity.ERROR, "none", check, __doc__ or "")
