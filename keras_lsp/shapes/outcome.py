"""What an output-shape function answers: a result, an error Keras is sure to raise, or honestly nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from keras_lsp.shapes.dim import Dim, Shape, product
from keras_lsp.shapes.tensor import Structure


@dataclass(frozen=True, slots=True)
class Weight:
    """One variable of a layer: its name ("kernel"), shape, and whether training changes it."""

    name: str
    shape: Shape
    trainable: bool = True
    dtype: str | None = None

    @property
    def size(self) -> Dim:
        """Number of elements."""
        return product(self.shape)


@dataclass(frozen=True, slots=True)
class Applied:
    """A layer or op that worked.

    Attributes:
        output: the tensors that come out (for an op, any value: `ops.shape` gives a tuple of sizes).
        weights: the layer's variables after it was built, in Keras's order (`layer.weights`), including seed
            generators' states only where Keras counts them as parameters; `None` when they are not known.
        formula: how the sizes come about, for people: ("floor((28 - 3) / 1) + 1 = 26", ...).
    """

    output: Structure
    weights: tuple[Weight, ...] | None = ()
    formula: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShapeError:
    """What Keras is sure to raise (or, for `stage="run"`, will raise as soon as the model computes).

    Attributes:
        kind: the family of the problem, one of `KINDS`.
        text: what Keras says, exactly where we know it: "ValueError: ...".
        facts: the numbers a message for people needs, by name ("expected_rank", "axis", "sizes", ...).
        stage: "construct", "build" (when the layer is called), or "run" (symbolic call passes, `fit` fails).
        confirmed: who has said so when asked ("Keras 3.15.1"); empty where a rule alone says it.
    """

    kind: str
    text: str
    facts: Mapping[str, object] = field(default_factory=dict[str, object])
    stage: str = "build"
    confirmed: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, with the reason in words: "the value of `units` is not known"."""

    reason: str


# kind -> when it is used; facts that come with it
KINDS = {
    "rank": "an input has the wrong number of axes; expected_rank or min_rank or max_rank, rank",
    "axis-size": "an axis has another size than the built layer expects; axis, expected, found",
    "axis-undefined": "an axis that sizes weights is None; axis",
    "spatial-size": "a convolution or pooling output would be <= 0; axis, size, kernel, padding",
    "reshape-size": "the number of elements cannot stay the same; input_shape, target_shape",
    "merge": "shapes cannot be merged; shapes",
    "loss": "a loss cannot compare these labels and predictions; loss, labels, output",
    "arity": "wrong number of inputs; expected, found",
    "argument": "a constructor argument has an impossible value; argument, value",
    "option-conflict": "two constructor arguments exclude each other; arguments",
    "divisibility": "a size must be a multiple of another; value, divisor",
    "broadcast": "operands cannot be broadcast together; shapes",
    "matmul": "inner sizes of a product differ; shapes",
    "axis": "an axis lies outside the rank; axis, rank",
    "dtype": "an element type is not accepted; dtype",
    "stateful": "a stateful layer without a fixed batch size",
    "other": "anything else",
}


class Refused(Exception):
    """Raised inside output-shape functions where Keras raises; the boundary turns it into a `ShapeError` value."""

    def __init__(self, kind: str, text: str, *, stage: str = "build", **facts: object) -> None:
        super().__init__(text)
        assert kind in KINDS, kind
        self.error = ShapeError(kind, text, facts, stage)


class Undetermined(Exception):
    """Raised inside output-shape functions where no exact answer exists; becomes an `Unknown` value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
