"""Lines and changes against a reference that shares no code and no idea with the implementation: it walks character by character."""

from __future__ import annotations

import ast

from hypothesis import example, given
from hypothesis import strategies as st

from keras_lsp.text.document import Change, Document, Position, Range
from keras_lsp.text.lines import LineIndex, code_points, width

ALPHABET = [
    "a",
    "b",
    " ",
    "\n",
    "\r",
    "\r\n",
    "\f",
    "\v",
    "\x1c",
    "\x85",
    "\u2028",
    "\u2029",
    "é",
    "e\u0301",
    "😋",
    "👩\u200d🔬",
]
ALPHABET += ["\ud800", "\udc00", "\0", "\ufeff", "\t"]
texts = st.lists(st.sampled_from(ALPHABET), max_size=30).map("".join)
encodings = st.sampled_from(["utf-8", "utf-16", "utf-32"])
numbers = st.integers(-3, 40)
positions = st.builds(Position, numbers, numbers)


def units(character: str, encoding: str) -> int:
    """Units of one character, by the ranges in the definitions of UTF-8 and UTF-16."""
    code = ord(character)
    if encoding == "utf-8":
        return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
    if encoding == "utf-16":
        return 1 if code < 0x10000 else 2
    return 1


def reference_offset(text: str, line: int, column: int, encoding: str) -> int:
    """Where a client's position lies: walk to the line, then walk its columns."""
    if line < 0:
        return 0
    index = current = 0
    while current < line:
        if index >= len(text):
            return len(text)
        if text[index] == "\r" and text[index + 1 : index + 2] == "\n":
            index += 2
            current += 1
        elif text[index] in "\r\n":
            index += 1
            current += 1
        else:
            index += 1
    while index < len(text) and text[index] not in "\r\n":
        column -= units(text[index], encoding)
        if column < 0:
            break
        index += 1
    return index


def reference_position(text: str, offset: int, encoding: str) -> tuple[int, int]:
    offset = max(0, min(offset, len(text)))
    line = column = index = 0
    while index < offset:
        if text[index] == "\r" and text[index + 1 : index + 2] == "\n":
            if index + 2 > offset:  # between the two halves of one line break
                return line, column
            index, line, column = index + 2, line + 1, 0
        elif text[index] in "\r\n":
            index, line, column = index + 1, line + 1, 0
        else:
            column += units(text[index], encoding)
            index += 1
    return line, column


@given(texts, positions, encodings)
@example("a", Position(0, 4), "utf-16")
@example("a\fb\n", Position(1, 0), "utf-16")
@example("😋", Position(0, 1), "utf-16")
def test_offset_of_a_position(text, position, encoding):
    assert LineIndex(text).offset_at(position, encoding) == reference_offset(text, *position, encoding)


@given(texts, st.integers(-3, 70), encodings)
def test_position_of_an_offset(text, offset, encoding):
    assert LineIndex(text).position(offset, encoding) == reference_position(text, offset, encoding)


@given(texts, encodings)
def test_every_offset_survives_the_round_trip_unless_it_splits_a_line_break(text, encoding):
    index = LineIndex(text)
    for offset in range(len(text) + 1):
        back = index.offset_at(index.position(offset, encoding), encoding)
        splits = text[offset - 1 : offset + 1] == "\r\n" and offset > 0
        assert back == (offset - 1 if splits else offset)


@given(texts)
def test_lines_cover_the_text(text):
    index = LineIndex(text)
    assert "".join(text[index.start(line) : index.start(line + 1)] for line in range(index.count)) == text
    for line in range(index.count):
        assert not set(index.content(line)) & {"\r", "\n"}
        assert text[index.end(line) : index.start(line + 1)] in ("\r\n", "\r", "\n") or line == index.count - 1


@given(
    st.lists(st.sampled_from(["x = 1", "# é", '"""', "\n", "\r", "\r\n", "\x85", "\u2028"]), max_size=12).map("".join)
)
def test_lines_are_those_of_python(text):
    source = text.replace("\x85", "#\x85").replace("\u2028", "#\u2028") + "\nmarker"
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    last = tree.body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Name):
        assert LineIndex(source).line(len(source) - 1) + 1 == last.lineno


@given(texts.filter(lambda text: not set(text) & {"\r", "\n"}), st.integers(-2, 130), encodings)
def test_widths(text, count, encoding):
    assert width(text, encoding) == sum(units(character, encoding) for character in text)
    assert code_points(text, count, encoding) == reference_offset(text, 0, count, encoding)


changes = st.lists(
    st.tuples(st.none() | st.tuples(positions, positions), texts),
    max_size=5,
)


@given(texts, changes, encodings)
@example("a", [((Position(0, 1), Position(0, 4)), "ba")], "utf-16")
def test_changes(text, edits, encoding):
    document = Document("untitled:x", 1, text)
    expected = text
    for span, new in edits:
        if span is None:
            expected = new
            continue
        start, end = sorted(reference_offset(expected, *position, encoding) for position in span)
        expected = expected[:start] + new + expected[end:]
    made = [Change(new, None if span is None else Range(*span)) for span, new in edits]
    changed = document.apply_changes(made, 2, encoding)
    assert (changed.text, changed.version, changed.uri) == (expected, 2, "untitled:x")
    assert (document.text, document.version) == (text, 1)
    assert [changed.lines.start(line) for line in range(changed.lines.count)] == [
        LineIndex(expected).start(line) for line in range(LineIndex(expected).count)
    ]


def test_five_megabytes_are_indexed_at_once():
    import time

    text = "x = 'é'\n" * 640_000
    started = time.process_time()
    index = LineIndex(text)
    assert index.position(len(text) - 1, "utf-16") == (639_999, 7)
    assert index.offset_at(Position(639_999, 7), "utf-16") == len(text) - 1
    assert time.process_time() - started < 2
