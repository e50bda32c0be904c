"""Every place that means a layer by its name."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.server.dispatch import Endpoint
from keras_lsp.server.session import View


def handle(view: View, params: t.ReferenceParams) -> list[t.Location]:
    """The places, those that give the name too where the client wants declarations."""
    uses = view.analysis.name_uses(view.offset(params.position))
    wanted = [use for use in uses if not use.gives or params.context.include_declaration]
    return [t.Location(*view.convert.range(use.span)) for use in wanted]


ENDPOINT = Endpoint(t.TEXT_DOCUMENT_REFERENCES, handle, nothing=[])
