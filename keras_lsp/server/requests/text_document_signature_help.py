"""The signature of the call being typed, with the keywords that Keras hides."""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.server.dispatch import Endpoint
from keras_lsp.server.session import View


def handle(view: View, params: t.SignatureHelpParams) -> t.SignatureHelp | None:
    """The signature, or nothing outside calls of Keras."""
    help_ = view.analysis.signature_help(view.offset(params.position))
    return None if help_ is None else view.convert.signature_help(help_)


ENDPOINT = Endpoint(
    t.TEXT_DOCUMENT_SIGNATURE_HELP,
    handle,
    options=t.SignatureHelpOptions(trigger_characters=["(", ","], retrigger_characters=[")", "="]),
    newest_wins=True,
)
