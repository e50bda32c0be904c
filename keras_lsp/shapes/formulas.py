"""How sizes and parameter counts come about, in one line for people."""

from __future__ import annotations

from collections.abc import Iterable

from keras_lsp.shapes.dim import Dim


def number(value: Dim) -> str:
    """A size with thousands separated: 25,120."""
    return f"{value:,}" if isinstance(value, int) else str(value)


def array(values: Iterable[Dim]) -> str:
    """A list of sizes as NumPy prints it, which is how some of Keras's sentences show it: [3 3]."""
    items = [str(value) for value in values]
    widest = max(map(len, items), default=0) if "None" not in items else 0  # NumPy aligns numbers, not objects
    return f"[{' '.join(item.rjust(widest) for item in items)}]"


def window_formula(size: Dim, window: Dim, stride: Dim, result: Dim, *, padding: str) -> str | None:
    """The length that a window leaves: "floor((28 - 3) / 1) + 1 = 26"; none for a dynamic size."""
    if size is None or result is None:
        return None
    if padding == "valid":
        return f"floor(({size} - {window}) / {stride}) + 1 = {result}"
    return f"ceil({size} / {stride}) = {result}"


def parameter_formula(terms: str, total: Dim) -> str:
    """A count and how it comes about: "(784 + 1) * 32 = 25,120"."""
    return f"{terms} = {number(total)}"
