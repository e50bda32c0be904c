from __future__ import annotations

import pytest

from tests.features.cursor import at_cursor, cursors

CNN = """\
import numpy as np
from keras import Sequential, layers
x_train = np.zeros((100, 28, 28, 1), "uint8")
model = Sequential([
    layers.Conv2D(8, 3, input_shape=(28, 28, 1), activation="relu"),
    layers.Flatten(),
    layers.Dense(10),
])
"""


def hover(source: str, version: str = "3.15") -> str:
    analysis, offset = at_cursor(source, version)
    found = analysis.hover(offset)
    assert found is not None
    assert found.span.contains(offset)
    return found.markdown


def test_a_layer_shows_change_formula_and_parameters() -> None:
    text = hover(CNN.replace("Conv2D", "Con¦v2D"))
    assert text.startswith("**Conv2D** `(None, 28, 28, 1) -> (None, 26, 26, 8)`")
    assert "floor((28 - 3) / 1) + 1 = 26" in text
    assert "80 parameters" in text
    assert "keras.Input((28, 28, 1))" in text


def test_equal_forms_of_the_first_layer_keywords() -> None:
    text = hover("import keras\nm = keras.Sequential([keras.layers.De¦nse(32, input_dim=784)])\n")
    assert "(None, 784) -> (None, 32)" in text
    assert "25,120 parameters" in text
    assert "`input_shape=(784,)`" in text
    assert "`keras.Input((784,))`" in text


@pytest.mark.parametrize(
    ("keyword", "version", "expected"),
    [
        ("batch_size=3", "2.15", "LSTM -> RNN -> BaseRandomLayer -> Layer"),
        ("input_shape=(6, 8)", "3.15", "LSTM -> RNN -> Layer"),
        ("input_shape=(6, 8)", "3.15", "takes it with a warning"),
        ("batch_size=3", "3.15", "does not take it"),
    ],
)
def test_a_hidden_keyword_says_its_way_and_status(keyword: str, version: str, expected: str) -> None:
    text = hover(f"import keras\nlayer = keras.layers.LSTM(8, {keyword[:4]}¦{keyword[4:]})\n", version)
    assert expected in text


def test_the_batch_size_travels_into_the_shape() -> None:
    text = hover(
        "import keras\nm = keras.Sequential([keras.layers.LS¦TM(8, input_shape=(6, 8), batch_size=32)])\n", "2.15"
    )
    assert "(32, 6, 8) -> (32, 8)" in text
    assert "batch_input_shape=(32, 6, 8)" in text


def test_a_model_shows_its_layers_inputs_and_outputs() -> None:
    for analysis, offset in cursors(CNN.replace("model =", "mo¦del =").replace("Sequential([", "Sequ¦ential([")):
        found = analysis.hover(offset)
        assert found is not None
        assert "(None, 28, 28, 1) -> (None, 10)" in found.markdown
        assert "54,170 parameters" in found.markdown
        assert "- `flatten` Flatten `(None, 5408)`" in found.markdown


def test_an_array_shows_shape_and_type() -> None:
    text = hover(CNN.replace("x_train", "x_tra¦in"))
    assert "x_train: (100, 28, 28, 1)" in text
    assert "uint8" in text


def test_an_unknown_shape_says_why() -> None:
    text = hover("import keras\nx = keras.Input(load())\ny = keras.layers.De¦nse(4)(x)\n")
    assert "unknown" in text


def test_named_sizes_say_so() -> None:
    text = hover(
        "import keras\ndef build(n_features):\n    x = keras.Input((n_features,))\n    return keras.layers.Den¦se(4)(x)\n"
    )
    assert "(None, n_features) -> (None, 4)" in text
    assert "names stand for sizes" in text


def test_user_text_is_escaped() -> None:
    analysis, offset = at_cursor(
        'import keras\nm = keras.Sequential([keras.layers.Dense(1, name="`<b>*x*")])\nprint(m¦)\n'
    )
    found = analysis.hover(offset)
    assert found is not None
    assert "<b>" not in found.markdown.replace("`` `<b>*x* ``", "")


def test_nothing_on_white_space_and_on_other_names() -> None:
    for analysis, offset in cursors("import os\n¦\npath = os.pa¦th.join('a', 'b')\n"):
        assert analysis.hover(offset) is None


def test_layers_inputs_and_outputs_of_a_model() -> None:
    assert hover(CNN + "model.la¦yers\n").startswith("`model.layers` 3 layers")
    assert "`conv2d` Conv2D `(None, 26, 26, 8)` 80" in hover(CNN + "for layer in model.layer¦s: pass\n")
    assert hover(CNN + "model.inp¦uts\n").startswith("`model.inputs: [(None, 28, 28, 1)]`")
    assert hover(CNN + "print(model.outp¦uts)\n").startswith("`model.outputs: [(None, 10)]`")
