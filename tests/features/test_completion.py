from __future__ import annotations

import pytest

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


DATA = "import keras, numpy as np\nfrom keras import layers\n"


@pytest.mark.parametrize(
    ("before", "layer", "expected"),
    [
        ("IMG = (128, 128, 3)", "layers.Conv2D(8, 3, input_shape=¦)", ["IMG"]),
        ("IMG_SIZE = 128", "layers.Conv2D(8, 3, input_shape=¦)", ["(IMG_SIZE, IMG_SIZE, 3)"]),
        ("IMG_SIZE = 128\nCHANNELS = 1", "layers.Conv2D(8, 3, input_shape=¦)", ["(IMG_SIZE, IMG_SIZE, CHANNELS)"]),
        ("IMG_SIZE = (224, 200)", "keras.Input(shape=¦), layers.Conv2D(8, 3)", ["(*IMG_SIZE, 3)"]),
        ("img_height, img_width = 180, 200", "keras.Input(shape=¦)", ["(img_height, img_width, 3)"]),
        ("timesteps, n_features = 10, 3", "layers.LSTM(3, input_shape=¦)", ["(timesteps, n_features)"]),
        ("maxlen = 200", "keras.Input(shape=¦), layers.Embedding(1000, 3)", ["(maxlen,)"]),
        ("SIZE = 224", "keras.applications.ResNet50(input_shape=¦)", ["(SIZE, SIZE, 3)"]),
        # Nothing that has other axes than the layer takes, and nothing that is the size of something else.
        ("IMG_SIZE = 128\nx = np.zeros((5, 6))", "layers.LSTM(3, input_shape=¦)", ["(*x.shape[1:], 1)", "(6, 1)"]),
        ("kernel_size = (3, 3)\nsizes = [64, 32]\nbatch_size = 8", "layers.Dense(3, input_shape=¦)", []),
        # Images without an axis for their channels, as the digits come.
        ("x_train = np.zeros((60, 28, 28))", "layers.Conv2D(8, 3, input_shape=¦)", ["(*x_train.shape[1:], 1)", "(28, 28, 1)"]),
        ("x_train = np.zeros((60, 28, 28))", "layers.Flatten(input_shape=¦)", ["x_train.shape[1:]", "(28, 28)"]),
        # Training data before test data, no labels, batch axis where it is asked for.
        (
            "x_test = np.zeros((5, 6))\nx_train = np.zeros((9, 6))\ny_train = np.zeros((9, 2))",
            "layers.Dense(3, input_shape=¦)",
            ["x_train.shape[1:]", "(6,)", "x_test.shape[1:]"],
        ),
        ("x = np.zeros((9, 6))", "keras.Input(batch_shape=¦)", ["(None, *x.shape[1:])", "(None, 6)"]),
    ],
)  # fmt: skip
def test_shapes_that_fit(before: str, layer: str, expected: list[str]) -> None:
    assert labels(f"{DATA}{before}\nm = keras.Sequential([{layer}])\n") == expected


def test_shapes_follow_the_scope() -> None:
    source = (
        f"{DATA}def other():\n    x_other = np.zeros((5, 6))\n\ndef build(input_shape, n):\n    return keras.Input(shape=¦)\n\n"
        "x = np.zeros((9, 7))\n"
    )
    assert labels(source) == ["input_shape", "x.shape[1:]", "(7,)"]
    assert labels(f"{DATA}x = np.zeros((9, 6))\nnp.ones(shape=¦)\n") == []


def test_what_fit_is_given_comes_first() -> None:
    source = f"{DATA}a = np.zeros((9, 6))\nb = np.zeros((9, 7))\nm = keras.Sequential([layers.Dense(3, input_shape=¦)])\nm.fit(a, b)\n"
    assert labels(source)[:2] == ["a.shape[1:]", "(6,)"]


DIGITS = (
    f"{DATA}(x_train, y_train), _ = keras.datasets.mnist.load_data()\n"
    "m = keras.Sequential([keras.Input((28, 28)), layers.Flatten(), layers.Dense(10{})])\n"
)


@pytest.mark.parametrize(
    ("activation", "after", "expected"),
    [
        (', activation="softmax"', 'm.compile("adam", loss=¦)', '"sparse_categorical_crossentropy"'),
        (
            ', activation="softmax"',
            'm.compile("adam", loss="¦")\nm.fit(x_train, keras.utils.to_categorical(y_train, 10))',
            "categorical_crossentropy",
        ),
        (
            ', activation="softmax"',
            'y_train = keras.utils.to_categorical(y_train)\nm.compile("adam", loss="¦")',
            "categorical_crossentropy",
        ),
        ("", 'm.compile("adam", loss=¦)', "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"),
        (', activation="sigmoid"', 'm.compile("adam", loss=¦)', '"binary_crossentropy"'),
        (', activation="softmax"', 'm.compile("adam", "mse", metrics=¦)', '["accuracy"]'),
        ("", 'm.compile("adam", loss="mse", metrics=[¦])', '"mae"'),
        (', activation="softmax"', 'm.compile(loss="mse", metrics=["mae", "¦"])', "mean_absolute_error"),
        (', activation="sigmoid"', 'm.compile(loss="binary_crossentropy", metrics=["accuracy", "¦"])', "binary_accuracy"),
    ],
)  # fmt: skip
def test_losses_and_metrics_fit_the_last_layer_and_the_labels(activation: str, after: str, expected: str) -> None:
    assert labels(f"{DIGITS.replace('{}', activation)}{after}\n")[0] == expected


def test_losses_beside_labels_without_an_axis() -> None:
    data = 'm.compile("adam", "¦")\nm.fit(np.zeros((6, 4)), np.int64(3) + np.random.randint(0, 10))\n'
    source = 'import numpy as np\nimport keras\nm = keras.Sequential([keras.Input((4,)), keras.layers.Dense(9, activation="softmax")])\n'
    assert "adam" not in labels(source + data.replace('"¦"', 'loss="¦"'))


def test_metrics_given_are_not_offered_again() -> None:
    found = labels(f'{DIGITS.replace("{}", "")}m.compile(loss="mse", metrics=["mae", "¦"])\n')
    assert "mse" in found and "mae" not in found


def test_shapes_where_the_rest_is_not_written_yet() -> None:
    assert labels(f"{DATA}IMG = (32, 32, 3)\nm = keras.Sequential([layers.Conv2D(8, 3, input_shape=¦") == ["IMG"]
    assert labels(f"{DATA}IMG = (32, 32, 3)\nm = keras.Sequential()\nm.add(layers.Conv2D(8, 3, input_shape=¦)") == [
        "IMG"
    ]


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
