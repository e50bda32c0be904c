"""What statements do: assignments, branches, loops, definitions, imports."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import TypeAlias, cast

from keras_lsp.inference import imports
from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.attributes import get_attribute, set_attribute
from keras_lsp.inference.budget import MAX_BUILDING_ROUNDS, MAX_ITERATIONS
from keras_lsp.inference.classes import define_class
from keras_lsp.inference.contract import apply_shape_comment
from keras_lsp.inference.expressions import assign_subscript, binary_operation, is_choice, iterate, truth
from keras_lsp.inference.functions import define_function
from keras_lsp.inference.machine import BREAK, CONTINUE, DEAD, RAISE, Flow, Loop, Machine
from keras_lsp.inference.records import field_names
from keras_lsp.inference.tensors import tensors_in
from keras_lsp.inference.values import (
    CONSTANTS,
    DictValue,
    External,
    ListValue,
    ObjectValue,
    TensorValue,
    Unknown,
    Value,
    join_all,
)
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.syntax.tree import children

# Patterns inside a pattern with what each meets, or whether it matches where that is plain already.
_Parts: TypeAlias = "list[tuple[ast.pattern, Value]] | bool | None"
Handler: TypeAlias = Callable[[Machine, "ast.stmt"], "Flow | None"]

# Exceptions whose handlers mean that the body is expected to fail for its shapes; others (KeyboardInterrupt, ImportError,
# FileNotFoundError) say nothing about that.
_SHAPE_FAILURES = {"Exception", "BaseException", "ValueError", "TypeError", "RuntimeError", "AssertionError"}
# An iteration that builds nothing and costs this many steps in all the iterations left is not worth following further.
_DULL_STEPS = 10_000
# The rounds of a `while` cannot be counted ahead: so many steps may be spent on those that build nothing.
_DULL_WHILE_STEPS = 2_000


def execute_expression(machine: Machine, node: ast.Expr) -> Flow | None:
    """An expression for its effect; `raise`-like calls end the block."""
    value = machine.evaluate(node.value)
    if isinstance(value, Unknown) and value.reason == EXITS:
        return RAISE
    return None


EXITS = "the program ends here"


def execute_assign(machine: Machine, node: ast.Assign) -> Flow | None:
    """`a = b = value`."""
    value = machine.evaluate(node.value)
    if machine.module.is_main:
        value = apply_shape_comment(machine, node, value)
    for target in node.targets:
        bind(machine, target, value)
    return None


def execute_annotated(machine: Machine, node: ast.AnnAssign) -> Flow | None:
    """`a: T = value`."""
    if node.value is not None:
        value = machine.evaluate(node.value)
        if machine.module.is_main:
            value = apply_shape_comment(machine, node, value)
        bind(machine, node.target, value)
    elif isinstance(node.target, ast.Name) and machine.frame.class_value is not None:
        machine.frame.class_value.fields.append(node.target.id)
        return None
    if isinstance(node.target, ast.Name) and machine.frame.class_value is not None:
        machine.frame.class_value.fields.append(node.target.id)
    return None


def execute_augmented(machine: Machine, node: ast.AugAssign) -> Flow | None:
    """`a += value`; lists are extended in place."""
    current = machine.evaluate(machine.places.load(node.target))
    value = machine.evaluate(node.value)
    if isinstance(current, ListValue) and isinstance(node.op, ast.Add):
        machine.touch(current)
        addition = iterate(machine, value)
        if addition is None or current.items is None:
            current.element = join_all([*(current.items or [current.element]), *(addition or [Unknown("an element")])])
            current.items = None
        else:
            current.items.extend(addition)
        return None
    bind(machine, node.target, binary_operation(machine, node.op, current, value, node))
    return None


def bind(machine: Machine, target: ast.expr, value: Value) -> None:
    """Bind a value to an assignment target, unpacking as far as its structure is known."""
    if isinstance(target, ast.Name):
        bind_name(machine, target.id, value, target)
    elif isinstance(target, ast.Tuple | ast.List):
        _check_unpacking(machine, target, value)
        _unpack(machine, target.elts, value)
    elif isinstance(target, ast.Attribute):
        set_attribute(machine, machine.evaluate(target.value), target.attr, value)
        if isinstance(value, TensorValue) and machine.recording:
            machine.recorder.see_value(target, value, machine.symbolic)
    elif isinstance(target, ast.Subscript):
        assign_subscript(machine, machine.evaluate(target.value), machine.evaluate(target.slice), value)
    elif isinstance(target, ast.Starred):
        bind(machine, target.value, value)


def bind_name(machine: Machine, name: str, value: Value, node: ast.AST | None = None) -> None:
    """Bind a value to a name of the frame (or of the module, if declared global)."""
    if isinstance(value, Unknown):
        value = value.named(name)
    frame = machine.frame
    if name in frame.global_names:
        frame = frame.module.frame
    elif frame.function is not None and name in _nonlocals(machine) and frame.enclosing is not None:
        frame = frame.enclosing
    machine.touch(frame)
    frame.variables[name] = value
    if frame.class_value is not None:
        machine.touch(frame.class_value)
        frame.class_value.namespace[name] = value
    if node is not None and machine.recording:
        machine.recorder.see_binding(node, name, value, machine.symbolic)
        if isinstance(value, TensorValue):
            machine.recorder.see_value(node, value, machine.symbolic)
    if machine.module.is_main:
        name_model(value, name)


def name_model(value: Value, name: str) -> None:
    """Remember the first variable a model was assigned to."""
    from keras_lsp.inference.keras.models import as_model

    model = as_model(value)
    if model is not None and model.model_fact.variable is None:
        model.model_fact.variable = name


def _nonlocals(machine: Machine) -> set[str]:
    return machine.nonlocals.get(id(machine.frame), set())


def _check_unpacking(machine: Machine, target: ast.Tuple | ast.List, value: Value) -> None:
    """Outputs of a layer that are given another number of names."""
    listed: Value = value.items if isinstance(value, ListValue) else value
    items = list(cast("Iterable[Value]", listed)) if isinstance(listed, list | tuple) else []
    if not items or len(items) == len(target.elts) or not machine.certain:
        return
    if any(isinstance(item, ast.Starred) for item in target.elts) or not machine.module.is_main:
        return
    makers = {
        id(item.producer) if isinstance(item, TensorValue) and item.kind == "keras" and item.producer is not None else 0
        for item in items
    }
    first = items[0]
    layer = first.producer.layer if isinstance(first, TensorValue) and first.producer is not None else None
    if len(makers) != 1 or layer is None or layer.fact.custom or not layer.fact.canonical:
        return
    if len(items) > len(target.elts):
        text = f"ValueError: too many values to unpack (expected {len(target.elts)})"
    else:
        text = f"ValueError: not enough values to unpack (expected {len(target.elts)}, got {len(items)})"
    call = machine.describe_call(layer.fact.canonical, Arguments(), target, ())
    facts = {"found": len(items), "expected": len(target.elts)}
    related = ((layer.fact.span, f"the {layer.class_name}"),)
    machine.report("unpack", call, ShapeError("other", text, facts, "construct"), related, layer.fact)


def _unpack(machine: Machine, targets: list[ast.expr], value: Value) -> None:
    items = iterate(machine, value)
    starred = next((index for index, target in enumerate(targets) if isinstance(target, ast.Starred)), None)
    if items is not None and starred is not None and len(items) >= len(targets) - 1:
        after = len(targets) - starred - 1
        middle = items[starred : len(items) - after]
        values = [*items[:starred], ListValue(list(middle)), *items[len(items) - after :]]
    elif items is not None and len(items) == len(targets):
        values = items
    else:
        base = value.reason if isinstance(value, Unknown) else "cannot be unpacked into these names"
        values = [_unpacked(value, base) for _ in targets]
    for target, item in zip(targets, values, strict=True):
        bind(machine, target, item)


def _unpacked(value: Value, reason: str) -> Value:
    if isinstance(value, ListValue) and value.items is None:
        return value.element
    if isinstance(value, TensorValue) and value.spec.shape:
        return TensorValue(value.spec.with_shape(value.spec.shape[1:]), value.kind, origin=value.origin)
    return Unknown(reason)


# Branches


def execute_if(machine: Machine, node: ast.If) -> Flow | None:
    """`if`: one branch when the condition is known, both and their join otherwise."""
    known = truth(machine, machine.evaluate(node.test))
    if known is not None:
        return machine.execute(node.body if known else node.orelse)
    thunks = [lambda: machine.execute(node.body), lambda: machine.execute(node.orelse)]
    if is_choice(machine, node.test):
        with machine.guard():
            return machine.branch(thunks)
    return machine.branch(thunks)


def execute_match(machine: Machine, node: ast.Match) -> Flow | None:
    """`match`: the first case that is sure to match, or the join of those that may."""
    subject = machine.evaluate(node.subject)
    thunks: list[Callable[[], Flow | None]] = []
    for case in node.cases:
        matched = _matches(machine, case.pattern, subject)
        if matched is False:
            continue
        guard: bool | None = True
        if case.guard is not None:
            _capture(machine, case.pattern, subject)  # as Python does, names stay bound where the guard says no
            guard = truth(machine, machine.evaluate(case.guard))
        if guard is False:
            continue

        def run(case: ast.match_case = case) -> Flow | None:
            _capture(machine, case.pattern, subject)
            return machine.execute(case.body)

        if matched and guard:
            if not thunks:
                return run()
            thunks.append(run)
            return machine.branch(thunks)
        thunks.append(run)
    if not thunks:
        return None
    thunks.append(lambda: None)
    return machine.branch(thunks)


def _matches(machine: Machine, pattern: ast.pattern, subject: Value) -> bool | None:
    if isinstance(pattern, ast.MatchAs):
        return True if pattern.pattern is None else _matches(machine, pattern.pattern, subject)
    if isinstance(pattern, ast.MatchSingleton):
        return None if isinstance(subject, Unknown) else subject is pattern.value
    if isinstance(pattern, ast.MatchValue):
        value = machine.evaluate(pattern.value)
        plain = (int, float, str, bytes, bool, type(None))
        if not isinstance(value, plain):
            return None
        return value == subject if isinstance(subject, plain) else _never_plain(subject)
    if isinstance(pattern, ast.MatchStar):
        return True
    if isinstance(pattern, ast.MatchOr):
        results = [_matches(machine, option, subject) for option in pattern.patterns]
        return True if any(result is True for result in results) else None if None in results else False
    parts = _parts(machine, pattern, subject)
    if not isinstance(parts, list):
        return parts
    results = [_matches(machine, part, item) for part, item in parts]
    return False if False in results else None if None in results else True


def _never_plain(subject: Value) -> bool | None:
    """False, as containers equal no number or text; `None` for what is not known or may compare as it likes."""
    return False if isinstance(subject, tuple | ListValue | DictValue) else None


def _parts(machine: Machine, pattern: ast.pattern, subject: Value) -> _Parts:
    """The patterns inside a pattern with what each of them meets, or whether it matches where that is plain already."""
    if isinstance(subject, Unknown):
        return None
    if isinstance(pattern, ast.MatchSequence):
        return _sequence_parts(machine, pattern.patterns, subject)
    if isinstance(pattern, ast.MatchMapping):
        return _mapping_parts(machine, pattern, subject)
    if isinstance(pattern, ast.MatchClass):
        return _class_parts(machine, pattern, subject)
    return None


def _sequence_parts(machine: Machine, patterns: list[ast.pattern], subject: Value) -> _Parts:
    if isinstance(subject, (*CONSTANTS, DictValue, ObjectValue)) and not isinstance(subject, range):
        return False
    is_list = isinstance(subject, ListValue) and subject.kind == "list"
    items = iterate(machine, subject) if is_list or isinstance(subject, tuple | range) else None
    if items is None:
        return None
    star = next((index for index, part in enumerate(patterns) if isinstance(part, ast.MatchStar)), None)
    if star is None:
        return list(zip(patterns, items, strict=True)) if len(items) == len(patterns) else False
    after = len(patterns) - star - 1
    if len(items) < len(patterns) - 1:
        return False
    middle = ListValue(items[star : len(items) - after])
    return list(zip(patterns, [*items[:star], middle, *items[len(items) - after :]], strict=True))


def _mapping_parts(machine: Machine, pattern: ast.MatchMapping, subject: Value) -> _Parts:
    if not isinstance(subject, DictValue):
        return False if isinstance(subject, (*CONSTANTS, tuple, ListValue)) else None
    parts: list[tuple[ast.pattern, Value]] = []
    for key, part in zip(pattern.keys, pattern.patterns, strict=True):
        name = machine.evaluate(key)
        if not isinstance(name, CONSTANTS) or (name not in subject.items and subject.open):
            return None
        if name not in subject.items:
            return False
        parts.append((part, subject.items[name]))
    return parts


def _class_parts(machine: Machine, pattern: ast.MatchClass, subject: Value) -> _Parts:
    class_value = machine.evaluate(pattern.cls)
    known = machine.call(External("builtins.isinstance"), Arguments([subject, class_value]), pattern)
    if not isinstance(known, bool) or not known:
        return False if known is False else None
    parts: list[tuple[ast.pattern, Value]] = []
    if len(pattern.patterns) == 1 and isinstance(subject, (*CONSTANTS, tuple, ListValue, DictValue)):
        parts.append((pattern.patterns[0], subject))
    elif pattern.patterns:
        names = field_names(subject.class_value) if isinstance(subject, ObjectValue) else []
        if len(names) < len(pattern.patterns):
            return None
        positional = zip(pattern.patterns, names, strict=False)
        parts += [(part, get_attribute(machine, subject, name)) for part, name in positional]
    named = zip(pattern.kwd_patterns, pattern.kwd_attrs, strict=True)
    return parts + [(part, get_attribute(machine, subject, name)) for part, name in named]


def _capture(machine: Machine, pattern: ast.pattern, subject: Value) -> None:
    if isinstance(pattern, ast.MatchAs):
        if pattern.pattern is not None:
            _capture(machine, pattern.pattern, subject)
        if pattern.name:
            bind_name(machine, pattern.name, subject)
    elif isinstance(pattern, ast.MatchStar):
        if pattern.name:
            bind_name(machine, pattern.name, subject)
    else:
        parts = _parts(machine, pattern, subject)
        if isinstance(parts, list):
            for part, item in parts:
                _capture(machine, part, item)
        else:
            for child in ast.iter_child_nodes(pattern):
                if isinstance(child, ast.pattern):
                    _capture(machine, child, Unknown("part of a matched value"))
        if isinstance(pattern, ast.MatchMapping) and pattern.rest:
            bind_name(machine, pattern.rest, Unknown("the other items of a matched dict"))


# Loops


def execute_for(machine: Machine, node: ast.For | ast.AsyncFor) -> Flow | None:
    """`for`: followed one by one over known values, joined over unknown ones."""
    iterable = machine.evaluate(node.iter)
    items = iterate(machine, iterable)
    if items is None or len(items) > MAX_ITERATIONS:
        element = _element(machine, iterable, items)
        # Data is there: what a loop over batches binds is bound after it. A loop that builds layers may run no round.
        runs = items is not None or any(tensor.kind != "keras" for tensor in tensors_in(element))
        return _loop_unknown(machine, lambda: bind(machine, node.target, element), node.body, node.orelse, runs=runs)
    return _loop(machine, items, node)


def _element(machine: Machine, iterable: Value, items: list[Value] | None) -> Value:
    from keras_lsp.inference.expressions import element_of

    if items is not None:
        return Unknown("one of many loop values")
    return element_of(machine, iterable)


def _loop(machine: Machine, items: list[Value], node: ast.For | ast.AsyncFor) -> Flow | None:
    activation = machine.activations[-1]
    exits = _exits(machine, node.body)
    loop = Loop(machine.heap.begin() if "break" in exits else None)
    activation.loops.append(loop)
    result: Flow | None = None
    reached_end = True
    try:
        for index, item in enumerate(items):
            if "continue" in exits:
                loop.iteration = machine.heap.begin()
                loop.continues = []
            before = (len(machine.facts.layers), machine.applications, machine.budget.steps)
            bind(machine, node.target, item)
            flow = machine.execute(node.body)
            alive = _end_iteration(machine, loop, flow)
            if flow is BREAK:
                reached_end = False
                break
            if flow is not None and flow.kind in ("return", "raise"):
                result, reached_end = _leave(machine, loop, flow), False
                break
            if not alive:
                result = None if loop.breaks else DEAD
                reached_end = False
                break
            if is_dull(machine, before, len(items) - index - 1):
                activation.loops.pop()
                rest = Unknown("one of many loop values") if not isinstance(item, TensorValue) else item
                _loop_unknown(machine, lambda r=rest: bind(machine, node.target, r), node.body, [], runs=True)
                activation.loops.append(loop)
                break
    finally:
        activation.loops.pop()
    if loop.fork is not None:
        alternatives = list(loop.breaks)
        if reached_end or not loop.breaks:
            alternatives.append(machine.heap.capture(loop.fork))
        machine.heap.finish(loop.fork, alternatives)
    if reached_end and node.orelse:
        if loop.breaks:
            return machine.branch([lambda: machine.execute(node.orelse), lambda: None])
        return machine.execute(node.orelse)
    return result


def _leave(machine: Machine, loop: Loop, flow: Flow) -> Flow | None:
    """How a loop ends that is left by `return` or `raise`, if no `break` was perhaps met before."""
    if not loop.breaks:
        return flow
    machine.note_flow(flow)
    return None


def _end_iteration(machine: Machine, loop: Loop, flow: Flow | None) -> bool:
    """Join the ways an iteration ended; whether the loop goes on."""
    if loop.iteration is None:
        return flow is None or flow is CONTINUE
    alternatives = list(loop.continues)
    if flow is None or flow is CONTINUE or not alternatives:
        alternatives.append(machine.heap.capture(loop.iteration))
    alive = flow is None or flow is CONTINUE or bool(loop.continues)
    machine.heap.finish(loop.iteration, alternatives)
    loop.iteration = None
    return alive


def is_dull(machine: Machine, before: tuple[int, int, int], left: int) -> bool:
    """Whether an iteration that began at these counts built nothing, and all that are left would cost too much."""
    layers, applications, steps = before
    if len(machine.facts.layers) != layers or machine.applications != applications:
        return False
    return (machine.budget.steps - steps) * left > _DULL_STEPS


def execute_while(machine: Machine, node: ast.While) -> Flow | None:
    """`while`: followed while the condition, and what ends a round early, is known; joined from there on."""
    activation = machine.activations[-1]
    exits = _exits(machine, node.body)
    loop = Loop(machine.heap.begin() if "break" in exits else None)
    building, dull, rounds = 0, 0, 0
    result: Flow | None = None
    ending = "unknown"
    while rounds < MAX_ITERATIONS and "yield" not in exits:
        rounds += 1
        known = truth(machine, machine.evaluate(node.test))
        if known is not True:
            ending = "end" if known is False else "unknown"
            break
        before = (len(machine.facts.layers), machine.applications, machine.budget.steps)
        if "continue" in exits:
            loop.iteration = machine.heap.begin()
            loop.continues = []
        activation.loops.append(loop)
        try:
            flow = machine.execute(node.body)
        finally:
            activation.loops.pop()
        alive = _end_iteration(machine, loop, flow)
        if flow is BREAK:
            ending = "break"
            break
        if flow is not None and flow.kind in ("return", "raise"):
            result, ending = _leave(machine, loop, flow), "left"
            break
        if not alive:
            result, ending = None if loop.breaks else DEAD, "left"
            break
        if (len(machine.facts.layers), machine.applications) != before[:2]:
            building += 1
        else:
            dull += machine.budget.steps - before[2]
        if loop.breaks or building > MAX_BUILDING_ROUNDS or dull > _DULL_WHILE_STEPS:
            break
    if ending == "unknown":
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        result = _loop_unknown(machine, lambda: _evaluate_test(machine, node), node.body, node.orelse, endless)
    if loop.fork is not None:
        alternatives = list(loop.breaks)
        left = ending == "left" or (ending == "unknown" and result is not None)
        if not left or not loop.breaks:
            alternatives.append(machine.heap.capture(loop.fork))
        elif result is not None:
            machine.note_flow(result)
            result = None
        machine.heap.finish(loop.fork, alternatives)
    if ending == "end" and node.orelse:
        return machine.execute(node.orelse)
    return result


def _evaluate_test(machine: Machine, node: ast.While) -> None:
    machine.evaluate(node.test)


def _loop_unknown(
    machine: Machine,
    prepare: Callable[[], None],
    body: list[ast.stmt],
    orelse: list[ast.stmt],
    endless: bool = False,
    runs: bool = False,
) -> Flow | None:
    """A loop that runs an unknown number of times: what it changes is joined with what was before.

    `runs` says that it runs at least once, `endless` that only `break` and `return` end it.
    """
    activation = machine.activations[-1]

    def once() -> Flow | None:
        loop = Loop(machine.heap.begin(), None)
        loop.iteration = loop.fork
        activation.loops.append(loop)
        prepare()
        flow = machine.execute(body)
        activation.loops.pop()
        assert loop.fork is not None
        alternatives = [*loop.breaks, *loop.continues]
        if flow is None or flow is BREAK or flow is CONTINUE or not alternatives:
            alternatives.append(machine.heap.capture(loop.fork))
        machine.heap.finish(loop.fork, alternatives)
        ended = flow is not None and flow.kind in ("return", "raise", "dead")
        return flow if ended and not loop.breaks and not loop.continues else None

    if not machine.muted:
        # A first round finds out what changes; only what holds in every round is recorded. Inside such a round one round
        # is enough, or nested loops would double the work at each level.
        with machine.mute():
            fork = machine.heap.begin()
            machine.uncertain += 1
            once()
            machine.uncertain -= 1
            states = machine.heap.capture(fork)
            machine.heap.rollback(fork)
            machine.heap.finish_round(fork, states)
    flow = machine.branch([once] if endless or runs else [once, lambda: None])
    if flow is not None and (endless or runs):
        return flow
    if orelse:
        machine.branch([lambda: machine.execute(orelse), lambda: None])
    return None


def _exits(machine: Machine, body: list[ast.stmt]) -> frozenset[str]:
    """Which of break, continue and yield a loop's body holds under a condition."""
    known = machine.exits.get(id(body))
    if known is None:
        known = machine.exits[id(body)] = frozenset(_find_exits(body))
    return known


def _find_exits(body: list[ast.stmt]) -> set[str]:
    found: set[str] = set()
    stack: list[tuple[ast.AST, bool]] = [(statement, True) for statement in body]
    while stack:
        node, own = stack.pop()
        if isinstance(node, ast.Break | ast.Continue):
            if own:
                found.add("break" if isinstance(node, ast.Break) else "continue")
        elif isinstance(node, ast.Yield | ast.YieldFrom):
            found.add("yield")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        inner = own and not isinstance(node, ast.For | ast.While | ast.AsyncFor)
        stack += [(child, inner) for child in children(node)]
    return found


# Exceptions and contexts


def execute_try(machine: Machine, node: ast.Try) -> Flow | None:
    """`try`: the body is expected to work; handlers run for the facts, or for real when the body raises."""
    guarded = any(_catches_shapes(handler) for handler in node.handlers)
    fork = machine.heap.begin() if node.handlers else None
    if guarded:
        with machine.guard():
            flow = machine.execute(node.body)
    else:
        flow = machine.execute(node.body)
    if fork is not None:
        after = machine.heap.capture(fork)
        if flow is not RAISE:
            # What a handler does again, it does from where the body started; whether it succeeds is not known.
            machine.heap.rollback(fork)
            with machine.guard():
                for handler in node.handlers:
                    machine.try_aside(lambda h=handler: _handle(machine, h))
        machine.heap.finish(fork, [after])
    if flow is RAISE and node.handlers:
        flow = machine.branch([lambda h=handler: _handle(machine, h) for handler in node.handlers])
    else:
        if flow is None and node.orelse:
            flow = machine.execute(node.orelse)
    if node.finalbody:
        final = machine.execute(node.finalbody)
        return final or flow
    return flow


def _handle(machine: Machine, handler: ast.ExceptHandler) -> Flow | None:
    if handler.name:
        bind_name(machine, handler.name, Unknown("an exception"))
    return machine.execute(handler.body)


def _catches_shapes(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        (isinstance(t, ast.Name) and t.id in _SHAPE_FAILURES)
        or (isinstance(t, ast.Attribute) and (t.attr in _SHAPE_FAILURES or t.attr.endswith("Error")))
        for t in types
    )


def execute_with(machine: Machine, node: ast.With | ast.AsyncWith) -> Flow | None:
    """`with`: the body as it stands; inside `assertRaises` and the like failing is expected."""
    guards = False
    for item in node.items:
        value = machine.evaluate(item.context_expr)
        guards = guards or _expects_failure(item.context_expr)
        if item.optional_vars is not None:
            bind(machine, item.optional_vars, _enter(machine, value))
    if guards:
        with machine.guard():
            machine.try_aside(lambda: machine.execute(node.body))
        return None
    return machine.execute(node.body)


def _enter(machine: Machine, value: Value) -> Value:
    if isinstance(value, ObjectValue):
        method = get_attribute(machine, value, "__enter__")
        if not isinstance(method, Unknown):
            from keras_lsp.inference.arguments import Arguments

            return machine.call(method, Arguments(), None)
    if isinstance(value, ListValue) and value.kind == "generator" and value.items:
        return value.items[0]  # a function under `contextlib.contextmanager`
    return value


def _expects_failure(expression: ast.expr) -> bool:
    callee = expression.func if isinstance(expression, ast.Call) else expression
    name = callee.attr if isinstance(callee, ast.Attribute) else callee.id if isinstance(callee, ast.Name) else ""
    return name.startswith("assertRaises") or name in ("raises", "suppress")


def execute_raise(machine: Machine, node: ast.Raise) -> Flow | None:
    """`raise` ends this way on."""
    if node.exc is not None:
        with machine.guard():
            machine.evaluate(node.exc)
    return RAISE


def execute_assert(machine: Machine, node: ast.Assert) -> Flow | None:
    """`assert`: its condition is evaluated for the facts."""
    machine.evaluate(node.test)
    return None


# Definitions and the rest


def execute_function(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Flow | None:
    """`def`: defaults and decorators are evaluated now, the body when called."""
    bind_name(machine, node.name, define_function(machine, node))
    return None


def execute_class(machine: Machine, node: ast.ClassDef) -> Flow | None:
    """`class`: the body is evaluated in a frame of its own."""
    value = define_class(machine, node)
    bind_name(machine, node.name, value)
    return None


def execute_return(machine: Machine, node: ast.Return) -> Flow | None:
    """`return value`."""
    return Flow("return", machine.evaluate(node.value) if node.value is not None else None)


def execute_global(machine: Machine, node: ast.Global) -> Flow | None:
    """`global a, b`."""
    machine.frame.global_names.update(node.names)
    return None


def execute_nonlocal(machine: Machine, node: ast.Nonlocal) -> Flow | None:
    """`nonlocal a, b`."""
    machine.nonlocals.setdefault(id(machine.frame), set()).update(node.names)
    return None


def execute_delete(machine: Machine, node: ast.Delete) -> Flow | None:
    """`del a, b[0]`."""
    for target in node.targets:
        if isinstance(target, ast.Name):
            machine.touch(machine.frame)
            machine.frame.variables.pop(target.id, None)
        elif isinstance(target, ast.Subscript):
            container = machine.evaluate(target.value)
            key = machine.evaluate(target.slice)
            if isinstance(container, DictValue):
                machine.touch(container)
                try:
                    container.items.pop(key, None)
                except TypeError:
                    container.forget()
                if isinstance(key, Unknown):
                    container.forget()
            elif isinstance(container, ListValue) and container.items is not None:
                machine.touch(container)
                if isinstance(key, int | slice):
                    try:
                        del container.items[key]
                    except (IndexError, TypeError, ValueError):
                        continue
                else:
                    container.element, container.items = join_all(container.items or [None]), None
    return None


def _flow(flow: Flow) -> Callable[[Machine, ast.stmt], Flow | None]:
    return lambda _machine, _node: flow


STATEMENTS: dict[type[ast.stmt], Callable[..., Flow | None]] = {
    ast.Expr: execute_expression,
    ast.Assign: execute_assign,
    ast.AnnAssign: execute_annotated,
    ast.AugAssign: execute_augmented,
    ast.If: execute_if,
    ast.Match: execute_match,
    ast.For: execute_for,
    ast.AsyncFor: execute_for,
    ast.While: execute_while,
    ast.Try: execute_try,
    ast.With: execute_with,
    ast.AsyncWith: execute_with,
    ast.Raise: execute_raise,
    ast.Assert: execute_assert,
    ast.FunctionDef: execute_function,
    ast.AsyncFunctionDef: execute_function,
    ast.ClassDef: execute_class,
    ast.Return: execute_return,
    ast.Global: execute_global,
    ast.Nonlocal: execute_nonlocal,
    ast.Delete: execute_delete,
    ast.Import: imports.execute_import,
    ast.ImportFrom: imports.execute_import_from,
    ast.Break: _flow(BREAK),
    ast.Continue: _flow(CONTINUE),
}
if hasattr(ast, "TryStar"):  # Python 3.11
    STATEMENTS[ast.TryStar] = execute_try  # pyright: ignore
