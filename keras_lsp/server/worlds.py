"""Projects and what is known about them: settings, environments, Keras versions, answers of the oracles.

One `Project` stands for all files that share a configuration and a workspace folder; it is immutable, and `Worlds` makes a new
one when anything it was made of changes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from keras_lsp.catalogue.version import LATEST, KerasVersion, parse_version
from keras_lsp.inference.facts import Question
from keras_lsp.inference.world import Source, World
from keras_lsp.project.settings import LoadedSettings, Settings, apply, load_settings, options, restrict

_log = logging.getLogger(__name__)

EDITOR_KEYS = frozenset(
    [
        "configuration",
        "configurationPreference",
        "debounce",
        "enable",
        "importStrategy",
        "interpreter",
        "logFile",
        "logLevel",
        "path",
        "showNotifications",
        "showSyntaxErrors",
        "trace",
        "trust",
        "workspace",
        "cwd",
    ]
)
"""Keys that editors send and that are no settings of a project."""

DEFAULT_DEBOUNCE = 0.15
"""Seconds without typing before diagnostics are sent: shorter than a pause in thought, longer than between two keys."""


@dataclass(frozen=True)
class Project:
    """What holds for a group of files.

    Attributes:
        key: what answers are kept under: those of one environment are none for another.
        roots: folders in which imports begin, the innermost first.
        site_packages: folders of the installed packages.
        enabled: whether the user wants diagnostics at all.
    """

    key: str
    settings: Settings
    keras: KerasVersion
    roots: tuple[str, ...] = ()
    site_packages: tuple[str, ...] = ()
    python: str | None = None
    enabled: bool = True

    @property
    def code_lens(self) -> bool:
        """Whether models get a summary line."""
        return self.settings.code_lens

    @property
    def oracle_title(self) -> str:
        """What a person reads while Keras starts."""
        return f"Keras: starting {self.keras.label} to look up shapes"

    def world(
        self, path: str, find_source: Callable[[str, str], Source | None], answers: Mapping[str, object]
    ) -> World:
        """The world of one file."""
        return World(self.keras, path, find_source, answers)


@dataclass(frozen=True, slots=True)
class Found:
    """A place in an installed file; line and column from 0."""

    uri: str
    line: int
    column: int


class Worlds:
    """All projects of a session, and the processes that answer for them."""

    def __init__(self, *, trusted: bool) -> None:
        self.folders: dict[str, str] = {}
        self.enabled = True
        self.debounce = DEFAULT_DEBOUNCE
        self._trusted = trusted
        self._editor: dict[str | None, Mapping[str, Any]] = {}
        self._projects: dict[tuple[str, str], Project] = {}
        self._answers: dict[str, Mapping[str, object]] = {}
        self._told: set[str] = set()
        self._lock = threading.Lock()

    # What the client says; session thread.

    def set_folders(self, folders: Mapping[str, str]) -> None:
        """The workspace folders, paths by URI."""
        self.folders = dict(folders)
        self.forget()

    def configure(self, settings: Mapping[str, Any], scope: str | None) -> bool:
        """Take an editor's settings for one folder, or for all; whether they differ from those before."""
        scope = self._folder_uri(scope)
        if self._editor.get(scope) == settings:
            return False
        self._editor[scope] = dict(settings)
        if scope is None:
            self.enabled = settings.get("enable") is not False
            debounce = settings.get("debounce")
            if isinstance(debounce, int | float) and not isinstance(debounce, bool) and 0 <= debounce <= 10_000:
                self.debounce = debounce / 1000
        self.forget()
        return True

    def distrust(self) -> None:
        """The client says that the user does not trust the workspace."""
        self._trusted = False
        self.forget()

    def forget(self) -> None:
        """Read configurations and environments again when they are needed next."""
        with self._lock:
            self._projects.clear()

    def _folder_uri(self, scope: str | None) -> str | None:
        """The URI of a workspace folder that a client named by its URI or path."""
        if scope is None or scope in self.folders:
            return scope
        return next((uri for uri, path in self.folders.items() if path == scope.rstrip("/")), None)

    # Looking up; any thread.

    def project(self, path: str) -> Project:
        """The project of a file; of the first workspace folder, for what lives nowhere."""
        uri, folder = self._folder(path)
        place = str(Path(path).parent) if path else folder
        key = (folder, place)
        with self._lock:
            project = self._projects.get(key)
        if project is None:
            project = self._make(uri, folder, place)
            with self._lock:
                self._projects[key] = project
        return project

    def _folder(self, path: str) -> tuple[str | None, str]:
        """The innermost workspace folder around a path; the first one for what lives nowhere, none for what lies outside."""
        around = [
            (uri, folder)
            for uri, folder in self.folders.items()
            if not path
            or path == folder
            or path.startswith(folder.rstrip("/\\") + "/")
            or Path(folder) in Path(path).parents
        ]
        if not around:
            return None, ""
        return max(around, key=lambda item: len(item[1])) if path else around[0]

    def _make(self, uri: str | None, folder: str, place: str) -> Project:
        loaded = load_settings(Path(place)) if place else LoadedSettings(Settings())
        if not self._trusted:
            loaded = restrict(loaded)
        messages = [str(message) for message in loaded.messages]
        settings = loaded.settings
        for scope in (None, uri) if uri is not None else (None,):
            editor = _set_by_user(self._editor.get(scope, {}))
            applied = apply(settings, editor)
            settings = applied.settings
            messages += [f"editor settings: {message}" for message in applied.messages]
        for message in messages:
            if message not in self._told:
                self._told.add(message)
                _log.warning("%s", message)
        keras = LATEST
        if settings.keras_version is not None:
            try:
                keras = parse_version(settings.keras_version)
            except ValueError as error:
                _log.warning("keras-version: %s", error)
        enabled = self.enabled and settings.diagnostic_mode != "off"
        root = str(loaded.root) if loaded.root is not None else folder or place
        roots = tuple(dict.fromkeys(part for part in (root, folder) if part))
        return Project(f"{root}|{keras}", settings, keras, roots, enabled=enabled)

    def answers(self, project: Project) -> Mapping[str, object]:
        """What the oracles have said so far."""
        return self._answers.get(project.key, {})

    def locate(self, project: Project, canonical: str, keyword: str | None) -> Found | None:
        """Where the installed Keras has a name, or takes a hidden keyword."""
        return None

    # Oracles; background thread.

    def ask(self, project: Project, questions: Sequence[Question]) -> dict[str, object]:
        """Answers by key; what nobody can answer is left out."""
        return {}

    def learn(self, project: Project, answers: Mapping[str, object]) -> None:
        """Extend the world of a project; session thread."""
        self._answers[project.key] = {**self._answers.get(project.key, {}), **answers}

    def restart(self) -> None:
        """Start the processes anew at the next question."""

    def close(self) -> None:
        """End the processes."""

    def state(self) -> dict[str, str]:
        """How the processes are."""
        return {}

    def summary(self) -> list[str]:
        """The projects in use, for a report of a problem."""
        with self._lock:
            projects = list(self._projects.values())
        return [f"{', '.join(project.roots) or '(no folder)'}: {project.keras.label}" for project in projects]


def _set_by_user(table: Mapping[str, Any]) -> dict[str, Any]:
    """An editor's settings without those that are as they are by default: editors send all, whether or not anybody set them."""
    table = {key: value for key, value in table.items() if key.partition(".")[0] not in EDITOR_KEYS}
    for option in options():
        names = option.editor.split(".")
        for keys in ([option.editor], names):
            holder: Any = table
            for name in keys[:-1]:
                holder = cast("dict[str, Any]", holder).get(name) if isinstance(holder, dict) else None
            if isinstance(holder, dict) and keys[-1] in holder:
                group = cast("dict[str, Any]", holder)
                value = tuple(group[keys[-1]]) if isinstance(group[keys[-1]], list) else group[keys[-1]]
                if value == option.default:
                    table = _without(table, keys)
    return table


def _without(table: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    first, *rest = keys
    if not rest:
        return {key: value for key, value in table.items() if key != first}
    return {**table, first: _without(cast("dict[str, Any]", table[first]), rest)}
