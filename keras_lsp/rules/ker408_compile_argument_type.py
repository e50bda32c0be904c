"""KER408: an argument of `compile` has the wrong kind of value.

## What it does
Reports `metrics="accuracy"` and `metrics=MeanAbsoluteError()` under Keras 3, a loss or metric class that is not instantiated under
Keras 2, losses and metrics by names that no output has, functions that cannot be called with labels and predictions, and under
Keras 3 a list of metrics that has another number of entries than the model has outputs.

## Why it matters
Keras 3 takes metrics only as a list, tuple or dict: `Expected metrics argument to be a list, tuple, or dict. Received instead:
metrics=accuracy`. Keras 2 calls a loss class as if it were a function, and fails in `fit`.

## Example
```python
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse", metrics="mae")
```

## Use instead
```python
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse", metrics=["mae"])
```

## Fix
The metric is put into a list; the loss class gets its brackets.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import ModelEvent
from keras_lsp.inference.values import DictValue, External, FunctionValue, LibraryObject, ListValue
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.callees import definition, refusal
from keras_lsp.rules.model_data import TRAINING, events
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.rules.wording import count, keras_name, listed, nearest
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Arguments of `compile` that Keras cannot use."""
    for event in events(context, frozenset(("compile",))):
        metrics = event.call.arguments.get("metrics")
        if context.keras3 and metrics is not None and _one_metric(metrics.value):
            received = f" Received instead: metrics={metrics.value}" if isinstance(metrics.value, str) else ""
            message = (
                f"`metrics` must be a list. {keras_name(context)} raises: ValueError: Expected `metrics` argument to be a list, "
                f"tuple, or dict.{received}"
            )
            start, end = metrics.span
            fix = (Fix("Put it into a list", (TextEdit(start, start, "["), TextEdit(end, end, "]"))),)
            yield RULE.finding(place(event.call, metrics), message, fixes=fix if is_written(metrics) else ())
        loss = event.call.arguments.get("loss")
        if not context.keras3 and loss is not None:
            name = _class_name(context, loss.value, "loss")
            if name is not None:
                message = (
                    f"`{name}` is a class; {keras_name(context)} needs an object of it, `{name}()`, and fails in `fit`."
                )
                edit = TextEdit(loss.span.end, loss.span.end, "()")
                fix = (Fix("Make an object of it", (edit,)),) if is_written(loss) else ()
                yield RULE.finding(place(event.call, loss), message, fixes=fix)
        if (
            not context.keras3
            and metrics is not None
            and isinstance(metrics.value, ListValue)
            and context.keras >= (2, 4)
        ):
            names = (_class_name(context, item, "metric") for item in metrics.value.items or ())
            name = next((name for name in names if name is not None), None)
            if name is not None:
                message = (
                    f"`{name}` is a class; {keras_name(context)} needs an object of it, `{name}()`, and fails in `fit`."
                )
                yield RULE.finding(place(event.call, metrics), message)
    reported: set[int] = set()
    for event in events(context, TRAINING):
        if event.compiled is not None and id(event.compiled) not in reported:
            reported.add(id(event.compiled))
            yield from _names(context, event, event.compiled)
            if event.model.class_name in ("Sequential", "Functional"):
                yield from _functions(context, event, event.compiled)
                yield from _per_output(context, event, event.compiled)


def _one_metric(value: object) -> bool:
    """Whether a value is one metric, not a list of them."""
    if isinstance(value, str | FunctionValue):
        return bool(value)
    return isinstance(value, External | LibraryObject) and ".metrics." in value.path


def _class_name(context: Context, value: object, kind: str) -> str | None:
    """The name of a class of Keras, where an object of it is needed."""
    if not isinstance(value, External):
        return None
    symbol = context.catalogue.symbol(context.catalogue.resolve(value.path) or "")
    if symbol is None or symbol.kind == "function" or not symbol.leaf[:1].isupper():
        return None
    return symbol.leaf if symbol.kind == kind or symbol.name.startswith(f"keras.{kind}") else None


def _functions(context: Context, event: ModelEvent, compiled: ModelEvent) -> Iterator[Finding]:
    """Losses and metrics of the program that cannot be called with labels and predictions."""
    if event.method not in ("fit", "evaluate") or context.keras < (2, 4):
        return
    for kind in ("loss", "metrics"):
        argument = compiled.call.arguments.get(kind)
        value = argument.value if argument is not None else None
        for item in value.items or [] if isinstance(value, ListValue) else [value]:
            refused = refusal(item, 2)
            if argument is not None and refused is not None:
                what = "a loss" if kind == "loss" else "a metric"
                message = f"Keras calls {what} with labels and predictions, `(y_true, y_pred)`. `{event.method}` raises: {refused}."
                span = definition(context, item) if isinstance(item, FunctionValue) else None
                related = ((span, "it is defined here"),) if span is not None else ()
                yield RULE.finding(place(compiled.call, argument), message, related=related)


def _per_output(context: Context, event: ModelEvent, compiled: ModelEvent) -> Iterator[Finding]:
    """A list of metrics of another length than there are outputs (run: 3.15; the message is that of 3.0, too)."""
    argument = compiled.call.arguments.get("metrics")
    items = argument.value.items if argument is not None and isinstance(argument.value, ListValue) else None
    outputs = len(event.outputs or ())
    if argument is None or not items or outputs < 2 or len(items) == outputs or not context.keras3:
        return
    if event.output_names is None or event.model.layers is None or event.method not in ("fit", "evaluate"):
        return
    if any(isinstance(item, ListValue | DictValue) for item in items):
        return
    message = (
        f"The model has {outputs} outputs, and `metrics` has {count(len(items), 'entry').replace('entrys', 'entries')}: give one list "
        f"for each output. {keras_name(context)} raises in `{event.method}`: ValueError: `metrics` should be a list matching the "
        "outputs of the model."
    )
    related = ((event.model.span, f"the model has {outputs} outputs"),)
    yield RULE.finding(place(compiled.call, argument), message, related=related)


def _names(context: Context, event: ModelEvent, compiled: ModelEvent) -> Iterator[Finding]:
    """Losses and metrics by the names of outputs that the model does not have."""
    if event.output_names is None or event.model.layers is None:
        return
    chosen = [name for name in event.output_names if name is not None]
    for kind in ("loss", "metrics"):
        argument = compiled.call.arguments.get(kind)
        value = argument.value if argument is not None else None
        if argument is None or not isinstance(value, DictValue) or value.open:
            continue
        if kind == "loss" and context.keras3 and event.model.class_name == "Sequential":
            message = (
                f"A Sequential has one output, without a name: {keras_name(context)} takes no dictionary as its loss, and raises "
                "TypeError in `fit`."
            )
            yield RULE.finding(place(compiled.call, argument), message)
            continue
        wrong = [key for key in value.items if isinstance(key, str) and key not in chosen]
        if not wrong or len(chosen) < len(event.output_names) or event.model.class_name != "Functional":
            continue
        if kind == "metrics" and context.keras3 and len(chosen) == 1:
            continue
        message = (
            f"The model has no output `{wrong[0]}`: its outputs are {listed(chosen)}. {keras_name(context)} raises an error about "
            f"this name in `{event.method}`."
        )
        meant = nearest(wrong[0], [name for name in chosen if name not in value.items])
        source = context.source(argument.span)
        fixes: tuple[Fix, ...] = ()
        quoted = next((f"{q}{wrong[0]}{q}" for q in "'\"" if source.count(f"{q}{wrong[0]}{q}") == 1), None)
        if meant is not None and quoted is not None and is_written(argument):
            at = argument.span.start + source.index(quoted) + 1
            edit = TextEdit(at, at + len(wrong[0]), meant)
            fixes = (Fix(f"Rename to {meant!r}", (edit,), Applicability.UNSAFE),)
        related = ((event.call.span, f"`{event.method}` is called here"),)
        yield RULE.finding(place(compiled.call, argument), message, related=related, fixes=fixes)


RULE = Rule("KER408", "compile-argument-type", Severity.ERROR, "sometimes", check, __doc__ or "")
