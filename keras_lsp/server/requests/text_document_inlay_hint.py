"""Output shapes at the ends of lines."""

from __future__ import annotations

from typing import Any

from lsprotocol import types as t

from keras_lsp.server.dispatch import Endpoint
from keras_lsp.server.session import View


def handle(view: View, params: t.InlayHintParams) -> list[dict[str, Any] | t.InlayHint]:
    """Hints inside the range that was asked for, never outside: some clients fail on those."""
    span = view.span(params.range)
    lazy = "tooltip" in view.client.inlay_hint_resolve
    hints: list[dict[str, Any] | t.InlayHint] = []
    found = view.analysis.inlay_hints(span.start, span.end)
    for hint in view.session.steady_hints(view.unit, view.analysis, span, found):
        if not span.start <= hint.offset <= span.end:
            continue
        converted = view.convert.inlay_hint(view.uri, hint, tooltip=not lazy)
        if converted is not None:
            if lazy and hint.tooltip:
                converted.data = {"uri": view.uri, "serial": view.unit.serial, "offset": hint.offset}
            hints.append(converted)
    return hints


ENDPOINT = Endpoint(t.TEXT_DOCUMENT_INLAY_HINT, handle, options=t.InlayHintOptions(resolve_provider=True))
