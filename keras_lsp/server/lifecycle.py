"""How the process ends: exit codes, the client's death, children, a client that stops reading.

A language server that outlives its editor is the most often reported fault of all; so every way out leads through
`Lifecycle.end`, which leaves within `GRACE` seconds whatever other threads are doing.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from keras_lsp.server.transport import MAX_BLOCKED, Writer

GRACE = 1.0
"""Seconds for stopping children before the process leaves; the promise is two seconds in all."""

FLUSH = 0.3
"""Seconds for what is queued to reach the client, `shutdown`'s own answer above all."""

WATCH_INTERVAL = 1.0
"""Seconds between looks where the system cannot wake us: one cheap call each."""

_log = logging.getLogger(__name__)


class Lifecycle:
    """The one way out of the process."""

    def __init__(self) -> None:
        self.shutdown_requested = False
        self._writer: Writer | None = None
        self._cleanups: list[Callable[[], None]] = []
        self._ending = threading.Lock()

    def attach(self, writer: Writer) -> None:
        """Flush this writer before leaving, and leave when its client stops reading."""
        self._writer = writer
        threading.Thread(target=self._watch_writer, args=(writer,), name="keras-lsp-watch", daemon=True).start()

    def on_end(self, cleanup: Callable[[], None]) -> None:
        """Call `cleanup` before leaving; it stops child processes and must be quick."""
        self._cleanups.append(cleanup)

    def install_signal_handlers(self) -> None:
        """Leave in order when told to terminate."""

        def leave(number: int, frame: FrameType | None) -> None:
            del frame
            self.end(128 + number)

        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, leave)

    def exit_requested(self) -> None:
        """The client sent `exit`: 0 after `shutdown`, else 1, as the protocol says."""
        self.end(0 if self.shutdown_requested else 1)

    def client_lost(self, why: str) -> None:
        """The client is gone: its stream ended, its process died, or it stopped reading."""
        if not self.shutdown_requested:
            _log.warning("the client is gone (%s)", why)
        self.end(0 if self.shutdown_requested else 1)

    def end(self, code: int) -> None:
        """Stop children, flush, leave. Does not return; a second call from another thread waits for the first to leave."""
        if not self._ending.acquire(blocking=False):
            time.sleep(GRACE + FLUSH + 1)
            os._exit(code)
        # Whatever hangs below, this thread takes the process down.
        timer = threading.Timer(GRACE + FLUSH, os._exit, (code,))
        timer.daemon = True
        timer.start()
        if self._writer is not None and self._writer.is_alive():
            self._writer.flush(FLUSH)
        for cleanup in self._cleanups:
            self._clean_up(cleanup)
        logging.shutdown()
        os._exit(code)

    def _clean_up(self, cleanup: Callable[[], None]) -> None:
        try:
            cleanup()
        except Exception:
            _log.exception("stopping a child failed")

    def watch_process(self, pid: int | None) -> None:
        """Leave when the process `pid` dies; one that is not alive now is of another machine or container and is ignored."""
        if pid is None:
            pid = os.getppid()
        if pid <= 1 or not process_alive(pid):
            return
        threading.Thread(target=self._watch_process, args=(pid,), name="keras-lsp-parent", daemon=True).start()

    def _watch_process(self, pid: int) -> None:
        wait_for_process(pid)
        self.client_lost(f"process {pid} ended")

    def _watch_writer(self, writer: Writer) -> None:
        while writer.is_alive():
            time.sleep(MAX_BLOCKED / 6)
            if writer.blocked() > MAX_BLOCKED:
                writer.close()
                self.client_lost(f"it read nothing for {MAX_BLOCKED:.0f} seconds")


def process_alive(pid: int) -> bool:
    """Whether a process of that id exists; never signals it (on Windows `os.kill` would end it)."""
    if sys.platform == "win32":
        return _windows_wait(pid, 0)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it exists and belongs to somebody else
    return True


def wait_for_process(pid: int) -> None:
    """Return when the process is gone, using no processor time where the system offers a way."""
    if sys.platform == "win32":
        while _windows_wait(pid, 0xFFFFFFFE):
            pass
        return
    if hasattr(os, "pidfd_open"):
        import select

        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        except OSError:  # not permitted here, or an old kernel: look from time to time instead
            pass
        else:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll()
            os.close(descriptor)
            return
    while process_alive(pid):
        time.sleep(WATCH_INTERVAL)


def _windows_wait(pid: int, milliseconds: int) -> bool:
    """Whether the process still runs after waiting for its end."""
    import ctypes

    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009  (exists on Windows only)
    synchronize, timed_out = 0x00100000, 0x00000102
    handle = kernel.OpenProcess(synchronize, False, pid)
    if not handle:
        return False
    try:
        return bool(kernel.WaitForSingleObject(handle, milliseconds) == timed_out)
    finally:
        kernel.CloseHandle(handle)
