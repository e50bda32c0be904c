"""A summary line above every model."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.server.convert import visible
from keras_lsp.server.dispatch import Endpoint
from keras_lsp.server.session import View


def handle(view: View, params: t.CodeLensParams) -> list[t.CodeLens]:
    """Lenses of one document; a click shows the model's summary."""
    del params
    if not view.project.code_lens:
        return []
    lenses: list[t.CodeLens] = []
    for lens in view.analysis.code_lenses():
        command = t.Command(
            visible(lens.title),
            command="keras-lsp.showModelSummary",
            arguments=[{"uri": view.uri, "model": lens.model}],
        )
        converted = view.convert.code_lens(view.uri, lens, command)
        if converted is not None:
            lenses.append(converted)
    return lenses


ENDPOINT = Endpoint(t.TEXT_DOCUMENT_CODE_LENS, handle, options=t.CodeLensOptions())
