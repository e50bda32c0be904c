"""What a call of `compile`, `fit`, `evaluate` or `predict` comes to: what meets what, in which shapes, in how many steps."""

from __future__ import annotations

from keras_lsp.features import markup
from keras_lsp.features.lookup import change_text, on_last_name, shape_text
from keras_lsp.inference.facts import ModelEvent
from keras_lsp.inference.values import ListValue
from keras_lsp.rules.base import Context
from keras_lsp.rules.model_data import BINARY, CATEGORICAL, SPARSE, array_of, last_activation, loss_of
from keras_lsp.shapes.dim import format_shape

FEEDING = frozenset(("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch"))
# What a loss reads as labels, in words.
_LABELS = {
    SPARSE: "class numbers, one axis fewer than the output or a last one of 1",
    CATEGORICAL: "one number per class (one-hot), as many as the output has units",
    BINARY: "0 or 1 for each unit of the output",
}
BATCH_SIZE = 32
"""What `fit`, `evaluate` and `predict` take where nothing is said."""


def describe_event(event: ModelEvent) -> str:
    """One line with the model, then what is known about losses, labels and data; empty where that is nothing."""
    change = change_text(event.inputs, event.outputs)
    head = f"{markup.bold(event.method)} of {markup.escape(event.model.class_name)} {markup.code(change)}".rstrip()
    notes = _of_compile(event) if event.method == "compile" else _of_data(event)
    if not notes:
        return ""
    return markup.paragraphs(head, markup.items(notes))


def _of_compile(event: ModelEvent) -> list[str]:
    notes: list[str] = []
    loss = loss_of(event)
    if loss is not None:
        labels = _LABELS.get(loss.name, "")
        notes.append(f"loss {markup.code(loss.name)}{f': labels are {labels}' if labels else ''}")
    activation = last_activation(event.last_layer)
    if activation is not None:
        notes.append(f"last activation {markup.code('none' if activation == 'linear' else activation)}")
    metrics = event.call.arguments.get("metrics")
    names = metrics.value.items if metrics is not None and isinstance(metrics.value, ListValue) else None
    if names and all(isinstance(name, str) for name in names):
        notes.append("metrics " + ", ".join(markup.code(str(name)) for name in names))
    return notes


def _of_data(event: ModelEvent) -> list[str]:
    notes: list[str] = []
    x, y = array_of(event, "x"), array_of(event, "y")
    if x is not None and x.shape is not None:
        notes.append(f"x {markup.code(format_shape(x.shape))} for the input {markup.code(shape_text(event.inputs))}")
    if y is not None and y.shape is not None and "predict" not in event.method:
        loss = loss_of(event.compiled)
        by = f", compared by {markup.code(loss.name)}" if loss is not None else ""
        notes.append(
            f"y {markup.code(format_shape(y.shape))} for the output {markup.code(shape_text(event.outputs))}{by}"
        )
    if x is not None and x.shape and isinstance(x.shape[0], int) and not event.method.endswith("on_batch"):
        notes += _steps(event, x.shape[0])
    return notes


def _steps(event: ModelEvent, samples: int) -> list[str]:
    """How many steps so many samples take; nothing where some of them are kept back or the size of a batch is not known."""
    arguments = event.call.arguments
    if event.call.unknown_arguments or {"validation_split", "steps_per_epoch", "steps"} & set(arguments):
        return []
    given = arguments.get("batch_size")
    size = BATCH_SIZE if given is None or given.value is None else given.value
    if not isinstance(size, int) or size < 1 or samples < 1:
        return []
    steps = -(-samples // size)
    each = " in each epoch" if event.method == "fit" else ""
    word = "step" if steps == 1 else "steps"
    return [
        f"{samples:,} samples in batches of {size:,}: {markup.code(f'ceil({samples:,} / {size:,}) = {steps:,}')} {word}{each}"
    ]


def event_at(context: Context, offset: int) -> ModelEvent | None:
    """The call of a model's method whose name is at an offset; the last evaluation of it that was not made up."""
    found = [
        event
        for event in context.facts.events
        if (event.method == "compile" or event.method in FEEDING)
        and on_last_name(context, event.call.callee_span, offset)
    ]  # fmt: skip
    certain = [event for event in found if not event.call.symbolic]
    return (certain or found or [None])[-1]
