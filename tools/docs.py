"""Writes the reference documentation from what the program itself says: rules, settings, commands, and README's table of rules.

python tools/docs.py            # write
python tools/docs.py --check    # exit 1 if a file is not as it would be written
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from keras_lsp.cli.completion import commands  # noqa: E402
from keras_lsp.cli.explain import page  # noqa: E402
from keras_lsp.cli.main import make_parser  # noqa: E402
from keras_lsp.project.settings import options  # noqa: E402
from keras_lsp.rules.registry import RULES  # noqa: E402

_FAMILIES = {
    "0": "The tool itself",
    "1": "First-layer keywords",
    "2": "Layer shapes",
    "3": "Models and graphs",
    "4": "Data, loss and labels",
    "5": "Keras 2 to 3",
    "6": "Arguments and opinions",
    "9": "Preview",
}
_FIXES = {"always": "fix", "sometimes": "fix, mostly", "none": ""}


def rules_table(link: str) -> str:
    """A table of all rules for each family; `link` is where their pages are."""
    lines: list[str] = []
    for digit, family in _FAMILIES.items():
        rules = [rule for rule in RULES if rule.code[3] == digit]
        if not rules:
            continue
        lines += ["", f"**{family}**", "", "| Code | Name | Reports that | |", "|--|--|--|--|"]
        for rule in rules:
            notes = ", ".join(part for part in (_FIXES[rule.fix], "" if rule.default else "off by default") if part)
            summary = rule.summary.replace("|", "\\|")
            lines.append(f"| [{rule.code}]({link}{rule.name}.md) | `{rule.name}` | {summary} | {notes} |")
    return "\n".join(lines[1:]) + "\n"


def settings_page() -> str:
    """Every setting, with its keys, default and meaning."""
    lines = [
        "# Settings",
        "",
        "In `.keras-lsp.toml`, `keras-lsp.toml` or the table `[tool.keras-lsp]` of `pyproject.toml`. For each file the closest",
        'configuration upwards holds, alone: nothing is merged, unless it names another with `extend = "path"`. In one folder',
        "the first of the three counts, and a `pyproject.toml` without the table does not. Paths are relative to the file they",
        "stand in. The command line and, unless told otherwise, the editor count before files. `keras-lsp config --show PATH`",
        "prints what holds, and where it comes from. An unknown key or a wrong value is reported, and the default stays.",
        "",
        "```toml",
        "[tool.keras-lsp]",
        'keras-version = "3.15"',
        'extend-select = ["KER601"]',
        'ignore = ["KER105"]',
        "",
        "[tool.keras-lsp.per-file-ignores]",
        '"tests/**" = ["KER2"]',
        "",
        "[tool.keras-lsp.severity]",
        'KER404 = "error"',
        "```",
        "",
    ]
    for option in options():
        schema = option.schema
        kind = " or ".join(f"`{value}`" for value in schema["enum"]) if "enum" in schema else _kind(schema)
        default = json.dumps(option.default)
        lines += [f"## `{option.toml}`", "", option.doc, ""]
        lines += [f"- Type: {kind}", f"- Default: `{default}`", f"- In editors: `{option.editor}`"]
        if option.flag is not None:
            lines.append(f"- On the command line: `{option.flag}`")
        if not option.safe:
            lines.append("- Taken from files of a workspace only if that is trusted")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _kind(schema: dict[str, object]) -> str:
    kind = schema["type"]
    names = {"boolean": "true or false", "integer": "whole number", "number": "number", "string": "string"}
    if kind == "array":
        return "list of strings"
    if kind == "object":
        return "table"
    return f"{names[kind[0]]}, or not set" if isinstance(kind, list) else names[str(kind)]


def commands_page() -> str:
    """Every command with its arguments; from the parser's data, since how Python prints help differs between its versions."""
    from keras_lsp.server.entry import parser as server_parser

    lines = ["# Command line", "", "`keras-lsp COMMAND --help` says the same.", ""]
    for name, text, command in commands(make_parser()):
        lines += [f"## `keras-lsp {name}`", "", text[:1].upper() + text[1:] + ".", ""]
        lines += _arguments(server_parser() if name == "server" else command)
        lines.append("")
    lines += [
        "## Exit codes",
        "",
        "| Code | Meaning |",
        "|--|--|",
        "| 0 | no findings, or `--exit-zero` |",
        "| 1 | findings; with `--diff` a change that would be made; with `--verify` a disagreement |",
        "| 2 | wrong usage, or a file that could not be read |",
        "| 101 | a mistake of keras-lsp itself, with an id to report |",
        "",
    ]
    return "\n".join(lines)


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction):
            continue
        choices = "|".join(str(choice) for choice in action.choices or ())
        takes = action.metavar or (choices if action.choices else action.dest.upper())
        if action.option_strings:
            value = "" if action.nargs == 0 else f" [{takes}]" if action.nargs == "?" else f" {takes}"
            names = ", ".join(f"{flag}{value if flag.startswith('--') else ''}" for flag in action.option_strings)
        else:
            names = f"[{takes}]" if action.nargs in ("?", "*") else str(takes)
        yield f"- `{names}`: {action.help}" if action.help else f"- `{names}`"


def readme(text: str) -> str:
    """README with its table of rules made anew."""
    begin, end = "<!-- rules -->\n", "<!-- end of rules -->"
    before, found, rest = text.partition(begin)
    if not found or end not in rest:
        raise SystemExit("README.md has lost the marks around its table of rules")
    return before + begin + "\n" + rules_table("docs/rules/") + "\n" + end + rest.partition(end)[2]


def pages() -> Iterator[tuple[Path, str]]:
    """Every generated file and its text."""
    for rule in RULES:
        yield ROOT / "docs" / "rules" / f"{rule.name}.md", page(rule)
    yield ROOT / "docs" / "rules" / "index.md", "# Rules\n\n" + rules_table("")
    yield ROOT / "docs" / "settings.md", settings_page()
    yield ROOT / "docs" / "cli.md", commands_page()
    yield ROOT / "README.md", readme((ROOT / "README.md").read_text(encoding="utf-8"))


def stale() -> list[str]:
    """Files that are not as they would be written, and pages of rules that are gone."""
    found = [
        path.relative_to(ROOT).as_posix()
        for path, text in pages()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    names = {path.name for path, _ in pages()}
    return found + [
        f"docs/rules/{path.name}" for path in (ROOT / "docs" / "rules").glob("*.md") if path.name not in names
    ]


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description="Write the generated documentation.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file is not up to date")
    if parser.parse_args().check:
        names = stale()
        for name in names:
            print(f"{name} is not up to date: run tools/docs.py")
        return 1 if names else 0
    for path, text in pages():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    for path in (ROOT / "docs" / "rules").glob("*.md"):
        if path not in {page_path for page_path, _ in pages()}:
            path.unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
