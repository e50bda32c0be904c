"""Many files in several processes."""

from __future__ import annotations

import importlib
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from keras_lsp.cli import garbage
from keras_lsp.cli.checker import Checker, Job
from keras_lsp.cli.report import FileReport

CHUNK = 8
"""Files sent at once: few enough that no process idles at the end, enough that sending them costs nothing."""

_checker: Checker | None = None


def _start(job: Job) -> None:
    global _checker
    _checker = Checker(job)
    garbage.postpone()


def _check(path: str) -> FileReport:
    assert _checker is not None
    report = _checker.check(path)
    garbage.collect()
    return report


def check_in_processes(job: Job, files: Sequence[str], jobs: int) -> Iterator[FileReport]:
    """Reports in the order of `files`."""
    # A forked process has everything imported already; the command has no threads that a fork could break.
    for name in ("keras_lsp.analysis", "keras_lsp.rules.run"):
        importlib.import_module(name)
    method = "fork" if sys.platform == "linux" else "spawn"
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(min(jobs, len(files)), context, _start, (job,)) as pool:
        yield from pool.map(_check, files, chunksize=CHUNK)
