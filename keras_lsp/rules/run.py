"""Runs the rules that the settings select, and takes out what comments suppress."""

from __future__ import annotations

import keyword
import re
from dataclasses import replace

from keras_lsp.inference.facts import Span
from keras_lsp.project.settings import Settings
from keras_lsp.project.suppression import apply_suppressions
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.ker001_unused_suppression import RULE as UNUSED
from keras_lsp.rules.registry import RULES, find_rule
from keras_lsp.rules.rewriting import statement_at
from keras_lsp.text.display import harmless
from keras_lsp.text.edits import compatible


def run_rules(context: Context, settings: Settings, path: str = "") -> tuple[Finding, ...]:
    """All findings that are left, in the order of the text; the same finding of several evaluations counts once."""
    found: dict[tuple[object, ...], Finding] = {}
    stale = _stale_names(context)
    for rule in _selected(settings, path):
        for finding in rule.check(context):
            if any(finding.span.start > end and mentions(context, finding, name) for end, name in stale):
                continue
            severity = settings.severity_of(rule.code, finding.severity.value)
            if severity == "off":
                continue
            finding = replace(
                finding,
                severity=Severity(severity),
                message=harmless(finding.message),
                related=tuple((span, harmless(words)) for span, words in finding.related),
                fixes=tuple(fix for fix in finding.fixes if compatible(fix.edits)),
            )
            found.setdefault((finding.code, finding.span), finding)
    outcome = apply_suppressions(context.text, found.values(), lambda name: _is_active(name, settings, path))
    kept = list(outcome.kept)
    severity = settings.severity_of(UNUSED.code, UNUSED.severity.value)
    if settings.selects(UNUSED.code, path) and severity != "off":
        for unused in outcome.unused:
            fix = Fix("Remove the suppression", unused.edits)
            kept.append(_about_comment(unused.start, unused.end, unused.message, severity, (fix,)))
        kept += [_about_comment(p.start, p.end, p.message, severity, ()) for p in outcome.problems]
    return tuple(sorted(kept, key=lambda finding: (finding.span, finding.code)))


_last: tuple[Settings, str, tuple[Rule, ...]] | None = None
"""The rules of the settings that were asked for last: between two edits they are the same."""


def _selected(settings: Settings, path: str) -> tuple[Rule, ...]:
    global _last
    last = _last
    if last is None or last[0] is not settings or last[1] != path:
        rules = tuple(rule for rule in RULES if settings.selects(rule.code, path, default=rule.default))
        _last = last = (settings, path, rules)
    return last[2]


def _stale_names(context: Context) -> list[tuple[int, str]]:
    """Names that a statement which cannot be read may have bound, and where it ends: their values are not known after it."""
    found: list[tuple[int, str]] = []
    for start, end in context.parsed.broken:
        match = re.match(r"[^\W\d]\w*", context.text[start:end])
        if match and not keyword.iskeyword(match[0]):
            found.append((end, match[0]))
    return found


def mentions(context: Context, finding: Finding, name: str) -> bool:
    """Whether the statement of a finding uses a name."""
    statement = statement_at(context, finding.span)
    span = context.span(statement) if statement is not None else finding.span
    return re.search(rf"\b{re.escape(name)}\b", context.source(span)) is not None


def _is_active(name: str, settings: Settings, path: str) -> bool:
    rule = find_rule(name)
    return rule is None or settings.selects(rule.code, path, default=rule.default)


def _about_comment(start: int, end: int, message: str, severity: str, fixes: tuple[Fix, ...]) -> Finding:
    text = message[:1].upper() + message[1:] + "."
    return UNUSED.finding(Span(start, end), text, severity=Severity(severity), fixes=fixes)
