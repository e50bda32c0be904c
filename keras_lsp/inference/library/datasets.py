"""`keras.datasets`: the arrays that `load_data()` returns, by shape and dtype."""

from __future__ import annotations

import ast

from keras_lsp.catalogue.datasets import Array
from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.library import models
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import TensorValue, Unknown, Value
from keras_lsp.shapes.tensor import Tensor

_NAMES = ("mnist", "fashion_mnist", "cifar10", "cifar100", "imdb", "reuters", "boston_housing", "california_housing")


# What these data sets keep for testing unless told otherwise.
_TEST_SPLIT = 0.2


def _load(machine: Machine, name: str, arguments: Arguments, node: ast.AST | None) -> Value:
    dataset = machine.catalogue.dataset(f"keras.datasets.{name}.load_data")
    if dataset is None:
        return Unknown(f"keras.datasets.{name} is not known")
    if name in ("boston_housing", "reuters", "california_housing") and (arguments.args or arguments.kwargs):
        usual = {"test_split": _TEST_SPLIT, "maxlen": None, "version": "large"}
        given = {key: value for key, value in arguments.kwargs.items() if key in usual}
        changed = {key for key, value in given.items() if isinstance(value, Unknown) or value != usual[key]}
        if changed or arguments.args:
            return Unknown(f"the sizes depend on {', '.join(sorted(changed)) or 'arguments'}")
    here = machine.span_of(node)

    def array(found: Array, labels: bool) -> TensorValue:
        return TensorValue(
            Tensor(found.shape, found.dtype, None, dataset.classes if labels else None), "numpy", origin=here
        )

    train = (array(dataset.x_train, False), array(dataset.y_train, True))
    return (train, (array(dataset.x_test, False), array(dataset.y_test, True)))


for _name in _NAMES:
    models(f"keras.datasets.{_name}.load_data")(
        lambda machine, arguments, node, n=_name: _load(machine, n, arguments, node)
    )
