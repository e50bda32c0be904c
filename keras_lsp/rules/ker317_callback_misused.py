"""KER317: a callback is given as a class, or has a method that cannot take what Keras passes.

## What it does
Reports `callbacks=[EarlyStopping]` without brackets, and callbacks of the program whose methods have other parameters than Keras
calls them with: `on_epoch_end(self, epoch)` lacks `logs`.

## Why it matters
`fit` stops with `Callback.set_model() missing 1 required positional argument: 'model'`, or at the end of the first epoch with
`on_epoch_end() takes 2 positional arguments but 3 were given`.

## Example
```python
class Report(keras.callbacks.Callback):
    def on_epoch_end(self, epoch):
        print("done:", epoch)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(np.zeros((8, 3)), np.zeros((8, 1)), callbacks=[Report()])
```

## Use instead
```python
class Report(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print("done:", epoch)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(np.zeros((8, 3)), np.zeros((8, 1)), callbacks=[Report()])
```

## Fix
`logs=None` is added to the parameters.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_lsp.inference.facts import Argument, ModelEvent
from keras_lsp.inference.values import BoundMethod, ClassValue, External, FunctionValue, ListValue, ObjectValue
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.callees import definition, refusal
from keras_lsp.rules.model_data import events
from keras_lsp.rules.rewriting import place
from keras_lsp.text.edits import TextEdit

# What Keras calls in every training, and with how many arguments.
# Source: keras/src/callbacks/callback_list.py, tf_keras/src/callbacks.py.
_HOOKS = {
    "on_train_begin": 1,
    "on_train_end": 1,
    "on_epoch_begin": 2,
    "on_epoch_end": 2,
    "on_train_batch_begin": 2,
    "on_train_batch_end": 2,
}


def check(context: Context) -> Iterator[Finding]:
    """Callbacks that `fit` cannot use."""
    seen: set[int] = set()
    for event in events(context, frozenset(("fit",))):
        argument = event.call.arguments.get("callbacks")
        if argument is None or context.keras < (2, 4):
            continue
        value = argument.value
        items = value.items or [] if isinstance(value, ListValue) else [value]
        for item in items:
            if isinstance(item, External | ClassValue):
                yield from _class(context, event, argument, item)
            elif isinstance(item, ObjectValue) and id(item.class_value) not in seen:
                seen.add(id(item.class_value))
                yield from _methods(context, event, item)


def _class(context: Context, event: ModelEvent, argument: Argument, item: External | ClassValue) -> Iterator[Finding]:
    """A class in the place of an object."""
    if isinstance(item, External):
        symbol = context.catalogue.symbol(context.catalogue.resolve(item.path) or "")
        if symbol is None or symbol.kind != "callback" or not symbol.leaf[:1].isupper():
            return
        name = symbol.leaf
    else:
        if not _is_callback(context, item):
            return
        name = item.name
    message = (
        f"`{name}` is a class; `callbacks` needs an object of it: `{name}(...)`. `fit` raises: TypeError: Callback.set_model() "
        "missing 1 required positional argument: 'model'."
    )
    yield RULE.finding(place(event.call, argument), message)


def _is_callback(context: Context, value: ClassValue) -> bool:
    """Whether a class derives from Keras's `Callback` and nothing else that is not known."""
    bases = [base for base in value.linearise() if not isinstance(base, ClassValue)]
    return (
        len(bases) == 1
        and isinstance(bases[0], External)
        and context.catalogue.resolve(bases[0].path) == "keras.callbacks.Callback"
    )


def _methods(context: Context, event: ModelEvent, item: ObjectValue) -> Iterator[Finding]:
    """Methods with other parameters than they are called with."""
    if not _is_callback(context, item.class_value):
        return
    for name, given in _HOOKS.items():
        method = item.class_value.namespace.get(name)
        if not isinstance(method, FunctionValue) or method.kind != "function":
            continue
        refused, span = refusal(BoundMethod(method, item), given), definition(context, method)
        if refused is None or span is None:
            continue
        parameters = "logs" if given == 1 else "epoch and logs" if "epoch" in name else "batch and logs"
        message = f"Keras calls `{name}` with {parameters}. `fit` raises: {refused}."
        yield RULE.finding(
            span,
            message,
            related=((event.call.span, "it is a callback of this training"),),
            fixes=_with_logs(context, method, given),
        )


def _with_logs(context: Context, method: FunctionValue, given: int) -> tuple[Fix, ...]:
    """`logs=None` as the last parameter, where only that is missing."""
    spec = method.node.args
    if isinstance(method.node, ast.Lambda) or len(spec.args) != given or spec.kwonlyargs or spec.kwarg or spec.vararg:
        return ()
    span = context.span(spec.args[-1])
    if spec.defaults or any(parameter.arg == "logs" for parameter in spec.args):
        return ()
    return (Fix("Add `logs=None`", (TextEdit(span.end, span.end, ", logs=None"),)),)


RULE = Rule("KER317", "callback-misused", Severity.ERROR, "sometimes", check, __doc__ or "")
