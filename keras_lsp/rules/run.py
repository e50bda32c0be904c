"""Runs the rules that the settings select, and takes out what comments suppress."""

from __future__ import annotations

from dataclasses import replace

from keras_lsp.project.settings import Settings
from keras_lsp.project.suppression import apply_suppressions
from keras_lsp.rules.base import Context, Finding, Fix, Severity
from keras_lsp.rules.ker001_unused_suppression import RULE as UNUSED
from keras_lsp.rules.registry import RULES, find_rule
from keras_lsp.text.edits import compatible


def run_rules(context: Context, settings: Settings, path: str = "") -> tuple[Finding, ...]:
    """All findings that are left, in the order of the text; the same finding of several evaluations counts once."""
    found: dict[tuple[object, ...], Finding] = {}
    for rule in RULES:
        if not settings.selects(rule.code, path, default=rule.default):
            continue
        for finding in rule.check(context):
            severity = settings.severity_of(rule.code, finding.severity.value)
            if severity == "off":
                continue
            finding = replace(
                finding, severity=Severity(severity), fixes=tuple(fix for fix in finding.fixes if compatible(fix.edits))
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


def _is_active(name: str, settings: Settings, path: str) -> bool:
    rule = find_rule(name)
    return rule is None or settings.selects(rule.code, path, default=rule.default)


def _about_comment(start: int, end: int, message: str, severity: str, fixes: tuple[Fix, ...]) -> Finding:
    from keras_lsp.inference.facts import Span

    text = message[:1].upper() + message[1:] + "."
    return UNUSED.finding(Span(start, end), text, severity=Severity(severity), fixes=fixes)
