"""Every scenario in this folder: what is revealed and found, and that real Keras reveals the same when the program runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.programs import Outcome
from tests.scenarios import Scenario, complaints, read_scenarios

SCENARIOS = [scenario for path in sorted(Path(__file__).parent.glob("*.md")) for scenario in read_scenarios(path)]
CASES = [
    pytest.param(scenario, version, id=f"{scenario.path}:{scenario.line}-{version}")
    for scenario in SCENARIOS
    for version in scenario.versions
]
_REVEALED = re.compile(r"reveal_shape\(.*# *revealed: *(.+?) *$")


@pytest.mark.parametrize(("scenario", "version"), CASES)
def test_what_is_known(scenario: Scenario, version: str) -> None:
    assert complaints(scenario, version) == []


@pytest.mark.parametrize(("scenario", "version"), [c for c in CASES if "runs" in c.values[0].directives])
def test_real_keras_reveals_the_same(
    scenario: Scenario, version: str, run_program: Callable[[str, int], Outcome]
) -> None:
    outcome = run_program(scenario.source, 3 if version.startswith("3") else 2)
    assert outcome == Outcome(None, "")
    lines = scenario.source.splitlines()
    for line, shape in outcome.revealed:
        match = _REVEALED.search(lines[line - 1])
        assert match is not None
        assert agrees(match[1], str(shape)), f"line {scenario.line + line - 1}: Keras has {shape}"


def agrees(said: str, real: str) -> bool:
    """Whether a revealed text is true of a real shape: what is a number is that number, and the rank is the same."""
    if said == "unknown":
        return True
    ours, theirs = (re.sub(r"'", "", text).strip("()[]").split(",") for text in (said, real))
    pairs = zip([d.strip() for d in ours if d.strip()], [d.strip() for d in theirs if d.strip()], strict=False)
    same_rank = len([d for d in ours if d.strip()]) == len([d for d in theirs if d.strip()])
    return same_rank and all(a == b or not a.isdigit() for a, b in pairs)
