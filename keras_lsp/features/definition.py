"""Where a name comes from: a place in this text, or a place in the installed Keras for someone else to find."""

from __future__ import annotations

from keras_lsp.features.layer_names import name_uses, named_layer
from keras_lsp.features.lookup import canonical_name, keyword_at, variable_at
from keras_lsp.features.types import Definition, LibraryTarget, Location
from keras_lsp.inference.facts import Span
from keras_lsp.inference.values import ClassValue, External, FunctionValue
from keras_lsp.rules.base import Context
from keras_lsp.syntax.calls import name_at


def definition(context: Context, offset: int) -> Definition | None:
    """The target of the keyword or name at an offset, `None` when it is not known."""
    found = keyword_at(context, offset)
    if found is not None:
        call, argument, layer = found
        if argument.keyword_span is None or not call.canonical:
            return None
        keyword = argument.name if layer is not None else None
        return LibraryTarget(call.canonical, argument.keyword_span, keyword)
    uses = name_uses(context, offset)
    if uses:  # a layer's name leads to the layer
        here = next(use.span for use in uses if use.span.contains(offset))
        layer = uses[0].layer or named_layer(context, uses[0])
        return Location(layer.call.callee_span, here) if layer is not None else None
    name = name_at(context.text, offset)
    if name is None or not name.rooted:
        return None
    origin = Span(name.part_start, name.end)
    if "." not in name.text:
        variable = variable_at(context, name.text, offset)
        if variable is not None and not isinstance(variable.value, External):
            target = _span_of(context, variable.value) or variable.span
            return Location(target, origin) if not target.contains(offset) else None
    canonical = canonical_name(context, name.text, offset)
    return LibraryTarget(canonical, origin) if canonical is not None else None


def _span_of(context: Context, value: object) -> Span | None:
    """Where a function or class of this text is defined."""
    if isinstance(value, FunctionValue | ClassValue) and value.module.is_main:
        start = context.parsed.positions.start(value.node)
        name = context.text.find(value.name, start)
        return Span(name, name + len(value.name)) if name >= 0 else None
    return None
