"""Options that commands share: every setting with a flag, from the table of settings, and where configuration comes from."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_origin

from keras_lsp.catalogue.version import KerasVersion, parse_version
from keras_lsp.cli.formats import FORMATS
from keras_lsp.project.settings import Option, Settings, SettingsMessage, apply, options

NOT_FOR_CHECK = frozenset({"jedi.enable", "oracle.enable", "oracle.timeout", "oracle.memory-limit", "oracle.python"})
"""Settings of processes that `check` does not start by itself; `--verify` starts Keras because it is asked to."""

_METAVARS = {
    "select": "RULES",
    "extend-select": "RULES",
    "ignore": "RULES",
    "per-file-ignores": "PATTERN:RULES",
    "exclude": "PATTERNS",
    "extend-exclude": "PATTERNS",
    "keras-version": "VERSION",
    "python": "PATH",
    "baseline": "FILE",
    "output-format": "FORMAT",
}


class UsageError(Exception):
    """The command line cannot be followed; the text says why."""


def keras_version(text: str | None) -> KerasVersion | None:
    """The version that `--keras-version` names; raises `UsageError`."""
    try:
        return parse_version(text) if text else None
    except ValueError as error:
        raise UsageError(f"--keras-version: {error}") from None


def setting_options() -> list[Option]:
    """The settings that have a flag."""
    return [option for option in options() if option.flag is not None and option.toml not in NOT_FOR_CHECK]


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Declare a flag for every setting; what is not given stays as the configuration has it."""
    group = parser.add_argument_group("settings, which count before those of configuration files")
    for option in setting_options():
        assert option.flag is not None
        name = _name(option)
        metavar = _METAVARS.get(option.toml)
        if option.type is bool:
            group.add_argument(
                option.flag, dest=name, action=argparse.BooleanOptionalAction, default=None, help=option.doc
            )
        elif option.toml == "output-format":
            group.add_argument(
                option.flag, dest=name, choices=(*FORMATS, "text"), metavar="FORMAT", help=_format_help(option)
            )
        elif get_origin(option.type) in (tuple, dict):
            group.add_argument(option.flag, dest=name, action="append", metavar=metavar, help=option.doc)
        else:
            group.add_argument(option.flag, dest=name, metavar=metavar, help=option.doc)
    group.add_argument(
        "--severity", dest="set_severity", action="append", metavar="RULES=LEVEL",
        help="Severity by code or prefix: error, warning, info, hint or off; as in KER9=hint.",
    )  # fmt: skip
    add_configuration(group)


def add_configuration(group: Any) -> None:
    """Declare where configuration comes from."""
    group.add_argument(
        "--config", dest="configs", action="append", default=[], metavar="FILE|KEY=VALUE",
        help="Use this configuration file, or set one setting in the words of TOML.",
    )  # fmt: skip
    group.add_argument("--isolated", action="store_true", help="Use no configuration file.")


def _format_help(option: Option) -> str:
    return f"{option.doc} One of {', '.join(FORMATS)}; also by $KERAS_LSP_OUTPUT_FORMAT."


def _name(option: Option) -> str:
    return "set_" + "_".join(option.path)


def overrides(given: argparse.Namespace) -> tuple[dict[str, Any], str | None]:
    """The settings of the command line in the keys of TOML, and the configuration file; raises `UsageError`."""
    table: dict[str, Any] = {}
    config: str | None = None
    for text in given.configs:
        key, equals, value = text.partition("=")
        if not equals or Path(text).is_file():
            if config is not None:
                raise UsageError("--config names more than one file")
            if not Path(text).is_file():
                raise UsageError(f"--config: no such file: {text}")
            config = text
        else:
            table[key.strip()] = _toml_value(key, value)
    for option in setting_options():
        value: Any = getattr(given, _name(option), None)
        if value is None:
            continue
        if get_origin(option.type) is dict:
            value = _pairs(value, option.flag or "")
        elif get_origin(option.type) is tuple:
            value = [part.strip() for text in value for part in text.split(",") if part.strip()]
        table[option.toml] = value
    if getattr(given, "set_severity", None):
        table["severity"] = dict(_severity(text) for text in given.set_severity)
    if table.get("output-format") == "text":
        table["output-format"] = "full"
    messages: Sequence[SettingsMessage] = apply(Settings(), table).messages
    if messages:
        raise UsageError("; ".join(message.message for message in messages))
    return table, config


def _toml_value(key: str, value: str) -> Any:
    import importlib
    import sys

    reader: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        return reader.loads(f"value = {value}")["value"]
    except ValueError:
        raise UsageError(f"--config {key}={value}: the value is not TOML; strings stand in quotes") from None


def _pairs(texts: Sequence[str], flag: str) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for text in texts:
        for part in text.split(",") if text.count(":") > 1 else [text]:
            pattern, colon, codes = part.rpartition(":")
            if not colon or not pattern:
                raise UsageError(f"{flag} {text}: write PATTERN:RULE, as in tests/**:KER2")
            table.setdefault(pattern.strip(), []).extend(code.strip() for code in codes.split(",") if code.strip())
    return table


def _severity(text: str) -> tuple[str, str]:
    entry, equals, level = text.partition("=")
    if not equals or not level:
        raise UsageError(f"--severity {text}: write RULE=LEVEL, as in KER601=hint")
    return entry.strip(), level.strip()
