"""Programs with cursors: `¦` marks one, and is taken out before the analysis."""

from __future__ import annotations

from keras_lsp.analysis import Analysis
from tests.scenarios import analyse

CURSOR = "¦"


def at_cursor(source: str, version: str = "3.15") -> tuple[Analysis, int]:
    """The analysis of a program and the offset of its cursor."""
    assert source.count(CURSOR) == 1
    return analyse(source.replace(CURSOR, ""), version), source.index(CURSOR)


def cursors(source: str, version: str = "3.15") -> list[tuple[Analysis, int]]:
    """The analysis of a program, and the offsets of all its cursors."""
    parts = source.split(CURSOR)
    analysis = analyse("".join(parts), version)
    offsets: list[int] = []
    position = 0
    for part in parts[:-1]:
        position += len(part)
        offsets.append(position)
    return [(analysis, offset) for offset in offsets]
