"""Any interleaving of messages: exactly one response per request, none for notifications, nothing outside frames."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from wire import INSTRUMENTED, at, replace

URIS = ["file:///w/a.py", "untitled:b", "file:///w/c.py"]
TEXT = "import keras\nx = keras.Input((28, 28))\ny = keras.layers.Conv2D(8, 3)(x)\nz = keras.layers.Dense(3, )(x)\n"


def request(dice: random.Random) -> tuple[str, Any]:
    uri = dice.choice([*URIS, "file:///never/open.py"])
    place = at(uri, dice.randrange(6), dice.randrange(40))
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": dice.randrange(9), "character": 0}}
    document = {"textDocument": {"uri": uri}}
    return dice.choice(
        [
            ("textDocument/hover", place),
            ("textDocument/completion", place),
            ("textDocument/signatureHelp", place),
            ("textDocument/definition", place),
            ("textDocument/inlayHint", {**document, "range": whole}),
            ("textDocument/codeAction", {**document, "range": whole, "context": {"diagnostics": []}}),
            ("textDocument/codeLens", document),
            ("textDocument/documentSymbol", document),
            ("textDocument/diagnostic", document),
            ("workspace/executeCommand", {"command": "keras-lsp.showModelSummary", "arguments": [{"uri": uri}]}),
            ("workspace/executeCommand", {"command": "nothing"}),
            ("completionItem/resolve", {"label": "x", "data": {"uri": uri, "data": "?"}}),
            ("codeAction/resolve", {"title": "x", "data": {"uri": uri, "span": [0, "1"]}}),
            ("inlayHint/resolve", {"position": {"line": 0, "character": 0}, "label": "x", "data": [uri]}),
            ("textDocument/hover", {"position": None}),
            ("keras-lsp/none", place),
            ("test/sleep", {"seconds": 0.01}),
        ]
    )


@pytest.mark.parametrize("seed", range(4))
def test_one_response_each(start, seed):
    dice = random.Random(seed)
    peer = start(INSTRUMENTED, KERAS_LSP_STRICT="")
    peer.initialize({"textDocument": {"diagnostic": {}}} if seed % 2 else {})
    asked: list[int] = []
    versions = Counter[str]()
    for _ in range(400):
        uri = dice.choice(URIS)
        action = dice.random()
        if action < 0.1:
            peer.open(uri, TEXT[: dice.randrange(len(TEXT))] if dice.random() < 0.5 else TEXT, versions[uri])
        elif action < 0.3:
            versions[uri] += 1
            first, second = sorted((dice.randrange(6), dice.randrange(40)) for _ in range(2))
            peer.change(
                uri, versions[uri], replace(first, second, dice.choice(["", "(", "\n", "😋", "x = 1\n", '"""']))
            )
        elif action < 0.34:
            peer.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        elif action < 0.42 and asked:
            peer.notify("$/cancelRequest", {"id": dice.choice(asked)})
        elif action < 0.44:
            peer.notify("textDocument/didChange", {"textDocument": {}, "contentChanges": [{}]})
        else:
            asked.append(peer.ask(*request(dice)))
    last = peer.request("test/sleep", {"seconds": 0}, 200)
    assert last["result"] == "slept"
    for identifier in asked:
        peer.response(identifier)
    counts = Counter(message["id"] for message in peer.messages if "method" not in message)
    assert set(counts.values()) == {1} and None not in counts
    assert peer.noise == b""
    assert not peer.notifications("window/showMessage")
    internal = [p["message"] for p in peer.notifications("window/logMessage") if "internal error" in p["message"]]
    assert not internal, (internal, "".join(peer.errors)[-3000:])
    assert peer.leave() == 0


@pytest.mark.long
def test_memory_is_flat_over_ten_thousand_edits(start):
    from pathlib import Path

    dice = random.Random(1)
    peer = start(INSTRUMENTED)
    peer.initialize({"textDocument": {"diagnostic": {}}})
    peer.open(URIS[0], TEXT)

    def resident() -> int:
        status = Path(f"/proc/{peer.process.pid}/status").read_text()
        return next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmRSS"))

    early = 0
    for version in range(2, 10_002):
        peer.change(
            URIS[0], version, {"text": TEXT.replace("8, 3", f"{dice.randrange(1, 64)}, {dice.randrange(1, 9)}")}
        )
        peer.request("textDocument/diagnostic", {"textDocument": {"uri": URIS[0]}})
        peer.messages.clear()
        if version == 2_000:
            early = resident()
    assert (resident() - early) / 8 < 1024  # kilobytes for each thousand edits
