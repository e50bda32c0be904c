from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from keras_lsp.features.graph import model_graph
from keras_lsp.features.types import LibraryTarget, Location
from keras_lsp.text.edits import apply_edits
from tests.features.cursor import at_cursor
from tests.scenarios import analyse

MODEL = """\
import keras
from keras import layers

model = keras.Sequential([
    layers.Conv2D(8, 3, input_shape=(28, 28, 1)),  # first
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
a = keras.Input((784,), name="a <&> \\"b\\"")
b = layers.Dense(32)(a)
c = layers.Add()([b, layers.Dense(32)(a)])
functional = keras.Model(a, c)
"""


def test_hints_stand_at_the_ends_of_lines() -> None:
    analysis = analyse(MODEL, "3.15")
    shown = {analysis.document.lines.line(hint.offset): hint for hint in analysis.inlay_hints()}
    assert {line: hint.label for line, hint in shown.items()} == {
        4: "(None, 26, 26, 8)",
        5: "(None, 5408)",
        6: "(None, 10)",
        8: "(None, 784)",
        9: "(None, 32)",
        10: "(None, 32)",
    }
    for line, hint in shown.items():
        rest = analysis.document.lines.content(line)[hint.offset - analysis.document.lines.start(line) :]
        assert not rest.strip() or rest.strip().startswith("#")


def test_hints_only_where_asked() -> None:
    analysis = analyse(MODEL, "3.15")
    start = MODEL.index("layers.Flatten")
    assert [hint.label for hint in analysis.inlay_hints(start, start + 20)] == ["(None, 5408)"]


def test_no_hint_where_nothing_is_known() -> None:
    assert analyse("import keras\nx = keras.layers.Dense(4)(load())\n", "3.15").inlay_hints() == ()


def test_lenses() -> None:
    titles = [lens.title for lens in analyse(MODEL, "3.15").code_lenses()]
    assert titles[0] == "Sequential (None, 28, 28, 1) -> (None, 10), 54,170 parameters"
    assert titles[1] == "Functional (None, 784) -> (None, 32), 50,240 parameters"


def test_symbols_nest_layers_in_models() -> None:
    symbols = analyse(MODEL, "3.15").symbols()
    model = next(symbol for symbol in symbols if symbol.name == "model")
    assert [child.name for child in model.children] == ["conv2d", "flatten", "dense"]
    for symbol in (*symbols, *model.children):
        assert symbol.span.start <= symbol.selection.start <= symbol.selection.end <= symbol.span.end


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import keras\nkeras.layers.LSTM(8, input_d¦im=3)\n", ("keras.layers.LSTM", "input_dim")),
        ("import tensorflow as tf\ntf.keras.layers.De¦nse(8)\n", ("keras.layers.Dense", None)),
        ("from tensorflow.keras.layers import LSTM as L\nL¦(8)\n", ("keras.layers.LSTM", None)),
    ],
)
def test_definitions_in_the_library(source: str, expected: tuple[str, str | None]) -> None:
    analysis, offset = at_cursor(source)
    target = analysis.definition(offset)
    assert isinstance(target, LibraryTarget)
    assert (target.canonical, target.keyword) == expected


@pytest.mark.parametrize(
    "source",
    [
        "import keras\nmodel = keras.Sequential()\nmod¦el.add(keras.layers.Dense(1))\n",
        "from keras.layers import LSTM as L\nL¦(8)\n",
        "import keras\nkeras.layers.LSTM(8, activ¦ation='relu')\n",
    ],
)
def test_what_every_python_server_finds_is_left_to_it(source: str) -> None:
    analysis, offset = at_cursor(source)
    assert analysis.definition(offset) is None


def test_a_layer_by_its_name() -> None:
    source = 'import keras\nm = keras.Sequential([keras.layers.Dense(1, name="head")])\nm.get_layer("he¦ad")\n'
    analysis, offset = at_cursor(source)
    target = analysis.definition(offset)
    assert isinstance(target, Location)
    assert analysis.document.text[slice(*target.span)] == "keras.layers.Dense"


def test_signatures_hold_the_hidden_keywords() -> None:
    analysis, offset = at_cursor("import keras\nkeras.layers.LSTM(8, ¦)\n", "2.15")
    found = analysis.signature_help(offset)
    assert found is not None
    names = [parameter.label.partition("=")[0] for parameter in found.parameters]
    assert names[:2] == ["units", "activation"]
    assert {"input_shape", "batch_input_shape", "input_length"} <= set(names)
    assert found.active == 1
    position = 0
    for parameter in found.parameters:
        position = found.label.index(parameter.label, position) + len(parameter.label)


def test_the_keyword_being_typed_is_active() -> None:
    analysis, offset = at_cursor("import keras\nkeras.layers.Dense(8, input_shape=(3, ¦))\n")
    found = analysis.signature_help(offset)
    assert found is not None
    assert found.active is not None
    assert found.parameters[found.active].label == "input_shape=..."


def test_the_rewrite_to_input_keeps_the_model_and_the_comment() -> None:
    analysis = analyse(MODEL, "3.15")
    at = MODEL.index("Conv2D")
    action = next(a for a in analysis.code_actions(at, at) if a.kind == "refactor.rewrite")
    after = apply_edits(MODEL, action.edits)
    assert "layers.Conv2D(8, 3),  # first" in after
    again = analyse(after, "3.15")
    assert again.facts.models[0].outputs == analysis.facts.models[0].outputs
    assert action.title not in [offered.title for offered in again.code_actions(at, at)]


def test_a_file_is_migrated_at_once() -> None:
    source = (
        "from keras.layers import LSTM, Dense\nfrom keras.models import Sequential\nfrom keras.optimizers import Adam\n\n"
        "model = Sequential()\nmodel.add(LSTM(4, batch_input_shape=(8, 10, 3)))  # state\nmodel.add(Dense(1))\n"
        'model.compile(Adam(lr=0.1), "mse")\n'
    )
    analysis = analyse(source, "3.15")
    action = next(a for a in analysis.code_actions(0, len(source)) if a.kind == "source.migrate")
    after = apply_edits(source, action.edits)
    assert "import LSTM, Dense, Input\n" in after
    assert "model.add(Input(batch_shape=(8, 10, 3)))\nmodel.add(LSTM(4))  # state\n" in after
    assert "Adam(learning_rate=0.1)" in after
    assert analyse(after, "3.15").findings == ()


def test_graphs_are_well_formed_and_escaped() -> None:
    analysis = analyse(MODEL, "3.15")
    for model in analysis.facts.models:
        pictures = model_graph(model)
        root = ElementTree.fromstring(pictures["svg"])
        assert len(root.findall(".//{http://www.w3.org/2000/svg}rect")) >= len(model.layers or ())
        assert pictures["html"].startswith("<!doctype html>")
        assert "<script" not in pictures["html"]
        assert pictures["mermaid"].startswith("flowchart TD\n")
        assert "<&>" not in pictures["svg"] + pictures["html"]
    functional = model_graph(analysis.facts.models[1])["mermaid"]
    assert functional.count("-->") == 4
    assert '"b"' not in functional


def test_the_place_where_a_model_breaks_is_marked() -> None:
    source = (
        "import keras\nmodel = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.LSTM(2)])\n"
    )
    pictures = model_graph(analyse(source, "3.15").facts.models[0])
    assert "broken" in pictures["mermaid"]
    assert 'class="b e"' in pictures["svg"]


@pytest.mark.parametrize("text", ["", "\f\x00", "import keras\nkeras.layers.Dense(", "x = 'a' * 10**12\n", "((((" * 50])
def test_any_text_has_an_answer(text: str) -> None:
    analysis = analyse(text, "3.15")
    for offset in range(0, len(text) + 1, 3):
        analysis.hover(offset)
        analysis.completions(offset)
        analysis.signature_help(offset)
        analysis.definition(offset)
    assert analysis.code_actions(0, len(text)) is not None
    assert analysis.symbols() is not None


def test_a_broken_sequential_stays_one_chain():
    source = """
import keras
model = keras.Sequential([
    keras.Input((20,)), keras.layers.Embedding(10, 4), keras.layers.LSTM(3), keras.layers.LSTM(3), keras.layers.Dense(1),
])
"""
    mermaid = model_graph(analyse(source, "3.15").facts.models[0])["mermaid"]
    assert re.findall(r"n(\d).*--.* n(\d)", mermaid) == [("0", "1"), ("1", "2"), ("2", "3"), ("3", "4")]
    assert "class n3 broken" in mermaid
