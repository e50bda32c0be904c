"""Walks over the tokens around a cursor: brackets, the expression before, the part of a long text that is read."""

from __future__ import annotations

import keyword
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from keras_lsp.text.tokens import MAX_TOKENS_TEXT, LogicalLine, Token


@dataclass(slots=True)
class Bracket:
    """A bracket and what it encloses, by tokens."""

    character: str
    open: int
    index: int
    """Index of the bracket's token."""
    close: int | None = None
    commas: list[int] = field(default_factory=list[int])
    """Indices of the comma tokens at this level."""
    last: int = 0
    """Index of the token after the content."""


def brackets_of(text: str, tokens: Sequence[Token], line: LogicalLine) -> list[Bracket]:
    """All brackets of a logical line, in the order in which they open."""
    found: list[Bracket] = []
    stack: list[Bracket] = []
    for index in range(line.first, line.last):
        token = tokens[index]
        if token.kind != "op" or token.end - token.start != 1:
            continue
        character = text[token.start]
        if character in "([{":
            bracket = Bracket(character, token.start, index, last=line.last)
            found.append(bracket)
            stack.append(bracket)
        elif character == "," and stack:
            stack[-1].commas.append(index)
        elif character in ")]}":
            opener = {")": "(", "]": "[", "}": "{"}[character]
            for depth in range(len(stack) - 1, -1, -1):
                if stack[depth].character == opener:
                    for bracket in stack[depth:]:  # those between were never closed: they end here too
                        bracket.last = index
                        bracket.close = token.start
                    del stack[depth:]
                    break
    return found


NOT_CALLEES = frozenset(keyword.kwlist) - {"None", "True", "False"}


def expression_before(text: str, tokens: Sequence[Token], index: int, first: int) -> int:
    """Index of the token at which the primary expression that ends before token `index` starts; `index` if there is none."""
    start = index
    position = index - 1
    while position >= first:
        token = tokens[position]
        if token.kind in ("newline", "comment", "continuation"):
            position -= 1
            continue
        if token.kind in ("name", "string", "number"):
            if token.kind == "name" and text[token.start : token.end] in NOT_CALLEES:
                break
            start = position
            before = token_before(tokens, position, first)
            if before >= first and text[tokens[before].start : tokens[before].end] == ".":
                start = before
                position = before - 1
                continue
            break
        if token.kind == "op" and text[token.start : token.end] in (")", "]", "}"):
            opened = _matching(text, tokens, position, first)
            if opened < 0:
                break
            start = opened
            if text[tokens[opened].start] == "{":
                break
            before = token_before(tokens, opened, first)
            # `f(x)`, `a[0]`: what stands before the bracket belongs to it; `(x)` after an operator or keyword stands alone.
            if before < first or not _primary_end(text, tokens[before]):
                break
            position = opened - 1
            continue
        break
    return start


def _primary_end(text: str, token: Token) -> bool:
    word = text[token.start : token.end]
    if token.kind == "name":
        return word not in NOT_CALLEES
    return token.kind == "string" or word in (")", "]", "}")


def token_before(tokens: Sequence[Token], index: int, first: int) -> int:
    """Index of the token before token `index`, line breaks and comments apart; below `first` if there is none."""
    index -= 1
    while index >= first and tokens[index].kind in ("newline", "comment", "continuation"):
        index -= 1
    return index


def _matching(text: str, tokens: Sequence[Token], index: int, first: int) -> int:
    """Index of the bracket that token `index` closes; -1 if there is none."""
    depth = 0
    for position in range(index, first - 1, -1):
        token = tokens[position]
        if token.kind == "op" and token.end - token.start == 1:
            character = text[token.start]
            if character in ")]}":
                depth += 1
            elif character in "([{":
                depth -= 1
                if depth == 0:
                    return position
    return -1


def compacted(text: str, tokens: Sequence[Token]) -> tuple[str, bool]:
    """The text of `tokens` without white space and comments, and whether it is a dotted name."""
    kept = [token for token in tokens if token.kind not in ("newline", "comment", "continuation")]
    words = [text[token.start : token.end] for token in kept]
    dotted = bool(words) and len(words) % 2 == 1
    dotted = dotted and all(
        (word == ".") if position % 2 else token.kind == "name"
        for position, (word, token) in enumerate(zip(words, kept, strict=True))
    )
    return "".join(words), dotted


_WINDOW = 50_000
"""Characters before the cursor that are read in a text beyond MAX_TOKENS_TEXT: about a thousand lines."""


def window_around(text: str, offset: int) -> tuple[str, int]:
    """The part of `text` to read for a cursor at `offset`, and where it starts."""
    if len(text) <= MAX_TOKENS_TEXT:
        return text, 0
    start = max(0, offset - _WINDOW)
    line = text.find("\n", start, offset)
    start = line + 1 if start and line >= 0 else start
    return text[start : offset + _WINDOW], start


def name_touching(tokens: Sequence[Token], offset: int) -> int:
    """Index of the name token that holds `offset` or ends there; -1 if there is none."""
    index = bisect_right(tokens, offset, key=lambda token: token.start) - 1
    for candidate in (index, index - 1):
        if candidate >= 0:
            token = tokens[candidate]
            if token.kind == "name" and token.start <= offset <= token.end:
                return candidate
    return -1
