"""What methods of models return, and what the program does with it next."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

from keras_lsp.inference.facts import ModelEvent, Span
from keras_lsp.inference.values import External, FunctionValue, LibraryObject, ListValue
from keras_lsp.rules.base import Context
from keras_lsp.rules.control_flow import PERHAPS

_SIMPLE = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Assert)


@dataclass(frozen=True, slots=True)
class Result:
    """A name that is bound to what a method returned.

    Attributes:
        call: the call of the method.
        event: the same as inference saw it.
        name: what it is bound to.
        rest: the statements behind the assignment, in the same block.
    """

    call: ast.Call
    event: ModelEvent
    name: str
    rest: tuple[ast.stmt, ...]


def event_calls(context: Context, methods: frozenset[str]) -> Iterator[tuple[ast.Call, ModelEvent]]:
    """Calls of these methods on models, once each; nothing guarded."""
    found: dict[Span, ModelEvent] = {}
    for event in context.facts.events:
        # A call in another module stands for the one here that led to it, whose result is another.
        here = event.call.callee_span != event.call.span
        if here and event.method in methods and event.call.canonical == f"keras.Model.{event.method}":
            found[event.call.span] = event
    if not found:
        return
    for node in context.nodes(ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in methods:
            event = found.get(context.span(node))
            if event is not None and event.method == node.func.attr and not event.call.guarded:
                yield node, event


def bound_results(context: Context, methods: frozenset[str]) -> Iterator[Result]:
    """Assignments of a method's result to one name."""
    calls = {id(node): event for node, event in event_calls(context, methods)}
    if not calls:
        return
    for block in blocks(context):
        for index, statement in enumerate(block):
            if (
                isinstance(statement, ast.Assign)
                and isinstance(statement.value, ast.Call)
                and len(statement.targets) == 1
            ):
                event, target = calls.get(id(statement.value)), statement.targets[0]
                if event is not None and isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                    yield Result(statement.value, event, f"{target.value.id}.{target.attr}", tuple(block[index + 1 :]))
                if event is not None and isinstance(target, ast.Name):
                    yield Result(statement.value, event, target.id, tuple(block[index + 1 :]))


def blocks(context: Context) -> Iterator[list[ast.stmt]]:
    """Every list of statements that follow each other."""
    yield context.parsed.tree.body
    for kind in (ast.FunctionDef, ast.AsyncFunctionDef, ast.For, ast.While, ast.If, ast.With):
        for node in context.nodes(kind):
            yield node.body
            if isinstance(node, ast.For | ast.While | ast.If):
                yield node.orelse


def first_use(result: Result) -> ast.Attribute | ast.Subscript | None:
    """The first thing that is done with the name afterwards, if that is sure to happen, and an attribute or item of it."""
    for statement in result.rest:
        mentions = [node for node in ast.walk(statement) if _is_named(node, result.name)]
        if not mentions:
            continue
        if not isinstance(statement, _SIMPLE):
            return None
        if any(isinstance(node, PERHAPS) for node in ast.walk(statement)):
            return None
        if (
            len(mentions) > 1
            and any(not isinstance(node.ctx, ast.Load) for node in mentions)
            and not _assigned_last(statement)
        ):
            return None
        for node in ast.walk(statement):
            if (
                isinstance(node, ast.Attribute | ast.Subscript)
                and isinstance(node.ctx, ast.Load)
                and node.value in mentions
            ):
                return node
        return None
    return None


def _is_named(node: ast.AST, name: str) -> TypeGuard[ast.Name | ast.Attribute]:
    """Whether a node is a name, or an attribute of a name, that is written so."""
    if isinstance(node, ast.Attribute):
        return isinstance(node.value, ast.Name) and f"{node.value.id}.{node.attr}" == name
    return isinstance(node, ast.Name) and node.id == name


def _assigned_last(statement: ast.stmt) -> bool:
    """Whether names are bound after the value was evaluated."""
    return isinstance(statement, ast.Assign) and all(
        isinstance(target, ast.Name | ast.Attribute) for target in statement.targets
    )


def metric_count(event: ModelEvent) -> int | None:
    """How many metrics `compile` was given for a model with one output; `None` if that is not known."""
    compiled = event.compiled
    if compiled is None or not is_plain(event) or len(event.outputs or ()) != 1:
        return None
    call = compiled.call
    if call.unknown_arguments or "weighted_metrics" in call.arguments or "loss" not in call.arguments:
        return None
    argument = call.arguments.get("metrics")
    if argument is None or argument.value is None:
        return 0
    items = argument.value.items if isinstance(argument.value, ListValue) else None
    if items is None or not all(isinstance(item, str | External | FunctionValue | LibraryObject) for item in items):
        return None
    named = [item for item in items if isinstance(item, str)]
    return len(items) if len(set(named)) == len(named) else None


def is_plain(event: ModelEvent) -> bool:
    """Whether a model is made of Keras's own layers alone: others may add losses and metrics."""
    rows = event.model.layers
    return (
        event.model.class_name in ("Sequential", "Functional")
        and rows is not None
        and not event.escaped
        and all(row.fact is not None and not row.fact.custom for row in rows)
        and not any(row.class_name in ("Sequential", "Functional", "Model") for row in rows)
    )
