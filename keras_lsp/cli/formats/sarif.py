"""`sarif`: the Static Analysis Results Interchange Format 2.1.0 (OASIS), which code scanning services read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from keras_lsp import __version__
from keras_lsp.cli.formats.gitlab import relative_path
from keras_lsp.cli.report import Diagnostic, Location, Report
from keras_lsp.cli.terminal import Painter
from keras_lsp.rules.base import DOCUMENTATION

_LEVELS = {"error": "error", "warning": "warning", "info": "note", "hint": "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(report: Report, paint: Painter) -> Iterator[str]:
    """One run; the driver describes only the rules that found something."""
    del paint
    from keras_lsp.rules.registry import RULES

    items = list(report.diagnostics)
    found = {item.code for item in items}
    rules = [rule for rule in RULES if rule.code in found]
    index = {rule.code: position for position, rule in enumerate(rules)}
    problems = [file for file in report.files if file.problem is not None or file.failed]
    log: dict[str, Any] = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "keras-lsp",
                        "version": __version__,
                        "informationUri": DOCUMENTATION.removesuffix("rules/"),
                        "rules": [
                            {
                                "id": rule.code,
                                "name": rule.name,
                                "shortDescription": {"text": rule.summary},
                                "fullDescription": {"text": rule.summary},
                                "help": {"text": rule.documentation, "markdown": rule.documentation},
                                "helpUri": rule.url,
                                "defaultConfiguration": {"level": _LEVELS[rule.severity.value]},
                            }
                            for rule in rules
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not problems,
                        "toolExecutionNotifications": [
                            {
                                "level": "error",
                                "message": {"text": file.problem or "; ".join(file.internal)},
                                "locations": [{"physicalLocation": {"artifactLocation": _artifact(file.path)}}],
                            }
                            for file in problems
                        ],
                    }
                ],
                "results": [_result(item, index[item.code]) for item in items],
            }
        ],
    }
    yield json.dumps(log, indent=2) + "\n"


def _result(item: Diagnostic, rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": item.code,
        "ruleIndex": rule,
        "level": _LEVELS[item.severity],
        "message": {"text": _message(item)},
        "locations": [_place(item, item.location, item.end_location)],
    }
    if item.related:
        result["relatedLocations"] = [
            {**_place(item, other.location, None), "id": number, "message": {"text": other.message}}
            for number, other in enumerate(item.related)
            if other.cell == item.cell
        ]
    # Rows of a cell are no lines of the notebook's file, so edits of notebooks cannot be said.
    if item.fix is not None and item.cell is None:
        result["fixes"] = [
            {
                "description": {"text": item.fix.message},
                "artifactChanges": [
                    {
                        "artifactLocation": _artifact(item.filename),
                        "replacements": [
                            {
                                "deletedRegion": _region(edit.location, edit.end_location),
                                "insertedContent": {"text": edit.content},
                            }
                            for edit in item.fix.edits
                        ],
                    }
                ],
            }
        ]
    return result


def _message(item: Diagnostic) -> str:
    return item.message if item.cell is None else f"cell {item.cell}, line {item.location.row}: {item.message}"


def _place(item: Diagnostic, start: Location, end: Location | None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(item.filename)}
    if item.cell is None:
        place["region"] = _region(start, end or start)
    return {"physicalLocation": place}


def _region(start: Location, end: Location) -> dict[str, int]:
    return {"startLine": start.row, "startColumn": start.column, "endLine": end.row, "endColumn": end.column}


def _artifact(filename: str) -> dict[str, str]:
    relative = relative_path(filename)
    if Path(relative).is_absolute():
        return {"uri": Path(relative).as_uri()}
    return {"uri": quote(relative, errors="replace"), "uriBaseId": "%SRCROOT%"}
