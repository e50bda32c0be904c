"""Pictures of a model: Mermaid text, SVG, and an HTML page that needs nothing else, in light and dark.

Boxes are layers, or blocks of layers where a model is large; what flows stands at the edges, and where the model breaks is red.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from keras_lsp.features.blocks import LARGE, Block, block_title, classes_text, find_blocks
from keras_lsp.features.layout import Edge, Layout, lay_out
from keras_lsp.features.lookup import count_text, shape_text
from keras_lsp.features.markup import escape_html, escape_mermaid
from keras_lsp.inference.facts import ModelFact, ModelLayer
from keras_lsp.shapes.dim import format_shape
from keras_lsp.shapes.tensor import flatten

Direction: TypeAlias = Literal["down", "right"]

# In SVG units. Text is set in 12 units; widths are those of a wide sans serif, so that no system's font is cut.
_CHARACTER = 7.4
_LINE = 16.0
_PADDING = 12.0
_MARGIN = 20.0
_GAP = 24.0
_BETWEEN = 48.0  # rows that are read downwards, with a line of text in between
_BEND = 26.0  # of an edge that turns, behind the text at its start
_STUB = 26.0
_LONGEST = 44  # characters of a line in a box; the rest is in its tooltip


@dataclass(frozen=True, slots=True)
class Box:
    """One box: which layers it stands for, its lines, what comes out of it, and what its tooltip says."""

    layers: tuple[int, ...]
    lines: tuple[str, ...]
    output: str
    failed: bool
    tooltip: str


@dataclass(frozen=True, slots=True)
class Link:
    """An edge between two boxes and what flows along it; not `drawn` where only the order is known."""

    start: int
    end: int
    shape: str
    drawn: bool = True


def model_graph(model: ModelFact, direction: Direction = "down", blocks: bool | None = None) -> dict[str, str]:
    """The model's graph as `mermaid`, `svg` and `html`; with `blocks` several layers are one box, by default where it is large."""
    boxes, links = _picture(model, blocks)
    svg = _svg(model, boxes, links, direction)
    return {
        "mermaid": _mermaid(boxes, links, direction),
        "svg": svg,
        "html": _html(model, svg, len(boxes) < len(graph_layers(model)), direction),
    }


def has_blocks(model: ModelFact) -> bool:
    """Whether the picture in blocks is another one."""
    return len(_picture(model, True)[0]) < len(graph_layers(model))


def graph_layers(model: ModelFact) -> list[ModelLayer]:
    """The model's layers as the graph shows them, in the order of `data-layer`; a Sequential's implicit input comes first."""
    rows = model.rows
    if not rows or rows[0].class_name == "InputLayer" or not model.inputs or len(model.inputs) != 1:
        return rows
    names = {row.name for row in rows}
    if any(name in names for name in rows[0].inbound):
        return rows
    name = next(iter(rows[0].inbound), "input")
    return [ModelLayer(name, "Input", model.inputs[0], 0, None), *rows]


def layer_failed(row: ModelLayer) -> bool:
    """Whether Keras refuses to make the layer or to apply it."""
    fact = row.fact
    return fact is not None and (fact.error is not None or any(a.error is not None for a in fact.applications))


# What is drawn


def _picture(model: ModelFact, blocks: bool | None) -> tuple[list[Box], list[Link]]:
    rows = graph_layers(model)
    links = _links(model, rows)
    if blocks is None:
        blocks = len(rows) > LARGE
    if not blocks or not all(link.drawn for link in links):
        return [_layer_box(index, row) for index, row in enumerate(rows)], links
    ends = {link.start for link in links}
    starts = {link.end for link in links}
    alone = {i for i, row in enumerate(rows) if layer_failed(row) or i not in ends or i not in starts}
    found = find_blocks([_kind(row) for row in rows], [(link.start, link.end) for link in links], alone)
    boxes = [_box_of(block, rows) for block in found]
    owner = {layer: index for index, block in enumerate(found) for layer in block.layers}
    outer = {
        (owner[link.start], owner[link.end]): Link(owner[link.start], owner[link.end], link.shape)
        for link in links
        if owner[link.start] != owner[link.end]
    }
    return boxes, list(outer.values())


def _links(model: ModelFact, rows: Sequence[ModelLayer]) -> list[Link]:
    """Edges of a graph as Keras recorded it, of a Sequential that broke as far as it is written, of other models as data was seen."""
    index = {row.name: i for i, row in enumerate(rows)}
    made_by = {id(row.fact): i for i, row in enumerate(rows) if row.fact is not None}
    links: dict[tuple[int, int], Link] = {}
    for i, row in enumerate(rows):
        sources = [index[name] for name in row.inbound if name in index]
        if not row.inbound and row.fact is not None and row.fact.applications:
            producers = row.fact.applications[-1].producers
            sources = [made_by[id(producer)] for producer in producers if id(producer) in made_by]
        if not sources and i and model.class_name == "Sequential":
            sources = [i - 1]
        for source in sources:
            if source != i:
                links.setdefault((source, i), Link(source, i, _flowing(rows[source], row)))
    if not links:  # only the order in which they were made is known
        return [Link(i, i + 1, "", drawn=False) for i in range(len(rows) - 1)]
    return list(links.values())


def _flowing(source: ModelLayer, target: ModelLayer) -> str:
    """What a layer gives to another: all its outputs, or the one that the other is connected to."""
    tensors = flatten(source.output)
    taken = {int(c.rpartition("[")[2][:-1]) for c in target.connections if c.startswith(f"{source.name}[")}
    if len(tensors) > 1 and taken and max(taken) < len(tensors):
        shapes = [tensors[place].shape for place in sorted(taken)]
        return "" if None in shapes else ", ".join(format_shape(shape) for shape in shapes)
    return shape_text(source.output)


def _kind(row: ModelLayer) -> tuple[object, ...]:
    """Layers of a class are of one kind where they work at the same resolution; they may differ in channels."""
    return (row.class_name, *(tensor.shape[:-1] for tensor in flatten(row.output) if tensor.shape is not None))


def _box_of(block: Block, rows: Sequence[ModelLayer]) -> Box:
    first, *others = block.layers
    return _block_box(block, rows) if others else _layer_box(first, rows[first])


def _layer_box(index: int, row: ModelLayer) -> Box:
    counted = f", {count_text(row.params)}" if row.params and count_text(row.params) else ""
    lines = (row.name, f"{row.class_name}{counted}")
    fact = row.fact
    error = fact and (fact.error or next((a.error for a in fact.applications if a.error is not None), None))
    tooltip = "\n".join((*lines, error.text) if error else lines)
    return Box((index,), lines, shape_text(row.output), layer_failed(row), tooltip)


def _block_box(block: Block, rows: Sequence[ModelLayer]) -> Box:
    inside = [rows[layer] for layer in block.layers]
    title = block_title([row.name for row in inside], block.times)
    about = classes_text((row.class_name for row in inside[: len(inside) // block.times]), _LONGEST)
    sizes = [row.params for row in inside]
    known = [size for size in sizes if isinstance(size, int)]
    lines = (title, about, count_text(sum(known)) if len(known) == len(sizes) else "parameters not known")
    each = (f"{row.name} ({row.class_name}) {shape_text(row.output)}" for row in inside)
    return Box(block.layers, lines, shape_text(inside[-1].output), False, "\n".join((*lines, *each)))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


# Mermaid


def _mermaid(boxes: Sequence[Box], links: Sequence[Link], direction: Direction) -> str:
    lines = [f"flowchart {'TD' if direction == 'down' else 'LR'}"]
    for index, box in enumerate(boxes):
        about = box.lines[1].partition(", ")[0] if len(box.layers) == 1 else box.lines[1]
        lines.append(f'  n{index}["{escape_mermaid(f"{box.lines[0]} ({about})")}"]')
    for link in links:
        if link.drawn:
            label = f'-- "{escape_mermaid(link.shape)}" -->' if link.shape else "-->"
            lines.append(f"  n{link.start} {label} n{link.end}")
    broken = [f"n{index}" for index, box in enumerate(boxes) if box.failed]
    if broken:
        lines.append("  classDef broken stroke:#c62828,stroke-width:3px")
        lines.append(f"  class {','.join(broken)} broken")
    return "\n".join(lines) + "\n"


# SVG

_STYLE = (
    ".b{fill:#f5f7fa;stroke:#4a6fa5;stroke-width:1.5}.b.m{fill:#e8eef7}.e{stroke:#c62828!important;stroke-width:2.5}"
    ".n{font-weight:600}text{font:12px system-ui,sans-serif;fill:#1f2933}.s{fill:#52606d}"
    ".l{stroke:#fff;stroke-width:4;paint-order:stroke;stroke-linejoin:round}text.e{fill:#c62828;stroke:#fff!important;stroke-width:4}"
    "path{stroke:#7b8794;fill:none;stroke-width:1.5}.a{fill:#7b8794;stroke:none}.a.e{fill:#c62828;stroke:none!important}"
    "@media(prefers-color-scheme:dark){.b{fill:#1f2933;stroke:#82a8dc}.b.m{fill:#26374d}.e{stroke:#ff6b6b!important}"
    "text{fill:#e4e7eb}.s{fill:#9aa5b1}.l{stroke:#14191f}text.e{fill:#ff6b6b;stroke:#14191f!important}.a.e{fill:#ff6b6b}}"
)


class _Frame:
    """Coordinates: along the direction of reading and across it, as x and y."""

    def __init__(self, boxes: Sequence[Box], layout: Layout, direction: Direction) -> None:
        self.down = direction == "down"
        self.height = _height(boxes)
        self.layout = layout
        self.widths = [_box_width(box) for box in boxes]
        rows = max(layout.rows, default=-1) + 1
        longest = [0.0] * rows
        labels = [0.0] * rows
        for box, row, width in zip(boxes, layout.rows, self.widths, strict=True):
            longest[row] = max(longest[row], width)
            labels[row] = max(labels[row], len(box.output) * _CHARACTER)
        lengths = [self.height] * rows if self.down else longest
        gaps = [_BETWEEN] * rows if self.down else [max(_BETWEEN, label + _PADDING + _BEND) for label in labels]
        starts = itertools.accumulate(
            (length + gap for length, gap in zip(lengths, gaps, strict=True)), initial=_MARGIN
        )
        self.starts = list(starts)
        self.lengths = lengths
        last = gaps[-1] if gaps and not self.down else _STUB + _PADDING
        self.along = (self.starts[rows - 1] + lengths[-1] + last if rows else 0.0) + _MARGIN
        self.across = layout.extent + 2 * _MARGIN

    def point(self, along: float, across: float) -> tuple[float, float]:
        return (across, along) if self.down else (along, across)

    def middle(self, box: int) -> float:
        return self.layout.middles[box] + _MARGIN

    def end(self, box: int) -> float:
        """Where the box ends along the direction of reading; those of a column are equally wide to the eye at their starts."""
        start = self.starts[self.layout.rows[box]]
        return start + (self.height if self.down else self.widths[box])

    def corner(self, box: int) -> tuple[float, float]:
        """Left upper corner."""
        start = self.starts[self.layout.rows[box]]
        half = self.widths[box] / 2 if self.down else self.height / 2
        return self.point(start, self.middle(box) - half)

    def curve(self, edge: Edge) -> str:
        """A path from the end of one box to the start of the other, through its places in the rows between."""
        along, across = self.end(edge.start), self.middle(edge.start)
        path = [f"M{_at(self.point(along, across))}"]

        def bend(to_along: float, to_across: float) -> None:
            straight = max(along, to_along - _BEND)  # past the text
            if abs(to_across - across) > 0.5:
                path.append(f"L{_at(self.point(straight, across))}")
            middle = (straight + to_along) / 2
            points = (self.point(middle, across), self.point(middle, to_across), self.point(to_along, to_across))
            path.append("C" + " ".join(_at(point) for point in points))

        for row, place in edge.through:
            bend(self.starts[row], place + _MARGIN)
            along, across = self.starts[row] + self.lengths[row], place + _MARGIN
            path.append(f"L{_at(self.point(along, across))}")
        bend(self.starts[self.layout.rows[edge.end]], self.middle(edge.end))
        return "".join(path)


def _at(point: tuple[float, float]) -> str:
    return f"{point[0]:.0f},{point[1]:.0f}"


def _box_width(box: Box) -> float:
    return max(10, *(len(_short(line)) for line in box.lines)) * _CHARACTER + 2 * _PADDING


def _height(boxes: Sequence[Box]) -> float:
    """All boxes of a picture are equally high."""
    return max((len(box.lines) for box in boxes), default=2) * _LINE + 10


def _svg(model: ModelFact, boxes: Sequence[Box], links: Sequence[Link], direction: Direction) -> str:
    """An SVG that follows the reader's colour scheme."""
    labels = [len(box.output) * _CHARACTER + _PADDING for box in boxes]
    if direction == "down":  # a label begins at the middle of its box
        sizes = [max(_box_width(box), 2 * label) for box, label in zip(boxes, labels, strict=True)]
    else:
        sizes = [_height(boxes) + 6 for _ in boxes]
    frame = _Frame(boxes, lay_out(sizes, [(link.start, link.end) for link in links], _GAP), direction)
    width, height = frame.point(frame.along, frame.across)
    title = escape_html(f"{model.class_name} {model.variable or model.name}")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-label="{title}"><title>{title}</title><style>{_STYLE}</style>'
    ]
    for link, edge in zip(links, frame.layout.edges, strict=True):
        if link.drawn:
            parts += _edge(frame, edge, ' class="e"' if boxes[link.end].failed else "")
    for index, box in enumerate(boxes):
        parts.append(_box(frame, index, box))
    parts += _labels(frame, boxes, links)
    return "".join([*parts, "</svg>"])


def _edge(frame: _Frame, edge: Edge, style: str) -> list[str]:
    if edge.back:  # to a box that stands before it, around what is between
        start, end = (frame.corner(box) for box in (edge.start, edge.end))
        right = max(frame.point(frame.along, frame.across)[0] - 4, 0)
        x1, x2 = start[0] + frame.widths[edge.start], end[0] + frame.widths[edge.end]
        y1, y2 = start[1] + frame.height / 2, end[1] + frame.height / 2
        return [f'<path{style} d="M{x1:.0f},{y1:.0f} C{right:.0f},{y1:.0f} {right:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"/>']
    along, across = frame.starts[frame.layout.rows[edge.end]], frame.middle(edge.end)
    tip = [frame.point(along + back, across + side) for back, side in ((-6, -4), (0, 0), (-6, 4))]
    head = " ".join(_at(point) for point in tip)
    kind = style.replace('class="', 'class="a ') or ' class="a"'
    return [f'<path{style} d="{frame.curve(edge)}"/><polygon{kind} points="{head}"/>']


def _box(frame: _Frame, index: int, box: Box) -> str:
    x, y = frame.corner(index)
    width = frame.widths[index]
    middle = x + width / 2
    first_layer, *others = box.layers
    every = f' data-layers="{" ".join(map(str, box.layers))}"' if others else ""
    kind = "b" + (" m" if others else "") + (" e" if box.failed else "")
    first = y + (frame.height - len(box.lines) * _LINE) / 2 + _PADDING
    texts = "".join(
        f'<text class="{"s" if number else "n"}" x="{middle:.0f}" y="{first + number * _LINE:.0f}" text-anchor="middle">'
        f"{escape_html(_short(line))}</text>"
        for number, line in enumerate(box.lines)
    )
    return (
        f'<g data-layer="{first_layer}"{every}><title>{escape_html(box.tooltip)}</title>'
        f'<rect class="{kind}" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{frame.height:.0f}" rx="6"/>{texts}</g>'
    )


def _labels(frame: _Frame, boxes: Sequence[Box], links: Sequence[Link]) -> list[str]:
    """What flows: once behind each box where all that follow take the same, else at the ends of its edges."""
    parts: list[str] = []
    for index, box in enumerate(boxes):
        leaving = [link for link in links if link.start == index]
        shapes = dict.fromkeys(link.shape for link in leaving)
        along, across = frame.end(index), frame.middle(index)
        if not leaving and box.output:
            stub = [frame.point(along, across), frame.point(along + _STUB, across)]
            parts.append(f'<path d="M{_at(stub[0])} L{_at(stub[1])}"/>')
        if len(shapes) <= 1:
            text = next(iter(shapes), box.output)
            broken = bool(leaving) and all(boxes[link.end].failed for link in leaving)
            parts.append(_label(frame, along, across, text, broken))
            continue
        for link in leaving:
            start = frame.starts[frame.layout.rows[link.end]] - (_BETWEEN if frame.down else len(link.shape) * _CHARACTER + _PADDING)  # fmt: skip
            parts.append(_label(frame, start + (_BETWEEN / 2 if frame.down else 0), frame.middle(link.end), link.shape, boxes[link.end].failed))  # fmt: skip
    return parts


def _label(frame: _Frame, along: float, across: float, text: str, broken: bool) -> str:
    if not text:
        return ""
    x, y = (across + 7, along + 17) if frame.down else (along + 8, across - 6)
    kind = "l e" if broken else "l"
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}">{escape_html(text)}</text>'


# HTML


def _html(model: ModelFact, svg: str, collapsed: bool, direction: Direction) -> str:
    """A page with the picture and the table of layers; no script, nothing fetched."""
    title = escape_html(f"{model.class_name} {model.variable or model.name}")
    rows = graph_layers(model)
    cells = "".join(
        f"<tr{' class=f' if layer_failed(row) else ''}><td>{escape_html(row.name)}</td><td>{escape_html(row.class_name)}</td>"
        f"<td>{escape_html(shape_text(row.output) or '?')}</td><td class=p>{escape_html(_params(row))}</td></tr>"
        for row in rows
    )
    counted = escape_html(count_text(model.params))
    every: Callable[[], str] = lambda: _svg(model, *_picture(model, False), direction)  # noqa: E731
    whole = (
        f"<details><summary>All {len(rows)} layers</summary><div class=g>{every()}</div></details>" if collapsed else ""
    )
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>:root{{color-scheme:light dark}}body{{font:14px/1.45 system-ui,sans-serif;margin:2rem;"
        "background:#fff;color:#1f2933}table{border-collapse:collapse;margin:1.5rem 0}td,th{border-bottom:1px solid #cbd2d9;"
        "padding:.3rem .8rem;text-align:left;font-variant-numeric:tabular-nums}.p{text-align:right}.g,.t{overflow-x:auto}"
        "summary{cursor:pointer;margin:1rem 0}.f td{color:#c62828}"
        "@media(prefers-color-scheme:dark){body{background:#14191f;color:#e4e7eb}td,th{border-color:#3e4c59}.f td{color:#ff6b6b}}"
        f"</style></head><body><h1>{title}</h1><p>{counted}</p><div class=g>{svg}</div>{whole}"
        f"<div class=t><table><tr><th>Layer<th>Class<th>Output shape<th class=p>Parameters</tr>{cells}</table></div></body></html>\n"
    )


def _params(row: ModelLayer) -> str:
    return f"{row.params:,}" if isinstance(row.params, int) else "?" if row.params is None else str(row.params)
