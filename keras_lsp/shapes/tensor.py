"""What is known about one tensor or array: shape, dtype, and for small integer arrays the elements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from keras_lsp.shapes.dim import Dim, Shape, format_shape

# Larger constant arrays are data, not shapes; their elements are never needed to know a shape.
MAX_CONTENT = 64


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor or array as far as it is known.

    Attributes:
        shape: sizes of all axes, batch axis included; `None` when even the rank is unknown.
        dtype: Keras's name of the element type ("float32", "int64", "string", "bool"); `None` when unknown.
        content: the elements as a nested tuple (a plain number for a scalar) where they are known, for arrays that
            serve as shapes or indices, such as `tf.shape(x)`; an element may be any `Dim` (`None` is an unknown number).
        classes: for arrays of integer labels, the count of values `0 .. classes - 1`, all of which occur.
    """

    shape: Shape | None
    dtype: str | None = None
    content: object = None
    classes: Dim = None

    @property
    def rank(self) -> int | None:
        """Number of axes, batch axis included."""
        return None if self.shape is None else len(self.shape)

    def with_shape(self, shape: Shape | None) -> Tensor:
        """The same kind of element in another shape; content and classes are forgotten."""
        return Tensor(shape, self.dtype)

    def with_dtype(self, dtype: str | None) -> Tensor:
        """The same shape with other elements."""
        return replace(self, dtype=dtype, content=None, classes=None)

    def __str__(self) -> str:
        return format_shape(self.shape)

    def __repr__(self) -> str:
        return f"a tensor of shape {self}"  # what messages say where a number was wanted


# What a layer or op takes or returns: one tensor, or (nested) tuples, lists or dicts of them; `None` for an absent one.
Structure: TypeAlias = "Tensor | tuple[Structure, ...] | list[Structure] | dict[str, Structure] | None"


def flatten(structure: Structure) -> list[Tensor]:
    """All tensors of a structure, dicts in sorted order of their keys as Keras flattens them."""
    if structure is None:
        return []
    if isinstance(structure, Tensor):
        return [structure]
    if isinstance(structure, dict):
        return [tensor for key in sorted(structure) for tensor in flatten(structure[key])]
    return [tensor for item in structure for tensor in flatten(item)]
