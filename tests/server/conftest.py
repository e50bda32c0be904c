from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wire import Peer


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
