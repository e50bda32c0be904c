"""State machines: Hypothesis chooses what the client does next, a simple model says what must hold, and failures shrink."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from lsprotocol import types as t
from test_documents import ALPHABET, reference_lines, reference_offset
from wire import INSTRUMENTED, Peer, at, replace

from keras_lsp.server.client import Client
from keras_lsp.server.session import Session
from keras_lsp.server.worlds import Worlds
from tests.fuzz.session import digest

LINES = [
    "import keras\n",
    "x = keras.Input((28, 28))\n",
    "y = keras.layers.Conv2D(8, 3)(x)\n",
    "%matplotlib inline\n",
    "def f(\n",
    "'''",
]
TEXTS = st.lists(st.sampled_from([*ALPHABET, *LINES]), max_size=8).map("".join)
PLACES = st.tuples(st.integers(0, 9), st.integers(0, 40))
URIS = ["file:///w/a.py", "untitled:b", "file:///w/c.pyi"]
BOOK = "file:///w/book.ipynb"


class Documents(RuleBasedStateMachine):
    """A session, and beside it the texts as the client has them, in plain strings."""

    @initialize(encoding=st.sampled_from(["utf-8", "utf-16", "utf-32"]))
    def begin(self, encoding: str) -> None:
        self.encoding = encoding
        self.session = Session(Worlds(may_trust=False), lambda message: None)
        self.session.client = Client.of(
            t.ClientCapabilities(
                general=t.GeneralClientCapabilities(position_encodings=[t.PositionEncodingKind(encoding)])
            ),
            "",
        )
        self.texts: dict[str, str] = {}
        self.cells: list[list[str]] | None = None
        self.version = 0
        self.cell_number = 0

    def _next(self) -> int:
        self.version += 1
        return self.version

    @rule(uri=st.sampled_from(URIS), text=TEXTS)
    def open(self, uri: str, text: str) -> None:
        self.session.open(t.TextDocumentItem(uri, t.LanguageKind.Python, self._next(), text))
        self.texts[uri] = text

    @rule(uri=st.sampled_from(URIS))
    def close(self, uri: str) -> None:
        self.session.close(uri)
        self.texts.pop(uri, None)

    @rule(
        uri=st.sampled_from(URIS), changes=st.lists(st.tuples(st.none() | st.tuples(PLACES, PLACES), TEXTS), max_size=3)
    )
    def change(self, uri: str, changes: list[Any]) -> None:
        events: list[Any] = []
        text = self.texts.get(uri)
        for range_, new in changes:
            if range_ is None:
                events.append(t.TextDocumentContentChangeWholeDocument(new))
                text = new
                continue
            (line, column), (last, last_column) = range_
            place = t.Range(t.Position(line, column), t.Position(last, last_column))
            events.append(t.TextDocumentContentChangePartial(place, new))
            if text is not None:
                text = self._edited(text, range_, new)
        self.session.change(t.DidChangeTextDocumentParams(t.VersionedTextDocumentIdentifier(self._next(), uri), events))
        if text is not None:
            self.texts[uri] = text

    def _edited(self, text: str, range_: Any, new: str) -> str:
        first, second = (reference_offset(text, *place, self.encoding) for place in range_)
        return text[: min(first, second)] + new + text[max(first, second) :]

    @rule(uri=st.sampled_from(URIS), text=TEXTS)
    def save(self, uri: str, text: str) -> None:
        self.session.save(t.DidSaveTextDocumentParams(t.TextDocumentIdentifier(uri), text))
        if uri in self.texts:
            self.texts[uri] = text

    def _cell(self, text: str) -> tuple[list[str], t.NotebookCell, t.TextDocumentItem]:
        self.cell_number += 1
        uri = f"vscode-notebook-cell:/w/book.ipynb#{self.cell_number}"
        item = t.TextDocumentItem(uri, t.LanguageKind.Python, 1, text)
        return [uri, text], t.NotebookCell(t.NotebookCellKind.Code, uri), item

    @rule(texts=st.lists(TEXTS, max_size=3))
    def open_notebook(self, texts: list[str]) -> None:
        made = [self._cell(text) for text in texts]
        book = t.NotebookDocument(BOOK, "jupyter-notebook", self._next(), [cell for _, cell, _ in made])
        self.session.open_notebook(t.DidOpenNotebookDocumentParams(book, [item for *_, item in made]))
        self.cells = [pair for pair, *_ in made]

    @rule(start=st.integers(0, 3), delete=st.integers(0, 2), texts=st.lists(TEXTS, max_size=2))
    def change_cells(self, start: int, delete: int, texts: list[str]) -> None:
        if self.cells is None:
            return
        start = min(start, len(self.cells))
        delete = min(delete, len(self.cells) - start)
        gone = self.cells[start : start + delete]
        made = [self._cell(text) for text in texts]
        structure = t.NotebookDocumentCellChangeStructure(
            t.NotebookCellArrayChange(start, delete, [cell for _, cell, _ in made]),
            [item for *_, item in made],
            [t.TextDocumentIdentifier(uri) for uri, _ in gone],
        )
        self._change_book(t.NotebookDocumentCellChanges(structure=structure))
        self.cells[start : start + delete] = [pair for pair, *_ in made]

    @rule(index=st.integers(0, 3), range_=st.tuples(PLACES, PLACES), text=TEXTS)
    def change_a_cell(self, index: int, range_: Any, text: str) -> None:
        if not self.cells:
            return
        pair = self.cells[index % len(self.cells)]
        (line, column), (last, last_column) = range_
        change = t.TextDocumentContentChangePartial(
            t.Range(t.Position(line, column), t.Position(last, last_column)), text
        )
        identifier = t.VersionedTextDocumentIdentifier(self._next(), pair[0])
        content = t.NotebookDocumentCellContentChanges(identifier, [change])
        self._change_book(t.NotebookDocumentCellChanges(text_content=[content]))
        pair[1] = self._edited(pair[1], range_, text)

    def _change_book(self, cells: t.NotebookDocumentCellChanges) -> None:
        self.session.change_notebook(
            t.DidChangeNotebookDocumentParams(
                t.VersionedNotebookDocumentIdentifier(self._next(), BOOK), t.NotebookDocumentChangeEvent(cells=cells)
            )
        )

    @rule()
    def close_notebook(self) -> None:
        self.session.close_notebook(BOOK)
        self.cells = None

    @rule(uri=st.sampled_from([*URIS, BOOK]), offset=st.integers(0, 200))
    def ask(self, uri: str, offset: int) -> None:
        """An analysis is that of a session which was just started, and every place in it is one of the client's."""
        unit = self.session.unit(uri)
        if unit is None or not unit.parts:
            return
        view = self.session.view(unit.parts[0].document.uri)
        assert view is not None
        analysis = view.analysis
        assert analysis.facts.internal_errors == []
        analysis.hover(min(offset, len(analysis.document.text)))
        for finding in analysis.findings:
            _, diagnostic = view.convert.diagnostic(finding)
            assert 0 <= diagnostic.range.start.line <= diagnostic.range.end.line
        if uri in URIS:
            fresh = Session(Worlds(may_trust=False), lambda message: None)
            fresh.client = self.session.client
            fresh.open(t.TextDocumentItem(uri, t.LanguageKind.Python, 0, self.texts[uri]))
            other = fresh.view(uri)
            assert other is not None and digest(analysis) == digest(other.analysis)

    @invariant()
    def texts_are_the_clients(self) -> None:
        for uri in URIS if hasattr(self, "session") else ():
            unit = self.session.unit(uri)
            assert (unit.parts[0].document.text if unit is not None else None) == self.texts.get(uri)
            if unit is not None:
                assert unit.parts[0].lines.count == len(reference_lines(self.texts[uri]))
        if hasattr(self, "session"):
            unit = self.session.unit(BOOK)
            found = None if unit is None else [[part.document.uri, part.document.text] for part in unit.parts]
            assert found == self.cells


Documents.TestCase.settings = settings(
    settings.get_profile("keras-lsp"), max_examples=120, stateful_step_count=25, deadline=None
)
TestDocuments = Documents.TestCase


class Traffic(RuleBasedStateMachine):
    """A real server: exactly one response for each request, whatever else is said, and then it leaves as it should."""

    asked = Bundle("asked")

    @initialize(pull=st.booleans())
    def begin(self, pull: bool) -> None:
        self.peer = Peer(INSTRUMENTED, KERAS_LSP_STRICT="")
        self.peer.initialize({"textDocument": {"diagnostic": {}}} if pull else {})
        self.ids = [1]  # of `initialize`
        self.shut = False
        self.version = 0

    def _ask(self, method: str, params: Any) -> Any:
        self.ids.append(self.peer.ask(method, params))
        return self.ids[-1]

    @rule(
        target=asked,
        uri=st.sampled_from(URIS),
        place=PLACES,
        what=st.sampled_from(["hover", "completion", "definition"]),
    )
    def ask_at_a_place(self, uri: str, place: Any, what: str) -> Any:
        return self._ask(f"textDocument/{what}", at(uri, *place))

    @rule(target=asked, uri=st.sampled_from(URIS), what=st.sampled_from(["documentSymbol", "codeLens", "diagnostic"]))
    def ask_of_a_document(self, uri: str, what: str) -> Any:
        return self._ask(f"textDocument/{what}", {"textDocument": {"uri": uri}})

    @rule(target=asked, seconds=st.sampled_from([0, 0.02, 0.1]))
    def ask_for_something_slow(self, seconds: float) -> Any:
        return self._ask("test/sleep", {"seconds": seconds})

    @rule(
        target=asked, params=st.none() | st.integers() | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
    )
    def ask_nonsense(self, params: Any) -> Any:
        return self._ask("textDocument/hover", params)

    @rule(identifier=consumes(asked))
    def cancel(self, identifier: int) -> None:
        self.peer.notify("$/cancelRequest", {"id": identifier})

    @rule(target=asked)
    def initialize_again(self) -> Any:
        return self._ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})

    @rule(uri=st.sampled_from(URIS), text=TEXTS)
    def open(self, uri: str, text: str) -> None:
        self.version += 1
        self.peer.open(uri, text, self.version)

    @rule(uri=st.sampled_from(URIS), first=PLACES, last=PLACES, text=TEXTS)
    def change(self, uri: str, first: Any, last: Any, text: str) -> None:
        self.version += 1
        self.peer.change(uri, self.version, replace(first, last, text))

    @rule(uri=st.sampled_from(URIS))
    def close(self, uri: str) -> None:
        self.peer.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    @rule(target=asked)
    def shut_down(self) -> Any:
        if self.shut or self.version < 3:  # most of the talk is before it
            return multiple()
        self.shut = True
        return self._ask("shutdown", None)

    def teardown(self) -> None:
        if not hasattr(self, "peer"):
            return
        try:
            if not self.shut:
                self._ask("shutdown", None)
            for identifier in self.ids:
                self.peer.response(identifier, 60)
            self.peer.notify("exit")
            assert self.peer.process.wait(20) == 0
            counts = Counter(message["id"] for message in self.peer.messages if "method" not in message)
            assert counts == Counter(self.ids)
            assert self.peer.noise == b""
            assert not self.peer.notifications("window/showMessage")
            logged = [params["message"] for params in self.peer.notifications("window/logMessage")]
            assert not any("internal error" in message for message in logged), logged
        finally:
            self.peer.close()


Traffic.TestCase.settings = settings(
    settings.get_profile("keras-lsp"), max_examples=8, stateful_step_count=40, deadline=None
)
TestTraffic = Traffic.TestCase
