"""The facade: the only API that the server, the command line and the integrations use.

`analyse_document` is a pure function of a document, the world and the settings; what it returns answers every question about
that version of the text, each feature at its first use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from keras_lsp.features.layer_names import NameUse
from keras_lsp.features.types import (
    CodeAction,
    CodeLens,
    CompletionItem,
    Definition,
    Hover,
    InlayHint,
    SignatureHelp,
    Symbol,
)
from keras_lsp.inference.facts import Facts, Span
from keras_lsp.inference.world import World
from keras_lsp.project.settings import Settings
from keras_lsp.rules.base import Context, Finding
from keras_lsp.syntax.parse import parse
from keras_lsp.syntax.parsed import ParsedModule
from keras_lsp.text.document import Document
from keras_lsp.text.edits import TextEdit


@dataclass(frozen=True)
class Analysis:
    """What is known about one version of one text; all positions are code-point offsets into `document.text`."""

    document: Document
    world: World
    settings: Settings
    parsed: ParsedModule
    facts: Facts

    @cached_property
    def context(self) -> Context:
        """What rules and features look at."""
        return Context(self.facts, self.parsed, self.world)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """All diagnostics that the settings select and no comment suppresses, in the order of the text."""
        from keras_lsp.rules.run import run_rules

        return run_rules(self.context, self.settings)

    @cached_property
    def newest_findings(self) -> tuple[Finding, ...]:
        """What the newest Keras would find in this text: where a migration starts."""
        from keras_lsp.features.actions import newest_findings

        found = newest_findings(self.context, self.settings)
        return self.findings if found is None else found

    def hover(self, offset: int) -> Hover | None:
        """What is under the cursor: a shape, a layer, a model, a keyword."""
        from keras_lsp.features.hover import hover

        return hover(self.context, offset)

    def inlay_hints(self, start: int = 0, end: int | None = None) -> tuple[InlayHint, ...]:
        """Output shapes at the ends of lines between two offsets."""
        from keras_lsp.features.hints import inlay_hints

        return inlay_hints(self.context, self.settings, start, len(self.document.text) if end is None else end)

    def completions(self, offset: int) -> tuple[CompletionItem, ...]:
        """What can be typed at the cursor, best first; documentation may be left to `resolve_completion`."""
        from keras_lsp.features.completion import completions

        return completions(self.context, self.settings, offset)

    def resolve_completion(self, item: CompletionItem) -> CompletionItem:
        """The item with its documentation."""
        from keras_lsp.features.completion import resolve_completion

        return resolve_completion(self.world, item)

    def signature_help(self, offset: int) -> SignatureHelp | None:
        """The signature of the call around the cursor, hidden keywords included."""
        from keras_lsp.features.signature import signature_help

        return signature_help(self.context, self.settings, offset)

    def definition(self, offset: int) -> Definition | None:
        """Where the name or hidden keyword under the cursor comes from: here, or in the library."""
        from keras_lsp.features.definition import definition

        return definition(self.context, offset)

    def name_uses(self, offset: int) -> tuple[NameUse, ...]:
        """All places of the layer's name under the cursor, those that give it first."""
        from keras_lsp.features.layer_names import name_uses

        return name_uses(self.context, offset)

    def renaming_span(self, offset: int) -> Span | None:
        """The layer's name under the cursor; raises `features.layer_names.Refused` where it cannot be changed."""
        from keras_lsp.features.layer_names import renaming_span

        return renaming_span(self.context, offset)

    def rename(self, offset: int, new_name: str) -> tuple[TextEdit, ...]:
        """Edits that give the layer under the cursor another name; raises `features.layer_names.Refused`."""
        from keras_lsp.features.layer_names import rename

        return rename(self.context, offset, new_name)

    def code_actions(self, start: int, end: int) -> tuple[CodeAction, ...]:
        """Changes that are offered between two offsets: fixes of findings, then rewrites."""
        from keras_lsp.features.actions import code_actions

        return code_actions(self.context, self.findings, start, end, self.newest_findings)

    def code_lenses(self) -> tuple[CodeLens, ...]:
        """A summary line above every model."""
        from keras_lsp.features.lens import code_lenses

        return code_lenses(self.context) if self.settings.code_lens else ()

    def symbols(self) -> tuple[Symbol, ...]:
        """The program's models, and their layers inside them."""
        from keras_lsp.features.symbols import symbols

        return symbols(self.context)


def analyse_document(
    document: Document,
    world: World,
    settings: Settings,
    sections: Sequence[tuple[int, int]] = (),
    previous: Analysis | None = None,
) -> Analysis:
    """Analyse one version of a text; never raises for any text, never blocks.

    Args:
        document: the text; for notebooks the virtual module of all code cells.
        world: what is known outside the file.
        settings: which rules are on, and how features look.
        sections: the spans of a notebook's cells, which parse each by themselves.
        previous: of an earlier version of the text, in a world that knows the same. What the change does not reach is taken
            over from it, so it must not be used any more. What is returned is the same as without it.
    """
    from keras_lsp.inference.interpreter import infer

    if previous is None:
        parsed = parse(document.text, sections)
        return Analysis(document, world, settings, parsed, infer(parsed, world))
    parsed = parse(document.text, sections, previous.parsed)
    return Analysis(document, world, settings, parsed, infer(parsed, world, previous=previous.facts))
