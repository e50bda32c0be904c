"""Write the settings of keras-lsp into the extension's manifest: `python editors/vscode/scripts/settings.py [--check]`.

What can be set is one table, `keras_lsp.project.settings`; what concerns only the extension stands below.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from keras_lsp.project.settings import Option, options

MANIFEST = Path(__file__).resolve().parents[1] / "package.json"

NOT_FOR_EDITORS = frozenset(
    {"output-format", "force-exclude", "respect-gitignore", "exclude", "extend-exclude", "baseline"}
)
"""Settings of `keras-lsp check`: which files it finds, and how it prints."""

MACHINE = "machine-overridable"
"""The scope of what starts or reads an interpreter: a workspace may set it only when it is trusted."""

EXTENSION: dict[str, dict[str, Any]] = {
    "enable": {
        "type": "boolean",
        "default": True,
        "scope": "resource",
        "markdownDescription": "Report problems of Keras programs.",
    },
    "interpreter": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "scope": MACHINE,
        "markdownDescription": "The Python that runs the server, and whose environment says which Keras programs are for: its path, and"
        " arguments if any. By default the one selected in the Python extension, else the one on `PATH`.",
    },
    "path": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "scope": MACHINE,
        "markdownDescription": "Executables of `keras-lsp` to run in place of the one that comes with the extension; the first that exists.",
    },
    "importStrategy": {
        "type": "string",
        "enum": ["useBundled", "fromEnvironment"],
        "enumDescriptions": [
            "The keras-lsp that comes with the extension.",
            "The keras-lsp that is installed in the environment, else the one that comes with the extension.",
        ],
        "default": "useBundled",
        "scope": MACHINE,
        "markdownDescription": "Which keras-lsp the interpreter runs.",
    },
    "debounce": {
        "type": "number",
        "default": 150,
        "minimum": 0,
        "maximum": 10000,
        "scope": "window",
        "markdownDescription": "Milliseconds without typing before problems are reported.",
    },
    "logLevel": {
        "type": "string",
        "enum": ["debug", "info", "warning", "error"],
        "default": "warning",
        "scope": "window",
        "markdownDescription": "What the server writes into its log. It never holds source text.",
    },
    "showNotifications": {
        "type": "string",
        "enum": ["off", "onError", "onWarning", "always"],
        "enumDescriptions": ["Never.", "Errors only.", "Errors and warnings.", "All."],
        "default": "onError",
        "scope": "window",
        "markdownDescription": "Which messages of the extension are shown; all are in its log.",
    },
    "trace.server": {
        "type": "string",
        "enum": ["off", "messages", "verbose"],
        "default": "off",
        "scope": "window",
        "markdownDescription": "Log the messages between editor and server, in the output channel *keras-lsp Trace*.",
    },
}


def properties() -> dict[str, dict[str, Any]]:
    """The settings by key, those of the extension first."""
    found = {f"keras-lsp.{name}": value for name, value in EXTENSION.items()}
    found |= {
        f"keras-lsp.{option.editor}": _property(option) for option in options() if option.toml not in NOT_FOR_EDITORS
    }
    return found


def _property(option: Option) -> dict[str, Any]:
    default: Any = list(option.default) if isinstance(option.default, tuple) else option.default
    scope = "resource" if option.safe else MACHINE
    return {**option.schema, "default": default, "scope": scope, "markdownDescription": option.doc}


def restricted() -> list[str]:
    """Settings that a workspace may set only when it is trusted."""
    return [key for key, value in properties().items() if value["scope"] == MACHINE]


def updated(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with the settings as they are now."""
    trust = {**manifest["capabilities"]["untrustedWorkspaces"], "restrictedConfigurations": restricted()}
    return {
        **manifest,
        "capabilities": {**manifest["capabilities"], "untrustedWorkspaces": trust},
        "contributes": {
            **manifest["contributes"],
            "configuration": {"title": "keras-lsp", "properties": properties()},
        },
    }


def main(arguments: list[str]) -> int:
    """Write the manifest, or say whether it is fresh."""
    before = MANIFEST.read_text(encoding="utf-8")
    after = json.dumps(updated(json.loads(before)), indent=2, ensure_ascii=False) + "\n"
    if before == after:
        return 0
    if "--check" in arguments:
        sys.stderr.write("editors/vscode/package.json does not hold the settings as they are\n")
        return 1
    MANIFEST.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
