"""The interpreter against Python itself: programs at random, whose values must be those that Python computes, or unknown.

The programs compute with whole numbers, lists and dictionaries, in branches, loops, functions and classes, some of which depend on
what no analysis can see (`u`, `ul`, `ud`). Python runs each of them; whatever the analysis says of a variable at the end must be so.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from keras_lsp.analysis import analyse_document
from keras_lsp.catalogue.version import parse_version
from keras_lsp.inference.values import DictValue, ListValue
from keras_lsp.inference.world import World
from keras_lsp.project.settings import Settings
from keras_lsp.text.document import Document

WORLD = World(parse_version("3.15"))
SETTINGS = Settings()
HEAD = """\
import itertools
import os

u = len(os.listdir("/"))
ul = os.listdir("/")[:3]
ud = dict(os.environ)
l0 = [1, 2]
d0 = {"a": 1, "b": 2}
i0 = 3
"""
KEYS = ('"a"', '"b"', '"c"', '"d"')


class Endless(BaseException):
    """A program that goes round too often; a `BaseException`, which its own handlers let through."""


class Clock:
    """What loops of a program call: `tick()`."""

    def __init__(self, left: int = 20_000) -> None:
        self.left = left

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Endless


class Writer:
    """Writes one program. What is bound inside a block is not used behind it, where it may not be bound."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.lines: list[str] = []
        self.indent = 0
        self.count = 0
        self.numbers, self.lists, self.dicts = ["u", "i0"], ["ul", "l0"], ["ud", "d0"]
        self.functions: list[tuple[str, int]] = []
        self.objects: list[str] = []

    def program(self) -> str:
        for _ in range(self.dice.randint(3, 9)):
            self.statement()
        seen = [name for name in (*self.numbers, *self.lists, *self.dicts) if name not in ("u", "ul", "ud")]
        return HEAD + "\n".join([*self.lines, *(f"final_{name} = {name}" for name in seen)]) + "\n"

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def new(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def one_of(self, *makers: Callable[[], str]) -> str:
        return self.dice.choice(makers)()

    # Expressions, `depth` operators deep at most.

    def number(self, depth: int = 2) -> str:
        pick, less = self.dice.choice, depth - 1
        if depth <= 0 or self.dice.random() < 0.4:
            return pick((str(self.dice.randint(0, 6)), pick(self.numbers)))
        return self.one_of(
            lambda: f"({self.number(less)} {pick('+-*')} {self.number(less)})",
            lambda: f"({self.number(less)} {pick(('//', '%'))} {self.dice.randint(1, 5)})",
            lambda: f"len({self.list(less)})",
            lambda: f"sum([{self.number(less)} for _ in range({self.dice.randint(0, 4)})])",
            lambda: f"({self.number(less)} if {self.condition(less)} else {self.number(less)})",
            lambda: f"({self.condition(less)} and {self.number(less)} or {self.number(less)})",
            lambda: f"{self.dict()}.get({pick(KEYS)}, {self.number(less)})",
            lambda: f"max({self.number(less)}, {self.number(less)})",
            lambda: f"int({self.condition(less)})",
            lambda: f"{pick(self.objects)}.{pick('pq')}" if self.objects else "1",
            lambda: self.call(less) if self.functions else "2",
        )

    def bounded(self, depth: int = 2) -> str:
        """What is stored may be computed with again in a loop: kept small, or a program could grow without an end."""
        return f"({self.number(depth)}) % 1000"

    def call(self, depth: int) -> str:
        name, count = self.dice.choice(self.functions)
        given = ", ".join(self.number(depth) for _ in range(count))
        return self.dice.choice(
            (f"{name}({given})", f"{name}(*[{given}])", f"{name}({given}{', ' * bool(given)}extra=4)")
        )

    def condition(self, depth: int = 2) -> str:
        pick, less = self.dice.choice, depth - 1
        if depth <= 0:
            return pick(("True", "False", "u > 3", "i0 < 4"))
        return self.one_of(
            lambda: f"{self.number(less)} {pick(('<', '>', '==', '!=', '<='))} {self.number(less)}",
            lambda: f"{pick(KEYS)} in {self.dict()}",
            lambda: f"not {self.list(less)}",
            lambda: f"({self.condition(less)} {pick(('and', 'or'))} {self.condition(less)})",
            lambda: f"any([{self.number(less)}, {self.number(less)}])",
        )

    def list(self, depth: int = 2) -> str:
        pick, less = self.dice.choice, depth - 1
        if depth <= 0 or self.dice.random() < 0.4:
            return pick(self.lists)
        return self.one_of(
            lambda: f"[{self.number(less)}, {self.number(less)}]",
            lambda: f"[x for x in {self.list(less)} if {self.condition(less)}]",
            lambda: f"({self.list(less)} + {self.list(less)})[:6]",
            lambda: f"({self.list(less)} * {self.dice.randint(0, 2)})[:6]",
            lambda: f"{self.list(less)}[{self.dice.randint(0, 2)}:]",
            lambda: f"[*{self.list(less)}, {self.number(less)}]",
            lambda: f"list({pick(('zip', 'itertools.chain'))}({self.list(less)}, {self.list(less)}))[:6]",
            lambda: f"list({pick(('enumerate', 'reversed'))}({self.list(less)}))",
            lambda: f"list(map(lambda value: {self.number(less)}, {self.list(less)}))",
            lambda: f"list({self.dict()}.values())",
        )

    def dict(self) -> str:
        pick = self.dice.choice
        if self.dice.random() < 0.7:
            return pick(self.dicts)
        return self.one_of(
            lambda: f"{{{pick(KEYS)}: {self.bounded(1)}}}",
            lambda: f"{{**{pick(self.dicts)}, {pick(KEYS)}: {self.bounded(1)}}}",
            lambda: f"{{{pick(KEYS)}: {self.bounded(1)}, **{pick(self.dicts)}}}",
            lambda: f"dict({pick(self.dicts)}, a={self.bounded(1)})",
        )

    # Statements.

    def block(self, last: Callable[[], None] | None = None, *, loop: bool = False) -> None:
        kept = [list(names) for names in (self.numbers, self.lists, self.dicts, self.functions, self.objects)]
        self.indent += 1
        if loop:
            self.line("tick()")
        for _ in range(self.dice.randint(1, 3)):
            self.statement()
        if last is not None:
            last()
        self.indent -= 1
        self.numbers, self.lists, self.dicts, self.functions, self.objects = kept  # type: ignore[assignment]

    def statement(self) -> None:
        simple = (self.bind, self.bind, self.change, self.change)
        compound = (self.branch, self.loop, self.count_up, self.attempt) if self.indent < 3 else ()
        definitions = (self.define, self.construct) if self.indent == 0 else ()
        self.dice.choice((*simple, *compound, *definitions))()

    def bind(self) -> None:
        prefix, make, names = self.dice.choice(
            (("i", self.number, self.numbers), ("l", self.list, self.lists), ("d", self.dict, self.dicts))
        )
        name = self.new(prefix)
        self.line(f"{name} = {make()}")
        names.append(name)

    def change(self) -> None:
        known = self.dice.choice(self.lists[1:])
        mapping = self.dice.choice(self.dicts)
        key = self.dice.choice(KEYS)
        texts = [
            f"{known}.append({self.bounded()})",
            f"{known}.extend({self.list()}[:3])",
            f"{known}.{self.dice.choice(('clear()', 'reverse()', 'insert(0, 1)'))}",
            f"{mapping}[{key}] = {self.bounded()}",
            f"{mapping}.update({self.dict()})",
            f"{mapping}.pop({key}, None)",
            f"{mapping}.setdefault({key}, {self.bounded()})",
            f"{self.dice.choice(self.numbers[1:])} {self.dice.choice('+-')}= {self.bounded(1)}",
        ]
        if self.objects:
            texts.append(f"{self.dice.choice(self.objects)}.{self.dice.choice('pq')} = {self.bounded()}")
        self.line(self.dice.choice(texts))

    def branch(self) -> None:
        self.line(f"if {self.condition()}:")
        self.block()
        if self.dice.random() < 0.6:
            self.line("else:")
            self.block()

    def loop(self) -> None:
        def leave() -> None:
            if self.dice.random() < 0.4:
                self.line(f"if {self.condition()}:")
                self.line("    " + self.dice.choice(("break", "continue")))

        over = self.dice.choice(
            (f"range({self.dice.randint(0, 4)})", "range(u % 3)", "list(ul)", f"list({self.list(1)})")
        )
        self.line(f"for {self.new('_')} in {over}:")
        self.block(leave, loop=True)

    def count_up(self) -> None:
        name = self.new("w")
        self.line(f"{name} = 0")
        self.line(f"while {name} < {self.dice.choice(('3', 'u % 4'))}:")
        self.block(lambda: self.line(f"{name} += 1"), loop=True)

    def attempt(self) -> None:
        """The body never raises: what a handler does where it would is not claimed to be known."""
        self.line("try:")
        self.block()
        self.line("except Exception:")
        self.block()

    def define(self) -> None:
        name, count = self.new("f"), self.dice.randint(0, 2)
        parameters = [f"p{index}" for index in range(count)]
        self.line(f"def {name}({', '.join([*parameters, '**options'])}):")
        kept = list(self.numbers)
        self.numbers = [*kept, *parameters]
        self.indent += 1
        self.line("tick()")
        self.line(f"{self.dice.choice(self.dicts)}[{self.dice.choice(KEYS)}] = {self.bounded()}")
        self.line(f"{self.dice.choice(self.lists[1:])}.append({self.bounded()})")
        self.line(f"if {self.condition()}:")
        self.line(f"    return {self.number()}")
        self.line(f"return options.get('extra', {self.number()})")
        self.indent -= 1
        self.numbers = kept
        self.functions.append((name, count))

    def construct(self) -> None:
        class_name, name = self.new("C"), self.new("o")
        self.line(f"class {class_name}:")
        self.line(f"    q = {self.number(1)}")
        self.line("    def __init__(self, p):")
        self.line("        self.p = p")
        self.line(f"{name} = {class_name}({self.number(1)})")
        self.objects.append(name)


def holds(said: Any, real: Any) -> bool:
    """Whether what the analysis says of a value is so; of what it does not know, it says nothing."""
    if isinstance(said, ListValue):
        return said.items is None or (isinstance(real, list) and same_items(said.items, real))
    if isinstance(said, tuple):
        return isinstance(real, tuple) and same_items(said, real)
    if isinstance(said, DictValue):
        if not isinstance(real, dict) or (not said.open and said.items.keys() != real.keys()):
            return False
        return all(key in real and holds(value, real[key]) for key, value in said.items.items())
    if isinstance(said, int | float | str | None):
        return type(said) is type(real) and said == real
    return True


def same_items(said: Any, real: Any) -> bool:
    return len(said) == len(real) and all(holds(one, other) for one, other in zip(said, real, strict=True))


def compare(seeds: range) -> int:
    """How many values of these programs were known; each is what Python computed."""
    known = 0
    for seed in seeds:
        source = Writer(random.Random(seed)).program()
        real: dict[str, Any] = {"tick": Clock()}
        try:
            exec(compile(source, "program.py", "exec"), real)
        except Endless:
            continue
        facts = analyse_document(Document("file:///program.py", 1, source), WORLD, SETTINGS).facts
        for variable in facts.variables:
            if variable.name.startswith("final_"):
                assert holds(variable.value, real[variable.name]), (seed, variable.name, variable.value, source)
                known += isinstance(variable.value, int | ListValue | DictValue)
    return known


def test_values_are_those_of_python() -> None:
    assert compare(range(150)) > 300


@pytest.mark.long
def test_many_values_are_those_of_python() -> None:
    compare(range(150, 5_000))
