"""Asks Jedi in its own process; what goes wrong is a reason, never an exception."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..process import Child, Command, Failure, allowed_environment
from . import overlay
from .sources import Location, source_location

NAME_SECONDS = 3.0
"""Default time for one name: the first takes a quarter of a second, those in large packages up to one."""

RESIDENT_MB = 700
"""Resident memory at which the process is replaced: Jedi keeps every module it has read."""

CHILD = Path(__file__).parent / "child.py"


@dataclass(frozen=True)
class Definition:
    """Where a name is defined: `line` from 1, `column` from 0 in code points, both None for a module."""

    name: str
    module_name: str
    full_name: str | None
    module_path: Path | None
    line: int | None
    column: int | None
    type: str


@dataclass(frozen=True)
class Definitions:
    """The definitions of a name; `unknown` says why there are none where Jedi could not tell."""

    found: tuple[Definition, ...] = ()
    unknown: str | None = None


class NameOracle(Child):
    """Names of one workspace folder. `site_packages` are the folders of the user's environment; they are only read.

    `legacy` says that the workspace uses tf_keras behind `tf.keras`.
    """

    def __init__(
        self,
        root: Path,
        site_packages: Sequence[Path] = (),
        *,
        legacy: bool = False,
        on_state: Callable[[str], None] | None = None,
    ) -> None:
        self._site_packages = tuple(site_packages)
        self._legacy = legacy
        self._root = root
        # -I and -B as for the Keras worker; our own interpreter, whatever the workspace names.
        arguments = (sys.executable, "-I", "-B", str(CHILD), "--root", str(root))
        for folder in _libraries():
            arguments += ("--libraries", str(folder))
        super().__init__(Command(arguments, allowed_environment(), "Jedi", 30.0, RESIDENT_MB), on_state=on_state)

    def prepare(self, folder: Path, command: Command) -> Command:
        """Write the stub overlay into the child's own folder and put it first on Jedi's search path."""
        search: list[Path] = [self._root, *self._site_packages]
        stubs = overlay.write(folder / "stubs", self._site_packages, legacy=self._legacy)
        if stubs is not None:
            search.insert(0, stubs)
        extra = tuple(item for path in search for item in ("--search", str(path)))
        return super().prepare(folder, command.with_arguments(*extra))

    def goto(
        self,
        source: str,
        path: Path | None,
        line: int,
        column: int,
        *,
        deadline: float = NAME_SECONDS,
        wait: bool = True,
    ) -> Definitions:
        """Return where the name at a place is defined; `line` from 1, `column` from 0 in code points."""
        ask = {"source": source, "path": None if path is None else str(path), "line": line, "column": column}
        try:
            source.encode()
        except UnicodeEncodeError:
            return Definitions(unknown="the source is not valid Unicode")
        return _read(self.exchange([ask], deadline=deadline, wait=wait)[0])

    def resolve(
        self, dotted: str, path: Path | None = None, *, deadline: float = NAME_SECONDS, wait: bool = True
    ) -> Definitions:
        """Return where `package.module.name` is defined, as a file at `path` would import it."""
        if not all(part.isidentifier() for part in dotted.lstrip(".").split(".")):
            return Definitions(unknown=f"{dotted} is not a name")
        module, _, name = dotted.rpartition(".")
        level = len(dotted) - len(dotted.lstrip("."))
        if level and len(module) < level:
            module = "." * level
        source = f"from {module} import {name}\n" if module else f"import {name}\n"
        return self.goto(source, path, 1, len(source) - 1 - len(name), deadline=deadline, wait=wait)

    def source_location(self, name: str) -> Location | None:
        """Return where a public Keras class is defined, from the files alone."""
        return source_location(name, self._site_packages)

    def _introduction(self) -> str:
        return str(self.ready.get("name", "Jedi"))


def _libraries() -> list[Path]:
    """Return the folders that hold Jedi and Parso, found without importing them."""
    folders: list[Path] = []
    for name in ("jedi", "parso"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent.parent
            if folder not in folders:
                folders.append(folder)
    return folders


def _read(result: Any) -> Definitions:
    if isinstance(result, Failure):
        return Definitions(unknown=result.reason)
    data = cast("Mapping[str, Any]", result)
    if data.get("unknown") is not None:
        return Definitions(unknown=str(data["unknown"]))
    try:
        return Definitions(tuple(_definition(item) for item in data["definitions"]))
    except (KeyError, TypeError, ValueError):
        return Definitions(unknown="Jedi sent an answer that makes no sense")


def _definition(item: Mapping[str, Any]) -> Definition:
    path = item["module_path"]
    return Definition(
        str(item["name"]),
        str(item["module_name"]),
        item["full_name"],
        None if path is None else Path(path),
        item["line"],
        item["column"],
        str(item["type"]),
    )
