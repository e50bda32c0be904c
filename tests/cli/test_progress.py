"""The line that says how far a long run is, on a real terminal; and that nobody else gets it."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import threading

import pytest

from keras_lsp.cli import progress
from keras_lsp.cli.progress import Progress

from .programs import SAFE


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    return Terminal()


def test_a_short_run_shows_nothing(terminal):
    with Progress("Checking", 2, stream=terminal) as line:
        line.show(1, "a.py")
        line.show(2, "b.py")
    assert terminal.getvalue() == ""


def test_a_long_run_shows_how_far_it_is_and_clears_it(terminal, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    with Progress("Checking", 1234, background=False, stream=terminal) as line:
        line.show(5, "models/\x1b[31mcnn.py")
        line.show(6, "x" * 200 + "/end.py")
    first, second, cleared = terminal.getvalue().split("\r\033[K")[1:]
    assert first == r"Checking 5 of 1,234  models/\x1b[31mcnn.py"
    assert second.startswith("Checking 6 of 1,234  …xx") and second.endswith("/end.py") and len(second) == 79
    assert cleared == ""


def test_the_line_changes_no_faster_than_eyes_do(terminal, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "INTERVAL", 60.0)
    with Progress("Checking", 100, background=False, stream=terminal) as line:
        for number in range(100):
            line.show(number + 1, "a.py")
    assert terminal.getvalue().count("Checking") == 1


def test_a_slow_first_file_is_shown_while_it_lasts(terminal, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    drawn = threading.Event()
    draw = Progress._draw
    monkeypatch.setattr(Progress, "_draw", lambda line: (draw(line), drawn.set()))
    with Progress("Checking", 1, stream=terminal) as line:
        line.show(1, "a.py")
        assert drawn.wait(60)
    assert terminal.getvalue() == "\r\033[KChecking 1 of 1\r\033[K"


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb")])
def test_nobody_waits_in_ci_and_on_dumb_terminals(terminal, monkeypatch, name, value):
    assert progress.someone_waits(terminal)
    assert not progress.someone_waits(terminal, quiet=True)
    monkeypatch.setenv(name, value)
    assert not progress.someone_waits(terminal)
    assert not progress.someone_waits(io.StringIO())


SCRIPT = """
import sys
from keras_lsp.cli import main, progress
progress.PATIENCE = 0.0
sys.exit(main(sys.argv[1:]))
"""


def on_a_terminal(folder, *arguments, **variables):
    """Standard output, and what a terminal on standard error got."""
    reader, writer = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "VIRTUAL_ENV": "", "CONDA_PREFIX": "", **variables}
    if "CI" not in variables:
        environment.pop("CI", None)
    done = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "check", *arguments],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=writer, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writer)
    assert done.stdout is not None
    out = done.stdout.read().decode()
    shown = b""
    while True:
        try:
            part = os.read(reader, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(reader)
    assert done.wait() == 1
    return out, shown.decode()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_check_on_a_terminal(tmp_path, jobs):
    for number in range(3):
        (tmp_path / f"m{number}.py").write_text(SAFE)
    out, shown = on_a_terminal(tmp_path, "-j", jobs)
    assert "of 3  m" in shown and shown.endswith("\r\033[K")
    assert "Found 3 errors" in out and "\r" not in out and "Check" not in out
    assert on_a_terminal(tmp_path, "-j", jobs, "--quiet")[1] == ""
    assert on_a_terminal(tmp_path, "-j", jobs, CI="1")[1] == ""
