"""KER504: an argument was renamed or removed in Keras 3.

## What it does
Reports `LeakyReLU(alpha=...)`, `time_major`, arguments of `BatchNormalization` that are gone, `workers` and
`use_multiprocessing` of `fit`, `reset_metrics` of `train_on_batch`, and `BatchNormalization(axis=[3])`.

## Why it matters
Keras 3 refuses them, or warns and goes on.

## Example
```python
layer = keras.layers.LeakyReLU(alpha=0.1)
```

## Use instead
```python
layer = keras.layers.LeakyReLU(negative_slope=0.1)
```

## Fix
The argument is renamed where it has a successor, and removed where it only chose an implementation.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.catalogue.keras_2 import KERAS_2
from keras_lsp.inference.values import ListValue
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import Failure
from keras_lsp.rules.input_layers import fixes, removal_fix
from keras_lsp.rules.rewriting import is_written, place, rename_keyword
from keras_lsp.rules.wording import keras_name, raises
from keras_lsp.text.edits import TextEdit

# Keras 3 still takes these, with a warning (keras/src/layers/activations/leaky_relu.py).
WARNS = frozenset((("LeakyReLU", "alpha"),))


def check(context: Context) -> Iterator[Finding]:
    """Arguments that Keras 3 changed."""
    if not context.keras3:
        return
    for failure in context.failures.get("KER504", ()):
        for name in failure.unknown:
            new = KERAS_2.get((failure.class_name, name), KERAS_2.get(("*", name)))
            if new is None:
                continue
            argument = failure.call.arguments[name]
            advice = f"It is called `{new}` now. " if new else "It is gone; leave it out. "
            message = f"{failure.class_name} does not take `{name}` in {keras_name(context)}. {advice}{raises(context, failure.error)}"
            edits = rename_keyword(argument, new) if new else None
            fix = Fix(f"Rename to `{new}`", edits) if edits else None
            if (failure.class_name, name) in WARNS:
                continue
            if not new:
                fix = removal_fix(context, failure.call, _gone(failure))
            yield RULE.finding(place(failure.call, argument), message, fixes=fixes(fix))
    for layer in context.facts.layers:
        arguments = layer.call.arguments
        if layer.call.guarded:
            continue
        alpha = arguments.get("alpha")
        if layer.class_name == "LeakyReLU" and alpha is not None:
            message = f"{keras_name(context)} calls this `negative_slope`, and warns about `alpha`."
            edits = rename_keyword(alpha, "negative_slope")
            fix = Fix("Rename to `negative_slope`", edits) if edits else None
            yield RULE.finding(place(layer.call, alpha), message, severity=Severity.WARNING, fixes=fixes(fix))
        axis = arguments.get("axis")
        if layer.class_name == "BatchNormalization" and axis is not None and isinstance(axis.value, ListValue):
            message = (
                f"{keras_name(context)} takes one number as `axis`, and raises: TypeError: int() argument must be a string, a "
                "bytes-like object or a real number, not 'list'."
            )
            source = context.source(axis.span)
            fix = None
            if is_written(axis) and axis.value.items is not None and len(axis.value.items) == 1 and "," not in source:
                fix = Fix("Take the list away", (TextEdit(axis.span.start, axis.span.end, source.strip("[] ")),))
            yield RULE.finding(place(layer.call, axis), message, fixes=fixes(fix))


def _gone(failure: Failure) -> list[str]:
    """All arguments of a call that Keras 3 takes no more and that have no successor."""
    gone = {name for owner, name in KERAS_2 if owner in (failure.class_name, "*") and not KERAS_2[owner, name]}
    return [name for name in failure.call.arguments if name in gone]


RULE = Rule("KER504", "changed-layer-argument", Severity.ERROR, "sometimes", check, __doc__ or "")
