"""`github`: workflow commands, which GitHub shows as annotations of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.cli.report import Report
from keras_lsp.cli.terminal import Painter, escape

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice", "hint": "notice"}


def github(report: Report, paint: Painter) -> Iterator[str]:
    """`::error title=...,file=...,line=...::message`. A cell's rows are no lines of the file, so a notebook gets line 1."""
    del paint
    for item in report.diagnostics:
        if item.cell is None:
            rows = f"line={item.location.row},col={item.location.column}"
            # GitHub takes an end column only where the end is on the same line.
            rows += f",endLine={item.end_location.row}"
            if item.end_location.row == item.location.row:
                rows += f",endColumn={item.end_location.column}"
        else:
            rows = "line=1"
        title = _property(f"keras-lsp ({item.code})")
        message = _data(f"{item.place}: {item.code} {item.message}")
        yield f"::{_COMMANDS[item.severity]} title={title},file={_property(item.filename)},{rows}::{message}\n"


def _data(text: str) -> str:
    text = "".join(character if character in "\r\n" else escape(character) for character in text)
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
