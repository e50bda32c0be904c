"""KER208: two options of a layer exclude each other.

## What it does
Reports strides together with dilation, `padding="causal"` where it is not supported, and other pairs of arguments that a
constructor refuses.

## Why it matters
Keras stops at the constructor.

## Example
```python
layer = keras.layers.Conv2D(8, 3, strides=2, dilation_rate=2)
```

## Use instead
```python
layer = keras.layers.Conv2D(8, 3, dilation_rate=2)
```

## Fix
None: which of the two is meant, only the author knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.rewriting import place
from keras_lsp.rules.wording import listing, raises


def check(context: Context) -> Iterator[Finding]:
    """Constructors with arguments that exclude each other."""
    for failure in context.failures.get("KER208", ()):
        names = failure.error.facts.get("arguments")
        known = [str(name) for name in names] if isinstance(names, tuple | list) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        what = listing([f"`{name}`" for name in known])
        message = (
            f"{failure.class_name} cannot combine these values{f' of {what}' if what else ''}. "
            f"{raises(context, failure.error)}"
        )
        written = [name for name in known if name in failure.call.arguments]
        span = place(failure.call, failure.call.arguments[written[-1]]) if written else failure.span
        yield RULE.finding(span, message)


RULE = Rule("KER208", "conv-option-conflict", Severity.ERROR, "none", check, __doc__ or "")
