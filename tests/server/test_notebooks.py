"""Notebooks: one module, cells by URI."""

from __future__ import annotations

from typing import Any

from wire import INSTRUMENTED, replace

BOOK = "file:///w/book.ipynb"
CAPABILITIES = {
    "notebookDocument": {"synchronization": {"dynamicRegistration": True}},
    "textDocument": {"diagnostic": {}},
    "general": {"positionEncodings": ["utf-16"]},
}


def cell(number: int) -> str:
    return f"vscode-notebook-cell:/w/book.ipynb#W{number}"


def item(number: int, text: str, language: str = "python") -> dict[str, Any]:
    return {"uri": cell(number), "languageId": language, "version": 1, "text": text}


def kind(number: int, code: bool = True) -> dict[str, Any]:
    return {"kind": 2 if code else 1, "document": cell(number)}


def opened(peer: Any, *texts: str) -> None:
    peer.notify(
        "notebookDocument/didOpen",
        {
            "notebookDocument": {
                "uri": BOOK,
                "notebookType": "jupyter-notebook",
                "version": 1,
                "cells": [kind(number) for number in range(len(texts))],
            },
            "cellTextDocuments": [item(number, text) for number, text in enumerate(texts)],
        },
    )


def changed(peer: Any, version: int, **cells: Any) -> None:
    peer.notify(
        "notebookDocument/didChange",
        {"notebookDocument": {"uri": BOOK, "version": version}, "change": {"cells": cells}},
    )


def pull(peer: Any, number: int) -> list[dict[str, Any]]:
    return peer.result("textDocument/diagnostic", {"textDocument": {"uri": cell(number)}})["items"]


FIRST = "%matplotlib inline\nimport keras\nfrom keras import layers\n"
SECOND = "!pip install x\nmodel = keras.Sequential([keras.Input(shape=(28, 28))])"
THIRD = "'😋'; model.add(layers.Conv2D(8, 3))"


def test_a_finding_is_in_its_cell(start):
    peer = start()
    assert peer.initialize(CAPABILITIES)["capabilities"]["notebookDocumentSync"]
    opened(peer, FIRST, SECOND, THIRD)
    assert pull(peer, 0) == [] and pull(peer, 1) == []
    (finding,) = pull(peer, 2)
    assert finding["code"] == "KER201"
    start_ = finding["range"]["start"]
    assert start_["line"] == 0
    assert (
        THIRD.encode("utf-16-le")[start_["character"] * 2 :]
        .decode("utf-16-le")
        .startswith(("model.add", "layers.Conv2D"))
    )


def test_cells_come_go_move_and_change(start):
    peer = start(INSTRUMENTED)
    peer.initialize(CAPABILITIES)
    opened(peer, FIRST, SECOND, THIRD)
    # A cell before the first, which shifts the others.
    changed(
        peer,
        2,
        structure={"array": {"start": 0, "deleteCount": 0, "cells": [kind(9)]}, "didOpen": [item(9, "# new\n" * 5)]},
    )
    assert len(pull(peer, 2)) == 1 and pull(peer, 9) == []
    # The text of a cell.
    changed(
        peer,
        3,
        textContent=[{"document": {"uri": cell(1), "version": 2}, "changes": [replace((1, 51), (1, 51), ", 1")]}],
    )
    assert pull(peer, 2) == []
    # The cell that defines the model goes.
    changed(
        peer,
        4,
        structure={"array": {"start": 2, "deleteCount": 1}, "didClose": [{"uri": cell(1)}]},
    )
    assert peer.result("test/text", {"uri": cell(2)}) == ["# new\n" * 5, FIRST, THIRD]
    assert pull(peer, 2) == []
    # A code cell becomes Markdown.
    changed(peer, 5, data=[kind(9, code=False)])
    assert peer.result("test/text", {"uri": BOOK}) == [FIRST, THIRD]
    peer.notify("notebookDocument/didClose", {"notebookDocument": {"uri": BOOK}, "cellTextDocuments": []})
    assert peer.result("test/text", {"uri": BOOK}) is None


def test_a_cells_own_change_counts_too(start):
    peer = start(INSTRUMENTED)
    peer.initialize(CAPABILITIES)
    opened(peer, FIRST, SECOND)
    peer.change(cell(1), 2, {"text": "x = 1"})
    assert peer.result("test/text", {"uri": cell(1)}) == [FIRST, "x = 1"]
    peer.open(cell(1), "ignored, for it came with its notebook")
    assert peer.result("test/text", {"uri": cell(1)}) == [FIRST, "x = 1"]


def test_cells_in_other_languages_are_no_python(start):
    peer = start(INSTRUMENTED)
    peer.initialize(CAPABILITIES)
    peer.notify(
        "notebookDocument/didOpen",
        {
            "notebookDocument": {
                "uri": BOOK,
                "notebookType": "polyglot",
                "version": 1,
                "cells": [kind(0), kind(1), kind(2, code=False)],
            },
            "cellTextDocuments": [item(0, "x = 1"), item(1, "SELECT 1", "sql"), item(2, "# title", "markdown")],
        },
    )
    assert peer.result("test/text", {"uri": BOOK}) == ["x = 1"]


def test_changes_of_unknown_notebooks_and_cells_are_ignored(start):
    peer = start(INSTRUMENTED)
    peer.initialize(CAPABILITIES)
    changed(peer, 2, structure={"array": {"start": 5, "deleteCount": 7}})
    opened(peer, FIRST)
    changed(peer, 3, textContent=[{"document": {"uri": cell(77), "version": 2}, "changes": [{"text": "x"}]}])
    changed(peer, 4, structure={"array": {"start": 5, "deleteCount": 7, "cells": [kind(78)]}})
    assert peer.result("test/text", {"uri": BOOK}) == [FIRST]
    assert not peer.notifications("window/showMessage")


def test_pushed_findings_go_to_cells(start):
    peer = start()
    peer.initialize({"notebookDocument": {"synchronization": {}}})
    opened(peer, FIRST, SECOND, THIRD)
    peer.notification(
        "textDocument/publishDiagnostics", lambda params: params["uri"] == cell(2) and params["diagnostics"]
    )
    changed(peer, 2, structure={"array": {"start": 2, "deleteCount": 1}, "didClose": [{"uri": cell(2)}]})
    peer.notification(
        "textDocument/publishDiagnostics", lambda params: params["uri"] == cell(2) and not params["diagnostics"]
    )


def test_jupyterlab_sends_a_notebook_as_one_text(start):
    peer = start()
    peer.initialize()
    text = "\n\n\n\n\n".join(
        [
            'get_ipython().run_line_magic("matplotlib", " inline")\nimport keras\nfrom keras import layers\n',
            SECOND[15:],
            THIRD,
        ]
    )
    for version in (0, 0):
        peer.open(BOOK, text, version)
    found = peer.notification("textDocument/publishDiagnostics", lambda params: params["diagnostics"])
    assert found["diagnostics"][0]["code"] == "KER201"
