"""KER312: a subclass of Layer or Model sets attributes before `super().__init__()` was called.

## What it does
Reports classes derived from a Keras `Layer` or `Model` whose `__init__` never calls the one of its base class.

## Why it matters
Keras tracks layers and weights that are set on `self`, and the base constructor prepares that. Without it Keras raises as soon
as a layer is assigned, or when the object is used.

## Example
```python
class Block(keras.layers.Layer):
    def __init__(self, units):
        self.dense = keras.layers.Dense(units)

    def call(self, x):
        return self.dense(x)

x = Block(4)(keras.Input((3,)))
```

## Use instead
```python
class Block(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.dense = keras.layers.Dense(units)

    def call(self, x):
        return self.dense(x)

x = Block(4)(keras.Input((3,)))
```

## Fix
`super().__init__()` is put at the start of `__init__`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_lsp.inference.facts import Span
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.names import dotted_name
from keras_lsp.text.edits import TextEdit

_BASES = frozenset(("keras.layers.Layer", "keras.Layer", "keras.Model", "keras.models.Model"))


def check(context: Context) -> Iterator[Finding]:
    """Constructors that forget their base class."""
    for node in context.nodes(ast.ClassDef):
        if len(node.bases) != 1:
            continue
        base = dotted_name(context, node.bases[0])
        if base is None or context.catalogue.resolve(base) not in _BASES:
            continue
        init = next((n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
        if init is None or not init.args.args or _calls_init(init):
            continue
        if not _assigns_self(init) and not _is_called(context, node.name):
            continue
        start = context.parsed.positions.start(init)
        if context.parsed.is_broken(start):
            continue
        where = context.text.index("__init__", start)
        message = (
            f"`__init__` of {node.name} never calls `super().__init__()`, so Keras cannot track its layers and weights. "
            "Call it first."
        )
        first = init.body[0]
        line = context.parsed.positions.start(first)
        indent = context.text[context.text.rfind("\n", 0, line) + 1 : line]
        fixes: tuple[Fix, ...] = ()
        if not indent.strip():
            fixes = (Fix("Call `super().__init__()`", (TextEdit(line, line, f"super().__init__()\n{indent}"),)),)
        yield RULE.finding(Span(where, where + len("__init__")), message, fixes=fixes)


def _is_called(context: Context, class_name: str) -> bool:
    """Whether an object of the class is called for sure, which fails even if its attributes are plain values."""
    return any(
        layer.custom
        and layer.class_name == class_name
        and not layer.call.guarded
        and not layer.call.symbolic
        and layer.applications
        for layer in context.facts.layers
    )


def _calls_init(init: ast.FunctionDef) -> bool:
    return any(isinstance(n, ast.Attribute) and n.attr == "__init__" for n in ast.walk(init))


def _assigns_self(init: ast.FunctionDef) -> bool:
    """Whether a call's result, such as a layer, is set on `self`: plain values are not tracked."""
    receiver = init.args.args[0].arg
    return any(
        isinstance(n, ast.Assign)
        and isinstance(n.value, ast.Call)
        and any(
            isinstance(t, ast.Attribute) and isinstance(t.value, ast.Name) and t.value.id == receiver for t in n.targets
        )
        for n in ast.walk(init)
    )


RULE = Rule("KER312", "subclass-without-super-init", Severity.ERROR, "sometimes", check, __doc__ or "")
