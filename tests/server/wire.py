"""A raw JSON-RPC peer: says to a server what no library would, and sees every byte that comes back."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = str(Path(__file__).resolve().parents[2])
SERVER = [sys.executable, "-m", "keras_lsp.server"]
INSTRUMENTED = [sys.executable, str(Path(__file__).with_name("instrumented.py"))]

UTF_16 = {"general": {"positionEncodings": ["utf-16"]}}


class Hold:
    """Work under way on the server's analysis lane, from when this is made until `release`."""

    def __init__(self, peer: Peer, folder: Path) -> None:
        self._peer = peer
        self._file = folder / f"hold{time.monotonic_ns()}"
        self.id = peer.ask("test/hold", {"file": str(self._file)})
        peer.wait(Path(f"{self._file}.begun").exists)

    def release(self) -> dict[str, Any]:
        """Let it end; its response."""
        self._file.touch()
        return self._peer.response(self.id)

    @property
    def lasts(self) -> bool:
        """Whether nobody has answered it yet."""
        return not self._peer.responses(self.id)


class Peer:
    """A client over pipes. Anything outside frames makes `noise` non-empty."""

    def __init__(self, argv: list[str] | None = None, **environment: str) -> None:
        self.process = subprocess.Popen(
            argv or SERVER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": ROOT, "KERAS_LSP_STRICT": "1", **environment},
        )
        self.messages: list[dict[str, Any]] = []
        self.arrived: queue.Queue[dict[str, Any]] = queue.Queue()
        self.noise = b""
        self.errors: list[str] = []
        self._changed = threading.Condition()
        self._next = 0
        self.reading = threading.Event()
        self.reading.set()
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._drain, daemon=True).start()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            self.reading.wait()
            length = None
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                else:
                    self.noise += line
            if length is None:
                return
            message = json.loads(stream.read(length))
            if "method" in message and "id" in message:
                self._answer(message)
            with self._changed:
                self.messages.append(message)
                self._changed.notify_all()

    def _answer(self, message: dict[str, Any]) -> None:
        """What the server asks is answered as a plain client would."""
        result: Any = None
        if message["method"] == "workspace/configuration":
            result = [None] * len(message["params"]["items"])
        self.send({"id": message["id"], "result": result})

    def _drain(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors.append(line.decode(errors="replace"))

    # Sending.

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def frame(self, content: bytes, header: bytes = b"Content-Length: %d\r\n\r\n") -> None:
        self.write(header % len(content) + content)

    def send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError, ValueError):
            self.frame(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"method": method, "params": params})

    def ask(self, method: str, params: Any = None) -> int:
        self._next += 1
        self.send({"id": self._next, "method": method, "params": params})
        return self._next

    # Receiving.

    def responses(self, request_id: Any) -> list[dict[str, Any]]:
        with self._changed:
            return [message for message in self.messages if "method" not in message and message.get("id") == request_id]

    def wait(self, condition: Any, seconds: float = 60.0) -> Any:
        """The first true value of `condition()`."""
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                value = condition()
                if value:
                    return value
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"nothing came in {seconds} s; stderr: {''.join(self.errors)[-2000:]}")
                self._changed.wait(min(left, 0.1))

    def response(self, request_id: Any, seconds: float = 60.0) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            return next((m for m in self.messages if "method" not in m and m.get("id") == request_id), None)

        return self.wait(found, seconds)

    def request(self, method: str, params: Any = None, seconds: float = 60.0) -> dict[str, Any]:
        return self.response(self.ask(method, params), seconds)

    def result(self, method: str, params: Any = None, seconds: float = 60.0) -> Any:
        answer = self.request(method, params, seconds)
        assert "error" not in answer, (answer, "".join(self.errors)[-2000:])
        return answer["result"]

    def notifications(self, method: str) -> list[dict[str, Any]]:
        with self._changed:
            return [m["params"] for m in self.messages if m.get("method") == method]

    def notification(self, method: str, accept: Any = lambda params: True, seconds: float = 60.0) -> dict[str, Any]:
        """The newest notification of a method that `accept` takes."""

        def found() -> dict[str, Any] | None:
            return next(
                (m["params"] for m in reversed(self.messages) if m.get("method") == method and accept(m["params"])),
                None,
            )

        return self.wait(found, seconds)

    # Life.

    def initialize(self, capabilities: Any = None, **more: Any) -> dict[str, Any]:
        params = {"processId": None, "rootUri": None, "capabilities": capabilities or {}, **more}
        result = self.result("initialize", params, 120)
        self.notify("initialized", {})
        return result

    def open(self, uri: str, text: str, version: int = 1, language: str = "python") -> None:
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})

    def leave(self) -> int:
        self.request("shutdown")
        self.notify("exit")
        return self.process.wait(60)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()


def at(uri: str, line: int, character: int) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}


def replace(start: tuple[int, int], end: tuple[int, int], text: str) -> dict[str, Any]:
    return {
        "range": {
            "start": {"line": start[0], "character": start[1]},
            "end": {"line": end[0], "character": end[1]},
        },
        "text": text,
    }
