"""The client is about to leave."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.server.application import Application
from keras_lsp.server.dispatch import Endpoint


def handle(application: Application, params: None) -> None:
    """Answer nothing more; the process ends at `exit`."""
    del params
    application.dispatcher.shut_down()


ENDPOINT = Endpoint(t.SHUTDOWN, handle, lane="session", fails=True)
