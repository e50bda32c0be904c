"""`json`, a bare array, and `json-lines`, one object a line."""

from __future__ import annotations

import json as encoder
from collections.abc import Iterator
from typing import Any

from keras_lsp.cli.report import Diagnostic, Location, Repair, Report
from keras_lsp.cli.terminal import Painter


def json(report: Report, paint: Painter) -> Iterator[str]:
    """An array with an object for each finding, each on lines of its own so that it can be compared."""
    del paint
    rows = [encoder.dumps(describe(item), indent=2) for item in report.diagnostics]
    yield "[" + ",".join("\n" + _indent(row) for row in rows) + ("\n]\n" if rows else "]\n")


def json_lines(report: Report, paint: Painter) -> Iterator[str]:
    """One object a line."""
    del paint
    for item in report.diagnostics:
        yield encoder.dumps(describe(item)) + "\n"


def _indent(text: str) -> str:
    return "\n".join("  " + line for line in text.split("\n"))


def describe(item: Diagnostic) -> dict[str, Any]:
    """A finding as JSON values."""
    return {
        "filename": item.filename,
        "code": item.code,
        "name": item.name,
        "severity": item.severity,
        "message": item.message,
        "location": _location(item.location),
        "end_location": _location(item.end_location),
        "fix": None if item.fix is None else _fix(item.fix),
        "cell": item.cell,
        "url": item.url,
    }


def _location(location: Location) -> dict[str, int]:
    return {"row": location.row, "column": location.column}


def _fix(fix: Repair) -> dict[str, Any]:
    return {
        "applicability": fix.applicability,
        "message": fix.message,
        "edits": [
            {
                "content": edit.content,
                "location": _location(edit.location),
                "end_location": _location(edit.end_location),
            }
            for edit in fix.edits
        ],
    }
