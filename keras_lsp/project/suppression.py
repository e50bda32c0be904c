"""Take out the findings that comments suppress, and tell which suppressions suppress nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from keras_lsp.syntax.comments import CodeSpan, CommentProblem, Suppression, suppressions
from keras_lsp.text.edits import TextEdit
from keras_lsp.text.lines import LineIndex


class Suppressible(Protocol):
    """What a finding must tell: its code, the name of its rule, and the offsets at which it starts and ends."""

    @property
    def code(self) -> str:
        """`KER201`."""
        ...

    @property
    def name(self) -> str:
        """The rule's name in kebab-case."""
        ...

    @property
    def span(self) -> Iterable[int]:
        """Offsets of its start and end."""
        ...


F = TypeVar("F", bound=Suppressible)


@dataclass(frozen=True, slots=True)
class UnusedSuppression:
    """A suppression, or one code of it, that suppresses nothing; `edits` take it out."""

    message: str
    start: int
    end: int
    edits: tuple[TextEdit, ...]


@dataclass(frozen=True, slots=True)
class Suppressed(Generic[F]):
    """Findings kept and taken out, suppressions of no use, and comments that cannot be understood."""

    kept: tuple[F, ...]
    suppressed: tuple[F, ...]
    unused: tuple[UnusedSuppression, ...]
    problems: tuple[CommentProblem, ...]


def apply_suppressions(
    text: str, findings: Iterable[F], is_active: Callable[[str], bool] = lambda code: True
) -> Suppressed[F]:
    """Sort `findings`, about `text`, by the comments in it.

    A comment on a line covers what starts or ends there. `is_active` says whether the rule of a code or name was run: a
    suppression of a rule that was not is never unused.
    """
    directives, problems = suppressions(text)
    if not directives:
        return Suppressed(tuple(findings), (), (), problems)
    lines = LineIndex(text)
    used: set[tuple[int, str]] = set()  # index of the directive, and its code; "" when it is about all rules
    kept: list[F] = []
    taken: list[F] = []
    for finding in findings:
        start, end = finding.span
        first, last = lines.line(start), lines.line(max(end - 1, start))
        matched = False
        for index, directive in enumerate(directives):
            if not _covers(directive, first, last):
                continue
            names = directive.names()
            if names is None:
                used.add((index, ""))
                matched = True
                continue
            hits = names & {finding.code.lower(), finding.name.lower()}
            used.update((index, hit) for hit in hits)
            matched = matched or bool(hits)
        (taken if matched else kept).append(finding)
    unused = [
        report
        for index, directive in enumerate(directives)
        if (report := _unused(text, directive, {code for place, code in used if place == index}, is_active)) is not None
    ]
    return Suppressed(tuple(kept), tuple(taken), tuple(unused), problems)


def _covers(directive: Suppression, first: int, last: int) -> bool:
    if directive.kind in ("file-ignore", "disable"):
        return directive.first_line <= first <= directive.last_line
    return directive.first_line <= first <= directive.last_line or directive.first_line <= last <= directive.last_line


def _unused(
    text: str, directive: Suppression, used: set[str], is_active: Callable[[str], bool]
) -> UnusedSuppression | None:
    if directive.codes is None:
        if used:
            return None
        return UnusedSuppression(
            "suppression is not used", directive.start, directive.end, (_without(text, directive),)
        )
    idle = [code for code in directive.codes if code.code.lower() not in used and is_active(code.code)]
    if not idle:
        return None
    names = ", ".join(code.code for code in idle)
    if len(idle) == len(directive.codes):
        edit = _without(text, directive)
        return UnusedSuppression(f"suppression of {names} is not used", directive.start, directive.end, (edit,))
    rest = [code for code in directive.codes if code not in idle]
    edits = (TextEdit(directive.codes[0].start, directive.codes[-1].end, ", ".join(code.code for code in rest)),)
    return UnusedSuppression(f"suppression of {names} is not used", idle[0].start, idle[-1].end, edits)


def _without(text: str, directive: Suppression) -> TextEdit:
    """Take a directive out with its reason, and the line with it when nothing else is on it."""
    lines = LineIndex(text)
    low, high = lines.start(directive.line), lines.end(directive.line)
    after = text.find("#", directive.end, high)
    end = after if after >= 0 else high
    start = directive.start
    if end == high:
        start = low + len(text[low:start].rstrip(" \t"))
        if start == low:
            end = lines.start(directive.line + 1)
    return TextEdit(start, end, "")


def add_suppressions(text: str, findings: Sequence[F], reason: str = "") -> list[TextEdit]:
    """Edits that suppress all `findings`: a comment at the end of the line on which each starts, or on which it ends.

    A line that goes on inside a string or with a backslash can hold no comment; then its statement's last line gets it.
    """
    from keras_lsp.syntax.comments import comments
    from keras_lsp.text.tokens import logical_line_at, tokenise

    lines = LineIndex(text)
    no_comment: set[int] = set()
    for token in tokenise(text):
        if token.kind in ("string", "continuation"):
            no_comment.update(range(lines.line(token.start), lines.line(max(token.end - 1, token.start))))
        if token.kind == "continuation":
            no_comment.add(lines.line(token.start))
    by_line: dict[int, list[str]] = {}
    for finding in findings:
        start, end = finding.span
        line = lines.line(start)
        if line in no_comment:
            line = lines.line(max(end - 1, start))
        if line in no_comment:
            statement = logical_line_at(text, start)
            line = lines.line(statement.end if statement else end)
        codes = by_line.setdefault(line, [])
        if finding.code not in codes:
            codes.append(finding.code)
    existing = {comment.line: comment for comment in comments(text)}
    present = {
        directive.line: directive
        for directive in suppressions(text)[0]
        if directive.kind == "ignore" and directive.codes
    }
    edits: list[TextEdit] = []
    for line, codes in sorted(by_line.items()):
        directive = present.get(line)
        if directive and directive.codes and line in existing and not existing[line].own_line:
            written = _codes_of(directive.codes)
            merged = [*written, *(code for code in sorted(codes) if code not in written)]
            edits.append(TextEdit(directive.codes[0].start, directive.codes[-1].end, ", ".join(merged)))
            continue
        end = lines.start(line) + len(re.sub(r"[ \t]+$", "", lines.content(line)))
        tail = f" {reason}" if reason else ""
        edits.append(TextEdit(end, lines.end(line), f"  # keras-lsp: ignore[{', '.join(sorted(codes))}]{tail}"))
    return edits


def _codes_of(spans: Sequence[CodeSpan]) -> list[str]:
    return [span.code for span in spans]
