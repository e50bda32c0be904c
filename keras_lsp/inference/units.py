"""Units of an evaluation: one for every top-level statement, one for everything that is evaluated though nobody calls it.

A unit remembers what it was given and what it left behind, so that the next version of the text need not evaluate it again when
it would be given the same: which names of the module it read and who had bound them, how the layers before it were counted, and
what it bound, changed, defined, called and recorded itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from keras_lsp.inference.facts import Facts
from keras_lsp.inference.heap import Heap
from keras_lsp.inference.numbering import Numbering
from keras_lsp.inference.recorder import Recorder
from keras_lsp.inference.values import (
    BoundMethod,
    Choice,
    ClassValue,
    DatasetValue,
    DictValue,
    External,
    Frame,
    FunctionValue,
    HeapObject,
    LibraryMethod,
    LibraryObject,
    ListValue,
    NamedTuple,
    ObjectValue,
    Partial,
    SuperValue,
    TensorValue,
    Unknown,
    Value,
)
from keras_lsp.shapes.dim import Expr

# What a unit bound a name to that has no value any more.
GONE = object()
# Values that are looked at to find out whether one holds what must be evaluated with those who use it.
MAX_REACH = 5_000
# Modules of the project are bound under this and their path, which no name of a program can be.
MODULE = "module:"


class Unit:
    """One evaluation of a statement, or of a function or class that nobody called.

    Attributes:
        statement: of the main module; `None` for what is evaluated aside.
        broken: whether the statement had to be repaired.
        reads: names of the module that it read before it bound them itself, with the unit that had bound them, if any had.
        writes: names that it may have bound, with their values at its end.
        counted: how many layers of each class that it counts there were before it.
        counts: how many it added; with `recounted`, how many there were at its end, after it began to count anew.
        numbering: the names of the layers that it counted.
        called: ids of the functions that it called.
        definitions: functions and classes that it defined.
        uncalled: of a class evaluated aside, which of its methods nobody had called.
        touched: mutable objects that it changed.
    """

    __slots__ = (
        "broken",
        "called",
        "counted",
        "counts",
        "definitions",
        "facts",
        "numbering",
        "packages",
        "reads",
        "recorder",
        "recounted",
        "statement",
        "steps",
        "touched",
        "uncalled",
        "writes",
    )

    def __init__(self, statement: ast.stmt | None, facts: Facts, recorder: Recorder, broken: bool = False) -> None:
        self.statement = statement
        self.broken = broken
        self.facts = facts
        self.recorder = recorder
        self.reads: dict[str, Unit | None] = {}
        self.writes: dict[str, Value] = {}
        self.counted: dict[str, int] = {}
        self.counts: dict[str, int] = {}
        self.recounted = False
        self.numbering = Numbering()
        self.called: frozenset[int] = frozenset()
        self.definitions: list[Value] = []
        self.uncalled: tuple[bool, ...] = ()
        self.touched: dict[int, HeapObject] = {}
        self.packages: frozenset[str] = frozenset()
        self.steps = 0

    def renumber(self, counters: Mapping[str, int]) -> bool:
        """Give its layers the names that they get after so many others; whether nothing else depends on them."""
        shifts = {base: counters.get(base, 0) - count for base, count in self.counted.items()}
        if not any(shifts.values()):
            return True
        if self.recounted or self.numbering.said:
            return False
        for base, shift in shifts.items():
            self.counted[base] += shift
            if base in self.numbering.before:
                self.numbering.before[base] += shift
        return True

    def count(self, counters: Mapping[str, int]) -> dict[str, int]:
        """How many layers there are of each class after it."""
        if self.recounted:
            return dict(self.counts)
        after = dict(counters)
        for base, count in self.counts.items():
            after[base] = after.get(base, 0) + count
        return after


class Missing(BaseException):
    """A name was read that a unit had bound which is not evaluated here; a `BaseException`, as no handler may take it."""

    def __init__(self, unit: Unit) -> None:
        super().__init__()
        self.unit = unit


class Watch:
    """Notes which unit reads and binds which names of the main module."""

    def __init__(self, heap: Heap) -> None:
        self.heap = heap
        self.unit: Unit | None = None
        self.defined: set[str] = set()
        self.written: set[str] = set()
        self.current: dict[str, Unit] = {}
        self.evaluated: set[Unit] | None = None  # `None` for all
        self.lost = False  # something happened that cannot be traced

    def begin(self, unit: Unit) -> None:
        """From here on all reads and writes are those of this unit."""
        self.unit = unit
        self.defined = set()
        self.written = set()

    def read(self, name: str) -> None:
        """A name is looked up."""
        unit = self.unit
        if unit is None or name in unit.reads or name in self.defined:
            return
        writer = self.current.get(name)
        if writer is not None and self.evaluated is not None and writer not in self.evaluated:
            raise Missing(writer)
        unit.reads[name] = writer

    def write(self, name: str) -> None:
        """A name is bound or deleted; where that may not happen, its old value stays a part of the outcome."""
        self.written.add(name)
        if not self.heap.forks:
            self.defined.add(name)
        elif name not in self.defined:
            self.read(name)


class WatchedNames(dict[str, Any]):
    """The variables of the main module, or the modules by their paths, with a note of every use."""

    def __init__(self, watch: Watch, prefix: str = "") -> None:
        super().__init__()
        self._watch = watch
        self._prefix = prefix

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a name."""
        self._watch.read(self._prefix + key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self._watch.read(self._prefix + key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._watch.read(self._prefix + str(key))
        return super().__contains__(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._watch.write(self._prefix + key)
        super().__setitem__(key, value)

    def pop(self, key: str, *default: Any) -> Any:
        """Take a name away."""
        self._watch.write(self._prefix + key)
        return super().pop(key, *default)

    def peek(self, key: str, default: Any = None) -> Any:
        """The value of a name, without a note."""
        return super().get(key, default)


def is_tied(value: Value, elsewhere: Callable[[HeapObject], bool]) -> bool:
    """Whether what a name is bound to cannot be made anew for one of its readers alone.

    That is so when it holds layers, models or their tensors, about which all readers add to the same facts; sizes that have
    nothing but their identity; and objects that others changed (`elsewhere`).
    """
    if value is None or isinstance(value, External | str | int | float):
        return False
    stack: list[Any] = [value]
    seen: set[int] = set()
    while stack:
        item = stack.pop()
        if item is None or isinstance(item, External | str | bytes | int | float | complex | range | slice):
            continue
        if id(item) in seen:
            continue
        seen.add(id(item))
        if len(seen) > MAX_REACH:
            return True
        if isinstance(item, HeapObject) and elsewhere(item):
            return True
        below = _inside(item)
        if below is None:
            return True
        stack += below
    return False


def _inside(item: Any) -> list[Any] | None:
    """The values that a value holds; `None` where it is tied itself, and for all kinds that are not known here."""
    if isinstance(item, NamedTuple):
        return [*item, item.owner]
    if isinstance(item, tuple):
        return list(item)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(item, TensorValue):
        return None if item.producer is not None or item.kind == "keras" or _has_names(item) else []
    if isinstance(item, Unknown):
        return None if item.is_used else item.parts
    if isinstance(item, FunctionValue):
        above = [] if _is_module(item.enclosing) else [item.enclosing]
        return [*item.defaults.values(), item.owner, item.setter, *above]
    if isinstance(item, ClassValue):
        return [*item.bases, *item.namespace.values()]
    if isinstance(item, ObjectValue):
        return None if item.layer is not None else [item.class_value, *item.attributes.values()]
    if isinstance(item, ListValue):
        return [*(item.items or ()), item.element]
    if isinstance(item, DictValue):
        return [*item.items.keys(), *item.items.values(), item.factory]
    if isinstance(item, LibraryObject):
        return [*item.arguments.values(), *item.attributes.values()]
    if isinstance(item, DatasetValue):
        return [item.element, item.size, *item.attributes.values()]
    if isinstance(item, BoundMethod):
        return [item.function, item.receiver]
    if isinstance(item, LibraryMethod):
        return [item.receiver]
    if isinstance(item, SuperValue):
        return [item.receiver, item.after]
    if isinstance(item, Partial):
        return [item.function, *item.args, *item.kwargs.values()]
    if isinstance(item, Choice):
        return list(item.options)
    if isinstance(item, Frame):
        enclosing = item.enclosing
        above = [enclosing] if enclosing is not None and not _is_module(enclosing) else []
        return [*item.variables.values(), item.receiver, *above]
    from keras_lsp.inference.modules import Module

    return [item.frame] if isinstance(item, Module) and not item.is_main else None


def _is_module(frame: Frame) -> bool:
    return frame is frame.module.frame


def _has_names(tensor: TensorValue) -> bool:
    """Whether its shape or content has sizes that are known by name only."""
    spec = tensor.spec
    return (
        any(isinstance(dim, Expr) for dim in spec.shape or ())
        or isinstance(spec.classes, Expr)
        or not _is_plain(spec.content)
    )


def _is_plain(content: object) -> bool:
    if isinstance(content, tuple | list):
        return all(_is_plain(item) for item in content)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return content is None or isinstance(content, int | float | str | bool | complex)
