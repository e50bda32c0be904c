"""What is under the cursor: a shape, a layer, a model, a hidden keyword."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.server.dispatch import Endpoint
from keras_lsp.server.session import View


def handle(view: View, params: t.HoverParams) -> t.Hover | None:
    """The hover, or nothing where we know nothing that others would not say."""
    hover = view.analysis.hover(view.offset(params.position))
    return None if hover is None else view.convert.hover(view.uri, hover)


ENDPOINT = Endpoint(t.TEXT_DOCUMENT_HOVER, handle)
