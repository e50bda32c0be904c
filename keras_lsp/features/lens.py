"""The line above a model: its class, shapes and parameters."""

from __future__ import annotations

from keras_lsp.features.lookup import change_text, count_text
from keras_lsp.features.types import CodeLens
from keras_lsp.inference.facts import ModelFact, Span
from keras_lsp.rules.base import Context


def code_lenses(context: Context) -> tuple[CodeLens, ...]:
    """One lens per place at which a model is made; nothing for models of which nothing is known."""
    found: dict[Span, CodeLens] = {}
    for index, model in enumerate(context.facts.models):
        title = lens_title(model)
        if title and (model.span not in found or not model.symbolic):
            found[model.span] = CodeLens(model.span, title, index)
    return tuple(found[span] for span in sorted(found))


def lens_title(model: ModelFact) -> str:
    """`Sequential (None, 28, 28, 1) -> (None, 10), 25,450 parameters`."""
    change = change_text(model.inputs, model.outputs)
    counted = count_text(model.params)
    parts = [part for part in (f"{model.class_name} {change}".strip(), counted) if part]
    if not change and not counted:
        layers = len(model.layers or ())
        return f"{model.class_name}, {layers} layers, {model.reason or 'input shape not known'}" if layers else ""
    return ", ".join(parts)
