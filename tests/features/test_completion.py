from __future__ import annotations

from keras_lsp.features.types import CompletionItem
from tests.features.cursor import at_cursor


def complete(source: str, version: str = "3.15") -> list[CompletionItem]:
    analysis, offset = at_cursor(source, version)
    items = list(analysis.completions(offset))
    assert [item.sort_text for item in items] == sorted(item.sort_text for item in items)
    for item in items:
        assert item.replace.contains(offset)
    return items


def labels(source: str, version: str = "3.15") -> list[str]:
    return [item.label for item in complete(source, version)]


def test_every_public_layer_of_tf_keras() -> None:
    found = labels("import tensorflow as tf\ntf.keras.layers.¦\n")
    assert len(found) > 150
    assert {"Dense", "LSTM", "TimeDistributed", "Conv2DTranspose"} <= set(found)


def test_a_member_is_documented_when_resolved() -> None:
    analysis, offset = at_cursor("from tensorflow.keras import layers\nlayers.Conv2¦\n")
    item = next(item for item in analysis.completions(offset) if item.label == "Conv2D")
    resolved = analysis.resolve_completion(item)
    assert "https://keras.io" in resolved.documentation


def test_names_to_import() -> None:
    found = labels("from tensorflow.keras.layers import Dense, ¦\n")
    assert "LSTM" in found
    assert "Dense" not in found


def test_hidden_keywords_are_offered_by_version() -> None:
    new = {item.label: item.detail for item in complete("import keras\nkeras.layers.LSTM(8, ¦)\n")}
    assert "warning" in new["input_shape="]
    assert "batch_input_shape=" not in new
    old = labels("import keras\nkeras.layers.LSTM(8, ¦)\n", "2.15")
    assert {"input_shape=", "batch_input_shape=", "input_length=", "weights="} <= set(old)
    assert "units=" not in old


def test_keywords_given_are_not_offered_again() -> None:
    assert "activation=" not in labels("import keras\nkeras.layers.Dense(8, activation='relu', ¦)\n")


def test_strings_for_an_activation() -> None:
    found = labels('import keras\nkeras.layers.Dense(8, activation="¦")\n')
    assert {"relu", "softmax", "sigmoid"} <= set(found)


def test_losses_follow_the_last_layer() -> None:
    source = 'import keras\nm = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])\nm.compile("adam", loss="¦")\n'
    assert labels(source)[0] == "binary_crossentropy"


def test_shapes_of_arrays_in_scope() -> None:
    found = labels(
        "import keras, numpy as np\nx_train = np.zeros((60, 28, 28, 1))\nm = keras.Sequential([keras.layers.Conv2D(8, 3, input_shape=¦)])\n"
    )
    assert found[:2] == ["x_train.shape[1:]", "(28, 28, 1)"]


def test_names_of_layers() -> None:
    source = 'import keras\nm = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, name="head")])\nm.get_layer("¦")\n'
    assert labels(source) == ["head"]


def test_monitors_are_those_that_are_computed() -> None:
    source = (
        'import keras\nm = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\nm.compile("adam", "mse", metrics=["mae"])\n'
        'keras.callbacks.EarlyStopping(monitor="¦")\n'
    )
    assert labels(source) == ["val_loss", "loss", "val_mae", "mae"]


def test_nothing_in_comments_and_for_strangers() -> None:
    assert labels("import keras\n# keras.layers.¦\n") == []
    assert labels("import os\nos.path.¦\n") == []
