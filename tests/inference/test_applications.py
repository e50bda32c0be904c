"""Models of `keras.applications`, by interpreting the installed source, against the models that real Keras makes.

A few in the default run, all of both generations with `python -m pytest tests/inference/test_applications.py -m ""`.
"""

from __future__ import annotations

from typing import Any

import pytest

from keras_lsp.catalogue import load_catalogue
from keras_lsp.catalogue.version import parse_version
from keras_lsp.inference.budget import Budget
from keras_lsp.inference.facts import ModelFact
from keras_lsp.inference.interpreter import infer
from keras_lsp.inference.world import World
from keras_lsp.oracle.process import KerasWorker
from keras_lsp.oracle.questions import Answer, ApplicationQuestion
from keras_lsp.oracle.verify import output_shapes
from keras_lsp.project.sources import LibraryFinder
from keras_lsp.shapes.tensor import flatten
from keras_lsp.syntax.parse import parse

SMALL = ("MobileNetV2", "VGG16", "ResNet50", "EfficientNetB0", "ConvNeXtTiny")
"""One of each family that is built another way."""

SECONDS = 3600
"""For one model of real Keras: the largest ones have 1,000 layers, and the machine may be busy."""


def names(version: str) -> list[str]:
    """The applications of a version, each once."""
    catalogue = load_catalogue(parse_version(version))
    found = (catalogue.symbol(f"keras.applications.{name}") for name in catalogue.members("keras.applications"))
    return sorted({symbol.leaf for symbol in found if symbol is not None and symbol.kind == "application"})


def cases(version: str) -> list[Any]:
    """All applications, those outside the sample marked as long."""
    return [name if name in SMALL else pytest.param(name, marks=pytest.mark.long) for name in names(version)]


def interpret(name: str, version: str, arguments: str = "weights=None") -> ModelFact:
    """The model as inference sees it."""
    keras = parse_version(version)
    library = LibraryFinder([], keras.generation)
    world = World(keras, find_library=library.find)
    text = f"import keras\nmodel = keras.applications.{name}({arguments})\n"
    facts = infer(parse(text), world, Budget(seconds=SECONDS))
    (model,) = facts.models
    return model


def compare(model: ModelFact, real: Answer) -> None:
    """Layer names, classes, output shapes and parameter counts are those of real Keras."""
    assert real.ok, real
    assert real.layers is not None
    assert model.layers is not None, model.reason
    ours = [
        (row.name, row.class_name, [tensor.shape for tensor in flatten(row.output)], row.params) for row in model.layers
    ]
    theirs = [(row.name, row.class_name, output_shapes(row.output), row.params) for row in real.layers]
    assert ours == theirs
    assert (model.params, model.trainable) == (real.params, real.trainable)
    assert [tensor.shape for tensor in flatten(model.outputs)] == list(real.shapes)


@pytest.mark.parametrize("name", cases("3.15"))
def test_keras_3(name: str, keras3_worker: KerasWorker) -> None:
    real = keras3_worker.ask(ApplicationQuestion(name=f"keras.applications.{name}"), deadline=SECONDS)
    compare(interpret(name, "3.15"), real)


@pytest.mark.parametrize("name", cases("2.15"))
def test_keras_2(name: str, tf_keras_worker: KerasWorker) -> None:
    real = tf_keras_worker.ask(ApplicationQuestion(name=f"keras.applications.{name}"), deadline=SECONDS)
    compare(interpret(name, "2.15"), real)


@pytest.mark.parametrize(
    "arguments",
    [
        {"include_top": False, "input_shape": (96, 96, 3)},
        {"include_top": False, "input_shape": (None, None, 3), "pooling": "avg"},
        {"classes": 7, "alpha": 0.5, "classifier_activation": None},
    ],
)
def test_arguments(arguments: dict[str, Any], keras3_worker: KerasWorker) -> None:
    real = keras3_worker.ask(
        ApplicationQuestion(name="keras.applications.MobileNetV2", arguments=arguments), deadline=SECONDS
    )
    written = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    compare(interpret("MobileNetV2", "3.15", f"weights=None, {written}"), real)
