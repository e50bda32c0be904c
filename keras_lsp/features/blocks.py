"""Layers that can be drawn as one box: the blocks that a large network is made of.

A layer through which everything flows ends a block; what stands between two of them, with the branches that meet again, is one.
Blocks of the same kind that follow each other are one box that says how often. Inputs, outputs and layers that fail always stand
alone.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Hashable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from keras_lsp.features.layout import order_of, sorted_edges

LARGE = 40
"""A model of more layers than this is drawn in blocks: it would not be seen at once."""

MAX_BRANCHES = 24
"""A block of more layers shows its chains instead: it is the whole of a network with long connections."""

MAX_PERIOD = 4
"""Blocks that alternate, such as attention and feed-forward, are one box when so many or fewer take turns."""


@dataclass(frozen=True, slots=True)
class Block:
    """Layers (indices, in the order of the data) that are one box, and how many times the same block follows itself."""

    layers: tuple[int, ...]
    times: int = 1


def find_blocks(kinds: Sequence[Hashable], edges: Sequence[tuple[int, int]], alone: AbstractSet[int]) -> list[Block]:
    """A partition of the layers into blocks, in the order of the data.

    Args:
        kinds: of each layer; blocks of equal kinds are the same block.
        edges: pairs of layers.
        alone: layers that stand alone.
    """
    forward = sorted_edges(len(kinds), edges)
    order = order_of(len(kinds), forward)
    place = {node: index for index, node in enumerate(order)}
    after: list[list[int]] = [[] for _ in kinds]
    before: list[list[int]] = [[] for _ in kinds]
    for start, end in forward:
        after[start].append(end)
        before[end].append(start)
    # A layer is a passage when no edge leads from before it to behind it.
    reach = itertools.accumulate((max((place[end] for end in after[node]), default=0) for node in order), max)
    furthest = [0, *reach]
    pieces: list[list[int]] = []
    current: list[int] = []
    for index, node in enumerate(order):
        if node in alone:
            pieces += [current, [node]]
            current = []
            continue
        current.append(node)
        passage = furthest[index] <= index
        branches = len(after[node]) > 1 or any(end in alone for end in after[node])
        if passage and branches:
            pieces.append(current)
            current = []
    pieces.append(current)
    chained: list[list[int]] = []
    for piece in filter(None, pieces):
        whole = len(piece) == 1 or (len(piece) <= MAX_BRANCHES and _is_one(piece, before, after))
        chained += [piece] if whole else _chains(piece, before, after)
    return _repeated(_without_tails(chained, kinds), kinds, after, alone)


def _is_one(piece: Sequence[int], before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> bool:
    """Whether everything enters at the piece's first layer's inputs and leaves at its last layer."""
    inside = set(piece)
    leaving = {node for node in piece if any(end not in inside for end in after[node])}
    entering = {source for node in piece for source in before[node] if source not in inside}
    return leaving <= {piece[-1]} and len(entering) <= 1


def _chains(piece: Sequence[int], before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> list[list[int]]:
    """Runs of layers of which each takes what the one before gives, and nobody else does."""
    inside = set(piece)
    chains: list[list[int]] = []
    at: dict[int, list[int]] = {}
    for node in piece:
        (source,) = before[node] if len(before[node]) == 1 else (-1,)
        if source in inside and len(after[source]) == 1:
            at[node] = at[source]
            at[node].append(node)
        else:
            at[node] = [node]
            chains.append(at[node])
    return chains


def _without_tails(pieces: Sequence[list[int]], kinds: Sequence[Hashable]) -> list[list[int]]:
    """The pieces; one that begins like a whole other one, as the last block before a head does, becomes two."""
    known = {tuple(kinds[node] for node in piece) for piece in pieces if len(piece) > 1}
    found: list[list[int]] = []
    for piece in pieces:
        own = tuple(kinds[node] for node in piece)
        cut = next((length for length in range(len(piece) - 1, 1, -1) if own[:length] in known), len(piece))
        found += [part for part in (piece[:cut], piece[cut:]) if part]
    return found


def _repeated(
    pieces: Sequence[list[int]], kinds: Sequence[Hashable], after: Sequence[Sequence[int]], alone: AbstractSet[int]
) -> list[Block]:
    """Blocks; pieces of equal kinds are one where each gives its output to the next one only."""
    same: list[Hashable] = [
        tuple(kinds[node] for node in piece) if alone.isdisjoint(piece) else index for index, piece in enumerate(pieces)
    ]
    owner = {node: index for index, piece in enumerate(pieces) for node in piece}
    onward = [
        {owner[end] for node in piece for end in after[node]} <= {index, index + 1}
        for index, piece in enumerate(pieces)
    ]
    found: list[Block] = []
    index = 0
    while index < len(pieces):
        period, times = 1, 1
        for length in range(1, MAX_PERIOD + 1):
            count = 1
            while same[index : index + length] == same[index + count * length : index + (count + 1) * length] and all(
                onward[index : index + count * length]
            ):
                count += 1
            if count > 1 and count * length > period * times:
                period, times = length, count
        layers = tuple(itertools.chain.from_iterable(pieces[index : index + period * times]))
        found.append(Block(layers, times))
        index += period * times
    return found


def block_title(names: Sequence[str], times: int) -> str:
    """What a box of several layers is called: what their names have in common, else how many there are."""
    common = _common(names)
    each = len(names) // times
    if times > 1:
        parts = [_common(names[start : start + each]) for start in (0, len(names) - each)]
        named = " - ".join(dict.fromkeys(parts)) if all(parts) and parts[0] != parts[1] else common
        return f"{named}: {times} × {each} layers" if named else f"{times} × {each} layers"
    return f"{common}: {each} layers" if common else f"{each} layers"


def _common(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    common = next((first[:i] for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), first)
    whole = re.match(r"(.*)[_/.-]", common)
    return whole[1] if whole is not None and len(whole[1]) > 2 else ""


def classes_text(classes: Iterable[str], longest: int) -> str:
    """`2 Conv2D, 2 BatchNormalization, Add`, in so many characters."""
    counts: dict[str, int] = {}
    for name in classes:
        counts[name] = counts.get(name, 0) + 1
    parts = [f"{count} {name}" if count > 1 else name for name, count in counts.items()]
    text = ", ".join(parts)
    while len(text) > longest and len(parts) > 1:
        parts.pop()
        text = ", ".join([*parts, "…"])
    return text
