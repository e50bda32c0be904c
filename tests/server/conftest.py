from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wire import INSTRUMENTED, UTF_16, Peer


@pytest.fixture
def start() -> Iterator[Callable[..., Peer]]:
    """Starts peers and ends their servers."""
    peers: list[Peer] = []

    def begin(*arguments: Any, **environment: str) -> Peer:
        peers.append(Peer(*arguments, **environment))
        return peers[-1]

    yield begin
    for peer in peers:
        peer.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Peer]:
    """One initialized server for tests that leave it as it was; starting one takes most of a second."""
    peer = Peer(INSTRUMENTED)
    peer.initialize(UTF_16)
    yield peer
    peer.close()
