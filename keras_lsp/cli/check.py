"""`keras-lsp check`: report what is sure to go wrong in Keras programs, and fix what can be fixed."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import IO

from keras_lsp.cli import garbage
from keras_lsp.cli.checker import STDIN, Checker, Job, is_code
from keras_lsp.cli.formats import FOR_PEOPLE, FORMATS, renderer
from keras_lsp.cli.options import UsageError, add_settings, keras_version, overrides
from keras_lsp.cli.progress import Progress
from keras_lsp.cli.report import Diagnostic, FileReport, Report
from keras_lsp.cli.results import Results, digest, text_digest
from keras_lsp.cli.statistics import statistics
from keras_lsp.cli.terminal import Painter, complain, escape, wants_color
from keras_lsp.project.files import discover, read_bytes
from keras_lsp.project.settings import LoadedSettings
from keras_lsp.project.sources import DiskTexts

EXIT_CLEAN, EXIT_FINDINGS, EXIT_USAGE, EXIT_INTERNAL = 0, 1, 2, 101

FILES_PER_PROCESS = 25
"""Files that make another process worth its start: some 20 ms each, against 0.3 s where a process must import all anew."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files and folders; - is standard input (default: the working folder)"
    )
    fix = parser.add_argument_group("fixes")
    fix.add_argument("--fix", action="store_true", help="apply fixes that keep what the program means")
    fix.add_argument("--unsafe-fixes", action="store_true", help="with --fix or --diff: those too that may change it")
    fix.add_argument("--diff", action="store_true", help="show what --fix would change, and change nothing")
    fix.add_argument("--add-ignore", nargs="?", metavar="=REASON", help="add a comment that suppresses each finding")
    fix.add_argument("--update-baseline", action="store_true", help="write all findings to the file of --baseline")
    output = parser.add_argument_group("output")
    output.add_argument("-o", "--output-file", metavar="FILE", help="write findings there instead of standard output")
    output.add_argument("--statistics", action="store_true", help="count findings by rule, and shapes that are known")
    output.add_argument("--verify", action="store_true", help="ask the installed Keras whether it agrees, call by call")
    output.add_argument("--exit-zero", action="store_true", help="exit with 0 although there are findings")
    output.add_argument("-w", "--watch", action="store_true", help="check again whenever a file changes")
    output.add_argument("-q", "--quiet", action="store_true", help="print findings only, and no progress")
    output.add_argument("-v", "--verbose", action="store_true", help="say what is done, and why")
    output.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="when to use colours")
    other = parser.add_argument_group("other")
    other.add_argument("--stdin-filename", metavar="FILE", help="the path that standard input stands for")
    other.add_argument("--show-files", action="store_true", help="list the files that would be checked")
    other.add_argument(
        "-j", "--jobs", type=int, metavar="N", help="processes to use (default: one for each processor, if it pays)"
    )
    other.add_argument(
        "--no-cache", action="store_true", help="keep no reports about files and no answers of Keras, and use none kept"
    )
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Check, print, and return the exit code."""
    table, config = overrides(options)
    if "output-format" not in table and os.environ.get("KERAS_LSP_OUTPUT_FORMAT"):
        table["output-format"] = os.environ["KERAS_LSP_OUTPUT_FORMAT"]
        if table["output-format"] not in FORMATS:
            raise UsageError(f"$KERAS_LSP_OUTPUT_FORMAT is {table['output-format']!r}, not one of {', '.join(FORMATS)}")
    for key in ("select", "extend-select", "ignore"):
        for code in table.get(key, ()):
            if not is_code(code):
                raise UsageError(f"--{key}: no rule has the code or prefix {code!r}")
    keras_version(table.get("keras-version"))
    if options.add_ignore is not None and (options.fix or options.diff):
        raise UsageError("--add-ignore cannot be combined with --fix or --diff")
    paths: list[str] = options.paths or ["."]
    if STDIN in paths and len(paths) > 1:
        raise UsageError("- stands alone: standard input cannot be checked together with files")
    job = Job(
        overrides=table,
        config=config,
        isolated=options.isolated,
        fix=options.fix,
        unsafe_fixes=options.unsafe_fixes,
        diff=options.diff,
        add_ignore=options.add_ignore,
        update_baseline=options.update_baseline,
        coverage=options.statistics,
        verify=options.verify,
        cache=not options.no_cache,
        stdin_name=options.stdin_filename,
        explicit=frozenset(path for path in paths if path != STDIN),
    )
    runner = Runner(options, job, paths)
    if options.update_baseline and runner.base.settings.baseline is None:
        raise UsageError("--update-baseline needs the file: --baseline FILE, or `baseline` in a configuration")
    if options.update_baseline and config is None and "baseline" not in table and _leads_out(runner.base):
        raise UsageError(
            f"{runner.base.source} names a baseline outside of its folder; to write there, name it with --baseline"
        )
    if options.watch:
        from keras_lsp.cli.watch import watch

        if STDIN in paths:
            raise UsageError("standard input cannot be watched")
        return watch(runner)
    try:
        return runner.run()
    finally:
        runner.checker.close()


def _leads_out(loaded: LoadedSettings) -> bool:
    """Whether a configuration that was found, not named, wants its baseline outside of its own folder."""
    baseline, root = loaded.settings.baseline, loaded.root
    return baseline is not None and root is not None and not Path(baseline).resolve().is_relative_to(root.resolve())


class Runner:
    """One run after another over the same paths, with the same options."""

    def __init__(self, options: argparse.Namespace, job: Job, paths: Sequence[str]) -> None:
        self.options = options
        self.job = job
        self.paths = list(paths)
        self.checker = Checker(job)
        self.base: LoadedSettings = self.checker.settings(self._anchor())

    def _anchor(self) -> str:
        """A path whose configuration holds for the run as a whole."""
        first = self.job.stdin_name or STDIN if self.paths == [STDIN] else self.paths[0]
        return str(Path(first) / "_") if first != STDIN and Path(first).is_dir() else first

    @property
    def format(self) -> str:
        """The output format."""
        return self.base.settings.output_format

    def files(self) -> tuple[list[str], list[FileReport]]:
        """The files to check, and a report for each path that is none."""
        root = self.base.root or Path.cwd()
        found, problems = discover([Path(path) for path in self.paths], self.base.settings, root)
        return [str(path) for path in found], [FileReport(str(item.path), problem=item.message) for item in problems]

    def run(self) -> int:
        """Check all files, print, return the exit code."""
        if self.options.verbose:
            self._say_how()
        if self.paths == [STDIN]:
            report = Report([self.checker.check(STDIN, sys.stdin.buffer.read())])
        else:
            files, problems = self.files()
            if self.options.show_files:
                sys.stdout.write("".join(f"{escape(path)}\n" for path in files))
                return EXIT_USAGE if problems else EXIT_CLEAN
            report = Report([*problems, *self._check(files)])
        return self.finish(report)

    def _say_how(self) -> None:
        worlds = self.checker.worlds(self.base)
        source = self.base.source or ("none" if self.job.isolated else "none found")
        complain(f"configuration: {source}")
        given = self.base.settings.keras_version
        why = "as the settings say" if given else worlds.environment.source
        complain(f"{worlds.keras.label}: {why}")

    def _check(self, files: Sequence[str]) -> Iterator[FileReport]:
        """The report about each file, of an earlier run where that holds."""
        if not self.job.keeps_reports:
            yield from self._check_anew(files)
            return
        texts = DiskTexts()

        @cache
        def digest_of(path: str) -> str | None:
            return text_digest(texts.read(path))

        results = Results(self.checker.cwd, digest_of)
        known: dict[str, FileReport] = {}
        for path in files:
            data = read_bytes(Path(path))
            if not isinstance(data, bytes):
                continue
            report = FileReport(path) if self.checker.skips(path, data) else None
            if report is None:
                key = self.checker.key(path, digest(data))
                report = results.find(path, key) if key is not None else None
            if report is not None:
                report.notes = self.checker.notes(path)
                known[path] = report
        fresh = self._check_anew([path for path in files if path not in known])
        for path in files:
            report = known.get(path)
            if report is None:
                report = next(fresh)
                key = self.checker.key(path, report.data) if report.data is not None else None
                if key is not None:
                    results.keep(path, key, report)
            yield report
        results.write()

    def _check_anew(self, files: Sequence[str]) -> Iterator[FileReport]:
        jobs = self.options.jobs or os.cpu_count() or 1
        if self.options.jobs is None:
            jobs = min(jobs, len(files) // FILES_PER_PROCESS)
        # Keras is asked by one process, which holds one worker.
        quiet = self.options.quiet
        if jobs < 2 or len(files) < 2 or self.job.verify:
            with Progress("Checking", len(files), quiet) as progress, garbage.postponed():
                for number, path in enumerate(files, 1):
                    progress.show(number, path)
                    yield self.checker.check(path)
                    garbage.collect()
        else:
            from keras_lsp.cli.parallel import check_in_processes

            with Progress("Checked", len(files), quiet, background=False) as progress:
                for number, report in enumerate(check_in_processes(self.job, files, jobs), 1):
                    progress.show(number, report.path)
                    yield report

    def finish(self, report: Report) -> int:
        """Print a report; returns the exit code."""
        options = self.options
        if self.job.update_baseline:
            self._write_baseline(report)
        try:
            stream, is_file = self._stream()
        except OSError as error:
            raise UsageError(f"{options.output_file}: cannot be written: {error.strerror or error}") from None
        with stream if is_file else contextlib.nullcontext():
            self._print(report, stream, is_file)
        self._complain(report)
        return self._code(report)

    def _stream(self) -> tuple[IO[str], bool]:
        options = self.options
        if options.output_file:
            return Path(options.output_file).open("w", encoding="utf-8", errors="backslashreplace", newline="\n"), True
        shows_text = (self.paths == [STDIN] and (self.job.fix or self.job.add_ignore is not None)) or self.job.diff
        return (sys.stderr if shows_text else sys.stdout), False

    def _print(self, report: Report, stream: IO[str], is_file: bool) -> None:
        paint = Painter(
            wants_color("never" if is_file and self.options.color == "auto" else self.options.color, stream)
        )
        if self.job.diff:
            sys.stdout.write("".join(file.diff for file in report.files))
        for file in report.files:
            if file.content is not None:
                sys.stdout.flush()
                sys.stdout.buffer.write(file.content)
                sys.stdout.buffer.flush()
        if self.options.statistics:
            stream.writelines(statistics(report, as_json=self.format in ("json", "json-lines")))
        elif not self.job.diff:
            stream.writelines(renderer(self.format)(report, paint))
        if self.options.verify:
            _print_verification(report, stream if self.format in FOR_PEOPLE else sys.stderr, paint)
        if self.format in FOR_PEOPLE and not self.options.quiet and not self.options.statistics:
            (sys.stderr if self.job.diff else stream).writelines(self._summary(report, paint))

    def _summary(self, report: Report, paint: Painter) -> Iterator[str]:
        found = list(report.diagnostics)
        if self.job.diff:
            count = report.fixed
            yield f"Would fix {_count(count, 'finding')}.\n" if count else "Nothing to fix.\n"
            return
        if self.job.update_baseline:
            yield f"Wrote {_count(sum(file.known for file in report.files), 'finding')} to {self.base.settings.baseline}.\n"
            return
        if report.fixed:
            verb = "Suppressed" if self.job.add_ignore is not None else "Fixed"
            files = sum(bool(file.fixed) for file in report.files)
            yield f"{verb} {_count(report.fixed, 'finding')} in {_count(files, 'file')}.\n"
        known = sum(file.known for file in report.files)
        of_baseline = f" ({known} more in the baseline)" if known else ""
        if found:
            yield f"Found {_counts(found)}{of_baseline}.\n"
            safe = sum(item.fix is not None and item.fix.applicability == "safe" for item in found)
            unsafe = sum(item.fix is not None and item.fix.applicability == "unsafe" for item in found)
            if safe:
                yield (
                    paint("fix", f"[*] {safe} fixable with `--fix`")
                    + (f" ({unsafe} more with `--unsafe-fixes`)" if unsafe else "")
                    + ".\n"
                )
            elif unsafe:
                yield f"{unsafe} fixable with `--fix --unsafe-fixes`.\n"
        elif any(file.problem is not None or file.failed for file in report.files):
            yield f"No findings in what could be read{of_baseline}.\n"
        elif report.files:
            yield f"No findings{of_baseline}.\n"
        else:
            yield "No Python files or notebooks found.\n"

    def _complain(self, report: Report) -> None:
        told: set[str] = set()
        for file in report.files:
            for note in file.notes:
                if note not in told:
                    told.add(note)
                    complain(note)
            if file.problem is not None:
                complain(f"{file.path}: {file.problem}")
            if file.doubt is not None and not self.options.quiet:
                complain(f"{file.path}: {file.doubt}")
            for text in file.internal:
                complain(f"{file.path}: internal error {text}")
        if any(file.internal for file in report.files):
            complain(
                "this is a mistake of keras-lsp; please report it with its id, and the traceback of KERAS_LSP_STRICT=1"
            )

    def _write_baseline(self, report: Report) -> None:
        from keras_lsp.project.baseline import Baseline, write_baseline

        name = self.base.settings.baseline
        assert name is not None
        known = {key: count for file in report.files for key, count in file.keys.items()}
        problem = write_baseline(Path(name), Baseline(known))
        if problem is not None:
            raise UsageError(problem)

    def _code(self, report: Report) -> int:
        if any(file.internal for file in report.files):
            return EXIT_INTERNAL
        if any(file.problem is not None for file in report.files):
            return EXIT_USAGE
        if self.options.exit_zero:
            return EXIT_CLEAN
        if any(file.disagreements for file in report.files):
            return EXIT_FINDINGS
        if self.job.diff:
            return EXIT_FINDINGS if any(file.diff for file in report.files) else EXIT_CLEAN
        return EXIT_FINDINGS if any(True for _ in report.diagnostics) else EXIT_CLEAN


def _print_verification(report: Report, stream: IO[str], paint: Painter) -> None:
    for file in report.files:
        for text in file.disagreements:
            stream.write(f"{paint('error', 'Keras disagrees')}: {escape(text)}\n")
    asked = sum(file.verified for file in report.files)
    wrong = sum(len(file.disagreements) for file in report.files)
    stream.write(f"Keras was asked about {_count(asked, 'call')} and disagrees with {wrong}.\n")
    reasons: dict[str, int] = {}
    for file in report.files:
        for reason, count in file.undecided.items():
            reasons[reason] = reasons.get(reason, 0) + count
    for reason, count in sorted(reasons.items(), key=lambda item: -item[1]):
        stream.write(f"  {count} not compared: {escape(reason)}\n")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _counts(found: Sequence[Diagnostic]) -> str:
    """`2 errors and 1 warning`."""
    nouns = {"error": "error", "warning": "warning", "info": "note", "hint": "hint"}
    parts = [
        _count(number, noun)
        for severity, noun in nouns.items()
        if (number := sum(item.severity == severity for item in found))
    ]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
