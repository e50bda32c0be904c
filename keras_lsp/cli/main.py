"""The entry of the command: options, commands, exit codes.

Exit codes: 0 clean, 1 findings, 2 wrong usage or unreadable input, 101 an error of keras-lsp itself (as ruff and ty have them).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from keras_lsp import __version__
from keras_lsp.catalogue.version import KerasVersion, parse_version

EXIT_USAGE = 2
EXIT_INTERNAL = 101


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["server"]:
        from keras_lsp.server import main as serve

        return serve(given[1:])
    parser = make_parser()
    try:
        options = parser.parse_args(given)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else EXIT_USAGE
    if options.command is None:
        parser.print_help()
        return EXIT_USAGE
    try:
        keras = _keras_version(getattr(options, "keras_version", None))
    except ValueError as error:
        sys.stderr.write(f"keras-lsp: {error}\n")
        return EXIT_USAGE
    try:
        return options.run(options, keras)
    except BrokenPipeError:  # `| head` went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _keras_version(text: str | None) -> KerasVersion | None:
    return parse_version(text) if text else None


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    from keras_lsp.cli import shapes

    parser = argparse.ArgumentParser(
        prog="keras-lsp", description="Shapes and shape bugs of Keras programs, without running them."
    )
    parser.add_argument("-V", "--version", action="version", version=f"keras-lsp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, module, text in (("shapes", shapes, "print the shapes of layers, ops and models"),):
        command = commands.add_parser(
            name, help=text, description=module.__doc__.split("\n")[0] if module.__doc__ else None
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser
