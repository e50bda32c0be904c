"""KER310: `predict` is given one sample without the batch axis.

## What it does
Reports an array that has exactly the shape of one sample of the model.

## Why it matters
A model takes batches. Without the batch axis the first axis of the sample is taken for it: 28 rows of an image become 28
samples, and Keras speaks of a negative dimension size.

## Example
```python
x = np.zeros((28, 28, 1), "float32")
model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(8, 3)])
model.predict(x)
```

## Use instead
```python
x = np.zeros((28, 28, 1), "float32")
model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(8, 3)])
model.predict(x[None, ...])
```

## Fix
The batch axis is added: `x[None, ...]`, and `x[:1]` for `x[0]`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_lsp.inference.facts import Argument
from keras_lsp.inference.values import TensorValue
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.ker217_data_does_not_fit_model import is_one_sample
from keras_lsp.rules.model_data import PREDICTING, TRAINING, array_of, events, input_shape, is_whole_array
from keras_lsp.rules.rewriting import place, written_expression
from keras_lsp.rules.wording import keras_name
from keras_lsp.shapes.dim import format_shape
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Single samples in the place of batches."""
    for event in events(context, PREDICTING | TRAINING):
        data, expected = array_of(event, "x"), input_shape(event)
        argument = event.call.arguments.get("x")
        if (
            data is None
            or not data.shape
            or expected is None
            or argument is None
            or not isinstance(argument.value, TensorValue)
        ):
            continue
        if not is_one_sample(data.shape, expected) or tuple(expected[1:]) == (1,) or is_whole_array(context, event):
            continue
        batch = format_shape((1, *data.shape))
        message = (
            f"`{event.method}` takes a batch, {format_shape(expected)}; this is one sample, {format_shape(data.shape)}, and "
            f"{keras_name(context)} takes its first axis for the batch. Add the batch axis: `[None, ...]` gives {batch}."
        )
        fix = _add_batch_axis(context, argument) if event.method in PREDICTING else None
        # A model of tf.keras in Keras 2 whose layers take any rank goes on with what it was not given for.
        checked = context.keras3 or context.keras < (2, 4)
        raises = checked or any(refusal.argument is argument for refusal in event.refusals)
        severity = Severity.ERROR if raises else Severity.WARNING
        yield RULE.finding(place(event.call, argument), message, severity=severity, fixes=(fix,) if fix else ())


def _add_batch_axis(context: Context, argument: Argument) -> Fix | None:
    written = written_expression(context, argument)
    if written is None:
        return None
    source, node = written
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
        index = node.slice.value
        if index < 0 or not source.isascii() or "\n" in source:
            return None
        start = argument.span.start + node.slice.col_offset
        end = argument.span.start + (node.slice.end_col_offset or 0)
        text = f":{index + 1}" if index == 0 else f"{index}:{index + 1}"
        return Fix("Take a batch of one", (TextEdit(start, end, text),))
    if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
        return Fix("Add the batch axis", (TextEdit(argument.span.end, argument.span.end, "[None, ...]"),))
    return None


RULE = Rule("KER310", "predict-one-sample", Severity.ERROR, "sometimes", check, __doc__ or "")
