"""KER219: an operation is sure to fail on these shapes or values.

## What it does
Reports operations and layers that fail in a way that no other rule explains: operands that cannot be broadcast together,
matrix products of different inner sizes, axes outside the rank, element types that are not accepted.

## Why it matters
The program stops there, often with a message of the backend.

## Example
```python
a, b = keras.Input((3,)), keras.Input((5,))
y = a + b
```

## Use instead
```python
a, b = keras.Input((5,)), keras.Input((5,))
y = a + b
```

## Fix
None.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.wording import listing, raises, shapes
from keras_lsp.shapes.dim import format_shape

_WHAT = {
    "broadcast": "The shapes cannot be broadcast together",
    "matmul": "The inner sizes of the product differ",
    "axis": "The axis lies outside the tensor",
    "dtype": "The element type is not accepted",
}


def check(context: Context) -> Iterator[Finding]:
    """Whatever else is sure to fail."""
    for failure in context.failures.get("KER219", ()):
        what = _WHAT.get(failure.error.kind, f"This call of {failure.class_name} fails")
        about = ""
        wanted, got = failure.error.facts.get("expected"), failure.error.facts.get("found")
        if failure.subject == "model-call" and isinstance(wanted, tuple) and isinstance(got, tuple):
            what = f"The model takes {format_shape(wanted)}, and gets {format_shape(got)}"  # pyright: ignore[reportUnknownArgumentType]
        known = failure.error.facts.get("shapes")
        if failure.application is not None:
            about = f": {shapes(failure.application.inputs)}"
        elif isinstance(known, tuple | list):
            items: list[object] = list(known)  # pyright: ignore[reportUnknownArgumentType]
            about = f": {listing([format_shape(item) for item in items if isinstance(item, tuple)])}"  # pyright: ignore[reportUnknownArgumentType]
        said = failure.error.facts.get("said")
        if isinstance(said, str):
            yield RULE.finding(failure.span, f"{said} {raises(context, failure.error)}", related=failure.related)
            continue
        yield RULE.finding(failure.span, f"{what}{about}. {raises(context, failure.error)}", related=failure.related)


RULE = Rule("KER219", "shapes-do-not-fit", Severity.ERROR, "none", check, __doc__ or "")
