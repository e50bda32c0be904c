"""KER318: a model's class has no `call`, or one that `fit` cannot call.

## What it does
Reports models of the program that are trained though their class has no `call` (`forward`, as in another library, is not
called), or whose `call` needs more than the inputs: `call(self, state, action)`. Keras passes all inputs as the first argument.

## Why it matters
`fit` stops with `Model Net does not have a call() method implemented` or `missing a required argument: 'action'`.

## Example
```python
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
    def call(self, state, action):
        return self.dense(state) + self.dense(action)
net = Net()
net.compile("adam", "mse")
net.fit([np.zeros((8, 3)), np.zeros((8, 3))], np.zeros((8, 1)))
```

## Use instead
```python
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
    def call(self, inputs):
        state, action = inputs
        return self.dense(state) + self.dense(action)
net = Net()
net.compile("adam", "mse")
net.fit([np.zeros((8, 3)), np.zeros((8, 3))], np.zeros((8, 1)))
```

## Fix
None.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_lsp.inference.facts import Span
from keras_lsp.inference.keras.events import extra_inputs
from keras_lsp.inference.values import FunctionValue
from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.model_data import PREDICTING, TRAINING, events
from keras_lsp.rules.wording import keras_name

# What a class may define to do without `call`, or to call it in its own way.
_OWN_STEPS = frozenset(
    ("__call__", "train_step", "test_step", "predict_step", "fit", "evaluate", "predict", "__getattr__")
)


def check(context: Context) -> Iterator[Finding]:
    """Classes of models that are trained."""
    if context.keras < (2, 4):
        return
    seen: set[ast.ClassDef] = set()
    for event in events(context, TRAINING | PREDICTING):
        own = event.own_class
        if own is None or own.definition in seen or own.definition.decorator_list or own.definition.keywords:
            continue
        node, members = own.definition, own.members
        seen.add(node)
        if _OWN_STEPS & members.keys() or _functional(members.get("__init__")):
            continue
        start, _ = context.parsed.positions.span(node)
        related = ((event.call.span, f"`{event.method}` is called here"),)
        if "call" not in members:
            forward = " `forward` is not called by Keras: name it `call`." if "forward" in members else ""
            said = f"Model {node.name} does not have a `call()` method implemented."
            if not context.keras3:
                said = "Unimplemented `tf.keras.Model.call()`"
            message = (
                f"The class {node.name} has no `call`.{forward} {keras_name(context)} raises in `{event.method}`: "
                f"NotImplementedError: {said}"
            )
            yield RULE.finding(Span(start, start + len(f"class {node.name}")), message, related=related)
            continue
        call = members["call"]
        if not isinstance(call, FunctionValue) or not call.module.is_main or not isinstance(call.node, ast.FunctionDef):
            continue
        extra = extra_inputs(call)
        if extra and not call.node.decorator_list:
            reason = (
                f"TypeError: missing a required argument: '{extra[0]}'"
                if context.keras3
                else f"ValueError: Models passed to `{event.method}` can only have `training` and the first argument in `call()` as "
                f"positional arguments, found: {extra}"
            )
            at, _ = context.parsed.positions.span(call.node)
            message = (
                f"Keras passes all inputs as the first argument of `call`; `{extra[0]}` gets nothing. Take a list of inputs apart "
                f"inside of `call`. {keras_name(context)} raises in `{event.method}`: {reason}."
            )
            yield RULE.finding(Span(at, at + len("def call")), message, related=related)


def _functional(initialiser: object) -> bool:
    """Whether `__init__` gives inputs and outputs to the base class, or does something that is not seen."""
    if not isinstance(initialiser, FunctionValue):
        return True
    for node in ast.walk(initialiser.node):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__":
            if len(node.args) > 1 or any(keyword.arg in ("inputs", "outputs", None) for keyword in node.keywords):
                return True
            if len(node.args) == 1 and not isinstance(node.args[0], ast.Name):
                return True
            if len(node.args) == 1 and isinstance(node.args[0], ast.Name) and node.args[0].id != "self":
                return True
    return False


RULE = Rule("KER318", "model-class-without-call", Severity.ERROR, "none", check, __doc__ or "")
