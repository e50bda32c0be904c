"""`keras-lsp explain`: what a rule reports and why, and which rule is about an error text of Keras or TensorFlow."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from typing import Any

from keras_lsp.cli.options import UsageError
from keras_lsp.cli.terminal import complain, escape, wrap
from keras_lsp.rules.base import Rule
from keras_lsp.rules.registry import RULES, find_rule


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "rule", nargs="?", metavar="RULE", help="a code or a name, as KER201 or rank-mismatch (default: all)"
    )
    parser.add_argument(
        "--error",
        action="store_true",
        help="read an error text or traceback from standard input, and say what it means",
    )
    parser.add_argument(
        "--output-format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )


def run(options: argparse.Namespace) -> int:
    """Print; 1 if an error text is not known."""
    as_json = options.output_format == "json"
    if options.error:
        return _explain_error(sys.stdin.buffer.read().decode("utf-8", "replace"), as_json)
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


def _explain_error(text: str, as_json: bool) -> int:
    from keras_lsp.features.run_time_errors import explain_error

    found = explain_error(text)
    if found is None:
        if as_json:
            _dump(None)
        else:
            complain("this text is not known; give the last lines of the traceback, with the name of the exception")
        return 1
    rules = [rule for code in found.rules if (rule := find_rule(code)) is not None]
    if as_json:
        _dump(
            {
                "meaning": found.meaning,
                "quote": found.quote,
                "rules": [{"code": rule.code, "name": rule.name, "url": rule.url} for rule in rules],
            }
        )
        return 0
    sys.stdout.write(f"{wrap(found.meaning)}\n\nfrom: {escape(found.quote)}\n")
    for rule in rules:
        sys.stdout.write(f"\n{rule.code} {rule.name}\n{wrap(rule.summary, '    ')}\n")
    sys.stdout.write("\n`keras-lsp check` tells which it is in your program; `keras-lsp explain RULE` tells more.\n")
    return 0


def _dump(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
