"""`keras-lsp graph`: a model drawn as SVG, as a page that needs nothing else, or as Mermaid text."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from keras_lsp.cli import models
from keras_lsp.cli.options import UsageError
from keras_lsp.features.blocks import LARGE
from keras_lsp.features.graph import model_graph

SUFFIXES = {".svg": "svg", ".html": "html", ".htm": "html", ".mmd": "mermaid", ".mermaid": "mermaid"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    models.add_arguments(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="where to draw: .svg, .html or .mmd (default: Mermaid text is printed)"
    )

    parser.add_argument(
        "--direction", choices=("down", "right"), default="down", help="the direction of reading (default: down)"
    )
    parser.add_argument(
        "--blocks",
        choices=("auto", "always", "never"),
        default="auto",
        help=f"draw blocks of layers as one box each (default: in models of more than {LARGE} layers)",
    )


def run(options: argparse.Namespace) -> int:
    """Draw one model; 2 if several could be meant."""
    source, _, found = models.read_models(options)
    if len(found) > 1:
        names = ", ".join(
            f"{model.variable or model.name} (line {source.place(model.span.start).line})" for model in found
        )
        raise UsageError(f"{options.file} has {len(found)} models; name one of {names}")
    blocks = {"auto": None, "always": True, "never": False}[options.blocks]
    drawn = model_graph(found[0], options.direction, blocks)
    if options.output is None:
        sys.stdout.write(drawn["mermaid"])
        return 0
    target = Path(options.output)
    kind = SUFFIXES.get(target.suffix.lower())
    if kind is None:
        raise UsageError(f"{target}: write a file that ends in {', '.join(SUFFIXES)}")
    try:
        target.write_text(drawn[kind], encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"{target}: cannot be written: {error.strerror or error}") from None
    return 0
