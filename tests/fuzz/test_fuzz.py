"""The short form of `python -m tests.fuzz`: the same programs, edits and demands."""

from __future__ import annotations

import random

import pytest

from .corpus import programs
from .edits import Edit, mutated, typed, vocabulary
from .session import ENCODINGS, Desk

TEXTS = programs()
WORDS = vocabulary(TEXTS)


def test_there_is_something_to_type():
    assert len(TEXTS) > 60 and sum(map(len, TEXTS)) > 20_000


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("seed", range(4))
def test_edits(encoding, seed):
    """Typed and mutated: no internal error, no late answer, no other text, no other answer than a fresh analysis gives."""
    dice = random.Random(f"{encoding} {seed}")
    desk = Desk(dice, encoding, compare_every=10)
    desk.run(typed(dice.choice(TEXTS)[:200], dice))
    for text in dice.sample(TEXTS, 6):
        desk.run(mutated(text, dice, WORDS, 20))
    assert desk.outcome.problems == []
    assert desk.outcome.edits > 200 and desk.outcome.compared > 20


def test_the_test_sees_what_is_wrong(monkeypatch):
    """A session that loses a change, and one that keeps an old analysis, are found out."""
    desk = Desk(random.Random(0), compare_every=1)
    program = "import keras\nx = keras.Input((3,))\ny = keras.layers.Dense(4)(x)\n"
    desk.run([Edit(0, 0, program, whole=True)])
    assert desk.outcome.problems == [] and desk.outcome.compared == 1
    monkeypatch.setattr(desk._session, "state", lambda unit: (0, 0, 0))
    desk.run([Edit(0, 0, "#"), Edit(0, 1, ""), Edit(program.index("4"), program.index("4"), "4")])
    assert any("expressions are others" in problem for problem in desk.outcome.problems)
    desk = Desk(random.Random(0))
    monkeypatch.setattr(desk._session, "change", lambda params: None)
    desk.run([Edit(0, 0, program, whole=True)])
    assert "another than the client's" in desk.outcome.problems[0]
