"""What preprocessing layers (`audio`, `encoding`, `lookups`, `scaling`) share: output modes, encoded shapes, versions.

Sources: `keras/src/layers/preprocessing/` (Keras 3), the files of the same names in tf.keras 2.15. What an `adapt()` call
learns from data (the size of a vocabulary, bin boundaries) is unknown unless the arguments say it.
"""

from __future__ import annotations

from keras_lsp.shapes.arguments import compute_dtype
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import Dim, Expr, Shape, format_shape
from keras_lsp.shapes.outcome import Refused, Undetermined
from keras_lsp.shapes.refusals import bad_argument
from keras_lsp.shapes.tensor import Structure, Tensor

# Before TensorFlow 2.6 these layers were experimental, with other arguments.
STABLE = (2, 6)
# Before, Keras 3 said the input's own shape for encoded bins, and (batch, depth) for whatever is encoded by a lookup.
ENCODED_SHAPES = (3, 14)
_TYPED = (2, 15)  # what is known about lookups of another element type
INTEGERS = frozenset({"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"})
# Element types that tf.math.bincount can fill.
_COUNTED = frozenset({"int32", "int64", "float32", "float64"})
MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


def known_tensor(inputs: Structure) -> tuple[Tensor, Shape]:
    """A single input of known rank, and its shape."""
    if not isinstance(inputs, Tensor):
        raise Undetermined("the input is not a single tensor")
    if inputs.shape is None:
        raise Undetermined("the rank of the input is not known")
    return inputs, inputs.shape


def output_mode(configuration: Configuration, default: str = "int") -> str:
    """`output_mode` by its name of today."""
    mode = configuration.text("output_mode", default) or "None"
    return MODES.get(mode, mode)


def check_choice(configuration: Configuration, name: str, allowed: tuple[str, ...], value: object) -> None:
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


def is_one(size: Dim) -> bool:
    """Whether a size is 1; raises `Undetermined` where it may be."""
    if isinstance(size, Expr):
        raise Undetermined("whether the last axis has size 1 is not known")
    return size == 1


def encoded_shape(configuration: Configuration, shape: Shape, mode: str, depth: Dim) -> Shape:
    """Shape of one-hot, multi-hot or counted categories in Keras 2 (`encode_categorical_inputs`): at most rank 2."""
    if not shape:
        raise Undetermined("the input is a scalar")
    if compute_dtype(configuration) not in _COUNTED:
        raise Undetermined("categories are not counted in this `dtype`")
    if mode == "one_hot" and not is_one(shape[-1]):
        shape = (*shape, 1)
    if len(shape) > 2:
        text = (
            "ValueError: When output_mode is not `'int'`, maximum supported output rank is 2. "
            f"Received output_mode {mode} and input shape {format_shape(shape)}, "
            f"which would result in output rank {len(shape)}."
        )
        raise Refused("rank", text, max_rank=2, rank=len(shape), shape=shape)
    return (*shape[:-1], depth)


def check_stable(configuration: Configuration) -> None:
    """Raise `Undetermined` for the versions in which these layers were experimental, with other arguments."""
    if configuration.keras < STABLE:
        raise Undetermined(f"the experimental {configuration.class_name} of this version has no shape rule")


def check_number_dtype(configuration: Configuration, mode: object) -> None:
    """tf.keras puts out whole numbers only in a `dtype` of whole numbers."""
    dtype = configuration.text("dtype") if configuration.generation == 2 else None
    if mode != "int" or dtype is None or dtype in INTEGERS:
        return
    if configuration.keras < _TYPED:
        raise Undetermined("what this version says about the `dtype` is not known")
    text = f"When `output_mode='int'`, `dtype` should be an integer type. Received: dtype={dtype}"
    raise bad_argument("dtype", dtype, text)
