"""KER404: `from_logits` says something else than the last activation.

## What it does
Reports `from_logits=True` behind softmax or sigmoid, a loss object without `from_logits` behind a linear last layer, and softmax
applied twice in a row.

## Why it matters
With `from_logits=True` the loss applies softmax itself. Applied twice it flattens all probabilities, and training is slow or
stops; not applied at all, the loss is wrong. Keras at most warns.

## Example
```python
model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(10, activation="softmax")])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
```

## Use instead
```python
model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(10)])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
```

## Fix
`from_logits` is set as the last activation needs it, where the loss is constructed in `compile`; not applied unasked, since the
activation can be changed instead.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from keras_lsp.inference.facts import Argument
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.graph_walks import producer
from keras_lsp.rules.input_layers import fixes
from keras_lsp.rules.model_data import CROSSENTROPIES, activation_of, events, last_activation, loss_of
from keras_lsp.rules.rewriting import place, written_expression
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Losses that apply softmax once too often, or not at all."""
    for event in events(context, frozenset(("compile",))):
        loss = loss_of(event)
        activation = last_activation(event.last_layer)
        if loss is None or loss.name not in CROSSENTROPIES or activation is None or event.last_layer is None:
            continue
        related = ((event.last_layer.span, f"the last activation is {activation}"),)
        if loss.from_logits is True and activation in ("softmax", "sigmoid"):
            message = f"`from_logits=True` tells the loss to apply {activation}, and the last layer applies it already. Remove one of them."
            fix = _flip(context, loss.argument, logits=False)
            yield RULE.finding(place(event.call, loss.argument), message, related=related, fixes=fixes(fix))
        elif loss.from_logits is False and loss.instance and activation == "linear":
            message = "The last layer has no activation, and the loss expects probabilities. Say `from_logits=True`, or add the activation."
            fix = _flip(context, loss.argument, logits=True)
            yield RULE.finding(place(event.call, loss.argument), message, related=related, fixes=fixes(fix))
    for layer in context.facts.layers:
        if layer.class_name not in ("Activation", "Softmax") or layer.call.guarded:
            continue
        before = producer(layer)
        if before is None:
            continue
        if activation_of(layer) == "softmax" and activation_of(before) == "softmax":
            message = f"Softmax is applied twice: {before.class_name} applies it already. Remove one of them."
            yield RULE.finding(layer.span, message, related=((before.span, "softmax is applied here"),))


def _flip(context: Context, argument: Argument, *, logits: bool) -> Fix | None:
    """Say `from_logits` as the last activation needs it, in a loss that is constructed where it is given."""
    expression = written_expression(context, argument)
    if expression is None:
        return None
    source, node = expression
    if not isinstance(node, ast.Call) or not source.endswith(")"):
        return None
    title = f"Say `from_logits={logits}`"
    written = re.findall(r"\bfrom_logits\s*=\s*(?:True|False)\b", source)
    if len(written) == 1:
        start = argument.span.start + source.index(written[0])
        edit = TextEdit(start, start + len(written[0]), f"from_logits={logits}")
        return Fix(title, (edit,), Applicability.UNSAFE)
    if written or "from_logits" in source or node.args or any(keyword.arg is None for keyword in node.keywords):
        return None
    end = argument.span.end - 1
    plain = source[:-1].rstrip()
    text = f"from_logits={logits}" if plain.endswith(("(", ",")) else f", from_logits={logits}"
    return (
        Fix(title, (TextEdit(end, end, text),), Applicability.UNSAFE)
        if "#" not in source and "\n" not in source
        else None
    )


RULE = Rule("KER404", "from-logits-mismatch", Severity.WARNING, "sometimes", check, __doc__ or "")
