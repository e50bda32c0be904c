"""Hints while somebody types: what the lines that nobody touches show must not come and go."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from keras_lsp.analysis import Analysis, analyse_document
from keras_lsp.catalogue import parse_version
from keras_lsp.features.types import InlayHint
from keras_lsp.inference.facts import Span
from keras_lsp.inference.world import World
from keras_lsp.project.settings import Settings
from keras_lsp.server.steady import PAUSE, THOUGHT, Shown
from keras_lsp.text.document import Document

PROGRAMS = sorted((Path(__file__).parents[1] / "fuzz" / "programs").glob("*.py"))
QUICK = ("digits", "translate", "two_inputs")
WORLD, SETTINGS = World(parse_version("3.15")), Settings()
PAIRS = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"}
KEY = 0.2
"""Seconds between two keys."""

URI = "file:///w/model.py"


def keys(line: str) -> Iterator[str]:
    """A line as it looks after each key in an editor that closes brackets and quotes."""
    done = ahead = ""
    for letter in line:
        if ahead.startswith(letter) and letter in ")]}\"'":
            ahead = ahead[1:]
        elif letter in PAIRS and not (letter in "\"'" and done[-1:].isalnum()):
            ahead = PAIRS[letter] + ahead
        done += letter
        yield done + ahead


@dataclass
class Typist:
    """Types a line of a program anew, and sees the hints of all lines, with and without what keeps them steady."""

    lines: list[str]
    plain: dict[str, int] = field(default_factory=dict)
    keys: int = 0
    flickers: list[str] = field(default_factory=list)

    def type(self, number: int) -> None:
        line = self.lines[number]
        indent = line[: len(line) - len(line.lstrip())]
        shown, now = Shown(), 1000.0
        previous: Analysis | None = None
        steady: list[dict[int, str]] = []
        plain: list[dict[int, str]] = []
        for part in ("", *(indent + typed for typed in keys(line[len(indent) :]))):
            text = "\n".join([*self.lines[:number], part, *self.lines[number + 1 :]])
            previous = analyse_document(Document(URI, None, text), WORLD, SETTINGS, (), previous)
            fresh = previous.inlay_hints()
            hints, _ = shown.update(text, Span(0, len(text)), fresh, now, previous.parsed.error is not None)
            steady.append(self.by_line(text, hints))
            plain.append(self.by_line(text, fresh))
            self.keys += 1
            now += KEY
        # After a pause there is what holds, and nothing else.
        hints, seconds = shown.update(text, Span(0, len(text)), fresh, now + PAUSE)
        assert list(hints) == list(fresh) and seconds == 0
        for what, states in (("steady", steady), ("plain", plain)):
            gone = [
                f"line {other + 1} while line {number + 1} is typed"
                for before, after in itertools.pairwise(states)
                for other in before
                if other not in after and other != number and other in states[-1]
            ]
            self.plain[what] = self.plain.get(what, 0) + len(gone)
            if what == "steady":
                self.flickers += gone

    @staticmethod
    def by_line(text: str, hints: object) -> dict[int, str]:
        assert isinstance(hints, list | tuple)
        lines = [text.count("\n", 0, hint.offset) for hint in hints]
        assert len(set(lines)) == len(lines)
        return {line: hint.label for line, hint in zip(lines, hints, strict=True)}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=() if path.stem in QUICK else pytest.mark.long)
        for path in PROGRAMS
    ],
)  # fmt: skip
def test_no_hint_of_another_line_goes_and_comes_back_while_a_line_is_typed(path: Path, record_property) -> None:
    typist = Typist(path.read_text(encoding="utf-8").split("\n"))
    for number, line in enumerate(typist.lines):
        if len(line.strip()) > 1 and not line.strip().startswith(("#", '"""')):
            typist.type(number)
    record_property("keys", typist.keys)
    record_property("without", typist.plain["plain"])
    assert typist.flickers == []
    if path.stem in QUICK:
        assert typist.plain["plain"] > 10  # there is something to keep steady


def test_hints_move_with_their_lines_and_go_with_them() -> None:
    text = "a\nb\nc\n"
    shown = Shown()
    hints = [InlayHint(1, "A"), InlayHint(3, "B"), InlayHint(5, "C")]
    whole = Span(0, 100)
    assert shown.update(text, whole, hints, 0.0) == (hints, 0.0)

    def labels(text: str, fresh: list[InlayHint], now: float, span: Span = whole) -> list[tuple[int, str]]:
        return [(hint.offset, hint.label) for hint in shown.update(text, span, fresh, now)[0]]

    # A line in between: what follows moves.
    assert labels("a\nx\nb\nc\n", [], 0.1) == [(1, "A"), (5, "B"), (7, "C")]
    # A touched line shows what is true of it, others wait.
    assert labels("a\nx\nbb\nc\n", [], 0.2) == [(1, "A"), (8, "C")]
    # What is known is the newest.
    assert labels("a\nx\nbbb\nc\n", [InlayHint(1, "A2")], 0.3) == [(1, "A2"), (9, "C")]
    # Only a part of the text is asked for; the rest is not forgotten.
    assert labels("a\nx\nbbb\nc\n", [], 0.4, Span(4, 100)) == [(9, "C")]
    # A deleted line takes its hint along.
    assert labels("a\nx\nc\n", [], 0.5) == [(1, "A2"), (5, "C")]
    assert labels("a\nx\n", [], 0.6) == [(1, "A2")]
    # Nobody typed for a while.
    assert labels("a\nx\n", [], 0.6 + PAUSE) == []
    assert labels("a\nx\n", [], 0.7 + PAUSE) == []


def test_a_statement_that_is_half_written_is_given_time_for_a_thought() -> None:
    shown, whole = Shown(), Span(0, 100)
    hints = [InlayHint(3, "B")]
    shown.update("a\nb\n", whole, hints, 0.0)
    assert shown.update("a =\nb\n", whole, [], 0.0, True) == ([InlayHint(5, "B")], THOUGHT)
    assert shown.update("a =\nb\n", whole, [], THOUGHT - 1, True) == ([InlayHint(5, "B")], 1.0)
    assert shown.update("a =\nb\n", whole, [], THOUGHT, True) == ([], 0.0)


CAPABILITIES = {"workspace": {"inlayHint": {"refreshSupport": True}}, "textDocument": {"inlayHint": {}}}
TEXT = "import keras\nx = keras.Input((3,))\ny = keras.layers.Dense(4)(x)\n"


def hints_of(peer) -> list[str]:
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    found = peer.result("textDocument/inlayHint", {"textDocument": {"uri": URI}, "range": whole})
    return [hint["label"] if isinstance(hint["label"], str) else hint["label"][0]["value"] for hint in found]


def retype(peer) -> None:
    from wire import replace

    peer.change(URI, 2, replace((1, 0), (1, 20), "x = a"))


def test_a_client_is_asked_to_ask_again_when_the_typing_stops(start) -> None:
    peer = start()
    peer.initialize(CAPABILITIES)
    peer.open(URI, TEXT)
    assert len(hints_of(peer)) == 2
    retype(peer)
    before = hints_of(peer)
    peer.wait(lambda: [m for m in peer.messages if m.get("method") == "workspace/inlayHint/refresh"])
    assert [label.strip(" →->:") for label in before] == ["(None, 4)"]
    assert hints_of(peer) == []
    assert peer.leave() == 0


def test_a_client_that_cannot_be_asked_gets_what_holds(start) -> None:
    peer = start()
    peer.initialize({"textDocument": {"inlayHint": {}}})
    peer.open(URI, TEXT)
    assert len(hints_of(peer)) == 2
    retype(peer)
    assert hints_of(peer) == []
    assert peer.leave() == 0
