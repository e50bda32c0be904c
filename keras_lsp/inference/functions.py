"""Functions of the program: definition, binding of arguments, evaluation of the body in its context."""

from __future__ import annotations

import ast
from typing import NamedTuple

from keras_lsp.inference.arguments import Arguments, missing_arguments
from keras_lsp.inference.budget import IDLE_STEPS, MAX_CALL_DEPTH, MAX_MODULES, MAX_RECURSION, MAX_UNSURE_RECURSION
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import (
    BoundMethod,
    ClassValue,
    DictValue,
    External,
    Frame,
    FunctionValue,
    ListValue,
    Partial,
    Unknown,
    Value,
    join_all,
)
from keras_lsp.syntax.tree import children

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def define_function(machine: Machine, node: FunctionNode) -> Value:
    """A function value: defaults are evaluated where it is defined, decorators applied."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: dict[str, Value] = {}
    for parameter, default in zip(
        positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True
    ):
        defaults[parameter.arg] = machine.evaluate(default)
    for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            defaults[parameter.arg] = machine.evaluate(default)
    frame = machine.frame
    function = FunctionValue(node, frame.module, frame, defaults, frame.class_value)
    if machine.module.is_main and not isinstance(node, ast.Lambda):
        machine.definitions.append(function)
    result: Value = function
    for decorator in reversed(getattr(node, "decorator_list", [])):
        result = _decorate(machine, decorator, result)
    return result


def _decorate(machine: Machine, decorator: ast.expr, function: Value) -> Value:
    if isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "deleter", "getter"):
        held = machine.evaluate(decorator.value)
        if isinstance(held, FunctionValue) and isinstance(function, FunctionValue) and decorator.attr == "setter":
            held.setter = function
        return held if isinstance(held, FunctionValue) else function
    value = machine.evaluate(decorator)
    if isinstance(value, External):
        name = value.path.rsplit(".", 1)[-1]
        if isinstance(function, FunctionValue):
            if name in ("staticmethod", "classmethod"):
                function.kind = name
            elif name in ("property", "cached_property"):
                function.is_property = True
                function.is_cached = name == "cached_property"
        return function
    if isinstance(value, FunctionValue | BoundMethod | ClassValue | Partial):
        result = machine.call(value, Arguments([function]), None)
        return function if isinstance(result, Unknown) or result is None else result
    return function


def call_function(machine: Machine, function: FunctionValue, arguments: Arguments, node: ast.AST | None) -> Value:
    """Evaluate the body with these arguments; what it returns, joined over all ways to return."""
    if len(machine.activations) > MAX_CALL_DEPTH:
        return Unknown("calls are nested too deeply")
    # What is evaluated aside is entered nevertheless: it may be the function that makes a model.
    nested = len(machine.activations) > 1
    if nested and machine.uncertain and machine.budget.steps > IDLE_STEPS and machine.is_idle:
        machine.tired = True
        return Unknown("too much is evaluated before the first layer")
    same = [a for a in machine.activations if a.frame.function is not None and a.frame.function.node is function.node]
    unsure = bool(same) and machine.uncertain > same[-1].uncertain
    if len(same) > (MAX_UNSURE_RECURSION if unsure else MAX_RECURSION):
        return Unknown("the recursion is too deep")
    if not function.module.is_main and len(machine.modules) > MAX_MODULES:
        return Unknown("too many modules")
    frame = Frame(function.module, function.enclosing, function)
    bind_parameters(function, arguments, frame)
    definition = function.node
    if function.module.is_main:
        machine.called.add(id(definition))
    traits = machine.traits.get(id(definition))
    if traits is None:
        traits = machine.traits[id(definition)] = _describe(definition)
    early, generates = traits
    if isinstance(definition, ast.Lambda):
        with machine.activate(frame, node):
            return machine.evaluate(definition.body)
    if generates:
        frame.yields = ListValue([], kind="generator")
    fork = machine.heap.begin() if early else None
    try:
        with machine.activate(frame, node) as activation:
            activation.fork = fork
            flow = machine.execute(definition.body)
    except RecursionError:
        return Unknown("calls are nested too deeply")
    values = [value for value, _ in activation.returns]
    returned = flow is not None and flow.kind == "return"
    goes_on = flow is None or returned
    if fork is not None:
        alternatives = [states for _, states in activation.returns]
        if goes_on or not alternatives:
            alternatives.append(machine.heap.capture(fork))
        machine.heap.finish(fork, alternatives)
    if goes_on:
        values.append(flow.value if flow is not None else None)
    if frame.yields is not None:
        return frame.yields
    if not values:
        return Unknown("the function always raises")
    return join_all(values)


def bind_parameters(function: FunctionValue, arguments: Arguments, frame: Frame) -> None:
    """Bind arguments to parameters as Python does; what may be in unpacked arguments is unknown."""
    spec = function.node.args
    positional = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    variables = frame.variables
    for name, value in zip(positional, arguments.args, strict=False):
        variables[name] = value
    keywords = dict(arguments.kwargs)
    for name in (*positional, *(parameter.arg for parameter in spec.kwonlyargs)):
        if name in keywords and name not in variables:
            variables[name] = keywords.pop(name)
        elif name not in variables:
            if arguments.open:
                variables[name] = Unknown(f"`{name}` may be in unpacked arguments", name)
            elif name in function.defaults:
                variables[name] = function.defaults[name]
            else:
                variables[name] = Unknown(f"`{name}` is not given", name)
    if spec.vararg is not None:
        rest = arguments.args[len(positional) :]
        unknown = Unknown("unpacked arguments", spec.vararg.arg)
        variables[spec.vararg.arg] = ListValue(None, unknown) if arguments.open and not rest else tuple(rest)
    if spec.kwarg is not None:
        variables[spec.kwarg.arg] = DictValue(keywords, arguments.open)


class WrongArguments(NamedTuple):
    """What Python raises where a function does not take its arguments, and the names of those that are missing."""

    text: str
    missing: tuple[str, ...] = ()


def required_parameters(function: FunctionValue) -> list[str]:
    """Parameters without a default that may be given by position."""
    spec = function.node.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    return names[: len(names) - len(spec.defaults)]


def wrong_arguments(function: FunctionValue | BoundMethod, arguments: Arguments) -> WrongArguments | None:
    """What Python raises when a function is called with these arguments; `None` if nothing, or if that is not known.

    Functions behind decorators may take anything.
    """
    value = function.function if isinstance(function, BoundMethod) else function
    if arguments.open or getattr(value.node, "decorator_list", []):
        return None
    spec = value.node.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    total = len(arguments.args) + isinstance(function, BoundMethod)
    if total > len(names) and spec.vararg is None:
        takes = f"{len(names)} positional argument{'' if len(names) == 1 else 's'}"
        text = f"TypeError: {value.name}() takes {takes} but {total} {'was' if total == 1 else 'were'} given"
        return WrongArguments(text)
    only = [parameter.arg for parameter in spec.kwonlyargs]
    if spec.kwarg is None:
        taken = {parameter.arg for parameter in spec.args} | set(only)
        unknown = next((name for name in arguments.kwargs if name not in taken), None)
        if unknown is not None:
            return WrongArguments(f"TypeError: {value.name}() got an unexpected keyword argument '{unknown}'")
    needed = {
        "positional": required_parameters(value)[total:],
        "keyword-only": [name for name, given in zip(only, spec.kw_defaults, strict=True) if given is None],
    }
    for kind, required in needed.items():
        missing = tuple(name for name in required if name not in arguments.kwargs)
        if missing:
            return WrongArguments(missing_arguments(value.name, missing, kind), missing)
    return None


def symbolic_arguments(function: FunctionValue, skip_first: bool = False) -> Arguments:
    """Made-up arguments for a function that nobody calls: every parameter is known by its name only."""
    spec = function.node.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    if skip_first:
        names = names[1:]
    reason = "a parameter of a function that is not called here"
    values = [Unknown(reason, name) for name in names]
    keywords = {parameter.arg: Unknown(reason, parameter.arg) for parameter in spec.kwonlyargs}
    return Arguments(values, keywords, open=spec.vararg is not None or spec.kwarg is not None)


def _describe(node: FunctionNode) -> tuple[bool, bool]:
    """Whether a function returns from inside a branch or loop, and whether it is a generator."""
    early = generates = False
    body: list[ast.stmt] = [] if isinstance(node, ast.Lambda) else node.body
    stack: list[tuple[ast.AST, int]] = [(statement, 0) for statement in body]
    while stack:
        item, depth = stack.pop()
        if isinstance(item, ast.Return):
            early = early or depth > 0
        elif isinstance(item, ast.Yield | ast.YieldFrom):
            generates = True
        elif isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        stack += [(child, depth + 1) for child in children(item)]
    return early, generates
