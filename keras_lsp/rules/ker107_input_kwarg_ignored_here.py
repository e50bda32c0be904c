"""KER107: an input shape is given on a layer whose input is already known, and is ignored.

## What it does
Points at `input_shape=` and `input_dim=` on a layer that is not the first of its Sequential, or that is called on a tensor.

## Why it matters
Only the first layer's `input_shape` counts. Elsewhere Keras does not even check it, so it can say anything and mislead
the reader.

## Example
```python
model = keras.Sequential([
    keras.Input((4,)),
    keras.layers.Dense(8),
    keras.layers.Dense(2, input_shape=(8,)),
])
```

## Use instead
```python
model = keras.Sequential([
    keras.Input((4,)),
    keras.layers.Dense(8),
    keras.layers.Dense(2),
])
```

## Fix
The keyword is removed.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.failures import own_input
from keras_lsp.rules.input_layers import fixes, removal_fix
from keras_lsp.rules.ker106_conflicting_input_specs import behind_input_layer
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.rules.shape_arguments import contradicts, given_shape
from keras_lsp.rules.wording import shapes
from keras_lsp.shapes.dim import format_shape
from keras_lsp.shapes.tensor import Tensor


def check(context: Context) -> Iterator[Finding]:
    """First-layer keywords on later layers."""
    for layer in context.facts.layers:
        call = layer.call
        names = [n for n in ("input_shape", "input_dim", "batch_input_shape") if is_written(call.arguments.get(n))]
        if layer.class_name in ("Embedding", "ReversibleEmbedding") and "input_dim" in names:
            names.remove("input_dim")
        if not names or layer.error or call.guarded or layer.custom or layer.class_name == "InputLayer":
            continue
        later = layer.position == "sequential" and not own_input(layer)
        if not (later or layer.position == "functional") or not layer.applications:
            continue
        application = layer.applications[0]
        known = application.inputs
        if application.error:
            continue
        given = given_shape(layer)
        behind = behind_input_layer(layer)
        if behind is not None and given is not None and contradicts(given, behind):
            continue  # reported as a contradiction
        other = (
            isinstance(known, Tensor)
            and known.shape is not None
            and given is not None
            and contradicts(given, known.shape)
        )
        message = (
            f"The input of this layer is already known, {shapes(known)}, so `{names[0]}` is ignored"
            f"{f', although it says {format_shape(given)}' if other and given is not None else ''}. Remove it."
        )
        yield RULE.finding(
            place(call, call.arguments[names[0]]), message, fixes=fixes(removal_fix(context, call, names))
        )


RULE = Rule("KER107", "input-kwarg-ignored-here", Severity.HINT, "always", check, __doc__ or "")
