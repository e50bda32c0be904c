"""Who answers what: the request table, two lanes of work, and exactly one response per request.

The reader thread only sorts: it settles cancellations and responses at once and queues the rest. The session thread takes
messages in order; it applies document changes, so every request is tied to the version of the text that it was asked about.
What needs an analysis goes to the analysis lane, one thread, so that no answer is computed twice and nothing waits for a lock.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import queue
import threading
import time
import traceback
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast

from lsprotocol import types as t

from keras_lsp.server.lifecycle import Lifecycle
from keras_lsp.server.protocol import InvalidParams, Protocol

_log = logging.getLogger(__name__)

RequestId: TypeAlias = "int | str"

EXIT_PATIENCE = 0.6
"""Seconds that `exit` waits for messages before it; then the process leaves even if one of them hangs."""

STRICT = bool(os.environ.get("KERAS_LSP_STRICT"))
"""Set by the tests: a failing handler answers with an error instead of nothing."""


class RequestError(Exception):
    """An error that the client is told."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = int(code)
        self.data = data


class Stale(Exception):
    """The text changed since the question was asked."""


@dataclass(frozen=True, slots=True)
class Later:
    """An answer that takes files or another process: computed on a thread of its own, so that the lane goes on."""

    compute: Callable[[], Any]

    def answer(self, prepared: Any, params: Any) -> Any:
        """Compute, where an endpoint's own handler would stand."""
        del prepared, params
        return self.compute()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How one request method is answered.

    Attributes:
        handle: called with what `prepare` made of the parameters, and the parameters.
        lane: "session" for what is quick and belongs in order, "analysis" for what looks at a program.
        options: what the method's registration options say, `None` where it has none.
        offered: whether this client is offered the method at all.
        newest_wins: whether an older question of the same document is dropped when a newer one waits.
        nothing: the answer about a document that is not open or too large.
        fails: whether an internal error is told (a command) rather than answered with nothing (a hover).
        when_stale: the error of a question about a text that has changed.
    """

    method: str
    handle: Callable[[Any, Any], Any]
    lane: Literal["session", "analysis"] = "analysis"
    options: Any = None
    offered: Callable[[t.ClientCapabilities], bool] = lambda capabilities: True
    newest_wins: bool = False
    nothing: Any = None
    fails: bool = False
    when_stale: tuple[int, str, Any] = (t.LSPErrorCodes.ContentModified, "the document changed", None)


class Pending:
    """One request that waits for its response; whoever settles it first sends the only one."""

    __slots__ = ("_dispatcher", "_settled", "cancelled", "id", "method", "started")

    def __init__(self, dispatcher: Dispatcher, request_id: RequestId, method: str) -> None:
        self.id = request_id
        self.method = method
        self.started = False
        self.cancelled = False
        self._settled = False
        self._dispatcher = dispatcher

    @property
    def settled(self) -> bool:
        """Whether its response was sent."""
        return self._settled

    def succeed(self, result: Any) -> None:
        """Answer."""
        if self._take():
            self._dispatcher.protocol.respond(self.id, result)

    def fail(self, code: int, message: str, data: Any = None) -> None:
        """Answer with an error."""
        if self._take():
            self._dispatcher.protocol.respond_error(self.id, code, message, data)

    def _take(self) -> bool:
        return self._dispatcher.forget(self)

    def mark_settled(self) -> bool:
        """Whether this call settled it; called under the dispatcher's lock."""
        first, self._settled = not self._settled, True
        return first


@dataclass(frozen=True, slots=True)
class Job:
    """Work for the analysis lane; `key` is set where a newer job replaces an older one."""

    run: Callable[[], None]
    pending: Pending | None = None
    key: tuple[str, ...] | None = None


class AnalysisLane(threading.Thread):
    """One thread that answers requests in order and, when none waits, does what was put in the background."""

    def __init__(self) -> None:
        super().__init__(name="keras-lsp-analysis", daemon=True)
        self._requests: OrderedDict[int, Job] = OrderedDict()
        self._background: OrderedDict[tuple[str, ...], Job] = OrderedDict()
        self._numbers = itertools.count()
        self._condition = threading.Condition()

    def submit(self, job: Job) -> None:
        """Queue a request's job; one waiting with the same key is told that a newer one came."""
        outdated: list[Job] = []
        with self._condition:
            if job.key is not None:
                for number, waiting in list(self._requests.items()):
                    if waiting.key == job.key:
                        outdated.append(self._requests.pop(number))
            self._requests[next(self._numbers)] = job
            self._condition.notify()
        for waiting in outdated:
            if waiting.pending is not None:
                waiting.pending.fail(t.LSPErrorCodes.ContentModified, "a newer request of the same kind came")

    def submit_background(self, key: tuple[str, ...], run: Callable[[], None]) -> None:
        """Do this when no request waits; it replaces what waits under the same key."""
        with self._condition:
            self._background[key] = Job(run, key=key)
            self._background.move_to_end(key)
            self._condition.notify()

    def run(self) -> None:
        """Work for ever; an exception in a job is logged and ends only that job."""
        while True:
            with self._condition:
                while not self._requests and not self._background:
                    self._condition.wait()
                if self._requests:
                    _, job = self._requests.popitem(last=False)
                else:
                    _, job = self._background.popitem(last=False)
            if job.pending is not None and job.pending.settled:
                continue  # cancelled while it waited
            try:
                job.run()
            except Exception as error:
                log_failure("a background job", error)


class Dispatcher:
    """Messages in, responses out.

    `prepare` turns typed parameters into what an endpoint of the analysis lane is given; it runs on the session thread, in
    order with document changes. What it returns may have `is_current()`, by which stale answers are known.
    """

    def __init__(
        self,
        protocol: Protocol,
        lifecycle: Lifecycle,
        endpoints: Iterable[Endpoint],
        notifications: Mapping[str, Callable[[Any], None]],
        prepare: Callable[[str, Any], Any],
        context: Any,
    ) -> None:
        self.protocol = protocol
        self.lane = AnalysisLane()
        self.state: Literal["created", "running", "shutdown"] = "created"
        self._lifecycle = lifecycle
        self._endpoints = {endpoint.method: endpoint for endpoint in endpoints}
        self._notifications = notifications
        self._prepare = prepare
        self._context = context
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._pending: dict[RequestId, Pending] = {}
        self._lock = threading.Lock()
        self._timers: dict[tuple[str, ...], tuple[float, int]] = {}
        self._due: list[tuple[float, int, tuple[str, ...], Callable[[], None]]] = []
        self._numbers = itertools.count()

    # What the reader thread calls.

    def receive(self, message: dict[str, Any]) -> None:
        """Sort one message."""
        method = message.get("method")
        if "id" in message and method is not None:
            self._receive_request(message["id"], method, message.get("params"))
        elif method is not None:
            self._receive_notification(method, message.get("params"))
        elif "id" in message and ("result" in message or "error" in message):
            self.protocol.receive_response(message)
        else:
            self.protocol.respond_error(None, t.ErrorCodes.InvalidRequest, "neither a request nor a response")

    def malformed(self, why: str) -> None:
        """Answer what was no message."""
        self.protocol.respond_error(None, t.ErrorCodes.ParseError, why)

    def _receive_request(self, request_id: Any, method: Any, params: Any) -> None:
        if isinstance(request_id, bool) or not isinstance(request_id, int | str):
            self.protocol.respond_error(None, t.ErrorCodes.InvalidRequest, "an id is a number or a string")
            return
        if not isinstance(method, str):
            self.protocol.respond_error(request_id, t.ErrorCodes.InvalidRequest, "a method is a string")
            return
        pending = Pending(self, request_id, method)
        with self._lock:
            taken = request_id in self._pending
            if not taken:
                self._pending[request_id] = pending
        if taken:
            self.protocol.respond_error(
                request_id, t.ErrorCodes.InvalidRequest, "a request with this id is not answered yet"
            )
            return
        self._inbox.put(lambda: self._start(pending, params))

    def _receive_notification(self, method: Any, params: Any) -> None:
        if method == t.CANCEL_REQUEST:
            target = cast("dict[str, Any]", params).get("id") if isinstance(params, dict) else None
            self.cancel(target)
        elif method == t.EXIT:
            self._inbox.put(self._lifecycle.exit_requested)
            patience = threading.Timer(EXIT_PATIENCE, self._lifecycle.exit_requested)
            patience.daemon = True
            patience.start()
        elif isinstance(method, str):
            self._inbox.put(lambda: self._notify(method, params))

    def cancel(self, request_id: Any) -> None:
        """Answer at once that the request was cancelled; if its work has begun, its result is dropped."""
        with self._lock:
            pending = self._pending.get(request_id) if isinstance(request_id, int | str) else None
        if pending is not None and pending.method not in (t.INITIALIZE, t.SHUTDOWN):
            pending.cancelled = True
            pending.fail(t.LSPErrorCodes.RequestCancelled, "cancelled")

    def forget(self, pending: Pending) -> bool:
        """Take a request out of the table; whether the caller is the one to answer it."""
        with self._lock:
            if not pending.mark_settled():
                return False
            if self._pending.get(pending.id) is pending:
                del self._pending[pending.id]
            return True

    # What the session thread does.

    def run(self) -> None:
        """Take messages and timers in order, for ever."""
        self.lane.start()
        while True:
            timeout = max(self._due[0][0] - time.monotonic(), 0) if self._due else None
            try:
                action: Callable[[], None] | None = self._inbox.get(timeout=timeout)
            except queue.Empty:
                action = None
            try:
                if action is not None:
                    action()
                self._run_due()
            except Exception as error:
                log_failure("the session", error)

    def call_soon(self, action: Callable[[], None]) -> None:
        """Run `action` on the session thread, in order with messages; may be called from any thread."""
        self._inbox.put(action)

    def call_later(self, key: tuple[str, ...], delay: float, action: Callable[[], None]) -> None:
        """Run `action` on the session thread after `delay` seconds, unless asked again under `key` before; session thread only."""
        number = next(self._numbers)
        due = time.monotonic() + delay
        self._timers[key] = (due, number)
        heapq.heappush(self._due, (due, number, key, action))

    def timer_set(self, key: tuple[str, ...]) -> bool:
        """Whether something waits under `key`; session thread only."""
        return key in self._timers

    def _run_due(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            due, number, key, action = heapq.heappop(self._due)
            if self._timers.get(key) == (due, number):
                del self._timers[key]
                action()

    def _start(self, pending: Pending, raw: Any) -> None:
        if pending.settled:
            return
        pending.started = True
        refusal = self._refusal(pending.method)
        if refusal is not None:
            pending.fail(*refusal)
            return
        endpoint = self._endpoints[pending.method]
        try:
            params = self._typed(pending.method, raw)
        except InvalidParams as error:
            pending.fail(t.ErrorCodes.InvalidParams, str(error))
            return
        if endpoint.lane == "session":
            self._answer(pending, endpoint, self._context, params)
            return
        try:
            prepared = self._prepare(pending.method, params)
        except Exception as error:
            self._failed(pending, endpoint, error)
            return
        key = (pending.method, _document_uri(params)) if endpoint.newest_wins else None
        self.lane.submit(Job(lambda: self._answer(pending, endpoint, prepared, params), pending, key))

    def _refusal(self, method: str) -> tuple[int, str] | None:
        if self.state == "shutdown":
            return t.ErrorCodes.InvalidRequest, "the server was shut down"
        if self.state == "created" and method != t.INITIALIZE:
            return t.ErrorCodes.ServerNotInitialized, "the server was not initialized"
        if method not in self._endpoints:
            return t.ErrorCodes.MethodNotFound, f"no such method: {method[:100]}"
        return None

    def _answer(self, pending: Pending, endpoint: Endpoint, prepared: Any, params: Any) -> None:
        is_current: Callable[[], bool] = getattr(prepared, "is_current", _always)
        try:
            if not is_current():
                raise Stale
            answer = endpoint.nothing if prepared is None else endpoint.handle(prepared, params)
            if isinstance(answer, Later):
                later = replace(endpoint, handle=answer.answer)
                run = threading.Thread(target=self._answer, args=(pending, later, prepared, params), daemon=True)
                run.start()
                return
            result = self.protocol.plain(answer)
            if not is_current():
                raise Stale
        except Stale:
            pending.fail(*endpoint.when_stale)
        except Exception as error:
            self._failed(pending, endpoint, error)
        else:
            pending.succeed(result)

    def _failed(self, pending: Pending, endpoint: Endpoint, error: Exception) -> None:
        if isinstance(error, RequestError):
            pending.fail(error.code, str(error), error.data)
            return
        number = log_failure(pending.method, error)
        if endpoint.fails or STRICT:
            pending.fail(t.ErrorCodes.InternalError, f"internal error {number}; the server's log has the details")
        else:
            pending.succeed(None)

    def _notify(self, method: str, raw: Any) -> None:
        handler = self._notifications.get(method)
        if handler is None or self.state != "running":
            return
        try:
            handler(self._typed(method, raw))
        except InvalidParams as error:
            _log.warning("ignoring %s: %s", method, error)
        except Exception as error:
            log_failure(method, error)

    def _typed(self, method: str, raw: Any) -> Any:
        if method not in t.METHOD_TO_TYPES:
            return raw
        expected = t.METHOD_TO_TYPES[method][2]
        return None if expected is None else self.protocol.structure(raw, expected)

    def shut_down(self) -> None:
        """Answer no further request, and give up those that wait in the analysis lane."""
        self.state = "shutdown"
        self._lifecycle.shutdown_requested = True
        with self._lock:
            waiting = [
                pending for pending in self._pending.values() if pending.started and pending.method != t.SHUTDOWN
            ]
        for pending in waiting:
            pending.fail(t.LSPErrorCodes.RequestCancelled, "the server was shut down")


def _always() -> bool:
    return True


def _document_uri(params: Any) -> str:
    document = getattr(params, "text_document", None)
    return str(getattr(document, "uri", ""))


_seen: dict[str, int] = {}
_seen_lock = threading.Lock()


def log_failure(what: str, error: BaseException) -> str:
    """Log an internal error under a short id, the first time with its traceback; returns the id."""
    frames = traceback.extract_tb(error.__traceback__)
    place = "|".join(f"{frame.filename}:{frame.lineno}" for frame in frames[-6:])
    number = f"{zlib.crc32(f'{type(error).__name__}|{place}'.encode(errors='replace')):08x}"
    with _seen_lock:
        _seen[number] = _seen.get(number, 0) + 1
        times = _seen[number]
    if times == 1:
        _log.error("internal error %s in %s", number, what, exc_info=error)
    else:
        _log.error("internal error %s in %s, for the %d. time", number, what, times)
    return number


def failures() -> dict[str, int]:
    """How often each internal error happened, by id."""
    with _seen_lock:
        return dict(_seen)
