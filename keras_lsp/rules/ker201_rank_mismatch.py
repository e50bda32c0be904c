"""KER201: a layer gets more or fewer axes than it takes.

## What it does
Reports layers whose input has another number of axes than the layer accepts: recurrent layers and `Conv1D` take 3, `Conv2D` 4,
`Conv3D` and `ConvLSTM2D` 5, `RepeatVector` 2, `TimeDistributed` at least 3. The batch axis counts.

## Why it matters
Keras stops with `expected ndim=3, found ndim=2. Full shape received: (None, 10)`, which counts the batch axis that the program
never wrote: ndim is `len(input_shape) + 1`.

## Example
```python
model = keras.Sequential([keras.Input((10,)), keras.layers.LSTM(4)])
```

## Use instead
```python
model = keras.Sequential([keras.Input((10, 1)), keras.layers.LSTM(4)])
```

## Fix
Where one axis is missing at the end of an `Input` or `input_shape`, an axis of size 1 is offered; it is not applied unasked,
since the data must have it too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_lsp.inference.facts import Span
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import Failure, first_shape_argument, ranks, recurrent_core
from keras_lsp.rules.input_layers import fixes
from keras_lsp.rules.rewriting import is_written
from keras_lsp.rules.wording import axes, count, raises, shapes
from keras_lsp.syntax.compiling import parse_expression
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Layers that refuse the number of axes they get."""
    for failure in context.failures.get("KER201", ()):
        got, needed = ranks(failure)
        inputs = failure.application.inputs if failure.application is not None else None
        meaning = axes(failure.class_name)
        takes = f"{failure.class_name} takes {meaning or 'another number of axes'}"
        if needed is not None and meaning is None:
            takes = f"{failure.class_name} takes {count(needed, 'axis')}"
        gets = "it gets another number"
        if got is not None:
            gets = f"it gets {shapes(inputs)}, {count(got, 'axis')}" if inputs is not None else f"it gets {got}"
        message = f"{takes}; {gets}. {_advice(failure, got, needed)}{raises(context, failure.error)}"
        producer = failure.producer
        related: tuple[tuple[Span, str], ...] = ()
        if producer is not None and producer.span != failure.span:
            related = ((producer.span, f"{producer.class_name} gives {shapes(inputs)}"),)
        yield RULE.finding(failure.span, message, related=related, fixes=fixes(_extend(context, failure, got, needed)))


def _advice(failure: Failure, got: int | None, needed: int | None) -> str:
    if got is None or needed is None:
        return ""
    name = failure.class_name
    if got == needed - 1 and failure.layer is not None and recurrent_core(failure.layer) is not None:
        return "Add an axis: one feature per time step is `(steps, 1)`, one step of all features `(1, features)`. "
    if got == needed - 1 and name.startswith(("Conv", "Separable", "Depthwise", "Max", "Average")):
        return "The channel axis is missing: `(..., 1)` for one channel. "
    if got > needed and name == "RepeatVector":
        return "Flatten the input, or take the last step only. "
    if got > needed:
        return "Flatten, reshape or pool the input, or apply the layer with TimeDistributed. "
    return "Reshape the input. "


def _extend(context: Context, failure: Failure, got: int | None, needed: int | None) -> Fix | None:
    """`(10,)` -> `(10, 1)` in the shape of the Input."""
    found = first_shape_argument(failure, context)
    if found is None or got is None or needed is None or got != needed - 1:
        return None
    call, name = found
    argument = call.arguments[name]
    source = context.source(argument.span)
    if not is_written(argument) or not source.isascii() or "#" in source:
        return None
    node = parse_expression(source)
    if not isinstance(node, ast.Tuple) or not node.elts or "\n" in source:
        return None
    end = argument.span.start + (node.elts[-1].end_col_offset or 0)
    rest = context.text[end : argument.span.end]
    trailing = rest.find(",")
    edit = TextEdit(end, end + trailing + 1 if trailing >= 0 else end, ", 1")
    return Fix("Add an axis of size 1", (edit,), Applicability.UNSAFE)


RULE = Rule("KER201", "rank-mismatch", Severity.ERROR, "sometimes", check, __doc__ or "")
