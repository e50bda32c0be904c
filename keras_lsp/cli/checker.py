"""Checks one file: settings, world, analysis, baseline, fixes. What it makes can be sent to another process, and so can it."""

from __future__ import annotations

import hashlib
import os
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_lsp.cli.inputs import Input, InputProblem, read_input
from keras_lsp.cli.report import Coverage, FileReport, describe, span_of
from keras_lsp.cli.results import digest, fingerprint, make_key, text_digest
from keras_lsp.cli.worlds import Worlds
from keras_lsp.project.files import mentions_keras
from keras_lsp.project.settings import (
    LoadedSettings,
    Settings,
    SettingsMessage,
    apply,
    find_config,
    load_config,
)
from keras_lsp.project.sources import NotedTexts

if TYPE_CHECKING:
    # What analyses is imported for the first file that is analysed: a run that knows all its files needs none of it.
    from keras_lsp.cli.fixes import Look, Rewrite
    from keras_lsp.inference.facts import Facts
    from keras_lsp.project.baseline import Baseline
    from keras_lsp.rules.base import Finding
    from keras_lsp.syntax.parsed import ParsedModule

STDIN = "-"
"""The path that means standard input."""


@dataclass(frozen=True)
class Job:
    """What to do with every file of a run.

    Attributes:
        overrides: settings of the command line, in the keys of TOML.
        config: the configuration to use instead of the closest one.
        isolated: use no configuration file at all.
        fix, unsafe_fixes, diff: whether to write fixes, take unsafe ones too, or only show them.
        add_ignore: the reason to write with suppressions, `None` to write none.
        update_baseline: whether all findings become known.
        coverage: whether to count known shapes.
        verify: whether to ask Keras itself.
        cache: whether answers of Keras, and reports about files, are kept and used again.
        stdin_name: the path that standard input stands for.
        explicit: paths named on the command line, which are checked whether or not they mention Keras.
    """

    overrides: Mapping[str, Any] = field(default_factory=dict[str, Any])
    config: str | None = None
    isolated: bool = False
    fix: bool = False
    unsafe_fixes: bool = False
    diff: bool = False
    add_ignore: str | None = None
    update_baseline: bool = False
    coverage: bool = False
    verify: bool = False
    cache: bool = True
    stdin_name: str | None = None
    explicit: frozenset[str] = frozenset()

    @property
    def keeps_reports(self) -> bool:
        """Whether reports say nothing but what is found in files, so that those of an earlier run may stand for them."""
        writes = self.fix or self.diff or self.add_ignore is not None or self.update_baseline
        return self.cache and not (writes or self.coverage or self.verify)


class Checker:
    """Checks files; configurations, environments and texts of other modules are read once."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._settings: dict[Path, LoadedSettings] = {}
        self._by_config: dict[Path | None, LoadedSettings] = {}
        self._worlds: dict[tuple[Path, str | None, str | None], Worlds] = {}
        self._baselines: dict[str, Baseline | str] = {}
        self._from_stdin = False

    @cached_property
    def cwd(self) -> Path:
        """The working folder."""
        return Path.cwd()

    def settings(self, path: str) -> LoadedSettings:
        """The settings that hold for a file: its closest configuration, then the command line."""
        folder = Path(path).absolute().parent if path != STDIN else self.cwd
        if folder not in self._settings:
            config: Path | None = None
            if self.job.config is not None:
                config = Path(self.job.config)
            elif not self.job.isolated:
                config = find_config(folder)
            if config not in self._by_config:
                self._by_config[config] = self._load(config)
            self._settings[folder] = self._by_config[config]
        return self._settings[folder]

    def _load(self, config: Path | None) -> LoadedSettings:
        loaded = load_config(config) if config is not None else LoadedSettings(Settings())
        given = apply(loaded.settings, self.job.overrides)
        return replace(loaded, settings=given.settings, messages=(*loaded.messages, *unknown_codes(loaded)))

    def worlds(self, loaded: LoadedSettings) -> Worlds:
        """The worlds of files with these settings."""
        root = (loaded.root or self.cwd).absolute()
        key = (root, loaded.settings.keras_version, loaded.settings.python)
        if key not in self._worlds:
            self._worlds[key] = Worlds.of(loaded.settings, root, named_by_person=self._python_by_person)
        return self._worlds[key]

    @property
    def _python_by_person(self) -> bool:
        return "python" in self.job.overrides or self.job.config is not None

    def close(self) -> None:
        """End the processes that were started."""
        for worlds in self._worlds.values():
            worlds.close()

    def shown_name(self, path: str) -> str:
        """The path as reports say it."""
        return (self.job.stdin_name or "<stdin>") if path == STDIN else path

    def key(self, path: str, data: str) -> str | None:
        """What a report about a file with this digest holds for, but for the modules it imports; `None` if it is not kept."""
        loaded = self.settings(path)
        if not self._keeps(loaded.settings):
            return None
        settings = loaded.settings.for_file(self._relative(path, loaded.root or self.cwd))
        return make_key((fingerprint(), data, settings, *self.worlds(loaded).signature(path)))

    def _keeps(self, settings: Settings) -> bool:
        """Whether a report holds for more than this run: what a baseline knows changes without the file."""
        return self.job.keeps_reports and settings.baseline is None

    def skips(self, path: str, data: bytes) -> bool:
        """Whether a file that was found in a folder has nothing to do with Keras."""
        return path not in self.job.explicit and not mentions_keras(data)

    def notes(self, path: str) -> tuple[str, ...]:
        """What the settings of a file say that cannot be taken."""
        return tuple(str(message) for message in self.settings(path).messages)

    def check(self, path: str, data: bytes | None = None) -> FileReport:
        """Check a file, or `data` in its place; whatever happens becomes part of the report."""
        shown = self.shown_name(path)
        self._from_stdin = path == STDIN
        try:
            return self._check(shown, data)
        except Exception as error:
            if os.environ.get("KERAS_LSP_STRICT"):
                raise
            return FileReport(shown, internal=[internal_error(error)], failed=True)

    def _check(self, path: str, data: bytes | None) -> FileReport:
        from keras_lsp.analysis import analyse_document
        from keras_lsp.cli.fixes import Look, add_ignores, apply_fixes

        loaded = self.settings(path)
        notes = self.notes(path)
        source = read_input(path, data)
        if isinstance(source, InputProblem):
            return FileReport(path, problem=source.message, notes=notes)
        if data is None and self.skips(path, source.data):
            return FileReport(path, notes=notes)
        settings = loaded.settings.for_file(self._relative(path, loaded.root or self.cwd))
        worlds = self.worlds(loaded)

        report = FileReport(path, notes=notes)
        texts = NotedTexts(worlds.texts)
        analysis = analyse_document(source.document, worlds.world(path, texts), settings, source.sections)
        if self._keeps(settings):
            report.data = digest(source.data)
            report.sources = {asked: text_digest(text) for asked, text in texts.asked.items()}
        report.internal = [_with_id(text) for text in analysis.facts.internal_errors]
        report.doubt = _doubt(source, analysis.parsed)
        if self.job.coverage:
            report.coverage = coverage(analysis.facts)
        if self.job.verify:
            from keras_lsp.cli.verify import verify

            verify(source, analysis, worlds.oracle(cache=self.job.cache), report)

        def look(text: Input) -> Look:
            seen = analysis
            if text is not source:
                seen = analyse_document(text.document, worlds.world(path), settings, text.sections)
            findings = self._new(settings.baseline, text, seen.findings, report)
            return Look(not seen.parsed.problems, findings)

        findings, shown = look(source).findings, source
        if self.job.update_baseline and settings.baseline is not None:
            relative = self._relative(path, Path(settings.baseline).absolute().parent)
            from keras_lsp.project.baseline import make_baseline

            report.keys = dict(make_baseline([(relative, source.document.text, analysis.findings)]).known)
            report.known = len(analysis.findings)
        elif self.job.add_ignore is not None:
            shown, findings = self._take(add_ignores(source, findings, self.job.add_ignore), source, findings, report)
        elif self.job.fix or self.job.diff:
            rewrite = apply_fixes(source, look, unsafe=self.job.unsafe_fixes)
            shown, findings = self._take(rewrite, source, findings, report)
        report.diagnostics = [describe(shown, finding) for finding in findings]
        return report

    def _relative(self, path: str, root: Path) -> str:
        try:
            return Path(path).absolute().relative_to(root.absolute()).as_posix()
        except ValueError:
            return Path(path).as_posix()

    def _new(
        self, name: str | None, source: Input, findings: Sequence[Finding], report: FileReport
    ) -> Sequence[Finding]:
        """The findings that the baseline does not know; all of them where there is none."""
        if name is None:
            return findings
        if self.job.update_baseline:
            return []
        if name not in self._baselines:
            from keras_lsp.project.baseline import read_baseline

            self._baselines[name] = read_baseline(Path(name))
        baseline = self._baselines[name]
        if isinstance(baseline, str):
            report.notes = tuple(dict.fromkeys((*report.notes, baseline)))
            return findings
        relative = self._relative(source.path, Path(name).absolute().parent)
        new, known = baseline.apply(relative, source.document.text, findings)
        report.known = len(known)
        return new

    def _take(
        self, rewrite: Rewrite, source: Input, findings: Sequence[Finding], report: FileReport
    ) -> tuple[Input, Sequence[Finding]]:
        """Write or show what was rewritten; returns the text and the findings to report."""
        report.fixed = rewrite.fixed
        if self.job.diff:
            report.diff = rewrite.diff(source)
            return source, findings
        if self._from_stdin:
            report.content = rewrite.after.data
        elif rewrite.after is not source:
            from keras_lsp.cli.fixes import write

            problem = self._kept_out(source.path) or write(Path(source.path), source.data, rewrite.after.data)
            if problem is not None:
                report.problem, report.fixed = problem, {}
                return source, findings
        return rewrite.after, rewrite.findings

    def _kept_out(self, path: str) -> str | None:
        """Why a file that was found in a folder is not written: it is a link that leads out of all folders that were named."""
        if path in self.job.explicit or not Path(path).is_symlink():
            return None
        target = Path(path).resolve()
        if any(target.is_relative_to(Path(named).resolve()) for named in self.job.explicit):
            return None
        return "is a link that leads elsewhere; not changed, unless it is named itself"


def _doubt(source: Input, parsed: ParsedModule) -> str | None:
    """What is said of a file that Python could not parse."""
    problem = parsed.error
    if problem is None:
        return None
    location, _, cell = span_of(source, problem.start, problem.start)
    where = f"line {location.row}" if cell is None else f"cell {cell}, line {location.row}"
    return f"is not valid Python ({where}: {problem.message}); what could be understood was checked"


def coverage(facts: Facts) -> Coverage:
    """How many of the program's tensors have a known shape."""
    result = Coverage()
    for fact in facts.expressions.values():
        result.total += 1
        if fact.output is not None:
            result.known += 1
        else:
            reason = fact.reason or "no reason is known"
            result.reasons[reason] = result.reasons.get(reason, 0) + 1
    return result


def unknown_codes(loaded: LoadedSettings) -> list[SettingsMessage]:
    """A message for every code in a configuration that no rule has."""
    settings = loaded.settings
    lists: list[tuple[str, Iterable[str]]] = [
        ("select", settings.select),
        ("extend-select", settings.extend_select),
        ("ignore", settings.ignore),
        ("severity", settings.severity),
        *((f'per-file-ignores."{pattern}"', codes) for pattern, codes in settings.per_file_ignores.items()),
    ]
    return [
        SettingsMessage(loaded.source, f"{key}: no rule has the code or prefix {code!r}")
        for key, codes in lists
        for code in codes
        if not is_code(code)
    ]


def is_code(entry: str) -> bool:
    """Whether an entry of `select` or `ignore` names a rule or a family of rules."""
    if entry.upper() in ("ALL", "KER"):
        return True
    from keras_lsp.rules.registry import RULES

    return bool(entry) and any(rule.code.startswith(entry.upper()) for rule in RULES)


def internal_error(error: BaseException) -> str:
    """A line to report: an id that is the same for the same mistake, what it is, and where in keras-lsp."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "keras_lsp" in Path(frame.filename).parts] or list(frames)
    where = f" in {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return _with_id(f"{type(error).__name__}{where}: {error}")


def _with_id(text: str) -> str:
    return f"{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]} {text[:300]}"
