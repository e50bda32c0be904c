"""Layers against real Keras, both generations, on random configurations; and what needs no Keras to be judged."""

from __future__ import annotations

import pytest

from keras_lsp.oracle.process import KerasWorker
from tests.shapes.exam import draw, examine, version_of

# Enough to meet each layer about twenty times in a minute; `python -m tests.shapes.exam` asks as many as one likes.
COUNT = 1500
SEED = 20


@pytest.mark.parametrize("fixture", ["keras3_worker", "tf_keras_worker"])
def test_layers_agree_with_keras(fixture: str, request: pytest.FixtureRequest) -> None:
    worker: KerasWorker = request.getfixturevalue(fixture)
    version = version_of(worker)
    report = examine(worker.ask_many, version, draw(COUNT, version, SEED))
    print(report.text())
    assert report.wrong == 0, report.text()
    assert report.counts["right"] >= 0.97 * COUNT, report.text()
    assert report.counts["missed error"] <= 0.002 * COUNT, report.text()
