"""What is analysed as one: a text document, or all code cells of a notebook."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from pygls.uris import to_fs_path

from keras_lsp.text.document import Document
from keras_lsp.text.lines import LineIndex
from keras_lsp.text.notebook import VirtualModule, mask_module, needs_masking


@dataclass(frozen=True)
class Part:
    """A stretch of a unit's text that the client knows as a document of its own, from offset `start`."""

    document: Document
    start: int

    @property
    def end(self) -> int:
        """Offset behind it; the cells of a notebook are joined by line breaks of ours, which belong to none."""
        return self.start + len(self.document.text)

    @property
    def lines(self) -> LineIndex:
        """Lines as the client counts them."""
        return self.document.lines


@dataclass(frozen=True)
class Unit:
    """One module at one version.

    Attributes:
        uri: of the document or the notebook.
        document: what is analysed.
        serial: grows with every change, whatever versions the client counts.
        parts: the client's documents in it, in order; for a text document itself.
        module: how notebook syntax was masked, where there is any; its sections parse each by themselves.
    """

    uri: str
    document: Document
    serial: int
    parts: tuple[Part, ...] = ()
    module: VirtualModule | None = None

    @cached_property
    def path(self) -> str:
        """Where it lives on disk; empty for what lives nowhere."""
        return file_path(self.uri) or ""

    @property
    def sections(self) -> tuple[tuple[int, int], ...]:
        """The spans of a notebook's cells."""
        return () if self.module is None else self.module.sections

    def is_masked(self, start: int, end: int) -> bool:
        """Whether the analysed text differs there from what the author wrote, so that no edit may touch it."""
        return self.module is not None and self.module.is_masked(start, end)

    def part(self, uri: str) -> Part | None:
        """The part that the client knows by this URI."""
        return next((part for part in self.parts if part.document.uri == uri), None)

    def part_at(self, offset: int) -> Part | None:
        """The part in which an offset of the unit lies; the one before it for what lies between two."""
        found: Part | None = None
        for part in self.parts:
            if part.start > offset and found is not None:
                break
            found = part
        return found


def file_path(uri: str) -> str | None:
    """The path of a `file:` URI, `None` for any other and for one that names no file of this machine."""
    if not uri.startswith("file:"):
        return None
    try:
        path = to_fs_path(uri)
    except ValueError:
        return None
    if not path or "\0" in path or path.startswith(("//", "\\\\")):
        return None
    return path


def single(document: Document, serial: int) -> Unit:
    """The unit of a text document; notebook syntax is masked in one that JupyterLab sends, or that has cell markers."""
    parts = (Part(document, 0),)
    if needs_masking(document.text):
        module = mask_module(document.text)
        return Unit(document.uri, replace(document, text=module.text), serial, parts, module)
    return Unit(document.uri, document, serial, parts)
