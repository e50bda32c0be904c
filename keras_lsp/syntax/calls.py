"""What stands at a cursor, read from tokens alone, so that it works while a statement is being typed.

`call_at` finds the call whose arguments are being written, `name_at` the dotted name under the cursor, and
`completion_context` what kind of thing may be completed there. Offsets are those of the text given.
"""

from __future__ import annotations

import keyword
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from keras_lsp.text.tokens import MAX_TOKENS_TEXT, LogicalLine, Token, logical_line_at, logical_lines, tokenise


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


CompletionKind = Literal["none", "name", "argument", "attribute", "string", "import-module", "import-name"]


@dataclass(frozen=True, slots=True)
class CompletionContext:
    """What may be completed at the cursor.

    - "argument": a new argument begins: the keywords of `call`, and any name;
    - "attribute": a member of `attribute.base`;
    - "import-module": a module below `module` (empty for a top-level one), which may be relative;
    - "import-name": what can be imported from `module`; `names` are already imported there;
    - "string": inside a literal, of `call.active_keyword` when there is a call;
    - "none": a comment, a number, a name being defined.

    `start` to `end` is the text that a completion replaces and `prefix` its part before the cursor.
    """

    kind: CompletionKind
    start: int
    end: int
    prefix: str
    call: CallContext | None = None
    attribute: AttributeContext | None = None
    string: StringContext | None = None
    module: str = ""
    names: tuple[str, ...] = ()


# --- Brackets -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Bracket:
    character: str
    open: int
    index: int
    """Index of the bracket's token."""
    close: int | None = None
    commas: list[int] = field(default_factory=list[int])
    """Indices of the comma tokens at this level."""
    last: int = 0
    """Index of the token after the content."""


def _brackets(text: str, tokens: Sequence[Token], line: LogicalLine) -> list[_Bracket]:
    """All brackets of a logical line, in the order in which they open."""
    found: list[_Bracket] = []
    stack: list[_Bracket] = []
    for index in range(line.first, line.last):
        token = tokens[index]
        if token.kind != "op" or token.end - token.start != 1:
            continue
        character = text[token.start]
        if character in "([{":
            bracket = _Bracket(character, token.start, index, last=line.last)
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


_NOT_CALLEES = frozenset(keyword.kwlist) - {"None", "True", "False"}


def _expression_before(text: str, tokens: Sequence[Token], index: int, first: int) -> int:
    """Index of the token at which the primary expression that ends before token `index` starts; `index` if there is none."""
    start = index
    position = index - 1
    while position >= first:
        token = tokens[position]
        if token.kind in ("newline", "comment", "continuation"):
            position -= 1
            continue
        if token.kind in ("name", "string", "number"):
            if token.kind == "name" and text[token.start : token.end] in _NOT_CALLEES:
                break
            start = position
            before = _previous(tokens, position, first)
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
            before = _previous(tokens, opened, first)
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
        return word not in _NOT_CALLEES
    return token.kind == "string" or word in (")", "]", "}")


def _previous(tokens: Sequence[Token], index: int, first: int) -> int:
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


def _compact(text: str, tokens: Sequence[Token]) -> tuple[str, bool]:
    """The text of `tokens` without white space and comments, and whether it is a dotted name."""
    kept = [token for token in tokens if token.kind not in ("newline", "comment", "continuation")]
    words = [text[token.start : token.end] for token in kept]
    dotted = bool(words) and len(words) % 2 == 1
    dotted = dotted and all(
        (word == ".") if position % 2 else token.kind == "name"
        for position, (word, token) in enumerate(zip(words, kept, strict=True))
    )
    return "".join(words), dotted


# --- Windows: a text too long to be split into tokens as a whole ----------------------------------------------------------

_WINDOW = 50_000
"""Characters before the cursor that are read in a text beyond MAX_TOKENS_TEXT: about a thousand lines."""


def _window(text: str, offset: int) -> tuple[str, int]:
    """The part of `text` to read for a cursor at `offset`, and where it starts."""
    if len(text) <= MAX_TOKENS_TEXT:
        return text, 0
    start = max(0, offset - _WINDOW)
    line = text.find("\n", start, offset)
    start = line + 1 if start and line >= 0 else start
    return text[start : offset + _WINDOW], start


# --- Calls ----------------------------------------------------------------------------------------------------------------


def call_at(text: str, offset: int) -> CallContext | None:
    """The innermost call in whose brackets `offset` lies; None outside of any.

    An offset right before the closing bracket is inside, one right after it is not.
    """
    text, base = _window(text, offset)
    context = _call_at(text, offset - base)
    return _shift_call(context, base) if base else context


def _call_at(text: str, offset: int) -> CallContext | None:
    line = logical_line_at(text, offset)
    if line is None:
        return None
    tokens = tokenise(text)
    string = _string_at(text, tokens, offset)
    context: CallContext | None = None
    nesting = ""
    for bracket in _brackets(text, tokens, line):
        if not (bracket.open < offset and (bracket.close is None or offset <= bracket.close)):
            continue
        start = (
            _expression_before(text, tokens, bracket.index, line.first) if bracket.character == "(" else bracket.index
        )
        if start == bracket.index or _defines(text, tokens, start, line.first):
            nesting += bracket.character
            context = replace(context, nesting=nesting) if context else None
            continue
        nesting = ""
        callee, dotted = _compact(text, tokens[start : bracket.index])
        arguments, active = _arguments(text, tokens, bracket, offset)
        current = arguments[active] if active < len(arguments) else None
        context = CallContext(
            callee=callee,
            dotted=dotted,
            callee_start=tokens[start].start,
            callee_end=tokens[_previous(tokens, bracket.index, start)].end,
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
    before = _previous(tokens, index, first)
    return before >= first and text[tokens[before].start : tokens[before].end] in ("def", "class")


def _arguments(text: str, tokens: Sequence[Token], bracket: _Bracket, offset: int) -> tuple[tuple[Argument, ...], int]:
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


def _string_at(text: str, tokens: Sequence[Token], offset: int) -> StringContext | None:
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


def _shift_call(context: CallContext | None, base: int) -> CallContext | None:
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
        string=_shift_string(context.string, base),
        outer=_shift_call(context.outer, base),
    )


def _shift_string(string: StringContext | None, base: int) -> StringContext | None:
    if string is None:
        return None
    return replace(
        string,
        start=string.start + base,
        end=string.end + base,
        content_start=string.content_start + base,
        content_end=string.content_end + base,
    )


# --- Names ----------------------------------------------------------------------------------------------------------------


def _touching(tokens: Sequence[Token], offset: int) -> int:
    """Index of the name token that holds `offset` or ends there; -1 if there is none."""
    index = bisect_right(tokens, offset, key=lambda token: token.start) - 1
    for candidate in (index, index - 1):
        if candidate >= 0:
            token = tokens[candidate]
            if token.kind == "name" and token.start <= offset <= token.end:
                return candidate
    return -1


def name_at(text: str, offset: int) -> NameContext | None:
    """The dotted name under the cursor or ending at it, up to the part that the cursor touches; None elsewhere.

    Keywords are names here; a word inside a string or a comment is not.
    """
    text, base = _window(text, offset)
    offset -= base
    tokens = tokenise(text)
    index = _touching(tokens, offset)
    if index < 0:
        return None
    part = tokens[index]
    first = index
    rooted = True
    base_start = -1
    while True:
        dot = _previous(tokens, first, 0)
        if dot < 0 or text[tokens[dot].start : tokens[dot].end] != ".":
            break
        before = _previous(tokens, dot, 0)
        if (
            before >= 0
            and tokens[before].kind == "name"
            and text[tokens[before].start : tokens[before].end] not in _NOT_CALLEES
        ):
            first = before
            continue
        first = dot
        rooted = False
        start = _expression_before(text, tokens, dot, 0)
        base_start = tokens[start].start
        break
    name, _ = _compact(text, tokens[first : index + 1])
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
    text, base = _window(text, offset)
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
    touching = _touching(tokens, offset)
    if touching >= 0:
        name = tokens[touching]
        dot = _previous(tokens, touching, 0)
        start, end = name.start, name.end
    else:
        dot = bisect_right(tokens, offset - 1, key=lambda token: token.start) - 1
        while dot >= 0 and tokens[dot].kind == "continuation":
            dot -= 1
        start = end = offset
    if dot < 0 or text[tokens[dot].start : tokens[dot].end] != "." or tokens[dot].end > offset:
        return None
    first = _expression_before(text, tokens, dot, 0)
    if first == dot:
        return None
    compact, dotted = _compact(text, tokens[first:dot])
    base_end = tokens[_previous(tokens, dot, first)].end
    return AttributeContext(compact, dotted, tokens[first].start, base_end, start, end, text[start:offset])


# --- Completion -----------------------------------------------------------------------------------------------------------


def completion_context(text: str, offset: int) -> CompletionContext:
    """What may be completed at `offset`; see CompletionContext."""
    original, whole_offset = text, offset
    text, base = _window(text, offset)
    offset -= base
    tokens = tokenise(text)
    index = bisect_right(tokens, offset - 1, key=lambda token: token.start) - 1
    nothing = CompletionContext("none", whole_offset, whole_offset, "")
    if index >= 0:
        token = tokens[index]
        if token.kind == "comment" and offset <= token.end:
            return nothing
        if token.kind == "number" and offset <= token.end:
            return nothing
    string = _string_at(text, tokens, offset)
    if string is not None:
        call = call_at(original, whole_offset)
        string = _shift_string(string, base)
        assert string is not None
        prefix = original[string.content_start : whole_offset]
        return CompletionContext("string", string.content_start, string.content_end, prefix, call, string=string)
    touching = _touching(tokens, offset)
    start, end = (tokens[touching].start, tokens[touching].end) if touching >= 0 else (offset, offset)
    prefix = text[start:offset]
    at = (start + base, end + base, prefix)
    line = logical_line_at(text, offset)
    if line is not None and text[tokens[line.first].start : tokens[line.first].end] in ("import", "from"):
        return _import_context(text, tokens, line, start, at) or nothing
    attribute = attribute_at(original, whole_offset)
    if attribute is not None:
        return CompletionContext(
            "attribute", attribute.start, attribute.end, attribute.prefix, call_at(original, whole_offset), attribute
        )
    before = touching if touching >= 0 else index + 1
    previous = _previous(tokens, before, line.first if line else 0)
    word = text[tokens[previous].start : tokens[previous].end] if line and previous >= line.first else ""
    if word in ("def", "class", "as", "global", "nonlocal"):
        return nothing
    if word == ".":
        return nothing
    call = call_at(original, whole_offset)
    kind: CompletionKind = "name"
    if call is not None and not call.nesting and word in ("(", ","):
        kind = "argument"
    return CompletionContext(kind, *at, call)


def _import_context(
    text: str, tokens: Sequence[Token], line: LogicalLine, start: int, at: tuple[int, int, str]
) -> CompletionContext | None:
    """What is completed in an import statement whose cursor's word starts at `start`; None where a name is made up (`as`)."""
    before = [
        text[token.start : token.end]
        for token in tokens[line.first : line.last]
        if token.end <= start and token.kind not in ("newline", "comment", "continuation")
    ]
    if not before:
        return None
    if before[0] == "from" and "import" in before[1:]:
        split = before.index("import", 1)
        if before[-1] == "as":
            return None
        names = [word for word in before[split + 1 :] if word not in ("(", ",", "as")]
        expects = before[-1] in ("import", "(", ",")
        module = "".join(before[1:split])
        return CompletionContext("import-name", *at, module=module, names=tuple(names)) if expects else None
    if before[-1] in ("as", "import", "from", ","):
        return CompletionContext("import-module", *at) if before[-1] != "as" else None
    if before[-1] in (".", "..."):
        words: list[str] = []
        for word in reversed(before):
            if word in ("import", "from", ",", "as"):
                break
            words.append(word)
        module = "".join(reversed(words))
        relative = not module.strip(".")
        return CompletionContext("import-module", *at, module=module if relative else module[:-1])
    return None


def statement_span(text: str, offset: int) -> tuple[int, int] | None:
    """The logical line at `offset`, from its first token to its last."""
    text, base = _window(text, offset)
    line = logical_line_at(text, offset - base)
    return None if line is None else (line.start + base, line.end + base)


def logical_line_spans(text: str) -> list[tuple[int, int]]:
    """The spans of all logical lines of `text`, in order."""
    return [(line.start, line.end) for line in logical_lines(text)]
