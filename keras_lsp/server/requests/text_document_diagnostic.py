"""Findings, for clients that ask for them; the others are sent them (`keras_lsp.server.diagnostics`)."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.server.diagnostics import diagnostics_of
from keras_lsp.server.dispatch import Endpoint
from keras_lsp.server.session import View

Report = t.RelatedFullDocumentDiagnosticReport | t.RelatedUnchangedDocumentDiagnosticReport


def handle(view: View, params: t.DocumentDiagnosticParams) -> Report:
    """The findings of one document, or that they are what they were."""
    found = diagnostics_of(view).get(view.uri, [])
    import hashlib  # most clients are sent findings and ask for none

    # What they say, not when: an answer of Keras that changes nothing in this document sends nothing again.
    result_id = hashlib.blake2b(repr(found).encode(), digest_size=12).hexdigest()
    if params.previous_result_id == result_id:
        return t.RelatedUnchangedDocumentDiagnosticReport(result_id)
    return t.RelatedFullDocumentDiagnosticReport(found, result_id=result_id)


def _pulls(capabilities: t.ClientCapabilities) -> bool:
    return capabilities.text_document is not None and capabilities.text_document.diagnostic is not None


ENDPOINT = Endpoint(
    t.TEXT_DOCUMENT_DIAGNOSTIC,
    handle,
    options=t.DiagnosticOptions(identifier="keras-lsp", inter_file_dependencies=True, workspace_diagnostics=False),
    offered=_pulls,
    nothing=t.RelatedFullDocumentDiagnosticReport([]),
    fails=True,
    # Any other error would be shown as "no findings" until the next change.
    when_stale=(
        t.LSPErrorCodes.ServerCancelled,
        "the document changed",
        {"retriggerRequest": True},
    ),
)
