"""KER207: a reshape or permutation does not fit the number of values or of axes.

## What it does
Reports `Reshape` to a shape with another number of values, and `Permute`, `Cropping` and other rearrangements that cannot be
done. Where it can be done but the batch axis was written into `target_shape`, it says so.

## Why it matters
Keras stops with `The total size of the tensor must be unchanged`. The target shape never includes the batch axis:
`Reshape((-1, 28, 28, 1))` on 784 values makes five axes, `(None, 1, 28, 28, 1)`, without complaint.

## Example
```python
model = keras.Sequential([keras.Input((700,)), keras.layers.Reshape((7, 7, 16))])
```

## Use instead
```python
model = keras.Sequential([keras.Input((784,)), keras.layers.Reshape((7, 7, 16))])
```

## Fix
A leading `-1` that can only be the batch axis is dropped; not applied unasked. Sizes are only explained.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.ker102_batch_axis_in_input_shape import drop_first
from keras_lsp.rules.rewriting import place
from keras_lsp.rules.shape_arguments import as_shape, single
from keras_lsp.rules.wording import raises, shapes
from keras_lsp.shapes.dim import format_shape, product


def check(context: Context) -> Iterator[Finding]:
    """Reshapes that do not fit, or that hold the batch axis."""
    for failure in context.failures.get("KER207", ()):
        name = "target_shape" if "target_shape" in failure.call.arguments else "dims"
        argument = failure.call.arguments.get(name)
        target = as_shape(argument.value) if argument is not None else None
        inputs = failure.application.inputs if failure.application is not None else None
        given = single(inputs)
        sizes = ""
        if target is not None and given is not None and name == "target_shape":
            before = product(given[1:])
            after = product(dim for dim in target if dim != -1)
            if isinstance(before, int) and isinstance(after, int):
                known = "a multiple of " if -1 in target else ""
                sizes = f"{before} values per sample come in, {format_shape(target)} holds {known}{after}. "
        got = f"{failure.class_name} gets {shapes(inputs)}. " if inputs is not None else ""
        message = f"{got}{sizes}{raises(context, failure.error)}"
        span = place(failure.call, argument) if argument is not None else failure.span
        yield RULE.finding(span, message)
    for layer in context.facts.layers:
        argument = layer.call.arguments.get("target_shape")
        target = as_shape(argument.value) if argument is not None else None
        if layer.class_name != "Reshape" or target is None or argument is None or len(target) < 2 or layer.call.guarded:
            continue
        if target[0] != -1 or not layer.applications or layer.applications[0].error or layer.applications[0].symbolic:
            continue
        output = single(layer.applications[0].output)
        if output is None or len(output) < 2 or output[1] != 1:
            continue
        message = (
            f"`target_shape` never includes the batch axis: this gives {format_shape(output)}, {len(output)} axes. If the "
            f"-1 is meant as the batch, leave it out: {format_shape((None, *output[2:]))}."
        )
        fix: Fix | None = drop_first(context, argument, Applicability.UNSAFE)
        yield RULE.finding(place(layer.call, argument), message, severity=Severity.INFO, fixes=(fix,) if fix else ())


RULE = Rule("KER207", "reshape-problem", Severity.ERROR, "sometimes", check, __doc__ or "")
