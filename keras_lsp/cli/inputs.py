"""Files as the commands take them: text or notebook, decoded, with the way back from offsets to places."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keras_lsp.project.files import FileProblem, read_bytes
from keras_lsp.text.document import Document
from keras_lsp.text.lines import LineIndex
from keras_lsp.text.notebook import (
    NotebookError,
    VirtualModule,
    mask_module,
    needs_masking,
    read_notebook,
    virtual_module,
)
from keras_lsp.text.source import SourceError, read_source


@dataclass(frozen=True, slots=True)
class Place:
    """Where an offset is for a person: line and column from 1, in a notebook the cell's index among all cells from 0."""

    line: int
    column: int
    cell: int | None = None


@dataclass(frozen=True)
class Input:
    """One file, ready to be analysed.

    Attributes:
        path: as given on the command line.
        document: its text; for a notebook the virtual module of its code cells.
        module: the notebook's cells, or the masking of a script with magics; `None` for plain Python.
        data: the bytes as read, for writing fixes back.
    """

    path: str
    document: Document
    module: VirtualModule | None = None
    data: bytes = b""
    is_notebook: bool = False

    @property
    def original(self) -> str:
        """The text as its author wrote it, with the magics that the document masks; offsets are the same."""
        return self.module.source if self.module is not None else self.document.text

    def lines(self, cell: int | None) -> LineIndex:
        """The lines of a cell of a notebook, or of the file."""
        if cell is not None and self.module is not None:
            return self.module.cells.lines(cell)
        return LineIndex(self.original) if self.module is not None else self.document.lines

    def cell_end(self, offset: int) -> int:
        """Where the cell around an offset ends; the end of the text for a file."""
        span = self.module.cells.span_at(offset) if self.is_notebook and self.module is not None else None
        return span.end if span is not None else len(self.document.text)

    @property
    def sections(self) -> tuple[tuple[int, int], ...]:
        """Spans that parse each by themselves."""
        return self.module.sections if self.module is not None else ()

    def place(self, offset: int) -> Place:
        """Line and column of an offset, within its cell for notebooks."""
        if self.is_notebook and self.module is not None:
            found = self.module.cells.locate(offset)
            if found is not None:
                return Place(found.line + 1, found.column + 1, found.cell)
        lines: LineIndex = self.document.lines
        line, column = lines.line_column(offset)
        return Place(line + 1, column + 1)


@dataclass(frozen=True, slots=True)
class InputProblem:
    """Why a file cannot be analysed, in one sentence."""

    path: str
    message: str


def read_input(path: str, data: bytes | None = None) -> Input | InputProblem:
    """Read a file (or take the bytes given for it) as Python or as a notebook, by its name."""
    if data is None:
        content = read_bytes(Path(path))
        if isinstance(content, FileProblem):
            return InputProblem(path, content.message)
        data = content
    if path.endswith(".ipynb"):
        notebook = read_notebook(data)
        if isinstance(notebook, NotebookError):
            return InputProblem(path, notebook.message)
        module = virtual_module(notebook.cells if notebook.language == "python" else ())
        return Input(path, Document(path, 0, module.text, "notebook"), module, data, True)
    source = read_source(data)
    if isinstance(source, SourceError):
        return InputProblem(path, source.message)
    if needs_masking(source.text):
        module = mask_module(source.text)
        return Input(path, Document(path, 0, module.text, "python"), module, data)
    return Input(path, Document(path, 0, source.text, "python"), None, data)
