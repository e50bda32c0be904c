"""Comparing what was inferred with what Keras said."""

from __future__ import annotations

import pytest

from keras_lsp.oracle.questions import Answer, KerasError, unknown
from keras_lsp.oracle.verify import Claim, compare


def gives(*shapes: list[int | None] | None, params: int | None = None) -> Answer:
    outputs = [{"shape": shape, "dtype": "float32"} for shape in shapes]
    return Answer(output=outputs[0] if len(outputs) == 1 else outputs, params=params, trainable=params)


RAISES = Answer(error=KerasError("ValueError", "no", "no", "call"))

CASES = [
    (Claim(outputs=[(None, 3)]), gives([None, 3]), "agree", ""),
    (Claim(outputs=[(None, 4)]), gives([None, 3]), "disagree", "shape: expected (None, 4), Keras gives (None, 3)"),
    (Claim(outputs=[(None, "n")]), gives([None, 3]), "agree", ""),
    (Claim(outputs=[("n",)]), gives([None, 3]), "disagree", "shape: expected (n,), Keras gives (None, 3)"),
    (Claim(outputs=[(3,), None]), gives([3], [4]), "agree", ""),
    (Claim(outputs=[(3,), (5,)]), gives([3], [4]), "disagree", "shape of output 1: expected (5,), Keras gives (4,)"),
    (Claim(outputs=[(3,)]), gives([3], [4]), "disagree", "expected 1 output, Keras gives 2 outputs"),
    (Claim(outputs=[(3,)]), gives(None), "disagree", "shape: expected (3,), Keras gives unknown rank"),
    (Claim(outputs=[(3,)], dtypes=["int32"]), gives([3]), "disagree", "dtype: expected int32, Keras gives float32"),
    (Claim(params=1000), gives([3], params=1001), "disagree", "parameters: expected 1,000, Keras has 1,001"),
    (Claim(params=1000), gives([3]), "undecided", "nothing was claimed"),
    (Claim(), gives([3]), "undecided", "nothing was claimed"),
    (Claim(fails=True), RAISES, "agree", "ValueError: no"),
    (Claim(fails=True), gives([3]), "disagree", "expected an error, Keras accepts it and gives (3,)"),
    (Claim(fails=False), gives([3]), "agree", ""),
    (Claim(fails=False), RAISES, "disagree", "expected no error, Keras raises ValueError: no"),
    (Claim(outputs=[(3,)]), RAISES, "disagree", "expected no error, Keras raises ValueError: no"),
    (Claim(), RAISES, "undecided", "nothing was claimed"),
    (Claim(outputs=[(3,)]), unknown("asleep"), "undecided", "asleep"),
]


@pytest.mark.parametrize(("claim", "answer", "kind", "text"), CASES)
def test_compare(claim: Claim, answer: Answer, kind: str, text: str) -> None:
    verdict = compare(claim, answer)
    assert (verdict.kind, verdict.text) == (kind, text)
