"""Every limit of the interpreter, with its reason, and the counter that enforces them."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager

# One step is one expression or statement. A large real program (a ResNet built in loops) takes about 60,000.
MAX_STEPS = 600_000
# Python's own recursion limit is 1000 frames and one interpreted call costs about 12 of them.
MAX_CALL_DEPTH = 48
# Calls of a function inside itself: U-nets and trees are built to known depths of half a dozen. Where each level is
# reached on a condition that is not known, all of its ways are tried, and the cost grows with a power of the depth.
MAX_RECURSION = 12
MAX_UNSURE_RECURSION = 3
# A program that has taken so many steps and made no layer yet is about something else: what it calls on conditions that are
# not known is not followed any more.
IDLE_STEPS = 80_000
# Nested expressions deeper than this are machine-made.
MAX_EXPRESSION_DEPTH = 160
# Iterations of a loop over known values that are followed one by one; what is left is joined.
MAX_ITERATIONS = 1200
# Rounds of a `while` that make or call layers: its end is not in sight as that of a `for` is, and a slip makes it endless.
MAX_BUILDING_ROUNDS = 100
# Lists, tuples and strings that a program's folding may build.
MAX_ELEMENTS = 10_000
MAX_STRING = 20_000
# CPython folds integers up to 128 bits; sizes and parameter counts fit into fewer.
MAX_INTEGER_BITS = 256
# Seconds for one file: it only guards against slow steps, as steps are what is counted, and are the same on every machine.
DEADLINE_SECONDS = 20.0
# Functions evaluated with symbolic parameters because nobody calls them.
MAX_SYMBOLIC_FUNCTIONS = 400
# Steps for one function or class that nobody calls. Nothing is known of its parameters, so that all ways of its recursion are
# tried: of Keras's own those with an end take up to 37,000 (a ResNet-RS of 420 layers), the others would take all there are.
# Each one that is cut leaves the next ones a quarter of that, down to what an ordinary one needs.
MAX_SYMBOLIC_STEPS = 50_000
MIN_SYMBOLIC_STEPS = 2_500
# Steps for all of them together, and more for each line of the file: a line takes about six.
SYMBOLIC_STEPS = 100_000
SYMBOLIC_STEPS_PER_LINE = 20
# What each may still take when those are used up, which is enough for a small model.
LEAST_SYMBOLIC_STEPS = 300
# Contexts whose shapes are kept apart at one call before they are only joined.
MAX_CONTEXTS = 64
# Modules of the project that one analysis may follow.
MAX_MODULES = 60


class Exhausted(Exception):
    """The budget is used up; the message says which limit."""


class Budget:
    """Counts steps and looks at the clock every few thousand of them."""

    __slots__ = ("deadline", "limit", "steps", "total")

    def __init__(self, steps: int = MAX_STEPS, seconds: float = DEADLINE_SECONDS) -> None:
        self.steps = 0
        self.total: int = steps
        self.limit: int = steps
        self.deadline = time.monotonic() + seconds

    def spend(self) -> None:
        """Account for one step; raises `Exhausted` past a limit."""
        self.steps += 1
        if self.steps > self.limit:
            raise Exhausted(f"more than {self.limit:,} steps")
        if not self.steps & 0xFFF and time.monotonic() > self.deadline:
            raise Exhausted("the time for one file is used up")

    @contextmanager
    def share(self, steps: int) -> Generator[None, None, None]:
        """Allow no more than so many of the steps that are left."""
        before = self.limit
        self.limit = min(before, self.steps + steps)
        try:
            yield
        finally:
            self.limit = before

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left for the rest of the file either."""
        return self.steps >= self.total or time.monotonic() > self.deadline
