"""Programs with a bug and their corrected twins, read from the Markdown files of this folder.

A bug is a `diff` block under a heading: lines with `-` stand only in the program with the bug, lines with `+` only in the
corrected one, the others in both. A person would mend it at the lines with `-`, at those around a line that is only added,
and where `# <-` stands behind a line. The list above it says

- `- KER217, KER310`: the rules that may report it;
- `- needs pandas`: a package that the tests do not install: such a program is analysed, but not run;
- `- 3.15: ValueError: expected shape=(None, 8)`: what real Keras of that version raises, with a piece of its message;
  `runs` where it runs and does something else than was meant (it is still reported), `runs clean` where nothing is wrong.

A `python` block is a program that is correct. `# %%` starts a cell: such a program is a notebook.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from keras_lsp.analysis import Analysis, analyse_document
from keras_lsp.catalogue import parse_version
from keras_lsp.cli.inputs import read_input
from keras_lsp.inference.world import World
from keras_lsp.project.settings import Settings
from keras_lsp.rules.base import Severity
from keras_lsp.text.document import Document

VERSIONS = {"2.15": 2, "3.15": 3}
FOLDER = Path(__file__).parent
_MARK = re.compile(r"\s*# <-.*$")
_CODES = re.compile(r"^- (KER\d+(?:, KER\d+)*)$")
_NEEDS = re.compile(r"^- needs (.+)$")
_OUTCOME = re.compile(r"^- ([\d.]+): (.*)$")
# Downloads are replaced by arrays of the same shapes and types; every class appears in the labels.
_DATASETS = """
def _offline():
    import importlib, numpy
    def images(train, test, shape, classes, labels):
        def load_data():
            def part(n):
                numbers = (numpy.arange(n) % classes).astype("uint8")
                return numpy.zeros((n, *shape), "uint8"), numbers.reshape((n, *labels))
            return part(train), part(test)
        return load_data
    found = {"mnist": ((28, 28), 10, (), 60000), "fashion_mnist": ((28, 28), 10, (), 60000),
             "cifar10": ((32, 32, 3), 10, (1,), 50000), "cifar100": ((32, 32, 3), 100, (1,), 50000)}
    import keras, tensorflow
    for owner in (keras.datasets, tensorflow.keras.datasets):
        for name, (shape, classes, labels, train) in found.items():
            getattr(owner, name).load_data = images(train, 10000, shape, classes, labels)
_offline()
"""


@dataclass(frozen=True)
class Bug:
    """A program with a bug, and its corrected twin.

    Attributes:
        codes: the rules that may report it.
        outcomes: by version what real Keras raises, or `runs`, or `runs clean`.
        places: lines of the bug, from 0, that a person would change.
        needs: a package that the tests do not install, so that it is analysed only; it was run by hand.
    """

    path: str
    line: int
    title: str
    codes: tuple[str, ...]
    outcomes: dict[str, str]
    source: str
    corrected: str
    places: frozenset[int]
    needs: str = ""

    def found_in(self, version: str) -> bool:
        """Whether something is wrong with it in a version."""
        return self.outcomes.get(version) != "runs clean"


@dataclass(frozen=True)
class Correct:
    """A program with which nothing is wrong."""

    path: str
    line: int
    title: str
    source: str
    versions: tuple[str, ...]


@dataclass(frozen=True)
class Reported:
    """A finding of severity error or warning: the line from 0, its code and message."""

    line: int
    code: str
    message: str


def read_programs(path: Path) -> tuple[list[Bug], list[Correct]]:
    """All programs of a file."""
    bugs: list[Bug] = []
    correct: list[Correct] = []
    title, codes, outcomes, needs = "", (), {}, ""
    fence, start, block = "", 0, list[str]()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if fence and line.startswith("```"):
            if fence == "diff":
                bugs.append(replace(_bug(path.name, start, title, codes, outcomes, block), needs=needs))
            else:
                versions = tuple(version for version in VERSIONS if outcomes.get(version) != "raises")
                correct.append(Correct(path.name, start, title, "\n".join(block) + "\n", versions))
            fence = ""
        elif fence:
            block.append(line)
        elif line.startswith("```"):
            fence, start, block = line[3:].strip(), number + 1, []
        elif line.startswith("## "):
            title, codes, outcomes, needs = line[3:], (), {}, ""
        elif match := _CODES.match(line):
            codes = tuple(match[1].split(", "))
        elif match := _NEEDS.match(line):
            needs = match[1]
        elif match := _OUTCOME.match(line):
            outcomes[match[1]] = match[2].strip("`")
    return bugs, correct


def _bug(path: str, start: int, title: str, codes: tuple[str, ...], outcomes: dict[str, str], block: list[str]) -> Bug:
    wrong: list[str] = []
    right: list[str] = []
    places: set[int] = set()
    for number, line in enumerate(block):
        text = _MARK.sub("", line[1:])
        if line.startswith("-") or _MARK.search(line):
            places.add(len(wrong))
        if line.startswith("+") and not any(other.startswith("-") for other in block[max(number - 1, 0) : number + 2]):
            places |= {len(wrong) - 1, len(wrong)}  # something is missing between these two
        if not line.startswith("+"):
            wrong.append(text)
        if not line.startswith("-"):
            right.append(text)
    return Bug(path, start, title, codes, outcomes, "\n".join(wrong) + "\n", "\n".join(right) + "\n", frozenset(places))


def read_all() -> tuple[list[Bug], list[Correct]]:
    """All programs of this folder."""
    bugs: list[Bug] = []
    correct: list[Correct] = []
    for path in sorted(FOLDER.glob("*.md")):
        more, fine = read_programs(path)
        bugs += more
        correct += fine
    return bugs, correct


def analyse(source: str, version: str, folder: Path) -> Analysis:
    """The analysis of a program, through a notebook file where it has cells."""
    world, settings = World(parse_version(version)), Settings()
    if "# %%" not in source:
        return analyse_document(Document("file:///program.py", None, source), world, settings)
    path = folder / "program.ipynb"
    path.write_text(notebook(source), encoding="utf-8")
    read = read_input(str(path))
    assert hasattr(read, "document"), read
    return analyse_document(read.document, world, settings, read.sections)


def notebook(source: str) -> str:
    """A program with cells as notebook file; the line that starts a cell stays in it as a comment, so that lines count alike."""
    cells: list[list[str]] = []
    for line in source.splitlines():
        if line.startswith("# %%"):
            cells.append([])
        cells[-1].append(line)
    made = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": "\n".join(cell)}
        for cell in cells
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def reported(source: str, version: str, folder: Path) -> list[Reported]:
    """What is reported about a program, severity error or warning."""
    analysis = analyse(source, version, folder)
    assert analysis.facts.internal_errors == []
    return [
        Reported(analysis.document.lines.line(f.span.start), f.code, f.message)
        for f in analysis.findings
        if f.severity in (Severity.ERROR, Severity.WARNING)
    ]


def program(source: str) -> str:
    """A program as real Keras runs it."""
    plain = re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)
    return _DATASETS + plain if ".load_data(" in source else plain
