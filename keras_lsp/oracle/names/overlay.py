"""Stubs that tell Jedi what `tensorflow.keras` is.

TensorFlow 2.6 and newer load Keras lazily at run time, so a reader of files finds no package `tensorflow.keras`.
A partial stub package (PEP 561) `tensorflow-stubs` cures it: each of its modules re-exports the module of the installed
Keras that TensorFlow would load. It is made for the Keras that is there, Keras 3, Keras 2 or tf_keras, so every public
module of that version has its stub, and none that it does not have.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

# What TensorFlow's loader looks for (tensorflow/python/util/lazy_loader.py), as the generation prefers it.
KERAS_3 = "keras._tf_keras.keras"
KERAS_2 = "keras.api._v2.keras"
TF_KERAS = "tf_keras.api._v2.keras"

MAX_MODULES = 1000  # Keras 3.15 has 67, Keras 2.15 has 71


def target(site_packages: Sequence[Path], *, legacy: bool = False) -> tuple[Path, str] | None:
    """Return the root and the module that `tensorflow.keras` stands for; None where it is a real package or absent.

    `legacy` says that TF_USE_LEGACY_KERAS is set: then tf_keras comes first.
    """
    if any((root / "tensorflow" / "keras" / "__init__.py").is_file() for root in site_packages):
        return None
    order = (TF_KERAS, KERAS_3, KERAS_2) if legacy else (KERAS_3, KERAS_2, TF_KERAS)
    for module in order:
        for root in site_packages:
            if root.joinpath(*module.split("."), "__init__.py").is_file():
                return root, module
    return None


def modules(root: Path, module: str) -> Iterator[tuple[str, ...]]:
    """Yield the public submodules of a package as tuples of names, the package itself as ()."""
    top = root.joinpath(*module.split("."))
    count = 0
    for folder, inner, files in os.walk(top):
        inner[:] = sorted(name for name in inner if not name.startswith("_"))
        if "__init__.py" not in files:
            inner.clear()
            continue
        count += 1
        if count > MAX_MODULES:
            return
        yield Path(folder).relative_to(top).parts


def stubs(root: Path, module: str) -> dict[str, str]:
    """Return the stub package: relative path -> text."""
    files = {
        "tensorflow-stubs/py.typed": "partial\n",
        "tensorflow-stubs/__init__.pyi": "from . import keras as keras\n",
    }
    for parts in modules(root, module):
        place = "/".join(("tensorflow-stubs", "keras", *parts, "__init__.pyi"))
        files[place] = f"from {'.'.join((module, *parts))} import *\n"
    return files


def write(folder: Path, site_packages: Sequence[Path], *, legacy: bool = False) -> Path | None:
    """Write the stub package into a folder of ours and return what belongs on the search path."""
    found = target(site_packages, legacy=legacy)
    if found is None:
        return None
    for name, text in stubs(*found).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
