"""Finding the model that a command is about."""

from __future__ import annotations

import argparse
from typing import cast

from keras_lsp.cli.inputs import Input, InputProblem, read_input
from keras_lsp.cli.options import UsageError, keras_version
from keras_lsp.cli.worlds import Worlds
from keras_lsp.inference.facts import Facts, ModelFact, Span
from keras_lsp.inference.interpreter import infer
from keras_lsp.inference.keras.models import as_model
from keras_lsp.inference.values import Value
from keras_lsp.syntax.parse import parse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the file, the model, and which Keras."""
    parser.add_argument("file", metavar="FILE", help="Python file or notebook")
    parser.add_argument(
        "model", metavar="MODEL", nargs="?", help="a variable, or the name of a model or its class (default: all)"
    )
    parser.add_argument("--keras-version", metavar="VERSION", help="the Keras the program is for: 3.15, 2.15, tf2.3")
    parser.add_argument("--python", metavar="PATH", help="environment or interpreter of the project")


def read_models(options: argparse.Namespace) -> tuple[Input, Worlds, list[ModelFact]]:
    """The models meant, in the order of the text; raises `UsageError` if there is none."""
    worlds = Worlds(keras_version(options.keras_version), options.python)
    source = read_input(options.file)
    if isinstance(source, InputProblem):
        raise UsageError(f"{options.file}: {source.message}")
    facts: Facts = infer(parse(source.document.text, source.sections), worlds.world(options.file))
    models = distinct(facts)
    if not models:
        raise UsageError(f"{options.file}: no Keras model was found")
    if options.model is None:
        return source, worlds, models
    chosen = [model for model in models if options.model in (model.variable, model.name, model.class_name)]
    if not chosen:  # another variable that holds it
        held = [
            as_model(cast("Value", variable.value)) for variable in facts.variables if variable.name == options.model
        ]
        spans = {model.model_fact.span for model in held if model is not None}
        chosen = [model for model in models if model.span in spans]
    if not chosen:
        names = ", ".join(dict.fromkeys(model.variable or model.name for model in models))
        raise UsageError(f"{options.file}: no model named {options.model!r}; there are {names}")
    return source, worlds, chosen


def distinct(facts: Facts) -> list[ModelFact]:
    """One model for each place at which one is made: the last that was evaluated with real values, else any."""
    found: dict[Span, ModelFact] = {}
    for model in facts.models:
        known = found.get(model.span)
        if known is None or not model.symbolic or known.symbolic:
            found[model.span] = model
    return [found[span] for span in sorted(found)]
