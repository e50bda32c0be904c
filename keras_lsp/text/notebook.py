"""A notebook as one virtual module: its Python cells, in the order of the document, joined line by line.

Every character of a Python cell has its place in the module, so that positions map by subtraction. What IPython understands and
Python does not (magics, shell commands, help) is masked by text of the same length that Python understands: a hole of unknown
value where the line gives one, nothing otherwise. Cells in other languages, by `%%bash` and the like, are blank.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, cast

from keras_lsp.text.limits import MAX_NOTEBOOK_BYTES, MAX_NOTEBOOK_CELLS, MAX_SOURCE_BYTES
from keras_lsp.text.lines import LineIndex
from keras_lsp.text.tokens import HOLE, scan

CellKind = Literal["code", "markdown", "raw"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as written; `index` counts all cells from 0."""

    index: int
    kind: CellKind
    source: str


@dataclass(frozen=True, slots=True)
class Notebook:
    """The cells of a notebook and the language of its code."""

    cells: tuple[Cell, ...]
    language: str = "python"


@dataclass(frozen=True, slots=True)
class NotebookError:
    """Why some bytes are no notebook, in one sentence."""

    message: str


def read_notebook(data: bytes | str) -> Notebook | NotebookError:
    """Read an `.ipynb` file of format 3 or 4, taking what is there where it deviates from the format."""
    if len(data) > MAX_NOTEBOOK_BYTES:
        return NotebookError(
            f"notebook too large ({len(data) / 1e6:.0f} MB; the limit is {MAX_NOTEBOOK_BYTES / 1e6:g} MB)"
        )
    try:
        if isinstance(data, bytes):
            data = data.decode("utf-8-sig")
        content: Any = json.loads(data.removeprefix("\ufeff"))
    except UnicodeDecodeError:
        return NotebookError("notebook is not UTF-8")
    except json.JSONDecodeError as error:
        return NotebookError(f"notebook is not JSON: {error.msg} on line {error.lineno}")
    except (ValueError, RecursionError):
        return NotebookError("notebook is not JSON that can be read: it is nested too deeply or holds numbers too long")
    if not isinstance(content, dict):
        return NotebookError("notebook is JSON, but not an object with cells")
    top = cast(dict[str, Any], content)
    raw: list[Any] = []
    if isinstance(top.get("cells"), list):
        raw = top["cells"]
    elif isinstance(top.get("worksheets"), list):  # format 3
        for sheet in top["worksheets"]:
            if isinstance(sheet, dict) and isinstance(cells := cast(dict[str, Any], sheet).get("cells"), list):
                raw += cells
    else:
        return NotebookError("notebook is JSON, but has no list of cells")
    if len(raw) > MAX_NOTEBOOK_CELLS:
        return NotebookError(f"notebook has {len(raw)} cells; the limit is {MAX_NOTEBOOK_CELLS}")
    cells = tuple(_cell(index, item) for index, item in enumerate(raw))
    size = sum(len(cell.source) for cell in cells if cell.kind == "code")
    if size > MAX_SOURCE_BYTES:
        return NotebookError(f"notebook holds too much code for shape analysis ({size / 1e6:.1f} MB)")
    return Notebook(cells, _language(top))


def _cell(index: int, item: Any) -> Cell:
    if not isinstance(item, dict):
        return Cell(index, "raw", "")
    cell = cast(dict[str, Any], item)
    source: Any = cell.get("source", cell.get("input", ""))  # "input" in format 3
    if isinstance(source, list):
        source = "".join(line for line in cast(list[Any], source) if isinstance(line, str))
    kind = cell.get("cell_type")
    language = cell.get("language")  # format 3 says it for each cell
    code = kind == "code" and (not isinstance(language, str) or language.lower() in _PYTHON)
    return Cell(
        index,
        "code" if code else "markdown" if kind == "markdown" else "raw",
        source if isinstance(source, str) else "",
    )


_PYTHON = frozenset({"python", "python2", "python3", "ipython", "ipython2", "ipython3"})


def _language(top: dict[str, Any]) -> str:
    """The language of the code: `metadata.language_info.name` or the kernel's; Python when nothing is said."""
    metadata: Any = top.get("metadata")
    if isinstance(metadata, dict):
        for section, key in (("language_info", "name"), ("kernelspec", "language")):
            part: Any = cast(dict[str, Any], metadata).get(section)
            if isinstance(part, dict) and isinstance(name := cast(dict[str, Any], part).get(key), str):
                return "python" if name.lower() in _PYTHON else name.lower()
    return "python"


# --- The virtual module ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CellPosition:
    """A place in a cell: index among all cells from 0, offset in the cell's own text, line and column from 0 in code points."""

    cell: int
    offset: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class CellSpan:
    """A code cell in the module: `start` to `end` is its text, of the same length as `source`, which is the cell as written."""

    index: int
    start: int
    end: int
    source: str


class CellMap:
    """Where the cells lie in the module; an offset between two cells belongs to the end of the one before."""

    __slots__ = ("_by_index", "_lines", "_starts", "spans")

    def __init__(self, spans: Sequence[CellSpan]) -> None:
        self.spans = tuple(spans)
        self._starts = [span.start for span in spans]
        self._by_index = {span.index: span for span in spans}
        self._lines: dict[int, LineIndex] = {}

    def span(self, cell: int) -> CellSpan | None:
        """The span of a cell by its index among all cells; None for one that is not in the module."""
        return self._by_index.get(cell)

    def span_at(self, offset: int) -> CellSpan | None:
        """The cell at an offset of the module; None in a module without cells."""
        if not self.spans:
            return None
        return self.spans[max(bisect_right(self._starts, offset) - 1, 0)]

    def lines(self, cell: int) -> LineIndex:
        """The line index of a cell's own text."""
        if cell not in self._lines:
            span = self._by_index.get(cell)
            self._lines[cell] = LineIndex(span.source if span else "")
        return self._lines[cell]

    def locate(self, offset: int) -> CellPosition | None:
        """Where an offset of the module is in its cell."""
        span = self.span_at(offset)
        if span is None:
            return None
        inside = min(max(offset - span.start, 0), span.end - span.start)
        return CellPosition(span.index, inside, *self.lines(span.index).line_column(inside))

    def offset(self, cell: int, line: int, column: int) -> int | None:
        """The offset in the module of a line and column, in code points, of a cell; None for a cell that is not in it."""
        span = self._by_index.get(cell)
        return None if span is None else span.start + self.lines(cell).offset(line, column)

    def offset_of(self, cell: int, offset: int) -> int | None:
        """The offset in the module of an offset in a cell."""
        span = self._by_index.get(cell)
        return None if span is None else span.start + min(max(offset, 0), span.end - span.start)


@dataclass(frozen=True)
class VirtualModule:
    """One text for a notebook.

    `text` is what to parse, with `sections` as the spans to parse each by itself; `source` has the same characters where nothing
    is masked and the original ones where something is. `masked` are the spans where both differ, sorted: no edit may touch them.
    """

    text: str
    source: str
    cells: CellMap
    masked: tuple[tuple[int, int], ...] = ()

    @property
    def sections(self) -> tuple[tuple[int, int], ...]:
        """The spans of the cells, for `keras_lsp.syntax.parse.parse`."""
        return tuple((span.start, span.end) for span in self.cells.spans)

    @cached_property
    def _mask_starts(self) -> list[int]:
        return [start for start, _ in self.masked]

    def is_masked(self, start: int, end: int) -> bool:
        """Whether any character between `start` and `end` is not what the author wrote."""
        index = bisect_right(self._mask_starts, start) - 1
        if index >= 0 and start < self.masked[index][1]:
            return True
        return index + 1 < len(self.masked) and self.masked[index + 1][0] < end


def virtual_module(cells: Sequence[Cell]) -> VirtualModule:
    """Join the code cells; all other cells keep their numbers and contribute nothing."""
    texts: list[str] = []
    sources: list[str] = []
    spans: list[CellSpan] = []
    masked: list[tuple[int, int]] = []
    position = 0
    for cell in cells:
        if cell.kind != "code":
            continue
        text, masks = mask_cell(cell.source)
        spans.append(CellSpan(cell.index, position, position + len(text), cell.source))
        masked += ((position + start, position + end) for start, end in masks)
        # One line break after each cell; after a lone carriage return a single line feed would only complete it.
        separator = "\n\n" if cell.source.endswith("\r") else "\n"
        texts += (text, separator)
        sources += (cell.source, separator)
        position += len(text) + len(separator)
    return VirtualModule("".join(texts), "".join(sources), CellMap(spans), tuple(masked))


def mask_module(text: str) -> VirtualModule:
    """The same for a text that is a notebook already joined, or a script with magics or `# %%` cell markers.

    Sections begin at the markers and, in the form that JupyterLab sends, after five blank lines. Cells are numbered from 0.
    A text that Python understands as it is stays whole.
    """
    starts = [0]
    for match in () if _parses(text) else _MARKER.finditer(text):
        start = match.start() if match["marker"] else match.end()
        if 0 < start < len(text) and start > starts[-1]:
            starts.append(start)
    texts: list[str] = []
    masked: list[tuple[int, int]] = []
    spans: list[CellSpan] = []
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(text)], strict=True)):
        piece, masks = mask_cell(text[start:end])
        texts.append(piece)
        masked += ((start + low, start + high) for low, high in masks)
        spans.append(CellSpan(number, start, end, text[start:end]))
    return VirtualModule("".join(texts), text, CellMap(spans), tuple(masked))


_MARKER = re.compile(r"^(?:(?P<marker>\#[ \t]*%%.*$)|(?:[ \t]*(?:\r\n|\r|\n)){5,}(?=\S))", re.MULTILINE)


def needs_masking(text: str) -> bool:
    """Whether a `.py` text may hold magics or cell markers; cheap, and right about ordinary programs."""
    return _MAYBE_MAGIC.search(text) is not None


_MAYBE_MAGIC = re.compile(
    r"^[ \t]*(?:%%?[A-Za-z]|![^=]|\?{1,2}[A-Za-z%]|\#[ \t]*%%|[\w.]+\?{1,2}[ \t]*$)|=[ \t]*(?:%[A-Za-z]|!(?!=))|(?:\n[ \t]*){6}",
    re.MULTILINE,
)

# --- Magics ---------------------------------------------------------------------------------------------------------------

_PYTHON_CELL_MAGICS = frozenset(
    {"time", "capture", "prun", "wandb", "snakeviz", "heat", "scalene", "memit", "mprun", "lprun"}
)
"""Cell magics that run the cell in the notebook's own names. `%%timeit` is not one: what its body assigns is lost."""

_STATEMENT_MAGICS = frozenset({"time", "prun"})
"""Line magics that run the rest of the line in the notebook's own names."""

_UNKNOWN_VALUES = ("get_ipython()", HOLE)
"""What stands for a value that only IPython knows: its own entry point where that fits, else a hole."""

_CELL_MAGIC = re.compile(r"\s*%%(?P<name>[A-Za-z_]\w*)?")
_LINE = re.compile(r"(?P<indent>[ \t\f]*)(?P<mark>%%?|!!?|\?\??)(?P<rest>\S?.*)")
_ASSIGNED = re.compile(r"(?P<head>[ \t\f]*[^\W\d][\w.,\[\]'\" \t*()]*?=[ \t]*)(?P<mark>[%!])(?P<rest>[^\s=].*)")
_HELP = re.compile(r"[ \t\f]*%{0,2}[\w.*\[\]'\"()]+\?{1,2}[ \t]*(?:\#.*)?")


def mask_cell(source: str) -> tuple[str, list[tuple[int, int]]]:
    """A cell as Python understands it, of the same length and with the same lines; and the spans that were masked."""
    magic = _CELL_MAGIC.match(source)
    masks: list[tuple[int, int]] = []
    body = 0
    if magic and not magic["name"]:
        return _blank(source), [(0, len(source))] if source else []
    if magic:
        if magic["name"].lower() not in _PYTHON_CELL_MAGICS:
            return _blank(source), [(0, len(source))]
        body = _line_end(source, magic.end())
        masks.append((magic.start(), body))
    if not needs_masking(source[body:]) or _parses(source[body:]):
        return _blank(source[:body]) + source[body:], masks
    text = _blank(source[:body]) + source[body:]
    # A line that is masked changes how the ones after it read, so the scan goes on in the text as masked so far.
    for start, end, masked in _magic_lines(text):
        text = text[:start] + masked + text[end:]
        masks.append((start, end))
    return text, masks


def _magic_lines(text: str) -> Iterator[tuple[int, int, str]]:
    """The lines that only IPython understands: where, and the text to put there. Lines inside strings and brackets are none."""
    position = 0
    while position < len(text):
        end = _line_end(text, position)
        line = text[position:end]
        found = _mask_line(line)
        if found is not None:
            offset, form = found
            while text[end - 1] == "\\" and end < len(text):  # a command goes on in the next line
                end = _line_end(text, _after_break(text, end))
            yield position + offset, end, _fill(text[position + offset : end], form)
            position = _after_break(text, end)
        else:
            position = _after_statement(text, position, end)


def _mask_line(line: str) -> tuple[int, tuple[str, ...]] | None:
    """Where in a line the mask begins and what it may say, the best first; None for a line of Python."""
    if match := _LINE.fullmatch(line):
        start = match.end("indent")
        mark, rest = match["mark"], match["rest"]
        if mark == "%" and (statement := re.match(r"([A-Za-z]\w*)([ \t]+)(?=[^\W\d-])", rest)):
            name = statement[1]
            code = rest[statement.end() :]
            if name in _STATEMENT_MAGICS and _parses(code):
                # The name of the magic leaves room for this, and the code stays in its columns.
                return start, ("pass;" + " " * (len(rest) - len(code) - 4) + code,)
        return start, ("pass", "0")
    if match := _ASSIGNED.fullmatch(line):
        head = match["head"]
        if _parses(head.strip() + " 0"):
            return match.start("mark"), _UNKNOWN_VALUES
    if _HELP.fullmatch(line):
        return len(line) - len(line.lstrip()), ("pass", "0")
    return None


def _fill(text: str, forms: tuple[str, ...]) -> str:
    blank = _blank(text)
    room = re.match(r"[^\r\n]*", blank)
    width = room.end() if room else 0
    form = next((form for form in forms if len(form) <= width), "")
    return form + blank[len(form) :]


def _after_statement(text: str, start: int, end: int) -> int:
    """Where the line after the statement that begins at `start` starts: behind its brackets, strings and continuations."""
    rest = text[start:end]
    if not any(character in rest for character in "([{\\'\""):
        return _after_break(text, end)
    depth = 0
    for token in scan(text, start):
        if token.kind == "op" and token.end - token.start == 1:
            character = text[token.start]
            depth += (character in "([{") - (character in ")]}")
        elif token.kind == "newline" and depth <= 0:
            return token.end
        elif token.kind == "string" and not token.closed:
            break
    return _after_break(text, end)


def _line_end(text: str, position: int) -> int:
    match = _BREAK.search(text, position)
    return match.start() if match else len(text)


_BREAK = re.compile(r"\r\n|\r|\n")


def _after_break(text: str, end: int) -> int:
    match = _BREAK.match(text, end)
    return match.end() if match else len(text)


def _blank(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


@lru_cache(maxsize=64)
def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
