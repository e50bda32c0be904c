"""The outline: models, and layers inside them."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.server.dispatch import Endpoint
from keras_lsp.server.session import View


def handle(view: View, params: t.DocumentSymbolParams) -> list[t.DocumentSymbol] | list[t.SymbolInformation]:
    """Nested where the client can show it, else flat."""
    del params
    symbols = view.analysis.symbols()
    if view.client.symbol_hierarchy:
        return view.convert.symbols(view.uri, symbols)
    return view.convert.flat_symbols(view.uri, symbols)


ENDPOINT = Endpoint(
    t.TEXT_DOCUMENT_DOCUMENT_SYMBOL,
    handle,
    # A label, so that outlines of several servers can be told apart.
    options=t.DocumentSymbolOptions(label="Keras"),
)
