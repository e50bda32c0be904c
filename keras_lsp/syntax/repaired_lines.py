"""One broken logical line: completed, with holes for what does not parse, or emptied."""

from __future__ import annotations

import keyword
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from keras_lsp.syntax.compiling import Failure, find_failure, locate
from keras_lsp.syntax.limits import MAX_STATEMENT_ATTEMPTS, MAX_STATEMENT_CHARACTERS
from keras_lsp.text.tokens import HOLE, Token, tokenise


@dataclass(slots=True)
class RepairedLine:
    """A logical line while it is repaired; `text` is what stands between `start` and `end`.

    `room` is how long its last physical line must be because another statement follows on it; None where nothing does.
    """

    start: int
    end: int
    indent: int
    text: str
    word: str
    header: bool
    inline_body: bool
    room: int | None = None
    failure: Failure | None = None

    def fit(self, text: str) -> str | None:
        """`text` padded so that what follows stays where it is; None when it is too long for that."""
        if self.room is None:
            return text
        spare = self.room - (len(text) - max(text.rfind("\n"), text.rfind("\r")) - 1)
        return None if spare < 0 else text + " " * spare

    def replace(self, text: str, reason: str = "invalid syntax") -> None:
        """Change the text, for a `reason` unless there is one already; where it does not fit, to a hole or to nothing."""
        fitting = self.fit(text)
        if fitting is None:
            fitting = self.fit(HOLE) or ""
        self.text = fitting
        self.failure = self.failure or Failure(reason)


_CONTEXT = {
    "elif": ("if 1: pass\n", ""),
    "else": ("if 1: pass\n", ""),
    "except": ("try: pass\n", ""),
    "finally": ("try: pass\n", ""),
    "case": ("match 1:\n ", ""),
    "match": ("", "\n case _: pass"),
    "try": ("", "\nfinally: pass"),
    "@": ("", "\ndef f(): pass"),
}


def fails(text: str, line: RepairedLine, header: bool | None = None) -> Failure | None:
    """What Python says about a logical line alone: inside the block that it needs, with a body if it is a header."""
    before, after = _CONTEXT.get(line.word, ("", ""))
    if (line.header if header is None else header) and not line.inline_body and line.word != "match":
        after = " pass" + after
    failure = find_failure(before + text + after)
    if failure is None or not before:
        return failure
    shift = before.count("\n")
    column = 1 if before.endswith(" ") and failure.line == shift + 1 else 0
    return failure._replace(
        line=max(failure.line - shift, 0),
        end_line=max(failure.end_line - shift, 0),
        column=max(failure.column - column, 0),
    )


def repair_line(line: RepairedLine) -> None:
    """Complete a line that does not parse, or give up as little of it as can be."""
    if len(line.text) <= MAX_STATEMENT_CHARACTERS:
        for attempt, candidate in enumerate(_candidates(line)):
            fitting = line.fit(candidate)
            if fitting is not None and fails(fitting, line, line.header) is None:
                line.text = fitting
                return
            if attempt >= MAX_STATEMENT_ATTEMPTS:
                break
    line.replace(generic_header(line) if line.header and not line.inline_body else _given_up(line))
    if fails(line.text, line) is not None:
        line.replace(nothing_instead(line, "pass"))
        line.header = line.inline_body = False
        line.word = "pass"


_PRINT = re.compile(r"(print|exec)[ \t]")
_ODD_SPACE = re.compile("[\u00a0\u2000-\u200b\u202f\u3000\ufeff]")
"""Spaces of other kinds than Python's: they come with code that was copied from a page."""
_NEEDS_OPERAND = re.compile(
    r"(?:[-+*/%&|^@~<>=.!:]|\b(?:and|or|not|in|is|if|else|for|lambda|return|yield|await|import|from|as|raise|del|assert|with|while|elif))$"
)


def _candidates(line: RepairedLine) -> Iterator[str]:
    """Texts that may be what the author is typing, the likeliest first; all keep the tokens that they keep where they are."""
    text = line.text
    if _ODD_SPACE.search(text):
        yield _ODD_SPACE.sub(" ", text)
    balanced, complete = _complete(text)
    colon = ":" if line.header else ""
    tails = ["", HOLE]
    if _NEEDS_OPERAND.search(balanced) and not balanced.endswith("."):
        tails = [" " + HOLE, HOLE, ""]
    elif balanced.endswith("."):
        tails = [HOLE, ""]
    if colon and complete and balanced.endswith(":"):
        yield (
            balanced[:-1].rstrip(" \t\f") + complete + colon
        )  # a line break stays, so that what follows keeps its line
    for tail in tails:
        yield balanced + tail + complete
        if colon:
            yield balanced + tail + complete + colon
    if line.word == "from":
        yield balanced + " import " + HOLE
        yield balanced + HOLE + " import " + HOLE
    if line.word == "for":
        yield balanced + complete + " in " + HOLE + ":"
        yield balanced + " " + HOLE + complete + " in " + HOLE + ":"
    if line.word == "if" or " if " in text:
        yield balanced + " else " + HOLE + complete
    if _PRINT.match(text):  # Python 2: `print "loss", loss`; the bracket takes the place of the blank
        yield text[: len(line.word)] + "(" + text[len(line.word) + 1 :] + ")"
    closed = (
        balanced + complete + (colon if line.header and not line.inline_body and not balanced.endswith(":") else "")
    )
    yield from _with_holes(closed, line)


def _complete(text: str) -> tuple[str, str]:
    """`text` with its last string closed, and the brackets that would close it."""
    tokens = [token for token in tokenise(text) if token.kind not in ("newline", "comment", "continuation")]
    if tokens and not tokens[-1].closed:
        quotes = text[tokens[-1].start :].lstrip("rRbBuUfFtT")
        text = text + quotes[:3] if quotes.startswith(('"""', "'''")) else text + quotes[:1]
    stack: list[str] = []
    for token in tokens:
        if token.kind == "op":
            character = text[token.start : token.end]
            if character in "([{":
                stack.append(character)
            elif character in ")]}" and stack:
                stack.pop()
    return text.rstrip("\\ \t"), "".join({"(": ")", "[": "]", "{": "}"}[character] for character in reversed(stack))


class _Segment(NamedTuple):
    """An element between commas inside the bracket at `opener`, whose content is `low` to `high`."""

    opener: str
    call: bool
    start: int
    end: int
    low: int
    high: int


def _with_holes(text: str, line: RepairedLine) -> Iterator[str]:
    """`text` with a hole for the element in which the error lies, then for the whole bracket, from the inside out."""
    failure = fails(text, line, line.header)
    if failure is None:
        return
    problem = locate(failure, text)
    for segment in _segments(text, problem.start):
        element = text[segment.start : segment.end]
        named = re.match(r"\s*\w+\s*=(?!=)", element) if segment.call else None
        fillers: list[str] = []
        if named and len(element) > named.end():
            yield text[: segment.start] + named[0] + _fill(element[named.end() :], HOLE) + text[segment.end :]
        if segment.opener == "{":
            fillers = ["**" + HOLE, HOLE]
        elif segment.call:
            fillers = ["**" + HOLE, "*" + HOLE] if named else ["*" + HOLE, "**" + HOLE]
        else:
            fillers = [HOLE]
        if element.strip():
            for filler in fillers:
                filled = _fill(element, filler)
                if filled:
                    yield text[: segment.start] + filled + text[segment.end :]
        content = text[segment.low : segment.high]
        for filler in (*fillers, *(("*" + HOLE + ", **" + HOLE,) if segment.call else ())):
            filled = _fill(content, filler)
            if filled:
                yield text[: segment.low] + filled + text[segment.high :]


def _segments(text: str, offset: int) -> Iterator[_Segment]:
    """The bracketed elements around `offset`, innermost first; an offset at a closing bracket is inside it."""
    stack: list[tuple[int, list[int], bool]] = []
    found: list[_Segment] = []
    previous: Token | None = None
    for token in tokenise(text):
        if token.kind in ("newline", "comment", "continuation"):
            continue
        if token.kind == "op" and token.end - token.start == 1:
            character = text[token.start]
            if character in "([{":
                call = character == "(" and previous is not None and _callable(text, previous)
                stack.append((token.start, [token.start], call))
            elif character == "," and stack:
                stack[-1][1].append(token.start)
            elif character in ")]}" and stack:
                opener, commas, call = stack.pop()
                if opener < offset <= token.start:
                    bounds = [*commas, token.start]
                    index = max(bisect_right(bounds, offset - 1) - 1, 0)
                    found.append(
                        _Segment(text[opener], call, bounds[index] + 1, bounds[index + 1], opener + 1, token.start)
                    )
        previous = token
    yield from found


def _callable(text: str, token: Token) -> bool:
    """Whether a bracket after `token` calls something."""
    if token.kind == "name":
        return text[token.start : token.end] not in _NOT_CALLED
    return token.kind == "op" and text[token.start] in ")]"


_NOT_CALLED = frozenset(keyword.kwlist)


def _fill(text: str, filler: str) -> str:
    """`filler` in place of `text`, with the same lines and, at the end, the same columns; empty when there is no room."""
    blank = blanked(text)
    for match in re.finditer(r"[^\r\n]+", blank):
        if len(match[0]) >= len(filler):
            return blank[: match.start()] + filler + blank[match.start() + len(filler) :]
    return ""


def blanked(text: str) -> str:
    """As many spaces and line breaks."""
    return re.sub(r"[^\r\n]", " ", text)


def nothing_instead(line: RepairedLine, filler: str) -> str:
    """A line that does nothing, with the physical lines of `line`.

    The filler comes first; line breaks that follow are those of a bracket, and now stand alone.
    """
    _, *rest = re.split(r"(\r\n|\r|\n)", line.text)
    breaks = "".join(piece for piece in rest if piece and piece[0] in "\r\n")
    return filler + breaks


def _given_up(line: RepairedLine) -> str:
    """A statement of which nothing is understood but, perhaps, what it assigns to or that it returns."""
    breaks = nothing_instead(line, "")
    head = line.text.split("\n", 1)[0].split("\r", 1)[0]
    candidates: list[str] = []
    if line.inline_body and line.header:
        return generic_header(line).removesuffix(breaks) + " pass" + breaks
    match = re.match(r"[^\W\d]\w*(?:[ \t]*[.,][ \t]*[^\W\d]\w*)*[ \t]*=(?!=)", head)
    if match:
        candidates.append(match[0] + " " + HOLE + breaks)
    if line.word == "return":
        candidates.append("return " + HOLE + breaks)
    for candidate in candidates:
        if find_failure(candidate) is None:
            return candidate
    return "pass" + breaks


def generic_header(line: RepairedLine) -> str:
    """A header that opens the same kind of block and says nothing else."""
    return header_instead(line.word, line)


def header_instead(word: str, line: RepairedLine) -> str:
    """A header of this word that says nothing else, with the name that `line` gives it."""
    name = re.match(r"(?:async\s+)?(?:def|class)\s+([^\W\d]\w*)", line.text)
    forms = {
        "def": f"def {name[1] if name else HOLE}(*{HOLE}, **{HOLE}s):",
        "class": f"class {name[1] if name else HOLE}({HOLE}):",
        "for": f"for {HOLE} in {HOLE}:",
        "while": f"while {HOLE}:",
        "with": f"with {HOLE}:",
        "elif": f"elif {HOLE}:",
        "else": "else:",
        "try": "try:",
        "except": "except Exception:",
        "finally": "finally:",
        "match": f"match {HOLE}:",
        "case": f"case {HOLE}:",
    }
    return forms.get(word, f"if {HOLE}:") + nothing_instead(line, "")
