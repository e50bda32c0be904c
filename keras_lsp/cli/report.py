"""What a run of `check` found, as plain data: everything that an output format prints, in places that people count in.

Reports travel between processes, so they hold no analysis: texts are cut out where they are needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_lsp.cli.inputs import Input
    from keras_lsp.rules.base import Finding, Fix

MAX_LINES = 3
"""Source lines shown of a finding; a longer one is a whole model, whose beginning is enough to know it by."""


@dataclass(frozen=True, slots=True)
class Location:
    """Row and column from 1, in code points, within the cell for notebooks."""

    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Replacement:
    """Text to put between two places."""

    content: str
    location: Location
    end_location: Location
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """The first fix of a finding; `applicability` is "safe", "unsafe" or "display"."""

    message: str
    applicability: str
    edits: tuple[Replacement, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """Another place, and what it has to do with the finding."""

    message: str
    location: Location
    cell: int | None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding; `lines` are the source lines from `location.row` on, at most MAX_LINES, `more` how many are left out."""

    filename: str
    code: str
    name: str
    severity: str
    message: str
    location: Location
    end_location: Location
    cell: int | None
    url: str
    fix: Repair | None
    related: tuple[Related, ...]
    lines: tuple[str, ...]
    more: int

    @property
    def place(self) -> str:
        """`model.py:4:5`, `notes.ipynb:cell 3:2:1`."""
        return place_text(self.filename, self.location, self.cell)


def place_text(filename: str, location: Location, cell: int | None) -> str:
    """A place as terminals and editors recognise it."""
    where = f"{filename}:cell {cell}" if cell is not None else filename
    return f"{where}:{location.row}:{location.column}"


@dataclass(slots=True)
class Coverage:
    """How many tensors of a program have a known shape, and why the others have not."""

    known: int = 0
    total: int = 0
    reasons: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, other: Coverage) -> None:
        """Count another file in."""
        self.known += other.known
        self.total += other.total
        for reason, count in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count


@dataclass(slots=True)
class FileReport:
    """One file.

    Attributes:
        problem: why it could not be read, in one sentence.
        internal: what went wrong in keras-lsp itself, with an id, one line each; `failed` if there are no findings for it.
        notes: what the settings of this file say that cannot be taken.
        doubt: why not all of it was understood, in one sentence.
        known: how many findings the baseline knows.
        fixed: how many findings were fixed, by code.
        diff: what `--diff` prints.
        content: the fixed text of standard input.
        disagreements: where Keras says otherwise (`--verify`); `verified` counts what it was asked.
        keys: the baseline's lines for this file, when one is written.
        sources: digests of the modules that the analysis asked for, by path, `None` for those that were not there; `data` is the
            digest of the file itself. Both are absent where nobody keeps the report.
    """

    path: str
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    problem: str | None = None
    internal: list[str] = field(default_factory=list[str])
    failed: bool = False
    notes: tuple[str, ...] = ()
    doubt: str | None = None
    known: int = 0
    fixed: dict[str, int] = field(default_factory=dict[str, int])
    diff: str = ""
    content: bytes | None = None
    coverage: Coverage | None = None
    disagreements: list[str] = field(default_factory=list[str])
    verified: int = 0
    undecided: dict[str, int] = field(default_factory=dict[str, int])
    keys: dict[tuple[str, str, str], int] = field(default_factory=dict[tuple[str, str, str], int])
    sources: dict[str, str | None] | None = None
    data: str | None = None


@dataclass(slots=True)
class Report:
    """All files of a run, in the order in which they were found."""

    files: list[FileReport] = field(default_factory=list[FileReport])

    @property
    def diagnostics(self) -> Iterator[Diagnostic]:
        """All findings."""
        for file in self.files:
            yield from file.diagnostics

    @property
    def fixed(self) -> int:
        """How many findings were fixed."""
        return sum(sum(file.fixed.values()) for file in self.files)


def describe(source: Input, finding: Finding) -> Diagnostic:
    """A finding in rows and columns of its file."""
    location, end, cell = span_of(source, *finding.span)
    lines = source.lines(cell)
    last = max(end.row, location.row)
    shown = [lines.content(row - 1) for row in range(location.row, min(last, location.row + MAX_LINES - 1) + 1)]
    related: list[Related] = []
    for span, message in finding.related:
        place, _, place_cell = span_of(source, *span)
        related.append(Related(message, place, place_cell))
    return Diagnostic(
        filename=source.path,
        code=finding.code,
        name=finding.name,
        severity=finding.severity.value,
        message=finding.message,
        location=location,
        end_location=end,
        cell=cell,
        url=finding.url,
        fix=_repair(source, finding.fixes[0]) if finding.fixes else None,
        related=tuple(related),
        lines=tuple(shown),
        more=last - location.row + 1 - len(shown),
    )


def span_of(source: Input, start: int, end: int) -> tuple[Location, Location, int | None]:
    """Rows and columns of a span, and its cell; a span that leaves its cell ends where the cell does."""
    first, last = source.place(start), source.place(end)
    if last.cell != first.cell:
        last = source.place(source.cell_end(start))
    return Location(first.line, first.column), Location(last.line, last.column), first.cell


def _repair(source: Input, fix: Fix) -> Repair:
    edits: list[Replacement] = []
    for edit in fix.edits:
        start, end, cell = span_of(source, edit.start, edit.end)
        edits.append(Replacement(edit.new_text, start, end, cell))
    return Repair(fix.title, fix.applicability.value, tuple(edits))
