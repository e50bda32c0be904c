"""Ask real Keras and keras-lsp the same questions about layers and count disagreements.

    python -m tests.shapes.exam --keras 3 --count 100000
    python -m tests.shapes.exam --keras 2 --count 2000 --layers Dense,Conv2D --show 5
    python -m tests.shapes.exam --python <another environment>/bin/python --api tensorflow.keras --count 10000

The process ends with 1 if a shape, dtype or weight is wrong or an error is claimed that Keras does not raise. Missed
errors (Keras raises, keras-lsp does not say so) and unknown answers are counted and shown, with their reasons. An
interrupt (Ctrl-C) ends a long run with the report of what was asked until then.
"""

from __future__ import annotations

import argparse
import collections
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any

from keras_lsp.catalogue import Contract, KerasVersion, load_catalogue
from keras_lsp.oracle import questions as oracle
from keras_lsp.oracle.process import KerasWorker
from keras_lsp.oracle.questions import Answer, LayerQuestion
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.outcome import Applied, Refused, ShapeError, Undetermined, Unknown
from keras_lsp.shapes.registry import apply_layer, construct_layer
from keras_lsp.shapes.tensor import Structure, Tensor
from tests.shapes.configurations import ENTRIES, Nested, Question, Spec, draw_question

Asker = Callable[[Sequence[LayerQuestion]], Sequence[Answer]]

# What must never happen, and what is only counted.
WRONG = ("wrong shape", "wrong dtype", "wrong weights", "false error")
COUNTED = ("right", "missed error", "other stage", "unknown", "not asked")
# Tracing what only `fit` would say costs much more than a symbolic call.
BATCH = 256


@dataclass
class Report:
    """Counts, and examples of everything that is not right."""

    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    reasons: collections.Counter[str] = field(default_factory=collections.Counter)
    layers: collections.Counter[str] = field(default_factory=collections.Counter)
    examples: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, question: Question, verdict: str, detail: str) -> None:
        """Count one verdict."""
        self.counts[verdict] += 1
        self.layers[question.layer] += 1
        if verdict == "unknown":
            self.reasons[detail.partition(" | ")[0]] += 1
        if verdict != "right":
            self.examples.setdefault((verdict, question.layer), []).append(f"{describe(question)}: {detail}")

    @property
    def wrong(self) -> int:
        """How many answers must not have been given."""
        return sum(self.counts[name] for name in WRONG)

    def text(self, show: int = 3) -> str:
        """The report for people."""
        lines = [f"{self.counts.total():,} configurations of {len(self.layers)} layers"]
        lines += [f"  {name:14}{self.counts[name]:>9,}" for name in (*WRONG, *COUNTED)]
        if self.reasons:
            lines.append("unknown because:")
            lines += [f"  {count:>7,}  {reason}" for reason, count in self.reasons.most_common(25)]
        for (verdict, layer), examples in sorted(self.examples.items()):
            if verdict != "unknown" and show:
                lines.append(f"{verdict}: {layer} ({len(examples)})")
                lines += [f"    {example}" for example in examples[:show]]
        return "\n".join(lines)


def describe(question: Question) -> str:
    """The question as one would write it."""
    arguments = ", ".join(f"{name}={value!r}" for name, value in question.arguments.items())
    inputs = ", ".join(f"{spec.shape} {spec.dtype}" for spec in question.inputs)
    return f"{question.layer}({arguments})({inputs}{', ' + repr(question.call) if question.call else ''})"


def encode(value: Any) -> Any:
    """Arguments as the worker takes them."""
    if isinstance(value, Spec):
        return oracle.tensor(value.shape, value.dtype)
    if isinstance(value, Nested):
        return oracle.layer(value.layer, **{name: encode(item) for name, item in value.arguments.items()})
    if isinstance(value, list | tuple):
        return type(value)(encode(item) for item in value)
    return value


def as_layer_question(question: Question) -> LayerQuestion:
    """The question as the worker takes it."""
    inputs = [{"shape": list(spec.shape), "dtype": spec.dtype} for spec in question.inputs]
    return LayerQuestion(
        name=f"keras.layers.{question.layer}",
        arguments={name: encode(value) for name, value in question.arguments.items()},
        inputs=inputs if len(inputs) == 1 else [inputs],
        call_arguments={name: encode(value) for name, value in question.call.items()},
    )


@cache
def defaults(layer: str, version: KerasVersion) -> Mapping[str, Any]:
    """Default values of a constructor's arguments, from the catalogue."""
    symbol = load_catalogue(version).symbol(f"keras.layers.{layer}")
    parameters = symbol.parameters if symbol is not None and symbol.parameters is not None else ()
    return {parameter.name: parameter.default for parameter in parameters if parameter.has_default}


def has_layer(layer: str, version: KerasVersion) -> bool:
    """Whether this Keras has the layer."""
    symbol = load_catalogue(version).symbol(f"keras.layers.{layer}")
    return symbol is not None and symbol.available


class Sublayer:
    """A layer as an argument, with its defaults bound."""

    def __init__(self, nested: Nested, version: KerasVersion) -> None:
        self.class_name = nested.layer
        self.arguments = bind(nested.layer, nested.arguments, version)
        self._configuration = Configuration(nested.layer, self.arguments, version.as_tuple())

    def apply(self, inputs: Structure, call: Mapping[str, object]) -> Applied:
        """Output and weights, as a layer of the program would answer."""
        answer = apply_layer(self._configuration, inputs, call)
        if isinstance(answer, Unknown):
            raise Undetermined(answer.reason)
        if isinstance(answer, ShapeError):
            raise Refused(answer.kind, answer.text, stage=answer.stage, **answer.facts)
        return answer


def _bound(value: Any, version: KerasVersion) -> Any:
    if isinstance(value, Nested):
        return Sublayer(value, version)
    if isinstance(value, list | tuple):
        return type(value)(_bound(item, version) for item in value)
    return value


def bind(layer: str, given: Mapping[str, Any], version: KerasVersion) -> dict[str, Any]:
    """All arguments of a constructor."""
    return {name: _bound(value, version) for name, value in {**defaults(layer, version), **given}.items()}


def _tensor(value: Any) -> Any:
    if isinstance(value, Spec):
        return Tensor(value.shape, value.dtype)
    if isinstance(value, list | tuple):
        return type(value)(_tensor(item) for item in value)
    return value


def _constructed(question: Question, version: KerasVersion) -> ShapeError | Unknown | None:
    """What the constructors say, those of layers given as arguments first."""

    def nested(value: Any) -> ShapeError | Unknown | None:
        if isinstance(value, Nested):
            return _constructed(Question(value.layer, dict(value.arguments), []), version)
        if isinstance(value, list | tuple):
            for item in value:
                if (found := nested(item)) is not None:
                    return found
        return None

    for value in question.arguments.values():
        if (found := nested(value)) is not None:
            return found
    arguments = bind(question.layer, question.arguments, version)
    return construct_layer(Configuration(question.layer, arguments, version.as_tuple()))


def answer(question: Question, version: KerasVersion) -> Applied | ShapeError | Unknown:
    """What keras-lsp says."""
    refused = _constructed(question, version)
    if refused is not None:
        return refused
    configuration = Configuration(question.layer, bind(question.layer, question.arguments, version), version.as_tuple())
    tensors = [Tensor(spec.shape, spec.dtype) for spec in question.inputs]
    call = {name: _tensor(value) for name, value in question.call.items()}
    return apply_layer(configuration, tensors[0] if len(tensors) == 1 else list(tensors), call)


def plain(structure: Structure) -> Any:
    """A structure of tensors as the worker tells it."""
    if isinstance(structure, Tensor):
        return {"shape": None if structure.shape is None else list(structure.shape), "dtype": structure.dtype}
    if isinstance(structure, dict):
        return {key: plain(value) for key, value in structure.items()}
    return structure if structure is None else [plain(item) for item in structure]


def _only(structure: Any, key: str) -> Any:
    if isinstance(structure, list):
        return [_only(item, key) for item in structure]
    if isinstance(structure, Mapping):
        if {"shape", "dtype"} <= set(structure):
            return structure[key]
        return {name: _only(item, key) for name, item in structure.items()}
    return structure


def compare(ours: Applied | ShapeError | Unknown, real: Answer, version: KerasVersion) -> tuple[str, str]:
    """The verdict about one question, with what there is to see."""
    if real.unknown is not None:
        return "not asked", real.unknown
    if isinstance(ours, Unknown):
        return "unknown", f"{ours.reason} | real: {brief(real)}"
    if isinstance(ours, ShapeError):
        if real.error is None:
            return "false error", f"{ours.text} | real: {brief(real)}"
        same = (ours.stage == "construct") == (real.error.stage == "construct")
        return ("right", "") if same else ("other stage", f"{ours.stage}: {ours.text} | real: {brief(real)}")
    output = plain(ours.output)
    if real.error is not None:
        return "missed error", f"{output} | real: {brief(real)}"
    for key in ("shape", "dtype"):
        if _only(output, key) != _only(real.output, key):
            return f"wrong {key}", f"{output} | real: {brief(real)}"
    if ours.weights is not None and real.weights is not None:
        weights = [(weight.name.rpartition("/")[2], tuple(weight.shape), weight.trainable) for weight in ours.weights]
        actual = [(weight.name.rpartition("/")[2], tuple(weight.shape), weight.trainable) for weight in real.weights]
        if weights != actual:
            return "wrong weights", f"{weights} | real: {actual}"
        total = sum(_count(weight.shape) for weight in ours.weights)
        if real.params is not None and total != real.params:
            return "wrong weights", f"{total} parameters | real: {real.params}"
    return "right", ""


def _count(sizes: Iterable[Any]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def brief(real: Answer) -> str:
    """Keras's answer in one line."""
    if real.error is not None:
        return f"{real.error.stage} {real.error.type}: {real.error.message[:300]!r}"
    return f"{real.output}"


def examine(ask: Asker, version: KerasVersion, questions: Iterable[Question]) -> Report:
    """Ask both sides all questions; what "run" errors claim is asked of a traced call."""
    report = Report()
    pending: list[Question] = []

    def flush() -> None:
        ours = [answer(question, version) for question in pending]
        asked: list[LayerQuestion] = []
        for question, said in zip(pending, ours, strict=True):
            runs = isinstance(said, ShapeError) and said.stage == "run"
            layer_question = as_layer_question(question)
            asked.append(replace(layer_question, mode="trace") if runs else layer_question)
        for question, said, real in zip(pending, ours, ask(asked), strict=True):
            report.add(question, *compare(said, real, version))
        pending.clear()

    for question in questions:
        pending.append(question)
        if len(pending) == BATCH:
            flush()
    if pending:
        flush()
    return report


def draw(count: int, version: KerasVersion, seed: int, layers: Sequence[str] = ()) -> Iterable[Question]:
    """That many questions, always the same ones for a seed."""
    names = layers or tuple(name for name, entry in ENTRIES.items() if version.generation in entry.generations)
    names = [name for name in names if has_layer(name, version)]
    random = Random(seed)
    for _ in range(count):
        yield draw_question(random, version.generation, random.choice(names))


def counted(questions: Iterable[Question], start: float) -> Iterable[Question]:
    """The same questions, until an interrupt; lines to standard error say how far a long run is."""
    interrupted: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: interrupted.append(number))
    for index, question in enumerate(questions):
        if interrupted:
            return
        if index and index % 10_000 == 0:
            print(f"{index:,} after {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
        yield question


def version_of(worker: KerasWorker) -> KerasVersion:
    """The version of the Keras that answers."""
    assert worker.start() and worker.identity is not None, worker.state
    major, minor, micro = (int("".join(filter(str.isdigit, part))) for part in worker.identity.keras.split(".")[:3])
    if major == 3:
        return KerasVersion(Contract.D, major, minor, micro)
    # TensorFlow 2.3's tf.keras calls itself 2.4.0
    return KerasVersion(Contract.C, major, 3 if minor == 4 else minor, micro)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an exam and print its report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keras", choices=("3", "2"), default="3", help="Keras 3 or tf_keras of this environment")
    parser.add_argument("--python", default=sys.executable, help="interpreter of another environment")
    parser.add_argument("--api", choices=("keras", "tf_keras", "tensorflow.keras"), help="what to import there")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--layers", default="", help="only these, separated by commas")
    parser.add_argument("--show", type=int, default=3, help="examples of each kind for each layer")
    options = parser.parse_args(arguments)
    api = options.api or ("keras" if options.keras == "3" else "tf_keras")
    with KerasWorker(options.python, api=api, backend="tensorflow" if api == "keras" else None) as worker:
        version = version_of(worker)
        layers = [name for name in options.layers.split(",") if name]
        start = time.monotonic()
        questions = counted(draw(options.count, version, options.seed, layers), start)
        report = examine(worker.ask_many, version, questions)
        print(f"{worker.identity}, seed {options.seed}, {time.monotonic() - start:.0f} s")
    print(report.text(options.show))
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
