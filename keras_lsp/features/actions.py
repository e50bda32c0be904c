"""Code actions: the fixes of findings, fix all, and rewrites that need no finding."""

from __future__ import annotations

from collections.abc import Sequence

from keras_lsp.features.types import CodeAction
from keras_lsp.inference.facts import LayerFact
from keras_lsp.rules.base import Applicability, Context, Finding
from keras_lsp.rules.failures import own_input
from keras_lsp.rules.input_layers import input_arguments, move_to_input, written_keywords
from keras_lsp.text.edits import merge

# Rules whose fixes bring a program from Keras 2 to 3.
MIGRATION = frozenset(
    ("KER103", "KER104", "KER105", "KER109", "KER113", "KER501", "KER502", "KER503", "KER504", "KER505")
)


def code_actions(context: Context, findings: Sequence[Finding], start: int, end: int) -> tuple[CodeAction, ...]:
    """What is offered between two offsets, the best first."""
    actions: list[CodeAction] = []
    for finding in findings:
        if finding.span.start <= end and start <= finding.span.end:
            for index, fix in enumerate(finding.fixes):
                preferred = index == 0 and fix.applicability is Applicability.SAFE
                actions.append(CodeAction(fix.title, "quickfix", fix.edits, fix.applicability, preferred, (finding,)))
    actions += _rewrites(context, start, end)
    actions += fix_all(findings)
    return tuple(actions)


def fix_all(findings: Sequence[Finding]) -> list[CodeAction]:
    """All safe fixes at once, and those of them that migrate to Keras 3."""
    actions: list[CodeAction] = []
    for kind, title, chosen in (
        ("source.fixAll", "Apply all safe fixes of keras-lsp", findings),
        ("source.migrate", "Migrate this file to Keras 3", [f for f in findings if f.code in MIGRATION]),
    ):
        fixable = [f for f in chosen if f.fixes and f.fixes[0].applicability is Applicability.SAFE]
        edits, taken = merge([f.fixes[0].edits for f in fixable])
        if edits:
            kept = tuple(fixable[index] for index in taken)
            actions.append(CodeAction(title, kind, tuple(edits), Applicability.SAFE, False, kept))  # type: ignore[arg-type]
    return actions


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
    return actions


def _movable(layer: LayerFact) -> bool:
    return layer.error is None and own_input(layer) and bool(written_keywords(layer.call)) and not layer.custom
