"""What Keras says when it refuses inputs or arguments, in the words of the version asked about.

The sentences are those of `keras/src/layers/input_spec.py` and `keras/src/utils/argument_validation.py` (Keras 3),
`engine/input_spec.py` and `utils/conv_utils.py` (tf.keras), `keras/engine/base_layer.py` (Keras 2.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from keras_lsp.shapes.configuration import Configuration, UnknownValue
from keras_lsp.shapes.dim import Dim, Shape, format_shape
from keras_lsp.shapes.outcome import Refused, Undetermined
from keras_lsp.shapes.tensor import Structure, Tensor, flatten

# tf.keras of TensorFlow 2.3 calls itself 2.4.0; anything older is standalone Keras.
STANDALONE_END = (2, 4)
# TensorFlow 2.5 and later put the layer's name in quotes; 2.15 is the one we know word by word.
QUOTED_NAME = (2, 5)
# Keras 3.13 names the input in its sentence.
NAMED_INPUT = (3, 13)


def unchecked(configuration: Configuration) -> bool:
    """Whether this is Keras 2.3 or TensorFlow 2.3, whose constructors look at signs and types of few arguments."""
    return configuration.keras < QUOTED_NAME


def standalone(configuration: Configuration) -> bool:
    """Whether this is Keras 2.3 or older, which is not part of TensorFlow."""
    return configuration.keras < STANDALONE_END


@lru_cache(1024)
def snake_case(class_name: str) -> str:
    """`Conv2DTranspose` as "conv2d_transpose", the name Keras gives to a layer without one."""
    text = re.sub(r"\W+", "", class_name)
    text = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", text)
    return re.sub("([a-z])([A-Z])", r"\1_\2", text).lower()


def layer_name(configuration: Configuration) -> str:
    """The layer's `name`, or the one Keras would give to the first layer of its class."""
    name = configuration.arguments.get("name")
    return snake_case(configuration.class_name) if name is None or isinstance(name, UnknownValue) else str(name)


def incompatible(configuration: Configuration, detail: str, index: int = 0) -> str:
    """The sentence with which `assert_input_compatibility` begins, followed by the detail."""
    name = layer_name(configuration)
    if standalone(configuration):
        return f"ValueError: Input {index} is incompatible with layer {name}_1: {detail}"
    if configuration.keras < QUOTED_NAME:
        return f"ValueError: Input {index} of layer {name} is incompatible with the layer: {detail}"
    if configuration.keras < NAMED_INPUT:
        return f'ValueError: Input {index} of layer "{name}" is incompatible with the layer: {detail}'
    return f"ValueError: Input {index} with name 'None' of layer '{name}' is incompatible with the layer: {detail}"


def shape_of(tensor: Tensor) -> Shape:
    """The shape of a tensor; `Undetermined` where not even the rank is known."""
    if tensor.shape is None:
        raise Undetermined("the rank of the input is not known")
    return tensor.shape


def only_tensor(configuration: Configuration, inputs: Structure, *, checked: bool = True) -> Tensor:
    """The one tensor a layer takes.

    Args:
        configuration: the layer.
        inputs: what it is called on.
        checked: whether the layer has an `input_spec`, so that several tensors are refused in words.
    """
    if isinstance(inputs, Tensor):
        return inputs
    count = len(flatten(inputs))
    if checked and count > 1:
        expects = "1 inputs, " if configuration.keras < QUOTED_NAME else "1 input(s), "
        name = layer_name(configuration)
        quoted = name if configuration.keras < QUOTED_NAME else f'"{name}"'
        raise Refused(
            "arity",
            f"ValueError: Layer {quoted} expects {expects}but it received {count} input tensors.",
            expected=1,
            found=count,
        )
    raise Undetermined("the input is not a single tensor")


def check_rank(
    configuration: Configuration,
    tensor: Tensor,
    *,
    exactly: int | None = None,
    at_least: int | None = None,
    at_most: int | None = None,
    index: int = 0,
) -> Shape:
    """The tensor's shape, if it has as many axes as the layer's `input_spec` says."""
    shape = shape_of(tensor)
    rank = len(shape)
    old = configuration.keras < QUOTED_NAME
    printed = format_shape(shape) if not old else f"[{', '.join(str(dim) for dim in shape)}]"
    full = "" if standalone(configuration) else f". Full shape received: {printed}"
    if exactly is not None and rank != exactly:
        text = f"expected ndim={exactly}, found ndim={rank}{full}"
        raise Refused("rank", incompatible(configuration, text, index), expected_rank=exactly, rank=rank, shape=shape)
    if at_most is not None and rank > at_most:
        text = f"expected max_ndim={at_most}, found ndim={rank}"
        raise Refused("rank", incompatible(configuration, text, index), max_rank=at_most, rank=rank, shape=shape)
    if at_least is not None and rank < at_least:
        colon = ": " if old and not standalone(configuration) else ""
        text = f"{colon}expected min_ndim={at_least}, found ndim={rank}{full}"
        raise Refused("rank", incompatible(configuration, text, index), min_rank=at_least, rank=rank, shape=shape)
    return shape


def axis_mismatch(configuration: Configuration, shape: Shape, axis: int, expected: Dim, index: int = 0) -> Refused:
    """The refusal of a built layer that is called on another size of an axis."""
    if configuration.keras < QUOTED_NAME:
        verb = "but got shape" if standalone(configuration) else "but received input with shape"
        text = f"expected axis {axis} of input shape to have value {expected} {verb} {format_shape(shape)}"
    else:
        text = (
            f"expected axis {axis} of input shape to have value {expected}, "
            f"but received input with shape {format_shape(shape)}"
        )
    return Refused(
        "axis-size", incompatible(configuration, text, index), axis=axis, expected=expected, found=shape[axis]
    )


def undefined_weight(configuration: Configuration, weight_shape: Iterable[Dim], weight: str, axis: int) -> Refused:
    """Keras 3's refusal of a weight that would have a dynamic size."""
    path = f"{layer_name(configuration)}/{weight}"
    return Refused(
        "axis-undefined",
        "ValueError: Shapes used to initialize variables must be fully-defined (no `None` dimensions). "
        f"Received: shape={format_shape(weight_shape)} for variable path='{path}'",
        axis=axis,
    )


def bad_argument(name: str, value: object, text: str, *, error: str = "ValueError") -> Refused:
    """A constructor argument that Keras refuses."""
    return Refused("argument", f"{error}: {text}", stage="construct", argument=name, value=value)


def conflict(arguments: tuple[str, ...], text: str, *, error: str = "ValueError") -> Refused:
    """Two constructor arguments that exclude each other."""
    return Refused("option-conflict", f"{error}: {text}", stage="construct", arguments=arguments)
