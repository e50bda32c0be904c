"""docs/reliability.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_test_that_the_page_names_exists() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    defined = set(re.findall(r"^(?:async )?def (test_\w+)|^(Test\w+) = ", sources, re.MULTILINE))
    names = {name for pair in defined for name in pair if name}
    named = set(re.findall(r"`(test_\w+|Test\w+)`", page))
    assert len(named) > 70
    assert named <= names, sorted(named - names)


def test_every_row_has_a_test() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    rows = [row for row in page.splitlines() if row.startswith("| ") and not row.startswith("| What happens elsewhere")]
    assert len(rows) > 35
    assert all(re.search(r"\| `[tT]est\w+`[^|]* \|$", row) for row in rows)
