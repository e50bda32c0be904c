"""Code actions: the fixes of findings, fix all, and rewrites that need no finding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from keras_lsp.catalogue.version import LATEST
from keras_lsp.features.types import CodeAction
from keras_lsp.inference.facts import LayerFact, Span
from keras_lsp.inference.interpreter import infer
from keras_lsp.project.settings import Settings
from keras_lsp.rules.base import Applicability, Context, Finding
from keras_lsp.rules.failures import own_input
from keras_lsp.rules.input_layers import input_arguments, move_to_input, written_keywords
from keras_lsp.rules.rewriting import add_argument, statement_at
from keras_lsp.rules.run import run_rules
from keras_lsp.text.edits import TextEdit, merge

# Rules whose fixes bring a program from Keras 2 to 3.
MIGRATION = frozenset(
    ("KER101", "KER103", "KER104", "KER105", "KER109", "KER110", "KER113", "KER408", "KER501", "KER502", "KER503", "KER504",
     "KER505")
)  # fmt: skip


def code_actions(
    context: Context, findings: Sequence[Finding], start: int, end: int, newest: Sequence[Finding] | None = None
) -> tuple[CodeAction, ...]:
    """What is offered between two offsets, the best first; `newest` is what the newest Keras would find in the text."""
    actions: list[CodeAction] = []
    for finding in findings:
        if finding.span.start <= end and start <= finding.span.end:
            for index, fix in enumerate(finding.fixes):
                preferred = index == 0 and fix.applicability is Applicability.SAFE
                actions.append(CodeAction(fix.title, "quickfix", fix.edits, fix.applicability, preferred, (finding,)))
    actions += _rewrites(context, start, end)
    actions += fix_all(findings, findings if newest is None else newest)
    return tuple(actions)


def fix_all(findings: Sequence[Finding], newest: Sequence[Finding]) -> list[CodeAction]:
    """All safe fixes at once, and those that migrate to Keras 3."""
    actions: list[CodeAction] = []
    for kind, title, chosen in (
        ("source.fixAll", "Apply all safe fixes of keras-lsp", findings),
        ("source.migrate", "Migrate this file to Keras 3", [f for f in newest if f.code in MIGRATION]),
    ):
        fixable = [f for f in chosen if f.fixes and f.fixes[0].applicability is Applicability.SAFE]
        edits, taken = merge([f.fixes[0].edits for f in fixable])
        if edits:
            kept = tuple(fixable[index] for index in taken)
            actions.append(CodeAction(title, kind, tuple(edits), Applicability.SAFE, False, kept))  # type: ignore[arg-type]
    return actions


def newest_findings(context: Context, settings: Settings) -> tuple[Finding, ...] | None:
    """What the newest Keras would find in the text, where a migration starts; `None` if the program is for that generation."""
    if context.world.keras.generation >= LATEST.generation:
        return None
    world = replace(context.world, keras=LATEST)
    return run_rules(Context(infer(context.parsed, world), context.parsed, world), settings)


def _rewrites(context: Context, start: int, end: int) -> list[CodeAction]:
    """`input_shape=` of a first layer as a `keras.Input`; offered in every generation that has it."""
    if context.keras < (2, 4) and context.world.keras.contract.value == "A":
        return []
    actions: list[CodeAction] = []
    for layer in context.facts.layers:
        if not (layer.span.start <= end and start <= layer.span.end) or not _movable(layer):
            continue
        arguments = input_arguments(context, layer)
        edits = move_to_input(context, layer, arguments)
        if edits:
            actions.append(CodeAction(f"Declare the input as Input({arguments})", "refactor.rewrite", edits))
    actions += _without_input(context, start, end)
    return actions


def _without_input(context: Context, start: int, end: int) -> Iterator[CodeAction]:
    """An `Input` in front of a Sequential as `input_shape=` of the layer behind it."""
    for model in context.facts.models:
        first = next((layer for layer in model.layers or () if layer.class_name != "InputLayer"), None)
        fact = first.fact if first is not None else None
        if (
            model.class_name != "Sequential"
            or fact is None
            or fact.custom
            or not fact.applications
            or fact.index is None
        ):
            continue
        declared = fact.applications[0].producers
        given = declared[0] if declared else None
        if given is None or given.class_name != "InputLayer" or given.call is fact.call or given.call.symbolic:
            continue
        if not (given.span.start <= end and start <= given.span.end) or set(given.call.arguments) != {"shape"}:
            continue
        shape = given.call.arguments["shape"]
        removed = _take_out(context, given.span, fact.span)
        added = add_argument(context, fact.call, f"input_shape={context.source(shape.span)}")
        if removed is not None and added is not None and "input_shape" not in fact.call.arguments:
            title = f"Declare the input as input_shape of {fact.class_name}"
            yield CodeAction(title, "refactor.rewrite", (removed, *added))


def _take_out(context: Context, span: Span, following: Span) -> TextEdit | None:
    """Remove an element of a list up to the next one, or the statement that adds it; `None` if a comment stands there."""
    between = context.text[span.end : following.start]
    if re.fullmatch(r"\s*,\s*", between):
        return TextEdit(span.start, following.start, "")
    statement = statement_at(context, span)
    if statement is None:
        return None
    begin, end = context.parsed.positions.span(statement)
    if re.fullmatch(r"[\w.]+\.add\(\s*", context.text[begin : span.start]) is None:
        return None
    line = context.text.rfind("\n", 0, begin) + 1
    rest = re.match(r"[ \t]*\r?\n", context.text[end:])
    if context.text[line:begin].strip() or rest is None or context.text[span.end : end].strip() != ")":
        return None
    return TextEdit(line, end + rest.end(), "")


def _movable(layer: LayerFact) -> bool:
    return layer.error is None and own_input(layer) and bool(written_keywords(layer.call)) and not layer.custom
