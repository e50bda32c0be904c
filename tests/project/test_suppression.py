"""Suppressions take out what they name and nothing else; a baseline knows findings by their line's text."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from keras_lsp.project.baseline import Baseline, dump_baseline, make_baseline, read_baseline, write_baseline
from keras_lsp.project.suppression import add_suppressions, apply_suppressions
from keras_lsp.text.edits import apply_edits


class Finding(NamedTuple):
    code: str
    span: tuple[int, int]
    name: str = "incompatible-input"


def finding(text: str, fragment: str, code: str = "KER201", name: str = "incompatible-input") -> Finding:
    start = text.index(fragment)
    return Finding(code, (start, start + len(fragment)), name)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("bad()\n", True),
        ("bad()  # keras-lsp: ignore\n", False),
        ("bad()  # keras-lsp: ignore[KER201]\n", False),
        ("bad()  # keras-lsp: ignore[ker999, KER201] since it is\n", False),
        ("bad()  # keras-lsp: ignore[incompatible-input]\n", False),
        ("bad()  # keras-lsp:ignore [KER201]\n", False),
        ("bad()  # keras-lsp: ignore[KER202]\n", True),
        ("bad()  # keras-lsp: ignore[KER20]\n", True),
        ("bad()  # noqa: KER201\n", False),
        ("bad()  # noqa: E501,KER201\n", False),
        ("bad()  # noqa\n", True),
        ("bad()  # type: ignore  # keras-lsp: ignore[KER201]\n", False),
        ("x = '# keras-lsp: ignore'; bad()\n", True),
        ("# keras-lsp: ignore[KER201]\nbad()\n", False),
        ("# keras-lsp: ignore[KER201]\n\n# why\nbad()\n", False),
        ("# keras-lsp: ignore[KER201]\nx = [\n  1,\n  bad()]\n", False),
        ("# keras-lsp: ignore[KER201]\nok()\nbad()\n", True),
        ("x = [  # keras-lsp: ignore[KER201]\n  bad()]\n", True),
        ("x = [\n  # keras-lsp: ignore[KER201]\n  bad(),\n  2]\n", False),
        ("# keras-lsp: file-ignore[KER201]\nx\n\nbad()\n", False),
        ("bad()\n# keras-lsp: file-ignore\n", False),
        ("# keras-lsp: disable[KER201]\nbad()\n# keras-lsp: enable[KER201]\n", False),
        ("# keras-lsp: disable[KER201]\nx\n# keras-lsp: enable[KER201]\nbad()\n", True),
        ("# keras-lsp: disable[KER201, KER202]\n# keras-lsp: enable[KER202]\nbad()\n", False),
        ("bad()\n# keras-lsp: disable\n", True),
    ],
)
def test_what_a_comment_covers(text, kept):
    result = apply_suppressions(text, [finding(text, "bad()")])
    assert len(result.kept) == kept
    assert len(result.suppressed) == (not kept)


def test_a_finding_of_many_lines_is_suppressed_on_its_first_or_last():
    text = "bad(1,\n  2,\n  3)  # keras-lsp: ignore[KER201]\n"
    assert apply_suppressions(text, [finding(text, "bad(1,\n  2,\n  3)")]).kept == ()
    text = "bad(1,  # keras-lsp: ignore[KER201]\n  3)\n"
    assert apply_suppressions(text, [finding(text, text.rstrip())]).kept == ()


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("ok()  # keras-lsp: ignore[KER201]\nx\n", "ok()\nx\n"),
        ("ok()  # keras-lsp: ignore\n", "ok()\n"),
        ("# keras-lsp: ignore[KER201] because\nok()\n", "ok()\n"),
        ("bad()  # keras-lsp: ignore[KER202, KER201, KER203] hm\n", "bad()  # keras-lsp: ignore[KER201] hm\n"),
        ("ok()  # keras-lsp: ignore[KER201]  # noqa: E501\n", "ok()  # noqa: E501\n"),
        ("bad()  # keras-lsp: ignore[KER201]\n", None),
        ("ok()  # keras-lsp: ignore[KER301]\n", None),  # a rule that was not run
    ],
)
def test_unused_suppressions_are_told_and_taken_out(text, after):
    findings = [finding(text, "bad()")] if "bad()" in text else []
    result = apply_suppressions(text, findings, lambda code: not code.startswith("KER3"))
    if after is None:
        assert result.unused == ()
    else:
        (unused,) = result.unused
        assert apply_edits(text, unused.edits) == after
        assert apply_suppressions(after, findings).unused == ()


@pytest.mark.parametrize(
    ("comment", "says"),
    [
        ("# keras-lsp: ingore[KER201]", "unknown directive 'ingore'"),
        ("# keras-lsp: ignore[]", "no code"),
        ("# keras-lsp: ignore[KER201", "not closed"),
        ("# keras-lsp: enable[KER201]", "without a 'disable'"),
    ],
)
def test_comments_that_cannot_be_understood(comment, says):
    (problem,) = apply_suppressions(f"x = 1  {comment}\n", []).problems
    assert says in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "bad()\n",
        "bad()  # a comment",
        "bad()  # keras-lsp: ignore[KER301]\n",
        "x = '''\n''' + bad()\n",
        "x = bad('''\n''')\n",
        "x = bad() + \\\n  1\n",
        "x = [\n  bad(),\n]\n",
    ],
)
def test_added_suppressions_suppress(text):
    findings = [finding(text, "bad("), finding(text, "bad(", "KER202")]
    edited = apply_edits(text, add_suppressions(text, findings, "known"))
    compile(edited, "x", "exec")
    again = [finding(edited, "bad("), finding(edited, "bad(", "KER202")]
    # What ends on the line that has the comment is covered by it.
    end = edited.index("# keras-lsp") if "'''\n'''" in edited or "\\\n" in edited else again[0].span[1]
    again = [item._replace(span=(item.span[0], end)) for item in again]
    assert apply_suppressions(edited, again).kept == ()


def test_baseline_survives_shifts_and_notices_changes(tmp_path):
    text = "a\nbad(1)\nbad(1)\nbad(2)\n"
    findings = [Finding("KER201", (2, 8)), Finding("KER201", (9, 15)), Finding("KER201", (16, 22))]
    file = tmp_path / "known.json"
    assert write_baseline(file, make_baseline([("src/m.py", text, findings)])) is None
    baseline = read_baseline(file)
    assert isinstance(baseline, Baseline)
    assert dump_baseline(baseline) == file.read_text()

    moved = "import x\n\n" + text.replace("bad(2)", "  bad(2) ")
    places = [moved.index("bad(1)"), moved.rindex("bad(1)"), moved.index("bad(2)")]
    shifted = [Finding("KER201", (place, place + 6)) for place in places]
    assert baseline.apply("src/m.py", moved, shifted) == ([], shifted)
    assert baseline.apply("src\\m.py", moved, shifted) == ([], shifted)
    assert baseline.apply("src/other.py", moved, shifted) == (shifted, [])
    # A third `bad(1)` is one more than were known; another code or line is new.
    more = moved + "bad(1)\nbad(3)\n"
    third = Finding("KER201", (more.rindex("bad(1)"), more.rindex("bad(1)") + 6))
    changed = Finding("KER201", (more.index("bad(3)"), more.index("bad(3)") + 6))
    other = Finding("KER202", (places[0], places[0] + 6))
    assert baseline.apply("src/m.py", more, [*shifted, third, changed, other])[0] == [third, changed, other]


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "not JSON"), ("[]", "no list"), ('{"version": 9, "findings": []}', "version 9"), ("\x80", "not JSON")],
)
def test_what_is_no_baseline(tmp_path, text, says):
    file = tmp_path / "b.json"
    file.write_text(text, encoding="latin-1")
    assert says in read_baseline(file)
    assert "cannot be read" in read_baseline(tmp_path / "gone.json")
    assert "cannot be written" in write_baseline(tmp_path / "no" / "b.json", Baseline({}))
