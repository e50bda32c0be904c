"""What a person and a careless tool do to a text: type, correct themselves, retype lines, and move tokens about."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"\r\n|[^\W\d]\w*|\d[\w.]*|'[^'\n]*'|\"[^\"\n]*\"|#[^\n]*|[ \t]+|\n[ \t]*|.", re.DOTALL)

ODD = [
    "\r\n", "\r", "\f", "\x0b", "\x85", "\u2028", "é", "😋", "e\u0301", "👩\u200d🔬", "\0", "\ufeff", "\ud83d",
    '"""', "'", "(", ")", "]", "{", "\\", "\\\n", ";", ":", "    ", "\t", "*", "**", "@", "%matplotlib inline\n",
    "10**10**10", "'a' * 10**12", "range(10**9)", "[0] * 10**9", "-1", "None", "lambda:", "yield ", "await ", "return\n",
    "del ", "def ", "class ", "async ", "match x:\n", "global x\n", "raise\n", "while True:\n", "for ", "import ",
    "from . import *\n", "x = x\n", "1e999", "1 << 10**9", "__class__", "...", ":=", "model", "layers.", "keras.",
]  # fmt: skip
"""Texts that break programs, and programs' readers."""

RESTORE = 8
"""Mutations after which the program is put back: from there on what is left would be noise, which costs and shows little."""


@dataclass(frozen=True)
class Edit:
    """New text for what lies between two code-point offsets; `whole` is sent as a whole text, without a range."""

    start: int
    end: int
    text: str
    whole: bool = False

    def apply(self, text: str) -> str:
        return text[: self.start] + self.text + text[self.end :]


def typed(program: str, dice: random.Random) -> Iterator[Edit]:
    """A program typed into an empty document, with a slip now and then."""
    yield Edit(0, 0, "", whole=True)
    for index, letter in enumerate(program):
        if dice.random() < 0.02:
            yield Edit(index, index, dice.choice("abz_(, \n'#0"))
            yield Edit(index, index + 1, "")
        yield Edit(index, index, letter)


def retyped(text: str, dice: random.Random) -> Iterator[Edit]:
    """A line in the middle deleted and typed again, what follows it being there all the time."""
    starts = [match.start() + 1 for match in re.finditer("\n", text)]
    start = dice.choice(starts) if starts else 0
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    line = text[start:end]
    yield Edit(start, end, "")
    for index, letter in enumerate(line):
        yield Edit(start + index, start + index, letter)


def mutation(text: str, dice: random.Random, words: list[str]) -> Edit:
    """One token, or a run of them, gone, doubled, moved, or another one in its place."""
    tokens = [(match.start(), match.end()) for match in _TOKEN.finditer(text)]
    if not tokens:
        return Edit(0, 0, dice.choice(words))
    start, end = dice.choice(tokens)
    action = dice.random()
    if action < 0.2:
        return Edit(start, end, "")
    if action < 0.35:
        return Edit(end, end, text[start:end])
    if action < 0.6:
        return Edit(start, end, dice.choice(words))
    if action < 0.7:
        return Edit(start, start, dice.choice(words))
    if action < 0.8:
        return Edit(start, end, dice.choice(ODD))
    if action < 0.85:
        return Edit(start, start, dice.choice(ODD))
    first, last = sorted((start, dice.choice(tokens)[0]))
    if action < 0.9:
        return Edit(first, min(last, first + 60), "")
    other = dice.choice(tokens)
    return Edit(start, end, text[other[0] : other[1]])


def vocabulary(programs: list[str]) -> list[str]:
    """The tokens of all programs, each once."""
    return sorted({match[0] for text in programs for match in _TOKEN.finditer(text)})


def mutated(program: str, dice: random.Random, words: list[str], count: int) -> Iterator[Edit]:
    """A program mutated `count` times, undone now and then, put back from time to time, and a line of it typed again."""
    text = program
    made = 0
    yield Edit(0, 0, program, whole=True)
    while made < count:
        if made % RESTORE == RESTORE - 1:
            edits = [Edit(0, len(text), program, whole=True)]
        elif dice.random() < 0.02:
            edits = list(retyped(text, dice))
        else:
            edits = [mutation(text, dice, words)]
            if dice.random() < 0.3:  # and undone
                (edit,) = edits
                edits.append(Edit(edit.start, edit.start + len(edit.text), text[edit.start : edit.end]))
        for edit in edits:
            edit = _between_characters(text, edit)
            text = edit.text if edit.whole else edit.apply(text)
            made += 1
            yield edit


def _between_characters(text: str, edit: Edit) -> Edit:
    """The protocol has no position within a line break."""

    def outside(offset: int) -> int:
        return offset + 1 if 0 < offset < len(text) and text[offset - 1] == "\r" and text[offset] == "\n" else offset

    return Edit(outside(edit.start), outside(edit.end), edit.text, edit.whole)
