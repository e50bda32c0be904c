"""Python's tokens and logical lines in any text, however broken.

Unlike `tokenize` this never raises, needs no correct indentation, and knows where a statement that is being typed ends although
its brackets are still open. It does not look inside f-strings: one is a string token.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

HOLE = "ʘ"
"""Stands for code that is missing or not understood: one character, so that it fits anywhere; a letter that nobody uses."""

TokenKind = Literal["name", "number", "string", "op", "comment", "newline", "continuation", "other"]

MAX_TOKENS_TEXT = 1_000_000
"""Characters that are split into tokens: a token costs about 100 bytes and a microsecond, so this is 2 s and 40 MB at worst."""


class Token(NamedTuple):
    """A piece of text; `closed` is False only for a string whose closing quotes are missing."""

    kind: TokenKind
    start: int
    end: int
    closed: bool = True


_PATTERN = re.compile(
    r"""
    (?P<space>[ \t\f]+)
  | (?P<newline>\r\n|\r|\n)
  | (?P<continuation>\\(?:\r\n|\r|\n))
  | (?P<comment>\#[^\r\n]*)
  | (?P<string>(?:[rRbBuUfFtT]|[bBfFtT][rR]|[rR][bBfFtT])?(?:\"\"\"|'''|"|'))
  | (?P<number>(?:0[xXoObB][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)[jJlL]?)
  | (?P<name>[^\W\d]\w*)
  | (?P<op>\*\*=|//=|>>=|<<=|\.\.\.|->|:=|\*\*|//|>>|<<|[=!<>]=|[-+*/%&|^@]=|[-+*/%&|^@~<>=()\[\]{},:;.])
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)

_STRING_REST = {
    '"': re.compile(r'[^"\\\r\n]*(?:\\(?:\r\n|.)[^"\\\r\n]*)*', re.DOTALL),
    "'": re.compile(r"[^'\\\r\n]*(?:\\(?:\r\n|.)[^'\\\r\n]*)*", re.DOTALL),
    '"""': re.compile(r'[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*', re.DOTALL),
    "'''": re.compile(r"[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*", re.DOTALL),
}


def scan(text: str, position: int = 0, limit: int | None = None) -> Iterator[Token]:
    """The tokens of `text` but white space, from `position`, which is outside of any string, on; none starts beyond `limit`."""
    limit = len(text) if limit is None else min(limit, len(text))
    match_at = _PATTERN.match
    make = Token._make
    while position < limit:
        match = match_at(text, position)
        if match is None:  # cannot happen: the last alternative matches any character
            break
        kind = match.lastgroup
        end = match.end()
        if kind == "space":
            position = end
            continue
        if kind == "string":
            quotes = match[0].lstrip("rRbBuUfFtT")
            rest = _STRING_REST[quotes].match(text, end)
            body = rest.end() if rest else end
            closed = text.startswith(quotes, body)
            end = body + len(quotes) if closed else min(body + (text[body : body + 1] == "\\"), len(text))
            yield Token("string", position, end, closed)
        else:
            yield make((kind, position, end, True))  # faster than calling Token, and this is most of the work
        position = end


@lru_cache(maxsize=4)  # the versions of the one or two files being typed in
def tokenise(text: str) -> tuple[Token, ...]:
    """All tokens of `text` but white space; of a text longer than MAX_TOKENS_TEXT only those of its beginning."""
    return tuple(scan(text, 0, MAX_TOKENS_TEXT))


class LogicalLine(NamedTuple):
    """A statement, or the header of a compound one, with its tokens `first` to `last` (exclusive).

    `start` is the offset of the first token and `end` where the last one ends; neither comments around the statement nor the
    final line break belong to it. `tail` is where the next logical line may begin. `unclosed` holds the offsets of the
    brackets that are open at the end, outermost first.
    """

    start: int
    end: int
    tail: int
    indent: int
    first: int
    last: int
    unclosed: tuple[int, ...] = ()


_OPENERS = {"(": ")", "[": "]", "{": "}"}
_CLOSERS = {")": "(", "]": "[", "}": "{"}

_STARTS_STATEMENT = frozenset(keyword.kwlist) - frozenset(
    (
        "None",
        "True",
        "False",
        "and",
        "as",
        "async",
        "await",
        "else",
        "for",
        "if",
        "in",
        "is",
        "lambda",
        "not",
        "or",
        "yield",
    )
)
"""Keywords that cannot continue an expression: one at the start of a line ends a statement whose bracket was left open."""


def unmatched_brackets(text: str, tokens: Sequence[Token]) -> frozenset[int]:
    """Offsets of opening brackets that no bracket closes; a closing bracket of another kind closes the ones between."""
    stack: list[tuple[str, int]] = []
    unmatched: set[int] = set()
    for token in tokens:
        if token.kind != "op" or token.end - token.start != 1:
            continue
        character = text[token.start]
        if character in _OPENERS:
            stack.append((character, token.start))
        elif character in _CLOSERS:
            opener = _CLOSERS[character]
            depth = len(stack)
            # Looking far down for a partner would let a stray bracket close one of another statement, and cost time.
            for index in range(depth - 1, max(depth - 4, -1), -1):
                if stack[index][0] == opener:
                    unmatched.update(start for _, start in stack[index + 1 :])
                    del stack[index:]
                    break
    unmatched.update(start for _, start in stack)
    return frozenset(unmatched)


@lru_cache(maxsize=4)
def logical_lines(text: str) -> tuple[LogicalLine, ...]:
    """The logical lines of `text`; a statement with an open bracket ends before the next line that starts a statement.

    Such a line is indented no further than the statement itself, or it starts with a keyword that no expression contains.
    """
    tokens = tokenise(text)
    unmatched = unmatched_brackets(text, tokens)
    lines: list[LogicalLine] = []
    stack: list[int] = []
    first = -1  # index of the first token of the current line, -1 between lines
    last_end = indent = 0
    after_semicolon = False  # what follows on the same physical line has the indentation of its first statement
    count = len(tokens)
    index = 0

    def finish(last: int, tail: int) -> None:
        lines.append(LogicalLine(tokens[first].start, last_end, tail, indent, first, last, tuple(stack)))
        stack.clear()

    while index < count:
        token = tokens[index]
        kind = token.kind
        if kind == "newline":
            if not stack:
                after_semicolon = False
            cut = bool(stack) and not unmatched.isdisjoint(stack)
            if first >= 0 and (not stack or (cut and _starts_statement(text, tokens, index + 1, indent))):
                finish(index, token.end)
                first = -1
        elif kind not in ("comment", "continuation"):
            if first < 0:
                first = index
                if not after_semicolon:
                    indent = _column(text, token.start)
                after_semicolon = False
            if kind == "op":
                character = text[token.start : token.end]
                if character in _OPENERS:
                    stack.append(token.start)
                elif character in _CLOSERS and stack:
                    opener = _CLOSERS[character]
                    for depth in range(len(stack) - 1, -1, -1):
                        if text[stack[depth]] == opener:
                            del stack[depth:]
                            break
                elif character == ";" and not stack:
                    # Each of `a; b` is a statement of its own, so that a broken one leaves the others alone.
                    last_end = token.start
                    if index > first:
                        finish(index, token.end)
                    first = -1
                    after_semicolon = True
                    index += 1
                    continue
            last_end = token.end
        index += 1
    if first >= 0:
        finish(count, len(text))
    return tuple(lines)


def _starts_statement(text: str, tokens: Sequence[Token], index: int, indent: int) -> bool:
    """Whether the physical line that begins with token `index` starts a statement, given an open bracket before it."""
    if index >= len(tokens):
        return False
    token = tokens[index]
    if token.kind == "name":
        word = text[token.start : token.end]
        if word in _STARTS_STATEMENT:
            return True
        return _column(text, token.start) <= indent and word not in (
            "for",
            "if",
            "else",
            "and",
            "or",
            "in",
            "is",
            "not",
        )
    if token.kind == "op" and text[token.start] == "@":
        return _column(text, token.start) <= indent
    return False


def _column(text: str, offset: int) -> int:
    """Width of the white space before `offset` on its line (a tab reaches the next multiple of 8); a form feed resets it."""
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    column = 0
    for character in text[start:offset]:
        if character == "\t":
            column = (column // 8 + 1) * 8
        elif character == "\f":
            column = 0
        else:
            column += 1
    return column


def logical_line_at(text: str, offset: int) -> LogicalLine | None:
    """The logical line in which `offset` lies: the last that starts at or before it, up to where the next may begin."""
    lines = logical_lines(text)
    low, high = 0, len(lines)
    while low < high:
        middle = (low + high) // 2
        if lines[middle].start <= offset:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        return None
    line = lines[low - 1]
    if offset < line.tail or (offset == line.tail and line.unclosed):
        return line
    ended = line.tail > line.end and text[line.tail - 1] in "\r\n;"
    return line if offset == line.tail and not ended else None
