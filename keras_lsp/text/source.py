"""From the bytes of a file to its text, and back."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Literal

from keras_lsp.text.limits import MAX_SOURCE_BYTES

NewLine = Literal["\n", "\r\n", "\r"]

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")  # PEP 263
_BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?$")
_UTF8_NAMES = frozenset({"utf-8", "utf8", "utf-8-sig"})
_SLOW_CODECS = frozenset({"idna", "punycode"})
"""Decoders whose time grows with the square of the length, and which no program is written in."""


@dataclass(frozen=True, slots=True)
class Source:
    """A decoded text and what is needed to write it back as it was: encoding, byte order mark, line break."""

    text: str
    encoding: str = "utf-8"
    bom: bool = False
    newline: NewLine = "\n"

    def encode(self, text: str) -> bytes:
        """The bytes of `text` in this file's form; raises UnicodeEncodeError for what its encoding cannot say."""
        data = text.encode(self.encoding)
        return codecs.BOM_UTF8 + data if self.bom else data


@dataclass(frozen=True, slots=True)
class SourceError:
    """Why some bytes are no text, in one sentence."""

    kind: Literal["too-large", "binary", "encoding", "undecodable"]
    message: str


def newline_of(text: str) -> NewLine:
    """The line break of the first line, which an edit should use too; a line feed where there is none."""
    match = re.search(r"\r\n|\r|\n", text)
    if match is None or match[0] == "\n":
        return "\n"
    return "\r\n" if match[0] == "\r\n" else "\r"


def read_source(data: bytes, limit: int = MAX_SOURCE_BYTES) -> Source | SourceError:
    """Decode a Python file as Python does: byte order mark, then coding cookie, then UTF-8."""
    if len(data) > limit:
        size, most = len(data) / 1e6, limit / 1e6
        return SourceError("too-large", f"file too large for shape analysis ({size:.1f} MB; the limit is {most:g} MB)")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return SourceError("encoding", "file is UTF-16, which Python does not read; save it as UTF-8")
    bom = data.startswith(codecs.BOM_UTF8)
    if bom:
        data = data[len(codecs.BOM_UTF8) :]
    if b"\0" in data:
        return SourceError("binary", "file holds NUL bytes: it is binary, not Python")
    encoding = _cookie(data) or "utf-8"
    name = encoding.lower().replace("_", "-")
    if name in _UTF8_NAMES:
        encoding = "utf-8"
    elif bom:
        return SourceError(
            "encoding", f"file starts with a UTF-8 byte order mark but declares the encoding {encoding!r}"
        )
    try:
        if name in _SLOW_CODECS:
            raise LookupError
        text = data.decode(encoding)
    except LookupError:
        return SourceError("encoding", f"file declares the encoding {encoding!r}, which Python does not know")
    except UnicodeError as error:
        return SourceError("undecodable", _describe(data, encoding, error))
    return Source(text, encoding, bom, newline_of(text))


def _cookie(data: bytes) -> str | None:
    """The encoding declared in the first two lines, of which the first may only be blank or a comment."""
    for line in re.split(rb"\r\n|\r|\n", data[:4096], maxsplit=2)[:2]:
        match = _COOKIE.match(line)
        if match:
            return match[1].decode("ascii", "replace")
        if not _BLANK.match(line):
            return None
    return None


def _describe(data: bytes, encoding: str, error: UnicodeError) -> str:
    if not isinstance(error, UnicodeDecodeError):
        return f"file cannot be decoded as {encoding}"
    line = len(re.findall(rb"\r\n|\r|\n", data[: error.start])) + 1
    hint = "; save it as UTF-8 or declare its encoding in the first line" if encoding == "utf-8" else ""
    return f"file is not {encoding.upper()}: byte 0x{data[error.start]:02x} on line {line}{hint}"
