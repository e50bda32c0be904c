"""Python's own parser, and where it gives up."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache
from typing import NamedTuple

from keras_lsp.syntax.parsed import SyntaxProblem
from keras_lsp.text.lines import LineIndex


class Failure(NamedTuple):
    """Where Python gave up: lines from 1, columns from 1 in code points, as `SyntaxError` counts; 0 where it does not say."""

    message: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0


def compile_source(source: str) -> tuple[ast.Module | None, Failure | None]:
    """The tree of a source, or where Python gave up."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in other people's strings are not our business
            tree = compile(source, "<module>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        return None, Failure(
            error.msg or "invalid syntax",
            error.lineno or 0,
            error.offset or 0,
            error.end_lineno or 0,
            error.end_offset or 0,
        )
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        deep = isinstance(error, (RecursionError, MemoryError))
        return None, Failure("nested too deeply" if deep else str(error) or "invalid source")
    assert isinstance(tree, ast.Module)
    return tree, None


def parse_expression(source: str) -> ast.expr | None:
    """The tree of an expression, with positions in `source`; `None` for what is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


# Statements and blocks of the few files being typed in: all but one are as they were a key stroke ago.
@lru_cache(maxsize=8192)
def find_failure(source: str) -> Failure | None:
    """Where Python gives up on a source; `None` for one that it takes."""
    return compile_source(source)[1]


def locate(failure: Failure, text: str, base: int = 0) -> SyntaxProblem:
    """A failure as a problem of the text that begins at `base`."""
    lines = LineIndex(text)
    if failure.line <= 0:
        return SyntaxProblem(failure.message, base, base)
    start = lines.offset(failure.line - 1, failure.column - 1)
    end = lines.offset(failure.end_line - 1, failure.end_column - 1) if failure.end_line else start
    return SyntaxProblem(failure.message, base + start, base + max(start, end))
