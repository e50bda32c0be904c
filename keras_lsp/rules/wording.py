"""Words that messages share: shapes, axes, versions, and what Keras says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import cast

from keras_lsp.rules.base import Context
from keras_lsp.shapes.dim import Dim, Expr, format_shape
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.shapes.tensor import Structure, Tensor, flatten

# A message must fit a diagnostic's box; Keras prints whole arrays into some of its errors.
MAX_QUOTE = 240
# Names further apart than this are no misspellings of each other.
NAME_SIMILARITY = 0.72

_CHANNELS = ("batch", "height", "width", "channels")
AXES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional", "CuDNNLSTM", "CuDNNGRU"), ("batch", "time steps", "features")
    ),
    **dict.fromkeys(
        ("Conv1D", "SeparableConv1D", "DepthwiseConv1D", "Conv1DTranspose", "MaxPooling1D", "AveragePooling1D",
         "GlobalMaxPooling1D", "GlobalAveragePooling1D", "ZeroPadding1D", "Cropping1D", "UpSampling1D",
         "SpatialDropout1D", "LocallyConnected1D"),
        ("batch", "steps", "channels"),
    ),
    **dict.fromkeys(
        ("Conv2D", "SeparableConv2D", "DepthwiseConv2D", "Conv2DTranspose", "MaxPooling2D", "AveragePooling2D",
         "GlobalMaxPooling2D", "GlobalAveragePooling2D", "ZeroPadding2D", "Cropping2D", "UpSampling2D",
         "SpatialDropout2D", "LocallyConnected2D"),
        _CHANNELS,
    ),
    **dict.fromkeys(
        ("Conv3D", "Conv3DTranspose", "MaxPooling3D", "AveragePooling3D", "GlobalMaxPooling3D", "GlobalAveragePooling3D",
         "ZeroPadding3D", "Cropping3D", "UpSampling3D", "SpatialDropout3D"),
        ("batch", "depth", "height", "width", "channels"),
    ),
    "ConvLSTM1D": ("batch", "time steps", "steps", "channels"),
    "ConvLSTM2D": ("batch", "time steps", "height", "width", "channels"),
    "ConvLSTM3D": ("batch", "time steps", "depth", "height", "width", "channels"),
    "RepeatVector": ("batch", "features"),
    "Embedding": ("batch", "ids"),
}  # fmt: skip
RECURRENT = frozenset(
    ("SimpleRNN", "LSTM", "GRU", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "CuDNNLSTM", "CuDNNGRU")
)
MERGES = frozenset(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"))


def axes(class_name: str, data_format: str | None = None) -> str | None:
    """`(batch, height, width, channels)` for a layer class; `None` where axes have no fixed meaning."""
    names = AXES.get(class_name)
    if names is None:
        return None
    if data_format == "channels_first" and "channels" in names:
        names = (names[0], "channels", *names[1:-1])
    return f"({', '.join(names)})"


def count(number: int, noun: str) -> str:
    """`1 axis`, `3 axes`, `2 entries`."""
    plural = {"axis": "axes", "entry": "entries"}.get(noun, f"{noun}s")
    return f"{number} {noun if number == 1 else plural}"


def shapes(structure: Structure) -> str:
    """The shapes of one tensor or of several: `(None, 784)`, `(None, 3) and (None, 5)`."""
    return listing([format_shape(tensor.shape) for tensor in flatten(structure)])


def listing(items: Sequence[str], word: str = "and") -> str:
    """`a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def literal(shape: Iterable[Dim]) -> str:
    """A shape as Python source: `(28, 28, 1)`, `(None,)`."""
    return format_shape(shape)


def keras_name(context: Context) -> str:
    """`Keras 3.15`, `tf.keras of TensorFlow 2.3`."""
    return context.world.keras.label


def listed(names: Iterable[str]) -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names]
    return " and ".join((", ".join(quoted[:-1]), quoted[-1])) if len(quoted) > 1 else "".join(quoted)


def raises(context: Context, error: ShapeError) -> str:
    """What Keras raises, as a sentence: its own words where they are known."""
    text = " ".join(error.text.split())
    if len(text) > MAX_QUOTE:
        text = text[: MAX_QUOTE - 1].rstrip() + "…"
    if error.confirmed:
        return f"{error.confirmed} will raise: {text}"
    when = "as soon as the model runs" if error.stage == "run" else ""
    verb = f"{keras_name(context)} raises {when}".rstrip()
    return f"{verb}: {text}" if text else f"{verb}."


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant."""
    return _nearest(word, tuple(sorted(set(names))))


@lru_cache(maxsize=256)
def _nearest(word: str, candidates: tuple[str, ...]) -> str | None:
    folded = {name.lower().replace("_", ""): name for name in reversed(candidates)}
    key = word.lower().replace("_", "").replace(" ", "")
    if key in folded:
        return folded[key]
    from difflib import get_close_matches  # only where a name is wrong

    found = get_close_matches(word, candidates, 1, NAME_SIMILARITY)
    return found[0] if found else None


def is_symbolic(value: object) -> bool:
    """Whether some size in a structure of tensors, shape or size is a name rather than a number."""
    if isinstance(value, Expr):
        return True
    if isinstance(value, Tensor):
        return value.shape is not None and any(isinstance(dim, Expr) for dim in value.shape)
    if isinstance(value, dict):
        return any(is_symbolic(item) for item in cast("dict[object, object]", value).values())
    if isinstance(value, list | tuple):
        return any(is_symbolic(item) for item in cast("list[object]", value))
    return False
