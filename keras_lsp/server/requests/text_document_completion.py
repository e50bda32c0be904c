"""What can be typed here: hidden keywords, shapes in scope, string identifiers, members of `tf.keras`."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.server.dispatch import Endpoint
from keras_lsp.server.session import View

TRIGGERS = (".", "(", ",", "=", '"', "'", " ")
"""Characters after which something new can be said; a space stands behind a comma."""


def handle(view: View, params: t.CompletionParams) -> t.CompletionList | None:
    """Completions at the cursor; a space that follows no comma or bracket opens no list."""
    offset = view.offset(params.position)
    context = params.context
    if context is not None and context.trigger_character == " ":
        before = view.unit.document.text[max(offset - 2, 0) : offset].strip()
        if before not in (",", "(", "="):
            return None
    items = view.analysis.completions(offset)
    if not items:
        return None
    converted = [
        view.convert.completion_item(
            view.uri, item, {"uri": view.uri, "data": item.data, "label": item.label, "kind": item.kind}
        )
        for item in items
    ]
    return t.CompletionList(is_incomplete=False, items=converted)


ENDPOINT = Endpoint(
    t.TEXT_DOCUMENT_COMPLETION,
    handle,
    options=t.CompletionOptions(trigger_characters=list(TRIGGERS), resolve_provider=True),
    newest_wins=True,
)
