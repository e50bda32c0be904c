"""`check --statistics`: how often each rule reports, and how many shapes are known."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from keras_lsp.cli.report import Coverage, Report
from keras_lsp.cli.terminal import escape

MAX_REASONS = 10
"""Reasons shown for shapes that are not known; the rest is summed up."""


def coverage_of(report: Report) -> Coverage:
    """The coverage of all files."""
    total = Coverage()
    for file in report.files:
        if file.coverage is not None:
            total.add(file.coverage)
    return total


def statistics(report: Report, *, as_json: bool) -> Iterator[str]:
    """Counts by rule, most frequent first, then the coverage."""
    counts = Counter((item.code, item.name) for item in report.diagnostics)
    fixable = {item.code for item in report.diagnostics if item.fix is not None and item.fix.applicability == "safe"}
    coverage = coverage_of(report)
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    if as_json:
        result: dict[str, Any] = {
            "rules": [
                {"code": code, "name": name, "count": count, "fixable": code in fixable} for (code, name), count in rows
            ],
            "coverage": {
                "known": coverage.known,
                "total": coverage.total,
                "reasons": [{"reason": reason, "count": count} for reason, count in _reasons(coverage)],
            },
        }
        yield json.dumps(result, indent=2) + "\n"
        return
    width = max((len(str(count)) for count in counts.values()), default=0)
    for (code, name), count in rows:
        yield f"{count:{width}}\t{code}\t{'[*]' if code in fixable else '[ ]'} {name}\n"
    if not rows:
        yield "No findings.\n"
    if coverage.total:
        share = coverage.known / coverage.total
        yield f"\nShapes known: {coverage.known:,} of {coverage.total:,} ({share:.1%})\n"
    reasons = _reasons(coverage)
    for reason, count in reasons[:MAX_REASONS]:
        yield f"{count:7,}  {escape(reason)}\n"
    rest = sum(count for _, count in reasons[MAX_REASONS:])
    if rest:
        yield f"{rest:7,}  for other reasons\n"


def _reasons(coverage: Coverage) -> list[tuple[str, int]]:
    return sorted(coverage.reasons.items(), key=lambda item: (-item[1], item[0]))
