"""Functions that layers are made of: convolution, pooling, normalization, attention, losses, patches of images."""

from __future__ import annotations

from typing import cast

from keras_lsp.shapes.configuration import Version
from keras_lsp.shapes.dim import Dim, Shape, add, ceil_divide, differ, floor_divide, multiply, product, subtract
from keras_lsp.shapes.ops.arguments import Call, as_sizes, known, printed
from keras_lsp.shapes.ops.broadcasting import broadcast
from keras_lsp.shapes.ops.dtypes import is_float, promote_dtypes
from keras_lsp.shapes.outcome import Refused, Undetermined
from keras_lsp.shapes.tensor import Tensor

# Since this version Keras refuses outputs without elements when the model is built; before, only running it fails.
REFUSES_EMPTY: Version = (3, 14, 0)


def convolution(call: Call) -> Tensor:
    """A convolution; the kernel is (spatial..., input channels, filters). Option `depthwise` multiplies channels."""
    x = call.tensor("x")
    kernel = call.shape("kernel")
    shape = known(x)
    rank = len(shape) - 2
    if "rank" in call.options and rank != int(call.options["rank"]):
        raise Undetermined(f"the input has {len(shape)} axes")
    if len(kernel) != len(shape) or rank < 1:
        text = (
            f"Kernel shape must have the same length as input, but received kernel of shape {printed(kernel)} and "
            f"input of shape {printed(shape)}."
        )
        call.refuse("rank", text, expected_rank=len(kernel), rank=len(shape))
    first = _channels_first(call)
    channels = shape[1] if first else shape[-1]
    # Grouped convolutions have kernels with a part of the input's channels.
    wrong = differ(channels, kernel[-2])
    if wrong and call.kind == "tensorflow" and "depthwise" not in call.options:
        wrong = (
            isinstance(channels, int) and isinstance(kernel[-2], int) and (not kernel[-2] or channels % kernel[-2] != 0)
        )
    if wrong:
        data_format = "channels_first" if first else "channels_last"
        text = (
            "The number of input channels must match the kernel's input channels. Received: "
            f"input channels={channels}, kernel input channels={kernel[-2]}, data_format='{data_format}'."
        )
        call.refuse("axis-size", text, axis=1 if first else -1, expected=kernel[-2], found=channels)
    filters = kernel[-1]
    if "depthwise" in call.options:
        filters = multiply(kernel[-1], kernel[-2])
    if "separable" in call.options:
        filters = call.shape("pointwise")[-1]
    strides = _per_axis(call, "strides", rank, first)
    dilation = _per_axis(call, "dilation", rank, first)
    spatial = windowed(call, shape[2:] if first else shape[1:-1], kernel[:-2], strides, dilation)
    return Tensor((shape[0], filters, *spatial) if first else (shape[0], *spatial, filters), x.dtype)


def pooling(call: Call) -> Tensor:
    """The largest or mean value in each window."""
    x = call.tensor("x")
    shape = known(x)
    rank = len(shape) - 2
    if rank < 1 or ("rank" in call.options and rank != int(call.options["rank"])):
        raise Undetermined(f"the input has {len(shape)} axes")
    first = _channels_first(call)
    size = _per_axis(call, "size", rank, first)
    strides = _per_axis(call, "strides", rank, first) if call.given("strides") else size
    if "unit_strides" in call.options and not call.given("strides"):
        strides = (1,) * rank
    dilation = _per_axis(call, "dilation", rank, first)
    spatial = windowed(call, shape[2:] if first else shape[1:-1], size, strides, dilation)
    return Tensor((*shape[:2], *spatial) if first else (shape[0], *spatial, shape[-1]), x.dtype)


def _channels_first(call: Call) -> bool:
    data_format = call.text("data_format", "channels_last")
    return data_format == "channels_first" or data_format.startswith("NC")


def _per_axis(call: Call, name: str, rank: int, channels_first: bool) -> Shape:
    """A number, one number per spatial axis, or (TensorFlow) one per axis of the input."""
    sizes = call.sizes(name) if call.given(name) else (1,)
    if sizes is None:
        raise Undetermined(f"the value of `{name}` is not known")
    if len(sizes) == rank + 2 and call.kind == "tensorflow":
        sizes = sizes[2:] if channels_first else sizes[1:-1]
    if len(sizes) == 1:
        sizes = sizes * rank
    if len(sizes) != rank:
        raise Undetermined(f"`{name}` is not one number per spatial axis")
    return sizes


def windowed(call: Call, spatial: Shape, size: Shape, strides: Shape, dilation: Shape) -> Shape:
    """How many windows fit along each spatial axis, by the call's `padding`."""
    value = call.value("padding", "valid")
    if not isinstance(value, str):
        raise Undetermined("the padding is not a name")
    padding = value.lower()
    if padding in ("same", "causal"):
        return tuple(ceil_divide(length, stride) for length, stride in zip(spatial, strides, strict=True))
    if padding != "valid":
        raise Undetermined(f"the padding is {padding!r}")
    result: list[Dim] = []
    for length, window, stride, rate in zip(spatial, size, strides, dilation, strict=True):
        reach = add(multiply(rate, subtract(window, 1)), 1)
        count = add(floor_divide(subtract(length, reach), stride), 1)
        if isinstance(count, int) and count <= 0:
            _refuse_window(call, spatial, size, length, reach, count, stride)
        result.append(count)
    return tuple(result)


def _refuse_window(call: Call, spatial: Shape, size: Shape, length: Dim, reach: Dim, count: int, stride: Dim) -> None:
    if call.kind == "tensorflow":
        if count == 0 or (isinstance(stride, int) and stride > 1):
            raise Undetermined("the output has no elements")
        text = f"ValueError: Negative dimension size caused by subtracting {reach} from {length}"
        raise Refused("spatial-size", text, size=length, kernel=reach, padding="valid")
    text = (
        "ValueError: Computed output size would be zero or negative. Received: "
        f"`inputs.shape={printed(call.shape('x'))}`, window={printed(size)}, padding=valid."
    )
    stage = "build" if call.keras >= REFUSES_EMPTY else "run"
    raise Refused("spatial-size", text, stage=stage, size=length, kernel=reach, padding="valid", sizes=spatial)


def convolution_transpose(call: Call) -> Tensor:
    """A transposed convolution; the kernel is (spatial..., filters, input channels).

    TensorFlow's functions are told the output shape; Keras's compute it (compute_conv_transpose_output_shape).
    """
    x = call.tensor("x")
    shape = known(x)
    if call.given("output_shape"):
        sizes = call.sizes("output_shape")
        return Tensor(sizes if sizes is not None else (None,) * len(shape), x.dtype)
    kernel = call.shape("kernel")
    rank = len(shape) - 2
    if len(kernel) != len(shape) or rank < 1:
        raise Undetermined("the kernel does not fit the input")
    first = _channels_first(call)
    channels = shape[1] if first else shape[-1]
    if differ(channels, kernel[-1]):
        text = (
            "The number of input channels must match the kernel's input channels. Received: "
            f"input channels={channels}, kernel input channels={kernel[-1]}."
        )
        call.refuse("axis-size", text, axis=1 if first else -1, expected=kernel[-1], found=channels)
    strides = _per_axis(call, "strides", rank, first)
    dilation = _per_axis(call, "dilation", rank, first)
    extra = _per_axis(call, "output_padding", rank, first) if call.given("output_padding") else None
    padding = call.text("padding", "valid").lower()
    spatial: list[Dim] = []
    for axis, length in enumerate(shape[2:] if first else shape[1:-1]):
        stride, window = strides[axis], kernel[axis]
        reach = add(multiply(dilation[axis], subtract(window, 1)), 1)
        if length is None:
            spatial.append(None)
        elif padding == "same":
            if extra is None:
                spatial.append(multiply(length, stride))
            elif isinstance(reach, int):
                spatial.append(add(add(multiply(subtract(length, 1), stride), reach % 2), extra[axis]))
            else:
                raise Undetermined("the size of the kernel is not known")
        elif padding == "valid":
            end = extra[axis] if extra is not None else None
            if end is None:
                if not isinstance(reach, int) or not isinstance(stride, int):
                    raise Undetermined("the size of the kernel is not known")
                end = max(reach, stride) - reach
            spatial.append(add(add(multiply(subtract(length, 1), stride), reach), end))
        else:
            raise Undetermined(f"the padding is {padding!r}")
    filters = kernel[-2]
    return Tensor((shape[0], filters, *spatial) if first else (shape[0], *spatial, filters), x.dtype)


def adaptive_pooling(call: Call) -> Tensor:
    """Pooling to a given size (class AdaptiveMaxPool). A single number is accepted on arrays only."""
    x = call.tensor("x")
    shape = known(x)
    rank = len(shape) - 2
    sizes = call.fixed_sizes("size")
    if len(sizes) != rank:
        if len(sizes) != 1 or rank < 1:
            raise Undetermined("the output size does not fit the input")
        if isinstance(call.value("size"), int):
            raise Undetermined("Keras takes a single output size for arrays, not for symbolic tensors")
        sizes = sizes * rank
    first = _channels_first(call)
    if not first and rank > 1:
        raise Undetermined("Keras's symbolic shape of adaptive pooling is not the real one")
    return Tensor((*shape[:2], *sizes) if first else (shape[0], *sizes, shape[-1]), x.dtype)


def depth_to_space(call: Call) -> Tensor:
    """Channels unfolded into blocks of pixels (class DepthToSpace); option `back` folds them."""
    x = call.tensor("x")
    shape = known(x)
    if len(shape) != 4:
        name = call.name.rpartition(".")[2]
        text = f"`{name}` requires a 4D input tensor. Received: x.shape={printed(shape)}"
        call.refuse("rank", text, expected_rank=4, rank=len(shape))
    block = call.integer("block")
    first = _channels_first(call)
    channels, height, width = (shape[1], shape[2], shape[3]) if first else (shape[3], shape[1], shape[2])
    if "back" in call.options:
        for label, size in (("Height", height), ("Width", width)):
            if isinstance(size, int) and size % block:
                text = f"{label} ({size}) must be divisible by block_size ({block})."
                call.refuse("divisibility", text, value=size, divisor=block)
        sizes = (multiply(channels, block * block), floor_divide(height, block), floor_divide(width, block))
    else:
        if isinstance(channels, int) and channels % (block * block):
            text = f"The number of channels ({channels}) must be divisible by block_size**2 ({block * block})."
            call.refuse("divisibility", text, value=channels, divisor=block * block)
        sizes = (floor_divide(channels, block * block), multiply(height, block), multiply(width, block))
    return x.with_shape((shape[0], *sizes) if first else (shape[0], *sizes[1:], sizes[0]))


def _pair(call: Call, name: str, default: int) -> tuple[Dim, Dim]:
    sizes = as_sizes(call.value(name, default))
    if sizes is None or len(sizes) not in (1, 2):
        raise Undetermined(f"the value of `{name}` is not known")
    return sizes[0], sizes[-1]


def unfold(call: Call) -> Tensor:
    """Sliding blocks of images (batch, channels, height, width) as columns (class Unfold)."""
    x = call.tensor("x")
    shape = known(x)
    if len(shape) != 4:
        raise Undetermined("the input is not a batch of images")
    kernel, dilation = _pair(call, "kernel", 1), _pair(call, "dilation", 1)
    padding, stride = _pair(call, "padding", 0), _pair(call, "stride", 1)
    counts: list[Dim] = []
    for axis in (0, 1):
        reach = add(multiply(dilation[axis], subtract(kernel[axis], 1)), 1)
        room = subtract(add(shape[2 + axis], multiply(2, padding[axis])), reach)
        counts.append(add(floor_divide(room, stride[axis]), 1))
    return x.with_shape((shape[0], product((shape[1], *kernel)), product(counts)))


def fold(call: Call) -> Tensor:
    """Columns put back into images (class Fold)."""
    x = call.tensor("x")
    shape = known(x)
    if len(shape) != 3:
        raise Undetermined("the input is not (batch, values, blocks)")
    area = product(_pair(call, "kernel", 1))
    if isinstance(shape[1], int) and isinstance(area, int) and shape[1] % area:
        text = f"The second dimension of the input ({shape[1]}) must be divisible by kernel_size product ({area})."
        call.refuse("divisibility", text, value=shape[1], divisor=area)
    return x.with_shape((shape[0], floor_divide(shape[1], area), *_pair(call, "size", 1)))


def glu(call: Call) -> Tensor:
    """Half of the channels gated by the other half (class Glu)."""
    x = call.tensor("x")
    shape = list(known(x))
    axis = call.one_axis("axis", len(shape), -1)
    size = shape[axis]
    if isinstance(size, int) and size % 2:
        text = f"axis size must be divisible by 2. Received: x.shape={printed(tuple(shape))} with axis={axis}"
        call.refuse("divisibility", text, value=size, divisor=2)
    shape[axis] = floor_divide(size, 2)
    return x.with_shape(tuple(shape))


def normalize(call: Call) -> Tensor:
    """An array divided by its norm, in the default float type (class Normalize)."""
    x = call.tensor("x")
    if x.shape is not None and call.given("axis"):
        call.axes("axis", len(x.shape))
    return Tensor(x.shape, "float32")


def batch_normalization(call: Call) -> Tensor:
    """Normalization with given statistics, one per size of an axis (class BatchNorm)."""
    x = call.tensor("x")
    shape = known(x)
    axis = call.one_axis("axis", len(shape), -1)
    for name in ("mean", "variance", "offset", "scale"):
        if not call.given(name):
            continue
        found = call.shape(name)
        if len(found) != 1 or differ(found[0], shape[axis]):
            text = (
                f"Arguments `{name}` must be a vector of length `x.shape[axis]`. Expected: `{printed((shape[axis],))}`. "
                f"Received: `{printed(found)}."
            )
            call.refuse("axis-size", text, axis=axis, expected=shape[axis], found=found[0] if found else 1)
    return x.with_shape(shape)


def attention(call: Call) -> Tensor:
    """Scaled dot-product attention over (batch, length, heads, size) (class DotProductAttention)."""
    query, key, value = (call.tensor(name) for name in ("query", "key", "value"))
    shape = known(query)
    if len(shape) != 4:
        text = f"`dot_product_attention` only supports 4D inputs. Received: query.shape={printed(shape)}"
        raise Refused("rank", f"ValueError: {text}", stage="run", expected_rank=4, rank=len(shape))
    if differ(known(value)[-1], shape[-1]):
        raise Undetermined("Keras's symbolic shape is the query's, though the values have another size")
    return Tensor(shape, promote_dtypes(call.kind, query.dtype, key.dtype, value.dtype))


def crossentropy(call: Call) -> Tensor:
    """A loss per sample over the classes (class CategoricalCrossentropy)."""
    target, output = call.shape("target"), call.tensor("output")
    shape = known(output)
    if len(target) != len(shape) or any(differ(a, b) for a, b in zip(target, shape, strict=True)):
        text = (
            "Arguments `target` and `output` must have the same shape. Received: "
            f"target.shape={printed(target)}, output.shape={printed(shape)}"
        )
        call.refuse("merge", text, shapes=(target, shape))
    if not shape:
        raise Undetermined("a scalar has no classes")
    return Tensor(shape[:-1], output.dtype)


def sparse_crossentropy(call: Call) -> Tensor:
    """A loss per sample for whole-number labels (class SparseCategoricalCrossentropy)."""
    target, output = call.shape("target"), call.tensor("output")
    shape = known(output)
    axis = call.axis("axis", len(shape), -1) if shape else None
    if axis is None:
        raise Undetermined("a scalar has no classes")
    rest = tuple(dim for index, dim in enumerate(shape) if index != axis)
    labels = target[:-1] if len(target) == len(shape) and target[-1] == 1 else target
    if call.kind == "keras" and (
        len(labels) != len(rest) or any(differ(a, b) for a, b in zip(labels, rest, strict=True))
    ):
        text = (
            "Arguments `target` and `output` must have the same shape up until the last dimension: "
            f"target.shape={printed(target)}, output.shape={printed(shape)}"
        )
        call.refuse("merge", text, shapes=(target, shape))
    return Tensor(rest, output.dtype)


def losses_with_logits(call: Call) -> Tensor:
    """tf.nn.softmax_cross_entropy_with_logits and the sparse one: the axis of classes goes."""
    logits = call.tensor("logits")
    shape = known(logits)
    axis = call.axis("axis", len(shape), -1)
    return Tensor(tuple(dim for index, dim in enumerate(shape) if index != axis), logits.dtype)


def mean_loss(call: Call) -> Tensor:
    """A function of `keras.losses`: a number per sample, the last axis averaged away."""
    target, output = call.tensor("target"), call.tensor("output")
    first, second = known(target), known(output)
    if len(first) == len(second) + 1 and first[-1] == 1:
        first = first[:-1]
    elif len(second) == len(first) + 1 and second[-1] == 1:
        second = second[:-1]
    shape = broadcast(first, second, kind=call.kind)
    if not shape:
        raise Undetermined("a scalar has no axis to average")
    axis = call.axis("axis", len(shape), -1)
    dtype = output.dtype if is_float(output.dtype) else None
    return Tensor(tuple(dim for index, dim in enumerate(shape) if index != axis), dtype)


def ctc_loss(call: Call) -> Tensor:
    """A loss per sequence (class CTCLoss)."""
    target, output = call.shape("target"), call.tensor("output")
    if not target or differ(target[0], known(output)[0]):
        text = (
            "Arguments `target` and `output` must have the same first dimension. Received: "
            f"target.shape={printed(target)}, output.shape={printed(output.shape)}"
        )
        call.refuse("axis-size", text, axis=0, expected=known(output)[0], found=target[0] if target else 1)
    return Tensor((target[0],), promote_dtypes("keras", output.dtype, "float32"))


def _without(shape: Shape, axes: tuple[int, ...] | None) -> Shape:
    """What a reduction over `axes` leaves; `None` are all axes."""
    return () if axes is None else tuple(dim for index, dim in enumerate(shape) if index not in axes)


def overlap_loss(call: Call) -> Tensor:
    """`dice`, `tversky`: sums over `axis`, which is all axes by default."""
    target, output = call.tensor("target"), call.tensor("output")
    shape = broadcast(known(target), known(output), kind=call.kind) or ()
    dtype = output.dtype if is_float(output.dtype) else None
    return Tensor(_without(shape, call.axes("axis", len(shape))), dtype)


def ctc_sequences(call: Call) -> Tensor:
    """`keras.losses.ctc`: a loss per sequence, of labels (batch, length) and scores (batch, length, classes)."""
    target, output = call.shape("target"), call.tensor("output")
    for name, shape, rank in (("y_true", target, 2), ("y_pred", known(output), 3)):
        if len(shape) != rank:
            text = f"Targets `{name}` must be a tensor of rank {rank}. Received: {name}.shape={printed(shape)}"
            call.refuse("rank", text, expected_rank=rank, rank=len(shape))
    if differ(target[0], known(output)[0]):
        raise Undetermined("targets and scores are of different batches")
    return Tensor((target[0],), promote_dtypes("keras", output.dtype, "float32"))


def normalize_batch(call: Call) -> object:
    """Normalized values with their mean and variance over the axes (K.normalize_batch_in_training)."""
    x = call.tensor("x")
    shape = known(x)
    rest = Tensor(_without(shape, call.axes("axes", len(shape))), x.dtype)
    return (x.with_shape(shape), rest, rest)


def ctc_paths(call: Call) -> object:
    """The likeliest label sequences, whose lengths depend on the data, and their scores (K.ctc_decode)."""
    shape = call.shape("x")
    paths = 1 if call.flag("greedy", True) else call.integer("paths", 1)
    return ([Tensor((None, None), "int64")] * paths, Tensor((shape[0], paths), call.tensor("x").dtype))


def ctc_batch_cost(call: Call) -> Tensor:
    """A loss per sequence as a column (K.ctc_batch_cost)."""
    return Tensor((call.shape("output")[0], 1), "float32")


def ctc_decode(call: Call) -> object:
    """The likeliest label sequences and their scores (class CTCDecode)."""
    x = call.tensor("x")
    shape = known(x)
    paths: Dim = 1 if call.text("strategy", "greedy") == "greedy" else call.size("paths", 1)
    if len(shape) < 2:
        raise Undetermined("the input is not a batch of sequences")
    dtype = promote_dtypes("keras", x.dtype, "float32")
    return (Tensor((paths, shape[0], shape[1]), "int32"), Tensor((shape[0], paths), dtype))


def signal_to_noise(call: Call) -> Tensor:
    """Peak signal-to-noise ratio: one number (class PSNR), or one per image (tf.image.psnr)."""
    first, second = call.shape("x1"), call.shape("x2")
    if "images" in call.options:
        return Tensor(broadcast(first[:-3], second[:-3], kind=call.kind), "float32")
    if len(first) != len(second):
        call.refuse("rank", "Inputs must have the same rank", expected_rank=len(first), rank=len(second))
    return Tensor((), "float32")


def polar(call: Call) -> Tensor:
    """Complex numbers from lengths and angles; Keras's symbolic answer has the default float type (class Polar)."""
    return Tensor(call.tensor("x").shape, "float32")


def switch(call: Call) -> object:
    """One of two tensors, given as such or as functions (K.switch, K.in_train_phase)."""
    results: list[object] = []
    for name in ("then", "otherwise"):
        value = call.value(name)
        results.append(value() if callable(value) else value)
    if all(isinstance(result, Tensor) for result in results):
        first, second = cast("list[Tensor]", results)
        if first.shape == second.shape:
            return Tensor(first.shape, first.dtype if first.dtype == second.dtype else None)
        shape = broadcast(first.shape, second.shape, kind="tensorflow")
        return Tensor(shape, first.dtype if first.dtype == second.dtype else None)
    raise Undetermined("what the branches give is not known")
