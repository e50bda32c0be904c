"""KER106: the input shape is given twice, and differently or in a way that Keras refuses.

## What it does
Reports a layer behind an `Input` whose `input_shape` says something else, `input_dim` beside a different `input_shape`,
`batch_input_shape` beside a different `input_shape`, and `Input(shape=..., batch_shape=...)`.

## Why it matters
Keras uses one of them and does not say which: the `Input` wins over a layer's keyword, `batch_input_shape` over
`input_shape`, and in Keras 2 `input_shape` over `input_dim`. Keras 3 refuses `input_dim` together with `input_shape`.

## Example
```python
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, input_shape=(5,))])
```

## Use instead
```python
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
```

## Fix
The one that has no effect is removed.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import LayerFact
from keras_lsp.rules.base import Applicability, Context, Finding, Rule, Severity
from keras_lsp.rules.failures import own_input
from keras_lsp.rules.input_layers import fixes, removal_fix
from keras_lsp.rules.rewriting import place
from keras_lsp.rules.shape_arguments import as_shape, contradicts, given_shape
from keras_lsp.rules.wording import keras_name, raises
from keras_lsp.shapes.dim import Shape, format_shape
from keras_lsp.shapes.tensor import Tensor


def check(context: Context) -> Iterator[Finding]:
    """Input shapes that are given twice."""
    for failure in context.failures.get("KER106", ()):
        arguments = failure.call.arguments
        if "input_dim" in arguments and "input_shape" in arguments:
            message = (
                f"`input_dim` and `input_shape` say the same thing twice; {keras_name(context)} takes one of them. "
                f"Keep `input_shape`. {raises(context, failure.error)}"
            )
            fix = removal_fix(context, failure.call, ["input_dim"])
            yield RULE.finding(place(failure.call, arguments["input_dim"]), message, fixes=fixes(fix))
            continue
        name = "batch_shape" if "batch_shape" in arguments else next(iter(arguments), "shape")
        message = f"The input's shape is given twice; give one of them. {raises(context, failure.error)}"
        yield RULE.finding(place(failure.call, arguments.get(name)), message)
    yield from _silent(context)


def _silent(context: Context) -> Iterator[Finding]:
    for layer in context.facts.layers:
        call = layer.call
        if call.guarded or layer.error or layer.class_name == "InputLayer":
            continue
        given = given_shape(layer)
        behind_input = behind_input_layer(layer)
        if given is not None and behind_input is not None and contradicts(given, behind_input):
            name = next(n for n in ("batch_input_shape", "input_shape", "input_dim") if n in call.arguments)
            message = (
                f"The Input before this layer says {format_shape(behind_input)}, and `{name}` says {format_shape(given)}. "
                f"Keras uses the Input and ignores `{name}`. Remove it, or correct the Input."
            )
            names = [name for name in ("input_shape", "input_dim", "batch_input_shape") if name in call.arguments]
            fix = removal_fix(context, call, names, Applicability.UNSAFE)
            yield RULE.finding(place(call, call.arguments[name]), message, severity=Severity.WARNING, fixes=fixes(fix))
        elif own_input(layer) and not context.keras3:
            yield from _two_keywords(context, layer)


def behind_input_layer(layer: LayerFact) -> Shape | None:
    """The batch shape of the Input right before a layer of a Sequential."""
    if layer.position != "sequential" or not layer.applications:
        return None
    application = layer.applications[0]
    producer = application.producers[0] if application.producers else None
    if producer is None or producer.class_name != "InputLayer" or producer.call is layer.call:
        return None
    if not isinstance(application.inputs, Tensor):
        return None
    return application.inputs.shape


def _two_keywords(context: Context, layer: LayerFact) -> Iterator[Finding]:
    call = layer.call
    pairs = (("batch_input_shape", "input_shape", 1), ("input_shape", "input_dim", 0))
    for winner, loser, skip in pairs:
        if winner in call.arguments and loser in call.arguments and layer.class_name != "Embedding":
            first, second = as_shape(call.arguments[winner].value), as_shape(call.arguments[loser].value)
            if first is None or second is None or not contradicts(first[skip:], second):
                continue
            message = (
                f"`{winner}` says {format_shape(first[skip:])} and `{loser}` says {format_shape(second)}. "
                f"{keras_name(context)} uses `{winner}` and ignores `{loser}`. Remove one of them."
            )
            fix = removal_fix(context, call, [loser], Applicability.UNSAFE)
            yield RULE.finding(place(call, call.arguments[loser]), message, severity=Severity.WARNING, fixes=fixes(fix))


RULE = Rule("KER106", "conflicting-input-specs", Severity.ERROR, "sometimes", check, __doc__ or "")
