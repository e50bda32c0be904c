"""KER215: the number of channels does not divide as the layer needs it.

## What it does
Reports convolutions, group normalizations and attentions whose channel count is not a multiple of their groups or heads.

## Why it matters
Keras stops when the layer is built, with a message about "evenly divisible".

## Example
```python
model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(8, 3, groups=2)])
```

## Use instead
```python
model = keras.Sequential([keras.Input((8, 8, 4)), keras.layers.Conv2D(8, 3, groups=2)])
```

## Fix
None.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.wording import raises, shapes


def check(context: Context) -> Iterator[Finding]:
    """Sizes that are no multiple of what they must be."""
    for failure in context.failures.get("KER215", ()):
        facts = failure.error.facts
        value, divisor = facts.get("value"), facts.get("divisor")
        sizes = f"{value} is not a multiple of {divisor}. " if value is not None and divisor is not None else ""
        got = f" and gets {shapes(failure.application.inputs)}" if failure.application is not None else ""
        message = (
            f"{failure.class_name} divides the channels into equal parts{got}: {sizes}{raises(context, failure.error)}"
        )
        yield RULE.finding(failure.span, message)


RULE = Rule("KER215", "channel-count-mismatch", Severity.ERROR, "none", check, __doc__ or "")
