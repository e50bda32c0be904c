"""Questions and answers as plain data."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_lsp.oracle.questions import (
    Answer,
    LayerQuestion,
    LayerSummary,
    OpQuestion,
    Unaskable,
    Weight,
    canonical,
    digest,
    encode,
    layer,
    tensor,
)


def test_equal_questions_are_equal_texts() -> None:
    one = LayerQuestion(name="keras.layers.Dense", arguments={"units": 3, "use_bias": True})
    two = LayerQuestion(name="keras.layers.Dense", arguments={"use_bias": True, "units": 3}, inputs=None)
    assert canonical(one) == canonical(two)
    assert digest(one) == digest(json.loads(canonical(two)))
    assert digest(one) != digest(LayerQuestion(name="keras.layers.Dense", arguments={"units": 3}))
    tuple_shape = LayerQuestion(name="keras.layers.Dense", arguments={"input_shape": (3,)})
    list_shape = LayerQuestion(name="keras.layers.Dense", arguments={"input_shape": [3]})
    assert digest(tuple_shape) != digest(list_shape)
    # True and 1 are equal in Python and differ in Keras's messages.
    yes = LayerQuestion(name="keras.layers.Dense", args=[True])
    assert digest(yes) != digest(LayerQuestion(name="keras.layers.Dense", args=[1]))


def test_values_that_json_cannot_say() -> None:
    assert encode((1, [2, (3,)])) == {"tuple": [1, [2, {"tuple": [3]}]]}
    assert encode({1: 2}) == {"dict": [[1, 2]]}
    assert encode(math.nan) == {"float": "nan"}
    assert encode(slice(None, -1)) == {"slice": [None, -1, None]}
    assert encode(...) == {"ellipsis": True}
    assert encode(layer("LSTM", 4, input_shape=(2, 3))) == {
        "layer": "LSTM",
        "args": [4],
        "arguments": {"input_shape": {"tuple": [2, 3]}},
    }


@pytest.mark.parametrize("value", [object(), lambda: 0, {3, 4}, 2**70, tensor(("n",)), tensor((True,)), tensor((-1,))])
def test_what_cannot_be_asked(value: object) -> None:
    with pytest.raises(Unaskable):
        OpQuestion(name="keras.ops.abs", args=[value]).to_json()


def test_deep_nesting_cannot_be_asked() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(Unaskable):
        encode(value)
    with pytest.raises(Unaskable):
        LayerQuestion(name="keras.layers.Add", inputs=[value]).to_json()


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=4) | st.integers(-9, 9), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(PLAIN)
def test_every_literal_has_one_canonical_text(value: object) -> None:
    question = LayerQuestion(name="keras.layers.Dense", args=[value])
    assert json.loads(canonical(question)) == question.to_json()


def test_answers_survive_the_wire() -> None:
    answer = Answer(
        output=[{"shape": [None, 3], "dtype": "float32"}, {"shape": None, "dtype": "int32"}],
        name="dense",
        weights=(Weight("kernel", (2, 3), True),),
        params=6,
        trainable=6,
        layers=(LayerSummary("dense", "Dense", {"shape": [None, 3], "dtype": "float32"}, 6),),
        warnings=("careful",),
    )
    assert Answer.from_json(json.loads(json.dumps(answer.to_json()))) == answer
    assert answer.shapes == ((None, 3), None)
    assert answer.dtypes == ("float32", "int32")


@given(st.dictionaries(st.sampled_from(["output", "error", "weights", "params", "layers", "unknown"]), PLAIN))
def test_a_nonsensical_answer_is_unknown_or_harmless(data: dict[str, object]) -> None:
    answer = Answer.from_json(data)
    assert isinstance(answer, Answer)
    assert answer.ok or answer.unknown is not None or answer.error is not None
