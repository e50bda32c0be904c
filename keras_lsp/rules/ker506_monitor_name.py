"""KER506: a callback watches a metric that nobody computes.

## What it does
Reports `monitor="val_acc"` where the models of the file are compiled with `metrics=["accuracy"]`, and the other way round; and
`history.history["acc"]` or `["val_loss"]` of a training that computes no such thing.

## Why it matters
The callback prints a warning and never acts: training does not stop early, and no checkpoint is written. The history raises
`KeyError: 'acc'`, when the training is over.

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
The name is replaced by the one that is computed, if there is one.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from keras_lsp.inference.facts import ModelEvent
from keras_lsp.inference.values import LibraryObject, ListValue
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.control_flow import unconditional
from keras_lsp.rules.results import bound_results, is_plain, metric_count
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.text.edits import TextEdit

_OTHER = {"acc": "accuracy", "accuracy": "acc"}


def check(context: Context) -> Iterator[Finding]:
    """Monitors of metrics that go by the other name, and such keys of a history."""
    yield from _histories(context)
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


# Earlier versions named accuracies by their own rules.
_NAMED_AS_WRITTEN = (2, 4)


def _histories(context: Context) -> Iterator[Finding]:
    """`h = model.fit(...)`, and `h.history["acc"]` behind it in the same block, where no accuracy of that name is computed."""
    if context.keras < _NAMED_AS_WRITTEN:
        return
    results = list(bound_results(context, frozenset(("fit",))))
    names = (node for node in ast.walk(context.parsed.tree) if isinstance(node, ast.Name)) if results else ()
    bound = Counter(node.id for node in names if isinstance(node.ctx, ast.Store))
    for result in results:
        if bound[result.name] != 1 or not is_plain(result.event):
            continue
        for node in unconditional(result.rest):
            if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant):
                continue
            key, owner = node.slice.value, node.value
            if (
                isinstance(key, str)
                and isinstance(node.ctx, ast.Load)
                and isinstance(owner, ast.Attribute)
                and owner.attr == "history"
                and isinstance(owner.value, ast.Name)
                and owner.value.id == result.name
            ):
                finding = _key(context, result.event, key, node.slice)
                if finding is not None:
                    yield finding


def _key(context: Context, event: ModelEvent, key: str, node: ast.expr) -> Finding | None:
    """A key of the history that is not there; `None` where it is, or may be."""
    arguments = event.call.arguments
    callbacks = arguments["callbacks"].value if "callbacks" in arguments else ListValue([])
    items = callbacks.items if isinstance(callbacks, ListValue) else None
    if event.call.unknown_arguments or metric_count(event) is None or items is None:
        return None
    if not all(isinstance(item, LibraryObject) and not item.path.endswith("LambdaCallback") for item in items):
        return None  # callbacks may write into the history
    assert event.compiled is not None
    metrics = event.compiled.call.arguments.get("metrics")
    named = metrics.value.items if metrics is not None and isinstance(metrics.value, ListValue) else []
    if named is None or not all(isinstance(item, str) for item in named):
        return None
    computed = {"loss", *(str(item) for item in named)}
    base = key.removeprefix("val_")
    validated = any(
        name in arguments and arguments[name].value is not None for name in ("validation_data", "validation_split")
    )
    span = context.span(node)
    related = ((event.call.span, "the training is here"),)
    if key.startswith("val_") and not validated and base in computed | set(_OTHER):
        message = (
            f"This training has no validation data, so that its history has no {key!r}. Python raises: KeyError: {key!r}. Give "
            "`fit` `validation_data` or `validation_split`."
        )
        return RULE.finding(span, message, severity=Severity.ERROR, related=related)
    if base not in _OTHER or base in computed:
        return None
    meant = key.replace(base, _OTHER[base])
    fixes: tuple[Fix, ...] = ()
    advice = f'Compile the model with `metrics=["{base}"]`.'
    source = context.source(span)
    if _OTHER[base] in computed:
        advice = f"The model computes {_OTHER[base]!r}: write {meant!r}."
        if source.count(key) == 1:
            start = span.start + source.index(key)
            fixes = (Fix(f"Ask for {meant!r}", (TextEdit(start, start + len(key), meant),)),)
    message = f"The history of this training has no {key!r}. {advice} Python raises: KeyError: {key!r}."
    return RULE.finding(span, message, severity=Severity.ERROR, related=related, fixes=fixes)


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


RULE = Rule("KER506", "monitor-name", Severity.WARNING, "sometimes", check, __doc__ or "")
