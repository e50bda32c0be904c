"""Methods of strings, lists, sets, tuples and dicts."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import cast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.budget import MAX_STRING
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import DictValue, External, HeapObject, ListValue, NamedTuple, Unknown, Value, join_all
from keras_lsp.shapes.dim import Dim, Expr, product

# Methods of constants that can be computed for real: their results are no larger than their operands.
_STRING_METHODS = frozenset(
    [
        "lower",
        "upper",
        "strip",
        "lstrip",
        "rstrip",
        "startswith",
        "endswith",
        "split",
        "rsplit",
        "splitlines",
        "title",
        "capitalize",
        "find",
        "rfind",
        "index",
        "count",
        "isdigit",
        "isalpha",
        "isalnum",
        "isupper",
        "islower",
        "isidentifier",
        "removeprefix",
        "removesuffix",
        "partition",
        "rpartition",
        "swapcase",
        "casefold",
    ]
)


def call_container_method(
    machine: Machine, receiver: Value, name: str, arguments: Arguments, node: ast.AST | None
) -> Value:
    """`receiver.name(...)` for Python's own containers and constants."""
    if isinstance(receiver, ListValue):
        method = _LIST.get(name)
        if method is not None:
            return method(machine, receiver, arguments)
        if receiver.items and not hasattr(tuple, name):  # it may change the list
            machine.touch(receiver)
            receiver.element, receiver.items = join_all(receiver.items), None
        return Unknown(f"`{name}` of a {receiver.kind} is not followed")
    if isinstance(receiver, DictValue):
        method = _DICT.get(name)
        return method(machine, receiver, arguments) if method else Unknown(f"`{name}` of a dict is not followed")
    if isinstance(receiver, str):
        return _call_string(machine, receiver, name, arguments)
    if isinstance(receiver, NamedTuple) and name in ("_replace", "_asdict"):
        named = dict(zip(receiver.fields, cast("tuple[Value, ...]", receiver), strict=True))
        if name == "_asdict":
            return DictValue(named)
        if set(arguments.kwargs) <= named.keys() and not arguments.open:
            return NamedTuple.make(receiver.fields, list({**named, **arguments.kwargs}.values()), receiver.owner)
        return Unknown("the new items are not known")
    if isinstance(receiver, tuple) and name in ("index", "count") and len(arguments.args) == 1:
        try:
            return getattr(cast("tuple[Value, ...]", receiver), name)(arguments.args[0])
        except (ValueError, TypeError):
            return Unknown("not in the tuple")
    if isinstance(receiver, tuple) and name in _SHAPE:
        return _SHAPE[name](cast("tuple[Value, ...]", receiver))
    if isinstance(receiver, int | float) and name in ("bit_length", "is_integer", "conjugate"):
        return getattr(receiver, name)()
    return Unknown(f"`{name}` is not followed")


def _is_size(value: Value) -> bool:
    return value is None or isinstance(value, Expr) or (isinstance(value, int) and not isinstance(value, bool))


def _count_elements(sizes: tuple[Value, ...]) -> Value:
    if not all(_is_size(size) for size in sizes):
        return Unknown("the number of elements is not known")
    return product(cast("tuple[Dim, ...]", sizes))


# Methods of `tf.TensorShape`, which is what `.shape` is in TensorFlow.
_SHAPE: dict[str, Callable[[tuple[Value, ...]], Value]] = {
    "as_list": lambda sizes: ListValue(list(sizes)),
    "num_elements": _count_elements,
    "is_fully_defined": lambda sizes: not any(size is None for size in sizes),
    "with_rank": lambda sizes: sizes,
    "with_rank_at_least": lambda sizes: sizes,
}


def _call_string(machine: Machine, text: str, name: str, arguments: Arguments) -> Value:
    from keras_lsp.inference.expressions import iterate

    plain = all(
        isinstance(v, str | int | float | bool | type(None)) for v in (*arguments.args, *arguments.kwargs.values())
    )
    if name == "format" and plain and not arguments.open and len(text) < 2000:
        if any(len(digits) > 3 for digits in _digit_runs(text)):
            return Unknown("a very long string")
        try:
            return text.format(*arguments.args, **arguments.kwargs)
        except (ValueError, IndexError, KeyError, AttributeError, TypeError):
            return Unknown("the string is not known")
    if name == "join" and arguments.args:
        parts = iterate(machine, arguments.args[0])
        known = parts is not None and all(isinstance(part, str) for part in parts)
        if known and parts is not None and sum(map(len, parts)) + len(text) * len(parts) <= MAX_STRING:
            return text.join(parts)
        return Unknown("the string is not known")
    if name == "replace" and plain and len(arguments.args) == 2 and all(isinstance(v, str) for v in arguments.args):
        old, new = arguments.args
        return text.replace(old, new) if len(text) * max(1, len(new)) <= MAX_STRING else Unknown("a very long string")
    if name in ("zfill", "ljust", "rjust", "center") and arguments.args and isinstance(arguments.args[0], int):
        return (
            getattr(text, name)(*arguments.args)
            if plain and arguments.args[0] <= 200
            else Unknown("a very long string")
        )
    if name in _STRING_METHODS and plain and not arguments.kwargs:
        try:
            result = getattr(text, name)(*arguments.args)
        except (ValueError, TypeError):
            return Unknown("the string is not known")
        return ListValue(cast("list[Value]", result)) if isinstance(result, list) else result
    return Unknown("the string is not known")


def _digit_runs(text: str) -> list[str]:
    return "".join(c if c.isdigit() else " " for c in text).split()


ListMethod = Callable[[Machine, ListValue, Arguments], Value]


def _append(machine: Machine, value: ListValue, arguments: Arguments) -> Value:
    machine.touch(value)
    item = arguments.get(0, "object")
    if value.items is not None:
        value.items.append(item)
    else:
        value.element = join_all([value.element, item])
    return None


def _extend(machine: Machine, value: ListValue, arguments: Arguments) -> Value:
    from keras_lsp.inference.expressions import element_of, iterate

    machine.touch(value)
    items = iterate(machine, arguments.get(0, "iterable"))
    if items is not None and value.items is not None:
        value.items.extend(items)
    else:
        known = value.items if value.items is not None else [value.element]
        added = items if items is not None else [element_of(machine, arguments.get(0, "iterable"))]
        value.element, value.items = join_all([*known, *added] or [None]), None
    return None


def _insert(machine: Machine, value: ListValue, arguments: Arguments) -> Value:
    machine.touch(value)
    index, item = arguments.get(0, "index"), arguments.get(1, "object")
    if value.items is not None and isinstance(index, int):
        value.items.insert(index, item)
    else:
        value.element, value.items = join_all([*(value.items or [value.element]), item]), None
    return None


def _pop(machine: Machine, value: ListValue, arguments: Arguments) -> Value:
    machine.touch(value)
    index = arguments.get(0, "index", -1)
    if value.items is not None and isinstance(index, int):
        try:
            return value.items.pop(index)
        except IndexError:
            return Unknown("the list is empty")
    return join_all(value.items) if value.items else value.element


def _pop_left(machine: Machine, value: ListValue, arguments: Arguments) -> Value:
    return _pop(machine, value, Arguments([0]))


def _clear(machine: Machine, value: ListValue, arguments: Arguments) -> Value:
    machine.touch(value)
    value.items = []
    return None


def _reverse(machine: Machine, value: ListValue, arguments: Arguments) -> Value:
    machine.touch(value)
    if value.items is not None:
        value.items.reverse()
    return None


def _copy(machine: Machine, value: ListValue, arguments: Arguments) -> Value:
    return ListValue(None if value.items is None else list(value.items), value.element, value.kind)


def _index(machine: Machine, value: ListValue, arguments: Arguments) -> Value:
    from keras_lsp.inference.expressions import equals

    for position, item in enumerate(value.items or ()):
        same = equals(item, arguments.get(0, "value"))
        if same is None:
            break
        if same:
            return position
    return Unknown("the position is not known")


def _forget_order(machine: Machine, value: ListValue, arguments: Arguments) -> Value:
    machine.touch(value)
    items = value.items
    if items is None:
        return None
    sortable = all(isinstance(item, int | float) for item in items) or all(isinstance(item, str) for item in items)
    if sortable and not arguments.kwargs.get("key") and isinstance(arguments.kwargs.get("reverse", False), bool):
        items.sort(reverse=arguments.kwargs.get("reverse", False))
    elif items:
        value.element, value.items = join_all(items), None
    return None


def _add(machine: Machine, value: ListValue, arguments: Arguments) -> Value:
    from keras_lsp.inference.expressions import equals

    item = arguments.get(0, "object")
    if value.items is None or any(equals(known, item) for known in value.items):
        return None
    return _append(machine, value, arguments)


def _remove(machine: Machine, value: ListValue, arguments: Arguments) -> Value:
    position = _index(machine, value, arguments)
    machine.touch(value)
    if isinstance(position, int) and value.items is not None:
        del value.items[position]
    elif value.items:
        value.element, value.items = join_all(value.items), None
    return None


_LIST: dict[str, ListMethod] = {
    "append": _append,
    "appendleft": lambda machine, value, arguments: _insert(machine, value, Arguments([0, *arguments.args])),
    "extend": _extend,
    "update": _extend,
    "insert": _insert,
    "pop": _pop,
    "popleft": _pop_left,
    "clear": _clear,
    "reverse": _reverse,
    "copy": _copy,
    "index": _index,
    "sort": _forget_order,
    "add": _add,
    "remove": _remove,
    "discard": _remove,
    "__len__": lambda machine, value, arguments: (
        len(value.items) if value.items is not None else Unknown("the length is not known")
    ),
}


DictMethod = Callable[[Machine, DictValue, Arguments], Value]


def _get(machine: Machine, value: DictValue, arguments: Arguments) -> Value:
    key = arguments.get(0, "key")
    try:
        if key in value.items:
            return value.items[key]
    except TypeError:
        return Unknown("the key is not known")
    if isinstance(key, Unknown):
        return _perhaps(value, f"the key {key!r:.40} may be set elsewhere")
    if value.open:
        return Unknown(f"the key {key!r:.40} may be set elsewhere")
    return arguments.get(1, "default")


def _perhaps(value: DictValue, reason: str) -> Unknown:
    """What may be any item of a dictionary, or none."""
    result = Unknown(reason)
    result.perhaps = tuple(item for item in value.items.values() if isinstance(item, HeapObject))
    return result


def _items(machine: Machine, value: DictValue, arguments: Arguments) -> Value:
    pairs: list[Value] = list(value.items.items())
    if not value.open:
        return ListValue(pairs)
    return ListValue(None, (Unknown("a key of a dict"), Unknown("a value of a dict")))


def _keys(machine: Machine, value: DictValue, arguments: Arguments) -> Value:
    return ListValue(None, Unknown("a key of a dict")) if value.open else ListValue(list(value.items))


def _values(machine: Machine, value: DictValue, arguments: Arguments) -> Value:
    return ListValue(None, Unknown("a value of a dict")) if value.open else ListValue(list(value.items.values()))


def _update(machine: Machine, value: DictValue, arguments: Arguments) -> Value:
    machine.touch(value)
    for other in arguments.args:
        made = (
            other if isinstance(other, DictValue) else machine.call(External("builtins.dict"), Arguments([other]), None)
        )
        value.overlay(made)
    if arguments.open:
        value.may_change()
        value.open = True
    value.items.update(arguments.kwargs)
    return None


def _pop_key(machine: Machine, value: DictValue, arguments: Arguments) -> Value:
    machine.touch(value)
    key = arguments.get(0, "key")
    try:
        if key in value.items:
            return value.items.pop(key)
    except TypeError:
        pass
    if isinstance(key, Unknown):
        result = _perhaps(value, f"the key {key!r:.40} is not known")
        value.forget()
        return result
    if not value.open and len(arguments.args) > 1:
        return arguments.args[1]
    return Unknown(f"the key {key!r:.40} is not known")


def _set_default(machine: Machine, value: DictValue, arguments: Arguments) -> Value:
    key = arguments.get(0, "key")
    try:
        if key in value.items:
            return value.items[key]
    except TypeError:
        return Unknown("the key is not known")
    machine.touch(value)
    default = arguments.get(1, "default")
    if isinstance(key, Unknown):
        result = _perhaps(value, "the key may be set elsewhere")
        value.others.append(default)
        value.open = True
        return result
    if value.open:
        return Unknown("the key may be set elsewhere")
    value.items[key] = default
    return default


def _copy_dict(machine: Machine, value: DictValue, arguments: Arguments) -> Value:
    return DictValue(dict(value.items), value.open, value.factory)


def _clear_dict(machine: Machine, value: DictValue, arguments: Arguments) -> Value:
    machine.touch(value)
    value.items, value.open = {}, False
    return None


def _pop_item(machine: Machine, value: DictValue, arguments: Arguments) -> Value:
    machine.touch(value)
    if value.items and not value.open:
        return value.items.popitem()
    value.items, value.open = {}, True
    return Unknown("which item is the last is not known")


def _item(machine: Machine, value: DictValue, arguments: Arguments) -> Value:
    from keras_lsp.inference.expressions import dict_item

    return dict_item(machine, value, arguments.get(0, "key"))


def _set_item(machine: Machine, value: DictValue, arguments: Arguments) -> Value:
    """What the base class does, whatever the program's own class adds to it."""
    if len(arguments.args) != 2:
        return None
    machine.touch(value)
    key, item = arguments.args
    if isinstance(key, str | int | float | tuple | None):
        value.items[key] = item
    else:
        value.store_somewhere(item)
    return None


_DICT: dict[str, DictMethod] = {
    "__getitem__": _item,
    "__setitem__": _set_item,
    "clear": _clear_dict,
    "popitem": _pop_item,
    "get": _get,
    "items": _items,
    "keys": _keys,
    "values": _values,
    "update": _update,
    "pop": _pop_key,
    "setdefault": _set_default,
    "copy": _copy_dict,
}
