"""Shape arguments as shapes, and whether two of them contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from keras_lsp.inference.facts import LayerFact
from keras_lsp.inference.values import ListValue, TensorValue, Unknown
from keras_lsp.shapes.dim import Dim, Expr, Shape, differ
from keras_lsp.shapes.tensor import Tensor


def as_shape(value: object) -> Shape | None:
    """A value as a shape (an int is a shape of one axis); `None` if it is none or not known."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Expr):
        return (value,)
    if isinstance(value, ListValue):
        value = value.items
    if isinstance(value, tuple | list):
        dims: list[Dim] = []
        for item in cast("Sequence[object]", value):
            if isinstance(item, Unknown):
                dims.append(item.as_dim())
            elif item is None or (isinstance(item, int | Expr) and not isinstance(item, bool)):
                dims.append(item)
            else:
                return None
        return tuple(dims)
    return None


def given_shape(layer: LayerFact) -> Shape | None:
    """The batch shape that a layer's own first-layer keywords say, as far as they are written as numbers."""
    arguments = layer.call.arguments
    if "batch_input_shape" in arguments:
        return as_shape(arguments["batch_input_shape"].value)
    if "input_shape" in arguments:
        shape = as_shape(arguments["input_shape"].value)
        return None if shape is None else (None, *shape)
    if "input_dim" in arguments and layer.class_name not in ("Embedding", "ReversibleEmbedding"):
        shape = as_shape(arguments["input_dim"].value)
        return None if shape is None else (None, *shape)
    return None


def contradicts(first: Sequence[Dim], second: Sequence[Dim]) -> bool:
    """Whether two shapes cannot both be right: other ranks, or an axis that certainly has two sizes."""
    return len(first) != len(second) or any(differ(a, b) for a, b in zip(first, second, strict=True))


def single(structure: object) -> Shape | None:
    """The shape of the only tensor of a structure or list of structures."""
    if isinstance(structure, list | tuple) and len(cast("Sequence[object]", structure)) == 1:
        structure = cast("Sequence[object]", structure)[0]
    return structure.shape if isinstance(structure, Tensor) else None


def array_shape(value: object) -> Shape | None:
    """The shape of an array value of the program."""
    return value.spec.shape if isinstance(value, TensorValue) else None
