"""scikit-learn, as far as it prepares arrays: splits, scalers, toy data sets."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.library import models
from keras_lsp.inference.library.objects import LibraryInstance, method
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import as_array, is_frame
from keras_lsp.inference.values import LibraryObject, ListValue, TensorValue, Unknown, Value
from keras_lsp.shapes.dim import Dim, opaque
from keras_lsp.shapes.tensor import Tensor

# sklearn/model_selection/_split.py: a quarter is kept for testing unless told otherwise
_DEFAULT_TEST_SHARE = 0.25


@models("sklearn.model_selection.train_test_split", "sklearn.cross_validation.train_test_split")
def train_test_split(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`train_test_split(x, y, test_size=0.2)`: sizes as scikit-learn rounds them."""
    if arguments.open or not arguments.args:
        return Unknown("unpacked arguments are not known")
    parts: list[Value] = []
    for value in arguments.args:
        train, test = _parts(value, arguments.kwargs.get("test_size"), arguments.kwargs.get("train_size"))
        parts += [train, test]
    return ListValue(parts)


def _parts(value: Value, test: Value, train: Value) -> tuple[Value, Value]:
    if isinstance(value, LibraryObject) and is_frame(value):
        from keras_lsp.inference.library.pandas import part_of

        first, second = (part_of(value, size) for size in _sizes(value.attributes["#rows"], test, train))
        return first, second
    if not isinstance(value, TensorValue) or not value.spec.shape:
        reason = value.reason if isinstance(value, Unknown) else "part of something that is no known array"
        return Unknown(reason), Unknown(reason)
    total = value.spec.shape[0]
    sizes = _sizes(total, test, train)
    first, second = (
        TensorValue(
            Tensor((size, *value.spec.shape[1:]), value.spec.dtype, None, value.spec.classes),
            "numpy",
            origin=value.origin,
        )
        for size in sizes
    )
    return first, second


def _sizes(total: Dim, test: Value, train: Value) -> tuple[Dim, Dim]:
    """Numbers of training and test samples (`_validate_shuffle_split`)."""
    known = (int, float, type(None))
    if not isinstance(total, int) or not isinstance(test, known) or not isinstance(train, known):
        return opaque(), opaque()
    if test is None and train is None:
        test = _DEFAULT_TEST_SHARE
    tests = None if test is None else math.ceil(test * total) if isinstance(test, float) else test
    trains = None if train is None else math.floor(train * total) if isinstance(train, float) else train
    if tests is None:
        tests = total - (trains or 0)
    if trains is None:
        trains = total - tests
    return trains, tests


# (samples, features), classes or None for regression: facts of the published files
_TOYS: dict[str, tuple[int, int, int | None]] = {
    "fetch_california_housing": (20640, 8, None),
    "load_iris": (150, 4, 3),
    "load_digits": (1797, 64, 10),
    "load_wine": (178, 13, 3),
    "load_breast_cancer": (569, 30, 2),
    "load_diabetes": (442, 10, None),
    "load_boston": (506, 13, None),
}


def _toy(samples: int, features: int, classes: int | None) -> Callable[[Machine, Arguments, ast.AST | None], Value]:
    def handler(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
        here = machine.span_of(node)
        x = TensorValue(Tensor((samples, features), "float64"), "numpy", origin=here)
        kind = "float64" if classes is None else "int64"
        y = TensorValue(Tensor((samples,), kind, None, classes), "numpy", origin=here)
        if arguments.kwargs.get("as_frame"):
            return Unknown("a data frame")
        if arguments.kwargs.get("return_X_y"):
            return (x, y)
        bunch = LibraryObject("sklearn.utils.Bunch")
        names = ListValue([Unknown("the name of a feature")] * features)
        bunch.attributes = {"data": x, "target": y, "feature_names": names}
        if classes is not None:
            bunch.attributes["target_names"] = TensorValue(Tensor((classes,), None), "numpy", origin=here)
        if (samples, features) == (1797, 64):
            bunch.attributes["images"] = TensorValue(Tensor((samples, 8, 8), "float64"), "numpy", origin=here)
        return bunch

    return handler


for _name, _facts in _TOYS.items():
    models(f"sklearn.datasets.{_name}")(_toy(*_facts))


# Both photographs that scikit-learn ships are of this size (sklearn/datasets/images).
_PHOTOGRAPH = (427, 640, 3)


@models("sklearn.datasets.load_sample_image")
def load_sample_image(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`load_sample_image("china.jpg")`."""
    return TensorValue(Tensor(_PHOTOGRAPH, "uint8"), "numpy", origin=machine.span_of(node))


@models("sklearn.datasets.load_sample_images")
def load_sample_images(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """A list of both photographs."""
    bunch = LibraryObject("sklearn.utils.Bunch")
    bunch.attributes["images"] = ListValue([load_sample_image(machine, arguments, node) for _ in range(2)])
    return bunch


def _made(features: str, default: int, classes: str | None) -> Callable[[Machine, Arguments, ast.AST | None], Value]:
    """`make_classification(n_samples, n_features)` and the like."""

    def handler(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
        samples = arguments.get(0, "n_samples", 100)
        width = arguments.kwargs.get(features, arguments.get(1, features, default)) if features else default
        if not isinstance(samples, int) or not isinstance(width, int):
            return (Unknown("the number of samples is not known"), Unknown("the number of samples is not known"))
        here = machine.span_of(node)
        x = TensorValue(Tensor((samples, width), "float64"), "numpy", origin=here)
        return (x, TensorValue(Tensor((samples,), "float64" if classes is None else "int64"), "numpy", origin=here))

    return handler


models("sklearn.datasets.make_classification")(_made("n_features", 20, "n_classes"))
models("sklearn.datasets.make_regression")(_made("n_features", 100, None))
models("sklearn.datasets.make_blobs")(_made("n_features", 2, "centers"))
models("sklearn.datasets.make_moons", "sklearn.datasets.make_circles")(_made("", 2, "classes"))

_SCALERS = (
    "StandardScaler",
    "MinMaxScaler",
    "RobustScaler",
    "MaxAbsScaler",
    "Normalizer",
    "QuantileTransformer",
    "PowerTransformer",
)


def _scaler(path: str) -> None:
    models(path)(lambda machine, arguments, node: LibraryObject(path))

    @method(path, "fit_transform", "transform", "inverse_transform")
    def transform(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
        """The same shape in floats."""
        x = as_array(arguments.get(0, "X"))
        if isinstance(x, TensorValue):
            return TensorValue(Tensor(x.spec.shape, "float64"), "numpy", origin=x.origin)
        return Unknown(x.reason if isinstance(x, Unknown) else "what is scaled is not a known array")

    @method(path, "fit")
    def fit(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
        """The scaler itself."""
        return value

    del transform, fit


for _name in _SCALERS:
    _scaler(f"sklearn.preprocessing.{_name}")


def _encoder(path: str, encode: Callable[[Tensor], Tensor | None]) -> None:
    """A class whose `fit_transform` and `transform` make another array of labels."""
    models(path)(lambda machine, arguments, node: LibraryObject(path, dict(arguments.kwargs)))

    @method(path, "fit_transform", "transform")
    def transform(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
        """The labels, encoded."""
        labels = as_array(arguments.get(0, "y", arguments.get(None, "X")))
        if isinstance(labels, ListValue) and labels.items:
            labels = TensorValue(Tensor((len(labels.items),), None), "numpy")
        made = encode(labels.spec) if isinstance(labels, TensorValue) and labels.spec.shape else None
        if made is None:
            return Unknown("what is encoded is not a known array")
        encoded = TensorValue(made, "numpy", origin=machine.span_of(node))
        if path.endswith("OneHotEncoder") and _is_sparse(value):
            matrix = LibraryObject("scipy.sparse.csr_matrix")
            matrix.attributes = {"#array": encoded, "shape": encoded.spec.shape}
            return matrix
        return encoded

    @method(path, "fit")
    def fit(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
        """The encoder itself."""
        return value

    del transform, fit


def _is_sparse(value: LibraryInstance) -> bool:
    """Whether an encoder makes sparse matrices, as it does unless told otherwise."""
    arguments = value.arguments if isinstance(value, LibraryObject) else {}
    return arguments.get("sparse", True) is not False and arguments.get("sparse_output", True) is not False


@method("scipy.sparse.csr_matrix", "toarray", "todense")
def to_array(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """The matrix with its zeros."""
    return value.attributes["#array"]


def _numbers(labels: Tensor) -> Tensor | None:
    """Class numbers; a column of labels becomes a row of them."""
    shape = labels.shape or ()
    return Tensor((shape[0],), "int64") if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1) else None


def _columns(labels: Tensor) -> Tensor | None:
    """A column for each class, two classes included; how many there are depends on the data."""
    shape = labels.shape or ()
    width = labels.classes if len(shape) == 2 and shape[1] == 1 and isinstance(labels.classes, int) else opaque()
    return Tensor((shape[0], width), "float64") if len(shape) == 2 else None


_encoder("sklearn.preprocessing.LabelEncoder", _numbers)
_encoder("sklearn.preprocessing.OneHotEncoder", _columns)
_encoder("sklearn.preprocessing.OrdinalEncoder", lambda labels: Tensor(labels.shape, "float64"))
_encoder(
    "sklearn.preprocessing.LabelBinarizer", lambda labels: Tensor(((labels.shape or (None,))[0], opaque()), "int64")
)
