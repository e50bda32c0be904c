"""Bytes between client and server: private streams, frames, a reader and a writer thread.

Nothing here knows what a message means, and nothing here imports pygls: reading begins before the protocol types are loaded.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Protocol

MAX_HEADER_LINE = 65_536
"""Bytes of one header line; a longer one is not a header but noise on the stream."""

MAX_MESSAGE = 256 * 1024 * 1024
"""Bytes of one message; the largest legitimate one is a notebook with its outputs (64 MB as JSON text, escaped)."""

MAX_QUEUED = 64 * 1024 * 1024
"""Bytes waiting for a client that does not read; whoever wants to send more waits too."""

MAX_BLOCKED = 30.0
"""Seconds after which a client that reads nothing counts as gone."""


class MalformedMessage(ValueError):
    """A frame whose content is not a JSON object; the text says why."""


def claim_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take stdin and stdout for the protocol alone.

    Afterwards descriptor 1 is stderr and descriptor 0 is the null device, so that neither `print`, nor a C library, nor a child
    process that inherits the descriptors can write into the protocol or read from it.
    """
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (0, 1):
            msvcrt.setmode(descriptor, os.O_BINARY)
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb", buffering=0)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # started with stderr closed
        os.dup2(null, 1)
        os.dup2(null, 2)
    os.close(null)
    return source, sink


class Readable(Protocol):
    """What frames are read from."""

    def readline(self, size: int = -1, /) -> bytes:
        """A line with its end, or less at the end of the stream."""
        ...

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; fewer only at the end of the stream."""
        ...


class Writable(Protocol):
    """What frames are written to; a write may take only a part."""

    def write(self, data: bytes, /) -> int | None:
        """The number of bytes taken."""
        ...

    def flush(self) -> None:
        """Send what is buffered."""
        ...


def read_frames(stream: Readable) -> Iterator[bytes]:
    """The content of each frame until the stream ends.

    Header names are case-insensitive and unknown headers are ignored. A block of lines without a usable length is noise: it is
    skipped, and reading goes on behind it.
    """
    while True:
        length: int | None = None
        while True:
            line = stream.readline(MAX_HEADER_LINE)
            if not line:
                return
            stripped = line.strip()
            if not stripped:
                if length is None:
                    continue  # stray empty lines between frames
                break
            name, colon, value = stripped.partition(b":")
            if colon and name.strip().lower() == b"content-length":
                digits = value.strip()
                length = int(digits) if digits.isdigit() and len(digits) < 12 else None
        if length > MAX_MESSAGE:
            if not _skip(stream, length):
                return
            yield b""  # a frame whose content nobody will see is malformed
            continue
        content = stream.read(length)
        if len(content) < length:
            return
        yield content


def _skip(stream: Readable, length: int) -> bool:
    while length:
        chunk = stream.read(min(length, 1 << 20))
        if not chunk:
            return False
        length -= len(chunk)
    return True


def decode(content: bytes) -> dict[str, Any]:
    """The message in a frame; raises `MalformedMessage`."""
    try:
        message = json.loads(content.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError, MemoryError) as error:
        raise MalformedMessage(f"not JSON: {type(error).__name__}") from None
    if not isinstance(message, dict):
        raise MalformedMessage("not a JSON object")
    return message  # pyright: ignore[reportUnknownVariableType]


class Reader(threading.Thread):
    """Reads ahead in a thread of its own, so that a cancellation is seen however busy the rest is."""

    def __init__(
        self,
        stream: Readable,
        on_message: Callable[[dict[str, Any]], None],
        on_malformed: Callable[[str], None],
        on_end: Callable[[], None],
    ) -> None:
        super().__init__(name="keras-lsp-reader", daemon=True)
        self._stream = stream
        self._on_message = on_message
        self._on_malformed = on_malformed
        self._on_end = on_end

    def run(self) -> None:
        """Hand over messages until the stream ends or breaks."""
        try:
            for content in read_frames(self._stream):
                self._hand_over(content)
        except (OSError, ValueError):
            pass  # the stream broke or was closed: it ended
        finally:
            self._on_end()

    def _hand_over(self, content: bytes) -> None:
        try:
            message = decode(content)
        except MalformedMessage as error:
            self._on_malformed(str(error))
        else:
            self._on_message(message)


class Writer(threading.Thread):
    """Sends whole frames in order from a bounded queue, so that no other thread ever waits for the client's pipe.

    Its `write` and `close` are what pygls asks of a writer.
    """

    def __init__(self, stream: Writable, on_broken: Callable[[], None]) -> None:
        super().__init__(name="keras-lsp-writer", daemon=True)
        self._stream = stream
        self._on_broken = on_broken
        self._frames: deque[bytes] = deque()
        self._queued = 0
        self._blocked_since: float | None = None
        self._closed = False
        self._condition = threading.Condition()

    def write(self, data: bytes) -> None:
        """Queue one whole frame; waits while too much is queued already."""
        with self._condition:
            while self._queued > MAX_QUEUED and not self._closed:
                self._condition.wait()
            if self._closed:
                return
            self._frames.append(data)
            self._queued += len(data)
            self._condition.notify_all()

    def close(self) -> None:
        """Send nothing more, not even what is queued."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait until all is sent, for `timeout` seconds at most."""
        deadline = time.monotonic() + timeout
        with self._condition:
            while self._queued and not self._closed:
                left = deadline - time.monotonic()
                if left <= 0 or not self._condition.wait(left):
                    return not self._queued
        return True

    def blocked(self) -> float:
        """For how many seconds the client has not read what is being sent."""
        since = self._blocked_since
        return 0.0 if since is None else time.monotonic() - since

    def run(self) -> None:
        """Send until closed or broken."""
        try:
            while True:
                with self._condition:
                    while not self._frames and not self._closed:
                        self._condition.wait()
                    if self._closed:
                        return
                    frame = self._frames.popleft()
                self._send(frame)
                with self._condition:
                    self._queued -= len(frame)
                    self._condition.notify_all()
        except (OSError, ValueError):
            self.close()
            self._on_broken()

    def _send(self, frame: bytes) -> None:
        # In pieces no larger than a pipe's buffer, so that any progress of a slow client is seen as progress.
        for start in range(0, len(frame), 65_536):
            piece = frame[start : start + 65_536]
            while piece:
                self._blocked_since = time.monotonic()
                taken = self._stream.write(piece) or 0
                piece = piece[taken:]
        self._stream.flush()
        self._blocked_since = None
