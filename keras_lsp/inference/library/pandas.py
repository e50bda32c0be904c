"""pandas, as far as shapes are visible: the number of rows, and the names of the columns."""

from __future__ import annotations

import ast
from typing import Any, cast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.library import models
from keras_lsp.inference.library.objects import FIELDS, ITEMS, STORES, LibraryInstance, attribute, method
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import FRAME, SERIES, as_array, subscript_tensor
from keras_lsp.inference.values import DictValue, LibraryObject, ListValue, TensorValue, Unknown, Value
from keras_lsp.shapes.dim import Dim, add, minimum, opaque, subtract

_ROWS = 0
_COLUMNS = 1


def frame(rows: Dim, names: tuple[str, ...] | None, width: Dim = None) -> LibraryObject:
    """A data frame; `names` are `None` where not all of its columns are known."""
    made = LibraryObject(FRAME)
    made.attributes = {
        "#rows": opaque() if rows is None else rows,
        "#names": names,
        "#width": len(names) if names is not None else opaque() if width is None else width,
    }
    return made


def series(rows: Dim, dtype: str | None = None, distinct: int | None = None) -> LibraryObject:
    """A column, or a row; `distinct` is how many different values are in it, where that is known."""
    made = LibraryObject(SERIES)
    made.attributes = {"#rows": opaque() if rows is None else rows, "#dtype": dtype, "#distinct": distinct}
    return made


def part_of(value: LibraryObject, rows: Dim) -> LibraryObject:
    """Some rows of a frame or series."""
    if value.path == SERIES:
        return series(rows, value.attributes.get("#dtype"))
    return frame(rows, _names(value), value.attributes["#width"])


def _distinct(value: Value) -> int | None:
    """How many different values are in a list of constants."""
    items = value.items if isinstance(value, ListValue) else None
    if not items or not all(isinstance(item, str | int) for item in items):
        return None
    return len(set(cast("Any", items)))


def _object(value: LibraryInstance) -> LibraryObject:
    assert isinstance(value, LibraryObject)
    return value


def _rows(value: LibraryInstance) -> Dim:
    return value.attributes["#rows"]


def _names(value: LibraryInstance) -> tuple[str, ...] | None:
    """The names of the columns, also after `frame.columns = [...]`."""
    names = value.attributes.get("#names")
    if "columns" in value.attributes:
        given = _texts(value.attributes["columns"])
        return given if given is not None and len(given) == value.attributes.get("#width") else None
    return cast("tuple[str, ...]", names) if isinstance(names, tuple) else None


def _texts(value: Value) -> tuple[str, ...] | None:
    """The strings of a list, or of one string."""
    if isinstance(value, str):
        return (value,)
    items = value.items if isinstance(value, ListValue) else None
    if isinstance(value, tuple):
        items = list(cast("tuple[Value, ...]", value))
    if items is None or not all(isinstance(item, str) for item in items):
        return None
    return tuple(items)


def _set(machine: Machine, value: LibraryObject, made: Value) -> None:
    """What `inplace=True` leaves behind."""
    machine.touch(value)
    if isinstance(made, LibraryObject) and made.path == value.path:
        value.attributes = dict(made.attributes)
    else:
        value.attributes = dict(frame(None, None).attributes if value.path == FRAME else series(None).attributes)


# Making


@models("pandas.DataFrame")
def data_frame(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """A frame of a dictionary of columns, an array, or a list of rows."""
    data = arguments.get(0, "data")
    names = _texts(arguments.get(2, "columns"))
    if isinstance(data, LibraryObject) and data.path == FRAME:
        return data
    if isinstance(data, DictValue):
        columns = None if data.open or not all(isinstance(key, str) for key in data.items) else tuple(data.items)
        sizes = [_length(item) for item in data.items.values()]
        rows = next((size for size in sizes if size is not None), None)
        made = frame(rows, names or columns)
        made.attributes["#distinct"] = {key: _distinct(item) for key, item in data.items.items()}
        return made
    spec = data.spec if isinstance(data, TensorValue) else None
    if spec is not None and spec.shape is not None and len(spec.shape) == 2:
        width = spec.shape[1]
        return frame(spec.shape[0], names if names is not None and len(names) == width else None, width)
    if isinstance(data, ListValue) and data.items and all(isinstance(row, ListValue | tuple) for row in data.items):
        widths = {_length(row) for row in data.items}
        if len(widths) == 1:
            width = widths.pop()
            return frame(len(data.items), names if names is not None and len(names) == width else None, width)
    return Unknown("what is in the data frame is not known")


def _length(value: Value) -> Dim:
    if isinstance(value, ListValue):
        return len(value.items) if value.items is not None else None
    if isinstance(value, tuple | range):
        return len(cast("tuple[Value, ...]", value))
    if isinstance(value, LibraryObject) and value.path == SERIES:
        return _rows(value)
    return value.spec.shape[0] if isinstance(value, TensorValue) and value.spec.shape else None


@models("pandas.Series")
def make_series(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """A column of a list or array."""
    data = arguments.get(0, "data")
    size = _length(data)
    return series(size, None, _distinct(data)) if size is not None else Unknown("what is in the series is not known")


# These give something else than one frame with a name for each column.
_OTHER_READERS = frozenset(("header", "squeeze", "chunksize", "iterator", "index_col", "names", "usecols"))


@models("pandas.read_csv", "pandas.read_table", "pandas.read_excel", "pandas.read_parquet", "pandas.read_pickle")
def read(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """A frame of unknown rows and columns: nothing is read. A column that is asked for by its name is one column."""
    names = _texts(arguments.kwargs.get("names"))
    if arguments.open or set(arguments.kwargs) & (_OTHER_READERS - {"names"}):
        header = arguments.kwargs.get("header", 0)
        if set(arguments.kwargs) & (_OTHER_READERS - {"names", "header"}) or not (header is None or header == 0):
            return Unknown("the data comes from a file")
    return frame(None, names)


@models("pandas.get_dummies")
def get_dummies(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """A column for each value of a series."""
    data = arguments.get(0, "data")
    plain = not arguments.kwargs.keys() & {"drop_first", "dummy_na", "columns"}
    if isinstance(data, LibraryObject) and data.path == SERIES:
        return frame(_rows(data), None, data.attributes.get("#distinct") if plain else None)
    if isinstance(data, TensorValue) and data.spec.shape is not None and len(data.spec.shape) == 1:
        return frame(data.spec.shape[0], None)
    if isinstance(data, ListValue):
        return frame(_length(data), None, _distinct(data) if plain else None)
    if isinstance(data, LibraryObject) and data.path == FRAME:
        return frame(_rows(data), None)
    return Unknown("the values are not known")


@models("pandas.concat")
def concat(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Frames side by side, or one below the other where they have the same columns."""
    parts = arguments.get(0, "objs")
    axis = arguments.get(1, "axis", 0)
    frames = [part for part in parts.items or () if _is(part, FRAME)] if isinstance(parts, ListValue) else []
    if not frames or len(frames) != len(cast("ListValue", parts).items or ()):
        return Unknown("what is put together is not known")
    names = [_names(part) for part in cast("list[LibraryObject]", frames)]
    if axis in (1, "columns"):
        known = tuple(name for part in names for name in part or ()) if None not in names else None
        return frame(None, known)
    return frame(None, names[0] if len(set(names)) == 1 else None)


def _is(value: Value, path: str) -> bool:
    return isinstance(value, LibraryObject) and value.path == path


# Attributes


@attribute(FRAME, "values")
def values(machine: Machine, value: LibraryInstance) -> Value:
    """The numbers."""
    return as_array(value)


@attribute(SERIES, "values", "array")
def series_values(machine: Machine, value: LibraryInstance) -> Value:
    """The numbers."""
    return as_array(value)


@attribute(FRAME, "shape")
def shape(machine: Machine, value: LibraryInstance) -> Value:
    """Rows and columns."""
    return (_rows(value), value.attributes["#width"])


@attribute(SERIES, "shape")
def series_shape(machine: Machine, value: LibraryInstance) -> Value:
    """Rows."""
    return (_rows(value),)


@attribute(FRAME, "columns")
def columns(machine: Machine, value: LibraryInstance) -> Value:
    """The names."""
    names = _names(value)
    return Unknown("the names of the columns are not known") if names is None else ListValue(list(names))


@attribute(FRAME, "iloc")
def by_place(machine: Machine, value: LibraryInstance) -> Value:
    """What `frame.iloc` is indexed through."""
    return _indexer(f"{FRAME}.iloc", value)


@attribute(FRAME, "loc")
def by_name(machine: Machine, value: LibraryInstance) -> Value:
    """What `frame.loc` is indexed through."""
    return _indexer(f"{FRAME}.loc", value)


@attribute(SERIES, "iloc", "loc")
def series_by_place(machine: Machine, value: LibraryInstance) -> Value:
    """What `series.iloc` is indexed through."""
    return _indexer(f"{SERIES}.iloc", value)


def _indexer(path: str, value: LibraryInstance) -> LibraryObject:
    made = LibraryObject(path)
    made.attributes["#of"] = value
    return made


# Items


def _mask(index: Value) -> bool:
    """Whether an index chooses rows by a condition."""
    return (isinstance(index, TensorValue) and index.spec.dtype == "bool") or _is(index, SERIES)


def _item(machine: Machine, value: LibraryInstance, index: Value) -> Value:
    names = _names(value)
    if isinstance(index, str):
        if names is not None and index not in names:
            return Unknown(f"the frame has no column {index!r} that is known")
        distinct = value.attributes.get("#distinct")
        return series(_rows(value), None, distinct.get(index) if isinstance(distinct, dict) else None)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    chosen = _texts(index) if isinstance(index, ListValue) else None
    if chosen is not None:
        return frame(_rows(value), chosen)
    if isinstance(index, ListValue) and index.items is None:
        return frame(_rows(value), None)
    if isinstance(index, slice):
        return _placed(machine, value, (cast("Value", index),))
    if _mask(index):
        return frame(None, names, value.attributes["#width"])
    return Unknown("which part of the frame is meant is not known")


def _placed(machine: Machine, value: LibraryInstance, index: tuple[Value, ...]) -> Value:
    """`frame.iloc[...]`: as an array is indexed, but that a row or column is a series."""
    array = as_array(value)
    assert isinstance(array, TensorValue)
    parts = [as_array(part) for part in index]
    part = subscript_tensor(machine, array, tuple(parts) if len(parts) != 1 else parts[0], None)
    shape = part.spec.shape if isinstance(part, TensorValue) else None
    if shape is None or len(shape) not in (1, 2):
        return Unknown("a value of the frame" if shape == () else "which part of the frame is meant is not known")
    if len(shape) == 1:
        return series(shape[0])
    names = _names(value)
    if names is not None and len(parts) > 1:
        columns = parts[1]
        if isinstance(columns, slice):
            bounds = cast("Any", columns)
            plain = all(bound is None or isinstance(bound, int) for bound in (bounds.start, bounds.stop, bounds.step))
            names = names[columns] if plain else None
        else:
            names = None
    return frame(shape[0], names if names is None or len(names) == shape[1] else None, shape[1])


def _by_place(machine: Machine, value: LibraryInstance, index: Value) -> Value:
    of = cast("LibraryObject", value.attributes["#of"])
    return _placed(machine, of, cast("tuple[Value, ...]", index) if isinstance(index, tuple) else (index,))


def _by_name(machine: Machine, value: LibraryInstance, index: Value) -> Value:
    of = cast("LibraryObject", value.attributes["#of"])
    parts: list[Value] = list(cast("tuple[Value, ...]", index)) if isinstance(index, tuple) else [index]
    rows = _rows(of) if parts and parts[0] == slice(None) else None
    names = _names(of)
    if len(parts) == 1:
        return (
            frame(None, names, of.attributes["#width"])
            if _mask(index) or isinstance(index, slice)
            else Unknown("a row")
        )
    if len(parts) == 2 and (rows is not None or _mask(parts[0]) or isinstance(parts[0], slice)):
        chosen = parts[1]
        if isinstance(chosen, str):
            return series(rows)
        if isinstance(chosen, slice) and names is not None:
            bounds = cast("Any", chosen)
            places = [_place(names, bound) for bound in (bounds.start, bounds.stop)]
            if bounds.step is None and all(place is not False for place in places):
                first, last = places[0], places[1]
                return frame(rows, names[first : None if last is None else cast("int", last) + 1])
        texts = _texts(chosen) if isinstance(chosen, ListValue) else None
        if texts is not None:
            return frame(rows, texts)
        if isinstance(chosen, slice | ListValue) or _mask(chosen):
            return frame(rows, None)
    return Unknown("which part of the frame is meant is not known")


def _place(names: tuple[str, ...], bound: Value) -> Any:
    """Where a column stands; `None` for no bound, `False` if it is not known."""
    if bound is None:
        return None
    return names.index(bound) if isinstance(bound, str) and bound in names else False


def _series_item(machine: Machine, value: LibraryInstance, index: Value) -> Value:
    if _mask(index):
        return series(None, value.attributes.get("#dtype"))
    array = as_array(value)
    assert isinstance(array, TensorValue)
    if isinstance(index, slice):
        part = subscript_tensor(machine, array, index, None)
        shape = part.spec.shape if isinstance(part, TensorValue) else None
        return series(shape[0]) if shape else Unknown("part of a series")
    return Unknown("a value of the series")


def _series_by_place(machine: Machine, value: LibraryInstance, index: Value) -> Value:
    return _series_item(machine, cast("LibraryObject", value.attributes["#of"]), index)


ITEMS[FRAME] = _item
ITEMS[SERIES] = _series_item
ITEMS[f"{FRAME}.iloc"] = _by_place
ITEMS[f"{FRAME}.loc"] = _by_name
ITEMS[f"{SERIES}.iloc"] = _series_by_place


def _store(machine: Machine, value: LibraryObject, index: Value, new: Value) -> None:
    """`frame["new"] = ...` adds a column that was not there."""
    names = _names(value)
    machine.touch(value)
    if isinstance(index, str) and names is not None:
        value.attributes.update(frame(_rows(value), names if index in names else (*names, index)).attributes)
        value.attributes.pop("columns", None)
    elif not isinstance(index, str) or names is None:
        value.attributes.update(frame(_rows(value), None).attributes)


def _ignore(machine: Machine, value: LibraryObject, index: Value, new: Value) -> None:
    """New values in old places."""


STORES[FRAME] = _store
STORES[SERIES] = _ignore


# Methods


@method(FRAME, "to_numpy", "as_matrix")
@method(SERIES, "to_numpy", "as_matrix", "ravel")
def to_numpy(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """The numbers."""
    made = as_array(value)
    if isinstance(made, TensorValue):
        return TensorValue(made.spec, "numpy", origin=machine.span_of(node))
    return made


def _result(machine: Machine, value: LibraryInstance, arguments: Arguments, made: Value) -> Value:
    """What a method gives, or with `inplace=True` makes of its object."""
    inplace = arguments.kwargs.get("inplace", False)
    if inplace is False:
        return made
    _set(machine, _object(value), made if inplace is True else None)
    return None


_SAME = (
    "copy", "fillna", "astype", "sort_values", "sort_index", "round", "clip", "abs", "replace", "interpolate", "ffill", "bfill",
    "infer_objects", "convert_dtypes", "where", "mask",
)  # fmt: skip


@method(FRAME, *_SAME)
@method(SERIES, *_SAME, "map", "reset_index", "rank", "shift", "cumsum", "diff")
def same(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Other values in the same places."""
    if value.path == SERIES:
        if arguments.kwargs.get("drop", False) is not True and "drop" in arguments.kwargs:
            return Unknown("an index is not followed")
        return _result(machine, value, arguments, series(_rows(value)))
    return _result(machine, value, arguments, frame(_rows(value), _names(value), value.attributes["#width"]))


@method(SERIES, "apply", "transform")
def apply(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """One value for each, if the function gives no lists."""
    return series(_rows(value))


@method(FRAME, "reset_index")
def reset_index(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """The same rows; the index becomes a column unless it is dropped."""
    if arguments.kwargs.get("drop") is True:
        return same(machine, value, arguments, node)
    return _result(machine, value, arguments, frame(_rows(value), None))


_FEWER = ("dropna", "drop_duplicates", "query", "nlargest", "nsmallest")


@method(FRAME, *_FEWER)
@method(SERIES, "dropna", "drop_duplicates", "nlargest", "nsmallest")
def fewer(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Some of the rows; `dropna(axis=1)` takes columns."""
    if value.path == SERIES:
        return _result(machine, value, arguments, series(None))
    if arguments.kwargs.get("axis", 0) != 0 or (arguments.args and isinstance(arguments.args[0], int)):
        return _result(machine, value, arguments, frame(None, None))
    return _result(machine, value, arguments, frame(None, _names(value), value.attributes["#width"]))


@method(FRAME, "head", "tail", "sample")
@method(SERIES, "head", "tail", "sample")
def some(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """The first, last or any rows."""
    count = arguments.get(0, "n", 5 if "frac" not in arguments.kwargs else None)
    rows: Dim = minimum(_rows(value), count) if isinstance(count, int) and count >= 0 else None
    if arguments.kwargs.get("frac") in (1, 1.0):
        rows = _rows(value)
    if value.path == SERIES:
        return series(rows)
    return frame(rows, _names(value), value.attributes["#width"])


@method(FRAME, "drop")
def drop(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Without some columns, or without some rows."""
    names = _names(value)
    axis = arguments.get(1, "axis", 0)
    chosen = arguments.get(0, "labels")
    if "columns" in arguments.kwargs:
        axis, chosen = _COLUMNS, arguments.kwargs["columns"]
    if axis in (_ROWS, "index"):
        return _result(machine, value, arguments, frame(None, names, value.attributes["#width"]))
    texts = _texts(chosen)
    if axis not in (_COLUMNS, "columns") or texts is None:
        return _result(machine, value, arguments, frame(_rows(value), None))
    if names is not None:
        kept = tuple(name for name in names if name not in texts)
        return _result(machine, value, arguments, frame(_rows(value), kept))
    width = subtract(value.attributes["#width"], len(set(texts)))
    return _result(machine, value, arguments, frame(_rows(value), None, width))


@method(FRAME, "pop")
def pop(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Takes a column out of the frame."""
    name, names = arguments.get(0, "item"), _names(value)
    rows = _rows(value)
    if isinstance(name, str):
        left = None if names is None else tuple(other for other in names if other != name)
        _set(machine, _object(value), frame(rows, left, subtract(value.attributes["#width"], 1)))
        return series(rows)
    _set(machine, _object(value), frame(rows, None))
    return Unknown("which column is taken is not known")


@method(FRAME, "insert")
def insert(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """One column more."""
    _set(machine, _object(value), frame(_rows(value), None, add(value.attributes["#width"], 1)))
    return None


@method(
    FRAME, "rename", "set_index", "set_axis", "update", "eval", "join", "merge", "assign", "select_dtypes", "filter"
)
def other(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Frames whose columns are not followed."""
    return _result(machine, value, arguments, frame(None, None))


@method(SERIES, "tolist", "to_list", "unique")
def to_list(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """The values one by one."""
    return ListValue(None, Unknown("a value of the series"))


@method(SERIES, "nunique", "max", "min", "mean", "sum", "std")
def number(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """A number that depends on the data."""
    return Unknown("a number from the data")


@method(SERIES, "to_frame")
def to_frame(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """A frame of one column."""
    return frame(_rows(value), None, 1)


@method(FRAME, "mean", "std", "min", "max", "median", "var", "sum")
def statistics(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """One number for each column."""
    if arguments.args or arguments.kwargs:
        return Unknown("numbers from the data")
    return series(value.attributes["#width"])


def operate_frame(left: Value, right: Value, comparison: bool) -> Value:
    """An operator with a frame or series on at least one side: the same places, where both sides have the same."""
    value, other = (left, right) if isinstance(left, LibraryObject) else (right, left)
    assert isinstance(value, LibraryObject)
    if isinstance(other, LibraryObject) and value.path == SERIES and other.path == FRAME:
        value, other = other, value
    if isinstance(other, LibraryObject):
        size = value.attributes["#rows" if other.path == value.path else "#width"]
        fits = other.path in (FRAME, SERIES) and other.attributes["#rows"] == size
        if not fits or (other.path == FRAME and _names(other) != _names(value)):
            return Unknown("an operation on other rows or columns is not followed")
    elif not isinstance(other, int | float | str):
        return Unknown("this operation on a frame is not followed")
    if value.path == SERIES:
        return series(_rows(value), "bool" if comparison else None)
    return frame(_rows(value), _names(value), value.attributes["#width"])


def column(value: LibraryInstance, name: str) -> Value | None:
    """`frame.name` for a column that is known."""
    names = _names(value)
    return series(_rows(value)) if names is not None and name in names else None


FIELDS[FRAME] = column
