"""The table that `model.summary()` prints, as text: character by character what each generation prints in a terminal.

Sources: `keras/src/utils/summary_utils.py` of Keras 3.15 with the tables of `rich`, `keras/src/utils/layer_utils.py` of Keras 2.15.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from keras_lsp.features.lookup import shape_text
from keras_lsp.inference.facts import ModelFact, ModelLayer
from keras_lsp.shapes.dim import Dim, format_shape
from keras_lsp.shapes.tensor import flatten

COLUMNS = ("Layer (type)", "Output Shape", "Param #", "Connected to")
TERMINAL = 80
"""Characters in a line of a terminal that does not say how wide it is."""

# Width of the table in a wide terminal and where its columns end, for chains and for other graphs.
_BOXES = ((88, (0.45, 0.80, 1.0)), (108, (0.3, 0.56, 0.74, 1.0)))
_RULED = ((65, (0.45, 0.85, 1.0)), (98, (0.3, 0.6, 0.70, 1.0)))
_WORD = re.compile(r"\s*\S+\s*")
_BREAKS = ("),", "},", "],", "',")


def model_summary(model: ModelFact, generation: int = 3, terminal: int = TERMINAL) -> str:
    """The summary of a model for a terminal of so many characters; sizes that are not known are `?`."""
    rows = model.rows
    title = f'Model: "{model.name}"'
    connected = not _is_chain(model)
    if not rows:
        table = [f"({model.reason or 'no layers are known'})"]
    elif generation == 3:
        table = list(_boxes([_row(row, connected, generation) for row in rows], terminal))
    else:
        table = list(_ruled([_row(row, connected, generation) for row in rows]))
    width = _RULED[connected][0]
    return "\n".join((title, *table, *_totals(model, generation, width)))


def _is_chain(model: ModelFact) -> bool:
    """Whether Keras leaves out where layers are connected: each takes one tensor and gives it to one other."""
    rows = model.rows
    if model.class_name not in ("Functional", "Model"):
        return True
    read = [connection for row in rows for connection in row.connections]
    sources = sum(not row.inbound for row in rows)
    return sources <= 1 and len(set(read)) == len(read) and all(len(row.inbound) <= 1 for row in rows)


def _row(row: ModelLayer, connected: bool, generation: int) -> list[str]:
    shape = _shapes(row, generation)
    count = _count(row.params, generation)
    cells = [f"{row.name} ({row.class_name})", shape, count]
    if not connected:
        return cells
    if generation == 3:
        return [*cells, ", ".join(row.connections) or "-"]
    return [*cells, str(list(row.connections))]


def _shapes(row: ModelLayer, generation: int) -> str:
    tensors = flatten(row.output)
    if len(tensors) == 1 and shape_text(row.output):
        shape = format_shape(tensors[0].shape)
        if generation == 3:
            return shape.replace(",)", ")")
        return f"[{shape}]" if row.class_name == "InputLayer" else shape
    shapes = shape_text(row.output)
    return f"[{shapes}]" if shapes else "?"


def _count(params: Dim, generation: int) -> str:
    if isinstance(params, int):
        return f"{params:,}" if generation == 3 else str(params)
    return "?" if params is None else str(params)


def _boxes(rows: Sequence[Sequence[str]], terminal: int) -> Iterator[str]:
    """Keras 3: boxes, parameter counts to the right."""
    widest, ends = _BOXES[len(rows[0]) - 3]
    length = min(widest, terminal - 4)
    cuts = [0, *(int(end * length) for end in ends)]
    widths = _reduced([end - start + 2 for start, end in itertools.pairwise(cuts)], length - len(cuts))

    def line(left: str, middle: str, right: str, fill: str) -> str:
        return left + middle.join(fill * width for width in widths) + right

    def cells(row: Sequence[str], side: str) -> Iterator[str]:
        wrapped = [_wrap(cell, width - 2) for cell, width in zip(row, widths, strict=True)]
        for index in range(max(map(len, wrapped))):
            parts = [lines[index] if index < len(lines) else "" for lines in wrapped]
            padded = [
                part.rjust(width - 2) if column == 2 else part.ljust(width - 2)
                for column, (part, width) in enumerate(zip(parts, widths, strict=True))
            ]
            yield side + side.join(f" {part} " for part in padded) + side

    yield line("┏", "┳", "┓", "━")
    yield from cells(COLUMNS[: len(rows[0])], "┃")
    yield line("┡", "╇", "┩", "━")
    for index, row in enumerate(rows):
        if index:
            yield line("├", "┼", "┤", "─")
        yield from cells(row, "│")
    yield line("└", "┴", "┘", "─")


def _reduced(widths: list[int], room: int) -> list[int]:
    """Widths that fit the room, each less by an equal part (`rich._ratio.ratio_reduce`)."""
    excess, columns = max(sum(widths) - room, 0), len(widths)
    reduced: list[int] = []
    for width in widths:
        less = min(width, round(excess / columns))
        reduced.append(width - less)
        excess, columns = excess - less, columns - 1
    return reduced


def _wrap(text: str, width: int) -> list[str]:
    """Lines broken at spaces; what is longer than a line ends in an ellipsis (`rich._wrap.divide_line`)."""
    breaks: list[int] = []
    used = 0
    for match in _WORD.finditer(text):
        word, start = match[0], match.start()
        length = len(word.rstrip())
        if width - used >= length:
            used += len(word)
        elif start and (used or length > width):
            breaks.append(start)
            used = len(word)
        else:
            used = len(word)
    ends = [0, *breaks, len(text)]
    lines = [text[start:end].rstrip() for start, end in itertools.pairwise(ends)]
    return [line if len(line) <= width else f"{line[: width - 1]}…" for line in lines]


def _ruled(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Keras 2: ruled lines, columns at fixed places."""
    length, ends = _RULED[len(rows[0]) - 3]
    positions = [int(length * end) for end in ends]
    yield "_" * length
    yield from _printed(COLUMNS[: len(rows[0])], positions)
    yield "=" * length
    for row in rows:
        yield from _printed(row, positions)
        yield " " * length
    yield "=" * length


def _printed(fields: Sequence[str], positions: Sequence[int]) -> Iterator[str]:
    """One row; what does not fit its column goes on in the next line (`print_row` of Keras 2)."""
    left = list(fields)
    last = len(positions) - 1
    while any(left):
        line = ""
        for column, end in enumerate(positions):
            start = positions[column - 1] if column else 0
            cut = end - start - (3 if column != last else 0)
            fitting = left[column][:cut]
            found = [place + len(mark) for mark in _BREAKS if (place := fitting.find(mark)) >= 0]
            if found:
                cut = min(found)
                fitting = fitting[:cut]
            line += (" " if column == 0 else "") + fitting + ("  " if column != last else "")
            left[column] = left[column][cut:]
            line += " " * (end - len(line))
        yield line


def _totals(model: ModelFact, generation: int, width: int) -> list[str]:
    total, trainable = model.params, model.trainable
    frozen: Dim = None
    if isinstance(total, int) and isinstance(trainable, int):
        frozen = total - trainable
    indent = " " if generation == 3 else ""
    lines = [
        f"{indent}{label} params: {_sized(value, generation)}"
        for label, value in (("Total", total), ("Trainable", trainable), ("Non-trainable", frozen))
    ]
    return lines if generation == 3 else [*lines, "_" * width]


def _sized(params: Dim, generation: int) -> str:
    if not isinstance(params, int):
        return _count(params, generation)
    size = params * 4.0
    for unit in ("B" if generation == 3 else "Byte", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{_count(params, generation)} ({size:.2f} {unit})"
        size /= 1024
    return _count(params, generation)
