"""Random layer configurations, valid and invalid mixed, as one table: layer -> how to draw its arguments and inputs.

To add a layer, put an `Entry` into `ENTRIES` (or into the table of a family and merge it):

    ENTRIES["Dense"] = Entry(
        required={"units": size(1, 40, odd=[0, -1, 2.5])},     # always given
        optional={"use_bias": flag},                            # each given three times in ten
        inputs=tensor(2, 3, 4),                                 # usual ranks, batch axis included; odd ones are mixed in
    )

A `Draw` is a function of a `random.Random`. `inputs` draws a list of `(shape, dtype)` pairs (the layer is called on the
tensor itself for one, on the list for several), `required[""]` draws several arguments at once as a dict. `call` draws further call arguments by name, where a `Spec` stands for
a tensor. `Nested` stands for a layer as an argument. `generations` says which Keras has the layer, `when` refuses draws
that are not meant (say, too large to trace). `draw_question(random, generation)` makes one `Question`; `python -m
tests.shapes.exam` asks as many as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

Draw = Callable[[Random], Any]
Dims = tuple  # of int | None


@dataclass(frozen=True)
class Spec:
    """A symbolic tensor as an argument of the call."""

    shape: Dims
    dtype: str = "float32"


@dataclass(frozen=True)
class Nested:
    """A layer as an argument of another one."""

    layer: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """One layer to be constructed and called."""

    layer: str
    arguments: dict[str, Any]
    inputs: list[Spec]
    call: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """How to draw one layer."""

    inputs: Draw
    required: Mapping[str, Draw] = field(default_factory=dict)
    optional: Mapping[str, Draw] = field(default_factory=dict)
    call: Mapping[str, Draw] = field(default_factory=dict)
    generations: tuple[int, ...] = (2, 3)
    when: Callable[[Question], bool] = lambda question: True


# How often a usual draw is replaced by an odd one; most configurations must stay valid to test more than refusals.
ODD = 0.04
# How often an optional argument is given.
GIVEN = 0.3


def among(*usual: Any, odd: Sequence[Any] = ()) -> Draw:
    """One of the usual values, now and then one of the odd ones."""
    return lambda random: random.choice(odd) if odd and random.random() < ODD else random.choice(usual)


def size(low: int, high: int, odd: Sequence[Any] = (0, -1)) -> Draw:
    """A whole number of a range."""
    return lambda random: random.choice(odd) if odd and random.random() < ODD else random.randint(low, high)


def fraction(low: float = 0.0, high: float = 0.99, odd: Sequence[Any] = (-0.5, 1.5, 1, 0)) -> Draw:
    """A real number of a range, two digits."""
    return lambda random: random.choice(odd) if odd and random.random() < ODD else round(random.uniform(low, high), 2)


def per_axis(count: int, each: Draw, odd: Sequence[Any] = ()) -> Draw:
    """A number for all axes or a tuple or list with one per axis; now and then one too many or too few."""

    def draw(random: Random) -> Any:
        if odd and random.random() < ODD:
            return random.choice(odd)
        if random.random() < 0.5:
            return each(random)
        length = count if random.random() > ODD else max(0, count + random.choice((-1, 1)))
        values = [each(random) for _ in range(length)]
        return tuple(values) if random.random() < 0.7 else values

    return draw


def flag(random: Random) -> bool:
    """True or False."""
    return random.random() < 0.5


def dtype(random: Random) -> str:
    """An element type of an input: mostly float32."""
    if random.random() < 0.85:
        return "float32"
    return random.choice(("float16", "float64", "int32", "int64", "uint8", "bool"))


def axis_size(random: Random, low: int = 1, high: int = 14) -> int | None:
    """A size of an axis: mostly known."""
    return None if random.random() < 0.07 else random.randint(low, high)


def shape(random: Random, rank: int, low: int = 1, high: int = 14) -> Dims:
    """Sizes of `rank` axes, the first one being the batch."""
    batch = None if random.random() < 0.8 else random.randint(1, 5)
    return () if rank == 0 else (batch, *(axis_size(random, low, high) for _ in range(rank - 1)))


def tensor(*ranks: int, dtypes: Draw = dtype, low: int = 1, high: int = 14) -> Draw:
    """One input of one of these ranks; now and then of another rank."""

    def draw(random: Random) -> list[Spec]:
        rank = random.choice(ranks)
        if random.random() < ODD:
            rank = random.randint(1, 6)
        return [Spec(shape(random, rank, low, high), dtypes(random))]

    return draw


# Options of Keras 3 only, by layer; drawn one time in ten.
KERAS3_OPTIONS: dict[str, dict[str, Draw]] = {
    "Dense": {"lora_rank": size(1, 4, odd=())},
    "EinsumDense": {"lora_rank": size(1, 4, odd=())},
    "Embedding": {"lora_rank": size(1, 4, odd=())},
    "Conv1D": {"lora_rank": size(1, 4, odd=())},
    "Conv2D": {"lora_rank": size(1, 4, odd=())},
    "Conv3D": {"lora_rank": size(1, 4, odd=())},
    "LayerNormalization": {"rms_scaling": flag},
}

POLICY = among("float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")

ENTRIES: dict[str, Entry] = {}

# --- core ---------------------------------------------------------------------------------------------------------

_UNITS = size(1, 40, odd=(0, -1, 2.5, "8", None))
ENTRIES["Dense"] = Entry(
    required={"units": _UNITS},
    optional={"use_bias": flag, "activation": among("relu", "softmax", "linear", None), "trainable": flag},
    inputs=tensor(2, 3, 4),
)
ENTRIES["Embedding"] = Entry(
    required={"input_dim": size(1, 90, odd=(0, -1, None)), "output_dim": size(1, 30, odd=(0, -1, None))},
    optional={"mask_zero": flag, "trainable": flag},
    inputs=tensor(1, 2, 3, dtypes=among("int32", "int64", "float32", "uint8")),
)
ENTRIES["ReversibleEmbedding"] = Entry(
    required={"input_dim": size(1, 90), "output_dim": size(1, 30)},
    optional={"tie_weights": flag, "mask_zero": flag},
    inputs=tensor(2, 3, dtypes=among("int32", "int64", "float32")),
    call={"reverse": flag},
    generations=(3,),
)
_EQUATIONS = among(
    ("ab,bc->ac", 1), ("abc,cd->abd", 2), ("...x,xy->...y", 1), ("abc,cde->abde", 3), ("ab...,bc->ac...", 1),
    ("abcd,cde->abe", 2), ("abc,bcd->abd", 2), odd=[("abc->ab", 1), ("ab,bc->ad", 1), ("ab,cd->ac", 1)],
)  # fmt: skip


def _einsum(random: Random) -> dict[str, Any]:
    equation, free = _EQUATIONS(random)
    known = random.random() < 0.8
    output = [None if random.random() < 0.4 else random.randint(1, 8) for _ in range(free)]
    output[-1] = random.randint(1, 8) if known else output[-1]
    return {"equation": equation, "output_shape": tuple(output) if free > 1 or random.random() < 0.5 else output[-1]}


ENTRIES["EinsumDense"] = Entry(
    inputs=tensor(2, 3, 4, high=8),
    required={"": _einsum},
    optional={"bias_axes": among("c", "d", "y", "e", "bd", "de"), "activation": among("relu", None)},
)
ENTRIES["Identity"] = Entry(inputs=tensor(1, 2, 3, 4))
ENTRIES["Masking"] = Entry(optional={"mask_value": among(0.0, -1.0)}, inputs=tensor(2, 3, 4))

# --- activation ---------------------------------------------------------------------------------------------------

_FUNCTIONS = among("relu", "softmax", "tanh", "sigmoid", "linear", "elu", "selu", "softplus", "swish", "gelu", None)
ENTRIES["Activation"] = Entry(required={"activation": _FUNCTIONS}, inputs=tensor(2, 3, 4))
ENTRIES["ReLU"] = Entry(
    optional={
        "max_value": among(6.0, None, odd=(-1.0,)),
        "negative_slope": among(0.0, 0.1, 1, odd=(-0.1, None)),
        "threshold": among(0.0, 0.5, odd=(-0.5, None)),
    },
    inputs=tensor(2, 3, 4),
)
ENTRIES["LeakyReLU"] = Entry(optional={"alpha": among(0.1, 0.2, 0, odd=(-0.1, None))}, inputs=tensor(2, 3, 4))
ENTRIES["ELU"] = Entry(optional={"alpha": among(1.0, 0.5, odd=(None,))}, inputs=tensor(2, 3, 4))
ENTRIES["ThresholdedReLU"] = Entry(
    optional={"theta": among(1.0, 0.5, odd=(None, -1.0))}, inputs=tensor(2, 3, 4), generations=(2,)
)
ENTRIES["Softmax"] = Entry(optional={"axis": among(-1, 1, -2, odd=(5, (1, 2), [1], (-1,)))}, inputs=tensor(2, 3, 4))
ENTRIES["PReLU"] = Entry(
    optional={"shared_axes": among(1, [1], (1, 2), [1, 2], [2], odd=([0], [5], [-1], []))}, inputs=tensor(2, 3, 4)
)

# --- convolution --------------------------------------------------------------------------------------------------

_KERNEL = size(1, 5, odd=(0, -1, 2.0, "3", None))
_STRIDE = size(1, 3, odd=(0, -1, None))
_ONES = among(1, 1, 2, odd=(0, -1, 3))
_DATA_FORMAT = among("channels_last", "channels_first", None, "Channels_First", odd=("nhwc", 3))


def _convolution(rank: int, *paddings: str, **more: Draw) -> dict[str, Draw]:
    return {
        "strides": per_axis(rank, _STRIDE),
        "padding": among(*paddings, odd=("causal", "full", "SAME", None)),
        "dilation_rate": per_axis(rank, _ONES),
        "data_format": _DATA_FORMAT,
        "use_bias": flag,
        "activation": among("relu", None),
        **more,
    }


_FILTERS = size(1, 12, odd=(0, -2, 2.0, None))
for _rank in (1, 2, 3):
    _low, _high = (1, 16) if _rank < 3 else (2, 10)
    ENTRIES[f"Conv{_rank}D"] = Entry(
        required={"filters": _FILTERS, "kernel_size": per_axis(_rank, _KERNEL)},
        optional=_convolution(
            _rank, "valid", "same", *(("causal",) if _rank == 1 else ()), groups=among(1, 2, 3, odd=(0, -1))
        ),
        inputs=tensor(_rank + 2, low=_low, high=_high),
    )
    ENTRIES[f"Conv{_rank}DTranspose"] = Entry(
        required={"filters": _FILTERS, "kernel_size": per_axis(_rank, _KERNEL)},
        optional=_convolution(_rank, "valid", "same", output_padding=per_axis(_rank, size(0, 2, odd=(-1, 3)))),
        inputs=tensor(_rank + 2, low=_low, high=_high),
    )
    if _rank < 3:
        ENTRIES[f"SeparableConv{_rank}D"] = Entry(
            required={"filters": _FILTERS, "kernel_size": per_axis(_rank, _KERNEL)},
            optional=_convolution(_rank, "valid", "same", "causal", depth_multiplier=size(1, 3, odd=(0, -1, None))),
            inputs=tensor(_rank + 2),
        )
        ENTRIES[f"DepthwiseConv{_rank}D"] = Entry(
            required={"kernel_size": per_axis(_rank, _KERNEL)},
            optional=_convolution(_rank, "valid", "same", depth_multiplier=size(1, 3, odd=(0, -1, None))),
            inputs=tensor(_rank + 2),
        )
        ENTRIES[f"LocallyConnected{_rank}D"] = Entry(
            required={"filters": size(1, 5), "kernel_size": per_axis(_rank, _KERNEL)},
            optional={
                "strides": per_axis(_rank, _STRIDE),
                "padding": among("valid", "valid", "same", odd=("causal", "full")),
                "data_format": _DATA_FORMAT,
                "use_bias": flag,
                "implementation": among(1, 2, 3, odd=(4,)),
            },
            inputs=tensor(_rank + 2, high=8),
            generations=(2,),
        )

# --- pooling ------------------------------------------------------------------------------------------------------

for _rank in (1, 2, 3):
    for _kind in ("Max", "Average"):
        ENTRIES[f"{_kind}Pooling{_rank}D"] = Entry(
            required={"pool_size": per_axis(_rank, size(1, 4, odd=(0, -1, None, 2.0)))},
            optional={
                "strides": per_axis(_rank, size(1, 4, odd=(0, -1, None))),
                "padding": among("valid", "same", odd=("SAME", "causal", "full")),
                "data_format": _DATA_FORMAT,
            },
            inputs=tensor(_rank + 2),
        )
        ENTRIES[f"Global{_kind}Pooling{_rank}D"] = Entry(
            optional={"data_format": _DATA_FORMAT, "keepdims": flag}, inputs=tensor(_rank + 2)
        )
        ENTRIES[f"Adaptive{_kind}Pooling{_rank}D"] = Entry(
            required={"output_size": per_axis(_rank, size(1, 6, odd=(0, -1, None, "4")))},
            optional={"data_format": _DATA_FORMAT},
            inputs=tensor(_rank + 2),
            generations=(3,),
        )

# --- reshaping ----------------------------------------------------------------------------------------------------


def _reshape_inputs(random: Random) -> list[Spec]:
    return [Spec(shape(random, random.choice((2, 3, 4)), 1, 6), dtype(random))]


def _with_target(question: Question) -> bool:
    """Give most Reshape questions a target that fits, derived from the input."""
    sizes = [dim for dim in question.inputs[0].shape[1:] if dim is not None]
    total = 1
    for dim in sizes:
        total *= dim
    target = question.arguments["target_shape"]
    if isinstance(target, str):
        kind = len(sizes) % 3
        fitting: list[int] = [(total,), (1, total), (*reversed(sizes),)][kind]
        question.arguments["target_shape"] = (-1, *fitting[1:]) if target == "open" else tuple(fitting)
    return True


ENTRIES["Flatten"] = Entry(optional={"data_format": _DATA_FORMAT}, inputs=tensor(1, 2, 3, 4, 5))
ENTRIES["Reshape"] = Entry(
    required={
        "target_shape": among(
            "fit", "open", "fit", "open", (-1,), [-1, 1], (2, -1), (1, 1, -1), (2, 3), (), (4,),
            odd=((-1, -1), (-2, 3), (0, -1), (None, 2), 6, (2, 0)),
        )
    },
    inputs=_reshape_inputs,
    when=_with_target,
)  # fmt: skip
ENTRIES["Permute"] = Entry(
    required={
        "dims": among(
            (1,), (2, 1), [2, 1], (1, 2), (3, 1, 2), (1, 3, 2), (2, 1, 3), odd=((0, 1), (1, 1), (2, 3), (1, 2, 4), 1)
        )
    },
    inputs=tensor(2, 3, 3, 4),
)  # fmt: skip
ENTRIES["RepeatVector"] = Entry(required={"n": size(1, 9, odd=(0, -1, 2.0, None))}, inputs=tensor(2))
_MARGIN = size(0, 3, odd=(-1, 6))


def _margins(rank: int) -> Draw:
    """An int, a number per axis (one axis: before and after), or a pair per axis."""
    numbers = per_axis(max(rank, 2), _MARGIN, odd=("1", None, 1.5))

    def draw(random: Random) -> Any:
        if random.random() < 0.5:
            return numbers(random)
        pairs = tuple((_MARGIN(random), _MARGIN(random)) for _ in range(rank))
        return pairs if rank > 1 else pairs[0]

    return draw


for _rank in (1, 2, 3):
    _formats: dict[str, Draw] = {"data_format": _DATA_FORMAT} if _rank > 1 else {}
    ENTRIES[f"Cropping{_rank}D"] = Entry(
        required={"cropping": _margins(_rank)}, optional=_formats, inputs=tensor(_rank + 2, low=3)
    )
    ENTRIES[f"ZeroPadding{_rank}D"] = Entry(
        required={"padding": _margins(_rank)}, optional=_formats, inputs=tensor(_rank + 2)
    )
    ENTRIES[f"UpSampling{_rank}D"] = Entry(
        required={
            "size": per_axis(_rank, size(1, 3, odd=(0, -1, None))) if _rank > 1 else size(1, 4, odd=(0, -1, 2.0))
        },
        optional={
            **_formats,
            **({"interpolation": among("nearest", "bilinear", "bicubic", odd=("foo",))} if _rank == 2 else {}),
        },
        inputs=tensor(_rank + 2, high=8),
    )

# --- regularization -----------------------------------------------------------------------------------------------

_RATE = fraction()
for _name in ("Dropout", "AlphaDropout", "GaussianDropout"):
    ENTRIES[_name] = Entry(required={"rate": _RATE}, optional={"seed": size(0, 9)}, inputs=tensor(1, 2, 3, 4))
ENTRIES["GaussianNoise"] = Entry(required={"stddev": _RATE}, inputs=tensor(1, 2, 3, 4))
ENTRIES["ActivityRegularization"] = Entry(optional={"l1": _RATE, "l2": _RATE}, inputs=tensor(2, 3))
for _rank in (1, 2, 3):
    ENTRIES[f"SpatialDropout{_rank}D"] = Entry(
        required={"rate": _RATE},
        optional={"data_format": _DATA_FORMAT} if _rank > 1 else {},
        inputs=tensor(_rank + 2),
    )

# --- normalization ------------------------------------------------------------------------------------------------

_AXIS = among(-1, -1, 1, 2, odd=(0, 5, -5, None, "1", (1,), [1, 2], 1.0))
_GAMMA_BETA: dict[str, Draw] = {"center": flag, "scale": flag, "trainable": flag}
ENTRIES["BatchNormalization"] = Entry(
    optional={"axis": _AXIS, **_GAMMA_BETA, "momentum": fraction(), "epsilon": among(1e-3), "renorm": flag},
    inputs=tensor(2, 3, 4, 5),
)
ENTRIES["LayerNormalization"] = Entry(
    optional={"axis": among(-1, 1, -2, (1, 2), [-1, -2], [2, 1], odd=(5, (1, 1), "1", None, 0)), **_GAMMA_BETA},
    inputs=tensor(2, 3, 4),
)
ENTRIES["GroupNormalization"] = Entry(
    required={"groups": size(1, 4, odd=(0, -1, -2, None, 2.0))},
    optional={"axis": among(-1, 1, 2, odd=(0, 5)), **_GAMMA_BETA},
    inputs=tensor(2, 3, 4),
)
ENTRIES["UnitNormalization"] = Entry(
    optional={"axis": among(-1, 1, -2, (1, 2), odd=(5, None, 0))}, inputs=tensor(2, 3, 4)
)
ENTRIES["RMSNormalization"] = Entry(
    optional={"axis": among(-1, 1, (1, 2), [2, 1], odd=(5, None, 0))}, inputs=tensor(2, 3, 4), generations=(3,)
)


def draw_question(random: Random, generation: int, layer: str | None = None) -> Question:
    """One question about `layer`, or about any layer of the table that the generation has."""
    names = [name for name, entry in ENTRIES.items() if generation in entry.generations]
    while True:
        name = layer or random.choice(names)
        entry = ENTRIES[name]
        arguments = {key: draw(random) for key, draw in entry.required.items() if key}
        if "" in entry.required:  # several arguments that depend on each other
            arguments |= entry.required[""](random)
        for key, draw in entry.optional.items():
            if random.random() < GIVEN:
                arguments[key] = draw(random)
        for key, draw in KERAS3_OPTIONS.get(name, {}).items() if generation == 3 else ():
            if random.random() < 0.1:
                arguments[key] = draw(random)
        if random.random() < 0.06:
            arguments["dtype"] = POLICY(random)
        call = {key: draw(random) for key, draw in entry.call.items() if random.random() < GIVEN}
        question = Question(name, arguments, entry.inputs(random), call)
        if entry.when(question):
            return question
