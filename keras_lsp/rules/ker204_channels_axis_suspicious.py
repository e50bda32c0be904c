"""KER204: an image shape has its channels in the other place than the layer reads them.

## What it does
Reports an input shape such as `(1, 28, 28)` or `(3, 224, 224)` for a two-dimensional convolution or pooling that reads
`(height, width, channels)`, and the mirror image under `data_format="channels_first"`. It is an error where the model then
fails, else a warning.

## Why it matters
Read as channels-last, `(1, 28, 28)` is an image of one row with 28 channels. The model is built without complaint, or fails
later with a message about sizes that the program never mentions.

## Example
```python
model = keras.Sequential([keras.Input((3, 32, 32)), keras.layers.Conv2D(8, 3)])
```

## Use instead
```python
model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 3)])
```

## Fix
The tuple is reordered. Not applied unasked: the data must be in that order too, `np.moveaxis(x, 1, -1)`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_lsp.inference.facts import Argument, LayerFact
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import Failure, declared_shape
from keras_lsp.rules.graph_walks import TRANSPARENT, ancestors
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.rules.wording import raises
from keras_lsp.shapes.dim import Shape, format_shape
from keras_lsp.shapes.outcome import Undetermined
from keras_lsp.shapes.tensor import Tensor
from keras_lsp.syntax.compiling import parse_expression
from keras_lsp.text.edits import TextEdit

# Grey, colour, and colour with alpha.
CHANNEL_COUNTS = (1, 3, 4)
# Smaller images than this are feature maps or boards, and any axis may be anything.
SMALLEST_IMAGE = 5
_IMAGE_LAYERS = frozenset(
    ("Conv2D", "SeparableConv2D", "DepthwiseConv2D", "MaxPooling2D", "AveragePooling2D", "ZeroPadding2D")
)


def check(context: Context) -> Iterator[Finding]:
    """Inputs of image layers whose first or last axis looks like channels in the other format."""
    reported: set[int] = set()
    for failure in context.failures.get("KER204", ()):
        layer = swapped_input(failure, context)
        if layer is None or id(layer) in reported:
            continue
        reported.add(id(layer))
        finding = _finding(context, layer, f" {raises(context, failure.error)}", Severity.ERROR)
        if finding is not None:
            yield finding
    failing = any(layer.error or any(a.error for a in layer.applications) for layer in context.facts.layers)
    if failing:
        return
    for layer in context.facts.layers:
        if (
            id(layer) not in reported
            and swapped(layer) is not None
            and not layer.call.guarded
            and not layer.call.symbolic
        ):
            finding = _finding(context, layer, "", Severity.WARNING)
            if finding is not None:
                yield finding


def swapped_input(failure: Failure, context: Context) -> LayerFact | None:
    """The first image layer before a failing one whose input looks swapped."""
    del context
    layer = failure.layer
    if layer is None:
        return None
    chain = [layer, *ancestors(layer)]
    return next((before for before in reversed(chain) if swapped(before) is not None), None)


def channels_first(layer: LayerFact) -> bool | None:
    """How an image layer reads its axes, `None` if its argument is not known."""
    try:
        return layer.configuration.channels_first() if layer.configuration is not None else None
    except Undetermined:
        return None


def swapped(layer: LayerFact) -> Shape | None:
    """The image shape as it was probably meant, for a first image layer that reads it the other way."""
    if layer.class_name not in _IMAGE_LAYERS or not layer.applications or channels_first(layer) is None:
        return None
    application = layer.applications[0]
    before = application.producers[0] if application.producers else None
    while before is not None and before.class_name in TRANSPARENT | {"Rescaling", "Normalization"}:
        before = (
            before.applications[0].producers[0] if before.applications and before.applications[0].producers else None
        )
    if before is None or before.class_name != "InputLayer":
        return None
    inputs = application.inputs
    if not isinstance(inputs, Tensor) or inputs.shape is None or len(inputs.shape) != 4:
        return None
    first, second, third = inputs.shape[1:]
    if not (isinstance(first, int) and isinstance(second, int) and isinstance(third, int)):
        return None
    if channels_first(layer):
        fits = third in CHANNEL_COUNTS and first == second >= SMALLEST_IMAGE
        return (third, first, second) if fits else None
    fits = first in CHANNEL_COUNTS and second == third >= SMALLEST_IMAGE
    return (second, third, first) if fits else None


def _finding(context: Context, layer: LayerFact, says: str, severity: Severity) -> Finding | None:
    meant = swapped(layer)
    application = layer.applications[0]
    inputs = application.inputs
    if meant is None or not isinstance(inputs, Tensor) or inputs.shape is None or layer.configuration is None:
        return None
    given = inputs.shape[1:]
    first = channels_first(layer) is True
    order = "(channels, height, width)" if first else "(height, width, channels)"
    other = "channels_last" if first else "channels_first"
    height, width, channels = (given[1], given[2], given[0]) if first else given
    message = (
        f"{format_shape(given)} looks like {'(height, width, channels)' if first else '(channels, height, width)'}, but "
        f"{layer.class_name} reads {order}: an image of {height} x {width} with {channels} channels. "
        f"Write {format_shape(meant)} and give the data in that order, or set data_format='{other}'.{says}"
    )
    span = layer.span
    fix: Fix | None = None
    found = declared_shape(application)
    if found is not None:
        call, name = found
        span = place(call, call.arguments[name])
        fix = _reorder(context, call.arguments[name], first)
    return RULE.finding(span, message, severity=severity, fixes=(fix,) if fix else ())


def _reorder(context: Context, argument: Argument, channels_first: bool) -> Fix | None:
    source = context.source(argument.span)
    node = parse_expression(source)
    if not isinstance(node, ast.Tuple) or len(node.elts) != 3 or not is_written(argument) or "#" in source:
        return None
    a, b, c = (ast.get_source_segment(source, element) or "" for element in node.elts)
    text = f"({c}, {a}, {b})" if channels_first else f"({b}, {c}, {a})"
    return Fix(f"Reorder to `{text}`", (TextEdit(argument.span.start, argument.span.end, text),), Applicability.UNSAFE)


RULE = Rule("KER204", "channels-axis-suspicious", Severity.WARNING, "sometimes", check, __doc__ or "")
