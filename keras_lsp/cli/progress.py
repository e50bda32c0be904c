"""How far a long run is: one line on standard error for a person who waits, gone when the run ends.

Nobody waits where standard error is no terminal, in CI (the variable `CI`), and with `--quiet`. The line moves the cursor, so a
terminal that cannot (`TERM=dumb`) gets none; `NO_COLOR` is about colours, of which it has none.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from types import TracebackType
from typing import IO

from keras_lsp.cli.terminal import columns as columns_of
from keras_lsp.cli.terminal import escape

PATIENCE = 1.0
"""Seconds before a run is called long: a line that flashes up disturbs more than it says."""

INTERVAL = 0.1
"""Seconds between two changes of the line: more would only flicker."""

_CLEAR = "\r\033[K"


def someone_waits(stream: IO[str], quiet: bool = False) -> bool:
    """Whether progress is for anybody."""
    return not quiet and not os.environ.get("CI") and os.environ.get("TERM") != "dumb" and stream.isatty()


class Progress:
    """Says `Checking 120 of 1,034  models/cnn.py`, from `PATIENCE` on; a context, at whose end the line is cleared.

    `background` lets the line come while the first file is still being worked on; not with processes that are forked meanwhile.
    """

    def __init__(
        self, verb: str, total: int, quiet: bool = False, background: bool = True, stream: IO[str] | None = None
    ) -> None:
        self._stream = stream or sys.stderr
        self._enabled = total > 0 and someone_waits(self._stream, quiet)
        self._verb = verb
        self._total = total
        self._text = ""
        self._due = time.monotonic() + PATIENCE
        self._drawn = False
        self._lock = threading.Lock()
        self._timer = threading.Timer(PATIENCE, self._draw) if self._enabled and background else None

    def __enter__(self) -> Progress:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._enabled = False
            if self._drawn:
                self._stream.write(_CLEAR)
                self._stream.flush()

    def show(self, number: int, path: str) -> None:
        """A file, the `number`th from 1, is being worked on, or was just done."""
        if not self._enabled:
            return
        self._text = f"{self._verb} {number:,} of {self._total:,}"
        if self._total > 1:
            self._text += f"  {escape(path)}"
        if time.monotonic() >= self._due:
            self._draw()

    def _width(self) -> int:
        """Columns of the terminal but the last, where some go to the next line."""
        try:
            columns = os.get_terminal_size(self._stream.fileno()).columns
        except (OSError, ValueError):
            columns = 0
        return (columns or 80) - 1

    def _draw(self) -> None:
        with self._lock:
            if not self._enabled or not self._text:
                return
            self._due = time.monotonic() + INTERVAL
            self._drawn = True
            self._stream.write(_CLEAR + _shortened(self._text, self._width()))
            self._stream.flush()


def _shortened(text: str, width: int) -> str:
    """A text that fits into a line: the end of a path says more than its beginning."""
    if columns_of(text) <= width:
        return text
    head, _, path = text.partition("  ")
    room = width - columns_of(head) - 3
    while path and columns_of(path) > room:
        path = path[1:]
    return f"{head}  …{path}" if room > 0 else head[:width]
