"""What the catalogue says about one public Keras name."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "layer",
    "model",
    "function",
    "class",
    "optimizer",
    "loss",
    "metric",
    "initializer",
    "application",
    "dataset",
    "callback",
    "op",
    "module",
]
ParameterKind = Literal["positional", "positional-only", "keyword-only", "var-positional", "var-keyword"]
Status = Literal["accepted", "warns", "rejected"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `default` is meaningful only where `has_default` and `default_is_literal`."""

    name: str
    kind: ParameterKind
    has_default: bool = False
    default: Any = None
    default_text: str = ""
    default_is_literal: bool = False


@dataclass(frozen=True, slots=True)
class Symbol:
    """A public class, function or module of one Keras version.

    `bases` is the rest of its method resolution order: public names in full, private ones bare. `call_parameters`
    are those of a layer's `call`, without `self`. `methods` are given for models and layers' base classes.
    """

    name: str
    kind: Kind
    parameters: tuple[Parameter, ...] | None = None
    call_parameters: tuple[Parameter, ...] = ()
    bases: tuple[str, ...] = ()
    doc: str = ""
    url: str = ""
    available: bool = True
    since: str = ""
    until: str = ""
    methods: Mapping[str, tuple[Parameter, ...]] = field(default_factory=dict[str, "tuple[Parameter, ...]"])

    @property
    def leaf(self) -> str:
        """The last part of the name: `Dense`."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Place:
    """Where Keras itself says it: a file below site-packages, a function in it, and the text to search there."""

    owner: str
    file: str
    function: str
    search: str


@dataclass(frozen=True, slots=True)
class HiddenKeyword:
    """What one layer does with one keyword that is (mostly) in no signature.

    `message` is Keras's text with its exception or warning type in front, `{layer}`, `{keyword}` and `{given}` (the
    dict of unknown keywords) standing for what depends on the call. `route` is the way of the keyword through the
    constructors; `place` is where it is taken, or None where it is refused.
    """

    name: str
    status: Status
    declared: bool
    message: str
    meaning: str
    equals: str
    route: tuple[str, ...]
    place: Place | None


def parse_parameters(text: str | None) -> tuple[Parameter, ...]:
    """Return the parameters that a signature in Python source (`"units, activation=None, **kwargs"`) declares."""
    if not text:
        return ()
    arguments = ast.parse(f"def f({text}): ...").body[0].args  # type: ignore[attr-defined]
    return tuple(_from_arguments(arguments))  # pyright: ignore[reportUnknownArgumentType]


def _from_arguments(arguments: ast.arguments) -> list[Parameter]:
    positional = [*arguments.posonlyargs, *arguments.args]
    without = len(positional) - len(arguments.defaults)
    out: list[Parameter] = []
    for index, argument in enumerate(positional):
        kind: ParameterKind = "positional-only" if index < len(arguments.posonlyargs) else "positional"
        out.append(_parameter(argument.arg, kind, arguments.defaults[index - without] if index >= without else None))
    if arguments.vararg:
        out.append(Parameter(arguments.vararg.arg, "var-positional"))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        out.append(_parameter(argument.arg, "keyword-only", default))
    if arguments.kwarg:
        out.append(Parameter(arguments.kwarg.arg, "var-keyword"))
    return out


def _parameter(name: str, kind: ParameterKind, default: ast.expr | None) -> Parameter:
    if default is None:
        return Parameter(name, kind)
    text = ast.unparse(default)
    try:
        value = ast.literal_eval(default)
    except ValueError:
        return Parameter(name, kind, True, None, text)
    literal = value is not Ellipsis
    return Parameter(name, kind, True, value if literal else None, text, literal)
