"""Which interpreter may be started.

Starting an interpreter of an environment runs code of that environment (`site`, `.pth` files, `sitecustomize`), so an
environment that lies in a workspace is as much a program of its author as any module there. One is started only when a person
named it outside of the workspace's files, or when the workspace is trusted.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from keras_lsp.project.environment import Environment, Origin


@dataclass(frozen=True, slots=True)
class Verdict:
    """The interpreter to start, or None; `reason` says why, in a sentence for people."""

    python: Path | None
    reason: str


_BY_PERSON: frozenset[Origin] = frozenset({"VIRTUAL_ENV", "CONDA_PREFIX"})
"""Named in the shell in which the server was started: by who started it."""


def interpreter_to_start(
    environment: Environment,
    *,
    trusted: bool,
    setting_from_workspace: bool = False,
    explicit: str | None = None,
) -> Verdict:
    """The interpreter in which to run Keras.

    `explicit` is one that the user named on the command line or in settings outside of the workspace, which is always started.
    `setting_from_workspace` says that the environment's setting stands in a file of the workspace.
    """
    if explicit:
        return _checked(Path(explicit), "named by the user")
    python = environment.python
    if python is None:
        return Verdict(None, "no environment with an interpreter was found")
    origin = environment.origin
    if origin in _BY_PERSON:
        return _checked(python, f"named by {origin}")
    if origin == "setting" and not setting_from_workspace:
        return _checked(python, "named in the user's settings")
    if trusted:
        return _checked(python, "the workspace is trusted")
    named = {"setting": "a file of the workspace names it", "client": "it is selected in the editor"}
    why = named.get(origin, "it lies in the workspace")
    return Verdict(None, f"{python} is not started: {why}, and the workspace is not trusted")


def own_interpreter() -> Verdict:
    """The interpreter that runs keras-lsp, which may have Keras itself."""
    return (
        _checked(Path(sys.executable), "the interpreter of keras-lsp")
        if sys.executable
        else Verdict(None, "no interpreter")
    )


def _checked(path: Path, reason: str) -> Verdict:
    """The interpreter at `path` if it can be one: absolute, local, an executable file."""
    text = str(path)
    if "\0" in text or not path.is_absolute():
        return Verdict(None, f"{text!r} is not an absolute path")
    if text.startswith(("\\\\", "//")):
        return Verdict(None, f"{text} is on the network")  # opening it would send the user's credentials there
    try:
        if not path.is_file():
            return Verdict(None, f"{text} is not a file")
        if not os.access(path, os.X_OK):
            return Verdict(None, f"{text} is not executable")
    except OSError as error:
        return Verdict(None, f"{text} cannot be read: {error.strerror}")
    return Verdict(path, reason)


def is_local_path(text: str) -> bool:
    """Whether a path named by a workspace file may be opened at all: no network share, device or NUL character."""
    if "\0" in text or text.startswith(("\\\\", "//")):
        return False
    stem = Path(text.replace("\\", "/")).name.split(".")[0].upper()
    return stem not in _DEVICES


_DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"COM{n}" for n in range(1, 10)), *(f"LPT{n}" for n in range(1, 10))}
)
"""File names that are devices on Windows, with any suffix."""
