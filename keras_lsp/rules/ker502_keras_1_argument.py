"""KER502: an argument has its name of Keras 1.

## What it does
Reports `nb_filter`, `border_mode`, `subsample`, `output_dim` of a Dense layer, `W_regularizer`, `nb_epoch` of `fit` and the other
names of 2016.

## Why it matters
Standalone Keras 2 still converts them, with a warning, and this rule gives a hint there. `tf.keras` and Keras 3 refuse them all as
unrecognized, or miss the arguments that they stood for.

## Example
```python
layer = keras.layers.Conv2D(8, 3, border_mode="same")
```

## Use instead
```python
layer = keras.layers.Conv2D(8, 3, padding="same")
```

## Fix
The argument is renamed, and so is its value where that has another name now: `dim_ordering="tf"`.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.catalogue.keras_1 import VALUES, advice, converted_names, successor
from keras_lsp.catalogue.version import Contract
from keras_lsp.inference.facts import Argument, Call
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import keras_1_names
from keras_lsp.rules.rewriting import is_written, place, rename_keyword, replace_value
from keras_lsp.rules.wording import keras_name, raises


def check(context: Context) -> Iterator[Finding]:
    """Names of Keras 1."""
    for failure in context.failures.get("KER502", ()):
        names = keras_1_names(failure)
        for index, name in enumerate(names):
            argument = failure.call.arguments[name]
            says = raises(context, failure.error) if index == 0 else ""
            message = (
                f"`{name}` is an argument of Keras 1; {keras_name(context)} does not take it. "
                f"{advice(failure.class_name, name)} {says}".rstrip()
            )
            fixes = _fixes(failure.class_name, failure.call, argument)
            yield RULE.finding(place(failure.call, argument), message, fixes=fixes)
    if context.world.keras.contract is Contract.A:
        yield from _converted(context)


def _converted(context: Context) -> Iterator[Finding]:
    """Names that this Keras still converts."""
    for layer in context.facts.layers:
        if layer.error is not None or layer.custom:
            continue
        for name, argument in layer.call.arguments.items():
            if name not in converted_names(layer.class_name):
                continue
            message = (
                f"`{name}` is an argument of Keras 1. {keras_name(context)} converts it, with a warning. "
                f"{advice(layer.class_name, name)}"
            )
            fixes = _fixes(layer.class_name, layer.call, argument)
            yield RULE.finding(place(layer.call, argument), message, severity=Severity.HINT, fixes=fixes)


def _fixes(owner: str, call: Call, argument: Argument) -> tuple[Fix, ...]:
    """Rename the argument, and its value where that changed too."""
    new = successor(owner, argument.name)
    edits = rename_keyword(argument, new) if new and new not in call.arguments else None
    values = VALUES.get(argument.name)
    if edits is not None and values is not None:
        known = isinstance(argument.value, str) and argument.value in values and is_written(argument)
        value = replace_value(argument, repr(values[argument.value])) if known else None
        edits = (*edits, *value) if value is not None else None
    return (Fix(f"Rename to `{new}`", edits, Applicability.SAFE),) if edits else ()


RULE = Rule("KER502", "keras-1-argument", Severity.ERROR, "sometimes", check, __doc__ or "")
