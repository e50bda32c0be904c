"""Contracts about shapes; suppressions are tested with what they suppress, in tests/project."""

from __future__ import annotations

import pytest

from keras_lsp.syntax.comments import comments, shape_comments, suppressions


@pytest.mark.parametrize(
    ("text", "dims"),
    [
        ("x = load()  # shape: (n, 28, 28, 1)", ("n", 28, 28, 1)),
        ("x = load()  # shape: (None, 2*k, (h-3)//2)", (None, "2*k", "(h-3)//2")),
        ("x = load()  # shape: (None, 2*k)", (None, "2*k")),
        ("x = load()  # shape: [3, 4]", (3, 4)),
        ("x = load()  # shape: (3,)", (3,)),
        ("x = load()  # shape: ()", ()),
        ("x = load()  # Shape:(3, 4), as in the paper", (3, 4)),
        ("x = load()  # images, shape: (3, 4) ", None),
        ("x = load()  # shape: (3, 4) # noqa", (3, 4)),
        ("x = load()  # the shape: of things", None),
        ("x = load()  # shape: (a b, ?)", None),
        ("x = load()  # shape: 3, 4", None),
        ("# shape: (3, 4)", None),
        ("x = '# shape: (3, 4)'", None),
        ("x = 1  # shape: (" + "9" * 50 + ")", ("9" * 50,)),
    ],
)
def test_shape_contracts(text, dims):
    found = shape_comments("first\n" + text + "\n")
    assert (found[1].dims if found else None) == dims
    if found:
        assert ("first\n" + text)[found[1].start : found[1].end].lower().startswith("# shape:")


def test_comments_are_not_in_strings_and_know_whether_they_stand_alone():
    text = "x = '# no'  # yes\n  # alone\n'''\n# no\n'''\nf(  # open"
    assert [(comment.text, comment.line, comment.own_line) for comment in comments(text)] == [
        ("# yes", 0, False),
        ("# alone", 1, True),
        ("# open", 5, False),
    ]


def test_a_text_without_directives_is_not_even_split_into_tokens():
    comments.cache_clear()
    assert suppressions("x = 1  # a comment\n") == ((), ())
    assert shape_comments("x = 1  # a comment\n") == {}
    assert comments.cache_info().misses == 0
