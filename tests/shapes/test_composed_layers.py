"""Merging, recurrent, attention, wrapping and preprocessing layers: named sizes, formulas, stages of refusals."""

from __future__ import annotations

from typing import Any

import pytest

from keras_lsp.catalogue import Contract, KerasVersion
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import format_shape, symbol
from keras_lsp.shapes.outcome import Applied, ShapeError, Unknown
from keras_lsp.shapes.registry import apply_layer
from keras_lsp.shapes.tensor import Structure, Tensor, flatten
from tests.shapes.configurations import Nested
from tests.shapes.exam import bind

KERAS_3, KERAS_2 = (3, 15, 1), (2, 15, 1)
n, m = symbol("n"), symbol("m")


def apply(
    name: str,
    inputs: Structure,
    keras: tuple[int, int, int] = KERAS_3,
    call: dict[str, Any] | None = None,
    /,
    **given: Any,
) -> Applied | ShapeError | Unknown:
    version = KerasVersion(Contract.D if keras[0] == 3 else Contract.C, *keras)
    return apply_layer(Configuration(name, bind(name, given, version), keras), inputs, call)


def tensor(*sizes: Any, dtype: str = "float32") -> Tensor:
    return Tensor(sizes, dtype)


def shapes(answer: Applied | ShapeError | Unknown) -> list[str]:
    assert isinstance(answer, Applied), answer
    return [format_shape(one.shape) for one in flatten(answer.output)]


@pytest.mark.parametrize("keras", [KERAS_3, KERAS_2])
def test_named_sizes_go_through(keras: tuple[int, int, int]) -> None:
    assert shapes(apply("Concatenate", [tensor(None, n), tensor(None, 3)], keras)) == ["(None, n + 3)"]
    assert shapes(apply("Add", [tensor(None, n, 3), tensor(None, n, 1)], keras)) == ["(None, n, 3)"]
    assert shapes(apply("LSTM", tensor(None, n, 3), keras, units=m, return_sequences=True)) == ["(None, n, m)"]
    lstm = Nested("LSTM", {"units": m})
    assert shapes(apply("Bidirectional", tensor(None, n, 3), keras, layer=lstm)) == ["(None, 2*m)"]
    dense = Nested("Dense", {"units": m})
    assert shapes(apply("TimeDistributed", tensor(None, n, 3), keras, layer=dense)) == ["(None, n, m)"]
    heads = apply(
        "MultiHeadAttention", tensor(None, n, m), keras, {"value": tensor(None, 7, m)}, num_heads=2, key_dim=n
    )
    assert shapes(heads) == ["(None, n, m)"]


@pytest.mark.parametrize("keras", [KERAS_3, KERAS_2])
def test_sizes_that_may_be_equal_are_not_refused(keras: tuple[int, int, int]) -> None:
    assert isinstance(apply("Add", [tensor(None, n), tensor(None, 3)], keras), Applied)
    assert isinstance(apply("Concatenate", [tensor(None, n, 1), tensor(None, m, 1)], keras), Applied)
    assert isinstance(apply("Attention", [tensor(None, 4, n), tensor(None, 5, m)], keras), Applied)


@pytest.mark.parametrize(
    ("layer", "arguments", "formula"),
    [
        ("LSTM", {"units": 32}, "4 * ((8 + 32 + 1) * 32) = 5,248"),
        ("GRU", {"units": 32}, "3 * ((8 + 32 + 2) * 32) = 4,032"),
        ("GRU", {"units": 32, "reset_after": False}, "3 * ((8 + 32 + 1) * 32) = 3,936"),
        ("SimpleRNN", {"units": 32, "use_bias": False}, "(8 + 32) * 32 = 1,280"),
        ("Bidirectional", {"layer": Nested("LSTM", {"units": 32})}, "2 * (4 * ((8 + 32 + 1) * 32)) = 10,496"),
    ],
)
def test_a_formula_says_how_parameters_come_about(layer: str, arguments: dict[str, Any], formula: str) -> None:
    answer = apply(layer, tensor(None, 6, 8), **arguments)
    assert isinstance(answer, Applied)
    assert answer.formula == (formula,)
    assert answer.weights is not None
    total = formula.rpartition(" = ")[2].replace(",", "")
    assert sum(int(str(weight.size)) for weight in answer.weights) == int(total)


@pytest.mark.parametrize(
    ("layer", "arguments", "inputs", "call"),
    [
        ("LSTM", {"units": 3}, tensor(None, 4, 5), {"initial_state": [tensor(None, 3), tensor(None, 4)]}),
        ("Attention", {}, [tensor(None, 4, 5), tensor(None, 6, 7)], {}),
        ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, tensor(None, 4), {"value": tensor(None, 4)}),
        ("RandomFlip", {}, tensor(None, 5), {}),
    ],
)
def test_keras_3_fails_when_the_model_runs_and_keras_2_at_the_call(
    layer: str, arguments: dict[str, Any], inputs: Structure, call: dict[str, Any]
) -> None:
    for keras, stage in ((KERAS_3, "run"), (KERAS_2, "build")):
        answer = apply(layer, inputs, keras, call, **arguments)
        assert isinstance(answer, ShapeError), answer
        assert answer.stage == stage


def test_keras_2_unrolls_when_it_is_called_and_keras_3_when_it_knows_the_steps() -> None:
    steps = tensor(None, None, 5)
    assert isinstance(apply("LSTM", steps, KERAS_3, units=3, unroll=True), Applied)
    answer = apply("LSTM", steps, KERAS_2, units=3, unroll=True)
    assert isinstance(answer, ShapeError)
    assert answer.kind == "axis-undefined"


def test_the_bias_of_gru_depends_on_the_version() -> None:
    """Keras 2.3 has one bias, tf.keras and Keras 3 have two."""
    arguments = {"units": 4, "use_bias": True}
    for keras, bias in (((2, 3, 1), (12,)), ((2, 4, 0), (2, 12)), (KERAS_3, (2, 12))):
        answer = apply_layer(Configuration("GRU", arguments, keras), tensor(None, 6, 8))
        assert isinstance(answer, Applied)
        assert answer.weights is not None
        assert answer.weights[-1].shape == bias


def test_what_only_adapt_learns_is_unknown() -> None:
    words = tensor(None, 1, dtype="string")
    assert shapes(apply("StringLookup", words, vocabulary=["a", "b"], output_mode="multi_hot")) == ["(None, 3)"]
    assert shapes(apply("StringLookup", words, max_tokens=9, pad_to_max_tokens=True, output_mode="count")) == [
        "(None, 9)"
    ]
    answer = apply("StringLookup", words, output_mode="multi_hot")
    assert answer == Unknown("the size of the vocabulary is known only after `adapt`")
