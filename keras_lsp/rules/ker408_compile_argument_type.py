"""KER408: an argument of `compile` has the wrong kind of value.

## What it does
Reports `metrics="accuracy"` and `metrics=MeanAbsoluteError()` under Keras 3, a loss or metric class that is not instantiated under
Keras 2, losses and metrics by names that no output has, functions that cannot be called with labels and predictions, and under
Keras 3 a list of metrics that has another number of entries than the model has outputs. Also losses and metrics that use NumPy or
`.numpy()` on what Keras gives them, which has no values while the graph is made, and metrics whose `update_state` takes no
`sample_weight`.

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

import ast
import re
from collections.abc import Iterator

from keras_lsp.inference.facts import ModelEvent
from keras_lsp.inference.values import (
    ClassValue,
    DictValue,
    External,
    FunctionValue,
    LibraryObject,
    ListValue,
    ObjectValue,
)
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.callees import definition, refusal
from keras_lsp.rules.control_flow import unconditional
from keras_lsp.rules.model_data import TRAINING, events
from keras_lsp.rules.names import dotted_name
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
                yield from _insides(context, event, event.compiled)
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


# Functions of NumPy that need the values of what they are given.
_NEEDS_VALUES = frozenset(
    ("abs", "absolute", "any", "all", "argmax", "argmin", "argsort", "array", "asarray", "clip", "cos", "cumsum", "diff", "dot", "exp",
     "log", "log10", "matmul", "max", "maximum", "mean", "median", "min", "minimum", "multiply", "power", "round", "sign", "sin", "sort",
     "sqrt", "square", "std", "subtract", "sum", "var")
)  # fmt: skip
_EAGERLY = re.compile(r"run_eagerly|run_functions_eagerly|py_function|numpy_function|enable_v2|KERAS_BACKEND")


def _insides(context: Context, event: ModelEvent, compiled: ModelEvent) -> Iterator[Finding]:
    """What losses and metrics of the program do with tensors that have no values yet."""
    if (
        event.method not in ("fit", "evaluate", "train_on_batch")
        or context.keras < (2, 4)
        or _EAGERLY.search(context.text)
    ):
        return
    for kind in ("loss", "metrics"):
        argument = compiled.call.arguments.get(kind)
        value = argument.value if argument is not None else None
        for item in value.items or [] if isinstance(value, ListValue) else [value]:
            if isinstance(item, FunctionValue) and item.module.is_main and not getattr(item.node, "decorator_list", []):
                yield from _values(context, event, item, kind)
            elif isinstance(item, ObjectValue) and kind == "metrics":
                yield from _update(context, event, item)


def _values(context: Context, event: ModelEvent, function: FunctionValue, kind: str) -> Iterator[Finding]:
    """`np.mean(y_true)` and `y_pred.numpy()` in a function that Keras calls with symbolic tensors."""
    spec = function.node.args
    given = {parameter.arg for parameter in (*spec.posonlyargs, *spec.args)[:2]}
    for node in ast.walk(function.node):
        if isinstance(node, ast.Name) and node.id in given and not isinstance(node.ctx, ast.Load):
            return  # bound to something else
    related = ((event.call.span, f"`{event.method}` calls it"),)
    what = "loss" if kind == "loss" else "metric"
    body = [function.node.body] if isinstance(function.node, ast.Lambda) else function.node.body
    for node in unconditional(body):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        span = context.span(node)
        owner = node.func.value
        if node.func.attr == "numpy" and isinstance(owner, ast.Name) and owner.id in given:
            message = (
                f"Keras calls a {what} while it makes a graph, where tensors have no values: `{event.method}` raises: AttributeError: "
                "'SymbolicTensor' object has no attribute 'numpy'. Use functions of Keras or TensorFlow, or compile with "
                "`run_eagerly=True`."
            )
            yield RULE.finding(span, message, related=related)
            return
        name = dotted_name(context, node.func) or ""
        needs_values = name.startswith("numpy.") and name.count(".") == 1 and node.func.attr in _NEEDS_VALUES
        if needs_values and any(_is_given(argument, given) for argument in node.args):
            message = (
                f"Keras calls a {what} while it makes a graph, where tensors have no values for NumPy: `{event.method}` raises: "
                "NotImplementedError: Cannot convert a symbolic tf.Tensor to a numpy array. Use the function of Keras or TensorFlow "
                "instead."
            )
            yield RULE.finding(span, message, related=related)
            return


def _is_given(node: ast.expr, names: set[str]) -> bool:
    """Whether an expression is one of the tensors, or computed from them by operators alone."""
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.BinOp):
        return _is_given(node.left, names) or _is_given(node.right, names)
    return isinstance(node, ast.UnaryOp) and _is_given(node.operand, names)


def _update(context: Context, event: ModelEvent, item: ObjectValue) -> Iterator[Finding]:
    """A metric's `update_state` is given the weights of the samples, even if there are none."""
    bases = [base for base in item.class_value.linearise() if not isinstance(base, ClassValue)]
    if len(bases) != 1 or not isinstance(bases[0], External):
        return
    method = item.class_value.namespace.get("update_state")
    if context.catalogue.resolve(bases[0].path) != "keras.metrics.Metric" or not isinstance(method, FunctionValue):
        return
    spec = method.node.args
    names = {parameter.arg for parameter in (*spec.args, *spec.kwonlyargs)}
    span = definition(context, method)
    if spec.kwarg is not None or "sample_weight" in names or span is None or getattr(method.node, "decorator_list", []):
        return
    message = (
        f"Keras calls `update_state` with `sample_weight`. `{event.method}` raises: TypeError: {item.class_value.name}.update_state() got "
        "an unexpected keyword argument 'sample_weight'. Add `sample_weight=None`."
    )
    fixes: tuple[Fix, ...] = ()
    if spec.args and not spec.kwonlyargs and spec.vararg is None:
        last = spec.defaults[-1] if spec.defaults else spec.args[-1]
        end = context.parsed.positions.span(last)[1]
        fixes = (Fix("Add `sample_weight=None`", (TextEdit(end, end, ", sample_weight=None"),)),)
    related = ((event.call.span, f"`{event.method}` calls it"),)
    yield RULE.finding(span, message, related=related, fixes=fixes)


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
        f"The model has {outputs} outputs, and `metrics` has {count(len(items), 'entry')}: give one list "
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
