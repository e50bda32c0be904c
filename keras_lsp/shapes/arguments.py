"""Constructor arguments as Keras itself standardizes them, and dtypes as its layers choose them.

The rules are those of `keras/src/utils/argument_validation.py` and `keras/src/backend/config.py` (Keras 3) and of
`utils/conv_utils.py` (tf.keras, Keras 2.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from keras_lsp.shapes.configuration import Configuration, UnknownValue
from keras_lsp.shapes.dim import Dim, Expr
from keras_lsp.shapes.outcome import Refused, Undetermined, Weight
from keras_lsp.shapes.refusals import bad_argument, standalone, unchecked
from keras_lsp.shapes.tensor import Tensor

FLOATS = frozenset({"float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2", "half", "double"})


def read_tuple(
    configuration: Configuration, name: str, count: int, *, allow_zero: bool = False, value: object = ...
) -> tuple[Dim, ...]:
    """`3` or `(3, 3)` as `count` sizes, refused as `standardize_tuple` and `normalize_tuple` refuse it.

    Args:
        configuration: the layer.
        name: the argument, or what Keras calls a part of it.
        count: how many sizes there must be.
        allow_zero: whether 0 is accepted.
        value: read this instead of the argument.
    """
    value = configuration.value(name) if value is ... else value
    if isinstance(value, UnknownValue):
        raise Undetermined(f"a value in `{name}` is not known: {value.reason}")
    new = configuration.generation == 3
    received = f"Received {name}={value}" if new else f"Received: {value}"
    text = f"The `{name}` argument must be a tuple of {count} integers. {received}"
    items: tuple[Dim, ...]
    if isinstance(value, int | Expr):
        items = (value,) * count
    elif isinstance(value, Sequence) and not isinstance(value, str):
        found = cast("Sequence[object]", value)
        if len(found) != count:
            raise bad_argument(name, found, text)
        items = tuple(_whole(configuration, item, name, text, found) for item in found)
    elif value is None or isinstance(value, float | str):
        raise bad_argument(name, value, text)
    else:
        raise Undetermined(f"`{name}` is {value!r}")
    low = 0 if allow_zero and not (unchecked(configuration) and name == "strides") else 1
    for item in items:
        if isinstance(item, int) and item < low:
            if unchecked(configuration):
                raise Undetermined(f"what becomes of a `{name}` that is not positive in this version is not known")
            requirement = ">= 0" if allow_zero else "> 0"
            wrong = {item for item in items if isinstance(item, int) and item < low}
            if new:
                text += f", including values {wrong} that do not satisfy `value {requirement}`"
            else:
                text += f" including {wrong} that does not satisfy the requirement `{requirement}`."
            raise bad_argument(name, items, text)
    return items


def _whole(configuration: Configuration, item: object, name: str, text: str, value: object) -> Dim:
    if isinstance(item, UnknownValue):
        raise Undetermined(f"a value in `{name}` is not known: {item.reason}")
    if isinstance(item, int | Expr):
        return item
    if item is None or (isinstance(item, str | list | tuple | dict) and not unchecked(configuration)):
        if item is None or isinstance(item, list | tuple | dict):
            text += f"including element {item} of type {type(cast('object', item))}"
        raise bad_argument(name, value, text)
    raise Undetermined(f"`{name}` holds {item!r}")


def read_padding(configuration: Configuration, *, causal: bool = False) -> str:
    """The `padding` of a convolution, lower case; refused where it is none that this layer knows."""
    value = configuration.value("padding", "valid")
    if isinstance(value, list | tuple):
        raise Undetermined("explicit padding has no shape rule")
    if not isinstance(value, str):
        if value is None or isinstance(value, int | float):
            text = f"'{type(value).__name__}' object has no attribute 'lower'"
            raise bad_argument("padding", value, text, error="AttributeError")
        raise Undetermined("the value of `padding` is not a known string")
    padding = value.lower()
    if padding in ("valid", "same") or (causal and padding == "causal"):
        return padding
    if configuration.generation == 3:
        allowed = "{'valid', 'same', 'causal'}" if causal else "{'valid', 'same'}"
        text = f"The `padding` argument must be a list/tuple or one of {allowed}. Received: {padding}"
    elif unchecked(configuration):
        raise Undetermined(f"what becomes of `padding={value!r}` in this version is not known")
    elif padding == "causal":
        text = "Causal padding is only supported for `Conv1D`and `SeparableConv1D`."
    else:
        text = (
            'The `padding` argument must be a list/tuple or one of "valid", "same" (or "causal", only for `Conv1D). '
            f"Received: {padding}"
        )
    raise bad_argument("padding", value, text)


def read_channels_first(configuration: Configuration) -> bool:
    """Whether `data_format` (or the global default) says channels_first; refused where it says neither."""
    value = configuration.value("data_format")
    if value is None:
        return configuration.data_format == "channels_first"
    if isinstance(value, str | int | float | list | tuple | bool):
        if not isinstance(value, str) and configuration.generation == 2:
            text = f"'{type(cast('object', value)).__name__}' object has no attribute 'lower'"
            raise bad_argument("data_format", cast("object", value), text, error="AttributeError")
        data_format = str(cast("object", value)).lower()
        if data_format in ("channels_first", "channels_last"):
            return data_format == "channels_first"
        if configuration.generation == 3:
            text = (
                "The `data_format` argument must be one of {'channels_first', 'channels_last'}. "
                f"Received: data_format={value}"
            )
        else:
            text = f'The `data_format` argument must be one of "channels_first", "channels_last". Received: {value}'
        raise bad_argument("data_format", cast("object", value), text)
    raise Undetermined("the value of `data_format` is not a known string")


def compute_dtype(configuration: Configuration) -> str | None:
    """The dtype a layer computes in; `None` where its policy is not known."""
    try:
        dtype = configuration.compute_dtype()
    except Undetermined:
        return None
    return None if "_from_" in dtype else dtype


def variable_dtype(configuration: Configuration) -> str | None:
    """The dtype of a layer's weights; `None` where its policy is not known."""
    try:
        dtype = configuration.variable_dtype()
    except Undetermined:
        return None
    return None if "_from_" in dtype else dtype


def cast_input(configuration: Configuration, tensor: Tensor) -> str | None:
    """The dtype in which a layer sees its input: floats are cast to the compute dtype, other types are left alone."""
    if tensor.dtype is None or tensor.dtype not in FLOATS or standalone(configuration):
        return tensor.dtype
    return compute_dtype(configuration)


def elementwise_dtype(configuration: Configuration, tensor: Tensor) -> str | None:
    """The dtype of what a layer without weights puts out.

    Keras 3 says the compute dtype for every layer with `compute_output_shape` (`Layer.compute_output_spec`), tf.keras
    the dtype of the tensor that `call` really returns.
    """
    return compute_dtype(configuration) if configuration.generation == 3 else cast_input(configuration, tensor)


def check_real(configuration: Configuration, tensor: Tensor, *refused: str) -> None:
    """Refuse element types that TensorFlow's kernel for this layer does not take.

    Keras 3 declares its outputs without running a kernel, so only Keras 2 is asked. With `refused` only these types
    are refused, without it all but the real ones.
    """
    if configuration.generation == 3 or tensor.dtype is None:
        return
    if tensor.dtype in refused or (not refused and tensor.dtype not in FLOATS):
        text = (
            f"TypeError: Value passed to parameter 'features' has DataType {tensor.dtype} not in list of allowed values: "
            "float16, bfloat16, float32, float64"
        )
        raise Refused("dtype", text, dtype=tensor.dtype)


def adapt(configuration: Configuration, weights: list[Weight], name: str = "kernel") -> list[Weight]:
    """The weights with the two small matrices of `lora_rank`, which freezes the first weight (`enable_lora`)."""
    rank = configuration.dim("lora_rank") if configuration.value("lora_rank") else None
    if rank is None:
        return weights
    if configuration.value(f"{name}_constraint") is not None:
        raise Undetermined("`lora_rank` with a constraint is refused in words that are not known")
    first, *others = weights
    trainable = configuration.flag("trainable", True)
    return [
        replace(first, trainable=False),
        *others,
        Weight(f"lora_{name}_a", (*first.shape[:-1], rank), trainable, "float32"),
        Weight(f"lora_{name}_b", (rank, first.shape[-1]), trainable, "float32"),
    ]


def weight(configuration: Configuration, name: str, *shape: Dim, trainable: bool = True) -> Weight:
    """A variable in the layer's variable dtype; `trainable=False` on the layer freezes it."""
    return Weight(name, shape, trainable and configuration.flag("trainable", True), variable_dtype(configuration))
