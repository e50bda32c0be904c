"""What stands at a cursor, `|` in these texts, in programs that parse and in programs that do not."""

from __future__ import annotations

import random

import pytest

from keras_lsp.syntax.calls import call_at
from keras_lsp.syntax.completions import completion_context
from keras_lsp.syntax.names import attribute_at, name_at

from .programs import PROGRAMS


def at(marked: str) -> tuple[str, int]:
    assert marked.count("|") == 1
    return marked.replace("|", ""), marked.index("|")


@pytest.mark.parametrize(
    ("marked", "callee", "active", "keyword", "given", "nesting"),
    [
        ("model.add(Dense(32, |", "Dense", 1, None, [None], ""),
        ("model.add(Dense(32|", "Dense", 0, None, [None], ""),
        (
            "model.add(Dense(32, input_shape=(|784,), name='x'))",
            "Dense",
            1,
            "input_shape",
            [None, "input_shape", "name"],
            "(",
        ),
        ("model.add(Dense(32, |input_shape=(784,)))", "Dense", 1, None, [None, "input_shape"], ""),
        ("model.add(Dense(32, |)\nmodel.compile('sgd')\n", "Dense", 1, None, [None], ""),
        ("model.add(Dense(32, |\nmodel.compile('sgd')\n", "Dense", 1, None, [None], ""),
        ("x = Dense(3)(|inputs)", "Dense(3)", 0, None, [None], ""),
        ("Sequential([Dense(3), |])", "Sequential", 0, None, [None], "["),
        ("Dense(32, activation='re|lu')", "Dense", 1, "activation", [None, "activation"], ""),
        ("Dense(32, activation=|", "Dense", 1, "activation", [None, "activation"], ""),
        ("Dense(32, activation=|)", "Dense", 1, "activation", [None, "activation"], ""),
        ("tf . keras.layers.\\\n  Dense(|", "tf.keras.layers.Dense", 0, None, [], ""),
        ("model = Sequential([\n  Dense(3),\n  |\nmodel.compile()", "Sequential", 0, None, [None], "["),
        ("model.add(\n|", "model.add", 0, None, [], ""),
        ("f(*args, **kw, |", "f", 2, None, [None, None], ""),
        ("f(a, # b, (\n  c=|", "f", 1, "c", [None, "c"], ""),
        ("f('a, (', |", "f", 1, None, [None], ""),
        ("f(lambda x, y: x, |", "f", 2, None, [None, None], ""),
        ("layers[0](|", "layers[0]", 0, None, [], ""),
        ("return foo(|", "foo", 0, None, [], ""),
        ("x = {'a': [Dense(|)]}", "Dense", 0, None, [], ""),
        ("def f(a=g(|", "g", 0, None, [], ""),
        ("@wraps(|", "wraps", 0, None, [], ""),
        ("a = f(\nb = g(|\nc = 1", "g", 0, None, [], ""),
        ("foo(bar[1, |)", "foo", 0, None, [None], "["),
    ],
)
def test_calls(marked, callee, active, keyword, given, nesting):
    call = call_at(*at(marked))
    assert call is not None
    assert (call.callee, call.active, call.active_keyword, call.nesting) == (callee, active, keyword, nesting)
    assert [argument.keyword for argument in call.arguments] == given


@pytest.mark.parametrize(
    "marked",
    [
        "def f(a|",
        "class A(B|",
        "f(a)|",
        "x = (|",
        "if (|",
        "|f(a)",
        "x = [|",
        "",
        "f(\ny = 2|",
        "print (a) in (|",
        "f()\n|",
    ],
)
def test_no_call(marked):
    assert call_at(*at(marked or "|")) is None


def test_spans_and_outer_calls():
    text, offset = at("model.add(keras . layers.Dense(32, 'a', units = |5), x=1)")
    call = call_at(text, offset)
    assert text[call.callee_start : call.callee_end] == "keras . layers.Dense"
    assert (text[call.open], text[call.close]) == ("(", ")")
    assert [text[argument.start : argument.end] for argument in call.arguments] == ["32", "'a'", "units = 5"]
    assert text[call.active_argument.value_start : call.active_argument.end].strip() == "5"
    assert (call.positional, call.keywords, call.dotted) == (2, ("units",), True)
    assert (call.outer.callee, call.outer.keywords, call.outer.active, call.outer.outer) == (
        "model.add",
        ("x",),
        0,
        None,
    )


@pytest.mark.parametrize(
    ("marked", "content", "quote", "prefix"),
    [
        ("f('re|lu')", "relu", "'", ""),
        ("f('|')", "", "'", ""),
        ("f('relu|')", "relu", "'", ""),
        ("f('re|\nx = 1", "re", "'", ""),
        ('x = rb"a|b"', "ab", '"', "rb"),
        ("x = '''a\n|b'''", "a\nb", "'''", ""),
        ("x = '''|", "", "'''", ""),
        ("x = ''|", None, "", ""),
        ("x = |''", None, "", ""),
    ],
)
def test_strings(marked, content, quote, prefix):
    text, offset = at(marked)
    context = completion_context(text, offset)
    if content is None:
        assert context.kind != "string"
    else:
        string = context.string
        assert (context.kind, string.content, string.quote, string.prefix) == ("string", content, quote, prefix)
        assert text[string.content_start : string.content_end] == content


@pytest.mark.parametrize(
    ("marked", "text", "rooted"),
    [
        ("tf.keras.la|yers.Dense(3)", "tf.keras.layers", True),
        ("tf.ker|as.layers", "tf.keras", True),
        ("|tf.keras", "tf", True),
        ("tf.keras|", "tf.keras", True),
        ("tf . keras .\\\n Den|se", "tf.keras.Dense", True),
        ("f(x).sha|pe", ".shape", False),
        ("a[0].b.c|", ".b.c", False),
        ("x = y|", "y", True),
        ("é.ü|", "é.ü", True),
        ("'abc|'", None, True),
        ("# abc|", None, True),
        ("1 + |2", None, True),
    ],
)
def test_names(marked, text, rooted):
    name = name_at(*at(marked))
    if text is None:
        assert name is None
    else:
        assert (name.text, name.rooted) == (text, rooted)


@pytest.mark.parametrize(
    ("marked", "base", "dotted", "prefix"),
    [
        ("tf.keras.layers.|", "tf.keras.layers", True, ""),
        ("tf.keras.layers.De|nse", "tf.keras.layers", True, "De"),
        ("tf.keras.layers.|\nx = 1", "tf.keras.layers", True, ""),
        ("model.layers[0].|", "model.layers[0]", False, ""),
        ("f(a, b).c.|", "f(a,b).c", False, ""),
        ("(a + b).|", "(a+b)", False, ""),
        ("'x'.|", "'x'", False, ""),
        ("return x.|", "x", True, ""),
        ("x = y|", None, False, ""),
        (".|", None, False, ""),
        ("1.|", None, False, ""),
        ("a.b |", None, False, ""),
    ],
)
def test_attributes(marked, base, dotted, prefix):
    attribute = attribute_at(*at(marked))
    if base is None:
        assert attribute is None
    else:
        assert (attribute.base, attribute.dotted, attribute.prefix) == (base, dotted, prefix)


@pytest.mark.parametrize(
    ("marked", "kind", "prefix", "module", "names"),
    [
        ("Dense(32, in|", "argument", "in", "", ()),
        ("Dense(|", "argument", "", "", ()),
        ("Dense(units=|", "name", "", "", ()),
        ("Dense([|", "name", "", "", ()),
        ("x = De|", "name", "De", "", ()),
        ("|", "name", "", "", ()),
        ("keras.|", "attribute", "", "", ()),
        ("import ker|", "import-module", "ker", "", ()),
        ("import os, ker|", "import-module", "ker", "", ()),
        ("import keras.la|", "import-module", "la", "keras", ()),
        ("from keras.la|", "import-module", "la", "keras", ()),
        ("from keras.layers.|", "import-module", "", "keras.layers", ()),
        ("from keras.layers import |", "import-name", "", "keras.layers", ()),
        ("from keras.layers import Dense, Fl|", "import-name", "Fl", "keras.layers", ("Dense",)),
        ("from keras.layers import (\n  Dense,\n  Fl|\n\nx = 1", "import-name", "Fl", "keras.layers", ("Dense",)),
        ("from keras.layers import Dense as D, Fl|", "import-name", "Fl", "keras.layers", ("Dense", "D")),
        ("from . import |", "import-name", "", ".", ()),
        ("from ..a import |", "import-name", "", "..a", ()),
        ("from .|", "import-module", "", ".", ()),
        ("from ..a.|", "import-module", "", "..a", ()),
        ("import keras as k|", "none", "", "", ()),
        ("# Dense(|", "none", "", "", ()),
        ("f(1.|", "none", "", "", ()),
        ("def f|", "none", "", "", ()),
        ("class |", "none", "", "", ()),
    ],
)
def test_completion(marked, kind, prefix, module, names):
    context = completion_context(*at(marked))
    assert (context.kind, context.prefix, context.module, context.names) == (kind, prefix, module, names)


def test_replaced_text_is_the_word_at_the_cursor():
    text, offset = at("Dense(32, activ|ation)")
    context = completion_context(text, offset)
    assert text[context.start : context.end] == "activation"
    assert context.call.callee == "Dense"


def test_long_texts_are_read_near_the_cursor():
    filler = "x = [1, 2, 3]\n" * 80_000
    text = filler + "y = keras.layers.Dense(32, activation='re', \n" + filler
    offset = len(filler) + len("y = keras.layers.Dense(32, activation='re")
    call = call_at(text, offset)
    assert (call.callee, call.active_keyword, call.string.content) == ("keras.layers.Dense", "activation", "re")
    assert text[call.callee_start : call.callee_end] == "keras.layers.Dense"
    context = completion_context(text, offset)
    assert (context.kind, text[context.start : context.end]) == ("string", "re")
    assert name_at(text, len(filler) + 8).text == "keras"
    assert attribute_at(text, len(filler) + 12).base == "keras"


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_every_place_has_an_answer(text):
    chance = random.Random(3)
    for length in range(0, len(text), 7):
        prefix = text[:length]
        for offset in (length, chance.randint(0, length)):
            for question in (call_at, name_at, attribute_at, completion_context):
                question(prefix, offset)
    for offset in range(-2, len(text) + 3):
        context = completion_context(text, offset)
        assert context.prefix == text[max(context.start, 0) : max(offset, 0)] or context.kind == "none"
