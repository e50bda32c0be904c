"""Offsets to what the client understands: the one place where code points become client units, and plain data the protocol's.

Everything is shaped by what the client can show: Markdown or plain text, related information, tags, snippets, links.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lsprotocol import types as t

from keras_lsp.features import types as f
from keras_lsp.features.markup import plain_text
from keras_lsp.inference.facts import Span
from keras_lsp.rules.base import Finding, Severity
from keras_lsp.server.client import Client, MarkupFormat
from keras_lsp.server.unit import Part, Unit
from keras_lsp.text.edits import TextEdit
from keras_lsp.text.lines import Position, width

SOURCE = "keras-lsp"

MAX_LABEL = 4_000
"""Characters of a label in an editor; what is longer was generated."""

_SEVERITIES: Mapping[Severity, t.DiagnosticSeverity] = {
    Severity.ERROR: t.DiagnosticSeverity.Error,
    Severity.WARNING: t.DiagnosticSeverity.Warning,
    Severity.INFO: t.DiagnosticSeverity.Information,
    Severity.HINT: t.DiagnosticSeverity.Hint,
}

_COMPLETION_KINDS: Mapping[str, t.CompletionItemKind] = {
    "keyword": t.CompletionItemKind.Field,
    "class": t.CompletionItemKind.Class,
    "function": t.CompletionItemKind.Function,
    "module": t.CompletionItemKind.Module,
    "constant": t.CompletionItemKind.Constant,
    "value": t.CompletionItemKind.Value,
    "variable": t.CompletionItemKind.Variable,
    "property": t.CompletionItemKind.Property,
}

_SYMBOL_KINDS: Mapping[str, t.SymbolKind] = {"model": t.SymbolKind.Class, "layer": t.SymbolKind.Field}

_ACTION_KINDS: Mapping[str, str] = {
    "source.fixAll": "source.fixAll.keras-lsp",
    "source.migrate": "source.migrate.keras-lsp",
}

_UNNECESSARY = frozenset({"KER001"})
"""Rules whose finding is text that could as well not be there."""

_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that change the direction of text: names in a program may hold them to deceive."""


@dataclass(frozen=True)
class Converter:
    """Conversions for one unit at one version, and one client."""

    unit: Unit
    client: Client

    # Places.

    def offset(self, uri: str, position: t.Position) -> int | None:
        """The unit's offset of a client's position, clamped into the document; `None` for a document not in the unit."""
        part = self.unit.part(uri)
        if part is None:
            return None
        return part.start + part.lines.offset_at(Position(position.line, position.character), self.client.encoding)

    def span(self, uri: str, range_: t.Range) -> Span | None:
        """The unit's span of a client's range."""
        start, end = self.offset(uri, range_.start), self.offset(uri, range_.end)
        if start is None or end is None:
            return None
        return Span(min(start, end), max(start, end))

    def position(self, part: Part, offset: int) -> t.Position:
        """An offset of the unit as a position of one of its parts, clamped into it."""
        inside = min(max(offset - part.start, 0), len(part.document.text))
        line, character = part.lines.position(inside, self.client.encoding)
        return t.Position(line, character)

    def range(self, span: Span) -> tuple[str, t.Range]:
        """The document in which a span begins, and the span's range in it; a span over several cells ends with the first."""
        part = self.unit.part_at(span.start)
        if part is None:
            return self.unit.uri, t.Range(t.Position(0, 0), t.Position(0, 0))
        return part.document.uri, t.Range(self.position(part, span.start), self.position(part, span.end))

    def range_in(self, uri: str, span: Span) -> t.Range | None:
        """The range of a span in a given document, `None` if it begins in another."""
        found, range_ = self.range(span)
        return range_ if found == uri else None

    # Text.

    def markup(self, markdown: str, form: MarkupFormat) -> t.MarkupContent | str:
        """Markdown, or the same as plain text for a client that shows only that."""
        if form == "markdown":
            return t.MarkupContent(t.MarkupKind.Markdown, markdown)
        text = plain_text(markdown)
        return text if form is None else t.MarkupContent(t.MarkupKind.PlainText, text)

    # Features.

    def hover(self, uri: str, hover: f.Hover) -> t.Hover:
        """A hover; its range is left out where it begins in another cell."""
        return t.Hover(self.markup(hover.markdown, self.client.hover_format), self.range_in(uri, hover.span))

    def inlay_hint(self, uri: str, hint: f.InlayHint, *, tooltip: bool) -> t.InlayHint | None:
        """A hint, `None` if it belongs to another cell."""
        part = self.unit.part_at(hint.offset)
        if part is None or part.document.uri != uri:
            return None
        return t.InlayHint(
            self.position(part, hint.offset),
            visible(hint.label),
            kind=t.InlayHintKind.Type if hint.kind == "shape" else None,
            tooltip=t.MarkupContent(t.MarkupKind.Markdown, hint.tooltip) if tooltip and hint.tooltip else None,
            padding_left=True,
        )

    def completion_item(self, uri: str, item: f.CompletionItem, data: Any) -> t.CompletionItem:
        """One completion; `data` comes back when the client asks for the rest."""
        documentation = item.documentation
        if item.data and "documentation" in self.client.completion_resolve:
            documentation = ""
        range_ = self.range_in(uri, item.replace)
        return t.CompletionItem(
            visible(item.label),
            kind=_COMPLETION_KINDS[item.kind],
            detail=visible(item.detail) or None,
            documentation=self.markup(documentation, self.client.completion_format) if documentation else None,
            sort_text=item.sort_text or None,
            filter_text=item.filter_text or None,
            tags=[t.CompletionItemTag.Deprecated] if item.deprecated and self.client.completion_deprecated else None,
            insert_text=item.insert_text if range_ is None else None,
            text_edit=None if range_ is None else t.TextEdit(range_, item.insert_text),
            insert_text_format=t.InsertTextFormat.PlainText,
            data=data if item.data else None,
        )

    def signature_help(self, help_: f.SignatureHelp) -> t.SignatureHelp:
        """The signature, with the parameter being typed marked as the client can."""
        parameters: list[t.ParameterInformation] = []
        searched = help_.label.find("(") + 1
        for parameter in help_.parameters:
            label: str | tuple[int, int] = parameter.label
            found = help_.label.find(parameter.label, searched)
            if found >= 0:
                searched = found + len(parameter.label)
                if self.client.signature_offsets:
                    # The protocol counts these in UTF-16 whatever encoding was agreed.
                    start = width(help_.label[:found], "utf-16")
                    label = (start, start + width(parameter.label, "utf-16"))
            documentation = parameter.documentation
            parameters.append(
                t.ParameterInformation(
                    label, self.markup(documentation, self.client.signature_format) if documentation else None
                )
            )
        active = help_.active
        if active is None:
            # An index past the last marks none for clients that cannot be told so.
            active = None if self.client.signature_no_active_parameter else len(parameters)
        signature = t.SignatureInformation(
            visible(help_.label),
            self.markup(help_.documentation, self.client.signature_format) if help_.documentation else None,
            parameters,
            active if self.client.signature_active_parameter else None,
        )
        return t.SignatureHelp([signature], 0, active)

    def definition(self, uri: str, location: f.Location) -> t.Location | list[t.LocationLink]:
        """A place in this program."""
        target, range_ = self.range(location.span)
        origin = self.range_in(uri, location.origin)
        if self.client.definition_links:
            return [t.LocationLink(target, range_, range_, origin)]
        return t.Location(target, range_)

    def outside(self, uri: str, target: str, line: int, column: int, origin: Span) -> t.Location | list[t.LocationLink]:
        """A place in another file: line and column from 0, the column in ASCII text."""
        range_ = t.Range(t.Position(line, column), t.Position(line, column))
        if self.client.definition_links:
            return [t.LocationLink(target, range_, range_, self.range_in(uri, origin))]
        return t.Location(target, range_)

    def diagnostic(self, finding: Finding) -> tuple[str, t.Diagnostic]:
        """A finding, and the document it belongs to."""
        uri, range_ = self.range(finding.span)
        client = self.client
        related: list[t.DiagnosticRelatedInformation] = []
        if client.diagnostic_related:
            for span, words in finding.related:
                related.append(t.DiagnosticRelatedInformation(t.Location(*self.range(span)), visible(words)))
        return uri, t.Diagnostic(
            range_,
            visible(finding.message, MAX_LABEL),
            severity=_SEVERITIES[finding.severity],
            code=finding.code,
            code_description=t.CodeDescription(finding.url) if finding.url and client.diagnostic_url else None,
            source=SOURCE,
            tags=[t.DiagnosticTag.Unnecessary] if finding.code in _UNNECESSARY and client.diagnostic_tags else None,
            related_information=related or None,
        )

    def workspace_edit(self, edits: Iterable[TextEdit]) -> t.WorkspaceEdit:
        """Edits by document, with versions for clients that check them."""
        changes: dict[str, list[t.TextEdit]] = {}
        for edit in edits:
            uri, range_ = self.range(Span(edit.start, edit.end))
            changes.setdefault(uri, []).append(t.TextEdit(range_, edit.new_text))
        if not self.client.document_changes:
            return t.WorkspaceEdit(changes=changes)
        documents: list[t.TextDocumentEdit] = []
        for uri, items in changes.items():
            part = self.unit.part(uri)
            version = part.document.version if part is not None else None
            documents.append(t.TextDocumentEdit(t.OptionalVersionedTextDocumentIdentifier(uri, version), items))
        return t.WorkspaceEdit(document_changes=documents)

    def action_kind(self, kind: f.ActionKind) -> str:
        """The protocol's kind; those of the whole file carry our name, so that a user can choose."""
        return _ACTION_KINDS.get(kind, kind)

    def code_action(
        self, action: f.CodeAction, diagnostics: Iterable[t.Diagnostic], *, edit: bool, data: Any = None
    ) -> t.CodeAction:
        """A change that is offered; without `edit` the client asks for it when it is chosen."""
        answered = {finding.code for finding in action.findings}
        starts = [self.range(finding.span)[1].start for finding in action.findings]
        fitting = [item for item in diagnostics if item.code in answered and item.range.start in starts]
        return t.CodeAction(
            visible(action.title),
            kind=self.action_kind(action.kind),
            diagnostics=fitting or None,
            is_preferred=True if action.is_preferred and self.client.code_action_preferred else None,
            edit=self.workspace_edit(action.edits) if edit else None,
            data=data if not edit else None,
        )

    def code_lens(self, uri: str, lens: f.CodeLens, command: t.Command) -> t.CodeLens | None:
        """A lens, `None` if it belongs to another cell."""
        range_ = self.range_in(uri, lens.span)
        return None if range_ is None else t.CodeLens(t.Range(range_.start, range_.start), command)

    def symbols(self, uri: str, symbols: Iterable[f.Symbol]) -> list[t.DocumentSymbol]:
        """The outline of one document."""
        found: list[t.DocumentSymbol] = []
        for symbol in symbols:
            range_, selection = self.range_in(uri, symbol.span), self.range_in(uri, symbol.selection)
            if range_ is None or selection is None:
                continue
            found.append(
                t.DocumentSymbol(
                    visible(symbol.name) or "?",  # an empty name makes VS Code refuse the whole outline
                    _SYMBOL_KINDS[symbol.kind],
                    range_,
                    selection,
                    visible(symbol.detail) or None,
                    children=self.symbols(uri, symbol.children) or None,
                )
            )
        return found

    def flat_symbols(
        self, uri: str, symbols: Iterable[f.Symbol], container: str | None = None
    ) -> list[t.SymbolInformation]:
        """The outline for clients that know no hierarchy."""
        found: list[t.SymbolInformation] = []
        for symbol in symbols:
            range_ = self.range_in(uri, symbol.span)
            if range_ is None:
                continue
            name = visible(symbol.name) or "?"
            found.append(
                t.SymbolInformation(t.Location(uri, range_), name, _SYMBOL_KINDS[symbol.kind], container_name=container)
            )
            found.extend(self.flat_symbols(uri, symbol.children, name))
        return found


def visible(text: str, limit: int = MAX_LABEL) -> str:
    """Text for a label or message, without characters that hide or reorder it."""
    text = _INVISIBLE.sub("\ufffd", text)
    return text if len(text) <= limit else text[: limit - 1] + "…"
