"""Edits are applied all or not at all, and a diff gives back what it came from."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_lsp.text.edits import TextEdit, apply_edits, compatible, merge, unified_diff


def test_edits_speak_of_the_text_as_given():
    assert apply_edits("abcdef", [TextEdit(4, 5, "E"), TextEdit(0, 2, ""), TextEdit(6, 6, "!")]) == "cdEf!"
    assert apply_edits("abc", [TextEdit(1, 2, "x"), TextEdit(1, 2, "x")]) == "axc"
    assert apply_edits("abc", [TextEdit(0, 1, "x"), TextEdit(1, 2, "y")]) == "xyc"


@pytest.mark.parametrize("edits", [[(0, 2), (1, 3)], [(1, 1), (1, 2)], [(2, 9)], [(2, 1)], [(-1, 0)]])
def test_edits_that_do_not_fit(edits):
    with pytest.raises(ValueError, match="edit"):
        apply_edits("abcd", [TextEdit(start, end, f"{start}") for start, end in edits])


def test_merge_takes_groups_whole():
    first = [TextEdit(0, 1, "a"), TextEdit(5, 6, "b")]
    clash = [TextEdit(2, 3, "c"), TextEdit(5, 7, "d")]
    shared = [TextEdit(0, 1, "a"), TextEdit(8, 9, "e")]
    edits, taken = merge([first, clash, shared])
    assert taken == [0, 2]
    assert edits == [TextEdit(0, 1, "a"), TextEdit(5, 6, "b"), TextEdit(8, 9, "e")]
    assert compatible(edits)


def patched(before: str, diff: str) -> str:
    """What a patch program makes of `before`: for texts whose only line break is a line feed."""
    lines = before.splitlines(keepends=True)
    result: list[str] = []
    position = 0
    body = diff.splitlines(keepends=True)[2:]
    for number, line in enumerate(body):
        if hunk := re.match(r"@@ -(\d+)(?:,(\d+))? ", line):
            start = int(hunk[1]) - (hunk[2] != "0")
            result += lines[position:start]
            position = start
        elif line[0] in " -":
            content = line[1:]
            if number + 1 < len(body) and body[number + 1].startswith("\\"):
                content = content.removesuffix("\n")
            assert lines[position] == content
            position += 1
            result += [content] if line[0] == " " else []
        elif line[0] == "+":
            last = number + 1 < len(body) and body[number + 1].startswith("\\")
            result.append(line[1:].removesuffix("\n") if last else line[1:])
    return "".join(result + lines[position:])


pieces = st.lists(st.sampled_from(["a", "b", "c", "\n", "\n"]), max_size=30).map("".join)


@given(pieces, pieces)
def test_the_diff_leads_from_before_to_after(before, after):
    diff = unified_diff(before, after, "a.py")
    assert bool(diff) == (before != after)
    assert patched(before, diff) == after
