"""Projects and what is known about them: settings, environments, Keras versions, answers of the oracles.

One `Project` stands for all files that share a configuration and a workspace folder; it is immutable, and `Worlds` makes a new
one when anything it was made of changes.
"""

from __future__ import annotations

import importlib.util
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from keras_lsp.catalogue.version import LATEST, KerasVersion, parse_version
from keras_lsp.inference.facts import Question
from keras_lsp.inference.world import Source, World
from keras_lsp.project.environment import Environment, find_environment
from keras_lsp.project.settings import LoadedSettings, Settings, apply, load_settings, matches, options, restrict
from keras_lsp.project.sources import LibraryFinder
from keras_lsp.project.trust import interpreter_to_start, is_local_path, own_interpreter

if TYPE_CHECKING:
    # Loaded when the first question is asked: they bring SQLite and more, and most sessions ask nothing.
    from keras_lsp.oracle.names.client import NameOracle
    from keras_lsp.oracle.service import Oracle

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

CLOSE_SECONDS = 0.8
"""Seconds for ending a process before the server leaves without it; its own stdin then ends, and so does it."""

MAX_ANSWERS = 20_000
"""Answers that a session holds for one environment, some 1 kB each; a project of hundreds of models asks a few thousand."""

DEFAULT_DEBOUNCE = 0.15
"""Seconds without typing before diagnostics are sent: shorter than a pause in thought, longer than between two keys."""


@dataclass(frozen=True)
class Project:
    """What holds for a group of files.

    Attributes:
        key: what answers are kept under: those of one environment are none for another.
        environment: where the packages are, and who said so.
        roots: folders in which imports begin, the innermost first.
        site_packages: folders of the installed packages.
        folder: the workspace folder, or that of the file.
        root: the folder that patterns of the settings are relative to.
        enabled: whether the user wants diagnostics at all.
    """

    key: str
    settings: Settings
    keras: KerasVersion
    environment: Environment
    roots: tuple[str, ...] = ()
    site_packages: tuple[str, ...] = ()
    folder: str = ""
    root: str = ""
    enabled: bool = True

    def settings_for(self, path: str) -> Settings:
        """The settings of one file: what `per-file-ignores` says of it is ignored in it."""
        if not path or not self.settings.per_file_ignores or not self.root:
            return self.settings
        try:
            relative = Path(path).relative_to(self.root).as_posix()
        except ValueError:
            return self.settings
        ignored = list(self.settings.ignore)
        for pattern, codes in self.settings.per_file_ignores.items():
            if matches(pattern, relative):
                ignored += codes
        return replace(self.settings, ignore=tuple(ignored), per_file_ignores={})

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
        library = LibraryFinder(self.site_packages, self.keras.generation)
        return World(self.keras, path, find_source, library.find, answers)


@dataclass(frozen=True, slots=True)
class Found:
    """A place in an installed file; line and column from 0."""

    uri: str
    line: int
    column: int

    @classmethod
    def of(cls, path: Path, line: int, column: int) -> Found:
        """A place whose line counts from 1."""
        return cls(path.absolute().as_uri(), max(line - 1, 0), column)


class Worlds:
    """All projects of a session, and the processes that answer for them."""

    def __init__(self, *, may_trust: bool) -> None:
        self.folders: dict[str, str] = {}
        self.enabled = True
        self.debounce = DEFAULT_DEBOUNCE
        self._may_trust = may_trust
        self._trusted = False
        self._editor: dict[str | None, Mapping[str, Any]] = {}
        self._projects: dict[tuple[str, str], Project] = {}
        self._epoch = 0
        self._answers: dict[str, Mapping[str, object]] = {}
        self._keras_oracles: dict[str, Oracle] = {}
        self._name_oracles: dict[str, NameOracle] = {}
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

    def trust(self, trusted: bool) -> None:
        """The client says whether the user trusts the workspace; a server told at its start not to, never does."""
        self._trusted = trusted and self._may_trust
        self.restart()
        self.forget()

    @property
    def trusted(self) -> bool:
        """Whether interpreters in the workspace may be started."""
        return self._trusted

    def forget(self) -> None:
        """Read configurations and environments again when they are needed next."""
        with self._lock:
            self._epoch += 1
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
            project, epoch = self._projects.get(key), self._epoch
        if project is None:
            project = self._make(uri, folder, place)
            with self._lock:
                # What it was made of may have changed meanwhile: who asked is outdated then, and who asks next makes it anew.
                if self._epoch == epoch:
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
        environment = self._environment(folder or place, settings)
        keras = self._version(settings, environment)
        enabled = self.enabled and settings.diagnostic_mode != "off"
        root = str(loaded.root) if loaded.root is not None else folder or place
        roots = tuple(dict.fromkeys(part for part in (root, folder) if part))
        packages = tuple(str(path) for path in environment.site_packages)
        key = f"{keras}|{environment.python}|{settings.oracle.python}"
        return Project(key, settings, keras, environment, roots, packages, folder or place, root, enabled)

    def _environment(self, folder: str, settings: Settings) -> Environment:
        selected = self._editor.get(self._folder_uri(folder), {}).get("interpreter") or self._editor.get(None, {}).get(
            "interpreter"
        )
        if isinstance(selected, list):
            selected = next(iter(cast("list[Any]", selected)), None)
        client = selected if isinstance(selected, str) and is_local_path(selected) else None
        setting = settings.python if settings.python is None or is_local_path(settings.python) else None
        return find_environment(Path(folder) if folder else None, setting, client)

    def _version(self, settings: Settings, environment: Environment) -> KerasVersion:
        for text in (settings.keras_version, environment.keras_version_text):
            if text is not None:
                try:
                    return parse_version(text)
                except ValueError as error:
                    _log.warning("keras-version: %s", error)
        return LATEST

    def answers(self, project: Project) -> Mapping[str, object]:
        """What the oracles have said so far."""
        return self._answers.get(project.key, {})

    def locate(self, project: Project, canonical: str, keyword: str | None) -> Found | None:
        """Where the installed Keras has a name, or takes a hidden keyword; reads files, and may wait for Jedi."""
        from keras_lsp.oracle.names.sources import find_hidden_keyword, source_location

        packages = project.environment.site_packages or _own_packages()
        if not packages:
            return None
        if keyword is not None:
            taken = find_hidden_keyword(packages, canonical, keyword)
            return None if taken is None else Found.of(taken.location.path, taken.location.line, taken.location.column)
        place = source_location(canonical, packages)
        if place is not None:
            return Found.of(place.path, place.line, place.column)
        if not project.settings.jedi.enable:
            return None
        for definition in self._names(project, packages).resolve(canonical, wait=False).found:
            if definition.module_path is not None:
                return Found.of(definition.module_path, definition.line or 1, definition.column or 0)
        return None

    def _names(self, project: Project, packages: Sequence[Path]) -> NameOracle:
        from keras_lsp.oracle.names.client import NameOracle

        key = f"{project.folder}|{'|'.join(map(str, packages))}"
        with self._lock:
            names = self._name_oracles.get(key)
            if names is None:
                legacy = (project.environment.keras_version_text or "").startswith("tf_keras")
                root = Path(project.folder) if project.folder else Path(packages[0])
                names = self._name_oracles[key] = NameOracle(root, packages, legacy=legacy)
        return names

    # Oracles; background thread.

    def ask(self, project: Project, questions: Sequence[Question]) -> dict[str, object]:
        """Answers by key; what nobody could answer now is left out."""
        from keras_lsp.oracle.service import answer_questions

        if not project.settings.oracle.enable or not questions:
            return {}
        asked = [(question.key, question.payload) for question in questions]
        return dict(answer_questions(self._keras(project), asked, project.settings.oracle.timeout))

    def _keras(self, project: Project) -> Oracle:
        with self._lock:
            oracle = self._keras_oracles.get(project.key)
            if oracle is None:
                oracle = self._keras_oracles[project.key] = self._make_oracle(project)
        return oracle

    def _make_oracle(self, project: Project) -> Oracle:
        from keras_lsp.oracle.cache import AnswerCache, default_path
        from keras_lsp.oracle.process import KerasWorker
        from keras_lsp.oracle.service import KerasOracle, NullOracle

        environment = project.environment
        # A file's own oracle.python was dropped when it was read, unless the workspace is trusted.
        verdict = interpreter_to_start(environment, trusted=self._trusted, explicit=project.settings.oracle.python)
        installed = environment.versions.keras if environment.python is not None else None
        if verdict.python is None and not environment.versions and project.keras.generation == 3 and _own_packages():
            verdict = own_interpreter()
        if verdict.python is None:
            _log.info("Keras is not asked: %s", verdict.reason)
            return NullOracle(verdict.reason)
        contract, text = project.keras.contract, environment.keras_version_text or ""
        api = "tf_keras" if text.startswith("tf_keras") else "keras" if contract.value in "AD" else "tensorflow.keras"
        worker = KerasWorker(verdict.python, api=api)
        return KerasOracle(worker, AnswerCache(default_path()), keras=installed if api == "keras" else None)

    def learn(self, project: Project, answers: Mapping[str, object]) -> None:
        """Extend the world of a project; session thread."""
        known = {**self._answers.get(project.key, {}), **answers}
        # A dict keeps its order: the oldest go, which are about texts long since changed.
        self._answers[project.key] = dict(list(known.items())[-MAX_ANSWERS:]) if len(known) > MAX_ANSWERS else known

    def restart(self) -> None:
        """End the processes; they start anew at the next question."""
        with self._lock:
            oracles = [*self._keras_oracles.values(), *self._name_oracles.values()]
            self._keras_oracles.clear()
            self._name_oracles.clear()
        for oracle in oracles:
            oracle.close()

    def close(self) -> None:
        """End the processes, all at once, since each may take a moment."""
        oracles = [*self._keras_oracles.values(), *self._name_oracles.values()]
        threads = [threading.Thread(target=oracle.close, daemon=True) for oracle in oracles]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(CLOSE_SECONDS)

    def state(self) -> dict[str, str]:
        """How the processes are."""
        with self._lock:
            states = {f"Keras {key}": oracle.state for key, oracle in self._keras_oracles.items()}
            return states | {f"Jedi {key}": oracle.state for key, oracle in self._name_oracles.items()}

    def summary(self) -> list[str]:
        """The projects in use, for a report of a problem."""
        with self._lock:
            projects = list(self._projects.values())
        return [f"{', '.join(project.roots) or '(no folder)'}: {project.keras.label}" for project in projects]


def _own_packages() -> tuple[Path, ...]:
    """Where the Keras beside keras-lsp itself is installed; nothing is imported for it."""
    spec = importlib.util.find_spec("keras")
    if spec is None or spec.origin is None:
        return ()
    return (Path(spec.origin).parent.parent,)


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
