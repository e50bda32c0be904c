"""Reports of earlier runs: a file that is as it was, in a project that is as it was, is not analysed again.

A report holds for everything that it was made of: the file's bytes, the settings, the Keras and the environment, keras-lsp itself
and the Python that runs it, and every module that the analysis asked for, also those that were not there. All of these are
compared by content. There is one file for each working folder, in the user's cache; a file that cannot be read or written only
means that the work is done again. It is JSON, never a pickle.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from keras_lsp import __version__
from keras_lsp.cli.report import Diagnostic, FileReport, Location, Related, Repair, Replacement
from keras_lsp.oracle.folder import cache_folder

FORMAT = 1
"""Version of the files; another version is not read."""

MAX_BYTES = 50_000_000
"""Size of a file that is still read: some 100,000 reports, most of which say that there is nothing to say."""

MAX_AGE = 30 * 24 * 3600
"""Seconds after which the file of a folder that nobody checks any more is removed."""


class Results:
    """The reports of one working folder.

    `digest_of` is the digest of the text of another module, `None` where there is none.
    """

    def __init__(self, cwd: Path, digest_of: Callable[[str], str | None]) -> None:
        name = hashlib.blake2b(str(cwd).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        self._file = cache_folder() / f"checks-{FORMAT}" / f"{name}.json"
        self._digest_of = digest_of
        self._entries = self._read()
        self._changed = False

    def find(self, path: str, key: str) -> FileReport | None:
        """The report about a file, if all that it was made of is the same."""
        entry = self._entries.get(path)
        if not isinstance(entry, dict):
            return None
        known = cast("dict[str, Any]", entry)
        try:
            if known["key"] != key or any(self._digest_of(p) != d for p, d in known["sources"].items()):
                return None
            return _report(path, known["report"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def keep(self, path: str, key: str, report: FileReport) -> None:
        """Remember a report, unless something went wrong in making it."""
        if report.problem is not None or report.internal or report.failed or report.sources is None:
            if self._entries.pop(path, None) is not None:
                self._changed = True
            return
        self._entries[path] = {"key": key, "sources": report.sources, "report": _plain(report)}
        self._changed = True

    def write(self) -> None:
        """Put all reports into the file, at once and whole, or not at all."""
        if not self._changed:
            return
        self._changed = False
        with contextlib.suppress(OSError, ValueError):
            text = json.dumps({"format": FORMAT, "entries": self._entries}, separators=(",", ":"))
            if len(text) > MAX_BYTES:
                return
            folder = self._file.parent
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=folder, suffix=".new")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    stream.write(text)
                Path(name).replace(self._file)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            self._remove_old(folder)

    def _remove_old(self, folder: Path) -> None:
        oldest = time.time() - MAX_AGE
        for entry in os.scandir(folder):
            if entry.stat().st_mtime < oldest:
                Path(entry.path).unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        try:
            if self._file.stat().st_size > MAX_BYTES:
                return {}
            content: Any = json.loads(self._file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(content, dict):
            return {}
        table = cast("dict[str, Any]", content)
        entries = table.get("entries") if table.get("format") == FORMAT else None
        return cast("dict[str, Any]", entries) if isinstance(entries, dict) else {}


def digest(data: bytes) -> str:
    """The digest of a file's bytes."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def text_digest(text: str | None) -> str | None:
    """The digest of a text, `None` for none."""
    return None if text is None else digest(text.encode("utf-8", "surrogatepass"))


@cache
def fingerprint() -> str:
    """What stands for keras-lsp and its Python: the version, and for those who change it the state of its files."""
    state = hashlib.blake2b(digest_size=16)
    state.update(f"{__version__} {sys.version}".encode())
    stack = [str(Path(__file__).resolve().parents[1])]
    while stack:
        for entry in sorted(os.scandir(stack.pop()), key=lambda entry: entry.name):
            if entry.is_dir():
                if entry.name != "__pycache__":
                    stack.append(entry.path)
            else:
                status = entry.stat()
                state.update(f"{entry.name} {status.st_mtime_ns} {status.st_size}".encode("utf-8", "surrogatepass"))
    return state.hexdigest()


def make_key(parts: Iterable[object]) -> str:
    """One digest of all that a report is made of."""
    return digest(json.dumps([str(part) for part in parts]).encode())


# Reports as JSON: what says nothing is left out.


def _plain(report: FileReport) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    if report.doubt is not None:
        plain["doubt"] = report.doubt
    if report.diagnostics:
        plain["diagnostics"] = [_plain_diagnostic(item) for item in report.diagnostics]
    return plain


def _plain_diagnostic(item: Diagnostic) -> dict[str, Any]:
    fix = item.fix
    return {
        "code": item.code,
        "name": item.name,
        "severity": item.severity,
        "message": item.message,
        "location": _pair(item.location),
        "end": _pair(item.end_location),
        "cell": item.cell,
        "url": item.url,
        "fix": fix
        and {
            "message": fix.message,
            "applicability": fix.applicability,
            "edits": [[e.content, _pair(e.location), _pair(e.end_location), e.cell] for e in fix.edits],
        },
        "related": [[r.message, _pair(r.location), r.cell] for r in item.related],
        "lines": list(item.lines),
        "more": item.more,
    }


def _report(path: str, plain: Mapping[str, Any]) -> FileReport:
    found = [_diagnostic(path, item) for item in plain.get("diagnostics", ())]
    return FileReport(path, found, doubt=plain.get("doubt"))


def _diagnostic(path: str, plain: Mapping[str, Any]) -> Diagnostic:
    fix = plain["fix"]
    repair: Repair | None = None
    if fix is not None:
        edits = tuple(
            Replacement(text, Location(*start), Location(*end), cell) for text, start, end, cell in fix["edits"]
        )
        repair = Repair(fix["message"], fix["applicability"], edits)
    return Diagnostic(
        filename=path,
        code=plain["code"],
        name=plain["name"],
        severity=plain["severity"],
        message=plain["message"],
        location=Location(*plain["location"]),
        end_location=Location(*plain["end"]),
        cell=plain["cell"],
        url=plain["url"],
        fix=repair,
        related=tuple(Related(message, Location(*place), cell) for message, place, cell in plain["related"]),
        lines=tuple(plain["lines"]),
        more=plain["more"],
    )


def _pair(location: Location) -> tuple[int, int]:
    return location.row, location.column
