"""KER307: a Sequential is given something else than one list of layers.

## What it does
Reports `Sequential(layer, layer)`, `add` of a class instead of a layer, of a list, a function, a tensor or a number, a second Input,
a name in the place of `trainable`, and `model = model.add(...)`.

## Why it matters
`Sequential` takes one list; its second argument is `name` in Keras 2, which silently drops the second layer, and `trainable`
in Keras 3. `add` returns `None`, so assigning its result loses the model.

## Example
```python
model = keras.Sequential(keras.layers.Dense(4), keras.layers.Dense(2))
```

## Use instead
```python
model = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(2)])
```

## Fix
The layers are put into a list; the lost assignment is removed; a class gets its brackets where it needs no arguments.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_lsp.inference.facts import ModelFact, Span
from keras_lsp.inference.values import External, FunctionValue, LayerValue, TensorValue
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import Failure
from keras_lsp.rules.rewriting import is_written, written_call
from keras_lsp.rules.wording import keras_name, raises
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Sequentials that are made or used the wrong way."""
    spans: set[Span] = set()
    for model in context.facts.models:
        call = model.call
        if model.class_name != "Sequential" or call is None or call.guarded:
            continue
        second = call.arguments.get("name") or call.arguments.get("trainable")
        if second is not None and second.positional and isinstance(second.value, LayerValue):
            spans.add(call.span)
            outcome = "raises an error" if context.keras3 else "takes the second one as the name and drops it silently"
            message = (
                f"Sequential takes one list of layers; {keras_name(context)} {outcome}. Put the layers into brackets."
            )
            fix = _into_list(context, model)
            severity = Severity.ERROR if context.keras3 else Severity.WARNING
            yield RULE.finding(second.span, message, severity=severity, fixes=(fix,) if fix else ())
    for failure in context.failures.get("KER307", ()):
        if failure.span in spans:
            continue
        message = f"{_what(failure)} {raises(context, failure.error)}"
        argument = failure.call.arguments.get("trainable") if failure.argument == "trainable" else None
        fixes: tuple[Fix, ...] = ()
        if argument is not None and argument.positional and is_written(argument):
            fixes = (Fix("Write `name=`", (TextEdit(argument.span.start, argument.span.start, "name="),)),)
        yield RULE.finding(argument.span if argument is not None else failure.span, message, fixes=fixes)
    yield from _lost_models(context)


def _what(failure: Failure) -> str:
    if failure.argument == "trainable":
        return "The second argument of Sequential is `trainable` in Keras 3; write `name=...`."
    value = failure.value
    if isinstance(value, FunctionValue) or (isinstance(value, External) and "keras.activations" in value.path):
        return "Only layers can be added to a Sequential; put a function into `keras.layers.Lambda` or `Activation`."
    if isinstance(value, TensorValue):
        return "Only layers can be added to a Sequential; this layer was called, which gives a tensor."
    if failure.error.facts.get("input"):
        return "A Sequential has one Input, its first layer."
    if failure.subject == "model":
        return "Sequential takes a list of layers: `Sequential([layer])`."
    return "Only layer objects can be added to a Sequential: a class needs its arguments in brackets."


def _into_list(context: Context, model: ModelFact) -> Fix | None:
    written = written_call(context, model.call) if model.call is not None else None
    if (
        written is None
        or written.close is None
        or any(argument.keyword or argument.star for argument in written.arguments)
    ):
        return None
    start, end = written.arguments[0].start, written.arguments[-1].end
    edits = (TextEdit(start, start, "["), TextEdit(end, end, "]"))
    return Fix("Put the layers into a list", edits)


def _lost_models(context: Context) -> Iterator[Finding]:
    """`model = model.add(...)` for a model that is a Sequential."""
    sequentials = {model.variable for model in context.facts.models if model.class_name == "Sequential"}
    positions = context.parsed.positions
    for node in context.nodes(ast.Assign):
        if len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            continue
        value = node.value
        if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "add"):
            continue
        receiver = value.func.value
        if not isinstance(receiver, ast.Name) or receiver.id != node.targets[0].id or receiver.id not in sequentials:
            continue
        start, end = positions.start(node), positions.start(value)
        if context.parsed.is_broken(start):
            continue
        message = (
            f"`add` returns None, so `{receiver.id}` is None after this line: 'NoneType' object has no attribute 'add'. "
            "Leave out the assignment."
        )
        fix = Fix("Remove the assignment", (TextEdit(start, end, ""),), Applicability.SAFE)
        yield RULE.finding(Span(start, end), message, fixes=(fix,))


RULE = Rule("KER307", "sequential-misuse", Severity.ERROR, "sometimes", check, __doc__ or "")
