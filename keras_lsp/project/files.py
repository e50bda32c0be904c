"""Which files to check, and what is in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from keras_lsp.project.settings import Settings
from keras_lsp.text.limits import MAX_NOTEBOOK_BYTES, MAX_SOURCE_BYTES

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SUFFIXES = frozenset({".py", ".pyi", ".ipynb"})

MAX_DEPTH = 64
"""Folders inside each other; deeper trees are made by programs, or by bind mounts that lead in a circle."""

_KERAS = re.compile(rb"keras|tensorflow", re.IGNORECASE)


def mentions_keras(data: bytes) -> bool:
    """Whether a file may have to do with Keras; false only if it surely has not. Costs a microsecond for a kilobyte."""
    return _KERAS.search(data) is not None


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A file or folder that was named and cannot be checked, and why."""

    path: Path
    message: str


def discover(
    paths: Iterable[Path], settings: Settings, root: Path | None = None
) -> tuple[list[Path], list[FileProblem]]:
    """The files to check under `paths`, without duplicates, in a stable order; and what was named but is not there.

    A file named itself is checked whatever it is called and wherever it is, unless `force-exclude` is set. Folders are searched
    without following links to folders, and their files must have one of SUFFIXES. Patterns are relative to `root`.
    """
    found: dict[Path, None] = {}
    problems: list[FileProblem] = []
    for path in paths:
        _discover(path, settings, root, found, problems)
    return list(found), problems


def _discover(
    path: Path, settings: Settings, root: Path | None, found: dict[Path, None], problems: list[FileProblem]
) -> None:
    try:
        if path.is_dir():
            for file in _walk(path, (root or path).absolute(), settings, problems):
                found.setdefault(file)
        elif path.is_file():
            top = (root or path.parent).absolute()
            if not settings.force_exclude or not is_excluded(path, settings, top):
                found.setdefault(path)
        elif path.exists():
            problems.append(FileProblem(path, "is neither a file nor a folder"))
        else:
            problems.append(FileProblem(path, "no such file or folder"))
    except (OSError, ValueError) as error:
        problems.append(FileProblem(path, _reason(error)))


def read_bytes(path: Path) -> bytes | FileProblem:
    """The bytes of a file, or why there are none: a pipe or device is not opened, and a huge file is not read."""
    limit = MAX_NOTEBOOK_BYTES if path.suffix == ".ipynb" else MAX_SOURCE_BYTES
    try:
        if not path.is_file():
            return FileProblem(path, "is not a file" if path.exists() else "no such file")
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        return FileProblem(path, _reason(error))
    if len(data) > limit:
        return FileProblem(path, f"file too large for shape analysis (more than {limit / 1e6:g} MB)")
    return data


def is_excluded(path: Path, settings: Settings, root: Path) -> bool:
    """Whether the settings or, if they say so, a .gitignore between `root` and the file exclude `path`."""
    try:
        relative = path.absolute().relative_to(root.absolute())
    except ValueError:
        return any(part in settings.exclude for part in path.parts)
    spec = _exclusions((*settings.exclude, *settings.extend_exclude))
    parts = relative.parts
    if any(
        spec.match_file("/".join(parts[: end + 1]) + ("/" if end + 1 < len(parts) else "")) for end in range(len(parts))
    ):
        return True
    if not settings.respect_gitignore:
        return False
    folder = root.absolute()
    rules = _outer_rules(folder)
    for end, part in enumerate(parts):
        rules = _with_rules(rules, folder)
        if _ignored(rules, folder / part, folder=end + 1 < len(parts)):
            return True
        folder /= part
    return False


_Rules = tuple[tuple[Path, "GitIgnoreSpec"], ...]


@lru_cache(maxsize=16)
def _exclusions(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    return _spec(patterns)


def _spec(patterns: Iterable[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    good: list[str] = []
    for pattern in patterns:
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError:
            continue
        good.append(pattern)
    return GitIgnoreSpec.from_lines(good)


def _with_rules(rules: _Rules, folder: Path) -> _Rules:
    """`rules` and those of the .gitignore and .ignore files in `folder`."""
    lines: list[str] = []
    for name in (".gitignore", ".ignore"):
        data = _small(folder / name)
        lines += data.decode("utf-8", "replace").splitlines()
    return (*rules, (folder, _spec(lines))) if lines else rules


def _outer_rules(folder: Path) -> _Rules:
    """The rules of the repository around `folder`: of the folders above it, and of `.git/info/exclude`."""
    rules: _Rules = ()
    above: list[Path] = []
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            lines = _small(parent / ".git" / "info" / "exclude").decode("utf-8", "replace").splitlines()
            if lines:
                rules = ((parent, _spec(lines)),)
            for outer in reversed(above):
                rules = _with_rules(rules, outer)
            return rules
        if parent != folder or not above:
            above.append(parent.parent)
    return ()


def _ignored(rules: _Rules, path: Path, folder: bool) -> bool:
    """Whether the innermost rule that speaks of `path` ignores it; a `!pattern` takes it back."""
    for base, spec in reversed(rules):
        try:
            relative = path.relative_to(base).as_posix() + ("/" if folder else "")
        except ValueError:
            continue
        result = spec.check_file(relative)
        if result.include is not None:
            return result.include
    return False


def _walk(top: Path, root: Path, settings: Settings, problems: list[FileProblem]) -> Iterator[Path]:
    spec = _exclusions((*settings.exclude, *settings.extend_exclude))
    start = top.absolute()
    if settings.force_exclude and start != root and is_excluded(start, settings, root):
        return
    rules = _rules_above(start, root) if settings.respect_gitignore else ()
    stack: list[tuple[Path, Path, _Rules, int]] = [(top, start, rules, 0)]
    while stack:
        shown, folder, rules, depth = stack.pop()
        if settings.respect_gitignore:
            rules = _with_rules(rules, folder)
        try:
            with os.scandir(folder) as entries:
                ordered = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            problems.append(FileProblem(shown, _reason(error)))
            continue
        inner: list[tuple[Path, Path, _Rules, int]] = []
        for entry in ordered:
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
                if not is_folder and (Path(entry.name).suffix not in SUFFIXES or not entry.is_file()):
                    continue
            except OSError:
                continue
            path = folder / entry.name
            try:
                relative = path.relative_to(root).as_posix()
            except ValueError:
                relative = entry.name
            if spec.match_file(relative + "/" if is_folder else relative) or _ignored(rules, path, is_folder):
                continue
            if not is_folder:
                yield shown / entry.name
            elif depth < MAX_DEPTH:
                inner.append((shown / entry.name, path, rules, depth + 1))
            else:
                problems.append(FileProblem(shown / entry.name, f"more than {MAX_DEPTH} folders deep"))
        stack += reversed(inner)


def _rules_above(start: Path, root: Path) -> _Rules:
    """The rules of all folders above `start`, which itself is read when it is walked."""
    rules = _outer_rules(start)
    if rules or root not in start.parents:
        return rules
    for parent in [root, *[parent for parent in reversed(start.parents) if root in parent.parents]]:
        rules = _with_rules(rules, parent)
    return rules


def _small(path: Path) -> bytes:
    """The bytes of an ignore file; nothing where there is none, or where it is no ignore file by its size."""
    try:
        return path.read_bytes() if path.is_file() and path.stat().st_size <= 1_000_000 else b""
    except OSError:
        return b""


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
