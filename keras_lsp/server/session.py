"""Open documents, what is analysed of them, and what is known about them.

Documents and units change on the session thread only, and are immutable; other threads take them as they are. Analyses are made
on the analysis lane only, one per unit and state of knowledge, and kept until either changes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lsprotocol import types as t

from keras_lsp.analysis import Analysis, analyse_document
from keras_lsp.features.types import InlayHint
from keras_lsp.inference.facts import Span
from keras_lsp.project.sources import DiskTexts, SourceFinder
from keras_lsp.server import notebooks
from keras_lsp.server.client import Client
from keras_lsp.server.convert import Converter
from keras_lsp.server.steady import Shown
from keras_lsp.server.unit import Unit, file_path, single
from keras_lsp.server.worlds import Project, Worlds
from keras_lsp.text.document import Change, Document, DocumentKind, Position, Range
from keras_lsp.text.limits import MAX_SOURCE_BYTES

_log = logging.getLogger(__name__)

MAX_ANALYSES = 32
"""Analyses that are kept: one costs a few megabytes, and people look at fewer files at a time."""

READ_ONLY_SCHEMES = frozenset(
    {"git", "gitfs", "gitlens", "pr", "review", "vscode-local-history", "vscode-scm", "output"}
)
"""Schemes of texts that the user cannot change, old versions above all: they get no diagnostics."""


@dataclass(frozen=True)
class View:
    """One unit at one version, as a request sees it."""

    session: Session
    unit: Unit
    uri: str

    def is_current(self) -> bool:
        """Whether the text is still the one that was asked about."""
        return self.session.unit(self.unit.uri) is self.unit

    @property
    def client(self) -> Client:
        """What the client can do."""
        return self.session.client

    @property
    def project(self) -> Project:
        """The project that the unit belongs to."""
        return self.session.worlds.project(self.unit.path)

    @cached_property
    def convert(self) -> Converter:
        """Conversion between offsets and the client's units."""
        return Converter(self.unit, self.session.client)

    @property
    def analysis(self) -> Analysis:
        """What is known of this version; made at most once, on the analysis lane."""
        return self.session.analyse(self.unit)

    def offset(self, position: t.Position) -> int:
        """The offset of a position in the document that was asked about."""
        return self.convert.offset(self.uri, position) or 0

    def span(self, range_: t.Range) -> Span:
        """The span of a range in the document that was asked about."""
        return self.convert.span(self.uri, range_) or Span(0, 0)


class Session:
    """Everything that lasts as long as the server, except the wire."""

    def __init__(self, worlds: Worlds, say: Callable[[str], None]) -> None:
        self.worlds = worlds
        self.client = Client.of(t.ClientCapabilities())
        self.disk = DiskTexts()
        self.on_change: Callable[[Unit, bool], None] = lambda unit, opened: None
        self.on_close: Callable[[Unit], None] = lambda unit: None
        self.on_analysed: Callable[[Unit, Analysis], None] = lambda unit, analysis: None
        self.on_outlived: Callable[[float], None] = lambda seconds: None
        self.call_soon: Callable[[Callable[[], None]], None] = lambda action: action()
        self.long_work: Callable[[str], AbstractContextManager[object]] = nullcontext
        self._say = say
        self._told: set[str] = set()
        self._units: dict[str, Unit] = {}
        self._owners: dict[str, str] = {}
        self._notebooks: dict[str, notebooks.Notebook] = {}
        self._serial = 0
        self._revisions: dict[str, int] = {}
        self._revision = 0
        self._lock = threading.Lock()
        self._analyses: OrderedDict[str, tuple[tuple[int, int, int], Analysis]] = OrderedDict()
        self._dependencies: dict[str, frozenset[str]] = {}
        self._changed_sources: dict[str, int] = {}
        self._source_changes = 0
        self._shown: dict[str, Shown] = {}
        self.analysis_seconds = 0.0

    # Looking things up; any thread.

    def unit(self, uri: str) -> Unit | None:
        """The unit of a document, notebook or cell, as it is now."""
        return self._units.get(self._owners.get(uri, uri))

    def units(self) -> list[Unit]:
        """All open units."""
        return list(self._units.values())

    def view(self, uri: str) -> View | None:
        """What a request about a document sees; `None` for one that is not open or is too large."""
        unit = self.unit(uri)
        if unit is None or unit.part(uri) is None or self._too_large(unit):
            return None
        return View(self, unit, uri)

    def gets_diagnostics(self, unit: Unit) -> bool:
        """Whether findings in it help anybody."""
        return unit.uri.partition(":")[0] not in READ_ONLY_SCHEMES and not self._too_large(unit)

    def state(self, unit: Unit) -> tuple[int, int, int]:
        """Changes whenever an analysis of the unit may come out otherwise."""
        return unit.serial, self._revision, self._revisions.get(unit.uri, 0)

    def _too_large(self, unit: Unit) -> bool:
        return len(unit.document.text) > MAX_SOURCE_BYTES

    # Documents; session thread.

    def open(self, item: t.TextDocumentItem) -> None:
        """A document was opened, or opened again."""
        if item.language_id.lower() not in ("python", "jupyter", "ipython"):
            return
        if item.uri in self._owners:  # a cell that came with its notebook
            return
        kind: DocumentKind = "stub" if item.uri.endswith(".pyi") else "python"
        self._set(single(Document(item.uri, item.version, item.text, kind), self._next()), opened=True)

    def change(self, params: t.DidChangeTextDocumentParams) -> None:
        """A document changed; a cell's change may come this way too."""
        uri = params.text_document.uri
        changes = [_change(change) for change in params.content_changes]
        if uri in self._owners:
            self._change_notebook(
                self._owners[uri],
                lambda book: book.with_text(uri, changes, params.text_document.version, self.client.encoding),
            )
            return
        unit = self._units.get(uri)
        if unit is None:
            whole = next((change for change in reversed(changes) if change.range is None), None)
            if whole is None:
                _log.warning("ignoring a change of a document that is not open")
                return
            after = changes[changes.index(whole) :]
            document = Document(uri, None, "").apply_changes(after, params.text_document.version, self.client.encoding)
            self._set(single(document, self._next()), opened=True)
            return
        document = unit.parts[0].document.apply_changes(changes, params.text_document.version, self.client.encoding)
        self._set(single(document, self._next()))

    def save(self, params: t.DidSaveTextDocumentParams) -> None:
        """A document was saved; where its text differs from ours we lost a change, and take the saved one."""
        uri = params.text_document.uri
        unit = self._units.get(uri)
        if unit is None or params.text is None or uri in self._notebooks:
            return
        document = unit.parts[0].document
        if params.text != document.text:
            _log.warning("a saved document differed from what its changes had made of it; it was taken as saved")
            self._set(single(replace(document, text=params.text), self._next()))

    def close(self, uri: str) -> None:
        """A document was closed."""
        if uri in self._owners or uri in self._notebooks:
            return
        self._remove(uri)

    def open_notebook(self, params: t.DidOpenNotebookDocumentParams) -> None:
        """A notebook was opened with its cells."""
        book = notebooks.Notebook.opened(params)
        self._set_notebook(params.notebook_document.uri, book, opened=True)

    def change_notebook(self, params: t.DidChangeNotebookDocumentParams) -> None:
        """Cells came, went, moved or changed."""
        if params.notebook_document.uri not in self._notebooks:
            _log.warning("ignoring a change of a notebook that is not open")
            return
        self._change_notebook(
            params.notebook_document.uri, lambda book: book.changed(params.change, _change, self.client.encoding)
        )

    def close_notebook(self, uri: str) -> None:
        """A notebook was closed."""
        book = self._notebooks.pop(uri, None)
        if book is None:
            return
        for cell in book.cells:
            self._owners.pop(cell.uri, None)
        self._remove(uri)

    def _change_notebook(self, uri: str, change: Callable[[notebooks.Notebook], notebooks.Notebook]) -> None:
        self._set_notebook(uri, change(self._notebooks[uri]))

    def _set_notebook(self, uri: str, book: notebooks.Notebook, *, opened: bool = False) -> None:
        before = self._notebooks.get(uri)
        for cell in before.cells if before is not None else ():
            self._owners.pop(cell.uri, None)
        for cell in book.cells:
            self._owners[cell.uri] = uri
            self._units.pop(cell.uri, None)
        self._notebooks[uri] = book
        self._set(book.unit(uri, self._next()), opened=opened)

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _set(self, unit: Unit, *, opened: bool = False) -> None:
        with self._lock:
            self._units[unit.uri] = unit
        if self._too_large(unit):
            if unit.uri not in self._told:
                self._told.add(unit.uri)
                size, limit = len(unit.document.text) / 1e6, MAX_SOURCE_BYTES / 1e6
                self._say(f"keras-lsp: file too large for shape analysis ({size:.1f} MB; the limit is {limit:g} MB)")
        else:
            self._told.discard(unit.uri)
        self.on_change(unit, opened)
        if unit.path:
            self.source_changed(unit.path, but=unit.uri)

    def _remove(self, uri: str) -> None:
        with self._lock:
            unit = self._units.pop(uri, None)
            self._analyses.pop(uri, None)
            self._dependencies.pop(uri, None)
            self._revisions.pop(uri, None)
            self._shown.pop(uri, None)
        if unit is not None:
            self.on_close(unit)
            if unit.path:  # what is on disk counts again
                self.source_changed(unit.path, but=uri)

    # Knowledge; session thread.

    def source_changed(self, path: str, but: str = "") -> None:
        """A module changed: what imports it, directly or not, is analysed again."""
        self._source_changes += 1
        self._changed_sources[path] = self._source_changes
        self.outdate([uri for uri, paths in list(self._dependencies.items()) if uri != but and path in paths])

    def outdate(self, uris: Iterable[str] | None = None) -> None:
        """Something outside these units changed that they depend on; outside all of them, where none are named."""
        if uris is None:
            self._revision += 1
            uris = list(self._units)
        for uri in uris:
            self._revisions[uri] = self._revisions.get(uri, 0) + 1
            unit = self._units.get(uri)
            if unit is not None:
                self.on_change(unit, False)

    # Analyses; analysis lane.

    def analyse(self, unit: Unit) -> Analysis:
        """What is known of a unit; runs on the analysis lane only."""
        state = self.state(unit)
        known = self._analyses.get(unit.uri)
        if known is not None and known[0] == state:
            return known[1]
        started, changes = time.perf_counter(), self._source_changes
        project = self.worlds.project(unit.path)
        finder = SourceFinder(project.roots, project.site_packages, self._open_texts(), self.disk)
        world = project.world(unit.path, finder.find, self.worlds.answers(project))
        # What was known of the version before helps, where nothing but the text has changed; it is used up by this.
        previous = known[1] if known is not None and known[0][1:] == state[1:] else None
        if previous is not None:
            with self._lock:
                self._analyses.pop(unit.uri, None)
        # Only what starts from nothing can take long enough to be shown.
        title = f"Keras: computing the shapes of {Path(unit.path or unit.uri).name}"
        with self.long_work(title) if previous is None else nullcontext():
            analysis = analyse_document(unit.document, world, project.settings_for(unit.path), unit.sections, previous)
        self.analysis_seconds = time.perf_counter() - started
        with self._lock:
            if unit.uri in self._units:
                self._analyses[unit.uri] = (state, analysis)
                self._analyses.move_to_end(unit.uri)
                consulted = frozenset(finder.consulted - {unit.path})
                before = self._dependencies.get(unit.uri, frozenset()) if previous is not None else frozenset[str]()
                self._dependencies[unit.uri] = consulted | before  # imports that were taken over asked for nothing now
                while len(self._analyses) > MAX_ANALYSES:
                    self._analyses.popitem(last=False)
        if any(self._changed_sources.get(path, 0) > changes for path in finder.consulted - {unit.path}):
            # Changed while it was read: nobody knew then that this unit depends on it.
            self.call_soon(lambda: self.outdate([unit.uri]))
        self.on_analysed(unit, analysis)
        return analysis

    def steady_hints(
        self, unit: Unit, analysis: Analysis, span: Span, fresh: Sequence[InlayHint]
    ) -> Sequence[InlayHint]:
        """Hints that do not come and go while somebody types, for clients that can be asked to ask again; analysis lane."""
        if not self.client.refresh_inlay_hints or not analysis.settings.inlay_hints.output_shapes:
            self._shown.pop(unit.uri, None)
            return fresh
        shown = self._shown.setdefault(unit.uri, Shown())
        half = analysis.parsed.error is not None
        hints, seconds = shown.update(unit.document.text, span, fresh, time.monotonic(), half)
        if seconds:
            self.on_outlived(seconds)
        return hints

    def _open_texts(self) -> Mapping[str, str]:
        with self._lock:
            return {
                unit.path: unit.document.text
                for unit in self._units.values()
                if unit.path and unit.uri not in self._notebooks
            }

    # Workspace folders; session thread.

    def set_folders(self, added: Collection[t.WorkspaceFolder], removed: Collection[t.WorkspaceFolder] = ()) -> None:
        """Folders came or went."""
        folders = dict(self.worlds.folders)
        for folder in removed:
            folders.pop(folder.uri, None)
        for folder in added:
            path = file_path(folder.uri)
            if path is not None:
                folders[folder.uri] = str(Path(path))
        self.worlds.set_folders(folders)

    def summary(self) -> dict[str, Any]:
        """What a person who reports a problem is asked for."""
        return {
            "documents": len(self._units),
            "notebooks": len(self._notebooks),
            "analyses": len(self._analyses),
            "last analysis": f"{self.analysis_seconds * 1000:.1f} ms",
        }


def _change(change: t.TextDocumentContentChangeEvent) -> Change:
    if isinstance(change, t.TextDocumentContentChangePartial):
        start, end = change.range.start, change.range.end
        return Change(change.text, Range(Position(start.line, start.character), Position(end.line, end.character)))
    return Change(change.text)
