"""One request per file, named as the method: what it offers and how it is answered.

`ENDPOINTS` is the request table; `keras_lsp.server.dispatch` reads it, and capabilities are made of it.
"""

from __future__ import annotations

from keras_lsp.server.requests import (
    code_action_resolve,
    completion_item_resolve,
    initialize,
    inlay_hint_resolve,
    shutdown,
    text_document_code_action,
    text_document_code_lens,
    text_document_completion,
    text_document_definition,
    text_document_diagnostic,
    text_document_document_symbol,
    text_document_hover,
    text_document_inlay_hint,
    text_document_prepare_rename,
    text_document_references,
    text_document_rename,
    text_document_signature_help,
    workspace_execute_command,
)

ENDPOINTS = (
    initialize.ENDPOINT,
    shutdown.ENDPOINT,
    text_document_hover.ENDPOINT,
    text_document_inlay_hint.ENDPOINT,
    inlay_hint_resolve.ENDPOINT,
    text_document_completion.ENDPOINT,
    completion_item_resolve.ENDPOINT,
    text_document_signature_help.ENDPOINT,
    text_document_definition.ENDPOINT,
    text_document_references.ENDPOINT,
    text_document_prepare_rename.ENDPOINT,
    text_document_rename.ENDPOINT,
    text_document_code_action.ENDPOINT,
    code_action_resolve.ENDPOINT,
    text_document_code_lens.ENDPOINT,
    text_document_document_symbol.ENDPOINT,
    text_document_diagnostic.ENDPOINT,
    workspace_execute_command.ENDPOINT,
)
