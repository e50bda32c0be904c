"""The state of one analysis: frames, heap, budget, what is certain here, and what has been recorded.

The machine knows how to try branches and how to record; what statements, expressions and calls mean is in the modules
of those names, which are linked here as tables.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from keras_lsp.catalogue import Catalogue, load_catalogue
from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.budget import MAX_EXPRESSION_DEPTH, Budget
from keras_lsp.inference.facts import Argument, Call, Facts, LayerFact, ModelFact, Problem, Span
from keras_lsp.inference.heap import Fork, Heap, States
from keras_lsp.inference.modules import Module
from keras_lsp.inference.numbering import DefaultName, Numbering
from keras_lsp.inference.places import Places
from keras_lsp.inference.recorder import Recorder
from keras_lsp.inference.values import Frame, HeapObject, ModelValue, ObjectValue, TensorValue, Unknown, Value
from keras_lsp.inference.world import World
from keras_lsp.shapes.configuration import Version
from keras_lsp.shapes.dim import Expr
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.syntax.parsed import ParsedModule

Result = TypeVar("Result")


class Flow:
    """How a statement ended, when not by falling through to the next one."""

    __slots__ = ("kind", "value")

    def __init__(self, kind: str, value: Value = None) -> None:
        self.kind = kind
        self.value: Value = value


BREAK = Flow("break")
CONTINUE = Flow("continue")
RAISE = Flow("raise")
# Every way on was left by a return, break or continue that has been noted already.
DEAD = Flow("dead")


@dataclass(slots=True)
class Loop:
    """A loop being evaluated: the ways out that were taken on conditions that are not known."""

    fork: Fork | None = None
    iteration: Fork | None = None
    breaks: list[States] = field(default_factory=list[States])
    continues: list[States] = field(default_factory=list[States])


@dataclass(slots=True)
class Activation:
    """A function call being evaluated: returns taken on conditions that are not known."""

    frame: Frame
    fork: Fork | None = None
    returns: list[tuple[Value, States]] = field(default_factory=list[tuple[Any, States]])
    loops: list[Loop] = field(default_factory=list[Loop])
    site: ast.AST | None = None
    uncertain: int = 0  # how many conditions that are not known it was reached on


class _Activated:
    """Evaluates inside another frame; a class, as generators cost more than what they surround."""

    __slots__ = ("_activation", "_activations")

    def __init__(self, activations: list[Activation], activation: Activation) -> None:
        self._activations = activations
        self._activation = activation

    def __enter__(self) -> Activation:
        self._activations.append(self._activation)
        return self._activation

    def __exit__(self, *_: object) -> None:
        self._activations.pop()


class _Muted:
    """Evaluates without recording anything."""

    __slots__ = ("_machine",)

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __enter__(self) -> None:
        self._machine.muted += 1

    def __exit__(self, *_: object) -> None:
        self._machine.muted -= 1


class _Guarded:
    """Evaluates code that is expected to fail."""

    __slots__ = ("_machine",)

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __enter__(self) -> None:
        self._machine.guarded += 1

    def __exit__(self, *_: object) -> None:
        self._machine.guarded -= 1


class Machine:
    """One analysis of one text in one world."""

    def __init__(self, parsed: ParsedModule, world: World, budget: Budget, places: Places | None = None) -> None:
        # What nodes mean, linked here because those modules import this one.
        from keras_lsp.inference.calls import call_value
        from keras_lsp.inference.expressions import EXPRESSIONS
        from keras_lsp.inference.statements import STATEMENTS

        self._expressions = EXPRESSIONS
        self._statements = STATEMENTS
        self._call_value = call_value
        self.parsed = parsed
        self.world = world
        self.budget = budget
        self.catalogue: Catalogue = load_catalogue(world.keras)
        self.keras: Version = world.keras.as_tuple()
        self.facts = Facts(keras=str(world.keras))
        self.places = places or Places(parsed)
        self.recorder = Recorder(self.places)
        self.heap = Heap()
        self.activations: list[Activation] = []
        self.modules: dict[str, Module] = {}
        self.depth = 0
        self.uncertain = 0
        self.guarded = 0
        self.muted = 0
        self.symbolic = False
        self.counters: dict[str, int] = {}
        self.numberings: list[Numbering] = []
        self.number_names()
        self.called: set[int] = set()  # ids of function nodes of the main module that were evaluated
        self.traits: dict[int, tuple[bool, bool]] = {}  # by id of a function node: returns early, is a generator
        self.exits: dict[int, frozenset[str]] = {}  # by id of a loop's body: which ways out it holds
        self.definitions: list[Value] = []  # functions and classes of the main module, in order
        self.floatx = "float32"
        self.data_format = world.data_format
        self.nonlocals: dict[int, set[str]] = {}  # id of a frame -> names declared nonlocal in it
        self.models: list[ModelValue] = []
        self.instances: list[ObjectValue] = []
        self.shape_comments: dict[int, tuple[int | str | None, ...]] = {}
        self.named_dims: dict[str, Expr] = {}
        self.package_paths: set[str] = set()  # dotted names that are modules of the project
        self.asked: set[str] = set()  # keys of the questions in `facts.questions`
        self.tired = False  # a step limit has left calls out
        self.applications = 0  # layers and ops applied so far; loops that apply none are cut short

    # Where we are

    @property
    def frame(self) -> Frame:
        """The variables in reach."""
        return self.activations[-1].frame

    @property
    def module(self) -> Module:
        """The module of the code being evaluated."""
        return self.activations[-1].frame.module

    @property
    def is_idle(self) -> bool:
        """Whether no layer was made or called so far."""
        return not self.applications and not self.counters

    def span_of(self, node: ast.AST | None) -> Span:
        """Where a node stands in the text under analysis; for code of other modules, the call that led there."""
        if node is not None and self.module.is_main and hasattr(node, "lineno"):
            return self.places.span(node)
        for activation in reversed(self.activations):
            if activation.site is not None:
                return self.places.span(activation.site)
        return Span(0, 0)

    def activate(self, frame: Frame, site: ast.AST | None = None) -> AbstractContextManager[Activation]:
        """Evaluate inside another frame."""
        in_main = bool(self.activations) and self.module.is_main
        held = site if in_main and hasattr(site, "lineno") else None
        activation = Activation(frame, site=held, uncertain=self.uncertain)
        return _Activated(self.activations, activation)

    # Evaluation

    def evaluate(self, node: ast.expr) -> Value:
        """The abstract value of an expression."""
        self.budget.spend()
        handler = self._expressions.get(type(node))
        if handler is None:
            return Unknown(f"{type(node).__name__} is not followed")
        if self.depth > MAX_EXPRESSION_DEPTH:
            return Unknown("the expression is nested too deeply")
        self.depth += 1
        try:
            value = handler(self, node)
        finally:
            self.depth -= 1
        if type(value) is TensorValue:
            if type(node) is not ast.Call and self.recording:
                self.recorder.see_value(node, value, self.symbolic)
        elif (
            type(value) is Unknown
            and type(node) is not ast.Call
            and self.recording
            and not value.reason.startswith("raises")
        ):
            self.recorder.see_nothing(node, self.symbolic)
        return value

    def execute(self, body: Iterable[ast.stmt]) -> Flow | None:
        """Run statements; how they ended, `None` for falling off the end."""
        for statement in body:
            self.budget.spend()
            handler = self._statements.get(type(statement))
            if handler is not None:
                flow = handler(self, statement)
                if flow is not None:
                    return flow
        return None

    def call(self, function: Value, arguments: Arguments, node: ast.AST | None) -> Value:
        """Call any abstract value."""
        return self._call_value(self, function, arguments, node)

    def touch(self, target: HeapObject) -> None:
        """Must be called before a mutable value changes."""
        self.heap.touch(target)

    # Branches

    def try_all(self, thunks: list[Callable[[], Result]], note: Callable[[Result], bool] | None = None) -> list[Result]:
        """Evaluate alternatives of which one happens; afterwards every object covers all that ended normally.

        `note` sees each result in the state it ended with, and says whether the alternative goes on from here.
        """
        fork = self.heap.begin()
        results: list[Result] = []
        alternatives: list[States] = []
        self.uncertain += 1
        try:
            for thunk in thunks:
                result = thunk()
                results.append(result)
                if note is None or note(result):
                    alternatives.append(self.heap.capture(fork))
                self.heap.rollback(fork)
        finally:
            self.uncertain -= 1
        self.heap.finish(fork, alternatives or [{}])
        return results

    def perhaps(self, thunk: Callable[[], Result]) -> Result:
        """Evaluate what happens any number of times, or not at all: what it changes is joined with what was before."""
        results: list[Result] = []
        self.try_all([lambda: results.append(thunk()), lambda: None])
        return results[0]

    def try_aside(self, thunk: Callable[[], Result]) -> Result:
        """Evaluate for the facts only: every object is put back afterwards."""
        fork = self.heap.begin()
        self.uncertain += 1
        try:
            return thunk()
        finally:
            self.uncertain -= 1
            self.heap.rollback(fork)
            self.heap.finish(fork, [{}])

    def note_flow(self, flow: Flow | None) -> bool:
        """Keep what a branch ended with, if it left by return, break or continue; whether it goes on."""
        if flow is None:
            return True
        activation = self.activations[-1]
        if flow.kind == "return" and activation.fork is not None:
            activation.returns.append((flow.value, self.heap.capture(activation.fork)))
        elif flow.kind == "break" and activation.loops and (fork := activation.loops[-1].fork) is not None:
            activation.loops[-1].breaks.append(self.heap.capture(fork))
        elif flow.kind == "continue" and activation.loops and (fork := activation.loops[-1].iteration) is not None:
            activation.loops[-1].continues.append(self.heap.capture(fork))
        return False

    def branch(self, thunks: list[Callable[[], Flow | None]]) -> Flow | None:
        """Statements of which one alternative runs: how they end together."""
        flows = self.try_all(thunks, self.note_flow)
        if any(flow is None for flow in flows):
            return None
        return RAISE if all(flow is RAISE for flow in flows) else DEAD

    def mute(self) -> AbstractContextManager[None]:
        """Evaluate without recording anything."""
        return _Muted(self)

    def guard(self) -> AbstractContextManager[None]:
        """Evaluate code that is expected to fail."""
        return _Guarded(self)

    def is_broken(self, statement: ast.stmt) -> bool:
        """Whether a statement had to be repaired: such a one is no ground for findings."""
        if not self.parsed.broken:
            return False
        start, end = self.parsed.positions.span(statement)
        return any(first < end and start < last for first, last in self.parsed.broken)

    # Recording

    @property
    def recording(self) -> bool:
        """Whether expressions evaluated now belong to the text under analysis and count."""
        return not self.muted and self.activations[-1].frame.module.is_main

    @property
    def certain(self) -> bool:
        """Whether what is evaluated now runs whenever the program runs."""
        return not self.uncertain and not self.symbolic

    def count_name(self, prefix: str, kind: str | None = None, *, from_one: bool | None = None) -> DefaultName:
        """The next name of those that begin alike, as Keras counts them; `kind` where it counts them together with others."""
        kind = kind or prefix
        count = self.counters.get(kind, 0)
        self.counters[kind] = count + 1
        if from_one is None:
            from_one = self.keras < (2, 4) and self.keras[:2] != (2, 2)  # standalone Keras counts from 1
        numbering = self.numbering
        before = numbering.before.setdefault(kind, count)
        return DefaultName(numbering, kind, count - before, prefix, from_one=from_one)

    def number_names(self) -> Numbering:
        """Names given from here on are counted together: those of a unit."""
        self.numbering = Numbering()
        self.numberings.append(self.numbering)
        return self.numbering

    def recount_names(self) -> None:
        """Names are counted from the start again."""
        self.numbering.said = True
        self.counters = {}
        self.number_names()

    def describe_call(self, canonical: str, arguments: Arguments, node: ast.AST | None, names: Iterable[str]) -> Call:
        """The record of a call: its arguments bound to parameter names, with their places."""
        bound: dict[str, Argument] = {}
        here = self.span_of(node)
        in_main = self.module.is_main
        parameters = list(names)
        for position, value in enumerate(arguments.args):
            name = parameters[position] if position < len(parameters) else f"#{position}"
            written = arguments.nodes[position] if position < len(arguments.nodes) else None
            span = self.span_of(written) if written is not None and in_main else here
            elsewhere = written is None or not in_main or position in arguments.unpacked
            bound[name] = Argument(name, value, span, None, True, elsewhere)
        for name, value in arguments.kwargs.items():
            written = arguments.keyword_nodes.get(name)
            span = self.span_of(written) if written is not None and in_main else here
            keyword = arguments.keywords.get(name)
            keyword_span = None
            if keyword is not None and in_main and keyword.arg is not None:
                keyword_span = self.places.keyword(keyword, keyword.arg)
            bound.setdefault(name, Argument(name, value, span, keyword_span, False, name in arguments.unpacked))
        callee = self.span_of(node.func) if isinstance(node, ast.Call) else here
        return Call(
            canonical,
            here,
            callee,
            bound,
            arguments.open,
            self.certain,
            bool(self.guarded),
            self.symbolic,
        )

    def report(
        self,
        subject: str,
        call: Call,
        error: ShapeError,
        related: tuple[tuple[Span, str], ...] = (),
        layer: LayerFact | None = None,
    ) -> None:
        """Record something that is sure to fail."""
        if not self.muted:
            self.facts.problems.append(Problem(subject, call, error, related, layer))

    def add_layer(self, fact: LayerFact) -> None:
        """Record a layer object."""
        if not self.muted:
            self.facts.layers.append(fact)

    def add_model(self, fact: ModelFact) -> None:
        """Record a model object."""
        if not self.muted:
            self.facts.models.append(fact)

    def unknown(self, reason: str) -> Unknown:
        """An unknown value; its reason is counted."""
        reasons = self.facts.reasons
        reasons[reason] = reasons.get(reason, 0) + 1
        return Unknown(reason)
