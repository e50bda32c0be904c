"""A layer's bound constructor arguments, read through typed getters that never guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, cast

from keras_lsp.shapes.dim import Dim, Expr
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined
from keras_lsp.shapes.tensor import Structure

# (3, 15, 1); TensorFlow 2.3's tf.keras calls itself (2, 4, 0), standalone Keras is at most (2, 3, 1).
Version: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class UnknownValue:
    """The value of an argument that could not be determined, with the reason in words."""

    reason: str


class Sublayer(Protocol):
    """A layer given as an argument of another one (`Bidirectional(LSTM(8))`, `RNN(LSTMCell(8))`)."""

    @property
    def class_name(self) -> str:
        """Canonical short name ("LSTM"), or the user's class name."""
        ...

    @property
    def arguments(self) -> Mapping[str, object]:
        """Bound constructor arguments."""
        ...

    def apply(self, inputs: Structure, call: Mapping[str, object]) -> Applied:
        """Output and weights for these inputs; raises `Refused` or `Undetermined`."""
        ...


@dataclass(frozen=True, slots=True)
class Configuration:
    """One layer to be: class, every argument with its default filled in, and the Keras it is for.

    Argument values are plain Python values (numbers, strings, tuples, lists, dicts), `Expr` for named sizes, `Sublayer`
    for layers, `Tensor` for arrays, `UnknownValue` for what is not known, any other object for opaque things
    (initializers, callables). Getters raise `Undetermined` for unknown values.
    """

    class_name: str
    arguments: Mapping[str, object]
    keras: Version
    floatx: str = "float32"
    data_format: str = "channels_last"
    names: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def generation(self) -> int:
        """2 or 3."""
        return 3 if self.keras >= (3,) else 2

    def value(self, name: str, default: object = None) -> object:
        """The value of an argument, `default` if it is absent; unknown values raise `Undetermined`."""
        value = self.arguments.get(name, default)
        if isinstance(value, UnknownValue):
            raise Undetermined(f"the value of `{name}` is not known: {value.reason}")
        return value

    def dim(self, name: str) -> Dim:
        """A size: an int, an expression, or `None`; NumPy-like integers arrive as ints."""
        value = self.value(name)
        if value is None or isinstance(value, Expr):
            return value
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, int):
            return value
        if isinstance(value, float) and value.is_integer() and self.generation == 2:
            return int(value)
        raise Undetermined(f"`{name}` is {value!r}, not a whole number")

    def integer(self, name: str) -> int:
        """A known int."""
        value = self.dim(name)
        if not isinstance(value, int):
            raise Undetermined(f"the value of `{name}` is not known")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """Truth of an argument."""
        value = self.value(name, default)
        if value is None or isinstance(value, bool | int | float | str):
            return bool(value)
        raise Undetermined(f"the value of `{name}` is not known")

    def text(self, name: str, default: str | None = None) -> str | None:
        """A string argument, lower-cased by the caller where Keras does so."""
        value = self.value(name, default)
        if value is None or isinstance(value, str):
            return value
        raise Undetermined(f"the value of `{name}` is not a known string")

    def sizes(self, name: str, count: int) -> tuple[Dim, ...]:
        """`3` or `(3, 3)` as `count` sizes, as Keras's `standardize_tuple` reads it."""
        value = self.value(name)
        if isinstance(value, int | Expr):
            return (value,) * count
        if isinstance(value, Sequence) and not isinstance(value, str):
            items: list[Dim] = []
            for item in cast("Sequence[object]", value):
                if isinstance(item, UnknownValue):
                    raise Undetermined(f"a value in `{name}` is not known: {item.reason}")
                if not isinstance(item, int | Expr):
                    raise Undetermined(f"`{name}` holds {item!r}")
                items.append(item)
            if len(items) != count:
                raise Refused(
                    "argument",
                    f"ValueError: The `{name}` argument must be a tuple of {count} integers. Received: {value!r}",
                    stage="construct",
                    argument=name,
                    value=cast("object", value),
                )
            return tuple(items)
        raise Undetermined(f"`{name}` is {value!r}")

    def channels_first(self) -> bool:
        """Whether `data_format` (or the global default) says channels_first."""
        return (self.text("data_format") or self.data_format) == "channels_first"

    def sublayer(self, name: str) -> Sublayer:
        """A layer given as an argument."""
        value = self.value(name)
        if hasattr(value, "apply") and hasattr(value, "class_name"):
            return value  # pyright: ignore[reportReturnType]
        raise Undetermined(f"`{name}` is not a known layer")

    def compute_dtype(self) -> str:
        """The dtype a layer computes in (`mixed_float16` computes in float16)."""
        policy = self.text("dtype") or self.floatx
        return policy.removeprefix("mixed_")

    def variable_dtype(self) -> str:
        """The dtype of a layer's weights (`mixed_float16` keeps float32)."""
        policy = self.text("dtype") or self.floatx
        return "float32" if policy.startswith("mixed_") else policy
