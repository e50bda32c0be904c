"""Random layer configurations, valid and invalid mixed, as one table: layer -> how to draw its arguments and inputs.

To add a layer, put an `Entry` into `ENTRIES` (or into the table of a family and merge it):

    ENTRIES["Dense"] = Entry(
        required={"units": size(1, 40, odd=[0, -1, 2.5])},     # always given
        optional={"use_bias": flag},                            # each given three times in ten
        inputs=tensor(2, 3, 4),                                 # usual ranks, batch axis included; odd ones are mixed in
    )

A `Draw` is a function of a `random.Random`. `inputs` draws a list of `(shape, dtype)` pairs (the layer is called on the
tensor itself for one, on the list for several), `call` draws further call arguments by name, where a `Spec` stands for
a tensor. `Nested` stands for a layer as an argument. `generations` says which Keras has the layer, `when` refuses draws
that are not meant (say, too large to trace). `draw_question(random, generation)` makes one `Question`; `python -m
tests.shapes.exam` asks as many as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

Draw = Callable[[Random], Any]
Dims = tuple  # of int | None


@dataclass(frozen=True)
class Spec:
    """A symbolic tensor as an argument of the call."""

    shape: Dims
    dtype: str = "float32"


@dataclass(frozen=True)
class Nested:
    """A layer as an argument of another one."""

    layer: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """One layer to be constructed and called."""

    layer: str
    arguments: dict[str, Any]
    inputs: list[Spec]
    call: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """How to draw one layer."""

    inputs: Draw
    required: Mapping[str, Draw] = field(default_factory=dict)
    optional: Mapping[str, Draw] = field(default_factory=dict)
    call: Mapping[str, Draw] = field(default_factory=dict)
    generations: tuple[int, ...] = (2, 3)
    when: Callable[[Question], bool] = lambda question: True


# How often a usual draw is replaced by an odd one; most configurations must stay valid to test more than refusals.
ODD = 0.04
# How often an optional argument is given.
GIVEN = 0.3


def among(*usual: Any, odd: Sequence[Any] = ()) -> Draw:
    """One of the usual values, now and then one of the odd ones."""
    return lambda random: random.choice(odd) if odd and random.random() < ODD else random.choice(usual)


def size(low: int, high: int, odd: Sequence[Any] = (0, -1)) -> Draw:
    """A whole number of a range."""
    return lambda random: random.choice(odd) if odd and random.random() < ODD else random.randint(low, high)


def fraction(low: float = 0.0, high: float = 0.99, odd: Sequence[Any] = (-0.5, 1.5, 1, 0)) -> Draw:
    """A real number of a range, two digits."""
    return lambda random: random.choice(odd) if odd and random.random() < ODD else round(random.uniform(low, high), 2)


def per_axis(count: int, each: Draw, odd: Sequence[Any] = ()) -> Draw:
    """A number for all axes or a tuple or list with one per axis; now and then one too many or too few."""

    def draw(random: Random) -> Any:
        if odd and random.random() < ODD:
            return random.choice(odd)
        if random.random() < 0.5:
            return each(random)
        length = count if random.random() > ODD else max(0, count + random.choice((-1, 1)))
        values = [each(random) for _ in range(length)]
        return tuple(values) if random.random() < 0.7 else values

    return draw


def flag(random: Random) -> bool:
    """True or False."""
    return random.random() < 0.5


def dtype(random: Random) -> str:
    """An element type of an input: mostly float32."""
    if random.random() < 0.85:
        return "float32"
    return random.choice(("float16", "float64", "int32", "int64", "uint8", "bool"))


def axis_size(random: Random, low: int = 1, high: int = 14) -> int | None:
    """A size of an axis: mostly known."""
    return None if random.random() < 0.07 else random.randint(low, high)


def shape(random: Random, rank: int, low: int = 1, high: int = 14) -> Dims:
    """Sizes of `rank` axes, the first one being the batch."""
    batch = None if random.random() < 0.8 else random.randint(1, 5)
    return () if rank == 0 else (batch, *(axis_size(random, low, high) for _ in range(rank - 1)))


def tensor(*ranks: int, dtypes: Draw = dtype, low: int = 1, high: int = 14) -> Draw:
    """One input of one of these ranks; now and then of another rank."""

    def draw(random: Random) -> list[Spec]:
        rank = random.choice(ranks)
        if random.random() < ODD:
            rank = random.randint(1, 6)
        return [Spec(shape(random, rank, low, high), dtypes(random))]

    return draw


POLICY = among("float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")

ENTRIES: dict[str, Entry] = {}


def draw_question(random: Random, generation: int, layer: str | None = None) -> Question:
    """One question about `layer`, or about any layer of the table that the generation has."""
    names = [name for name, entry in ENTRIES.items() if generation in entry.generations]
    while True:
        name = layer or random.choice(names)
        entry = ENTRIES[name]
        arguments = {key: draw(random) for key, draw in entry.required.items()}
        for key, draw in entry.optional.items():
            if random.random() < GIVEN:
                arguments[key] = draw(random)
        if random.random() < 0.06:
            arguments["dtype"] = POLICY(random)
        call = {key: draw(random) for key, draw in entry.call.items() if random.random() < GIVEN}
        question = Question(name, arguments, entry.inputs(random), call)
        if entry.when(question):
            return question
