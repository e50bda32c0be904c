"""`keras-lsp doctor`: what a report of a problem should hold, and which Keras is assumed and why. Starts Keras only if asked to."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import sys
from pathlib import Path
from typing import Any

from keras_lsp import __version__
from keras_lsp.cli.checker import Checker, Job
from keras_lsp.cli.options import add_configuration, overrides
from keras_lsp.cli.terminal import escape
from keras_lsp.oracle.cache import default_path

DEPENDENCIES = ("pygls", "lsprotocol", "jedi", "packaging", "pathspec", "platformdirs")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="file or folder of the project")
    parser.add_argument("--python", dest="set_python", metavar="PATH", help="environment or interpreter of the project")
    parser.add_argument("--start-keras", action="store_true", help="start Keras once, and say how that went")
    parser.add_argument(
        "--output-format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )
    add_configuration(parser)


def run(options: argparse.Namespace) -> int:
    """Print what was found; 1 if Keras was to be started and did not."""
    table, config = overrides(options)
    checker = Checker(Job(overrides=table, config=config, isolated=options.isolated))
    path = options.path
    loaded = checker.settings(str(Path(path) / "_") if Path(path).is_dir() else path)
    worlds = checker.worlds(loaded)
    environment = worlds.environment
    verdict = worlds.interpreter
    cache = default_path()
    found: dict[str, Any] = {
        "keras-lsp": __version__,
        "python": f"{platform.python_version()} at {sys.executable}",
        # platform.platform() would start `uname` to ask for the processor.
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        **{name: _version(name) for name in DEPENDENCIES},
        "configuration": str(loaded.source or "none"),
        "configuration problems": [str(message) for message in loaded.messages],
        "environment": f"{environment.root} ({environment.origin})" if environment.root else "none found",
        "environment python": environment.python_version or "not known",
        "tensorflow": environment.versions.tensorflow or "not found",
        "keras": environment.versions.keras or "not found",
        "tf_keras": environment.versions.tf_keras or "not found",
        "assumed": worlds.keras.label,
        "because": "the settings say so" if loaded.settings.keras_version else environment.source,
        "interpreter to start": f"{verdict.python or 'none'}: {verdict.reason}",
        "cache": f"{cache} ({_size(cache)})",
    }
    code = 0
    if options.start_keras:
        from keras_lsp.oracle.questions import LayerQuestion

        oracle = worlds.oracle(cache=False)
        answer = oracle.ask(LayerQuestion(name="keras.layers.Dense", arguments={"units": 1}), deadline=120)
        found["started"] = oracle.identity or oracle.state
        if answer.unknown is not None:
            found["started"] = f"no: {answer.unknown}"
            code = 1
        oracle.close()
    if options.output_format == "json":
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return code
    width = max(len(key) for key in found)
    for key, value in found.items():
        if isinstance(value, list):
            value = "; ".join(str(item) for item in value) or "none"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        sys.stdout.write(f"{key:{width}}  {escape(str(value))}\n")
    return code


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _size(path: Path) -> str:
    try:
        return f"{path.stat().st_size / 1e6:.1f} MB"
    except OSError:
        return "empty"
