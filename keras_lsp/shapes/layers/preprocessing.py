"""Preprocessing layers: normalization, discretization, hashing, lookups, text, rescaling, spectrograms.

Sources: `keras/src/layers/preprocessing/` (Keras 3), the files of the same names in tf.keras 2.15. What an `adapt()` call
learns from data (the size of a vocabulary, bin boundaries) is unknown unless the arguments say it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

from keras_lsp.shapes.arguments import compute_dtype, read_channels_first, variable_dtype
from keras_lsp.shapes.configuration import Configuration, UnknownValue
from keras_lsp.shapes.dim import (
    Dim,
    Expr,
    Shape,
    add,
    ceil_divide,
    differ,
    floor_divide,
    format_shape,
    multiply,
    subtract,
)
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined, Weight
from keras_lsp.shapes.refusals import bad_argument, check_rank, conflict
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor

# Before TensorFlow 2.6 these layers were experimental, with other arguments.
_STABLE = (2, 6)
_ZERO_SIZE_REFUSED = (3, 14)
# Before, Keras 3 said the input's own shape for encoded bins, and (batch, depth) for whatever is encoded by a lookup.
_ENCODED_SHAPES = (3, 14)
_BIN_TYPES = (3, 12)  # bin numbers were int64
_FRAMES_CHECKED = (3, 14)  # a MelSpectrogram took frames longer than its transform
_BINS_NEEDED = (3, 9)  # a Discretization without bins was made
_TYPED = (2, 15)  # what is known about lookups of another element type
_INTEGERS = frozenset({"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"})
# Element types that tf.math.bincount can fill.
_COUNTED = frozenset({"int32", "int64", "float32", "float64"})
_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


def _tensor(inputs: Structure) -> tuple[Tensor, Shape]:
    if not isinstance(inputs, Tensor):
        raise Undetermined("the input is not a single tensor")
    if inputs.shape is None:
        raise Undetermined("the rank of the input is not known")
    return inputs, inputs.shape


def _mode(configuration: Configuration, default: str = "int") -> str:
    mode = configuration.text("output_mode", default) or "None"
    return _MODES.get(mode, mode)


def _check_choice(configuration: Configuration, name: str, allowed: tuple[str, ...], value: object) -> None:
    """Refuse a string that is none of the allowed ones, as `validate_string_arg` does."""
    if not isinstance(value, str) or value in allowed:
        return
    shown = "(" + ", ".join(repr(choice) for choice in allowed) + ")"
    if configuration.generation == 3:
        text = (
            f"Unknown value for `{name}` argument of {configuration.class_name}. "
            f"Allowed values are: {shown}. Received: {name}={value}"
        )
    else:
        text = (
            f"Unkown value for `{name}` argument of layer {configuration.class_name}. "
            f"Allowed values are: or one of the following values: {shown}. Received: {value}"
        )
    raise bad_argument(name, value, text)


def _is_one(size: Dim) -> bool:
    if isinstance(size, Expr):
        raise Undetermined("whether the last axis has size 1 is not known")
    return size == 1


def _encoded(configuration: Configuration, shape: Shape, mode: str, depth: Dim) -> Shape:
    """Shape of one-hot, multi-hot or counted categories in Keras 2 (`encode_categorical_inputs`): at most rank 2."""
    if not shape:
        raise Undetermined("the input is a scalar")
    if compute_dtype(configuration) not in _COUNTED:
        raise Undetermined("categories are not counted in this `dtype`")
    if mode == "one_hot" and not _is_one(shape[-1]):
        shape = (*shape, 1)
    if len(shape) > 2:
        text = (
            "ValueError: When output_mode is not `'int'`, maximum supported output rank is 2. "
            f"Received output_mode {mode} and input shape {format_shape(shape)}, "
            f"which would result in output rank {len(shape)}."
        )
        raise Refused("rank", text, max_rank=2, rank=len(shape), shape=shape)
    return (*shape[:-1], depth)


def _is_stable(configuration: Configuration) -> None:
    if configuration.keras < _STABLE:
        raise Undetermined(f"the experimental {configuration.class_name} of this version has no shape rule")


# ---------------------------------------------------------------------------------------------------- CategoryEncoding


@constructor("CategoryEncoding")
def check_category_encoding(configuration: Configuration) -> None:
    """`num_tokens` must be set, `output_mode` known."""
    if configuration.keras < _STABLE:
        return
    mode = configuration.value("output_mode", "multi_hot")
    mode = _MODES.get(mode, mode) if mode == "binary" and isinstance(mode, str) else mode
    if isinstance(mode, str) and mode not in ("count", "one_hot", "multi_hot"):
        if configuration.generation == 3:
            raise bad_argument("output_mode", mode, f"Unknown arg for output_mode: {mode}")
        _check_choice(configuration, "output_mode", ("count", "one_hot", "multi_hot"), mode)
    tokens = configuration.value("num_tokens")
    if tokens is None:
        text = (
            "num_tokens must be set to use this layer. If the number of tokens is not known beforehand, "
            "use the IntegerLookup layer instead."
        )
        raise bad_argument("num_tokens", tokens, text)
    if isinstance(tokens, int | float) and tokens < 1:
        text = f"`num_tokens` must be >= 1. Received: num_tokens={tokens}."
        raise bad_argument("num_tokens", tokens, text)


@layer("CategoryEncoding")
def encode_categories(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`CategoryEncoding`: the last axis becomes `num_tokens`, or an axis of that size is added ("one_hot")."""
    _is_stable(configuration)
    _, shape = _tensor(inputs)
    mode, depth = _mode(configuration, "multi_hot"), configuration.dim("num_tokens")
    dtype = compute_dtype(configuration)
    weights = call.get("count_weights")
    if weights is not None and mode != "count":
        text = "ValueError: `count_weights` is not used when `output_mode` is not `'count'`."
        raise Refused("option-conflict", text, stage="run" if configuration.generation == 3 else "build")
    if configuration.generation == 2:
        return Applied(Tensor(_encoded(configuration, shape, mode, depth), dtype))
    if not shape:
        return Applied(Tensor((depth,), dtype))
    if mode == "one_hot" and (not _is_one(shape[-1]) or len(shape) == 1):
        return Applied(Tensor((*shape, depth), dtype))
    return Applied(Tensor((*shape[:-1], depth), dtype))


# ------------------------------------------------------------------------------------------------------ Discretization


@constructor("Discretization")
def check_discretization(configuration: Configuration) -> None:
    """Either `bin_boundaries` or `num_bins`, and a known `output_mode`."""
    if configuration.keras < _STABLE:
        return
    mode = configuration.value("output_mode", "int")
    third = configuration.generation == 3
    if configuration.flag("sparse") and mode == "int":
        text = (
            "`sparse=True` may only be used if `output_mode` is `'one_hot'`, `'multi_hot'`, or `'count'`. "
            f"Received: sparse=True and output_mode={mode}"
        )
        raise conflict(("sparse", "output_mode"), text)
    _check_choice(configuration, "output_mode", ("int", "one_hot", "multi_hot", "count"), mode)
    bins, boundaries = configuration.value("num_bins"), configuration.value("bin_boundaries")
    if isinstance(bins, int | float) and bins < 0:
        received = "Received:" if third else "You passed"
        text = f"`num_bins` must be greater than or equal to 0. {received} `num_bins={bins}`"
        raise bad_argument("num_bins", bins, text)
    agree = isinstance(boundaries, list | tuple) and len(cast("Sequence[object]", boundaries)) + 1 == bins
    if bins is not None and boundaries is not None and not (third and configuration.keras < _BINS_NEEDED and agree):
        received = "Received:" if third else "You passed"
        text = (
            f"Both `num_bins` and `bin_boundaries` should not be set. {received} `num_bins={bins}` and "
            f"`bin_boundaries={boundaries}`"
        )
        raise conflict(("num_bins", "bin_boundaries"), text)
    if bins is None and boundaries is None and configuration.keras >= _BINS_NEEDED:
        raise conflict(("num_bins", "bin_boundaries"), "You need to set either `num_bins` or `bin_boundaries`.")


def _length(value: object, name: str) -> Dim:
    if isinstance(value, Tensor) and value.shape and len(value.shape) == 1:
        return value.shape[0]
    if isinstance(value, list | tuple):
        return len(cast("Sequence[object]", value))
    raise Undetermined(f"the length of `{name}` is not known")


@layer("Discretization")
def discretize(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Discretization`: numbers of bins, or encoded ones; how many bins `adapt` finds is unknown."""
    _is_stable(configuration)
    _, shape = _tensor(inputs)
    mode = _mode(configuration)
    third = configuration.generation == 3
    if mode == "int":
        policy = configuration.text("dtype")
        dtype = policy if policy in _INTEGERS else "int32" if configuration.keras >= _BIN_TYPES else "int64"
        if policy is not None and policy not in _INTEGERS:
            raise Undetermined("the element type of bin numbers is not known for this `dtype`")
        return Applied(Tensor(shape, dtype))
    if third and configuration.keras < _ENCODED_SHAPES:
        return Applied(Tensor(shape, compute_dtype(configuration)))
    boundaries = configuration.value("bin_boundaries")
    if boundaries is None:
        raise Undetermined("how many bins there are is known only after `adapt`")
    depth = add(_length(boundaries, "bin_boundaries"), 1)
    if not third:
        if configuration.text("dtype") is not None:
            raise Undetermined("the element types that this layer takes are not known for this `dtype`")
        return Applied(Tensor(_encoded(configuration, shape, mode, depth), compute_dtype(configuration)))
    dtype = compute_dtype(configuration)
    if mode == "one_hot":
        squeezed = len(shape) > 1 and _is_one(shape[-1])
        return Applied(Tensor((*(shape[:-1] if squeezed else shape), depth), dtype))
    if len(shape) >= 2:
        return Applied(Tensor((shape[0], *shape[2:], depth), dtype))
    return Applied(Tensor((depth,), dtype))


# ------------------------------------------------------------------------------------------- Hashing, HashedCrossing


@constructor("Hashing")
def check_hashing(configuration: Configuration) -> None:
    """A positive `num_bins`, a known `output_mode`, a whole-number `dtype` for bin numbers, a valid `salt`."""
    bins = configuration.value("num_bins")
    if bins is None or (isinstance(bins, int | float) and bins <= 0):
        if configuration.keras < _STABLE:
            text = "`num_bins` cannot be `None` or non-positive values."
        else:
            text = f"The `num_bins` for `Hashing` cannot be `None` or non-positive values. Received: num_bins={bins}."
        raise bad_argument("num_bins", bins, text)
    mode = configuration.value("output_mode", "int")
    dtype = configuration.text("dtype")
    third = configuration.generation == 3
    if not third and dtype is not None and dtype.startswith("mixed_"):
        raise Undetermined("this layer takes no mixed policy")
    if third and mode == "int" and dtype not in (None, "int32", "int64"):
        text = (
            f"When `output_mode=\"int\"`, `dtype` should be an integer type, 'int32' or 'in64'. Received: dtype={dtype}"
        )
        raise bad_argument("dtype", dtype, text)
    allowed = ("int", "one_hot", "multi_hot", "count")
    if isinstance(mode, str) and mode not in allowed and third:
        text = f"Invalid value for argument `output_mode`. Expected one of {allowed}. Received: output_mode={mode}"
        raise bad_argument("output_mode", mode, text)
    _check_choice(configuration, "output_mode", allowed, mode)
    if configuration.flag("sparse") and mode == "int":
        text = (
            '`sparse` may only be true if `output_mode` is `"one_hot"`, `"multi_hot"`, or `"count"`. '
            f"Received: sparse=True and output_mode={mode}"
        )
        raise conflict(("sparse", "output_mode"), text)
    salt = configuration.value("salt")
    pair = isinstance(salt, list | tuple) and len(cast("Sequence[object]", salt)) == 2
    if salt is not None and not pair and not isinstance(salt, int) and isinstance(salt, list | tuple | str | float):
        text = (
            "The `salt` argument for `Hashing` can only be a tuple of size 2 integers, or a single integer. "
            f"Received: salt={salt}."
        )
        raise bad_argument("salt", cast("object", salt), text)


@layer("Hashing")
def hash_values(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Hashing`: numbers of bins in the input's shape, or encoded ones."""
    tensor, shape = _tensor(inputs)
    mode, depth = _mode(configuration), configuration.dim("num_bins")
    if configuration.generation == 2:
        if tensor.dtype is not None and tensor.dtype != "string" and tensor.dtype not in _INTEGERS:
            text = (
                f"TypeError: Input 'input' of 'StringToHashBucketFast' Op has type {tensor.dtype} "
                "that does not match expected type of string."
            )
            raise Refused("dtype", text, dtype=tensor.dtype)
        if mode == "int":
            return Applied(Tensor(shape, "int64"))
        return Applied(Tensor(_encoded(configuration, shape, mode, depth), compute_dtype(configuration)))
    if mode == "int":
        return Applied(Tensor(shape, configuration.text("dtype") or "int64"))
    return Applied(Tensor((*shape[:-1], depth), variable_dtype(configuration)))


def _check_number_dtype(configuration: Configuration, mode: object) -> None:
    """tf.keras puts out whole numbers only in a `dtype` of whole numbers."""
    dtype = configuration.text("dtype") if configuration.generation == 2 else None
    if mode != "int" or dtype is None or dtype in _INTEGERS:
        return
    if configuration.keras < _TYPED:
        raise Undetermined("what this version says about the `dtype` is not known")
    text = f"When `output_mode='int'`, `dtype` should be an integer type. Received: dtype={dtype}"
    raise bad_argument("dtype", dtype, text)


@constructor("HashedCrossing")
def check_crossing(configuration: Configuration) -> None:
    """A known `output_mode`."""
    mode = configuration.value("output_mode", "int")
    _check_choice(configuration, "output_mode", ("int", "one_hot"), mode)
    _check_number_dtype(configuration, mode)


@layer("HashedCrossing")
def cross(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`HashedCrossing`: two (Keras 2: at least two) columns become one."""
    third = configuration.generation == 3
    if isinstance(inputs, Tensor):
        if third:
            shown = f"Received input_shape={format_shape(inputs.shape)}"
            text = f"ValueError: Expected as input a list/tuple of 2 tensors. {shown}"
        else:
            text = "ValueError: `HashedCrossing` should be called on a list or tuple of inputs."
        raise Refused("arity", text, expected=2, found=1)
    if not isinstance(inputs, list | tuple) or not all(isinstance(item, Tensor) for item in inputs):
        raise Undetermined("the inputs are not a known list of tensors")
    tensors = cast("Sequence[Tensor]", inputs)
    shapes = [_tensor(tensor)[1] for tensor in tensors]
    if len(tensors) < 2 or (third and len(tensors) != 2):
        expects = (
            "Expected as input a list/tuple of 2 tensors."
            if third
            else ("`HashedCrossing` should be called on at least two inputs.")
        )
        raise Refused("arity", f"ValueError: {expects}", expected=2, found=len(tensors))
    first = shapes[0]
    if not all(shapes):
        raise Undetermined("an input is a scalar")
    last = [shape[-1] for shape in shapes]
    unequal = differ(last[0], last[1]) or (None in last and any(isinstance(size, int) for size in last))
    if third and unequal:
        text = "ValueError: Expected the two input tensors to have identical shapes."
        raise Refused("merge", text, shapes=tuple(shapes))
    stage = "run" if third else "build"
    if len(first) > 2 or (len(first) == 2 and isinstance(first[-1], int) and first[-1] != 1):
        text = "ValueError: All `HashedCrossing` inputs should have shape `()`, `(batch_size)` or `(batch_size, 1)`."
        raise Refused("rank", text, stage=stage, max_rank=2, rank=len(first), shape=first)
    for tensor in tensors:
        if tensor.dtype is not None and tensor.dtype != "string" and tensor.dtype not in _INTEGERS:
            text = "ValueError: All `HashedCrossing` inputs should have an integer or string dtype."
            raise Refused("dtype", text, stage=stage, dtype=tensor.dtype)
    if any(shape != first for shape in shapes[1:]):
        raise Undetermined("the columns have different shapes")
    mode, depth = _mode(configuration), configuration.dim("num_bins")
    if not third:
        first = (None, *first[1:])  # tf.sparse.cross_hashed forgets the batch
    if mode == "int":
        dtype = configuration.text("dtype")
        return Applied(Tensor(first, "int64" if dtype is None else dtype if third else None))
    dtype = compute_dtype(configuration)
    if not third:
        return Applied(Tensor(_encoded(configuration, first, mode, depth), dtype))
    leading = first[:-1] if _is_one(last[0]) else first
    return Applied(Tensor((*leading, depth), dtype))


# ------------------------------------------------------------------------------------------------------- Normalization


def _array_shape(value: object) -> Shape | None:
    """NumPy's shape of a number, nested list or array."""
    if isinstance(value, Tensor):
        return value.shape
    if isinstance(value, int | float):
        return ()
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        inner = {_array_shape(item) for item in items}
        if len(inner) == 1:
            rest = inner.pop()
            return None if rest is None else (len(items), *rest)
        return (0,) if not items else None
    return None


def _axes(configuration: Configuration) -> tuple[int, ...]:
    value = configuration.value("axis", -1)
    if "axis" in configuration.arguments and value is None:
        return ()
    if isinstance(value, int):
        return (value,)
    if isinstance(value, list | tuple) and all(isinstance(axis, int) for axis in cast("Sequence[object]", value)):
        return tuple(cast("Sequence[int]", value))
    raise Undetermined("the value of `axis` is not known")


@constructor("Normalization")
def check_normalization(configuration: Configuration) -> None:
    """`mean` and `variance` come together and in one shape."""
    if configuration.keras < _STABLE:
        if configuration.value("axis", -1) == 0:
            raise bad_argument("axis", 0, "The argument 'axis' may not be 0.")
        return
    mean, variance = configuration.value("mean"), configuration.value("variance")
    third = configuration.generation == 3
    if (mean is None) != (variance is None):
        received = (
            f"Received: mean={mean} and variance={variance}"
            if third
            else (f"Got mean: {mean} and variance: {variance}")
        )
        text = f"When setting values directly, both `mean` and `variance` must be set. {received}"
        raise conflict(("mean", "variance"), text)
    if mean is None or not third:
        return
    shapes = _array_shape(mean), _array_shape(variance)
    if None in shapes:
        raise Undetermined("the shape of `mean` is not known")
    if shapes[0] != shapes[1]:
        text = (
            "When setting values directly, `mean` and `variance` must have the same shape. "
            f"Received: mean shape {format_shape(shapes[0])} and variance shape {format_shape(shapes[1])}"
        )
        raise conflict(("mean", "variance"), text)
    axes = _axes(configuration)
    if len(shapes[0] or ()) > len(axes):
        text = (
            f"The rank of `mean` must be less than or equal to the number of axes ({len(axes)}). "
            f"Received: mean shape {format_shape(shapes[0])} for axis {axes}"
        )
        raise bad_argument("mean", mean, text)


@layer("Normalization")
def normalize(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Normalization`: mean, variance and count of the kept axes are weights unless they are given."""
    _, shape = _tensor(inputs)
    third, old = configuration.generation == 3, configuration.keras < _STABLE
    if old:
        if configuration.text("dtype") is not None:
            raise Undetermined("the experimental Normalization is known in its default element type only")
        if len(shape) == 1:
            shape = (*shape, 1)
    axes = _axes(configuration)
    rank = len(shape)
    if any(not -rank <= axis < rank for axis in axes):
        if third:
            said = f"Received inputs with ndim={rank}, while axis={axes}"
        else:
            said = f"Found ndim: `{rank}`, axis: {axes}"
        text = f"ValueError: All `axis` values must be in the range [-ndim, ndim). {said}"
        raise Refused("axis", text, axis=axes, rank=rank)
    kept = sorted(axis % rank for axis in axes)
    for axis in kept:
        if shape[axis] is None:
            if third:
                text = (
                    "All `axis` values to be kept must have a known shape. "
                    f"Received axis={axes}, inputs.shape={format_shape(shape)}, with unknown axis at index {axis}"
                )
            else:
                printed = f"[{', '.join(str(size) for size in shape)}]"
                text = (
                    "All `axis` values to be kept must have known shape. "
                    f"Got axis: {axes}, input shape: {printed}, with unknown axis at index: {axis}"
                )
            raise Refused("axis-undefined", f"ValueError: {text}", axis=axis)
    sizes = tuple(shape[axis] for axis in kept)
    dtype = compute_dtype(configuration)
    mean = configuration.value("mean")
    if mean is not None:
        _check_mean(configuration, _array_shape(mean), sizes)
        return Applied(Tensor(shape, dtype))
    stored = variable_dtype(configuration)
    count = "int32" if third else "int64"
    weights = (
        Weight("mean", sizes, False, stored),
        Weight("variance", sizes, False, stored),
        Weight("count", (), False, count),
    )
    return Applied(Tensor(shape, dtype), weights)


def _check_mean(configuration: Configuration, mean: Shape | None, sizes: Shape) -> None:
    """A given mean must have the sizes of the kept axes, or be broadcast to them."""
    if mean is None:
        raise Undetermined("the shape of `mean` is not known")
    if not mean:
        return
    if len(mean) > len(sizes):
        raise Undetermined("`mean` has more axes than are kept")
    for given, size in zip(mean[::-1], sizes[::-1], strict=False):
        if isinstance(given, int) and isinstance(size, int) and given not in (1, size):
            text = f"Incompatible shapes: {format_shape(mean)} vs. {format_shape(sizes)}"
            raise Refused("broadcast", f"ValueError: {text}", shapes=(mean, sizes))
        if given != size:
            raise Undetermined("whether `mean` fits the input is not known")


# ------------------------------------------------------------------------------------------------------------- lookups


@constructor("StringLookup", "IntegerLookup")
def check_lookup(configuration: Configuration) -> None:
    """Sizes, modes and vocabulary, as `IndexLookup.__init__` and `set_vocabulary` check them."""
    tokens, out_of_vocabulary = configuration.value("max_tokens"), configuration.value("num_oov_indices", 1)
    name = configuration.class_name
    if isinstance(tokens, int | float) and tokens <= 1:
        if name == "IntegerLookup" and configuration.keras >= _STABLE:
            start = "If `max_tokens` is set for `IntegerLookup`, it must be greater than 1."
        else:
            start = "If set, `max_tokens` must be greater than 1."
        received = f" Received: max_tokens={tokens}" if configuration.keras >= _STABLE else ""
        raise bad_argument("max_tokens", tokens, start + received)
    if name == "IntegerLookup" and isinstance(out_of_vocabulary, int | float) and out_of_vocabulary < 0:
        text = (
            "The value of `num_oov_indices` argument for `IntegerLookup` must >= 0. "
            f"Received: num_oov_indices={out_of_vocabulary}"
        )
        raise bad_argument("num_oov_indices", out_of_vocabulary, text)
    if configuration.keras < _STABLE:
        if name == "IntegerLookup" and tokens is not None:
            raise Undetermined("TensorFlow 2.3 fails over `max_tokens` of IntegerLookup, later versions take it")
        return
    if configuration.flag("pad_to_max_tokens") and tokens is None:
        text = f"If pad_to_max_tokens is True, must set `max_tokens`. Received: max_tokens={tokens}"
        raise conflict(("pad_to_max_tokens", "max_tokens"), text)
    if isinstance(out_of_vocabulary, int | float) and out_of_vocabulary < 0:
        text = f"`num_oov_indices` must be greater than or equal to 0. Received: num_oov_indices={out_of_vocabulary}"
        raise bad_argument("num_oov_indices", out_of_vocabulary, text)
    mode = configuration.value("output_mode", "int")
    mode = _MODES.get(mode, mode) if isinstance(mode, str) else mode
    _check_choice(configuration, "output_mode", ("int", "one_hot", "multi_hot", "count", "tf_idf"), mode)
    if configuration.flag("invert") and mode != "int":
        text = f"`output_mode` must be `'int'` when `invert` is true. Received: output_mode={mode}"
        raise conflict(("invert", "output_mode"), text)
    if configuration.flag("sparse") and mode == "int":
        text = (
            "`sparse` may only be true if `output_mode` is `'one_hot'`, `'multi_hot'`, `'count'` or `'tf_idf'`. "
            f"Received: sparse=True and output_mode={mode}"
        )
        raise conflict(("sparse", "output_mode"), text)
    if not configuration.flag("invert"):
        _check_number_dtype(configuration, mode)
    weights = configuration.value("idf_weights")
    if weights is not None and mode != "tf_idf":
        text = (
            "`idf_weights` should only be set if `output_mode` is `'tf_idf'`. "
            f"Received: idf_weights={weights} and output_mode={mode}"
        )
        raise conflict(("idf_weights", "output_mode"), text)
    if configuration.value("vocabulary") is not None:
        if mode == "tf_idf" and weights is None:
            if configuration.generation == 3:
                text = (
                    "When specifying the `vocabulary` argument, in TF-IDF output mode, the `idf_weights` argument "
                    "must also be provided."
                )
            else:
                text = "`idf_weights` must be set if output_mode is TF_IDF"
            raise conflict(("vocabulary", "idf_weights"), text)
        vocabulary_size(configuration)


def vocabulary_size(configuration: Configuration) -> int:
    """Size of the index that a `vocabulary` argument gives, special tokens included; refuses what is no vocabulary."""
    value = configuration.value("vocabulary")
    if not isinstance(value, list | tuple):
        raise Undetermined("the vocabulary is not a known list")
    value = cast("Sequence[object]", value)
    items = list(value)
    if any(isinstance(item, UnknownValue) or not isinstance(item, str | int | float | bytes) for item in items):
        raise Undetermined("the vocabulary holds unknown tokens")
    if not items:
        raise bad_argument("vocabulary", value, "Cannot set an empty vocabulary. Received: vocabulary=[]")
    mask, unknown = configuration.value("mask_token"), configuration.value("oov_token", "[UNK]")
    outside = configuration.value("num_oov_indices", 1)
    if not isinstance(outside, int):
        raise Undetermined("the value of `num_oov_indices` is not known")
    masks = 1 if mask is not None and _mode(configuration) == "int" else 0
    special = [mask] * masks + [unknown] * outside
    start = len(special)
    tokens = items[start:] if items[:start] == special else items
    repeated = sorted({str(token) for token in tokens if tokens.count(token) > 1}) if len(tokens) < 1000 else []
    if len(set(tokens)) < len(tokens):
        text = (
            "The passed vocabulary has at least one repeated term. Please uniquify your dataset. "
            f"The repeated terms are: {repeated}"
        )
        raise bad_argument("vocabulary", value, text)
    if (mask is not None and mask in tokens) or (
        unknown is not None and configuration.flag("invert") and unknown in tokens
    ):
        token, named = (mask, "mask") if mask is not None and mask in tokens else (unknown, "OOV")
        text = (
            f"Found reserved {named} token at unexpected location in `vocabulary`. Note that passed `vocabulary` does "
            "not need to include the OOV and mask tokens."
        )
        raise bad_argument("vocabulary", token, text)
    size = start + len(tokens)
    limit = configuration.value("max_tokens")
    if isinstance(limit, int) and size > limit:
        if configuration.generation == 3:
            said = f"Received vocabulary size is {size}; `max_tokens` is {limit}."
        else:
            said = f"Passed vocab size is {size}, max vocab size is {limit}."
        text = f"Attempted to set a vocabulary larger than the maximum vocab size. {said}"
        raise bad_argument("vocabulary", value, text)
    return size


def _depth(configuration: Configuration) -> Dim:
    """Number of categories: `max_tokens` where padded, else the size of the given vocabulary."""
    if configuration.flag("pad_to_max_tokens"):
        return configuration.dim("max_tokens")
    if configuration.value("vocabulary") is None:
        raise Undetermined("the size of the vocabulary is known only after `adapt`")
    return vocabulary_size(configuration)


def _looked_up(configuration: Configuration, shape: Shape, mode: str, depth: Dim) -> Shape:
    """`IndexLookup.compute_output_shape` of Keras 3."""
    if mode == "one_hot":
        squeezed = len(shape) > 1 and _is_one(shape[-1])
        return (*(shape[:-1] if squeezed else shape), depth)
    return (*shape[:-1], depth)


@layer("StringLookup", "IntegerLookup")
def look_up(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`StringLookup`, `IntegerLookup`: indices in the input's shape, or encoded ones; no parameters are counted."""
    tensor, shape = _tensor(inputs)
    mode = _mode(configuration)
    third = configuration.generation == 3
    string = configuration.class_name == "StringLookup"
    if configuration.keras < _STABLE:
        expected = "string" if string != configuration.flag("invert") else "int64"
        accepted = _INTEGERS if expected == "int64" else {expected}
        if tensor.dtype is not None and tensor.dtype not in accepted:
            text = f"Tensor conversion requested dtype {expected} for Tensor with dtype {tensor.dtype}"
            raise Refused("dtype", f"ValueError: {text}", dtype=tensor.dtype, expected=expected)
    if mode == "int":
        dtype = "int64"
        if not third:
            inverted = configuration.flag("invert")
            dtype = "string" if inverted and string else "int64" if configuration.text("dtype") is None else None
        return Applied(Tensor(shape, dtype))
    depth = _depth(configuration)
    if not third:
        return Applied(Tensor(_encoded(configuration, shape, mode, depth), compute_dtype(configuration)))
    return Applied(Tensor(_lookup_shape(configuration, shape, mode, depth), configuration.floatx))


def _lookup_shape(configuration: Configuration, shape: Shape, mode: str, depth: Dim) -> Shape:
    """What `IndexLookup.compute_output_shape` of Keras 3 says of encoded indices."""
    if configuration.keras < _ENCODED_SHAPES and shape:
        return (shape[0], depth)
    return _looked_up(configuration, shape, mode, depth)


# ---------------------------------------------------------------------------------------------------- TextVectorization


@constructor("TextVectorization")
def check_vectorization(configuration: Configuration) -> None:
    """Known `standardize`, `split` and `output_mode`; a sequence length only for whole sequences."""
    if configuration.keras < _STABLE:
        return
    third = configuration.generation == 3
    if not third and configuration.text("dtype") not in (None, "string"):
        text = f"`TextVectorization` may only have a dtype of string. Received dtype: {configuration.text('dtype')}."
        raise bad_argument("dtype", configuration.text("dtype"), text)
    standardize = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
    _check_choice(configuration, "standardize", standardize, configuration.value("standardize"))
    _check_choice(configuration, "split", ("whitespace", "character"), configuration.value("split"))
    mode = configuration.value("output_mode", "int")
    mode = _MODES.get(mode, mode) if isinstance(mode, str) else mode
    modes = ("int", "one_hot", "multi_hot", "count", "tf_idf") if third else ("int", "count", "multi_hot", "tf_idf")
    _check_choice(configuration, "output_mode", modes, mode)
    ngrams = configuration.value("ngrams")
    if isinstance(ngrams, str | float | list):
        text = f"`ngrams` must be None, an integer, or a tuple of integers. Received: ngrams={ngrams}"
        raise bad_argument("ngrams", cast("object", ngrams), text)
    length = configuration.value("output_sequence_length")
    if mode == "int" and isinstance(length, str | float | list | tuple):
        text = (
            "`output_sequence_length` must be either None or an integer when `output_mode` is 'int'. "
            f"Received: output_sequence_length={length}"
        )
        raise bad_argument("output_sequence_length", cast("object", length), text)
    if mode != "int" and length is not None:
        text = (
            "`output_sequence_length` must not be set if `output_mode` is not 'int'. "
            f"Received output_sequence_length={length}."
        )
        raise conflict(("output_mode", "output_sequence_length"), text)
    ragged = configuration.flag("ragged")
    if ragged and mode != "int":
        text = f"`ragged` must not be true if `output_mode` is `'int'`. Received: ragged=True and output_mode={mode}"
        raise conflict(("ragged", "output_mode"), text)
    if ragged and length is not None and not third:
        text = (
            "`output_sequence_length` must not be set if ragged is True. "
            f"Received: ragged=True and output_sequence_length={length}"
        )
        raise conflict(("ragged", "output_sequence_length"), text)
    check_lookup(_inner_lookup(configuration))


def _inner_lookup(configuration: Configuration) -> Configuration:
    """The `StringLookup` inside a `TextVectorization`."""
    names = ("max_tokens", "vocabulary", "idf_weights", "pad_to_max_tokens", "output_mode", "sparse")
    arguments = {name: configuration.arguments[name] for name in names if name in configuration.arguments}
    arguments |= {"mask_token": "", "oov_token": "[UNK]", "num_oov_indices": 1}
    return Configuration(
        "StringLookup", arguments, configuration.keras, configuration.floatx, configuration.data_format
    )


@layer("TextVectorization")
def vectorize(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`TextVectorization`: (batch, output_sequence_length) of int64, or one number per word of the vocabulary."""
    tensor, shape = _tensor(inputs)
    third = configuration.generation == 3
    mode = _mode(configuration)
    split = configuration.value("split", "whitespace")
    if "split" in configuration.arguments and split is None:
        words = False
    elif isinstance(split, str) or third:
        words = True
    else:
        raise Undetermined("the output of a custom `split` is not known")
    if words and len(shape) > 1 and isinstance(shape[-1], int) and shape[-1] != 1:
        text = (
            "ValueError: When using `TextVectorization` to tokenize strings, the input rank must be 1 or the last "
            f"shape dimension must be 1. Received: inputs.shape={format_shape(shape)} with rank={len(shape)}"
        )
        facts = {"axis": -1, "expected": 1, "found": shape[-1]}
        raise Refused("axis-size", text, stage="run" if third else "build", **cast("dict[str, str]", facts))
    if not shape:
        raise Undetermined("the input is a scalar")
    length = configuration.dim("output_sequence_length")
    if third:
        if mode == "int" and configuration.flag("ragged"):
            # Symbolic and eager calls differ: a ragged tensor has rows of their own lengths.
            raise Undetermined("a ragged output has rows of different lengths")
        if mode == "int":
            return Applied(Tensor((shape[0], length), "int64"))
        depth = _depth(_inner_lookup(configuration))
        if words:
            shape = (*shape, None)
        elif len(shape) <= 1:
            shape = (*shape, 1)
        return Applied(Tensor(_lookup_shape(configuration, shape, mode, depth), configuration.floatx))
    return _vectorize_now(configuration, tensor, shape, words, mode, length)


def _vectorize_now(
    configuration: Configuration, tensor: Tensor, shape: Shape, words: bool, mode: str, length: Dim
) -> Applied:
    """The tensor that tf.keras computes: words are split into a ragged axis, which is padded."""
    standardize = configuration.value("standardize", None)
    if standardize is not None and not isinstance(standardize, str):
        raise Undetermined("the output of a custom `standardize` is not known")
    if configuration.keras < _STABLE and tensor.dtype not in (None, "string"):
        text = f"TypeError: Input 'input' of 'StringLower' Op has type {tensor.dtype}, string is expected."
        raise Refused("dtype", text, dtype=tensor.dtype, expected="string")
    if words:
        if len(shape) > 1 and shape[-1] != 1:
            raise Undetermined("whether the last axis has size 1 is not known")
        # Splitting at spaces makes a ragged axis, whose rows are counted when the model runs.
        rows: Shape = shape[:1] if configuration.text("split", "whitespace") == "character" else (None,)
        shape = (*rows, *shape[1:-1], None)
    elif configuration.value("ngrams") is not None or length is not None:
        raise Undetermined("`ngrams` and `output_sequence_length` without `split` have no shape rule")
    if configuration.keras < _STABLE and (mode != "int" or len(shape) > 2):
        raise Undetermined("the experimental TextVectorization of this version is known for sequences of words only")
    if mode == "int":
        if words:
            shape = (*shape[:-1], length)
        return Applied(Tensor(shape, "int64"))
    if mode not in ("multi_hot", "count", "tf_idf"):
        raise Undetermined("the output for this `output_mode` has no shape rule")
    depth = _depth(_inner_lookup(configuration))
    return Applied(Tensor(_encoded(configuration, shape, mode, depth), configuration.floatx))


# ---------------------------------------------------------------------------------------------------------- Rescaling


@layer("Rescaling")
def rescale(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Rescaling`: `inputs * scale + offset`, in the input's shape."""
    _, shape = _tensor(inputs)
    if configuration.generation == 2:
        for name in ("scale", "offset"):
            value = _array_shape(configuration.value(name, 0.0))
            if value is None or (value and value != shape[-1:]):
                raise Undetermined(f"how `{name}` is broadcast is not known")
    return Applied(Tensor(shape, compute_dtype(configuration)))


# ------------------------------------------------------------------------------------------------------- spectrograms


@constructor("MelSpectrogram")
def check_mel(configuration: Configuration) -> None:
    """A frame must not be longer than the transform."""
    if configuration.keras < _FRAMES_CHECKED:
        return
    size, length = configuration.value("fft_length", 2048), configuration.value("sequence_length")
    if isinstance(size, int) and isinstance(length, int) and length and size < length:
        text = (
            "`fft_length` must be greater than or equal to   `sequence_length`. "
            f"Received: `sequence_length`={length}, `fft_length`={size}."
        )
        raise conflict(("fft_length", "sequence_length"), text)


@layer("MelSpectrogram")
def mel(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`MelSpectrogram`: (mel bins, frames), with the batch axis before them."""
    _, shape = _tensor(inputs)
    if not shape:
        raise Undetermined("the input is a scalar")
    bins, stride = configuration.dim("num_mel_bins"), configuration.dim("sequence_stride")
    size = shape[0] if len(shape) == 1 else shape[1]
    frames = floor_divide(add(add(size, stride), 1), stride)
    output = (bins, frames) if len(shape) == 1 else (shape[0], bins, frames)
    line = (f"({size} + {stride} + 1) // {stride} = {frames}",) if frames is not None else ()
    return Applied(Tensor(output, compute_dtype(configuration)), formula=line)


_STFT_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


@constructor("STFTSpectrogram")
def check_stft(configuration: Configuration) -> None:
    """Frame step, transform length, mode, scaling and padding."""
    length, frame_step = configuration.value("frame_length", 256), configuration.value("frame_step")
    size = configuration.value("fft_length")
    if isinstance(frame_step, int) and isinstance(length, int) and (frame_step > length or frame_step < 1):
        text = (
            "`frame_step` should be a positive integer not greater than `frame_length`. "
            f"Received frame_step={frame_step}, frame_length={length}"
        )
        raise bad_argument("frame_step", frame_step, text)
    if isinstance(size, int) and isinstance(length, int) and size < length:
        text = f"`fft_length` should be not less than `frame_length`. Received fft_length={size}, frame_length={length}"
        raise conflict(("fft_length", "frame_length"), text)
    mode = configuration.value("mode", "log")
    if isinstance(mode, str) and mode not in _STFT_MODES:
        text = f"Output mode is invalid, it must be one of {', '.join(_STFT_MODES)}. Received: mode={mode}"
        raise bad_argument("mode", mode, text)
    scaling = configuration.value("scaling", "density")
    if isinstance(scaling, str) and scaling not in ("density", "spectrum"):
        text = f"Scaling is invalid, it must be `None`, 'density' or 'spectrum'. Received scaling={scaling}"
        raise bad_argument("scaling", scaling, text)
    padding = configuration.value("padding", "valid")
    if isinstance(padding, str) and padding not in ("valid", "same"):
        text = f"Padding is invalid, it should be 'valid', 'same'. Received: padding={padding}"
        raise bad_argument("padding", padding, text)


@layer("STFTSpectrogram")
def stft(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`STFTSpectrogram`: one convolution per part of the transform; the kernels are weights."""
    tensor, _ = _tensor(inputs)
    shape = check_rank(configuration, tensor, exactly=3)
    length = configuration.integer("frame_length")
    stride = configuration.dim("frame_step") or length // 2
    size = configuration.dim("fft_length") or 2 ** math.ceil(math.log2(length))
    mode = configuration.text("mode", "log")
    first = read_channels_first(configuration)
    steps, channels = (shape[2], shape[1]) if first else (shape[1], shape[2])
    bins = add(floor_divide(size, 2), 1)
    frequencies = multiply(2, bins) if mode == "stft" else bins
    if channels is None:
        text = "TypeError: unsupported operand type(s) for *: 'int' and 'NoneType'"
        raise Refused("axis-undefined", text, axis=1 if first else 2)
    if configuration.text("padding", "valid") == "same":
        frames = ceil_divide(steps, stride)
    else:
        frames = add(floor_divide(subtract(steps, length), stride), 1)
        if isinstance(frames, int) and frames <= 0:
            if configuration.keras < _ZERO_SIZE_REFUSED:
                raise Undetermined("what this version says about too short signals is not known")
            text = (
                "ValueError: Computed output size would be zero or negative. "
                f"Received `inputs shape={format_shape(shape)}`, `kernel shape=({length},"
            )
            raise Refused("spatial-size", text, axis=1, size=steps, kernel=length, padding="valid")
    kernel = (length, 1, bins)
    trainable = configuration.flag("trainable", True)
    stored = variable_dtype(configuration)
    parts = [part for part, other in (("real", "imag"), ("imag", "real")) if mode != other]
    weights = tuple(Weight(f"{part}_kernel", kernel, trainable, stored) for part in parts)
    dtype = compute_dtype(configuration)
    if configuration.flag("expand_dims"):
        output: Shape = (
            (shape[0], channels, frames, frequencies) if first else (shape[0], frames, frequencies, channels)
        )
    else:
        flat = multiply(frequencies, channels)
        output = (shape[0], flat, frames) if first else (shape[0], frames, flat)
    return Applied(Tensor(output, dtype), weights)


@layer("FeatureSpace")
def encode_features(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`FeatureSpace`: what it learns from data decides the width."""
    raise Undetermined("the width of a FeatureSpace is known only after `adapt`")
