"""KER218: a layer or model is called on another number of tensors than it takes.

## What it does
Reports calls with several tensors on a layer that takes one, and the other way round; also inside a Sequential behind a layer
that gives several, such as an LSTM with `return_state=True`.

## Why it matters
Keras stops with `Layer "dense" expects 1 input(s), but it received 3 input tensors.`

## Example
```python
a, b = keras.Input((3,)), keras.Input((3,))
y = keras.layers.Dense(4)([a, b])
```

## Use instead
```python
a, b = keras.Input((3,)), keras.Input((3,))
y = keras.layers.Dense(4)(keras.layers.Concatenate()([a, b]))
```

## Fix
None.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.wording import count, raises


def check(context: Context) -> Iterator[Finding]:
    """Calls on the wrong number of tensors."""
    for failure in context.failures.get("KER218", ()):
        expected, found = failure.error.facts.get("expected"), failure.error.facts.get("found")
        numbers = ""
        if isinstance(expected, int) and isinstance(found, int):
            numbers = f" takes {count(expected, 'tensor')} and gets {found}"
        missing = cast("tuple[str, ...]", failure.error.facts.get("missing", ()))
        if missing:
            numbers = f" gets no `{missing[0]}`"
        message = f"{failure.class_name}{numbers or ' gets another number of tensors than it takes'}. {raises(context, failure.error)}"
        yield RULE.finding(failure.span, message)


RULE = Rule("KER218", "wrong-number-of-inputs", Severity.ERROR, "none", check, __doc__ or "")
