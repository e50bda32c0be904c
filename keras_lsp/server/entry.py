"""`keras-lsp server`: options, streams, threads, until the client leaves."""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from keras_lsp import __version__
from keras_lsp.server.lifecycle import Lifecycle
from keras_lsp.server.transport import Reader, Writer, claim_standard_streams

LOG_LEVELS = ("debug", "info", "warning", "error")

SWITCH_INTERVAL = 0.001
"""Seconds that a thread runs before another may; with Python's 5 ms the reader waits noticeably behind an analysis."""

GC_THRESHOLD = (10_000, 10, 50)
"""Objects made between two searches for garbage: an analysis makes 100,000 that it keeps, and with Python's 700 spends a sixth of
its time on searching them. With more, the searches are as long together, and a single one keeps a key stroke waiting."""


def parser() -> argparse.ArgumentParser:
    """The options of `keras-lsp server`."""
    options = argparse.ArgumentParser("keras-lsp server", description="Run the language server.")
    options.add_argument("--stdio", action="store_true", help="speak over standard input and output (the default)")
    options.add_argument("--tcp", action="store_true", help="for debugging: wait for one client on a local port")
    options.add_argument("--host", default="127.0.0.1", choices=("127.0.0.1", "localhost"), help="address for --tcp")
    options.add_argument("--port", type=int, default=0, help="port for --tcp; 0 takes a free one and prints it")
    options.add_argument(
        "--untrusted-workspace",
        action="store_true",
        help="never start what lies in the workspace, whatever the client says",
    )
    options.add_argument(
        "--log-level",
        choices=LOG_LEVELS,
        default=os.environ.get("KERAS_LSP_LOG", "warning").lower(),
        help="what is written to standard error",
    )
    options.add_argument("--clientProcessId", dest="client", type=int, help=argparse.SUPPRESS)
    options.add_argument("--version", action="version", version=f"keras-lsp {__version__}")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Serve one client; the process ends when it leaves, with 0 after `shutdown` and `exit`, else 1."""
    options = parser().parse_args(argv)
    if options.tcp:
        source, sink = _accept(options.host, options.port)
    else:
        if sys.stdin is None or sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
            return 2
        source, sink = claim_standard_streams()
    _configure_log(options.log_level)
    sys.setswitchinterval(SWITCH_INTERVAL)
    lifecycle = Lifecycle()
    lifecycle.install_signal_handlers()
    writer = Writer(sink, lambda: lifecycle.client_lost("its stream is closed"))
    writer.start()
    lifecycle.attach(writer)
    # Reading begins before the slow imports, so that the client is never kept from writing and its death is seen at once.
    inbox = _Inbox()
    Reader(source, inbox.receive, inbox.malformed, lambda: lifecycle.client_lost("its stream ended")).start()
    lifecycle.watch_process(options.client) if options.client else None
    # Half a million objects of the protocol types are made once and never freed: looking for garbage among them is wasted time.
    gc.disable()
    from keras_lsp.server.deferred_types import import_types

    import_types()
    from keras_lsp.server.application import Application

    application = Application(lifecycle, writer, may_trust=not options.untrusted_workspace)
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLD)
    gc.enable()
    _forward_log(application)
    inbox.open(application.dispatcher.receive, application.dispatcher.malformed)
    application.dispatcher.run()
    return 1


class _Inbox:
    """Keeps messages until somebody can take them, then hands them over in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[bool, Any]] = []
        self._receive: Callable[[dict[str, Any]], None] | None = None
        self._malformed: Callable[[str], None] | None = None

    def receive(self, message: dict[str, Any]) -> None:
        with self._lock:
            if self._receive is None:
                self._waiting.append((True, message))
            else:
                self._receive(message)

    def malformed(self, why: str) -> None:
        with self._lock:
            if self._malformed is None:
                self._waiting.append((False, why))
            else:
                self._malformed(why)

    def open(self, receive: Callable[[dict[str, Any]], None], malformed: Callable[[str], None]) -> None:
        with self._lock:
            for is_message, item in self._waiting:
                (receive if is_message else malformed)(item)
            self._waiting.clear()
            self._receive, self._malformed = receive, malformed


def _accept(host: str, port: int) -> tuple[BinaryIO, Any]:
    """Wait for one client on a local port; any user of this machine can be it, so this is for debugging only."""
    with socket.create_server((host, port)) as listener:
        print(f"keras-lsp: listening on {host}:{listener.getsockname()[1]}", file=sys.stderr, flush=True)  # noqa: T201
        connection, _ = listener.accept()
    return connection.makefile("rb"), connection.makefile("wb", buffering=0)


def _configure_log(level: str) -> None:
    name = level if level in LOG_LEVELS else "warning"
    logging.basicConfig(stream=sys.stderr, level=name.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.captureWarnings(True)
    # Theirs hold whole messages, and so the user's code.
    for theirs in ("pygls", "asyncio", "parso", "jedi"):
        logging.getLogger(theirs).setLevel(logging.WARNING)


def _forward_log(application: Any) -> None:
    """Show warnings and errors in the client's log too."""
    from lsprotocol import types as t

    kinds = {logging.WARNING: t.MessageType.Warning, logging.ERROR: t.MessageType.Error}

    class ClientLog(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if application.dispatcher.state == "running":
                with contextlib.suppress(Exception):
                    kind = kinds.get(record.levelno, t.MessageType.Error)
                    application.server.window_log_message(t.LogMessageParams(kind, record.getMessage()))

    handler = ClientLog(logging.WARNING)
    logging.getLogger("keras_lsp").addHandler(handler)
