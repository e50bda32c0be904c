"""Findings to the client, pushed or pulled, never both: what the client can decides.

A push waits until nobody has typed for a moment. Every report is checked against the version it was computed for right before it
is sent, and what was published is remembered, so that it can be taken back.
"""

from __future__ import annotations

from lsprotocol import types as t

from keras_lsp.server.dispatch import Dispatcher
from keras_lsp.server.protocol import Server
from keras_lsp.server.session import Session, View
from keras_lsp.server.unit import Unit

DEBOUNCE = 0.15
"""Seconds without typing before diagnostics are pushed: shorter than a pause in thought, longer than between two keys."""

AFTER_OPENING = 0.02
"""Seconds from opening to pushing: what the user looks at, which the client asks for at the same time, is answered first."""

REFRESH_INTERVAL = 1.0
"""Seconds between two requests to the client to ask again."""


def diagnostics_of(view: View) -> dict[str, list[t.Diagnostic]]:
    """Findings of a unit by document; every document of it is there, also without findings."""
    found: dict[str, list[t.Diagnostic]] = {part.document.uri: [] for part in view.unit.parts}
    if view.session.gets_diagnostics(view.unit) and view.project.enabled:
        for finding in view.analysis.findings:
            uri, diagnostic = view.convert.diagnostic(finding)
            found.setdefault(uri, []).append(diagnostic)
    return found


class Publisher:
    """Decides when findings and hints are computed, sent or asked for again."""

    def __init__(self, server: Server, dispatcher: Dispatcher, session: Session) -> None:
        self._server = server
        self._dispatcher = dispatcher
        self._session = session
        self._published: dict[str, frozenset[str]] = {}

    def changed(self, unit: Unit, opened: bool) -> None:
        """A unit, or what it depends on, changed; session thread."""
        if self._session.client.pulls_diagnostics:
            return
        delay = AFTER_OPENING if opened else self._session.worlds.debounce
        self._dispatcher.call_later(("publish", unit.uri), delay, lambda: self._compute(unit.uri))

    def closed(self, unit: Unit) -> None:
        """A unit was closed: what was published about it is taken back; session thread."""
        for uri in self._published.pop(unit.uri, frozenset()):
            self._publish(uri, [], None)

    def knowledge_changed(self) -> None:
        """Answers or settings came that the client does not know of: it is asked to ask again, once a second at most."""
        key = ("refresh",)
        if not self._dispatcher.timer_set(key):
            self._dispatcher.call_later(key, REFRESH_INTERVAL, self._refresh)

    def hints_outlive(self, seconds: float) -> None:
        """Hints are shown that go when nobody types for a while: then the client is asked to ask again; session thread."""
        self._dispatcher.call_later(("hints",), seconds, self._refresh_hints)

    def _refresh_hints(self) -> None:
        if self._session.client.refresh_inlay_hints:
            self._server.workspace_inlay_hint_refresh(None)

    def _refresh(self) -> None:
        client = self._session.client
        self._refresh_hints()
        if client.refresh_code_lenses:
            self._server.workspace_code_lens_refresh(None)
        if client.pulls_diagnostics and client.refresh_diagnostics:
            self._server.workspace_diagnostic_refresh(None)

    def _compute(self, uri: str) -> None:
        self._dispatcher.lane.submit_background(("publish", uri), lambda: self._report(uri))

    def _report(self, uri: str) -> None:
        """Compute and send; analysis lane."""
        unit = self._session.unit(uri)
        if unit is None:
            return
        view = View(self._session, unit, uri)
        found = diagnostics_of(view)
        self._dispatcher.call_soon(lambda: self._send(view, found))

    def _send(self, view: View, found: dict[str, list[t.Diagnostic]]) -> None:
        if not view.is_current():
            return  # a newer version is being computed or waited for
        uri = view.unit.uri
        for gone in self._published.get(uri, frozenset()) - set(found):
            self._publish(gone, [], None)
        for document, items in found.items():
            part = view.unit.part(document)
            self._publish(document, items, part.document.version if part is not None else None)
        self._published[uri] = frozenset(found)

    def _publish(self, uri: str, items: list[t.Diagnostic], version: int | None) -> None:
        if not self._session.client.diagnostic_version:
            version = None
        self._server.text_document_publish_diagnostics(t.PublishDiagnosticsParams(uri, items, version))
