"""`keras-lsp summary`: the table that `model.summary()` would print, without running the program."""

from __future__ import annotations

import argparse
import shutil
import sys

from keras_lsp.cli.models import add_arguments, read_models
from keras_lsp.cli.terminal import escape
from keras_lsp.features.summary import TERMINAL, model_summary

__all__ = ["add_arguments", "run"]


def run(options: argparse.Namespace) -> int:
    """Print the summaries of the models."""
    _, worlds, models = read_models(options)
    terminal = shutil.get_terminal_size((TERMINAL, 24)).columns  # as Keras asks, so that the tables are as wide
    texts = [model_summary(model, worlds.keras.generation, terminal) for model in models]
    lines = "\n\n".join(texts).split("\n")
    sys.stdout.write("\n".join(escape(line) for line in lines) + "\n")
    return 0
