"""Spellings resolve to one main name in every version; symbols, members, identifiers and data sets are right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_lsp.catalogue import LATEST, Contract, load_catalogue, parse_version
from keras_lsp.catalogue.store import ORDER

K3 = load_catalogue(LATEST)
K2 = load_catalogue(parse_version("2.15"))
K1 = load_catalogue(parse_version("2.3"))
VERSIONS = ["tf_keras 2.21" if name == "2.21" else name for name in ORDER]


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("keras", "keras"),
        ("tensorflow.keras", "keras"),
        ("tensorflow.keras.layers", "keras.layers"),
        ("tensorflow.keras.layers.Dense", "keras.layers.Dense"),
        ("keras.api.layers.Dense", "keras.layers.Dense"),
        ("keras._tf_keras.keras.layers.Dense", "keras.layers.Dense"),
        ("tf_keras.layers.LSTM", "keras.layers.LSTM"),
        ("tf_keras.src.layers.rnn.lstm.LSTM", "keras.layers.LSTM"),
        ("tensorflow.python.keras.layers.Conv2D", "keras.layers.Conv2D"),
        ("tensorflow.python.keras.layers.convolutional.Conv2D", "keras.layers.Conv2D"),
        ("tensorflow.compat.v1.keras.layers.CuDNNLSTM", "keras.layers.CuDNNLSTM"),
        ("tensorflow.contrib.keras.layers.Dense", "keras.layers.Dense"),
        ("keras.api._v2.keras.layers.Dense", "keras.layers.Dense"),
        ("keras.src.layers.core.dense.Dense", "keras.layers.Dense"),
        ("keras.layers.core.Dense", "keras.layers.Dense"),
        ("keras.layers.convolutional.Conv2D", "keras.layers.Conv2D"),
        ("keras.layers.recurrent.LSTM", "keras.layers.LSTM"),
        ("keras.layers.normalization.BatchNormalization", "keras.layers.BatchNormalization"),
        ("keras.layers.advanced_activations.LeakyReLU", "keras.layers.LeakyReLU"),
        ("keras.layers.merge.concatenate", "keras.layers.concatenate"),
        ("keras.layers.wrappers.TimeDistributed", "keras.layers.TimeDistributed"),
        ("keras.layers.Convolution2D", "keras.layers.Conv2D"),
        ("keras.layers.MaxPool2D", "keras.layers.MaxPooling2D"),
        ("keras.layers.GlobalAvgPool2D", "keras.layers.GlobalAveragePooling2D"),
        ("keras.layers.experimental.preprocessing.Rescaling", "keras.layers.Rescaling"),
        ("keras.engine.topology.Layer", "keras.layers.Layer"),
        ("keras.engine.topology.Input", "keras.Input"),
        ("keras.engine.training.Model", "keras.Model"),
        ("keras.utils.np_utils.to_categorical", "keras.utils.to_categorical"),
        ("keras.layers.Input", "keras.Input"),
        ("keras.Input", "keras.Input"),
        ("keras.models.Model", "keras.Model"),
        ("keras.models.Sequential", "keras.Sequential"),
        ("keras.Layer", "keras.layers.Layer"),
        ("keras.layers.Layer", "keras.layers.Layer"),
        ("keras.losses.mse", "keras.losses.mean_squared_error"),
        ("keras.ops.numpy.add", "keras.ops.add"),
        ("keras.optimizers.legacy.Adam", "keras.optimizers.legacy.Adam"),
        ("keras.applications.vgg16.VGG16", "keras.applications.VGG16"),
        ("keras.preprocessing.sequence.pad_sequences", "keras.utils.pad_sequences"),
        ("keras.datasets.mnist.load_data", "keras.datasets.mnist.load_data"),
    ],
)
def test_spellings(spelling: str, name: str) -> None:
    for version in VERSIONS:
        catalogue = load_catalogue(parse_version(version))
        assert catalogue.resolve(spelling) == name
        assert catalogue.symbol(name) is not None


def test_what_is_not_keras() -> None:
    for spelling in ("", ".", "numpy.array", "kerastuner.Tuner", "keras_nlp.layers.Dense", "keras.layers.NoSuchLayer"):
        assert K3.resolve(spelling) is None
    assert K3.symbol("keras.layers.NoSuchLayer") is None
    assert K3.members("numpy") == {}
    assert K3.exists("keras.layers.NoSuchLayer") is None


def test_availability() -> None:
    gone = K3.symbol("keras.layers.CuDNNLSTM")
    assert gone is not None
    assert not gone.available
    assert gone.kind == "layer"
    assert gone.parameters
    assert K1.symbol("keras.layers.CuDNNLSTM").available  # type: ignore[union-attr]
    new = K2.symbol("keras.ops.add")
    assert new is not None
    assert (new.available, new.kind) == (False, "op")
    assert K3.exists("keras.layers.Dense") is True
    assert K3.exists("keras.layers.experimental.preprocessing.Rescaling") is False
    assert K3.exists("keras.layers.core.Dense") is False
    assert K3.exists("keras.src.layers.core.Dense") is None
    # `tf.keras` of Keras 3 keeps names that `keras` dropped.
    assert K3.exists("keras.preprocessing.image.ImageDataGenerator") is False
    assert K3.exists("tensorflow.keras.preprocessing.image.ImageDataGenerator") is True


def test_a_version_between_two_known_ones_misses_nothing_that_either_has() -> None:
    middle = load_catalogue(parse_version("2.9"))
    for name in ("keras.layers.Rescaling", "keras.wrappers.scikit_learn.KerasClassifier"):
        assert middle.symbol(name).available  # type: ignore[union-attr]
    assert middle.hidden_keywords("Dense")["input_dim"].status == "accepted"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_member_has_a_symbol(version: str) -> None:
    catalogue = load_catalogue(parse_version(version))
    modules = [name for name, symbol in _all(catalogue) if symbol.kind == "module"]
    assert len(modules) > 10
    for module in modules:
        for leaf, name in catalogue.members(module).items():
            assert catalogue.resolve(f"{module}.{leaf}") == name
            symbol = catalogue.symbol(name)
            assert symbol is not None
            assert symbol.available
            assert symbol.kind == "module" or symbol.parameters is not None
            assert symbol.url.startswith("https://")


def _all(catalogue):
    pending, seen = ["keras"], set()
    while pending:
        name = pending.pop()
        symbol = catalogue.symbol(name)
        if name in seen or symbol is None:
            continue
        seen.add(name)
        yield name, symbol
        if symbol.kind == "module":
            pending += catalogue.members(name).values()


def test_all_public_layers_complete() -> None:
    names = K3.members("tensorflow.keras.layers")
    layers = [n for n, main in names.items() if K3.symbol(main).kind == "layer"]  # type: ignore[union-attr]
    assert len(layers) >= 160
    assert {"Dense", "MaxPool2D", "Convolution2D", "TextVectorization"} <= set(layers)
    assert len(K3.members("keras.ops")) >= 337
    assert len(K1.members("keras.backend")) > 140


def test_symbols() -> None:
    dense = K3.symbol("keras.layers.Dense")
    assert dense is not None
    assert (dense.kind, dense.leaf, dense.bases[0]) == ("layer", "Dense", "keras.layers.Layer")
    units, activation = dense.parameters[:2]  # type: ignore[index]
    assert (units.name, units.kind, units.has_default) == ("units", "positional", False)
    assert (activation.default, activation.default_is_literal) == (None, True)
    assert dense.parameters[-1].kind == "var-keyword"  # type: ignore[index]
    assert [p.name for p in dense.call_parameters] == ["inputs", "training"]
    assert dense.url == "https://keras.io/api/layers/core_layers/dense/"
    conv = K3.symbol("keras.layers.Conv2D")
    assert conv is not None
    assert {p.name: p.default for p in conv.parameters or ()}["strides"] == (1, 1)
    assert conv.url == "https://keras.io/api/layers/convolution_layers/convolution2d/"
    model = K3.symbol("keras.Model")
    assert model is not None
    assert [p.name for p in model.parameters or ()][:3] == ["inputs", "outputs", "name"]
    assert "loss" in {p.name for p in K3.method("keras.Sequential", "compile") or ()}
    assert K3.method("keras.layers.Dense", "add_weight")
    kinds = {
        "keras.Model": "model",
        "keras.Sequential": "model",
        "keras.Input": "function",
        "keras.optimizers.Adam": "optimizer",
        "keras.losses.Huber": "loss",
        "keras.metrics.AUC": "metric",
        "keras.initializers.HeNormal": "initializer",
        "keras.callbacks.EarlyStopping": "callback",
        "keras.applications.ResNet50": "application",
        "keras.datasets.mnist.load_data": "dataset",
        "keras.ops.reshape": "op",
        "keras.layers": "module",
        "keras.activations.relu": "function",
    }
    for name, kind in kinds.items():
        assert K3.symbol(name).kind == kind, name  # type: ignore[union-attr]


def test_hidden_keywords() -> None:
    old = K2.hidden_keywords("LSTM")["input_length"]
    assert (old.status, old.declared, old.route) == ("accepted", False, ("LSTM", "RNN"))
    assert old.equals == "input_shape=(input_length, input_dim)"
    assert old.place is not None
    assert (old.place.file, old.place.function) == ("keras/src/layers/rnn/base_rnn.py", "RNN.__init__")
    new = K3.hidden_keywords("keras.layers.LSTM")
    assert new["input_length"].status == "rejected"
    assert new["input_length"].message == "ValueError: Unrecognized keyword arguments passed to {layer}: {given}"
    assert new["input_shape"].status == "warns"
    assert new["input_shape"].route == ("LSTM", "RNN", "Layer")
    assert new["input_shape"].place.file == "keras/src/layers/layer.py"  # type: ignore[union-attr]
    assert K3.hidden_keywords("Embedding")["input_dim"].declared
    assert K3.hidden_keywords("Embedding")["weights"].status == "accepted"
    assert K3.hidden_keywords("SpatialDropout1D")["input_shape"].status == "rejected"
    assert K3.hidden_keywords("MyOwnLayer")["input_shape"].status == "warns"
    b = load_catalogue(parse_version("tf1.15"))
    assert b.hidden_keywords("Dense")["input_dim"].status == "accepted"
    assert b.hidden_keywords("Conv2D")["input_dim"].status == "rejected"
    assert K1.hidden_keywords("LSTM")["input_dim"].status == "warns"
    for catalogue in (K1, b, K2, K3):
        for name, main in catalogue.members("keras.layers").items():
            if catalogue.symbol(main).kind == "layer":  # type: ignore[union-attr]
                for keyword in catalogue.hidden_keywords(main).values():
                    assert keyword.meaning.endswith("."), name
                    assert (keyword.status == "accepted") == (not keyword.message), (name, keyword)


def test_unknown_keyword_error() -> None:
    given = {"foo": "1", "bar": "'x'"}
    assert K3.unknown_keyword_error("Dense", given) == (
        "ValueError: Unrecognized keyword arguments passed to Dense: {'foo': 1, 'bar': 'x'}"
    )
    assert K2.unknown_keyword_error("Dense", given) == "TypeError: ('Keyword argument not understood:', 'foo')"
    assert K3.unknown_keyword_error("SpatialDropout1D", {"foo": "1"}) == (
        "TypeError: SpatialDropout1D.__init__() got an unexpected keyword argument 'foo'"
    )


def test_identifiers() -> None:
    assert K3.identifiers_for("keras.layers.Conv2D", "padding") == ("same", "valid")
    assert K3.identifiers_for("Conv1D", "padding") == ("causal", "same", "valid")
    assert K3.identifiers_for("Dense", "activation") == K3.identifiers("activations")
    assert K3.identifiers_for("LSTM", "recurrent_activation") == K3.identifiers("activations")
    assert K3.identifiers_for("Dense", "kernel_initializer") == K3.identifiers("initializers")
    assert K3.identifiers_for("keras.Model.compile", "loss") == K3.identifiers("losses")
    assert K3.identifiers_for("keras.Model.compile", "metrics") == K3.identifiers("metrics")
    assert K3.identifiers_for("Dense", "units") == ()
    assert len(K3.identifiers("activations")) == 32
    assert len(K3.identifiers("optimizers")) == 26
    assert len(K3.identifiers("losses")) == 55
    assert "sparsemax" not in K2.identifiers("activations")
    assert {"mse", "categorical_crossentropy"} <= set(K1.identifiers("losses"))
    assert {"monitor", "dtypes", "padding", "data_format"} <= {
        k for k in ("monitor", "dtypes", "padding", "data_format") if K3.identifiers(k)
    }


def test_datasets() -> None:
    cifar = K3.dataset("keras.datasets.cifar10.load_data")
    assert cifar is not None
    assert (cifar.x_train.shape, cifar.y_train.shape, cifar.classes) == ((50000, 32, 32, 3), (50000, 1), 10)
    imdb = K3.dataset("keras.datasets.imdb")
    assert imdb is not None
    assert (imdb.x_train.shape, imdb.x_train.dtype) == ((25000,), "object")
    assert K3.dataset("keras.datasets.california_housing.load_data") is not None
    assert K2.dataset("keras.datasets.california_housing.load_data") is None
    assert K3.dataset("keras.layers.Dense") is None


@pytest.mark.parametrize(
    ("text", "contract", "shown"),
    [
        ("3", "D", "3.15"),
        ("3.15.1", "D", "3.15"),
        ("3.2", "D", "3.2"),
        ("2", "C", "2.15"),
        ("2.15", "C", "2.15"),
        ("2.4.3", "C", "2.4"),
        ("2.3", "A", "2.3"),
        ("keras 2.3.1", "A", "2.3"),
        ("keras==2.2.4", "A", "2.2"),
        ("tf2.2", "B", "tf2.2"),
        ("tf1.15", "B", "tf1.15"),
        ("tensorflow 2.3", "C", "tf2.3"),
        ("tf-2.3.0", "C", "tf2.3"),
        ("tensorflow==2.16.1", "D", "3.15"),
        ("tensorflow 2", "D", "3.15"),
        ("tf_keras", "C", "2.21"),
        ("tf_keras==2.16.0", "C", "2.16"),
        (" 3.10.0rc1 ", "D", "3.10"),
    ],
)
def test_versions(text: str, contract: str, shown: str) -> None:
    version = parse_version(text)
    assert (version.contract, str(version)) == (Contract(contract), shown)
    again = parse_version(str(version))
    assert (again.contract, again.major, again.minor) == (version.contract, version.major, version.minor)


@pytest.mark.parametrize("text", ["", "latest", "1.2", "4", "tf3", "3.x", "torch 2.1", "keras-core"])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match=r"Keras|TensorFlow"):
        parse_version(text)


def test_versions_are_ordered_by_contract() -> None:
    texts = ["2.2", "2.3", "tf1.15", "tf2.2", "tf2.3", "2.15", "3.0", "3.15"]
    versions = [parse_version(text) for text in texts]
    assert versions == sorted(versions)
    assert {v.generation for v in versions} == {2, 3}


@given(st.text(max_size=40), st.sampled_from(["keras.", "tensorflow.keras.", "keras.layers.", ""]))
def test_no_name_raises(text: str, prefix: str) -> None:
    name = prefix + text
    resolved = K3.resolve(name)
    assert resolved is None or resolved.startswith("keras")
    K3.exists(name)
    K3.members(name)
    K3.symbol(name)
    K3.dataset(name)
    K3.identifiers_for(name, text)
    K3.hidden_keywords(name)


def test_modules_that_are_lost_with_all_their_names() -> None:
    """Keras 2.15 and 3 have `ConvLSTM2D`, but no `convolutional_recurrent` anywhere; others have moved, or are well known."""
    for catalogue in (K2, K3):
        assert catalogue.lost_module("keras.layers.convolutional_recurrent.ConvLSTM2D") is not None
        assert catalogue.exists("keras.layers.convolutional_recurrent") is False
        for kept in ("keras.layers.Dense", "keras.datasets.mnist.load_data", "keras.layers.core.Dense", "numpy.zeros"):
            assert catalogue.lost_module(kept) is None, kept
        assert catalogue.lost_module("keras.layers.merge.concatenate") is None
        assert catalogue.lost_module("tensorflow.python.keras.layers.recurrent.LSTM") is None
    assert K2.lost_module("keras.utils.data_utils.get_file") is None
    assert K3.lost_module("keras.utils.data_utils.get_file") == "keras.utils.data_utils"
    assert K1.lost_module("keras.layers.convolutional_recurrent.ConvLSTM2D") is None
