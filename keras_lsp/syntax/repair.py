"""Broken text made whole: lines that fail alone, blocks that lack what the grammar demands, and what must be given up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from keras_lsp.syntax.compiling import Failure, compile_source, find_failure, locate
from keras_lsp.syntax.limits import MAX_BLOCK_ATTEMPTS
from keras_lsp.syntax.parsed import SyntaxProblem
from keras_lsp.syntax.repaired_lines import (
    RepairedLine,
    blanked,
    fails,
    generic_header,
    header_instead,
    nothing_instead,
    repair_line,
)
from keras_lsp.text.lines import LineIndex
from keras_lsp.text.tokens import LogicalLine, Token, logical_lines, tokenise

_HEADERS = frozenset(
    ("def", "class", "if", "elif", "else", "for", "while", "with", "try", "except", "finally", "async", "match", "case")
)
_SOFT = frozenset({"match", "case"})
_CONTINUATIONS = {
    "elif": ("if", "elif", "for", "while"),
    "else": ("if", "elif", "for", "while", "except"),
    "except": ("try", "except"),
    "finally": ("try", "except", "else"),
}


def repair(source: str, known: bool) -> tuple[str, list[tuple[int, int]], list[SyntaxProblem], ast.Module | None]:
    """Same lines, parseable; the spans of the statements changed; what was wrong with them; the tree, where it came about.

    `known` says that `source` is known not to parse.
    """
    if not known and find_failure(source) is None:
        return source, [], [], None
    pieces: list[str] = []
    broken: list[tuple[int, int]] = []
    problems: list[SyntaxProblem] = []
    tree: ast.Module | None = None
    stray = _stray_quotes(source)
    if stray is not None:
        lines = LineIndex(source)
        end = lines.end(lines.line(stray))
        source = source[:stray] + "#" + source[stray + 1 :]
        broken.append((stray, end))
        problems.append(SyntaxProblem("unterminated triple-quoted string literal", stray, end))
    blocks = list(_blocks(source))
    for start, end, block in blocks:
        piece = source[start:end]
        if len(blocks) > 1 and find_failure(piece) is None:
            pieces.append(piece)
            continue
        lines = [_line(source, line) for line in block]
        piece, tree = _repair_block(source, start, end, lines)
        pieces.append(piece)
        for line in lines:
            if line.failure is not None:
                broken.append((line.start, line.end))
                problems.append(locate(line.failure, source[line.start : line.end], line.start))
    return "".join(pieces), _merged(broken), problems, tree if len(blocks) == 1 else None


_DEFINITION = re.compile(r"^[ \t]*(?:(?:async[ \t]+)?def[ \t]+\w+[ \t]*\(|class[ \t]+\w+.*:[ \t]*$)", re.MULTILINE)
_TRIPLE = ('"""', "'''")


def _stray_quotes(source: str) -> int | None:
    """Where triple quotes open a string that was not meant to go as far as it does; None when there are none.

    With one pair missing, strings and code change places from there on. A string that a letter follows, as it follows the
    opening quotes of a docstring, was opened by the stray ones; so was one that holds definitions, if one is open at the end.
    """
    tokens = tokenise(source)
    last = next((token for token in reversed(tokens) if token.kind == "string"), None)
    left_open = last is not None and not last.closed and _quotes(source, last).startswith(_TRIPLE)
    for token in tokens:
        if token.kind != "string" or not (quotes := _quotes(source, token)).startswith(_TRIPLE):
            continue
        definition = left_open and _DEFINITION.search(source, token.start, token.end)
        if definition or source[token.end : token.end + 1].isalpha():
            return token.end - len(quotes)
    return None


def _quotes(source: str, token: Token) -> str:
    """A string literal without its prefix."""
    return source[token.start : token.end].lstrip("rRbBuUfFtT")


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, with those that touch made one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _blocks(source: str) -> Iterator[tuple[int, int, Sequence[LogicalLine]]]:
    """Top-level statements with their bodies, as spans of whole physical lines that cover the text."""
    lines = logical_lines(source)
    tokens = tokenise(source)
    starts: list[int] = [0]
    previous_end = 0
    decorated = False
    for index, line in enumerate(lines):
        word = source[line.start : tokens[line.first].end]
        same_physical = index > 0 and not re.search(r"[\r\n]", source[previous_end : line.start])
        # A simple statement has no body: what is indented below it belongs to the block that it interrupts.
        interrupts = word not in _HEADERS and index + 1 < len(lines) and lines[index + 1].indent > 0
        if index > 0 and line.indent == 0 and not (same_physical or decorated or interrupts or word in _CONTINUATIONS):
            starts.append(index)
        decorated = word == "@"
        previous_end = line.end
    offset = 0
    for position, first in enumerate(starts):
        last = starts[position + 1] if position + 1 < len(starts) else len(lines)
        end = len(source)
        if last < len(lines):
            head = lines[last].start
            end = max(source.rfind("\n", 0, head), source.rfind("\r", 0, head)) + 1
        yield offset, end, lines[first:last]
        offset = end


def _line(source: str, line: LogicalLine) -> RepairedLine:
    tokens = tokenise(source)[line.first : line.last]
    text = source[line.start : line.end]
    words = [source[token.start : token.end] for token in tokens[:2]]
    word = words[0] if words else ""
    if word == "async" and len(words) > 1:
        word = words[1]
    header = word in _HEADERS
    inline = False
    if header:
        colon = _header_colon(source, tokens)
        if word in _SOFT and colon is None:
            header = False
        inline = colon is not None and any(token.start > colon and token.kind != "comment" for token in tokens)
        inline = inline and any(
            t.start > (colon or 0) and t.kind not in ("newline", "continuation", "comment") for t in tokens
        )
    room = None
    if _SEMICOLON.match(source, line.end):
        room = len(text) - max(text.rfind("\n"), text.rfind("\r")) - 1
    return RepairedLine(line.start, line.end, line.indent, text, word, header, inline, room)


_SEMICOLON = re.compile(r"[ \t\f]*;")


def _header_colon(source: str, tokens: Sequence[Token]) -> int | None:
    """Offset of the colon that ends a header, outside brackets, lambdas and slices."""
    depth = lambdas = 0
    for token in tokens:
        if token.kind == "name" and source.startswith("lambda", token.start) and token.end - token.start == 6:
            lambdas += 1
        elif token.kind == "op" and token.end - token.start == 1:
            character = source[token.start]
            if character in "([{":
                depth += 1
            elif character in ")]}":
                depth -= 1
            elif character == ":" and depth <= 0:
                if not lambdas:
                    return token.start
                lambdas -= 1
    return None


def _has_body(lines: list[RepairedLine], index: int) -> bool:
    """Whether the next logical line is indented further, on a physical line of its own."""
    return index + 1 < len(lines) and lines[index + 1].indent > lines[index].indent


def _repair_block(source: str, start: int, end: int, lines: list[RepairedLine]) -> tuple[str, ast.Module | None]:
    for index, line in enumerate(lines):
        failure = fails(line.text, line)
        if failure is not None:
            line.failure = failure
            if line.inline_body and _has_body(lines, index):
                line.inline_body = False  # `class A(B): [` above the body: the rest of the line is what is being typed
                line.replace(generic_header(line))
            else:
                repair_line(line)
    _fix_structure(lines)
    for _ in range(MAX_BLOCK_ATTEMPTS):
        piece = _join(source, start, end, lines)
        tree, failure = compile_source(piece)
        if failure is None:
            return piece, tree
        culprit = _culprit(failure, piece, source, start, lines)
        if culprit is None:
            break
        given_up = (
            generic_header(culprit) if culprit.header and not culprit.inline_body else nothing_instead(culprit, "pass")
        )
        if culprit.text == given_up:
            given_up = nothing_instead(culprit, "")
            culprit.word, culprit.header = "", False
        if culprit.text == given_up:
            break
        culprit.replace(given_up, failure.message)
        culprit.inline_body = False
        _fix_structure(lines)
    for line in lines:
        line.replace(nothing_instead(line, ""), "invalid syntax")
    return blanked(source[start:end]), None


def _culprit(failure: Failure, piece: str, source: str, start: int, lines: list[RepairedLine]) -> RepairedLine | None:
    """The last logical line that starts at or before the line of the error, and has something left to give up."""
    if failure.line <= 0:
        return max(lines, key=lambda line: len(line.text), default=None)
    # Physical lines are the same in both texts.
    limit = LineIndex(source).end(LineIndex(source).line(start) + failure.line - 1)
    before = [line for line in lines if line.start <= limit and line.text.strip()]
    return before[-1] if before else None


def _join(source: str, start: int, end: int, lines: Sequence[RepairedLine]) -> str:
    pieces: list[str] = []
    position = start
    for line in lines:
        pieces += (source[position : line.start], line.text)
        position = line.end
    pieces.append(source[position:end])
    return "".join(pieces)


def _fix_structure(lines: list[RepairedLine]) -> None:
    """Give headers bodies, bodies headers, and parts of compound statements the parts that they continue."""
    levels = [lines[0].indent if lines else 0]
    opened: dict[int, str] = {}  # by indentation: the part of a compound statement that the next line may continue
    previous: RepairedLine | None = None
    for index, line in enumerate(lines):
        if not line.text.strip():
            continue
        body_expected = previous is not None and previous.header and not previous.inline_body
        if previous is not None and body_expected and not line.header:
            following = _following(lines, index)
            if following is not None and line.indent != following.indent > previous.indent:
                line.replace(
                    nothing_instead(line, ""), "expected an indented block"
                )  # it stands between a header and its body
                continue
        if previous is not None and body_expected and line.indent <= previous.indent:
            previous.replace(previous.text + " pass", "expected an indented block")
            previous.inline_body = True
            body_expected = False
        outlier = line.indent < levels[-1] and line.indent not in levels
        if outlier or (not line.header and line.indent < levels[-1] and _returns(lines, index, levels)):
            # The lines after it go on as if it were not there; so does what it would have closed.
            line.replace(nothing_instead(line, ""), "unindent does not match any outer indentation level")
            continue
        if line.indent > levels[-1]:
            if body_expected:
                levels.append(line.indent)
            elif not _same_physical_line(previous, line):
                line.replace(nothing_instead(line, ""), "unexpected indent")
                continue
        else:
            while len(levels) > 1 and line.indent < levels[-1]:
                opened.pop(levels.pop(), None)
        partners = _CONTINUATIONS.get(line.word)
        if partners and opened.get(line.indent) not in partners:
            line.replace(header_instead("if", line), f"{line.word!r} without the statement that it belongs to")
            line.word = "if"
        if line.word == "try" and line.header and not _has_handler(lines, index):
            line.replace(
                "if 1:" + (line.text.partition(":")[2] if line.inline_body else ""),
                "expected 'except' or 'finally' block",
            )
            line.word = "if"
        if line.word == "@" and not _decorates(lines, index):
            line.replace(nothing_instead(line, "pass"), "a decorator without a function or class")
        opened[line.indent] = line.word if line.header else ""
        previous = line
    if previous is not None and previous.header and not previous.inline_body:
        previous.replace(previous.text + " pass", "expected an indented block")
        previous.inline_body = True


def _following(lines: list[RepairedLine], index: int) -> RepairedLine | None:
    """The next line with something on it."""
    return next((lines[place] for place in range(index + 1, len(lines)) if lines[place].text.strip()), None)


def _returns(lines: list[RepairedLine], index: int, levels: list[int]) -> bool:
    """Whether the line after a simple one is back inside a block that the simple one would close."""
    following = _following(lines, index)
    return following is not None and following.indent > lines[index].indent and following.indent in levels


def _same_physical_line(previous: RepairedLine | None, line: RepairedLine) -> bool:
    return previous is not None and previous.indent == line.indent


def _has_handler(lines: list[RepairedLine], index: int) -> bool:
    indent = lines[index].indent
    for line in lines[index + 1 :]:
        if line.indent <= indent and line.text.strip():
            return line.indent == indent and line.word in ("except", "finally")
    return False


def _decorates(lines: list[RepairedLine], index: int) -> bool:
    for line in lines[index + 1 :]:
        if line.text.strip():
            return line.indent == lines[index].indent and line.word in ("@", "def", "class")
    return False
