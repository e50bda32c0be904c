"""The first-layer contract agrees with what real Keras versions did."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from .contract_rows import FILES, disagreement, external_folder, folder_rows

SAMPLE = [json.loads(line) for line in (Path(__file__).parent / "data" / "contract_sample.jsonl").open()]


def test_the_sample_has_every_version_and_outcome() -> None:
    by_version = Counter(row["version"] for row in SAMPLE)
    assert set(by_version) == set(FILES.values())
    assert min(by_version.values()) > 80
    assert {row["position"] for row in SAMPLE} == {"first", "later"}
    assert sum(row["error"] is not None for row in SAMPLE) > 150
    assert sum(bool(row.get("batch_shape")) for row in SAMPLE) > 150
    assert sum(bool(row.get("warnings")) for row in SAMPLE) > 30


@pytest.mark.parametrize("version", FILES.values())
def test_sample_agrees(version: str) -> None:
    wrong = [
        f"{row['position']}: {row['call']}: {problem}"
        for row in SAMPLE
        if row["version"] == version and (problem := disagreement(row))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
def test_all_rows_agree() -> None:
    count, wrong = 0, []
    for row in folder_rows(external_folder()):
        count += 1
        if problem := disagreement(row):
            wrong.append(f"{row['version']} {row['position']}: {row['call']}: {problem}")
    assert count > 40_000
    assert not wrong, f"{len(wrong)} of {count}\n" + "\n".join(wrong[:50])
