"""Analyses every Python file of installed packages, with all rules, and counts what went wrong, took long or grew large.

    python -m tests.inference.installed keras tf_keras          # packages, by name
    python -m tests.inference.installed --all                   # the whole site-packages of this environment

A line of progress on stderr every hundred files; at the end, or at Ctrl-C, a record on stdout. Exits with 1 at a mistake of
keras-lsp's own in any file, and at a file above the limit. Times are CPU time of one file, its rules included; a file above the
limit is measured again, since the first analysis reads the catalogue's data. No package is imported.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from keras_lsp.analysis import analyse_document
from keras_lsp.catalogue.version import LATEST
from keras_lsp.cli import garbage
from keras_lsp.inference.world import World
from keras_lsp.project.settings import Settings
from keras_lsp.text.document import Document
from keras_lsp.text.source import SourceError, read_source

SLOW = 1.0
"""Seconds of CPU time that no file may take."""

EVERY = 100
"""Files between two lines of progress."""


@dataclass
class Sweep:
    """What was seen: files, those that are no text, lines, mistakes of our own by file, files above the limit, the slowest, and megabytes at most."""

    files: int = 0
    unreadable: int = 0
    lines: int = 0
    findings: int = 0
    seconds: float = 0.0
    errors: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    slow: dict[str, float] = field(default_factory=dict[str, float])
    slowest: tuple[float, str] = (0.0, "")
    megabytes: float = 0.0


def folder_of(package: str) -> Path:
    """Where an installed package is, a module's file, or a namespace's folder; it is not imported. ValueError if it is not there."""
    found = importlib.util.find_spec(package)
    if found is None:
        raise ValueError(f"no package {package}")
    if found.submodule_search_locations:
        return Path(next(iter(found.submodule_search_locations)))
    return Path(found.origin or "")


def python_files(place: Path) -> Iterator[Path]:
    """All Python files at or below a place, in a fixed order."""
    if place.is_file():
        yield place
    for base, folders, names in os.walk(place):
        folders.sort()
        yield from (Path(base, name) for name in sorted(names) if name.endswith(".py"))


def sweep(files: Iterable[Path]) -> Sweep:
    """Analyse each file by itself, as `check` does, with every rule."""
    seen = Sweep()
    world, settings = World(LATEST), Settings(extend_select=("ALL",))
    try:
        with garbage.postponed():
            for path in files:
                _see(path, world, settings, seen)
                garbage.collect()
                if seen.files % EVERY == 0:
                    _progress(seen, path)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
    seen.seconds = round(seen.seconds, 1)
    return seen


def _see(path: Path, world: World, settings: Settings, seen: Sweep) -> None:
    source = read_source(path.read_bytes())
    if isinstance(source, SourceError):
        seen.unreadable += 1
        return
    text = source.text
    took = _measure(path, text, world, settings, seen)
    if took > SLOW:
        took = min(took, _measure(path, text, world, settings, Sweep()))
    if took > SLOW:
        seen.slow[str(path)] = round(took, 2)
    seen.files += 1
    seen.lines += text.count("\n") + 1
    seen.slowest = max(seen.slowest, (round(took, 2), str(path)))
    seen.megabytes = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _progress(seen: Sweep, path: Path) -> None:
    sys.stderr.write(
        f"{seen.files} files, {seen.seconds:.0f} s, {len(seen.errors)} with errors, slowest {seen.slowest[0]} s, "
        f"{seen.megabytes:.0f} MB, at {path}\n"
    )


def _measure(path: Path, text: str, world: World, settings: Settings, seen: Sweep) -> float:
    before = time.process_time()
    analysis = analyse_document(Document(path.as_uri(), None, text), world, settings)
    findings = analysis.findings
    took = time.process_time() - before
    seen.findings += len(findings)
    seen.seconds += took
    if analysis.facts.internal_errors:
        seen.errors[str(path)] = [str(error) for error in analysis.facts.internal_errors][:3]
    return took


def main() -> int:
    """Print what was seen as JSON; 1 if anything of ours failed or took too long."""
    parser = argparse.ArgumentParser(prog="python -m tests.inference.installed")
    parser.add_argument("packages", nargs="*")
    parser.add_argument("--all", action="store_true", help="the folder that holds the installed Keras")
    parser.add_argument(
        "--except", nargs="*", default=[], dest="but", help="packages to leave out of --all, by folder name"
    )
    options = parser.parse_args()
    os.environ.pop("KERAS_LSP_STRICT", None)
    if options.all:
        home = folder_of("keras").parent
        places = [
            place
            for place in sorted(home.iterdir())
            if place.name not in options.but and (place.is_dir() or place.suffix == ".py")
        ]
    else:
        places = [folder_of(name) for name in options.packages]
    seen = sweep(path for place in places for path in python_files(place))
    json.dump(asdict(seen), sys.stdout, indent=1)
    sys.stdout.write("\n")
    return 1 if seen.errors or seen.slow else 0


if __name__ == "__main__":
    sys.exit(main())
