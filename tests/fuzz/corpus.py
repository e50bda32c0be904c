"""The programs that are typed and mutated: everything small in this repository that is Keras."""

from __future__ import annotations

import re
from pathlib import Path

from keras_lsp.rules.registry import RULES
from tests.cli import programs as cli_programs
from tests.scenarios import read_scenarios
from tests.syntax import programs as syntax_programs

ROOT = Path(__file__).resolve().parents[2]

MAX_LINES = 45
"""A longer program costs more for each edit and shows nothing that a short one does not."""

BUNDLE = 4
"""Lines to which the shortest scenarios and examples are put together, so that there is something to move about."""


def programs() -> list[str]:
    """Programs as people write them, and bundles of the scenarios and of the rules' examples and corrections."""
    whole: list[str] = []
    for folder in (Path(__file__).with_name("programs"), ROOT / "examples"):
        whole += [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))]
    for module in (cli_programs, syntax_programs):
        whole += [value for name, value in sorted(vars(module).items()) if name.isupper() and isinstance(value, str)]
    pieces: list[str] = []
    for folder in (ROOT / "tests" / "rules", ROOT / "tests" / "bugs"):
        for path in sorted(folder.glob("*.md")):
            pieces += [scenario.source for scenario in read_scenarios(path)]
    for rule in RULES:
        pieces += re.findall(r"```python\n(.*?)```", rule.documentation, re.DOTALL)
    small = [text for text in [*whole, *_bundles(pieces)] if text.count("\n") <= MAX_LINES]
    return list(dict.fromkeys(small))


def _bundles(pieces: list[str]) -> list[str]:
    bundles, lines = [""], 0
    for piece in dict.fromkeys(pieces):
        if lines >= BUNDLE:
            bundles.append("")
            lines = 0
        bundles[-1] += piece
        lines += piece.count("\n")
    return bundles
