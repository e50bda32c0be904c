"""Every rule has programs that real Keras judged, in each generation; every fix is applied, and real Keras runs the result."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from keras_lsp.catalogue.version import LATEST
from keras_lsp.rules.base import Applicability, Finding, Fix
from keras_lsp.rules.registry import RULES
from keras_lsp.text.edits import apply_edits
from tests.bugs.programs import program as as_run
from tests.bugs.programs import read_all
from tests.programs import Outcome
from tests.rules.test_documentation import APPLICABLE, NOT_RUN, VERSIONS, blocks
from tests.scenarios import analyse, read_scenarios

# About comments, which mean nothing to Keras.
ABOUT_COMMENTS = {"KER001", "KER002"}


@dataclass(frozen=True)
class Offer:
    """A fix that is offered for a program of the tests, and the program after it."""

    code: str
    fix: Fix
    version: str
    where: str
    source: str
    fixed: str
    judged: bool

    @property
    def kind(self) -> tuple[str, str, str]:
        """Fixes of one kind differ in numbers and names only."""
        return self.code, re.sub(r"`[^`]*`|'[^']*'|\d+|\(.*\)", "#", self.fix.title), self.version


def sources() -> Iterator[tuple[str, str, str, bool, str]]:
    """Every program of the tests that a rule reports: place, text, version, whether real Keras judges it, rules to enable."""
    for rule, version in APPLICABLE:
        yield f"docs of {rule.code}", blocks(rule)[0], version, rule.code not in NOT_RUN, rule.code
    for path in sorted(Path(__file__).parent.glob("*.md")):
        for scenario in read_scenarios(path):
            judged = bool({"raises", "runs"} & scenario.directives.keys())
            for version in scenario.versions:
                select = scenario.directives.get("select", "")
                yield f"{path.name}:{scenario.line}", scenario.program, version, judged, select
    for bug in read_all()[0]:
        for version in VERSIONS:
            if "# %%" not in bug.source:
                yield f"{bug.path}:{bug.line}", bug.source, version, not bug.needs, ""


@cache
def offers() -> tuple[Offer, ...]:
    """All fixes of all findings in all programs of the tests."""
    found: list[Offer] = []
    for where, source, version, judged, select in sources():
        for finding in analyse(source, version, select).findings:
            for fix in finding.fixes:
                fixed = apply_edits(source, list(fix.edits))
                found.append(Offer(finding.code, fix, version, where, source, fixed, judged))
    return tuple(found)


def samples() -> list[Offer]:
    """One judged program for each kind of fix, the shortest."""
    chosen: dict[tuple[str, str, str], Offer] = {}
    for offer in sorted(offers(), key=lambda offer: len(offer.source)):
        if offer.judged and offer.version in VERSIONS:
            chosen.setdefault(offer.kind, offer)
    return [chosen[kind] for kind in sorted(chosen)]


def comments(source: str) -> list[str]:
    return [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.code not in ABOUT_COMMENTS], ids=lambda rule: rule.code
)
def test_real_keras_judges_a_program_of_every_rule(rule) -> None:
    """In each generation: found in a program that Keras refuses or treats as said, gone in its twin (run by the other tests)."""
    versions = [version for found, version in APPLICABLE if found is rule]
    assert versions
    if rule.code not in NOT_RUN:
        return  # its documentation is such a pair
    for version in versions:
        assert any(
            not bug.needs
            and bug.found_in(version)
            and rule.code in codes(bug.source, version)
            and not codes(bug.corrected, version)
            for bug in read_all()[0]
        ), version


def codes(source: str, version: str) -> set[str]:
    return {finding.code for finding in analyse(source, version).findings}


def test_every_fix_leaves_a_program_with_its_comments() -> None:
    for offer in offers():
        ast.parse(offer.fixed)
        lost = [text for text in comments(offer.source) if text not in comments(offer.fixed)]
        assert not lost or offer.code in ABOUT_COMMENTS, (offer.where, offer.fix.title, lost)


def test_every_rule_with_fixes_offers_one_that_is_judged() -> None:
    wanted = {rule.code for rule in RULES if rule.fix != "none"}
    assert wanted <= {offer.code for offer in samples()}
    assert {offer.code for offer in offers()} <= wanted


def test_safe_fixes_take_their_finding_away() -> None:
    for offer in offers():
        if offer.fix.applicability is Applicability.SAFE:
            before = analyse(offer.source, offer.version, offer.code).findings
            after = analyse(offer.fixed, offer.version, offer.code).findings
            assert count(after, offer.code) < count(before, offer.code), (offer.where, offer.fix.title)


def count(findings: tuple[Finding, ...], code: str) -> int:
    return sum(finding.code == code for finding in findings)


@pytest.mark.parametrize("offer", samples(), ids=lambda offer: "-".join(offer.kind).replace(" ", "_"))
def test_real_keras_runs_what_a_fix_leaves(offer: Offer, run_program: Callable[[str, int], Outcome]) -> None:
    assert run_program(as_run(offer.fixed), VERSIONS[offer.version]) == Outcome(None, ""), offer.fixed


OLD = """\
import numpy as np
import keras
from keras.layers import Dense, LSTM, LeakyReLU

model = keras.Sequential()
model.add(LSTM(8, batch_input_shape=(4, 5, 2), stateful=True))  # keeps its state
model.add(Dense(4))
model.add(LeakyReLU(alpha=0.1))
model.add(Dense(1))
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01), loss="mse", metrics="mae")
model.fit(np.zeros((8, 5, 2)), np.zeros((8, 1)), batch_size=4, verbose=0)
"""


def test_a_file_migrates_to_keras_3_as_one_action(run_program: Callable[[str, int], Outcome]) -> None:
    """Also where the project still has Keras 2, under which nothing is wrong with it."""
    assert run_program(OLD, 2) == Outcome(None, "")
    assert run_program(OLD, 3).error is not None
    for version in ("2.15", str(LATEST)):
        analysis = analyse(OLD, version)
        (action,) = [action for action in analysis.code_actions(0, 0) if action.kind == "source.migrate"]
        migrated = apply_edits(OLD, list(action.edits))
        assert comments(migrated) == comments(OLD)
        assert run_program(migrated, 3) == Outcome(None, "")


@pytest.mark.parametrize("version", VERSIONS)
def test_an_input_and_input_shape_are_rewritten_into_each_other(
    version: str, run_program: Callable[[str, int], Outcome]
) -> None:
    source = "import keras\nmodel = keras.Sequential()\nmodel.add(keras.Input((6, 2)))\nmodel.add(keras.layers.LSTM(3))  # one\n"
    for expected in ("keras.layers.LSTM(3, input_shape=(6, 2))", "model.add(keras.Input(shape=(6, 2)))"):
        actions = analyse(source, version).code_actions(0, len(source))
        (action,) = [action for action in actions if action.kind == "refactor.rewrite"]
        source = apply_edits(source, list(action.edits))
        assert expected in source and "# one" in source
        assert run_program(source + "assert model.count_params() == 72\n", VERSIONS[version]) == Outcome(None, "")
