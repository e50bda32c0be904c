"""The entry of the command: commands, exit codes, and what to do with an error of our own.

Exit codes: 0 clean, 1 findings, 2 wrong usage or unreadable input, 101 an error of keras-lsp itself (as ruff and ty have them).
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, cast

from keras_lsp import __version__

EXIT_USAGE = 2
EXIT_INTERNAL = 101
EXIT_INTERRUPTED = 130

COMMANDS = {
    "check": ("check", "report shape bugs and other mistakes, and fix them"),
    "shapes": ("shapes", "print the shapes of layers, ops and models"),
    "summary": ("summary", "print what model.summary() would, without running the program"),
    "graph": ("graph", "draw a model as SVG, HTML or Mermaid"),
    "explain": ("explain", "explain a rule, or an error text of Keras"),
    "config": ("config", "list the settings, or show those that hold for a path"),
    "doctor": ("doctor", "show versions, environment and which Keras is assumed, and why"),
    "server": ("server", "run the language server"),
    "generate-shell-completion": ("completion", "print a completion script for bash, zsh or fish"),
}
"""Commands, their modules, and what they do; a module is imported when its command is called."""

ALIASES = {"rule": "explain"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["server"]:
        from keras_lsp.server import main as serve

        return serve(given[1:])
    from keras_lsp.cli.terminal import complain, prepare_streams

    prepare_streams()
    command = ALIASES.get(given[0], given[0]) if given else ""
    parser = make_parser(command)
    # A reason follows behind "=" only: in `--add-ignore model.py` that is a path, which argparse would take for the reason.
    words = ["--add-ignore=" if word == "--add-ignore" else word for word in given]
    try:
        options = parser.parse_args([command, *words[1:]] if command in COMMANDS else words)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else EXIT_USAGE
    if options.command is None:
        parser.print_help()
        return EXIT_USAGE
    return _run(options, complain)


def _run(options: argparse.Namespace, complain: Any) -> int:
    from keras_lsp.cli.options import UsageError

    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except UsageError as error:
        complain(str(error))
        return EXIT_USAGE
    except BrokenPipeError:  # `| head` went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        if os.environ.get("KERAS_LSP_STRICT"):
            raise
        from keras_lsp.cli.checker import internal_error

        complain(f"internal error {internal_error(error)}")
        complain(
            "this is a mistake of keras-lsp; please report it with its id, and the traceback of KERAS_LSP_STRICT=1"
        )
        return EXIT_INTERNAL


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints look like all others."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, what may have been meant, and how to get help."""
        message += self._meant(message)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\nTry `{self.prog} --help`.\n")

    def _meant(self, message: str) -> str:
        wrong = re.search(r"unrecognized arguments: (-\S+)|invalid choice: '([^']*)'", message)
        if wrong is None:
            return ""
        known: list[str] = []
        for action in self._actions:
            known += [
                *action.option_strings,
                *(str(choice) for choice in cast("Any", action).choices or ()),
            ]
            if isinstance(action, argparse._SubParsersAction):  # pyright: ignore[reportPrivateUsage]
                inner = cast("dict[str, argparse.ArgumentParser]", cast("Any", action).choices)
                known += [
                    name for parser in inner.values() for option in parser._actions for name in option.option_strings
                ]
        import difflib  # only for who misspelt a command

        close = difflib.get_close_matches((wrong[1] or wrong[2]).partition("=")[0], known, n=1)
        return f"; did you mean {close[0]}?" if close else ""


def make_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser of all commands; with `only` no arguments but that command's are declared, and no module but its imported."""
    parser = _Parser(
        prog="keras-lsp", description="Tensor shapes and shape bugs of Keras programs, without running them."
    )
    parser.add_argument("-V", "--version", action="version", version=f"keras-lsp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, (module_name, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == "server" or (only is not None and name != only):
            continue
        module: Any = importlib.import_module(f"keras_lsp.cli.{module_name}")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser
