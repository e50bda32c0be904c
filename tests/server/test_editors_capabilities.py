"""Every feature, over the capabilities that real editors send; an answer that a client did not say it understands is an error."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types as t
from lsprotocol.converters import get_converter
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

ROOT = Path(__file__).resolve().parents[2]
URI = "file:///w/model.py"
PROGRAM = """import keras
from tensorflow.keras import layers

model = keras.Sequential([
    keras.layers.Dense(32, input_shape=(784,)),
    keras.layers.Dense(10),
])
'😋'; lstm = keras.Sequential([keras.layers.LSTM(8, input_length=6, input_dim=8)])
conv = keras.Sequential([keras.Input((28, 28)), keras.layers.Conv2D(8, 3)])
layers.Dense(3, )
named = keras.Sequential([keras.Input((3,)), layers.Dense(1, name="head")])
'😋'; named.get_layer("head")
"""
DENSE, LSTM, CONV, CALL, NAMED, NAME = 4, 7, 8, 9, 10, 11

EDITORS = ["vscode-1.100", "visual_studio_code", "neovim@v0.11", "neovim@v0.9", "neovim@v0.6", "emacs"]

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("error::pytest_lsp.checks.LspSpecificationWarning"),
]


def capabilities_of(editor: str) -> t.ClientCapabilities:
    recorded = Path(__file__).parent / "capabilities" / f"{editor}.json"
    if recorded.exists():
        return get_converter().structure(json.loads(recorded.read_text()), t.ClientCapabilities)
    return client_capabilities(editor)


@pytest_lsp.fixture(
    scope="module",
    params=EDITORS,
    config=ClientServerConfig(
        server_command=[sys.executable, "-m", "keras_lsp.server"],
        server_env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "KERAS_LSP_STRICT": "1",
            "VIRTUAL_ENV": "",
            "CONDA_PREFIX": "",
        },
    ),
)
async def client(lsp_client: LanguageClient, request):
    capabilities = capabilities_of(request.param)

    @lsp_client.feature(t.CLIENT_REGISTER_CAPABILITY)
    def register(params: t.RegistrationParams) -> None:
        lsp_client.registered = [registration.method for registration in params.registrations]

    result = await lsp_client.initialize_session(t.InitializeParams(capabilities=capabilities))
    lsp_client.offered = result.capabilities
    lsp_client.text_document_did_open(
        t.DidOpenTextDocumentParams(t.TextDocumentItem(URI, t.LanguageKind.Python, 1, PROGRAM))
    )
    yield
    await lsp_client.shutdown_session()


def plain(value):
    """What a command answered, as JSON: pygls makes objects of it."""
    return json.loads(json.dumps(value, default=lambda item: getattr(item, "_asdict", lambda: vars(item))()))


def document() -> t.TextDocumentIdentifier:
    return t.TextDocumentIdentifier(URI)


def pulls(client: LanguageClient) -> bool:
    text = client.capabilities.text_document
    return bool(text and text.diagnostic)


async def findings(client: LanguageClient) -> list[t.Diagnostic]:
    if pulls(client):
        report = await client.text_document_diagnostic_async(t.DocumentDiagnosticParams(document()))
        assert URI not in client.diagnostics
        return list(report.items)
    for _ in range(1200):
        if URI in client.diagnostics:
            return list(client.diagnostics[URI])
        await asyncio.sleep(0.05)
    raise AssertionError("no diagnostics came")


async def test_encoding(client):
    assert client.offered.position_encoding == t.PositionEncodingKind.Utf16


async def test_hover(client):
    hover = await client.text_document_hover_async(t.HoverParams(document(), t.Position(DENSE, 18)))
    assert "(None, 784)" in hover.contents.value and "(None, 32)" in hover.contents.value
    offered = client.capabilities.text_document.hover.content_format or []
    assert hover.contents.kind == (
        t.MarkupKind.Markdown if t.MarkupKind.Markdown in offered else t.MarkupKind.PlainText
    )


async def test_hover_shows_the_way_of_a_hidden_keyword(client):
    column = PROGRAM.splitlines()[DENSE].index("input_shape")
    hover = await client.text_document_hover_async(t.HoverParams(document(), t.Position(DENSE, column + 2)))
    assert "input_shape" in hover.contents.value


async def test_diagnostics(client):
    found = {item.code: item for item in await findings(client)}
    assert {"KER103", "KER201"} <= set(found)
    place = found["KER103"].range
    assert place.start.line == LSTM
    line = PROGRAM.splitlines()[LSTM].encode("utf-16-le")
    assert "input_" in line[place.start.character * 2 : place.end.character * 2].decode("utf-16-le")
    assert all(item.source == "keras-lsp" for item in found.values())


async def test_inlay_hints(client):
    whole = t.Range(t.Position(0, 0), t.Position(20, 0))
    hints = await client.text_document_inlay_hint_async(t.InlayHintParams(document(), whole))
    by_line = {hint.position.line: hint for hint in hints}
    assert "(None, 32)" in by_line[DENSE].label and "(None, 10)" in by_line[DENSE + 1].label
    part = t.Range(t.Position(DENSE + 1, 0), t.Position(DENSE + 2, 0))
    assert {
        h.position.line for h in await client.text_document_inlay_hint_async(t.InlayHintParams(document(), part))
    } == {DENSE + 1}


async def test_completion_and_its_documentation(client):
    params = t.CompletionParams(document(), t.Position(CALL, 16))
    result = await client.text_document_completion_async(params)
    labels = {item.label.rstrip("="): item for item in result.items}
    assert {"activation", "input_shape"} <= set(labels)
    resolved = await client.completion_item_resolve_async(labels["input_shape"])
    assert resolved.documentation


async def test_signature_help(client):
    help_ = await client.text_document_signature_help_async(t.SignatureHelpParams(document(), t.Position(CALL, 16)))
    (signature,) = help_.signatures
    assert "units" in signature.label and "input_shape" in signature.label


async def test_a_fix_removes_its_finding(client):
    found = [item for item in await findings(client) if item.code == "KER103"]
    params = t.CodeActionParams(document(), found[0].range, t.CodeActionContext(found))
    actions = await client.text_document_code_action_async(params)
    literals = client.capabilities.text_document.code_action.code_action_literal_support
    fixes = [action for action in actions or [] if action.kind == t.CodeActionKind.QuickFix]
    assert bool(fixes) == bool(literals)
    for action in fixes[:1]:
        assert "Input(shape=(6, 8))" in str(action.edit)


async def test_fix_all(client):
    whole = t.Range(t.Position(0, 0), t.Position(20, 0))
    context = t.CodeActionContext([], only=[t.CodeActionKind.SourceFixAll])
    actions = await client.text_document_code_action_async(t.CodeActionParams(document(), whole, context))
    for action in actions:
        assert str(getattr(action.kind, "value", action.kind)) == "source.fixAll.keras-lsp"
        if action.edit is None:
            action = await client.code_action_resolve_async(action)
        assert "Input(shape=(6, 8))" in str(action.edit)


async def test_code_lens_and_summary(client):
    lenses = await client.text_document_code_lens_async(t.CodeLensParams(document()))
    first = min(lenses, key=lambda lens: lens.range.start.line)
    assert first.range.start.line == 3 and "25,450" in first.command.title
    result = await client.workspace_execute_command_async(
        t.ExecuteCommandParams(first.command.command, first.command.arguments)
    )
    assert "25,450" in result["text"]


async def test_symbols(client):
    symbols = await client.text_document_document_symbol_async(t.DocumentSymbolParams(document()))
    assert any("model" in symbol.name for symbol in symbols)


async def test_definition_of_a_hidden_keyword(client):
    column = PROGRAM.splitlines()[DENSE].index("input_shape")
    result = await client.text_document_definition_async(t.DefinitionParams(document(), t.Position(DENSE, column + 2)))
    target = result[0] if isinstance(result, (list, tuple)) else result
    uri = target.target_uri if isinstance(target, t.LocationLink) else target.uri
    line = (target.target_range if isinstance(target, t.LocationLink) else target.range).start.line
    path = Path(uri.removeprefix("file://"))
    assert path.parts[-3:] == ("src", "layers", "layer.py")
    assert "input_shape" in path.read_text().splitlines()[line]


async def test_rename_of_a_layer(client):
    line = PROGRAM.splitlines()[NAME]
    column = len(line[: line.index("head")].encode("utf-16-le")) // 2
    at = t.Position(NAME, column + 1)
    rename = client.capabilities.text_document.rename
    if rename and rename.prepare_support:
        found = await client.text_document_prepare_rename_async(t.PrepareRenameParams(document(), at))
        assert (found.range.start, found.range.end) == (t.Position(NAME, column), t.Position(NAME, column + 4))
        elsewhere = t.PrepareRenameParams(document(), t.Position(0, 8))
        assert await client.text_document_prepare_rename_async(elsewhere) is None
    edit = await client.text_document_rename_async(t.RenameParams(document(), at, "top"))
    changes = edit.document_changes[0].edits if edit.document_changes else edit.changes[URI]
    assert [(change.range.start.line, change.new_text) for change in changes] == [(NAMED, "top"), (NAME, "top")]
    with pytest.raises(JsonRpcException, match="cannot be the name"):
        await client.text_document_rename_async(t.RenameParams(document(), at, "a/b"))
    context = t.ReferenceContext(include_declaration=True)
    places = await client.text_document_references_async(t.ReferenceParams(context, document(), at))
    assert {place.range.start.line for place in places} == {NAMED, NAME}


async def test_commands(client):
    async def run(name, argument=None):
        arguments = [] if argument is None else [argument]
        return await client.workspace_execute_command_async(t.ExecuteCommandParams(f"keras-lsp.{name}", arguments))

    assert "KER201" in (await run("explainError", {"code": "KER201"}))["title"]
    error = 'ValueError: Input 0 of layer "lstm" is incompatible with the layer: expected ndim=3, found ndim=2.'
    told = plain(await run("explainError", {"text": error, "uri": URI}))
    assert "KER202" in [rule["code"] for rule in told["rules"]] and "return_sequences" in told["text"]
    assert all(finding["uri"] == URI for finding in told["findings"])
    assert told["place"] is None or told["place"]["uri"] == URI
    frames = (
        f'  File "elsewhere/{URI.rpartition("/")[2]}", line 3, in <module>\n  File "keras/src/x.py", line 8, in f\n'
    )
    told = plain(await run("explainError", {"text": f"{frames}ValueError: Unknown loss: x", "uri": URI}))
    assert told["place"]["range"]["start"]["line"] == 2 and "line 3" in told["text"]
    assert "utf-16" in (await run("printDebugInformation"))["text"]
    graph = plain(await run("showModelGraph", {"uri": URI, "name": "model"}))
    assert "Dense" in str(graph)
    for number, layer in enumerate(graph["layers"]):  # the panel leads from a box to its line
        assert f'data-layer="{number}"' in graph["svg"]
        lines = PROGRAM.splitlines()
        assert layer["class"] == "Input" or layer["class"] in lines[layer["range"]["start"]["line"]]
    at = next(layer for layer in graph["layers"] if layer["class"] == "Dense")["range"]["start"]
    assert plain(await run("showModelGraph", {"uri": URI, "position": at}))["model"] == graph["model"]
    status = plain(await run("status", {"uri": URI}))
    assert status["keras"].startswith("Keras ") and status["worker"]
    assert "state" in await run("restartWorker")
