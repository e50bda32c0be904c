"""Layers constructed by the program: arguments bound, first-layer keywords understood, sure failures noted."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, cast

from keras_lsp.catalogue.first_layer import UNKNOWN, resolve_first_layer
from keras_lsp.catalogue.keras_1 import CONVERSIONS, DROPPED, KERNELS, VALUES
from keras_lsp.catalogue.passed_on import is_passed_on
from keras_lsp.catalogue.symbols import Symbol
from keras_lsp.catalogue.version import Contract
from keras_lsp.inference.arguments import Arguments, missing_arguments
from keras_lsp.inference.facts import Call, LayerFact
from keras_lsp.inference.keras.questions import confirm_constructor
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.numbering import Name
from keras_lsp.inference.tensors import as_layer, to_shape_value
from keras_lsp.inference.values import (
    DictValue,
    External,
    LayerValue,
    ListValue,
    NumpyInteger,
    TensorValue,
    Unknown,
    Value,
)
from keras_lsp.shapes.configuration import Configuration, UnknownValue
from keras_lsp.shapes.dim import Expr
from keras_lsp.shapes.outcome import Applied, Refused, ShapeError, Undetermined
from keras_lsp.shapes.refusals import snake_case
from keras_lsp.shapes.registry import construct_layer
from keras_lsp.shapes.tensor import Structure, Tensor

# Parameters that are a single size: an unknown value there is a size by the name of its variable.
SIZE_PARAMETERS = frozenset(
    [
        "units",
        "filters",
        "output_dim",
        "input_dim",
        "n",
        "num_heads",
        "key_dim",
        "value_dim",
        "head_dim",
        "depth_multiplier",
        "groups",
        "max_tokens",
        "num_query_heads",
        "num_key_value_heads",
        "height",
        "width",
        "nb_filter",
        "maxlen",
        "num_tokens",
        "num_bins",
    ]
)


class Adapter:
    """A layer of the program as the shape rooms see one that is an argument of another."""

    __slots__ = ("arguments", "class_name", "layer", "machine", "value")

    def __init__(self, machine: Machine, value: Value, layer: LayerValue) -> None:
        self.machine = machine
        self.value: Value = value
        self.layer = layer
        self.class_name = layer.class_name
        self.arguments: Mapping[str, object] = layer.configuration.arguments if layer.configuration else {}

    def __repr__(self) -> str:
        return repr(self.value)

    def apply(self, inputs: Structure, call: Mapping[str, object]) -> Applied:
        """Output and weights for these inputs; raises `Refused` or `Undetermined`."""
        from keras_lsp.inference.keras.application import apply_nested

        outcome = apply_nested(self.machine, self.value, self.layer, inputs, call)
        if isinstance(outcome, Applied):
            return outcome
        if isinstance(outcome, ShapeError):
            refusal = Refused(outcome.kind, outcome.text, stage=outcome.stage)
            refusal.error = outcome
            raise refusal
        raise Undetermined(outcome.reason)


def convert(machine: Machine, name: str, value: Value) -> Any:
    """A constructor argument as the shape rooms take it."""
    layer = as_layer(value)
    if layer is not None:
        return Adapter(machine, value, layer)
    if name == "dtype" and (known := _plain_dtype(machine, value)) is not None:
        return UnknownValue("this type is not accepted") if known is UNKNOWN else known
    if isinstance(value, Unknown):
        return value.as_dim() if name in SIZE_PARAMETERS else UnknownValue(value.reason)
    if isinstance(value, tuple | ListValue):
        items = cast("tuple[Value, ...]", value) if isinstance(value, tuple) else value.items
        if items is None:
            return UnknownValue("a list of unknown length")
        if any(as_layer(item) is not None for item in items):
            return [convert(machine, "", item) for item in items]
        converted = [
            to_shape_value(item, True) if isinstance(item, Unknown) else convert(machine, "", item) for item in items
        ]
        return tuple(converted) if isinstance(value, tuple) else converted
    if isinstance(value, DictValue):
        return {key: convert(machine, "", item) for key, item in value.items.items()}
    converted = to_shape_value(value)
    if isinstance(converted, Tensor) and converted.shape == () and isinstance(converted.content, int | Expr):
        return converted.content
    return converted


def from_shape_value(value: object) -> Value:
    """A bound constructor argument as an abstract value again."""
    if isinstance(value, Adapter):
        return value.value
    if isinstance(value, UnknownValue):
        return Unknown(value.reason)
    if isinstance(value, Tensor):
        return TensorValue(value, "numpy")
    if isinstance(value, list):
        return ListValue([from_shape_value(item) for item in cast("list[object]", value)])
    if isinstance(value, dict):
        return DictValue({key: from_shape_value(item) for key, item in cast("dict[Any, object]", value).items()})
    return value


def build_layer(machine: Machine, symbol: Symbol, arguments: Arguments, node: ast.AST | None) -> Value:
    """A layer object of a public Keras class."""
    parameters = symbol.parameters or ()
    positional = [p.name for p in parameters if p.kind.startswith("positional")]
    call = machine.describe_call(symbol.name, arguments, node, positional)
    if machine.world.keras.contract is Contract.A:
        arguments = in_keras_2(symbol.leaf, arguments)
    bound, extra = bind(symbol, arguments)
    values: dict[str, object] = {}
    for parameter in parameters:
        if parameter.kind.startswith("var-"):
            continue
        if parameter.name in bound:
            values[parameter.name] = convert(machine, parameter.name, bound[parameter.name])
        elif arguments.open:
            values[parameter.name] = UnknownValue("it may be in unpacked arguments")
        elif parameter.has_default:
            values[parameter.name] = parameter.default if parameter.default_is_literal else None
    common = {
        name: convert(machine, name, value)
        for name, value in extra.items()
        if name in ("dtype", "trainable", "name") or is_passed_on(symbol.name, name, machine.world.keras)
    }
    values.update(common)
    class_name = symbol.leaf
    name = layer_name(machine, class_name, bound.get("name", extra.get("name")))
    fact = LayerFact(class_name, symbol.name, call, name)
    values["name"] = name
    configuration = Configuration(class_name, values, machine.keras, machine.floatx, machine.data_format)
    fact.configuration = configuration
    layer = LayerValue(fact, configuration)
    trainable = bound.get("trainable", extra.get("trainable"))
    if isinstance(trainable, (bool, Unknown)):
        layer.trainable = trainable if isinstance(trainable, bool) else None
    machine.add_layer(fact)
    error = _first_layer(machine, layer, class_name, {**extra, **_declared_hidden(bound)}, call)
    if error is None and not arguments.open:
        missing = [
            p.name for p in parameters if not p.has_default and not p.kind.startswith("var-") and p.name not in bound
        ]
        if missing:
            error = _missing_error(class_name, missing, call)
    if error is None:
        error = _value_given_twice(class_name, positional, arguments, call) or _no_activation(machine, bound)
        error = error or _numpy_size(machine, class_name, bound)
    if error is None:
        outcome = construct_layer(configuration)
        error = outcome if isinstance(outcome, ShapeError) else None
    if error is not None:
        error = confirm_constructor(machine, layer, error)
    if error is not None:
        fact.error = error
        layer.failed = True
    for value in bound.values():
        inner = as_layer(value)
        if inner is not None:
            inner.fact.position = "wrapped"
            layer.sublayers.append(inner)
    return layer


def in_keras_2(layer: str, arguments: Arguments) -> Arguments:
    """Arguments of Keras 1 under their names of Keras 2, as standalone Keras converts them."""
    args, kwargs = list(arguments.args), dict(arguments.kwargs)
    sizes = KERNELS.get(layer, ())
    count = len(sizes) - max(len(args) - 1, 0)
    kernel = [*args[1:], *(kwargs.get(name) for name in sizes[len(sizes) - max(count, 0) :])]
    if sizes and len(kernel) == len(sizes) and all(isinstance(size, int) for size in kernel):
        for name in sizes:
            kwargs.pop(name, None)
        del args[1:]
        kwargs["kernel_size"] = tuple(kernel)
    for old, new in CONVERSIONS.get(layer, {}).items():
        if old in kwargs and new not in kwargs:
            value = kwargs.pop(old)
            known = VALUES.get(old, {})
            kwargs[new] = known.get(value, value) if isinstance(value, str) else value
    for name in DROPPED.get(layer, ()):
        kwargs.pop(name, None)
    nodes, unpacked = arguments.nodes[: len(args)], arguments.unpacked
    return Arguments(args, kwargs, arguments.open, nodes, arguments.keyword_nodes, arguments.keywords, unpacked)


def build_foreign_layer(machine: Machine, path: str, arguments: Arguments, node: ast.AST | None) -> Value:
    """A layer object of a class of another package: no rule knows it, but Keras may be asked.

    Its class is known to the shape rooms by the full name, which no rule of Keras's own layers has.
    """
    call = machine.describe_call(path, arguments, node, ())
    class_name = path.rsplit(".", 1)[-1]
    fact = LayerFact(class_name, path, call, layer_name(machine, class_name, arguments.kwargs.get("name")))
    values = {name: convert(machine, name, value) for name, value in arguments.kwargs.items()}
    fact.configuration = Configuration(path, values, machine.keras, machine.floatx, machine.data_format)
    layer = LayerValue(fact, fact.configuration)
    given = {name: arguments.kwargs[name] for name in _FIRST_LAYER if name in arguments.kwargs}
    error = _first_layer(machine, layer, "Activation", given, call)
    fact.hidden = None  # another package may take these keywords in its own way
    if error is not None:
        layer.batch_shape = None
    trainable = arguments.kwargs.get("trainable")
    if isinstance(trainable, bool | Unknown):
        layer.trainable = trainable if isinstance(trainable, bool) else None
    for value in (*arguments.args, *arguments.kwargs.values()):
        inner = as_layer(value)
        if inner is not None:
            inner.fact.position = "wrapped"
            layer.sublayers.append(inner)
    machine.add_layer(fact)
    return layer


_FIRST_LAYER = ("input_shape", "batch_input_shape", "input_dim", "batch_size", "dtype")


def bind(symbol: Symbol, arguments: Arguments) -> tuple[dict[str, Value], dict[str, Value]]:
    """Arguments by parameter name, and keywords that no parameter takes."""
    parameters = symbol.parameters or ()
    positional = [p.name for p in parameters if p.kind.startswith("positional")]
    named = {p.name for p in parameters if not p.kind.startswith("var-")}
    bound = dict(zip(positional, arguments.args, strict=False))
    extra: dict[str, Value] = {}
    for name, value in arguments.kwargs.items():
        (bound if name in named else extra)[name] = value
    return bound, extra


def _declared_hidden(bound: Mapping[str, Value]) -> dict[str, Value]:
    """First-layer keywords that this class has in its signature (`input_length` of Embedding in Keras 2)."""
    return {name: bound[name] for name in ("input_length", "weights") if name in bound}


def _missing_error(class_name: str, missing: list[str], call: Call) -> ShapeError:
    text = missing_arguments(f"{class_name}.__init__", missing)
    return ShapeError("argument", text, {"missing": tuple(missing), "arguments": tuple(call.arguments)}, "construct")


def _value_given_twice(class_name: str, positional: list[str], arguments: Arguments, call: Call) -> ShapeError | None:
    """Python refuses a parameter that is given by position and by name."""
    twice = next((name for name in positional[: len(arguments.args)] if name in arguments.kwargs), None)
    if twice is None or call.unknown_arguments:
        return None
    text = f"TypeError: {class_name}.__init__() got multiple values for argument '{twice}'"
    return ShapeError("argument", text, {"argument": twice, "value": arguments.kwargs[twice]}, "construct")


# Sizes that must be integers of Python, and since when; what NumPy computes (`np.max(y) + 1`) is none (run: Keras 3.0.5, 3.3.3, 3.6.0,
# 3.8.0, 3.10.0, 3.12.0 to 3.15.1).
_PYTHON_INTEGERS = {
    ("Dense", "units"): (3, 13),
    ("Embedding", "input_dim"): (3, 15),
    ("Embedding", "output_dim"): (3, 15),
    ("RepeatVector", "n"): (3, 0),
}


def _numpy_size(machine: Machine, class_name: str, bound: Mapping[str, Value]) -> ShapeError | None:
    for name, value in bound.items():
        since = _PYTHON_INTEGERS.get((class_name, name))
        if since is None or machine.keras < since:
            continue
        dtype = "int64" if isinstance(value, NumpyInteger) else ""
        if isinstance(value, TensorValue) and value.kind == "numpy" and value.spec.shape == ():
            dtype = value.spec.dtype or ""
        if dtype.startswith(("int", "uint")):
            text = f"ValueError: Received an invalid value for `{name}`, expected a positive integer."
            if class_name == "RepeatVector":
                text = f"TypeError: Expected an integer value for `n`, got <class 'numpy.{dtype}'>."
            return ShapeError("argument", text, {"argument": name, "value": value, "numpy": dtype}, "construct")
    return None


def _no_activation(machine: Machine, bound: Mapping[str, Value]) -> ShapeError | None:
    """`activations.get` takes names, functions and configurations; numbers and tuples are none of these."""
    value = bound.get("activation")
    if isinstance(value, bool) or not isinstance(value, int | float | tuple):
        return None
    error = "ValueError" if machine.keras >= (3,) else "TypeError"
    text = f"{error}: Could not interpret activation function identifier: {literal(value)}"
    facts: dict[str, object] = {"argument": "activation", "value": cast("object", value)}
    return ShapeError("argument", text, facts, "construct")


def _first_layer(
    machine: Machine, layer: LayerValue, class_name: str, extra: dict[str, Value], call: Call
) -> ShapeError | None:
    if not extra:
        if class_name == "Embedding" and machine.world.keras.generation == 2:
            extra = {}
        else:
            return None
    keywords = {name: literal_dtype(machine, v) if name == "dtype" else literal(v) for name, v in extra.items()}
    if "input_dim" in (layer.configuration.arguments if layer.configuration else {}):
        keywords.pop("input_dim", None)
    first = resolve_first_layer(class_name, keywords, machine.world.keras)
    layer.fact.hidden = first
    if first.error is not None:
        return ShapeError("argument", first.error, {"keywords": tuple(extra)}, "construct")
    shape = first.batch_shape
    if shape is not None and all(size is None or isinstance(size, int | Expr) for size in shape):
        layer.batch_shape = tuple(shape)
        layer.batch_dtype = first.dtype
    return None


def literal(value: Value) -> object:
    """A first-layer keyword's value as the catalogue takes it: Python literals, sizes, or its `UNKNOWN`."""
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, ListValue):
        return UNKNOWN if value.items is None else [_size(item) for item in value.items]
    if isinstance(value, tuple):
        return tuple(_size(item) for item in cast("tuple[Value, ...]", value))
    converted = to_shape_value(value)
    if isinstance(converted, UnknownValue):
        return UNKNOWN
    if isinstance(converted, Tensor):
        return _from_content(converted.content)
    return converted


# What the types of Python, and in Keras 2 the names of C, stand for as a `dtype`; a type that is missing is refused.
_TYPES_2 = {"float": "float32", "bool": "bool"}
_TYPES_3 = {"float": "float32", "bool": "bool", "int": "int64", "str": "string"}
_NAMES_2 = {"float": "float32", "half": "float16", "double": "float64"}


def literal_dtype(machine: Machine, value: Value) -> object:
    """A `dtype` as the catalogue takes it; the types of Python mean something else than their names do.

    Source: `PYTHON_DTYPES_MAP` in keras/src/backend/common/variables.py, `as_dtype` in tensorflow/python/framework/dtypes.py.
    """
    known = _plain_dtype(machine, value)
    return literal(value) if known is None else known


def _plain_dtype(machine: Machine, value: Value) -> object | None:
    if isinstance(value, External) and value.path.startswith("builtins."):
        known = _TYPES_3 if machine.keras >= (3,) else _TYPES_2
        return known.get(value.path.removeprefix("builtins."), UNKNOWN)
    return _NAMES_2.get(value) if isinstance(value, str) and machine.keras < (3,) else None


def _size(value: Value) -> object:
    if isinstance(value, Unknown):
        return value.as_dim()
    return literal(value)


def _from_content(content: object) -> object:
    return UNKNOWN if content is None else content


def layer_name(machine: Machine, class_name: str, given: Value = None) -> Name:
    """The layer's name: as given, or counted per class as Keras does."""
    if isinstance(given, str):
        return given
    return machine.count_name(snake_case(class_name))
