"""The evaluation of one text, unit by unit, and of its next version as far as a change reaches.

Without an earlier version all units are evaluated, in order. With one, its units are kept, but for

- those whose statements changed, and those that read a name which another unit binds now, or one that is evaluated again;
- those that are *tied* to one of these: units that share layers, models and other objects which facts are about;
- those whose layers would be counted from other numbers, where a name that was counted went into what they came to (if not,
  their layers only get their new names: `numbering`).

They are evaluated in a machine of their own. What they need besides, imports, functions and plain values, is evaluated there once
more for its values alone (`shadows`); nothing of it is recorded, so no fact ever mixes objects of two machines. When a unit turns
out to need more than was foreseen, or to bind what others read, the sets grow and the attempt is repeated; after a few of them,
and whenever something cannot be traced, everything is evaluated anew.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable
from sys import getrefcount

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.budget import (
    IDLE_STEPS,
    LEAST_SYMBOLIC_STEPS,
    MAX_MODULES,
    MAX_STEPS,
    MAX_SYMBOLIC_FUNCTIONS,
    MAX_SYMBOLIC_STEPS,
    MIN_SYMBOLIC_STEPS,
    SYMBOLIC_STEPS,
    SYMBOLIC_STEPS_PER_LINE,
    Budget,
    Exhausted,
)
from keras_lsp.inference.calls import escape
from keras_lsp.inference.facts import Facts
from keras_lsp.inference.functions import symbolic_arguments
from keras_lsp.inference.keras.custom import finish_custom
from keras_lsp.inference.keras.model_descriptions import describe_model
from keras_lsp.inference.keras.questions import MAX_QUESTIONS
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.modules import Module
from keras_lsp.inference.places import Places
from keras_lsp.inference.recorder import Joined, Recorder
from keras_lsp.inference.units import GONE, MODULE, Missing, Unit, Watch, WatchedNames, is_tied
from keras_lsp.inference.values import BoundMethod, ClassValue, FunctionValue, HeapObject, ObjectValue, Unknown, Value
from keras_lsp.inference.world import World
from keras_lsp.syntax.comments import shape_comments
from keras_lsp.syntax.parsed import ParsedModule

# Tests set it, so that no mistake of ours hides behind the isolation of statements.
STRICT = bool(os.environ.get("KERAS_LSP_STRICT"))
# How often a part of a text is evaluated anew because it needs more than was foreseen.
MAX_ATTEMPTS = 8
# Where more of the steps than this would be taken again anyway, starting over is as fast, and simpler.
MAX_SHARE = 0.6
# References to an object that only a table holds, as `getrefcount` counts them: the table's and its own argument's.
_HELD_HERE = 2


class Trace:
    """The units of a text, from which those of its next version can be had.

    Attributes:
        aside: what was evaluated though nobody calls it: the unit that defined it, which of its definitions it is, and its unit.
    """

    def __init__(self, places: Places, units: list[Unit], aside: list[tuple[Unit, int, Unit]], format: str) -> None:
        self.places = places
        self.units = units
        self.aside = aside
        self.format = format

    @property
    def all(self) -> list[Unit]:
        """All units, in the order in which they were evaluated."""
        return [*self.units, *(unit for _, _, unit in self.aside)]


class Evaluation:
    """Evaluates units in one machine."""

    def __init__(
        self, parsed: ParsedModule, world: World, budget: Budget, places: Places, old: Plan | None = None
    ) -> None:
        self.parsed = parsed
        self.world = world
        self.places = places
        self.plan = old
        machine = self.machine = Machine(parsed, world, budget, places)
        machine.shape_comments = {line + 1: comment.dims for line, comment in shape_comments(parsed.text).items()}
        self.watch = Watch(machine.heap)
        self.modules = machine.modules = WatchedNames(self.watch, MODULE)
        self.module = Module("__main__", world.path, parsed.tree, is_main=True)
        self.variables = self.module.frame.variables = WatchedNames(self.watch)
        if world.path:
            machine.modules[world.path] = self.module
        self.units: list[Unit] = []
        self.aside: list[tuple[Unit, int, Unit]] = []
        self.called: set[int] = set()
        self.packages: set[str] = set()
        # Units of this machine by the units of the earlier version that they are evaluated for.
        self.made: dict[Unit, Unit] = {}
        self.made_here: list[Unit] = []
        self.blind = False
        # The limit that a function nobody calls ran into, and what each of the others may take.
        self.truncated: str | None = None
        self.share = MAX_SYMBOLIC_STEPS
        self.pool = SYMBOLIC_STEPS + SYMBOLIC_STEPS_PER_LINE * parsed.text.count("\n")
        self.left = self.pool
        if old is not None:
            self.watch.evaluated = set()

    def run(self) -> bool:
        """Evaluate what there is to evaluate; whether it went as planned."""
        with self.machine.activate(self.module.frame):
            for statement in self.parsed.tree.body:
                self._run_statement(statement)
            if self.plan is None or not self.plan.grown:
                self._run_unreached()
        if self.plan is not None and not self.plan.grown:
            self._check_shadows(self.plan)
        return self.plan is None or not self.plan.grown

    def _check_shadows(self, plan: Plan) -> None:
        """A shadow that a unit changed, or whose identity came to matter, must be evaluated with all its readers."""
        touched = {key for unit in self.made_here for key in unit.touched}
        for known in list(plan.shadows):
            shadow = self.made.get(known)
            if shadow is not None and any(
                is_tied(value, lambda item: id(item) in touched)
                for value in shadow.writes.values()
                if value is not GONE
            ):
                plan.add(known)

    def _run_statement(self, statement: ast.stmt) -> None:
        machine, plan = self.machine, self.plan
        known = plan.known.get(id(statement)) if plan is not None else None
        if plan is not None and known is not None and known not in plan.run:
            self.units.append(known)
            self._look_at(plan, known)
            if known in plan.shadows:
                counters = machine.counters
                machine.counters = dict(counters)
                described = len(machine.models), len(machine.instances)
                shadow = self._evaluate(statement, known.broken, lambda: machine.execute([statement]))
                del machine.models[described[0] :], machine.instances[described[1] :]
                machine.counters = counters
                self.made[known] = shadow
                self._evaluated(known)
            self._take(known)
            return
        if plan is not None and plan.grown:
            # This attempt is in vain; it goes on to find what else it lacked. Only the counters are guesses from here on.
            self.blind = self.blind or known is None
            if known is not None:
                machine.counters = known.count(machine.counters)
            return
        broken = machine.is_broken(statement)
        unit = self._evaluate(statement, broken, lambda: machine.execute([statement]))
        self.units.append(unit)
        self.made_here.append(unit)
        self._evaluated(unit)
        if known is not None:
            self.made[known] = unit
        self._take(unit)

    def _look_at(self, plan: Plan, unit: Unit) -> None:
        """A unit that is to be kept is evaluated next time, if it would be given something else than before."""
        if any(self.watch.current.get(name) is not writer for name, writer in unit.reads.items()):
            plan.add(unit)
        if not self.blind and not unit.renumber(self.machine.counters):
            plan.add(unit)

    def _evaluated(self, unit: Unit) -> None:
        if self.watch.evaluated is not None:
            self.watch.evaluated.add(unit)

    def _take(self, unit: Unit) -> None:
        """Go on as after this unit, whether it was evaluated here or kept."""
        for name in unit.writes:
            self.watch.current[name] = unit
        self.machine.counters = (
            unit.count(self.machine.counters) if unit.counts or unit.recounted else self.machine.counters
        )
        self.called |= unit.called
        self.packages |= unit.packages
        self.machine.package_paths |= unit.packages

    def _evaluate(self, statement: ast.stmt | None, broken: bool, thunk: Callable[[], object]) -> Unit:
        """One unit; the machine's counters are afterwards what they were before, for `_take` to set."""
        machine, watch = self.machine, self.watch
        unit = Unit(statement, Facts(keras=str(self.world.keras)), Recorder(self.places), broken)
        machine.facts, machine.recorder = unit.facts, unit.recorder
        machine.asked = set()
        machine.called = set()
        machine.heap.touched = {}
        unit.numbering = machine.number_names()
        before = machine.counters
        machine.counters = counters = dict(before)
        packages = set(machine.package_paths)
        defined, steps = len(machine.definitions), machine.budget.steps
        watch.begin(unit)
        try:
            if broken:
                with machine.guard():
                    self._isolate(thunk, statement)
            else:
                self._isolate(thunk, statement)
        finally:
            watch.unit = None
        unit.steps = machine.budget.steps - steps
        unit.called = frozenset(machine.called)
        unit.definitions = machine.definitions[defined:]
        unit.packages = frozenset(machine.package_paths - packages)
        if machine.counters is counters:
            unit.counts = {b: n - before.get(b, 0) for b, n in counters.items() if n != before.get(b, 0)}
            unit.counted = {base: before.get(base, 0) for base in unit.counts}
        else:
            unit.recounted = True
            unit.counts = dict(machine.counters)
            unit.counted = {base: before.get(base, 0) for base in {**before, **counters}}
        machine.counters = before
        for name in watch.written:
            if name.startswith(MODULE):
                unit.writes[name] = self.modules.peek(name.removeprefix(MODULE), GONE)
            elif statement is not None:
                unit.writes[name] = self.variables.peek(name, GONE)
        touched = machine.heap.touched
        machine.heap.touched = {}
        touched.pop(id(self.module.frame), None)
        # What only this table holds any more, such as the variables of calls that are over, nobody can meet again.
        unit.touched = {key: touched[key] for key in touched if getrefcount(touched[key]) > _HELD_HERE}
        questions = len(machine.asked) >= MAX_QUESTIONS or len(machine.modules) >= MAX_MODULES
        settled = machine.floatx == "float32" and machine.data_format == self.world.data_format
        if questions or not settled or machine.named_dims or machine.tired or unit.facts.internal_errors:
            watch.lost = True
        return unit

    def _isolate(self, thunk: Callable[[], object], statement: ast.stmt | None = None) -> None:
        """Run a part of the program; what is nested too deeply, or a mistake of ours, costs the facts of that part only."""
        machine = self.machine
        activations, forks = len(machine.activations), len(machine.heap.forks)
        depth, uncertain, guarded, muted = machine.depth, machine.uncertain, machine.guarded, machine.muted
        try:
            thunk()
            return
        except Exhausted:
            raise
        except RecursionError:
            self.truncated = "a statement is nested too deeply"
            self.watch.lost = True
        except Exception as error:
            if STRICT:
                raise
            machine.facts.internal_errors.append(f"{type(error).__name__}: {error}")
        del machine.activations[activations:]
        del machine.heap.forks[forks:]
        machine.depth, machine.uncertain, machine.guarded, machine.muted = depth, uncertain, guarded, muted
        if statement is not None:
            self._forget(statement)

    def _forget(self, statement: ast.stmt) -> None:
        """What a statement would have bound or changed is not known, as it could not be followed to its end."""
        loads, stores = _names(statement)
        escape(self.machine, Arguments([self.variables[name] for name in sorted(loads) if name in self.variables]))
        for name in stores:
            self.variables[name] = Unknown("a statement that could not be followed")

    # What nobody called

    def _run_unreached(self) -> None:
        """Functions and classes that nothing called, in order of definition, with symbolic parameters."""
        self.machine.symbolic = True
        queue = [(unit, index) for unit in self.units for index in range(len(unit.definitions))]
        place = 0
        while place < len(queue) and len(self.aside) < MAX_SYMBOLIC_FUNCTIONS:
            owner, index = queue[place]
            place += 1
            value = owner.definitions[index]
            if isinstance(value, FunctionValue):
                if value.owner is not None or id(value.node) in self.called:
                    continue
            elif not isinstance(value, ClassValue):
                continue
            unit = self._run_aside(owner, index, value)
            self.aside.append((owner, index, unit))
            queue += [(unit, number) for number in range(len(unit.definitions))]
        self.machine.symbolic = False

    def _run_aside(self, owner: Unit, index: int, value: FunctionValue | ClassValue) -> Unit:
        plan = self.plan
        known = plan.known_aside.get((owner, index)) if plan is not None else None
        uncalled = self._uncalled(value)
        if plan is not None and known is not None and known not in plan.run:
            if known.uncalled != uncalled:
                plan.add(known)
            self._look_at(plan, known)
            self._take(known)
            return known
        if plan is not None and self.watch.evaluated is not None and owner not in self.watch.evaluated:
            plan.need(owner)  # what is called must be a function of this machine
        if plan is not None and plan.grown:
            return known or Unit(None, Facts(), Recorder(self.places))
        here = self.made.get(owner, owner).definitions[index]
        unit = self._evaluate_briefly(lambda: self._call_aside(here))
        unit.uncalled = uncalled
        self.made_here.append(unit)
        self._evaluated(unit)
        if known is not None:
            self.made[known] = unit
        self._take(unit)
        return unit

    def _evaluate_briefly(self, thunk: Callable[[], object]) -> Unit:
        """One unit within its share of the budget; past it nothing is said of this unit, and the others go on."""
        machine = self.machine
        before = machine.activations[:], machine.depth, machine.uncertain, machine.guarded, machine.muted
        settings = machine.floatx, machine.data_format, machine.counters
        made = len(machine.models), len(machine.instances), len(machine.definitions)
        steps = machine.budget.steps
        try:
            with machine.budget.share(min(self.share, max(self.left, LEAST_SYMBOLIC_STEPS))):
                return self._evaluate(None, False, thunk)
        except Exhausted:
            if machine.budget.is_spent:
                raise
            machine.activations[:], machine.depth, machine.uncertain, machine.guarded, machine.muted = before
            machine.floatx, machine.data_format, machine.counters = settings
            del machine.models[made[0] :], machine.instances[made[1] :], machine.definitions[made[2] :]
            # What it called would come to the same, so that it is not tried by itself either.
            unit = Unit(None, Facts(keras=str(self.world.keras)), Recorder(self.places))
            unit.called = frozenset(machine.called)
            self.truncated = "a function or class that nobody calls takes more steps than its share"
            self.watch.lost = True
            self.share = max(self.share // 4, MIN_SYMBOLIC_STEPS)
            return unit
        finally:
            self.left -= machine.budget.steps - steps

    def _uncalled(self, value: Value) -> tuple[bool, ...]:
        if not isinstance(value, ClassValue):
            return ()
        return tuple(id(m.node) not in self.called for m in value.namespace.values() if isinstance(m, FunctionValue))

    def _call_aside(self, value: Value) -> None:
        machine = self.machine
        if isinstance(value, ClassValue):
            self._aside(lambda: self._run_class(value))
        else:
            self._aside(lambda: machine.call(value, symbolic_arguments(value), None))

    def _aside(self, thunk: Callable[[], object]) -> None:
        machine = self.machine
        settings = machine.floatx, machine.data_format
        made = len(machine.models)

        def evaluate_and_describe() -> None:
            thunk()
            for model in machine.models[made:]:  # its layers are put back to where they were afterwards
                describe_model(model)
            del machine.models[made:]

        self._isolate(lambda: machine.try_aside(evaluate_and_describe))
        machine.floatx, machine.data_format = settings

    def _is_uncalled(self, function: FunctionValue) -> bool:
        """Whether neither the units before nor this one have called it."""
        return id(function.node) not in self.called and id(function.node) not in self.machine.called

    def _run_class(self, value: ClassValue) -> None:
        """A class that nobody instantiates, and the methods that nobody calls."""
        machine = self.machine
        methods = [m for m in value.namespace.values() if isinstance(m, FunctionValue) and self._is_uncalled(m)]
        if not methods:
            return
        initialiser = value.namespace.get("__init__")
        if isinstance(initialiser, FunctionValue):
            arguments = symbolic_arguments(initialiser, skip_first=True)
        else:
            arguments = Arguments(open=True)
        instance = machine.call(value, arguments, None)
        if not isinstance(instance, ObjectValue):
            return
        prepare = value.namespace.get("setUp")
        for method in sorted(methods, key=lambda method: method.name not in ("build", "call")):
            if self._is_uncalled(method):
                self._aside(lambda m=method: self._run_method(value, instance, m, prepare))

    def _run_method(self, owner: ClassValue, instance: ObjectValue, method: FunctionValue, prepare: Value) -> None:
        """One method; a test's `setUp` runs before it, as its framework would do."""
        machine = self.machine
        if isinstance(prepare, FunctionValue) and method.name.startswith("test"):
            machine.call(BoundMethod(prepare, instance), Arguments(), None)
        spec = symbolic_arguments(method, skip_first=method.kind != "staticmethod")
        if method.name == "call" and instance.layer is not None:
            machine.call(instance, Arguments(spec.args, spec.kwargs, spec.open), None)
            return
        receiver = owner if method.kind == "classmethod" else instance
        machine.call(method if method.kind == "staticmethod" else BoundMethod(method, receiver), spec, None)

    # Facts

    def finish(self) -> Facts:
        """The facts of all units; what layers and models come to is known now."""
        machine = self.machine
        for model in machine.models:
            describe_model(model)
        for instance in machine.instances:
            if instance.layer is not None:
                finish_custom(instance.layer)
        for numbering in machine.numberings:
            numbering.open = False
        trace = Trace(self.places, self.units, self.aside, self.world.data_format)
        units = trace.all
        facts = Facts(keras=str(self.world.keras))
        asked: set[str] = set()
        for unit in units:
            _add(facts, unit.facts, asked)
            facts.steps += unit.steps
        facts.records = Joined([unit.recorder for unit in units], self.places)
        if not self.watch.lost:
            facts.trace = trace
        # Functions of this machine are not called any more; what its variables hold is in the units that bound them.
        self.variables.clear()
        return facts


def _add(facts: Facts, more: Facts, asked: set[str]) -> None:
    facts.layers += more.layers
    facts.models += more.models
    facts.calls += more.calls
    facts.events += more.events
    facts.problems += more.problems
    facts.imports.update(more.imports)
    facts.comments_disagree += more.comments_disagree
    facts.internal_errors += more.internal_errors
    for question in more.questions:
        if question.key not in asked and len(asked) < MAX_QUESTIONS:
            asked.add(question.key)
            facts.questions.append(question)
    for reason, count in more.reasons.items():
        facts.reasons[reason] = facts.reasons.get(reason, 0) + count


class Plan:
    """Which units of the earlier version are evaluated again for the next one: `run`, and `shadows` for their values alone."""

    def __init__(self, trace: Trace, parsed: ParsedModule) -> None:
        self.trace = trace
        units = trace.all
        by_node = {id(unit.statement): unit for unit in trace.units}
        self.known: dict[int, Unit] = {}
        machine_broken = _broken_statements(parsed)
        for statement in parsed.tree.body:
            unit = by_node.get(id(statement))
            if unit is not None and unit.broken == (id(statement) in machine_broken):
                self.known[id(statement)] = unit
        kept = set(self.known.values())
        self.removed = {unit for unit in trace.units if unit not in kept}
        for owner, _, unit in trace.aside:  # those that define others come first
            if owner in self.removed:
                self.removed.add(unit)
        self.known_aside = {(o, index): unit for o, index, unit in trace.aside if unit not in self.removed}
        self.run: set[Unit] = set()
        self.shadows: set[Unit] = set()
        self.grown = False
        self._readers: dict[Unit, list[tuple[Unit, str]]] = {}
        self._touchers: dict[int, set[Unit]] = {}
        for unit in units:
            for name, writer in unit.reads.items():
                if writer is not None:
                    self._readers.setdefault(writer, []).append((unit, name))
            for key in unit.touched:
                self._touchers.setdefault(key, set()).add(unit)
        self._tied: dict[tuple[Unit, str], bool] = {}
        self._definers = {unit: owner for owner, _, unit in trace.aside}
        self._asides: dict[Unit, list[Unit]] = {}
        for owner, _, unit in trace.aside:
            self._asides.setdefault(owner, []).append(unit)
        for unit in self.removed:
            self._spread(unit)
        self._foresee(parsed)
        self.grown = False

    def tied(self, writer: Unit, name: str) -> bool:
        """Whether units that read this name of this unit must be evaluated with it."""
        known = self._tied.get((writer, name))
        if known is None:
            value = writer.writes.get(name)

            def elsewhere(item: HeapObject) -> bool:
                touchers = self._touchers.get(id(item))
                return touchers is not None and any(unit is not writer for unit in touchers)

            known = self._tied[writer, name] = value is not GONE and is_tied(value, elsewhere)
        return known

    def add(self, unit: Unit) -> None:
        """Evaluate a unit again, and all that this concerns."""
        if unit not in self.run and unit not in self.removed:
            self.grown = True
            self.run.add(unit)
            self.shadows.discard(unit)
            self._spread(unit)

    def need(self, unit: Unit) -> None:
        """Have the values of a unit in the machine: evaluated again if it is tied to others, else as a shadow."""
        stack = [unit]
        while stack:
            unit = stack.pop()
            if unit in self.run or unit in self.shadows or unit in self.removed:
                continue
            if unit.statement is None or self._has_ties(unit):
                self.add(unit)
                continue
            self.grown = True
            self.shadows.add(unit)
            stack += [writer for writer in unit.reads.values() if writer is not None]

    def share(self) -> float:
        """The part of all steps that is taken again."""
        steps = sum(unit.steps for unit in self.trace.all)
        again = sum(unit.steps for unit in (*self.run, *self.shadows, *self.removed))
        return again / max(1, steps)

    def _has_ties(self, unit: Unit) -> bool:
        return any(writer is not None and self.tied(writer, name) for name, writer in unit.reads.items()) or any(
            self.tied(unit, name) for _, name in self._readers.get(unit, ())
        )

    def _spread(self, unit: Unit) -> None:
        """A unit is evaluated again, or is gone: so are those that read from it, and those that are tied to it."""
        for reader, _ in self._readers.get(unit, ()):
            self.add(reader)
        for aside in self._asides.get(unit, ()):
            self.add(aside)
        owner = self._definers.get(unit)
        if owner is not None:
            self.need(owner)
        for name, writer in unit.reads.items():
            if writer is None or writer in self.removed:
                continue
            if self.tied(writer, name):
                self.add(writer)
            elif unit not in self.removed:
                self.need(writer)

    def _foresee(self, parsed: ParsedModule) -> None:
        """What statements that are new will most likely read, and who reads what they bind."""
        current: dict[str, Unit | None] = {}
        for statement in parsed.tree.body:
            unit = self.known.get(id(statement))
            if unit is None:
                loads, stores = _names(statement)
                for name in loads:
                    writer = current.get(name)
                    if writer is not None:
                        self._want(writer, name, current)
                current.update(dict.fromkeys(stores))
                continue
            if any(current.get(name, unit) is None for name in unit.reads):
                self.add(unit)
            current.update(dict.fromkeys(unit.writes, unit))
        for _, _, unit in self.trace.aside:
            if unit not in self.removed and any(name in current and current[name] is None for name in unit.reads):
                self.add(unit)

    def _want(self, writer: Unit, name: str, current: dict[str, Unit | None]) -> None:
        if self.tied(writer, name):
            self.add(writer)
        self.need(writer)
        if isinstance(writer.writes.get(name), FunctionValue | ClassValue) and writer.statement is not None:
            for inner in _names(writer.statement)[0]:
                found = current.get(inner)
                if found is not None and found not in self.run and found not in self.shadows:
                    self._want(found, inner, current)


def _broken_statements(parsed: ParsedModule) -> set[int]:
    if not parsed.broken:
        return set()
    found: set[int] = set()
    for statement in parsed.tree.body:
        start, end = parsed.positions.span(statement)
        if any(first < end and start < last for first, last in parsed.broken):
            found.add(id(statement))
    return found


def _names(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """Names that a statement mentions, and those that it binds in its own frame."""
    loads: set[str] = set()
    stores: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            (loads if isinstance(node.ctx, ast.Load) else stores).add(node.id)
        elif isinstance(node, ast.alias):
            stores.add((node.asname or node.name).split(".")[0])
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return loads, {statement.name}
    return loads, stores


def evaluate(parsed: ParsedModule, world: World, budget: Budget | None, trace: Trace | None) -> Facts:
    """The facts of a text; with the trace of its earlier version only what a change reaches is evaluated."""
    if trace is not None and parsed.kept is not None and trace.format == world.data_format:
        trace.places.move(parsed, parsed.kept)
        facts = _evaluate_change(parsed, world, trace)
        if facts is not None:
            return facts
    evaluation = Evaluation(parsed, world, budget or Budget(), Places(parsed))
    try:
        evaluation.run()
    except (Exhausted, RecursionError) as limit:
        evaluation.truncated = str(limit) or "the program is nested too deeply"
        evaluation.watch.lost = True
    facts = evaluation.finish()
    facts.truncated = evaluation.truncated
    return facts


def _evaluate_change(parsed: ParsedModule, world: World, trace: Trace) -> Facts | None:
    plan = Plan(trace, parsed)
    for _ in range(MAX_ATTEMPTS):
        if plan.share() > MAX_SHARE:
            return None
        plan.grown = False
        evaluation = Evaluation(parsed, world, Budget(), trace.places, plan)
        try:
            done = evaluation.run()
        except Missing as missing:
            plan.need(missing.unit)
            if not plan.grown:
                return None
            continue
        except (Exhausted, RecursionError):
            return None
        if done:
            if evaluation.watch.lost or evaluation.packages != _packages(trace.all):
                return None
            all_units = [*evaluation.units, *(unit for _, _, unit in evaluation.aside)]
            steps = sum(unit.steps for unit in all_units)
            if steps > MAX_STEPS or (steps > IDLE_STEPS and not any(unit.counts for unit in all_units)):
                return None
            if sum(unit.steps for _, _, unit in evaluation.aside) > evaluation.pool:
                return None
            return evaluation.finish()
    return None


def _packages(units: Iterable[Unit]) -> set[str]:
    return {path for unit in units for path in unit.packages}
