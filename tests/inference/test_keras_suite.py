"""Keras's own tests as an exam: what they assert of a shape, inference must say, or be silent.

The tests ship in the Keras wheel; they are read and never run.
"""

from __future__ import annotations

import ast
import collections
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from keras_lsp.catalogue.version import parse_version
from keras_lsp.cli.inputs import Input, read_input
from keras_lsp.cli.shapes import describe_file
from keras_lsp.cli.worlds import Worlds
from keras_lsp.inference.interpreter import infer
from keras_lsp.syntax.parse import parse

ROOMS = ("src/layers", "src/ops", "src/models")
# 1,477 assertions compare a shape with a literal; 1,348 were answered when this was written.
LEAST_ANSWERED = 1250


def asserted_shapes(tree: ast.Module) -> Iterator[tuple[ast.expr, tuple[int | None, ...]]]:
    """Every `assertEqual(EXPRESSION.shape, LITERAL)`, either way round, outside code that is meant to fail."""
    failing = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.With) and "assertRaises" in ast.dump(node.items[0].context_expr)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in failing or len(node.args) < 2:
            continue
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in ("assertEqual", "assertTupleEqual"):
            continue
        for asked, said in ((node.args[0], node.args[1]), (node.args[1], node.args[0])):
            if isinstance(asked, ast.Attribute) and asked.attr == "shape":
                try:
                    literal = ast.literal_eval(said)
                except ValueError:
                    continue
                if isinstance(literal, tuple | list) and all(dim is None or isinstance(dim, int) for dim in literal):
                    yield asked.value, tuple(literal)


def test_keras_asserts_what_inference_says() -> None:
    spec = find_spec("keras")
    assert spec is not None and spec.origin is not None
    root = Path(spec.origin).parent
    worlds = Worlds(parse_version("3.15"))
    count: collections.Counter[str] = collections.Counter()
    wrong: list[str] = []
    for room in ROOMS:
        for path in sorted((root / room).rglob("*_test.py")):
            source = read_input(str(path))
            assert isinstance(source, Input)
            asked = list(asserted_shapes(ast.parse(source.document.text)))
            if not asked:
                continue
            facts = infer(parse(source.document.text, source.sections), worlds.world(str(path)))
            assert not facts.internal_errors, (path, facts.internal_errors)
            said = {}
            for row in describe_file(source, facts)["shapes"]:
                start, end = row["range"]["start"], row["range"]["end"]
                said[start["line"], start["column"], end["line"], end["column"]] = row["output"]
            for expression, literal in asked:
                key = (expression.lineno, expression.col_offset, expression.end_lineno, expression.end_col_offset)
                output = said.get(key)
                count["asked"] += 1
                if output is None or any(isinstance(dim, list) for dim in output):
                    continue
                count["answered"] += 1
                if tuple(dim if isinstance(dim, int) else None for dim in output) != literal:
                    place = f"{path.relative_to(root)}:{expression.lineno}"
                    wrong.append(f"{place}: {ast.unparse(expression)}: said {output}, asserted {literal}")
    assert not wrong, "\n".join(wrong)
    if count["asked"] < LEAST_ANSWERED:
        pytest.fail(f"only {count['asked']} assertions were found: did Keras move its tests?")
    assert count["answered"] >= LEAST_ANSWERED, dict(count)
