"""KER202: a recurrent layer gives its last output only, and the next layer needs every time step.

## What it does
Reports a recurrent layer without `return_sequences=True`, also inside `Bidirectional`, whose output goes to a layer that takes
a sequence.

## Why it matters
An LSTM gives one vector, `(None, 64)`, unless it is told to give one per time step, `(None, 10, 64)`. The next LSTM, `Conv1D`
or `TimeDistributed` then stops with `expected ndim=3, found ndim=2`.

## Example
```python
model = keras.Sequential([
    keras.Input((10, 8)),
    keras.layers.LSTM(64),
    keras.layers.LSTM(32),
])
```

## Use instead
```python
model = keras.Sequential([
    keras.Input((10, 8)),
    keras.layers.LSTM(64, return_sequences=True),
    keras.layers.LSTM(32),
])
```

## Fix
`return_sequences=True` is added to the first of the two layers.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import Call
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import inner_layer, last_output
from keras_lsp.rules.rewriting import set_argument
from keras_lsp.rules.wording import axes, raises, shapes


def check(context: Context) -> Iterator[Finding]:
    """Sequence layers behind a recurrent layer that gives one vector."""
    for failure in context.failures.get("KER202", ()):
        producer = last_output(failure)
        if producer is None or failure.application is None:
            continue
        core = inner_layer(producer) if producer.class_name == "Bidirectional" else producer
        name = core.class_name if core is not None else producer.class_name
        takes = axes(failure.class_name) or "one vector per time step"
        message = (
            f"This {name} gives only its last output, {shapes(failure.application.inputs)}; the {failure.class_name} after it "
            f"takes {takes}. Add `return_sequences=True`. {raises(context, failure.error)}"
        )
        fix = _return_sequences(context, core.call) if core is not None else None
        span = producer.span if core is None else core.span
        related = ((failure.span, f"{failure.class_name} needs one vector per time step"),)
        yield RULE.finding(span, message, related=related, fixes=(fix,) if fix else ())


def _return_sequences(context: Context, call: Call) -> Fix | None:
    edits = set_argument(context, call, "return_sequences", "True")
    return Fix("Add `return_sequences=True`", edits) if edits else None


RULE = Rule("KER202", "rnn-needs-return-sequences", Severity.ERROR, "always", check, __doc__ or "")
