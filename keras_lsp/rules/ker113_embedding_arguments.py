"""KER113: `input_length` or `weights` of an Embedding is out of date or does not fit.

## What it does
Points at `input_length=` of an Embedding under Keras 3 (refused before 3.2, ignored with a deprecation warning since), and
reports `weights=[matrix]` whose matrix has another shape than `(input_dim, output_dim)`.

## Why it matters
Where `Flatten` follows, the length is needed and `input_length` no longer gives it. A matrix of the wrong size raises
`Layer embedding weight shape (52, 300) is not compatible with provided weight shape (51, 300).`

## Example
```python
model = keras.Sequential([keras.layers.Embedding(1000, 8, input_length=20)])
```

## Use instead
```python
model = keras.Sequential([keras.Input(shape=(20,)), keras.layers.Embedding(1000, 8)])
```

## Fix
`input_length` moves into a `keras.Input`; behind another layer it is removed.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import LayerFact
from keras_lsp.inference.values import ListValue
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.input_layers import fixes, input_fix, removal_fix
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.rules.shape_arguments import array_shape, as_shape, contradicts
from keras_lsp.rules.wording import keras_name, raises
from keras_lsp.shapes.dim import Shape, format_shape
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Embeddings with arguments that are gone, ignored or of the wrong size."""
    for failure in context.failures.get("KER113", ()):
        layer = failure.layer
        name = next((n for n in ("input_length", "weights") if n in failure.call.arguments), "weights")
        fix = None
        if name == "input_length" and layer is not None:
            fix = _without_length(context, layer)
        message = f"Embedding does not take this `{name}` in {keras_name(context)}. {raises(context, failure.error)}"
        if name == "input_length":
            message = (
                f"Embedding does not take `input_length` in {keras_name(context)}. Declare the length in a `keras.Input`. "
                f"{raises(context, failure.error)}"
            )
        yield RULE.finding(place(failure.call, failure.call.arguments.get(name)), message, fixes=fixes(fix))
    failed = {failure.span for failure in context.failures.get("KER113", ())}
    for layer in context.facts.layers:
        if layer.class_name != "Embedding" or layer.call.guarded or layer.span in failed or layer.error:
            continue
        arguments = layer.call.arguments
        length = arguments.get("input_length")
        if context.keras3 and length is not None and length.value is not None and is_written(length):
            message = (
                f"{keras_name(context)} ignores `input_length` and warns that it is deprecated. Remove it; where a later "
                f"layer needs the length, declare it: `keras.Input(shape=({context.source(length.span)},))`."
            )
            fix = _without_length(context, layer)
            yield RULE.finding(place(layer.call, length), message, severity=Severity.HINT, fixes=fixes(fix))
        yield from _matrix(context, layer)


def _without_length(context: Context, layer: LayerFact) -> Fix | None:
    if "input_shape" not in layer.call.arguments:
        fix = input_fix(context, layer)
        if fix is not None:
            return fix
    return removal_fix(context, layer.call, ["input_length"]) if layer.index else None


def _matrix(context: Context, layer: LayerFact) -> Iterator[Finding]:
    found = misfit(layer)
    if found is None:
        return
    matrix, table = found
    weights = layer.call.arguments["weights"]
    axis = 0 if contradicts(matrix[:1], table[:1]) else 1
    wrong = layer.call.arguments[("input_dim", "output_dim")[axis]]
    message = (
        f"The matrix is {format_shape(matrix)} and this Embedding is {format_shape(table)}: rows are `input_dim`, columns "
        f"`output_dim`. {keras_name(context)} raises: ValueError: Layer {layer.name} weight shape {format_shape(table)} is not "
        f"compatible with provided weight shape {format_shape(matrix)}."
    )
    fix = None
    if is_written(wrong):
        edit = TextEdit(*wrong.span, str(matrix[axis]))
        fix = Fix(f"Set `{wrong.name}` to the size of the matrix", (edit,), Applicability.UNSAFE)
    related = ((place(layer.call, weights), f"the matrix, {format_shape(matrix)}"),)
    yield RULE.finding(place(layer.call, wrong), message, severity=Severity.ERROR, related=related, fixes=fixes(fix))


def misfit(layer: LayerFact) -> tuple[Shape, Shape] | None:
    """The shape of the matrix given to an Embedding, and its own, where they contradict each other."""
    arguments = layer.call.arguments
    weights, rows, columns = (arguments.get(name) for name in ("weights", "input_dim", "output_dim"))
    if weights is None or rows is None or columns is None:
        return None
    value = weights.value
    if isinstance(value, ListValue) and value.items is not None and len(value.items) == 1:
        value = value.items[0]
    matrix = array_shape(value)
    table = as_shape((rows.value, columns.value))
    if matrix is None or table is None or not contradicts(matrix, table) or len(matrix) != 2:
        return None
    return matrix, table


RULE = Rule("KER113", "embedding-arguments", Severity.ERROR, "sometimes", check, __doc__ or "")
