"""KER501: an optimizer is given an argument that changed its name or is gone.

## What it does
Reports `lr=` and `decay=` of Keras optimizers.

## Why it matters
`lr` was renamed `learning_rate`. Keras 3 raises `Argument(s) not recognized: {'lr': 0.5}`; late versions of Keras 2 print a line
and ignore the value, so that `Adam(lr=0.5)` trains with 0.001. `decay` is ignored by Keras 3 and refused by late Keras 2.

## Example
```python
optimizer = keras.optimizers.Adam(lr=0.01)
```

## Use instead
```python
optimizer = keras.optimizers.Adam(learning_rate=0.01)
```

## Fix
`lr` is renamed. For `decay` a schedule has to be written: `keras.optimizers.schedules.InverseTimeDecay(lr, 1, decay)`.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.rewriting import place, rename_keyword
from keras_lsp.rules.wording import keras_name

# Keras 2.11 brought the optimizers that ignore `lr` and refuse `decay`.
NEW_OPTIMIZERS = (2, 11)


def check(context: Context) -> Iterator[Finding]:
    """Optimizers with arguments of older versions."""
    new = context.keras >= NEW_OPTIMIZERS
    for call in context.facts.calls:
        symbol = context.catalogue.symbol(call.canonical)
        if symbol is None or symbol.kind != "optimizer" or call.guarded:
            continue
        if ".legacy." in call.canonical:
            if context.keras3:
                message = (
                    f"The legacy optimizers are gone: {keras_name(context)} raises: ImportError: `keras.optimizers.legacy` is not "
                    f"supported in Keras 3. Use `keras.optimizers.{symbol.leaf}`."
                )
                yield RULE.finding(call.callee_span, message, severity=Severity.ERROR)
            continue
        known = {parameter.name for parameter in symbol.parameters or ()}
        rate = call.arguments.get("lr")
        if rate is not None and new and "lr" not in known:
            if context.keras3:
                outcome = f"{keras_name(context)} raises: ValueError: Argument(s) not recognized: {{'lr': ...}}"
            else:
                outcome = f"{keras_name(context)} ignores it and trains with the default"
            edits = rename_keyword(rate, "learning_rate") if "learning_rate" not in call.arguments else None
            fix = (Fix("Rename to `learning_rate`", edits),) if edits else ()
            message = f"`lr` was renamed `learning_rate`. {outcome}."
            severity = Severity.ERROR if context.keras3 else Severity.WARNING
            yield RULE.finding(place(call, rate), message, severity=severity, fixes=fix)
        decay = call.arguments.get("decay")
        if decay is not None and new and "decay" not in known:
            outcome = "ignores `decay`, with a warning" if context.keras3 else "raises ValueError for `decay`"
            severity = Severity.WARNING if context.keras3 else Severity.ERROR
            message = (
                f"{keras_name(context)} {outcome}. Give a schedule as the learning rate: "
                "`keras.optimizers.schedules.InverseTimeDecay(rate, 1, decay)`."
            )
            yield RULE.finding(place(call, decay), message, severity=severity)


RULE = Rule("KER501", "optimizer-argument-changed", Severity.ERROR, "sometimes", check, __doc__ or "")
