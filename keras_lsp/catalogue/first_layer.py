"""The first-layer contracts: what the hidden keywords of a layer, `Input` and `InputLayer` come to.

Pure functions over literal values and the catalogue's tables. They say the implicit input's batch shape, the
warnings, the exact error, and which keyword is silently overruled; whether the layer then accepts that shape is not
decided here. Sources: `Layer.__init__` of each version (keras 2.3.1 engine/base_layer.py:100, TensorFlow 2.3.0
engine/base_layer.py:298, Keras 3.15 layers/layer.py:264), `InputLayer.__init__` and `Input`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, cast

from keras_lsp.catalogue.catalogue import Catalogue, load_catalogue
from keras_lsp.catalogue.keywords import EMBEDDINGS, KEYWORDS, RECURRENT
from keras_lsp.catalogue.passed_on import is_passed_on
from keras_lsp.catalogue.symbols import Parameter
from keras_lsp.catalogue.version import Contract, KerasVersion

BatchShape: TypeAlias = "tuple[Any, ...]"
Position: TypeAlias = Literal["first", "later"]


class _Unknown:
    """A value that the program computes and nobody can see; never equal to a literal."""

    def __repr__(self) -> str:
        return "..."


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True, slots=True)
class FirstLayer:
    """What the keywords come to.

    `batch_shape` is None where the model stays deferred, and also where `unknown` gives a reason. `error` and
    `warnings` are Keras's texts with the exception or warning type in front. `ignored` names the keywords whose value
    has no effect, `overruled` those that lose against another one: {"input_dim": "input_shape"}.
    """

    batch_shape: BatchShape | None = None
    dtype: str | None = None
    warnings: tuple[str, ...] = ()
    error: str | None = None
    ignored: tuple[str, ...] = ()
    overruled: Mapping[str, str] = field(default_factory=dict[str, str])
    unknown: str | None = None


class _Raised(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class _NotKnown(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# Python refuses to write integers of more than some thousand digits, and very deep nestings.
_UNPRINTABLE = (ValueError, OverflowError, RecursionError)


@dataclass(slots=True)
class _State:
    warnings: list[str] = field(default_factory=list[str])
    overruled: dict[str, str] = field(default_factory=dict[str, str])
    ignored: list[str] = field(default_factory=list[str])


_FIRST_LAYER_WARNING = (
    "UserWarning: Do not pass an `input_shape`/`input_dim` argument to a layer. When using Sequential models, prefer "
    "using an `Input(shape)` object as the first layer in the model instead."
)
_INPUT_LENGTH_WARNING = "UserWarning: Argument `input_length` is deprecated. Just remove it."
# Standalone Keras converts these layers' Keras 1 keywords (legacy/interfaces.py, `generate_legacy_interface`).
_LEGACY_RECURRENT = frozenset({"SimpleRNN", "LSTM", "GRU"})
_LEGACY_CONVOLUTIONS = frozenset({"Conv1D", "LocallyConnected1D"})
# Their constructors turn `input_dim` into `input_shape` themselves, if that is not given.
_DENSE = frozenset({"Dense", "Highway", "MaxoutDense"})
_NUMBERS = (
    "float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64 complex128"
)
_DTYPES = frozenset(_NUMBERS.split()) | {"string", "float8_e4m3fn", "float8_e5m2"}


def resolve_first_layer(
    layer: str, keywords: Mapping[str, object], version: KerasVersion, position: Position = "first"
) -> FirstLayer:
    """Return what the hidden keywords mean when `layer` is constructed with them and added to a Sequential model.

    `layer` is a main name or a bare class name; a class that the catalogue does not know behaves as the base `Layer`.
    `keywords` are the keywords of the call in its order, or at least those that the layer does not declare; values
    are Python literals, dims may be any hashable objects, `UNKNOWN` stands for what is not known. Dims other than
    int, None, str, float and sequences pass through as symbolic. In position "later" (not the first layer, or called
    in a functional model) shapes have no effect.
    """
    name = layer if "." in layer else f"keras.layers.{layer}"
    if name == "keras.layers.InputLayer":
        return resolve_input_layer(keywords, version)
    state = _State()
    contract = _keras3 if version.contract is Contract.D else _keras2
    try:
        value = contract(name, dict(keywords), version, state)
        if position == "later" or value is None:
            state.ignored += [k for k in _SHAPE_KEYWORDS if k in keywords and position == "later"]
            return _result(state, None, None)
        if version.contract is not Contract.D:
            shape = _placeholder(cast("BatchShape", value), version)
        else:
            shape = (None, *_standardize(value, version))
    except _Raised as raised:
        return _result(state, None, None, error=raised.text)
    except _NotKnown as unknown:
        return _result(state, None, None, unknown=unknown.reason)
    except _UNPRINTABLE:
        return _result(state, None, None, unknown="a value is too large or too deep to be shown")
    if version.contract is Contract.D and name == "keras.layers.Layer":
        shape = None  # its `call` is not implemented; Sequential.build gives up without a word
    return _result(state, shape, _implicit_dtype(name, keywords, version) if shape is not None else None)


_SHAPE_KEYWORDS = ("input_shape", "input_dim", "input_length", "batch_input_shape", "batch_size")


def _result(
    state: _State, shape: BatchShape | None, dtype: str | None, error: str | None = None, unknown: str | None = None
) -> FirstLayer:
    return FirstLayer(
        shape,
        dtype,
        tuple(state.warnings),
        error,
        tuple(dict.fromkeys([*state.overruled, *state.ignored])),
        dict(state.overruled),
        unknown,
    )


# ----------------------------------------------------------------------------------------------- Keras 2 layers
def _keras2(name: str, given: dict[str, object], version: KerasVersion, state: _State) -> BatchShape | None:
    catalogue = load_catalogue(version)
    leaf = name.rpartition(".")[2]
    _alias_keras2(leaf, given, version, state)
    _reject(name, given, version, catalogue)
    _check_base(given, version)
    if "input_dim" in given and leaf not in EMBEDDINGS:
        if "input_shape" in given:
            state.overruled["input_dim"] = "input_shape"
        else:
            given["input_shape"] = (given.pop("input_dim"),)
            if "batch_input_shape" in given:
                state.overruled["input_dim"] = "batch_input_shape"
    if "batch_input_shape" in given:
        for loser in ("input_shape", "batch_size"):
            if loser in given and loser not in state.overruled and "input_dim" not in state.overruled:
                state.overruled[loser] = "batch_input_shape"
        return _iterate(given["batch_input_shape"], "batch_input_shape")
    if "input_shape" in given:
        return (_dim(given.get("batch_size")), *_iterate(given["input_shape"], "input_shape"))
    if "batch_size" in given:
        state.ignored.append("batch_size")
    return None


def _alias_keras2(leaf: str, given: dict[str, object], version: KerasVersion, state: _State) -> None:
    """Turn `input_dim` and `input_length` into `input_shape` where the layer itself does."""
    standalone = version.contract is Contract.A
    if standalone and leaf in _LEGACY_RECURRENT | _LEGACY_CONVOLUTIONS and "input_dim" in given:
        length, dim = given.pop("input_length", None), given.pop("input_dim")
        if "input_shape" in given:
            state.overruled["input_shape"] = "input_dim"
        given["input_shape"] = (length, dim)
        if leaf in _LEGACY_RECURRENT:
            state.warnings.append(
                "UserWarning: The `input_dim` and `input_length` arguments in recurrent layers are deprecated. "
                "Use `input_shape` instead."
            )
        state.warnings.append(f"UserWarning: Update your `{leaf}` call to the Keras 2 API")
    elif not standalone and leaf in RECURRENT and ("input_dim" in given or "input_length" in given):
        if "input_shape" not in given:
            given["input_shape"] = (given.pop("input_length", None), given.pop("input_dim", None))
    elif leaf in _DENSE and version.contract is not Contract.C and "input_dim" in given and "input_shape" not in given:
        given["input_shape"] = (given.pop("input_dim"),)
    elif leaf in EMBEDDINGS:
        length = given.pop("input_length", None)
        if "input_shape" in given:
            if length is not None:
                state.overruled["input_length"] = "input_shape"
        else:
            given["input_shape"] = (length if length is UNKNOWN or length else None,)


def _reject(name: str, given: Mapping[str, object], version: KerasVersion, catalogue: Catalogue) -> None:
    """Raise for keywords that neither the layer nor the base layer takes, as Keras words it."""
    unknown = _unknown_keywords(name, given, version, catalogue)
    if not unknown:
        return
    first = next(iter(unknown))
    if own := _own_refusal(name, first, catalogue):
        raise _Raised(own)
    raise _Raised(catalogue.unknown_keyword_error(name, {k: repr(v) for k, v in unknown.items()}))


def _own_refusal(name: str, keyword: str, catalogue: Catalogue) -> str | None:
    """Return the text of a constructor without **kwargs, or of one that passes the keyword on itself."""
    rows = catalogue.hidden_keywords(name)
    if keyword not in rows or rows[keyword].status != "rejected":
        return None
    text = rows[keyword].message
    if "{given}" in text or "not understood" in text:
        return None
    return text.replace("{layer}", name.rpartition(".")[2]).replace("{keyword}", keyword)


def _unknown_keywords(
    name: str, given: Mapping[str, object], version: KerasVersion, catalogue: Catalogue
) -> dict[str, object]:
    rows = catalogue.hidden_keywords(name)
    base = catalogue.hidden_keywords("keras.layers.Layer")
    symbol = catalogue.symbol(name)
    declared = {p.name for p in (symbol.parameters or ())} if symbol else set[str]()
    out: dict[str, object] = {}
    for keyword, value in given.items():
        if keyword in declared or is_passed_on(name, keyword, version):
            continue
        if keyword in ("input_dim", "input_length"):
            # What is left of these after the layer's own conversion, only the base layer can take.
            taken = base[keyword].status != "rejected" and rows[keyword].status != "rejected"
        else:
            taken = keyword in KEYWORDS and rows[keyword].status != "rejected"
        if not taken:
            out[keyword] = value
    return out


def _check_base(given: Mapping[str, object], version: KerasVersion) -> None:
    """Raise what the base layer raises for its own arguments."""
    dtype = given.get("dtype")
    if isinstance(dtype, str) and version.contract is not Contract.A:
        _check_dtype(dtype, version)
    name = given.get("name")
    if name is None or name is UNKNOWN or not isinstance(name, int | float | str | tuple | list | bool):
        return
    if version.contract is Contract.D:
        if not isinstance(name, str) or "/" in name:
            raise _Raised(
                "ValueError: Argument `name` must be a string and cannot contain character `/`. "
                f"Received: name={name} (of type {type(cast('object', name))})"
            )
    elif version.contract is Contract.C and version.minor >= _KERAS_215 and not isinstance(name, str):
        raise _Raised(f"TypeError: Expected `name` argument to be a string, but got: {name}")


# tf.keras checks the type of `name` in 2.15 and does not in 2.3, and words its errors anew; the versions between were
# not run and are answered as 2.3.
_TENSORFLOW_23 = 3
_KERAS_215 = 15


def _check_dtype(dtype: str, version: KerasVersion) -> None:
    if dtype in _DTYPES or dtype.startswith("mixed_") or "_from_" in dtype or dtype in ("half", "double", "float"):
        return
    if version.contract is Contract.D:
        kind = "" if version.minor < _FLOAT_DTYPE_MINOR else "float "
        policy = "FloatDTypePolicy" if _FLOAT_DTYPE_MINOR <= version.minor < _DTYPE_POLICY_MINOR else "DTypePolicy"
        raise _Raised(
            f"ValueError: Cannot convert '{dtype}' to a mixed precision {policy}. Valid policies include "
            f"'mixed_float16', 'mixed_bfloat16', and the name of any {kind}dtype such as 'float32'."
        )
    if version.contract is Contract.C and version.minor == _TENSORFLOW_23:
        raise _Raised(f"TypeError: Cannot convert value '{dtype}' to a TensorFlow DType.")
    if version.contract is Contract.C and version.minor >= _KERAS_215:
        raise _Raised(f"TypeError: Cannot convert the argument `type_value`: '{dtype}' to a TensorFlow DType.")


def _implicit_dtype(name: str, keywords: Mapping[str, object], version: KerasVersion) -> str | None:
    """Return the dtype of the implicit input, None where it is not known.

    Keras 2 takes the layer's dtype, Keras 3.6 and later always the default float; before, Keras 3 took neither.
    """
    leaf = name.rpartition(".")[2]
    if version.contract is Contract.D:
        given = keywords.get("dtype")
        if version.minor >= _DEFAULT_INPUT_DTYPE_MINOR or given is None or leaf in _WITHOUT_AUTOCAST:
            return "float32"
        return given if isinstance(given, str) and given in _DTYPES else None
    if leaf in ("StringLookup", "IntegerLookup", "TextVectorization", "Hashing", "CategoryEncoding"):
        return None
    given = keywords.get("dtype")
    if given is None and version.contract is Contract.A:
        given = keywords.get("input_dtype")
        if given is None and leaf in EMBEDDINGS:
            return "float32"
    if given is None:
        return "float32"
    return given if isinstance(given, str) and given in _DTYPES else None


# ----------------------------------------------------------------------------------------------- Keras 3 layers
def _keras3(name: str, given: dict[str, object], version: KerasVersion, state: _State) -> object:
    catalogue = load_catalogue(version)
    leaf = name.rpartition(".")[2]
    if leaf in EMBEDDINGS and version.minor >= _INPUT_LENGTH_MINOR and given.pop("input_length", None) is not None:
        state.warnings.append(_INPUT_LENGTH_WARNING)
        state.ignored.append("input_length")
    # These refuse before the base layer sees anything.
    for keyword in given:
        if own := _own_refusal(name, keyword, catalogue):
            raise _Raised(own)
    _check_base(given, version)
    rows = catalogue.hidden_keywords(name)
    if any(k in given and rows[k].status == "rejected" for k in ("input_shape", "input_dim")):
        # A constructor that hands on only what it knows (StringLookup, IntegerLookup).
        _reject_all(name, _unknown_keywords(name, given, version, catalogue), catalogue)
    dim = None if leaf in EMBEDDINGS else given.pop("input_dim", None)
    shape: object = (dim,) if dim is not None else given.pop("input_shape", None)
    if shape is not None:
        state.warnings.append(_FIRST_LAYER_WARNING)
    refused = _unknown_keywords(name, given, version, catalogue)
    if "input_shape" in given:
        # `input_dim` was taken; the base layer never asks for `input_shape` then.
        refused = {k: v for k, v in given.items() if k == "input_shape" or k in refused}
    if refused:
        _reject_all(name, refused, catalogue)
    trainable = given.get("trainable")
    if version.minor >= _TRAINABLE_MINOR and isinstance(trainable, int | str) and not isinstance(trainable, bool):
        raise _Raised(
            "ValueError: Expected `trainable` to be a boolean. "
            f"Received: trainable={trainable} (of type {type(trainable)})"
        )
    return shape


# The implicit input takes the layer's dtype up to 3.3 and the default float in 3.6 (models/sequential.py, `add`).
_DEFAULT_INPUT_DTYPE_MINOR = 4
# These set `autocast = False` in their constructors, so their input keeps the default float.
_WITHOUT_AUTOCAST = EMBEDDINGS | {"LayerNormalization"}
# The text on dtype policies says "any dtype" in 3.0, "any float dtype" in 3.3, and names another class there only.
_FLOAT_DTYPE_MINOR = 3
_DTYPE_POLICY_MINOR = 6
# Argument `input_length` warns from 3.2 on (layers/core/embedding.py); `trainable` is checked in 3.15, not in 3.10.
_INPUT_LENGTH_MINOR = 2
_TRAINABLE_MINOR = 15


def _reject_all(name: str, refused: Mapping[str, object], catalogue: Catalogue) -> None:
    raise _Raised(catalogue.unknown_keyword_error(name, {k: repr(v) for k, v in refused.items()}))


# ------------------------------------------------------------------------------------------------- value forms
def _is_symbolic(value: object) -> bool:
    return not isinstance(value, int | float | str | bytes | tuple | list | dict | set | type(None))


def _dim(value: object) -> object:
    if value is UNKNOWN:
        raise _NotKnown("the batch size is not known")
    return value


def _iterate(value: object, keyword: str) -> tuple[Any, ...]:
    """Return `tuple(value)` as Keras 2's base layer calls it."""
    if value is UNKNOWN:
        raise _NotKnown(f"the value of {keyword} is not known")
    if isinstance(value, tuple | list | str):
        return tuple(cast("Iterable[Any]", value))
    if isinstance(value, int | float | None):
        raise _Raised(f"TypeError: '{type(value).__name__}' object is not iterable")
    raise _NotKnown(f"the value of {keyword} is not a tuple that can be read")


def _placeholder(shape: BatchShape, version: KerasVersion) -> BatchShape | None:
    """Return the batch shape of the placeholder that Keras 2 makes of it, or raise what TensorFlow raises.

    Source: `backend.placeholder` over `TensorShape`; TensorFlow 1 takes `int(value)`, TensorFlow 2.3 `__index__`.
    """
    if not shape:
        # `if batch_shape:` in Sequential.add: an empty one is none.
        if version.contract is Contract.A:
            raise _Raised(
                "AssertionError: Please provide to Input either a `shape` or a `batch_shape` argument. Note that "
                "`shape` does not include the batch dimension."
            )
        return None
    for dim in shape:
        if dim is UNKNOWN:
            raise _NotKnown("a dimension of the input shape is not known")
    out: list[Any] = []
    for dim in shape:
        problem = _dim_problem_keras2(dim, version)
        if problem:
            kind, _, text = problem.partition(": ")
            if version.contract is Contract.C and version.minor >= _KERAS_215:
                raise _Raised(problem)
            raise _Raised(f"{kind}: Error converting shape to a TensorShape: {text}.")
        out.append(dim)
    return tuple(out)


def _dim_problem_keras2(dim: object, version: KerasVersion) -> str | None:
    old = version.contract is Contract.A or version.major == 1  # both over TensorFlow 1
    if isinstance(dim, tuple | list):
        sequence = cast("Sequence[object]", dim)
        if old:
            kind = type(sequence).__name__
            return f"TypeError: int() argument must be a string, a bytes-like object or a number, not '{kind}'"
        return _not_an_index(sequence)
    if isinstance(dim, str):
        if not old:
            return _not_an_index(dim)
        try:
            dim = int(dim)
        except ValueError as error:
            return f"ValueError: {error}"
    if isinstance(dim, float):
        if not old:
            return _not_an_index(dim)
        if not dim.is_integer():
            return f"ValueError: Ambiguous dimension: {dim}"
    if isinstance(dim, int | float) and dim < 0:
        return f"ValueError: Dimension {dim} must be >= 0"
    return None


def _not_an_index(dim: object) -> str:
    return (
        "TypeError: Dimension value must be integer or None or have an __index__ method, "
        f"got value '{dim!r}' with type '{type(dim)!r}'"
    )


def _standardize(shape: object, version: KerasVersion) -> tuple[Any, ...]:
    """Return what Keras 3's `standardize_shape` (backend/common/variables.py) makes of a value."""
    if shape is UNKNOWN:
        raise _NotKnown("the input shape is not known")
    if shape is None:
        raise _Raised("ValueError: Undefined shapes are not supported.")
    if isinstance(shape, int | float):
        raise _Raised(f"ValueError: Cannot convert '{shape}' to a shape.")
    if not isinstance(shape, tuple | list | str):
        raise _NotKnown("the input shape is not a tuple that can be read")
    dims = tuple(cast("Iterable[Any]", shape))
    if any(dim is UNKNOWN for dim in dims):
        raise _NotKnown("a dimension of the input shape is not known")
    # Before 3.15 the text shows the tuple and says "entry"; 3.14 was not run.
    latest = version.minor >= _DIMENSION_WORDING_MINOR
    shown: object = cast("object", shape) if latest else dims
    word = "dimension" if latest else "entry"
    for dim in dims:
        if dim is None or _is_symbolic(dim):
            continue
        if not isinstance(dim, int) or (isinstance(dim, bool) and not latest):
            if not latest and isinstance(dim, tuple | list):
                raise _Raised(f"ValueError: Invalid dtype: {type(cast('object', dim)).__name__}")
            raise _Raised(
                f"ValueError: Cannot convert '{shown}' to a shape. "
                f"Found invalid {word} '{dim}' of type '{type(cast('object', dim))}'. "
            )
        if dim < 0:
            raise _Raised(f"ValueError: Cannot convert '{shown}' to a shape. Negative dimensions are not allowed.")
    return tuple(int(dim) if isinstance(dim, bool) else dim for dim in dims)


_DIMENSION_WORDING_MINOR = 15


# ------------------------------------------------------------------------------------------ Input and InputLayer
def bind_positional(
    parameters: Sequence[Parameter], positional: Sequence[object], keywords: Mapping[str, object]
) -> dict[str, object]:
    """Return keywords with positional arguments under their parameters' names; more than there are names are dropped."""
    names = [p.name for p in parameters if p.kind in ("positional", "positional-only")]
    return {**dict(zip(names, positional, strict=False)), **keywords}


def resolve_input(
    arguments: Mapping[str, object], version: KerasVersion, positional: Sequence[object] = ()
) -> FirstLayer:
    """Return what `Input(...)` makes: batch shape, dtype, warnings, error.

    `positional` are bound by this version's order, which changed: the third is `name` in Keras 2, `dtype` in Keras 3.
    """
    symbol = load_catalogue(version).symbol("keras.Input")
    parameters = symbol.parameters if symbol and symbol.parameters else ()
    given = bind_positional(parameters, positional, arguments)
    names = {p.name for p in parameters}
    try:
        if version.contract is Contract.D or version.contract is Contract.A:
            for keyword in given:
                if keyword not in names:
                    raise _Raised(f"TypeError: Input() got an unexpected keyword argument '{keyword}'")
        _check_readable(given)
        shape, dtype, warnings = _INPUT[version.contract](given, version)
        return FirstLayer(shape, dtype, warnings)
    except _Raised as raised:
        return FirstLayer(error=raised.text)
    except _NotKnown as unknown:
        return FirstLayer(unknown=unknown.reason)
    except _UNPRINTABLE:
        return FirstLayer(unknown="a value is too large or too deep to be shown")


_InputResult: TypeAlias = "tuple[BatchShape | None, str | None, tuple[str, ...]]"


_SHAPES = ("shape", "batch_shape", "input_shape", "batch_input_shape")


def _check_readable(given: Mapping[str, object]) -> None:
    """Raise unless every shape in a call of Input is one that can be read; an object's truth is not ours to ask."""
    for keyword in _SHAPES:
        value = given.get(keyword)
        if value is UNKNOWN or not isinstance(value, int | float | str | tuple | list | type(None)):
            raise _NotKnown(f"the value of {keyword} is not known")


def _input_dtype(given: Mapping[str, object], version: KerasVersion) -> str | None:
    dtype = given.get("dtype")
    if dtype is None:
        return "float32"
    if not isinstance(dtype, str):
        return None
    if dtype == "int" and version.contract is Contract.D:
        return "int64"  # `standardize_dtype` in keras/src/backend/common/variables.py, for TensorFlow
    if dtype not in _DTYPES and version.contract is Contract.D:
        raise _Raised(f"ValueError: Invalid dtype: {dtype}")
    return dtype


_SPARSE_RAGGED = "sparse and ragged to True in a Keras input"
# TensorFlow's rule for the name of a scope (framework/ops.py), which an InputLayer's placeholder opens.
_SCOPE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")


def _check_input_keras2(given: Mapping[str, object], version: KerasVersion) -> None:
    """Raise what the InputLayer of Keras 2 raises for its other arguments."""
    name, dtype, batch_size = given.get("name"), given.get("dtype"), given.get("batch_size")
    late = version.contract is Contract.C and version.minor >= _KERAS_215
    if version.contract is not Contract.A and batch_size is not None and isinstance(batch_size, str | tuple | list):
        # `batch_size % strategy.num_replicas_in_sync` with something that is no number.
        if isinstance(batch_size, str):
            raise _Raised("TypeError: not all arguments converted during string formatting")
        raise _Raised(
            f"TypeError: unsupported operand type(s) for %: '{type(cast('object', batch_size)).__name__}' and 'int'"
        )
    if given.get("sparse") is True and given.get("ragged") is True:
        raise _Raised(f"ValueError: Cannot set both {_SPARSE_RAGGED}.")
    if isinstance(dtype, str) and dtype not in _DTYPES:
        if version.contract is Contract.A:
            raise _Raised(f"TypeError: Expected DataType for argument 'dtype' not '{dtype}'.")
        _check_dtype(dtype, version)
    if isinstance(name, int | float) and name:
        if late:
            raise _Raised(f"TypeError: Expected `name` argument to be a string, but got: {name}")
        raise _Raised("TypeError: expected string or bytes-like object")
    if isinstance(name, str) and name and not late and not _SCOPE.fullmatch(name):
        raise _Raised(f"ValueError: '{name}' is not a valid scope name")


def _tensor_given(given: Mapping[str, object]) -> bool:
    return any(given.get(k) is not None for k in ("tensor", "input_tensor", "type_spec"))


def _input_a(given: Mapping[str, object], version: KerasVersion) -> _InputResult:
    shape, batch_shape = given.get("shape"), given.get("batch_shape")
    if _tensor_given(given):
        raise _NotKnown("the input takes its shape from a tensor")
    if not batch_shape:
        if shape is None:
            raise _Raised(
                "AssertionError: Please provide to Input either a `shape` or a `batch_shape` argument. Note that "
                "`shape` does not include the batch dimension."
            )
        batch_shape = (None, *_iterate(shape, "shape"))
    _check_input_keras2(given, version)
    return _placeholder(_iterate(batch_shape, "batch_shape"), version), _input_dtype(given, version), ()


def _input_bc(given: Mapping[str, object], version: KerasVersion) -> _InputResult:
    known = _declared("keras.Input", version) | {"batch_shape", "batch_input_shape"}
    if given.get("sparse") is True and given.get("ragged") is True:
        late = version.contract is Contract.C and version.minor >= _KERAS_215
        middle = "`sparse` and `ragged` to `True` in a Keras `Input`" if late else _SPARSE_RAGGED
        raise _Raised(f"ValueError: Cannot set both {middle}.")
    tensor = any(given.get(k) is not None for k in ("tensor", "type_spec") if k in known)
    shape = given.get("shape")
    batch_shape = given.get("batch_input_shape", given.get("batch_shape"))
    if shape is not None and batch_shape is not None:
        raise _Raised(
            "ValueError: Only provide the `shape` OR `batch_input_shape` argument to Input, not both at the same time."
        )
    if shape is None and batch_shape is None and not tensor:
        middle = "a `shape` or a `tensor` argument"
        if version.contract is Contract.C and version.minor >= _KERAS_215:
            middle = "a `shape` or a `tensor` or a `type_spec` argument"
        raise _Raised(
            f"ValueError: Please provide to Input {'either ' if 'type_spec' not in middle else ''}{middle}. Note that "
            "`shape` does not include the batch dimension."
        )
    unknown = [k for k in given if k not in known]
    if unknown:
        text = "'Unrecognized keyword arguments:', " if version.minor < _KERAS_215 else ""
        raise _Raised(
            f"ValueError: ({text}dict_keys({unknown!r}))"
            if text
            else f"ValueError: Unrecognized keyword arguments: {unknown!r}"
        )
    if tensor:
        raise _NotKnown("the input takes its shape from a tensor")
    _check_input_keras2(given, version)
    if isinstance(batch_shape, int) and batch_shape:
        raise _Raised("TypeError: 'int' object is not subscriptable")
    if batch_shape:
        return _placeholder(_iterate(batch_shape, "batch_shape"), version), _input_dtype(given, version), ()
    if isinstance(shape, int):
        shape = (shape,)
    if shape is None:
        return None, _input_dtype(given, version), ()
    batch = (_dim(given.get("batch_size")), *_iterate(shape, "shape"))
    return _placeholder(batch, version), _input_dtype(given, version), ()


def _input_d(given: Mapping[str, object], version: KerasVersion) -> _InputResult:
    shape, batch_shape, batch_size = given.get("shape"), given.get("batch_shape"), given.get("batch_size")
    _check_base({"name": given.get("name")}, version)
    if _tensor_given(given):
        raise _NotKnown("the input takes its shape from a tensor")
    if shape is not None and batch_shape is not None:
        raise _Raised("ValueError: You cannot pass both `shape` and `batch_shape` at the same time.")
    if batch_size is not None and batch_shape is not None:
        raise _Raised("ValueError: You cannot pass both `batch_size` and `batch_shape` at the same time.")
    if shape is None and batch_shape is None:
        raise _Raised("ValueError: You must pass a `shape` argument.")
    if shape is not None:
        batch_shape = (_dim(batch_size), *_standardize(shape, version))
    if version.minor < _STANDARDIZED_BATCH_MINOR:
        batch_shape = _iterate(batch_shape, "batch_shape")
    result = _standardize(batch_shape, version)
    dtype = _input_dtype(given, version)
    if given.get("sparse") is True and given.get("ragged") is True and "ragged" in _declared("keras.Input", version):
        raise _Raised("ValueError: KerasTensor cannot have `sparse=True` and `ragged=True` at the same time.")
    return result, dtype, ()


# `InputLayer` takes `tuple(batch_shape)` up to 3.3 and standardizes it in 3.6.
_STANDARDIZED_BATCH_MINOR = 4


def _declared(name: str, version: KerasVersion) -> set[str]:
    symbol = load_catalogue(version).symbol(name)
    return {p.name for p in (symbol.parameters or ())} if symbol else set()


_INPUT = {Contract.A: _input_a, Contract.B: _input_bc, Contract.C: _input_bc, Contract.D: _input_d}


def resolve_input_layer(
    arguments: Mapping[str, object], version: KerasVersion, positional: Sequence[object] = ()
) -> FirstLayer:
    """Return what `InputLayer(...)` makes: batch shape, dtype, warnings, error."""
    symbol = load_catalogue(version).symbol("keras.layers.InputLayer")
    parameters = symbol.parameters if symbol and symbol.parameters else ()
    given = bind_positional(parameters, positional, arguments)
    warnings: list[str] = []
    try:
        _check_readable(given)
        if version.contract is Contract.D:
            _check_base({"name": given.get("name")}, version)
            if "input_shape" in given:
                warnings.append("UserWarning: Argument `input_shape` is deprecated. Use `shape` instead.")
                given["shape"] = given.pop("input_shape")
            if "batch_input_shape" in given:
                given["batch_shape"] = given.pop("batch_input_shape")
            # Its **kwargs swallow everything else.
            given = {k: v for k, v in given.items() if k in _declared("keras.layers.InputLayer", version)}
            shape, dtype, _ = _input_d(given, version)
        else:
            shape, dtype = _input_layer_keras2(given, {p.name for p in parameters}, version)
        return FirstLayer(shape, dtype, tuple(warnings))
    except _Raised as raised:
        return FirstLayer(error=raised.text, warnings=tuple(warnings))
    except _NotKnown as unknown:
        return FirstLayer(unknown=unknown.reason, warnings=tuple(warnings))
    except _UNPRINTABLE:
        return FirstLayer(unknown="a value is too large or too deep to be shown", warnings=tuple(warnings))


def _input_layer_keras2(
    given: Mapping[str, object], names: set[str], version: KerasVersion
) -> tuple[BatchShape | None, str | None]:
    shape, batch_shape = given.get("input_shape"), given.get("batch_input_shape")
    unknown = [k for k in given if k not in names and k != "batch_input_shape"]
    if version.contract is Contract.A and unknown:
        raise _Raised(f"TypeError: __init__() got an unexpected keyword argument '{unknown[0]}'")
    if shape and batch_shape:
        middle = "input_shape OR batch_input_shape argument"
        if version.contract is Contract.C and version.minor >= _KERAS_215:
            middle = "input_shape OR batch_input_shape argument"
        raise _Raised(f"ValueError: Only provide the {middle} to InputLayer, not both at the same time.")
    if unknown:
        text = (
            f"('Unrecognized keyword arguments:', dict_keys({unknown!r}))"
            if version.minor < _KERAS_215 or version.contract is Contract.B
            else f"Unrecognized keyword arguments: {unknown!r}"
        )
        raise _Raised(f"ValueError: {text}")
    if _tensor_given(given):
        raise _NotKnown("the input takes its shape from a tensor")
    _check_input_keras2(given, version)
    dtype = _input_dtype(given, version)
    if version.contract is Contract.A:
        if not batch_shape:
            if not shape:
                raise _Raised(
                    "ValueError: An Input layer should be passed either a `batch_input_shape` or an `input_shape`."
                )
            batch_shape = (_dim(given.get("batch_size")), *_iterate(shape, "input_shape"))
        return _placeholder(_iterate(batch_shape, "batch_input_shape"), version), dtype
    if batch_shape is not None and batch_shape != ():
        return _placeholder(_iterate(batch_shape, "batch_input_shape"), version), dtype
    if shape is None:
        return None, dtype
    if isinstance(shape, int):
        shape = (shape,)
    return _placeholder((_dim(given.get("batch_size")), *_iterate(shape, "input_shape")), version), dtype
