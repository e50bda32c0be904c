"""Text for terminals: colours where they are wanted, columns as terminals count them, nothing that a file could do to one."""

from __future__ import annotations

import os
import sys
import textwrap
import unicodedata
from typing import IO, Literal

ColorChoice = Literal["auto", "always", "never"]

WIDTH = 80
"""Columns that messages are wrapped at, whatever the window's width, so that logs look alike everywhere."""

_STYLES = {"bold": "1", "error": "1;31", "warning": "1;33", "info": "1;34", "hint": "1;36", "dim": "2", "fix": "32"}


class Painter:
    """Colours text, or leaves it as it is."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled

    def __call__(self, style: str, text: str) -> str:
        """`text` in a style: "bold", "dim", "fix" or a severity."""
        return f"\033[{_STYLES[style]}m{text}\033[0m" if self.enabled and text else text


def wants_color(choice: ColorChoice, stream: IO[str]) -> bool:
    """Whether to colour: as asked for, else by FORCE_COLOR and NO_COLOR (no-color.org), else for terminals."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return os.environ.get("TERM") != "dumb" and stream.isatty()


def escape(text: str) -> str:
    """`text` with every character that could move the cursor, change colours or turn the reading direction made visible."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _is_harmless(character) else _visible(character) for character in text)


def _is_harmless(character: str) -> bool:
    if character.isprintable():
        return True
    # Letters of scripts need joiners; spaces of other widths are only spaces.
    return unicodedata.category(character) == "Zs" or character in "\u200c\u200d"


def _visible(character: str) -> str:
    if character == "\t":
        return "    "
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def columns(text: str) -> int:
    """How many columns a terminal gives to `text`: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    total = 0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
            continue
        total += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return total


def wrap(text: str, indent: str = "", first: str | None = None) -> str:
    """`text` filled to WIDTH; `first` begins the first line instead of `indent`. Long words stay whole."""
    return textwrap.fill(
        escape(text),
        WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def complain(message: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"keras-lsp: {escape(message)}\n")


def prepare_streams() -> None:
    """Let no character that the terminal's encoding lacks end the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
