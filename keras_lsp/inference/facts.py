"""Facts: the only thing that flows from inference to rules, features and the command line.

Positions are code-point offsets into the analysed text. Shapes are `keras_lsp.shapes.tensor` structures. Everything is
plain data that a reader must not change.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from keras_lsp.inference.numbering import Name
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import Dim, Shape
from keras_lsp.shapes.outcome import ShapeError, Weight
from keras_lsp.shapes.tensor import Structure

if TYPE_CHECKING:

    class Span(NamedTuple):
        """A stretch of the text: to all but `inference.places` a pair of numbers like any other."""

        start: int
        end: int

        def contains(self, offset: int) -> bool:
            """Whether the offset lies in or right behind it."""
            ...

else:

    class Span:
        """A stretch of the text, `start` inclusive and `end` exclusive.

        Spans that inference makes are shared by all facts about a place, and move with it when the text before it changes
        (`inference.places`); that is why they are no tuples. Everybody else takes them as values.
        """

        __slots__ = ("end", "start")

        def __init__(self, start: int, end: int) -> None:
            self.start = start
            self.end = end

        def contains(self, offset: int) -> bool:
            """Whether the offset lies in or right behind it."""
            return self.start <= offset <= self.end

        def __iter__(self) -> Iterator[int]:
            yield self.start
            yield self.end

        def __len__(self) -> int:
            return 2

        def __getitem__(self, index: int) -> int:
            return (self.start, self.end)[index]

        def __eq__(self, other: object) -> bool:
            return self is other or (isinstance(other, Span) and self.start == other.start and self.end == other.end)

        def __hash__(self) -> int:
            return hash((self.start, self.end))

        def __lt__(self, other: Span) -> bool:
            return (self.start, self.end) < (other.start, other.end)

        def __repr__(self) -> str:
            return f"Span({self.start}, {self.end})"


@dataclass(slots=True)
class Argument:
    """One argument as the program wrote it at a call.

    Attributes:
        name: the parameter it binds to ("units"), or the keyword as written where no parameter takes it.
        value: the abstract value it evaluated to (see `inference.values`; plain Python for constants).
        span: the value's expression at the call; for `**kwargs` the starred expression.
        keyword_span: the keyword's name, `None` for positional arguments and unpacked ones.
        positional: whether it was given by position.
        unpacked: whether it came out of `*args` or `**kwargs`, or was written in another file.
    """

    name: str
    value: object
    span: Span
    keyword_span: Span | None = None
    positional: bool = False
    unpacked: bool = False


@dataclass(slots=True)
class Call:
    """A call of a library function or class that rules look at: its canonical name, where, and with what.

    Attributes:
        certain: whether it runs whenever the program runs: not in a branch taken on an unknown condition, not in a
            function nobody calls.
        guarded: whether failing is expected here (inside `try`, `assertRaises`, `pytest.raises`).
        symbolic: whether it was evaluated with made-up (symbolic) parameters of a function nobody calls.
    """

    canonical: str
    span: Span
    callee_span: Span
    arguments: dict[str, Argument] = field(default_factory=dict[str, Argument])
    unknown_arguments: bool = False
    certain: bool = True
    guarded: bool = False
    symbolic: bool = False


@dataclass(slots=True)
class Application:
    """A layer, model or op called on tensors once (in one context).

    Attributes:
        span: the call expression, or for a layer in a Sequential the layer's constructor call.
        error: what Keras is sure to raise here; the output is then `None`.
        reason: why the output is not known, where it is not.
        producers: for every input tensor (flattened), the layer fact that produced it, `None` for others.
        source: who knows the output: "rule", or the Keras that was asked ("keras 3.15.1").
    """

    span: Span
    inputs: Structure
    output: Structure
    error: ShapeError | None = None
    reason: str | None = None
    formula: tuple[str, ...] = ()
    producers: tuple[LayerFact | None, ...] = ()
    certain: bool = True
    guarded: bool = False
    symbolic: bool = False
    call_arguments: Mapping[str, object] = field(default_factory=dict[str, object])
    source: str = "rule"


@dataclass(slots=True)
class LayerFact:
    """One layer object that the program constructs (one per evaluation of the constructor call).

    Attributes:
        class_name: main public name ("MaxPooling2D"), or the user's class name.
        canonical: dotted name ("keras.layers.MaxPooling2D"); empty for the user's classes.
        call: the constructor call with its arguments as written; names not in the signature included.
        named: the layer's name, which `name` says as text.
        configuration: every argument with its default; `None` for the user's classes.
        hidden: how the first-layer keywords were understood (`catalogue.first_layer.FirstLayer`), if any were given.
        error: what the constructor is sure to raise.
        applications: the calls on tensors, in order; empty if it was never called.
        weights: variables after building; `None` if not built or not known.
        position: "sequential" (index in `index`), "functional", "wrapped" (inside a wrapper layer) or "alone".
        index: place in its Sequential, from 0; `None` elsewhere.
    """

    class_name: str
    canonical: str
    call: Call
    named: Name
    configuration: Configuration | None = None
    hidden: object | None = None
    error: ShapeError | None = None
    applications: list[Application] = field(default_factory=list[Application])
    weights: tuple[Weight, ...] | None = None
    position: str = "alone"
    index: int | None = None
    trainable: bool | None = True
    custom: bool = False

    @property
    def name(self) -> str:
        """The layer's name."""
        return str(self.named)

    @property
    def span(self) -> Span:
        """The constructor call."""
        return self.call.span

    @property
    def params(self) -> Dim:
        """Number of weights, `None` if not known."""
        if self.weights is None:
            return None
        total: Dim = 0
        for weight in self.weights:
            size = weight.size
            if size is None:
                return None
            total = total + size
        return total


@dataclass(slots=True)
class ModelLayer:
    """A row of a model's summary.

    Attributes:
        named: the name of the layer or operation, which `name` says as text.
        sources: names of the layers and operations whose outputs it takes, through those that have no row.
        links: the same as Keras sees it: a name, which of its calls, and which output.
    """

    named: Name
    class_name: str
    output: Structure
    params: Dim
    span: Span | None
    fact: LayerFact | None = None
    sources: tuple[Name, ...] = ()
    links: tuple[tuple[Name, int, int], ...] = ()
    depth: int = 0

    @property
    def name(self) -> str:
        """The name of the layer or operation."""
        return str(self.named)

    @property
    def inbound(self) -> tuple[str, ...]:
        """Names of the layers and operations whose outputs it takes."""
        return tuple(map(str, self.sources))

    @property
    def connections(self) -> tuple[str, ...]:
        """What it takes, as Keras's summary says it: "conv2d[0][0]"."""
        return tuple(f"{name}[{call}][{output}]" for name, call, output in self.links)


@dataclass(slots=True)
class ModelFact:
    """One model object.

    Attributes:
        variable: name it was first assigned to, `None` if none.
        named: the model's name, which `name` says as text.
        class_name: "Sequential", "Functional" ("Model" in Keras 2's words), or the user's class name.
        span: the call that made it.
        inputs, outputs: lists of tensors; `None` while not built or not known.
        layers: its layers in Keras's order; `None` if not known.
        operations: rows of functions and operators between layers, by the index in `layers` that each stands before, as
            the summary of Keras 3 shows them; in Keras 2 these are layers.
        reason: why something is not known.
        source: who knows the layers: "rule", or the Keras that was asked ("keras 3.15.1").
    """

    variable: str | None
    class_name: str
    named: Name
    span: Span
    inputs: list[Structure] | None = None
    outputs: list[Structure] | None = None
    layers: list[ModelLayer] | None = None
    operations: list[tuple[int, ModelLayer]] = field(default_factory=list["tuple[int, ModelLayer]"])
    params: Dim = None
    trainable: Dim = None
    call: Call | None = None
    symbolic: bool = False
    reason: str | None = None
    source: str = "rule"

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self.named)

    @property
    def rows(self) -> list[ModelLayer]:
        """Layers and operations as `summary()` lists them."""
        found = list(self.layers or ())
        for index, row in reversed(self.operations):
            found.insert(index, row)
        return found


@dataclass(slots=True)
class Refusal:
    """An array that a model refuses.

    Attributes:
        argument: of the event: `x` or `validation_data`.
        index: which of the model's inputs.
        shape: of the array, batch axis included.
        expected: the input's shape.
        error: what the model or one of its layers raises.
    """

    argument: Argument
    index: int
    shape: Shape
    expected: Shape
    error: ShapeError


@dataclass(frozen=True, slots=True)
class OwnClass:
    """A class of the program that derives from `keras.Model` alone, as it was when something was done with a model of it.

    Attributes:
        definition: its statement.
        members: what the class, its bases in the program and the object had then, with their abstract values.
    """

    definition: ast.ClassDef
    members: Mapping[str, object]


@dataclass(slots=True)
class ModelEvent:
    """`compile`, `fit`, `evaluate`, `predict`, `train_on_batch`, `build`, `summary` ... called on a model.

    Attributes:
        inputs, outputs: the model's tensors at that moment (`None` if unknown or not built).
        compiled: the last `compile` event of the model before this one.
        last_layer: the layer that made the model's (only) output.
        first_layer: the layer that takes the model's (only) input: an `Input`, or the Sequential's first layer.
        unbuilt: whether the model is certain to have no input shape and no weights at this moment.
        refusals: arrays among the arguments that the model is sure to refuse.
        output_layers: the layer that made each of the outputs.
        output_names: the names of a functional model's outputs, `None` for those that the program did not choose; `None`
            where the outputs are not known, or are a dictionary.
        escaped: whether something that was not followed may have compiled or called the model.
        own_class: the program's class of the model, `None` where it has none in this file, or not all of it is known.
    """

    method: str
    model: ModelFact
    call: Call
    inputs: list[Structure] | None = None
    outputs: list[Structure] | None = None
    compiled: ModelEvent | None = None
    last_layer: LayerFact | None = None
    first_layer: LayerFact | None = None
    unbuilt: bool = False
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    output_layers: list[LayerFact | None] = field(default_factory=list["LayerFact | None"])
    output_names: list[str | None] | None = None
    escaped: bool = False
    own_class: OwnClass | None = None


@dataclass(slots=True)
class Problem:
    """Something that is sure to fail and that is no layer application: an op, `Model(...)`, `add`, `Input(...)`.

    Attributes:
        subject: what fails: "unknown-keyword" (names in `error.facts["keywords"]`, a tuple), "constructor", "input"
            (`Input(...)`), "op", "raw-op" (a TensorFlow, NumPy or backend function on a Keras 3 symbolic tensor),
            "not-called" (a layer where a tensor is needed), "model" (`Model(...)`: a graph that is not connected), "add"
            and "sequential" (what cannot be added), "name" (duplicate or refused names), ...
        error: what is raised; `facts["argument"]` and `facts["value"]` say which argument is refused.
        related: other places that explain it, with words.
    """

    subject: str
    call: Call
    error: ShapeError
    related: tuple[tuple[Span, str], ...] = ()
    layer: LayerFact | None = None


@dataclass(slots=True)
class ExpressionFact:
    """What is known of one expression whose value is a tensor, array, layer, model or shape.

    Attributes:
        kind: "layer", "op", "model", "input" or "value".
        callee: canonical name of what was called, `None` for plain values.
        output: joined over contexts; `None` with a `reason` when not known.
        contexts: how many evaluations were joined.
        value: the abstract value of the last evaluation, for hovers.
        symbolic: whether only symbolic evaluations were seen.
        source: who knows the output: "rule", the Keras that was asked ("keras 3.15.1"), or "unknown".
    """

    span: Span
    kind: str
    callee: str | None
    inputs: Structure
    output: Structure
    params: Dim = None
    contexts: int = 1
    source: str = "rule"
    reason: str | None = None
    value: object | None = None
    symbolic: bool = False
    layer: LayerFact | None = None
    model: ModelFact | None = None


@dataclass(slots=True)
class Variable:
    """A name bound at a place, for hovers on names and completion of shapes in scope."""

    name: str
    span: Span
    value: object
    symbolic: bool = False


@dataclass(slots=True)
class Question:
    """Something only an oracle can answer; `key` is what its answer is looked up by in the world."""

    key: str
    payload: object


class Records(Protocol):
    """What was seen at the places of the text, put together when somebody asks for it."""

    def expression(self, node: ast.AST) -> ExpressionFact | None:
        """The fact of one expression."""
        ...

    def expressions(self) -> dict[Span, ExpressionFact]:
        """Facts of all expressions that were seen."""
        ...

    def variables(self) -> list[Variable]:
        """Names that were bound, with the last value seen."""
        ...

    def shape_reads(self) -> set[Span]:
        """Expressions whose `.shape` the program reads."""
        ...


@dataclass
class Facts:
    """All that inference learned about one text.

    `internal_errors` are mistakes of ours that cost the facts of a statement; tests demand that there are none. `trace` is for
    the evaluation of the next version.
    """

    layers: list[LayerFact] = field(default_factory=list[LayerFact])
    models: list[ModelFact] = field(default_factory=list[ModelFact])
    calls: list[Call] = field(default_factory=list[Call])
    events: list[ModelEvent] = field(default_factory=list[ModelEvent])
    problems: list[Problem] = field(default_factory=list[Problem])
    imports: dict[str, str] = field(default_factory=dict[str, str])
    comments_disagree: list[tuple[Span, str, Structure]] = field(default_factory=list[tuple[Span, str, Structure]])
    questions: list[Question] = field(default_factory=list[Question])
    reasons: dict[str, int] = field(default_factory=dict[str, int])
    keras: str = ""
    steps: int = 0
    truncated: str | None = None
    internal_errors: list[str] = field(default_factory=list[str])
    records: Records | None = field(default=None, repr=False, compare=False)
    trace: object | None = field(default=None, repr=False, compare=False)

    @cached_property
    def expressions(self) -> dict[Span, ExpressionFact]:
        """What is known of expressions."""
        return self.records.expressions() if self.records is not None else {}

    def expression(self, node: ast.AST) -> ExpressionFact | None:
        """What is known of one expression, without reading all others."""
        return self.records.expression(node) if self.records is not None else None

    @cached_property
    def variables(self) -> list[Variable]:
        """Names that were bound."""
        return self.records.variables() if self.records is not None else []

    @cached_property
    def shape_reads(self) -> set[Span]:
        """Expressions whose `.shape` the program reads."""
        return self.records.shape_reads() if self.records is not None else set()
