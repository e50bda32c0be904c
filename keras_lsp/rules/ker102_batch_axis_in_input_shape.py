"""KER102: an input shape holds the batch axis, which Keras adds itself.

## What it does
Reports an `input_shape` or `Input(shape)` that has one axis more than its layer takes, and one that is the whole shape of
the array which `fit` is given later.

## Why it matters
`input_shape` describes one sample. With the number of samples in front the model has an axis too many: recurrent layers
and, from Keras 3, convolutions refuse it; Dense layers accept it silently, and `fit` fails later, where the message names
neither the shape nor the line.

## Example
```python
model = keras.Sequential([
    keras.Input((60000, 28, 28, 1)),
    keras.layers.Conv2D(8, 3),
])
```

## Use instead
```python
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(8, 3),
])
```

## Fix
The first number is dropped; `x.shape` becomes `x.shape[1:]`. For a fixed batch size use `keras.Input(batch_shape=...)`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_lsp.inference.facts import Argument
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import batch_shape_argument, declared_shape, ranks, undefined_batch_axis
from keras_lsp.rules.graph_walks import rank_of
from keras_lsp.rules.input_layers import fixes
from keras_lsp.rules.model_data import shape_of_whole_array
from keras_lsp.rules.rewriting import place, written_expression
from keras_lsp.rules.wording import axes, count, keras_name, literal, raises, shapes
from keras_lsp.shapes.dim import format_shape
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Shapes with an axis too many, by the rank that the layer takes or by the data."""
    for failure in context.failures.get("KER102", ()):
        application, layer_class = failure.application, failure.class_name
        found = batch_shape_argument(failure, context)
        got, needed = ranks(failure)
        first = undefined_batch_axis(failure, context)
        if first is not None:
            application, layer_class = first.applications[0], first.class_name
            found = declared_shape(application)
            got = rank_of(application.inputs)
            needed = None if got is None else got - 1
        if found is None or application is None:
            continue
        call, name = found
        argument = call.arguments[name]
        value = argument.value
        inner = literal(value[1:]) if isinstance(value, tuple) else None  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        meaning = axes(layer_class)
        message = (
            f"`{name}` is the shape of one sample; Keras adds the batch axis itself. {layer_class} gets "
            f"{shapes(application.inputs)}, {count(got or 0, 'axis')}, and takes {needed}"
            f"{f': {meaning}' if meaning else ''}. "
            f"{f'Drop the first number: `{inner}`. ' if inner else ''}{raises(context, failure.error)}"
        )
        yield RULE.finding(place(call, argument), message, fixes=fixes(drop_first(context, argument)))
    for event, call, name, data in shape_of_whole_array(context):
        argument = call.arguments[name]
        message = (
            f"`{name}` is the shape of one sample, but {format_shape(data)} is the shape of a whole array like the one "
            f"that `{event.method}` is given. {keras_name(context)} expects {format_shape((None, *data))} there and fails. "
            f"Write `{name}={literal(data[1:])}`, without the number of samples."
        )
        related = ((event.call.span, f"the data given here is {format_shape(data)}"),)
        fix = drop_first(context, argument, Applicability.SAFE)
        yield RULE.finding(place(call, argument), message, related=related, fixes=fixes(fix))


def drop_first(context: Context, argument: Argument, applicability: Applicability | None = None) -> Fix | None:
    """Leave out the first axis of a shape as it is written; unless said otherwise, that is safe only for `None`."""
    written = written_expression(context, argument)
    if written is None:
        return None
    source, node = written
    if isinstance(node, ast.Attribute) and node.attr == "shape":
        edit = TextEdit(argument.span.end, argument.span.end, "[1:]")
        return Fix("Leave out the number of samples: `.shape[1:]`", (edit,))
    if isinstance(node, ast.Call) and source.endswith("shape(" + ast.unparse(node.args[0]) + ")" if node.args else "?"):
        edit = TextEdit(argument.span.end, argument.span.end, "[1:]")
        return Fix("Leave out the number of samples", (edit,))
    if not isinstance(node, ast.Tuple) or len(node.elts) < 2 or not source.isascii() or "\n" in source:
        return None
    first, second = node.elts[0], node.elts[1]
    base = argument.span.start
    edits = [TextEdit(base + first.col_offset, base + second.col_offset, "")]
    if len(node.elts) == 2:
        end = base + (second.end_col_offset or 0)
        if "," not in context.text[end : argument.span.end]:
            edits.append(TextEdit(end, end, ","))
    none = isinstance(first, ast.Constant) and first.value is None
    return Fix(
        "Leave out the batch axis",
        tuple(edits),
        applicability or (Applicability.SAFE if none else Applicability.UNSAFE),
    )


RULE = Rule("KER102", "batch-axis-in-input-shape", Severity.ERROR, "sometimes", check, __doc__ or "")
