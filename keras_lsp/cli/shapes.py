"""`keras-lsp shapes`: the shapes of a program's layers, ops and models, for people and as JSON.

The JSON is a stable interface: lines from 1, columns from 0 in code points as `ast` counts them, notebooks with a cell index.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_lsp.cli.inputs import Input, InputProblem, read_input
from keras_lsp.cli.options import keras_version
from keras_lsp.cli.terminal import escape
from keras_lsp.cli.worlds import Worlds
from keras_lsp.inference.facts import ExpressionFact, Facts, ModelFact, ModelLayer, Span
from keras_lsp.inference.interpreter import infer
from keras_lsp.shapes.dim import Dim, Expr, is_opaque
from keras_lsp.shapes.tensor import Structure, Tensor, flatten
from keras_lsp.syntax.parse import parse

FORMAT_VERSION = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("paths", nargs="+", metavar="FILE", help="Python files or notebooks")
    parser.add_argument(
        "--output-format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )
    parser.add_argument("--all", action="store_true", help="every expression whose value is a tensor or array")
    parser.add_argument("--keras-version", metavar="VERSION", help="the Keras the program is for: 3.15, 2.15, tf2.3")
    parser.add_argument("--python", metavar="PATH", help="environment or interpreter of the project")


def run(options: argparse.Namespace) -> int:
    """Print the shapes; 0, or 2 if a file could not be read."""
    worlds = Worlds(keras_version(options.keras_version), options.python)
    files: list[dict[str, Any]] = []
    status = 0
    for path in options.paths:
        source = read_input(path)
        if isinstance(source, InputProblem):
            sys.stderr.write(f"keras-lsp: {path}: {source.message}\n")
            files.append(
                {"path": path, "keras": str(worlds.keras), "shapes": [], "models": [], "error": source.message}
            )
            status = 2
            continue
        facts = infer(parse(source.document.text, source.sections), worlds.world(path))
        if options.output_format == "json":
            files.append(describe_file(source, facts, options.all))
        else:
            for line in describe_lines(source, facts, options.all):
                sys.stdout.write(line + "\n")
    if options.output_format == "json":
        json.dump({"version": FORMAT_VERSION, "files": files}, sys.stdout)
        sys.stdout.write("\n")
    return status


def describe_file(source: Input, facts: Facts, everything: bool = False) -> dict[str, Any]:
    """One file's shapes and models as JSON values."""
    shapes = [_expression(source, fact) for fact in selected(facts, everything)]
    models = [_model(source, model) for model in facts.models if not model.symbolic or model.outputs]
    result: dict[str, Any] = {"path": source.path, "keras": facts.keras, "shapes": shapes, "models": models}
    if facts.truncated:
        result["truncated"] = facts.truncated
    return result


def selected(facts: Facts, everything: bool) -> Iterator[ExpressionFact]:
    """Facts in the order of the text: calls, and expressions whose `.shape` is read; with `everything` all of them."""
    for span in sorted(facts.expressions):
        fact = facts.expressions[span]
        if everything or fact.callee is not None or span in facts.shape_reads:
            yield fact


def _expression(source: Input, fact: ExpressionFact) -> dict[str, Any]:
    output, reason = fact.output, fact.reason
    if fact.symbolic and any(is_opaque(dim) for tensor in flatten(output) for dim in tensor.shape or ()):
        # In a function that nobody calls, such a size would look like a dynamic one.
        output, reason = None, "a size depends on how the function is called"
    if output is not None and any(tensor.shape is None for tensor in flatten(output)):
        output, reason = None, reason or "the rank of the result is not known"
    return {
        "range": _range(source, fact.span),
        "kind": fact.kind,
        "callee": fact.callee,
        "inputs": _inputs(fact.inputs),
        "output": _structure(output),
        "dtype": output.dtype if isinstance(output, Tensor) else None,
        "params": _count(fact.params),
        "contexts": fact.contexts,
        "source": fact.source if output is not None else "unknown",
        "reason": reason if output is None else None,
    }


def _range(source: Input, span: Span) -> dict[str, Any]:
    start, end = source.place(span.start), source.place(span.end)
    result: dict[str, Any] = {
        "start": {"line": start.line, "column": start.column - 1},
        "end": {"line": end.line, "column": end.column - 1},
    }
    if source.is_notebook:
        result["cell"] = start.cell
    return result


def _dim(dim: Dim) -> int | str | None:
    if isinstance(dim, Expr):
        return None if dim.opaque else str(dim)
    return dim


def _count(dim: Dim) -> int | None:
    """A number of parameters; one that depends on a size that is not known is no number."""
    return dim if isinstance(dim, int) else None


def _structure(structure: Structure) -> Any:
    """A shape, a list of shapes for several outputs, `None` where nothing is known."""
    if isinstance(structure, Tensor):
        return None if structure.shape is None else [_dim(dim) for dim in structure.shape]
    if isinstance(structure, dict):
        return [_structure(structure[key]) for key in structure]
    if isinstance(structure, list | tuple):
        items = [_structure(item) for item in structure]
        return None if any(item is None for item in items) else items
    return None


def _inputs(structure: Structure) -> Any:
    if structure is None:
        return None
    described = _structure(structure)
    return [described] if isinstance(structure, Tensor) else described


def _model(source: Input, model: ModelFact) -> dict[str, Any]:
    return {
        "name": model.variable or model.name,
        "class": model.class_name,
        "range": _range(source, model.span),
        "inputs": None if model.inputs is None else [_structure(item) for item in model.inputs],
        "outputs": None if model.outputs is None else [_structure(item) for item in model.outputs],
        "params": _count(model.params),
        "trainable": _count(model.trainable),
        "layers": None if model.layers is None else [_layer(source, layer) for layer in model.layers],
    }


def _layer(source: Input, layer: ModelLayer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "class": layer.class_name,
        "output": _structure(layer.output),
        "params": _count(layer.params),
        "range": None if layer.span is None else _range(source, layer.span),
    }


def describe_lines(source: Input, facts: Facts, everything: bool = False) -> Iterator[str]:
    """One line for each shape: where, what, from which shape to which, how many parameters.

    A layer constructed and called in one expression has two facts that say the same.
    """
    last = ""
    for fact in selected(facts, everything):
        place = source.place(fact.span.start)
        cell = f"cell {place.cell}:" if place.cell is not None else ""
        where = f"{Path(source.path).name if len(source.path) > 40 else source.path}:{cell}{place.line}:{place.column}"
        what = (fact.callee or source.document.text[fact.span.start : fact.span.end]).replace("\n", " ")
        what = what.removeprefix("keras.layers.").removeprefix("keras.")
        shape = show(fact.output) if fact.output is not None else _why_unknown(fact)
        if fact.inputs is not None:
            shape = f"{show(fact.inputs)} -> {shape}"
        params = f"  {fact.params:,} parameters" if isinstance(fact.params, int) and fact.params else ""
        contexts = f"  in {fact.contexts} calls" if fact.contexts > 1 else ""
        line = escape(f"{where}: {what} {shape}{params}{contexts}")
        if line != last:
            yield line
        last = line


def _why_unknown(fact: ExpressionFact) -> str:
    """What Keras raises there, where it is sure to; else why the shape is not known."""
    applications = fact.layer.applications if fact.layer is not None else []
    errors = [application.error for application in applications if application.error is not None]
    return f"raises {errors[0].text}" if errors else f"unknown: {fact.reason}"


def show(structure: Structure) -> str:
    """Shapes as a person reads them."""
    if isinstance(structure, list | tuple):
        return "[" + ", ".join(show(item) for item in structure) + "]"
    if isinstance(structure, dict):
        return "{" + ", ".join(f"{key}: {show(item)}" for key, item in structure.items()) + "}"
    return str(structure)
