"""The sources of other modules: which file an import statement means, and its text.

Modules of the workspace first, as open editors show them and else as they are on disk; then installed packages, read from the
environment's site-packages. Files are only ever read, never imported. Keras, TensorFlow and what else the catalogue and the
interpreter's library know are not followed: their code is large, and what it does is known.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from keras_lsp.inference.world import Source
from keras_lsp.text.source import Source as Decoded
from keras_lsp.text.source import read_source

MAX_MODULE_BYTES = 1_000_000
"""Bytes of an imported module that is followed; the largest hand-written modules of the scientific stack have 0.6 MB."""

MAX_CACHED_BYTES = 16_000_000
"""Texts kept from disk; a project's model code is a few hundred kilobytes."""

MAX_RELATIVE_DOTS = 32
"""Leading dots of a relative import; a file system path is never as deep."""

NOT_FOLLOWED = frozenset(
    [
        "absl",
        "cv2",
        "jax",
        "jaxlib",
        "keras",
        "keras_core",
        "keras_preprocessing",
        "matplotlib",
        "ml_dtypes",
        "numpy",
        "pandas",
        "PIL",
        "plotly",
        "scipy",
        "seaborn",
        "skimage",
        "sklearn",
        "statsmodels",
        "tensorboard",
        "tensorflow",
        "tensorflow_datasets",
        "tensorflow_hub",
        "tensorflow_probability",
        "tf_keras",
        "torch",
        "torchvision",
    ]
)
"""Packages that are known without reading them, or too large to read for what they could tell."""

_SOURCE_FOLDERS = ("", "src", "lib")
"""Where a project keeps its packages, below its root."""


class DiskTexts:
    """Texts of files, read again when a file's size or time changes; shared by all threads."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, tuple[tuple[int, int], str | None]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def read(self, path: str) -> str | None:
        """The text of a regular file, `None` for what is none, is too large or is no Python text."""
        try:
            status = os.stat(path)  # noqa: PTH116
            if not os.path.isfile(path) or status.st_size > MAX_MODULE_BYTES:  # noqa: PTH113  (a stat is all it costs)
                return None
        except (OSError, ValueError):
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        with self._lock:
            known = self._texts.get(path)
            if known is not None and known[0] == stamp:
                self._texts.move_to_end(path)
                return known[1]
        try:
            data = Path(path).read_bytes()
        except (OSError, ValueError):
            return None
        decoded = read_source(data, MAX_MODULE_BYTES)
        text = decoded.text if isinstance(decoded, Decoded) else None
        with self._lock:
            self._forget(path)
            self._texts[path] = (stamp, text)
            self._size += len(text or "")
            while self._size > MAX_CACHED_BYTES and len(self._texts) > 1:
                self._forget(next(iter(self._texts)))
        return text

    def _forget(self, path: str) -> None:
        known = self._texts.pop(path, None)
        if known is not None:
            self._size -= len(known[1] or "")


class Texts(Protocol):
    """Where finders read texts."""

    def read(self, path: str) -> str | None:
        """The text of a file, `None` where there is none."""
        ...


class NotedTexts:
    """Texts read through another reader, with a note of everything that was asked for."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self.asked: dict[str, str | None] = {}

    def read(self, path: str) -> str | None:
        """The text of a file, `None` where there is none."""
        text = self.asked[path] = self._texts.read(path)
        return text


class SourceFinder:
    """Finds the modules that one analysis imports, and remembers which files it looked at.

    Its `find` is what `World.find_source` asks for: within one finder the same question always has the same answer.

    Args:
        roots: folders of the workspace, the innermost first.
        site_packages: folders of installed packages.
        open_texts: what editors hold, by absolute path; it counts before what is on disk.
        disk: shared by the finders of a session.
    """

    def __init__(
        self,
        roots: Sequence[str],
        site_packages: Sequence[str] = (),
        open_texts: Mapping[str, str] | None = None,
        disk: Texts | None = None,
    ) -> None:
        self._roots = tuple(roots)
        self._site_packages = tuple(site_packages)
        self._open = open_texts or {}
        self._disk = disk or DiskTexts()
        self._answers: dict[tuple[str, str], Source | None] = {}
        self.consulted: set[str] = set()
        """Paths of the workspace that an answer depends on, whether or not there was such a file."""

    def find(self, name: str, importer: str) -> Source | None:
        """The module that `importer` (a path, empty for what lives nowhere) means by a dotted name with or without leading dots."""
        folder = os.path.dirname(importer) if importer else ""  # noqa: PTH120  (hot, and no Path is needed)
        key = (name, folder)
        if key not in self._answers:
            self._answers[key] = self._search(name, folder)
        return self._answers[key]

    def _search(self, name: str, folder: str) -> Source | None:
        relative = len(name) - len(name.lstrip("."))
        parts = [part for part in name[relative:].split(".") if part]
        if not all(part.isidentifier() for part in parts):
            return None
        if relative:
            if not folder or relative > MAX_RELATIVE_DOTS:
                return None
            base = Path(folder)
            for _ in range(relative - 1):
                base = base.parent
            return self._module(str(base), parts, ours=True)
        if not parts or parts[0] in NOT_FOLLOWED:
            return None
        for base in self._bases(folder):
            found = self._module(base, parts, ours=True)
            if found is not None:
                return found
        for base in self._site_packages:
            found = self._module(base, parts, ours=False)
            if found is not None:
                return found
        return None

    def _bases(self, folder: str) -> Iterator[str]:
        """Folders in which absolute imports begin: the script's own, the one that holds its outermost package, the roots'."""
        seen: set[str] = set()
        candidates: list[str] = []
        if folder:
            candidates.append(folder)
            package = Path(folder)
            while self._read(str(package / "__init__.py"), ours=True) is not None and package.parent != package:
                package = package.parent
            candidates.append(str(package))
            candidates += [
                root for root in self._roots if folder == root or folder.startswith(root.rstrip(os.sep) + os.sep)
            ]
        candidates += self._roots
        for candidate in candidates:
            for below in _SOURCE_FOLDERS if candidate in self._roots else ("",):
                base = os.path.join(candidate, below) if below else candidate  # noqa: PTH118
                if base not in seen:
                    seen.add(base)
                    yield base

    def _module(self, base: str, parts: Sequence[str], *, ours: bool) -> Source | None:
        stem = os.path.join(base, *parts)  # noqa: PTH118
        paths = [os.path.join(stem, "__init__.py")]  # noqa: PTH118
        if parts:
            paths.append(stem + ".py")
        for path in paths:
            text = self._read(path, ours=ours)
            if text is not None:
                return Source(path, text)
        return None

    def _read(self, path: str, *, ours: bool) -> str | None:
        if ours:
            self.consulted.add(path)
        text = self._open.get(path)
        return text if text is not None else self._disk.read(path)


class LibraryFinder:
    """Finds modules of the installed Keras by the names Keras 3 gives them, for either generation; files are only read.

    Args:
        site_packages: folders of installed packages, those of the project's environment first.
        generation: 2 or 3; Keras 2 is `tf_keras`, or `keras` where that is of version 2.
        disk: shared by the finders of a session.
    """

    def __init__(self, site_packages: Sequence[str], generation: int, disk: Texts | None = None) -> None:
        self._site_packages = (*site_packages, *own_site_packages())
        self._generation = generation
        self._disk = disk or DiskTexts()

    def find(self, name: str) -> Source | None:
        """The source of `keras.src...`, `None` where it is not installed."""
        parts = name.split(".")
        if parts[:2] != ["keras", "src"] or not all(part.isidentifier() for part in parts):
            return None
        for folder in self._site_packages:
            for package in ("tf_keras", "keras") if self._generation == 2 else ("keras",):
                if package == "keras" and self._is_keras_3(folder) != (self._generation == 3):
                    continue
                path = os.path.join(folder, package, *parts[1:]) + ".py"  # noqa: PTH118
                text = self._disk.read(path)
                if text is not None:
                    return Source(path, text)
        return None

    def _is_keras_3(self, folder: str) -> bool:
        return os.path.isdir(os.path.join(folder, "keras", "src", "ops"))  # noqa: PTH112, PTH118


_PACKAGE_FOLDERS = ("site-packages", "dist-packages")


@cache
def own_site_packages() -> tuple[str, ...]:
    """Where packages of the interpreter that runs keras-lsp are; Keras may be installed beside it.

    A virtual environment can see folders of others, its base's or those that `.pth` files name: they are on `sys.path`.
    """
    own = sorted({sysconfig.get_path(name) for name in ("purelib", "platlib")})
    seen = [path for path in sys.path if os.path.basename(path) in _PACKAGE_FOLDERS]  # noqa: PTH119
    return tuple(dict.fromkeys((*own, *seen)))
