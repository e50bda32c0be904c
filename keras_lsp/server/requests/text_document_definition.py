"""Where a name or hidden keyword comes from: in this program, or at a line of the installed Keras."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.features.types import Location
from keras_lsp.server.dispatch import Endpoint, Later
from keras_lsp.server.session import View

Answer = t.Location | list[t.LocationLink] | None


def handle(view: View, params: t.DefinitionParams) -> Answer | Later:
    """The place; what is in a library is looked for outside the analysis lane, since it reads files and may ask Jedi."""
    definition = view.analysis.definition(view.offset(params.position))
    if definition is None:
        return None
    if isinstance(definition, Location):
        return view.convert.definition(view.uri, definition)
    target = definition

    def look_up() -> Answer:
        found = view.session.worlds.locate(view.project, target.canonical, target.keyword)
        if found is None:
            return None
        return view.convert.outside(view.uri, found.uri, found.line, found.column, target.origin)

    return Later(look_up)


ENDPOINT = Endpoint(t.TEXT_DOCUMENT_DEFINITION, handle)
