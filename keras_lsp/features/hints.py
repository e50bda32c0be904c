"""Inlay hints: the output shape at the end of each line that calls a layer."""

from __future__ import annotations

from keras_lsp.features import markup
from keras_lsp.features.hover import describe_expression
from keras_lsp.features.lookup import count_text, shape_text
from keras_lsp.features.types import InlayHint
from keras_lsp.inference.facts import ExpressionFact
from keras_lsp.inference.values import TensorValue
from keras_lsp.project.settings import Settings
from keras_lsp.rules.base import Context
from keras_lsp.text.lines import LineIndex

# A longer label would push the code's neighbours out of sight; the tooltip has it all.
MAX_LABEL = 60
_KINDS = frozenset(("layer", "op", "input"))


def inlay_hints(context: Context, settings: Settings, start: int, end: int) -> tuple[InlayHint, ...]:
    """One hint per line at most: the outermost layer, op or input that ends on it; none where the shape is not known."""
    if not settings.inlay_hints.output_shapes:
        return ()
    lines = LineIndex(context.text)
    best: dict[int, ExpressionFact] = {}
    for span, fact in context.facts.expressions.items():
        if fact.kind not in _KINDS or not start <= span.end <= end or not shape_text(fact.output):
            continue
        if isinstance(fact.value, TensorValue) and fact.value.kind == "numpy":
            continue  # data, not the model
        line = lines.line(max(span.end - 1, 0))
        known = best.get(line)
        if known is None or (span.end, -span.start) > (known.span.end, -known.span.start):
            best[line] = fact
    return tuple(_hint(context, settings, lines, line, fact) for line, fact in sorted(best.items()))


def _hint(context: Context, settings: Settings, lines: LineIndex, line: int, fact: ExpressionFact) -> InlayHint:
    label = shape_text(fact.output)
    counted = count_text(fact.params)
    if settings.inlay_hints.parameter_counts and counted:
        label = f"{label}, {counted}"
    if len(label) > MAX_LABEL:  # as many whole shapes as fit
        cut = label.rfind("), ", 0, MAX_LABEL)
        label = f"{label[: cut + 3]}…" if cut > 0 else f"{label[: MAX_LABEL - 1]}…"
    content = lines.content(line)
    code_end = lines.start(line) + len(content.rstrip())
    rest = context.text[fact.span.end : code_end]
    # Behind the comma or bracket that ends the line, but before a comment.
    offset = code_end if "#" not in rest else fact.span.end + len(rest[: rest.index("#")].rstrip())
    return InlayHint(offset, label, describe_expression(context, fact) or markup.code(label))
