"""KER303: a layer is passed where its output is needed.

## What it does
Reports layer objects given to other layers, to `Model(...)` as outputs, or to operators.

## Why it matters
`Dense(1)` only creates the layer; it is connected by calling it. Keras 3 says misleadingly `Only input tensors may be passed as
positional arguments. The following argument value should be passed as a keyword argument: <Dense name=dense_1>`.

## Example
```python
a = keras.Input((3,))
model = keras.Model(a, keras.layers.Dense(1))
```

## Use instead
```python
a = keras.Input((3,))
model = keras.Model(a, keras.layers.Dense(1)(a))
```

## Fix
None: on which tensor to call it, only the author knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.wording import raises


def check(context: Context) -> Iterator[Finding]:
    """Layers in the place of tensors."""
    for failure in context.failures.get("KER303", ()):
        layer = failure.layer
        name = layer.class_name if layer is not None else "This layer"
        message = (
            f"{name} is a layer here, not its output: it must be called on a tensor, `{name}(...)(x)`. "
            f"{raises(context, failure.error)}"
        )
        related = (
            ((layer.span, "the layer is created here"),) if layer is not None and layer.span != failure.span else ()
        )
        yield RULE.finding(failure.span, message, related=related)


RULE = Rule("KER303", "layer-not-called", Severity.ERROR, "none", check, __doc__ or "")
