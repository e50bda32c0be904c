"""Fixtures for all tests: the real Keras, one process per generation for the whole session."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

# Before anything of keras_lsp is imported: mistakes of ours fail tests instead of costing a statement's facts.
os.environ.setdefault("KERAS_LSP_STRICT", "1")

from keras_lsp.oracle.process import KerasWorker
from tests.programs import Outcome, ProgramRunner

# What a busy machine takes for an example says nothing of the code.
settings.register_profile("keras-lsp", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("keras-lsp")


@pytest.fixture(scope="session")
def keras3_worker() -> Iterator[KerasWorker]:
    """Newest Keras 3: `.ask(question)` and `.ask_many(questions)` return answers."""
    with KerasWorker(sys.executable, api="keras", backend="tensorflow") as worker:
        assert worker.start(), worker.state
        yield worker


@pytest.fixture(scope="session")
def tf_keras_worker() -> Iterator[KerasWorker]:
    """Keras 2 as tf_keras, in the same environment."""
    with KerasWorker(sys.executable, api="tf_keras") as worker:
        assert worker.start(), worker.state
        yield worker


@pytest.fixture(scope="session")
def run_program() -> Iterator[Callable[[str, int], Outcome]]:
    """Runs a test program under real Keras of a generation."""
    runners = {2: ProgramRunner(2), 3: ProgramRunner(3)}
    yield lambda source, generation: runners[generation].run(source)
    for runner in runners.values():
        runner.close()
