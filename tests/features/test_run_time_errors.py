"""Pasted error texts: what real Keras raised for the programs of `tests/bugs` is explained."""

from __future__ import annotations

import pytest

from keras_lsp.features.run_time_errors import explain_error
from tests.bugs.programs import FOLDER, Bug, read_programs

BUGS = read_programs(FOLDER / "calls_and_results.md")[0]
RAISED = [
    pytest.param(bug, version, id=f"{bug.line}-{version}")
    for bug in BUGS
    for version, outcome in bug.outcomes.items()
    if not outcome.startswith("runs") and outcome.partition(": ")[2]
]
# The pieces that these scenarios quote are too short to tell.
SHORT = {"shape", "None", "The truth value of an array", "Missing required positional argument"}


@pytest.mark.parametrize(("bug", "version"), RAISED)
def test_error_is_explained(bug: Bug, version: str) -> None:
    error, _, piece = bug.outcomes[version].partition(": ")
    explanation = explain_error(f"{error}: {piece}")
    assert (explanation is None) == (piece in SHORT)


def test_unknown_text() -> None:
    assert explain_error("ZeroDivisionError: division by zero") is None
