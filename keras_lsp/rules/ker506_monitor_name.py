"""KER506: a callback watches a metric that nobody computes.

## What it does
Reports `monitor="val_acc"` where the models of the file are compiled with `metrics=["accuracy"]`, and the other way round.

## Why it matters
The callback prints a warning and never acts: training does not stop early, and no checkpoint is written.

## Example
```python
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
stop = keras.callbacks.EarlyStopping(monitor="val_acc")
```

## Use instead
```python
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
stop = keras.callbacks.EarlyStopping(monitor="val_accuracy")
```

## Fix
The name is replaced by the one that is computed.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.values import ListValue
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.text.edits import TextEdit

_OTHER = {"acc": "accuracy", "accuracy": "acc"}


def check(context: Context) -> Iterator[Finding]:
    """Monitors of metrics that go by the other name."""
    computed = _metrics(context)
    if computed is None or context.keras < (2, 4):
        return
    for call in context.facts.calls:
        monitor = call.arguments.get("monitor")
        if not call.canonical.startswith("keras.callbacks.") or monitor is None or call.guarded:
            continue
        value = monitor.value
        if not isinstance(value, str):
            continue
        name = value.removeprefix("val_")
        other = _OTHER.get(name)
        if other is None or name in computed or other not in computed:
            continue
        meant = value.replace(name, other)
        message = f"The models here compute {other!r}, not {name!r}: this callback never acts. Write monitor={meant!r}."
        fixes: tuple[Fix, ...] = ()
        source = context.source(monitor.span)
        if is_written(monitor) and source.count(value) == 1:
            start = monitor.span.start + source.index(value)
            fixes = (Fix(f"Watch {meant!r}", (TextEdit(start, start + len(value), meant),)),)
        yield RULE.finding(place(call, monitor), message, fixes=fixes)


def _metrics(context: Context) -> set[str] | None:
    """The metrics that the file's models are compiled with; `None` if some are not known."""
    found: set[str] = set()
    compiles = [event for event in context.facts.events if event.method == "compile"]
    for event in compiles:
        for name in ("metrics", "weighted_metrics"):
            argument = event.call.arguments.get(name)
            if argument is None:
                continue
            value = argument.value
            if not isinstance(value, ListValue) or value.items is None:
                return None
            if not all(isinstance(item, str) for item in value.items):
                return None
            found.update(value.items)
        if event.call.unknown_arguments:
            return None
    return found if compiles else None


RULE = Rule("KER506", "monitor-name", Severity.WARNING, "always", check, __doc__ or "")
