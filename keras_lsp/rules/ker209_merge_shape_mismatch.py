"""KER209: tensors are merged whose shapes do not fit together.

## What it does
Reports `Concatenate`, `Add`, `Multiply`, `Dot` and the other merge layers on shapes that they cannot merge, and on a single
tensor instead of a list.

## Why it matters
In encoder-decoder models an odd size is halved, rounded down and doubled again, and the skip connection is one pixel off.
Keras names the two shapes, not where they parted.

## Example
```python
a = keras.Input((32, 32, 8))
b = keras.Input((31, 31, 8))
x = keras.layers.Concatenate()([a, b])
```

## Use instead
```python
a = keras.Input((32, 32, 8))
b = keras.Input((32, 32, 8))
x = keras.layers.Concatenate()([a, b])
```

## Fix
None: padding, cropping and another input size are all possible. A single tensor needs brackets around it.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import Span
from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.failures import Failure
from keras_lsp.rules.wording import raises, shapes
from keras_lsp.shapes.dim import Shape, differ, format_shape
from keras_lsp.shapes.tensor import flatten


def check(context: Context) -> Iterator[Finding]:
    """Merges of shapes that do not fit."""
    for failure in context.failures.get("KER209", ()):
        inputs = failure.application.inputs if failure.application is not None else None
        tensors = flatten(inputs)
        if failure.error.kind == "arity" and len(tensors) == 1:
            message = (
                f"{failure.class_name} merges a list of tensors and gets one, {shapes(inputs)}: write "
                f"`{failure.class_name}()([a, b])`. {raises(context, failure.error)}"
            )
        else:
            where = _difference([tensor.shape for tensor in tensors])
            message = (
                f"{failure.class_name} cannot merge {shapes(inputs)}{where}. Pad, crop or resize one of them, or change the "
                f"input size. {raises(context, failure.error)}"
            )
        yield RULE.finding(failure.span, message, related=_origins(failure))


def _difference(known: list[Shape | None]) -> str:
    """Which axes differ, for two shapes of one rank."""
    if len(known) != 2 or known[0] is None or known[1] is None or len(known[0]) != len(known[1]):
        return ""
    axes = [axis for axis, (a, b) in enumerate(zip(known[0], known[1], strict=True)) if differ(a, b)]
    if not axes:
        return ""
    named = ", ".join(f"axis {axis}: {known[0][axis]} and {known[1][axis]}" for axis in axes)
    return f" ({named})"


def _origins(failure: Failure) -> tuple[tuple[Span, str], ...]:
    if failure.application is None:
        return failure.related
    found: list[tuple[Span, str]] = []
    for layer, tensor in zip(failure.application.producers, flatten(failure.application.inputs), strict=False):
        if layer is not None and layer.span != failure.span:
            found.append((layer.span, f"{layer.class_name} gives {format_shape(tensor.shape)}"))
    return tuple(found)


RULE = Rule("KER209", "merge-shape-mismatch", Severity.ERROR, "none", check, __doc__ or "")
