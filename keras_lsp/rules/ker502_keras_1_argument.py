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
The argument is renamed.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.catalogue.keras_1 import CONVERSIONS, VALUES, converted_names
from keras_lsp.catalogue.version import Contract
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import keras_1_names
from keras_lsp.rules.renamed import KERAS_1, KERAS_1_INSTEAD
from keras_lsp.rules.rewriting import place, rename_keyword
from keras_lsp.rules.wording import keras_name, raises
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Names of Keras 1."""
    for failure in context.failures.get("KER502", ()):
        names = keras_1_names(failure)
        for index, name in enumerate(names):
            argument = failure.call.arguments[name]
            new = "units" if name == "output_dim" else KERAS_1[name]
            advice = f"Today it is called `{new}`. " if new else f"Today {KERAS_1_INSTEAD[name]}. "
            says = raises(context, failure.error) if index == 0 else ""
            message = (
                f"`{name}` is an argument of Keras 1; {keras_name(context)} does not take it. {advice}{says}".rstrip()
            )
            edits: tuple[TextEdit, ...] | None = None
            if new and new not in failure.call.arguments:
                edits = rename_keyword(argument, new)
            fix = (Fix(f"Rename to `{new}`", edits, Applicability.SAFE),) if edits else ()
            yield RULE.finding(place(failure.call, argument), message, fixes=fix)
    if context.world.keras.contract is Contract.A:
        yield from _converted(context)


def _converted(context: Context) -> Iterator[Finding]:
    """Names that this Keras still converts."""
    for layer in context.facts.layers:
        if layer.error is not None or layer.custom:
            continue
        names = CONVERSIONS.get(layer.class_name, {})
        for name, argument in layer.call.arguments.items():
            if name not in converted_names(layer.class_name):
                continue
            new = names.get(name)
            advice = f"Today it is called `{new}`" if new else "Later versions have no such argument"
            message = (
                f"`{name}` is an argument of Keras 1. {keras_name(context)} converts it, with a warning. {advice}."
            )
            edits = rename_keyword(argument, new) if new and name not in VALUES else None
            fix = (Fix(f"Rename to `{new}`", edits, Applicability.SAFE),) if edits else ()
            yield RULE.finding(place(layer.call, argument), message, severity=Severity.HINT, fixes=fix)


RULE = Rule("KER502", "keras-1-argument", Severity.ERROR, "sometimes", check, __doc__ or "")
