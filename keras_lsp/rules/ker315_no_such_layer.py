"""KER315: a model is asked for a layer that it does not have.

## What it does
Reports `model.get_layer(...)` with a name that none of its layers has, or with an index behind the last one.

## Why it matters
Keras raises `No such layer`. Names that Keras gives by itself (`dense_3`) depend on how many layers the program made before, and
are not reported.

## Example
```python
model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(32, name="features")])
features = model.get_layer("feature")
```

## Use instead
```python
model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(32, name="features")])
features = model.get_layer("features")
```

## Fix
The name is replaced by the one that is nearest to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.rewriting import is_written, place, replace_value
from keras_lsp.rules.wording import listing, nearest, raises

# More names than these do not help to find the right one.
MAX_NAMES = 8


def check(context: Context) -> Iterator[Finding]:
    """Layers that are not there."""
    for failure in context.failures.get("KER315", ()):
        names = cast("tuple[str, ...]", failure.error.facts.get("names", ()))
        argument = failure.call.arguments.get("name") or failure.call.arguments.get("index")
        span = place(failure.call, argument) if argument is not None else failure.span
        fixes: tuple[Fix, ...] = ()
        value = argument.value if argument is not None else None
        meant = nearest(value, names) if isinstance(value, str) else None
        advice = f"Did you mean {meant!r}?" if meant else _known(names)
        if meant and argument is not None and is_written(argument):
            quote = context.source(argument.span)[:1]
            edits = replace_value(argument, f"{quote}{meant}{quote}") if quote in ("'", '"') else None
            fixes = (Fix(f"Use {meant!r}", edits, Applicability.UNSAFE),) if edits else ()
        message = f"This model has no such layer. {advice} {raises(context, failure.error)}"
        yield RULE.finding(span, message, fixes=fixes)


def _known(names: tuple[str, ...]) -> str:
    if not names:
        return "It has no layers."
    shown = [repr(name) for name in names[:MAX_NAMES]]
    return f"Its layers are {listing([*shown, '...'] if len(names) > MAX_NAMES else shown)}."


RULE = Rule("KER315", "no-such-layer", Severity.ERROR, "sometimes", check, __doc__ or "")
