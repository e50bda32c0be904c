"""Functions of the program that Keras calls: whether they take what they will be given."""

from __future__ import annotations

import ast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.facts import Span
from keras_lsp.inference.functions import wrong_arguments
from keras_lsp.inference.values import BoundMethod, FunctionValue
from keras_lsp.rules.base import Context


def refusal(function: object, given: int) -> str | None:
    """What Python raises when this function is called with so many positional arguments, `self` not counted; `None` if nothing.

    Functions behind decorators may take anything, and so does what is not known.
    """
    if not isinstance(function, FunctionValue | BoundMethod):
        return None
    wrong = wrong_arguments(function, Arguments([None] * given))
    return wrong.text if wrong is not None else None


def definition(context: Context, function: FunctionValue) -> Span | None:
    """The first line of a function of this file: `def name(...)`; `None` for lambdas and functions of other modules."""
    node = function.node
    if not function.module.is_main or isinstance(node, ast.Lambda):
        return None
    start, _ = context.parsed.positions.span(node)
    end = context.text.find("\n", start)
    line = context.text[start : end if end >= 0 else len(context.text)].rstrip()
    return Span(start, start + len(line.removesuffix(":")))
