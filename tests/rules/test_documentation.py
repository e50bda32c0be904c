"""Each rule's documentation: its parts are there, its example is found and its correction is not, and real Keras agrees."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

import pytest

from keras_lsp.rules.base import Rule, Severity
from keras_lsp.rules.registry import RULES
from tests.programs import Outcome
from tests.scenarios import analyse

HEADINGS = ["What it does", "Why it matters", "Example", "Use instead", "Fix"]
VERSIONS = {"2.15": 2, "3.15": 3}
# Examples that fetch data, or fail only for some data; `test_every_rule` asks for other programs of these rules.
NOT_RUN = {"KER402", "KER212"}
rules = pytest.mark.parametrize("rule", RULES, ids=[rule.code for rule in RULES])


def blocks(rule: Rule) -> tuple[str, str]:
    """The example and its correction, as programs."""
    example, correction = re.findall(r"```python\n(.*?)```", rule.documentation, re.DOTALL)
    return tuple(program(rule, block) for block in (example, correction))  # type: ignore[return-value]


def program(rule: Rule, block: str) -> str:
    prelude = (
        ""
        if re.search(r"^import keras$", block, re.MULTILINE)
        else "import numpy as np\nimport keras\nimport tensorflow as tf\n"
    )
    tokenizer = "tokenizer = load_tokenizer()\n" if "tokenizer" in block else ""
    return prelude + tokenizer + block


def codes(source: str, version: str, rule: Rule) -> dict[str, Severity]:
    return {finding.code: finding.severity for finding in analyse(source, version, rule.code).findings}


def test_codes_are_sorted_and_unique() -> None:
    assert [rule.code for rule in RULES] == sorted({rule.code for rule in RULES})
    assert len({rule.name for rule in RULES}) == len(RULES)


@rules
def test_parts(rule: Rule) -> None:
    assert rule.documentation.startswith(f"{rule.code}: ")
    assert re.findall(r"^## (.+)$", rule.documentation, re.MULTILINE) == HEADINGS
    assert rule.summary
    for block in blocks(rule):
        ast.parse(block)


def applicable() -> list[tuple[Rule, str]]:
    """Rules with the versions in which their example is found."""
    return [(rule, v) for rule in RULES for v in VERSIONS if rule.code in codes(blocks(rule)[0], v, rule)]


APPLICABLE = applicable()
applicable_rules = pytest.mark.parametrize(
    ("rule", "version"), [pytest.param(rule, v, id=f"{rule.code}-{v}") for rule, v in APPLICABLE]
)


@rules
def test_example_is_found(rule: Rule) -> None:
    assert any(found is rule for found, _ in APPLICABLE)


@applicable_rules
def test_correction_is_clean(rule: Rule, version: str) -> None:
    _, correction = blocks(rule)
    assert analyse(correction, version, rule.code).findings == ()


@pytest.mark.parametrize(
    ("rule", "version"),
    [pytest.param(rule, v, id=f"{rule.code}-{v}") for rule, v in APPLICABLE if rule.code not in NOT_RUN],
)
def test_real_keras_agrees(rule: Rule, version: str, run_program: Callable[[str, int], Outcome]) -> None:
    """An error is an exception; anything less, and every correction, runs."""
    example, correction = blocks(rule)
    severity = codes(example, version, rule)[rule.code]
    outcome = run_program(example, VERSIONS[version])
    if severity is Severity.ERROR:
        assert outcome.error is not None, "reported as an error, but it runs"
    else:
        assert outcome.error is None, outcome
    assert run_program(correction, VERSIONS[version]) == Outcome(None, "")
