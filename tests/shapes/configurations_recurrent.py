"""How to draw recurrent, merging, attention and wrapping layers: inputs and arguments that mostly fit together."""

from __future__ import annotations

from collections.abc import Mapping
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
    axis_size,
    flag,
    fraction,
    per_axis,
    shape,
    size,
)

# --- recurrent ----------------------------------------------------------------------------------------------------

_UNITS = size(1, 6, odd=(0, -1, 2.5, "8", None))


def _real(random: Random) -> str:
    return random.choice(("float32",) * 15 + ("float16", "float64", "int32"))


def sequence(*after: Draw) -> Draw:
    """One input (batch, steps, ...) with these sizes of further axes; now and then of another rank."""

    def draw(random: Random) -> list[Spec]:
        sizes = [*shape(random, 2, 1, 5), *(each(random) for each in after)]
        if random.random() < 0.05:
            sizes = random.choice((sizes[:-1], [*sizes, 2]))
        return [Spec(tuple(sizes), _real(random))]

    return draw


def _features(random: Random) -> int | None:
    return None if random.random() < 0.04 else random.randint(1, 6)


def _askable(question: Question) -> bool:
    """Keras 3 cannot create the states of a stateful layer without allocating them, as the worker does not."""
    return not question.arguments.get("stateful") or question.inputs[0].shape[0] is None


_RETURNED: dict[str, Draw] = {
    "return_sequences": flag,
    "return_state": flag,
    "go_backwards": flag,
    "stateful": among(False, False, True),
    "trainable": flag,
}
_CELL: dict[str, Draw] = {"use_bias": flag, "dropout": fraction(), "recurrent_dropout": among(0.0, 0.2)}
for _name in ("SimpleRNN", "GRU", "LSTM"):
    ENTRIES[_name] = Entry(
        required={"units": _UNITS},
        optional={
            **_RETURNED,
            **_CELL,
            "unroll": among(False, True),
            **({"reset_after": flag} if _name == "GRU" else {}),
        },
        inputs=sequence(_features),
        when=_askable,
    )


def cell(random: Random) -> Nested:
    """A cell of some kind and size."""
    kind = random.choice(("LSTMCell", "GRUCell", "SimpleRNNCell"))
    arguments: dict[str, Any] = {"units": random.randint(1, 5), "use_bias": flag(random)}
    if kind == "GRUCell" and flag(random):
        arguments["reset_after"] = flag(random)
    return Nested(kind, arguments)


def _cells(random: Random) -> Any:
    if random.random() < 0.5:
        return cell(random)
    cells = [cell(random) for _ in range(random.randint(1, 3))]
    return cells if flag(random) else Nested("StackedRNNCells", {"cells": cells})


def _with_states(question: Question) -> bool:
    """Give a cell the states it keeps, in the batch of its input."""
    random = Random(str(question))
    batch = question.inputs[0].shape[0]

    def states(arguments: Mapping[str, Any], kind: str) -> Any:
        if kind == "StackedRNNCells":
            return [states(each.arguments, each.layer) for each in arguments["cells"]]
        found = [Spec((batch, arguments["units"])) for _ in range(2 if kind == "LSTMCell" else 1)]
        return found if kind == "LSTMCell" or random.random() < 0.7 else found[0]

    question.call["states"] = states(question.arguments, question.layer)
    return True


def _cell_input(random: Random) -> list[Spec]:
    return [Spec((random.choice((None, None, 2)), random.randint(1, 6)))]


for _name in ("SimpleRNNCell", "GRUCell", "LSTMCell"):
    ENTRIES[_name] = Entry(
        required={"units": size(1, 6, odd=())},
        optional={
            "use_bias": flag,
            "activation": among("relu", "tanh"),
            "trainable": flag,
            **({"reset_after": flag} if _name == "GRUCell" else {}),
        },
        inputs=_cell_input,
        when=_with_states,
    )
ENTRIES["StackedRNNCells"] = Entry(
    required={"cells": lambda random: [cell(random) for _ in range(random.randint(1, 3))]},
    inputs=_cell_input,
    when=_with_states,
)
ENTRIES["RNN"] = Entry(required={"cell": _cells}, optional=_RETURNED, inputs=sequence(_features), when=_askable)


def _image_size(random: Random) -> int | None:
    return None if random.random() < 0.07 else random.randint(2, 7)


for _rank in (1, 2, 3):
    ENTRIES[f"ConvLSTM{_rank}D"] = Entry(
        required={"filters": size(1, 4, odd=()), "kernel_size": per_axis(_rank, size(1, 3, odd=()), odd=(0, -1, "3"))},
        optional={
            **_RETURNED,
            "strides": per_axis(_rank, size(1, 2, odd=())),
            "padding": among("valid", "same", "SAME", odd=("causal", "full")),
            "dilation_rate": per_axis(_rank, among(1, 1, 2)),
            "data_format": among("channels_last", odd=("channels_middle",)),
            "use_bias": flag,
        },
        inputs=sequence(*[_image_size] * _rank, _features),
        when=_askable,
    )

# --- merging ------------------------------------------------------------------------------------------------------


def together(low: int = 2, high: int = 4, ranks: tuple[int, ...] = (2, 3, 4)) -> Draw:
    """Several inputs that mostly have the same shape."""

    def draw(random: Random) -> list[Spec]:
        first = list(shape(random, random.choice(ranks), 1, 5))
        kind = random.choice(("float32",) * 12 + ("float16", "float64", "int32"))
        found: list[Spec] = []
        for _ in range(random.randint(low, high)):
            sizes = list(first)
            if random.random() < 0.3:
                sizes[random.randrange(len(sizes))] = random.choice((None, 1, 2, 3))
            if random.random() < 0.1:
                sizes = random.choice(([*sizes, 3], sizes[:-1], [sizes[0], *sizes[2:]]))
            found.append(Spec(tuple(sizes), kind))
        return found

    return draw


for _name in ("Add", "Multiply", "Average", "Maximum", "Minimum"):
    ENTRIES[_name] = Entry(inputs=together())
ENTRIES["Subtract"] = Entry(inputs=together(2, 3))
ENTRIES["Concatenate"] = Entry(optional={"axis": among(-1, 1, 2, -2, odd=(0, 5, -5))}, inputs=together())
ENTRIES["Dot"] = Entry(
    required={"axes": among(1, -1, (1, 1), (2, 1), [-1, -1], (1, 2), odd=(0, 5, (1,), (1, 2, 3), "1", None))},
    optional={"normalize": flag},
    inputs=together(2, 2),
    when=lambda question: all(spec.dtype != "int32" for spec in question.inputs),
)

# --- attention ----------------------------------------------------------------------------------------------------


def _queries(random: Random, name: str) -> dict[str, Any]:
    """Query, value and perhaps key with fitting shapes, as `inputs` and keyword arguments."""
    batch = random.choice((None, None, 2))
    rank = random.choice((3, 3, 3, 3, 4, 2)) if name == "MultiHeadAttention" else 3
    length = [axis_size(random, 1, 5) for _ in range(rank - 2)]
    query = (batch, *length, random.randint(1, 6))
    other = [axis_size(random, 1, 5) for _ in range(rank - 2)]
    features = query[-1] if name != "MultiHeadAttention" and random.random() < 0.9 else random.randint(1, 6)
    value = (batch, *other, features)
    found: dict[str, Any] = {"query": query, "value": value}
    if random.random() < 0.4:
        if other and random.random() < 0.1:
            other[0] = axis_size(random, 1, 5)
        found["key"] = (batch, *other, random.randint(1, 6))
    return found


def _attended(name: str) -> Entry:
    # `call` and `inputs` are drawn one after the other; the shapes of a question are kept between the two.
    drawn: dict[str, Any] = {}

    def inputs(random: Random) -> list[Spec]:
        return [Spec(drawn["query"])]

    def value(random: Random) -> Spec:
        return Spec(drawn["value"])

    def arguments(random: Random) -> dict[str, Any]:
        drawn.clear()
        drawn.update(_queries(random, name))
        if name == "GroupQueryAttention":
            groups = random.randint(1, 3)
            return {
                "head_dim": random.randint(1, 4),
                "num_query_heads": groups * random.randint(1, 3) if random.random() < 0.95 else 5,
                "num_key_value_heads": groups,
            }
        return {"num_heads": size(1, 3)(random), "key_dim": size(1, 4, odd=(-1, 2.0))(random)}

    def when(question: Question) -> bool:
        question.call["value"] = value(Random(0))
        if "key" in drawn:
            question.call["key"] = Spec(drawn["key"])
        return True

    optional: dict[str, Draw] = {"use_bias": flag, "dropout": among(0.0, 0.1), "trainable": flag}
    if name == "MultiHeadAttention":
        optional |= {"value_dim": size(1, 4, odd=()), "output_shape": among(4, (3,), [5], (2, 3))}
    return Entry(
        required={"": arguments},
        optional=optional,
        inputs=inputs,
        call={"return_attention_scores": flag},
        generations=(2, 3) if name == "MultiHeadAttention" else (3,),
        when=when,
    )


for _name in ("MultiHeadAttention", "GroupQueryAttention"):
    ENTRIES[_name] = _attended(_name)


def _query_and_value(random: Random) -> list[Spec]:
    batch = random.choice((None, None, 2))
    features = axis_size(random, 1, 5)
    steps = axis_size(random, 1, 5)
    query = (batch, axis_size(random, 1, 5), features if random.random() < 0.93 else 7)
    found = [Spec(query), Spec((batch, steps, features))]
    if random.random() < 0.3:
        found.append(Spec((batch, steps if random.random() < 0.9 else 6, features)))
    return found


ENTRIES["Attention"] = Entry(
    optional={"use_scale": flag, "score_mode": among("dot", "concat", odd=("x",)), "dropout": among(0.0, 0.1)},
    inputs=_query_and_value,
    call={"return_attention_scores": flag},
)
ENTRIES["AdditiveAttention"] = Entry(
    optional={"use_scale": flag, "dropout": among(0.0, 0.1), "trainable": flag},
    inputs=_query_and_value,
    call={"return_attention_scores": flag},
)

# --- wrappers -----------------------------------------------------------------------------------------------------


def recurrent(random: Random, **fixed: Any) -> Nested:
    """A recurrent layer for sequences of vectors."""
    name = random.choice(("LSTM", "GRU", "SimpleRNN", "RNN"))
    arguments: dict[str, Any] = {"cell": _cells(random)} if name == "RNN" else {"units": random.randint(1, 5)}
    for key in ("return_sequences", "return_state"):
        if random.random() < 0.35:
            arguments[key] = True
    if random.random() < 0.04:
        arguments["go_backwards"] = True
    if random.random() < 0.04:
        arguments["trainable"] = False
    return Nested(name, {**arguments, **fixed})


def _both_ways(random: Random) -> dict[str, Any]:
    forward = recurrent(random)
    arguments: dict[str, Any] = {"layer": forward}
    if random.random() < 0.15:
        same = {
            key: bool(forward.arguments.get(key, False)) if random.random() < 0.96 else flag(random)
            for key in ("return_sequences", "return_state")
        }
        arguments["backward_layer"] = recurrent(random, go_backwards=random.random() < 0.9, **same)
    return arguments


ENTRIES["Bidirectional"] = Entry(
    required={"": _both_ways},
    optional={"merge_mode": among("concat", "sum", "mul", "ave", None, odd=("max",))},
    inputs=sequence(_features),
)


def _stepwise(random: Random, depth: int = 0) -> tuple[Nested, int]:
    """A layer that can be applied to every step, and the rank of a step without its batch."""
    choices: list[tuple[Nested, int]] = [
        (Nested("Dense", {"units": random.randint(1, 5)}), random.randint(1, 3)),
        (Nested("Conv2D", {"filters": random.randint(1, 4), "kernel_size": random.randint(1, 3)}), 3),
        (Nested("Conv1D", {"filters": random.randint(1, 4), "kernel_size": random.randint(1, 3)}), 2),
        (Nested("MaxPooling2D", {}), 3),
        (Nested("LSTM", {"units": 3, "return_sequences": flag(random)}), 2),
        (Nested("Bidirectional", {"layer": Nested("GRU", {"units": 2, "return_sequences": flag(random)})}), 2),
        (Nested("Flatten", {}), random.randint(1, 3)),
        (Nested("Dropout", {"rate": 0.3}), random.randint(1, 2)),
        (Nested("BatchNormalization", {}), random.randint(1, 3)),
        (Nested("Activation", {"activation": "relu"}), random.randint(1, 2)),
    ]
    layer, rank = random.choice(choices)
    if depth < 1 and random.random() < 0.15:
        inner, inner_rank = _stepwise(random, depth + 1)
        return Nested("TimeDistributed", {"layer": inner}), inner_rank + 1
    return layer, rank


def _distributed() -> Entry:
    drawn: list[int] = []

    def arguments(random: Random) -> dict[str, Any]:
        layer, rank = _stepwise(random)
        drawn[:] = [rank]
        return {"layer": layer}

    def inputs(random: Random) -> list[Spec]:
        rank = drawn[0] + 2 if random.random() < 0.95 else drawn[0] + 1
        return [Spec(shape(random, rank, 2, 6))]

    return Entry(required={"": arguments}, optional={"trainable": flag}, inputs=inputs)


ENTRIES["TimeDistributed"] = _distributed()


def _normalized() -> Entry:
    drawn: list[int] = []

    def arguments(random: Random) -> dict[str, Any]:
        layer, rank = random.choice(
            (
                (Nested("Dense", {"units": random.randint(1, 4), "use_bias": flag(random)}), 2),
                (Nested("Conv2D", {"filters": random.randint(1, 4), "kernel_size": 2}), 4),
                (Nested("Conv2DTranspose", {"filters": random.randint(1, 4), "kernel_size": 2}), 4),
                (Nested("DepthwiseConv2D", {"kernel_size": 2}), 4),
                (Nested("Flatten", {}), 3),
                (Nested("LSTM", {"units": 2}), 3),
            )
        )
        drawn[:] = [rank]
        return {"layer": layer}

    def inputs(random: Random) -> list[Spec]:
        return [Spec((random.choice((None, 2)), *(random.randint(2, 5) for _ in range(drawn[0] - 1))))]

    return Entry(
        required={"": arguments},
        optional={"power_iterations": size(1, 3, odd=(0, -1)), "trainable": flag},
        inputs=inputs,
    )


ENTRIES["SpectralNormalization"] = _normalized()
