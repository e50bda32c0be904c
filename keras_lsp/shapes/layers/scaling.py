"""Numbers brought to a common scale: Normalization, Rescaling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from keras_lsp.shapes.arguments import compute_dtype, variable_dtype
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import Shape, format_shape
from keras_lsp.shapes.layers.preprocessing import STABLE, known_tensor
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined, Weight
from keras_lsp.shapes.refusals import bad_argument, conflict
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor


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
    if configuration.keras < STABLE:
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
    _, shape = known_tensor(inputs)
    third, old = configuration.generation == 3, configuration.keras < STABLE
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


@layer("Rescaling")
def rescale(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Rescaling`: `inputs * scale + offset`, in the input's shape."""
    _, shape = known_tensor(inputs)
    if configuration.generation == 2:
        for name in ("scale", "offset"):
            value = _array_shape(configuration.value(name, 0.0))
            if value is None or (value and value != shape[-1:]):
                raise Undetermined(f"how `{name}` is broadcast is not known")
    return Applied(Tensor(shape, compute_dtype(configuration)))
