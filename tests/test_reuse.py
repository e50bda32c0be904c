"""What is taken over from the version before makes no difference: after any edit, all is as in a fresh analysis of the text.

Programs are edited at random, by numbers, names, characters and lines, and everything that an analysis says is compared.
"""

from __future__ import annotations

import dataclasses
import random
import re
from pathlib import Path
from typing import Any

import pytest

from keras_lsp.analysis import Analysis, analyse_document
from keras_lsp.catalogue.version import parse_version
from keras_lsp.inference.evaluation import Trace
from keras_lsp.inference.facts import Application, Call, LayerFact, ModelEvent, ModelFact, Span
from keras_lsp.inference.numbering import DefaultName
from keras_lsp.inference.values import LayerValue, ListValue, TensorValue, Unknown
from keras_lsp.inference.world import Source, World
from keras_lsp.project.settings import Settings
from keras_lsp.shapes.dim import Symbol
from keras_lsp.text.document import Document
from tests.benchmarks.programs import program

ROOT = Path(__file__).resolve().parents[1]
VERSION = parse_version("3.15")
assert VERSION is not None
WORLD = World(VERSION)
SETTINGS = Settings()

# What ties statements together, or must not: shared layers and lists, functions, names counted by class, several models.
TIED = """
import os
import numpy as np
import keras
from keras import layers
from helpers import block, UNITS

classes = int(os.environ["CLASSES"])
rate = 0.5
widths = [8, 16]
widths.append(32)
shared = layers.Dense(UNITS)
callbacks = [keras.callbacks.EarlyStopping()]
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train / 255.0


def head(x, units=10):
    x = layers.Dropout(rate)(x)
    return layers.Dense(units)(x)


def unused(values):
    return layers.Dense(classes)(keras.Input((4,)))


class Scale(layers.Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(factor)

    def call(self, inputs):
        return self.dense(inputs) + 1

    def other(self, inputs):
        return head(inputs)


first = keras.Input((12,))
x = shared(first)
x = head(x, classes)
one = keras.Model(first, x)

second = keras.Input((12,))
x = shared(second)
for width in widths:
    x = layers.Dense(width)(x)
x = block(x)
two = keras.Model(second, head(x))

model = keras.Sequential()
model.add(layers.Flatten(input_shape=x_train.shape[1:]))
if classes > 4:
    model.add(layers.Dense(32, activation="relu"))
model.add(layers.Dense(10))
model.compile("adam", loss="mse")
model.fit(x_train, y_train, callbacks=callbacks)
keras.backend.clear_session()
again = keras.Sequential([keras.Input((3,)), layers.Dense(4), Scale(3)])
total = 0
total += again.count_params()
counted = layers.Dense(total)(keras.Input((total,)))
"""
HELPERS = """
from keras import layers

UNITS = 24


def block(x):
    return layers.Dense(UNITS, activation="relu")(x)
"""


def find_source(name: str, importer: str) -> Source | None:
    return Source("/helpers.py", HELPERS) if name == "helpers" else None


PROJECT = World(VERSION, path="/main.py", find_source=find_source)
PIECES = (
    "(",
    ")",
    " ",
    "x",
    "",
    "1",
    ",",
    "\n",
    "    ",
    "#",
    "'",
    "[",
    "]",
    "=",
    ".",
    "layers.Dense(3)(x)",
    "\n\n\n",
    "é",
)


def document(text: str) -> Document:
    return Document("file:///main.py", 1, text)


def picture(analysis: Analysis) -> list[str]:
    """All that an analysis says, as text; sizes known by identity only are numbered, and so are facts that are shared."""
    names: dict[int, int] = {}
    shared: dict[int, int] = {}
    said: list[str] = []

    def say(item: Any) -> None:
        if isinstance(item, Symbol):
            said.append(f"{item.name}~{names.setdefault(item.identity, len(names))}")
        elif isinstance(item, list | tuple):
            said.append("[")
            for inner in item:
                say(inner)
            said.append("]")
        elif isinstance(item, dict):
            for key, inner in item.items():
                say(key)
                say(inner)
        elif isinstance(item, Facts_):
            if id(item) in shared:
                said.append(f"@{shared[id(item)]}")
                return
            shared[id(item)] = len(shared)
            fields(item)
        elif isinstance(item, TensorValue):
            say((item.kind, item.spec, item.origin, item.index))
        elif isinstance(item, Unknown):
            say((item.reason, item.name))
        elif isinstance(item, ListValue):
            said.append("list")
        elif isinstance(item, LayerValue):
            said.append(item.fact.name)
        elif dataclasses.is_dataclass(item):
            fields(item)
        elif isinstance(item, DefaultName):
            say(str(item))
        elif item is None or isinstance(item, str | int | float | bool | Span):
            said.append(repr(item))
        else:
            said.append(type(item).__name__)

    def fields(item: Any) -> None:
        said.append(type(item).__name__)
        for field in dataclasses.fields(item):
            if field.name not in ("trace", "records"):
                say(getattr(item, field.name))

    facts = analysis.facts
    say(facts)
    say(facts.expressions)
    say(facts.variables)
    say(sorted(facts.shape_reads))
    said += [repr(finding) for finding in analysis.findings]
    said += [repr(hint) for hint in analysis.inlay_hints()]
    return said


Facts_ = (LayerFact, ModelFact, Call, Application, ModelEvent)


def mutate(chance: random.Random, text: str) -> str:
    kind = chance.random()
    lines = text.split("\n")
    line = chance.randrange(len(lines))
    if kind < 0.35:
        numbers = list(re.finditer(r"\b\d+\b", text))
        if numbers:
            number = chance.choice(numbers)
            return text[: number.start()] + str(chance.choice((1, 2, 3, 8, 16, 64))) + text[number.end() :]
    if kind < 0.45:
        del lines[line]
    elif kind < 0.55:
        lines.insert(line, chance.choice(lines))
    elif kind < 0.62:
        other = chance.randrange(len(lines))
        lines[line], lines[other] = lines[other], lines[line]
    elif kind < 0.8:
        names = list(re.finditer(r"[A-Za-z_]\w*", text))
        name, other_name = chance.choice(names), chance.choice(names)
        return text[: name.start()] + other_name[0] + text[name.end() :]
    else:
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 0, 1, 2)))
        return text[:start] + chance.choice(PIECES) + text[end:]
    return "\n".join(lines)


def follow(text: str, world: World, chance: random.Random, edits: int) -> int:
    """Edit a text step by step, each compared with a fresh analysis; how often something was taken over."""
    analysis = analyse_document(document(text), world, SETTINGS)
    original, reused = text, 0
    for _ in range(edits):
        text = original if chance.random() < 0.25 else mutate(chance, text)
        before = analysis.facts.trace
        analysis = analyse_document(document(text), world, SETTINGS, (), analysis)
        fresh = analyse_document(document(text), world, SETTINGS)
        trace = analysis.facts.trace
        reused += isinstance(trace, Trace) and isinstance(before, Trace) and trace.places is before.places
        assert picture(analysis) == picture(fresh), text
    return reused


@pytest.mark.parametrize("seed", range(6))
def test_edits_of_tied_statements(seed: int) -> None:
    """A program whose statements share layers, lists, functions and counters."""
    assert follow(TIED, PROJECT, random.Random(seed), 14) > 0


@pytest.mark.parametrize("seed", range(4))
def test_edits_of_typical_programs(seed: int) -> None:
    """What people write."""
    assert follow(program(60, seed), WORLD, random.Random(seed), 12) > 3


def test_a_change_of_one_number_is_cheap() -> None:
    """Of a long program little more than the statement and its readers is evaluated."""
    text = program(400)
    analysis = analyse_document(document(text), WORLD, SETTINGS)
    trace = analysis.facts.trace
    assert isinstance(trace, Trace)
    kept = set(trace.units)
    again = analyse_document(document(text.replace("SIZE = 8", "SIZE = 9")), WORLD, SETTINGS, (), analysis)
    assert isinstance(again.facts.trace, Trace)
    made = [unit for unit in again.facts.trace.all if unit not in kept and unit not in set(trace.all)]
    assert 1 <= len(made) <= 3


def test_a_new_layer_renames_what_follows_and_evaluates_it_not() -> None:
    """Default names are counted over the whole text, and yet a layer at its start costs what hangs on it."""
    text = program(400)
    line = "        layers.Dropout(0.5),\n"
    longer = text.replace(line, line + "        layers.Dense(7),\n", 1)
    analysis = analyse_document(document(text), WORLD, SETTINGS)
    before = {layer.name for layer in analysis.facts.layers}
    trace = analysis.facts.trace
    assert isinstance(trace, Trace)
    kept = set(trace.all)
    again = analyse_document(document(longer), WORLD, SETTINGS, (), analysis)
    assert isinstance(again.facts.trace, Trace)
    assert len([unit for unit in again.facts.trace.all if unit not in kept]) <= 4
    assert len({layer.name for layer in again.facts.layers} - before) == 1
    assert picture(again) == picture(analyse_document(document(longer), WORLD, SETTINGS))


def test_what_another_statement_still_calls_is_not_taken_for_uncalled() -> None:
    """Of two statements that call a function, one goes: the function is called as before."""
    text = "import keras\n\ndef head(x):\n    return keras.layers.Dense(3)(x)\n\na = head(keras.Input((4,)))\nb = head(keras.Input((5,)))\n"
    for line in ("a = hed(keras.Input((4,)))", "a =", "a = head", ""):
        shorter = text.replace("a = head(keras.Input((4,)))", line)
        again = analyse_document(
            document(shorter), WORLD, SETTINGS, (), analyse_document(document(text), WORLD, SETTINGS)
        )
        assert picture(again) == picture(analyse_document(document(shorter), WORLD, SETTINGS))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(200))
def test_many_edits(seed: int) -> None:
    """The same, for as long as wanted."""
    chance = random.Random(1000 + seed)
    text, world = (TIED, PROJECT) if seed % 2 else (program(150, seed), WORLD)
    follow(text, world, chance, 60)
