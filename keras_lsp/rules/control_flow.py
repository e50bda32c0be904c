"""Which parts of a program are sure to be evaluated, as its text says."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

# Parts of an expression or statement that may be evaluated later, not at all, or by nobody.
PERHAPS = (ast.Lambda, ast.IfExp, ast.BoolOp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_COMPOUND = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith, ast.Match)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def unconditional(body: Sequence[ast.stmt | ast.expr]) -> Iterator[ast.AST]:
    """What is evaluated whenever the statements of a body are run, up to anything that may end them."""
    pending: list[ast.AST] = [*reversed(body)]
    while pending:
        node = pending.pop()
        if isinstance(node, _COMPOUND):
            if any(isinstance(inner, ast.Return | ast.Raise) for inner in ast.walk(node)):
                return
            continue
        if isinstance(node, PERHAPS + _DEFINITIONS):
            continue
        if isinstance(node, ast.Return | ast.Raise):
            pending.clear()
        yield node
        pending += reversed(list(ast.iter_child_nodes(node)))
