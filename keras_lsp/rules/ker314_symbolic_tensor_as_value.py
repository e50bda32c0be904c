"""KER314: a symbolic tensor is used as if it had values.

## What it does
Reports what nobody can do with the tensors that `Input` and layers give before the model runs: decide by them (`if x:`), count,
iterate or unpack them, turn them into a number, assign to their elements, and ask for what only arrays have (`x.numpy()`,
`x.T`, in Keras 3 `x.get_shape()`).

## Why it matters
A symbolic tensor stands for the data that the model will get. Keras raises `A symbolic KerasTensor cannot be used as a boolean`,
`Iterating over a symbolic KerasTensor is not supported` or `'KerasTensor' object has no attribute 'numpy'`.

## Example
```python
x = keras.Input((5, 8))
size = x.get_shape()
```

## Use instead
```python
x = keras.Input((5, 8))
size = x.shape
```

## Fix
`x.get_shape()` and `x._keras_shape` become `x.shape`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_lsp.inference.facts import Span
from keras_lsp.inference.values import TensorValue
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.wording import raises
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.text.edits import TextEdit

# Attributes of arrays and eager tensors that no symbolic tensor has (dir() of Keras 2.3.1, TensorFlow 2.3.0, Keras 2.15.0, 3.0.5
# and 3.15.1); `T` and the like come to tensors of TensorFlow by `enable_numpy_behavior`, which symbolic ones of Keras ignore.
_ARRAYS = frozenset(
    (
        "T all any argmax argmin argpartition argsort astype byteswap choose clip compress conj conjugate copy cpu cumprod cumsum "
        "diagonal dot fill flat flatten gpu imag item itemsize mT max mean min nbytes nonzero numpy partition prod put ravel real "
        "repeat resize round searchsorted size sort std strides sum swapaxes take tobytes tofile tolist trace transpose var view"
    ).split()
)
# Attributes of the tensors of Keras 2 that those of Keras 3 have no more.
_TENSORS = frozenset(("get_shape", "set_shape", "eval", "op", "graph", "_keras_shape", "type_spec", "consumers", "ref"))
_ATTRIBUTES = _ARRAYS | _TENSORS
_ADVICE = {
    "numpy": "Only `model.predict` and calls on arrays give values",
    "get_shape": "Use `.shape`",
    "_keras_shape": "Use `.shape`",
    "set_shape": "Use `keras.layers.Reshape`",
    "astype": "Use `keras.ops.cast`",
    "T": "Use `keras.ops.transpose` or `keras.layers.Permute`",
    "flatten": "Use `keras.layers.Flatten`",
    "size": "Use `.shape`",
}
_ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_CONVERSIONS = frozenset(("int", "float", "bool"))
_ITERATING = frozenset(("list", "tuple", "enumerate", "zip"))
_FUNCTIONS = _CONVERSIONS | _ITERATING | {"len"}
# From here on `tf.keras` has its own class of symbolic tensors; what came before is TensorFlow's.
_OWN_TENSORS = (2, 5)


def check(context: Context) -> Iterator[Finding]:
    """Uses of symbolic tensors that need values."""
    guarded: list[Span] | None = None
    own = {node.name for node in context.nodes(ast.FunctionDef)}
    seen: set[Span] = set()
    for operand, whole, text, advice, fix in _uses(context, own):
        span = context.span(whole)
        if span in seen or context.parsed.is_broken(span.start):
            continue
        if guarded is None:
            guarded = list(_guarded(context))
        if any(outer.start <= span.start and span.end <= outer.end for outer in guarded):
            continue
        seen.add(span)
        source = context.source(context.span(operand))
        shown = f"`{source}`" if len(source) <= 40 and "\n" not in source else "This tensor"
        says = raises(context, ShapeError("other", text))
        reason = "is symbolic: it has a shape, and no values before the model runs"
        message = " ".join(part for part in (f"{shown} {reason}.", f"{advice}." if advice else "", says) if part)
        yield RULE.finding(span, message, fixes=fix)


_Use = tuple[ast.expr, ast.AST, str, str, tuple[Fix, ...]]


def _uses(context: Context, own: set[str]) -> Iterator[_Use]:
    for test in _tests(context):
        if _symbolic(context, test) is not None:
            yield test, test, _boolean(context), "Use `keras.ops.where`, or decide in the `call` of a layer", ()
    for node in context.nodes(ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and node.args and node.func.id not in own:
            yield from _calls(context, node, node.func.id)
    for node in (*context.nodes(ast.For), *context.nodes(ast.comprehension)):
        yield from _iterated(context, node.iter)
    for node in context.nodes(ast.Assign):
        if isinstance(node.targets[0], ast.Tuple | ast.List):
            yield from _iterated(context, node.value)
        for target in node.targets:
            if isinstance(target, ast.Subscript) and _symbolic(context, target.value) is not None:
                text = f"TypeError: '{_class(context)}' object does not support item assignment"
                yield target.value, target, text, "Make a new tensor of the parts, for example with `Concatenate`", ()
    for node in context.nodes(ast.Attribute):
        if node.attr in _ATTRIBUTES and isinstance(node.ctx, ast.Load):
            yield from _attribute(context, node)


def _tests(context: Context) -> Iterator[ast.expr]:
    """Expressions whose truth is asked for."""
    tests = (*context.nodes(ast.If), *context.nodes(ast.While), *context.nodes(ast.IfExp), *context.nodes(ast.Assert))
    for node in tests:
        yield from _conditions(node.test)
    for node in context.nodes(ast.comprehension):
        for condition in node.ifs:
            yield from _conditions(condition)
    for node in context.nodes(ast.UnaryOp):
        if isinstance(node.op, ast.Not):
            yield from _conditions(node.operand)
    for node in context.nodes(ast.BoolOp):
        for value in node.values[:-1]:
            yield from _conditions(value)


def _conditions(test: ast.expr) -> Iterator[ast.expr]:
    if isinstance(test, ast.BoolOp):
        yield from (part for value in test.values for part in _conditions(value))
    elif not isinstance(test, ast.Compare) or (len(test.ops) == 1 and isinstance(test.ops[0], _ORDERED)):
        yield test


def _calls(context: Context, node: ast.Call, name: str) -> Iterator[_Use]:
    operand = node.args[0]
    if name in _ITERATING:
        for argument in node.args:
            yield from _iterated(context, argument)
    elif name == "len" and _symbolic(context, operand) is not None:
        text = f"TypeError: object of type '{_class(context)}' has no len()"
        yield operand, node, text, "Use `.shape`", ()
    elif name in _CONVERSIONS and _symbolic(context, operand) is not None:
        text = f"TypeError: a symbolic tensor cannot be converted to {name}"
        if context.keras >= (3, 15):
            text = "ValueError: A KerasTensor is symbolic: it's a placeholder for a shape an a dtype."
        yield operand, node, _boolean(context) if name == "bool" else text, "", ()


def _iterated(context: Context, operand: ast.expr) -> Iterator[_Use]:
    tensor = _symbolic(context, operand)
    if tensor is None:
        return
    shape = tensor.spec.shape
    if (2, 4) <= context.keras < (3,) and (not shape or shape[0] is not None):
        return  # TensorFlow gives the samples of a batch of known size
    text = "NotImplementedError: Iterating over a symbolic KerasTensor is not supported."
    if not context.keras3:
        text = "TypeError: Cannot iterate over a Tensor with unknown first dimension."
    yield operand, operand, text, "Take its parts by index, for example `x[:, 0]`", ()


def _attribute(context: Context, node: ast.Attribute) -> Iterator[_Use]:
    name = node.attr
    missing = name in _ARRAYS or (name in _TENSORS and context.keras3)
    missing = missing or (name == "_keras_shape" and (2, 4) <= context.keras < (3,))
    if not missing or _symbolic(context, node.value) is None:
        return
    text = f"AttributeError: '{_class(context)}' object has no attribute '{name}'"
    positions = context.parsed.positions
    edits: tuple[TextEdit, ...] = ()
    end = positions.end(node)
    start = end - len(name)
    if name == "_keras_shape":
        edits = (TextEdit(start, end, "shape"),)
    elif name == "get_shape" and context.text[end : end + 2] == "()" and context.text[end + 2 : end + 3] != ".":
        edits = (TextEdit(start, end + 2, "shape"),)
    fix = (Fix("Use `.shape`", edits),) if edits else ()
    yield node.value, node, text, _ADVICE.get(name, "Use a function of `keras.ops`" if context.keras3 else ""), fix


def _symbolic(context: Context, node: ast.expr) -> TensorValue | None:
    """The tensor that an expression is, if it is sure to be one of the graph of a model."""
    fact = context.facts.expression(node)
    if fact is None or fact.symbolic or fact.contexts != 1:
        return None
    value = fact.value
    return value if isinstance(value, TensorValue) and value.kind == "keras" else None


def _class(context: Context) -> str:
    return "KerasTensor" if context.keras >= _OWN_TENSORS else "Tensor"


def _boolean(context: Context) -> str:
    if context.keras3:
        return "TypeError: A symbolic KerasTensor cannot be used as a boolean."
    if context.keras >= _OWN_TENSORS:
        return "TypeError: Keras symbolic inputs/outputs do not implement `__len__`."
    return "OperatorNotAllowedInGraphError: using a `tf.Tensor` as a Python `bool` is not allowed"


def _guarded(context: Context) -> Iterator[Span]:
    """Code that may fail: in `try`, under `raises`, or behind a question for the version or an attribute."""
    positions = context.parsed.positions
    for node in context.nodes(ast.Try):
        if node.handlers:
            yield Span(*positions.span(node))
    for node in context.nodes(ast.With):
        if any("aises" in ast.unparse(item.context_expr) for item in node.items):
            yield Span(*positions.span(node))
    for node in (*context.nodes(ast.If), *context.nodes(ast.IfExp)):
        if any(word in ast.unparse(node.test) for word in ("hasattr", "isinstance", "version", "executing_eagerly")):
            yield Span(*positions.span(node))


RULE = Rule("KER314", "symbolic-tensor-as-value", Severity.ERROR, "sometimes", check, __doc__ or "")
