"""The arrays that `keras.datasets.*.load_data()` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keras_lsp.catalogue.version import Contract, KerasVersion


@dataclass(frozen=True, slots=True)
class Array:
    """One array: shape, dtype ("object" for arrays of lists, "" where it is not known), and the type of their items."""

    shape: tuple[int, ...]
    dtype: str
    items: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """`(x_train, y_train), (x_test, y_test)` and the number of classes, None for regression."""

    name: str
    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    classes: int | None


def _images(
    name: str, train: int, test: int, shape: tuple[int, ...], classes: int, labels: tuple[int, ...], dtype: str
) -> Dataset:
    return Dataset(
        name,
        Array((train, *shape), "uint8"),
        Array((train, *labels), dtype),
        Array((test, *shape), "uint8"),
        Array((test, *labels), dtype),
        classes,
    )


def _texts(name: str, train: int, test: int, classes: int) -> Dataset:
    x, y = ("object", "int"), "int64"
    return Dataset(
        name, Array((train,), *x), Array((train,), y), Array((test,), *x), Array((test,), y), classes
    )  # fmt: skip


def _regression(name: str, train: int, test: int, features: int, x: str, y: str) -> Dataset:
    return Dataset(
        name, Array((train, features), x), Array((train,), y), Array((test, features), x), Array((test,), y), None
    )  # fmt: skip


# Facts of the published files and of each loader: CIFAR labels are columns, those of CIFAR-100 come from Python lists,
# texts are arrays of lists. Reuters and the house prices keep a fifth for testing.
_DATASETS: Mapping[str, Dataset] = {
    d.name: d
    for d in (
        _images("mnist", 60000, 10000, (28, 28), 10, (), "uint8"),
        _images("fashion_mnist", 60000, 10000, (28, 28), 10, (), "uint8"),
        _images("cifar10", 50000, 10000, (32, 32, 3), 10, (1,), "uint8"),
        _images("cifar100", 50000, 10000, (32, 32, 3), 100, (1,), "int64"),
        _texts("imdb", 25000, 25000, 2),
        _texts("reuters", 8982, 2246, 46),
        _regression("boston_housing", 404, 102, 13, "float64", "float64"),
        _regression("california_housing", 16512, 4128, 8, "", ""),
    )
}


def dataset(canonical: str, version: KerasVersion) -> Dataset | None:
    """Return what `keras.datasets.<name>.load_data` (or the module) gives with its default arguments, or None."""
    parts = canonical.split(".")
    if parts[:2] != ["keras", "datasets"] or len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] != "load_data"):
        return None
    found = _DATASETS.get(parts[2])
    if found is None or (found.name == "california_housing" and version.contract is not Contract.D):
        return None
    if found.name == "cifar10" and version.contract is Contract.A:
        # Standalone Keras makes the test labels of a list; tf.keras casts them to the type of the others.
        return replace(found, y_test=replace(found.y_test, dtype="int64"))
    return found
