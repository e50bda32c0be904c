"""`full` and `concise`, for people."""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.cli.report import Diagnostic, Report, place_text
from keras_lsp.cli.terminal import WIDTH, Painter, columns, escape, wrap

MAX_SHOWN = 2 * WIDTH
"""Columns shown of a source line; what is longer is data, and would bury the message."""


def concise(report: Report, paint: Painter) -> Iterator[str]:
    """One line each: `model.py:4:5: KER201 [*] message`."""
    for item in report.diagnostics:
        mark = f" {paint('fix', '[*]')}" if item.fix is not None and item.fix.applicability == "safe" else ""
        code = paint(item.severity, item.code)
        yield f"{paint('bold', escape(item.place))}: {code}{mark} {escape(item.message)}\n"


def full(report: Report, paint: Painter) -> Iterator[str]:
    """The message, the source with carets below, other places that explain it, the fix."""
    for item in report.diagnostics:
        head = paint(item.severity, f"{item.severity}[{item.code}]")
        yield f"{paint('bold', escape(item.place))}: {head} {item.name}\n"
        yield wrap(item.message, "  ") + "\n"
        yield from _source(item, paint)
        for other in item.related:
            place = escape(place_text(item.filename, other.location, other.cell))
            yield wrap(f"{place}: {other.message}", "    ", "  = ") + "\n"
        if item.fix is not None:
            how = {"safe": "--fix", "unsafe": "--fix --unsafe-fixes"}.get(item.fix.applicability)
            text = f"fix: {item.fix.message}" + (f" (`{how}`)" if how else "")
            yield paint("fix", wrap(text, "    ", "  = ")) + "\n"
        yield "\n"


def _source(item: Diagnostic, paint: Painter) -> Iterator[str]:
    width = len(str(item.location.row + len(item.lines) - 1))
    bar = paint("dim", f"{'':{width}} |")
    yield bar + "\n"
    for index, line in enumerate(item.lines):
        row = item.location.row + index
        start = item.location.column - 1 if index == 0 else 0
        end = item.end_location.column - 1 if row == item.end_location.row else len(line.rstrip())
        shown, low, high = _cut(line, start, max(end, start))
        left = paint("dim", f"{row:{width}} |")
        yield f"{left} {escape(shown)}".rstrip() + "\n"
        if index == 0:  # below the others they would only say that the finding goes on
            carets = "^" * max(columns(escape(shown[low:high])), 1)
            yield f"{bar} {' ' * columns(escape(shown[:low]))}{paint(item.severity, carets)}\n"
    if item.more:
        yield f"{bar} {paint('dim', f'... {item.more} more lines')}\n"
    yield bar + "\n"


def _cut(line: str, start: int, end: int) -> tuple[str, int, int]:
    """A part of a line that holds the span's beginning, and where the span is in it."""
    if len(line) <= MAX_SHOWN:
        return line, start, end
    low = max(start - WIDTH // 2, 0)
    high = low + MAX_SHOWN
    before = "…" if low else ""
    after = "…" if high < len(line) else ""
    shift = len(before) - low
    return before + line[low:high] + after, start + shift, min(end, high) + shift
