"""One side that edits a text, the server's session on the other, and what must hold after every edit."""

from __future__ import annotations

import os
import random
import re
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsprotocol import types as t

from keras_lsp.analysis import Analysis
from keras_lsp.features.lookup import shape_text
from keras_lsp.server.client import Client
from keras_lsp.server.session import Session
from keras_lsp.server.worlds import Worlds
from keras_lsp.shapes.outcome import ShapeError

from .edits import Edit

DEADLINE = 1.0
"""Seconds of processor time in which every answer has to come; the programs have up to 45 lines, the machine may be slow."""

URI = "untitled:fuzz"
ENCODINGS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass
class Outcome:
    """What a run found; `problems` are texts that a person can act on, each with the program at that moment."""

    edits: int = 0
    compared: int = 0
    late: int = 0
    worst: float = 0.0
    seconds: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    memory: list[tuple[int, int]] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        """Milliseconds that a share of the sampled edits stayed below."""
        ordered = sorted(self.seconds)
        return ordered[int(share * (len(ordered) - 1))] * 1000 if ordered else 0.0


class Desk:
    """A document in a session, edited as an editor would, and checked."""

    def __init__(
        self,
        dice: random.Random,
        encoding: str = "utf-16",
        compare_every: int = 20,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.outcome = Outcome()
        self._say = say
        self._before = ""
        self._dice = dice
        self._encoding = encoding
        self._every = compare_every
        self._worlds = Worlds(may_trust=False)
        self._session = self._new_session()
        self._text = ""
        self._version = 0
        self._session.open(t.TextDocumentItem(URI, t.LanguageKind.Python, 0, ""))

    def _new_session(self) -> Session:
        session = Session(self._worlds, lambda message: None)
        capabilities = t.ClientCapabilities(
            general=t.GeneralClientCapabilities(position_encodings=[t.PositionEncodingKind(self._encoding)])
        )
        session.client = Client.of(capabilities, "fuzz")
        return session

    def run(self, edits: Iterable[Edit]) -> None:
        """Make edits and look at what comes of them."""
        for edit in edits:
            self._make(edit)

    def _make(self, edit: Edit) -> None:
        outcome = self.outcome
        started = time.process_time()
        try:
            self._send(edit)
            analysis = self._look()
        except Exception as error:
            self._problem(f"{type(error).__name__}: {error}", error)
            return
        spent = time.process_time() - started
        outcome.edits += 1
        outcome.worst = max(outcome.worst, spent)
        if outcome.edits % 10 == 0:
            outcome.seconds.append(spent)
        if spent > DEADLINE:
            outcome.late += 1
            self._problem(f"an answer took {spent:.2f} s of processor time")
        if analysis.facts.internal_errors:
            self._problem(f"internal errors: {analysis.facts.internal_errors}")
        if outcome.edits % self._every == 0:
            self._compare(analysis)

    def _send(self, edit: Edit) -> None:
        self._version += 1
        self._before = self._text
        identifier = t.VersionedTextDocumentIdentifier(version=self._version, uri=URI)
        if edit.whole:
            change: Any = t.TextDocumentContentChangeWholeDocument(edit.text)
            self._text = edit.text
        else:
            place = t.Range(self._position(edit.start), self._position(edit.end))
            change = t.TextDocumentContentChangePartial(range=place, text=edit.text)
            self._text = edit.apply(self._text)
        self._session.change(t.DidChangeTextDocumentParams(identifier, [change]))
        unit = self._session.unit(URI)
        assert unit is not None
        assert unit.parts[0].document.text == self._text, "the session's text is another than the client's"

    def _position(self, offset: int) -> t.Position:
        """Counted anew, not by the code that the session counts with."""
        lines = _LINE_BREAK.split(self._text[:offset])
        name, size = ENCODINGS[self._encoding]
        return t.Position(len(lines) - 1, len(lines[-1].encode(name, "surrogatepass")) // size)

    def _look(self) -> Analysis:
        """What an editor asks after an edit: findings always, every third time another feature, at any place."""
        view = self._session.view(URI)
        assert view is not None
        analysis = view.analysis
        assert view.is_current()
        size = len(analysis.document.text)
        for finding in analysis.findings:
            assert 0 <= finding.span.start <= finding.span.end <= size, "a finding lies outside of the text"
        offset = self._dice.randint(0, size)
        match self.outcome.edits % 24:
            case 0:
                assert all(0 <= hint.offset <= size for hint in analysis.inlay_hints()), (
                    "a hint lies outside of the text"
                )
            case 1 | 2:
                analysis.hover(offset)
            case 3:
                analysis.completions(offset)
            case 4:
                analysis.signature_help(offset)
            case 5:
                analysis.symbols()
                analysis.code_lenses()
            case 6:
                analysis.code_actions(offset, min(size, offset + 40))
            case 7:
                analysis.definition(offset)
            case _:
                pass
        return analysis

    def _compare(self, analysis: Analysis) -> None:
        """The same text in a session that has seen nothing before."""
        self.outcome.compared += 1
        fresh = self._new_session()
        fresh.open(t.TextDocumentItem(URI, t.LanguageKind.Python, 0, self._text))
        view = fresh.view(URI)
        assert view is not None
        for name, ours, theirs in zip(_PARTS, digest(analysis), digest(view.analysis), strict=True):
            if ours != theirs:
                differing = [pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]][:2]
                self._problem(
                    f"{name} are others than a fresh analysis gives ({len(ours)}, {len(theirs)}): {differing}"
                )
                return

    def _problem(self, what: str, error: BaseException | None = None) -> None:
        where = "".join(traceback.format_exception(error)[-6:]) if error is not None else ""
        if len(self.outcome.problems) < 50:
            self.outcome.problems.append(f"{what}\n{where}before: {self._before!r}\ntext: {self._text!r}")
            if self._say is not None:
                self._say(f"\n--- {self.outcome.problems[-1]}\n")


_PARTS = ("expressions", "layers", "models", "variables", "questions", "findings", "hints", "symbols")


def digest(analysis: Analysis) -> tuple[list[object], ...]:
    """All that a person could see of an analysis, comparable between two of them."""
    facts = analysis.facts
    expressions: list[object] = [
        (
            span,
            fact.kind,
            fact.callee,
            shape_text(fact.output),
            str(fact.params),
            fact.contexts,
            fact.source,
            fact.reason,
        )
        for span, fact in sorted(facts.expressions.items())
    ]
    layers: list[object] = [
        (
            fact.span,
            fact.class_name,
            fact.name,
            fact.position,
            str(fact.params),
            [
                (use.span, shape_text(use.output), _error(use.error), use.certain, use.symbolic)
                for use in fact.applications
            ],
        )
        for fact in facts.layers
    ]
    models: list[object] = [
        (
            fact.span,
            fact.variable,
            fact.name,
            str(fact.params),
            [(row.name, shape_text(row.output), str(row.params)) for row in fact.layers or ()],
        )
        for fact in facts.models
    ]
    variables: list[object] = [(variable.name, variable.span, variable.symbolic) for variable in facts.variables]
    questions: list[object] = [question.key for question in facts.questions]
    hints: list[object] = list(analysis.inlay_hints())
    return expressions, layers, models, variables, questions, [*analysis.findings], hints, [*analysis.symbols()]


def _error(error: ShapeError | None) -> object:
    return None if error is None else (error.kind, error.text, error.stage)


def resident() -> int:
    """Kilobytes of memory that this process holds, 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024 if statm.exists() else 0
