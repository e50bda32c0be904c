"""The call whose arguments are being written at a cursor, and the string in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from keras_lsp.syntax.cursor import Bracket, brackets_of, compacted, expression_before, token_before, window_around
from keras_lsp.text.tokens import Token, logical_line_at, tokenise


@dataclass(frozen=True, slots=True)
class StringContext:
    """A string literal around the cursor; `content` is as written, without prefix, quotes and escapes resolved."""

    start: int
    end: int
    content_start: int
    content_end: int
    quote: str
    prefix: str
    content: str


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument as written: `keyword` of `units=32`, `star` of `*rest` or `**options`; `value_start` is after `=` or stars."""

    start: int
    end: int
    value_start: int
    keyword: str | None = None
    star: Literal["", "*", "**"] = ""


@dataclass(frozen=True, slots=True)
class CallContext:
    """The call whose argument list holds the cursor.

    `callee` is the text of what is called without white space: a dotted name when `dotted`, an expression otherwise.
    `close` is the offset of the closing bracket, None while it is missing. `active` is the index of the argument at the cursor
    among `arguments`, or their number when a new one begins there; `active_keyword` its keyword when the cursor is past the `=`.
    `nesting` holds the brackets between the call's own and the cursor, as in `"["` for `Sequential([|`.
    """

    callee: str
    dotted: bool
    callee_start: int
    callee_end: int
    open: int
    close: int | None
    arguments: tuple[Argument, ...]
    active: int
    active_keyword: str | None
    nesting: str
    string: StringContext | None
    outer: CallContext | None

    @property
    def keywords(self) -> tuple[str, ...]:
        """The keywords already given, wherever the cursor is."""
        return tuple(argument.keyword for argument in self.arguments if argument.keyword is not None)

    @property
    def positional(self) -> int:
        """How many positional arguments there are; one with a star counts as one."""
        return sum(argument.keyword is None and argument.star != "**" for argument in self.arguments)

    @property
    def active_argument(self) -> Argument | None:
        """The argument at the cursor; None where a new one begins."""
        return self.arguments[self.active] if self.active < len(self.arguments) else None


CompletionKind = Literal["none", "name", "argument", "attribute", "string", "import-module", "import-name"]


def call_at(text: str, offset: int) -> CallContext | None:
    """The innermost call in whose brackets `offset` lies; None outside of any.

    An offset right before the closing bracket is inside, one right after it is not.
    """
    text, base = window_around(text, offset)
    context = _call_at(text, offset - base)
    return shift_call(context, base) if base else context


def _call_at(text: str, offset: int) -> CallContext | None:
    line = logical_line_at(text, offset)
    if line is None:
        return None
    tokens = tokenise(text)
    string = string_at(text, tokens, offset)
    context: CallContext | None = None
    nesting = ""
    for bracket in brackets_of(text, tokens, line):
        if not (bracket.open < offset and (bracket.close is None or offset <= bracket.close)):
            continue
        start = (
            expression_before(text, tokens, bracket.index, line.first) if bracket.character == "(" else bracket.index
        )
        if start == bracket.index or _defines(text, tokens, start, line.first):
            nesting += bracket.character
            context = replace(context, nesting=nesting) if context else None
            continue
        nesting = ""
        callee, dotted = compacted(text, tokens[start : bracket.index])
        arguments, active = _arguments(text, tokens, bracket, offset)
        current = arguments[active] if active < len(arguments) else None
        context = CallContext(
            callee=callee,
            dotted=dotted,
            callee_start=tokens[start].start,
            callee_end=tokens[token_before(tokens, bracket.index, start)].end,
            open=bracket.open,
            close=bracket.close,
            arguments=arguments,
            active=active,
            active_keyword=current.keyword if current and current.keyword and offset >= current.value_start else None,
            nesting="",
            string=string,
            outer=context,
        )
    return context


def _defines(text: str, tokens: Sequence[Token], index: int, first: int) -> bool:
    """Whether the name at token `index` is being defined by `def` or `class`."""
    before = token_before(tokens, index, first)
    return before >= first and text[tokens[before].start : tokens[before].end] in ("def", "class")


def _arguments(text: str, tokens: Sequence[Token], bracket: Bracket, offset: int) -> tuple[tuple[Argument, ...], int]:
    """The arguments in `bracket`, and the index of the one at `offset`; an element without any token is no argument."""
    bounds = [bracket.index, *bracket.commas, bracket.last]
    arguments: list[Argument] = []
    active: int | None = None
    for position in range(len(bounds) - 1):
        inside = [
            token
            for token in tokens[bounds[position] + 1 : bounds[position + 1]]
            if token.kind not in ("newline", "comment", "continuation")
        ]
        last = position + 2 == len(bounds)
        reaches = last or offset <= tokens[bounds[position + 1]].start
        if active is None and reaches:
            active = len(arguments)
        if not inside:
            continue
        first = inside[0]
        word = text[first.start : first.end]
        name: str | None = None
        star: Literal["", "*", "**"] = ""
        value = first.start
        if word == "*" or word == "**":
            star, value = word, first.end
        elif first.kind == "name" and len(inside) > 1 and text[inside[1].start : inside[1].end] == "=":
            name, value = word, inside[1].end
        arguments.append(Argument(first.start, inside[-1].end, value, name, star))
    return tuple(arguments), len(arguments) if active is None else active


def string_at(text: str, tokens: Sequence[Token], offset: int) -> StringContext | None:
    """The string literal in whose content `offset` lies, its ends included."""
    index = bisect_right(tokens, offset, key=lambda token: token.start) - 1
    if index > 0 and tokens[index].start == offset:
        index -= 1  # a string left open ends where the line break after it starts
    if index < 0 or tokens[index].kind != "string":
        return None
    token = tokens[index]
    literal = text[token.start : token.end]
    rest = literal.lstrip("rRbBuUfFtT")
    prefix = literal[: len(literal) - len(rest)]
    quote = rest[:3] if rest.startswith(('"""', "'''")) and (len(rest) >= 6 or not token.closed) else rest[:1]
    low = token.start + len(prefix) + len(quote)
    high = token.end - len(quote) if token.closed else token.end
    if not low <= offset <= high:
        return None
    return StringContext(token.start, token.end, low, high, quote, prefix, text[low:high])


def shift_call(context: CallContext | None, base: int) -> CallContext | None:
    """The same call in a text that starts `base` characters earlier."""
    if context is None:
        return None
    return replace(
        context,
        callee_start=context.callee_start + base,
        callee_end=context.callee_end + base,
        open=context.open + base,
        close=None if context.close is None else context.close + base,
        arguments=tuple(
            replace(a, start=a.start + base, end=a.end + base, value_start=a.value_start + base)
            for a in context.arguments
        ),
        string=shift_string(context.string, base),
        outer=shift_call(context.outer, base),
    )


def shift_string(string: StringContext | None, base: int) -> StringContext | None:
    """The same string in a text that starts `base` characters earlier."""
    if string is None:
        return None
    return replace(
        string,
        start=string.start + base,
        end=string.end + base,
        content_start=string.content_start + base,
        content_end=string.content_end + base,
    )
