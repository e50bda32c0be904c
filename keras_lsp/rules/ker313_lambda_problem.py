"""KER313: the function of a Lambda layer returns nothing.

## What it does
Reports `Lambda(function)` where the function is defined in this file and has no `return` with a value.

## Why it matters
Keras 3 says that it "could not automatically infer the shape of the Lambda's output" and hides the cause; Keras 2 passes a
`None` on.

## Example
```python
def scale(x):
    x * 2

y = keras.layers.Lambda(scale)(keras.Input((3,)))
```

## Use instead
```python
def scale(x):
    return x * 2

y = keras.layers.Lambda(scale)(keras.Input((3,)))
```

## Fix
None.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_lsp.inference.values import FunctionValue
from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.rewriting import place


def check(context: Context) -> Iterator[Finding]:
    """Lambda layers around functions without a result."""
    for layer in context.facts.layers:
        argument = layer.call.arguments.get("function")
        if layer.class_name != "Lambda" or argument is None or layer.call.guarded:
            continue
        function = argument.value
        if (
            not isinstance(function, FunctionValue)
            or not isinstance(function.node, ast.FunctionDef)
            or _returns(function.node)
        ):
            continue
        message = f"`{function.name}` returns nothing, so this Lambda has no output. Add `return` to its last line."
        severity = Severity.ERROR if context.keras3 else Severity.WARNING  # Keras 2 passes a None on
        yield RULE.finding(place(layer.call, argument), message, severity=severity)


def _returns(function: ast.FunctionDef) -> bool:
    """Whether the function's own body may give a value, or always raises."""
    own = list(function.body)
    while own:
        node = own.pop()
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Return) and node.value is not None):
            return True
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own.extend(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt | ast.excepthandler))  # type: ignore[misc]
    return False


RULE = Rule("KER313", "lambda-problem", Severity.ERROR, "none", check, __doc__ or "")
