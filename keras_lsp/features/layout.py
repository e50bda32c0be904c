"""Where the boxes of a graph stand and how its edges run: pure geometry, sizes in and coordinates out.

Boxes stand in rows (`along` the direction of reading), each below all that lead to it. An edge that passes rows has a place of its
own in each of them, so it never crosses a box. Within a row the order is that of the neighbours' middles, and places are as near
to the neighbours as boxes beside them allow, which keeps chains straight.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

SWEEPS = 9
"""Passes over the rows, down and up in turn, the last one down; after a few nothing changes in the graphs of networks."""

MAX_PASSING = 20_000
"""Places of edges that pass rows; a graph that needs more gets straight lines instead."""

_LANE = 14.0
"""Width of an edge's place in a row that it passes."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge: its ends, and the places across the rows that it passes, from first to last; `back` leads to an earlier row."""

    start: int
    end: int
    through: tuple[tuple[int, float], ...]
    back: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Row and middle (across) of each box, the edges, and how far all reaches across."""

    rows: tuple[int, ...]
    middles: tuple[float, ...]
    edges: tuple[Edge, ...]
    extent: float


def lay_out(sizes: Sequence[float], edges: Sequence[tuple[int, int]], gap: float) -> Layout:
    """Place boxes of these sizes (across), connected by these edges, `gap` apart."""
    forward = sorted_edges(len(sizes), edges)
    rows = _rows(len(sizes), forward)
    boxes: list[list[int]] = [[] for _ in range(max(rows, default=-1) + 1)]
    for index, row in enumerate(rows):
        boxes[row].append(index)
    widths = list(sizes)
    links: list[tuple[int, int, float]] = []  # from a row to the next, with how much it wants to be straight
    chains: dict[tuple[int, int], list[int]] = {}
    passing = sum(rows[end] - rows[start] - 1 for start, end in forward)
    for start, end in forward if passing <= MAX_PASSING else ():
        chain = [start]
        for row in range(rows[start] + 1, rows[end]):
            widths.append(_LANE)
            chain.append(len(widths) - 1)
            boxes[row].append(len(widths) - 1)
        chain.append(end)
        chains[start, end] = chain[1:-1]
        straight = 1.0 if len(chain) == 2 else 2.0
        links += [(a, b, straight) for a, b in itertools.pairwise(chain)]
    middles = _across(boxes, widths, links, gap)
    drawn: list[Edge] = []
    for start, end in edges:
        through = tuple((rows[start] + 1 + i, middles[lane]) for i, lane in enumerate(chains.get((start, end), ())))
        drawn.append(Edge(start, end, through, rows[end] <= rows[start]))
    extent = max((middle + width / 2 for middle, width in zip(middles, widths, strict=True)), default=0.0)
    return Layout(tuple(rows), tuple(middles[: len(sizes)]), tuple(drawn), extent)


def sorted_edges(count: int, edges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The edges that do not close a circle, each once; a shared layer may stand in one."""
    after: list[list[int]] = [[] for _ in range(count)]
    for start, end in dict.fromkeys(edges):
        after[start].append(end)
    state = [0] * count  # 1 while what follows is looked at, 2 when it is done
    kept: list[tuple[int, int]] = []
    for root in range(count):
        stack: list[tuple[int, int]] = [(root, 0)] if not state[root] else []
        while stack:
            node, place = stack.pop()
            state[node] = 1
            if place == len(after[node]):
                state[node] = 2
                continue
            stack.append((node, place + 1))
            end = after[node][place]
            if state[end] != 1:
                kept.append((node, end))
            if not state[end]:
                stack.append((end, 0))
    return kept


def order_of(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """An order in which every box comes after those that lead to it; `edges` close no circle."""
    waiting = [0] * count
    after: list[list[int]] = [[] for _ in range(count)]
    for start, end in edges:
        waiting[end] += 1
        after[start].append(end)
    ready = [node for node in reversed(range(count)) if not waiting[node]]
    order: list[int] = []
    while ready:
        node = ready.pop()  # the newest first: a branch is followed to its end
        order.append(node)
        for end in reversed(after[node]):
            waiting[end] -= 1
            if not waiting[end]:
                ready.append(end)
    return order


def _rows(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """One row below the lowest of those that lead there; what nothing leads to stands right above what it leads to."""
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for start, end in edges:
        before[end].append(start)
        after[start].append(end)
    rows = [0] * count
    for node in order_of(count, edges):
        rows[node] = max((rows[other] + 1 for other in before[node]), default=0)
    for node in range(count):
        if not before[node] and after[node]:
            rows[node] = min(rows[other] for other in after[node]) - 1
    return rows


def _across(
    rows: list[list[int]], widths: Sequence[float], links: Sequence[tuple[int, int, float]], gap: float
) -> list[float]:
    above: list[list[tuple[int, float]]] = [[] for _ in widths]
    below: list[list[tuple[int, float]]] = [[] for _ in widths]
    for start, end, weight in links:
        above[end].append((start, weight))
        below[start].append((end, weight))
    middles = [0.0] * len(widths)
    for row in rows:
        place = 0.0
        for node in row:
            middles[node] = place + widths[node] / 2
            place += widths[node] + gap
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            near = above if down else below
            wanted = {node: _mean(near[node], middles, middles[node]) for node in row}
            if sweep < SWEEPS - 3:  # the last passes only straighten
                row.sort(key=lambda node: wanted[node])
            _place(row, wanted, widths, gap, middles)
    least = min((middles[node] - widths[node] / 2 for row in rows for node in row), default=0.0)
    return [middle - least for middle in middles]


def _mean(near: Sequence[tuple[int, float]], middles: Sequence[float], otherwise: float) -> float:
    total = sum(weight for _, weight in near)
    return sum(middles[node] * weight for node, weight in near) / total if total else otherwise


def _place(
    row: Sequence[int], wanted: dict[int, float], widths: Sequence[float], gap: float, middles: list[float]
) -> None:
    """The places nearest to the wanted ones (least squares) at which no two boxes of the row touch."""
    offsets = [0.0]
    for left, right in itertools.pairwise(row):
        offsets.append(offsets[-1] + (widths[left] + widths[right]) / 2 + gap)
    groups: list[tuple[float, int]] = []  # sum and number of those that stand side by side (pool adjacent violators)
    for node, offset in zip(row, offsets, strict=True):
        total, number = wanted[node] - offset, 1
        while groups and groups[-1][0] / groups[-1][1] > total / number:
            before, count = groups.pop()
            total, number = total + before, number + count
        groups.append((total, number))
    places = itertools.chain.from_iterable([total / number] * number for total, number in groups)
    for node, offset, place in zip(row, offsets, places, strict=True):
        middles[node] = place + offset
