"""The entry: evaluate a parsed text in a world, and hand out the facts."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.budget import MAX_SYMBOLIC_FUNCTIONS, Budget, Exhausted
from keras_lsp.inference.facts import Facts
from keras_lsp.inference.functions import symbolic_arguments
from keras_lsp.inference.keras.custom import finish_custom
from keras_lsp.inference.keras.models import describe_model
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.modules import Module
from keras_lsp.inference.values import BoundMethod, ClassValue, FunctionValue, ObjectValue, Value
from keras_lsp.inference.world import World
from keras_lsp.syntax.comments import shape_comments
from keras_lsp.syntax.parse import ParsedModule

# Tests set it, so that no mistake of ours hides behind the isolation of statements.
STRICT = bool(os.environ.get("KERAS_LSP_STRICT"))


def infer(parsed: ParsedModule, world: World, budget: Budget | None = None) -> Facts:
    """Evaluate a program's model-building code over shapes; never raises for any text.

    The module's code runs first; functions and classes that it does not reach are then evaluated with symbolic
    parameters. When the budget is used up, what was learned so far is kept and `Facts.truncated` says so.
    """
    machine = Machine(parsed, world, budget or Budget())
    machine.shape_comments = {line + 1: comment.dims for line, comment in shape_comments(parsed.text).items()}
    module = Module("__main__", world.path, parsed.tree, is_main=True)
    if world.path:
        machine.modules[world.path] = module
    try:
        with machine.activate(module.frame):
            _run(machine, parsed.tree.body)
            _run_unreached(machine)
    except (Exhausted, RecursionError) as limit:
        machine.facts.truncated = str(limit) or "the program is nested too deeply"
    return _finish(machine, module)


def _run(machine: Machine, body: list[ast.stmt]) -> None:
    """The module's statements; one that ends the program does not keep the rest from being looked at."""
    for statement in body:
        with machine.in_broken(statement):
            _isolate(machine, lambda s=statement: machine.execute([s]))


def _isolate(machine: Machine, thunk: Callable[[], object]) -> None:
    """Run a part of the program; a mistake of ours in it costs the facts of that part only, and is noted."""
    activations, forks = len(machine.activations), len(machine.heap.forks)
    depth, uncertain, guarded, muted = machine.depth, machine.uncertain, machine.guarded, machine.muted
    try:
        thunk()
    except (Exhausted, RecursionError):
        raise
    except Exception as error:
        if STRICT:
            raise
        machine.facts.internal_errors.append(f"{type(error).__name__}: {error}")
        del machine.activations[activations:]
        del machine.heap.forks[forks:]
        machine.depth, machine.uncertain, machine.guarded, machine.muted = depth, uncertain, guarded, muted


def _run_unreached(machine: Machine) -> None:
    """Functions and classes that nothing called, in order of definition, with symbolic parameters."""
    machine.symbolic = True
    done = 0
    index = 0
    while index < len(machine.definitions) and done < MAX_SYMBOLIC_FUNCTIONS:
        value = machine.definitions[index]
        index += 1
        if isinstance(value, FunctionValue) and value.owner is None and id(value.node) not in machine.called:
            done += 1
            _aside(machine, lambda v=value: machine.call(v, symbolic_arguments(v), None))
        elif isinstance(value, ClassValue):
            done += 1
            _aside(machine, lambda v=value: _run_class(machine, v))
    machine.symbolic = False


def _aside(machine: Machine, thunk: Callable[[], object]) -> None:
    settings = machine.floatx, machine.data_format
    _isolate(machine, lambda: machine.try_aside(thunk))
    machine.floatx, machine.data_format = settings


def _run_class(machine: Machine, value: ClassValue) -> None:
    """A class that nobody instantiates, and the methods that nobody calls."""
    methods = [m for m in value.namespace.values() if isinstance(m, FunctionValue) and id(m.node) not in machine.called]
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
        if id(method.node) not in machine.called:
            _aside(machine, lambda m=method: _run_method(machine, value, instance, m, prepare))


def _run_method(
    machine: Machine, owner: ClassValue, instance: ObjectValue, method: FunctionValue, prepare: Value
) -> None:
    """One method; a test's `setUp` runs before it, as its framework would do."""
    if isinstance(prepare, FunctionValue) and method.name.startswith("test"):
        machine.call(BoundMethod(prepare, instance), Arguments(), None)
    spec = symbolic_arguments(method, skip_first=method.kind != "staticmethod")
    if method.name == "call" and instance.layer is not None:
        machine.call(instance, Arguments(spec.args, spec.kwargs, spec.open), None)
        return
    receiver = owner if method.kind == "classmethod" else instance
    machine.call(method if method.kind == "staticmethod" else BoundMethod(method, receiver), spec, None)


def _finish(machine: Machine, module: Module) -> Facts:
    facts = machine.facts
    for model in machine.models:
        describe_model(model)
    for instance in machine.instances:
        if instance.layer is not None:
            finish_custom(instance.layer)
    facts.expressions = machine.recorder.expressions()
    facts.variables = machine.recorder.variables()
    facts.shape_reads = machine.recorder.read_spans()
    facts.steps = machine.budget.steps
    return facts
