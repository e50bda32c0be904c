"""A hint's tooltip, when somebody points at it."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.server.client import plain_object
from keras_lsp.server.dispatch import Endpoint
from keras_lsp.server.session import Session


def handle(session: Session, params: t.InlayHint) -> t.InlayHint:
    """The hint with its tooltip; as it came where the text has changed since."""
    data = plain_object(params.data)
    view = session.view(str(data.get("uri", "")))
    offset = data.get("offset")
    if view is None or view.unit.serial != data.get("serial") or not isinstance(offset, int):
        return params
    for hint in view.analysis.inlay_hints(offset, offset):
        if hint.offset == offset and hint.tooltip:
            params.tooltip = t.MarkupContent(t.MarkupKind.Markdown, hint.tooltip)
            break
    return params


ENDPOINT = Endpoint(t.INLAY_HINT_RESOLVE, handle)
