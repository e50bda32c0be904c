"""One call of an op, read through typed getters that never guess, and the reading of Python values as arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from keras_lsp.shapes.configuration import UnknownValue, Version
from keras_lsp.shapes.dim import Dim, Expr, Shape, differ, format_shape, opaque
from keras_lsp.shapes.ops.dtypes import Dtype, promote_dtypes, standardize, strong
from keras_lsp.shapes.outcome import Refused, Undetermined
from keras_lsp.shapes.tensor import MAX_CONTENT, Tensor

# Nested lists longer than this are read for their first elements only; programs with literal data can be large.
MAX_READ = 4096


@dataclass(slots=True)
class Call:
    """The arguments of one call by the implementation's names, and whose rules hold.

    Getters raise `Undetermined` for values that are not known.
    """

    name: str
    kind: str
    arguments: Mapping[str, object]
    options: Mapping[str, str]
    keras: Version

    def given(self, name: str) -> bool:
        """Whether the argument is there and is not `None`."""
        return self.arguments.get(name) is not None

    def value(self, name: str, default: object = None) -> Any:
        """The argument's value, `default` if it is absent."""
        value = self.arguments.get(name, default)
        if isinstance(value, UnknownValue):
            raise Undetermined(f"the value of `{name}` is not known: {value.reason}")
        return value

    def tensor(self, name: str) -> Tensor:
        """The argument as an array: a tensor, a number, or nested lists of them."""
        if name not in self.arguments:
            raise Undetermined(f"the argument `{name}` is missing")
        return as_tensor(self.value(name), self.kind)

    def tensors(self, name: str) -> list[Tensor]:
        """The argument as a list of arrays; an array stands for its slices along the first axis."""
        value = self.value(name)
        if isinstance(value, Tensor):
            shape = known(value)
            if not shape:
                raise Undetermined("a scalar is not a list of tensors")
            if not isinstance(shape[0], int) or shape[0] > MAX_CONTENT:
                raise Undetermined("the number of tensors is not known")
            return [Tensor(shape[1:], value.dtype)] * shape[0]
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise Undetermined(f"`{name}` is not a list of tensors")
        return [as_tensor(item, self.kind) for item in cast("Sequence[object]", value)]

    def shape(self, name: str) -> Shape:
        """The sizes of an array argument; `Undetermined` where not even its rank is known."""
        return known(self.tensor(name))

    def sizes(self, name: str) -> Shape | None:
        """The argument as a shape: a number, a sequence of sizes, or an integer array; `None` if its length is not known."""
        return as_sizes(self.value(name))

    def fixed_sizes(self, name: str) -> Shape:
        """The argument as a shape of known rank."""
        sizes = self.sizes(name)
        if sizes is None:
            raise Undetermined(f"the length of `{name}` is not known")
        return sizes

    def size(self, name: str, default: Dim = None) -> Dim:
        """The argument as one size."""
        return as_dim(self.value(name, default))

    def integer(self, name: str, default: int | None = None) -> int:
        """The argument as a known whole number."""
        value = as_dim(self.value(name, default))
        if not isinstance(value, int):
            raise Undetermined(f"the value of `{name}` is not known")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """The truth of an argument."""
        value = self.value(name, default)
        if isinstance(value, Tensor):
            value = value.content
        if value is None or isinstance(value, bool | int | float | str):
            return bool(value)
        raise Undetermined(f"the value of `{name}` is not known")

    def text(self, name: str, default: str = "") -> str:
        """A string argument."""
        value = self.value(name, default)
        if value is None:
            return default
        if isinstance(value, str):
            return value
        raise Undetermined(f"the value of `{name}` is not a known string")

    def function(self, name: str) -> Callable[..., object]:
        """An argument that can be called with tensors (the caller wraps functions of the program so)."""
        value = self.value(name)
        if callable(value) and not isinstance(value, type):
            return value
        raise Undetermined(f"what `{name}` computes is not known")

    def dtype(self, default: Dtype, name: str = "dtype") -> Dtype:
        """The type a `dtype=` argument asks for, `default` if it is absent or `None`."""
        value = self.arguments.get(name)
        if value is None:
            return default
        return standardize(value, self.kind)

    def promote(self, *names: str) -> Dtype:
        """The common type of several array arguments."""
        return promote_dtypes(self.kind, *(dtype_of(self.value(name), self.kind) for name in names))

    def axis(self, name: str, rank: int, default: int | None = None, *, late: bool = False) -> int | None:
        """An axis as a number from 0, `None` if it is `None`; refused outside the rank, `late` if only running fails."""
        value = self.value(name, default)
        if value is None:
            return None
        axis = as_dim(value)
        if not isinstance(axis, int):
            raise Undetermined(f"the value of `{name}` is not known")
        return self.checked_axis(axis, rank, late=late)

    def one_axis(self, name: str, rank: int, default: int | None = None, *, late: bool = False) -> int:
        """An axis that must be a number."""
        axis = self.axis(name, rank, default, late=late)
        if axis is None:
            raise Undetermined(f"`{name}` is not a number")
        return axis

    def axes(self, name: str, rank: int, default: object = None, *, late: bool = False) -> tuple[int, ...] | None:
        """One or several axes as numbers from 0; `None` if it is `None`."""
        value = self.value(name, default)
        if value is None:
            return None
        if isinstance(value, Tensor) and value.content is None:
            raise Undetermined(f"the value of `{name}` is not known")
        axes = as_sizes(value)
        if axes is None:
            raise Undetermined(f"the value of `{name}` is not known")
        checked: list[int] = []
        for axis in axes:
            if not isinstance(axis, int):
                raise Undetermined(f"the value of `{name}` is not known")
            checked.append(self.checked_axis(axis, rank, late=late))
        return tuple(checked)

    def checked_axis(self, axis: int, rank: int, *, late: bool = False) -> int:
        """`axis` counted from 0; refused where it lies outside the rank."""
        if -rank <= axis < rank:
            return axis % rank
        if self.kind == "numpy":
            text = f"AxisError: axis {axis} is out of bounds for array of dimension {rank}"
        elif self.kind == "tensorflow":
            text = f"InvalidArgumentError: Axis {axis} is out of bounds for a tensor of rank {rank}"
        else:
            text = f"ValueError: axis {axis} is out of bounds for array of dimension {rank}."
        raise Refused("axis", text, stage="run" if late else "build", axis=axis, rank=rank)

    def refuse(self, kind: str, text: str, **facts: object) -> NoReturn:
        """Raise `Refused` with these facts; `text` is without the exception's name where it is a `ValueError`."""
        raise Refused(kind, text if _names_error(text) else f"ValueError: {text}", **facts)  # pyright: ignore[reportArgumentType]


def _names_error(text: str) -> bool:
    head = text.partition(":")[0]
    return head.endswith("Error") and head.isidentifier()


def known(tensor: Tensor) -> Shape:
    """The shape of a tensor; `Undetermined` where not even the rank is known."""
    if tensor.shape is None:
        raise Undetermined("the rank of the tensor is not known")
    return tensor.shape


def parts(content: object) -> tuple[object, ...] | None:
    """The elements of an array's content; `None` for a scalar's or an unknown one."""
    return cast("tuple[object, ...]", content) if isinstance(content, tuple) else None


def as_dim(value: object) -> Dim:
    """A number, size or scalar array as a size; `None` for one that only the run knows."""
    if value is None or isinstance(value, Expr):
        return value
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, UnknownValue):
        return opaque()
    if isinstance(value, Tensor):
        elements = parts(value.content)
        if elements is not None and value.shape == (1,):
            return as_dim(elements[0])
        return as_dim(value.content) if isinstance(value.content, int | float | Expr) else None
    raise Undetermined(f"{value!r} is not a size")


def as_sizes(value: object) -> Shape | None:
    """A number, sequence of sizes, or integer array as a shape; `None` where its length is not known."""
    if isinstance(value, Tensor):
        elements = parts(value.content)
        if elements is not None:
            return tuple(as_dim(item) for item in elements)
        if value.shape == ():
            return (as_dim(value),)
        if value.shape is not None and len(value.shape) == 1 and isinstance(value.shape[0], int):
            return (None,) * value.shape[0] if value.shape[0] <= MAX_CONTENT else None
        return None
    if isinstance(value, range):
        return tuple(value) if len(value) <= MAX_CONTENT else None
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return tuple(as_dim(item) for item in cast("Sequence[object]", value))
    return (as_dim(value),)


def dtype_of(value: object, kind: str) -> Dtype:
    """The type of an argument, weak for Python numbers; `None` if it is not known."""
    if isinstance(value, Tensor):
        return value.dtype
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | Expr):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, complex):
        return "complex"
    if isinstance(value, str | bytes):
        return "string"
    if isinstance(value, Sequence):
        return as_tensor(cast("object", value), kind).dtype
    return None


def as_tensor(value: object, kind: str) -> Tensor:
    """A Python value as an array: its shape, strong type, and elements where they are few."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, UnknownValue):
        raise Undetermined(value.reason)
    if isinstance(value, bool | int | float | complex | str | bytes | Expr):
        content = value if isinstance(value, bool | int | float | Expr) else None
        return Tensor((), strong(dtype_of(value, kind), kind), content)
    if isinstance(value, range):
        content = tuple(value) if len(value) <= MAX_CONTENT else None
        return Tensor((len(value),), strong("int", kind), content)
    if isinstance(value, Sequence):
        return _stacked(cast("Sequence[object]", value), kind)
    if value is None:
        raise Undetermined("`None` is not a tensor")
    raise Undetermined(f"a {type(value).__name__} is not a tensor")


def _stacked(items: Sequence[object], kind: str) -> Tensor:
    count = len(items)
    if not count:
        return Tensor((0,), {"numpy": "float64"}.get(kind, "float32"), ())
    read = [_element(item, kind) for item in (items if count <= MAX_READ else items[:1])]
    dtypes = [_element_dtype(item, tensor, kind) for item, tensor in zip(items, read, strict=False)]
    shape: list[Dim] = []
    first = read[0].shape
    if first is not None and all(tensor.shape is not None and len(tensor.shape) == len(first) for tensor in read):
        for sizes in zip(*(known(tensor) for tensor in read), strict=True):
            size: Dim = sizes[0]
            for other in sizes[1:]:
                if differ(size, other):
                    raise Undetermined("the lists are of different lengths")
                size = other if not isinstance(size, int) else size
            shape.append(size)
    elif any(tensor.shape is None for tensor in read):
        return Tensor(None, None)
    else:
        raise Undetermined("the lists are of different depths")
    whole: Shape = (count, *shape)
    content = tuple(tensor.content for tensor in read) if len(read) == count else None
    if content is not None and not _listed(whole):
        content = None
    # A nested part whose elements are not known leaves the whole without content; unknown scalars are fine.
    if content is not None and shape and any(part is None for part in content):
        content = None
    return Tensor(whole, promote_dtypes(kind, *dtypes), content)


def _element(item: object, kind: str) -> Tensor:
    """One element of a list; a `None` in it is a size that only the run knows."""
    if isinstance(item, UnknownValue):
        return Tensor(None, None)
    return Tensor((), "int32" if kind != "numpy" else "int64") if item is None else as_tensor(item, kind)


def _element_dtype(item: object, tensor: Tensor, kind: str) -> Dtype:
    if isinstance(item, bool | int | float | Expr):
        return dtype_of(item, kind)
    return tensor.dtype


def _listed(shape: Shape) -> bool:
    total = 1
    for dim in shape:
        if not isinstance(dim, int):
            return False
        total *= dim
    return total <= MAX_CONTENT


def printed(shape: Shape | None) -> str:
    """A shape for a sentence."""
    return format_shape(shape)


def array_like(*values: object) -> bool:
    """Whether one of the values is an array rather than a plain number."""
    return any(isinstance(value, Tensor) for value in values)
