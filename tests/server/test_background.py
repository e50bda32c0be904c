"""Answers that come later, from the real Keras and from files, and what they cause."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest
from test_lifecycle import gone
from wire import INSTRUMENTED

from tests.patience import allowed

URI = "untitled:1"
CAPABILITIES = {
    "window": {"workDoneProgress": True},
    "workspace": {"inlayHint": {"refreshSupport": True}, "diagnostics": {"refreshSupport": True}},
    "textDocument": {"diagnostic": {}, "inlayHint": {}},
}


@pytest.fixture
def asked(start, tmp_path):
    """A server that was told which interpreter has Keras, and has a question."""
    peer = start(INSTRUMENTED, KERAS_LSP_CACHE_DIR=str(tmp_path), VIRTUAL_ENV="", CONDA_PREFIX="")
    options = {"oracle": {"python": sys.executable, "timeout": 120}}
    peer.initialize(CAPABILITIES, initializationOptions={"settings": options})
    peer.open(URI, "import keras\n")
    return peer


def test_an_answer_extends_the_world_and_refreshes_the_client(asked):
    asked.result("test/questions", {"uri": URI, "units": 5})

    def refreshes():
        return [m for m in asked.messages if m.get("method") == "workspace/inlayHint/refresh"]

    # Nobody waits: other questions are answered while Keras is loaded, which takes seconds.
    asked.result("textDocument/documentSymbol", {"textDocument": {"uri": URI}})
    assert not refreshes()
    refresh = asked.wait(refreshes, 240)
    assert len(refresh) == 1
    asked.wait(lambda: [m for m in asked.messages if m.get("method") == "workspace/diagnostic/refresh"])
    found = asked.result("test/answers", {"uri": URI})
    assert found["answers"] == {"what Dense gives": [None, 5]}
    # Loading takes seconds, and was shown; the bar ended.
    asked.wait(lambda: len(asked.notifications("$/progress")) == 2)
    assert [params["value"]["kind"] for params in asked.notifications("$/progress")] == ["begin", "end"]
    # The same question is not asked again.
    asked.result("test/questions", {"uri": URI, "units": 5})
    (worker,) = found["pids"]
    asked.notify("exit")
    assert asked.process.wait(allowed(2)) == 1
    assert gone(worker)


def test_a_long_analysis_is_shown_while_it_lasts(start, tmp_path):
    peer = start(INSTRUMENTED, KERAS_LSP_CACHE_DIR=str(tmp_path), VIRTUAL_ENV="", CONDA_PREFIX="")
    peer.initialize(CAPABILITIES)
    peer.result("test/holdAnalyses", {"file": str(tmp_path / "go")})
    peer.open("file:///w/model.py", "import keras\n")
    asked = peer.ask("textDocument/documentSymbol", {"textDocument": {"uri": "file:///w/model.py"}})
    (begun,) = peer.wait(lambda: peer.notifications("$/progress"))
    assert begun["value"]["kind"] == "begin" and "model.py" in begun["value"]["title"]
    assert not peer.responses(asked)
    (tmp_path / "go").touch()
    assert peer.response(asked)["result"] == []
    peer.wait(lambda: len(peer.notifications("$/progress")) == 2)
    assert peer.notifications("$/progress")[1]["value"]["kind"] == "end"
    # What takes no time is not shown.
    peer.change("file:///w/model.py", 2, {"text": "import os\n"})
    peer.result("textDocument/documentSymbol", {"textDocument": {"uri": "file:///w/model.py"}})
    assert len(peer.notifications("$/progress")) == 2
    assert peer.leave() == 0


def test_a_worker_that_is_killed_harms_nothing(asked):
    asked.result("test/questions", {"uri": URI, "units": 6})
    (worker,) = asked.wait(lambda: [pid for pid in asked.result("test/answers", {"uri": URI})["pids"] if pid])
    os.kill(worker, signal.SIGKILL)
    time.sleep(0.3)
    assert asked.result("textDocument/documentSymbol", {"textDocument": {"uri": URI}}) == []
    state = asked.result("workspace/executeCommand", {"command": "keras-lsp.restartWorker"})
    assert "state" in state
    assert asked.leave() == 0


# An interpreter whose Keras worker says that it is ready, and then misbehaves at every question.
FAULTY = """
import json, os, sys, time
ready = {"protocol": 1, "api": "keras", "keras": "3.15.1", "backend": "tensorflow", "backend_version": "2.21.0",
         "python": "3.11.7", "seconds": 1.0, "resident": 10}
print(json.dumps({"ready": ready}), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if FAULT == "killed":
        os.abort()
    elif FAULT == "hung":
        time.sleep(600)
    elif FAULT == "garbled":
        print("} what is this {", flush=True)
    elif FAULT == "starved":
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (1 << 26, 1 << 26))
        bytes(1 << 30)
"""


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("killed", "it ended"),
        ("hung", "it did not answer within 1 s"),
        ("garbled", "it sent something that is not an answer"),
        ("starved", "it ended while answering: MemoryError"),
    ],
)
def test_a_faulty_worker_harms_no_request(start, tmp_path, fault, reason):
    (tmp_path / "faulty.py").write_text(FAULTY.replace("FAULT ", f"{fault!r} "))
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} {tmp_path / 'faulty.py'}\n")
    program.chmod(0o755)
    peer = start(INSTRUMENTED, KERAS_LSP_CACHE_DIR=str(tmp_path / "cache"), VIRTUAL_ENV="", CONDA_PREFIX="")
    options = {"oracle": {"python": str(program), "timeout": 1}}
    peer.initialize(CAPABILITIES, initializationOptions={"settings": options})
    peer.open(URI, "import keras\n")

    def state() -> str:
        return next(iter(peer.result("test/answers", {"uri": URI})["state"].values()), "")

    units = 0
    until = time.monotonic() + allowed(60)
    while not state().startswith("disabled"):  # after three strikes, with a pause behind each
        assert time.monotonic() < until, state()
        units += 1
        peer.result("test/questions", {"uri": URI, "units": units, "key": str(units)})
        asked = [peer.ask("textDocument/documentSymbol", {"textDocument": {"uri": URI}}) for _ in range(5)]
        assert [peer.response(identifier)["result"] for identifier in asked] == [[]] * 5
        time.sleep(0.2)
    assert reason in state()
    assert peer.result("test/answers", {"uri": URI})["answers"] == {}
    peer.result("workspace/executeCommand", {"command": "keras-lsp.restartWorker"})
    assert not state().startswith("disabled")
    assert peer.leave() == 0


def test_an_interpreter_of_the_workspace_is_not_started(start, tmp_path):
    """What lies in a workspace is started only if the client says that the user trusts it."""
    canary = tmp_path / "canary"
    program = tmp_path / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ntouch {canary}\n")
    program.chmod(0o755)
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("home = /usr\n")
    packages = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / "keras-3.15.1.dist-info"
    packages.mkdir(parents=True)
    (tmp_path / "keras-lsp.toml").write_text(f'python = "{program}"\n\n[oracle]\npython = "{program}"\n')
    uri = (tmp_path / "model.py").as_uri()
    for trusted, flags in ((None, []), (False, []), (True, ["--untrusted-workspace"])):
        peer = start(
            [*INSTRUMENTED, *flags], VIRTUAL_ENV="", CONDA_PREFIX="", KERAS_LSP_CACHE_DIR=str(tmp_path / "cache")
        )
        options = {} if trusted is None else {"trusted": trusted}
        peer.initialize(workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "w"}], initializationOptions=options)
        peer.open(uri, "import keras\n")
        peer.result("test/questions", {"uri": uri, "units": 7})
        peer.wait(lambda peer=peer: peer.result("test/answers", {"uri": uri})["state"])
        time.sleep(0.3)
        assert not canary.exists()
    peer = start(INSTRUMENTED, VIRTUAL_ENV="", CONDA_PREFIX="", KERAS_LSP_CACHE_DIR=str(tmp_path / "cache"))
    peer.initialize(workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "w"}], initializationOptions={"trusted": True})
    peer.open(uri, "import keras\n")
    peer.result("test/questions", {"uri": uri, "units": 7})
    peer.wait(canary.exists)
