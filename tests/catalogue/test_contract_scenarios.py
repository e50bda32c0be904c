"""Recorded programs: keras-lsp reports no error where a real version ran them, and finds most of what it refused."""

from __future__ import annotations

from collections import Counter

import pytest

from .contract_rows import external_folder
from .scenario_rows import FILES, judge, rows

# Programs of each version that raised and are found; the others need values that only running gives, or wait for a rule.
# TODO: one more in each, a functional model of named inputs that is called on a dictionary without one of them.
FOUND = {"2.3.1": 354, "tf2.3.0": 359, "2.15.1": 349, "3.0.5": 356, "3.15.1": 389}


@pytest.mark.long
@pytest.mark.parametrize(("name", "version"), FILES.items())
def test_recorded_programs(name: str, version: str) -> None:
    verdicts = [judge(row, version) for row in rows(external_folder(), name)]
    assert len(verdicts) > 700
    wrong = [verdict for verdict in verdicts if verdict.kind == "false"]
    assert not wrong, "\n".join(map(str, wrong))
    found = Counter(verdict.kind for verdict in verdicts)["found"]
    assert found >= FOUND[version], f"{found} of {FOUND[version]}"
