"""Where the installed Keras defines classes and takes hidden keywords, read from its files."""

from __future__ import annotations

import inspect
import sysconfig
from pathlib import Path

import pytest

from keras_lsp.oracle.names.sources import find_hidden_keyword, source_location

SITE = [Path(sysconfig.get_path("purelib"))]

# Keras 3.15 and tf_keras 2.21: layer, keyword, file, what the line says, the way through the classes.
TAKEN = [
    ("keras", "Dense", "input_shape", "layers/layer.py", 'kwargs.pop("input_shape"', ("Dense", "Layer")),
    ("keras", "LSTM", "input_dim", "layers/layer.py", 'kwargs.pop("input_dim"', ("LSTM", "RNN", "Layer")),
    ("keras", "Embedding", "input_length", "layers/core/embedding.py", 'kwargs.pop("input_length"', ("Embedding",)),
    ("keras", "Embedding", "weights", "layers/core/embedding.py", "weights=None", ("Embedding",)),
    ("tensorflow.keras", "Conv2D", "input_shape", "layers/layer.py", "input_shape", ("Conv2D", "BaseConv", "Layer")),
    ("tf_keras", "LSTM", "input_length", "layers/rnn/base_rnn.py", 'kwargs.pop("input_length"', ("LSTM", "RNN")),
    ("tf_keras", "LSTM", "input_dim", "layers/rnn/base_rnn.py", 'kwargs.pop("input_dim"', ("LSTM", "RNN")),
    ("tf_keras", "LSTM", "batch_size", "engine/base_layer.py", 'kwargs["batch_size"]', ("LSTM", "RNN", "Layer")),
    ("tf_keras", "Dense", "input_dim", "engine/base_layer.py", 'kwargs["input_dim"]', ("Dense", "Layer")),
    ("tf_keras", "Dense", "weights", "engine/base_layer.py", 'kwargs.get("weights"', ("Dense", "Layer")),
    (
        "tf_keras",
        "Dense",
        "batch_input_shape",
        "engine/base_layer.py",
        'kwargs["batch_input_shape"]',
        ("Dense", "Layer"),
    ),
]

GONE = [
    ("keras", "LSTM", "input_length"),
    ("keras", "Dense", "weights"),
    ("keras", "Dense", "batch_input_shape"),
    ("keras", "Dense", "batch_size"),
    ("tf_keras", "Dense", "input_length"),
    ("keras", "NoSuchLayer", "input_shape"),
    ("keras", "Dense", "no_such_keyword"),
]


@pytest.mark.parametrize(("root", "layer", "keyword", "file", "text", "way"), TAKEN)
def test_the_line_that_takes_a_hidden_keyword(root, layer, keyword, file, text, way) -> None:
    found = find_hidden_keyword(SITE, f"{root}.layers.{layer}", keyword)
    assert found is not None
    assert found.location.path.as_posix().endswith(f"src/{file}")
    line = found.location.path.read_text().splitlines()[found.location.line - 1]
    assert text in line
    assert keyword in line[found.location.column :]
    assert found.way == way


# Lines of the measured contract (file, line from which the keyword is taken out, within this many lines).
CITED = [
    ("keras", "Dense", "input_dim", "src/layers/layer.py", 279),
    ("keras", "Embedding", "input_length", "src/layers/core/embedding.py", 121),
    ("tf_keras", "LSTM", "input_length", "src/layers/rnn/base_rnn.py", 267),
    ("tf_keras", "Dense", "input_dim", "src/engine/base_layer.py", 434),
    ("tf_keras", "Dense", "weights", "src/engine/base_layer.py", 451),
]


@pytest.mark.parametrize(("root", "layer", "keyword", "file", "line"), CITED)
def test_lines_of_the_measured_contract(root, layer, keyword, file, line) -> None:
    found = find_hidden_keyword(SITE, f"{root}.layers.{layer}", keyword)
    assert found is not None
    assert found.location.path == SITE[0] / root / file
    # `if "input_dim" in kwargs` is cited where `kwargs["input_dim"]` two lines below is what is found.
    assert 0 <= found.location.line - line <= 2


@pytest.mark.parametrize(("root", "layer", "keyword"), GONE)
def test_keywords_that_are_not_taken(root: str, layer: str, keyword: str) -> None:
    assert find_hidden_keyword(SITE, f"{root}.layers.{layer}", keyword) is None


def test_classes_are_where_python_says() -> None:
    import keras

    wrong = []
    names = [name for name, value in vars(keras.layers).items() if inspect.isclass(value)]
    assert len(names) > 150
    for name in names:
        value = getattr(keras.layers, name)
        found = source_location(f"keras.layers.{name}", SITE)
        line = inspect.getsourcelines(value)[1]
        # The class statement follows its decorators.
        if found is None or str(found.path) != inspect.getsourcefile(value) or not 0 <= found.line - line <= 25:
            wrong.append((name, found, line))
    assert wrong == []


def test_strange_files_do_no_harm(tmp_path: Path) -> None:
    layers = tmp_path / "keras" / "layers"
    layers.mkdir(parents=True)
    (layers / "__init__.py").write_text(
        "from .a import Loop\nfrom .b import *\nfrom .broken import Broken\nfrom .missing import Missing\n"
        "from .deep import Deep\nfrom ....... import TooFar\n"
    )
    (layers / "a.py").write_text("from .b import Loop\nclass Own(Own): pass\n")
    (layers / "b.py").write_text("from .a import Loop\nfrom .a import *\n")
    (layers / "broken.py").write_text("class Broken(:\n")
    (layers / "deep.py").write_text(
        "class Deep(Base):\n    def __init__(self, **kwargs): kwargs['x'] = 1\n" + "(" * 5000
    )
    for name in ("Loop", "Broken", "Missing", "Deep", "Own", "TooFar", "Nothing"):
        assert find_hidden_keyword([tmp_path], f"keras.layers.{name}", "x") is None
    (layers / "latin.py").write_bytes(b"class Latin: pass\nname = '\xe9'\n")
    (layers / "__init__.py").write_text("from .latin import Latin\n")
    assert source_location("keras.layers.Latin", [tmp_path]) is None
    assert source_location("keras.layers.Latin", []) is None
    assert source_location("other.layers.Latin", [tmp_path]) is None
