from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.bugs.programs import VERSIONS, program, read_all
from tests.programs import Outcome, ProgramRunner


@pytest.fixture(scope="session")
def run_program() -> Iterator[Callable[[str, int], Outcome]]:
    """Runs a test program under real Keras of a generation; all programs are run ahead, both generations side by side."""
    bugs, correct = read_all()
    sources = [source for bug in bugs if not bug.needs for source in (bug.source, bug.corrected)] + [
        one.source for one in correct
    ]
    runners = {generation: ProgramRunner(generation) for generation in VERSIONS.values()}
    pools = {generation: ThreadPoolExecutor(1) for generation in runners}
    outcomes: dict[tuple[str, int], Future[Outcome]] = {}
    for generation, pool in pools.items():
        for source in map(program, sources):
            outcomes[source, generation] = pool.submit(runners[generation].run, source)
    yield lambda source, generation: outcomes[source, generation].result()
    for generation, pool in pools.items():
        pool.shutdown(cancel_futures=True)
        runners[generation].close()
