"""The dotted name under a cursor, and the attribute that is being written at it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

from keras_lsp.syntax.cursor import (
    NOT_CALLEES,
    compacted,
    expression_before,
    name_touching,
    token_before,
    window_around,
)
from keras_lsp.text.tokens import tokenise


@dataclass(frozen=True, slots=True)
class NameContext:
    """A dotted name up to the part that touches the cursor.

    `text` has no white space (`tf.keras.layers` when the cursor is in `layers`); `part_start` to `end` is that part;
    `prefix` is what of it stands before the cursor. `rooted` is False when something else than a name precedes the first dot,
    as in `f(x).shape`; then `text` starts with a dot and `base_start` is where that expression starts.
    """

    text: str
    start: int
    end: int
    part_start: int
    prefix: str
    rooted: bool = True
    base_start: int = 0


@dataclass(frozen=True, slots=True)
class AttributeContext:
    """An attribute being written: `base` is the text before its dot, without white space, at `base_start` to `base_end`."""

    base: str
    dotted: bool
    base_start: int
    base_end: int
    start: int
    end: int
    prefix: str


def name_at(text: str, offset: int) -> NameContext | None:
    """The dotted name under the cursor or ending at it, up to the part that the cursor touches; None elsewhere.

    Keywords are names here; a word inside a string or a comment is not.
    """
    text, base = window_around(text, offset)
    offset -= base
    tokens = tokenise(text)
    index = name_touching(tokens, offset)
    if index < 0:
        return None
    part = tokens[index]
    first = index
    rooted = True
    base_start = -1
    while True:
        dot = token_before(tokens, first, 0)
        if dot < 0 or text[tokens[dot].start : tokens[dot].end] != ".":
            break
        before = token_before(tokens, dot, 0)
        if (
            before >= 0
            and tokens[before].kind == "name"
            and text[tokens[before].start : tokens[before].end] not in NOT_CALLEES
        ):
            first = before
            continue
        first = dot
        rooted = False
        start = expression_before(text, tokens, dot, 0)
        base_start = tokens[start].start
        break
    name, _ = compacted(text, tokens[first : index + 1])
    start = tokens[first].start
    return NameContext(
        text=name,
        start=start + base,
        end=part.end + base,
        part_start=part.start + base,
        prefix=text[part.start : offset],
        rooted=rooted,
        base_start=(base_start if base_start >= 0 else start) + base,
    )


def attribute_at(text: str, offset: int) -> AttributeContext | None:
    """The attribute being written at the cursor, `tf.keras.layers.De|` or `model.|`; None where no dot precedes it."""
    text, base = window_around(text, offset)
    context = _attribute_at(text, offset - base)
    if context is None or not base:
        return context
    return replace(
        context,
        base_start=context.base_start + base,
        base_end=context.base_end + base,
        start=context.start + base,
        end=context.end + base,
    )


def _attribute_at(text: str, offset: int) -> AttributeContext | None:
    tokens = tokenise(text)
    touching = name_touching(tokens, offset)
    if touching >= 0:
        name = tokens[touching]
        dot = token_before(tokens, touching, 0)
        start, end = name.start, name.end
    else:
        dot = bisect_right(tokens, offset - 1, key=lambda token: token.start) - 1
        while dot >= 0 and tokens[dot].kind == "continuation":
            dot -= 1
        start = end = offset
    if dot < 0 or text[tokens[dot].start : tokens[dot].end] != "." or tokens[dot].end > offset:
        return None
    first = expression_before(text, tokens, dot, 0)
    if first == dot:
        return None
    compact, dotted = compacted(text, tokens[first:dot])
    base_end = tokens[token_before(tokens, dot, first)].end
    return AttributeContext(compact, dotted, tokens[first].start, base_end, start, end, text[start:offset])
