"""Notebooks as clients send them: cells that come, go, move and change, analysed as one module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lsprotocol import types as t

from keras_lsp.server.unit import Part, Unit
from keras_lsp.text import notebook
from keras_lsp.text.document import Change, Document
from keras_lsp.text.lines import Encoding


@dataclass(frozen=True)
class Cell:
    """One cell in its place; only code cells in Python take part in the module."""

    uri: str
    is_code: bool


@dataclass(frozen=True)
class Notebook:
    """All cells in order, and the texts of those that the client sent."""

    cells: tuple[Cell, ...]
    documents: Mapping[str, Document]

    @classmethod
    def opened(cls, params: t.DidOpenNotebookDocumentParams) -> Notebook:
        """The notebook as it was opened."""
        documents = {item.uri: _document(item) for item in params.cell_text_documents if _is_python(item)}
        return cls(tuple(_cell(cell) for cell in params.notebook_document.cells), documents)

    def with_text(self, uri: str, changes: Sequence[Change], version: int | None, encoding: Encoding) -> Notebook:
        """The notebook after changes of one cell's text; an unknown cell's changes are dropped."""
        document = self.documents.get(uri)
        if document is None:
            return self
        return replace(self, documents={**self.documents, uri: document.apply_changes(changes, version, encoding)})

    def changed(
        self, change: t.NotebookDocumentChangeEvent, convert: Callable[[Any], Change], encoding: Encoding
    ) -> Notebook:
        """The notebook after a change of structure, of kinds and of texts, in this order."""
        if change.cells is None:
            return self
        cells, documents = list(self.cells), dict(self.documents)
        structure = change.cells.structure
        if structure is not None:
            start = min(max(structure.array.start, 0), len(cells))
            added = [_cell(cell) for cell in structure.array.cells or ()]
            cells[start : start + max(structure.array.delete_count, 0)] = added
            documents.update({item.uri: _document(item) for item in structure.did_open or () if _is_python(item)})
            for closed in structure.did_close or ():
                documents.pop(closed.uri, None)
        kinds = {cell.document: _cell(cell) for cell in change.cells.data or ()}
        cells = [kinds.get(cell.uri, cell) for cell in cells]
        book = Notebook(tuple(cells), documents)
        for text in change.cells.text_content or ():
            changes = [convert(item) for item in text.changes]
            book = book.with_text(text.document.uri, changes, text.document.version, encoding)
        return book

    def unit(self, uri: str, serial: int) -> Unit:
        """The module of all Python cells, one after the other."""
        sources: list[notebook.Cell] = []
        for index, cell in enumerate(self.cells):
            document = self.documents.get(cell.uri)
            is_code = document is not None and cell.is_code
            sources.append(notebook.Cell(index, "code" if is_code else "raw", document.text if document else ""))
        module = notebook.virtual_module(sources)
        parts = tuple(Part(self.documents[self.cells[span.index].uri], span.start) for span in module.cells.spans)
        return Unit(uri, Document(uri, None, module.text), serial, parts, module)


def _cell(cell: t.NotebookCell) -> Cell:
    return Cell(cell.document, cell.kind == t.NotebookCellKind.Code)


def _document(item: t.TextDocumentItem) -> Document:
    return Document(item.uri, item.version, item.text, "cell")


def _is_python(item: t.TextDocumentItem) -> bool:
    return item.language_id.lower() in ("python", "ipython", "jupyter")
