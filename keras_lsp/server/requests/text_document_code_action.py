"""Changes that are offered: fixes, fix all, rewrites."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.server.client import kind_matches
from keras_lsp.server.dispatch import Endpoint
from keras_lsp.server.session import View

KINDS = ("quickfix", "refactor.rewrite", "source.fixAll.keras-lsp", "source.migrate.keras-lsp")


def handle(view: View, params: t.CodeActionParams) -> list[t.CodeAction]:
    """Actions for a range; those of the whole file carry no edit until chosen, where the client can ask for it."""
    client = view.client
    if not client.code_action_literals:
        return []
    only = params.context.only
    wanted = None if only is None else [str(getattr(kind, "value", kind)) for kind in only]
    ours = [diagnostic for diagnostic in params.context.diagnostics if diagnostic.source == "keras-lsp"]
    span = view.span(params.range)
    lazy = client.code_action_data and "edit" in client.code_action_resolve
    actions: list[t.CodeAction] = []
    for action in view.analysis.code_actions(span.start, span.end):
        kind = view.convert.action_kind(action.kind)
        if not kind_matches(kind, wanted) or any(view.unit.is_masked(edit.start, edit.end) for edit in action.edits):
            continue
        later = lazy and kind.startswith("source.")
        data = {"uri": view.uri, "serial": view.unit.serial, "span": [*span], "title": action.title, "kind": kind}
        actions.append(view.convert.code_action(action, ours, edit=not later, data=data))
    return actions


ENDPOINT = Endpoint(
    t.TEXT_DOCUMENT_CODE_ACTION,
    handle,
    options=t.CodeActionOptions(code_action_kinds=list(KINDS), resolve_provider=True),
)
