"""Functions on images: resize, crop, pad, patches, colours, decoding; (height, width, channels) or a batch of these."""

from __future__ import annotations

from keras_lsp.shapes.dim import Dim, Shape, add, differ, multiply
from keras_lsp.shapes.ops.arguments import Call, as_sizes, known, printed
from keras_lsp.shapes.ops.broadcasting import broadcast
from keras_lsp.shapes.ops.dtypes import is_float
from keras_lsp.shapes.ops.network import windowed
from keras_lsp.shapes.outcome import Undetermined
from keras_lsp.shapes.tensor import Tensor


def _image(call: Call, name: str = "x") -> tuple[Tensor, list[Dim], int, int, int]:
    """The tensor, its sizes, and the axes of height, width and channels."""
    x = call.tensor(name)
    shape = list(known(x))
    if len(shape) not in (3, 4):
        text = (
            "Invalid images rank: expected rank 3 (single image) or rank 4 (batch of images). "
            f"Received: images.shape={printed(tuple(shape))}"
        )
        if call.kind == "tensorflow":
            text = "'images' must have either 3 or 4 dimensions."
        call.refuse("rank", text, expected_rank=(3, 4), rank=len(shape))
    rank = len(shape)
    if call.text("data_format", "channels_last") == "channels_first":
        return x, shape, rank - 2, rank - 1, rank - 3
    return x, shape, rank - 3, rank - 2, rank - 1


def same(call: Call) -> Tensor:
    """Images of the same size and type; option `channels` is how many colours they must have."""
    x, shape, _, _, channels = _image(call)
    wanted = call.options.get("channels")
    if wanted and differ(shape[channels], int(wanted)):
        text = f"Input images must have {wanted} channels, but received images with {shape[channels]} channels."
        call.refuse("axis-size", text, axis=channels, expected=int(wanted), found=shape[channels])
    return x.with_shape(tuple(shape))


def any_images(call: Call) -> Tensor:
    """Images with any number of leading axes, unchanged in size and type."""
    x = call.tensor("x")
    return x.with_shape(x.shape)


def standardized(call: Call) -> Tensor:
    """Images with mean 0 and deviation 1, as floats (tf.image.per_image_standardization)."""
    x, shape, *_ = _image(call)
    return Tensor(tuple(shape), x.dtype if is_float(x.dtype) else "float32")


def recolour(call: Call) -> Tensor:
    """Images with another number of channels, option `to`; `from` is a list of those accepted."""
    x, shape, _, _, channels = (
        _image(call) if call.kind == "keras" else (call.tensor("x"), list(call.shape("x")), 0, 0, -1)
    )
    if not shape:
        raise Undetermined("a scalar is no image")
    accepted = [int(count) for count in call.options.get("from", "").split("/") if count]
    size = shape[channels]
    if accepted and isinstance(size, int) and size not in accepted:
        text = (
            "Invalid channel size: expected 3 (RGB) or 1 (Grayscale). "
            f"Received input with shape: images.shape={printed(tuple(shape))}"
        )
        call.refuse("axis-size", text, axis=channels, expected=accepted[0], found=size)
    shape[channels] = int(call.options["to"])
    return x.with_shape(tuple(shape))


def resize(call: Call) -> Tensor:
    """Images of another height and width; TensorFlow's come out as floats unless nothing changes or the method is nearest."""
    x, shape, height, width, _ = _image(call)
    size = call.sizes("size")
    if size is None or len(size) != 2:
        raise Undetermined("the size is not a height and a width")
    if call.flag("preserve_aspect_ratio"):
        size = (None, None)
    dtype = x.dtype
    if call.kind == "tensorflow":
        pairs = ((shape[height], size[0]), (shape[width], size[1]))
        unchanged = all(a is not None and b is not None and not differ(a, b) for a, b in pairs)
        method = call.value("method", "bilinear")
        nearest = method == "nearest" or (isinstance(method, str) and method.endswith("NEAREST_NEIGHBOR"))
        if call.given("method") and not isinstance(method, str):
            dtype = None
        elif not nearest:
            # older versions leave images of the right size as they are
            dtype = "float32" if not unchanged or dtype == "float32" else None
    shape[height], shape[width] = size
    return Tensor(tuple(shape), dtype)


def resize_to(call: Call) -> Tensor:
    """Images cropped or padded to a target height and width given one by one."""
    x, shape, height, width, _ = _image(call)
    shape[height], shape[width] = call.size("height"), call.size("width")
    return Tensor(tuple(shape), call.options.get("dtype", x.dtype))


def crop_or_pad(call: Call) -> Tensor:
    """Images cropped or padded by four widths, or to a target (classes CropImages, PadImages)."""
    x, shape, height, width, _ = _image(call)
    sign = -1 if "crop" in call.options else 1
    for axis, target, before, after in (
        (height, "target_height", "top", "bottom"),
        (width, "target_width", "left", "right"),
    ):
        if call.given(target):
            shape[axis] = call.size(target)
        else:
            if not call.given(before) or not call.given(after):
                raise Undetermined("the widths of the borders are not known")
            borders = add(call.size(before), call.size(after))
            shape[axis] = add(shape[axis], multiply(borders, sign))
    return x.with_shape(tuple(shape))


def central_crop(call: Call) -> Tensor:
    """The middle part of images, a fraction of each side (tf.image.central_crop)."""
    x, shape, height, width, _ = _image(call)
    fraction = call.value("fraction")
    if not isinstance(fraction, int | float):
        raise Undetermined("the fraction is not known")
    for axis in (height, width):
        size = shape[axis]
        if fraction != 1 and size is not None:
            if not isinstance(size, int):
                raise Undetermined("the size of the image is not known")
            shape[axis] = size - 2 * int((size - size * float(fraction)) / 2)
    return x.with_shape(tuple(shape))


def random_crop(call: Call) -> Tensor:
    """A part of a given size anywhere in an array (tf.image.random_crop)."""
    x = call.tensor("x")
    size = call.sizes("size")
    if size is not None and x.shape is not None:
        if len(size) != len(x.shape):
            raise Undetermined("the size does not fit the image")
        for axis, (wanted, found) in enumerate(zip(size, x.shape, strict=True)):
            if isinstance(wanted, int) and isinstance(found, int) and wanted > found:
                text = "InvalidArgumentError: Need value.shape >= size, got "
                call.refuse(
                    "axis-size", f"{text}{printed(x.shape)} {printed(size)}", axis=axis, expected=wanted, found=found
                )
    return x.with_shape(size)


def extract_patches(call: Call) -> Tensor:
    """Patches of images as channels (class ExtractPatches, tf.image.extract_patches)."""
    x = call.tensor("x")
    shape = known(x)
    rank = 3 if "volumes" in call.options else 2
    size = as_sizes(call.value("size"))
    if size is None:
        raise Undetermined("the size of the patches is not known")
    if call.kind == "tensorflow":
        strides, rates = call.sizes("strides"), call.sizes("dilation")
        if strides is None or rates is None or not len(size) == len(strides) == len(rates) == 4:
            raise Undetermined("the patches are not described by four numbers")
        size, strides, rates = size[1:3], strides[1:3], rates[1:3]
    else:
        size = size * rank if len(size) == 1 else size
        strides = (as_sizes(call.value("strides")) or ()) if call.given("strides") else size
        strides = strides * rank if len(strides) == 1 else strides
        rates = as_sizes(call.value("dilation", 1)) or ()
        rates = rates * rank if len(rates) == 1 else rates
    first = call.text("data_format", "channels_last") == "channels_first"
    single = len(shape) == rank + 1
    if len(shape) not in (rank + 1, rank + 2) or not len(size) == len(strides) == len(rates) == rank:
        raise Undetermined("the patches do not fit the images")
    batch = () if single else shape[:1]
    body = shape[len(batch) :]
    channels, spatial = (body[0], body[1:]) if first else (body[-1], body[:-1])
    counts = windowed(call, spatial, size, strides, rates)
    depth: Dim = channels
    for each in size:
        depth = multiply(depth, each)
    return x.with_shape((*batch, depth, *counts) if first else (*batch, *counts, depth))


def map_coordinates(call: Call) -> Tensor:
    """Values at given coordinates, one leading row per axis (class MapCoordinates)."""
    x = call.tensor("x")
    coordinates = call.shape("coordinates")
    if len(coordinates) < 2:
        text = f"Invalid coordinates rank: expected at least rank 2. Received input with shape: {printed(coordinates)}"
        call.refuse("rank", text, min_rank=2, rank=len(coordinates))
    if differ(coordinates[0], len(known(x))):
        text = (
            "First dim of `coordinates` must be the same as the rank of `inputs`. Received inputs with shape: "
            f"{printed(x.shape)} and coordinate leading dim of {coordinates[0]}"
        )
        call.refuse("axis-size", text, axis=0, expected=len(known(x)), found=coordinates[0])
    return x.with_shape(coordinates[1:])


def scale_and_translate(call: Call) -> Tensor:
    """Images transformed to a given shape (class ScaleAndTranslate)."""
    return call.tensor("x").with_shape(call.sizes("shape"))


def edges(call: Call) -> Tensor:
    """Gradients in both directions as a new last axis (class SobelEdges)."""
    x = call.tensor("x")
    shape = known(x)
    if len(shape) != 4:
        text = f"Invalid images rank: expected rank 4 (batch of images). Received: images.shape={printed(shape)}"
        call.refuse("rank", text, expected_rank=4, rank=len(shape))
    return x.with_shape((*shape, 2))


def similarity(call: Call) -> Tensor:
    """One number per pair of images (class SSIM, tf.image.ssim)."""
    x = call.tensor("x1")
    first, second = known(x), call.shape("x2")
    if call.kind == "keras":
        for shape in (first, second):
            if len(shape) not in (3, 4):
                text = (
                    "Invalid image1 rank: expected rank 3 (single image) or rank 4 (batch of images). "
                    f"Received input with shape: image1.shape={printed(shape)}"
                )
                call.refuse("rank", text, expected_rank=(3, 4), rank=len(shape))
        return x.with_shape(() if len(first) == 3 else first[:1])
    return Tensor(broadcast(first[:-3], second[:-3], kind="tensorflow"), "float32")


def transpose_images(call: Call) -> Tensor:
    """Height and width exchanged (tf.image.transpose)."""
    x, shape, height, width, _ = _image(call)
    shape[height], shape[width] = shape[width], shape[height]
    return x.with_shape(tuple(shape))


def decode(call: Call) -> Tensor:
    """A decoded image: height and width depend on the file (tf.io.decode_jpeg); option `frames` for animations."""
    channels: Dim = call.size("channels") if call.given("channels") else None
    dtype = call.dtype(call.options.get("dtype", "uint8"))
    shape: Shape = (None, None, None if channels == 0 else channels)
    if call.options.get("frames") == "always":
        return Tensor((None, None, None, 3), "uint8")
    if call.options.get("frames") == "maybe" and call.flag("expand_animations", True):
        return Tensor(None, dtype)
    return Tensor(shape, dtype)


def crop_and_resize(call: Call) -> Tensor:
    """A crop per box, all of one size (tf.image.crop_and_resize)."""
    shape, boxes = call.shape("x"), call.shape("boxes")
    size = call.sizes("size")
    if size is None or len(size) != 2 or len(shape) != 4 or len(boxes) != 2:
        raise Undetermined("the boxes or the size are not known")
    return Tensor((boxes[0], *size, shape[-1]), "float32")


def variation(call: Call) -> Tensor:
    """One number per image (tf.image.total_variation)."""
    x, shape, *_ = _image(call)
    return x.with_shape(tuple(shape[:1]) if len(shape) == 4 else ())


def gradients(call: Call) -> object:
    """Vertical and horizontal differences (tf.image.image_gradients)."""
    x = call.tensor("x")
    return (x.with_shape(x.shape), x.with_shape(x.shape))
