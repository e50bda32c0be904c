"""A text at one version, and the next version that a client's changes make of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from keras_lsp.text.lines import Encoding, LineIndex, Position

__all__ = ["Change", "Document", "DocumentKind", "Position", "Range"]

DocumentKind = Literal["python", "stub", "notebook", "cell"]
"""What a text is: a module, a stub, the JSON of a whole notebook, or one cell of a notebook."""


@dataclass(frozen=True, slots=True)
class Range:
    """Two client positions; the end is exclusive."""

    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Change:
    """New text for a range, or for the whole document when `range` is None."""

    text: str
    range: Range | None = None


@dataclass(frozen=True)
class Document:
    """One version of one text, never changed in place.

    `uri` is kept byte for byte as the client wrote it; `version` is None for a text that no client manages.
    """

    uri: str
    version: int | None
    text: str
    kind: DocumentKind = "python"

    @cached_property
    def lines(self) -> LineIndex:
        """The line index of this version, made on first use."""
        return LineIndex(self.text)

    def apply_changes(self, changes: Iterable[Change], version: int | None, encoding: Encoding) -> Document:
        """The document after `changes`, each of which speaks of the text that the one before it left.

        Ranges out of bounds are clamped, and one whose end lies before its start is read the other way round.
        """
        document = self
        for change in changes:
            if change.range is None:
                text = change.text
            else:
                lines = document.lines
                start = lines.offset_at(change.range.start, encoding)
                end = lines.offset_at(change.range.end, encoding)
                start, end = min(start, end), max(start, end)
                text = document.text[:start] + change.text + document.text[end:]
            document = replace(document, text=text)
        return replace(document, version=version)
