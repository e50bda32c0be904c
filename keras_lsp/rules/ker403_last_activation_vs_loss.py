"""KER403: the last activation does not give what the loss expects.

## What it does
Reports softmax over a single value, softmax with `binary_crossentropy` and several values, sigmoid with a categorical loss, and
a last layer without softmax or sigmoid whose crossentropy is given by name.

## Why it matters
All of these train without an error. Softmax over one value is always 1.0; a crossentropy by name expects probabilities and
computes nonsense from anything else.

## Example
```python
model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1, activation="softmax")])
model.compile("adam", "binary_crossentropy")
```

## Use instead
```python
model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy")
```

## Fix
The activation that goes with the loss is set; not applied unasked.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import LayerFact, ModelEvent, Span
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.model_data import (
    BINARY,
    CATEGORICAL,
    CROSSENTROPIES,
    SPARSE,
    TRAINING,
    activation_of,
    events,
    last_activation,
    loss_of,
    output_shape,
    outputs_of_models,
)
from keras_lsp.rules.rewriting import place, set_argument
from keras_lsp.rules.shape_arguments import single

# Activations whose values are certainly no probabilities.
NO_PROBABILITIES = frozenset(("linear", "relu", "tanh", "elu", "selu", "leaky_relu", "gelu", "swish", "silu", "relu6"))
# What computes the loss that a model was compiled with.
_LOSING = TRAINING | {"fit_generator", "evaluate_generator"}


def check(context: Context) -> Iterator[Finding]:
    """Activations and losses that do not go together."""
    reported: set[Span] = set()
    for model, last in outputs_of_models(context):
        assert model.outputs is not None
        shape = single(model.outputs)
        if shape and shape[-1] == 1 and len(shape) == 2 and activation_of(last) == "softmax" and not last.call.guarded:
            message = (
                "Softmax over a single value is always 1.0, so the model can only ever answer 1. For yes or no use sigmoid with "
                "`binary_crossentropy`."
            )
            span = _place(last)
            reported.add(span)
            yield RULE.finding(span, message, fixes=_set(context, last, "sigmoid"))
    for event in events(context, frozenset(("compile",))):
        found = judge(event)
        last = event.last_layer
        if found is None or last is None or _only_a_part(context, event):
            continue
        message, activation = found
        span = _place(last)
        if span in reported:
            continue
        reported.add(span)
        loss = loss_of(event)
        related = ((place(event.call, loss.argument), "the loss is chosen here"),) if loss is not None else ()
        yield RULE.finding(span, message, related=related, fixes=_set(context, last, activation))


def _only_a_part(context: Context, event: ModelEvent) -> bool:
    """Whether a model is trained as a part of others only, with their loss, as the generator of a GAN is."""
    own = event.model.span
    if any(other.model.span == own for other in events(context, _LOSING)):
        return False
    return any(row.span == own for model in context.facts.models if model.span != own for row in model.layers or ())


def judge(event: ModelEvent) -> tuple[str, str] | None:
    """What is wrong between the last layer and the loss of a `compile`, and the activation that goes with it."""
    loss, output = loss_of(event), output_shape(event)
    activation = last_activation(event.last_layer)
    if loss is None or loss.name not in CROSSENTROPIES or loss.from_logits is not False or activation is None:
        return None
    units = output[-1] if output else None
    if activation == "softmax" and loss.name == BINARY and isinstance(units, int) and units > 1:
        return (
            f"Softmax makes {units} values that sum to 1, and `{BINARY}` treats each on its own. For one class of several use "
            f"`{CATEGORICAL}`; for several labels at once use sigmoid.",
            "sigmoid",
        )
    if activation == "sigmoid" and loss.name in (CATEGORICAL, SPARSE) and isinstance(units, int) and units > 1:
        return (
            f"Sigmoid treats {units} values each on its own, and `{loss.name}` expects probabilities that sum to 1. Use softmax, "
            f"or `{BINARY}` for several labels at once.",
            "softmax",
        )
    if activation in NO_PROBABILITIES and not loss.instance:
        wanted = "sigmoid" if loss.name == BINARY else "softmax"
        what = "no activation" if activation == "linear" else f"the activation {activation}"
        return (
            f"The last layer has {what}, and `{loss.name}` by name expects probabilities: it computes wrong values without an "
            f"error. Add activation='{wanted}', or give the loss as an object with from_logits=True.",
            wanted,
        )
    return None


def _place(layer: LayerFact) -> Span:
    argument = layer.call.arguments.get("activation")
    return place(layer.call, argument) if argument is not None else layer.span


def _set(context: Context, layer: LayerFact, activation: str) -> tuple[Fix, ...]:
    if layer.class_name in ("Softmax", "Activation"):
        return ()
    edits = set_argument(context, layer.call, "activation", f'"{activation}"')
    return (Fix(f'Use activation="{activation}"', edits, Applicability.UNSAFE),) if edits else ()


RULE = Rule("KER403", "last-activation-vs-loss", Severity.WARNING, "sometimes", check, __doc__ or "")
