"""KER104: `input_dim` on a layer that takes sequences makes an input without a time axis.

## What it does
Reports `input_dim=` on a recurrent layer under Keras 3, and on a one-dimensional convolution under any Keras.

## Why it matters
On a recurrent layer `input_dim=3` used to mean "3 features per time step, any number of steps": `(None, None, 3)`. Keras 3
reads it as one flat vector per sample, `(None, 3)`, and the layer refuses that.

## Example
```python
model = keras.Sequential([keras.layers.LSTM(4, input_dim=3)])
```

## Use instead
```python
model = keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(4)])
```

## Fix
The keyword becomes `keras.Input((None, features))`, with the number of steps instead of `None` where `input_length` gives it.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import recurrent_core
from keras_lsp.rules.input_layers import fixes, input_fix, move_to_input
from keras_lsp.rules.rewriting import place
from keras_lsp.rules.wording import axes, keras_name, raises


def check(context: Context) -> Iterator[Finding]:
    """Sequence layers whose `input_dim` gives them two axes."""
    for failure in context.failures.get("KER104", ()):
        layer = failure.layer
        if layer is None:
            continue
        argument = layer.call.arguments["input_dim"]
        width = context.source(argument.span)
        recurrent = recurrent_core(layer) is not None
        once = (
            f"In Keras 2 `input_dim={width}` meant any number of time steps, (None, None, {width}). "
            if recurrent
            else ""
        )
        message = (
            f"{once}{keras_name(context)} reads `input_dim={width}` as one flat vector, (None, {width}), and "
            f"{layer.class_name} takes {axes(layer.class_name) or 'a sequence'}. "
            f"Declare `keras.Input((None, {width}))`, or the number of steps instead of None. "
            f"{raises(context, failure.error)}"
        )
        fix: Fix | None
        if recurrent:
            fix = input_fix(context, layer)
        else:
            edits = move_to_input(context, layer, f"shape=(None, {width})")
            title = f"Declare the input as Input(shape=(None, {width}))"
            fix = Fix(title, edits, Applicability.UNSAFE) if edits else None
        yield RULE.finding(place(layer.call, argument), message, fixes=fixes(fix))


RULE = Rule("KER104", "input-dim-on-sequence-layer", Severity.ERROR, "sometimes", check, __doc__ or "")
