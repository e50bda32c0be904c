"""Image augmentation layers: random transformations, mixing of images, resizing, cropping, and their pipelines.

Keras 3 says their output from the input's shape (`keras/src/layers/preprocessing/image_preprocessing/`), so an image of
the wrong rank fails when the model runs; tf.keras fails at the call (`layers/preprocessing/image_preprocessing.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from keras_lsp.shapes.arguments import FLOATS, compute_dtype
from keras_lsp.shapes.configuration import Configuration, Sublayer, UnknownValue
from keras_lsp.shapes.dim import Dim, Expr, Shape, format_shape
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined, Weight
from keras_lsp.shapes.refusals import QUOTED_NAME, check_rank, snake_case
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor

# Layers whose output has the shape of their input.
_SAME = (
    "AugMix",
    "AutoContrast",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "CutMix",
    "Equalization",
    "MixUp",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "Solarization",
)
# Keras 3 says the input's own element type for these, the compute dtype for all others.
_KEEP_DTYPE = ("Equalization", "RandomGrayscale")
# Layers that convert between colour spaces work on three channels only.
_COLOUR = ("RandomHue", "RandomSaturation")
# From TensorFlow 2.9 on, single images are accepted and whole numbers become the compute dtype.
_UNBATCHED = (2, 9)
_CROP_CHECKED = (3, 2)
_COLOURS_CHECKED = (3, 15)
# From here on Keras 3 is known to look at the rank of what is no image; before, 3.3 makes an image of a matrix.
RANK_CHECKED = (3, 6)
_RESIZED = ("Resizing", "CenterCrop", "RandomCrop")


def _cast(configuration: Configuration, tensor: Tensor) -> str | None:
    """Element type of the output: the compute dtype, in old versions only for real numbers."""
    if configuration.keras >= _UNBATCHED or tensor.dtype in FLOATS:
        return compute_dtype(configuration)
    return tensor.dtype if configuration.keras < QUOTED_NAME else None


def _check_image(configuration: Configuration, shape: Shape) -> None:
    """Refuse what is neither an image nor a batch of images."""
    rank = len(shape)
    name = configuration.class_name
    if configuration.generation == 3:
        allowed, stage = (3, 4), "run"
    elif name == "RandomContrast":
        allowed, stage = tuple(range(3, rank + 4)), "build"
    elif configuration.keras >= _UNBATCHED or name == "Resizing":
        allowed, stage = (3, 4), "build"
    else:
        if rank == 3 and configuration.keras >= QUOTED_NAME:
            raise Undetermined("whether this version takes single images is not known")
        allowed, stage = (4,), "build"
    if rank in allowed:
        return
    if name == "RandomFlip" and configuration.keras < QUOTED_NAME:
        raise Undetermined("the rank is checked as a layer's input specification")
    if name not in _RESIZED and (3,) <= configuration.keras < RANK_CHECKED:
        raise Undetermined("this version makes an image of what is none, or leaves it alone")
    text = (
        "ValueError: Expected image tensor to have rank 3 (single image) or 4 (batch of images). "
        f"Received: images.shape={format_shape(shape)}"
    )
    raise Refused("rank", text, stage=stage, min_rank=min(allowed), max_rank=max(allowed), rank=rank, shape=shape)


def _image(configuration: Configuration, inputs: Structure) -> tuple[Tensor, Shape]:
    if not isinstance(inputs, Tensor):
        raise Undetermined("the input is not a single tensor")
    if inputs.shape is None:
        raise Undetermined("the rank of the input is not known")
    return inputs, inputs.shape


def _same_structure(configuration: Configuration, structure: Structure) -> Structure:
    if isinstance(structure, Tensor):
        keep = configuration.class_name in _KEEP_DTYPE and structure.dtype not in FLOATS
        return Tensor(structure.shape, structure.dtype if keep else compute_dtype(configuration))
    if isinstance(structure, dict):
        return {key: _same_structure(configuration, value) for key, value in structure.items()}
    raise Undetermined("the input is neither a tensor nor a dictionary of tensors")


_FLIPS = ("horizontal", "vertical", "horizontal_and_vertical")


@constructor("RandomFlip")
def flip(configuration: Configuration) -> None:
    """tf.keras knows three modes; Keras 3 flips nothing for others."""
    mode = configuration.value("mode")
    if configuration.generation == 2 and isinstance(mode, str) and mode not in _FLIPS:
        text = f"ValueError: RandomFlip layer {configuration.value('name')} received an unknown mode argument {mode}"
        raise Refused("argument", text, argument="mode", value=mode)


@layer(*_SAME)
def augment(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """A random change of the pixels: the shape stays, whole numbers become the compute dtype."""
    name = configuration.class_name
    if isinstance(inputs, dict) and configuration.generation == 3 and name not in (*_KEEP_DTYPE, *_COLOUR):
        if name == "RandomColorDegeneration":
            raise Undetermined("the input is not a single tensor")
        return Applied(_same_structure(configuration, inputs))
    tensor, shape = _image(configuration, inputs)
    if name == "RandomFlip" and configuration.keras < QUOTED_NAME:
        check_rank(configuration, tensor, exactly=4)
    if name == "RandomColorDegeneration":
        _check_colours(configuration, shape)
    _check_image(configuration, shape)
    if name in _COLOUR:
        channels = shape[-3] if configuration.channels_first() else shape[-1]
        if isinstance(channels, int) and channels != 3:
            text = f"ValueError: Dimension must be 3 but is {channels}"
            raise Refused("axis-size", text, stage="run", axis=-1, expected=3, found=channels)
    if configuration.generation == 3:
        return Applied(_same_structure(configuration, tensor))
    if name == "RandomContrast" and call.get("training", True) is not False:
        _check_contrast(configuration)
    return Applied(Tensor(shape, _cast(configuration, tensor)))


def _check_contrast(configuration: Configuration) -> None:
    """Refuse a range of contrasts without extent, as `tf.image.stateless_random_contrast` does."""
    factor = configuration.value("factor")
    bounds = cast("Sequence[object]", factor) if isinstance(factor, list | tuple) else (factor,)
    if all(isinstance(bound, int | float) and bound == 0 for bound in bounds):
        raise Refused("argument", "ValueError: upper must be > lower.", argument="factor", value=bounds[0])


def _check_colours(configuration: Configuration, shape: Shape) -> None:
    if configuration.keras < _COLOURS_CHECKED:
        if len(shape) not in (3, 4) or (shape[-3] if configuration.channels_first() else shape[-1]) != 3:
            raise Undetermined("what this version makes of an image without three channels is not known")
        return
    if len(shape) not in (3, 4):
        text = (
            "ValueError: Invalid images rank: expected rank 3 (single image) or rank 4 (batch of images). "
            f"Received: input_shape={format_shape(shape)}"
        )
        raise Refused("rank", text, min_rank=3, max_rank=4, rank=len(shape), shape=shape)
    axis = -3 if configuration.channels_first() else -1
    channels = shape[axis]
    if isinstance(channels, int) and channels != 3:
        text = f"ValueError: Input images must have 3 channels, but received images with {channels} channels."
        raise Refused("axis-size", text, axis=axis, expected=3, found=channels)


def _size(configuration: Configuration, name: str) -> Dim:
    value = configuration.value(name)
    if isinstance(value, int | Expr):
        return value
    raise Undetermined(f"the value of `{name}` is not a known whole number")


@layer("CenterCrop", "RandomCrop", "Resizing")
def resize(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """A crop or resize: height and width are those of the arguments."""
    tensor, shape = _image(configuration, inputs)
    height, width = _size(configuration, "height"), _size(configuration, "width")
    rank, name = len(shape), configuration.class_name
    third = configuration.generation == 3
    if third and name == "CenterCrop" and rank not in (3, 4):
        if configuration.keras < _CROP_CHECKED:
            raise Undetermined("this version makes an image of what is none, or leaves it alone")
        text = (
            "ValueError: `input_shape` must be a non-nested tuple or list of rank-1 with size 3 (unbatched) or 4 "
            "(batched). "
        )
        raise Refused("rank", text, min_rank=3, max_rank=4, rank=rank, shape=shape)
    if third and name == "RandomCrop" and rank < 3:
        text = "IndexError: list assignment index out of range"
        raise Refused("rank", text, min_rank=3, max_rank=4, rank=rank, shape=shape)
    _check_image(configuration, shape)
    first = third and configuration.channels_first()
    at = rank - 2 if first else rank - 3
    if third and name == "RandomCrop" and (shape[at] is None or shape[at + 1] is None):
        text = (
            "ValueError: RandomCrop requires the input to have a fully defined height and width. "
            f"Received: images.shape={format_shape(shape)}"
        )
        raise Refused("axis-undefined", text, stage="run", axis=at)
    leading = shape[:at]
    computed = configuration.keras >= QUOTED_NAME and not third
    if computed and name != "Resizing" and None in shape[at : at + 2]:
        leading = (None,) * at  # the choice between cropping and resizing is left to run time, and the batch with it
    output = (*leading, height, width, *shape[at + 2 :])
    dtype = compute_dtype(configuration) if name == "Resizing" else _cast(configuration, tensor)
    return Applied(Tensor(output, dtype))


@layer("RandomHeight", "RandomWidth")
def stretch(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`RandomHeight`, `RandomWidth` of Keras 2: that axis becomes dynamic."""
    _tensor, shape = _image(configuration, inputs)
    if len(shape) not in (3, 4):
        text = "ValueError: 'images' must have either 3 or 4 dimensions."
        raise Refused("rank", text, min_rank=3, max_rank=4, rank=len(shape), shape=shape)
    if len(shape) == 3 and configuration.keras < _UNBATCHED:
        raise Undetermined("whether this version takes single images is not known")
    at = len(shape) - (3 if configuration.class_name == "RandomHeight" else 2)
    return Applied(Tensor((*shape[:at], None, *shape[at + 1 :]), compute_dtype(configuration)))


@layer("MaxNumBoundingBoxes")
def pad_boxes(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`MaxNumBoundingBoxes`: a tensor passes unchanged; boxes are cut and padded to `max_number`."""
    if isinstance(inputs, Tensor):
        return Applied(Tensor(inputs.shape, compute_dtype(configuration)))
    raise Undetermined("bounding boxes in dictionaries have no shape rule")


@layer("Pipeline")
def pass_through(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Pipeline(layers)`: one layer after the other."""
    layers = configuration.value("layers")
    if not isinstance(layers, list | tuple):
        raise Undetermined("`layers` is not a known list of layers")
    structure = inputs
    weights: list[Weight] | None = []
    formula: list[str] = []
    for item in cast("Sequence[object]", layers):
        if isinstance(item, UnknownValue) or not (hasattr(item, "apply") and hasattr(item, "class_name")):
            raise Undetermined("a layer of the pipeline is not known")
        sublayer = cast("Sublayer", item)
        applied = sublayer.apply(structure, {})
        structure = applied.output
        formula += applied.formula
        if weights is not None and applied.weights is not None:
            prefix = snake_case(sublayer.class_name)
            weights += [replace(one, name=f"{prefix}/{one.name}") for one in applied.weights]
        else:
            weights = None
    return Applied(structure, None if weights is None else tuple(weights), tuple(formula))
