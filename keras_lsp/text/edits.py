"""Text edits in offsets: checked, applied, shown as a diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from keras_lsp.text.lines import LineIndex


@dataclass(frozen=True, slots=True, order=True)
class TextEdit:
    """Replace the text from `start` to `end` (exclusive), in code points, by `new_text`."""

    start: int
    end: int
    new_text: str


def overlaps(first: TextEdit, second: TextEdit) -> bool:
    """Whether both edits touch the same text, or insert at the same place, so that their order would matter."""
    if first.start == second.start:
        return True
    early, late = (first, second) if first.start < second.start else (second, first)
    return late.start < early.end


def compatible(edits: Iterable[TextEdit]) -> bool:
    """Whether all edits can be applied together; the same edit twice counts once."""
    ordered = sorted(set(edits))
    return not any(overlaps(first, second) for first, second in pairwise(ordered))


def merge(groups: Iterable[Sequence[TextEdit]]) -> tuple[list[TextEdit], list[int]]:
    """The edits of all groups that fit together, taken whole and in turn, and the indices of the groups taken."""
    taken: list[TextEdit] = []
    indices: list[int] = []
    for index, group in enumerate(groups):
        if not compatible(group):
            continue
        if all(new == old or not overlaps(new, old) for new in group for old in taken):
            taken.extend(edit for edit in group if edit not in taken)
            indices.append(index)
    return sorted(taken), indices


def apply_edits(text: str, edits: Iterable[TextEdit]) -> str:
    """`text` after all edits, which speak of the text as given; raises ValueError for edits that overlap or lie outside."""
    pieces: list[str] = []
    position = 0
    previous: TextEdit | None = None
    for edit in sorted(set(edits)):
        if not 0 <= edit.start <= edit.end <= len(text):
            raise ValueError(f"edit outside the text: {edit.start}-{edit.end} of {len(text)}")
        if previous is not None and overlaps(previous, edit):
            raise ValueError(f"edits overlap at {edit.start}")
        pieces += (text[position : edit.start], edit.new_text)
        position, previous = edit.end, edit
    return "".join([*pieces, text[position:]])


def unified_diff(before: str, after: str, name: str, context: int = 3) -> str:
    """The change from `before` to `after` as `patch` reads it; empty when they are equal."""
    lines: list[str] = []
    for line in difflib.unified_diff(_split(before), _split(after), name, name, n=context):
        if line.endswith(("\n", "\r")):
            lines.append(line)
        else:
            lines.append(line + "\n\\ No newline at end of file\n")
    return "".join(lines)


def _split(text: str) -> list[str]:
    """Lines with their line breaks."""
    index = LineIndex(text)
    lines = [text[index.start(line) : index.start(line + 1)] for line in range(index.count)]
    return lines if lines[-1] else lines[:-1]
