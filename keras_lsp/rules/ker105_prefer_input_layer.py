"""KER105: an `Input` says what `input_shape` on the first layer says, without the warning of Keras 3.

## What it does
Points at `input_shape=` and `input_dim=` on the first layer of a Sequential under Keras 3. Off unless selected; the rewrite
is offered as a refactoring all the same.

## Why it matters
The model is the same, but Keras 3 prints a warning on every run: "Do not pass an `input_shape`/`input_dim` argument to a
layer. When using Sequential models, prefer using an `Input(shape)` object as the first layer in the model instead."

## Example
```python
model = keras.Sequential([keras.layers.Dense(10, input_dim=784)])
```

## Use instead
```python
model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])
```

## Fix
The keyword moves into a `keras.Input` before the layer.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.failures import own_input
from keras_lsp.rules.input_layers import fixes, input_arguments, input_fix, written_keywords
from keras_lsp.rules.rewriting import place
from keras_lsp.rules.wording import keras_name


def check(context: Context) -> Iterator[Finding]:
    """First layers that declare the input themselves."""
    if not context.keras3:
        return
    for layer in context.facts.layers:
        names = written_keywords(layer.call, ("input_shape", "input_dim"))
        if layer.class_name == "Embedding" and "input_dim" in names:
            names.remove("input_dim")
        if not own_input(layer) or not names or layer.error or layer.call.guarded:
            continue
        if any(application.error for application in layer.applications):
            continue
        arguments = input_arguments(context, layer)
        message = (
            f"{keras_name(context)} warns about `{names[0]}` on a layer at every run. "
            f"`keras.Input({arguments})` as the first layer makes the same model."
        )
        yield RULE.finding(
            place(layer.call, layer.call.arguments[names[0]]), message, fixes=fixes(input_fix(context, layer))
        )


RULE = Rule("KER105", "prefer-input-layer", Severity.HINT, "sometimes", check, __doc__ or "", default=False)
