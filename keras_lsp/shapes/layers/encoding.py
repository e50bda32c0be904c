"""Numbers and strings as categories: CategoryEncoding, Discretization, Hashing, HashedCrossing, FeatureSpace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from keras_lsp.shapes.arguments import compute_dtype, variable_dtype
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import Dim, add, differ, format_shape
from keras_lsp.shapes.layers.preprocessing import (
    ENCODED_SHAPES,
    INTEGERS,
    MODES,
    STABLE,
    check_choice,
    check_number_dtype,
    check_stable,
    encoded_shape,
    is_one,
    known_tensor,
    output_mode,
)
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined
from keras_lsp.shapes.refusals import bad_argument, conflict
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor

_BIN_TYPES = (3, 12)  # bin numbers were int64
_BINS_NEEDED = (3, 9)  # a Discretization without bins was made


@constructor("CategoryEncoding")
def check_category_encoding(configuration: Configuration) -> None:
    """`num_tokens` must be set, `output_mode` known."""
    if configuration.keras < STABLE:
        return
    mode = configuration.value("output_mode", "multi_hot")
    mode = MODES.get(mode, mode) if mode == "binary" and isinstance(mode, str) else mode
    if isinstance(mode, str) and mode not in ("count", "one_hot", "multi_hot"):
        if configuration.generation == 3:
            raise bad_argument("output_mode", mode, f"Unknown arg for output_mode: {mode}")
        check_choice(configuration, "output_mode", ("count", "one_hot", "multi_hot"), mode)
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
    check_stable(configuration)
    _, shape = known_tensor(inputs)
    mode, depth = output_mode(configuration, "multi_hot"), configuration.dim("num_tokens")
    dtype = compute_dtype(configuration)
    weights = call.get("count_weights")
    if weights is not None and mode != "count":
        text = "ValueError: `count_weights` is not used when `output_mode` is not `'count'`."
        raise Refused("option-conflict", text, stage="run" if configuration.generation == 3 else "build")
    if configuration.generation == 2:
        return Applied(Tensor(encoded_shape(configuration, shape, mode, depth), dtype))
    if not shape:
        return Applied(Tensor((depth,), dtype))
    if mode == "one_hot" and (not is_one(shape[-1]) or len(shape) == 1):
        return Applied(Tensor((*shape, depth), dtype))
    return Applied(Tensor((*shape[:-1], depth), dtype))


@constructor("Discretization")
def check_discretization(configuration: Configuration) -> None:
    """Either `bin_boundaries` or `num_bins`, and a known `output_mode`."""
    if configuration.keras < STABLE:
        return
    mode = configuration.value("output_mode", "int")
    third = configuration.generation == 3
    if configuration.flag("sparse") and mode == "int":
        text = (
            "`sparse=True` may only be used if `output_mode` is `'one_hot'`, `'multi_hot'`, or `'count'`. "
            f"Received: sparse=True and output_mode={mode}"
        )
        raise conflict(("sparse", "output_mode"), text)
    check_choice(configuration, "output_mode", ("int", "one_hot", "multi_hot", "count"), mode)
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
    check_stable(configuration)
    _, shape = known_tensor(inputs)
    mode = output_mode(configuration)
    third = configuration.generation == 3
    if mode == "int":
        policy = configuration.text("dtype")
        dtype = policy if policy in INTEGERS else "int32" if configuration.keras >= _BIN_TYPES else "int64"
        if policy is not None and policy not in INTEGERS:
            raise Undetermined("the element type of bin numbers is not known for this `dtype`")
        return Applied(Tensor(shape, dtype))
    if third and configuration.keras < ENCODED_SHAPES:
        return Applied(Tensor(shape, compute_dtype(configuration)))
    boundaries = configuration.value("bin_boundaries")
    if boundaries is None:
        raise Undetermined("how many bins there are is known only after `adapt`")
    depth = add(_length(boundaries, "bin_boundaries"), 1)
    if not third:
        if configuration.text("dtype") is not None:
            raise Undetermined("the element types that this layer takes are not known for this `dtype`")
        return Applied(Tensor(encoded_shape(configuration, shape, mode, depth), compute_dtype(configuration)))
    dtype = compute_dtype(configuration)
    if mode == "one_hot":
        squeezed = len(shape) > 1 and is_one(shape[-1])
        return Applied(Tensor((*(shape[:-1] if squeezed else shape), depth), dtype))
    if len(shape) >= 2:
        return Applied(Tensor((shape[0], *shape[2:], depth), dtype))
    return Applied(Tensor((depth,), dtype))


@constructor("Hashing")
def check_hashing(configuration: Configuration) -> None:
    """A positive `num_bins`, a known `output_mode`, a whole-number `dtype` for bin numbers, a valid `salt`."""
    bins = configuration.value("num_bins")
    if bins is None or (isinstance(bins, int | float) and bins <= 0):
        if configuration.keras < STABLE:
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
    check_choice(configuration, "output_mode", allowed, mode)
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
    tensor, shape = known_tensor(inputs)
    mode, depth = output_mode(configuration), configuration.dim("num_bins")
    if configuration.generation == 2:
        if tensor.dtype is not None and tensor.dtype != "string" and tensor.dtype not in INTEGERS:
            text = (
                f"TypeError: Input 'input' of 'StringToHashBucketFast' Op has type {tensor.dtype} "
                "that does not match expected type of string."
            )
            raise Refused("dtype", text, dtype=tensor.dtype)
        if mode == "int":
            return Applied(Tensor(shape, "int64"))
        return Applied(Tensor(encoded_shape(configuration, shape, mode, depth), compute_dtype(configuration)))
    if mode == "int":
        return Applied(Tensor(shape, configuration.text("dtype") or "int64"))
    return Applied(Tensor((*shape[:-1], depth), variable_dtype(configuration)))


@constructor("HashedCrossing")
def check_crossing(configuration: Configuration) -> None:
    """A known `output_mode`."""
    mode = configuration.value("output_mode", "int")
    check_choice(configuration, "output_mode", ("int", "one_hot"), mode)
    check_number_dtype(configuration, mode)


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
    shapes = [known_tensor(tensor)[1] for tensor in tensors]
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
        if tensor.dtype is not None and tensor.dtype != "string" and tensor.dtype not in INTEGERS:
            text = "ValueError: All `HashedCrossing` inputs should have an integer or string dtype."
            raise Refused("dtype", text, stage=stage, dtype=tensor.dtype)
    if any(shape != first for shape in shapes[1:]):
        raise Undetermined("the columns have different shapes")
    mode, depth = output_mode(configuration), configuration.dim("num_bins")
    if not third:
        first = (None, *first[1:])  # tf.sparse.cross_hashed forgets the batch
    if mode == "int":
        dtype = configuration.text("dtype")
        return Applied(Tensor(first, "int64" if dtype is None else dtype if third else None))
    dtype = compute_dtype(configuration)
    if not third:
        return Applied(Tensor(encoded_shape(configuration, first, mode, depth), dtype))
    leading = first[:-1] if is_one(last[0]) else first
    return Applied(Tensor((*leading, depth), dtype))


@layer("FeatureSpace")
def encode_features(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`FeatureSpace`: what it learns from data decides the width."""
    raise Undetermined("the width of a FeatureSpace is known only after `adapt`")
