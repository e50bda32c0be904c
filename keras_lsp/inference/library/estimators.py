"""Keras models as estimators of scikit-learn: functions that build models, called as often as a search calls them.

Sources: tensorflow/python/keras/wrappers/scikit_learn.py, scikeras/wrappers.py (0.13), keras/src/wrappers/sklearn_wrapper.py,
sklearn/model_selection/_search.py, sklearn/pipeline.py.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from typing import cast

from keras_lsp.inference.arguments import MISSING, Arguments
from keras_lsp.inference.classes import find_member
from keras_lsp.inference.library import models
from keras_lsp.inference.library.objects import METHODS, LibraryInstance, attribute, call_object_method, method
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import as_array
from keras_lsp.inference.values import (
    BoundMethod,
    DictValue,
    FunctionValue,
    LibraryObject,
    ListValue,
    ModelValue,
    ObjectValue,
    TensorValue,
    Unknown,
    Value,
    join_all,
)
from keras_lsp.shapes.tensor import Tensor

# Combinations of parameters that a building function is called with, one by one; more of them are joined to one call.
MAX_COMBINATIONS = 16
# How often `RandomizedSearchCV` draws unless told otherwise.
_DRAWS = 10

Settings = dict[str, Value]

_OLD = ("keras", "tensorflow.keras", "tensorflow.python.keras", "tf_keras")
_KINDS = ("KerasClassifier", "KerasRegressor")


def _wrapper(path: str, first: str, *names: str) -> None:
    """A class that holds a function which builds a model, under its parameter `first`."""

    def make(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
        if arguments.open:
            return Unknown("unpacked arguments are not known")
        given = {first: None, **arguments.bind(first), **arguments.kwargs}
        return LibraryObject(path, given)

    models(*names)(make)


_wrapper("keras.wrappers.BaseWrapper", "build_fn", *(f"{p}.wrappers.scikit_learn.{k}" for p in _OLD for k in _KINDS))
_wrapper("scikeras.BaseWrapper", "model", *(f"scikeras.wrappers.{kind}" for kind in (*_KINDS, "BaseWrapper")))
_wrapper(
    "keras.wrappers.SKLBase",
    "model",
    *(f"keras.wrappers.{kind}" for kind in ("SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer")),
)


def _search(path: str, grid: str) -> None:
    """A class that fits an estimator with many settings, given as its parameter `grid`."""

    def make(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
        if arguments.open:
            return Unknown("unpacked arguments are not known")
        given = {**arguments.bind("estimator", grid), **arguments.kwargs}
        return LibraryObject("sklearn.BaseSearchCV", {**given, "#grid": given.get(grid)})

    models(path)(make)


for _module in ("sklearn.model_selection", "sklearn.grid_search", "dask_ml.model_selection"):
    _search(f"{_module}.GridSearchCV", "param_grid")
    _search(f"{_module}.RandomizedSearchCV", "param_distributions")


@models("sklearn.pipeline.Pipeline")
def make_pipeline(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`Pipeline([("scale", StandardScaler()), ("net", estimator)])`."""
    steps = arguments.get(0, "steps")
    items = steps.items if isinstance(steps, ListValue) else None
    if not items or not all(isinstance(item, tuple) and len(cast("tuple[Value, ...]", item)) == 2 for item in items):
        return Unknown("the steps of the pipeline are not known")
    return LibraryObject("sklearn.Pipeline", {"#name": items[-1][0], "#steps": tuple(step for _, step in items)})


@models("sklearn.pipeline.make_pipeline")
def make_unnamed_pipeline(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`make_pipeline(StandardScaler(), estimator)`: steps are named after their classes."""
    if arguments.open or not arguments.args:
        return Unknown("the steps of the pipeline are not known")
    return LibraryObject("sklearn.Pipeline", {"#name": Unknown("a step's name"), "#steps": tuple(arguments.args)})


def _fit(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """The models that are built for these data."""
    if isinstance(value, LibraryObject):
        _build(machine, value, [{}], as_array(arguments.get(0, "X", arguments.kwargs.get("x"))), node)
    return Unknown("the history of a model in an estimator") if value.path == "keras.wrappers.BaseWrapper" else value


for _path in ("keras.wrappers.BaseWrapper", "scikeras.BaseWrapper", "keras.wrappers.SKLBase", "sklearn.Pipeline"):
    method(_path, "fit")(_fit)
method("sklearn.BaseSearchCV", "fit")(_fit)
method("scikeras.BaseWrapper", "initialize", "partial_fit")(_fit)
attribute("keras.wrappers.BaseWrapper", "model")(lambda machine, value: Unknown("the estimator is not fitted"))


def _evaluated(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`cross_val_score(estimator, x, y)`: copies of the estimator are fitted."""
    estimator = arguments.get(0, "estimator")
    if isinstance(estimator, LibraryObject):
        saved = dict(estimator.attributes)
        _build(machine, estimator, [{}], as_array(arguments.get(1, "X")), node)
        estimator.attributes = saved
    return Unknown("scores of an estimator")


models(
    *(f"sklearn.{m}.cross_val_score" for m in ("model_selection", "cross_validation")),
    "sklearn.model_selection.cross_validate",
    "sklearn.model_selection.cross_val_predict",
)(_evaluated)


def _build(machine: Machine, value: Value, choices: list[Settings], x: Value, node: ast.AST | None) -> None:
    """Build the models of an estimator, one for each choice of settings that overrides those it was made with."""
    if not isinstance(value, LibraryObject):
        return
    if value.path == "sklearn.BaseSearchCV":
        grids = _combinations(value)
        choices = [{**choice, **combination} for combination in grids for choice in choices]
        inner = value.arguments.get("estimator")
        _build(machine, inner, choices, x, node)
        machine.touch(value)
        value.attributes["best_estimator_"] = inner
    elif value.path == "sklearn.Pipeline":
        name = value.arguments["#name"]
        inside = [_inside(name, choice) for choice in choices]
        *before, last = value.arguments["#steps"]
        for step in before:
            known = isinstance(step, LibraryObject) and (step.path, "fit_transform") in METHODS
            x = (
                call_object_method(machine, step, "fit_transform", Arguments([x]), node)
                if known
                else Unknown("other data")
            )
        _build(machine, last, inside, x, node)
    elif value.path in _CALLS:
        _build_models(machine, value, choices, x, node)


def _inside(name: Value, choice: Settings) -> Settings:
    """The settings that a pipeline hands to its step of this name (any, if it is not known)."""
    parts = {key: key.partition("__") for key in choice}
    known = isinstance(name, str)
    inside = {rest: choice[key] for key, (step, _, rest) in parts.items() if rest and (step == name or not known)}
    return inside if "#open" not in choice else {**inside, "#open": True}


def _combinations(value: LibraryObject) -> list[Settings]:
    """The settings that a search tries; where they are many, or drawn, one with what covers all of them."""
    grid = value.arguments["#grid"]
    given = grid.items if isinstance(grid, ListValue) else [grid]
    combinations: list[Settings] = []
    for item in given if given is not None else [None]:
        if not isinstance(item, DictValue) or item.open or not all(isinstance(key, str) for key in item.items):
            return [{"#open": True}]
        combinations.extend(_products(cast("Settings", item.items)))
    draws = value.arguments.get("n_iter", _DRAWS)
    if "param_distributions" in value.arguments and not (isinstance(draws, int) and len(combinations) <= draws):
        return [_covering(combinations)] if combinations else []
    return combinations


def _products(grid: Settings) -> list[Settings]:
    """Every combination of the values in a grid; what is not known one by one is unknown under its name."""
    columns: list[list[Value]] = []
    total = 1
    for key, values in grid.items():
        listed: Value = values.items if isinstance(values, ListValue) else values
        column = list(cast("list[Value]", listed)) if isinstance(listed, list | tuple | range) else []
        columns.append(column or [Unknown("one of many settings", key.rsplit("__", 1)[-1])])
        total *= len(columns[-1])
    if total > MAX_COMBINATIONS**2:  # far more than are built one by one
        return [{key: _any_of(key, column) for key, column in zip(grid, columns, strict=True)}]
    return [dict(zip(grid, combination, strict=True)) for combination in itertools.product(*columns)]


def _covering(combinations: list[Settings]) -> Settings:
    """Settings that each of these is a case of."""
    return {key: _any_of(key, [choice[key] for choice in combinations if key in choice]) for key in combinations[0]}


def _any_of(key: str, values: list[Value]) -> Value:
    joined = join_all(values)
    return Unknown(joined.reason, key.rsplit("__", 1)[-1]) if isinstance(joined, Unknown) else joined


def _build_models(
    machine: Machine, value: LibraryObject, choices: list[Settings], x: Value, node: ast.AST | None
) -> None:
    calls: list[tuple[Value, Arguments]] = []
    for choice in choices:
        found = _CALLS[value.path](value, {**value.arguments, **choice}, x)
        if found is not None and not any(_same(found, known) for known in calls):
            calls.append(found)
    if len(calls) > MAX_COMBINATIONS:
        every = [arguments.kwargs for _, arguments in calls]
        calls = [(calls[0][0], Arguments([], _covering(every), any(a.open for _, a in calls)))]
    made: list[Value] = []
    for function, arguments in calls:
        if len(calls) == 1:
            result = machine.call(function, arguments, node)
        else:
            with machine.guard():  # a search goes on where a combination fails
                result = machine.call(function, arguments, node)
        if isinstance(result, ModelValue) and not result.built and isinstance(x, TensorValue) and x.spec.shape:
            from keras_lsp.inference.keras.sequential import build_sequential

            build_sequential(machine, result, Tensor((None, *x.spec.shape[1:]), x.spec.dtype))
        made.append(result)
    if made:
        machine.touch(value)
        model = made[0] if len(made) == 1 else Unknown("one of several models that a search builds")
        value.attributes["model"] = value.attributes["model_"] = model


def _same(one: tuple[Value, Arguments], other: tuple[Value, Arguments]) -> bool:
    first, second = one[1].kwargs, other[1].kwargs
    return one[0] is other[0] and first.keys() == second.keys() and all(first[k] is second[k] for k in first)


# Which function is called, and with what


def _signature(function: Value) -> FunctionValue | None:
    """The function of the program that is called in the end."""
    if isinstance(function, BoundMethod):
        return function.function
    if isinstance(function, ObjectValue):
        found = find_member(function.class_value, "__call__")
        return found if found is not MISSING and isinstance(found, FunctionValue) else None
    return function if isinstance(function, FunctionValue) else None


def _parameters(function: FunctionValue) -> set[str]:
    spec = function.node.args
    return {parameter.arg for parameter in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}


def _call_of_keras(value: LibraryObject, settings: Settings, x: Value) -> tuple[Value, Arguments] | None:
    """Keras 2: `build_fn` gets those of the settings that are parameters of it."""
    function = settings["build_fn"]
    signature = _signature(function)
    if signature is None:
        return None
    names = _parameters(signature)
    given = {key: v for key, v in settings.items() if key in names and key != "build_fn"}
    return function, Arguments([], given, "#open" in settings)


def _call_of_scikeras(value: LibraryObject, settings: Settings, x: Value) -> tuple[Value, Arguments] | None:
    """scikeras: those that only the program has named, and `model__...`; and what it has seen of the data, as `meta`."""
    function = settings["model"] or settings.get("build_fn")
    signature = _signature(function)
    if signature is None:
        return None
    plain = {key: v for key, v in settings.items() if "__" not in key and key not in _OF_SCIKERAS and key[0] != "#"}
    routed = {
        key.removeprefix("model__"): v
        for key, v in settings.items()
        if key.startswith("model__") and key.count("__") == 1
    }
    given = {**plain, **routed}
    names = _parameters(signature)
    if "meta" in names:
        known: dict[object, Value] = {}
        if isinstance(x, TensorValue) and x.spec.shape is not None and len(x.spec.shape) > 1:
            known = {"n_features_in_": x.spec.shape[1], "X_shape_": x.spec.shape}
        given["meta"] = DictValue(known, is_open=True)
    for name in ("compile_kwargs", "params"):
        if name in names:
            given[name] = DictValue({}, is_open=True)
    return function, Arguments([], given, "#open" in settings)


# Parameters of the wrapper itself, which are for compiling and fitting.
_OF_SCIKERAS = frozenset(
    "model build_fn warm_start random_state optimizer loss metrics batch_size validation_batch_size verbose callbacks "
    "validation_split shuffle run_eagerly epochs class_weight".split()
)


def _call_of_wrapper(value: LibraryObject, settings: Settings, x: Value) -> tuple[Value, Arguments] | None:
    """Keras 3: `model(X, y, **model_kwargs)`."""
    function = settings["model"]
    if _signature(function) is None:
        return None
    more = settings.get("model_kwargs")
    known = more.items if isinstance(more, DictValue) else {}
    is_open = "#open" in settings or (more is not None and (not isinstance(more, DictValue) or more.open))
    named = {key: v for key, v in known.items() if isinstance(key, str)}
    return function, Arguments([x, Unknown("the labels of an estimator", "y")], named, is_open)


_Call = Callable[[LibraryObject, Settings, Value], "tuple[Value, Arguments] | None"]
_CALLS: dict[str, _Call] = {
    "keras.wrappers.BaseWrapper": _call_of_keras,
    "scikeras.BaseWrapper": _call_of_scikeras,
    "keras.wrappers.SKLBase": _call_of_wrapper,
}
