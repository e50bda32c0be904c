"""Shapes that fit where one is being typed, from what is in scope: parameters, constants and arrays; best first."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from keras_lsp.features.lookup import canonical_name
from keras_lsp.inference.facts import Variable
from keras_lsp.inference.values import TensorValue, Unknown
from keras_lsp.rules.base import Context
from keras_lsp.rules.model_data import TRAINING
from keras_lsp.rules.shape_arguments import as_shape
from keras_lsp.rules.wording import AXES
from keras_lsp.shapes.dim import Expr, format_shape
from keras_lsp.syntax.calls import CallContext

Axes: TypeAlias = "tuple[str, ...] | None"

_IMAGE = ("height", "width", "channels")
_FLAT = (("features",),)
_ANY = (_IMAGE, ("time steps", "features"), ("features",), ("ids",))
# What programs call the sizes that they are made of; of several names for one axis the first that exists counts.
_SIZES: dict[str, re.Pattern[str]] = {
    axis: re.compile(rf"^(?:{pattern})$", re.IGNORECASE)
    for axis, pattern in {
        "height": r"(im(g|age)_?|input_?)?(height|h|rows)|nb_?rows",
        "width": r"(im(g|age)_?|input_?)?(width|w|cols|columns)|nb_?cols",
        "size": r"(im(g|age)?|input|target|crop|resize)_?(size|dim|resolution|side)|resolution|size",
        "channels": r"(n|num|nb|im(g|age)|input|n_input)?_?(channels?|chans?)",
        "steps": r"(n|num|nb)?_?(time_?)?steps|(max_?)?(seq(uence)?)?_?len(gth)?|max_?len(gth)?(_seq(uence)?)?|"
        r"(time_?|input_?)?window(_size|_length)?|look_?back|n_lags?|timestamps|block_size|context_(size|length)",
        "features": r"(n|num|nb)_?(features|inputs|vars|variables|cols|columns)|(input|feature)_?dim|features_?(n|num|count|size)?",
        "depth": r"(n|num|nb|im(g|age))?_?(depth|frames|slices)",
    }.items()
}
_ROLES: dict[str, tuple[str, ...]] = {
    "height": ("height", "size"),
    "width": ("width", "size"),
    "time steps": ("steps", "depth"),
    "steps": ("steps",),
    "ids": ("steps",),
    "features": ("features",),
    "channels": ("channels", "features"),
    "depth": ("depth",),
}
# Names of tuples that are shapes, and of those that are sizes of something else.
_SHAPE_NAME = re.compile(r"shape|im(g|age)|input|size(?!s)|dims?\b|resolution", re.IGNORECASE)
_OTHER_NAME = re.compile(
    r"kernel|pool|stride|batch|filter|units|output|target_?shape|mask|label|fig|grid|patch", re.IGNORECASE
)
_LABEL_NAME = re.compile(r"^y(_|\d|$)|label|target|_y$|^(tr|te|test|train|val)_?y$|mask|class", re.IGNORECASE)
_TEST_NAME = re.compile(r"test|val|eval|pred|new|sample", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A shape as source, and what it is; `rank` orders, the least first."""

    source: str
    detail: str
    rank: int


def _class_name(context: Context, call: CallContext, offset: int) -> str:
    """The class of the layer that takes the shape: the one being made, or the one behind an `Input`."""
    canonical = (canonical_name(context, call.callee, offset) if call.dotted else None) or ""
    if canonical.startswith("keras.applications."):
        return "Conv2D"  # as far as its input goes
    name = canonical.rpartition(".")[2]
    return _next_layer(context, call) or "" if name in ("Input", "InputLayer") else name


def wanted_axes(class_name: str) -> Axes:
    """The names of the axes of one sample that a layer takes; `None` for any."""
    names = AXES.get(class_name)
    return names[1:] if names is not None else None


def _next_layer(context: Context, call: CallContext) -> str | None:
    """The class of the layer that follows an `Input` in a list of layers."""
    for node in context.nodes(ast.List):
        assert isinstance(node, ast.List)
        spans = [context.parsed.positions.span(item) for item in node.elts]
        for index, (start, _) in enumerate(spans[:-1]):
            following = node.elts[index + 1]
            if start == call.callee_start and isinstance(following, ast.Call):
                name = context.text[slice(*context.parsed.positions.span(following.func))]
                canonical = canonical_name(context, name, call.callee_start)
                return canonical.rpartition(".")[2] if canonical is not None else None
    return None


def fitting_shapes(context: Context, call: CallContext, offset: int, batch: bool) -> list[Candidate]:
    """Shapes of one sample (with `batch`: of a batch of any size) that may be meant at an offset, as source."""
    class_name = _class_name(context, call, offset)
    axes = wanted_axes(class_name)
    functions = _functions(context)
    scope = [span for span in functions if span[0] <= offset <= span[1]]
    visible = _visible(context, functions, scope, offset)
    found = [
        *_parameters(context, offset, batch),
        *_constants(visible, axes, batch),
        *_arrays(context, visible, axes, batch),
        *_composed(visible, axes, batch, _FLAT if class_name == "Dense" else _ANY),
    ]
    found.sort(key=lambda candidate: candidate.rank)
    first: dict[str, Candidate] = {}
    for candidate in found:
        first.setdefault(candidate.source, candidate)
    return list(first.values())


_Spans: TypeAlias = "list[tuple[int, int]]"


def _functions(context: Context) -> _Spans:
    nodes = [*context.nodes(ast.FunctionDef), *context.nodes(ast.AsyncFunctionDef)]
    return [context.parsed.positions.span(node) for node in nodes]


def _visible(context: Context, functions: _Spans, scope: _Spans, offset: int) -> list[Variable]:
    """The last binding of each name that code at an offset can read; those of its own function first."""
    found: dict[str, Variable] = {}
    for variable in sorted(context.facts.variables, key=lambda variable: variable.span.start, reverse=True):
        around = [span for span in functions if span[0] <= variable.span.start <= span[1]]
        innermost = max(around, default=None)
        own = innermost is None or innermost in scope
        # Code in a function runs later than the module around it.
        if own and (variable.span.start <= offset or (innermost is None and scope)):
            found.setdefault(variable.name, variable)
    return list(found.values())


def _parameters(context: Context, offset: int, batch: bool) -> Iterator[Candidate]:
    for kind in (ast.FunctionDef, ast.AsyncFunctionDef):
        for node in context.nodes(kind):
            assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            start, end = context.parsed.positions.span(node)
            if not start <= offset <= end:
                continue
            arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            for name in [argument.arg for argument in arguments if "shape" in argument.arg]:
                if not _OTHER_NAME.search(name):
                    yield Candidate(_with_batch(name, batch), f"parameter of {node.name}", 0)


def _with_batch(source: str, batch: bool) -> str:
    if not batch:
        return source
    return f"(None, {source[1:]}" if source.startswith("(") else f"(None, *{source})"


def _constants(visible: list[Variable], axes: Axes, batch: bool) -> Iterator[Candidate]:
    channels = _named(visible, "channels")
    for variable in visible:
        name, value = variable.name, variable.value
        shape = as_shape(value) if not isinstance(value, int | Expr) else None
        if not shape or not all(isinstance(dim, int | Expr) or dim is None for dim in shape):
            continue
        if not _SHAPE_NAME.search(name) or _OTHER_NAME.search(name):
            continue
        if axes is None or len(shape) == len(axes):
            yield Candidate(_with_batch(name, batch), _detail(shape, "", batch), 1)
        if len(shape) == 2 and (axes == _IMAGE or (axes is None and "shape" not in name.lower())):
            last = channels.name if channels is not None else "3"
            size = channels.value if channels is not None else 3
            yield Candidate(_with_batch(f"(*{name}, {last})", batch), _detail((*shape, size), "", batch), 2)


def _detail(shape: Sequence[object], about: str, batch: bool) -> str:
    whole = (None, *shape) if batch else shape
    dims = [dim if isinstance(dim, int | Expr) else None for dim in whole]
    return format_shape(dims) + (f", {about}" if about else "")


def _arrays(context: Context, visible: list[Variable], axes: Axes, batch: bool) -> Iterator[Candidate]:
    """Arrays, as source that follows the data and as numbers: those that `fit` is given first, labels only then."""
    fed = {id(event.call.arguments["x"].value): event.method in TRAINING
           for event in context.facts.events if "x" in event.call.arguments}  # fmt: skip
    for variable in visible:
        value = variable.value
        if not isinstance(value, TensorValue) or value.kind == "keras":
            continue
        shape = value.spec.shape
        if shape is None or len(shape) < 2:
            continue
        name, sample = variable.name, shape[1:]
        training = fed.get(id(value))
        if training is None and _LABEL_NAME.search(name):
            continue
        rank = 3 if training else 4 if training is None and not _TEST_NAME.search(name) else 5
        if axes is None or len(sample) == len(axes):
            source, about = f"{name}.shape[1:]", f"one sample of {name}"
        elif len(sample) == len(axes) - 1 and axes[-1] in ("channels", "features"):
            source, about = f"(*{name}.shape[1:], 1)", f"one sample of {name}[..., None]"
            sample = (*sample, 1)
            rank += 3
        else:
            continue
        yield Candidate(_with_batch(source, batch), _detail(sample, about, batch), rank)
        if all(isinstance(dim, int) for dim in sample):
            yield Candidate(format_shape((None, *sample) if batch else sample), about, rank)


def _named(visible: list[Variable], role: str) -> Variable | None:
    """The size that a program calls so."""
    for variable in visible:
        value = variable.value
        size = (isinstance(value, int | Expr) and not isinstance(value, bool)) or (
            isinstance(value, Unknown) and value.name
        )
        if size and _SIZES[role].match(variable.name):
            return variable
    return None


def _composed(
    visible: list[Variable], axes: Axes, batch: bool, guesses: Sequence[tuple[str, ...]]
) -> Iterator[Candidate]:
    """Shapes put together from sizes by their names: `(IMG_SIZE, IMG_SIZE, 3)`, `(TIMESTEPS, N_FEATURES)`."""
    for wanted in (axes,) if axes is not None else guesses:
        parts: list[tuple[str, object]] = []
        for axis in wanted:
            known = next((found for role in _ROLES.get(axis, ()) if (found := _named(visible, role)) is not None), None)
            if known is not None:
                parts.append((known.name, known.value))
            elif (
                axis in ("channels", "features")
                and len(parts) == len(wanted) - 1
                and (axes is not None or axis == "channels")
            ):
                default = 3 if "height" in wanted else 1  # colours; one value per step
                parts.append((str(default), default))
        if len(parts) != len(wanted) or all(source.isdigit() for source, _ in parts):
            continue
        source = f"({', '.join(source for source, _ in parts)}{',' if len(parts) == 1 else ''})"
        yield Candidate(_with_batch(source, batch), _detail([value for _, value in parts], "", batch), 6)
