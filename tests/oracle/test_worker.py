"""The Keras worker against the real Keras of both generations."""

from __future__ import annotations

import time

import pytest

from keras_lsp.oracle.process import KerasWorker
from keras_lsp.oracle.questions import (
    Answer,
    ApplicationQuestion,
    LayerQuestion,
    OpQuestion,
    Question,
    layer,
    tensor,
)
from tests.patience import allowed


def spec(*shape: int | None, dtype: str = "float32") -> dict[str, object]:
    return {"shape": list(shape), "dtype": dtype}


def ask_layer(
    worker: KerasWorker, name: str, *args: object, on: list[object] | None = None, **kwargs: object
) -> Answer:
    mode = kwargs.pop("mode", "symbolic")
    call = kwargs.pop("call", {})
    return worker.ask(
        LayerQuestion(
            name=f"keras.layers.{name}", args=args, arguments=kwargs, inputs=on, mode=mode, call_arguments=call
        )
    )


@pytest.fixture(params=["keras3_worker", "tf_keras_worker"])
def worker(request: pytest.FixtureRequest) -> KerasWorker:
    return request.getfixturevalue(request.param)


def test_introduces_itself(keras3_worker: KerasWorker, tf_keras_worker: KerasWorker) -> None:
    identity = keras3_worker.identity
    assert identity is not None
    assert identity.keras.startswith("3.15")
    assert keras3_worker.state == f"ready Keras {identity.keras} (TensorFlow {identity.backend_version})"
    assert tf_keras_worker.state.startswith("ready Keras 2.21")


GIANTS = [
    ("Dense", (50_000,), spec(None, 50_000), (None, 50_000), 50_000 * 50_000 + 50_000),
    ("Embedding", (10_000_000, 1024), spec(None, 12, dtype="int32"), (None, 12, 1024), 10_240_000_000),
    ("Conv2D", (8192, 7), spec(None, 64, 64, 8192), (None, 58, 58, 8192), 7 * 7 * 8192 * 8192 + 8192),
]


@pytest.mark.parametrize(("name", "args", "given", "shape", "params"), GIANTS, ids=[row[0] for row in GIANTS])
def test_giants_take_no_memory_and_no_time(worker, name, args, given, shape, params) -> None:
    ask_layer(worker, name, *args, on=[given])  # the first call of a kind compiles caches of TensorFlow
    before = worker.resident_mb
    started = time.perf_counter()
    answer = ask_layer(worker, name, *args, on=[given])
    seconds = time.perf_counter() - started
    assert answer.shape == shape
    assert answer.params == answer.trainable == params
    # 10 ms alone; the limit leaves room for a machine that does ten other things.
    assert seconds < 0.5
    assert worker.resident_mb - before < 50


def test_weights_have_names_shapes_and_trainability(worker: KerasWorker) -> None:
    answer = ask_layer(worker, "BatchNormalization", on=[spec(None, 3)])
    assert answer.weights is not None
    assert [(w.name, w.shape, w.trainable) for w in answer.weights] == [
        ("gamma", (3,), True),
        ("beta", (3,), True),
        ("moving_mean", (3,), False),
        ("moving_variance", (3,), False),
    ]
    assert (answer.params, answer.trainable) == (12, 6)


def test_structures_of_inputs_and_outputs(worker: KerasWorker) -> None:
    lstm = ask_layer(worker, "LSTM", 4, return_sequences=True, return_state=True, on=[spec(None, 5, 3)])
    assert lstm.shapes == ((None, 5, 4), (None, 4), (None, 4))
    merged = ask_layer(worker, "Concatenate", on=[[spec(None, 2, 3), spec(None, 2, 4)]])
    assert merged.shape == (None, 2, 7)
    both = ask_layer(worker, "Bidirectional", layer("LSTM", 4, return_sequences=True), on=[spec(None, 5, 3)])
    assert both.shape == (None, 5, 8)
    attended = ask_layer(
        worker,
        "MultiHeadAttention",
        2,
        3,
        on=[spec(None, 5, 4), spec(None, 7, 4)],
        call={"return_attention_scores": True},
        mode="trace",  # Keras 3.15's own symbolic answer has the query's length twice
    )
    assert attended.shapes == ((None, 5, 4), (None, 2, 5, 7))
    started = ask_layer(
        worker,
        "GRU",
        4,
        on=[spec(None, 5, 3)],
        call={"initial_state": [tensor((None, 4))]},
    )
    assert started.shape == (None, 4)


def test_dtypes_and_policies(worker: KerasWorker) -> None:
    question = LayerQuestion(
        name="keras.layers.Dense", args=[8], inputs=[spec(None, 3)], settings={"dtype_policy": "mixed_float16"}
    )
    assert worker.ask(question).dtypes == ("float16",)
    # The policy is forgotten after the question.
    assert ask_layer(worker, "Dense", 8, on=[spec(None, 3)]).dtypes == ("float32",)


ERRORS_3 = [
    (
        ("Conv2D", 8, 3),
        [spec(None, 2, 3)],
        "call",
        "Input 0 of layer 'conv2d' is incompatible with the layer: expected min_ndim=4, found ndim=3."
        " Full shape received: (None, 2, 3)",
    ),
    (
        ("Reshape", (3, 3)),
        [spec(None, 8)],
        "call",
        "The total size of the tensor must be unchanged. Received: input_shape=(8,), target_shape=(3, 3)",
    ),
    (
        ("Dense", -3),
        None,
        "construct",
        "Received an invalid value for `units`, expected a positive integer. Received: units=-3",
    ),
]
ERRORS_2 = [
    (
        ("Conv2D", 8, 3),
        [spec(None, 2, 2, 3)],
        "call",
        "Negative dimension size caused by subtracting 3 from 2 with input shapes: [?,2,2,3], [3,3,3,8].",
    ),
    (
        ("Conv2D", 8, 3),
        [spec(None, 2, 3)],
        "call",
        'Input 0 of layer "conv2d" is incompatible with the layer: expected min_ndim=4, found ndim=3.'
        " Full shape received: (None, 2, 3)",
    ),
    (
        ("Reshape", (3, 3)),
        [spec(None, 8)],
        "call",
        "total size of new array must be unchanged, input_shape = [8], output_shape = [3, 3]",
    ),
]


@pytest.mark.parametrize(("made", "given", "stage", "message"), ERRORS_3)
def test_errors_of_keras_3_word_by_word(keras3_worker, made, given, stage, message) -> None:
    answer = ask_layer(keras3_worker, *made, on=given)
    assert answer.error is not None
    assert (answer.error.type, answer.error.stage, answer.error.message) == ("ValueError", stage, message)


@pytest.mark.parametrize(("made", "given", "stage", "message"), ERRORS_2)
def test_errors_of_keras_2_word_by_word(tf_keras_worker, made, given, stage, message) -> None:
    answer = ask_layer(tf_keras_worker, *made, on=given)
    assert answer.error is not None
    assert (answer.error.type, answer.error.stage, answer.error.message) == ("ValueError", stage, message)


def test_tracing_says_what_fit_would(keras3_worker: KerasWorker) -> None:
    given = [spec(None, 4), spec(None, 4)]
    symbolic = ask_layer(keras3_worker, "MultiHeadAttention", 2, 3, on=given)
    traced = ask_layer(keras3_worker, "MultiHeadAttention", 2, 3, on=given, mode="trace")
    assert symbolic.ok
    assert traced.error is not None
    assert traced.error.type == "IndexError"
    good = ask_layer(keras3_worker, "LSTM", 4, on=[spec(None, 5, 3)], mode="trace")
    assert (good.shape, good.params) == ((None, 4), 128)


def test_first_layer_keywords(keras3_worker: KerasWorker, tf_keras_worker: KerasWorker) -> None:
    for worker in (keras3_worker, tf_keras_worker):
        answer = ask_layer(worker, "Dense", 32, input_shape=(784,), mode="first")
        assert (answer.shape, answer.params) == ((None, 32), 25_120)
        assert answer.layers is not None
        assert [(row.class_name, row.params) for row in answer.layers] == [("Dense", 25_120)]
    old = ask_layer(tf_keras_worker, "LSTM", 8, input_length=6, input_dim=8, mode="first")
    assert (old.shape, old.inputs) == ((None, 8), [{"shape": [None, 6, 8], "dtype": "float32"}])
    new = ask_layer(keras3_worker, "LSTM", 8, input_length=6, input_dim=8, mode="first")
    assert new.error is not None
    assert new.error.message == "Unrecognized keyword arguments passed to LSTM: {'input_length': 6}"
    deferred = ask_layer(keras3_worker, "Dense", 8, mode="first")
    assert deferred.ok
    assert deferred.output is None
    assert deferred.params is None


def test_ops(keras3_worker: KerasWorker, tf_keras_worker: KerasWorker) -> None:
    def op(name: str, *args: object, **kwargs: object) -> OpQuestion:
        return OpQuestion(name=name, args=args, kwargs=kwargs)

    x = tensor((None, 4, 5))
    asked: list[Question] = [
        op("keras.ops.reshape", tensor((None, 4)), (-1, 2)),
        op("keras.ops.argmax", x, axis=-1),
        op("keras.ops.shape", x),
        op("tensorflow.reduce_mean", x, 1),
        op("operator.getitem", x, (slice(None), -1)),
        op("keras.ops.matmul", x, tensor((None, 4, 2))),
    ]
    got = keras3_worker.ask_many(asked)
    assert [answer.shape for answer in got[:2]] == [(None, 2), (None, 4)]
    assert got[1].dtypes == ("int32",)
    assert got[2].output == {"value": [None, 4, 5]}
    assert [answer.shape for answer in got[3:5]] == [(None, 5), (None, 5)]
    assert got[5].error is not None
    old = tf_keras_worker.ask_many(
        [
            op("keras.backend.expand_dims", x, 1),
            OpQuestion(name="keras.backend.expand_dims", args=[x, 1], mode="trace"),
            op("tensorflow.concat", [x, x], axis=1),
            op("keras.ops.reshape", x, (-1,)),
        ]
    )
    assert [answer.shape for answer in old[:3]] == [(None, 1, 4, 5), (None, 1, 4, 5), (None, 8, 5)]
    assert old[3].unknown == "the installed Keras has no function named ops.reshape"


def test_applications_without_weights(worker: KerasWorker) -> None:
    question = ApplicationQuestion(
        name="keras.applications.VGG16", arguments={"weights": "imagenet", "include_top": False}
    )
    answer = worker.ask(question)
    assert answer.layers is not None
    assert [row.class_name for row in answer.layers[:3]] == ["InputLayer", "Conv2D", "Conv2D"]
    assert answer.layers[1].output == {"shape": [None, None, None, 64], "dtype": "float32"}
    assert (answer.shape, answer.params) == ((None, None, None, 512), 14_714_688)


def test_long_unrolling_is_not_waited_for(worker: KerasWorker) -> None:
    started = time.perf_counter()
    answer = ask_layer(worker, "LSTM", 8, unroll=True, on=[spec(None, 800, 3)])
    assert answer.shape == (None, 8)
    assert time.perf_counter() - started < allowed(5)  # tracing 800 steps takes 10 to 30 s
    undefined = ask_layer(worker, "LSTM", 8, unroll=True, on=[spec(None, None, 3)], mode="trace")
    assert undefined.error is not None
    assert "unroll" in undefined.error.message.lower()


def test_arrays_as_arguments(tf_keras_worker: KerasWorker) -> None:
    weights = [{"array": {"shape": [1000, 50], "dtype": "float32"}}]
    good = ask_layer(tf_keras_worker, "Embedding", 1000, 50, weights=weights, on=[spec(None, 7, dtype="int32")])
    assert good.shape == (None, 7, 50)
    bad = ask_layer(tf_keras_worker, "Embedding", 999, 50, weights=weights, on=[spec(None, 7, dtype="int32")])
    assert bad.error is not None
    assert "not compatible" in bad.error.message


REFUSED: list[tuple[Question, str]] = [
    (LayerQuestion(name="keras.layers.Lambda", args=["lambda x: x"]), "Lambda"),
    (LayerQuestion(name="keras.layers.TFSMLayer", args=["model"]), "file"),
    (LayerQuestion(name="keras.layers.StringLookup", arguments={"vocabulary": "words.txt"}), "file"),
    (LayerQuestion(name="keras.layers.StringLookup", arguments={"vocabulary": ["/etc/passwd"]}), "path"),
    (LayerQuestion(name="keras.layers.Dense", args=[3], arguments={"activation": "mine>Act"}), "custom"),
    (LayerQuestion(name="keras.layers.Dense", args=[3], arguments={"activation": "https://x"}), "URL"),
    (
        LayerQuestion(
            name="keras.layers.Dense",
            args=[3],
            arguments={"kernel_initializer": {"module": "os", "class_name": "system", "config": {}}},
        ),
        "serialized",
    ),
    (
        LayerQuestion(name="keras.layers.Dense", args=[3], arguments={"activation": {"dict": [["class_name", "x"]]}}),
        "serialized",
    ),
    (LayerQuestion(name="keras.layers.layers.os.system", args=["true"]), "not a public"),
    (LayerQuestion(name="keras.layers.Layer.__init__"), "not a public"),
    (LayerQuestion(name="keras.models.load_model", args=["x"]), "not a public"),
    (LayerQuestion(name="os.system", args=["true"]), "not a public"),
    (LayerQuestion(name="keras.layers.Dense", args=[{"object": "keras.utils.get_file"}]), "not a public"),
    (LayerQuestion(name="keras.layers.Dense", args=[{"reference": "tensorflow.py_function"}]), "may call"),
    (OpQuestion(name="tensorflow.io.read_file", args=["x"]), "may call"),
    (OpQuestion(name="tensorflow.load_op_library", args=["x"]), "may call"),
    (OpQuestion(name="tensorflow.py_function", args=["x"]), "may call"),
    (OpQuestion(name="keras.backend.clear_session"), "tensors alone"),
    (OpQuestion(name="keras.backend.set_floatx", args=["float16"]), "tensors alone"),
    (OpQuestion(name="keras.utils.get_file", args=["x", "y"]), "not a public"),
    (OpQuestion(name="operator.attrgetter", args=["x"]), "not a public"),
    (ApplicationQuestion(name="keras.applications.vgg16.preprocess_input"), "not an application"),
    (LayerQuestion(name="keras.layers.Dense", args=[{"array": {"shape": [10**5, 10**5]}}]), "too large"),
    (LayerQuestion(name="keras.layers.Dense", args=[3], inputs=[spec(None, 2**31)]), "out of range"),
    (LayerQuestion(name="keras.layers.Dense", args=[3], inputs=[{"shape": [None, "n"]}]), "not a number"),
    (LayerQuestion(name="keras.layers.Dense", args=[10**30]), "64 bits"),
    (LayerQuestion(name="keras.layers.Dense", args=[object()]), "not a literal"),
]


@pytest.mark.parametrize(("question", "because"), REFUSED, ids=lambda value: getattr(value, "name", None))
def test_refuses(worker: KerasWorker, question: Question, because: str) -> None:
    answer = worker.ask(question)
    assert answer.unknown is not None
    assert because in answer.unknown


def test_a_question_that_needs_too_much_memory_is_unknown(worker: KerasWorker) -> None:
    name = "keras.ops.ones" if worker.identity.keras.startswith("3") else "keras.backend.ones"
    answer = worker.ask(OpQuestion(name=name, args=[(2**17, 2**17)]))
    # Keras 3 makes a constant, Keras 2 a variable without a buffer: either is right, a false error is not.
    assert answer.error is None
    assert ask_layer(worker, "Dense", 3, on=[spec(None, 3)]).ok


def test_a_batch_keeps_its_order(worker: KerasWorker) -> None:
    asked = [
        LayerQuestion(name="keras.layers.Dense", args=[1 + index % 7], inputs=[spec(None, 1 + index % 5)])
        for index in range(300)
    ]
    answers = worker.ask_many(asked)
    assert [answer.shape for answer in answers] == [(None, 1 + index % 7) for index in range(300)]
    assert [answer.params for answer in answers] == [(1 + i % 5 + 1) * (1 + i % 7) for i in range(300)]


def mixed(count: int) -> list[Question]:
    kinds: list[Question] = [
        LayerQuestion(name="keras.layers.Dense", args=[30_000], inputs=[spec(None, 30_000)]),
        LayerQuestion(name="keras.layers.Conv2D", args=[8, 3], inputs=[spec(None, 28, 28, 3)]),
        LayerQuestion(name="keras.layers.Embedding", args=[100_000, 64], inputs=[spec(None, 9, dtype="int32")]),
        LayerQuestion(name="keras.layers.BatchNormalization", inputs=[spec(None, 9)]),
        LayerQuestion(name="keras.layers.Conv2D", args=[8, 3], inputs=[spec(None, 2, 2, 3)]),
        LayerQuestion(name="keras.layers.Dropout", args=[0.5], inputs=[spec(None, 9)]),
    ]
    return [kinds[index % len(kinds)] for index in range(count)]


def grown(worker: KerasWorker, warm: int, count: int) -> int:
    worker.ask_many(mixed(warm))
    before, restarts = worker.resident_mb, worker.restarts
    for _ in range(0, count, 500):
        assert all(answer.unknown is None for answer in worker.ask_many(mixed(500)))
    assert worker.restarts == restarts
    return worker.resident_mb - before


def test_memory_is_bounded_over_some_thousand_questions(worker: KerasWorker) -> None:
    # Keras 2 clears its session every 200 questions, and takes four times as long for each.
    count = 2_000 if worker.identity and worker.identity.keras.startswith("3") else 1_000
    assert grown(worker, 600, count) < 60


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_memory_is_bounded_over_100_000_questions(worker: KerasWorker) -> None:
    assert grown(worker, 5_000, 100_000) < 150
