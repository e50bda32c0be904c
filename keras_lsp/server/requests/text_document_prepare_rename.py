"""Whether a layer's name stands under the cursor that can be changed."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.features.layer_names import Refused
from keras_lsp.server.dispatch import Endpoint, RequestError
from keras_lsp.server.session import View


def handle(view: View, params: t.PrepareRenameParams) -> t.PrepareRenamePlaceholder | None:
    """The name and where it stands; nothing for other text, which is for other servers."""
    try:
        span = view.analysis.renaming_span(view.offset(params.position))
    except Refused as why:
        raise RequestError(t.LSPErrorCodes.RequestFailed, str(why)) from None
    range_ = None if span is None else view.convert.range_in(view.uri, span)
    if span is None or range_ is None:
        return None
    return t.PrepareRenamePlaceholder(range_, view.analysis.document.text[span.start : span.end])


ENDPOINT = Endpoint(t.TEXT_DOCUMENT_PREPARE_RENAME, handle, fails=True)
