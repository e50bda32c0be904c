"""A completion's documentation, when somebody selects it."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.features.types import CompletionItem
from keras_lsp.inference.facts import Span
from keras_lsp.server.client import plain_object
from keras_lsp.server.dispatch import Endpoint
from keras_lsp.server.session import Session


def handle(session: Session, params: t.CompletionItem) -> t.CompletionItem:
    """The item with its documentation; as it came where it is none of ours, or its document was closed."""
    data = plain_object(params.data)
    view = session.view(str(data.get("uri", "")))
    if view is None or not data.get("data"):
        return params
    label = str(data.get("label", ""))
    item = CompletionItem(label, data.get("kind", "keyword"), label, Span(0, 0), data=str(data["data"]))
    resolved = view.analysis.resolve_completion(item)
    if resolved.documentation:
        params.documentation = view.convert.markup(resolved.documentation, session.client.completion_format)
    if resolved.detail and not params.detail:
        params.detail = resolved.detail
    return params


ENDPOINT = Endpoint(t.COMPLETION_ITEM_RESOLVE, handle)
