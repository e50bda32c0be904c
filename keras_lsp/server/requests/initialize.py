"""The client says what it can do; we say what we offer it."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.server.application import Application
from keras_lsp.server.dispatch import Endpoint


def handle(application: Application, params: t.InitializeParams) -> t.InitializeResult:
    """Take the client's capabilities, folders and options.

    JupyterLab sends it again for every tab of one server: then the documents that are open stay open.
    """
    return application.initialize(params)


ENDPOINT = Endpoint(t.INITIALIZE, handle, lane="session", fails=True)
