"""The edit of an action that was chosen."""

from __future__ import annotations

from typing import Any, cast

from lsprotocol import types as t

from keras_lsp.server.client import plain_object
from keras_lsp.server.dispatch import Endpoint, RequestError
from keras_lsp.server.session import Session


def handle(session: Session, params: t.CodeAction) -> t.CodeAction:
    """The action with its edit; an error where the text has changed since, for the edit would hit the wrong place."""
    data = plain_object(params.data)
    view = session.view(str(data.get("uri", "")))
    span = cast("list[Any]", data.get("span", []))
    if view is None or len(span) != 2 or not all(isinstance(item, int) for item in span):
        return params
    if view.unit.serial != data.get("serial"):
        raise RequestError(t.LSPErrorCodes.ContentModified, "the document changed")
    for action in view.analysis.code_actions(*span):
        if action.title == data.get("title") and view.convert.action_kind(action.kind) == data.get("kind"):
            params.edit = view.convert.workspace_edit(action.edits)
            break
    return params


ENDPOINT = Endpoint(t.CODE_ACTION_RESOLVE, handle)
