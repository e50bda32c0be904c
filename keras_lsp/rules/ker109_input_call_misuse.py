"""KER109: `Input` or `InputLayer` is called with the keyword of the other one, or of a layer.

## What it does
Reports `Input(input_shape=...)`, `Input(batch_input_shape=...)` under Keras 3, `InputLayer(shape=...)` under Keras 2, and
other keywords that an `Input` does not take.

## Why it matters
`keras.Input` calls its argument `shape` (one sample) or `batch_shape` (with the batch size in front); only layers call it
`input_shape`. Anything else raises `TypeError`.

## Example
```python
x = keras.Input(input_shape=(784,))
```

## Use instead
```python
x = keras.Input(shape=(784,))
```

## Fix
The keyword is renamed.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.rewriting import place, rename_keyword
from keras_lsp.rules.wording import keras_name, nearest, raises

_FOR_INPUT = {
    "input_shape": "shape",
    "batch_input_shape": "batch_shape",
    "input_dtype": "dtype",
    "input_tensor": "tensor",
    "batch": "batch_size",
}
_FOR_INPUT_LAYER_2 = {"shape": "input_shape", "batch_shape": "batch_input_shape"}


def check(context: Context) -> Iterator[Finding]:
    """Keywords that `Input` does not take."""
    for failure in context.failures.get("KER109", ()):
        names = failure.unknown or tuple(name for name in failure.call.arguments if name in _FOR_INPUT) or ("",)
        for name in names:
            argument = failure.call.arguments.get(name)
            table = _FOR_INPUT_LAYER_2 if failure.class_name == "InputLayer" and not context.keras3 else _FOR_INPUT
            meant = table.get(name) or nearest(name, table.values())
            if meant in failure.call.arguments:
                meant = None
            advice = f"Here it is called `{meant}`. " if meant else ""
            message = f"{failure.class_name} has no argument `{name}` in {keras_name(context)}. {advice}{raises(context, failure.error)}"
            if not name:
                message = f"{failure.class_name} cannot be called like this. {raises(context, failure.error)}"
            edits = rename_keyword(argument, meant) if meant else None
            fix = (Fix(f"Rename to `{meant}`", edits),) if edits else ()
            yield RULE.finding(place(failure.call, argument), message, fixes=fix)


RULE = Rule("KER109", "input-call-misuse", Severity.ERROR, "sometimes", check, __doc__ or "")
