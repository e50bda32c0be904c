"""Settings: one table of what can be set, from which keys, flags, editor settings, the JSON schema and the docs follow.

A setting is a field of `Settings` (or of a group in it). Its key in TOML is the name in kebab-case (`per-file-ignores`), in an
editor in camelCase (`perFileIgnores`), on the command line `--per-file-ignores`. Reading never raises: an unknown key or a value
of a wrong type becomes a message, and the default stays.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

Severity = Literal["error", "warning", "info", "hint", "off"]
OutputFormat = Literal["full", "concise", "json", "json-lines", "github", "gitlab", "junit", "sarif"]
DiagnosticMode = Literal["off", "open-files-only", "workspace"]

DEFAULT_EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".virtual_documents",
    ".vscode",
    "__pycache__",
    "__pypackages__",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)
"""Folders that hold no source of the project: version control, environments, caches, build results."""

MAX_CONFIG_BYTES = 1_000_000
"""A configuration is written by hand; a larger file is something else, and TOML is slow to read."""

MAX_EXTENDS = 20
"""Configurations that extend each other in a chain; nobody keeps track of more."""


def _about(doc: str, *, safe: bool = True, cli: bool = True) -> dict[str, Any]:
    """What a field is for; whether a file in an untrusted workspace may set it; whether `check` has a flag for it."""
    return {"doc": doc, "safe": safe, "cli": cli}


@dataclass(frozen=True, slots=True)
class InlayHints:
    """Hints at the ends of lines."""

    output_shapes: bool = field(
        default=True, metadata=_about("Show the output shape of each layer at the end of its line.", cli=False)
    )
    parameter_counts: bool = field(
        default=False, metadata=_about("Show the parameter count of each layer after its shape.", cli=False)
    )


@dataclass(frozen=True, slots=True)
class Oracle:
    """The Keras worker: a process of its own that asks the Keras of the project."""

    enable: bool = field(
        default=True, metadata=_about("Ask the installed Keras what the built-in shape functions do not know.")
    )
    python: str | None = field(
        default=None,
        metadata=_about("The interpreter that runs Keras. Ignored in files of untrusted workspaces.", safe=False),
    )
    timeout: float = field(
        default=20.0, metadata=_about("Seconds to wait for an answer, the first import of Keras included.")
    )
    memory_limit: int = field(default=4096, metadata=_about("Megabytes that the worker may use."))


@dataclass(frozen=True, slots=True)
class Jedi:
    """Jedi, which resolves names in other files, in a process of its own."""

    enable: bool = field(default=True, metadata=_about("Ask Jedi about names that come from other files."))


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, with their defaults."""

    select: tuple[str, ...] = field(
        default=("KER",), metadata=_about("Rules to enable, by code or prefix of a code, or ALL.")
    )
    extend_select: tuple[str, ...] = field(default=(), metadata=_about("Rules to enable besides those of `select`."))
    ignore: tuple[str, ...] = field(default=(), metadata=_about("Rules to disable, by code or prefix of a code."))
    per_file_ignores: dict[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]],
        metadata=_about("Rules to disable in the files that a pattern matches."),
    )
    severity: dict[str, Severity] = field(
        default_factory=dict[str, Severity],
        metadata=_about("Severity by code or prefix: error, warning, info, hint or off.", cli=False),
    )
    exclude: tuple[str, ...] = field(
        default=DEFAULT_EXCLUDE, metadata=_about("Files and folders not to check, as patterns of .gitignore.")
    )
    extend_exclude: tuple[str, ...] = field(
        default=(), metadata=_about("Files and folders not to check besides those of `exclude`.")
    )
    respect_gitignore: bool = field(default=True, metadata=_about("Do not check what .gitignore files exclude."))
    force_exclude: bool = field(
        default=False, metadata=_about("Apply the exclusions to files named on the command line too.")
    )
    keras_version: str | None = field(
        default=None,
        metadata=_about(
            "The Keras that the program is for, such as 2.15, 3.15 or tf2.3; by default the installed or pinned one."
        ),
    )
    python: str | None = field(
        default=None,
        metadata=_about(
            "The environment of the program: its folder or its interpreter. It is read, not run.", safe=False
        ),
    )
    output_format: OutputFormat = field(default="full", metadata=_about("How `check` prints findings."))
    diagnostic_mode: DiagnosticMode = field(
        default="open-files-only", metadata=_about("Which files an editor gets diagnostics for.", cli=False)
    )
    inlay_hints: InlayHints = field(default_factory=InlayHints)
    code_lens: bool = field(default=True, metadata=_about("Show a summary line above each model.", cli=False))
    hidden_keywords: bool = field(
        default=True, metadata=_about("Offer keywords that no signature shows, such as input_shape.", cli=False)
    )
    oracle: Oracle = field(default_factory=Oracle)
    jedi: Jedi = field(default_factory=Jedi)
    baseline: str | None = field(default=None, metadata=_about("File of known findings, which are not reported again."))

    def selects(self, code: str, path: str = "", *, default: bool = True) -> bool:
        """Whether the rule `code` applies to the file at `path`, relative to the configuration.

        The longest entry that is a prefix of the code decides; at equal length, `ignore` does. `default` says whether a rule is
        enabled by its mere family: one that is off by default must be selected by a longer entry than "KER" or "ALL".
        """
        ignored = list(self.ignore)
        for pattern, codes in self.per_file_ignores.items():
            if path and matches(pattern, path):
                ignored += codes
        chosen = max((_weight(entry, code) for entry in (*self.select, *self.extend_select)), default=-1)
        dropped = max((_weight(entry, code) for entry in ignored), default=-1)
        if chosen <= _weight("KER", code) and not default:
            return False
        return chosen > dropped

    def for_file(self, path: str) -> Settings:
        """These settings for one file, relative to the configuration: what `per-file-ignores` says of it is in `ignore`."""
        ignored = [code for pattern, codes in self.per_file_ignores.items() if matches(pattern, path) for code in codes]
        return replace(self, ignore=(*self.ignore, *ignored), per_file_ignores={}) if self.per_file_ignores else self

    def severity_of(self, code: str, default: Severity) -> Severity:
        """The severity set for `code`, by the longest entry that is a prefix of it."""
        best = max(self.severity, key=lambda entry: _weight(entry, code), default=None)
        return self.severity[best] if best is not None and _weight(best, code) >= 0 else default


def _weight(entry: str, code: str) -> int:
    """How exactly an entry names a code: its length, 0 for ALL, -1 when it does not."""
    entry = entry.upper()
    if entry == "ALL":
        return 0
    return len(entry) if code.upper().startswith(entry) else -1


def matches(pattern: str, path: str) -> bool:
    """Whether a path, relative with `/`, matches a pattern as .gitignore has it."""
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines([pattern]).match_file(path)
    except ValueError:
        return False


# --- The table of settings ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option:
    """A setting as people meet it; `path` holds the names of the fields that lead to it."""

    path: tuple[str, ...]
    type: Any
    default: Any
    doc: str
    safe: bool
    cli: bool

    @property
    def toml(self) -> str:
        """The key in TOML, dotted: `inlay-hints.output-shapes`."""
        return ".".join(kebab(name) for name in self.path)

    @property
    def editor(self) -> str:
        """The key in an editor, dotted: `inlayHints.outputShapes`."""
        return ".".join(camel(name) for name in self.path)

    @property
    def flag(self) -> str | None:
        """The flag of the command line; None for what only an editor needs."""
        return "--" + "-".join(kebab(name) for name in self.path) if self.cli else None

    @property
    def schema(self) -> dict[str, Any]:
        """What JSON Schema says about values of this type."""
        return _schema(self.type)


def kebab(name: str) -> str:
    """`output_shapes` as `output-shapes`."""
    return name.replace("_", "-")


def camel(name: str) -> str:
    """`output_shapes` as `outputShapes`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def options(group: type = Settings, path: tuple[str, ...] = ()) -> Iterator[Option]:
    """All settings, in the order of their declaration, groups flattened."""
    hints = get_type_hints(group)
    instance = group()
    for entry in fields(group):
        hint = hints[entry.name]
        if is_dataclass(hint):
            yield from options(cast(type, hint), (*path, entry.name))
            continue
        data = entry.metadata
        yield Option((*path, entry.name), hint, getattr(instance, entry.name), data["doc"], data["safe"], data["cli"])


def json_schema(style: Literal["toml", "editor"] = "toml") -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the whole table, with the keys of TOML or of editors."""
    root: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "keras-lsp",
        "type": "object",
        "additionalProperties": False,
        "properties": {},
    }
    if style == "toml":
        root["properties"]["extend"] = {
            "type": "string",
            "description": "A configuration file whose settings hold unless set here.",
        }
    convert = kebab if style == "toml" else camel
    for option in options():
        properties: dict[str, Any] = root["properties"]
        for name in option.path[:-1]:
            group = properties.setdefault(
                convert(name), {"type": "object", "additionalProperties": False, "properties": {}}
            )
            properties = group["properties"]
        default: Any = list(option.default) if get_origin(option.type) is tuple else option.default
        properties[convert(option.path[-1])] = {**option.schema, "description": option.doc, "default": default}
    return root


def _schema(hint: Any) -> dict[str, Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    if type(None) in arguments:
        inner = _schema(next(argument for argument in arguments if argument is not type(None)))
        return {**inner, "type": [inner["type"], "null"]}
    return {"type": {bool: "boolean", int: "integer", float: "number", str: "string"}[hint]}


# --- Reading --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SettingsMessage:
    """Something in a configuration that was not taken; `path` is None for an editor's or a command's."""

    path: Path | None
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings, the file that they came from (None for the defaults), its folder, and what was wrong with it.

    `explicit` are the dotted TOML keys that were set, `unsafe` those of them that only a trusted workspace may set.
    """

    settings: Settings
    source: Path | None = None
    root: Path | None = None
    messages: tuple[SettingsMessage, ...] = ()
    explicit: frozenset[str] = frozenset()
    unsafe: frozenset[str] = frozenset()


def apply(settings: Settings, table: Mapping[str, Any], source: Path | None = None) -> LoadedSettings:
    """`settings` with what `table` sets, in the keys of TOML or of editors; wrong keys and values become messages."""
    messages: list[SettingsMessage] = []
    explicit: set[str] = set()

    def report(text: str) -> None:
        messages.append(SettingsMessage(source, text))

    changed: Settings = _apply(settings, table, "", explicit, report)
    unsafe = frozenset(option.toml for option in options() if not option.safe and option.toml in explicit)
    root = source.parent if source else None
    return LoadedSettings(changed, source, root, tuple(messages), frozenset(explicit), unsafe)


def _apply(group: Any, table: Mapping[str, Any], prefix: str, explicit: set[str], report: Callable[[str], None]) -> Any:
    kind: type = group.__class__
    hints = get_type_hints(kind)
    names = (
        {kebab(name): name for name in hints} | {camel(name): name for name in hints} | {name: name for name in hints}
    )
    changes: dict[str, Any] = {}
    for key, value in table.items():
        head, _, rest = key.partition(".")
        if rest:  # an editor may flatten: "inlayHints.outputShapes": true
            key, value = head, {rest: value}
        name = names.get(key)
        if name is None:
            import difflib  # only for who misspelt a setting

            near = difflib.get_close_matches(key, [kebab(name) for name in hints], 1)
            hint = f"; did you mean {prefix}{near[0]}?" if near else ""
            report(f"unknown setting {prefix}{key}{hint}")
            continue
        hint = hints[name]
        dotted = prefix + kebab(name)
        if is_dataclass(hint):
            if isinstance(value, Mapping):
                inner = changes.get(name, getattr(group, name))
                changes[name] = _apply(inner, cast(Mapping[str, Any], value), dotted + ".", explicit, report)
            else:
                report(f"{dotted} must be a table, not {_name_of(value)}")
            continue
        if value is None and type(None) not in get_args(hint):
            continue  # an editor's null means "not set"
        converted = _convert(hint, value)
        if converted is _WRONG:
            report(f"{dotted} must be {_wanted(hint)}, not {_name_of(value)}")
        else:
            changes[name] = converted
            explicit.add(dotted)
    return replace(group, **changes) if changes else group


_WRONG = object()


def _convert(hint: Any, value: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        if not isinstance(value, str):
            return _WRONG
        spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", value).lower()  # an editor may say openFilesOnly
        return spelled if spelled in arguments else _WRONG
    if origin is tuple:
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, (list, tuple)):
            return _WRONG
        found = [item.strip() if isinstance(item, str) else _WRONG for item in cast(list[Any], items)]
        return _WRONG if _WRONG in found else tuple(item for item in found if item)
    if origin is dict:
        if not isinstance(value, Mapping):
            return _WRONG
        pairs = {key: _convert(arguments[1], item) for key, item in cast(Mapping[Any, Any], value).items()}
        return _WRONG if _WRONG in pairs.values() or not all(isinstance(key, str) for key in pairs) else pairs
    if type(None) in arguments:
        if value is None:
            return None
        return _convert(next(argument for argument in arguments if argument is not type(None)), value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if 0 <= value < 10**9 else _WRONG
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < 10**9 else _WRONG
    if hint in (int, float) and isinstance(value, hint):
        return value if not isinstance(value, bool) and 0 <= value < 10**9 else _WRONG
    return value if isinstance(value, hint) else _WRONG


def _wanted(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return "one of " + ", ".join(arguments)
    if origin is tuple:
        return "a list of strings"
    if origin is dict:
        return f"a table whose values are {'lists of strings' if get_origin(arguments[1]) is tuple else _wanted(arguments[1])}"
    if type(None) in arguments:
        return _wanted(next(argument for argument in arguments if argument is not type(None)))
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}[hint]


def _name_of(value: Any) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:40] + "…")
    kind: str = type(value).__name__
    names = {
        "bool": "a boolean",
        "int": "the number",
        "float": "the number",
        "list": "a list",
        "dict": "a table",
        "NoneType": "null",
    }
    name = names.get(kind, kind)
    return f"{name} {str(value)[:40]}" if name == "the number" else name


# --- Files ----------------------------------------------------------------------------------------------------------------

CONFIG_NAMES = (".keras-lsp.toml", "keras-lsp.toml", "pyproject.toml")
"""In one folder the first that is there holds; `pyproject.toml` only with a table `[tool.keras-lsp]`."""


def find_config(path: Path, stop: Path | None = None) -> Path | None:
    """The closest configuration of a file or folder, upwards to `stop` (inclusive) or the root of the disk."""
    try:
        folder = path.resolve()
        if not folder.is_dir():
            folder = folder.parent
        stop = stop.resolve() if stop else None
    except (OSError, ValueError, RuntimeError):
        return None
    for candidate in (folder, *folder.parents):
        for name in CONFIG_NAMES:
            file = candidate / name
            if _is_file(file) and (name != "pyproject.toml" or _has_table(file)):
                return file
        if candidate == stop:
            break
    return None


def load_settings(path: Path, base: Settings | None = None) -> LoadedSettings:
    """The settings that hold for a file or folder: those of the closest configuration, on top of `base`."""
    file = find_config(path)
    return LoadedSettings(base or Settings()) if file is None else load_config(file, base)


def load_config(file: Path, base: Settings | None = None) -> LoadedSettings:
    """The settings of one configuration file and of those that it extends."""
    chain: list[tuple[Path, dict[str, Any]]] = []
    messages: list[SettingsMessage] = []
    current: Path | None = file
    while current is not None:
        if any(_same(current, seen) for seen, _ in chain):
            messages.append(SettingsMessage(chain[-1][0], f"extend leads in a circle back to {current}"))
            break
        if len(chain) >= MAX_EXTENDS:
            messages.append(SettingsMessage(chain[-1][0], f"extend leads through more than {MAX_EXTENDS} files"))
            break
        table, problem = _read_table(current)
        if problem:
            messages.append(SettingsMessage(current, problem))
        if table is None:
            break
        extend = table.pop("extend", None)
        chain.append((current, table))
        if extend is not None and not isinstance(extend, str):
            messages.append(SettingsMessage(current, "extend must be a string"))
            extend = None
        current = None if extend is None else _relative(current.parent, extend)
    settings = base or Settings()
    explicit: frozenset[str] = frozenset()
    unsafe: frozenset[str] = frozenset()
    for source, table in reversed(chain):
        loaded = apply(settings, table, source)
        settings = _anchor(loaded.settings, settings, source.parent)
        messages += loaded.messages
        explicit |= loaded.explicit
        unsafe |= loaded.unsafe
    return LoadedSettings(settings, file, file.parent, tuple(messages), explicit, unsafe)


def restrict(loaded: LoadedSettings) -> LoadedSettings:
    """Without what only a trusted workspace may set, and with a message for each such setting."""
    if not loaded.unsafe:
        return loaded
    default = Settings()
    changed = loaded.settings
    for option in options():
        if option.toml not in loaded.unsafe:
            continue
        if len(option.path) == 1:
            changed = replace(changed, **{option.path[0]: option.default})
        else:
            group = replace(
                getattr(changed, option.path[0]),
                **{option.path[1]: getattr(getattr(default, option.path[0]), option.path[1])},
            )
            changed = replace(changed, **{option.path[0]: group})
    notes = tuple(
        SettingsMessage(loaded.source, f"{key} is ignored: the workspace is not trusted")
        for key in sorted(loaded.unsafe)
    )
    return replace(loaded, settings=changed, messages=loaded.messages + notes, unsafe=frozenset())


def _anchor(settings: Settings, before: Settings, folder: Path) -> Settings:
    """Paths that a file sets are relative to its own folder."""
    changes: dict[str, Any] = {}
    for name in ("baseline", "python"):
        value = getattr(settings, name)
        if value is not None and value != getattr(before, name):
            changes[name] = str(_relative(folder, value))
    if settings.oracle.python is not None and settings.oracle.python != before.oracle.python:
        changes["oracle"] = replace(settings.oracle, python=str(_relative(folder, settings.oracle.python)))
    return replace(settings, **changes) if changes else settings


def _relative(folder: Path, value: str) -> Path:
    try:
        path = Path(value).expanduser()
    except RuntimeError:  # no such home
        path = Path(value)
    return path if path.is_absolute() else folder / path


def _read_table(file: Path) -> tuple[dict[str, Any] | None, str | None]:
    """Our table in a file, and what is wrong; a pyproject.toml without one has an empty table."""
    content, problem = read_toml(file)
    if content is None:
        return None, problem
    if file.name != "pyproject.toml":
        return content, None
    tool = content.get("tool")
    table: Any = cast(dict[str, Any], tool).get("keras-lsp", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        return None, "tool.keras-lsp must be a table"
    return dict(cast(dict[str, Any], table)), None


def read_toml(file: Path) -> tuple[dict[str, Any] | None, str | None]:
    """The content of a TOML file, or why there is none."""
    try:
        if file.stat().st_size > MAX_CONFIG_BYTES:
            return None, f"larger than {MAX_CONFIG_BYTES} bytes"
        return _parse_toml(file.read_bytes().decode("utf-8-sig")), None
    except OSError as error:
        return None, f"cannot be read: {error.strerror or error}"
    except (ValueError, RecursionError) as error:  # both TOMLDecodeError and UnicodeDecodeError are ValueErrors
        return None, f"is not TOML: {error}"


def _parse_toml(text: str) -> dict[str, Any]:
    # Loaded on first use: most checks of a single file meet no TOML. Python 3.10 has no reader of its own.
    reader: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    return reader.loads(text)


def _has_table(file: Path) -> bool:
    """Whether a pyproject.toml speaks of us; one that cannot be read does if it names us, so that the mistake is reported."""
    try:
        if file.stat().st_size > MAX_CONFIG_BYTES or b"keras-lsp" not in file.read_bytes():
            return False
    except OSError:
        return False
    content, problem = read_toml(file)
    if content is None:
        return problem is not None
    tool = content.get("tool")
    return isinstance(tool, dict) and "keras-lsp" in tool


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _same(first: Path, second: Path) -> bool:
    try:
        return first.resolve() == second.resolve()
    except (OSError, RuntimeError, ValueError):
        return first == second
