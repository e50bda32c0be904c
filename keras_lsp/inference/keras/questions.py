"""Questions for real Keras, as plain data, and what its answers say in the terms of the shape rooms.

Inference asks nobody. It leaves a question in `facts.questions` and goes on; whoever has Keras answers it, and the answer
comes back as plain data in `World.answers`. The form of both is described in `keras_lsp.oracle.questions`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from keras_lsp.catalogue import Catalogue
from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.facts import Call, Question
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import (
    DictValue,
    External,
    LayerValue,
    LibraryObject,
    ListValue,
    ModelValue,
    TensorValue,
    Value,
)
from keras_lsp.shapes.outcome import Applied, ShapeError, Weight
from keras_lsp.shapes.outcome import Unknown as UnknownOutcome
from keras_lsp.shapes.tensor import Structure, Tensor

PACKAGES = ("keras_hub", "keras_cv", "keras_nlp")
"""Packages besides Keras whose layers may be asked about: those that the Keras worker knows."""

OTHER_LAYERS = ("tensorflow_addons.layers", "tensorflow_probability.layers", "keras_contrib.layers", "tensorflow_hub")
"""Modules of other packages whose capitalised names are layer classes that nobody is asked about."""

MAX_QUESTIONS = 2_000
"""Questions of one analysis; a program with more unknown layers was generated."""

MAX_DEPTH = 16
"""Nesting of arguments in a question; real programs stay below ten."""


class Unsayable(Exception):
    """A value that is not known, or that has no literal form."""


def is_foreign_layer(path: str) -> bool:
    """Whether a library name that Keras itself does not have is a layer class of another package."""
    module, _, leaf = path.rpartition(".")
    if not leaf[:1].isupper():
        return False
    root, _, rest = module.partition(".")
    return (root in PACKAGES and rest.split(".")[0] == "layers") or module in OTHER_LAYERS


def is_foreign_model(path: str) -> bool:
    """Whether a library name is a class of another package that builds a model from its arguments, and from no file."""
    root, _, rest = path.partition(".")
    return root in PACKAGES and rest.startswith("models.") and path.endswith("Backbone")


def layer_question(machine: Machine, layer: LayerValue, arguments: Arguments | None, first: str) -> Question | None:
    """What a layer, constructed and called like this, gives; `None` where something is not a literal or not concrete.

    `arguments` are the call's, `None` asks for the constructor alone; `first` is the name of the input's parameter, for calls
    that give it by keyword.
    """
    if layer.fact.custom or not _may_be_asked(layer.fact.canonical) or layer.failed:
        return None
    try:
        payload: dict[str, Any] = {
            "kind": "layer",
            "name": layer.fact.canonical,
            **say_call(machine.catalogue, layer.fact.call),
        }
        if arguments is not None:
            if arguments.open:
                return None
            named = dict(arguments.kwargs)
            positional = [*arguments.args, *([named.pop(first)] if first in named and not arguments.args else [])]
            payload["inputs"] = [say(machine.catalogue, value) for value in positional]
            if named:
                payload["call_arguments"] = {name: say(machine.catalogue, value) for name, value in named.items()}
    except Unsayable:
        return None
    return _question(machine, payload)


def application_question(machine: Machine, call: Call, start: TensorValue | None = None) -> Question | None:
    """What the layers of a model of `keras.applications` are; weights are loaded into it, and change no shape.

    An `Input` that it starts from, `start`, is said as the input's shape.
    """
    leave = ["weights"]
    shape = start.spec.shape if start is not None and start.producer is not None and not start.producer.inputs else None
    if shape is not None and shape[:1] == (None,) and "input_shape" not in call.arguments:
        leave.append("input_tensor")
    try:
        payload: dict[str, Any] = {
            "kind": "application",
            "name": call.canonical,
            **say_call(machine.catalogue, call, leave=leave),
        }
        if "input_tensor" in leave and shape is not None:
            said = _tensor(Tensor(shape[1:], "float32"))["tensor"]["shape"]
            payload["arguments"] = {**payload.get("arguments", {}), "input_shape": {"tuple": said}}
    except Unsayable:
        return None
    return _question(machine, payload)


def _question(machine: Machine, payload: dict[str, Any]) -> Question:
    settings = {}
    if machine.floatx != "float32":
        settings["floatx"] = machine.floatx
    if machine.data_format != "channels_last":
        settings["image_data_format"] = machine.data_format
    if settings:
        payload["settings"] = settings
    return Question(json.dumps(payload, sort_keys=True, separators=(",", ":")), payload)


def _may_be_asked(canonical: str) -> bool:
    return canonical.startswith("keras.layers.") or canonical.split(".", 1)[0] in PACKAGES


def ask(machine: Machine, question: Question) -> Mapping[str, Any] | None:
    """The answer as plain data; `None`, and the question is left for an oracle, where there is none yet."""
    answer = machine.world.answers.get(question.key)
    if isinstance(answer, Mapping):
        return cast("Mapping[str, Any]", answer)
    if question.key not in machine.asked and len(machine.asked) < MAX_QUESTIONS:
        machine.asked.add(question.key)
        machine.facts.questions.append(question)
    return None


def source_of(answer: Mapping[str, Any]) -> str:
    """Who answered, as facts say it: "keras 3.15.1"."""
    return str(answer.get("by") or "Keras").lower()


def consult(
    machine: Machine,
    layer: LayerValue,
    arguments: Arguments,
    first: str,
    outcome: Applied | ShapeError | UnknownOutcome,
    symbolic: bool,
) -> tuple[Applied | ShapeError | UnknownOutcome, str]:
    """What Keras says where no rule does, and where a rule says that Keras refuses; with who says it.

    A refusal counts for `symbolic` inputs only: the question is asked with symbolic tensors, and eager code may do more.
    """
    if isinstance(outcome, Applied) or (isinstance(outcome, ShapeError) and (outcome.stage == "run" or not symbolic)):
        return outcome, "rule"
    if _is_adapted(machine, layer):
        return outcome, "rule"
    question = layer_question(machine, layer, arguments, first)
    answer = ask(machine, question) if question is not None else None
    if answer is None:
        return outcome, "rule"
    said = read_answer(answer)
    if isinstance(said, UnknownOutcome) or (isinstance(said, ShapeError) and not symbolic):
        return outcome, "rule"
    if isinstance(said, ShapeError) and isinstance(outcome, ShapeError):
        said = ShapeError(outcome.kind, said.text, outcome.facts, outcome.stage, said.confirmed)
    return said, source_of(answer)


def _is_adapted(machine: Machine, layer: LayerValue) -> bool:
    """Whether a layer may have learned from data what a fresh one does not know."""
    symbol = machine.catalogue.symbol(layer.fact.canonical)
    return symbol is not None and "adapt" in symbol.methods


def confirm_constructor(machine: Machine, layer: LayerValue, error: ShapeError) -> ShapeError | None:
    """A constructor's failure in Keras's own words; `None` where Keras has none, the error as it is while nobody has asked."""
    question = layer_question(machine, layer, None, "")
    answer = ask(machine, question) if question is not None else None
    said = read_answer(answer) if answer is not None else None
    if isinstance(said, ShapeError):
        return ShapeError(error.kind, said.text, error.facts, error.stage, said.confirmed)
    return None if isinstance(said, Applied) else error


def read_answer(answer: Mapping[str, Any]) -> Applied | ShapeError | UnknownOutcome:
    """An answer as an outcome: output and weights, or Keras's error."""
    if answer.get("unknown") is not None:
        return UnknownOutcome(str(answer["unknown"]))
    by = str(answer.get("by") or "Keras")
    error = answer.get("error")
    if error is not None:
        stage = "construct" if error.get("stage") == "construct" else "build"
        text = f"{error.get('type')}: {error.get('message')}"
        return ShapeError("other", text, {}, stage, by)
    try:
        output = read_structure(answer.get("output"))
    except Unsayable:
        return UnknownOutcome(f"{by} gives something that is no tensor")
    return Applied(output, read_weights(answer))


def read_weights(answer: Mapping[str, Any]) -> tuple[Weight, ...] | None:
    """The variables that Keras listed, `None` where it did not."""
    rows = answer.get("weights")
    if rows is None:
        return () if cast("Any", answer.get("params") or {}).get("total") == 0 else None
    return tuple(Weight(str(name), tuple(shape), bool(trainable)) for name, shape, trainable in rows)


def read_structure(output: Any) -> Structure:
    """Tensors in lists and dicts; raises `Unsayable` for anything else."""
    if isinstance(output, list):
        return [read_structure(item) for item in cast("list[Any]", output)]
    if not isinstance(output, dict):
        raise Unsayable
    entries = cast("dict[str, Any]", output)
    if "shape" in entries and "dtype" in entries:
        shape = entries["shape"]
        return Tensor(None if shape is None else tuple(shape), str(entries["dtype"]))
    if "value" in entries:
        raise Unsayable
    return {key: read_structure(item) for key, item in entries.items()}


# Values in questions


def say_call(catalogue: Catalogue, call: Call, leave: Iterable[str] = (), depth: int = 0) -> dict[str, Any]:
    """The arguments of a constructor; positional ones whose parameters are not known stay positional."""
    if call.unknown_arguments:
        raise Unsayable
    said = {n: say(catalogue, a.value, depth + 1) for n, a in call.arguments.items() if n not in leave}
    positional = [value for name, value in said.items() if name.startswith("#")]
    named = {name: value for name, value in said.items() if not name.startswith("#")}
    if positional and any(a.positional for name, a in call.arguments.items() if not name.startswith("#")):
        raise Unsayable  # more arguments than the class has parameters
    return {**({"args": positional} if positional else {}), **({"arguments": named} if named else {})}


def say(catalogue: Catalogue, value: Value, depth: int = 0) -> Any:
    """A value as questions hold it; raises `Unsayable`."""
    if depth > MAX_DEPTH:
        raise Unsayable
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return _within(value)
    if isinstance(value, float):
        return value if value - value == 0 else {"float": str(value)}
    if isinstance(value, TensorValue):
        return _tensor(value.spec)
    if isinstance(value, tuple):
        return {"tuple": [say(catalogue, item, depth + 1) for item in cast("tuple[Value, ...]", value)]}
    if isinstance(value, ListValue) and value.items is not None and value.kind == "list":
        return [say(catalogue, item, depth + 1) for item in value.items]
    if isinstance(value, DictValue) and not value.open:
        pairs = [[say(catalogue, key, depth + 1), say(catalogue, item, depth + 1)] for key, item in value.items.items()]
        return {"dict": pairs}
    if isinstance(value, LayerValue) and not isinstance(value, ModelValue):
        if value.fact.custom or not _may_be_asked(value.fact.canonical):
            raise Unsayable
        call = say_call(catalogue, value.fact.call, depth=depth + 1)
        return {"layer": value.fact.canonical, **call}
    if isinstance(value, External):
        return {"reference": _public(catalogue, value.path)}
    if isinstance(value, LibraryObject):
        arguments = {name: say(catalogue, item, depth + 1) for name, item in value.arguments.items()}
        if any(name.startswith("#") for name in arguments):
            raise Unsayable
        return {"object": _public(catalogue, value.path), "arguments": arguments}
    raise Unsayable


def _within(value: int) -> int:
    if abs(value) >= 2**63:
        raise Unsayable
    return value


def _tensor(spec: Tensor) -> dict[str, Any]:
    if spec.shape is None or spec.dtype is None or not all(dim is None or isinstance(dim, int) for dim in spec.shape):
        raise Unsayable
    return {"tensor": {"shape": list(spec.shape), "dtype": spec.dtype}}


def _public(catalogue: Catalogue, path: str) -> str:
    name = catalogue.resolve(path) or path
    if name.split(".", 1)[0] not in ("keras", "tensorflow"):
        raise Unsayable
    return name
