"""Layers against real Keras, both generations, on random configurations; and what needs no Keras to be judged."""

from __future__ import annotations

from random import Random

import pytest

from keras_lsp.catalogue import Contract, KerasVersion
from keras_lsp.oracle.process import KerasWorker
from keras_lsp.shapes.configuration import Configuration, UnknownValue
from keras_lsp.shapes.dim import format_shape, opaque, symbol
from keras_lsp.shapes.outcome import Applied, ShapeError, Unknown
from keras_lsp.shapes.registry import apply_layer, construct_layer
from keras_lsp.shapes.tensor import Tensor
from tests.shapes.configurations import ENTRIES, draw_question
from tests.shapes.exam import bind, draw, examine, version_of

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


def configuration(layer: str, keras: tuple[int, int, int] = (3, 15, 1), **arguments: object) -> Configuration:
    """A layer with its defaults bound."""
    version = KerasVersion(Contract.D if keras[0] == 3 else Contract.C, *keras)
    return Configuration(layer, bind(layer, arguments, version), keras)


def shape_after(layer: str, *sizes: object, keras: tuple[int, int, int] = (3, 15, 1), **arguments: object) -> str:
    answer = apply_layer(configuration(layer, keras, **arguments), Tensor(sizes, "float32"))  # type: ignore[arg-type]
    assert isinstance(answer, Applied), answer
    assert isinstance(answer.output, Tensor)
    return format_shape(answer.output.shape)


n, m = symbol("n"), symbol("m")


@pytest.mark.parametrize("keras", [(3, 15, 1), (3, 6, 0), (2, 15, 1)])
@pytest.mark.parametrize(
    ("layer", "arguments", "sizes", "expected"),
    [
        ("Conv1D", {"filters": 8, "kernel_size": 3}, (None, n, 4), "(None, n - 2, 8)"),
        ("Conv1D", {"filters": 8, "kernel_size": 3, "padding": "same"}, (None, n, 4), "(None, n, 8)"),
        ("Conv1D", {"filters": n, "kernel_size": 1}, (None, 9, 4), "(None, 9, n)"),
        ("Conv2D", {"filters": 8, "kernel_size": 3, "strides": 2}, (None, n, m, 1), None),
        ("Conv2DTranspose", {"filters": 8, "kernel_size": 2, "strides": 2}, (None, n, m, 1), "(None, 2*n, 2*m, 8)"),
        ("UpSampling2D", {"size": 2}, (None, n, m, 3), "(None, 2*n, 2*m, 3)"),
        ("ZeroPadding2D", {"padding": 1}, (None, n, m, 3), "(None, n + 2, m + 2, 3)"),
        ("Cropping1D", {"cropping": 1}, (None, n, 3), "(None, n - 2, 3)"),
        ("MaxPooling1D", {"pool_size": 2}, (None, 2 * n, 3), "(None, n, 3)"),
        ("Flatten", {}, (None, n, 3), "(None, 3*n)"),
        ("Reshape", {"target_shape": (-1, 3)}, (None, n, 3), "(None, n, 3)"),
        ("Reshape", {"target_shape": (n, 3)}, (None, 3 * n), "(None, n, 3)"),
        ("Dense", {"units": m}, (None, n), "(None, m)"),
        ("RepeatVector", {"n": n}, (None, 5), "(None, n, 5)"),
        ("Embedding", {"input_dim": n, "output_dim": m}, (None, 7), "(None, 7, m)"),
        ("GlobalAveragePooling2D", {}, (None, n, m, 3), "(None, 3)"),
        ("BatchNormalization", {}, (None, n, m), "(None, n, m)"),
    ],
)
def test_named_sizes_go_through(
    layer: str,
    arguments: dict[str, object],
    sizes: tuple[object, ...],
    expected: str | None,
    keras: tuple[int, int, int],
) -> None:
    shown = shape_after(layer, *sizes, keras=keras, **arguments)
    assert expected is None or shown == expected


def test_parameters_of_named_sizes() -> None:
    answer = apply_layer(configuration("Dense", units=m), Tensor((None, n), "float32"))
    assert isinstance(answer, Applied)
    assert answer.weights is not None
    assert [str(weight.size) for weight in answer.weights] == ["m*n", "m"]
    assert answer.formula == ("(n + 1) * m = m*n + m",)


def test_a_formula_says_how_sizes_come_about() -> None:
    answer = apply_layer(configuration("Dense", units=32), Tensor((None, 784), "float32"))
    assert isinstance(answer, Applied)
    assert answer.formula == ("(784 + 1) * 32 = 25,120",)
    answer = apply_layer(configuration("Conv2D", filters=8, kernel_size=3), Tensor((None, 28, 28, 1), "float32"))
    assert isinstance(answer, Applied)
    assert answer.formula == ("floor((28 - 3) / 1) + 1 = 26", "(3 * 3 * 1 + 1) * 8 = 80")


@pytest.mark.parametrize("keras", [(3, 15, 1), (2, 15, 1)])
@pytest.mark.parametrize("layer", sorted(ENTRIES))
def test_a_size_nothing_is_known_about_is_never_an_error(layer: str, keras: tuple[int, int, int]) -> None:
    """Sizes replaced by opaque ones must not lead to an error that the same ranks with fitting sizes would not give."""
    entry = ENTRIES[layer]
    if keras[0] not in entry.generations:
        return
    version = KerasVersion(Contract.D if keras[0] == 3 else Contract.C, *keras)
    random = Random(layer)
    sizes = {"axis-size", "spatial-size", "reshape-size", "merge", "divisibility", "broadcast", "matmul"}
    for _ in range(60):
        question = draw_question(random, keras[0], layer)
        if question.call or any(spec.dtype != "float32" for spec in question.inputs):
            continue
        bound = Configuration(layer, bind(layer, question.arguments, version), keras)
        if construct_layer(bound) is not None:
            continue
        hidden = [Tensor(tuple(opaque() for _ in spec.shape), spec.dtype) for spec in question.inputs]
        answer = apply_layer(bound, hidden[0] if len(hidden) == 1 else list(hidden))
        if isinstance(answer, ShapeError):
            assert answer.kind not in sizes, (question, answer)


def test_sizes_of_unknown_arguments_are_unknown() -> None:
    answer = apply_layer(
        configuration("Dense", units=UnknownValue("it comes from a file")), Tensor((None, 3), "float32")
    )
    assert answer == Unknown("the value of `units` is not known: it comes from a file")


@pytest.mark.parametrize(
    ("keras", "text"),
    [
        ((2, 4, 0), "ValueError: Input 0 of layer conv2d is incompatible with the layer: : expected min_ndim=4, found ndim=3. Full shape received: [None, 28, 28]"),
        ((2, 15, 1), 'ValueError: Input 0 of layer "conv2d" is incompatible with the layer: expected min_ndim=4, found ndim=3. Full shape received: (None, 28, 28)'),
        ((3, 6, 0), 'ValueError: Input 0 of layer "conv2d" is incompatible with the layer: expected min_ndim=4, found ndim=3. Full shape received: (None, 28, 28)'),
        ((3, 15, 1), "ValueError: Input 0 with name 'None' of layer 'conv2d' is incompatible with the layer: expected min_ndim=4, found ndim=3. Full shape received: (None, 28, 28)"),
    ],
)  # fmt: skip
def test_a_refusal_speaks_as_the_version_does(keras: tuple[int, int, int], text: str) -> None:
    arguments = configuration("Conv2D", filters=8, kernel_size=3).arguments
    answer = apply_layer(Configuration("Conv2D", arguments, keras), Tensor((None, 28, 28), "float32"))
    assert isinstance(answer, ShapeError)
    assert (answer.kind, answer.text) == ("rank", text)
    assert answer.facts["min_rank"] == 4


def test_a_window_larger_than_its_input_fails_when_the_version_does() -> None:
    """Until Keras 3.14 the symbolic call passes and the model fails when it computes."""
    arguments = configuration("MaxPooling2D").arguments
    stages: dict[tuple[int, int, int], str] = {}
    for keras in ((2, 15, 1), (3, 6, 0), (3, 13, 0), (3, 14, 0), (3, 15, 1)):
        answer = apply_layer(Configuration("MaxPooling2D", arguments, keras), Tensor((None, 1, 1, 3), "float32"))
        assert isinstance(answer, ShapeError)
        stages[keras] = answer.stage
    assert list(stages.values()) == ["build", "run", "run", "run", "build"]


@pytest.mark.parametrize(
    ("layer", "arguments", "sizes", "before", "since"),
    [
        ("Discretization", {}, (None, 4), (3, 8, 0), (3, 9, 0)),
        ("MelSpectrogram", {"fft_length": 128, "sequence_length": 3000}, (2, 891), (3, 13, 0), (3, 14, 0)),
        ("CenterCrop", {"height": 5, "width": 9}, (None, 4, 6, 5, 3), (3, 1, 0), (3, 2, 0)),
        ("RandomColorDegeneration", {"factor": 0.5}, (None, 7, 9, 1), (3, 14, 0), (3, 15, 0)),
        ("ConvLSTM1D", {"filters": 1, "kernel_size": 1, "strides": 2, "dilation_rate": 2}, (None, 3, 6, 1), (3, 13, 0), (3, 14, 0)),
    ],
)  # fmt: skip
def test_checks_that_came_with_a_version_of_keras_3(
    layer: str,
    arguments: dict[str, object],
    sizes: tuple[int | None, ...],
    before: tuple[int, int, int],
    since: tuple[int, int, int],
) -> None:
    """Found by the exam in environments with Keras 3.0.5, 3.3, 3.6, 3.9 and 3.12."""
    refused: list[bool] = []
    for keras in (before, since):
        made = configuration(layer, keras, **arguments)
        answer = construct_layer(made) or apply_layer(made, Tensor(sizes, "float32"))
        refused.append(isinstance(answer, ShapeError))
    assert refused == [False, True]


def test_answers_of_older_versions_of_keras_3() -> None:
    bins = {"bin_boundaries": [0.0, 1.0]}
    for keras, dtype in (((3, 11, 0), "int64"), ((3, 12, 0), "int32")):
        answer = apply_layer(configuration("Discretization", keras, **bins), Tensor((None, 4), "float32"))
        assert answer == Applied(Tensor((None, 4), dtype))
    assert shape_after("Discretization", None, 1, keras=(3, 13, 0), output_mode="one_hot", **bins) == "(None, 1)"
    assert shape_after("Discretization", None, 1, keras=(3, 14, 0), output_mode="one_hot", **bins) == "(None, 3)"
    pair = [Tensor((None, 2, 7), "float32"), Tensor((None, 4, 1), "float32")]
    last: list[object] = []
    for keras in ((3, 0, 5), (3, 1, 1)):
        answer = apply_layer(configuration("AdditiveAttention", keras, use_scale=False), pair)
        assert isinstance(answer, Applied) and isinstance(answer.output, Tensor) and answer.output.shape
        last.append(answer.output.shape[-1])
    assert last == [7, 1]
    for keras, known in (((3, 7, 0), False), ((3, 8, 0), True)):
        scored = apply_layer(configuration("Attention", keras), pair[:1] * 2, {"return_attention_scores": True})
        assert isinstance(scored, Applied) == known


def test_a_huge_layer_costs_nothing() -> None:
    answer = apply_layer(configuration("Dense", units=10**30), Tensor((None, 10**30), "float32"))
    assert isinstance(answer, Applied)
    assert answer.weights is not None
    assert answer.weights[0].size == 10**60
