"""Vocabularies: StringLookup, IntegerLookup, TextVectorization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from keras_lsp.shapes.arguments import compute_dtype
from keras_lsp.shapes.configuration import Configuration, UnknownValue
from keras_lsp.shapes.dim import Dim, Shape, format_shape
from keras_lsp.shapes.layers.preprocessing import (
    ENCODED_SHAPES,
    INTEGERS,
    MODES,
    STABLE,
    check_choice,
    check_number_dtype,
    encoded_shape,
    is_one,
    known_tensor,
    output_mode,
)
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined
from keras_lsp.shapes.refusals import bad_argument, conflict
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor


@constructor("StringLookup", "IntegerLookup")
def check_lookup(configuration: Configuration) -> None:
    """Sizes, modes and vocabulary, as `IndexLookup.__init__` and `set_vocabulary` check them."""
    tokens, out_of_vocabulary = configuration.value("max_tokens"), configuration.value("num_oov_indices", 1)
    name = configuration.class_name
    if isinstance(tokens, int | float) and tokens <= 1:
        if name == "IntegerLookup" and configuration.keras >= STABLE:
            start = "If `max_tokens` is set for `IntegerLookup`, it must be greater than 1."
        else:
            start = "If set, `max_tokens` must be greater than 1."
        received = f" Received: max_tokens={tokens}" if configuration.keras >= STABLE else ""
        raise bad_argument("max_tokens", tokens, start + received)
    if name == "IntegerLookup" and isinstance(out_of_vocabulary, int | float) and out_of_vocabulary < 0:
        text = (
            "The value of `num_oov_indices` argument for `IntegerLookup` must >= 0. "
            f"Received: num_oov_indices={out_of_vocabulary}"
        )
        raise bad_argument("num_oov_indices", out_of_vocabulary, text)
    if configuration.keras < STABLE:
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
    mode = MODES.get(mode, mode) if isinstance(mode, str) else mode
    check_choice(configuration, "output_mode", ("int", "one_hot", "multi_hot", "count", "tf_idf"), mode)
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
        check_number_dtype(configuration, mode)
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
    masks = 1 if mask is not None and output_mode(configuration) == "int" else 0
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
        squeezed = len(shape) > 1 and is_one(shape[-1])
        return (*(shape[:-1] if squeezed else shape), depth)
    return (*shape[:-1], depth)


@layer("StringLookup", "IntegerLookup")
def look_up(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`StringLookup`, `IntegerLookup`: indices in the input's shape, or encoded ones; no parameters are counted."""
    tensor, shape = known_tensor(inputs)
    mode = output_mode(configuration)
    third = configuration.generation == 3
    string = configuration.class_name == "StringLookup"
    if configuration.keras < STABLE:
        expected = "string" if string != configuration.flag("invert") else "int64"
        accepted = INTEGERS if expected == "int64" else {expected}
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
        return Applied(Tensor(encoded_shape(configuration, shape, mode, depth), compute_dtype(configuration)))
    return Applied(Tensor(_lookup_shape(configuration, shape, mode, depth), configuration.floatx))


def _lookup_shape(configuration: Configuration, shape: Shape, mode: str, depth: Dim) -> Shape:
    """What `IndexLookup.compute_output_shape` of Keras 3 says of encoded indices."""
    if configuration.keras < ENCODED_SHAPES and shape:
        return (shape[0], depth)
    return _looked_up(configuration, shape, mode, depth)


@constructor("TextVectorization")
def check_vectorization(configuration: Configuration) -> None:
    """Known `standardize`, `split` and `output_mode`; a sequence length only for whole sequences."""
    if configuration.keras < STABLE:
        return
    third = configuration.generation == 3
    if not third and configuration.text("dtype") not in (None, "string"):
        text = f"`TextVectorization` may only have a dtype of string. Received dtype: {configuration.text('dtype')}."
        raise bad_argument("dtype", configuration.text("dtype"), text)
    standardize = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
    check_choice(configuration, "standardize", standardize, configuration.value("standardize"))
    check_choice(configuration, "split", ("whitespace", "character"), configuration.value("split"))
    mode = configuration.value("output_mode", "int")
    mode = MODES.get(mode, mode) if isinstance(mode, str) else mode
    modes = ("int", "one_hot", "multi_hot", "count", "tf_idf") if third else ("int", "count", "multi_hot", "tf_idf")
    check_choice(configuration, "output_mode", modes, mode)
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
    tensor, shape = known_tensor(inputs)
    third = configuration.generation == 3
    mode = output_mode(configuration)
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
    if configuration.keras < STABLE and tensor.dtype not in (None, "string"):
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
    if configuration.keras < STABLE and (mode != "int" or len(shape) > 2):
        raise Undetermined("the experimental TextVectorization of this version is known for sequences of words only")
    if mode == "int":
        if words:
            shape = (*shape[:-1], length)
        return Applied(Tensor(shape, "int64"))
    if mode not in ("multi_hot", "count", "tf_idf"):
        raise Undetermined("the output for this `output_mode` has no shape rule")
    depth = _depth(_inner_lookup(configuration))
    return Applied(Tensor(encoded_shape(configuration, shape, mode, depth), configuration.floatx))
