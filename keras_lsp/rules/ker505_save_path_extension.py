"""KER505: a file name has no suffix that Keras 3 can save to.

## What it does
Reports constant file names of `save`, `save_weights` and `ModelCheckpoint` under Keras 3.

## Why it matters
Keras 3 decides the format by the name: models end in `.keras` (or `.h5`), weights in `.weights.h5`. It says so only when it
saves, after training.

## Example
```python
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.save_weights("best.h5x")
```

## Use instead
```python
import os, tempfile

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.save_weights(os.path.join(tempfile.mkdtemp(), "best.weights.h5"))
```

## Fix
The suffix is added; not applied unasked, since the name may be used elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import Argument, Call
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.rules.wording import keras_name
from keras_lsp.text.edits import TextEdit

_MODEL = (".keras", ".h5", ".hdf5")
_WEIGHTS = (".weights.h5", ".weights.json")


def check(context: Context) -> Iterator[Finding]:
    """Names that Keras 3 refuses."""
    if not context.keras3:
        return
    for event in context.facts.events:
        if event.method in ("save", "save_weights") and event.model.class_name in ("Sequential", "Functional"):
            if event.method == "save" and "save_format" in event.call.arguments:
                continue
            yield from _judge(context, event.call, _WEIGHTS if event.method == "save_weights" else _MODEL)
    for call in context.facts.calls:
        if call.canonical == "keras.callbacks.ModelCheckpoint":
            only = call.arguments.get("save_weights_only")
            weights = only is not None and only.value is True
            if only is None or isinstance(only.value, bool):
                yield from _judge(context, call, (".weights.h5",) if weights else (".keras", ".h5"))


def _judge(context: Context, call: Call, suffixes: tuple[str, ...]) -> Iterator[Finding]:
    argument = call.arguments.get("filepath")
    if argument is None or not isinstance(argument.value, str) or not argument.value or call.guarded or call.symbolic:
        return
    if argument.value.endswith(suffixes) or "://" in argument.value:
        return
    message = (
        f"{keras_name(context)} saves this only to a name that ends in `{suffixes[0]}`, and raises: ValueError: The filename must "
        f"end in `{suffixes[0]}`."
    )
    yield RULE.finding(place(call, argument), message, fixes=_suffix(context, argument, suffixes[0]))


def _suffix(context: Context, argument: Argument, suffix: str) -> tuple[Fix, ...]:
    source = context.source(argument.span)
    value = argument.value
    if not is_written(argument) or not isinstance(value, str) or source[:1] not in "'\"" or source[1:-1] != value:
        return ()
    stem = value.rstrip("/")
    for old in (".weights.h5", ".h5", ".hdf5", ".tf", ".ckpt", ".weights"):
        stem = stem.removesuffix(old)
    edit = TextEdit(argument.span.start + 1, argument.span.end - 1, stem + suffix)
    return (Fix(f"End the name in `{suffix}`", (edit,), Applicability.UNSAFE),)


RULE = Rule("KER505", "save-path-extension", Severity.ERROR, "sometimes", check, __doc__ or "")
