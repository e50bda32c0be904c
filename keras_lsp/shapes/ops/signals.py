"""Fourier transforms, frames of signals, spectra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from keras_lsp.shapes.dim import Dim, Shape, add, ceil_divide, differ, floor_divide, multiply, subtract
from keras_lsp.shapes.ops.arguments import Call, as_tensor, known, printed
from keras_lsp.shapes.ops.dtypes import Dtype
from keras_lsp.shapes.outcome import Undetermined
from keras_lsp.shapes.tensor import Tensor


def _complex(dtype: Dtype, kind: str) -> Dtype:
    if dtype is not None and dtype.startswith("complex"):
        return dtype
    if kind == "numpy":  # NumPy 2 keeps single precision, NumPy 1 did not
        return None if dtype in ("float32", "float16") else "complex128" if dtype else None
    return "complex64" if dtype == "float32" else "complex128" if dtype == "float64" else None


def _real(dtype: Dtype) -> Dtype:
    return {"complex64": "float32", "complex128": "float64"}.get(dtype or "")


def _parts(call: Call) -> tuple[Tensor, Tensor]:
    """Real and imaginary part, which Keras takes as a pair."""
    value = call.value("x")
    if not isinstance(value, list | tuple) or len(cast("Sequence[object]", value)) != 2:
        raise Undetermined("the input is not a pair of real and imaginary part")
    real, imaginary = (as_tensor(item, call.kind) for item in cast("Sequence[object]", value))
    a, b = known(real), known(imaginary)
    if len(a) != len(b) or any(differ(x, y) for x, y in zip(a, b, strict=True)):
        text = (
            "Input `x` should be a tuple of two tensors - real and imaginary. Both the real and imaginary parts should have "
            f"the same shape. Received: x[0].shape = {printed(a)}, x[1].shape = {printed(b)}"
        )
        call.refuse("merge", text, shapes=(a, b))
    return real, imaginary


def transform_pair(call: Call) -> object:
    """A Fourier transform of a pair (classes FFT, FFT2, IFFT2); its axes, option `axes`, must be fully known."""
    real, imaginary = _parts(call)
    shape = known(real)
    axes = int(call.options["axes"])
    if len(shape) < axes:
        text = f"Input should have rank >= {axes}. Received: input.shape = {printed(shape)}"
        call.refuse("rank", text, min_rank=axes, rank=len(shape))
    if None in shape[-axes:]:
        which = "its last dimension" if axes == 1 else "its (-2, -1) axes"
        text = f"Input should have {which} fully-defined. Received: input.shape = {printed(shape)}"
        call.refuse("axis-undefined", text, axis=len(shape) - 1)
    return (real.with_shape(shape), imaginary.with_shape(shape))


def real_transform_pair(call: Call) -> object:
    """The Fourier transform of real numbers as a pair (class RFFT)."""
    x = call.tensor("x")
    result = x.with_shape(_half_spectrum(known(x), call.size("length") if call.given("length") else None))
    return (result, result)


def _half_spectrum(shape: Shape, length: Dim, axis: int = -1) -> Shape:
    if not shape:
        raise Undetermined("a scalar has no spectrum")
    axis %= len(shape)
    count = add(floor_divide(length if length is not None else shape[axis], 2), 1)
    return (*shape[:axis], count, *shape[axis + 1 :])


def inverse_real_transform(call: Call) -> Tensor:
    """Real numbers from half a spectrum (class IRFFT, tf.signal.irfft, numpy.fft.irfft)."""
    x = _parts(call)[0] if call.kind == "keras" else call.tensor("x")
    shape = known(x)
    if not shape:
        raise Undetermined("a scalar has no spectrum")
    axis = call.one_axis("axis", len(shape), -1)
    length = call.sizes("length") if call.given("length") else None
    count = length[0] if length else multiply(subtract(shape[axis], 1), 2)
    dtype = x.dtype if call.kind == "keras" else _real(x.dtype)
    return Tensor((*shape[:axis], count, *shape[axis + 1 :]), dtype)


def transform(call: Call) -> Tensor:
    """A complex Fourier transform of the same shape (or of another length along its axis)."""
    x = call.tensor("x")
    shape = known(x)
    dtype = x.dtype if call.kind == "tensorflow" else _complex(x.dtype, call.kind)
    if call.given("length"):
        axis = call.one_axis("axis", len(shape), -1)
        shape = (*shape[:axis], call.size("length"), *shape[axis + 1 :])
    return Tensor(shape, dtype)


def real_transform(call: Call) -> Tensor:
    """Half the spectrum of real numbers."""
    x = call.tensor("x")
    length = call.sizes("length") if call.given("length") else None
    axis = call.integer("axis", -1)
    return Tensor(_half_spectrum(known(x), length[0] if length else None, axis), _complex(x.dtype, call.kind))


def frequencies(call: Call) -> Tensor:
    """The frequencies of a transform's bins (numpy.fft.fftfreq); option `half` for real ones."""
    count = call.size("n")
    return Tensor((add(floor_divide(count, 2), 1) if "half" in call.options else count,), "float64")


def short_time_pair(call: Call) -> object:
    """Spectra of overlapping frames as a pair (class STFT)."""
    x = call.tensor("x")
    shape = known(x)
    length = call.integer("length")
    padded = (length // 2) * 2 if call.value("center", True) is not False else 0
    count = add(floor_divide(subtract(add(shape[-1], padded), length), call.size("stride")), 1)
    result = x.with_shape((*shape[:-1], count, length // 2 + 1))
    return (result, result)


def inverse_short_time(call: Call) -> Tensor:
    """A signal from spectra of frames (class ISTFT)."""
    real, _ = _parts(call)
    shape = known(real)
    if len(shape) < 2:
        text = f"Input should have rank >= 2. Received: input.shape = {printed(shape)}"
        call.refuse("rank", text, min_rank=2, rank=len(shape))
    length = call.integer("length")
    if call.given("output_length"):
        size = call.size("output_length")
    else:
        size = add(multiply(subtract(shape[-2], 1), call.size("stride")), length)
        if call.flag("center", True):
            size = subtract(size, (length // 2) * 2)
    return real.with_shape((*shape[:-2], size))


def frames(call: Call) -> Tensor:
    """Overlapping frames of a signal (class ExtractSequences, tf.signal.frame)."""
    x = call.tensor("x")
    shape = known(x)
    if not shape:
        raise Undetermined("a scalar has no frames")
    axis = call.one_axis("axis", len(shape), -1)
    length, stride = call.size("length"), call.size("stride")
    return x.with_shape((*shape[:axis], _frame_count(call, shape[axis], length, stride), length, *shape[axis + 1 :]))


def _frame_count(call: Call, size: Dim, length: Dim, stride: Dim) -> Dim:
    if call.flag("pad_end"):
        return ceil_divide(size, stride)
    count = add(floor_divide(subtract(size, length), stride), 1)
    return max(count, 0) if isinstance(count, int) and call.kind == "tensorflow" else count


def short_time(call: Call) -> Tensor:
    """Spectra of overlapping frames (tf.signal.stft); the transform's length is the next power of two by default."""
    x = call.tensor("x")
    shape = known(x)
    length = call.size("length")
    transform_length: Dim = call.size("fft_length") if call.given("fft_length") else None
    if transform_length is None:
        if not isinstance(length, int):
            raise Undetermined("the length of the frames is not known")
        transform_length = 1 << (length - 1).bit_length()
    count = _frame_count(call, shape[-1], length, call.size("stride"))
    bins = add(floor_divide(transform_length, 2), 1)
    return Tensor((*shape[:-1], count, bins), _complex(x.dtype, "tensorflow"))


def overlap_and_add(call: Call) -> Tensor:
    """A signal from overlapping frames (tf.signal.overlap_and_add)."""
    x = call.tensor("x")
    shape = known(x)
    if len(shape) < 2:
        raise Undetermined("the input has no frames")
    return x.with_shape((*shape[:-2], add(multiply(subtract(shape[-2], 1), call.size("stride")), shape[-1])))


def mel_weights(call: Call) -> Tensor:
    """The matrix from linear frequencies to the mel scale."""
    return Tensor((call.size("bins", 129), call.size("mels", 20)), call.dtype("float32"))


def as_complex(call: Call) -> Tensor:
    """Pairs of numbers along the last axis as complex numbers (class ViewAsComplex)."""
    x = call.tensor("x")
    shape = known(x)
    if not shape or differ(shape[-1], 2):
        raise Undetermined("the last axis is not a pair")
    return Tensor(shape[:-1], "complex64")


def as_real(call: Call) -> Tensor:
    """Complex numbers as pairs along a new last axis (class ViewAsReal)."""
    return Tensor((*call.shape("x"), 2), "float32")


def compose_complex(call: Call) -> Tensor:
    """Complex numbers from real and imaginary parts (tf.complex)."""
    x = call.tensor("x1")
    return Tensor(x.shape, _complex(x.dtype, "tensorflow"))


def decode_wav(call: Call) -> object:
    """Samples of a sound file and its rate (tf.audio.decode_wav)."""
    channels = call.size("channels") if call.given("channels") else None
    samples = call.size("samples") if call.given("samples") else None
    shape = tuple(None if size == -1 else size for size in (samples, channels))
    return (Tensor(shape, "float32"), Tensor((), "int32"))
