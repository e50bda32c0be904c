"""The servers that are measured, spoken to in the same way."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "server"))

from wire import Peer, at

from tests.benchmarks.programs import Place

CAPABILITIES = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {"configuration": True, "workspaceFolders": True},
    "textDocument": {
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "publishDiagnostics": {"versionSupport": True, "relatedInformation": True},
    },
}


@dataclass(frozen=True)
class Server:
    """How a server is started and configured."""

    name: str
    command: list[str]
    options: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def servers() -> list[Server]:
    """Ours first; the others as they are installed beside it."""
    folder = str(Path(sys.executable).parent)
    path = os.pathsep.join([folder, os.environ.get("PATH", "")])
    found = [Server("keras-lsp", [sys.executable, "-m", "keras_lsp.server"], options={"debounce": 0})]
    others = {
        "pyright": (["pyright-langserver", "--stdio"], {}, {"pythonPath": sys.executable}),
        "ty": (["ty", "server"], {}, {}),
        "pyrefly": (["pyrefly", "lsp"], {}, {}),
        "jedi-language-server": (["jedi-language-server"], {"diagnostics": {"enable": True, "didChange": True}}, {}),
        "pylsp": (["pylsp"], {}, {}),
    }
    for name, (command, options, settings) in others.items():
        program = shutil.which(command[0], path=path)
        if program:
            found.append(Server(name, [program, *command[1:]], options, settings))
    return found


class Measured(Peer):
    """A peer that answers what a server asks about its configuration."""

    settings: Any = None

    def _answer(self, message: dict[str, Any]) -> None:
        result: Any = None
        if message["method"] == "workspace/configuration":
            result = [self.settings or None for _ in message["params"]["items"]]
        self.send({"id": message["id"], "result": result})


@contextmanager
def running(server: Server, folder: Path) -> Iterator[Measured]:
    """A server that was initialized in a workspace folder."""
    environment = {"VIRTUAL_ENV": str(Path(sys.executable).parent.parent), "KERAS_LSP_STRICT": ""}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    peer = Measured(server.command, **environment)
    peer.settings = server.settings
    try:
        peer.initialize(
            CAPABILITIES,
            rootUri=folder.as_uri(),
            workspaceFolders=[{"uri": folder.as_uri(), "name": folder.name}],
            initializationOptions=server.options,
        )
        yield peer
    finally:
        peer.close()


def first_hover(server: Server, folder: Path, text: str) -> float:
    """Seconds from starting the process to the first hover that says something about `Dense`."""
    uri = (folder / "model.py").as_uri()
    line = next(number for number, content in enumerate(text.splitlines()) if "layers.Dense(" in content)
    column = text.splitlines()[line].index("Dense(") + 1
    started = time.perf_counter()
    with running(server, folder) as peer:
        peer.open(uri, text)
        while True:
            answer = peer.request("textDocument/hover", at(uri, line, column), 120)
            if answer.get("result"):
                return time.perf_counter() - started
            if time.perf_counter() - started > 60:
                return float("inf")


def warm_hovers(server: Server, folder: Path, text: str, count: int = 200) -> list[float]:
    """Seconds of hovers over the whole of an analysed file."""
    uri = (folder / "model.py").as_uri()
    places = [
        (number, content.index("Dense(") + 1) for number, content in enumerate(text.splitlines()) if "Dense(" in content
    ]
    with running(server, folder) as peer:
        peer.open(uri, text)
        for line, column in places[:5]:
            peer.request("textDocument/hover", at(uri, line, column), 120)
        taken: list[float] = []
        for index in range(count):
            line, column = places[index % len(places)]
            started = time.perf_counter()
            peer.request("textDocument/hover", at(uri, line, column), 60)
            taken.append(time.perf_counter() - started)
        return taken


def edits(server: Server, folder: Path, text: str, where: Sequence[Place]) -> tuple[list[float], float, bool]:
    """Seconds from each edit to the diagnostics of that version; the memory afterwards, in megabytes; whether they stayed away.

    At each place a digit becomes another one; the next edit of the same place puts it back.
    """
    uri = (folder / "model.py").as_uri()
    taken: list[float] = []
    digits: dict[Place, str] = {}
    with running(server, folder) as peer:
        peer.open(uri, text)
        published(peer, uri, 1, 60)
        for version, place in enumerate(where, 2):
            now = digits.get(place, place.digit)
            digits[place] = str(int(place.digit) % 9 + 1) if now == place.digit else place.digit
            start = {"line": place.line, "character": place.column}
            end = {"line": place.line, "character": place.column + 1}
            started = time.perf_counter()
            peer.change(uri, version, {"range": {"start": start, "end": end}, "text": digits[place]})
            if not published(peer, uri, version, 20):
                return taken, memory(peer), True
            taken.append(time.perf_counter() - started)
            time.sleep(0.02)
        return taken, memory(peer), False


def idle(server: Server, folder: Path, text: str, seconds: float = 3.0) -> float:
    """Seconds of CPU that a server and its children use while nothing happens, after it has answered."""
    uri = (folder / "model.py").as_uri()
    with running(server, folder) as peer:
        peer.open(uri, text)
        published(peer, uri, 1, 60)
        time.sleep(4.0)  # what servers do after opening: indexing, saving
        processes = [peer.process.pid, *children(peer.process.pid)]
        before = sum(cpu(process) for process in processes)
        time.sleep(seconds)
        return sum(cpu(process) for process in processes) - before


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def published(peer: Peer, uri: str, version: int, seconds: float) -> bool:
    """Wait for the diagnostics of a version; servers that name no version are taken by their number."""
    before = len(peer.notifications("textDocument/publishDiagnostics"))

    def come() -> bool:
        found = [m["params"] for m in peer.messages if m.get("method") == "textDocument/publishDiagnostics"]
        return any(p["uri"] == uri and p.get("version") == version for p in found) or (
            len(found) > before and found[-1].get("version") is None
        )

    try:
        peer.wait(come, seconds)
    except AssertionError:
        return False
    return True


def memory(peer: Peer) -> float:
    """Resident memory of a server and its children, in megabytes."""
    total = 0
    for process in [peer.process.pid, *children(peer.process.pid)]:
        try:
            status = Path(f"/proc/{process}/status").read_text()
        except OSError:
            continue
        total += next((int(row.split()[1]) for row in status.splitlines() if row.startswith("VmRSS")), 0)
    return total / 1024


def children(pid: int) -> list[int]:
    """All processes below one."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *children(int(child))]
    return found


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
