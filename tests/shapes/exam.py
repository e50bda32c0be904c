"""Ask real Keras and keras-lsp the same questions about layers and count disagreements.

python -m tests.shapes.exam --keras 3 --count 100000
python -m tests.shapes.exam --keras 2 --count 2000 --layers Dense,Conv2D --show 5
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from keras_lsp.shapes.configuration import Configuration, Version
from keras_lsp.shapes.outcome import Applied, ShapeError, Unknown
from keras_lsp.shapes.registry import apply_layer, construct_layer
from keras_lsp.shapes.tensor import Structure, Tensor
from tests.shapes.configurations import Nested, Question, Spec, draw_question

# Real Keras's answer: {"output": ..., "weights": [[name, shape, trainable, dtype], ...]} or {"error": ..., "message": ...}
Answer = Mapping[str, Any]
Asker = Callable[[Sequence[dict[str, Any]]], list[Answer]]
Defaults = Callable[[str], Mapping[str, Any]]

VERDICTS = ("right", "wrong shape", "wrong dtype", "wrong weights", "false error", "missed error", "unknown")


@dataclass
class Report:
    """Counts, and examples of everything that is not right."""

    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    reasons: collections.Counter[str] = field(default_factory=collections.Counter)
    examples: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, question: Question, verdict: str, detail: str) -> None:
        """Count one verdict."""
        self.counts[verdict] += 1
        if verdict == "unknown":
            self.reasons[detail.partition(" | ")[0]] += 1
        if verdict != "right":
            self.examples.setdefault((verdict, question.layer), []).append(f"{describe(question)}: {detail}")

    @property
    def disagreements(self) -> int:
        """How many answers were wrong."""
        return sum(self.counts[name] for name in VERDICTS[1:5])


def describe(question: Question) -> str:
    """The question as one would write it."""
    arguments = ", ".join(f"{name}={value!r}" for name, value in question.arguments.items())
    inputs = ", ".join(f"{spec.shape} {spec.dtype}" for spec in question.inputs)
    return f"{question.layer}({arguments})({inputs}{', ' + repr(question.call) if question.call else ''})"


def encode(value: Any) -> Any:
    """Arguments as the worker takes them."""
    if isinstance(value, tuple):
        return {"tuple": [encode(item) for item in value]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, Spec):
        return {"tensor": {"shape": list(value.shape), "dtype": value.dtype}}
    if isinstance(value, Nested):
        return {"layer": value.layer, "arguments": {name: encode(item) for name, item in value.arguments.items()}}
    return value


def as_request(question: Question) -> dict[str, Any]:
    """The question as the worker takes it."""
    return {
        "layer": question.layer,
        "arguments": {name: encode(value) for name, value in question.arguments.items()},
        "inputs": [{"shape": list(spec.shape), "dtype": spec.dtype} for spec in question.inputs],
        "call": {name: encode(value) for name, value in question.call.items()},
    }


def decode(value: Any) -> Any:
    """Defaults as the worker tells them."""
    if isinstance(value, Mapping):
        return tuple(decode(item) for item in value["tuple"]) if "tuple" in value else dict(value)
    return value


class Sub:
    """A layer as an argument, with its defaults bound."""

    def __init__(self, nested: Nested, keras: Version, defaults: Defaults) -> None:
        self.class_name = nested.layer
        self.arguments = bind(nested.layer, nested.arguments, keras, defaults)
        self._configuration = Configuration(nested.layer, self.arguments, keras)

    def apply(self, inputs: Structure, call: Mapping[str, object]) -> Applied:
        """Output and weights, as a layer of the program would answer."""
        from keras_lsp.shapes.outcome import Refused, Undetermined

        answer = apply_layer(self._configuration, inputs, call)
        if isinstance(answer, Unknown):
            raise Undetermined(answer.reason)
        if isinstance(answer, ShapeError):
            raise Refused(answer.kind, answer.text, stage=answer.stage, **answer.facts)
        return answer


def bind(layer: str, given: Mapping[str, Any], keras: Version, defaults: Defaults) -> dict[str, Any]:
    """All arguments of a constructor."""
    bound = {**defaults(layer), **given}
    return {name: Sub(value, keras, defaults) if isinstance(value, Nested) else value for name, value in bound.items()}


def answer(question: Question, keras: Version, defaults: Defaults) -> Applied | ShapeError | Unknown:
    """What keras-lsp says."""
    configuration = Configuration(question.layer, bind(question.layer, question.arguments, keras, defaults), keras)
    refused = construct_layer(configuration)
    if refused is not None:
        return refused
    tensors = [Tensor(spec.shape, spec.dtype) for spec in question.inputs]
    call = {name: _tensor(value) for name, value in question.call.items()}
    return apply_layer(configuration, tensors[0] if len(tensors) == 1 else list(tensors), call)


def _tensor(value: Any) -> Any:
    if isinstance(value, Spec):
        return Tensor(value.shape, value.dtype)
    if isinstance(value, list | tuple):
        return type(value)(_tensor(item) for item in value)
    return value


def plain(structure: Structure) -> Any:
    """A structure of tensors as the worker tells it."""
    if structure is None:
        return None
    if isinstance(structure, Tensor):
        return {"shape": None if structure.shape is None else list(structure.shape), "dtype": structure.dtype}
    if isinstance(structure, dict):
        return {key: plain(value) for key, value in structure.items()}
    return [plain(item) for item in structure]


def _shapes(structure: Any, key: str) -> Any:
    if isinstance(structure, list):
        return [_shapes(item, key) for item in structure]
    if isinstance(structure, Mapping):
        if set(structure) == {"shape", "dtype"}:
            return structure[key]
        return {name: _shapes(item, key) for name, item in structure.items()}
    return structure


def compare(ours: Applied | ShapeError | Unknown, real: Answer) -> tuple[str, str]:
    """The verdict about one question, with what there is to see."""
    if isinstance(ours, Unknown):
        return "unknown", f"{ours.reason} | real: {_brief(real)}"
    if isinstance(ours, ShapeError):
        if "error" in real:
            constructed = (ours.stage == "construct") == (real.get("stage") == "construct")
            return (
                ("right", "") if constructed else ("wrong stage", f"{ours.stage}: {ours.text} | real: {_brief(real)}")
            )
        if ours.stage == "run":
            return "run", ours.text
        return "false error", f"{ours.text} | real: {_brief(real)}"
    if "error" in real:
        return "missed error", f"{plain(ours.output)} | real: {_brief(real)}"
    output = plain(ours.output)
    if _shapes(output, "shape") != _shapes(real["output"], "shape"):
        return "wrong shape", f"{output} | real: {_brief(real)}"
    if _shapes(output, "dtype") != _shapes(real["output"], "dtype"):
        return "wrong dtype", f"{output} | real: {_brief(real)}"
    if ours.weights is not None:
        weights = [[weight.name, list(weight.shape), weight.trainable, weight.dtype] for weight in ours.weights]
        if weights != real["weights"]:
            return "wrong weights", f"{weights} | real: {real['weights']}"
    return "right", ""


def _brief(real: Answer) -> str:
    if "error" in real:
        return f"{real.get('stage')} {real['error']}: {real['message'][:300]!r}"
    return f"{real['output']}"


def examine(ask: Asker, defaults: Defaults, keras: Version, questions: Iterable[Question], batch: int = 200) -> Report:
    """Ask both sides all questions."""
    report = Report()
    pending: list[Question] = []

    def flush() -> None:
        for question, real in zip(pending, ask([as_request(question) for question in pending]), strict=True):
            report.add(question, *compare(answer(question, keras, defaults), real))
        pending.clear()

    for question in questions:
        pending.append(question)
        if len(pending) == batch:
            flush()
    if pending:
        flush()
    return report


def draw(count: int, generation: int, seed: int, layers: Sequence[str] = ()) -> Iterable[Question]:
    """That many questions, always the same ones for a seed."""
    random = Random(seed)
    for index in range(count):
        yield draw_question(random, generation, layers[index % len(layers)] if layers else None)
