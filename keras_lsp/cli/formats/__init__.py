"""Output formats of `check`: each takes a report and yields the pieces of its text.

Formats that other programs read follow what those programs document; `json` is a bare array as ruff prints it. Nothing here
reads files or decides what is reported.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from keras_lsp.cli.report import Report
    from keras_lsp.cli.terminal import Painter

Renderer: TypeAlias = "Callable[[Report, Painter], Iterator[str]]"

FORMATS = {
    "full": "text",
    "concise": "text",
    "json": "json",
    "json-lines": "json",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "sarif": "sarif",
}
"""The module of each format, which is imported only when it is asked for."""

FOR_PEOPLE = frozenset({"full", "concise"})
"""Formats that end with a summary; the others hold nothing that their readers do not expect."""


def renderer(name: str) -> Renderer:
    """The function that renders a format."""
    module = importlib.import_module(f"{__name__}.{FORMATS[name]}")
    return getattr(module, name.replace("-", "_"))
