"""KER302: the outputs of a functional model depend on an input that is not among its inputs.

## What it does
Reports `Model(inputs, outputs)` where a path from an output ends at an `Input` that is not listed.

## Why it matters
Keras 2 says `Graph disconnected: cannot obtain value for tensor ...`; Keras 3 names no layer, and some of its versions say
nothing until `predict` fails with a `KeyError`.

## Example
```python
a, b = keras.Input((3,)), keras.Input((3,))
x = keras.layers.Add()([a, b])
model = keras.Model(a, x)
```

## Use instead
```python
a, b = keras.Input((3,)), keras.Input((3,))
x = keras.layers.Add()([a, b])
model = keras.Model([a, b], x)
```

## Fix
None: the order of the inputs is the author's choice.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.rewriting import place
from keras_lsp.rules.wording import listing, raises


def check(context: Context) -> Iterator[Finding]:
    """Models whose graph has a loose end."""
    for failure in context.failures.get("KER302", ()):
        names = failure.error.facts.get("missing")
        missing = [f"`{name}`" for name in names] if isinstance(names, tuple) else []  # pyright: ignore[reportUnknownVariableType]
        subject = (
            f"input {listing(missing)}"
            if len(missing) == 1
            else f"inputs {listing(missing)}"
            if missing
            else "an input"
        )
        message = (
            f"The outputs also depend on {subject}, not among the model's inputs. Add it to `inputs`. "
            f"{raises(context, failure.error)}"
        )
        argument = failure.call.arguments.get("inputs")
        span = place(failure.call, argument) if argument is not None else failure.span
        yield RULE.finding(span, message, related=failure.related)


RULE = Rule("KER302", "graph-disconnected", Severity.ERROR, "none", check, __doc__ or "")
