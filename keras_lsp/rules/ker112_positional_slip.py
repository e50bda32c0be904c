"""KER112: a positional argument lands in another parameter than meant.

## What it does
Reports `Dense(32, (784,))` (the second argument is `activation`), `Conv2D(32, 3, "relu")` (the third is `strides`), and
points at `Conv2D(32, 5, 5)`, which meant a 5 x 5 kernel in Keras 1 and means a stride of 5 today.

## Why it matters
A type that does not fit raises an error that speaks of another argument. A number that fits does not: `Conv2D(32, 5, 5)`
jumps 5 pixels, so that a 28 x 28 image becomes 5 x 5 instead of 24 x 24.

## Example
```python
layer = keras.layers.Conv2D(32, 3, "relu")
```

## Use instead
```python
layer = keras.layers.Conv2D(32, 3, activation="relu")
```

## Fix
The argument is named. For `Conv2D(32, 5, 5)` the kernel becomes `(5, 5)`; this is not applied unasked.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import Span
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import Failure, rows_and_columns, slipped_strides
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.rules.wording import raises
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Arguments in the wrong place."""
    failed: dict[int, Failure] = {}
    for failure in context.failures.get("KER112", ()):
        slip = slipped_strides(failure)
        if slip is not None:
            failed.setdefault(id(slip), failure)
            continue
        if "got multiple values" in failure.error.text:
            message = (
                f"`{failure.argument}` of {failure.class_name} is given by position and by name. "
                f"{raises(context, failure.error)}"
            )
            yield RULE.finding(place(failure.call, failure.call.arguments.get(failure.argument or "")), message)
            continue
        argument = failure.call.arguments[failure.argument or ""]
        meant = _meant(failure) if is_written(argument) else None
        advice = f"Write `{meant}={context.source(argument.span)}`. " if meant else "Name the argument. "
        message = (
            f"This positional argument of {failure.class_name} is `{argument.name}`, and {argument.value!r} is none. "
            f"{advice}{raises(context, failure.error)}"
        )
        fix = None
        if meant and meant not in failure.call.arguments:
            fix = Fix(f"Name it `{meant}`", (TextEdit(argument.span.start, argument.span.start, f"{meant}="),))
        yield RULE.finding(place(failure.call, argument), message, fixes=(fix,) if fix else ())
    for layer in context.facts.layers:
        if rows_and_columns(layer) and not layer.call.guarded:
            kernel = layer.call.arguments["kernel_size"]
            strides = layer.call.arguments["strides"]
            size = kernel.value
            message = (
                f"The third positional argument of {layer.class_name} is `strides`: this makes a {size} x {size} kernel "
                f"that jumps {size} pixels. If a {size} x {size} kernel is meant, write `({size}, {size})`."
            )
            edit = TextEdit(kernel.span.start, strides.span.end, f"({size}, {size})")
            fix = Fix(f"Make it the kernel size `({size}, {size})`", (edit,), Applicability.UNSAFE)
            severity = Severity.HINT
            related: tuple[tuple[Span, str], ...] = ()
            failure = failed.get(id(layer))
            if failure is not None:
                severity = Severity.ERROR
                message = f"{message} {failure.class_name} then has no room left. {raises(context, failure.error)}"
                related = ((failure.span, "it fails here"),)
            yield RULE.finding(place(layer.call, strides), message, severity=severity, related=related, fixes=(fix,))


def _meant(failure: Failure) -> str | None:
    value = failure.call.arguments[failure.argument or ""].value
    if isinstance(value, tuple):
        return "input_shape" if failure.argument == "activation" else None
    if isinstance(value, str):
        return "padding" if value in ("same", "valid", "causal") else "activation"
    return None


RULE = Rule("KER112", "positional-slip", Severity.ERROR, "sometimes", check, __doc__ or "")
