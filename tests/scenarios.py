"""Scenarios: Markdown that documents behaviour and is checked.

A scenario is a fenced `python` block under a heading. Comments in the block say what is expected on their line:

- `# error: [KER201]`, `# warning: [...]`, `# info: [...]`, `# hint: [...]`: a finding of that rule and severity starts there;
- `# revealed: (None, 32)` behind `reveal_shape(x)`: the shape of the expression; `unknown` when it must not be known.

Findings that no comment expects fail. Directives in HTML comments before the block hold until the next heading:

- `<!-- keras: 2.15, 3.15 -->`: the versions to check, "3.15" unless said;
- `<!-- select: KER105 -->`: rules to enable besides the default ones;
- `<!-- raises: ValueError -->`: real Keras of each version's generation raises this; `<!-- runs -->`: it runs the program;
- `<!-- fixed -->`: the first fix of every finding, applied, leaves no finding, and real Keras runs the result if it was run
  before (directive `raises` or `runs`).
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

from keras_lsp.analysis import Analysis, analyse_document
from keras_lsp.catalogue import parse_version
from keras_lsp.features.lookup import shape_text
from keras_lsp.inference.facts import Span
from keras_lsp.inference.world import World
from keras_lsp.project.settings import Settings
from keras_lsp.text.document import Document
from keras_lsp.text.edits import apply_edits, merge

_HEADING = re.compile(r"^#+ +(.*)$")
_DIRECTIVE = re.compile(r"^<!-- *([a-z]+) *(?:: *(.*?))? *-->$")
_EXPECTED = re.compile(r"# *(error|warning|info|hint): *\[([A-Z0-9, ]+)\]")
_REVEALED = re.compile(r"# *revealed: *(.+?) *$")


@dataclass
class Scenario:
    """One block: where it stands, its source and directives."""

    path: str
    line: int
    title: str
    source: str
    directives: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def versions(self) -> list[str]:
        return [version.strip() for version in self.directives.get("keras", "3.15").split(",")]

    @property
    def program(self) -> str:
        """The source without `reveal_shape`, as real Keras runs it."""
        return re.sub(r"^(\s*)reveal_shape\(.*$", r"\1pass", self.source, flags=re.MULTILINE)


def read_scenarios(path: Path) -> list[Scenario]:
    """All scenarios of a file."""
    found: list[Scenario] = []
    title = path.stem
    directives: dict[str, str] = {}
    block: list[str] | None = None
    start = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if block is not None:
            if line.startswith("```"):
                found.append(Scenario(path.name, start, title, "\n".join(block) + "\n", dict(directives)))
                block = None
            else:
                block.append(line)
        elif line.startswith("```python"):
            block, start = [], number + 1
        elif match := _HEADING.match(line):
            title, directives = match[1], {}
        elif match := _DIRECTIVE.match(line.strip()):
            directives[match[1]] = match[2] or ""
    return found


def analyse(source: str, version: str, select: str = "") -> Analysis:
    """The analysis of a program for a Keras version."""
    chosen = tuple(code.strip() for code in select.split(",") if code.strip())
    settings = Settings(extend_select=chosen)
    return analyse_document(Document("file:///program.py", None, source), World(parse_version(version)), settings)


def complaints(scenario: Scenario, version: str) -> list[str]:
    """Every way in which the analysis differs from what the scenario says."""
    analysis = analyse(scenario.source, version, scenario.directives.get("select", ""))
    lines = analysis.document.lines
    found = [(lines.line(f.span.start), f.severity.value, f.code) for f in analysis.findings]
    expected: list[tuple[int, str, str]] = []
    for number, text in enumerate(scenario.source.splitlines()):
        for match in _EXPECTED.finditer(text):
            expected += [(number, match[1], code.strip()) for code in match[2].split(",")]
    problems = [_at(scenario, *item, "expected, not found") for item in expected if item not in found]
    messages = {(lines.line(f.span.start), f.severity.value, f.code): f.message for f in analysis.findings}
    problems += [
        f"{_at(scenario, *item, 'found, not expected')}: {messages[item]}" for item in found if item not in expected
    ]
    return problems + _reveals(scenario, analysis)


def _at(scenario: Scenario, line: int, severity: str, code: str, what: str) -> str:
    return f"{scenario.path}:{scenario.line + line}: {severity} [{code}] {what}"


def _reveals(scenario: Scenario, analysis: Analysis) -> list[str]:
    problems: list[str] = []
    texts = scenario.source.splitlines()
    positions = analysis.parsed.positions
    for node in ast.walk(analysis.parsed.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reveal_shape"):
            continue
        match = _REVEALED.search(texts[node.lineno - 1])
        fact = analysis.facts.expressions.get(Span(*positions.span(node.args[0])))
        shown = shape_text(fact.output) if fact is not None else ""
        wanted = match[1] if match else "?"
        if (shown or "unknown") != wanted:
            line = scenario.line + node.lineno - 1
            problems.append(f"{scenario.path}:{line}: revealed {shown or 'unknown'}, expected {wanted}")
    return problems


def fix(source: str, version: str, select: str = "") -> str:
    """The program after the first fix of every finding, as far as they fit together."""
    analysis = analyse(source, version, select)
    edits, _ = merge([finding.fixes[0].edits for finding in analysis.findings if finding.fixes])
    return apply_edits(source, edits)
