"""NumPy functions that the shape room does not describe: arrays from lists, and what calls the program's functions."""

from __future__ import annotations

import ast
from dataclasses import replace

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.library import CONSTANTS, models
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import as_array, run_op
from keras_lsp.inference.values import CONSTANTS as PLAIN
from keras_lsp.inference.values import (
    DatasetValue,
    External,
    LibraryObject,
    ListValue,
    TensorValue,
    Unknown,
    Value,
    join_all,
)
from keras_lsp.shapes.tensor import MAX_CONTENT, Tensor

CONSTANTS.update(
    {"numpy.newaxis": None, "numpy.pi": 3.141592653589793, "numpy.e": 2.718281828459045, "numpy.inf": float("inf")}
)


@models("numpy.array", "numpy.asarray")
def array(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """An array of a list whose elements are arrays of one shape, else as the shape room says."""
    value = arguments.get(0, "object", arguments.get(None, "a"))
    if isinstance(value, LibraryObject) and isinstance(made := as_array(value), TensorValue):
        return TensorValue(made.spec, "numpy", origin=machine.span_of(node))
    if isinstance(value, ListValue) and value.items is None and isinstance(value.element, TensorValue):
        shape = value.element.spec.shape
        size = Unknown("the number of elements", None).as_dim()
        return TensorValue(
            Tensor(None if shape is None else (size, *shape), value.element.spec.dtype),
            "numpy",
            origin=machine.span_of(node),
        )
    if isinstance(value, DatasetValue):
        return Unknown("an array of a data set")
    return run_op(machine, "numpy.array", arguments, node)


# Numbers of training samples of the data sets of Keras whose labels count from 0, all of which occur.
_LABELLED = frozenset((60000, 50000, 25000, 8982))


@models("numpy.max", "numpy.amax")
def maximum(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """The largest element, known of all labels of a known data set."""
    labels = arguments.args[0] if len(arguments.args) == 1 and not arguments.kwargs else None
    spec = labels.spec if isinstance(labels, TensorValue) else None
    result = run_op(machine, "numpy.max", arguments, node)
    if spec is None or not spec.shape or spec.shape[0] not in _LABELLED or not isinstance(spec.classes, int):
        return result
    if not isinstance(result, TensorValue):
        return result
    return TensorValue(replace(result.spec, content=spec.classes - 1), "numpy", origin=result.origin)


def _joining(path: str, default: int) -> None:
    """A function that joins arrays along an axis: where nobody knows how many there are, the other axes are known."""

    def handler(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
        value = arguments.args[0] if arguments.args else None
        axis = arguments.get(1, "axis", default)
        element = value.element if isinstance(value, ListValue) and value.items is None else None
        shape = element.spec.shape if isinstance(element, TensorValue) else None
        if not shape or not isinstance(element, TensorValue) or not isinstance(axis, int):
            return run_op(machine, path, arguments, node)
        if not -len(shape) <= axis < len(shape):
            return run_op(machine, path, arguments, node)
        place = axis % len(shape)
        sizes = (*shape[:place], Unknown("the number of elements").as_dim(), *shape[place + 1 :])
        kind = "numpy" if path.startswith("numpy") else element.kind
        return TensorValue(Tensor(sizes, element.spec.dtype), kind, origin=machine.span_of(node))

    models(path)(handler)


for _path in ("numpy.concatenate", "numpy.vstack", "tensorflow.concat", "keras.ops.concatenate"):
    _joining(_path, 0)


@models("numpy.linspace")
def linspace(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Evenly spaced numbers, known one by one where there are few: rates that rise with the depth of a model."""
    result = run_op(machine, "numpy.linspace", arguments, node)
    start, stop, count = arguments.get(0, "start"), arguments.get(1, "stop"), arguments.get(2, "num", 50)
    plain = all(isinstance(value, int | float) for value in (start, stop)) and isinstance(count, int)
    if not plain or not isinstance(result, TensorValue) or not 1 < count <= MAX_CONTENT or len(arguments.args) > 3:
        return result
    if set(arguments.kwargs) - {"start", "stop", "num"}:
        return result
    content = tuple(start + (stop - start) * index / (count - 1) for index in range(count))
    return TensorValue(replace(result.spec, content=content), result.kind, origin=result.origin)


@models("numpy.random.default_rng", "numpy.random.Generator")
def make_generator(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """A generator of random numbers: its methods are known by the name of its class."""
    return External("numpy.random.Generator")


@models("numpy.random.RandomState", "numpy.random.mtrand.RandomState", "sklearn.utils.check_random_state")
def make_random_state(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """The older generator of random numbers."""
    return External("numpy.random.RandomState")


@models("numpy.load", "numpy.loadtxt", "numpy.genfromtxt", "numpy.fromfile")
def load(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Data from a file: nothing is read."""
    return Unknown("the data comes from a file")


@models("numpy.random.shuffle", "random.shuffle")
def shuffle(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """The shape of an array and the length of a list stay; which item stands where is not known."""
    value = arguments.get(0, "x")
    if isinstance(value, ListValue) and value.items:
        machine.touch(value)
        if all(isinstance(item, PLAIN) for item in value.items):
            value.items = [Unknown("one of the items that were shuffled") for _ in value.items]
        else:
            value.element, value.items = join_all(value.items), None
    return None


@models("numpy.random.seed", "random.seed", "tensorflow.random.set_seed")
def nothing(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Shapes stay."""
    return None
