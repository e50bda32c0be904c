"""Does real Keras agree with what was inferred? A pure comparison, for `check --verify` and confirmed findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from .questions import Answer, Json, leaves

Shape = tuple["int | None", ...]


@dataclass(frozen=True)
class Claim:
    """What was inferred about one call. None means that nothing is claimed about it.

    `outputs` are the shapes of all tensors of the output in order; a dim that is a string is a named expression, which
    is compared with nothing. `fails` True claims an exception, False claims that there is none.
    """

    outputs: Sequence[Sequence[int | str | None] | None] | None = None
    dtypes: Sequence[str | None] | None = None
    params: int | None = None
    trainable: int | None = None
    fails: bool | None = None


@dataclass(frozen=True)
class Verdict:
    """The result of a comparison; `text` says what differs, or why nothing can be said."""

    kind: Literal["agree", "disagree", "undecided"]
    text: str = ""


def show(shape: Sequence[int | str | None] | None) -> str:
    """Return a shape as Keras prints it."""
    if shape is None:
        return "unknown rank"
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def compare(claim: Claim, answer: Answer) -> Verdict:
    """Compare a claim with Keras's answer."""
    if answer.unknown is not None:
        return Verdict("undecided", answer.unknown)
    if answer.error is not None:
        raised = f"{answer.error.type}: {answer.error.message}"
        if claim.fails:
            return Verdict("agree", raised)
        if claim.fails is None and claim.outputs is None and claim.params is None:
            return Verdict("undecided", "nothing was claimed")
        return Verdict("disagree", f"expected no error, Keras raises {raised}")
    if claim.fails:
        shapes = ", ".join(show(shape) for shape in answer.shapes)
        return Verdict("disagree", f"expected an error, Keras accepts it and gives {shapes or 'no tensor'}")
    differences = [*_differing_outputs(claim, answer), *_differing_counts(claim, answer)]
    if differences:
        return Verdict("disagree", "; ".join(differences))
    compared = (
        (claim.fails is False)
        or (claim.outputs is not None)
        or (claim.params is not None and answer.params is not None)
    )
    return Verdict("agree") if compared else Verdict("undecided", "nothing was claimed")


def _differing_outputs(claim: Claim, answer: Answer) -> list[str]:
    if claim.outputs is None:
        return []
    if answer.output is None:
        return []  # only constructed: Keras has no output to compare with
    got = list(answer.shapes)
    if len(got) != len(claim.outputs):
        return [f"expected {_count(len(claim.outputs))}, Keras gives {_count(len(got))}"]
    texts: list[str] = []
    for position, (mine, real) in enumerate(zip(claim.outputs, got, strict=True)):
        place = f" of output {position}" if len(got) > 1 else ""
        if mine is not None and not _same(mine, real):
            texts.append(f"shape{place}: expected {show(mine)}, Keras gives {show(real)}")
    if claim.dtypes is not None:
        for position, (mine, real) in enumerate(zip(claim.dtypes, answer.dtypes, strict=False)):
            place = f" of output {position}" if len(got) > 1 else ""
            if mine is not None and mine != real:
                texts.append(f"dtype{place}: expected {mine}, Keras gives {real}")
    return texts


def _count(number: int) -> str:
    return f"{number} output{'' if number == 1 else 's'}"


def _same(mine: Sequence[int | str | None], real: Shape | None) -> bool:
    if real is None or len(mine) != len(real):
        return False
    return all(isinstance(dim, str) or dim == other for dim, other in zip(mine, real, strict=True))


def _differing_counts(claim: Claim, answer: Answer) -> list[str]:
    pairs = (("parameters", claim.params, answer.params), ("trainable", claim.trainable, answer.trainable))
    return [
        f"{what}: expected {mine:,}, Keras has {real:,}"
        for what, mine, real in pairs
        if mine is not None and real is not None and mine != real
    ]


def output_shapes(structure: Json) -> list[Shape | None]:
    """Return the shapes of a structure of answers, in order."""
    return [
        None if leaf["shape"] is None else tuple(cast("list[int | None]", leaf["shape"])) for leaf in leaves(structure)
    ]
