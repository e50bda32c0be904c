"""`Input` and `InputLayer` in the versions where they differ: shapes, positional order, exact errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_lsp.catalogue import parse_version
from keras_lsp.catalogue.first_layer import UNKNOWN, resolve_first_layer, resolve_input, resolve_input_layer
from keras_lsp.catalogue.keywords import KEYWORDS

A, B, C, D0, D = "2.3", "tf2.2", "2.15", "3.0", "3.15"
BOTH_D = "ValueError: You cannot pass both `shape` and `batch_shape` at the same time."
BOTH_C = "ValueError: Only provide the `shape` OR `batch_input_shape` argument to Input, not both at the same time."


@pytest.mark.parametrize(
    ("version", "positional", "keywords", "shape", "dtype"),
    [
        (D, ((4,),), {}, (None, 4), "float32"),
        (D, ((4,), 2), {}, (2, 4), "float32"),
        (D, ((4,), 2, "int32"), {}, (2, 4), "int32"),  # the third is dtype in Keras 3 ...
        (C, ((4,), 2, "int32"), {}, (2, 4), "float32"),  # ... and name in Keras 2
        (A, ((4,), (3, 5)), {}, (3, 5), "float32"),  # the second is batch_shape in standalone Keras
        (A, (), {"shape": (4,), "batch_shape": (2, 5)}, (2, 5), "float32"),
        (C, (4,), {}, (None, 4), "float32"),
        (C, (), {"batch_shape": (2, 4), "batch_size": 7}, (2, 4), "float32"),
        (C, (), {"batch_input_shape": (2, 4)}, (2, 4), "float32"),
        (B, ([4],), {"batch_size": 3}, (3, 4), "float32"),
        (D, (), {"batch_shape": (None, 28, 28, 1), "dtype": "uint8"}, (None, 28, 28, 1), "uint8"),
        (D, ((True,),), {}, (None, 1), "float32"),
        (D, ((None, None),), {}, (None, None, None), "float32"),
    ],
)
def test_input(version: str, positional: tuple[Any, ...], keywords: dict[str, Any], shape: Any, dtype: str) -> None:
    got = resolve_input(keywords, parse_version(version), positional)
    assert (got.error, got.batch_shape, got.dtype) == (None, shape, dtype)


@pytest.mark.parametrize(
    ("version", "positional", "keywords", "error"),
    [
        (D, (4,), {}, "ValueError: Cannot convert '4' to a shape."),
        (A, (4,), {}, "TypeError: 'int' object is not iterable"),
        (D, (), {}, "ValueError: You must pass a `shape` argument."),
        (
            C,
            (),
            {},
            "ValueError: Please provide to Input a `shape` or a `tensor` or a `type_spec` argument. Note that `shape` "
            "does not include the batch dimension.",
        ),
        (D, (), {"shape": (4,), "batch_shape": (2, 4)}, BOTH_D),
        (C, (), {"shape": (4,), "batch_shape": (2, 4)}, BOTH_C),
        (D, (), {"input_shape": (4,)}, "TypeError: Input() got an unexpected keyword argument 'input_shape'"),
        (C, (), {"shape": (4,), "foo": 1}, "ValueError: Unrecognized keyword arguments: ['foo']"),
        (B, (), {"shape": (4,), "foo": 1}, "ValueError: ('Unrecognized keyword arguments:', dict_keys(['foo']))"),
        (A, (), {"shape": (4,), "batch_size": 2}, "TypeError: Input() got an unexpected keyword argument 'batch_size'"),
        (D, ((-1,),), {}, "ValueError: Cannot convert '(-1,)' to a shape. Negative dimensions are not allowed."),
        (
            D0,
            ((True,),),
            {},
            "ValueError: Cannot convert '(True,)' to a shape. Found invalid entry 'True' of type '<class 'bool'>'. ",
        ),
    ],
)
def test_input_errors(version: str, positional: tuple[Any, ...], keywords: dict[str, Any], error: str) -> None:
    got = resolve_input(keywords, parse_version(version), positional)
    assert (got.error, got.batch_shape) == (error, None)


def test_input_layer() -> None:
    for version in (A, B, C, D0, D):
        assert resolve_input_layer({}, parse_version(version), ((4,),)).batch_shape == (None, 4)
    got = resolve_input_layer({"input_shape": (4,)}, parse_version(D))
    assert got.batch_shape == (None, 4)
    assert got.warnings == ("UserWarning: Argument `input_shape` is deprecated. Use `shape` instead.",)
    assert resolve_input_layer({"batch_input_shape": (2, 4)}, parse_version(D)).batch_shape == (2, 4)
    # Keras 3's InputLayer swallows keywords that nobody knows, Keras 2's does not.
    assert resolve_input_layer({"shape": (4,), "foo": 1}, parse_version(D)).error is None
    assert "foo" in (resolve_input_layer({"foo": 1}, parse_version(C), ((4,),)).error or "")
    assert resolve_first_layer("InputLayer", {"shape": (4,)}, parse_version(D)).batch_shape == (None, 4)


def test_the_examples_of_the_documentation() -> None:
    def first(version: str, layer: str, **keywords: Any) -> Any:
        return resolve_first_layer(layer, keywords, parse_version(version))

    for version in (A, B, C, D):
        assert first(version, "Dense", input_shape=(784,)).batch_shape == (None, 784)
        assert first(version, "Dense", input_dim=784).batch_shape == (None, 784)
    for version in (A, B, C):
        assert first(version, "Dense", batch_size=32, input_shape=(6, 8)).batch_shape == (32, 6, 8)
        assert first(version, "LSTM", input_length=6, input_dim=8).batch_shape == (None, 6, 8)
    assert first(D, "LSTM", input_length=6, input_dim=8).error == (
        "ValueError: Unrecognized keyword arguments passed to LSTM: {'input_length': 6}"
    )
    assert first(D, "Dense", batch_size=32, input_shape=(6, 8)).error == (
        "ValueError: Unrecognized keyword arguments passed to Dense: {'batch_size': 32}"
    )


def test_what_loses_is_named() -> None:
    got = resolve_first_layer("Dense", {"input_dim": 5, "input_shape": (4,)}, parse_version(C))
    assert got.batch_shape == (None, 4)
    assert got.overruled == {"input_dim": "input_shape"}
    got = resolve_first_layer("Dense", {"batch_input_shape": (4, 5), "input_shape": (4,)}, parse_version(C))
    assert got.overruled == {"input_shape": "batch_input_shape"}
    got = resolve_first_layer("Embedding", {"input_length": 7, "input_shape": (5,)}, parse_version(C))
    assert (got.batch_shape, got.overruled) == ((None, 5), {"input_length": "input_shape"})
    got = resolve_first_layer("Dense", {"batch_size": 4}, parse_version(C))
    assert (got.batch_shape, got.ignored) == (None, ("batch_size",))
    got = resolve_first_layer("Embedding", {"input_length": 10}, parse_version(D))
    assert (got.batch_shape, got.ignored) == (None, ("input_length",))
    got = resolve_first_layer("Dense", {"input_shape": (4,)}, parse_version(C), position="later")
    assert (got.batch_shape, got.ignored) == (None, ("input_shape",))


def test_steps_within_keras_3() -> None:
    for version, warns in (("3.1", False), ("3.2", True), ("3.15", True)):
        got = resolve_first_layer("Embedding", {"input_length": 10}, parse_version(version))
        assert bool(got.warnings) is warns
        assert bool(got.error) is not warns
    assert resolve_first_layer("Embedding", {"weights": [0]}, parse_version("3.0")).error
    assert resolve_first_layer("Embedding", {"weights": [0]}, parse_version("3.3")).error is None
    assert resolve_first_layer("Dense", {"trainable": 1}, parse_version("3.10")).error is None
    assert "boolean" in (resolve_first_layer("Dense", {"trainable": 1}, parse_version("3.15")).error or "")


def test_preprocessing_layers_have_rules_of_their_own() -> None:
    got = resolve_first_layer("IntegerLookup", {"input_shape": (1,), "batch_size": 4}, parse_version(D))
    assert got.error == "ValueError: Unrecognized keyword argument(s): {'input_shape': (1,), 'batch_size': 4}"
    assert resolve_first_layer("HashedCrossing", {"dtype": "int64"}, parse_version(C)).error is None
    assert resolve_first_layer("TextVectorization", {"dtype": "string"}, parse_version(C)).error is None
    got = resolve_first_layer("SpatialDropout1D", {"input_shape": (8, 3)}, parse_version(D))
    assert got.error == "TypeError: SpatialDropout1D.__init__() got an unexpected keyword argument 'input_shape'"


def test_unknown_and_symbolic_values() -> None:
    class Symbol:
        """A named size, as the interpreter of user programs makes one."""

    n = Symbol()
    for version in (A, B, C, D):
        parsed = parse_version(version)
        assert resolve_first_layer("Dense", {"input_dim": n}, parsed).batch_shape == (None, n)
        assert resolve_first_layer("Dense", {"input_shape": (n, 3)}, parsed).batch_shape == (None, n, 3)
        for keywords in ({"input_shape": UNKNOWN}, {"input_shape": (3, UNKNOWN)}, {"input_dim": UNKNOWN}):
            got = resolve_first_layer("Dense", keywords, parsed)
            assert got.unknown
            assert (got.batch_shape, got.error) == (None, None)
        assert resolve_input({"shape": UNKNOWN}, parsed).unknown
        assert resolve_input({"shape": object()}, parsed).unknown
    # A keyword that is refused is refused whatever its value is.
    assert resolve_first_layer("Dense", {"batch_size": UNKNOWN, "input_shape": (3,)}, parse_version(D)).error


LITERALS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.just(UNKNOWN)
    | st.builds(object),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=6,
)


@given(
    st.sampled_from(["Dense", "LSTM", "Embedding", "Conv1D", "SpatialDropout1D", "Mine", "InputLayer", ""]),
    st.dictionaries(st.sampled_from([*KEYWORDS, "foo", "units", "shape"]), LITERALS, max_size=4),
    st.lists(LITERALS, max_size=3),
    st.sampled_from([A, B, "tf2.3", C, D0, "3.2", D]),
)
def test_no_value_raises(layer: str, keywords: dict[str, Any], positional: list[Any], version: str) -> None:
    parsed = parse_version(version)
    for got in (
        resolve_first_layer(layer, keywords, parsed),
        resolve_input(keywords, parsed, positional),
        resolve_input_layer(keywords, parsed, positional),
    ):
        assert sum(x is not None for x in (got.batch_shape, got.error, got.unknown)) <= 1


def test_numbers_too_large_to_write() -> None:
    for version in (A, B, C, D):
        parsed = parse_version(version)
        huge = 10**5000
        for keywords in ({"input_shape": (-huge,)}, {"foo": huge}, {"input_shape": (huge,)}, {"name": huge}):
            got = resolve_first_layer("Dense", keywords, parsed)
            assert got.unknown or got.error or got.batch_shape or version in (A, B)
            resolve_input({"shape": (-huge,)}, parsed)
