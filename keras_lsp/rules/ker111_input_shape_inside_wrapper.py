"""KER111: an input shape is on the layer inside a wrapper, where a Sequential does not look.

## What it does
Reports `Bidirectional(LSTM(4, input_shape=...))` and `TimeDistributed(Dense(4, input_shape=...))` as the first layer of a
Sequential, when the wrapper itself has no input shape and nothing else builds the model.

## Why it matters
Keras accepts it silently and ignores it: the model has no weights and `summary()` shows no shapes, or fails in Keras 2.

## Example
```python
model = keras.Sequential([keras.layers.Bidirectional(keras.layers.LSTM(4, input_shape=(10, 3)))])
```

## Use instead
```python
model = keras.Sequential([keras.Input((10, 3)), keras.layers.Bidirectional(keras.layers.LSTM(4))])
```

## Fix
The shape moves into a `keras.Input` before the wrapper. For `TimeDistributed` the time axis is missing in it, so there the
change is only explained.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import LayerFact
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import inner_layer
from keras_lsp.rules.input_layers import FIRST_LAYER_KEYWORDS, fixes, input_arguments, written_keywords
from keras_lsp.rules.rewriting import insert_before_layer, place, remove_arguments, spell


def check(context: Context) -> Iterator[Finding]:
    """First layers whose wrapped layer declares the input."""
    for layer in context.facts.layers:
        if layer.class_name not in ("Bidirectional", "TimeDistributed") or layer.call.guarded or layer.error:
            continue
        inner = inner_layer(layer)
        if layer.position != "sequential" or layer.index != 0 or inner is None or inner.error or layer.applications:
            continue
        names = written_keywords(inner.call)
        if inner.class_name == "Embedding" and "input_dim" in names:
            names.remove("input_dim")
        if not names or any(name in layer.call.arguments for name in FIRST_LAYER_KEYWORDS):
            continue
        message = (
            f"`{names[0]}` is on the {inner.class_name} inside {layer.class_name}, where Keras does not look: the model "
            f"stays without an input shape and has no weights. Put `keras.Input(...)` before {layer.class_name}"
            f"{', with the time axis in front' if layer.class_name == 'TimeDistributed' else ''}."
        )
        yield RULE.finding(
            place(inner.call, inner.call.arguments[names[0]]), message, fixes=fixes(_move(context, layer, inner, names))
        )


def inside_wrapper(layer: LayerFact) -> bool:
    """Whether a wrapper's inner layer declares an input shape that Keras does not see."""
    inner = inner_layer(layer)
    return inner is not None and bool(written_keywords(inner.call))


def _move(context: Context, layer: LayerFact, inner: LayerFact, names: list[str]) -> Fix | None:
    arguments = input_arguments(context, inner)
    removed = remove_arguments(context, inner.call, names)
    spelled = spell(context, layer.call, "Input")
    if layer.class_name != "Bidirectional" or arguments is None or removed is None or spelled is None:
        return None
    inserted = insert_before_layer(context, layer, f"{spelled[0]}({arguments})")
    if inserted is None:
        return None
    return Fix(f"Declare the input as Input({arguments})", (*inserted, *removed, *spelled[1]))


RULE = Rule("KER111", "input-shape-inside-wrapper", Severity.WARNING, "sometimes", check, __doc__ or "")
