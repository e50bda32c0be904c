"""The table that `model.summary()` prints, as text, in the look of each generation."""

from __future__ import annotations

from collections.abc import Sequence

from keras_lsp.features.lookup import shape_text
from keras_lsp.inference.facts import ModelFact, ModelLayer
from keras_lsp.shapes.dim import Dim

_COLUMNS = ("Layer (type)", "Output Shape", "Param #", "Connected to")


def model_summary(model: ModelFact, generation: int = 3) -> str:
    """The summary of a model; sizes that are not known are `?`."""
    connected = model.class_name != "Sequential" and any(len(row.inbound) > 1 for row in model.rows)
    rows = [_row(row, connected) for row in model.rows]
    title = f'Model: "{model.name}"'
    body = f"({model.reason or 'no layers are known'})"
    if rows:
        body = _boxes(rows, connected) if generation == 3 else _ruled(rows, connected)
    return "\n".join((title, body, *_totals(model, generation)))


def _row(row: ModelLayer, connected: bool) -> list[str]:
    indent = "  " * row.depth
    cells = [f"{indent}{row.name} ({row.class_name})", shape_text(row.output) or "?", _count(row.params)]
    return [*cells, ", ".join(row.inbound)] if connected else cells


def _count(params: Dim) -> str:
    return f"{params:,}" if isinstance(params, int) else "?" if params is None else str(params)


def _widths(rows: Sequence[Sequence[str]], connected: bool) -> list[int]:
    heads = _COLUMNS if connected else _COLUMNS[:3]
    return [
        max(len(head), *(len(row[index]) for row in rows)) if rows else len(head) for index, head in enumerate(heads)
    ]


def _boxes(rows: Sequence[Sequence[str]], connected: bool) -> str:
    """Keras 3: boxes, numbers to the right."""
    widths = _widths(rows, connected)
    heads = (_COLUMNS if connected else _COLUMNS[:3])[: len(widths)]

    def line(left: str, middle: str, right: str, fill: str) -> str:
        return left + middle.join(fill * (width + 2) for width in widths) + right

    def cells(row: Sequence[str], side: str) -> str:
        padded = [c.rjust(w) if i == 2 else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        return side + side.join(f" {cell} " for cell in padded) + side

    lines = [line("┏", "┳", "┓", "━"), cells(heads, "┃"), line("┡", "╇", "┩", "━")]
    for index, row in enumerate(rows):
        if index:
            lines.append(line("├", "┼", "┤", "─"))
        lines.append(cells(row, "│"))
    lines.append(line("└", "┴", "┘", "─"))
    return "\n".join(lines)


def _ruled(rows: Sequence[Sequence[str]], connected: bool) -> str:
    """Keras 2: ruled lines, columns at fixed places where they fit."""
    widths = _widths(rows, connected)
    least = (28, 26, 10, 20)
    widths = [max(width + 1, minimum) for width, minimum in zip(widths, least, strict=False)]
    total = max(sum(widths), 65)
    heads = _COLUMNS if connected else _COLUMNS[:3]

    def cells(row: Sequence[str]) -> str:
        return "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()

    lines = ["_" * total, cells(heads), "=" * total]
    for index, row in enumerate(rows):
        if index:
            lines.append("")
        lines.append(cells(row))
    lines.append("=" * total)
    return "\n".join(lines)


def _totals(model: ModelFact, generation: int) -> list[str]:
    total, trainable = model.params, model.trainable
    frozen: Dim = None
    if isinstance(total, int) and isinstance(trainable, int):
        frozen = total - trainable
    indent = " " if generation == 3 else ""
    lines = [
        f"{indent}{label} params: {_sized(value)}"
        for label, value in (("Total", total), ("Trainable", trainable), ("Non-trainable", frozen))
    ]
    return lines if generation == 3 else [*lines, "_" * 65]


def _sized(params: Dim) -> str:
    if not isinstance(params, int):
        return _count(params)
    size = params * 4.0
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{params:,} ({size:.2f} {unit})"
        size /= 1024
    return f"{params:,}"
