"""Everything that is sure to fail, each given to the one rule that reports it, so that one mistake gives one diagnostic.

`TABLE` is read from the top: the first row that fits a failure names its rule. Failures in guarded code are no findings, nor
are those that were seen only with made-up values and whose facts depend on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from keras_lsp.catalogue.keras_1 import successor
from keras_lsp.catalogue.keras_2 import KERAS_2
from keras_lsp.inference.facts import Application, Call, LayerFact, Problem, Span
from keras_lsp.inference.values import ListValue, TensorValue, Unknown
from keras_lsp.rules.base import Context
from keras_lsp.rules.graph_walks import CONVOLUTIONS, TRANSPARENT, ancestors, rank_of, source_of
from keras_lsp.rules.rewriting import is_written
from keras_lsp.rules.wording import MERGES, RECURRENT, is_symbolic
from keras_lsp.shapes.dim import Shape
from keras_lsp.shapes.outcome import ShapeError

# Classes whose Keras 1 constructor took (filters, rows, columns); a third argument equal to a second of at least 3 is that.
ROWS_AND_COLUMNS = ("Conv2D", "SeparableConv2D", "Conv2DTranspose")
SMALLEST_KERNEL = 3
# Arguments of operations are hardly ever nested deeper; a list that holds itself is.
MAX_NESTING = 6
SHAPE_ARGUMENTS = frozenset(("shape", "input_shape", "batch_shape", "batch_input_shape"))
# Names that travel through **kwargs to the first layer in one Keras generation or another.
HIDDEN_KEYWORDS = frozenset(
    ("input_shape", "input_dim", "input_length", "batch_size", "batch_input_shape", "batch_shape", "weights", "input_dtype",
     "dynamic")
)  # fmt: skip
ENUMERATED = frozenset(
    ("activation", "recurrent_activation", "padding", "data_format", "interpolation", "merge_mode", "kernel_initializer",
     "bias_initializer", "recurrent_initializer", "embeddings_initializer", "depthwise_initializer", "pointwise_initializer",
     "beta_initializer", "gamma_initializer", "moving_mean_initializer", "moving_variance_initializer",
     "kernel_regularizer", "bias_regularizer", "recurrent_regularizer", "activity_regularizer", "embeddings_regularizer",
     "beta_regularizer", "gamma_regularizer", "kernel_constraint", "bias_constraint", "recurrent_constraint",
     "embeddings_constraint", "output_mode", "pad_to_aspect_ratio", "fill_mode", "score_mode", "loss", "optimizer", "metrics")
)  # fmt: skip


@dataclass(slots=True)
class Failure:
    """A layer call, constructor or other call that is sure to raise.

    Attributes:
        subject: "application", "constructor", or the `Problem.subject`.
        call: the constructor for layers.
        span: where it fails.
    """

    subject: str
    error: ShapeError
    call: Call
    span: Span
    layer: LayerFact | None = None
    application: Application | None = None
    related: tuple[tuple[Span, str], ...] = ()
    unknown: tuple[str, ...] = field(default=())

    @property
    def class_name(self) -> str:
        """The layer's class, or the last part of what is called."""
        return self.layer.class_name if self.layer is not None else self.call.canonical.rsplit(".", 1)[-1]

    @property
    def argument(self) -> str | None:
        """The argument that is refused, if one is."""
        name = self.error.facts.get("argument")
        if isinstance(name, str):
            return name
        if self.error.kind != "argument" or "keywords" not in self.error.facts:
            return None
        # The first-layer contracts say which keywords they were asked about, not which one they refuse.
        given = [name for name in ("input_dim", *sorted(SHAPE_ARGUMENTS)) if name in self.call.arguments]
        if self.class_name == "Embedding" and "input_dim" in given:
            given.remove("input_dim")
        return given[0] if given else None

    @property
    def value(self) -> object:
        """The value that is refused."""
        if "value" in self.error.facts:
            return self.error.facts["value"]
        argument = self.call.arguments.get(self.argument or "")
        return argument.value if argument is not None else None

    @property
    def producer(self) -> LayerFact | None:
        """The layer that made the (first) input."""
        producers = self.application.producers if self.application is not None else ()
        return producers[0] if producers else None


def sort_failures(context: Context) -> dict[str, list[Failure]]:
    """All certain failures by the code of the rule that reports them, in the order in which they happen."""
    found: dict[str, list[Failure]] = {}
    seen: set[tuple[Span, str]] = set()
    for failure in _collect(context):
        if context.parsed.is_broken(failure.span.start):
            continue
        code = classify(failure, context)
        key = (failure.span, code)
        if key not in seen:
            seen.add(key)
            found.setdefault(code, []).append(failure)
    return found


def _collect(context: Context) -> list[Failure]:
    found: list[Failure] = []
    for layer in context.facts.layers:
        if layer.error is not None and _reportable(layer.call, layer.error):
            unknown = unknown_names(layer.error, layer.call)
            subject = "unknown-keyword" if unknown else "constructor"
            found.append(Failure(subject, layer.error, layer.call, layer.span, layer, unknown=unknown))
        for application in layer.applications:
            error = application.error
            if error is None or application.guarded:
                continue
            if application.symbolic and is_symbolic(application.inputs):
                continue
            if error.kind == "axis-undefined" and not _from_input(layer):
                continue
            found.append(Failure("application", error, layer.call, application.span, layer, application))
    for problem in context.facts.problems:
        if problem.subject == "op" and not _certain_operands(problem.call):
            continue
        if problem.subject in ("op", "model-call") and _EMPTY.search(problem.error.text):
            continue
        if problem.subject == "model-call" and (
            not _declared(context, problem.layer) or (not context.keras3 and _first_layer_decides(problem))
        ):
            continue
        if _reportable(problem.call, problem.error):
            unknown = unknown_names(problem.error, problem.call)
            subject = "unknown-keyword" if unknown else problem.subject
            call, span = problem.call, problem.call.span
            found.append(Failure(subject, problem.error, call, span, problem.layer, None, problem.related, unknown))
    return found


# An empty array is mostly a list that was filled in a way that could not be followed.
_EMPTY = re.compile(r"\(0,|, 0[,)]|with size 0\b")


def _certain_operands(call: Call) -> bool:
    """Whether all arguments of an operation are known: unknown ones may have any rank."""
    return not call.symbolic and not any(_has_unknown(argument.value) for argument in call.arguments.values())


def _has_unknown(value: object, depth: int = 0) -> bool:
    if isinstance(value, Unknown) or depth > MAX_NESTING:
        return True
    if isinstance(value, ListValue):
        return value.items is None or any(_has_unknown(item, depth + 1) for item in value.items)
    if isinstance(value, tuple):
        return any(_has_unknown(item, depth + 1) for item in cast("tuple[object, ...]", value))
    if isinstance(value, TensorValue):
        return value.spec.shape is None
    return False


def _from_input(layer: LayerFact) -> bool:
    """Whether a layer's input comes from a declared `Input`, whose `None` is certain; sizes of data that is loaded are only unknown."""
    root = layer
    for before in ancestors(layer):
        root = before
    producers = root.applications[0].producers if root.applications else ()
    start = producers[0] if producers else root
    return (
        start is not None
        and start.class_name == "InputLayer"
        and start.call.canonical not in ("keras.Sequential", "keras.Model")
    )


def _declared(context: Context, model: LayerFact | None) -> bool:
    """Whether a model's input was declared; one that was built by its data may take other data, too."""
    fact = next((m for m in context.facts.models if model is not None and m.call is model.call), None)
    first = fact.layers[0].fact if fact is not None and fact.layers else None
    if first is None or fact is None or fact.class_name != "Sequential":
        return fact is not None
    return bool(first.applications) and declared_shape(first.applications[0]) is not None


def _first_layer_decides(problem: Problem) -> bool:
    """A Keras 2 Sequential asks its first layer, not its declared input: Dense takes any rank with the right last axis."""
    expected, found = problem.error.facts.get("expected"), problem.error.facts.get("found")
    if problem.error.kind != "rank" or problem.layer is None or problem.layer.class_name != "Sequential":
        return False
    if not isinstance(expected, tuple) or not isinstance(found, tuple):
        return True
    return not expected or not found or cast("Shape", expected)[-1] == cast("Shape", found)[-1]


def _reportable(call: Call, error: ShapeError) -> bool:
    if call.guarded:
        return False
    return not call.symbolic or not any(is_symbolic(value) for value in error.facts.values())


# How the generations of Keras, and Python itself, say that nobody takes a keyword.
_NOT_TAKEN = re.compile(
    r"Unrecognized keyword|[Kk]eyword argument not understood|unexpected keyword argument|Unknown keyword argument|Invalid keyword argument"
)


def unknown_names(error: ShapeError, call: Call) -> tuple[str, ...]:
    """The keywords of a call that nobody takes, where that is the error."""
    if _NOT_TAKEN.search(error.text) is None:
        return ()
    quoted = [name for name in call.arguments if re.search(rf"['\"\[]{re.escape(name)}['\"\]]", error.text)]
    return tuple(quoted)


Predicate = Callable[[Failure, Context], bool]


def _kind(*kinds: str) -> Predicate:
    return lambda failure, _: failure.error.kind in kinds


def _subject(*subjects: str) -> Predicate:
    return lambda failure, _: failure.subject in subjects


def _all(*predicates: Predicate) -> Predicate:
    return lambda failure, context: all(predicate(failure, context) for predicate in predicates)


def _rank(failure: Failure) -> tuple[int | None, int | None]:
    """The rank a layer gets, and the one it needs."""
    facts = failure.error.facts
    rank = facts.get("rank")
    needed = next((facts[name] for name in ("expected_rank", "min_rank", "max_rank") if name in facts), None)
    return (rank if isinstance(rank, int) else None, needed if isinstance(needed, int) else None)


def ranks(failure: Failure) -> tuple[int | None, int | None]:
    """The rank a layer gets, and the one it needs, where known."""
    return _rank(failure)


def needs_return_sequences(failure: Failure, context: Context) -> bool:
    """A layer that needs a sequence gets the last output of a recurrent layer."""
    del context
    producer = last_output(failure)
    got, needed = _rank(failure)
    return (
        failure.error.kind == "rank"
        and producer is not None
        and recurrent_core(producer) is not None
        and got is not None
        and needed is not None
        and got == needed - 1
        and not returns_sequences(producer)
    )


def last_output(failure: Failure) -> LayerFact | None:
    """The layer that made the input, behind those that leave the shape alone (Dropout, BatchNormalization)."""
    producer = failure.producer
    if producer is not None and producer.class_name in TRANSPARENT:
        return source_of(producer) or producer
    return producer


def recurrent_core(layer: LayerFact) -> str | None:
    """The recurrent class of a layer, also inside `Bidirectional`; `None` for other layers."""
    if layer.class_name in RECURRENT:
        return layer.class_name
    inner = inner_layer(layer)
    if layer.class_name == "Bidirectional" and inner is not None and inner.class_name in RECURRENT:
        return inner.class_name
    return None


def inner_layer(layer: LayerFact) -> LayerFact | None:
    """The layer inside a wrapper, as the program constructed it."""
    argument = layer.call.arguments.get("layer")
    fact = getattr(argument.value, "fact", None) if argument is not None else None
    return fact if isinstance(fact, LayerFact) else None


def returns_sequences(layer: LayerFact) -> bool:
    """Whether a recurrent layer is asked for every time step."""
    core = inner_layer(layer) if layer.class_name == "Bidirectional" else layer
    if core is None:
        return False
    argument = core.call.arguments.get("return_sequences")
    return argument is not None and argument.value is True


def dim_keyword_on_sequence(failure: Failure, context: Context) -> bool:
    """The first layer is a sequence layer that was given `input_dim`."""
    layer = failure.layer
    return (
        failure.error.kind == "rank"
        and layer is not None
        and layer.class_name != "Embedding"
        and "input_dim" in layer.call.arguments
        and own_input(layer)
        and context.keras >= (2, 3)
    )


def batch_axis_given(failure: Failure, context: Context) -> bool:
    """The first layer gets one axis too many, out of its own or the Input's shape."""
    layer = failure.layer
    if failure.application is None or layer is None:
        return False
    got, needed = _rank(failure)
    if failure.error.kind == "rank" and got is not None and needed is not None and got == needed + 1:
        if "min_rank" in failure.error.facts:
            return False
        return batch_shape_argument(failure, context) is not None
    return False


def batch_shape_argument(failure: Failure, context: Context) -> tuple[Call, str] | None:
    """The call and argument that gave a layer its axis too many, directly or through convolutions that Keras 2 lets pass."""
    direct = first_shape_argument(failure, context)
    if direct is not None or context.keras3 or failure.layer is None:
        return direct
    first: LayerFact | None = None
    rank, _ = ranks(failure)
    for before in ancestors(failure.layer):
        if before.class_name == "InputLayer":
            break
        if not before.applications or rank_of(before.applications[0].inputs) != rank:
            return None
        first = before
    axes = re.search(r"([123])D", first.class_name) if first is not None else None
    if first is None or first.class_name not in CONVOLUTIONS or axes is None or rank == int(axes[1]) + 2:
        return None  # its own axes, no batch axis among them
    return declared_shape(first.applications[0])


def undefined_batch_axis(failure: Failure, context: Context) -> LayerFact | None:
    """The first convolution that Keras 2 lets pass with a `None` for the batch in front, where a later layer misses a size."""
    if context.keras3 or failure.error.kind != "axis-undefined" or failure.layer is None:
        return None
    for layer in (failure.layer, *ancestors(failure.layer)):
        axes = re.search(r"([123])D", layer.class_name)
        if layer.class_name not in CONVOLUTIONS or axes is None or not layer.applications:
            continue
        declared = declared_shape(layer.applications[0])
        if declared is not None and rank_of(layer.applications[0].inputs) == int(axes[1]) + 3:
            value = declared[0].arguments[declared[1]].value
            if isinstance(value, tuple) and value and value[0] is None:
                return layer
    return None


def first_shape_argument(failure: Failure, context: Context) -> tuple[Call, str] | None:
    """The call and argument that gave a first layer its input shape: its own keyword, or the shape of an `Input`."""
    layer = failure.layer
    if layer is None or failure.application is None:
        return None
    return declared_shape(failure.application)


def declared_shape(application: Application) -> tuple[Call, str] | None:
    """The call and argument that gave an input its shape, if the layer is called on an input."""
    producer = application.producers[0] if application.producers else None
    if producer is None or producer.class_name != "InputLayer":
        return None
    for name in ("shape", "batch_shape", "batch_input_shape", "input_shape"):
        if name in producer.call.arguments:
            return producer.call, name
    return None


def own_input(layer: LayerFact) -> bool:
    """Whether a layer of a Sequential is the one whose keywords declare the model's input."""
    if layer.position != "sequential" or layer.index != 0:
        return False
    producers = layer.applications[0].producers if layer.applications else ()
    return not producers or producers[0] is None or producers[0].call is layer.call


def _first_layer_looks_swapped(failure: Failure, context: Context) -> bool:
    from keras_lsp.rules.ker204_channels_axis_suspicious import swapped_input

    return swapped_input(failure, context) is not None


def _argument_in(*names: str) -> Predicate:
    return lambda failure, _: failure.argument in names


def _shape_argument(failure: Failure, _: Context) -> bool:
    return failure.argument in SHAPE_ARGUMENTS or failure.argument == "input_dim"


def _scalar_shape(failure: Failure, _: Context) -> bool:
    value = failure.value
    if failure.argument == "input_dim":
        return isinstance(value, tuple | list)
    return isinstance(value, int | float | str)


def rows_and_columns(layer: LayerFact) -> bool:
    """Whether a convolution is written as in Keras 1, `Conv2D(32, 5, 5)`."""
    kernel = layer.call.arguments.get("kernel_size")
    strides = layer.call.arguments.get("strides")
    if layer.class_name not in ROWS_AND_COLUMNS or kernel is None or strides is None:
        return False
    configuration = layer.configuration
    if configuration is not None and isinstance(configuration.arguments.get("kernel_size"), tuple):
        return False  # Keras 2.3 understands it
    return (
        is_written(kernel)
        and is_written(strides)
        and strides.positional
        and isinstance(kernel.value, int)
        and kernel.value == strides.value
        and kernel.value >= SMALLEST_KERNEL
    )


def slipped_strides(failure: Failure) -> LayerFact | None:
    """The convolution written as in Keras 1 that took the room that a later layer misses."""
    if failure.error.kind != "spatial-size" or failure.layer is None:
        return None
    chain = (failure.layer, *ancestors(failure.layer))
    return next((layer for layer in chain if rows_and_columns(layer)), None)


def _slipped(failure: Failure, _: Context) -> bool:
    """A positional argument whose type shows that another parameter was meant."""
    name = failure.argument
    argument = failure.call.arguments.get(name) if name is not None else None
    if argument is None or not argument.positional or failure.subject != "constructor":
        return False
    value: object = argument.value
    if name == "activation":
        return isinstance(value, tuple | int | float) and not isinstance(value, bool)
    return name in ("strides", "kernel_size", "pool_size", "filters") and isinstance(value, str)


def _string_value(failure: Failure, _: Context) -> bool:
    return isinstance(failure.value, str) and failure.argument in ENUMERATED


def _unknown_in(names: frozenset[str]) -> Predicate:
    return lambda failure, _: any(name in names for name in failure.unknown)


def _both_specs(failure: Failure, _: Context) -> bool:
    arguments = failure.call.arguments
    return "input_dim" in arguments and "input_shape" in arguments and "input_shape" in failure.unknown


def keras_1_names(failure: Failure) -> list[str]:
    """The arguments of a failing call that have their names of Keras 1."""
    return [
        name
        for name in failure.call.arguments
        if successor(failure.class_name, name) is not None and (name in failure.unknown or not failure.unknown)
    ]


def _keras_1(failure: Failure, _: Context) -> bool:
    return bool(keras_1_names(failure))


def _changed_argument(failure: Failure, context: Context) -> bool:
    if not context.keras3:
        return False
    return any((failure.class_name, name) in KERAS_2 or ("*", name) in KERAS_2 for name in failure.unknown)


def _bad_name(failure: Failure, _: Context) -> bool:
    return (
        failure.error.kind == "argument"
        and re.search(r"`name` must|valid (root )?scope name", failure.error.text) is not None
    )


def _given_twice(failure: Failure, _: Context) -> bool:
    """A parameter that is given by position and by name."""
    return "got multiple values for argument" in failure.error.text


def _addition(failure: Failure, _: Context) -> bool:
    """A keyword of `model.add(layer)`, `Sequential([...])` or `Model(...)` that is the layer's or an old name."""
    return failure.call.canonical in ("keras.Sequential.add", "keras.Sequential", "keras.Model")


def _optimizer(failure: Failure, _: Context) -> bool:
    return ".optimizers." in failure.call.canonical


def _input_call(failure: Failure, _: Context) -> bool:
    return failure.class_name in ("Input", "InputLayer")


def _built_before(failure: Failure, _: Context) -> bool:
    """An axis of an input that differs from an earlier call's; states and masks that do not fit are no second call."""
    return isinstance(failure.error.facts.get("axis"), int)


def _embedding(failure: Failure, _: Context) -> bool:
    return failure.class_name == "Embedding"


def _two_shapes(failure: Failure, _: Context) -> bool:
    arguments = failure.call.arguments
    return ("batch_shape" in arguments or "batch_input_shape" in arguments) and bool(
        {"shape", "input_shape", "batch_size"} & arguments.keys()
    )


def _no_shape(failure: Failure, context: Context) -> bool:
    """An `Input` without any argument that could be its shape."""
    known = ("shape", "batch_shape", "batch_input_shape", "tensor", *(() if context.keras3 else ("type_spec",)))
    return failure.class_name == "Input" and not any(name in failure.call.arguments for name in known)


def _missing(failure: Failure, _: Context) -> bool:
    return "missing" in failure.error.facts and failure.subject in ("constructor", "call")


def _merge_layer(failure: Failure, _: Context) -> bool:
    return failure.class_name in MERGES


def _model_on_array(failure: Failure, _: Context) -> bool:
    """A model that is called on an array of another shape than it takes."""
    argument = failure.call.arguments.get("inputs")
    value = argument.value if argument is not None else None
    return (
        failure.subject == "model-call"
        and failure.error.kind in ("rank", "axis-size")
        and isinstance(value, TensorValue)
        and value.kind != "keras"
    )


_UNKNOWN = _subject("unknown-keyword")
TABLE: tuple[tuple[str, Predicate], ...] = (
    # A name that nobody takes
    ("KER108", _all(_UNKNOWN, _addition)),
    ("KER108", _all(_UNKNOWN, lambda failure, _: "callable" in failure.error.facts)),
    ("KER108", _all(_UNKNOWN, lambda failure, _: "custom" in failure.error.facts)),
    ("KER501", _all(_UNKNOWN, _optimizer)),
    ("KER109", _all(_UNKNOWN, _input_call)),
    ("KER106", _all(_UNKNOWN, _both_specs)),
    ("KER502", _all(_UNKNOWN, _keras_1)),
    ("KER504", _all(_UNKNOWN, _changed_argument)),
    ("KER113", _all(_UNKNOWN, _embedding, _unknown_in(frozenset(("input_length", "weights"))))),
    ("KER103", _all(_UNKNOWN, _unknown_in(HIDDEN_KEYWORDS))),
    ("KER108", _UNKNOWN),
    # A value that is refused or missing
    ("KER305", _bad_name),
    ("KER502", _all(_missing, _keras_1)),
    ("KER114", _missing),
    ("KER113", _all(_embedding, _argument_in("weights"))),
    ("KER106", _all(_subject("input"), _two_shapes)),
    ("KER109", _all(_subject("input"), _no_shape)),
    ("KER112", _given_twice),
    ("KER101", _all(_kind("argument"), _shape_argument, _scalar_shape)),
    ("KER112", _all(_kind("argument"), _slipped)),
    ("KER407", _all(_kind("argument"), _string_value)),
    ("KER216", lambda failure, _: ".applications." in failure.call.canonical),
    ("KER110", _all(_kind("argument"), _subject("constructor", "input"))),
    ("KER208", _kind("option-conflict")),
    ("KER214", _kind("stateful")),
    # Shapes that do not fit
    ("KER217", _model_on_array),
    ("KER202", needs_return_sequences),
    ("KER104", dim_keyword_on_sequence),
    ("KER102", batch_axis_given),
    ("KER112", lambda failure, _: slipped_strides(failure) is not None),
    ("KER204", _all(_kind("spatial-size"), _first_layer_looks_swapped)),
    ("KER203", _kind("spatial-size")),
    ("KER102", lambda failure, context: undefined_batch_axis(failure, context) is not None),
    ("KER205", _kind("axis-undefined")),
    ("KER207", _kind("reshape-size")),
    ("KER209", _all(_kind("merge", "arity", "broadcast", "rank", "axis"), _merge_layer)),
    ("KER209", _kind("merge")),
    ("KER401", _kind("loss")),
    ("KER306", _all(_subject("application"), _kind("axis-size"), _built_before)),
    ("KER201", _kind("rank")),
    ("KER309", _subject("data")),
    ("KER301", _subject("never-called")),
    ("KER218", _kind("arity")),
    ("KER215", _kind("divisibility")),
    # Models
    ("KER303", _subject("not-called", "layer-not-called")),
    ("KER304", _subject("raw-op")),
    ("KER305", _subject("name")),
    ("KER302", _subject("disconnected")),
    ("KER315", _subject("get-layer")),
    ("KER307", _subject("add", "sequential", "model")),
    ("KER316", _subject("unpack")),
    ("KER503", _subject("gone-attribute")),
    ("KER219", lambda failure, context: True),
)  # fmt: skip


def classify(failure: Failure, context: Context) -> str:
    """The code of the rule that reports this failure."""
    return next(code for code, fits in TABLE if fits(failure, context))
