"""KER103: a first-layer keyword is used that this Keras does not take on layers.

## What it does
Reports `batch_input_shape`, `batch_size`, `input_length`, `weights` and `dynamic` on layers under Keras 3, and
`batch_shape` or `input_dtype` on layers under any Keras, wherever the layer stands.

## Why it matters
The keywords were never in a signature: a set of allowed names in `Layer.__init__` took them out of `**kwargs`. Keras 3 takes
only `input_shape` and `input_dim`; anything else stops the program with
`Unrecognized keyword arguments passed to LSTM: {'batch_input_shape': (8, 10, 3)}`.

## Example
```python
model = keras.Sequential([keras.layers.LSTM(4, batch_input_shape=(8, 10, 3))])
```

## Use instead
```python
model = keras.Sequential([keras.Input(batch_shape=(8, 10, 3)), keras.layers.LSTM(4)])
```

## Fix
On the first layer of a Sequential the keywords move into a `keras.Input`; elsewhere, where Keras 2 ignored them, they go.
`weights` is only explained: set them after building.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import HIDDEN_KEYWORDS, Failure
from keras_lsp.rules.input_layers import FIRST_LAYER_KEYWORDS, fixes, input_arguments, input_fix, removal_fix
from keras_lsp.rules.rewriting import is_written, place, rename_keyword
from keras_lsp.rules.wording import keras_name, listing, raises

# What a keyword meant where it was taken, and what to write today.
MEANING = {
    "batch_input_shape": "the whole input shape, batch size first",
    "batch_shape": "the whole input shape, batch size first",
    "batch_size": "the fixed batch size of the input",
    "input_length": "the number of time steps",
    "weights": "initial values of the layer's weights",
    "dynamic": "that the layer must run eagerly",
    "input_dtype": "the element type of the input",
    "input_dim": "the number of features of the input",
    "input_shape": "the shape of one sample",
}


def check(context: Context) -> Iterator[Finding]:
    """Hidden keywords that are refused."""
    for failure in context.failures.get("KER103", ()):
        names = [name for name in failure.unknown if name in HIDDEN_KEYWORDS]
        name = names[0]
        argument = failure.call.arguments.get(name)
        subject = listing([f"`{name}`" for name in names])
        meant = "; ".join(f"`{name}` was {MEANING[name]}" for name in names)
        message = (
            f"{failure.class_name} does not take {subject} in {keras_name(context)}: {meant}. "
            f"{_advice(context, failure, names)} {raises(context, failure.error)}"
        )
        yield RULE.finding(place(failure.call, argument), message, fixes=_fixes(context, failure, names))


def _advice(context: Context, failure: Failure, names: list[str]) -> str:
    layer = failure.layer
    if "weights" in names:
        return "Call `layer.set_weights(...)` once the layer is built."
    if names == ["dynamic"]:
        return "Leave it out."
    if names == ["input_dtype"]:
        return "Say `dtype` instead."
    arguments = input_arguments(context, layer) if layer is not None else None
    if layer is not None and layer.position == "sequential" and layer.index == 0 and arguments:
        return f"Put `keras.Input({arguments})` before the layer."
    if layer is not None and (layer.position == "functional" or layer.index or _is_called(context, failure)):
        return "It had no effect here; leave it out."
    return (
        f"Declare the input as `keras.Input({arguments})`."
        if arguments
        else "Declare the input with `keras.Input(...)`."
    )


def _is_called(context: Context, failure: Failure) -> bool:
    """Whether the layer is called where it is made, `Dense(...)(x)`: its input is known, whatever the keywords say."""
    end = failure.call.span.end
    return context.text[end : end + 1] == "("


def _fixes(context: Context, failure: Failure, names: list[str]) -> tuple[Fix, ...]:
    layer = failure.layer
    if layer is None or not all(is_written(failure.call.arguments.get(name)) for name in names):
        return ()
    if "weights" in names:
        return ()
    if names == ["input_dtype"]:
        edits = rename_keyword(failure.call.arguments["input_dtype"], "dtype")
        return fixes(Fix("Rename to `dtype`", edits)) if edits and "dtype" not in failure.call.arguments else ()
    first = layer.position == "sequential" and layer.index == 0
    meaningful = [name for name in names if name in FIRST_LAYER_KEYWORDS]
    if first and meaningful and input_arguments(context, layer) is not None:
        return fixes(input_fix(context, layer, tuple(name for name in names if name not in FIRST_LAYER_KEYWORDS)))
    if not first and layer.position == "alone" and not _is_called(context, failure):
        return ()
    return fixes(removal_fix(context, failure.call, names))


RULE = Rule("KER103", "first-layer-kwarg-gone-in-keras-3", Severity.ERROR, "sometimes", check, __doc__ or "")
