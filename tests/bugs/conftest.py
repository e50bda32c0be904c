from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.bugs.programs import VERSIONS, Bug, Correct, program
from tests.programs import Outcome, ProgramRunner


@pytest.fixture(scope="session")
def run_program(request: pytest.FixtureRequest) -> Iterator[Callable[[str, int], Outcome]]:
    """Runs a test program under real Keras of a generation; those of the chosen tests run ahead, both generations side by side."""
    runners = {generation: ProgramRunner(generation) for generation in VERSIONS.values()}
    pools = {generation: ThreadPoolExecutor(1) for generation in runners}
    outcomes: dict[tuple[str, int], Future[Outcome]] = {}
    for source, generation in _needed(request.session.items):
        if (source, generation) in outcomes:
            continue
        outcomes[source, generation] = pools[generation].submit(runners[generation].run, source)
    yield lambda source, generation: outcomes[source, generation].result()
    for generation, pool in pools.items():
        pool.shutdown(cancel_futures=True)
        runners[generation].close()


def _needed(items: list[pytest.Item]) -> Iterator[tuple[str, int]]:
    """The programs, and the generations to run them in, that the chosen tests ask about."""
    for item in items:
        parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if "run_program" not in item.fixturenames:
            continue
        match parameters:
            case {"bug": Bug() as bug, "version": str(version)}:
                yield program(bug.source), VERSIONS[version]
                yield program(bug.corrected), VERSIONS[version]
            case {"correct": Correct() as correct, "version": str(version)}:
                yield program(correct.source), VERSIONS[version]
