"""What programs say to keras-lsp in comments: suppressions and shape contracts.

Suppressions, with codes (`KER201`) or rule names (`incompatible-input`), and a reason after them if one likes:

- `# keras-lsp: ignore[KER201, KER202]` or bare `ignore`: for the line; alone on its line, for the statement that follows;
- `# keras-lsp: file-ignore[KER201]` or bare: for the file;
- `# keras-lsp: disable[KER201]` ... `# keras-lsp: enable[KER201]`: for the lines between, to the end of the file at most;
- `# noqa: KER201`: for the line; other tools' codes and the bare form are left to them.

A contract: `x = load()  # shape: (n, 28, 28, 1)` says what the value assigned on that line is like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from keras_lsp.text.lines import LineIndex
from keras_lsp.text.tokens import logical_lines, tokenise


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment from its `#` to the end of its line (from 0); `own_line` when nothing stands before it."""

    start: int
    end: int
    text: str
    line: int
    own_line: bool


SuppressionKind = Literal["ignore", "file-ignore", "disable", "enable", "noqa"]


@dataclass(frozen=True, slots=True)
class CodeSpan:
    """A code or rule name as written, and where."""

    code: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Suppression:
    """One directive; `codes` is None when it is about all rules.

    `start` to `end` is the directive itself from its `#` or, in a comment with several, its first word, without the reason;
    `first_line` to `last_line` (inclusive) are the lines it covers.
    """

    kind: SuppressionKind
    codes: tuple[CodeSpan, ...] | None
    start: int
    end: int
    line: int
    first_line: int
    last_line: int
    reason: str = ""

    def names(self) -> frozenset[str] | None:
        """The codes in lower case; None for all."""
        return None if self.codes is None else frozenset(code.code.lower() for code in self.codes)


@dataclass(frozen=True, slots=True)
class CommentProblem:
    """A comment that means to speak to keras-lsp and cannot be understood."""

    message: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ShapeComment:
    """A contract for the value assigned on `line`: each dim a number, None, or a named expression as written."""

    start: int
    end: int
    line: int
    dims: tuple[int | str | None, ...]


@lru_cache(maxsize=4)
def comments(text: str) -> tuple[Comment, ...]:
    """All comments of `text`, in order; what looks like one inside a string is none."""
    lines = LineIndex(text)
    found: list[Comment] = []
    for token in tokenise(text):
        if token.kind == "comment":
            line = lines.line(token.start)
            own = not text[lines.start(line) : token.start].strip(" \t\f")
            found.append(Comment(token.start, token.end, text[token.start : token.end], line, own))
    return tuple(found)


_MENTION = re.compile(r"#.*?(?:keras-lsp[ \t]*:|noqa)", re.IGNORECASE)
_DIRECTIVE = re.compile(
    r"#[ \t]*keras-lsp[ \t]*:[ \t]*(?P<kind>[A-Za-z-]+)[ \t]*(?:\[(?P<codes>[^\]#]*)\]?)?(?P<reason>[^#]*)",
    re.IGNORECASE,
)
_NOQA = re.compile(r"#[ \t]*noqa[ \t]*:[ \t]*(?P<codes>[A-Z]+[0-9]+(?:[ \t]*[,\s][ \t]*[A-Z]+[0-9]+)*)", re.IGNORECASE)
_CODE = re.compile(r"[A-Za-z][\w-]*")
_KINDS: tuple[SuppressionKind, ...] = ("ignore", "file-ignore", "disable", "enable")


def suppressions(text: str) -> tuple[tuple[Suppression, ...], tuple[CommentProblem, ...]]:
    """All directives of `text` in order, `enable` excepted, which only ends the ranges of `disable`."""
    if _MENTION.search(text) is None:
        return (), ()
    return _suppressions(text)


@lru_cache(maxsize=4)
def _suppressions(text: str) -> tuple[tuple[Suppression, ...], tuple[CommentProblem, ...]]:
    lines = LineIndex(text)
    found: list[Suppression] = []
    problems: list[CommentProblem] = []
    for comment in comments(text):
        for match in _DIRECTIVE.finditer(comment.text):
            directive = _directive(text, lines, comment, match, problems)
            if directive is None:
                continue
            if directive.kind == "enable":
                _end_ranges(found, directive, problems)
            else:
                found.append(directive)
        for match in _NOQA.finditer(comment.text):
            codes = tuple(code for code in _codes(match, comment) if code.code.upper().startswith("KER"))
            if codes:
                start, end = comment.start + match.start(), comment.start + match.end()
                found.append(Suppression("noqa", codes, start, end, comment.line, comment.line, comment.line))
    return tuple(found), tuple(problems)


def _codes(match: re.Match[str], comment: Comment) -> Iterator[CodeSpan]:
    base = comment.start + match.start("codes")
    for code in _CODE.finditer(match["codes"]):
        yield CodeSpan(code[0], base + code.start(), base + code.end())


def _directive(
    text: str, lines: LineIndex, comment: Comment, match: re.Match[str], problems: list[CommentProblem]
) -> Suppression | None:
    start = comment.start + match.start()
    end = comment.start + match.start("reason")
    word = match["kind"].lower()
    kind: SuppressionKind | None = next((known for known in _KINDS if known == word), None)
    if kind is None:
        known = ", ".join(_KINDS)
        problems.append(CommentProblem(f"unknown directive {match['kind']!r}; known are {known}", start, end))
        return None
    codes: tuple[CodeSpan, ...] | None = None
    if match["codes"] is not None:
        codes = tuple(_codes(match, comment))
        if not codes:
            problems.append(CommentProblem("no code between the brackets", start, end))
            return None
        if not text[:end].endswith("]"):
            problems.append(CommentProblem("the bracket of the codes is not closed", start, end))
    first = last = comment.line
    if kind == "file-ignore":
        first, last = 0, lines.count - 1
    elif kind == "disable":
        last = lines.count - 1
    elif kind == "ignore" and comment.own_line:
        first, last = _next_statement(text, lines, comment)
    reason = match["reason"].strip(" \t:-–—")
    return Suppression(kind, codes, start, end, comment.line, first, last, reason)


def _next_statement(text: str, lines: LineIndex, comment: Comment) -> tuple[int, int]:
    """The lines of the statement after a comment; inside a bracket, the next line."""
    for line in logical_lines(text):
        if line.start > comment.start:
            return lines.line(line.start), lines.line(max(line.end - 1, line.start))
        if line.end > comment.start:
            return comment.line + 1, comment.line + 1
    return comment.line, comment.line


def _end_ranges(found: list[Suppression], enable: Suppression, problems: list[CommentProblem]) -> None:
    """Let the open ranges that `enable` speaks of end on its line; of a range it names in part, the rest goes on."""
    names = enable.names()
    ended = False
    for index, directive in enumerate(found):
        if directive.kind != "disable" or directive.last_line < enable.line:
            continue
        if names is None or directive.codes is None:
            if names is not None:
                continue  # `disable` of all rules, `enable` of one: ranges are ended as they were begun
            kept: tuple[CodeSpan, ...] = ()
            closed = directive.codes
        else:
            kept = tuple(code for code in directive.codes if code.code.lower() not in names)
            closed = tuple(code for code in directive.codes if code.code.lower() in names)
            if not closed:
                continue
        ended = True
        found[index] = _with(directive, closed, enable.line)
        if kept:
            found.append(_with(directive, kept, directive.last_line))
    if not ended:
        problems.append(
            CommentProblem("'enable' without a 'disable' of the same rules before it", enable.start, enable.end)
        )


def _with(directive: Suppression, codes: tuple[CodeSpan, ...] | None, last_line: int) -> Suppression:
    return Suppression(
        directive.kind,
        codes,
        directive.start,
        directive.end,
        directive.line,
        directive.first_line,
        last_line,
        directive.reason,
    )


_SHAPE = re.compile(r"#[ \t]*shape[ \t]*:[ \t]*(?P<dims>\(.*?\)|\[.*?\])[ \t]*(?:$|[#;,.]|--|-[ \t])", re.IGNORECASE)
_SHAPE_MENTION = re.compile(r"#.*?shape[ \t]*:", re.IGNORECASE)
_DIM = re.compile(r"[\w \t+*/()-]+")


@lru_cache(maxsize=4)
def shape_comments(text: str) -> dict[int, ShapeComment]:
    """The contracts of `text` by line, from 0; comments that are not exactly of the form are prose and mean nothing."""
    if _SHAPE_MENTION.search(text) is None:
        return {}
    found: dict[int, ShapeComment] = {}
    for comment in comments(text):
        match = None if comment.own_line else _SHAPE.search(comment.text)
        if match is None:
            continue
        inside = match["dims"][1:-1].strip()
        parts = [part.strip() for part in inside.removesuffix(",").split(",")] if inside else []
        if all(_DIM.fullmatch(part) for part in parts):
            start = comment.start + match.start()
            dims = tuple(_dim(part) for part in parts)
            found[comment.line] = ShapeComment(start, comment.start + match.end("dims"), comment.line, dims)
    return found


def _dim(part: str) -> int | str | None:
    if part == "None":
        return None
    # Longer numbers are no dimensions, and converting thousands of digits costs time.
    return int(part) if re.fullmatch(r"[0-9]{1,18}", part) else part
