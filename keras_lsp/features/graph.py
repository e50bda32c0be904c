"""Pictures of a model: Mermaid text, SVG, and an HTML page that needs nothing else, in light and dark."""

from __future__ import annotations

from dataclasses import dataclass

from keras_lsp.features.lookup import count_text, shape_text
from keras_lsp.features.markup import escape_html, escape_mermaid
from keras_lsp.inference.facts import ModelFact, ModelLayer

# In SVG units; a box holds a name, a class and a shape at 12 units per line.
_ROW = 92
_BOX_HEIGHT = 52
_CHARACTER = 7.2
_MARGIN = 24
_GAP = 28
_DETOUR = 44  # of control points; a curve reaches three quarters of it


@dataclass(frozen=True, slots=True)
class Node:
    """One box: what stands in it, its row and column from 0, and whether the model breaks here."""

    name: str
    class_name: str
    shape: str
    params: str
    row: int
    column: int
    failed: bool
    line: int | None


def model_graph(model: ModelFact) -> dict[str, str]:
    """The model's graph as `mermaid`, `svg` and `html`."""
    return {"mermaid": to_mermaid(model), "svg": to_svg(model), "html": to_html(model)}


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


def _edges(model: ModelFact, rows: list[ModelLayer]) -> list[tuple[int, int]]:
    """Pairs of indices; a layer without recorded inputs follows the one before it in a Sequential, where that may have broken."""
    index = {row.name: i for i, row in enumerate(rows)}
    edges: list[tuple[int, int]] = []
    chain = model.class_name == "Sequential" or not any(row.inbound for row in rows)
    for i, row in enumerate(rows):
        if row.inbound:
            edges += [(index[name], i) for name in dict.fromkeys(row.inbound) if name in index and index[name] != i]
        elif i and chain:
            edges.append((i - 1, i))
    return edges


def layer_failed(row: ModelLayer) -> bool:
    """Whether Keras refuses to make the layer or to apply it."""
    fact = row.fact
    return fact is not None and (fact.error is not None or any(a.error is not None for a in fact.applications))


def to_mermaid(model: ModelFact, direction: str = "TD") -> str:
    """A Mermaid flow chart, shapes on the edges; `direction` is "TD" or "LR"."""
    rows = graph_layers(model)
    lines = [f"flowchart {direction}"]
    for i, row in enumerate(rows):
        label = escape_mermaid(f"{row.name} ({row.class_name})")
        lines.append(f'  n{i}["{label}"]')
    for start, end in _edges(model, rows):
        shape = shape_text(rows[start].output)
        lines.append(f'  n{start} -- "{escape_mermaid(shape)}" --> n{end}' if shape else f"  n{start} --> n{end}")
    broken = [f"n{i}" for i, row in enumerate(rows) if layer_failed(row)]
    if broken:
        lines.append("  classDef broken stroke:#c62828,stroke-width:3px")
        lines.append(f"  class {','.join(broken)} broken")
    return "\n".join(lines) + "\n"


def _place(model: ModelFact, rows: list[ModelLayer]) -> list[Node]:
    """Each layer one row below the lowest of its inputs, side by side where several stand in a row."""
    edges = _edges(model, rows)
    depth = [0] * len(rows)
    for start, end in sorted(edges, key=lambda edge: edge[1]):
        depth[end] = max(depth[end], depth[start] + 1)
    taken: dict[int, int] = {}
    nodes: list[Node] = []
    for row, level in zip(rows, depth, strict=True):
        column = taken.get(level, 0)
        taken[level] = column + 1
        counted = count_text(row.params) if row.params else ""
        start = row.span.start if row.span is not None else None
        shape = shape_text(row.output) or "?"
        nodes.append(Node(row.name, row.class_name, shape, counted, level, column, layer_failed(row), start))
    return nodes


_STYLE = (
    ".b{fill:#f5f7fa;stroke:#4a6fa5;stroke-width:1.5}.b.e{stroke:#c62828;stroke-width:3}.n{font-weight:600}"
    "text{font:12px system-ui,sans-serif;fill:#1f2933}.s{fill:#52606d}path{stroke:#7b8794;fill:none;stroke-width:1.5}"
    "@media(prefers-color-scheme:dark){.b{fill:#1f2933;stroke:#82a8dc}.b.e{stroke:#ff6b6b}text{fill:#e4e7eb}"
    ".s{fill:#9aa5b1}path{stroke:#7b8794}}"
)


def to_svg(model: ModelFact) -> str:
    """An SVG that follows the reader's colour scheme."""
    rows = graph_layers(model)
    nodes = _place(model, rows)
    width = max([_text_width(node) for node in nodes] or [120.0])
    columns = max([node.column for node in nodes] or [0]) + 1
    edges = _edges(model, rows)
    beside = _DETOUR if any(_passes(nodes[start], nodes[end]) for start, end in edges) else 0
    total = int(2 * (_MARGIN + beside) + columns * width + (columns - 1) * _GAP)
    height = int(2 * _MARGIN + (max([node.row for node in nodes] or [0]) + 1) * _ROW - (_ROW - _BOX_HEIGHT))
    in_row: dict[int, int] = {}
    for node in nodes:
        in_row[node.row] = max(in_row.get(node.row, 0), node.column + 1)

    def left(node: Node) -> float:
        used = in_row[node.row] * width + (in_row[node.row] - 1) * _GAP
        return (total - used) / 2 + node.column * (width + _GAP)

    def top(node: Node) -> float:
        return _MARGIN + node.row * _ROW

    title = escape_html(f"{model.class_name} {model.variable or model.name}")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {height}" width="{total}" height="{height}" role="img" '
        f'aria-label="{title}"><title>{title}</title><style>{_STYLE}</style>'
    ]
    for start, end in edges:
        a, b = nodes[start], nodes[end]
        if _passes(a, b):  # beside the boxes between them
            x1, y1 = left(a) + width, top(a) + _BOX_HEIGHT / 2
            x2, y2 = left(b) + width, top(b) + _BOX_HEIGHT / 2
            x3 = max(x1, x2) + _DETOUR
            path = f"M{x1:.0f},{y1:.0f} C{x3:.0f},{y1:.0f} {x3:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"
        else:
            x1, y1 = left(a) + width / 2, top(a) + _BOX_HEIGHT
            x2, y2 = left(b) + width / 2, top(b)
            middle = (y1 + y2) / 2
            path = f"M{x1:.0f},{y1:.0f} C{x1:.0f},{middle:.0f} {x2:.0f},{middle:.0f} {x2:.0f},{y2:.0f}"
        parts.append(f'<path d="{path}"/>')
    for index, node in enumerate(nodes):
        x, y = left(node), top(node)
        middle = x + width / 2
        error = " e" if node.failed else ""
        second = f"{node.class_name}, {node.params}" if node.params else node.class_name
        parts.append(
            f'<g data-layer="{index}"><rect class="b{error}" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" '
            f'height="{_BOX_HEIGHT}" rx="6"/>'
            f'<text class="n" x="{middle:.0f}" y="{y + 16:.0f}" text-anchor="middle">{escape_html(node.name)}</text>'
            f'<text class="s" x="{middle:.0f}" y="{y + 31:.0f}" text-anchor="middle">{escape_html(second)}</text>'
            f'<text x="{middle:.0f}" y="{y + 46:.0f}" text-anchor="middle">{escape_html(node.shape)}</text></g>'
        )
    return "".join([*parts, "</svg>"])


def _passes(start: Node, end: Node) -> bool:
    """Whether a straight line from one box to the other would cross those between them."""
    return end.row - start.row > 1 and start.column == end.column


def _text_width(node: Node) -> float:
    second = f"{node.class_name}, {node.params}" if node.params else node.class_name
    return max(len(node.name), len(second), len(node.shape)) * _CHARACTER + 24


def to_html(model: ModelFact) -> str:
    """A page with the picture and the table of layers; no script, nothing fetched."""
    title = escape_html(f"{model.class_name} {model.variable or model.name}")
    cells = "".join(
        f"<tr><td>{escape_html(row.name)}</td><td>{escape_html(row.class_name)}</td>"
        f"<td>{escape_html(shape_text(row.output) or '?')}</td><td class=p>{escape_html(_params(row))}</td></tr>"
        for row in graph_layers(model)
    )
    counted = escape_html(count_text(model.params))
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>:root{{color-scheme:light dark}}body{{font:14px/1.45 system-ui,sans-serif;margin:2rem;"
        "background:#fff;color:#1f2933}table{border-collapse:collapse;margin:1.5rem 0}td,th{border-bottom:1px solid #cbd2d9;"
        "padding:.3rem .8rem;text-align:left;font-variant-numeric:tabular-nums}.p{text-align:right}.g{overflow:auto}"
        "@media(prefers-color-scheme:dark){body{background:#14191f;color:#e4e7eb}td,th{border-color:#3e4c59}}</style></head>"
        f"<body><h1>{title}</h1><p>{counted}</p><div class=g>{to_svg(model)}</div>"
        f"<table><tr><th>Layer<th>Class<th>Output shape<th>Parameters</tr>{cells}</table></body></html>\n"
    )


def _params(row: ModelLayer) -> str:
    return f"{row.params:,}" if isinstance(row.params, int) else "?" if row.params is None else str(row.params)
