"""`gitlab`: the code quality report of GitLab, a subset of the Code Climate format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_lsp.cli.report import Report
from keras_lsp.cli.terminal import Painter

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info", "hint": "info"}


def gitlab(report: Report, paint: Painter) -> Iterator[str]:
    """An array; fingerprints do not depend on line numbers, so that GitLab knows a finding again when it moves."""
    del paint
    seen: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    for item in report.diagnostics:
        path = relative_path(item.filename)
        text = "\0".join((path, item.code, *item.lines[:1]))
        count = seen[text] = seen.get(text, 0) + 1
        start, end = item.location, item.end_location
        rows.append(
            {
                "check_name": item.code,
                "description": f"{item.code}: {item.message}",
                "severity": _SEVERITIES[item.severity],
                "fingerprint": hashlib.sha256(f"{text}\0{count}".encode("utf-8", "surrogatepass")).hexdigest(),
                "location": {
                    "path": path,
                    "positions": {
                        "begin": {"line": start.row, "column": start.column},
                        "end": {"line": end.row, "column": end.column},
                    },
                },
            }
        )
    yield json.dumps(rows, indent=2) + "\n"


def relative_path(filename: str) -> str:
    """A path as reports of a repository have it: relative to the working folder where it lies in it, with `/`."""
    path = Path(filename)
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except (OSError, ValueError, RuntimeError):
        return path.as_posix()
