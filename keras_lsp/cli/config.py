"""`keras-lsp config`: every setting with its meaning, or the settings that hold for a path and where they come from."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from keras_lsp.cli.checker import STDIN, Checker, Job
from keras_lsp.cli.options import UsageError, add_configuration, overrides
from keras_lsp.cli.terminal import complain, wrap
from keras_lsp.project.settings import Option, Settings, options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("key", nargs="?", metavar="KEY", help="explain this setting, or a group of them")
    parser.add_argument("--show", metavar="PATH", help="the settings that hold for a file or folder")
    parser.add_argument(
        "--output-format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )
    add_configuration(parser)


def run(given: argparse.Namespace) -> int:
    """Print settings."""
    chosen = list(options())
    if given.key:
        chosen = [option for option in chosen if option.toml == given.key or option.toml.startswith(f"{given.key}.")]
        if not chosen:
            raise UsageError(f"there is no setting {given.key!r}; `keras-lsp config` lists them")
    holds: Settings | None = None
    if given.show is not None:
        table, config = overrides(given)
        checker = Checker(Job(overrides=table, config=config, isolated=given.isolated))
        path = given.show
        loaded = checker.settings(str(Path(path) / "_") if path != STDIN and Path(path).is_dir() else path)
        for message in loaded.messages:
            complain(str(message))
        complain(f"configuration: {loaded.source or 'none; these are the defaults'}")
        holds = loaded.settings
    if given.output_format == "json":
        values = {
            option.toml: _value(holds or Settings(), option) if holds else _described(option) for option in chosen
        }
        sys.stdout.write(json.dumps(values, indent=2) + "\n")
        return 0
    for option in chosen:
        value = json.dumps(_value(holds or Settings(), option))
        if holds is not None:
            sys.stdout.write(f"{option.toml} = {value}\n")
            continue
        sys.stdout.write(f"{option.toml}\n{wrap(option.doc, '    ')}\n    default: {value}\n")
    return 0


def _value(settings: Settings, option: Option) -> Any:
    value: Any = settings
    for name in option.path:
        value = getattr(value, name)
    return value


def _described(option: Option) -> dict[str, Any]:
    return {
        **option.schema,
        "description": option.doc,
        "default": option.default,
        "editor": option.editor,
        "flag": option.flag,
    }
