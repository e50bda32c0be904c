"""KER301: a model is asked for its weights or shapes before it knows its input.

## What it does
Reports `summary`, `count_params`, `get_weights`, `save_weights`, `input_shape`, `output`, `weights[0]` and the like on a
Sequential without an input shape that nothing has built before; and, in Keras 3, `input` and `output` of a Sequential that was
never called on a symbolic tensor, as for Grad-CAM or a model of features.

## Why it matters
Without an input shape the layers have no weights. Keras 2 raises `This model has not yet been built`; Keras 3 prints `?` and 0
parameters, `model.weights` is an empty list, and there are no weights that could be saved or loaded.

## Example
```python
model = keras.Sequential([keras.layers.Dense(10)])
model.summary()
```

## Use instead
```python
model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])
model.summary()
```

## Fix
`model.input` becomes `model.inputs[0]`. Which input shape is meant where there is none, only the author knows.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_lsp.catalogue.version import Contract
from keras_lsp.inference.facts import ModelEvent, Span
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.failures import Failure
from keras_lsp.rules.ker111_input_shape_inside_wrapper import inside_wrapper
from keras_lsp.rules.model_data import events
from keras_lsp.rules.wording import keras_name, raises
from keras_lsp.text.edits import TextEdit

_FILES = frozenset(("save_weights", "load_weights"))
# From here on Keras 3 refuses to save or load the weights of such a model (3.6 does not, 3.7 was not asked).
_FILES_CHECKED = (3, 8)
# From here on Keras 2 has another way to files of this name, which takes models without weights.
_NEW_FILES = (2, 12)
_NEW_NAME = ".weights.h5"
_METHODS = frozenset(("summary", "get_weights", "save_weights", "load_weights", "count_params"))
_CONNECTIONS = frozenset(("input", "output", "inputs", "outputs", "input_shape", "output_shape"))
# Empty lists in Keras 3, which only an index finds out.
_LISTS = frozenset(("weights", "variables", "trainable_weights", "trainable_variables"))


def check(context: Context) -> Iterator[Finding]:
    """Uses of models that have no input shape yet."""
    reported: set[int] = set()
    for event in events(context, _METHODS | _CONNECTIONS | _LISTS):
        if id(event.model) in reported or not unbuilt(event) or not event.call.certain:
            continue
        if event.model.layers and any(inside_wrapper(row.fact) for row in event.model.layers[:1] if row.fact):
            continue
        raising = _raising(context, event)
        if raising is None:
            continue
        reported.add(id(event.model))
        if raising:
            outcome = f"{keras_name(context)} raises ValueError."
            if event.method == "summary":
                outcome = f"{keras_name(context)} raises: ValueError: This model has not yet been built."
            elif event.method in _CONNECTIONS:
                outcome = f"{keras_name(context)} raises AttributeError."
            elif event.method in _LISTS and context.keras3:
                outcome = f"`{event.method}` is an empty list in {keras_name(context)}: IndexError."
        else:
            outcome = f"{keras_name(context)} goes on with no weights: `summary` shows no shapes and 0 parameters."
        message = (
            f"This model does not know its input shape yet, so it has no weights. {outcome} "
            "Put `keras.Input(...)` first, or call `model.build((None, ...))`."
        )
        first = event.model.layers[0].span if event.model.layers else None
        span = first or (event.model.span if event.model.call is not None else event.call.span)
        related = ((event.call.span, "it is used here"),)
        yield RULE.finding(span, message, severity=Severity.ERROR if raising else Severity.WARNING, related=related)
    for failure in context.failures.get("KER301", ()):
        yield _never_called(context, failure)


def _never_called(context: Context, failure: Failure) -> Finding:
    """`model.input` of a Sequential that was not called on a symbolic tensor."""
    name = failure.error.facts["attribute"]
    message = (
        f"A Sequential of Keras 3 has no `{name}` before it is called on a symbolic tensor. It has `{name}s`, a list: write "
        f"`{name}s[0]`. {raises(context, failure.error)}"
    )
    end = failure.span.end
    fixes: tuple[Fix, ...] = ()
    if context.text[failure.span.start : end].endswith(f".{name}"):
        fixes = (Fix(f"Use `{name}s[0]`", (TextEdit(end, end, "s[0]"),)),)
    return RULE.finding(failure.span, message, severity=Severity.ERROR, fixes=fixes)


def _raising(context: Context, event: ModelEvent) -> bool | None:
    """Whether the event raises; `None` where it neither raises nor is known to do anything strange."""
    if event.method in _CONNECTIONS | _LISTS:
        if context.keras < (2, 4):  # what tf.keras of TensorFlow 1.15 to 2.2 says was not asked
            return True if event.method in _CONNECTIONS and context.world.keras.contract is Contract.A else None
        subscripted = event.method not in _LISTS or not context.keras3 or event.call.span in indexed(context)
        return True if subscripted else None
    if context.keras3:
        return event.method == "count_params" or (event.method in _FILES and context.keras >= _FILES_CHECKED)
    if context.keras < (2, 4):  # counts 0 parameters and saves empty files
        return True if event.method == "summary" else None
    if event.method not in _FILES:
        return True
    argument = event.call.arguments.get("filepath")
    name = argument.value if argument is not None else None
    if not isinstance(name, str) or (name.endswith(_NEW_NAME) and context.keras >= _NEW_FILES):
        return None
    return True if event.method == "save_weights" or name.endswith((".h5", ".hdf5", ".keras")) else None


def indexed(context: Context) -> set[Span]:
    """The expressions that an element is taken of."""
    positions = context.parsed.positions
    return {
        Span(*positions.span(node.value))
        for node in context.nodes(ast.Subscript)
        if not isinstance(node.slice, ast.Slice)
    }


def unbuilt(event: ModelEvent) -> bool:
    """Whether a Sequential is certain to have no input shape at this moment."""
    return event.model.class_name == "Sequential" and event.inputs is None and event.unbuilt


RULE = Rule("KER301", "used-before-built", Severity.WARNING, "sometimes", check, __doc__ or "")
