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


SEQUENCE = "import keras\nm = keras.Sequential([keras.layers.LSTM(8, {})])\n"


@pytest.mark.parametrize(
    ("keywords", "version", "expected"),
    [
        ("input_len¦gth=6, input_dim=8", "3.15", "- Keras 3.15 does not take it\n- say instead `keras.Input(shape=(input_length, input_dim))` as the first layer\n- here: `keras.Input((6, 8))`"),
        ("input_len¦gth=6, input_dim=8", "2.15", "- the same as `input_shape=(input_length, input_dim)`\n- here: `input_shape=(6, 8)`, `keras.Input((6, 8))`"),
        # Keras 2.3 turns the two into an input shape, and neither the length alone.
        ("input_len¦gth=6, input_dim=8", "2.3", "- Keras 2.3 takes it with `input_dim`, with a warning\n- the same as `input_shape=(input_length, input_dim)`"),
        ("batch_inp¦ut_shape=(2, 6, 8)", "3.15", "- here: `keras.Input(batch_shape=(2, 6, 8))`"),
        ("batch_s¦ize=2, input_shape=(6, 8)", "3.15", "- here: `keras.Input((6, 8), batch_size=2)`"),
    ],
)  # fmt: skip
def test_equal_forms_of_a_keyword(keywords: str, version: str, expected: str) -> None:
    assert expected in hover(SEQUENCE.format(keywords), version)


def test_the_vocabulary_of_an_embedding_is_no_size_of_its_input() -> None:
    source = "import keras\nm = keras.Sequential([keras.layers.Embedding(1000, 8, input_len¦gth=6)])\n"
    assert "- here: `input_shape=(6,)`, `keras.Input((6,))`" in hover(source, "2.15")
    assert "- say instead `keras.Input(shape=(input_length,))` as the first layer" in hover(source)


COMPILED = CNN + 'model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])\n'


def test_calls_that_train_say_what_meets_what() -> None:
    assert hover(COMPILED.replace("comp", "com¦p")) == (
        "**compile** of Sequential `(None, 28, 28, 1) -> (None, 10)`\n\n"
        "- loss `sparse_categorical_crossentropy`: labels are class numbers, one axis fewer than the output or a last one of 1\n"
        "- last activation `none`\n"
        "- metrics `accuracy`"
    )
    fit = COMPILED + "model.f¦it(x_train, np.zeros(100), batch_size=30)\n"
    assert hover(fit) == (
        "**fit** of Sequential `(None, 28, 28, 1) -> (None, 10)`\n\n"
        "- x `(100, 28, 28, 1)` for the input `(None, 28, 28, 1)`\n"
        "- y `(100,)` for the output `(None, 10)`, compared by `sparse_categorical_crossentropy`\n"
        "- 100 samples in batches of 30: `ceil(100 / 30) = 4` steps in each epoch"
    )
    # Some samples are kept back, or the model itself is meant.
    assert "samples" not in hover(fit.replace("batch_size=30", "validation_split=0.2"))
    assert hover(fit.replace("f¦it", "fit").replace("model.fit", "mo¦del.fit")).startswith("**Sequential**")
    assert hover(COMPILED + "model.pred¦ict(x_train)\n").startswith("**predict** `(100, 28, 28, 1) -> (100, 10)`")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"sparse_cat', "`keras.losses.sparse_categorical_crossentropy`\n\nCross-entropy with integer labels"),
        ('"acc', "`keras.metrics.accuracy`"),
        ('"ad', "`keras.optimizers.Adam`"),
        ('"re', "`keras.activations.relu`"),
    ],
)
def test_a_string_says_what_it_names(written: str, expected: str) -> None:
    assert hover(COMPILED.replace(written, f"{written}¦")).startswith(expected)


def test_a_size_that_is_not_known_says_why() -> None:
    text = hover("import keras\nfrom other import size\ny = keras.layers.Den¦se(size())(keras.Input((4,)))\n")
    assert "(None, 4) -> (None, ?)" in text and "- `units` is unknown: other.size is not followed" in text
    assert "* ?" not in text
    analysis, offset = at_cursor("import keras\nfrom other import x\ny = keras.layers.Dense(4)(x())\nprint(y¦)\n")
    found = analysis.hover(offset)
    assert found is not None and found.markdown.startswith("`y`\n\n- unknown: ")
    # Values of other kinds are for other servers.
    analysis, offset = at_cursor("import keras\nfrom other import x\ny = x()\nprint(y¦)\n")
    assert analysis.hover(offset) is None


def test_the_shape_of_an_array() -> None:
    assert hover(CNN + "x_train.sh¦ape\n") == "`x_train.shape = (100, 28, 28, 1)`"


def test_modules_on_the_way_to_a_layer_are_for_other_servers() -> None:
    for analysis, offset in cursors(
        "import tensorflow as tf\nd = t¦f.ker¦as.lay¦ers.Dense(8)\nm = t¦f.ke¦ras.Sequential([d])\n"
    ):
        found = analysis.hover(offset)
        assert found is None, (offset, found)


def test_the_shape_of_an_input_says_what_it_comes_to() -> None:
    text = hover("import keras\nx = keras.Input(sha¦pe=(28, None), batch_size=4)\n")
    assert text == (
        "`shape` of Input\n\nShape of one sample, without the batch dimension; None for an axis of any size.\n\n- here: `(4, 28, None)`"
    )
