"""KER213: a padding mask is dropped on its way to a layer that would use it.

## What it does
Reports layers that do not pass a mask on, between an Embedding with `mask_zero=True` (or `Masking`) and a recurrent layer,
attention or average pooling that would use it.

## Why it matters
The layers behind treat padding as data. Keras 3 prints a warning, Keras 2 says nothing.

## Example
```python
model = keras.Sequential([
    keras.Input((20,)),
    keras.layers.Embedding(1000, 8, mask_zero=True),
    keras.layers.Conv1D(16, 3),
    keras.layers.LSTM(4),
])
```

## Use instead
```python
model = keras.Sequential([
    keras.Input((20,)),
    keras.layers.Embedding(1000, 8, mask_zero=True),
    keras.layers.LSTM(4),
])
```

## Fix
None: either the mask or the layer that drops it has to go.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import LayerFact
from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.failures import recurrent_core
from keras_lsp.rules.graph_walks import consumers, downstream

# Layers with `supports_masking = False` and no `compute_mask` of their own, in Keras 2 and 3 alike.
DROPS_MASK = frozenset(
    ("Conv1D", "Conv1DTranspose", "SeparableConv1D", "DepthwiseConv1D", "MaxPooling1D", "AveragePooling1D", "Flatten",
     "Reshape", "RepeatVector", "UpSampling1D", "ZeroPadding1D", "Cropping1D")
)  # fmt: skip
_USES_MASK = frozenset(("GlobalAveragePooling1D", "MultiHeadAttention", "Attention", "AdditiveAttention"))


def check(context: Context) -> Iterator[Finding]:
    """Layers that drop a mask which is used behind them."""
    following = consumers(context.facts)
    for layer in context.facts.layers:
        mask = layer.call.arguments.get("mask_zero")
        masks = layer.class_name == "Masking" or (
            layer.class_name == "Embedding" and mask is not None and mask.value is True
        )
        if not masks or layer.call.guarded:
            continue
        for after in following.get(id(layer), ()):
            if after.class_name not in DROPS_MASK or after.call.guarded:
                continue
            users = (later for later in downstream(after, following) if _uses_mask(later))
            user = next(users, None)
            if user is None:
                continue
            message = (
                f"{after.class_name} does not pass the padding mask on, so the {user.class_name} after it treats padding as "
                f"data. Leave out the mask, or use layers that keep it."
            )
            related = ((layer.span, "the mask is made here"), (user.span, "and would be used here"))
            yield RULE.finding(after.span, message, related=related)


def _uses_mask(layer: LayerFact) -> bool:
    return recurrent_core(layer) is not None or layer.class_name in _USES_MASK


RULE = Rule("KER213", "mask-lost", Severity.WARNING, "none", check, __doc__ or "")
