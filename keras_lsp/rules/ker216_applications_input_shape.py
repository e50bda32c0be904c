"""KER216: a model of `keras.applications` is given an input shape or classes that it refuses.

## What it does
Reports an `input_shape` that is too small, has no three axes, or has another number of channels or another size than the
pretrained weights need, and `classes` that do not fit them.

## Why it matters
Pretrained weights fix the number of channels and, with the top layers, the size of the image and the number of classes. The
weights are downloaded before some of this is checked.

## Example
```python
base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(16, 16, 3))
```

## Use instead
```python
base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
```

## Fix
None: the data has to have that shape too.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import Call
from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.rewriting import place
from keras_lsp.rules.shape_arguments import as_shape
from keras_lsp.rules.wording import keras_name, raises
from keras_lsp.shapes.dim import format_shape

# `min_size` and `default_size` in keras/src/applications/*.py: (smallest side, side of the pretrained weights).
_SIZES: tuple[tuple[str, int, int], ...] = (
    ("InceptionResNetV2", 75, 299),
    ("InceptionV3", 75, 299),
    ("Xception", 71, 299),
    ("VGG", 32, 224),
    ("ResNet", 32, 224),
    ("DenseNet", 32, 224),
)
# The pretrained classifiers know the thousand classes of ImageNet.
IMAGENET_CLASSES = 1000


def check(context: Context) -> Iterator[Finding]:
    """Backbones that refuse their arguments."""
    for failure in context.failures.get("KER216", ()):
        name = failure.argument or "input_shape"
        argument = failure.call.arguments.get(name)
        message = f"{failure.class_name} cannot be made like this. {raises(context, failure.error)}"
        yield RULE.finding(place(failure.call, argument) if argument else failure.span, message)
    failed = {failure.span for failure in context.failures.get("KER216", ())}
    if context.world.data_format != "channels_last":
        return
    for call in context.facts.calls:
        symbol = context.catalogue.symbol(call.canonical)
        if symbol is None or symbol.kind != "application" or call.guarded or call.symbolic or call.unknown_arguments:
            continue
        if call.span not in failed:
            yield from _judge(context, call, symbol.leaf)


def _judge(context: Context, call: Call, name: str) -> Iterator[Finding]:
    sizes = next(((least, usual) for prefix, least, usual in _SIZES if name.startswith(prefix)), None)
    weights = call.arguments["weights"].value if "weights" in call.arguments else "imagenet"
    top = call.arguments["include_top"].value if "include_top" in call.arguments else True
    if sizes is None or not isinstance(top, bool) or not (weights is None or isinstance(weights, str)):
        return
    least, usual = sizes
    classes = call.arguments.get("classes")
    known = classes is not None and isinstance(classes.value, int) and classes.value != IMAGENET_CLASSES
    if weights == "imagenet" and top and known:
        message = (
            f"The pretrained top layers of {name} know {IMAGENET_CLASSES} classes. Use include_top=False and a Dense layer of "
            f"your own. {keras_name(context)} raises: ValueError: If using `weights='imagenet'` with `include_top=True`, "
            f"`classes` should be {IMAGENET_CLASSES}."
        )
        yield RULE.finding(place(call, classes), message)
        return
    argument = call.arguments.get("input_shape")
    value = argument.value if argument is not None else None
    shape = None if isinstance(value, int) else as_shape(value)
    if argument is None or shape is None:
        return
    problem = _problem(shape, weights, top, least, usual)
    if problem is not None:
        advice, text = problem
        message = f"{name} {advice} {keras_name(context)} raises: ValueError: {text}"
        yield RULE.finding(place(call, argument), message)


def _problem(
    shape: tuple[object, ...], weights: str | None, top: bool, least: int, usual: int
) -> tuple[str, str] | None:
    """What is wrong with an input shape, channels last, in our words and in Keras's."""
    given = format_shape(shape)  # type: ignore[arg-type]
    numbers = all(dim is None or isinstance(dim, int) for dim in shape)
    if weights == "imagenet" and top:
        wanted = (usual, usual, 3)
        if numbers and shape != wanted:
            return (
                f"with its pretrained top layers takes {format_shape(wanted)} only; use include_top=False for other sizes.",
                f"When setting `include_top=True` and loading `imagenet` weights, `input_shape` should be "
                f"{format_shape(wanted)}.  Received: input_shape={given}",
            )
        return None
    if len(shape) != 3:
        return (
            "takes images of height, width and channels.",
            "`input_shape` must be a tuple of three integers.",
        )
    if weights == "imagenet" and isinstance(shape[2], int) and shape[2] != 3:
        return (
            "has pretrained weights for 3 channels; repeat a grey channel with Concatenate()([x, x, x]), or use weights=None.",
            f"The input must have 3 channels; Received `input_shape={given}`",
        )
    if any(isinstance(dim, int) and dim < least for dim in shape[:2]):
        return (
            f"needs images of at least {least} x {least}.",
            f"Input size must be at least {least}x{least}; Received: input_shape={given}",
        )
    return None


RULE = Rule("KER216", "applications-input-shape", Severity.ERROR, "none", check, __doc__ or "")
