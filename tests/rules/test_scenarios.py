"""Every scenario in this folder: what is found, in which versions, what real Keras does, and what the fixes make of it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.programs import Outcome
from tests.scenarios import Scenario, analyse, complaints, fix, read_scenarios

SCENARIOS = [scenario for path in sorted(Path(__file__).parent.glob("*.md")) for scenario in read_scenarios(path)]
CASES = [
    pytest.param(scenario, version, id=f"{scenario.path}:{scenario.line}-{version}")
    for scenario in SCENARIOS
    for version in scenario.versions
]


def generation(version: str) -> int:
    return 3 if version.startswith("3") else 2


@pytest.mark.parametrize(("scenario", "version"), CASES)
def test_findings(scenario: Scenario, version: str) -> None:
    assert complaints(scenario, version) == []


@pytest.mark.parametrize(
    ("scenario", "version"), [c for c in CASES if {"raises", "runs"} & c.values[0].directives.keys()]
)
def test_real_keras_agrees(scenario: Scenario, version: str, run_program: Callable[[str, int], Outcome]) -> None:
    outcome = run_program(scenario.program, generation(version))
    if "runs" in scenario.directives:
        assert outcome == Outcome(None, "")
    else:
        accepted = scenario.directives["raises"].split(" or ")
        assert outcome.error in accepted, outcome


@pytest.mark.parametrize(("scenario", "version"), [c for c in CASES if "fixed" in c.values[0].directives])
def test_fixes(scenario: Scenario, version: str, run_program: Callable[[str, int], Outcome]) -> None:
    select = scenario.directives.get("select", "")
    fixed = fix(scenario.source, version, select)
    ast.parse(fixed)
    assert fixed != scenario.source
    assert [(finding.code, finding.message) for finding in analyse(fixed, version, select).findings] == [], fixed
    if {"raises", "runs"} & scenario.directives.keys():
        program = Scenario("", 0, "", fixed).program
        assert run_program(program, generation(version)) == Outcome(None, ""), fixed
