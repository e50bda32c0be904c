"""KER114: an argument is missing that a call cannot do without.

## What it does
Reports constructors of layers without a required argument, such as `Dense()`, and `AveragePooling2D()` under Keras 3, which
lost its default there. Also losses, metrics and callbacks of Keras without one, and losses and metrics of the program that are
called where they should be named: `loss=rmse()`.

## Why it matters
The program stops with `missing 1 required positional argument`.

## Example
```python
layer = keras.layers.Dense(activation="relu")
```

## Use instead
```python
layer = keras.layers.Dense(32, activation="relu")
```

## Fix
None.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.wording import listing, raises


def check(context: Context) -> Iterator[Finding]:
    """Constructors without a required argument."""
    for failure in context.failures.get("KER114", ()):
        names = failure.error.facts.get("missing")
        missing = [f"`{name}`" for name in names] if isinstance(names, tuple) else []  # pyright: ignore[reportUnknownVariableType]
        is_function = failure.subject == "call" and failure.class_name[:1].islower()
        advice = f"Where Keras shall call it, write `{failure.class_name}` without brackets. " if is_function else ""
        message = f"{failure.class_name} needs {listing(missing) or 'another argument'}. {advice}{raises(context, failure.error)}"
        yield RULE.finding(failure.call.callee_span, message)


RULE = Rule("KER114", "missing-layer-argument", Severity.ERROR, "none", check, __doc__ or "")
