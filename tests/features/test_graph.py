"""Pictures of models: what is one box, where boxes stand, what stands at the edges."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_lsp.features.blocks import find_blocks
from keras_lsp.features.graph import has_blocks, model_graph
from keras_lsp.features.layout import lay_out
from keras_lsp.inference.facts import ModelFact
from tests.scenarios import analyse

SVG = "{http://www.w3.org/2000/svg}"

HEAD = "import keras\nfrom keras import layers\n"
RESIDUAL = """\
x = image = keras.Input((32, 32, 8), name="image")
for _ in range(12):
    y = layers.Conv2D(8, 3, padding="same")(x)
    y = layers.BatchNormalization()(y)
    x = layers.ReLU()(layers.Add()([x, y]))
model = keras.Model(image, layers.Dense(3, name="kind")(layers.GlobalAveragePooling2D()(x)))
"""
U_NET = """\
x = image = keras.Input((64, 64, 3), name="image")
skips = []
for filters in (8, 16, 32):
    for _ in range(3):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(x)))
    skips.append(x)
    x = layers.MaxPooling2D()(x)
for filters in (32, 16, 8):
    x = layers.Concatenate()([layers.UpSampling2D()(x), skips.pop()])
    for _ in range(3):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(x)))
model = keras.Model(image, layers.Conv2D(1, 1, name="mask")(x))
"""


def model_of(source: str) -> ModelFact:
    return analyse(HEAD + source, "3.15").facts.models[-1]


def boxes(source: str, blocks: bool | None = None) -> list[tuple[str, ...]]:
    """The lines of the boxes of a model."""
    root = ElementTree.fromstring(model_graph(model_of(source), "down", blocks)["svg"])
    return [tuple(text.text or "" for text in group.findall(f"{SVG}text")) for group in root.iter(f"{SVG}g")]


def test_a_large_model_is_drawn_in_blocks() -> None:
    assert boxes(RESIDUAL) == [
        ("image", "InputLayer"),
        ("12 × 4 layers", "Conv2D, BatchNormalization, Add, ReLU", "7,392 parameters"),
        ("global_average_pooling2d", "GlobalAveragePooling2D"),
        ("kind", "Dense, 27 parameters"),
    ]
    assert has_blocks(model_of(RESIDUAL))
    assert len(boxes(RESIDUAL, blocks=False)) == 51


def test_long_connections_stay_between_the_blocks() -> None:
    model = model_of(U_NET)
    mermaid = model_graph(model)["mermaid"]
    skips = [(int(a), int(b)) for a, b in re.findall(r"n(\d+) -- .* n(\d+)", mermaid) if int(b) - int(a) > 1]
    assert len(skips) == 3
    assert mermaid.count("[") < 12


def test_what_flows_stands_at_the_edges() -> None:
    model = model_of("a = keras.Input((10, 8))\nb, c, d = layers.LSTM(6, return_state=True, return_sequences=True)(a)\n"
                     "model = keras.Model(a, [layers.Dense(2)(b), layers.Dense(3)(c)])\n")  # fmt: skip
    pictures = model_graph(model)
    assert '"(None, 10, 6)"' in pictures["mermaid"] and '"(None, 6)"' in pictures["mermaid"]
    for shape in ("(None, 10, 8)", "(None, 10, 6)", "(None, 6)", "(None, 10, 2)", "(None, 3)"):
        assert f">{shape}</text>" in pictures["svg"]


def test_a_layer_that_is_called_twice_has_both_inputs() -> None:
    model = model_of('a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")\nshared = layers.Dense(2, name="shared")\n'
                     "model = keras.Model([a, b], layers.Dot(1)([shared(a), shared(b)]))\n")  # fmt: skip
    assert model_graph(model)["mermaid"].count("-->") == 3


def test_operations_are_boxes_too() -> None:
    model = model_of(
        "a = keras.Input((4,))\nb = layers.Dense(4)(a)\nmodel = keras.Model(a, layers.Dense(2)(b * 2 + a))\n"
    )
    mermaid = model_graph(model)["mermaid"]
    assert "multiply (Multiply)" in mermaid and "add (Add)" in mermaid
    assert mermaid.count("-->") == 5


def test_of_a_subclassed_model_no_connections_are_made_up() -> None:
    source = """\
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.last = layers.Dense(2, name="last")
        self.first = layers.Dense(8, name="first")
    def call(self, x):
        return self.last(self.first(x))
model = Net()
model(keras.ops.zeros((1, 4)))
"""
    assert "-->" not in model_graph(model_of(source))["mermaid"]
    assert [lines[0] for lines in boxes(source)] == ["last", "first"]


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("source", [RESIDUAL, U_NET], ids=["residual", "u-net"])
@pytest.mark.parametrize("blocks", [True, False])
def test_boxes_do_not_touch_and_stay_inside(source: str, blocks: bool, direction) -> None:
    root = ElementTree.fromstring(model_graph(model_of(source), direction, blocks)["svg"])
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    places = [[float(rect.attrib[name]) for name in ("x", "y", "width", "height")] for rect in root.iter(f"{SVG}rect")]
    for index, (x, y, w, h) in enumerate(places):
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
        for other_x, other_y, other_w, other_h in places[:index]:
            apart = x >= other_x + other_w or other_x >= x + w or y >= other_y + other_h or other_y >= y + h
            assert apart


graphs = st.integers(1, 14).flatmap(
    lambda count: st.tuples(
        st.just(count), st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=30)
    )
)


@settings(max_examples=150, deadline=None)
@given(graphs, st.data())
def test_any_graph_is_laid_out(graph: tuple[int, list[tuple[int, int]]], data) -> None:
    count, pairs = graph
    edges = [(start, end) for start, end in dict.fromkeys(pairs) if start != end]
    layout = lay_out([10.0] * count, edges, 5.0)
    assert [(edge.start, edge.end) for edge in layout.edges] == edges
    for edge in layout.edges:
        assert edge.back == (layout.rows[edge.end] <= layout.rows[edge.start])
    for a in range(count):
        assert 5 - 1e-6 <= layout.middles[a] <= layout.extent - 5 + 1e-6
        for b in range(a):
            assert layout.rows[a] != layout.rows[b] or abs(layout.middles[a] - layout.middles[b]) >= 15 - 1e-6
    alone = set(data.draw(st.lists(st.integers(0, count - 1))))
    found = find_blocks([data.draw(st.sampled_from("AB")) for _ in range(count)], edges, alone)
    assert sorted(layer for block in found for layer in block.layers) == list(range(count))
    assert all(len(block.layers) == 1 for block in found if alone & set(block.layers))
