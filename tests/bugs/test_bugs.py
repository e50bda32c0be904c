"""Real kinds of bugs: each is found at a line that a person would change, its corrected twin is clean, and real Keras agrees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bugs.programs import VERSIONS, Bug, Correct, program, read_all, reported
from tests.programs import Outcome

BUGS, CORRECT = read_all()
bugs = pytest.mark.parametrize(
    ("bug", "version"), [pytest.param(b, v, id=f"{b.path}:{b.line}-{v}") for b in BUGS for v in VERSIONS]
)
correct_programs = pytest.mark.parametrize(
    ("correct", "version"), [pytest.param(c, v, id=f"{c.path}:{c.line}-{v}") for c in CORRECT for v in c.versions]
)


SAMPLE = 3
"""Of Keras 2, which takes four times as long as Keras 3 for the same programs, every third is run by default."""


def asked_of_keras() -> list[Any]:
    """All programs in Keras 3, a sample in Keras 2; the rest is long."""
    cases: list[Any] = []
    for version in VERSIONS:
        for index, bug in enumerate(bug for bug in BUGS if not bug.needs):
            marks = [pytest.mark.long] if VERSIONS[version] == 2 and index % SAMPLE else []
            cases.append(pytest.param(bug, version, id=f"{bug.path}:{bug.line}-{version}", marks=marks))
    return cases


def test_numbers() -> None:
    assert len(BUGS) >= 200
    assert len(CORRECT) >= 40


@bugs
def test_bug_is_found(bug: Bug, version: str, tmp_path: Path) -> None:
    found = reported(bug.source, version, tmp_path)
    if bug.found_in(version):
        assert found
        assert [f for f in found if f.code not in bug.codes or f.line not in bug.places] == []
    else:
        assert found == []


@bugs
def test_correction_is_clean(bug: Bug, version: str, tmp_path: Path) -> None:
    assert reported(bug.corrected, version, tmp_path) == []


@correct_programs
def test_correct_program_is_clean(correct: Correct, version: str, tmp_path: Path) -> None:
    assert reported(correct.source, version, tmp_path) == []


@pytest.mark.parametrize(("bug", "version"), asked_of_keras())
def test_real_keras_agrees(bug: Bug, version: str, run_program: Callable[[str, int], Outcome]) -> None:
    outcome = run_program(program(bug.source), VERSIONS[version])
    expected = bug.outcomes[version]
    if expected.startswith("runs"):
        assert outcome == Outcome(None, "")
    else:
        error, _, message = expected.partition(": ")
        assert outcome.error == error
        assert message in " ".join(outcome.text.split())
    assert run_program(program(bug.corrected), VERSIONS[version]) == Outcome(None, "")


@correct_programs
def test_real_keras_runs_correct_program(
    correct: Correct, version: str, run_program: Callable[[str, int], Outcome]
) -> None:
    assert run_program(program(correct.source), VERSIONS[version]) == Outcome(None, "")
