"""How the server ends: with its client, within two seconds, children included."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from wire import INSTRUMENTED, ROOT, SERVER, Hold, at

from keras_lsp.server import lifecycle, worlds
from keras_lsp.server.dispatch import EXIT_PATIENCE
from tests.patience import allowed

URI = "file:///w/model.py"
PROMISE = 2.0  # seconds


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def gone(pid: int, seconds: float = PROMISE) -> bool:
    end = time.monotonic() + allowed(seconds)
    while time.monotonic() < end:
        if not alive(pid):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_end_of_input(start, busy, tmp_path):  # E4b
    peer = start(INSTRUMENTED)
    peer.initialize()
    if busy:
        Hold(peer, tmp_path)
        for _ in range(8):
            peer.ask("test/sleep", {"seconds": 30})
    peer.process.stdin.close()
    assert peer.process.wait(allowed(PROMISE)) == 1


def test_end_of_input_before_initialize(start):
    peer = start()
    peer.process.stdin.close()
    assert peer.process.wait(allowed(PROMISE + 3)) == 1


@pytest.mark.parametrize("shut_down", [False, True])
def test_exit_while_busy(start, shut_down, tmp_path):  # E4
    peer = start(INSTRUMENTED)
    peer.initialize()
    busy = Hold(peer, tmp_path)
    if shut_down:
        assert peer.result("shutdown") is None
        assert peer.response(busy.id)["error"]["code"] == -32800
    peer.notify("exit")
    assert peer.process.wait(allowed(PROMISE)) == (0 if shut_down else 1)


def test_terminated(start, tmp_path):
    peer = start(INSTRUMENTED)
    peer.initialize()
    Hold(peer, tmp_path)
    peer.process.send_signal(signal.SIGTERM)
    assert peer.process.wait(allowed(PROMISE)) == 128 + signal.SIGTERM


def test_the_promise_is_kept_by_construction():
    """Whatever other threads do, the process leaves when its patience is at an end."""
    assert EXIT_PATIENCE + lifecycle.GRACE + lifecycle.FLUSH < PROMISE
    assert worlds.CLOSE_SECONDS < lifecycle.GRACE


CLIENT = """
import os, subprocess, sys, time
sys.path.insert(0, {here!r})
from pathlib import Path
from wire import Hold, Peer, INSTRUMENTED
peer = Peer(INSTRUMENTED)
peer.initialize(processId=os.getpid())
busy = {busy!r}
if busy:
    Hold(peer, Path({folder!r}))
# Somebody else holds the server's input open, so that only the client's death itself tells.
holder = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdin=peer.process.stdin.fileno(),
                          pass_fds=[peer.process.stdin.fileno()])
print(peer.process.pid, peer.result("test/child") if not busy else 0, holder.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_client_killed(busy, tmp_path):  # E5
    code = CLIENT.format(here=str(Path(__file__).parent), busy=busy, folder=str(tmp_path))
    client = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": ROOT}
    )
    assert client.stdout is not None
    server, child, holder = map(int, client.stdout.readline().split())
    try:
        client.kill()
        client.wait()
        assert gone(server)
        assert busy or gone(child)
    finally:
        client.stdout.close()
        os.kill(holder, signal.SIGKILL)


def test_a_process_id_of_another_machine_is_ignored(start):
    peer = start()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    peer.initialize(processId=dead.pid)
    time.sleep(0.3)
    assert peer.result("textDocument/hover", at(URI, 0, 0)) is None
    assert peer.leave() == 0


def test_a_client_that_stops_reading_counts_as_gone(start, monkeypatch):
    script = (
        "import keras_lsp.server.transport as t, keras_lsp.server.lifecycle as l\n"
        "t.MAX_BLOCKED = l.MAX_BLOCKED = 1.2\n"
        "from keras_lsp.server import main\n"
        "raise SystemExit(main([]))\n"
    )
    peer = start([sys.executable, "-c", script])
    peer.initialize()
    peer.reading.clear()
    for _ in range(3_000):  # more answers than a pipe holds
        peer.ask("keras-lsp/" + "x" * 90)
    peer.process.wait(allowed(8))


def test_nobody_waits_busily(start):
    peer = start()
    peer.initialize()
    peer.open(URI, "import keras\n")
    peer.notification("textDocument/publishDiagnostics")

    def used() -> int:
        fields = Path(f"/proc/{peer.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    if not Path("/proc/self/stat").exists():
        return
    # What it began it may end first, which takes its time on a busy machine; then there is silence.
    for _ in range(10):
        before = used()
        time.sleep(2)
        spent = used() - before
        if spent <= 2:  # ticks of 10 ms
            break
    assert spent <= 2


def test_a_tcp_client(start):
    import re
    import socket

    process = subprocess.Popen(
        [*SERVER, "--tcp"], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": ROOT}
    )
    assert process.stderr is not None
    match = re.search(rb"127\.0\.0\.1:(\d+)", process.stderr.readline())
    assert match
    with socket.create_connection(("127.0.0.1", int(match[1]))) as connection:
        body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"rootUri":null,"capabilities":{}}}'
        connection.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        connection.settimeout(60)
        received = b""
        while b"capabilities" not in received:
            received += connection.recv(65536)
    assert process.wait(allowed(PROMISE)) == 1
    process.stderr.close()
