"""A baseline: findings that are known, so that only new ones are reported.

A finding is recognised by its file, its code and the text of the line that it starts on, not by the line's number, so that it
stays known when lines are added above it and is new again when its own line changes. Of several with the same three, as many as
were written are known.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from keras_lsp.project.suppression import Suppressible
from keras_lsp.text.lines import LineIndex

FORMAT = 1

MAX_BASELINE_BYTES = 50_000_000
"""About 300,000 findings; no project with more has use for a baseline."""

F = TypeVar("F", bound=Suppressible)

_Key = tuple[str, str, str]


@dataclass(frozen=True)
class Baseline:
    """How many findings are known for each file (relative, with `/`), code and line of source."""

    known: Mapping[_Key, int]

    def apply(self, path: str, text: str, findings: Iterable[F]) -> tuple[list[F], list[F]]:
        """The findings of one file that are new, and those that are known."""
        left = Counter(self.known)
        lines = LineIndex(text)
        new: list[F] = []
        known: list[F] = []
        for finding in findings:
            key = _key(path, lines, finding)
            if left[key] > 0:
                left[key] -= 1
                known.append(finding)
            else:
                new.append(finding)
        return new, known


def make_baseline(files: Iterable[tuple[str, str, Iterable[Suppressible]]]) -> Baseline:
    """The baseline of all findings of files, each given as its path, its text and its findings."""
    known: Counter[_Key] = Counter()
    for path, text, findings in files:
        lines = LineIndex(text)
        known.update(_key(path, lines, finding) for finding in findings)
    return Baseline(known)


def _key(path: str, lines: LineIndex, finding: Suppressible) -> _Key:
    # White space is what formatters change; 200 characters tell two lines apart and keep the file readable.
    start, _ = finding.span
    source = " ".join(lines.content(lines.line(start)).split())[:200]
    return path.replace("\\", "/"), finding.code, source


def dump_baseline(baseline: Baseline) -> str:
    """The text of a baseline file: sorted, one finding a line, so that it can be reviewed and merged."""
    rows = [
        json.dumps({"path": path, "code": code, "source": source, "count": count}, ensure_ascii=True)
        for (path, code, source), count in sorted(baseline.known.items())
        if count
    ]
    return '{"version": %d, "findings": [%s]}\n' % (FORMAT, "\n  " + ",\n  ".join(rows) + "\n" if rows else "")  # noqa: UP031


def read_baseline(file: Path) -> Baseline | str:
    """The baseline in a file, or why there is none, in one sentence."""
    try:
        if file.stat().st_size > MAX_BASELINE_BYTES:
            return f"{file}: too large for a baseline"
        content: Any = json.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        return f"{file}: cannot be read: {error.strerror or error}"
    except (ValueError, RecursionError):
        return f"{file}: is not a baseline: not JSON"
    if not isinstance(content, dict) or not isinstance(cast(dict[str, Any], content).get("findings"), list):
        return f"{file}: is not a baseline: no list of findings"
    table = cast(dict[str, Any], content)
    if table.get("version") != FORMAT:
        return f"{file}: is a baseline of version {table.get('version')!r}; this keras-lsp reads version {FORMAT}"
    known: Counter[_Key] = Counter()
    for row in cast(list[Any], table["findings"]):
        if not isinstance(row, dict):
            continue
        entry = cast(dict[str, Any], row)
        key, count = (entry.get("path"), entry.get("code"), entry.get("source")), entry.get("count", 1)
        if all(isinstance(part, str) for part in key) and isinstance(count, int) and 0 < count < 10**6:
            known[cast(_Key, key)] += count
    return Baseline(known)


def write_baseline(file: Path, baseline: Baseline) -> str | None:
    """Write a baseline where the user asked for it; returns what went wrong.

    The file is replaced as a whole or not at all.
    """
    temporary: Path | None = None
    try:
        # Under a name that nobody can have made a link of before.
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".keras-lsp-")
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(dump_baseline(baseline))
        temporary.chmod(stat.S_IMODE(file.stat().st_mode) if file.exists() else 0o666 & ~_umask())
        temporary.replace(file)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        return f"{file}: cannot be written: {error.strerror or error}"
    return None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
