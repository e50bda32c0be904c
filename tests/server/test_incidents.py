"""Incidents of other language servers that no other test closes; docs/reliability.md says which test closes which."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from test_documents import BUG
from test_projects import CONFIGURATION, KERAS_3_ONLY, REMOVED, codes, folder
from wire import INSTRUMENTED, ROOT, UTF_16, Peer, at, replace

from keras_lsp.oracle.cache import AnswerCache
from keras_lsp.oracle.questions import Answer, LayerQuestion
from keras_lsp.server import lifecycle
from keras_lsp.server.unit import file_path

URI = "file:///w/model.py"


def interpreter(base: Path, keras: str) -> Path:
    """An environment as far as it is looked at: nothing of it can be started."""
    packages = base / "lib" / "python3.11" / "site-packages"
    (packages / f"keras-{keras}.dist-info").mkdir(parents=True)
    (base / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    program = base / "bin" / "python"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    return program


# --- Requests ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        {"command": "keras-lsp.showModelSummary"},
        {"command": "keras-lsp.showModelSummary", "arguments": [None]},
        {"command": "keras-lsp.showModelSummary", "arguments": [{"uri": 7, "name": {}}]},
        {"command": "keras-lsp.showModelGraph", "arguments": [[[]]]},
        {"command": "keras-lsp.explainError", "arguments": [{"code": None}]},
        {"command": "keras-lsp.status", "arguments": ["\ud800"]},
        {"command": 7},
        {},
    ],
    ids=repr,
)
def test_a_bad_argument_of_a_command_is_an_error_of_the_asker(shared, params):  # E2d
    answer = shared.request("workspace/executeCommand", params)
    assert answer.get("error", {"code": -32602})["code"] in (-32602, -32803)
    assert not shared.notifications("window/showMessage")


def test_columns_and_lengths_count_bytes_where_the_wire_does(start):  # incident 9
    peer = start(INSTRUMENTED)
    peer.initialize(UTF_16)
    text = "# 😋 é 日本\n" + BUG.replace("Conv2D(8, 3)", "Conv2D(8, 3, name='日本😋')")
    # Raw UTF-8 in the frame, and the line ends that a Windows client in text mode writes.
    body = json.dumps(
        {
            "jsonrpc": "2.0",
            "method": "textDocument/didOpen",
            "params": {"textDocument": {"uri": URI, "languageId": "python", "version": 1, "text": text}},
        },
        ensure_ascii=False,
    ).encode()
    peer.frame(body, b"Content-Length: %d\r\r\n\r\r\n")
    assert peer.result("test/text", {"uri": URI}) == [text]
    assert "日本" in str(peer.result("textDocument/hover", at(URI, 5, 20)))
    assert peer.noise == b""


def test_hints_lie_in_the_text_and_in_what_was_asked_for(start):  # incident 14
    peer = start()
    peer.initialize(UTF_16)
    lines = ["import keras", "x = keras.Input((3,))", *(f"x = keras.layers.Dense({n})(x)  # 😋" for n in range(1, 30))]
    peer.open(URI, "\n".join(lines))

    def hints(first: int, last: int) -> list[dict[str, Any]]:
        range_ = {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}
        return peer.result("textDocument/inlayHint", {"textDocument": {"uri": URI}, "range": range_})

    for first, last in ((0, 99), (5, 9), (29, 999), (40, 50), (9, 5)):
        for hint in hints(first, last):
            line, character = hint["position"]["line"], hint["position"]["character"]
            assert min(first, last) <= line <= max(first, last) and line < len(lines)
            assert character <= len(lines[line].encode("utf-16-le")) // 2
    peer.change(URI, 2, {"text": "\n".join(lines[:4])})
    assert {hint["position"]["line"] for hint in hints(0, 99)} <= {0, 1, 2, 3}


def test_edits_use_the_line_ends_of_the_file(start):  # incident 17
    peer = start()
    code_action = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}
    peer.initialize({"textDocument": {"codeAction": code_action}})
    text = REMOVED.replace("layer = ", "model = keras.Sequential([\n    ").rstrip("\n") + ",\n])\n"
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    for newline in ("\n", "\r\n"):
        uri = f"{URI}{len(newline)}"
        peer.open(uri, text.replace("\n", newline))
        actions = peer.result(
            "textDocument/codeAction", {"textDocument": {"uri": uri}, "range": whole, "context": {"diagnostics": []}}
        )
        edits = json.dumps([action.get("edit") for action in actions])
        assert "keras.Input" in edits
        assert ("\\r\\n" in edits) == (newline == "\r\n"), edits
        assert "\\n" not in edits.replace("\\r\\n", "") if newline == "\r\n" else "\\r" not in edits


def test_a_uri_comes_back_byte_for_byte(start, tmp_path):  # incidents 18 and 23
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "requirements.txt").write_text("keras==2.2.4\n")
    peer = start(VIRTUAL_ENV="", CONDA_PREFIX="")
    peer.initialize(workspaceFolders=[folder(tmp_path / "link")])
    base = (tmp_path / "link").as_uri()
    for uri in (f"{base}/model.py", f"{base}/mod%65l.py", f"{base}/a%20b.py", f"{base}/c%3Ad.py", f"{base}//x.py"):
        peer.open(uri, BUG)
        published = peer.notification("textDocument/publishDiagnostics", lambda params, uri=uri: params["uri"] == uri)
        assert [item["code"] for item in published["diagnostics"]] == ["KER201"]
    # What lies beside it is found through the link.
    peer.open(f"{base}/old.py", REMOVED)
    assert codes(peer, f"{base}/old.py") == []


# --- Environments -----------------------------------------------------------------------------------------------------------


def test_two_folders_with_two_interpreters(start, tmp_path):
    for name, keras in (("old", "2.2.4"), ("new", "3.15.1")):
        interpreter(tmp_path / name / ".venv", keras)
    peer = start(VIRTUAL_ENV="", CONDA_PREFIX="")
    peer.initialize(workspaceFolders=[folder(tmp_path / "old"), folder(tmp_path / "new")])
    for name in ("old", "new"):
        peer.open((tmp_path / name / "model.py").as_uri(), REMOVED)
    assert codes(peer, (tmp_path / "old" / "model.py").as_uri()) == []
    assert KERAS_3_ONLY in codes(peer, (tmp_path / "new" / "model.py").as_uri())


def test_another_interpreter_is_chosen_while_it_runs(start, tmp_path):  # incident 25
    old, new = (interpreter(tmp_path / name, keras) for name, keras in (("a", "2.2.4"), ("b", "3.15.1")))
    (tmp_path / "w").mkdir()

    class Choosing(Peer):
        chosen: Any = None

        def _answer(self, message: dict[str, Any]) -> None:
            if message["method"] == "workspace/configuration":
                settings = {"interpreter": [str(self.chosen)]}
                self.send({"id": message["id"], "result": [settings] * len(message["params"]["items"])})
            else:
                super()._answer(message)

    Choosing.chosen = old
    peer = Choosing(VIRTUAL_ENV="", CONDA_PREFIX="")
    try:
        peer.initialize(CONFIGURATION, workspaceFolders=[folder(tmp_path / "w")])
        uri = (tmp_path / "w" / "model.py").as_uri()
        peer.open(uri, REMOVED)
        assert codes(peer, uri, lambda found: not found) == []
        for chosen, expected in ((new, True), (old, False), (tmp_path / "nothing", True)):
            peer.chosen = chosen
            peer.notify("workspace/didChangeConfiguration", {"settings": None})
            assert (KERAS_3_ONLY in codes(peer, uri, lambda found, e=expected: bool(found) == e)) == expected
        assert peer.leave() == 0
    finally:
        peer.close()


def test_a_file_that_names_a_version_comes_and_goes(start, tmp_path):
    peer = start(VIRTUAL_ENV="", CONDA_PREFIX="")
    peer.initialize(workspaceFolders=[folder(tmp_path)])
    uri = (tmp_path / "model.py").as_uri()
    peer.open(uri, REMOVED)
    assert KERAS_3_ONLY in codes(peer, uri)
    pins = tmp_path / "requirements.txt"
    for text, expected in (("keras==2.2.4\n", False), (None, True)):
        pins.unlink() if text is None else pins.write_text(text)
        event = {"uri": pins.as_uri(), "type": 3 if text is None else 1}
        peer.notify("workspace/didChangeWatchedFiles", {"changes": [event, {"uri": "untitled:x", "type": 2}]})
        assert (KERAS_3_ONLY in codes(peer, uri, lambda found, e=expected: bool(found) == e)) == expected


def test_a_broken_configuration_is_no_reason_to_leave(start, tmp_path):  # incident 25
    for name, text in (
        ("keras-lsp.toml", "[[[\0"),
        ("pyproject.toml", "\ufeff= 3"),
        ("requirements.txt", "\0\ufffe=="),
    ):
        (tmp_path / name).write_text(text)
    peer = start(VIRTUAL_ENV="", CONDA_PREFIX="")
    peer.initialize(workspaceFolders=[folder(tmp_path)])
    uri = (tmp_path / "model.py").as_uri()
    peer.open(uri, REMOVED)
    assert KERAS_3_ONLY in codes(peer, uri)
    assert not peer.notifications("window/showMessage")
    assert peer.leave() == 0


# --- Processes --------------------------------------------------------------------------------------------------------------


def test_looking_for_the_client_never_signals_it_on_windows(monkeypatch):  # incident 2
    """There `os.kill(pid, 0)` ends the process."""
    looked: list[tuple[int, int]] = []
    monkeypatch.setattr(lifecycle.sys, "platform", "win32")
    monkeypatch.setattr(lifecycle, "_windows_wait", lambda pid, time_: looked.append((pid, time_)) or len(looked) < 3)

    def kill(*_):
        raise AssertionError("the client was signalled")

    monkeypatch.setattr(lifecycle.os, "kill", kill)
    assert lifecycle.process_alive(1234)
    lifecycle.wait_for_process(1234)
    assert [pid for pid, _ in looked] == [1234] * 3


@pytest.mark.skipif(not Path("/proc").exists(), reason="zombies are counted in /proc")
def test_a_child_that_ended_leaves_no_zombie(start):  # incident 3
    peer = start(INSTRUMENTED)
    peer.initialize()
    child = peer.result("test/child", seconds=60)
    os.kill(child, signal.SIGKILL)
    end = time.monotonic() + 20
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < end, "nobody waited for the child"
        time.sleep(0.02)
    assert peer.leave() == 0


# --- The cache --------------------------------------------------------------------------------------------------------------


def test_nothing_is_lost_in_the_cache_when_its_writer_is_killed(tmp_path):
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from keras_lsp.oracle.cache import AnswerCache\n"
        "from keras_lsp.oracle.questions import Answer, LayerQuestion\n"
        "cache = AnswerCache(Path(sys.argv[1]))\n"
        "for n in range(1, 101):\n"
        "    cache.put('3', 'tensorflow', LayerQuestion(name='keras.layers.Dense', args=[n]), Answer(name=str(n)))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "a.sqlite3"
    environment = {**os.environ, "PYTHONPATH": ROOT}
    child = subprocess.run([sys.executable, "-c", code, str(path)], env=environment, timeout=60)
    assert child.returncode == -signal.SIGKILL
    cache = AnswerCache(path)
    questions = [LayerQuestion(name="keras.layers.Dense", args=[n]) for n in range(1, 101)]
    assert [cache.get("3", "tensorflow", question) for question in questions] == [
        Answer(name=str(n)) for n in range(1, 101)
    ]
    assert cache.problem is None


@pytest.mark.parametrize("now", [-1e9, 0, 2**31, 2**40, 1e15])
def test_a_clock_that_is_wrong_harms_nothing(tmp_path, monkeypatch, now):
    path = tmp_path / "a.sqlite3"
    question = LayerQuestion(name="keras.layers.Dense", args=[1])
    AnswerCache(path).put("3", "tensorflow", question, Answer(name="before"))
    monkeypatch.setattr("keras_lsp.oracle.cache.time.time", lambda: now)
    cache = AnswerCache(path, max_bytes=50_000)
    for n in range(2, 1_000):
        cache.put("3", "tensorflow", LayerQuestion(name="keras.layers.Dense", args=[n]), Answer(name=str(n)))
    assert cache.get("3", "tensorflow", LayerQuestion(name="keras.layers.Dense", args=[999])) == Answer(name="999")
    assert cache.problem is None


def test_a_clock_that_jumps_moves_no_deadline(start):
    """Deadlines count from the machine's start, not from the wall clock."""
    sources = [*(Path(ROOT) / "keras_lsp" / "server").glob("*.py"), *(Path(ROOT) / "keras_lsp" / "oracle").glob("*.py")]
    using = {path.name for path in sources if "time.time()" in path.read_text(encoding="utf-8")}
    assert using <= {"cache.py"}


# --- Paths ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///w/a.py", "/w/a.py"),
        ("file:///w/%F0%9F%98%8B%20%23.py", "/w/😋 #.py"),
        ("untitled:Untitled-1", None),
        ("vscode-notebook-cell:/w/b.ipynb#W1", None),
        ("git:/w/a.py?ref", None),
        ("file:///w/nul%00.py", None),
        ("file://server/share/a.py", None),
        ("file:", None),
        ("", None),
    ],
)
def test_only_a_file_of_this_machine_has_a_path(uri, path):  # incident 18
    assert file_path(uri) == path


def test_dependencies_that_broke_others_are_bounded():  # incident 11
    import re

    text = (Path(ROOT) / "pyproject.toml").read_text(encoding="utf-8")
    needed = re.findall(r'^  "([^"]+)",', text.partition("\ndependencies = [")[2].partition("]")[0], re.MULTILINE)
    bounded = {re.split(r"[<>=!~ ]", row)[0] for row in needed if "<" in row.partition(";")[0]}
    assert {"pygls", "jedi"} <= bounded
    assert len(needed) <= 7


def test_a_large_answer_to_a_client_that_reads_late(start):
    """A summary of a hundred layers, asked for a thousand times before the first is read."""
    peer = start()
    peer.initialize()
    rows = "\n".join(f"    keras.layers.Dense({n})," for n in range(1, 100))
    peer.open(URI, f"import keras\nmodel = keras.Sequential([\n    keras.Input((3,)),\n{rows}\n])\n")
    peer.reading.clear()
    command = {"command": "keras-lsp.showModelSummary", "arguments": [{"uri": URI, "name": "model"}]}
    asked = [peer.ask("workspace/executeCommand", command) for _ in range(300)]
    peer.change(URI, 2, replace((0, 0), (0, 0), "#"))
    peer.reading.set()
    for identifier in asked:
        peer.response(identifier, 60)
    assert peer.noise == b""
    assert peer.leave() == 0
