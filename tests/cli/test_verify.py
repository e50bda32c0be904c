"""`check --verify` asks real Keras, and says where it disagrees."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from keras_lsp.analysis import analyse_document
from keras_lsp.catalogue import parse_version
from keras_lsp.cli.inputs import Input, read_input
from keras_lsp.cli.report import FileReport
from keras_lsp.cli.verify import verify
from keras_lsp.inference.world import World
from keras_lsp.oracle.cache import AnswerCache
from keras_lsp.oracle.service import KerasOracle, NullOracle
from keras_lsp.project.settings import Settings
from keras_lsp.shapes.tensor import Tensor

PROGRAM = """import keras
from keras import layers

images = keras.Input((28, 28, 3))
y = layers.Conv2D(8, 3, activation=keras.activations.relu, kernel_initializer=keras.initializers.HeNormal())(images)
y = layers.TimeDistributed(layers.Dense(5))(y)
z = layers.Concatenate()([y, y])
z = layers.Reshape((26, -1))(z)
z = layers.Bidirectional(layers.LSTM(8, return_sequences=True), merge_mode="sum")(z)
z = layers.MultiHeadAttention(2, 4)(z, z)
z = layers.Lambda(lambda t: t * 2)(z)
z = layers.Dropout(0.5)(z, training=True)
last = layers.Dense(colour="red", units=3)
wrong = layers.Conv2D(3, 3)(z)
"""


def look(program: str):
    source = read_input("a.py", program.encode())
    assert isinstance(source, Input)
    return source, analyse_document(source.document, World(parse_version("3.15")), Settings())


@pytest.fixture
def oracle(keras3_worker):
    """Real Keras, with nothing kept."""
    return KerasOracle(keras3_worker, AnswerCache(None))


def test_keras_agrees_with_every_call_and_every_failure(oracle):
    source, analysis = look(PROGRAM)
    report = FileReport("a.py")
    verify(source, analysis, oracle, report)
    assert report.disagreements == []
    assert report.verified == 11
    assert sum(report.undecided.values()) == 1, "the Lambda alone cannot be asked about"


def test_a_wrong_shape_a_wrong_count_and_a_wrong_failure_are_told(oracle):
    source, analysis = look(PROGRAM)
    layers = {layer.class_name: layer for layer in analysis.facts.layers}
    layers["Reshape"].applications[0].output = Tensor((None, 26, 99), "float32")
    first = next(layer for layer in analysis.facts.layers if layer.class_name == "Conv2D" and layer.weights)
    assert first.weights is not None
    first.weights = (*first.weights, replace(first.weights[0], shape=(7,)))
    dropout = layers["Dropout"].applications[0]
    failing = next(a for layer in analysis.facts.layers for a in layer.applications if a.error is not None)
    dropout.error, failing.error, failing.output = failing.error, None, Tensor((1, 2), "float32")
    report = FileReport("a.py")
    verify(source, analysis, oracle, report)
    told = "\n".join(report.disagreements)
    assert "a.py:8:5: Reshape: shape: expected (None, 26, 99), Keras gives (None, 26, 260)" in told
    assert "a.py:5:5: Conv2D: parameters: expected 231, Keras has 224" in told
    assert "a.py:12:5: Dropout: expected an error, Keras accepts it" in told
    assert "a.py:14:9: Conv2D: expected no error, Keras raises ValueError" in told
    assert len(report.disagreements) == 4


def test_without_an_oracle_nothing_is_claimed():
    source, analysis = look(PROGRAM)
    report = FileReport("a.py")
    verify(source, analysis, NullOracle("no Keras here"), report)
    assert report.verified == 0 and report.undecided["no Keras here"] == 11


@pytest.mark.parametrize("version", ["3.15", "2.15"])
def test_the_command_asks_the_keras_of_the_project(command, version):
    command.write("a.py", "import keras\n" + PROGRAM.replace("colour='red', ", ""))
    arguments = ["check", "--verify", "--no-cache", "--python", sys.prefix, "--keras-version", version]
    result = command(*arguments, "--output-format", "concise")
    assert "disagrees with 0." in result.out, result.out
    assert "Keras was asked about" in result.out and "asked about 0 calls" not in result.out
    assert result.code == 1  # the program's own mistakes
    as_json = command(*arguments, "--output-format", "json")
    assert as_json.out.startswith("[") and "Keras was asked" in as_json.err
