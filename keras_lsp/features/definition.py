"""Where a name comes from: a place in this text, or a place in the installed Keras for someone else to find.

Only what a general Python server does not find: keywords that stand in no signature, layers by their names, and what TensorFlow
loads when it is used. Two servers that name one place make some editors ask which of them is meant.
"""

from __future__ import annotations

from keras_lsp.features.hover import hidden_keyword
from keras_lsp.features.layer_names import name_uses, named_layer
from keras_lsp.features.lookup import canonical_name, dotted_path, keyword_at
from keras_lsp.features.types import Definition, LibraryTarget, Location
from keras_lsp.inference.facts import Span
from keras_lsp.rules.base import Context
from keras_lsp.syntax.names import name_at


def definition(context: Context, offset: int) -> Definition | None:
    """The target of the keyword or name at an offset, `None` when it is not known."""
    found = keyword_at(context, offset)
    if found is not None:
        call, argument, layer = found
        if argument.keyword_span is None or not call.canonical:
            return None
        keyword = argument.name if layer is not None else None
        hidden = hidden_keyword(context, call, argument.name) if keyword is not None else None
        if not _loaded_late(context, context.source(call.callee_span), offset) and (hidden is None or hidden.declared):
            return None
        return LibraryTarget(call.canonical, argument.keyword_span, keyword)
    uses = name_uses(context, offset)
    if uses:  # a layer's name leads to the layer
        here = next(use.span for use in uses if use.span.contains(offset))
        layer = uses[0].layer or named_layer(context, uses[0])
        return Location(layer.call.callee_span, here) if layer is not None else None
    name = name_at(context.text, offset)
    if name is None or not name.rooted:
        return None
    canonical = canonical_name(context, name.text, offset)
    if canonical is None or not _loaded_late(context, name.text, offset):
        return None
    return LibraryTarget(canonical, Span(name.part_start, name.end))


def _loaded_late(context: Context, dotted: str, offset: int) -> bool:
    """Whether a name means something of `tf.keras`, which no other server resolves."""
    path = dotted_path(context, dotted, offset)
    return path is not None and path.startswith("tensorflow.")
