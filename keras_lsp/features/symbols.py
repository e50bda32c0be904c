"""The outline: models, and in them the layers that are written there."""

from __future__ import annotations

from keras_lsp.features.lens import lens_title
from keras_lsp.features.lookup import shape_text
from keras_lsp.features.markup import visible
from keras_lsp.features.types import Symbol
from keras_lsp.inference.facts import LayerFact, ModelFact, Span
from keras_lsp.rules.base import Context


def symbols(context: Context) -> tuple[Symbol, ...]:
    """Models in the order of the text, with their layers; layers of no model stand alone."""
    found: list[Symbol] = []
    inside: set[Span] = set()
    seen: set[Span] = set()
    for model in context.facts.models:
        if model.span in seen:
            continue
        seen.add(model.span)
        children: list[Symbol] = []
        spans: set[Span] = set()
        for row in model.layers or ():
            if (
                row.fact is None
                or row.fact.span in spans
                or (row.fact.class_name == "InputLayer" and row.fact.span == model.span)
            ):
                continue
            spans.add(row.fact.span)
            children.append(_layer(row.fact, row.name))
        symbol = _model(model, children)
        inside.update(child.span for child in symbol.children)
        found.append(symbol)
    for layer in context.facts.layers:
        if layer.span not in inside and layer.span not in seen and layer.position != "wrapped":
            seen.add(layer.span)
            found.append(_layer(layer, layer.name))
    return tuple(sorted(found, key=lambda symbol: symbol.span))


def _model(model: ModelFact, children: list[Symbol]) -> Symbol:
    spans = [model.span, *(child.span for child in children)]
    start = model.span.start
    end = max(span.end for span in spans) if all(span.start >= start for span in spans) else model.span.end
    selection = model.call.callee_span if model.call is not None else model.span
    kept = [child for child in children if start <= child.span.start and child.span.end <= end]
    return Symbol(
        model.variable or visible(model.name), "model", Span(start, end), selection, lens_title(model), tuple(kept)
    )


def _layer(layer: LayerFact, name: str) -> Symbol:
    output = layer.applications[-1].output if layer.applications else None
    detail = f"{layer.class_name} {shape_text(output)}".rstrip()
    return Symbol(visible(name) or layer.class_name, "layer", layer.span, layer.call.callee_span, detail)
