"""KER203: nothing is left of the image or sequence for a convolution or pooling.

## What it does
Reports a convolution or pooling whose kernel is larger than what the layers before it have left.

## Why it matters
Every convolution with `padding="valid"` takes `kernel - 1` off each side length, every pooling halves it. Keras names neither
the sizes on the way nor the layer that can be spared.

## Example
```python
model = keras.Sequential([
    keras.Input((8, 8, 1)),
    keras.layers.Conv2D(8, 3),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(8, 5),
])
```

## Use instead
```python
model = keras.Sequential([
    keras.Input((8, 8, 1)),
    keras.layers.Conv2D(8, 3),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(8, 5, padding="same"),
])
```

## Fix
`padding="same"` on the layer that fails; not applied unasked, since dropping a pooling may be better.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import LayerFact
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import Failure
from keras_lsp.rules.graph_walks import CONVOLUTIONS, POOLINGS, TRANSPARENT, ancestors, size_of
from keras_lsp.rules.rewriting import set_argument
from keras_lsp.rules.wording import raises, shapes
from keras_lsp.shapes.dim import Dim

# A longer way is shortened in the middle of the message.
MAX_SIZES = 10


def check(context: Context) -> Iterator[Finding]:
    """Convolutions and poolings without room."""
    for failure in context.failures.get("KER203", ()):
        sizes = _sizes(failure)
        facts = failure.error.facts
        kernel = facts.get("kernel")
        size = facts.get("size")
        padded = failure.class_name in CONVOLUTIONS or failure.class_name in POOLINGS
        need = (
            f"a window of {kernel} does not fit into {size}"
            if kernel is not None and size is not None
            else "no room is left"
        )
        way = f" Sizes on the way: {' -> '.join(sizes)}." if len(sizes) > 1 else ""
        inputs = shapes(failure.application.inputs) if failure.application is not None else ""
        message = (
            f"{failure.class_name} gets {inputs}: {need}.{way} Use padding='same', drop a pooling, or start larger. "
            f"{raises(context, failure.error)}"
        )
        related = tuple(
            (layer.span, f"{layer.class_name} gives {shapes(layer.applications[0].output)}")
            for layer in list(_before(failure))[:MAX_SIZES]
            if layer.class_name not in TRANSPARENT and layer.applications
        )
        fix: Fix | None = None
        if (
            padded
            and failure.layer is not None
            and "padding" in (failure.layer.configuration.arguments if failure.layer.configuration else ())
        ):
            edits = set_argument(context, failure.call, "padding", '"same"')
            fix = Fix('Use `padding="same"`', edits, Applicability.UNSAFE) if edits else None
        yield RULE.finding(failure.span, message, related=related, fixes=(fix,) if fix else ())


def _before(failure: Failure) -> Iterator[LayerFact]:
    producer = failure.producer
    if producer is not None:
        yield producer
        yield from ancestors(producer)


def _sizes(failure: Failure) -> list[str]:
    """The size of the failing axis at every layer on the way, from the input."""
    axis = failure.error.facts.get("axis")
    if not isinstance(axis, int):
        return []
    sizes: list[Dim] = []
    for layer in _before(failure):
        if layer.applications:
            sizes += [size_of(layer.applications[0].output, axis), size_of(layer.applications[0].inputs, axis)]
    found: list[str] = []
    for size in sizes:
        if size is None:
            break
        if not found or found[-1] != str(size):
            found.append(str(size))
    found.reverse()
    return found if len(found) <= MAX_SIZES else [*found[:2], "...", *found[-MAX_SIZES + 3 :]]


RULE = Rule("KER203", "spatial-size-exhausted", Severity.ERROR, "sometimes", check, __doc__ or "")
