"""Folders, settings and modules of a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as t

import keras_lsp.server.session as session_module
from keras_lsp.server import worlds
from keras_lsp.server.session import Session

REMOVED = "import keras\n\nlayer = keras.layers.LSTM(8, input_length=6, input_dim=8)\n"
KERAS_3_ONLY = "KER103"

CONFIGURATION = {"workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}}


def folder(path: Path) -> dict[str, str]:
    return {"uri": path.as_uri(), "name": path.name}


def codes(peer: Any, uri: str, accept: Any = lambda codes: True) -> list[str]:
    def found(params: dict[str, Any]) -> bool:
        return params["uri"] == uri and accept([item["code"] for item in params["diagnostics"]])

    published = peer.notification("textDocument/publishDiagnostics", found)
    return [item["code"] for item in published["diagnostics"]]


def test_two_folders_with_two_versions_of_keras(start, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for path, pin in ((old, "keras==2.2.4"), (new, "keras==3.15.1")):
        path.mkdir()
        (path / "requirements.txt").write_text(pin + "\n")
    peer = start(VIRTUAL_ENV="", CONDA_PREFIX="")
    peer.initialize(workspaceFolders=[folder(old), folder(new)])
    for path in (old, new):
        peer.open((path / "model.py").as_uri(), REMOVED)
    assert codes(peer, (old / "model.py").as_uri()) == []
    assert KERAS_3_ONLY in codes(peer, (new / "model.py").as_uri())


def test_settings_of_the_project(start, tmp_path):
    (tmp_path / "keras-lsp.toml").write_text(f'ignore = ["{KERAS_3_ONLY}"]\nkeras-version = "3"\n')
    peer = start()
    peer.initialize(workspaceFolders=[folder(tmp_path)])
    uri = (tmp_path / "model.py").as_uri()
    peer.open(uri, REMOVED)
    assert KERAS_3_ONLY not in codes(peer, uri)
    (tmp_path / "keras-lsp.toml").write_text('keras-version = "3"\n')
    event = {"uri": (tmp_path / "keras-lsp.toml").as_uri(), "type": 2}
    peer.notify("workspace/didChangeWatchedFiles", {"changes": [event]})
    assert KERAS_3_ONLY in codes(peer, uri, lambda found: KERAS_3_ONLY in found)


def test_only_a_few_files_are_watched(start, tmp_path):
    peer = start()
    peer.initialize({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}})
    registered = peer.wait(lambda: [m for m in peer.messages if m.get("method") == "client/registerCapability"])[0]
    (registration,) = registered["params"]["registrations"]
    patterns = [watcher["globPattern"] for watcher in registration["registerOptions"]["watchers"]]
    assert patterns and not any(pattern.endswith(("*.py", "**/*", ".ipynb")) for pattern in patterns)


@pytest.mark.parametrize(
    "options",
    [
        {"kerasVersion": "2.3"},
        {"settings": {"kerasVersion": "2.3"}},
        {"keras-lsp": {"kerasVersion": "2.3"}},
        {"settings": [], "globalSettings": {"kerasVersion": "2.3"}},
    ],
)
def test_settings_at_the_start(start, options):
    peer = start()
    peer.initialize(initializationOptions=options)
    peer.open("untitled:1", REMOVED)
    assert codes(peer, "untitled:1") == []


def test_odd_options_harm_nothing(start):
    for options in ([], "text", {"settings": 7}, {"settings": [None, 3], "kerasVersion": 7, "what": {}}):
        peer = start()
        peer.initialize(initializationOptions=options)
        peer.open("untitled:1", REMOVED)
        assert KERAS_3_ONLY in codes(peer, "untitled:1")


def test_settings_that_are_asked_for(start):
    from wire import Peer

    class Configured(Peer):
        settings: Any
        scopes: list[Any]

        def _answer(self, message: dict[str, Any]) -> None:
            if message["method"] == "workspace/configuration":
                self.scopes = [item.get("scopeUri") for item in message["params"]["items"]]
                self.send({"id": message["id"], "result": [self.settings] * len(self.scopes)})
            else:
                super()._answer(message)

    Configured.settings = {"kerasVersion": "2.3"}
    peer = Configured()
    try:
        peer.initialize(CONFIGURATION)
        peer.open("untitled:1", REMOVED)
        assert codes(peer, "untitled:1", lambda found: not found) == []
        peer.settings = {"kerasVersion": "3"}
        peer.notify("workspace/didChangeConfiguration", {"settings": None})
        assert KERAS_3_ONLY in codes(peer, "untitled:1", lambda found: bool(found))
        peer.settings = None  # an old client that knows nothing of the section
        peer.notify("workspace/didChangeConfiguration", {"settings": None})
        peer.settings = {"enable": False}
        peer.notify("workspace/didChangeConfiguration", {"settings": None})
        assert codes(peer, "untitled:1", lambda found: not found) == []
    finally:
        peer.close()


def test_settings_that_are_told(start):
    peer = start()
    peer.initialize()
    peer.open("untitled:1", REMOVED)
    assert KERAS_3_ONLY in codes(peer, "untitled:1")
    peer.notify("workspace/didChangeConfiguration", {"settings": {"keras-lsp": {"kerasVersion": "2.3"}}})
    assert codes(peer, "untitled:1", lambda found: not found) == []


MODULE = "from keras import layers\n\ndef head(x):\n    return layers.Conv2D(8, 3)(x)\n"
MAIN = "import keras\nfrom head import head\n\nx = keras.Input(shape={shape})\ny = head(x)\n"


def test_an_open_module_counts_before_the_one_on_disk(start, tmp_path):
    (tmp_path / "head.py").write_text("def head(x):\n    return x\n")
    (tmp_path / "requirements.txt").write_text("keras==3.15.1\n")
    main, module = (tmp_path / "main.py").as_uri(), (tmp_path / "head.py").as_uri()
    peer = start(VIRTUAL_ENV="")
    peer.initialize(workspaceFolders=[folder(tmp_path)])
    peer.open(main, MAIN.format(shape="(28, 28)"))
    assert codes(peer, main) == []
    peer.open(module, MODULE)
    assert codes(peer, main, lambda found: bool(found)) == ["KER201"]
    peer.notify("textDocument/didClose", {"textDocument": {"uri": module}})
    assert codes(peer, main, lambda found: not found) == []


def test_only_what_depends_on_a_change_is_analysed_again(start, tmp_path):
    (tmp_path / "head.py").write_text(MODULE)
    main, other, module = ((tmp_path / name).as_uri() for name in ("main.py", "other.py", "head.py"))
    peer = start(VIRTUAL_ENV="")
    peer.initialize(workspaceFolders=[folder(tmp_path)])
    peer.open(main, MAIN.format(shape="(28, 28, 1)"))
    peer.open(other, "import keras\nx = keras.Input(shape=(3,))\n")
    codes(peer, main), codes(peer, other)
    before = len([p for p in peer.notifications("textDocument/publishDiagnostics") if p["uri"] == other])
    peer.open(module, MODULE.replace("8, 3", "8, 99"))
    assert codes(peer, main, lambda found: bool(found))
    after = len([p for p in peer.notifications("textDocument/publishDiagnostics") if p["uri"] == other])
    assert after == before


def test_folders_come_and_go(start, tmp_path):
    (tmp_path / "requirements.txt").write_text("keras==2.2.4\n")
    peer = start(VIRTUAL_ENV="")
    peer.initialize()
    peer.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [folder(tmp_path)], "removed": []}})
    uri = (tmp_path / "model.py").as_uri()
    peer.open(uri, REMOVED)
    assert codes(peer, uri) == []
    peer.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folder(tmp_path)]}})
    peer.open("untitled:1", REMOVED)
    assert KERAS_3_ONLY in codes(peer, "untitled:1")


# --- What changes while it is read ------------------------------------------------------------------------------------------


def document(path: Path, text: str) -> t.TextDocumentItem:
    return t.TextDocumentItem(path.as_uri(), t.LanguageKind.Python, 1, text)


def test_settings_that_change_while_a_project_is_made_hold_afterwards(tmp_path, monkeypatch):
    knowledge = worlds.Worlds(may_trust=False)
    find = worlds.find_environment

    def find_slowly(*arguments: Any) -> Any:
        monkeypatch.setattr(worlds, "find_environment", find)
        knowledge.configure({"kerasVersion": "2.2.4"}, None)
        return find(*arguments)

    monkeypatch.setattr(worlds, "find_environment", find_slowly)
    knowledge.project(str(tmp_path / "model.py"))
    assert knowledge.project(str(tmp_path / "model.py")).keras.generation == 2


def test_a_module_that_changes_while_it_is_followed_is_followed_again(tmp_path, monkeypatch):
    (tmp_path / "head.py").write_text(MODULE)
    session = Session(worlds.Worlds(may_trust=False), lambda message: None)
    session.set_folders([t.WorkspaceFolder(tmp_path.as_uri(), "w")])
    session.open(document(tmp_path / "main.py", MAIN.format(shape="(28, 28, 1)")))
    analyse = session_module.analyse_document

    def analyse_slowly(*arguments: Any) -> Any:
        monkeypatch.setattr(session_module, "analyse_document", analyse)
        made = analyse(*arguments)
        session.open(document(tmp_path / "head.py", MODULE.replace("Conv2D(8, 3)", "Conv2D(8, 30)")))
        return made

    monkeypatch.setattr(session_module, "analyse_document", analyse_slowly)
    view = session.view((tmp_path / "main.py").as_uri())
    assert view is not None
    assert view.analysis.findings == ()
    assert view.analysis.findings != ()
