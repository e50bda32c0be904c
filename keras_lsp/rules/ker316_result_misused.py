"""KER316: what a layer or a method of a model returns is used as something else.

## What it does
Reports `model = model.compile(...)` and `model = model.fit(...)` where the model is used afterwards: `compile` returns nothing,
`fit` a `History`. And `loss, accuracy = model.evaluate(...)` where the model is compiled with another number of metrics, methods
chained behind one that returns nothing, `.numpy()` of what `predict` returns, which is an array already, and outputs of a layer
that are given another number of names: a GRU has one state, a Bidirectional LSTM four.

## Why it matters
The program stops, mostly after the training: `'History' object has no attribute 'predict'`, `'NoneType' object has no attribute
'fit'`, `cannot unpack non-iterable float object`.

## Example
```python
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model = model.compile("adam", "mse")
model.fit(np.zeros((8, 3)), np.zeros((8, 1)))
```

## Use instead
```python
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(np.zeros((8, 3)), np.zeros((8, 1)))
```

## Fix
The assignment of nothing is taken away.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_lsp.inference.facts import Span
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import inner_layer
from keras_lsp.rules.results import Result, bound_results, event_calls, first_use, metric_count
from keras_lsp.rules.wording import count
from keras_lsp.text.edits import TextEdit

# Methods that return `None` in all versions.
_NOTHING = frozenset(("compile", "build", "summary"))
# dir(keras.callbacks.History()) of Keras 2.3.1, 2.15.0 and 3.15.1, callbacks' methods apart.
_HISTORY = frozenset(("history", "epoch", "model", "params", "validation_data", "set_model", "set_params"))
_METHODS = frozenset(
    ("fit", "evaluate", "predict", "compile", "summary", "save", "save_weights", "add", "layers", "call")
)


def check(context: Context) -> Iterator[Finding]:
    """Results of methods that are used as something else."""
    for result in bound_results(context, _NOTHING):
        yield from _nothing(context, result)
    for result in bound_results(context, frozenset(("fit",))):
        yield from _history(context, result)
    for failure in context.failures.get("KER316", ()):
        found, names = failure.error.facts["found"], failure.error.facts["expected"]
        assert isinstance(found, int)
        inner = inner_layer(failure.layer) if failure.layer is not None else None
        states = {"Bidirectional": " (the states of both directions)", "GRU": " (a GRU has one state)"}.get(
            failure.class_name, ""
        )
        of = f" of {inner.class_name}" if inner is not None else ""
        message = f"{failure.class_name}{of} gives {count(found, 'tensor')} here{states}, for {names} names. Python raises: {failure.error.text}."
        yield RULE.finding(failure.span, message, related=failure.related)
    yield from _chained(context)
    yield from _unpacked(context)


def _nothing(context: Context, result: Result) -> Iterator[Finding]:
    """`model = model.compile(...)`."""
    used = first_use(result)
    if not isinstance(used, ast.Attribute):
        return
    method = result.event.method
    message = (
        f"`{method}` returns nothing, so that `{result.name}` is None, and `{result.name}.{used.attr}` raises: AttributeError: "
        f"'NoneType' object has no attribute '{used.attr}'."
    )
    call, whole = context.span(result.call), _statement(context, result)
    fixes: tuple[Fix, ...] = ()
    receiver = result.call.func.value if isinstance(result.call.func, ast.Attribute) else None
    if receiver is not None and ast.unparse(receiver) == result.name:
        fixes = (Fix(f"Only call `{method}`", (TextEdit(whole.start, call.start, ""),)),)
    related = ((context.span(used), f"`{result.name}` is used here"),)
    yield RULE.finding(Span(whole.start, call.end), message, related=related, fixes=fixes)


def _statement(context: Context, result: Result) -> Span:
    """The assignment that a result stands in."""
    call = context.span(result.call)
    for node in context.nodes(ast.Assign):
        if node.value is result.call:
            return context.span(node)
    return call


def _history(context: Context, result: Result) -> Iterator[Finding]:
    """`model = model.fit(...)`, and then `model.predict`."""
    used = first_use(result)
    if isinstance(used, ast.Subscript):
        message = (
            f"`fit` returns a History, whose numbers are in `.history`: write `{result.name}.history[...]`. "
            "Python raises: TypeError: 'History' object is not subscriptable."
        )
        name = context.span(used.value)
        fix = Fix("Use `.history`", (TextEdit(name.end, name.end, ".history"),))
        yield RULE.finding(context.span(used), message, fixes=(fix,))
    elif isinstance(used, ast.Attribute) and used.attr not in _HISTORY and used.attr in _METHODS:
        message = (
            f"`fit` returns a History, not a model, and `{result.name}` is that: `{result.name}.{used.attr}` raises: AttributeError: "
            f"'History' object has no attribute '{used.attr}'. Give the result of `fit` another name."
        )
        related = ((context.span(result.call), f"`{result.name}` becomes a History here"),)
        yield RULE.finding(context.span(used), message, related=related)


def _chained(context: Context) -> Iterator[Finding]:
    """`model.compile(...).fit(...)`, `model.predict(x).numpy()`, `model.fit(...).predict(...)`."""
    methods = _NOTHING | {"fit", "predict"}
    calls = {id(node): event.method for node, event in event_calls(context, methods)}
    if not calls:
        return
    for node in context.nodes(ast.Attribute):
        method = calls.get(id(node.value))
        if method is None or not isinstance(node.ctx, ast.Load):
            continue
        owner = {"fit": "History", "predict": "numpy.ndarray"}.get(method, "NoneType")
        if method == "fit" and (node.attr in _HISTORY or node.attr not in _METHODS):
            continue
        if method == "predict" and node.attr != "numpy":
            continue
        said = {"fit": "`fit` returns a History", "predict": "`predict` returns an array of NumPy"}.get(
            method, f"`{method}` returns nothing"
        )
        message = f"{said}. Python raises: AttributeError: '{owner}' object has no attribute '{node.attr}'."
        whole = context.span(node)
        fixes: tuple[Fix, ...] = ()
        call = next((item for item in context.nodes(ast.Call) if item.func is node), None)
        if method == "predict" and call is not None and not call.args:
            inner = context.span(node.value)
            fixes = (Fix("Take `.numpy()` away", (TextEdit(inner.end, context.span(call).end, ""),)),)
        yield RULE.finding(Span(whole.end - len(node.attr), whole.end), message, fixes=fixes)


def _unpacked(context: Context) -> Iterator[Finding]:
    """`loss, accuracy = model.evaluate(...)` where it gives another number of values."""
    calls = {id(node): event for node, event in event_calls(context, frozenset(("evaluate",)))}
    for node in context.nodes(ast.Assign) if calls else ():
        event = calls.get(id(node.value))
        target = node.targets[0]
        if event is None or len(node.targets) != 1 or not isinstance(target, ast.Tuple | ast.List):
            continue
        if any(isinstance(item, ast.Starred) for item in target.elts) or event.call.unknown_arguments:
            continue
        metrics, wanted = metric_count(event), len(target.elts)
        if metrics is None or metrics + 1 == wanted or "return_dict" in event.call.arguments or event.compiled is None:
            continue
        text = (
            "TypeError: cannot unpack non-iterable float object"
            if metrics == 0
            else f"ValueError: too many values to unpack (expected {wanted})"
            if metrics + 1 > wanted
            else f"ValueError: not enough values to unpack (expected {wanted}, got {metrics + 1})"
        )
        given = "the loss alone" if metrics == 0 else f"the loss and {count(metrics, 'metric')}"
        message = (
            f"The model is compiled with {count(metrics, 'metric') if metrics else 'no metrics'}: `evaluate` returns {given}. "
            f"Python raises: {text}."
        )
        related = ((event.compiled.call.span, "it is compiled here"),)
        yield RULE.finding(context.span(target), message, related=related)


RULE = Rule("KER316", "result-misused", Severity.ERROR, "sometimes", check, __doc__ or "")
