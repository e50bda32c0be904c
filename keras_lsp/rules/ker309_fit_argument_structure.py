"""KER309: the arrays given to a model do not have the structure that it takes.

## What it does
Reports another number of arrays than the model has inputs, arrays of different numbers of samples, and lists of numbers
where Keras wants arrays: everywhere in Keras 3, beside an array in Keras 2; and dictionaries of arrays that lack one for an
input, or have labels for no output. Labels or a `validation_split` beside a data set, a generator or a `Sequence`, which bring
their labels themselves; no labels at all where the model is compiled with a loss; generators of Keras 3 that yield a list instead
of a tuple; too few samples to split; a `class_weight` that the model cannot use; and arrays of strings or of Python objects.

## Why it matters
Keras stops when training starts: `Data cardinality is ambiguous`, `Layer expects 2 input(s), but it received 1 input tensors`,
`Unrecognized data type: x=[[1, 2, 3]] (of type <class 'list'>)`, ``When providing `x` as a tf.data.Dataset, `y` should not be
passed``.

## Example
```python
x, y = np.zeros((100, 3), "float32"), np.zeros((90, 1), "float32")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, y)
```

## Use instead
```python
x, y = np.zeros((100, 3), "float32"), np.zeros((100, 1), "float32")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, y)
```

## Fix
None.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import cast

from keras_lsp.inference.facts import Argument, ModelEvent
from keras_lsp.inference.values import DatasetValue, DictValue, LibraryObject, ListValue, TensorValue
from keras_lsp.rules.base import Context, Finding, Rule, Severity
from keras_lsp.rules.failures import Failure
from keras_lsp.rules.model_data import PREDICTING, TRAINING, array_of, arrays_in, events, origin_of
from keras_lsp.rules.results import is_plain
from keras_lsp.rules.rewriting import place
from keras_lsp.rules.wording import count, keras_name, listed, raises
from keras_lsp.shapes.dim import Shape, differ, format_shape
from keras_lsp.shapes.tensor import Tensor


def check(context: Context) -> Iterator[Finding]:
    """Arrays in another number or of other lengths than the model takes."""
    for event in events(context, TRAINING | PREDICTING):
        if event.method in TRAINING:
            yield from _streams(context, event)
        if event.model.class_name not in ("Sequential", "Functional"):
            continue
        found = list(_kinds(context, event)) or list(_lists(context, event)) or list(_numbers(context, event))
        yield from found
        if event.method in TRAINING:
            yield from _unlabelled(context, event)
            yield from _class_weight(context, event)
            yield from _samples(context, event)
            yield from _outputs(context, event)
            yield from _named_outputs(context, event)
    for failure in context.failures.get("KER309", ()):
        yield _missing(context, failure)


def _missing(context: Context, failure: Failure) -> Finding:
    """A dictionary of arrays without one for an input."""
    facts = failure.error.facts
    names = cast("tuple[str, ...]", facts["missing"])
    what = f"no `{names[0]}`" if names else f"{facts['found']} arrays for {facts['expected']} inputs"
    message = f"The dictionary has {what}. {raises(context, failure.error)}"
    return RULE.finding(place(failure.call, failure.call.arguments[str(facts["argument"])]), message)


def _lists(context: Context, event: ModelEvent) -> Iterator[Finding]:
    """The first list of numbers among the arrays of `fit`, `evaluate` or `predict`, where Keras finds no adapter for it.

    Source: `get_data_adapter` in keras/src/trainers/data_adapters/__init__.py (Keras 3), `select_data_adapter` in
    keras/src/engine/data_adapter.py (Keras 2: lists of numbers, but not together with arrays).
    """
    if event.method not in ("fit", "evaluate", "predict"):
        return
    given = [event.call.arguments[name] for name in ("x", "y") if name in event.call.arguments]
    lists = [argument for argument in given if _plain_numbers(argument.value)]
    arrays = [argument for argument in given if isinstance(argument.value, TensorValue)]
    if not lists or len(lists) + len(arrays) < len(given) or (not context.keras3 and not arrays):
        return
    reason = (
        "takes arrays, not lists of numbers, and raises: ValueError: Unrecognized data type"
        if context.keras3
        else "takes lists or arrays, not both, and raises: ValueError: Failed to find data adapter"
    )
    argument = lists[0]
    message = f"{keras_name(context)} {reason}. Write `np.array({context.source(argument.span)[:40]})`."
    yield RULE.finding(place(event.call, argument), message)


# What the errors of Keras 3 and 2 call the sources of batches, by where they come from.
_STREAMS = {
    "builtins.generator": ("a generator", "generator", "python generator"),
    "keras.utils.Sequence": ("a Sequence", "PyDataset", "`keras.utils.Sequence`"),
}
_DATA_SET = ("a data set", "tf.data.Dataset", "dataset")


def _stream(argument: Argument | None) -> tuple[str, str, str] | None:
    """How the errors name what brings whole batches, labels included; `None` for arrays and what is not known."""
    value = argument.value if argument is not None else None
    if not isinstance(value, DatasetValue):
        return None
    if value.path in _STREAMS:
        return _STREAMS[value.path]
    return _DATA_SET if value.path.startswith("tensorflow.") else None


def _streams(context: Context, event: ModelEvent) -> Iterator[Finding]:
    """What cannot be given together with a data set, a generator or a `Sequence`; and batches of a generator that are no tuples.

    Source: keras/src/trainers/epoch_iterator.py and data_adapters/generator_data_adapter.py (Keras 3), data_adapter.py (Keras 2).
    """
    if event.method not in ("fit", "evaluate"):
        return
    x, y, split = (event.call.arguments.get(name) for name in ("x", "y", "validation_split"))
    names = _stream(x)
    if x is None or names is None:
        return
    if y is not None and isinstance(y.value, TensorValue | ListValue | DictValue):
        reason = (
            f"When providing `x` as a {names[1]}, `y` should not be passed."
            if context.keras3
            else f"`y` argument is not supported when using {names[2]} as input."
        )
        message = (
            f"`x` is {names[0]}, which brings the labels itself. {keras_name(context)} raises: ValueError: {reason}"
        )
        yield RULE.finding(place(event.call, y), message)
        return
    if split is not None and isinstance(split.value, float) and split.value and event.method == "fit":
        message = (
            f"Only arrays can be split, and `x` is {names[0]}: give `validation_data`. {keras_name(context)} raises: ValueError: "
            f"`validation_split` is only supported for {'tensors' if context.keras3 else 'Tensors'} or NumPy arrays."
        )
        yield RULE.finding(place(event.call, split), message)
        return
    element = x.value.element if isinstance(x.value, DatasetValue) else None
    if context.keras3 and names[1] == "generator" and isinstance(element, ListValue | TensorValue):
        what = (
            "a list: write `yield x, y`"
            if isinstance(element, ListValue)
            else "an array: write `yield (x,)` or `yield x, y`"
        )
        message = (
            f"The generator yields {what}. {keras_name(context)} raises: ValueError: When passing a Python generator to a Keras "
            "model, the generator must return a tuple, either (input,) or (inputs, targets) or (inputs, targets, sample_weights)."
        )
        yield RULE.finding(place(event.call, x), message)


_LABELLED = ("fit", "evaluate", "train_on_batch")


def _unlabelled(context: Context, event: ModelEvent) -> Iterator[Finding]:
    """Training with a loss and without labels; `evaluate` of Keras 2 lets it pass."""
    x, compiled = event.call.arguments.get("x"), event.compiled
    if x is None or compiled is None or event.call.unknown_arguments or not is_plain(event):
        return
    loss = compiled.call.arguments.get("loss")
    if loss is None or not isinstance(loss.value, str | LibraryObject) or event.method not in _LABELLED:
        return
    if event.method == "evaluate" and not context.keras3:
        return
    y = event.call.arguments.get("y")
    if isinstance(x.value, TensorValue) and x.value.kind != "keras":
        missing = y is None or y.value is None
    elif isinstance(x.value, DatasetValue) and (
        _stream(x) is _DATA_SET or (_stream(x) is _STREAMS["builtins.generator"] and not context.keras3)
    ):
        element = x.value.element
        one = isinstance(element, tuple) and len(cast("tuple[object, ...]", element)) == 1
        missing = y is None and (isinstance(element, TensorValue) or one)
    else:
        missing = False
    if missing:
        reason = "None values not supported." if context.keras3 else "Target data is missing."
        message = (
            f"The model is compiled with a loss, and `{event.method}` gets no labels to compute it with. {keras_name(context)} "
            f"raises: ValueError: {reason}"
        )
        related = ((place(compiled.call, loss), "the loss"),)
        yield RULE.finding(place(event.call, x), message, related=related)
        return
    held_out = event.call.arguments.get("validation_data")
    if held_out is not None and isinstance(held_out.value, TensorValue) and held_out.value.kind == "numpy":
        reason = (
            "None values not supported."
            if context.keras3
            else "The truth value of an array with more than one element is ambiguous."
        )
        message = f"`validation_data` is a tuple, `(x, y)`: an array alone has no labels. {keras_name(context)} raises: ValueError: {reason}"
        yield RULE.finding(place(event.call, held_out), message)


def _kinds(context: Context, event: ModelEvent) -> Iterator[Finding]:
    """Arrays of strings or of Python objects, which Keras makes no tensors of.

    Keras 2 takes strings where the model's input does, and the objects may be strings.
    """
    if event.method not in ("fit", "evaluate", "predict") or context.keras < (2, 4):
        return
    inputs = event.inputs or []
    numbers = len(inputs) == 1 and isinstance(inputs[0], Tensor) and (inputs[0].dtype or "").startswith("float")
    for name in ("x", "y"):
        argument = event.call.arguments.get(name)
        value = argument.value if argument is not None else None
        if argument is None or not isinstance(value, TensorValue) or value.kind != "numpy":
            continue
        dtype = value.spec.dtype
        if dtype not in ("string", "object") or (name == "y" and event.method == "predict"):
            continue
        if not context.keras3 and not (numbers if name == "x" else is_plain(event)):
            continue
        held = "strings" if dtype == "string" else "Python objects"
        if context.keras3:
            reason = f"ValueError: Invalid dtype: {'str' if dtype == 'string' else 'object'}"
        elif dtype == "object":
            reason = "ValueError or UnimplementedError, by what the objects are"
        else:
            reason = "UnimplementedError about a cast of strings to numbers"
        advice = (
            "Encode them as numbers" if dtype == "string" else "Give them one type of numbers, `.astype('float32')`"
        )
        message = f"`{name}` is an array of {held}. {advice}. {keras_name(context)} raises: {reason}."
        related = origin_of(context, event.call, value.origin, "the array is made here")
        yield RULE.finding(place(event.call, argument), message, related=related)
        return


def _class_weight(context: Context, event: ModelEvent) -> Iterator[Finding]:
    """`class_weight` that is no dictionary, or for several outputs; and in Keras 3 for labels with more than one axis.

    Source: keras/src/trainers/data_adapters/data_adapter_utils.py, tf_keras/src/engine/data_adapter.py.
    """
    argument = event.call.arguments.get("class_weight")
    if argument is None or event.method not in ("fit", "train_on_batch") or context.keras < (2, 4):
        return
    weights = argument.value
    if isinstance(weights, str) and weights:
        owner, attribute = "str", "get" if context.keras3 else "keys"
    elif isinstance(weights, ListValue) and weights.items and weights.kind == "list":
        owner, attribute = "list", "get" if context.keras3 else "keys"
    elif isinstance(weights, TensorValue) and weights.kind == "numpy" and context.keras3:
        owner, attribute = "numpy.ndarray", "get"
    else:
        owner, attribute = "", ""
    if owner and event.method == "fit" and isinstance(array_of(event, "y"), Tensor):
        message = (
            f"`class_weight` must be a dictionary of numbers of classes: `dict(enumerate(weights))`. {keras_name(context)} raises: "
            f"AttributeError: '{owner}' object has no attribute '{attribute}'."
        )
        yield RULE.finding(place(event.call, argument), message)
        return
    if not isinstance(weights, DictValue) or not weights.items:
        return
    if len(event.outputs or ()) > 1 and event.model.layers is not None:
        message = (
            f"`class_weight` is for models with one output; this one has {len(event.outputs or ())}. Give `sample_weight`. "
            f"{keras_name(context)} raises: ValueError: `class_weight` is only supported for Models with a single output."
        )
        yield RULE.finding(place(event.call, argument), message)
        return
    y = event.call.arguments.get("y")
    shape = (
        y.value.spec.shape if y is not None and isinstance(y.value, TensorValue) and y.value.kind == "numpy" else None
    )
    if context.keras3 and event.method == "fit" and shape and len(shape) > 2:
        inner = shape[1:-1]
        if all(isinstance(dim, int) and dim > 1 for dim in inner):
            message = (
                f"`class_weight` needs one class for each sample; the labels are {format_shape(shape)}. Give `sample_weight`. "
                f"{keras_name(context)} raises: TypeError about arrays that are no Python scalars."
            )
            yield RULE.finding(place(event.call, argument), message)


def _inputs_of(argument: Argument) -> object:
    """What is given to the model's inputs: of a data set the first part of a batch."""
    value = argument.value
    if _stream(argument) is not None and isinstance(value, DatasetValue):
        element = value.element
        items = list(cast("tuple[object, ...]", element)) if isinstance(element, tuple) else []
        return items[0] if len(items) in (2, 3) else None
    return value


def _numbers(context: Context, event: ModelEvent) -> Iterator[Finding]:
    argument = event.call.arguments.get("x")
    if argument is None:
        return
    if event.inputs is None or event.model.layers is None:
        return
    value = _inputs_of(argument)
    if isinstance(value, DictValue):
        return  # compared by names
    arrays = arrays_in(value)
    given = len(arrays) if arrays is not None else 1 if isinstance(value, TensorValue) else None
    if value is not argument.value and (given is None or given > len(event.inputs)):
        return
    wanted = len(event.inputs)
    if given is None or given == wanted or (arrays is None and wanted == 1):
        return
    if given > wanted and (2, 4) <= context.keras < (2, 6):
        return  # TensorFlow 2.3 takes the first ones; 2.4 and 2.5 were not asked
    severity = Severity.WARNING if wanted == 1 and context.keras3 else Severity.ERROR
    message = f"The model has {count(wanted, 'input')}, and `{event.method}` is given {count(given, 'array')}."
    yield RULE.finding(place(event.call, argument), message, severity=severity)


def _plain_numbers(value: object) -> bool:
    """A list of numbers, or of lists of numbers."""
    if not isinstance(value, ListValue) or not value.items:
        return False
    return all(
        (isinstance(item, int | float) and not isinstance(item, bool)) or _plain_numbers(item) for item in value.items
    )


# From here on Keras 3 compares the structures of labels and outputs (3.6 does not, 3.7 was not asked).
_LABELS_COMPARED = (3, 8)


def _outputs(context: Context, event: ModelEvent) -> Iterator[Finding]:
    """One array of labels for a model with several outputs."""
    argument, outputs = event.call.arguments.get("y"), event.outputs
    if argument is None or outputs is None or len(outputs) < 2 or event.compiled is None or event.model.layers is None:
        return
    if not isinstance(argument.value, TensorValue) or "loss" not in event.compiled.call.arguments:
        return
    if (3,) <= context.keras < _LABELS_COMPARED:
        return
    outcome = (
        f"{keras_name(context)} raises: ValueError: y_true and y_pred have different structures."
        if context.keras3
        else f"{keras_name(context)} compares it with the first one only, without a word."
    )
    message = (
        f"The model has {count(len(outputs), 'output')}, and `{event.method}` is given one array of labels. Give a list with "
        f"one for each. {outcome}"
    )
    severity = Severity.ERROR if context.keras3 else Severity.WARNING
    related = ((event.model.span, f"the model has {count(len(outputs), 'output')}"),)
    yield RULE.finding(place(event.call, argument), message, severity=severity, related=related)


# From here on Keras 3 takes labels by names only for several outputs, and all of them (3.6 does not; 3.7 and 3.8 were not asked).
_LABEL_NAMES_COMPARED = (3, 9)


def _named_outputs(context: Context, event: ModelEvent) -> Iterator[Finding]:
    """Labels by the names of outputs that the model does not have."""
    argument, names = event.call.arguments.get("y"), event.output_names
    labels = argument.value if argument is not None else None
    if argument is None or names is None or not isinstance(labels, DictValue) or labels.open:
        return
    if (3,) <= context.keras < _LABEL_NAMES_COMPARED or context.keras < (2, 4) or event.compiled is None:
        return
    given = [key for key in labels.items if isinstance(key, str)]
    if "loss" not in event.compiled.call.arguments or len(given) != len(labels.items):
        return
    if context.keras3 and len(names) == 1:
        message = (
            f"The model has one output, not a dictionary of them: give `{event.method}` the array of labels itself. "
            f"{keras_name(context)} raises: TypeError: Expected float32, but got {given[0] if given else 'a name'} of type 'str'."
        )
        yield RULE.finding(place(event.call, argument), message)
        return
    chosen = [name for name in names if name is not None]
    wrong = [name for name in given if name not in chosen]
    missing = [name for name in chosen if name not in given] if context.keras3 else []
    if len(chosen) < len(names) or not (wrong or missing):
        return
    what = f"The model has no output `{wrong[0]}`" if wrong else f"There are no labels for the output `{missing[0]}`"
    message = f"{what}: its outputs are {listed(chosen)}. {keras_name(context)} raises an error about the names of the labels."
    yield RULE.finding(place(event.call, argument), message)


def _samples(context: Context, event: ModelEvent) -> Iterator[Finding]:
    x, y = array_of(event, "x"), array_of(event, "y")
    argument = event.call.arguments.get("y")
    yield from _too_few(context, event, x)
    yield from _weights(context, event, x)
    yield from _held_out(context, event)
    if (
        x is None
        or y is None
        or not x.shape
        or not y.shape
        or argument is None
        or not isinstance(argument.value, TensorValue)
    ):
        return
    if differ(x.shape[0], y.shape[0]):
        yield _ambiguous(context, event, argument, (x.shape, y.shape), ("x", "y"))


def _too_few(context: Context, event: ModelEvent, x: Tensor | None) -> Iterator[Finding]:
    """Samples of which `validation_split` leaves none on one side.

    Source: `train_validation_split` in keras/src/trainers/data_adapters/array_slicing.py and tf_keras/src/engine/data_adapter.py.
    """
    argument = event.call.arguments.get("validation_split")
    given = event.call.arguments.get("x")
    if argument is None or event.method != "fit" or not isinstance(argument.value, float) or not 0 < argument.value < 1:
        return
    samples = x.shape[0] if x is not None and x.shape else None
    if (
        given is None
        or not isinstance(given.value, TensorValue)
        or not isinstance(samples, int)
        or context.keras < (2, 4)
    ):
        return
    if math.floor(samples * (1.0 - argument.value)) in (0, samples) and samples:
        message = (
            f"{count(samples, 'sample')} cannot be split by {argument.value}. {keras_name(context)} raises: ValueError: Training "
            f"data contains {samples} samples, which is not sufficient to split it into a validation and training set as specified "
            f"by `validation_split={argument.value}`."
        )
        yield RULE.finding(place(event.call, argument), message)


def _weights(context: Context, event: ModelEvent, x: Tensor | None) -> Iterator[Finding]:
    """Weights of another number of samples."""
    argument = event.call.arguments.get("sample_weight")
    value = argument.value if argument is not None else None
    if x is None or not x.shape or argument is None or not isinstance(value, TensorValue) or not value.spec.shape:
        return
    if differ(x.shape[0], value.spec.shape[0]):
        yield _ambiguous(context, event, argument, (x.shape, value.spec.shape), ("x", "sample_weight"))


def _held_out(context: Context, event: ModelEvent) -> Iterator[Finding]:
    """Validation data and labels of different lengths."""
    argument = event.call.arguments.get("validation_data")
    if argument is None:
        return
    arrays = arrays_in(argument.value)
    if arrays is None or len(arrays) not in (2, 3) or len(event.inputs or ()) != 1 or len(event.outputs or ()) != 1:
        return
    first, second = arrays[0].spec.shape, arrays[1].spec.shape
    if first and second and differ(first[0], second[0]):
        yield _ambiguous(context, event, argument, (first, second), ("validation_data[0]", "validation_data[1]"))


def _ambiguous(
    context: Context, event: ModelEvent, argument: Argument, shapes: tuple[Shape, Shape], names: tuple[str, str]
) -> Finding:
    message = (
        f"There are {shapes[0][0]} samples in `{names[0]}`, {format_shape(shapes[0])}, and {shapes[1][0]} in `{names[1]}`, "
        f"{format_shape(shapes[1])}. {keras_name(context)} raises: ValueError: Data cardinality is ambiguous."
    )
    return RULE.finding(place(event.call, argument), message)


RULE = Rule("KER309", "fit-argument-structure", Severity.ERROR, "none", check, __doc__ or "")
