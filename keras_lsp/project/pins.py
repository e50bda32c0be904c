"""Which Keras and TensorFlow a project asks for, in the many files in which projects say it.

Of the releases that a requirement allows the newest counts, as it does for an installer; a requirement that allows the newest of
all says nothing. Lock files come first, since they name one release.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from keras_lsp.project.settings import MAX_CONFIG_BYTES, read_toml

MAX_LOCK_BYTES = 20_000_000
"""Lock files list every file of every package with its hashes; the largest seen have a few megabytes."""

MAX_FILES = 50
"""Requirement files read in one project."""


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions of the three distributions that decide what Keras is; None for one that is not there."""

    keras: str | None = None
    tensorflow: str | None = None
    tf_keras: str | None = None

    def __bool__(self) -> bool:
        return any((self.keras, self.tensorflow, self.tf_keras))


@dataclass(frozen=True, slots=True)
class Pins:
    """The versions asked for, and in which file, in a phrase."""

    versions: Versions
    source: str


_KINDS = {
    "keras": "keras",
    "tf-keras": "tf_keras",
    "tensorflow": "tensorflow",
    "tensorflow-cpu": "tensorflow",
    "tensorflow-gpu": "tensorflow",
    "tensorflow-intel": "tensorflow",
    "tensorflow-macos": "tensorflow",
    "tensorflow-rocm": "tensorflow",
    "intel-tensorflow": "tensorflow",
}

_RELEASES = {
    "keras": [f"2.{minor}.{micro}" for minor in range(16) for micro in (0, 9)]
    + [f"3.{minor}.{micro}" for minor in range(16) for micro in (0, 9)],
    "tensorflow": [f"1.{minor}.{micro}" for minor in range(16) for micro in (0, 9)]
    + [f"2.{minor}.{micro}" for minor in range(22) for micro in (0, 9)],
    "tf_keras": [f"2.{minor}.{micro}" for minor in range(14, 22) for micro in (0, 9)],
}
"""Releases by minor version, each as its first and a last one; the newest are those in the catalogue."""

_Requirement = tuple[str, str]  # the kind of distribution, and what is asked of its version, as PEP 440 writes it


def read_pins(folder: Path) -> Pins:
    """What the files in `folder` ask for; the first file that decides anything does so alone."""
    for file, reader in _files(folder):
        requirements = list(reader(file))
        versions = _versions(requirements)
        if versions:
            return Pins(versions, f"required in {file.name}")
    return Pins(Versions(), "")


def pins_of_commands(source: str) -> Versions:
    """What a notebook installs itself: `!pip install tensorflow==2.3`, `%pip install`, `%tensorflow_version 1.x`."""
    requirements: list[_Requirement] = []
    for match in re.finditer(
        r"^[ \t]*[!%][ \t]*(?:[\w./-]*python\d?[ \t]+-m[ \t]+)?(?:uv[ \t]+)?pip\d?[ \t]+install[ \t](.*)$",
        source,
        re.MULTILINE,
    ):
        for word in match[1].replace('"', " ").replace("'", " ").split():
            requirements += _requirement(word)
    for match in re.finditer(r"^[ \t]*%tensorflow_version[ \t]+(\d)(?:\.(\d+))?", source, re.MULTILINE):
        requirements.append(("tensorflow", f"=={match[1]}.{match[2] or '*'}" + (".*" if match[2] else "")))
    return _versions(requirements)


def _files(folder: Path) -> Iterator[tuple[Path, Any]]:
    for name, reader in (
        ("uv.lock", _lock),
        ("poetry.lock", _lock),
        ("pdm.lock", _lock),
        ("pylock.toml", _lock),
        ("Pipfile.lock", _pipfile_lock),
        ("pyproject.toml", _pyproject),
    ):
        yield folder / name, reader
    for pattern in ("requirements*.txt", "requirements/*.txt", "requirements*.in"):
        for file in _glob(folder, pattern):
            yield file, _requirements
    yield folder / "setup.cfg", _setup_cfg
    for pattern in ("environment*.yml", "environment*.yaml", "conda*.yml", "conda*.yaml"):
        for file in _glob(folder, pattern):
            yield file, _conda
    yield folder / "Pipfile", _pipfile
    yield folder / "setup.py", _setup_py


def _glob(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))[:MAX_FILES]
    except (OSError, ValueError):
        return []


def _text(file: Path, limit: int = MAX_CONFIG_BYTES) -> str:
    try:
        if not file.is_file() or file.stat().st_size > limit:
            return ""
        data = file.read_bytes()
    except (OSError, ValueError):
        return ""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # what PowerShell's `pip freeze >` writes
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")


# --- Versions -------------------------------------------------------------------------------------------------------------


def _versions(requirements: Iterable[_Requirement]) -> Versions:
    found: dict[str, str] = {}
    for kind, specifier in requirements:
        version = newest(kind, specifier)
        if version is not None:
            found.setdefault(kind, version)
    return Versions(found.get("keras"), found.get("tensorflow"), found.get("tf_keras"))


@lru_cache(maxsize=256)
def newest(kind: str, specifier: str) -> str | None:
    """The newest release that a specifier allows; None when that is the newest of all, or when it cannot be read."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    specifier = specifier.strip()
    if len(specifier) > 200:
        return None
    exact = re.fullmatch(r"={2,3}\s*(\d{1,4}(?:\.\d{1,4}){0,3}[\w.+-]*)", specifier)
    if exact and not exact[1].endswith("*"):
        try:
            return str(Version(exact[1]))
        except InvalidVersion:
            return None
    try:
        allowed = SpecifierSet(specifier)
        named = [Version(part.version.removesuffix(".*")) for part in allowed if part.operator in ("<=", "==", "~=")]
    except (InvalidSpecifier, InvalidVersion):
        return None
    releases = [Version(release) for release in _RELEASES[kind]]
    last = max(releases)
    releases += [version for version in named if version < last]
    fitting = [release for release in releases if allowed.contains(release, prereleases=True)]
    if not fitting:
        return None
    best = max(fitting)
    if best == last:
        return None
    # The last micro release of a minor version is a placeholder: only the minor version is certain.
    return ".".join(str(best).split(".")[:2]) if best.micro == 9 else str(best)


_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:\(([^)]*)\)|([^;#@]*))")


def _requirement(text: str) -> Iterator[_Requirement]:
    """A requirement as PEP 508 writes it, if it is about Keras."""
    match = _REQUIREMENT.match(text)
    kind = _KINDS.get(_normal(match[1])) if match else None
    if match and kind:
        yield kind, (match[2] or match[3] or "").strip()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _poetry(specifier: str) -> str:
    """What Poetry and Pipenv write, as PEP 440 writes it: `^2.4` is `>=2.4,<3`, `~2.4` is `>=2.4,<2.5`, `2.4` is `==2.4`."""
    parts: list[str] = []
    for part in specifier.replace(" ", "").split(","):
        match = re.fullmatch(r"([\^~])(\d{1,4})(?:\.(\d{1,4}))?(?:\.\d{1,4})*", part)
        if match:
            major, minor = int(match[2]), int(match[3] or 0)
            upper = f"{major + 1}" if match[1] == "^" or match[3] is None else f"{major}.{minor + 1}"
            parts += [f">={part[1:]}", f"<{upper}"]
        elif re.match(r"\d", part):
            parts.append(f"=={part}")
        elif part not in ("*", ""):
            parts.append(part)
    return ",".join(parts)


# --- Files ----------------------------------------------------------------------------------------------------------------


def _lines(text: str) -> Iterator[_Requirement]:
    for line in re.split(r"[\r\n]+", re.sub(r"\\[ \t]*\r?\n", " ", text)):
        # Hashes follow a locked requirement.
        yield from _requirement(line.split(" --", 1)[0])


def _requirements(file: Path) -> Iterator[_Requirement]:
    yield from _lines(_text(file))


def _toml(file: Path, limit: int = MAX_CONFIG_BYTES) -> dict[str, Any]:
    text = _text(file, limit)
    if not text or not re.search("keras|tensorflow", text, re.IGNORECASE):
        return {}
    if len(text) > MAX_CONFIG_BYTES:
        # A lock file; its packages are tables of a few lines that need no TOML reader, which would take seconds.
        pairs = re.findall(
            r'^\[\[(?:package|packages)\]\]\s*\nname = "([^"\n]+)"\s*\nversion = "([^"\n]+)"', text, re.MULTILINE
        )
        return {"package": [{"name": name, "version": version} for name, version in pairs]}
    return read_toml(file)[0] or {}


def _lock(file: Path) -> Iterator[_Requirement]:
    content = _toml(file, MAX_LOCK_BYTES)
    for key in ("package", "packages"):
        for item in _list(content.get(key)):
            entry = _table(item)
            name, version = entry.get("name"), entry.get("version")
            if isinstance(name, str) and isinstance(version, str) and _normal(name) in _KINDS:
                yield _KINDS[_normal(name)], f"=={version}"


def _pipfile_lock(file: Path) -> Iterator[_Requirement]:
    try:
        content: Any = json.loads(_text(file, MAX_LOCK_BYTES) or "{}")
    except (ValueError, RecursionError):
        return
    for section in ("default", "develop"):
        for name, entry in _table(_table(content).get(section)).items():
            version = _table(entry).get("version")
            if isinstance(version, str) and _normal(name) in _KINDS:
                yield _KINDS[_normal(name)], version


def _pipfile(file: Path) -> Iterator[_Requirement]:
    content = _toml(file)
    for section in ("packages", "dev-packages"):
        yield from _dependencies(content.get(section))


def _pyproject(file: Path) -> Iterator[_Requirement]:
    content = _toml(file)
    project = _table(content.get("project"))
    lists = [project.get("dependencies"), *_table(project.get("optional-dependencies")).values()]
    lists += _table(content.get("dependency-groups")).values()
    for requirements in lists:
        for text in _list(requirements):
            if isinstance(text, str):
                yield from _requirement(text)
    poetry = _table(_table(content.get("tool")).get("poetry"))
    groups = [_table(group).get("dependencies") for group in _table(poetry.get("group")).values()]
    for group in (poetry.get("dependencies"), poetry.get("dev-dependencies"), *groups):
        yield from _dependencies(group)


def _dependencies(group: Any) -> Iterator[_Requirement]:
    """A table of names and versions, as Poetry and Pipenv have it."""
    for name, value in _table(group).items():
        version = value if isinstance(value, str) else _table(value).get("version")
        if isinstance(version, str) and _normal(name) in _KINDS:
            yield _KINDS[_normal(name)], _poetry(version)


def _setup_cfg(file: Path) -> Iterator[_Requirement]:
    text = _text(file)
    if not text:
        return
    import configparser  # hardly any project has such a file

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    texts = [parser.get("options", "install_requires", fallback="")]
    if parser.has_section("options.extras_require"):
        texts += [value for _, value in parser.items("options.extras_require")]
    for text in texts:
        yield from _lines(text)


def _setup_py(file: Path) -> Iterator[_Requirement]:
    """Requirements among the string literals of a setup.py, which is not run."""
    for match in re.finditer(
        r"""(["'])((?:keras|tensorflow|tf[-_]keras|intel-tensorflow)[^"'\n]*)\1""", _text(file), re.IGNORECASE
    ):
        yield from _requirement(match[2])


def _conda(file: Path) -> Iterator[_Requirement]:
    """The items of lists in a conda environment, whose `name=2.3` means 2.3 in any micro version; no YAML reader is needed."""
    for match in re.finditer(
        r"^[ \t]*-[ \t]*[\"']?([^\s\"'#]+(?:[ \t]*[<>=!~]=?[ \t]*[^\s\"'#]+)*)", _text(file), re.MULTILINE
    ):
        text = match[1].rsplit("::", 1)[-1]  # a channel may stand before the name
        single = re.fullmatch(r"([A-Za-z0-9._-]+)[ \t]*=[ \t]*(\d[\w.]*)(\.\*|\*)?(?:=\S*)?", text)
        if single:
            version = single[2].rstrip(".")
            text = f"{single[1]}=={version}" + (".*" if version.count(".") < 2 else "")
        yield from _requirement(text)


def _table(value: Any) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else []
