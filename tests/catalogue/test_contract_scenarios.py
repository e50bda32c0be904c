"""Recorded programs: keras-lsp reports no error where a real version ran them, and finds most of what it refused."""

from __future__ import annotations

from collections import Counter

import pytest

from .contract_rows import external_folder
from .scenario_rows import FILES, judge, rows

# Programs of each version that raised and are found; the others need values that only running gives, or wait for a rule.
FOUND = {"2.3.1": 356, "tf2.3.0": 361, "2.15.1": 351, "3.0.5": 359, "3.15.1": 392}


@pytest.mark.long
@pytest.mark.parametrize(("name", "version"), FILES.items())
def test_recorded_programs(name: str, version: str) -> None:
    verdicts = [judge(row, version) for row in rows(external_folder(), name)]
    assert len(verdicts) > 700
    wrong = [verdict for verdict in verdicts if verdict.kind == "false"]
    assert not wrong, "\n".join(map(str, wrong))
    found = Counter(verdict.kind for verdict in verdicts)["found"]
    assert found >= FOUND[version], f"{found} of {FOUND[version]}"
