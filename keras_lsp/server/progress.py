"""Work that takes its time, shown as such, and only then."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lsprotocol import types as t

if TYPE_CHECKING:
    from keras_lsp.server.application import Application

PATIENCE = 1.0
"""Seconds before work is worth showing: a bar that flashes up disturbs more than it says."""


class Progress:
    """Starts bars in the client."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def begin(self, title: str) -> Bar:
        """Work began; `Bar.end` must be called when it is done. Any thread."""
        bar = Bar(self._application, title)
        if self._application.session.client.progress:
            bar.start()
        return bar

    @contextmanager
    def during(self, title: str) -> Generator[None, None, None]:
        """Work that lasts as long as the context. Any thread."""
        bar = self.begin(title)
        try:
            yield
        finally:
            bar.end()


class Bar:
    """One piece of work."""

    def __init__(self, application: Application, title: str) -> None:
        self._application = application
        self._title = title
        self._token = f"keras-lsp-{uuid.uuid4()}"
        self._lock = threading.Lock()
        self._done = False
        self._shown = False

    def start(self) -> None:
        """Show it, if it is not done by then, after `PATIENCE`."""
        timer = threading.Timer(PATIENCE, self._create)
        timer.daemon = True
        timer.start()

    def _create(self) -> None:
        with self._lock:
            if self._done:
                return
        future = self._application.server.window_work_done_progress_create(t.WorkDoneProgressCreateParams(self._token))
        future.add_done_callback(self._created)

    def _created(self, future: Future[Any]) -> None:
        with self._lock:
            if self._done or future.exception() is not None:
                return  # a token that was never begun needs no end
            self._shown = True
            self._send(t.WorkDoneProgressBegin(self._title, cancellable=False))

    def end(self, message: str | None = None) -> None:
        """The work is done."""
        with self._lock:
            self._done = True
            if self._shown:
                self._shown = False
                self._send(t.WorkDoneProgressEnd(message=message))

    def _send(self, value: t.WorkDoneProgressBegin | t.WorkDoneProgressEnd) -> None:
        protocol = self._application.server.protocol
        protocol.notify(t.PROGRESS, t.ProgressParams(self._token, protocol.plain(value)))
