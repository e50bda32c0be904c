"""Another name for a layer, in all its uses."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.features.layer_names import Refused
from keras_lsp.server.dispatch import Endpoint, RequestError
from keras_lsp.server.session import View


def handle(view: View, params: t.RenameParams) -> t.WorkspaceEdit | None:
    """The edits; nothing where no layer's name stands, and an error that says why where it cannot be changed."""
    offset = view.offset(params.position)
    try:
        if view.analysis.renaming_span(offset) is None:
            return None
        return view.convert.workspace_edit(view.analysis.rename(offset, params.new_name))
    except Refused as why:
        raise RequestError(t.LSPErrorCodes.RequestFailed, str(why)) from None


ENDPOINT = Endpoint(t.TEXT_DOCUMENT_RENAME, handle, options=t.RenameOptions(prepare_provider=True), fails=True)
