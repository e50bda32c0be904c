"""Names for sizes, in every layer and function: numbers put in for the names afterwards give what the numbers give at once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from keras_lsp.catalogue import Contract, KerasVersion
from keras_lsp.shapes.dim import Composite, Dim, Expr, format_shape, symbol
from keras_lsp.shapes.outcome import Applied, ShapeError, Unknown
from keras_lsp.shapes.tensor import Tensor
from tests.ops.calls import Array, make, spellings
from tests.ops.worlds import KERAS, convert
from tests.ops.worlds import ours as call_function
from tests.shapes.configurations import ENTRIES, Nested, Question, Spec, draw_question
from tests.shapes.exam import answer

# Questions for each layer and function; NAMED_QUESTIONS=1000 for a long run.
QUESTIONS = int(os.environ.get("NAMED_QUESTIONS", "12"))
SEED = os.environ.get("NAMED_SEED", "0")

Outcome = Applied | ShapeError | Unknown


class Names:
    """Names given to numbers, the same one to equal numbers, and the way back."""

    def __init__(self) -> None:
        self._given: dict[int, Expr] = {}
        self._values: dict[Any, int] = {}

    def name(self, size: Any) -> Any:
        """The name that stands for a number."""
        if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
            return size
        if size not in self._given:
            self._given[size] = symbol(f"n{size}")
            self._values[self._given[size].terms[0][0][0]] = size
        return self._given[size]

    def value(self, dim: Dim) -> Dim:
        """What a size comes to; an opaque one is left as it is."""
        if not isinstance(dim, Expr) or dim.opaque:
            return dim
        total = 0
        for monomial, coefficient in dim.terms:
            product = coefficient
            for atom in monomial:
                product *= self._composite(atom) if isinstance(atom, Composite) else self._values[atom]
            total += product
        return total

    def _composite(self, atom: Composite) -> int:
        left, right = self.value(atom.left), self.value(atom.right)
        assert isinstance(left, int)
        assert isinstance(right, int)
        operators: dict[str, Callable[[int, int], int]] = {
            "//": lambda a, b: a // b,
            "%": lambda a, b: a % b,
            "max": max,
            "min": min,
        }
        return operators[atom.operator](left, right)


def differences(named: Any, plain: Any, names: Names) -> list[str]:
    """Where an answer about names is another one than that about numbers; what it leaves open is no difference."""
    if isinstance(named, Tensor) and isinstance(plain, Tensor):
        if named.shape is None or plain.shape is None:
            return []
        shape = tuple(names.value(dim) for dim in named.shape)
        if len(shape) != len(plain.shape):
            return [f"{named} for {plain}"]
        for found, expected in zip(shape, plain.shape, strict=True):
            # What is cropped away to nothing has the size 0, which nobody means by n - 4.
            if found != expected and not (isinstance(found, Expr) and found.opaque) and expected != 0:
                return [f"{named} for {plain}"]
        return [] if named.dtype in (None, plain.dtype) else [f"{named} for {plain}"]
    if isinstance(named, list | tuple) and isinstance(plain, list | tuple):
        if len(named) != len(plain):
            return [f"{len(named)} parts for {len(plain)}"]
        return [text for a, b in zip(named, plain, strict=True) for text in differences(a, b, names)]
    if isinstance(named, Expr):
        return (
            [] if named.opaque or not isinstance(plain, int) or names.value(named) == plain else [f"{named}: {plain}"]
        )
    return []


def readable(value: Any) -> str:
    """Arguments with sizes as one writes them."""
    if isinstance(value, Spec | Array):
        return f"{format_shape(value.shape)} {value.dtype}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(readable(item) for item in value)}]"
    if isinstance(value, dict):
        return ", ".join(f"{key}={readable(item)}" for key, item in value.items())
    return str(value)


def describe(question: Question) -> str:
    return f"{question.layer}({readable(question.arguments)})({readable(question.inputs)}, {readable(question.call)})"


def judge(named: Outcome, plain: Outcome, names: Names) -> tuple[str, str]:
    """ "agrees", "unknown", "refuses", or what must not be: "false error", "wrong"."""
    if isinstance(plain, Unknown) or isinstance(named, Unknown):
        return "unknown", ""
    if isinstance(plain, ShapeError):
        return "refuses", ""
    if isinstance(named, ShapeError):
        return "false error", named.text
    found = differences(named.output, plain.output, names)
    if not found and named.weights is not None and plain.weights is not None:
        pairs = zip(named.weights, plain.weights, strict=False)
        found = [text for a, b in pairs for text in differences(a.shape, b.shape, names)]
        if len(named.weights) != len(plain.weights):
            found.append(f"{len(named.weights)} weights for {len(plain.weights)}")
    return ("wrong", "; ".join(found)) if found else ("agrees", "")


def named_question(question: Question, names: Names, random: Random) -> Question:
    """The question with names for most sizes of its inputs, and for some numbers among its arguments."""

    def named(value: Any) -> Any:
        if isinstance(value, Spec):
            return Spec(tuple(names.name(size) for size in value.shape), value.dtype)
        if isinstance(value, Nested):
            return Nested(value.layer, {key: named(item) for key, item in value.arguments.items()})
        if isinstance(value, list | tuple):
            return type(value)(named(item) for item in value)
        return value

    def argument(key: str, value: Any) -> Any:
        if key in ("units", "filters", "output_dim", "input_dim", "n", "target_shape", "output_shape", "kernel_size"):
            if isinstance(value, list | tuple):
                return type(value)(names.name(item) if random.random() < 0.5 else item for item in value)
            return names.name(value) if random.random() < 0.5 else value
        return value

    inputs = [
        Spec(tuple(names.name(size) if random.random() < 0.7 else size for size in spec.shape), spec.dtype)
        for spec in question.inputs
    ]
    return replace(
        question,
        inputs=inputs,
        arguments={key: argument(key, value) for key, value in question.arguments.items()},
        call={key: named(value) for key, value in question.call.items()},
    )


@pytest.mark.parametrize("keras", [(3, 15, 1), (2, 15, 1)])
def test_layers(keras: tuple[int, int, int]) -> None:
    version = KerasVersion(Contract.D if keras[0] == 3 else Contract.C, *keras)
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    for layer, entry in sorted(ENTRIES.items()):
        random = Random(f"{layer}{SEED}")
        for _ in range(QUESTIONS if keras[0] in entry.generations else 0):
            question = draw_question(random, keras[0], layer)
            names = Names()
            changed = named_question(question, names, random)
            outcome, detail = judge(answer(changed, version), answer(question, version), names)
            outcomes[outcome] += 1
            if outcome in ("wrong", "false error"):
                wrong.append(f"{outcome}: {describe(changed)}: {detail}")
    print(dict(outcomes))
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:50])
    assert outcomes["agrees"] > 5 * outcomes["unknown"]


@pytest.mark.parametrize("prefix", ["keras.ops.", "keras.backend.", "keras.activations.", "tensorflow.", "numpy."])
def test_functions(prefix: str) -> None:
    kind = {"tensorflow.": "tensorflow", "keras.backend.": "tensorflow", "numpy.": "numpy"}.get(prefix, "keras")
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    for name in spellings(prefix):
        for index in range(QUESTIONS):
            random = Random(f"{name}{index}{SEED}")
            call = make(random, name, kind)
            if call is None:
                break
            names = Names()

            def named(array: Array, names: Names = names, random: Random = random) -> Array:
                shape = tuple(names.name(size) if random.random() < 0.7 else size for size in array.shape)
                return replace(array, shape=shape)

            changed = replace(
                call,
                arguments={key: convert(value, named) for key, value in call.arguments.items()},
                starred=tuple(convert(value, named) for value in call.starred),
            )
            outcome, detail = judge(call_function(changed, KERAS), call_function(call, KERAS), names)
            outcomes[outcome] += 1
            if outcome in ("wrong", "false error"):
                wrong.append(f"{outcome}: {name} {readable([*changed.starred, changed.arguments])}: {detail}")
    print(prefix, dict(outcomes))
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:50])
    assert outcomes["agrees"] > 3 * outcomes["unknown"]


def test_a_wrong_answer_would_be_noticed() -> None:
    names = Names()
    size = names.name(7)
    assert differences(Tensor((None, size - 1), "float32"), Tensor((None, 7), "float32"), names)
    assert not differences(Tensor((None, size - 2), "float32"), Tensor((None, 5), "float32"), names)
    assert differences(Tensor((None, None), "float32"), Tensor((None, 5), "float32"), names)
