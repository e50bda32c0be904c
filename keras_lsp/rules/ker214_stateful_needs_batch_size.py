"""KER214: a stateful recurrent layer does not know the batch size, or gets another one.

## What it does
Reports `stateful=True` behind an input without a fixed batch size, and `fit` with a `batch_size` or number of samples that does
not fit the fixed one.

## Why it matters
A stateful layer carries the state of sample i of one batch to sample i of the next, so it must know how many there are.

## Example
```python
model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(4, stateful=True)])
```

## Use instead
```python
model = keras.Sequential([keras.Input(batch_shape=(8, 10, 3)), keras.layers.LSTM(4, stateful=True)])
```

## Fix
None: the batch size is the author's choice.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.model_data import array_of
from keras_lsp.rules.rewriting import place
from keras_lsp.rules.shape_arguments import single
from keras_lsp.rules.wording import keras_name, raises, shapes
from keras_lsp.shapes.dim import Expr


def check(context: Context) -> Iterator[Finding]:
    """Stateful layers without a batch size, and data that does not fill batches."""
    for failure in context.failures.get("KER214", ()):
        argument = failure.call.arguments.get("stateful")
        inputs = failure.application.inputs if failure.application is not None else None
        keyword = "keras.Input(batch_shape=(8, ...))" if context.keras3 else "batch_input_shape=(8, ...)"
        got = f", and gets {shapes(inputs)}" if inputs is not None else ""
        message = (
            f"A stateful {failure.class_name} must know the batch size{got}. Declare it: `{keyword}`. "
            f"{raises(context, failure.error)}"
        )
        yield RULE.finding(place(failure.call, argument) if argument else failure.span, message)
    stateful = any(
        layer.call.arguments["stateful"].value is True
        for layer in context.facts.layers
        if "stateful" in layer.call.arguments
    )
    if not stateful:
        return
    for event in context.facts.events:
        if event.method != "fit" or event.call.guarded or event.inputs is None:
            continue
        declared = single(event.inputs)
        if not declared or not isinstance(declared[0], int):
            continue
        given = event.call.arguments.get("batch_size")
        if given is not None and isinstance(given.value, int) and given.value != declared[0]:
            message = (
                f"The model's batch size is fixed to {declared[0]}, and `fit` is given batches of {given.value}. "
                f"{keras_name(context)} fails in the first step. Write `batch_size={declared[0]}`."
            )
            yield RULE.finding(place(event.call, given), message)
            continue
        data = array_of(event, "x")
        count = data.shape[0] if data is not None and data.shape else None
        if isinstance(count, int) and not isinstance(count, Expr) and count % declared[0]:
            message = (
                f"The model's batch size is fixed to {declared[0]}, and {count} samples leave a last batch of "
                f"{count % declared[0]}, for which a stateful layer has no state. Use a number of samples that "
                f"{declared[0]} divides."
            )
            argument = event.call.arguments.get("x")
            yield RULE.finding(place(event.call, argument), message)


RULE = Rule("KER214", "stateful-needs-batch-size", Severity.ERROR, "none", check, __doc__ or "")
