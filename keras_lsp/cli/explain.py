"""`keras-lsp explain`: what a rule reports and why, and which rule is about an error text of Keras or TensorFlow."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from typing import TYPE_CHECKING, Any

from keras_lsp.cli.options import UsageError, keras_version
from keras_lsp.cli.terminal import complain, escape, wrap
from keras_lsp.rules.base import Rule
from keras_lsp.rules.registry import RULES, find_rule

if TYPE_CHECKING:
    from keras_lsp.cli.report import Diagnostic


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "rule",
        nargs="?",
        metavar="RULE",
        help="a code or a name, as KER201 or rank-mismatch (default: all); with --error the program that failed, if it is at hand",
    )
    parser.add_argument(
        "--error",
        action="store_true",
        help="read an error text or traceback from standard input, say what it means and, given the program, which line it is about",
    )
    parser.add_argument(
        "--keras-version", metavar="VERSION", help="the Keras that the program is for: 3.15, 2.15, tf2.3"
    )
    parser.add_argument("--python", metavar="PATH", help="environment or interpreter of the program's project")
    parser.add_argument(
        "--output-format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )


def run(options: argparse.Namespace) -> int:
    """Print; 1 if an error text is not known."""
    as_json = options.output_format == "json"
    if options.error:
        return _explain_error(sys.stdin.buffer.read().decode("utf-8", "replace"), options, as_json)
    if options.rule is None:
        if as_json:
            _dump([describe(rule) for rule in RULES])
        else:
            sys.stdout.writelines(f"{rule.code}  {rule.name}\n{wrap(rule.summary, '        ')}\n" for rule in RULES)
        return 0
    asked = str(options.rule)
    rule = find_rule(asked)
    if rule is None:
        names: list[str] = [name for each in RULES for name in (each.code, each.name)]
        near = difflib.get_close_matches(asked, names, 1) or difflib.get_close_matches(asked.upper(), names, 1)
        hint = f"; did you mean {near[0]}?" if near else "; `keras-lsp explain` lists all"
        raise UsageError(f"there is no rule {asked!r}{hint}")
    if as_json:
        _dump(describe(rule))
    else:
        sys.stdout.write(page(rule))
    return 0


def page(rule: Rule) -> str:
    """A rule's documentation as a Markdown page."""
    title, _, body = rule.documentation.strip().partition("\n")
    summary = title.partition(": ")[2]
    default = "" if rule.default else " Off unless selected."
    fix = {"always": "A fix is always offered.", "sometimes": "A fix is sometimes offered.", "none": "There is no fix."}
    return (
        f"# {rule.name} ({rule.code})\n\n{summary[:1].upper()}{summary[1:]}\n\n"
        f"Severity: {rule.severity.value}. {fix[rule.fix]}{default} Since {rule.since}.\n\n{body.strip()}\n"
    )


def describe(rule: Rule) -> dict[str, Any]:
    """A rule as JSON values."""
    return {
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "severity": rule.severity.value,
        "fix": rule.fix,
        "default": rule.default,
        "since": rule.since,
        "documentation": rule.documentation,
        "url": rule.url,
    }


def _explain_error(text: str, options: argparse.Namespace, as_json: bool) -> int:
    from keras_lsp.features.run_time_errors import explain_error, traceback_lines

    found = explain_error(text)
    path = str(options.rule) if options.rule is not None else None
    causes = _causes(text, path, options) if path is not None else []
    passed = traceback_lines(text, path) if path is not None else []
    rules = [rule for code in found.rules if (rule := find_rule(code)) is not None] if found is not None else []
    if as_json:
        from keras_lsp.cli.formats.json import describe as finding_as_json

        told = {
            "meaning": found.meaning if found is not None else None,
            "quote": found.quote if found is not None else None,
            "rules": [{"code": rule.code, "name": rule.name, "url": rule.url} for rule in rules],
            "findings": [finding_as_json(cause) for cause in causes],
            "lines": passed,
        }
        _dump(told if found is not None or causes else None)
        return 0 if found is not None or causes else 1
    if found is None and not causes:
        complain("this text is not known; give the last lines of the traceback, with the name of the exception")
        return 1
    if found is not None:
        sys.stdout.write(f"{wrap(found.meaning)}\n\nfrom: {escape(found.quote)}\n")
    for cause in causes:
        sys.stdout.write(f"\n{cause.place}: {cause.severity}[{cause.code}] {cause.name}\n{wrap(cause.message, '  ')}\n")
    if causes:
        sys.stdout.write(f"\n`keras-lsp explain {causes[0].code}` tells more.\n")
        return 0
    where = f" The traceback passes through line {passed[0]}." if passed else ""
    if not rules:
        sys.stdout.write(f"\n{wrap(f'No rule finds this without running the program.{where}')}\n")
        return 0
    for rule in rules:
        sys.stdout.write(f"\n{rule.code} {rule.name}\n{wrap(rule.summary, '    ')}\n")
    if path is not None:
        sys.stdout.write(f"\n{wrap(f'In {path} none of these is certain.{where}')}\n")
    sys.stdout.write("\n`keras-lsp check` tells which it is in your program; `keras-lsp explain RULE` tells more.\n")
    return 0


def _causes(text: str, path: str, options: argparse.Namespace) -> list[Diagnostic]:
    """The findings of a program that an error text is about, the likeliest first."""
    from keras_lsp.analysis import analyse_document
    from keras_lsp.cli.inputs import InputProblem, read_input
    from keras_lsp.cli.report import describe as describe_finding
    from keras_lsp.cli.worlds import Worlds
    from keras_lsp.features.run_time_errors import explain_error, likely_causes, traceback_lines
    from keras_lsp.project.settings import Settings

    source = read_input(path)
    if isinstance(source, InputProblem):
        raise UsageError(f"{path}: {source.message}")
    worlds = Worlds(keras_version(options.keras_version), options.python)
    analysis = analyse_document(source.document, worlds.world(path), Settings(), source.sections)
    lines = analysis.document.lines
    causes = likely_causes(
        text,
        explain_error(text),
        analysis.findings,
        lambda offset: lines.line(offset) + 1,
        traceback_lines(text, path, source.document.text),
    )
    return [describe_finding(source, finding) for finding in causes]


def _dump(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
