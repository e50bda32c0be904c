"""Functions of the program that Keras calls: whether they take what they will be given."""

from __future__ import annotations

import ast

from keras_lsp.inference.facts import Span
from keras_lsp.inference.values import BoundMethod, FunctionValue
from keras_lsp.rules.base import Context


def refusal(function: object, given: int) -> str | None:
    """What Python raises when this function is called with so many positional arguments, `self` not counted; `None` if nothing.

    Functions behind decorators may take anything, and so does what is not known.
    """
    bound = isinstance(function, BoundMethod)
    value = function.function if isinstance(function, BoundMethod) else function
    if not isinstance(value, FunctionValue) or getattr(value.node, "decorator_list", []):
        return None
    spec = value.node.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    total = given + 1 if bound else given
    required = names[: len(names) - len(spec.defaults)]
    if total > len(names) and spec.vararg is None:
        takes = f"{len(names)} positional argument{'' if len(names) == 1 else 's'} but {total} {'was' if total == 1 else 'were'} given"
        return f"TypeError: {value.name}() takes {takes}"
    missing = required[total:]
    missing += [
        p.arg for p, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if default is None and not missing
    ]
    if missing:
        kind = "positional" if missing[0] in names else "keyword-only"
        return f"TypeError: {value.name}() missing {len(missing)} required {kind} argument{'s' if len(missing) > 1 else ''}: '{missing[0]}'"
    return None


def definition(context: Context, function: FunctionValue) -> Span | None:
    """The first line of a function of this file: `def name(...)`; `None` for lambdas and functions of other modules."""
    node = function.node
    if not function.module.is_main or isinstance(node, ast.Lambda):
        return None
    start, _ = context.parsed.positions.span(node)
    end = context.text.find("\n", start)
    line = context.text[start : end if end >= 0 else len(context.text)].rstrip()
    return Span(start, start + len(line.removesuffix(":")))
