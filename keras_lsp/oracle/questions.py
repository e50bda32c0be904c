"""Questions for real Keras and its answers, as plain data.

A question names a public Keras object and gives literal arguments and tensor specifications; it never holds
source text, a callable or a symbolic dim. An answer holds what Keras computed, or the exception it raised, or
`unknown` with a reason. Both turn into JSON and back, so they can be cached, compared and sent to a process.

Values inside a question are JSON with these tagged objects for what JSON cannot say:

    {"tuple": [...]}                      a tuple (plain arrays are lists); Python tuples are encoded so
    {"dict": [[key, value], ...]}         a dict whose keys could be taken for a tag
    {"float": "nan" | "inf" | "-inf"}     a float that is not a JSON number
    {"complex": [re, im]}  {"bytes": "hex"}  {"slice": [a, b, c]}  {"ellipsis": true}
    {"tensor": {"shape": [null, 3], "dtype": "float32"}}            a symbolic tensor; also "sparse", "ragged"
    {"array": {"shape": [10, 4], "dtype": "float32"}}               a NumPy array of zeros
    {"array": {"values": [...], "dtype": "int32"}}                  a NumPy array of these values
    {"layer": "LSTM", "args": [...], "arguments": {...}}            a layer inside a layer
    {"object": "keras.initializers.HeNormal", "arguments": {...}}   an initializer, regularizer, policy, ...
    {"reference": "keras.activations.relu"}                         a public function or dtype, not called

In the `inputs` of a layer question a bare {"shape": ..., "dtype": ...} is a tensor too.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Arguments: TypeAlias = Mapping[str, Any]

PROTOCOL = 1
"""Version of the question and answer format; part of every cache key."""

MAX_DIM = 2**31 - 1
"""Largest static dim that may be sent: TensorFlow kernels index most axes with 32 bits."""

MAX_DEPTH = 32
"""Deepest nesting of values in a question; real programs stay below ten."""

_TAGS: Mapping[str, frozenset[str]] = {
    "tuple": frozenset(),
    "dict": frozenset(),
    "float": frozenset(),
    "complex": frozenset(),
    "bytes": frozenset(),
    "slice": frozenset(),
    "ellipsis": frozenset(),
    "tensor": frozenset(),
    "array": frozenset(),
    "reference": frozenset(),
    "layer": frozenset({"args", "arguments"}),
    "object": frozenset({"args", "arguments"}),
}


class Unaskable(ValueError):
    """A value that must not or cannot be sent to Keras; the text says why."""


def is_tagged(value: Mapping[Any, Any]) -> bool:
    """Tell whether a mapping has the form of one of the tagged objects above."""
    keys = set(value)
    return any(tag in keys and keys - {tag} <= optional for tag, optional in _TAGS.items())


def tensor(shape: Sequence[int | None] | None, dtype: str = "float32") -> dict[str, Any]:
    """Return the tagged specification of a symbolic tensor; `shape` None means unknown rank."""
    return {"tensor": {"shape": None if shape is None else list(shape), "dtype": dtype}}


def layer(name: str, *args: Any, **arguments: Any) -> dict[str, Any]:
    """Return a nested layer, as wrappers and Sequential take them."""
    return {"layer": name, "args": list(args), "arguments": arguments}


def encode(value: Any, depth: int = 0) -> Json:
    """Turn a Python value into the JSON described above, or raise `Unaskable`."""
    if depth > MAX_DEPTH:
        raise Unaskable("the arguments are nested too deeply")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if abs(value) >= 2**63:
            raise Unaskable("an integer does not fit 64 bits")
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": str(float(value))}
    if isinstance(value, tuple):
        return {"tuple": [encode(item, depth + 1) for item in cast("tuple[Any, ...]", value)]}
    if isinstance(value, list):
        return [encode(item, depth + 1) for item in cast("list[Any]", value)]
    if isinstance(value, Mapping):
        return _encode_mapping(cast("Mapping[Any, Any]", value), depth)
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, slice):
        # An arbitrary slice's parts are objects to the type checker.
        parts: list[Any] = [value.start, value.stop, value.step]  # pyright: ignore[reportUnknownMemberType]
        return {"slice": [encode(part, depth + 1) for part in parts]}
    if value is ...:
        return {"ellipsis": True}
    raise Unaskable(f"a {type(value).__name__} is not a literal")


def _encode_mapping(value: Mapping[Any, Any], depth: int) -> Json:
    if not is_tagged(value):
        if all(isinstance(key, str) for key in value):
            return {key: encode(item, depth + 1) for key, item in value.items()}
        return {"dict": [[encode(key, depth + 1), encode(item, depth + 1)] for key, item in value.items()]}
    if "tensor" in value:
        return {"tensor": encode_spec(value["tensor"])}
    if "dict" in value:
        pairs = cast("Sequence[Sequence[Any]]", value["dict"])
        return {"dict": [[encode(key, depth + 1), encode(item, depth + 1)] for key, item in pairs]}
    if "tuple" in value:
        return {"tuple": [encode(item, depth + 1) for item in value["tuple"]]}
    return {key: encode(item, depth + 1) for key, item in value.items()}


def encode_spec(spec: Mapping[str, Any]) -> dict[str, Json]:
    """Check one tensor specification: ints and None only, no symbolic dims, no negative ones."""
    shape: Any = spec.get("shape")
    dims: list[Json] | None = None
    if shape is not None:
        dims = []
        for dim in cast("Sequence[Any]", shape):
            if dim is not None and (isinstance(dim, bool) or not isinstance(dim, int)):
                raise Unaskable(f"the dim {dim} is not a number that is known")
            if dim is not None and not 0 <= dim <= MAX_DIM:
                raise Unaskable(f"the dim {dim} is out of range")
            dims.append(dim)
    extra: dict[str, Json] = {key: True for key in ("sparse", "ragged") if spec.get(key)}
    return {"shape": cast("Json", dims), "dtype": spec.get("dtype") or "float32", **extra}


def _encode_structure(value: Any, depth: int = 0) -> Json:
    """Encode call inputs: as `encode`, but a bare specification is a tensor."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[Any, Any]", value)
        if "shape" in mapping and set(mapping) <= {"shape", "dtype", "sparse", "ragged"}:
            return {"tensor": encode_spec(mapping)}
        if not is_tagged(mapping) and all(isinstance(key, str) for key in mapping):
            return {key: _encode_structure(item, depth + 1) for key, item in mapping.items()}
    if depth > MAX_DEPTH:
        raise Unaskable("the inputs are nested too deeply")
    if isinstance(value, list):
        return [_encode_structure(item, depth + 1) for item in cast("list[Any]", value)]
    if isinstance(value, tuple):
        return {"tuple": [_encode_structure(item, depth + 1) for item in cast("tuple[Any, ...]", value)]}
    return encode(value, depth)


@dataclass(frozen=True, kw_only=True)
class LayerQuestion:
    """What does this layer, built and called like this, give?

    `inputs` are the positional arguments of the call: `[x]` for `layer(x)`, `[[a, b]]` for `layer([a, b])`,
    `[query, value]` for attention; None constructs the layer only. Mode "symbolic" is what constructing the model
    says, "trace" what `fit` would say, "first" puts the layer first in a Sequential model.
    `settings` may hold "floatx", "image_data_format" and "dtype_policy".
    """

    name: str
    arguments: Arguments = field(default_factory=dict[str, Any])
    args: Sequence[Any] = ()
    inputs: Sequence[Any] | None = None
    call_arguments: Arguments = field(default_factory=dict[str, Any])
    mode: Literal["symbolic", "trace", "first"] = "symbolic"
    settings: Mapping[str, str] = field(default_factory=dict[str, Any])

    def to_json(self) -> dict[str, Json]:
        """Return the question as canonical JSON; raises `Unaskable`."""
        question = _drop_empty(
            {
                "kind": "layer",
                "name": self.name,
                "args": [encode(value) for value in self.args],
                "arguments": {key: encode(value) for key, value in self.arguments.items()},
                "call_arguments": {key: _encode_structure(v) for key, v in self.call_arguments.items()},
                "mode": self.mode,
                "settings": dict(self.settings),
            }
        )
        if self.inputs is not None:  # without any, all tensors are given by keyword
            question["inputs"] = [_encode_structure(value) for value in self.inputs]
        return question


@dataclass(frozen=True, kw_only=True)
class OpQuestion:
    """What does this function return for these tensors? Tensors are marked {"tensor": {...}} in the arguments."""

    name: str
    args: Sequence[Any] = ()
    kwargs: Arguments = field(default_factory=dict[str, Any])
    mode: Literal["symbolic", "trace"] = "symbolic"
    settings: Mapping[str, str] = field(default_factory=dict[str, Any])

    def to_json(self) -> dict[str, Json]:
        """Return the question as canonical JSON; raises `Unaskable`."""
        return _drop_empty(
            {
                "kind": "op",
                "name": self.name,
                "args": [encode(value) for value in self.args],
                "arguments": {key: encode(value) for key, value in self.kwargs.items()},
                "mode": self.mode,
                "settings": dict(self.settings),
            }
        )


@dataclass(frozen=True, kw_only=True)
class ApplicationQuestion:
    """What are the layers of this application? `weights` is always taken as None: nothing is downloaded."""

    name: str
    arguments: Arguments = field(default_factory=dict[str, Any])
    args: Sequence[Any] = ()
    settings: Mapping[str, str] = field(default_factory=dict[str, Any])

    def to_json(self) -> dict[str, Json]:
        """Return the question as canonical JSON; raises `Unaskable`."""
        arguments = {key: encode(value) for key, value in self.arguments.items()}
        return _drop_empty(
            {
                "kind": "application",
                "name": self.name,
                "args": [encode(value) for value in self.args],
                "arguments": arguments,
                "settings": dict(self.settings),
            }
        )


Question: TypeAlias = LayerQuestion | OpQuestion | ApplicationQuestion


def read_question(payload: object) -> Question:
    """The question that inference left as plain data in the form of `to_json`; raises `Unaskable` for anything else."""
    if not isinstance(payload, Mapping):
        raise Unaskable("the question is no plain data")
    data = cast("Mapping[str, Any]", payload)
    settings = data.get("settings", {})
    try:
        if data["kind"] == "layer":
            return LayerQuestion(
                name=data["name"],
                args=data.get("args", ()),
                arguments=data.get("arguments", {}),
                inputs=data.get("inputs"),
                call_arguments=data.get("call_arguments", {}),
                mode=data.get("mode", "symbolic"),
                settings=settings,
            )
        if data["kind"] == "application":
            args, arguments = data.get("args", ()), data.get("arguments", {})
            return ApplicationQuestion(name=data["name"], args=args, arguments=arguments, settings=settings)
    except KeyError as missing:
        raise Unaskable(f"the question has no {missing}") from None
    raise Unaskable(f"the kind of question {data['kind']!r} is not known")


def _drop_empty(question: dict[str, Json]) -> dict[str, Json]:
    """Leave out what is not said, so that equal questions are equal texts."""
    return {key: value for key, value in question.items() if value not in ([], {}, None)}


def canonical(question: Question | Mapping[str, Any]) -> str:
    """Return the one text of a question: sorted keys, no spaces. It is the cache key's last part."""
    data = question if isinstance(question, Mapping) else question.to_json()
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(question: Question | Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical text."""
    return hashlib.sha256(canonical(question).encode()).hexdigest()


@dataclass(frozen=True)
class Weight:
    """One variable of a layer: its path below the layer, its shape, whether training changes it."""

    name: str
    shape: tuple[int | None, ...]
    trainable: bool


@dataclass(frozen=True)
class LayerSummary:
    """One row of a model summary."""

    name: str
    class_name: str
    output: Json
    params: int | None


@dataclass(frozen=True)
class KerasError:
    """An exception of Keras: `message` is its core without wrappers, `text` all of it without colours."""

    type: str
    message: str
    text: str
    stage: Literal["construct", "call"]


@dataclass(frozen=True)
class Answer:
    """What Keras said. Exactly one of three: it worked, `error`, or `unknown`.

    `output` is a structure like the value returned: a leaf is {"shape": [null, 32], "dtype": "float32"} (shape null:
    rank unknown; "sparse", "ragged" where true), lists and tuples are arrays, {"value": x} is a plain Python value.
    `failed` tells an `unknown` of which the worker's own failure is the reason: asked again it may well be answered.
    """

    output: Json = None
    inputs: Json = None
    name: str | None = None
    weights: tuple[Weight, ...] | None = None
    params: int | None = None
    trainable: int | None = None
    layers: tuple[LayerSummary, ...] | None = None
    error: KerasError | None = None
    unknown: str | None = None
    warnings: tuple[str, ...] = ()
    failed: bool = False

    @property
    def ok(self) -> bool:
        """Tell whether Keras accepted what was asked."""
        return self.error is None and self.unknown is None

    @property
    def shapes(self) -> tuple[tuple[int | None, ...] | None, ...]:
        """Shapes of all tensors of the output, in order; None for unknown rank."""
        return tuple(
            None if leaf["shape"] is None else tuple(cast("list[int | None]", leaf["shape"]))
            for leaf in leaves(self.output)
        )

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Dtypes of all tensors of the output, in order."""
        return tuple(str(leaf["dtype"]) for leaf in leaves(self.output))

    @property
    def shape(self) -> tuple[int | None, ...] | None:
        """The shape, where the output is one tensor of known rank."""
        shapes = self.shapes
        return shapes[0] if len(shapes) == 1 else None

    def to_json(self) -> dict[str, Json]:
        """Return the answer in the form in which the worker sends it."""
        out: dict[str, Any] = {"output": self.output, "inputs": self.inputs, "name": self.name}
        if self.weights is not None:
            out["weights"] = [[w.name, list(w.shape), w.trainable] for w in self.weights]
        if self.params is not None:
            out["params"] = {"total": self.params, "trainable": self.trainable}
        if self.layers is not None:
            out["layers"] = [
                {"name": x.name, "class": x.class_name, "output": x.output, "params": x.params} for x in self.layers
            ]
        if self.error is not None:
            out["error"] = {
                "type": self.error.type,
                "message": self.error.message,
                "text": self.error.text,
                "stage": self.error.stage,
            }
        out["unknown"] = self.unknown
        out["warnings"] = list(self.warnings)
        return {key: value for key, value in out.items() if value not in (None, [])}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Answer:
        """Read what the worker sent; anything malformed is an `unknown` answer, never an exception."""
        try:
            return _read_answer(data)
        except (KeyError, TypeError, ValueError, AttributeError):
            return Answer(unknown="the Keras worker sent an answer that makes no sense")


def unknown(reason: str, *, failed: bool = False) -> Answer:
    """Return the answer that says nothing, with the reason."""
    return Answer(unknown=reason, failed=failed)


def _read_answer(data: Mapping[str, Any]) -> Answer:
    if data.get("unknown") is not None:
        return Answer(unknown=str(data["unknown"]))
    warnings = tuple(str(text) for text in data.get("warnings", ()))
    error = data.get("error")
    if error is not None:
        stage: Literal["construct", "call"] = "construct" if error["stage"] == "construct" else "call"
        raised = KerasError(str(error["type"]), str(error["message"]), str(error["text"]), stage)
        return Answer(error=raised, warnings=warnings)
    params = data.get("params")
    weights = data.get("weights")
    layers = data.get("layers")
    return Answer(
        output=data.get("output"),
        inputs=data.get("inputs"),
        name=data.get("name"),
        weights=None if weights is None else tuple(Weight(str(n), tuple(s), bool(t)) for n, s, t in weights),
        params=None if params is None else int(params["total"]),
        trainable=None if params is None else int(params["trainable"]),
        layers=None
        if layers is None
        else tuple(LayerSummary(x["name"], x["class"], x.get("output"), x.get("params")) for x in layers),
        warnings=warnings,
    )


def leaves(structure: Json) -> Iterator[dict[str, Json]]:
    """Yield the tensor leaves of an output structure, in order."""
    if isinstance(structure, dict):
        if "shape" in structure and "dtype" in structure:
            yield structure
        else:
            for value in structure.values():
                yield from leaves(value)
    elif isinstance(structure, list):
        for value in structure:
            yield from leaves(value)
