from __future__ import annotations

import pytest

from keras_lsp.features.layer_names import Refused
from keras_lsp.features.types import Location
from keras_lsp.text.edits import apply_edits
from tests.features.cursor import at_cursor, cursors

TWO_HEADS = """\
import keras
from keras import layers

picture = keras.Input((8,), name="¦picture")
h = layers.Dense(4, name="hidden")(picture)
age = layers.Dense(1, name="¦age")(h)
kind = layers.Dense(3, activation="softmax", name='kind')(h)
model = keras.Model(picture, [age, kind])
losses = {"¦age": "mse", "kind": "sparse_categorical_crossentropy"}
model.compile("adam", loss=losses, metrics={"¦age": ["mae"]})
history = model.fit({"picture": x}, {"¦age": a, "kind": k}, callbacks=[keras.callbacks.EarlyStopping(monitor="val_¦age_loss")])
print(history.history["¦age_mae"])
model.get_layer("¦age").trainable = False
for layer in model.layers:
    if layer.name in ("¦age", "kind"):
        layer.trainable = False

other = keras.Sequential([keras.Input((8,)), layers.Dense(1, name="age")])
other.get_layer("age")
print("age", age)
"""


def renamed(source: str, new_name: str) -> str:
    analysis, offset = at_cursor(source)
    return apply_edits(analysis.document.text, analysis.rename(offset, new_name))


def test_a_name_is_changed_in_all_its_uses_and_nowhere_else():
    (_, *places) = cursors(TWO_HEADS)
    expected = TWO_HEADS.replace("¦picture", "picture").replace("¦age", "years")
    for analysis, offset in places:
        assert analysis.renaming_span(offset) is not None
        assert apply_edits(analysis.document.text, analysis.rename(offset, "years")) == expected


def test_a_key_of_the_data_is_the_name_of_an_input():
    analysis, offset = cursors(TWO_HEADS)[0]
    text = apply_edits(analysis.document.text, analysis.rename(offset, "image"))
    assert 'name="image"' in text
    assert 'fit({"image": x}' in text
    assert "Model(picture, " in text


def test_the_same_name_in_another_model_is_another_name():
    source = TWO_HEADS.replace("¦", "").replace('other.get_layer("age")', 'other.get_layer("a¦ge")')
    text = renamed(source, "score")
    assert text.count('"age"') == TWO_HEADS.replace("¦", "").count('"age"') - 2
    assert 'other.get_layer("score")' in text


def test_one_string_that_names_layers_of_two_models_is_one_name():
    source = """\
import keras
def build():
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, name="head")])
first, second = build(), build()
first.get_layer("hea¦d")
second.get_layer("head")
"""
    assert renamed(source, "top").count('"top"') == 3


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('m = keras.Sequential([keras.Input((3,)), layers.Dense(1)])\nm.get_layer("den¦se")\n', "no string gives"),
        (
            'def f(n):\n    return keras.Sequential([keras.Input((3,)), layers.Dense(1, name=n + "_x")])\nm = f("a")\nm.get_layer("a¦_x")\n',
            "no string gives",
        ),
        (
            'a = keras.Sequential([keras.Input((3,)), layers.Dense(1, name="x¦")])\n'
            'b = keras.Sequential([keras.Input((3,)), layers.Dense(1, name="x")])\nload().get_layer("x")\n',
            "line 5 means is not known",
        ),
    ],
)
def test_what_cannot_be_changed_says_why(source: str, reason: str):
    analysis, offset = at_cursor("import keras\nfrom keras import layers\n" + source)
    with pytest.raises(Refused, match=reason):
        analysis.renaming_span(offset)


@pytest.mark.parametrize("new_name", ["", "a/b", 'a"b', "hidden"])
def test_names_that_keras_would_refuse_are_refused(new_name: str):
    analysis, offset = cursors(TWO_HEADS)[1]
    with pytest.raises(Refused):
        analysis.rename(offset, new_name)


@pytest.mark.parametrize(
    "source",
    [
        'print("ag¦e")\n',
        'keras.layers.Dense(1, activation="re¦lu", name="age")\n',
        'm = keras.Sequential([keras.layers.Dense(1, name="age")])\nm.fit({"un¦known": x})\n',
        'x = f"ag¦e"\n',
    ],
)
def test_other_strings_are_left_to_other_servers(source: str):
    analysis, offset = at_cursor("import keras\n" + source)
    assert analysis.renaming_span(offset) is None
    assert analysis.name_uses(offset) == ()


def test_a_name_leads_to_its_layer():
    analysis, offset = cursors(TWO_HEADS)[-2]
    target = analysis.definition(offset)
    assert isinstance(target, Location)
    text = analysis.document.text
    assert text[slice(*target.span)] == "layers.Dense"
    assert text.count("\n", 0, target.span.start) == 5
    hover = analysis.hover(offset)
    assert hover is not None
    assert hover.markdown.startswith("**Dense** `(None, 4) -> (None, 1)`")


def test_an_automatic_name_leads_to_its_layer():
    analysis, offset = at_cursor(
        'import keras\nm = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\nm.get_layer("den¦se")\n'
    )
    target = analysis.definition(offset)
    assert isinstance(target, Location)
    assert analysis.document.text[slice(*target.span)] == "keras.layers.Dense"


def test_the_name_of_a_model_that_is_a_layer():
    source = """\
import keras
inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)], name="enco¦der")
outer = keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(1)])
outer.get_layer("encoder").summary()
"""
    assert renamed(source, "body").count('"body"') == 2
