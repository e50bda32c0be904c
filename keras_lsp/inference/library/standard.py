"""The standard library, as far as model code uses it: functools, itertools, collections, copy, os.path, argparse."""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import math
import posixpath
from typing import Any, NoReturn, cast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.budget import MAX_ELEMENTS
from keras_lsp.inference.library import CONSTANTS, models
from keras_lsp.inference.library.objects import method
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.mappings import as_namespace
from keras_lsp.inference.records import FIELD, field_names
from keras_lsp.inference.values import (
    DatasetValue,
    DictValue,
    External,
    LibraryObject,
    ListValue,
    NamedTuple,
    ObjectValue,
    Partial,
    Unknown,
    Value,
    join_all,
)
from keras_lsp.syntax.compiling import parse_expression

CONSTANTS.update(
    {
        "math.pi": math.pi,
        "math.e": math.e,
        "math.inf": math.inf,
        "typing.TYPE_CHECKING": False,
        "os.sep": "/",
        "sys.maxsize": 2**63 - 1,
    }
)


def _iterate(machine: Machine, value: Value) -> list[Value] | None:
    from keras_lsp.inference.expressions import iterate

    return iterate(machine, value)


@models("functools.partial", "functools.partialmethod")
def partial(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`partial(f, *args, **kwargs)`."""
    if not arguments.args or arguments.open:
        return Unknown("a partial of unknown arguments")
    return Partial(arguments.args[0], arguments.args[1:], dict(arguments.kwargs))


@models("functools.reduce")
def reduce(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`reduce(f, xs, start)`."""
    items = _iterate(machine, arguments.get(1, "iterable"))
    if items is None or not arguments.args:
        return Unknown("the values to reduce are not known")
    values = [arguments.args[2], *items] if len(arguments.args) > 2 else items
    if not values:
        return Unknown("nothing to reduce")
    result = values[0]
    for item in values[1:]:
        result = machine.call(arguments.args[0], Arguments([result, item]), node)
    return result


@models("functools.wraps", "functools.lru_cache", "functools.cache", "contextlib.contextmanager")
def keep_function(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Decorators that leave what a function returns as it is."""
    return External("functools.identity")


@models("functools.identity")
def identity(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """The function that is decorated."""
    return arguments.get(0, "function")


@models("copy.copy", "copy.deepcopy")
def copy(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`copy(x)`: containers anew, everything else as it is."""
    return _copied(arguments.get(0, "x"))


def _copied(value: Value) -> Value:
    if isinstance(value, ListValue):
        return ListValue(None if value.items is None else [_copied(i) for i in value.items], value.element, value.kind)
    if isinstance(value, DictValue):
        return DictValue({key: _copied(item) for key, item in value.items.items()}, value.open, value.factory)
    if isinstance(value, ObjectValue) and value.layer is None:
        clone = ObjectValue(value.class_value)
        clone.attributes = dict(value.attributes)
        return clone
    return value


@models("collections.defaultdict")
def make_default_dict(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`defaultdict(factory)`."""
    return DictValue({}, factory=arguments.get(0, "default_factory"))


@models("collections.namedtuple", "typing.NamedTuple")
def make_named_tuple(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """A class of named tuples: its instances keep their fields by name."""
    fields = arguments.get(1, "field_names")
    names = fields.replace(",", " ").split() if isinstance(fields, str) else _iterate(machine, fields)
    if names is None or not all(isinstance(name, str) for name in names):
        return Unknown("the fields are not known")
    return Partial(External("collections.namedtuple()"), [tuple(names)], {})


@models("collections.namedtuple()")
def fill_named_tuple(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """An instance of a named tuple."""
    names = cast("tuple[str, ...]", arguments.args[0])
    given = dict(zip(names, arguments.args[1:], strict=False)) | arguments.kwargs
    return NamedTuple.make(names, [given.get(name, Unknown(f"`{name}` is not given", name)) for name in names])


@models(FIELD)
def describe_field(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`field(default=..., default_factory=...)` of a data class."""
    return LibraryObject(FIELD, dict(arguments.kwargs))


@models("dataclasses.replace", "copy.replace")
def replace_fields(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`replace(x, a=1)`: `__init__` again, with other fields."""
    value = arguments.get(0, "obj")
    if isinstance(value, ObjectValue) and value.class_value.is_dataclass and not arguments.open:
        kept = {name: value.attributes[name] for name in field_names(value.class_value) if name in value.attributes}
        return machine.call(value.class_value, Arguments([], {**kept, **arguments.kwargs}), node)
    return Unknown("the fields are not known")


@models("dataclasses.asdict")
def list_fields(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`asdict(x)`: its fields in a dict, nested ones too."""
    return _field_dict(arguments.get(0, "obj"))


def _field_dict(value: Value) -> Value:
    if isinstance(value, ObjectValue) and value.class_value.is_dataclass:
        names = field_names(value.class_value)
        return DictValue({name: _field_dict(value.attributes[name]) for name in names if name in value.attributes})
    return _copied(value)


@models("json.loads")
def load_json(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`json.loads(text)` of a text that stands in the program."""
    text = arguments.get(0, "s")
    if not isinstance(text, str) or len(text) > _MAX_JSON or len(arguments.args) + len(arguments.kwargs) != 1:
        return Unknown("the text is not known")
    try:
        return _from_json(json.loads(text, parse_int=_small_int))
    except (ValueError, RecursionError):
        return Unknown("the text is no JSON")


# Configuration is shorter; data is not followed.
_MAX_JSON = 100_000


def _small_int(digits: str) -> int:
    if len(digits) > 100:
        raise ValueError(digits)
    return int(digits)


def _from_json(value: Any) -> Value:
    if isinstance(value, dict):
        return DictValue({key: _from_json(item) for key, item in cast("dict[str, Any]", value).items()})
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return ListValue([_from_json(item) for item in items])
    return value


@models("types.SimpleNamespace", "argparse.Namespace")
def make_namespace(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`SimpleNamespace(a=1)`."""
    result = LibraryObject("types.SimpleNamespace")
    result.attributes = dict(arguments.kwargs)
    return result


@models(
    "addict.Dict",
    "attrdict.AttrDict",
    "box.Box",
    "dotmap.DotMap",
    "easydict.EasyDict",
    "ml_collections.ConfigDict",
    "ml_collections.config_dict.ConfigDict",
    "munch.Munch",
    "munch.munchify",
    "omegaconf.OmegaConf.create",
    "yacs.config.CfgNode",
)
def make_attribute_dict(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Dictionaries of libraries for configuration, whose items are attributes."""
    return as_namespace(machine.call(External("builtins.dict"), arguments, node))


@models("ast.literal_eval")
def evaluate_literal(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`literal_eval(text)` of a text that stands in the program."""
    text = arguments.get(0, "node_or_string")
    if not isinstance(text, str) or len(text) > _MAX_LITERAL:
        return Unknown("the text is not known")
    expression = parse_expression(text.strip())
    try:
        ast.literal_eval(cast("Any", expression))
    except (ValueError, TypeError, RecursionError, MemoryError):
        return Unknown("the text is no literal")
    return machine.evaluate(cast("ast.expr", expression))


# Whatever is longer is data.
_MAX_LITERAL = 2_000


# itertools


@models("itertools.chain")
def chain(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`chain(xs, ys)`."""
    parts = [_iterate(machine, value) for value in arguments.args]
    if not arguments.open and all(part is not None for part in parts):
        return ListValue([item for part in parts for item in cast("list[Value]", part)], kind="generator")
    return ListValue(None, Unknown("an element of a chain"), "generator")


@models("itertools.product")
def product(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`product(xs, ys, repeat=n)`."""
    parts = [_iterate(machine, value) for value in arguments.args]
    repeat = arguments.kwargs.get("repeat", 1)
    if not arguments.open and all(part is not None for part in parts) and isinstance(repeat, int) and 0 < repeat < 8:
        known = cast("list[list[Value]]", parts) * repeat
        if math.prod(len(part) for part in known) <= MAX_ELEMENTS:
            return ListValue(list(itertools.product(*known)), kind="generator")
    return ListValue(None, Unknown("an element of a product"), "generator")


@models("itertools.repeat")
def repeat(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`repeat(x)`, without an end, and `repeat(x, times)`."""
    times = arguments.get(1, "times")
    value = arguments.get(0, "object")
    if isinstance(times, int) and times <= MAX_ELEMENTS and not arguments.open:
        return ListValue([value] * times, kind="generator")
    return ListValue(None, value, "generator")


@models("itertools.cycle", "itertools.count")
def endless(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Iterators without an end."""
    items = None if arguments.open else _iterate(machine, arguments.get(0, "iterable"))
    return ListValue(None, join_all(items) if items else Unknown("an element"), "generator")


# Paths and the environment


def _path_function(function: Any) -> Any:
    def handler(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
        if arguments.args and all(isinstance(value, str) for value in arguments.args):
            result = function(*arguments.args)
            return tuple(cast("tuple[Any, ...]", result)) if isinstance(result, tuple) else result
        return Unknown("the path is not known")

    return handler


for _name in ("join", "basename", "dirname", "splitext", "split", "normpath"):
    models(f"os.path.{_name}")(_path_function(getattr(posixpath, _name)))


@models("os.environ.get", "os.getenv", "os.listdir", "os.path.exists", "os.path.isfile", "glob.glob")
def read_environment(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """What the machine that runs the program holds is not known."""
    return Unknown("it depends on the machine that runs the program")


# argparse: values are what the defaults say, since that is what the program does without arguments


@models("argparse.ArgumentParser", "optparse.OptionParser")
def make_parser(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """A parser that remembers its arguments and their defaults."""
    parser = LibraryObject("argparse.ArgumentParser")
    parser.attributes["#defaults"] = DictValue({})
    parser.attributes["#options"] = ListValue([])
    return parser


@method("argparse.ArgumentParser", "add_argument", "add_option")
def add_argument(
    machine: Machine, value: LibraryObject | DatasetValue, arguments: Arguments, node: ast.AST | None
) -> Value:
    """`parser.add_argument("--name", type=int, default=3)`."""
    defaults = value.attributes.get("#defaults")
    options = value.attributes.get("#options")
    flags = [flag for flag in arguments.args if isinstance(flag, str)]
    dest = arguments.kwargs.get("dest")
    if not isinstance(dest, str):
        long = [flag for flag in flags if flag.startswith("--")] or flags
        dest = long[0].lstrip("-").replace("-", "_") if long else None
    if dest is None or not isinstance(defaults, DictValue) or not isinstance(options, ListValue):
        return None
    machine.touch(defaults)
    machine.touch(options)
    if options.items is not None:
        options.items.append(
            LibraryObject("argparse.Action", {**arguments.kwargs, "#flags": tuple(flags), "#dest": dest})
        )
    action = arguments.kwargs.get("action")
    if "default" in arguments.kwargs:
        default = arguments.kwargs["default"]
        kind = arguments.kwargs.get("type")
        # Source: `_get_values` and `parse_known_args` in Lib/argparse.py: defaults that are strings are converted, too.
        defaults.items[dest] = (
            machine.call(kind, Arguments([default]), None) if isinstance(default, str) and kind is not None else default
        )
    elif action in ("store_true", "store_false"):
        defaults.items[dest] = action == "store_false"
    else:
        optional = bool(flags) and flags[0].startswith("-") and not arguments.kwargs.get("required")
        defaults.items[dest] = None if optional else Unknown("it is given on the command line", dest)
    return None


@method("argparse.ArgumentParser", "set_defaults")
def set_defaults(
    machine: Machine, value: LibraryObject | DatasetValue, arguments: Arguments, node: ast.AST | None
) -> Value:
    """`parser.set_defaults(name=3)`."""
    defaults = value.attributes.get("#defaults")
    if isinstance(defaults, DictValue):
        machine.touch(defaults)
        defaults.items.update(arguments.kwargs)
    return None


@method("argparse.ArgumentParser", "parse_known_args")
def parse_known_args(
    machine: Machine, value: LibraryObject | DatasetValue, arguments: Arguments, node: ast.AST | None
) -> Value:
    """The namespace of the defaults, and the arguments that are left."""
    return (parse_args(machine, value, arguments, node), ListValue(None, Unknown("it is given on the command line")))


@method("argparse.ArgumentParser", "parse_args", "parse_intermixed_args")
def parse_args(
    machine: Machine, value: LibraryObject | DatasetValue, arguments: Arguments, node: ast.AST | None
) -> Value:
    """The namespace of the defaults, and of arguments that the program gives itself."""
    defaults = value.attributes.get("#defaults")
    namespace = LibraryObject("types.SimpleNamespace")
    if isinstance(defaults, DictValue):
        namespace.attributes = dict(defaults.items)
        words = _iterate(machine, arguments.get(0, "args"))
        if words:
            namespace.attributes.update(_given(machine, value, words, list(defaults.items)))
    return namespace


class _Twin(argparse.ArgumentParser):
    """A parser that neither prints nor ends the process."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


_ACTIONS = ("store", "store_true", "store_false")


def _given(
    machine: Machine, parser: LibraryObject | DatasetValue, words: list[Value], names: list[str]
) -> dict[str, Value]:
    """What a command line that stands in the program sets; all that is unknown if it is not understood."""
    unsure: dict[str, Value] = {name: Unknown("it is given in the arguments of `parse_args`", name) for name in names}
    options = parser.attributes["#options"]
    if options.items is None or not all(isinstance(word, str) for word in words):
        return unsure
    twin = _Twin(add_help=False, argument_default=argparse.SUPPRESS)
    kinds: dict[str, Value] = {}
    try:
        for option in options.items:
            details = cast("dict[str, Any]", option.arguments)
            dest, flags = details["#dest"], details["#flags"]
            action, nargs = details.get("action", "store"), details.get("nargs")
            if action not in _ACTIONS or not isinstance(nargs, int | str | None) or not flags:
                return unsure
            more: dict[str, Any] = {"nargs": nargs} if action == "store" and nargs is not None else {}
            named = {"dest": dest} if flags[0].startswith("-") else {}
            twin.add_argument(*flags, action=action, **named, **more)
            kinds[dest] = details.get("type")
        known, _ = twin.parse_known_args(cast("list[str]", words))
    except Exception:
        return unsure
    found: dict[str, Value] = {}
    for dest, given in vars(known).items():
        kind = kinds[dest]

        def convert(word: Any, kind: Value = kind) -> Value:
            return machine.call(kind, Arguments([word]), None) if kind is not None and isinstance(word, str) else word

        found[dest] = (
            ListValue([convert(word) for word in cast("list[Any]", given)])
            if isinstance(given, list)
            else convert(given)
        )
    return found


@method("argparse.ArgumentParser", "add_argument_group", "add_mutually_exclusive_group")
def add_group(
    machine: Machine, value: LibraryObject | DatasetValue, arguments: Arguments, node: ast.AST | None
) -> Value:
    """A group adds to its parser."""
    return value
