"""The world of a file on the command line: which Keras it is for, and where its modules are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keras_lsp.catalogue.version import LATEST, KerasVersion, parse_version
from keras_lsp.inference.world import World
from keras_lsp.project.environment import Environment, find_environment
from keras_lsp.project.settings import Settings
from keras_lsp.project.sources import DiskTexts, LibraryFinder, SourceFinder, Texts, own_site_packages
from keras_lsp.project.trust import Verdict, interpreter_to_start

if TYPE_CHECKING:
    from keras_lsp.oracle.service import Oracle


class Worlds:
    """Makes worlds for the files of one run; environments and texts are looked up once."""

    def __init__(
        self,
        keras: KerasVersion | None = None,
        python: str | None = None,
        root: Path | None = None,
        *,
        named_by_person: bool = True,
    ) -> None:
        self._keras = keras
        self._python = python
        self._named_by_person = named_by_person
        self._root = root or Path.cwd()
        self._disk = DiskTexts()
        self._environment: Environment | None = None
        self._oracle: Oracle | None = None

    @classmethod
    def of(cls, settings: Settings, root: Path, *, named_by_person: bool) -> Worlds:
        """The worlds of a project; a Keras version that cannot be read counts as not set.

        `named_by_person` says whether `settings.python` comes from the command line and not from a file of the project.
        """
        try:
            keras = parse_version(settings.keras_version) if settings.keras_version else None
        except ValueError:
            keras = None
        return cls(keras, settings.python, root, named_by_person=named_by_person)

    @property
    def environment(self) -> Environment:
        """The environment of the project."""
        if self._environment is None:
            self._environment = find_environment(self._root, self._python)
        return self._environment

    @property
    def keras(self) -> KerasVersion:
        """The Keras that programs are for: as asked for, as installed or pinned, else the newest."""
        if self._keras is None:
            text = self.environment.keras_version_text
            try:
                self._keras = parse_version(text) if text else LATEST
            except ValueError:
                self._keras = LATEST
        return self._keras

    @property
    def interpreter(self) -> Verdict:
        """The interpreter of the project, if it may be started: what a file of the project names may not."""
        explicit = str(self.environment.python) if self._python and self._named_by_person else None
        if self.environment.python is None:
            explicit = None
        return interpreter_to_start(self.environment, trusted=False, setting_from_workspace=True, explicit=explicit)

    @property
    def texts(self) -> Texts:
        """The texts of modules."""
        return self._disk

    def signature(self, path: str) -> tuple[object, ...]:
        """All that the world of a file depends on, but for the texts of modules."""
        installed = self.environment
        return (
            self.keras,
            self._root,
            Path(path).resolve(),
            bool(self._python),
            installed.site_packages,
            installed.versions,
            own_site_packages(),
        )

    def world(self, path: str, texts: Texts | None = None) -> World:
        """What is known outside one file; `texts` reads modules."""
        texts = texts or self._disk
        resolved = str(Path(path).resolve()) if path and path not in ("-", "<stdin>") else ""
        packages = [str(folder) for folder in self.environment.site_packages] if self._python else []
        finder = SourceFinder([str(self._root)], packages, disk=texts)
        installed = [str(folder) for folder in self.environment.site_packages]
        library = LibraryFinder(installed, self.keras.generation, texts)
        return World(self.keras, resolved, finder.find, library.find)

    def oracle(self, *, cache: bool = True) -> Oracle:
        """Keras itself, in the interpreter that a person named, else in the one that runs keras-lsp; `cache` keeps answers."""
        if self._oracle is None:
            from keras_lsp.cli.verify import start_oracle

            self._oracle = start_oracle(self.environment, self.interpreter, self.keras, cache=cache)
        return self._oracle

    def close(self) -> None:
        """End what was started."""
        if self._oracle is not None:
            self._oracle.close()
