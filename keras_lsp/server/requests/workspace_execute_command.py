"""Commands; what each does is in `keras_lsp.server.commands`."""

from __future__ import annotations

from typing import Any

from lsprotocol import types as t

from keras_lsp.server.application import Application
from keras_lsp.server.client import plain_object
from keras_lsp.server.commands import COMMANDS
from keras_lsp.server.dispatch import Endpoint, RequestError


def handle(application: Application, params: t.ExecuteCommandParams) -> Any:
    """Run a command with its first argument, an object."""
    command = COMMANDS.get(params.command)
    if command is None:
        raise RequestError(t.ErrorCodes.InvalidParams, f"no such command: {params.command[:100]}")
    arguments = list(params.arguments or [])
    if arguments and not isinstance(arguments[0], dict):
        raise RequestError(t.ErrorCodes.InvalidParams, "the first argument of a command is an object")
    return command(application, plain_object(arguments[0] if arguments else None))


ENDPOINT = Endpoint(t.WORKSPACE_EXECUTE_COMMAND, handle, fails=True)
