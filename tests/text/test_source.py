"""Bytes to text, and back without loss."""

from __future__ import annotations

import pytest

from keras_lsp.text.limits import MAX_SOURCE_BYTES
from keras_lsp.text.source import Source, SourceError, read_source


def text_of(data: bytes) -> Source:
    source = read_source(data)
    assert isinstance(source, Source), source
    return source


@pytest.mark.parametrize(
    ("data", "text", "encoding", "bom"),
    [
        (b"", "", "utf-8", False),
        (b"\xef\xbb\xbfx = 1\r\n", "x = 1\r\n", "utf-8", True),
        ("# é".encode(), "# é", "utf-8", False),
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "# -*- coding: latin-1 -*-\nx = 'é'\n", "latin-1", False),
        (b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n'\x80'", None, "cp1252", False),
        (b"x = 1\n# coding: latin-1\n", "x = 1\n# coding: latin-1\n", "utf-8", False),
        (b"# coding: utf8\n", "# coding: utf8\n", "utf-8", False),
    ],
)
def test_decoding(data, text, encoding, bom):
    source = text_of(data)
    assert (source.encoding, source.bom) == (encoding, bom)
    assert text is None or source.text == text
    assert source.encode(source.text) == data


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        (b"x = 1\ny = '\xff'\n", "undecodable", "byte 0xff on line 2"),
        (b"# coding: klingon\n", "encoding", "'klingon'"),
        (b"# coding: rot13\nvzcbeg bf", "encoding", "'rot13'"),
        (b"# coding: idna\nx", "encoding", "'idna'"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "encoding", "byte order mark"),
        ("x = 1".encode("utf-16"), "encoding", "UTF-16"),
        (b"\x7fELF\0\0", "binary", "NUL"),
        (b" " * (MAX_SOURCE_BYTES + 1), "too-large", "too large"),
    ],
)
def test_what_is_no_text(data, kind, says):
    error = read_source(data)
    assert isinstance(error, SourceError)
    assert error.kind == kind
    assert says in error.message
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("text", "newline"), [("a\r\nb\n", "\r\n"), ("a\rb", "\r"), ("a\nb\r\n", "\n"), ("a\x85", "\n")]
)
def test_newline_style(text, newline):
    assert text_of(text.encode()).newline == newline
