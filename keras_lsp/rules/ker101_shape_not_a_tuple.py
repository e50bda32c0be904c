"""KER101: a shape is given as a number or a string, not as a tuple.

## What it does
Reports `input_shape=784`, `Input((784))`, `Input(shape=28 * 28)`, `input_shape="784"` and `input_dim=(10, 20)`.

## Why it matters
Brackets do not make a tuple, the comma does: `(784)` is the number 784. Keras 3 refuses it with
`Cannot convert '784' to a shape.`, Keras 2 with `'int' object is not iterable` on layers. Keras 2 accepts `Input(784)`;
there nothing is reported.

## Example
```python
model = keras.Sequential([keras.Input(784), keras.layers.Dense(10)])
```

## Use instead
```python
model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])
```

## Fix
A number becomes a tuple of one, `(784,)`; `input_dim` given a tuple becomes `input_shape`.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import Argument, Call
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.rewriting import is_written, place, rename_keyword, written_call
from keras_lsp.rules.wording import literal, raises
from keras_lsp.text.edits import TextEdit


def check(context: Context) -> Iterator[Finding]:
    """Shape arguments that Keras cannot read as a shape."""
    for failure in context.failures.get("KER101", ()):
        name = failure.argument or "shape"
        argument = failure.call.arguments.get(name)
        value = failure.value
        says = raises(context, failure.error)
        fix: Fix | None = None
        if name == "input_dim":
            message = f"`input_dim` is one number; {value} is a shape. Write `input_shape={value}`. {says}"
            edits = rename_keyword(argument, "input_shape")
            fix = Fix("Rename to `input_shape`", edits) if edits else None
        elif isinstance(value, int):
            message = (
                f"`{name}` is the number {value}, not a tuple: the comma makes a tuple, brackets do not. "
                f"The shape of one sample with {value} numbers is `({value},)`. {says}"
            )
            if name in ("shape", "input_shape") and argument is not None and is_written(argument):
                edits = (_make_tuple(context, failure.call, argument),)
                fix = Fix(f"Make it a tuple: `({value},)`", edits)
        else:
            message = f"`{name}` must be a tuple of whole numbers, the shape of one sample; it is {value!r}. {says}"
            if isinstance(value, str) and value.isdecimal() and is_written(argument) and argument is not None:
                edit = TextEdit(argument.span.start, argument.span.end, literal((int(value),)))
                fix = Fix(f"Make it a tuple: `({value},)`", (edit,), Applicability.UNSAFE)
        yield RULE.finding(place(failure.call, argument), message, fixes=(fix,) if fix else ())


def _make_tuple(context: Context, call: Call, argument: Argument) -> TextEdit:
    """`(784)` -> `(784,)`, `784` -> `(784,)`; the bracket of the call itself is no bracket of the value."""
    text, (start, end) = context.text, argument.span
    written = written_call(context, call)
    left, right = start - 1, end
    while left >= 0 and text[left] in " \t":
        left -= 1
    while right < len(text) and text[right] in " \t":
        right += 1
    bracketed = text[left : left + 1] == "(" and text[right : right + 1] == ")"
    if bracketed and (written is None or written.open != left):
        return TextEdit(end, end, ",")
    return TextEdit(start, end, f"({text[start:end]},)")


RULE = Rule("KER101", "shape-not-a-tuple", Severity.ERROR, "sometimes", check, __doc__ or "")
