"""Spectrograms: MelSpectrogram, STFTSpectrogram."""

from __future__ import annotations

import math
from collections.abc import Mapping

from keras_lsp.shapes.arguments import compute_dtype, read_channels_first, variable_dtype
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import Shape, add, ceil_divide, floor_divide, format_shape, multiply, subtract
from keras_lsp.shapes.layers.preprocessing import known_tensor
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined, Weight
from keras_lsp.shapes.refusals import bad_argument, check_rank, conflict
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor

_ZERO_SIZE_REFUSED = (3, 14)
_FRAMES_CHECKED = (3, 14)  # a MelSpectrogram took frames longer than its transform


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
    _, shape = known_tensor(inputs)
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
    tensor, _ = known_tensor(inputs)
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
