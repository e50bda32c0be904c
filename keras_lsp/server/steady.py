"""Inlay hints that stay while somebody types.

Half of a statement says less than all of it: at `x = ` what `x` was is gone, and so would be the hints of all lines that follow,
to come back a key stroke later. So a hint whose line nobody touches stays until nobody has typed for `PAUSE`, or `THOUGHT` where a
statement is plainly half of one; then the client is asked to ask again, and gets what holds. A shape that is known is always the
newest one: nothing is kept in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from keras_lsp.features.types import InlayHint
from keras_lsp.inference.facts import Span

PAUSE = 2.0
"""Seconds without a change after which a hint that does not hold any more goes: longer than between two words that are typed."""

THOUGHT = 20.0
"""The same where the text is not one that Python takes, so that somebody is in the middle of a statement."""


@dataclass
class Shown:
    """What a client was last told about one text: hints by the start of their line; they may outlive the text until `until`."""

    text: str = ""
    hints: dict[int, InlayHint] = field(default_factory=dict[int, InlayHint])
    until: float = 0.0

    def update(
        self, text: str, span: Span, fresh: Iterable[InlayHint], now: float, half: bool = False
    ) -> tuple[list[InlayHint], float]:
        """The hints to show in a span, where `fresh` hold; and for how many seconds others among them may be shown, 0 for none.

        `half` says that the text is not one that Python takes.
        """
        if text != self.text:
            self.hints = _carried(self.text, text, self.hints) if self.hints else {}
            self.text = text
            self.until = now + (THOUGHT if half else PAUSE)
        shown = {_line_start(text, hint.offset): hint for hint in fresh}
        fresh_count = len(shown)
        for start, hint in list(self.hints.items()):
            if not span.start <= hint.offset <= span.end:
                continue
            if now < self.until:
                shown.setdefault(start, hint)
            else:
                del self.hints[start]
        self.hints.update(shown)
        return [shown[start] for start in sorted(shown)], self.until - now if len(shown) > fresh_count else 0.0


def _line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def _carried(before: str, after: str, hints: dict[int, InlayHint]) -> dict[int, InlayHint]:
    """The hints of lines that a change did not touch, at their new places."""
    most = min(len(before), len(after))
    same = _longest(most, lambda low, high: before[low:high] == after[low:high])
    kept = _longest(
        most - same,
        lambda low, high: before[len(before) - high : len(before) - low] == after[len(after) - high : len(after) - low],
    )
    first = _line_start(before, same)
    last = len(before) - kept
    shift = len(after) - len(before)
    found: dict[int, InlayHint] = {}
    for start, hint in hints.items():
        if start < first:
            found[start] = hint
        elif start >= last and _line_start(after, start + shift) == start + shift:
            found[start + shift] = replace(hint, offset=hint.offset + shift)
    return found


def _longest(most: int, equal: Callable[[int, int], bool]) -> int:
    """How many characters are equal in a row, where `equal` compares those from one number to another."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if equal(low, middle):
            low = middle
        else:
            high = middle - 1
    return low
