"""What `compile`, `fit` and `predict` were given: arrays, losses, last layers; `None` wherever it is not certain."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from keras_lsp.inference.facts import Argument, Call, LayerFact, ModelEvent, ModelFact, Span
from keras_lsp.inference.keras.model_inputs import mend
from keras_lsp.inference.values import DatasetValue, DictValue, External, LibraryObject, ListValue, TensorValue
from keras_lsp.rules.base import Context
from keras_lsp.rules.failures import declared_shape
from keras_lsp.rules.graph_walks import producer
from keras_lsp.rules.rewriting import place
from keras_lsp.rules.shape_arguments import as_shape, single
from keras_lsp.shapes.dim import Shape, differ, format_shape
from keras_lsp.shapes.tensor import Structure, Tensor

TRAINING = frozenset(("fit", "evaluate", "train_on_batch", "test_on_batch"))
PREDICTING = frozenset(("predict", "predict_on_batch", "predict_classes", "predict_proba"))
CATEGORICAL = "categorical_crossentropy"
SPARSE = "sparse_categorical_crossentropy"
BINARY = "binary_crossentropy"
CROSSENTROPIES = frozenset((CATEGORICAL, SPARSE, BINARY))
# Losses that compare values elementwise, so that shapes are broadcast against each other.
ELEMENTWISE = frozenset(
    ("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error", "huber",
     "log_cosh")
)  # fmt: skip
_ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "huber_loss": "huber",
    "logcosh": "log_cosh",
    "bce": BINARY,
}


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss as the program names it.

    Attributes:
        name: the function's name ("categorical_crossentropy").
        from_logits: whether it expects values before softmax or sigmoid; `None` if not known.
        instance: whether it is given as an object, not as a string or function.
    """

    name: str
    from_logits: bool | None
    instance: bool
    argument: Argument


@dataclass(frozen=True, slots=True)
class Comparison:
    """Labels that a loss compares with an output.

    Attributes:
        labels: batch axis included.
        argument: of the event, that brings them.
        layer: makes the output.
        origin: where the labels got their shape.
    """

    event: ModelEvent
    loss: Loss
    labels: Tensor
    output: Shape
    argument: Argument
    layer: LayerFact | None
    origin: Span | None = None

    @property
    def shape(self) -> Shape:
        """The shape of the labels."""
        assert self.labels.shape is not None
        return self.labels.shape


def loss_of(compiled: ModelEvent | None) -> Loss | None:
    """The only loss of a compiled model."""
    argument = compiled.call.arguments.get("loss") if compiled is not None else None
    if argument is None:
        return None
    value = argument.value
    if isinstance(value, ListValue) and value.items is not None and len(value.items) == 1:
        value = value.items[0]
    return _loss(value, argument)


def _loss(value: object, argument: Argument) -> Loss | None:
    if isinstance(value, str):
        return Loss(loss_name(value), False, False, argument)
    if isinstance(value, External):
        leaf = value.path.rpartition(".")[2]
        return Loss(loss_name(leaf), False, False, argument) if ".losses." in value.path else None
    if isinstance(value, LibraryObject) and ".losses." in value.path:
        logits = value.arguments.get("from_logits", False)
        known = logits if isinstance(logits, bool) else None
        return Loss(loss_name(value.path.rpartition(".")[2]), known, True, argument)
    return None


def loss_name(text: str) -> str:
    """`CategoricalCrossentropy`, `categorical_crossentropy` and aliases as one name."""
    if text.upper() == text and text.isalpha():
        text = text.lower()
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower()
    return _ALIASES.get(name, name)


def array_of(event: ModelEvent, name: str) -> Tensor | None:
    """The array given as `x` or `y`, batch axis included."""
    argument = event.call.arguments.get(name)
    value = argument.value if argument is not None else None
    if isinstance(value, TensorValue):
        return value.spec
    source = event.call.arguments.get("x")
    if isinstance(source and source.value, DatasetValue):
        return _of_dataset(source.value, 0 if name == "x" else 1)  # type: ignore[union-attr]
    if name == "x" and isinstance(value, DatasetValue):
        return _of_dataset(value, 0)
    return None


def _of_dataset(dataset: DatasetValue, index: int) -> Tensor | None:
    if dataset.batched is not True:
        return None
    element = dataset.element
    if isinstance(element, ListValue):
        element = tuple(element.items or ())
    if isinstance(element, TensorValue) and index == 0:
        return _fixed(element)
    if isinstance(element, tuple):
        parts = cast("tuple[object, ...]", element)
        part = parts[index] if index < len(parts) else None
        return _fixed(part) if isinstance(part, TensorValue) else None
    return None


def _fixed(element: TensorValue) -> Tensor | None:
    """An element whose sizes are all known but that of the batch: what a pipeline leaves open may be anything."""
    shape = element.spec.shape
    return element.spec if shape is not None and all(isinstance(dim, int) for dim in shape[1:]) else None


def largest(content: object) -> int | None:
    """The largest of whole numbers that are known one by one."""
    if isinstance(content, int) and not isinstance(content, bool):
        return content
    if not isinstance(content, tuple) or not content:
        return None
    found = [largest(item) for item in cast("tuple[object, ...]", content)]
    return None if None in found else max(number for number in found if number is not None)


def arrays_in(value: object) -> list[TensorValue] | None:
    """The arrays of a list, tuple or dict that holds nothing else."""
    if isinstance(value, ListValue):
        value = value.items
    elif isinstance(value, DictValue):
        value = None if value.open else list(value.items.values())
    if isinstance(value, list | tuple) and value and all(isinstance(item, TensorValue) for item in value):  # pyright: ignore[reportUnknownVariableType]
        return list(value)  # pyright: ignore[reportUnknownArgumentType]
    return None


def events(context: Context, methods: frozenset[str]) -> Iterator[ModelEvent]:
    """Certain enough events: nothing guarded, nothing seen only with made-up values."""
    for event in context.facts.events:
        if event.method in methods and not event.call.guarded and not event.call.symbolic:
            yield event


def comparisons(context: Context) -> Iterator[Comparison]:
    """Labels with the outputs they are for; not where the input shape is reported as wrong, since the output follows it."""
    wrong = {id(event.model) for event, *_ in shape_of_whole_array(context)}
    for event in events(context, TRAINING):
        if event.outputs is None or id(event.model) in wrong or _is_other_data(event) or _has_other_rank(event):
            continue
        for argument, labels in _labels(event):
            for index, (value, output) in enumerate(_paired(labels, event)):
                layer = event.output_layers[index] if index < len(event.output_layers) else None
                loss = _loss_at(event, index, layer)
                shape = output.shape if isinstance(output, Tensor) else None
                tensor = value.spec if isinstance(value, TensorValue) else value if isinstance(value, Tensor) else None
                # An output of no values comes from a variable that the program fills later.
                if loss is not None and shape is not None and 0 not in shape and tensor is not None and tensor.shape:
                    origin = value.origin if isinstance(value, TensorValue) else None
                    yield Comparison(event, loss, tensor, shape, argument, layer, origin)


def _is_other_data(event: ModelEvent) -> bool:
    """Whether what stands for the labels is other data: a second input, or inputs of other samples (reported as such)."""
    x, y = event.call.arguments.get("x"), event.call.arguments.get("y")
    if x is not None and isinstance(x.value, DatasetValue):
        element = x.value.element
        first = cast("tuple[object, ...]", element)[0] if isinstance(element, tuple) and element else None
        return isinstance(first, TensorValue) and len(event.inputs or ()) > 1
    inputs = x.value.spec.shape if x is not None and isinstance(x.value, TensorValue) else None
    labels = y.value.spec.shape if y is not None and isinstance(y.value, TensorValue) else None
    return bool(inputs and labels and len(inputs) > 1 and differ(inputs[0], labels[0]) and inputs[1:] == labels[1:])


def _has_other_rank(event: ModelEvent) -> bool:
    """Whether the data have another rank than the input: Keras 2 may take them, and the output has another rank then, too."""
    x, inputs = event.call.arguments.get("x"), event.inputs
    found = x.value.spec.shape if x is not None and isinstance(x.value, TensorValue) else None
    wanted = inputs[0].shape if inputs is not None and len(inputs) == 1 and isinstance(inputs[0], Tensor) else None
    return found is not None and wanted is not None and len(mend(found, wanted)) != len(wanted)


def about_labels(context: Context, comparison: Comparison) -> tuple[tuple[Span, str], ...]:
    """The call that brings the labels, and where they got their shape, with words."""
    shape = format_shape(comparison.shape)
    call = comparison.event.call
    return (
        (place(call, comparison.argument), f"labels of shape {shape}"),
        *origin_of(context, call, comparison.origin, f"the labels get their shape here, {shape}"),
    )


def origin_of(context: Context, call: Call, origin: Span | None, words: str) -> tuple[tuple[Span, str], ...]:
    """Where an array was made, if that is another place than the call it is given to."""
    if origin is None or origin.end <= origin.start or origin.start >= len(context.text):
        return ()
    return () if call.span.start <= origin.start < call.span.end else ((origin, words),)


def alone(comparison: Comparison, others: Iterable[Comparison], fits: Callable[[Comparison], bool]) -> bool:
    """Whether these labels (of validation, of a test) are wrong and those that the model is trained on are not."""
    if comparison.event.method == "fit" and comparison.argument.name != "validation_data":
        return False
    return any(
        other.event.model is comparison.event.model
        and other.event.method in ("fit", "train_on_batch")
        and other.argument.name != "validation_data"
        and other.layer is comparison.layer
        and fits(other)
        for other in others
    )


def _labels(event: ModelEvent) -> Iterator[tuple[Argument, object]]:
    """The arguments that bring labels, and what they bring."""
    x, y = event.call.arguments.get("x"), event.call.arguments.get("y")
    if x is not None and isinstance(x.value, DatasetValue):
        yield x, _of_dataset(x.value, 1)
    elif y is not None:
        yield y, y.value
    held_out = event.call.arguments.get("validation_data")
    value = held_out.value if held_out is not None else None
    if isinstance(value, ListValue):
        value = tuple(value.items or ())
    if held_out is not None and isinstance(value, DatasetValue):
        yield held_out, _of_dataset(value, 1)
    elif held_out is not None and isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        if len(items) in (2, 3):
            yield held_out, items[1]


def _paired(labels: object, event: ModelEvent) -> list[tuple[object, Structure]]:
    """Each output with its labels, which come alone, in a list, or by the names of the layers."""
    outputs = event.outputs or []
    if len(outputs) == 1 and isinstance(labels, TensorValue | Tensor):
        return [(labels, outputs[0])]
    if isinstance(labels, DictValue):
        names = [layer.name if layer is not None else None for layer in event.output_layers]
        if labels.open or len(names) != len(outputs) or not all(name in labels.items for name in names):
            return []
        return [(labels.items[name], output) for name, output in zip(names, outputs, strict=True)]
    if isinstance(labels, ListValue):
        labels = tuple(labels.items or ())
    if not isinstance(labels, tuple):
        return []
    items = cast("tuple[object, ...]", labels)
    return list(zip(items, outputs, strict=True)) if len(items) == len(outputs) else []


def _loss_at(event: ModelEvent, index: int, layer: LayerFact | None) -> Loss | None:
    """The loss of one of several outputs: one for all, a list, or a dictionary by the names of the layers."""
    argument = event.compiled.call.arguments.get("loss") if event.compiled is not None else None
    if argument is None:
        return None
    value = argument.value
    if isinstance(value, ListValue):
        items = value.items or []
        return _loss(items[index], argument) if len(items) == len(event.outputs or ()) else None
    if isinstance(value, DictValue):
        return _loss(value.items.get(layer.name), argument) if layer is not None and not value.open else None
    return _loss(value, argument)


def output_shape(event: ModelEvent) -> Shape | None:
    """The shape of the model's only output at an event."""
    return None if event.outputs is None else single(event.outputs)


def input_shape(event: ModelEvent) -> Shape | None:
    """The shape of the model's only input at an event."""
    return None if event.inputs is None or event.model.layers is None else single(event.inputs)


def whole_numbers(shape: Shape | None) -> bool:
    """Whether every size but the first is a number."""
    return shape is not None and all(isinstance(dim, int) for dim in shape[1:])


def label_shapes(context: Context, model: ModelFact) -> list[Shape | None]:
    """The label shapes that `fit` and `evaluate` of a model are given."""
    found: list[Shape | None] = []
    for event in context.facts.events:
        if event.model is model and event.method in TRAINING:
            labels = array_of(event, "y")
            found.append(labels.shape if labels is not None else None)
    return found


def outputs_of_models(context: Context) -> Iterator[tuple[ModelFact, LayerFact]]:
    """Models with one known output, and the layer that makes it."""
    for model in context.facts.models:
        if model.symbolic or not model.layers or model.outputs is None or len(model.outputs) != 1:
            continue
        last = next((e.last_layer for e in context.facts.events if e.model is model and e.last_layer), None)
        last = last or model.layers[-1].fact
        if last is not None and last.applications and last.applications[-1].output == model.outputs[0]:
            yield model, last


def reconstructions(context: Context) -> Iterator[tuple[ModelEvent, Shape, Shape]]:
    """`fit(x, x)` with a model of known output: the event, the array's shape, the output's shape."""
    for event in events(context, frozenset(("fit",))):
        x, y = event.call.arguments.get("x"), event.call.arguments.get("y")
        if x is None or y is None or (x.value is not y.value and context.source(x.span) != context.source(y.span)):
            continue
        target, output = array_of(event, "y"), output_shape(event)
        if target is not None and target.shape is not None and output is not None:
            yield event, target.shape, output


# An array's shape, written without leaving an axis out.
_WHOLE_SHAPE = re.compile(r"\.shape$|\bshape\(\w+\)$")


def shape_of_whole_array(context: Context) -> Iterator[tuple[ModelEvent, Call, str, Shape]]:
    """First layers whose shape argument is the whole shape of the array given to `fit`, number of samples included."""
    seen: set[int] = set()
    for event in events(context, TRAINING):
        declared = declaration(event)
        data, expected = array_of(event, "x"), input_shape(event)
        if declared is None or data is None or data.shape is None or expected is None or id(declared[0]) in seen:
            continue
        call, name = declared
        if name not in ("input_shape", "shape") or not all(isinstance(dim, int) for dim in data.shape):
            continue
        shape = as_shape(call.arguments[name].value)
        whole = shape == data.shape
        if shape is not None and _WHOLE_SHAPE.search(context.source(call.arguments[name].span)):
            whole = len(shape) == len(data.shape) and shape[1:] == data.shape[1:]
        if shape is not None and whole and expected[1:] == shape:
            seen.add(id(call))
            yield event, call, name, shape


def declaration(event: ModelEvent) -> tuple[Call, str] | None:
    """The call and argument that gave a model's only input its shape."""
    rows = event.model.layers
    first = event.first_layer or (rows[0].fact if rows else None)
    if first is None:
        return None
    if first.class_name == "InputLayer":
        names = ("shape", "batch_shape", "input_shape", "batch_input_shape")
        return next(((first.call, name) for name in names if name in first.call.arguments), None)
    found = declared_shape(first.applications[0]) if first.applications else None
    if found is None and "input_dim" in first.call.arguments and first.class_name != "Embedding":
        return first.call, "input_dim"
    return found


def is_whole_array(context: Context, event: ModelEvent) -> bool:
    """Whether an event's data misfit is reported as a batch axis in the input shape."""
    return any(found.model is event.model for found, *_ in shape_of_whole_array(context))


def last_activation(layer: LayerFact | None) -> str | None:
    """The activation that makes a model's output, behind layers that pass it on."""
    for _ in range(MAX_PASSING):
        passes = layer is not None and (
            layer.class_name in _PASSING or (layer.class_name == "Activation" and activation_of(layer) == "linear")
        )
        if not passes:
            break
        layer = producer(layer)
    return activation_of(layer)


# Layers that change neither the values nor what they mean; longer rows of them are no model's end.
_PASSING = frozenset(("Dropout", "Identity", "Reshape", "Flatten"))
MAX_PASSING = 8


def activation_of(layer: LayerFact | None) -> str | None:
    """The name of a layer's activation, "linear" for none; `None` if the layer has none or it is not known."""
    if layer is None or layer.custom:
        return None
    if layer.class_name == "Softmax":
        return "softmax"
    parameter = layer.configuration is not None and "activation" in layer.configuration.arguments
    argument = layer.call.arguments.get("activation")
    if argument is None:
        if layer.call.unknown_arguments or not parameter or layer.class_name == "Activation":
            return None
        default = layer.configuration.arguments["activation"] if layer.configuration is not None else None
        return "linear" if default is None else default if isinstance(default, str) else None
    if argument.value is None:
        return "linear"
    if isinstance(argument.value, str):
        return argument.value
    if isinstance(argument.value, External):
        return argument.value.path.rpartition(".")[2]
    return None
