"""The tables of op spellings, read lazily: which implementation a dotted name has, and how its arguments are bound.

A table is a text of sections and rows:

    [keras.ops]
    shaping.reshape            | reshape(x, newshape=shape)
    elementwise.unary dtype=float | exp sqrt (x)

A row names an implementation (`module.function` of this package) and the fixed options it gets, then the spellings with
their parameters, in the order in which they are bound. `name=other` says that the implementation calls it `other`; a
parameter without a mapping has the implementation's name; `*name` takes the remaining positional arguments; a parameter
that the implementation does not know is simply not read. Defaults belong to the implementations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, TypeAlias

from keras_lsp.shapes.outcome import Undetermined
from keras_lsp.shapes.tensor import Structure

TABLES = ("keras_rows", "backend_rows", "tensorflow_rows", "numpy_rows")

# (call) -> tensors or any plain value; raises Refused or Undetermined
Implementation: TypeAlias = "Callable[[Any], Structure | object]"

# Whole modules that hold the same functions under another name. The longest prefix wins.
_PREFIXES = (
    ("keras.ops.nn.", "keras.ops."),
    ("keras.ops.numpy.", "keras.ops."),
    ("keras.ops.core.", "keras.ops."),
    ("keras.ops.math.", "keras.ops."),
    ("keras.ops.linalg.", "keras.ops."),
    ("tensorflow.keras.", "keras."),
    ("tf_keras.", "keras."),
    ("keras.src.", "keras."),
    ("tensorflow.python.keras.", "keras."),
    ("tensorflow.compat.v1.", "tensorflow."),
    ("tensorflow.compat.v2.", "tensorflow."),
)


@dataclass(frozen=True, slots=True)
class Signature:
    """How one spelling is called.

    Attributes:
        implementation: the function that knows the answer.
        options: what the row fixes ("dtype": "float").
        positional: the implementation's names of the positional parameters, in order.
        variadic: the implementation's name for the remaining positional arguments, if the spelling has `*name`.
        keywords: spelled parameter -> the implementation's name.
        open: whether further keywords are taken (`**axes_lengths`), passed on as they are.
    """

    implementation: Implementation
    options: Mapping[str, str]
    positional: tuple[str, ...]
    variadic: str | None
    keywords: Mapping[str, str]
    open: bool

    def bind(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, object]:
        """Arguments by the implementation's names; `Undetermined` where the call does not fit the signature."""
        bound = dict(zip(self.positional, args, strict=False))
        if len(args) > len(self.positional):
            if self.variadic is None:
                raise Undetermined("the call has more arguments than the function takes")
            bound[self.variadic] = tuple(args[len(self.positional) :])
        elif self.variadic is not None:
            bound[self.variadic] = ()
        for name, value in kwargs.items():
            target = self.keywords.get(name)
            if target is None:
                if not self.open:
                    raise Undetermined(f"the function takes no argument `{name}`")
                target = name
            bound[target] = value
        return bound


@lru_cache(1)
def _index() -> dict[str, tuple[str, str]]:
    """Every spelling in the tables, with its row's implementation text and parameter text."""
    index: dict[str, tuple[str, str]] = {}
    for table in TABLES:
        prefix = ""
        for line in import_module(f"keras_lsp.shapes.ops.{table}").ROWS.splitlines():
            row = line.strip()
            if not row or row.startswith("#"):
                continue
            if row.startswith("["):
                prefix = row.strip("[]") + "."
                continue
            implementation, _, spelled = row.partition("|")
            names, _, parameters = spelled.partition("(")
            parameters = parameters.rpartition(")")[0]
            for name in names.split():
                index[prefix + name] = (implementation, parameters)
    return index


@lru_cache(4096)
def canonical(name: str) -> str | None:
    """The spelling in the tables that means the same function; `None` if there is none."""
    index = _index()
    seen = name
    while seen not in index:
        for prefix, replacement in _PREFIXES:
            if seen.startswith(prefix):
                seen = replacement + seen[len(prefix) :]
                break
        else:
            break
    return seen if seen in index else None


@lru_cache(2048)
def signature(name: str) -> Signature | None:
    """How the function of this name is called and computed; `None` if it is not in the tables."""
    known = canonical(name)
    if known is None:
        return None
    implementation_text, parameters_text = _index()[known]
    implementation, *fixed = implementation_text.split()
    module, _, function = implementation.partition(".")
    options = dict(option.split("=", 1) for option in fixed)
    positional: list[str] = []
    keywords: dict[str, str] = {}
    variadic: str | None = None
    takes_any = keyword_only = False
    for parameter in parameters_text.replace(",", " ").split():
        spelled, _, target = parameter.partition("=")
        if spelled == "*":
            keyword_only = True
        elif spelled.startswith("**"):
            takes_any = True
        elif spelled.startswith("*"):
            variadic = target or spelled[1:]
            keyword_only = True
        else:
            keywords[spelled] = target or spelled
            if not keyword_only:
                positional.append(target or spelled)
    return Signature(
        getattr(import_module(f"keras_lsp.shapes.ops.{module}"), function),
        options,
        tuple(positional),
        variadic,
        keywords,
        takes_any,
    )


def kind_of(name: str) -> str:
    """Whose rules a function follows: "keras", "tensorflow" or "numpy".

    The functions of the legacy `keras.backend` and of tf.keras are TensorFlow's; those of `keras.ops` are Keras 3's own.
    """
    if name.startswith(("numpy.", "ndarray.")):
        return "numpy"
    if name.startswith(("tensorflow.", "tf_tensor.")):
        return "tensorflow"
    return "tensorflow" if name.startswith("keras.backend.") else "keras"
