"""KER108: a keyword is passed that the layer does not take.

## What it does
Reports keyword arguments that are neither in a layer's signature nor among the hidden keywords that it takes from `**kwargs`
in the Keras version the program is for; arguments that `fit`, `compile`, `predict` and their like do not have; such keywords of
losses, metrics and callbacks, and of the program's own methods of layers and models; and an argument of a layer's constructor
that is given where the layer is called.

## Why it matters
The program stops at the constructor: Keras 3 with `Unrecognized keyword arguments passed to Dense: {'inputshape': (3,)}`,
Keras 2 with `('Keyword argument not understood:', 'inputshape')`.

## Example
```python
layer = keras.layers.Dense(4, activaton="relu")
```

## Use instead
```python
layer = keras.layers.Dense(4, activation="relu")
```

## Fix
The keyword is renamed to the nearest one that exists and is not given yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import Failure
from keras_lsp.rules.rewriting import place, rename_keyword
from keras_lsp.rules.wording import keras_name, nearest, raises

# What people write who know another library or another layer.
SYNONYMS = {
    "input_size": "input_shape",
    "inputs_shape": "input_shape",
    "input_shapes": "input_shape",
    "inputshape": "input_shape",
    "in_features": "input_dim",
    "out_features": "units",
    "out_channels": "filters",
    "num_filters": "filters",
    "n_units": "units",
    "num_units": "units",
    "stride": "strides",
    "kernel": "kernel_size",
    "pool": "pool_size",
    "dilation": "dilation_rate",
    "bias": "use_bias",
    "return_sequence": "return_sequences",
    "return_states": "return_state",
    "p": "rate",
    "dropout_rate": "rate",
    "momentum_": "momentum",
}


def check(context: Context) -> Iterator[Finding]:
    """Keywords that nobody takes."""
    for failure in context.failures.get("KER108", ()):
        for name in failure.unknown:
            argument = failure.call.arguments.get(name)
            meant = suggestion(context, failure, name)
            advice = f"Did you mean `{meant}`? " if meant else ""
            if failure.class_name == "add":
                advice = "It belongs inside the brackets of the layer. "
            if "custom" in failure.error.facts:
                message = (
                    f"`__init__` of {failure.class_name} takes no `{name}`. Give it `**kwargs`, and pass them on to "
                    f"`super().__init__(**kwargs)`. {raises(context, failure.error)}"
                )
                yield RULE.finding(place(failure.call, argument), message)
                continue
            if "at_call" in failure.error.facts:
                advice = f"It belongs into the brackets of the layer: `{failure.class_name}(..., {name}=...)`. "
            message = f"{failure.class_name} has no argument `{name}` in {keras_name(context)}. {advice}{raises(context, failure.error)}"
            edits = rename_keyword(argument, meant) if meant else None
            fix = (Fix(f"Rename to `{meant}`", edits),) if edits else ()
            yield RULE.finding(place(failure.call, argument), message, fixes=fix)


def suggestion(context: Context, failure: Failure, name: str) -> str | None:
    """The parameter that was probably meant."""
    from keras_lsp.rules.signatures import parameter_names

    known = parameter_names(context, failure.call.canonical)
    free = [candidate for candidate in known if candidate not in failure.call.arguments]
    synonym = SYNONYMS.get(name)
    if synonym in free:
        return synonym
    return nearest(name, free)


RULE = Rule("KER108", "unknown-layer-argument", Severity.ERROR, "sometimes", check, __doc__ or "")
