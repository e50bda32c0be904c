"""KER210: an autoencoder's output has another size than its input.

## What it does
Reports `fit(x, x)` on a model whose output shape differs from its input shape.

## Why it matters
With `padding="same"` a stride of 2 makes 13 out of 25, and the decoder makes 26 out of 13. `fit` then fails deep inside the
loss, `Dimensions must be equal, but are 25 and 26`, at a line that is not the program's.

## Example
```python
x = np.zeros((64, 25, 25, 1), "float32")
model = keras.Sequential([
    keras.Input((25, 25, 1)),
    keras.layers.Conv2D(8, 3, strides=2, padding="same"),
    keras.layers.Conv2DTranspose(1, 3, strides=2, padding="same"),
])
model.compile("adam", "mse")
model.fit(x, x)
```

## Use instead
```python
x = np.zeros((64, 28, 28, 1), "float32")
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(8, 3, strides=2, padding="same"),
    keras.layers.Conv2DTranspose(1, 3, strides=2, padding="same"),
])
model.compile("adam", "mse")
model.fit(x, x)
```

## Fix
None: cropping the output and another input size are both possible.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.model_data import reconstructions
from keras_lsp.shapes.dim import differ, format_shape


def check(context: Context) -> Iterator[Finding]:
    """Reconstructions of another size than the original."""
    for event, target, output in reconstructions(context):
        if len(target) != len(output):
            continue
        different = [(a, b) for a, b in zip(target[1:], output[1:], strict=True) if differ(a, b)]
        if not different:
            continue
        hidden = all(1 in pair for pair in different)
        outcome = (
            "The loss broadcasts one against the other and trains on wrong pairs."
            if hidden
            else "`fit` fails in the loss."
        )
        message = (
            f"The model is trained to give back its input, {format_shape((None, *target[1:]))}, but it gives "
            f"{format_shape(output)}. {outcome} Choose a size that all strides divide, or crop the output."
        )
        last = event.last_layer
        span = last.span if last is not None else event.call.span
        related = ((event.call.span, "the input is the target here"),) if last is not None else ()
        yield RULE.finding(span, message, severity=Severity.WARNING if hidden else Severity.ERROR, related=related)


RULE = Rule("KER210", "output-does-not-match-input", Severity.ERROR, "none", check, __doc__ or "")
