"""`check --watch`: check again whenever a file changes."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from keras_lsp.cli.checker import Checker
from keras_lsp.project.settings import CONFIG_NAMES

if TYPE_CHECKING:
    from keras_lsp.cli.check import Runner

INTERVAL = 0.5
"""Seconds between two looks: less than a person takes to change windows, and looking costs microseconds a file."""


def watch(runner: Runner) -> int:
    """Run until interrupted; the exit code is 0, since there is no last run."""
    try:
        while True:
            before = _state(runner)
            if sys.stdout.isatty():
                sys.stdout.write("\033[2J\033[3J\033[H")
            runner.checker.close()
            runner.checker = Checker(runner.job)
            runner.run()
            sys.stdout.write("Watching for changes; stop with Ctrl-C.\n")
            sys.stdout.flush()
            while _state(runner) == before:
                time.sleep(INTERVAL)
    except KeyboardInterrupt:
        return 0


def _state(runner: Runner) -> dict[str, tuple[int, int]]:
    """When each file and configuration was changed last, and its size."""
    state: dict[str, tuple[int, int]] = {}
    configs = [str((runner.base.root or Path.cwd()) / name) for name in CONFIG_NAMES]
    for path in (*runner.files()[0], *configs):
        try:
            found = Path(path).stat()
        except OSError:
            continue
        state[path] = (found.st_mtime_ns, found.st_size)
    return state
