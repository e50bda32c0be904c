"""Python's builtin functions."""

from __future__ import annotations

import ast
import builtins as python
import collections.abc
import itertools
import math
import numbers
from collections.abc import Callable
from typing import Any, cast

from keras_lsp.inference.arguments import MISSING, Arguments
from keras_lsp.inference.budget import MAX_ELEMENTS, MAX_INTEGER_BITS
from keras_lsp.inference.library import models
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import (
    CONSTANTS,
    BoundMethod,
    ClassValue,
    DatasetValue,
    DictValue,
    External,
    FunctionValue,
    LayerValue,
    LibraryObject,
    ListValue,
    NamedTuple,
    NumpyInteger,
    ObjectValue,
    TensorValue,
    Unknown,
    Value,
    join,
    join_all,
)
from keras_lsp.shapes.dim import Expr


def _iterate(machine: Machine, value: Value) -> list[Value] | None:
    from keras_lsp.inference.expressions import iterate

    return iterate(machine, value)


def _element(machine: Machine, value: Value) -> Value:
    from keras_lsp.inference.expressions import element_of

    return element_of(machine, value)


@models("builtins.len")
def length(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`len(x)`."""
    value = arguments.get(0, "obj")
    if isinstance(value, str | bytes | tuple | range):
        return len(cast("tuple[Value, ...]", value))
    if isinstance(value, ListValue) and value.items is not None:
        return len(value.items)
    if isinstance(value, DictValue) and not value.open:
        return len(value.items)
    if isinstance(value, TensorValue) and value.spec.shape:
        size = value.spec.shape[0]
        return size if size is not None else Unknown("the number of samples is not known")
    if isinstance(value, DatasetValue) and value.size is not None:
        return value.size
    if isinstance(value, ObjectValue):
        from keras_lsp.inference.attributes import get_attribute

        method = get_attribute(machine, value, "__len__")
        if isinstance(method, BoundMethod):
            return machine.call(method, Arguments(), node)
    if isinstance(value, LibraryObject):
        rows = value.attributes.get("rows", value.attributes.get("#rows"))
        if isinstance(rows, int | Expr):
            return rows
    name = value.name if isinstance(value, Unknown) and value.name else None
    return Unknown("the length is not known", f"len({name})" if name else None)


@models("builtins.range")
def make_range(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`range(...)`."""
    values = [_integer(value) for value in arguments.args]
    if all(isinstance(value, int) for value in values) and 1 <= len(values) <= 3:
        try:
            return range(*cast("list[int]", values))
        except ValueError:
            return Unknown("range() with step zero")
    return ListValue(None, Unknown("one of many loop values"))


def _integer(value: Value) -> Value:
    if isinstance(value, TensorValue) and isinstance(value.spec.content, int):
        return value.spec.content
    return value


@models("builtins.enumerate")
def enumerate_values(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`enumerate(xs, start)`."""
    value = arguments.get(0, "iterable")
    items = _iterate(machine, value)
    start = arguments.get(1, "start", 0)
    if items is None or not isinstance(start, int):
        return ListValue(None, (Unknown("an index of a loop"), _element(machine, value)), "generator")
    return ListValue([(index + start, item) for index, item in enumerate(items)], kind="generator")


@models("itertools.zip_longest")
def zip_longest(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`zip_longest(xs, ys, fillvalue=0)`."""
    columns = [_iterate(machine, value) for value in arguments.args]
    if arguments.open or not all(column is not None for column in columns):
        return ListValue(None, Unknown("an element of lists of which one is not known"), "generator")
    rows = itertools.zip_longest(*cast("list[list[Value]]", columns), fillvalue=arguments.kwargs.get("fillvalue"))
    return ListValue([tuple(row) for row in rows], kind="generator")


@models("builtins.zip")
def zip_values(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`zip(xs, ys)`."""
    if arguments.open:
        return ListValue(None, Unknown("an element of lists of which one is not known"), "generator")
    columns = [_iterate(machine, value) for value in arguments.args]
    if all(column is not None for column in columns):
        return ListValue(
            [tuple(row) for row in zip(*cast("list[list[Value]]", columns), strict=False)], kind="generator"
        )
    return ListValue(None, tuple(_element(machine, value) for value in arguments.args), "generator")


@models("builtins.map")
def map_values(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`map(f, xs)`."""
    if len(arguments.args) < 2 or arguments.open:
        return Unknown("map() without known values")
    function, *iterables = arguments.args
    columns = [_iterate(machine, value) for value in iterables]
    if all(column is not None for column in columns):
        rows = list(zip(*cast("list[list[Value]]", columns), strict=False))
        if len(rows) <= MAX_ELEMENTS:
            return ListValue([machine.call(function, Arguments(list(row)), node) for row in rows], kind="generator")
    elements = [_element(machine, value) for value in iterables]
    result = machine.perhaps(lambda: machine.call(function, Arguments(elements), node))
    return ListValue(None, result, "generator")


@models("builtins.filter")
def filter_values(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`filter(f, xs)`."""
    from keras_lsp.inference.expressions import truth

    function, value = arguments.get(0, "function"), arguments.get(1, "iterable")
    items = _iterate(machine, value)
    if items is None:
        return ListValue(None, _element(machine, value), "generator")
    kept: list[Value] = []
    for item in items:
        outcome = item if function is None else machine.call(function, Arguments([item]), node)
        known = truth(machine, outcome)
        if known is None:
            return ListValue(None, join_all(items), "generator")
        if known:
            kept.append(item)
    return ListValue(kept, kind="generator")


@models("builtins.list", "collections.deque")
def make_list(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`list(xs)`, and `deque(xs)` but for one that forgets."""
    if arguments.open or not arguments.args:
        return Unknown("unpacked arguments are not known") if arguments.open else ListValue([])
    if arguments.has(1, "maxlen") and arguments.get(1, "maxlen") is not None:
        return Unknown("a deque of bounded length")
    value = arguments.args[0]
    items = _iterate(machine, value)
    return ListValue(list(items)) if items is not None else ListValue(None, _element(machine, value))


@models("builtins.tuple")
def make_tuple(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`tuple(xs)`."""
    if arguments.open:
        return Unknown("unpacked arguments are not known")
    if not arguments.args:
        return ()
    items = _iterate(machine, arguments.args[0])
    if items is None:
        value = arguments.args[0]
        return value if isinstance(value, Unknown) else Unknown("a tuple of unknown length")
    return tuple(items)


@models("builtins.set", "builtins.frozenset")
def make_set(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`set(xs)`: elements that are equal count once."""
    if arguments.open:
        return Unknown("unpacked arguments are not known")
    if not arguments.args:
        return ListValue([], kind="set")
    value = arguments.args[0]
    items = _iterate(machine, value)
    if items is None or not all(isinstance(item, CONSTANTS) for item in items):
        return ListValue(None, _element(machine, value), "set")
    unique: list[Value] = []
    for item in items:
        if not any(type(item) is type(known) and item == known for known in unique):
            unique.append(item)
    return ListValue(unique, kind="set")


@models("builtins.dict", "collections.OrderedDict")
def make_dict(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`dict(pairs, **more)`."""
    result = DictValue({}, arguments.open)
    if arguments.args:
        first = arguments.args[0]
        if isinstance(first, DictValue):
            result.items.update(first.items)
            result.open = result.open or first.open
        else:
            pairs = _iterate(machine, first)
            for pair in pairs or ():
                parts = _iterate(machine, pair)
                try:
                    if parts is not None and len(parts) == 2 and not isinstance(parts[0], Unknown):
                        result.items[parts[0]] = parts[1]
                        continue
                except TypeError:
                    pass
                result.may_change()
                result.open = True
            result.open = result.open or pairs is None
        if arguments.open:
            result.may_change()
    result.items.update(arguments.kwargs)
    return result


def _converter(function: Callable[[Any], Any]) -> Callable[[Machine, Arguments, ast.AST | None], Value]:
    def handler(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
        value = _integer(arguments.get(0, "x", function()))  # pyright: ignore[reportCallIssue]
        if isinstance(value, str) and len(value) > 100 and function is not str:
            return Unknown("a very long number")
        if isinstance(value, str | int | float | bool) and len(arguments.args) <= 1:
            try:
                return function(value)
            except (ValueError, OverflowError, TypeError) as error:
                return Unknown(f"{type(error).__name__} in a conversion")
        if function is int and isinstance(value, Expr):
            return value
        if function is int and isinstance(value, Unknown):
            return value
        return Unknown(value.reason if isinstance(value, Unknown) else "the value is not known")

    return handler


for _path, _function in (("int", int), ("float", float), ("str", str)):
    models(f"builtins.{_path}")(_converter(_function))


@models("builtins.bool")
def make_bool(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`bool(x)`."""
    from keras_lsp.inference.expressions import truth

    known = truth(machine, arguments.get(0, "x", False))
    return Unknown("the condition is not known") if known is None else known


def _folder(function: Callable[..., Any]) -> Callable[[Machine, Arguments, ast.AST | None], Value]:
    """A builtin that is computed for real when its few arguments are plain and small."""

    def handler(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
        values = [_integer(value) for value in arguments.args]
        if arguments.open or not all(isinstance(value, int | float | str | bool | bytes) for value in values):
            return Unknown("the value is not known")
        if any(isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS for value in values):
            return Unknown("a very large number")
        try:
            return function(*values, **arguments.kwargs)
        except Exception as error:
            return Unknown(f"{type(error).__name__} in a call")

    return handler


@models("builtins.abs")
def absolute(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`abs(x)` of a number or tensor."""
    from keras_lsp.inference.tensors import operate

    value = arguments.args[0] if len(arguments.args) == 1 and not arguments.open else None
    if isinstance(value, TensorValue):
        return operate(machine, "abs", value, None, node)
    return _folder(abs)(machine, arguments, node)


for _name in ("round", "divmod", "chr", "ord", "repr", "hex", "bin", "oct", "hash"):
    models(f"builtins.{_name}")(_folder(getattr(python, _name)))


@models("builtins.pow")
def power(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`pow(a, b)`."""
    from keras_lsp.inference.expressions import binary_operation

    if len(arguments.args) != 2:
        return Unknown("the value is not known")
    return binary_operation(machine, ast.Pow(), arguments.args[0], arguments.args[1], node or ast.Pass())


def _extreme(function: Callable[..., Any], larger: bool) -> Callable[[Machine, Arguments, ast.AST | None], Value]:
    def handler(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
        from keras_lsp.shapes.dim import maximum, minimum

        values = arguments.args if len(arguments.args) != 1 else _iterate(machine, arguments.args[0])
        if values and "key" not in arguments.kwargs:
            if all(isinstance(value, int | float) for value in values) or all(isinstance(v, str) for v in values):
                return function(values)
            if all(isinstance(value, int | Expr) for value in values):
                result: Any = values[0]
                for value in values[1:]:
                    result = maximum(result, value) if larger else minimum(result, value)
                return result
            if all(isinstance(value, int | Expr | Unknown) for value in values):
                return Unknown("the largest of values that are not known")
        if len(arguments.args) == 1 and isinstance(arguments.args[0], TensorValue):
            return Unknown("the extreme value of an array")
        return Unknown("the value is not known")

    return handler


models("builtins.max")(_extreme(max, True))
models("builtins.min")(_extreme(min, False))


@models("builtins.sum", "math.fsum")
def total(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`sum(xs, start)`."""
    from keras_lsp.inference.expressions import binary_operation

    items = _iterate(machine, arguments.get(0, "iterable"))
    if items is None:
        return Unknown("the sum is not known")
    result: Value = arguments.get(1, "start", 0)
    for item in items:
        result = (
            item
            if result == 0 and isinstance(item, TensorValue)
            else binary_operation(machine, ast.Add(), result, item, node or ast.Pass())
        )
    return result


@models("builtins.reversed")
def reverse(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`reversed(xs)`."""
    value = arguments.get(0, "sequence")
    items = _iterate(machine, value)
    return ListValue(None, _element(machine, value)) if items is None else ListValue(items[::-1], kind="generator")


@models("builtins.sorted")
def sort(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`sorted(xs, key=..., reverse=...)`."""
    value = arguments.get(0, "iterable")
    items = _iterate(machine, value)
    if items is None:
        return ListValue(None, _element(machine, value))
    key, descending = arguments.kwargs.get("key"), arguments.kwargs.get("reverse", False)
    keys = items if key is None else [machine.call(key, Arguments([item]), node) for item in items]
    if isinstance(descending, bool):
        try:
            order = sorted(range(len(items)), key=lambda index: _sort_key(keys[index]), reverse=descending)
        except TypeError:
            order = None
        if order is not None:
            return ListValue([items[index] for index in order])
    return ListValue(None, join_all(items)) if items else ListValue([])


def _sort_key(value: Value) -> Any:
    """The value as Python compares it; `TypeError` if it is not known."""
    if isinstance(value, int | float | str | bytes):
        return value
    if isinstance(value, tuple):
        return tuple(_sort_key(item) for item in cast("tuple[Value, ...]", value))
    if isinstance(value, ListValue) and value.items is not None and value.kind == "list":
        return [_sort_key(item) for item in value.items]
    raise TypeError


def _any_all(is_all: bool) -> Callable[[Machine, Arguments, ast.AST | None], Value]:
    def handler(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
        from keras_lsp.inference.expressions import truth

        items = _iterate(machine, arguments.get(0, "iterable"))
        if items is None:
            return Unknown("the condition is not known")
        known = [truth(machine, item) for item in items]
        if (not is_all) in known:
            return not is_all
        return Unknown("the condition is not known") if None in known else is_all

    return handler


models("builtins.all")(_any_all(True))
models("builtins.any")(_any_all(False))


@models("builtins.isinstance")
def is_instance(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`isinstance(x, C)`."""
    value = arguments.get(0, "obj")
    classes = arguments.get(1, "class")
    options = cast("tuple[Value, ...]", classes) if isinstance(classes, tuple) else (classes,)
    results = [_instance_of(machine, value, option) for option in options]
    if True in results:
        return True
    return Unknown("the class is not known") if None in results else False


_PLAIN: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float,),
    "str": (str,),
    "bool": (bool,),
    "tuple": (tuple,),
    "list": (ListValue,),
    "dict": (DictValue,),
    "set": (ListValue,),
    "bytes": (bytes,),
    "range": (range,),
}


_COLLECTIONS = (
    "Callable Collection Container Hashable Iterable Mapping MutableMapping MutableSequence Sequence Sized".split()
)
_ABSTRACT: dict[str, type] = {
    **{
        f"{module}.{name}": getattr(collections.abc, name)
        for module in ("collections.abc", "collections", "typing")
        for name in _COLLECTIONS
    },
    **{f"numbers.{name}": getattr(numbers, name) for name in ("Number", "Complex", "Real", "Rational", "Integral")},
}
_EMPTY: dict[str, Any] = {"list": [], "set": set[Any](), "dict": {}}


def _example(value: Value) -> tuple[Any] | None:
    """Something of the same class, in a tuple; `None` where the class is not known."""
    if isinstance(value, Expr):
        return (0,)
    if isinstance(value, ListValue):
        return (_EMPTY[value.kind],) if value.kind in _EMPTY else None
    if isinstance(value, DictValue):
        return ({},)
    return (value,) if isinstance(value, (*CONSTANTS, tuple)) else None


def _instance_of(machine: Machine, value: Value, option: Value) -> bool | None:
    if isinstance(value, Unknown) or isinstance(option, Unknown):
        return None
    if isinstance(option, ClassValue):
        return isinstance(value, ObjectValue) and any(base is option for base in value.class_value.linearise())
    if not isinstance(option, External):
        return None
    name = option.path.removeprefix("builtins.")
    abstract = _ABSTRACT.get(name)
    if abstract is not None:
        example = _example(value)
        return None if example is None else isinstance(example[0], abstract)
    if name in _PLAIN:
        if isinstance(value, Expr):
            return name == "int"
        if isinstance(value, NumpyInteger):
            return False
        if isinstance(value, ListValue):
            return value.kind == name
        return isinstance(value, _PLAIN[name])
    if isinstance(value, (*CONSTANTS, tuple, DictValue, Expr)):
        if isinstance(value, NumpyInteger):
            return None
        return None if name.startswith(("typing.", "collections.", "numbers.")) else False
    canonical = machine.catalogue.resolve(option.path) or option.path
    if isinstance(value, LayerValue | ObjectValue):
        return _is_layer_of(machine, value, canonical)
    if isinstance(value, TensorValue):
        leaf = option.path.rsplit(".", 1)[-1]
        if leaf in ("ndarray", "KerasTensor", "Tensor"):
            return {"ndarray": "numpy", "KerasTensor": "keras", "Tensor": "tensorflow"}[leaf] == value.kind
    return None


def _is_layer_of(machine: Machine, value: Value, canonical: str) -> bool | None:
    if isinstance(value, ObjectValue):
        from keras_lsp.inference.keras.custom import keras_base

        base = keras_base(machine, value.class_value)
    else:
        base = value.fact.canonical
    symbol = machine.catalogue.symbol(base) if base else None
    if symbol is None:
        return None if isinstance(value, ObjectValue) and base is None else False
    return canonical == symbol.name or canonical in symbol.bases


@models("builtins.issubclass")
def is_subclass(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`issubclass(C, D)` between classes of the program."""
    first, second = arguments.get(0, "cls"), arguments.get(1, "class")
    if isinstance(first, ClassValue) and isinstance(second, ClassValue):
        return any(base is second for base in first.linearise())
    return Unknown("the class is not known")


@models("builtins.getattr")
def get_attribute_by_name(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`getattr(x, name, default)`."""
    from keras_lsp.inference.attributes import get_attribute

    name = arguments.get(1, "name")
    if not isinstance(name, str):
        return Unknown("the name of the attribute is not known")
    target = arguments.get(0, "obj")
    if len(arguments.args) > 2:
        known = _has(target, name)
        if known is False:
            return arguments.args[2]
        value = get_attribute(machine, target, name)
        return value if known or not isinstance(value, Unknown) else join(value, arguments.args[2])
    return get_attribute(machine, target, name)


def _has(target: Value, name: str) -> bool | None:
    """Whether a value has an attribute, `None` if that is not known."""
    from keras_lsp.inference.classes import find_member

    if isinstance(target, ObjectValue):
        if name in target.attributes:
            return True
        member = find_member(target.class_value, name)
        if member is MISSING:
            return None if target.open else False
        if isinstance(member, External):  # Keras's own: what its instances have is not listed
            return None
        return None if isinstance(member, Unknown) else True
    if isinstance(target, ClassValue):
        member = find_member(target, name)
        return False if member is MISSING else None if isinstance(member, Unknown | External) else True
    if isinstance(target, LibraryObject) and target.path == "types.SimpleNamespace":
        return True if name in target.attributes else None if name.startswith("_") else False
    if isinstance(target, NamedTuple) and name in target.fields:
        return True
    return None


@models("builtins.setattr")
def set_attribute_by_name(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`setattr(x, name, value)`."""
    from keras_lsp.inference.attributes import set_attribute

    target, name = arguments.get(0, "obj"), arguments.get(1, "name")
    if isinstance(name, str) and len(arguments.args) > 2:
        set_attribute(machine, target, name, arguments.args[2])
    elif isinstance(target, ObjectValue):
        machine.touch(target)
        value = arguments.get(2, "value")
        target.attributes = {known: join(item, value) for known, item in target.attributes.items()}
        target.open = True
    elif isinstance(target, ClassValue):
        machine.touch(target)
        value = arguments.get(2, "value")
        target.namespace = {known: join(item, value) for known, item in target.namespace.items()}
        target.bases.append(Unknown("something under a name that is not known was set on the class"))
    return None


@models("builtins.vars")
def list_variables(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`vars(x)`: the attributes of an object of the program, or of a namespace, by name."""
    value = arguments.get(0, "object")
    if isinstance(value, ObjectValue):
        return DictValue(dict(value.attributes), value.open)
    if isinstance(value, LibraryObject) and value.path == "types.SimpleNamespace":
        return DictValue(dict(value.attributes))
    return Unknown("the variables are not known")


@models("builtins.hasattr")
def has_attribute(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`hasattr(x, name)`."""
    target, name = arguments.get(0, "obj"), arguments.get(1, "name")
    known = _has(target, name) if isinstance(name, str) else None
    if isinstance(target, External) and machine.catalogue.resolve(f"{target.path}.{name}") is not None:
        known = machine.catalogue.exists(f"{target.path}.{name}")
    return Unknown("the attribute is not known") if known is None else known


@models("builtins.callable")
def is_callable_value(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`callable(x)`."""
    value = arguments.get(0, "obj")
    if isinstance(value, FunctionValue | BoundMethod | ClassValue | LayerValue):
        return True
    return False if isinstance(value, (*CONSTANTS, tuple, ListValue, DictValue)) else Unknown("not known")


@models("builtins.type")
def type_of(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`type(x)`."""
    value = arguments.get(0, "obj")
    if isinstance(value, ObjectValue):
        return value.class_value
    for name, classes in _PLAIN.items():
        if type(value) in classes and not isinstance(value, ListValue):
            return External(f"builtins.{name}")
    if isinstance(value, ListValue) and value.kind in ("list", "set"):
        return External(f"builtins.{value.kind}")
    if isinstance(value, LayerValue) and value.fact.canonical:
        return External(value.fact.canonical)
    return Unknown("the class is not known")


@models("builtins.iter")
def make_iterator(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`iter(xs)`: elements are taken from a copy."""
    value = arguments.get(0, "iterable")
    items = _iterate(machine, value)
    if isinstance(value, DatasetValue):
        return value
    return (
        ListValue(list(items), kind="generator")
        if items is not None
        else ListValue(None, _element(machine, value), "generator")
    )


@models("builtins.next")
def next_value(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`next(iterator)`: takes the first element that is left."""
    value = arguments.get(0, "iterator")
    if isinstance(value, ListValue) and value.items is not None:
        if not value.items:
            return arguments.get(1, "default") if len(arguments.args) > 1 else Unknown("the iterator is at its end")
        machine.touch(value)
        return value.items.pop(0)
    return _element(machine, value)


@models("builtins.print", "builtins.input", "builtins.exec", "builtins.eval", "builtins.open", "builtins.help")
def run_nothing(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Effects on the world: nothing that shapes depend on is known of them."""
    return Unknown("it comes from outside the program")


@models("builtins.exit", "builtins.quit", "sys.exit", "os._exit")
def leave(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """The program ends here."""
    from keras_lsp.inference.statements import EXITS

    return Unknown(EXITS)


@models("builtins.slice")
def make_slice(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`slice(a, b, c)`."""
    return slice(*arguments.args[:3]) if 1 <= len(arguments.args) <= 3 else Unknown("a slice")


@models("builtins.object")
def make_object(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`object()`."""
    return LibraryObject("builtins.object")


for _name in (
    "sqrt",
    "ceil",
    "floor",
    "log",
    "log2",
    "log10",
    "exp",
    "pow",
    "sin",
    "cos",
    "tan",
    "gcd",
    "trunc",
    "hypot",
    "isclose",
):
    models(f"math.{_name}")(_folder(getattr(math, _name)))


@models("math.prod")
def multiply_all(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`math.prod(xs)`."""
    from keras_lsp.inference.expressions import binary_operation

    items = _iterate(machine, arguments.get(0, "iterable"))
    if items is None:
        return Unknown("the product is not known")
    result: Value = arguments.kwargs.get("start", 1)
    for item in items:
        result = binary_operation(machine, ast.Mult(), result, item, node or ast.Pass())
    return result
