"""The Python environment of a program, and the Keras in it, found by reading alone: nothing is run or imported.

Where nothing is installed, what the project asks for says which Keras it is for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from keras_lsp.project.pins import Versions, read_pins

Origin = Literal["setting", "client", "VIRTUAL_ENV", "CONDA_PREFIX", "workspace", "none"]
"""Who named an environment; `keras_lsp.project.trust` decides by it whether its interpreter may be started."""

WORKSPACE_ENVIRONMENTS = (".venv", "venv", "env", ".env")
"""Names that people give to an environment in their project; only a folder with `pyvenv.cfg` counts."""

_FIRST_TENSORFLOW_WITH_KERAS_3 = (2, 16)


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment, and which Keras a program in it uses.

    `root` is its folder and `python` its interpreter, which nobody has started; `python_version` is "3.11" or None.
    `keras_version_text` is what `keras_lsp.catalogue.version.parse_version` reads: "2.15", "3.15.1", "tf2.3", "tf_keras 2.16";
    None where nothing says it, which means the newest. `source` says in a phrase how we know. `versions` are those found there.
    """

    root: Path | None
    python: Path | None
    python_version: str | None
    site_packages: tuple[Path, ...]
    keras_version_text: str | None
    source: str
    origin: Origin
    versions: Versions = field(default_factory=Versions)


def find_environment(
    workspace: Path | None,
    setting: str | None = None,
    client: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Environment:
    """The environment of the programs in `workspace`.

    The first that exists of: `setting` and `client` (a folder or an interpreter, from the settings or selected in the editor),
    `VIRTUAL_ENV`, `CONDA_PREFIX` (unless it is conda's base), a folder in the workspace. `variables` are the environment's.
    """
    variables = os.environ if variables is None else variables
    root: Path | None = None
    origin: Origin = "none"
    for candidate, named_by in _candidates(workspace, setting, client, variables):
        root = _root_of(candidate)
        if root is not None:
            origin = named_by
            break
    packages = site_packages(root) if root else ()
    installed = installed_versions(packages)
    legacy = _legacy(workspace, variables)
    text = keras_version(installed, legacy)
    source = f"installed in {root}" if text else ""
    versions = installed
    if text is None and workspace is not None:
        pins = read_pins(workspace)
        text = keras_version(pins.versions, legacy)
        source = pins.source if text else ""
        versions = pins.versions if text else installed
    if text is not None and legacy and text.startswith("tf_keras"):
        source += f", with TF_USE_LEGACY_KERAS in {legacy}"
    return Environment(
        root=root,
        python=interpreter(root) if root else None,
        python_version=_python_version(root, packages) if root else None,
        site_packages=packages,
        keras_version_text=text,
        source=source or "nothing says which Keras; the newest is assumed",
        origin=origin,
        versions=versions,
    )


def keras_version(versions: Versions, legacy: str | None = None) -> str | None:
    """Which Keras a program uses where these distributions are installed; `legacy` says that TF_USE_LEGACY_KERAS is set.

    TensorFlow 2.16 and later come with Keras 3, 2.6 to 2.15 with the Keras of the same number, earlier ones hold their own.
    """
    tensorflow = _numbers(versions.tensorflow)
    keras = _numbers(versions.keras)
    if legacy and versions.tf_keras and (tensorflow is None or tensorflow >= _FIRST_TENSORFLOW_WITH_KERAS_3):
        return f"tf_keras {versions.tf_keras}"
    if keras is not None and keras >= (3,):
        return versions.keras
    if tensorflow is not None and tensorflow >= _FIRST_TENSORFLOW_WITH_KERAS_3:
        return versions.keras if keras is not None else "3"
    if keras is not None and keras[:2] <= (2, 3):
        return versions.keras  # Keras as a package of its own, whatever TensorFlow is below it
    if tensorflow is not None:
        return f"tf{versions.tensorflow}" if tensorflow < (2, 4) else ".".join(map(str, tensorflow[:2]))
    if keras is not None:
        return versions.keras
    return f"tf_keras {versions.tf_keras}" if versions.tf_keras else None


def _numbers(version: str | None) -> tuple[int, ...] | None:
    match = re.match(r"(\d{1,6})(?:\.(\d{1,6}))?", version or "")
    return tuple(int(number or 0) for number in match.groups()) if match else None


def _candidates(
    workspace: Path | None, setting: str | None, client: str | None, variables: Mapping[str, str]
) -> Iterable[tuple[Path, Origin]]:
    if setting:
        yield _absolute(setting, workspace), "setting"
    if client:
        yield _absolute(client, workspace), "client"
    if variables.get("VIRTUAL_ENV"):
        yield Path(variables["VIRTUAL_ENV"]), "VIRTUAL_ENV"
    if variables.get("CONDA_PREFIX") and variables.get("CONDA_DEFAULT_ENV") not in ("base", "root"):
        yield Path(variables["CONDA_PREFIX"]), "CONDA_PREFIX"
    if workspace is not None:
        for name in WORKSPACE_ENVIRONMENTS:
            if _exists(workspace / name / "pyvenv.cfg") or _exists(workspace / name / "conda-meta"):
                yield workspace / name, "workspace"


def _absolute(text: str, workspace: Path | None) -> Path:
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        path = Path(text)
    return path if path.is_absolute() or workspace is None else workspace / path


def _root_of(path: Path) -> Path | None:
    """The folder of an environment, given that or its interpreter; links are not followed, since they lead out of it."""
    try:
        if path.is_dir():
            folder = path
        elif path.is_file() and path.parent.name.lower() in ("bin", "scripts"):
            folder = path.parent.parent
        elif path.is_file() and path.name.lower().startswith("python"):
            folder = path.parent  # conda on Windows
        else:
            return None
    except (OSError, ValueError):
        return None
    return folder if site_packages(folder) or _exists(folder / "pyvenv.cfg") else None


def site_packages(root: Path) -> tuple[Path, ...]:
    """The folders of installed packages, those of the base environment included where the environment lets them show."""
    found = [
        folder
        for pattern in (
            "lib/python3*/site-packages",
            "lib64/python3*/site-packages",
            "lib/python3*/dist-packages",
            "Lib/site-packages",
        )
        for folder in _glob(root, pattern)
    ]
    settings = _pyvenv(root)
    if settings.get("include-system-site-packages", "").lower() == "true" and settings.get("home"):
        home = Path(settings["home"])
        base = home.parent if home.name.lower() in ("bin", "scripts") else home
        if base != root and not _exists(base / "pyvenv.cfg"):
            found += site_packages(base)
    unique: dict[str, Path] = {}
    for folder in found:  # lib64 is often a link to lib
        unique.setdefault(os.path.realpath(folder), folder)
    return tuple(unique.values())


def interpreter(root: Path) -> Path | None:
    """The interpreter of an environment."""
    for name in ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe"):
        if _exists(root / name):
            return root / name
    return None


_NAMES = {
    "keras": "keras",
    "keras_nightly": "keras",
    "tf_keras": "tf_keras",
    "tensorflow": "tensorflow",
    "tensorflow_cpu": "tensorflow",
    "tensorflow_gpu": "tensorflow",
    "tensorflow_intel": "tensorflow",
    "tensorflow_macos": "tensorflow",
    "tensorflow_rocm": "tensorflow",
    "intel_tensorflow": "tensorflow",
}

_DISTRIBUTION = re.compile(r"([A-Za-z0-9._-]+?)-(\d[^-]*)(?:-py[\d.]+)?\.(?:dist-info|egg-info)", re.IGNORECASE)


def installed_versions(folders: Iterable[Path]) -> Versions:
    """The versions of Keras and TensorFlow among installed distributions, read from the names of their metadata folders."""
    found: dict[str, str] = {}
    for folder in folders:
        try:
            names = sorted(entry.name for entry in folder.iterdir())
        except OSError:
            continue
        for name in names:
            match = _DISTRIBUTION.fullmatch(name)
            if match:
                kind = _NAMES.get(re.sub(r"[-_.]+", "_", match[1]).lower())
                if kind:
                    found.setdefault(kind, match[2])
    return Versions(found.get("keras"), found.get("tensorflow"), found.get("tf_keras"))


def _python_version(root: Path, packages: tuple[Path, ...]) -> str | None:
    settings = _pyvenv(root)
    for text in (settings.get("version_info"), settings.get("version"), *(folder.parent.name for folder in packages)):
        match = re.search(r"(3)\.(\d{1,3})", text or "")
        if match:
            return f"{match[1]}.{match[2]}"
    return None


def _pyvenv(root: Path) -> dict[str, str]:
    try:
        with (root / "pyvenv.cfg").open(encoding="utf-8", errors="replace") as stream:
            text = stream.read(20_000)
    except (OSError, ValueError):
        return {}
    pairs = (line.partition("=") for line in text.split("\n"))
    return {key.strip().lower(): value.strip() for key, separator, value in pairs if separator}


_TRUE = frozenset({"1", "true"})


def _legacy(workspace: Path | None, variables: Mapping[str, str]) -> str | None:
    """Where TF_USE_LEGACY_KERAS is switched on: the process's environment, or a `.env` file of the workspace."""
    if variables.get("TF_USE_LEGACY_KERAS", "").strip().lower() in _TRUE:
        return "the environment"
    if workspace is not None:
        try:
            with (workspace / ".env").open(encoding="utf-8", errors="replace") as stream:
                text = stream.read(100_000)
        except (OSError, ValueError):
            return None
        match = re.search(r"^\s*(?:export\s+)?TF_USE_LEGACY_KERAS\s*=\s*[\"']?(\w+)", text, re.MULTILINE)
        if match and match[1].lower() in _TRUE:
            return ".env"
    return None


def _glob(root: Path, pattern: str) -> list[Path]:
    try:
        return sorted(path for path in root.glob(pattern) if path.is_dir())
    except (OSError, ValueError):
        return []


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
