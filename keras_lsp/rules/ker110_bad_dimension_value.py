"""KER110: a size is not a positive whole number.

## What it does
Reports sizes of layers and shapes that Keras refuses: floats such as `units=10 / 2`, zero, negative numbers, strings.

## Why it matters
`/` always makes a float in Python 3, and Keras 3 takes only whole numbers:
`Received an invalid value for units, expected a positive integer. Received: units=5.0`.

## Example
```python
layer = keras.layers.Dense(10 / 2)
```

## Use instead
```python
layer = keras.layers.Dense(10 // 2)
```

## Fix
`/` becomes `//` where the value is a division.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_lsp.inference.facts import Argument
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.rules.wording import raises
from keras_lsp.syntax.compiling import parse_expression
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Sizes that Keras refuses."""
    for failure in context.failures.get("KER110", ()):
        name = failure.argument
        argument = failure.call.arguments.get(name) if name else None
        value = failure.value
        fix = _whole_division(context, argument)
        what = f"`{name}` of {failure.class_name}" if name else f"An argument of {failure.class_name}"
        advice = "Use `//`, which divides to a whole number. " if fix else ""
        if "numpy" in failure.error.facts:
            advice = "It is an integer of NumPy, not of Python: write `int(...)`. "
            fix = _conversion(argument)
        shown = "" if value is None or type(value).__module__ != "builtins" else f"; it is {value!r}"
        message = f"{what} has a value that Keras does not take{shown}. {advice}{raises(context, failure.error)}"
        yield RULE.finding(place(failure.call, argument), message, fixes=(fix,) if fix else ())


def _conversion(argument: Argument | None) -> Fix | None:
    if argument is None or not is_written(argument):
        return None
    start, end = argument.span
    return Fix("Convert it with `int(...)`", (TextEdit(start, start, "int("), TextEdit(end, end, ")")))


def _whole_division(context: Context, argument: Argument | None) -> Fix | None:
    """`a / b` -> `a // b` for every division in the value as written."""
    if argument is None or not is_written(argument):
        return None
    source = context.source(argument.span)
    tree = parse_expression(source)
    if tree is None or not source.isascii() or "\n" in source or "#" in source:
        return None
    edits: list[TextEdit] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            start = node.left.end_col_offset or 0
            between = source[start : node.right.col_offset]
            if between.count("/") != 1:
                return None
            at = argument.span.start + start + between.index("/")
            edits.append(TextEdit(at, at + 1, "//"))
    return Fix("Divide to a whole number with `//`", tuple(edits)) if edits else None


RULE = Rule("KER110", "bad-dimension-value", Severity.ERROR, "sometimes", check, __doc__ or "")
