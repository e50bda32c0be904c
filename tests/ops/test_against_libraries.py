"""Every known spelling, called with random arguments in the real library and in keras-lsp: both must say the same.

Keras is asked with symbolic tensors, with and without a batch size; TensorFlow in a graph, and once more with arrays where
the graph accepts what we refuse; NumPy with arrays. What we do not know is no error; what we say wrongly is.
"""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from tests.ops.calls import Array, CallSpec, make, unbatched
from tests.ops.exam import ELSEWHERE, World, judge
from tests.ops.worlds import agree, ours, outline

SEED = os.environ.get("OPS_SEED", "0")
# Calls per spelling; `python -m tests.ops.exam` asks as many as one likes.
CALLS = 4
# A function of which no call agreed yet is called more often.
MOST_CALLS = 30


@pytest.mark.parametrize("library", ["numpy", "keras", "tensorflow", "backend", "tf_keras"])
def test_every_spelling_agrees(library: str) -> None:
    world = World(library)
    kind = world.kind
    outcomes: Counter[str] = Counter()
    agreed: set[str] = set()
    wrong: list[str] = []
    present = world.names()
    for name in present:
        for index in range(max(CALLS, MOST_CALLS)):
            if index >= CALLS and (name in agreed or name in ELSEWHERE):
                break
            call = make(random.Random(f"{name}{index}{SEED}"), name, kind)
            if call is None:
                break
            if index % 3 == 2 and kind != "numpy":
                call = unbatched(call)
            outcome, detail = judge(world, call)
            outcomes[outcome] += name not in ELSEWHERE
            if outcome == "agrees":
                agreed.add(name)
            if outcome in ("wrong", "false alarm"):
                wrong.append(f"{outcome}: {call}: {detail}")
    print(kind, dict(outcomes))
    assert not wrong, "\n".join(wrong)
    answers = sum(outcomes.values())
    assert outcomes["unknown"] <= answers * 0.02, outcomes
    unconfirmed = [name for name in present if name not in agreed and name not in ELSEWHERE and drawn(name, kind)]
    assert not unconfirmed, " ".join(unconfirmed)


def drawn(name: str, kind: str) -> bool:
    return make(random.Random(0), name, kind) is not None


def test_a_wrong_rule_would_be_noticed() -> None:
    world = World("numpy")
    call = CallSpec("numpy.reshape", {}, (Array((2, 3)), (3, 2)))
    assert judge(world, call)[0] == "agrees"
    assert not agree(outline(ours(call).output), ((2, 3), "float32"))  # type: ignore[union-attr]
    assert not agree(((2, None), "float32"), ((2, 3), "float32"))
    assert not agree(((2, 3), "float64"), ((2, 3), "float32"))
