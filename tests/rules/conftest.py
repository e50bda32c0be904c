from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.programs import Outcome, ProgramRunner


@pytest.fixture(scope="session")
def run_program() -> Iterator[Callable[[str, int], Outcome]]:
    """Runs a test program under real Keras of a generation."""
    runners = {2: ProgramRunner(2), 3: ProgramRunner(3)}
    yield lambda source, generation: runners[generation].run(source)
    for runner in runners.values():
        runner.close()
