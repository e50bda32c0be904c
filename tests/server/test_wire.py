"""What goes over the wire: framing, malformed traffic, one response per request. The numbers are those of known incidents."""

from __future__ import annotations

import json

import pytest
from wire import INSTRUMENTED, SERVER, UTF_16, Hold, at, replace

from tests.patience import allowed

URI = "file:///w/model.py"


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["utf-8", "utf-16"], "utf-16"),
        (["utf-16", "utf-8"], "utf-16"),
        (["utf-32", "utf-8", "utf-16"], "utf-16"),
        (["utf-8"], "utf-8"),
        (["utf-32", "utf-8"], "utf-32"),
        (["utf-7"], "utf-16"),
        (None, "utf-16"),
    ],
)
def test_utf_16_is_chosen_wherever_the_client_lists_it(start, offered, chosen):  # E1
    peer = start()
    capabilities = {} if offered is None else {"general": {"positionEncodings": offered}}
    assert peer.initialize(capabilities)["capabilities"]["positionEncoding"] == chosen


@pytest.mark.parametrize(
    "params",
    [
        {"textDocument": {"uri": URI}, "position": {"line": "zero", "character": 0}},
        {"textDocument": {"uri": URI}},
        {"textDocument": {}},
        {},
        [],
        [1],
        "text",
        None,
    ],
)
def test_malformed_parameters_are_answered(shared, params):  # E2
    peer = shared
    assert peer.request("textDocument/hover", params)["error"]["code"] == -32602
    assert not peer.notifications("window/showMessage")


def test_bad_optional_fields_are_left_out(shared):  # incident 10
    peer = shared
    peer.open(URI, "x = 1\n")
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    diagnostic = {"range": place, "message": "other tool", "tags": [-1], "code": {"odd": 1}, "severity": 99}
    answer = peer.request(
        "textDocument/codeAction",
        {"textDocument": {"uri": URI}, "range": place, "context": {"diagnostics": [diagnostic], "triggerKind": 77}},
    )
    assert "error" not in answer


def test_positions_beyond_the_protocol_are_clamped(shared):
    peer = shared
    peer.open(URI, "foo")
    peer.change(URI, 2, replace((0, 0), (0, 2**40), "BAD"))
    assert peer.result("test/text", {"uri": URI}) == ["BAD"]


def test_an_unknown_method_is_not_found(shared):  # E2e
    peer = shared
    assert peer.request("textDocument/typeDefinition", at(URI, 0, 0))["error"]["code"] == -32601
    assert peer.request("keras-lsp/nothing")["error"]["code"] == -32601
    assert peer.request("$/nothing")["error"]["code"] == -32601
    peer.notify("$/nothing", {})
    peer.notify("keras-lsp/nothing")
    assert "result" in peer.request("textDocument/hover", at(URI, 0, 0))


def test_an_internal_error_gives_no_popup_and_no_source(start):  # E2c
    peer = start(INSTRUMENTED, KERAS_LSP_STRICT="")
    peer.initialize()
    assert peer.request("test/fail")["result"] is None
    loud = peer.request("test/failLoudly")["error"]
    assert loud["code"] == -32603
    assert "data" not in loud and "secret" not in loud["message"] and "Traceback" not in loud["message"]
    assert not peer.notifications("window/showMessage")
    (first, *_) = peer.notifications("window/logMessage")
    assert "internal error" in first["message"] and "secret" not in first["message"]


def test_before_initialize_nothing_is_answered_but_that(start):
    peer = start()
    assert peer.request("textDocument/hover", at(URI, 0, 0))["error"]["code"] == -32002
    peer.open(URI, "x = 1\n")
    assert "capabilities" in peer.initialize()


def test_after_shutdown_requests_are_refused(start):  # E3c
    peer = start()
    peer.initialize()
    assert peer.result("shutdown") is None
    assert peer.request("textDocument/hover", at(URI, 0, 0))["error"]["code"] == -32600
    assert peer.request("shutdown")["error"]["code"] == -32600
    peer.notify("exit")
    assert peer.process.wait(allowed(2)) == 0


def test_exit_without_shutdown_is_a_failure(start):  # E3
    peer = start()
    peer.initialize()
    peer.notify("exit")
    assert peer.process.wait(allowed(2)) == 1


def test_shutdown_and_exit_in_one_breath(start):
    peer = start()
    peer.initialize()
    identifier = peer.ask("shutdown")
    peer.notify("exit")
    assert peer.process.wait(allowed(2)) == 0
    assert peer.response(identifier)["result"] is None


def test_queued_requests_can_be_cancelled(start, tmp_path):  # E6
    peer = start(INSTRUMENTED)
    peer.initialize()
    busy = Hold(peer, tmp_path)
    queued = [peer.ask("test/sleep", {"seconds": 1000}) for _ in range(20)]
    for identifier in [busy.id, *queued]:
        peer.notify("$/cancelRequest", {"id": identifier})
    for identifier in [busy.id, *queued]:  # while the first is still at work
        assert peer.response(identifier)["error"]["code"] == -32800
    busy.release()
    peer.result("test/text", {"uri": URI})  # the queue is free once the running one ends
    assert all(len(peer.responses(identifier)) == 1 for identifier in [busy.id, *queued])


def test_cancelling_nonsense_is_ignored(shared):
    peer = shared
    for params in ({"id": 999}, {"id": None}, {"id": [1]}, {}, None, []):
        peer.notify("$/cancelRequest", params)
    assert peer.result("textDocument/hover", at(URI, 0, 0)) is None


def test_output_of_handlers_libraries_and_children_stays_off_the_wire(start):  # E7
    peer = start(INSTRUMENTED)
    peer.initialize()
    assert peer.result("test/shout") == "shouted"
    assert peer.result("textDocument/hover", at(URI, 0, 0)) is None
    assert peer.noise == b""
    assert any("print on the wire" in line for line in peer.errors)
    assert any("a child on the wire" in line for line in peer.errors)


def test_a_key_named_jsonrpc_anywhere_is_just_a_key(start):  # E8
    peer = start()
    result = peer.initialize({"experimental": {"jsonrpc": "2.0", "id": 3, "method": "exit"}})
    assert result["serverInfo"]["name"] == "keras-lsp"


def test_a_change_of_a_document_that_is_not_open(start):  # E9
    peer = start(INSTRUMENTED)
    peer.initialize()
    peer.change(URI, 2, replace((0, 0), (0, 0), "x"))
    assert peer.result("test/text", {"uri": URI}) is None
    peer.change(URI, 3, {"text": "whole"}, replace((0, 0), (0, 0), "a "))
    assert peer.result("test/text", {"uri": URI}) == ["a whole"]
    assert not peer.notifications("window/showMessage")
    peer.notify("textDocument/didClose", {"textDocument": {"uri": "file:///never/opened.py"}})
    assert peer.result("test/text", {"uri": "file:///never/opened.py"}) is None


def test_stale_questions_do_not_pile_up(start, tmp_path):  # E10
    peer = start(INSTRUMENTED)
    peer.initialize()
    peer.open(URI, "x = 1\n")
    busy = Hold(peer, tmp_path)
    asked = []
    for version in range(2, 102):
        peer.change(URI, version, replace((0, 0), (0, 0), "#"))
        asked.append(peer.ask("textDocument/documentSymbol", {"textDocument": {"uri": URI}}))
    peer.request("keras-lsp/nothing")  # all that was said before has been taken
    busy.release()
    answers = [peer.response(identifier) for identifier in asked]
    assert all(answer["error"]["code"] == -32801 for answer in answers[:-1])
    assert "error" not in answers[-1]
    assert all(len(peer.responses(identifier)) == 1 for identifier in asked)


def test_header_names_are_case_insensitive_and_unknown_headers_ignored(start):  # E11
    peer = start()
    body = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": "one",
            "method": "initialize",
            "params": {"processId": None, "rootUri": None, "capabilities": {}},
        }
    ).encode()
    peer.frame(
        body, b"content-LENGTH:%d\r\nX-Other: 1\r\nContent-Type: application/vscode-jsonrpc; charset=utf8\r\n\r\n"
    )
    assert "result" in peer.response("one")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"3",
        b'"x"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"jsonrpc": "2.0"}',
        b'{"id": 1}',
        b'{"id": null}',
    ],
)
def test_a_frame_that_is_no_message_is_answered_with_an_error(shared, content):
    peer = shared
    before = len(peer.messages)
    peer.frame(content)
    error = peer.wait(lambda: [m for m in peer.messages[before:] if "error" in m])[0]
    assert error["id"] is None and error["error"]["code"] in (-32700, -32600)
    assert peer.result("textDocument/hover", at(URI, 0, 0)) is None


@pytest.mark.parametrize("identifier", [None, 1.5, True, [], {}])
def test_an_id_of_a_wrong_type_is_refused(shared, identifier):
    peer = shared
    before = len(peer.messages)
    peer.send({"id": identifier, "method": "shutdown"})
    assert peer.wait(lambda: [m for m in peer.messages[before:] if "error" in m])[0]["error"]["code"] == -32600


def test_the_same_id_twice_is_answered_twice(start, tmp_path):
    peer = start(INSTRUMENTED)
    peer.initialize()
    busy = Hold(peer, tmp_path)
    for _ in range(2):
        peer.send({"id": "same", "method": "test/sleep", "params": {"seconds": 0}})
    peer.request("keras-lsp/nothing")
    busy.release()
    peer.wait(lambda: len([m for m in peer.messages if m.get("id") == "same"]) == 2)
    codes = {answer.get("error", {}).get("code") for answer in peer.responses("same")}
    assert codes == {None, -32600}


def test_noise_between_frames_is_skipped(shared):
    peer = shared
    peer.write(b"\r\n\r\nhello\r\nContent-Length: many\r\n\r\n")
    assert peer.result("textDocument/hover", at(URI, 0, 0)) is None


def test_a_message_in_single_bytes(start):
    peer = start()
    peer.initialize()
    body = json.dumps({"jsonrpc": "2.0", "id": "slow", "method": "shutdown"}).encode()
    for byte in b"Content-Length: %d\r\n\r\n%b" % (len(body), body):
        peer.write(bytes([byte]))
    assert peer.response("slow")["result"] is None


def test_slow_work_does_not_keep_the_reader_from_reading(start, tmp_path):  # E13
    peer = start(INSTRUMENTED)
    peer.initialize()
    busy = Hold(peer, tmp_path)
    queued = [peer.ask("test/sleep", {"seconds": 0}) for _ in range(6)]
    peer.notify("$/cancelRequest", {"id": queued[-1]})
    assert peer.response(queued[-1])["error"]["code"] == -32800
    assert peer.request("keras-lsp/nothing")["error"]["code"] == -32601
    assert busy.lasts
    busy.release()


def test_a_client_that_does_not_read_blocks_nothing_of_ours(start):  # E14
    peer = start()
    peer.initialize()
    peer.reading.clear()
    asked = [peer.ask("keras-lsp/" + "x" * 90) for _ in range(20_000)]
    peer.reading.set()
    assert peer.response(asked[-1], 200)["error"]["code"] == -32601
    assert peer.leave() == 0


def test_initialize_again_keeps_what_is_open(start):
    peer = start(INSTRUMENTED)
    peer.initialize()
    peer.open(URI, "x = 1\n")
    peer.initialize(UTF_16)
    peer.change(URI, 2, replace((0, 4), (0, 5), "2"))
    assert peer.result("test/text", {"uri": URI}) == ["x = 2\n"]
    assert not peer.notifications("window/showMessage")


def test_options_of_the_command(start):
    import subprocess

    assert subprocess.run([*SERVER, "--bogus"], capture_output=True, stdin=subprocess.DEVNULL).returncode == 2
    peer = start([*SERVER, "--stdio", "--untrusted-workspace"])
    assert peer.initialize()["serverInfo"]["name"] == "keras-lsp"
    assert peer.leave() == 0
