"""KER216: a model of `keras.applications` is given an input shape or arguments that it refuses.

## What it does
Reports `input_shape`s that are too small or have the wrong number of channels for the weights, and `classes` that do not fit them.

## Why it matters
Pretrained weights fix the number of channels and, with the top layers, the size of the image and the number of classes.

## Example
```python
base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(16, 16, 3))
```

## Use instead
```python
base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
```

## Fix
None.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.rewriting import place
from keras_lsp.rules.wording import raises


def check(context: Context) -> Iterator[Finding]:
    """Backbones that refuse their arguments."""
    for failure in context.failures.get("KER216", ()):
        name = failure.argument or "input_shape"
        argument = failure.call.arguments.get(name)
        message = f"{failure.class_name} cannot be made like this. {raises(context, failure.error)}"
        yield RULE.finding(place(failure.call, argument) if argument else failure.span, message)


RULE = Rule("KER216", "applications-input-shape", Severity.ERROR, "none", check, __doc__ or "")
