"""How to draw preprocessing and image augmentation layers: inputs and arguments that mostly fit together."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.shapes.configurations import (
    ENTRIES,
    Draw,
    Entry,
    Nested,
    Question,
    Spec,
    among,
    flag,
    fraction,
    shape,
    size,
    tensor,
)

# --- categories ---------------------------------------------------------------------------------------------------

_MODES = among("int", "one_hot", "multi_hot", "count", odd=("x",))


def _plain(question: Question) -> bool:
    """Policies of layers that put out whole numbers are not asked."""
    return "dtype" not in question.arguments


def columns(*kinds: str) -> Draw:
    """One input of rank 1 to 3 with elements of these kinds."""

    def draw(random: Random) -> list[Spec]:
        sizes = [random.choice((None, None, 2))]
        sizes += [random.choice((1, 3, 1, 4, None)) for _ in range(random.choice((0, 1, 1, 1, 2)))]
        return [Spec(tuple(sizes), random.choice(kinds))]

    return draw


ENTRIES["CategoryEncoding"] = Entry(
    required={"num_tokens": size(1, 5, odd=(0, -1, None))},
    optional={"output_mode": among("one_hot", "multi_hot", "count", "binary", odd=("x",))},
    inputs=columns("int64", "int32"),
    when=_plain,
)


def _bins(random: Random) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if random.random() < 0.85:
        found["bin_boundaries"] = [float(edge) for edge in range(random.randint(1, 5))]
    if random.random() < 0.2:
        found["num_bins"] = random.choice((3, 5, -1))
    return found


ENTRIES["Discretization"] = Entry(
    required={"": _bins}, optional={"output_mode": _MODES}, inputs=columns("float32", "float32", "int32"), when=_plain
)
ENTRIES["Hashing"] = Entry(
    required={"num_bins": size(1, 9, odd=(0, -1, None))},
    optional={"output_mode": _MODES, "salt": among(3, (1, 2), odd=((1, 2, 3),))},
    inputs=columns("string", "string", "int64", "int32"),
    when=_plain,
)


def _crossed(random: Random) -> list[Spec]:
    batch = random.choice((None, 2))
    sizes = random.choice(((batch,), (batch, 1), (batch, 1), (batch, 1), (batch, 2)))
    return [Spec(sizes, random.choice(("string", "int64"))) for _ in range(random.choice((2, 2, 2, 2, 3)))]


ENTRIES["HashedCrossing"] = Entry(
    required={"num_bins": size(1, 9, odd=())},
    optional={"output_mode": among("int", "one_hot", odd=("count",))},
    inputs=_crossed,
    when=_plain,
)

# --- lookups ------------------------------------------------------------------------------------------------------


def _vocabulary(tokens: tuple[Any, ...]) -> Draw:
    def draw(random: Random) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if random.random() < 0.8:
            words = list(tokens[: random.randint(1, len(tokens))])
            found["vocabulary"] = words + words[:1] if random.random() < 0.05 else words
        if random.random() < 0.3:
            found["max_tokens"] = random.choice((1, 3, 9, 9))
        return found

    return draw


_LOOKUP: dict[str, Draw] = {
    "output_mode": among("int", "one_hot", "multi_hot", "count", "binary", odd=("x", "tf_idf")),
    "num_oov_indices": among(0, 1, 2, odd=(-1,)),
    "pad_to_max_tokens": flag,
}
ENTRIES["StringLookup"] = Entry(
    required={"": _vocabulary(tuple("abcde"))},
    optional={**_LOOKUP, "mask_token": among("")},
    inputs=columns("string"),
    when=_plain,
)
ENTRIES["IntegerLookup"] = Entry(
    required={"": _vocabulary((5, 6, 7, 8))},
    optional={**_LOOKUP, "mask_token": among(0)},
    inputs=columns("int64"),
    when=_plain,
)


def _texts(random: Random) -> list[Spec]:
    batch = random.choice((None, 2))
    return [Spec(random.choice(((batch,), (batch,), (batch, 1), (batch, 3))), "string")]


def _words(random: Random) -> dict[str, Any]:
    return _vocabulary(tuple("abcde"))(random)


ENTRIES["TextVectorization"] = Entry(
    required={"": _words},
    optional={
        "output_mode": among("int", "int", "multi_hot", "count", "binary", odd=("x", "tf_idf")),
        "output_sequence_length": size(1, 9, odd=("3",)),
        "standardize": among("lower_and_strip_punctuation", "lower", None, odd=("y",)),
        "split": among("whitespace", "character", odd=("y",)),
        "pad_to_max_tokens": flag,
    },
    inputs=_texts,
    when=_plain,
)

# --- numbers ------------------------------------------------------------------------------------------------------


def _means(random: Random) -> dict[str, Any]:
    if random.random() < 0.7:
        return {}
    mean = random.choice((1.0, [1.0, 2.0], [1.0, 2.0, 3.0]))
    return {"mean": mean, "variance": mean} if random.random() < 0.95 else {"mean": mean}


ENTRIES["Normalization"] = Entry(
    required={"": _means},
    optional={"axis": among(-1, 1, (1,), [-1], odd=(0, 5))},
    inputs=tensor(2, 3, 4, low=2, high=3, dtypes=among("float32", "float32", "int32", "uint8")),
)
ENTRIES["Rescaling"] = Entry(
    required={"scale": among(0.5, 2, 1 / 255)},
    optional={"offset": among(-1, 0.0)},
    inputs=tensor(1, 2, 4, dtypes=among("float32", "uint8", "int32", "float16")),
)


def _signals(random: Random) -> list[Spec]:
    return [Spec((random.choice((None, 2)), random.choice((None, *(random.randint(600, 4000) for _ in range(6))))))]


ENTRIES["MelSpectrogram"] = Entry(
    optional={
        "num_mel_bins": size(2, 9, odd=()),
        "sequence_stride": size(20, 200, odd=()),
        "fft_length": among(128, 256),
        "sequence_length": among(100, odd=(3000,)),
    },
    inputs=_signals,
    generations=(3,),
)


def _waves(random: Random) -> list[Spec]:
    return [
        Spec((random.choice((None, 2)), random.choice((None, 20, *(random.randint(100, 400) for _ in range(9)))), 2))
    ]


ENTRIES["STFTSpectrogram"] = Entry(
    required={"window": among(None), "frame_length": among(16, 32, 50, 64)},  # named windows need scipy
    optional={
        "frame_step": among(8, 10, 16, odd=(0, -1, 70)),
        "fft_length": among(64, 128, odd=(8,)),
        "mode": among("log", "magnitude", "psd", "real", "imag", "angle", "stft", odd=("x",)),
        "padding": among("same", "valid", odd=("full",)),
        "expand_dims": flag,
        "trainable": flag,
    },
    inputs=_waves,
    generations=(3,),
)

# --- images -------------------------------------------------------------------------------------------------------


def image(random: Random) -> list[Spec]:
    """A batch of images, now and then a single one or none at all."""
    rank = random.choice((4,) * 9 + (3, 3, 2, 5))
    sizes = list(shape(random, rank, 3, 9))
    sizes[-1] = random.choice((3, 3, 3, 1))
    if rank == 3:
        sizes[0] = random.randint(3, 9)
    return [Spec(tuple(sizes), random.choice(("float32", "float32", "float32", "uint8", "float16", "int32")))]


_FACTOR: dict[str, Draw] = {"factor": fraction(0.0, 0.9, odd=())}
_BOTH: dict[str, dict[str, Draw]] = {
    "RandomBrightness": _FACTOR,
    "RandomContrast": _FACTOR,
    "RandomFlip": {},
    "RandomRotation": _FACTOR,
    "RandomTranslation": {"height_factor": fraction(0, 0.9, odd=()), "width_factor": fraction(0, 0.9, odd=())},
    "RandomZoom": {"height_factor": fraction(0, 0.9, odd=())},
}
for _name, _required in _BOTH.items():
    ENTRIES[_name] = Entry(required=_required, optional={"seed": size(0, 9, odd=())}, inputs=image)
for _name in ("CenterCrop", "RandomCrop", "Resizing"):
    ENTRIES[_name] = Entry(
        required={"height": size(1, 9, odd=()), "width": size(1, 9, odd=())},
        inputs=image,
    )
for _name in ("RandomHeight", "RandomWidth"):
    ENTRIES[_name] = Entry(required=_FACTOR, inputs=image, generations=(2,))
_KERAS3: dict[str, dict[str, Draw]] = {
    "AugMix": {},
    "AutoContrast": {},
    "CutMix": {},
    "Equalization": {},
    "MixUp": {},
    "RandAugment": {},
    "RandomColorDegeneration": _FACTOR,
    "RandomColorJitter": {},
    "RandomElasticTransform": {},
    "RandomErasing": {},
    "RandomGaussianBlur": {},
    "RandomGrayscale": {},
    "RandomHue": _FACTOR,
    "RandomInvert": {},
    "RandomPerspective": {},
    "RandomPosterization": {"factor": size(1, 8, odd=())},
    "RandomSaturation": _FACTOR,
    "RandomSharpness": _FACTOR,
    "RandomShear": {},
    "Solarization": {},
    "ContrastLimitedAdaptiveHistogramEqualization": {},
    "MaxNumBoundingBoxes": {"max_number": size(1, 9, odd=())},
}
for _name, _required in _KERAS3.items():
    ENTRIES[_name] = Entry(required=_required, inputs=image, generations=(3,))


def _layers(random: Random) -> list[Nested]:
    made = {"RandomFlip": {}, "Rescaling": {"scale": 0.5}, "Resizing": {"height": 4, "width": 5}, "RandomInvert": {}}
    return [Nested(name, made[name]) for name in random.choices(sorted(made), k=random.randint(1, 3))]


ENTRIES["Pipeline"] = Entry(
    required={"layers": _layers},
    inputs=lambda random: [Spec((None, 8, 8, 3))],
    generations=(3,),
    when=_plain,
)
