"""Fixes and suppressions applied to files: to text, or to the cells of a notebook, with everything else left as it was."""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from keras_lsp.cli.inputs import Input, read_input
from keras_lsp.project.suppression import add_suppressions
from keras_lsp.rules.base import Applicability, Finding
from keras_lsp.text.edits import TextEdit, apply_edits, merge, unified_diff
from keras_lsp.text.notebook import CellSpan
from keras_lsp.text.source import Source, read_source

MAX_ROUNDS = 20
"""Rounds of fixing; a fix may make room for another, but none that is right makes one for itself again."""


@dataclass(slots=True)
class Rewrite:
    """A file after edits: what it is then, the findings that are left, how many were fixed by code."""

    after: Input
    findings: Sequence[Finding]
    fixed: dict[str, int] = field(default_factory=dict[str, int])

    def diff(self, before: Input) -> str:
        """The change as `patch` reads it; of a notebook, cell by cell."""
        if not before.is_notebook:
            return unified_diff(before.original, self.after.original, before.path)
        pairs = zip(_cells(before), _cells(self.after), strict=True)
        return "".join(unified_diff(old.source, new.source, f"{before.path}:cell {old.index}") for old, new in pairs)


def _cells(source: Input) -> tuple[CellSpan, ...]:
    return source.module.cells.spans if source.module is not None else ()


@dataclass(frozen=True, slots=True)
class Look:
    """What a text looks like: whether Python can parse it, and the findings to report."""

    parses: bool
    findings: Sequence[Finding]


def apply_fixes(source: Input, look: Callable[[Input], Look], *, unsafe: bool) -> Rewrite:
    """Apply the first fix of every finding, again and again until nothing is left to fix.

    Safe fixes only, unless `unsafe`; none is taken that leaves a text which Python could parse as one that it cannot.
    """
    fixed: dict[str, int] = {}
    allowed = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    current, seen = source, look(source)
    for _ in range(MAX_ROUNDS):
        candidates = [f for f in seen.findings if f.fixes and f.fixes[0].applicability in allowed]
        candidates = [f for f in candidates if not _is_masked(current, f.fixes[0].edits)]
        edits, taken = merge([finding.fixes[0].edits for finding in candidates])
        after = edited(current, edits) if edits else None
        if after is None:
            break
        then = look(after)
        if seen.parses and not then.parses:
            break
        for index in taken:
            fixed[candidates[index].code] = fixed.get(candidates[index].code, 0) + 1
        current, seen = after, then
    return Rewrite(current, seen.findings, fixed)


def _is_masked(source: Input, edits: Iterable[TextEdit]) -> bool:
    module = source.module
    return module is not None and any(module.is_masked(edit.start, edit.end) for edit in edits)


def add_ignores(source: Input, findings: Sequence[Finding], reason: str) -> Rewrite:
    """Suppress all findings with comments."""
    edits = add_suppressions(source.original, [f for f in findings if f.code != "KER001"], reason)
    after = edited(source, edits) if edits else None
    if after is None:
        return Rewrite(source, findings)
    fixed: dict[str, int] = {}
    for finding in findings:
        if finding.code != "KER001":
            fixed[finding.code] = fixed.get(finding.code, 0) + 1
    return Rewrite(after, [finding for finding in findings if finding.code == "KER001"], fixed)


def edited(source: Input, edits: Sequence[TextEdit]) -> Input | None:
    """The file after edits, as it would be read again; `None` if its encoding cannot say what they insert."""
    data = _notebook(source, edits) if source.is_notebook else _text(source, edits)
    if data is None:
        return None
    again = read_input(source.path, data)
    return again if isinstance(again, Input) else None


def _text(source: Input, edits: Sequence[TextEdit]) -> bytes | None:
    form = read_source(source.data)
    if not isinstance(form, Source):
        return None
    edits = [TextEdit(edit.start, edit.end, edit.new_text.replace("\n", form.newline)) for edit in edits]
    try:
        return form.encode(apply_edits(source.original, edits))
    except UnicodeEncodeError:
        return None


def _notebook(source: Input, edits: Sequence[TextEdit]) -> bytes | None:
    """The notebook's JSON with the sources of the edited cells replaced, indented as it was."""
    module = source.module
    if module is None:
        return None
    by_cell: dict[int, list[TextEdit]] = {}
    for edit in edits:
        span = module.cells.span_at(edit.start)
        if span is None or edit.end > span.end + 1:
            return None
        by_cell.setdefault(span.index, []).append(
            TextEdit(edit.start - span.start, min(edit.end, span.end) - span.start, edit.new_text)
        )
    text = source.data.decode("utf-8-sig")
    content: Any = json.loads(text)
    cells: list[Any] = (
        content["cells"] if "cells" in content else [c for s in content["worksheets"] for c in s["cells"]]
    )
    for index, inside in by_cell.items():
        span = module.cells.span(index)
        if span is None:
            return None
        cell = cast("dict[str, Any]", cells[index])
        key = "source" if "source" in cell else "input"
        written = apply_edits(span.source, inside)
        cell[key] = written.splitlines(keepends=True) if isinstance(cell.get(key), list) else written
    indent = re.match(r"\{\s*?\n( *|\t*)\S", text)
    separators = (",", ":") if indent is None and '": ' not in text[:200] else None
    ascii_only = text.isascii()
    result = json.dumps(content, indent=indent[1] if indent else None, ensure_ascii=ascii_only, separators=separators)
    end = text[len(text.rstrip()) :]
    return (("\ufeff" if source.data.startswith(b"\xef\xbb\xbf") else "") + result + end).encode(
        "utf-8", "surrogatepass"
    )


def write(path: Path, before: bytes, after: bytes) -> str | None:
    """Replace a file as a whole or not at all; returns what went wrong. A file that changed meanwhile is left alone."""
    try:
        target = path.resolve()
        if target.read_bytes() != before:
            return "changed on disk while it was checked; not fixed"
        mode = stat.S_IMODE(target.stat().st_mode)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".keras-lsp-")
    except OSError as error:
        return f"cannot be written: {error.strerror or error}"
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(after)
        Path(name).chmod(mode)
        Path(name).replace(target)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        return f"cannot be written: {error.strerror or error}"
    return None
