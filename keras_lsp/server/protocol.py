"""What we take from pygls: typed messages, capability maths, requests to the client; and what we do differently.

pygls' own reader, dispatch, text buffer and shutdown are not used (`transport`, `dispatch`, `session` and `lifecycle` are): with
its 2.1.1 malformed parameters get no response, queued requests cannot be cancelled, slow handlers starve the reader, a form feed
shifts all lines, and the process outlives its client.
"""

from __future__ import annotations

import copy
import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, cast

from cattrs import Converter
from cattrs.errors import AttributeValidationNote, BaseValidationError, IterableValidationNote
from lsprotocol import types as t
from pygls.capabilities import ServerCapabilitiesBuilder
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter

from keras_lsp import __version__
from keras_lsp.text.lines import Encoding

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

MAX_REPAIRS = 64
"""Bad optional fields that are dropped from one message before it counts as invalid."""

_MAX_UINTEGER = 2**31 - 1


class InvalidParams(ValueError):
    """Parameters that do not have the form the method asks for, even with every bad optional field left out."""


class Protocol(LanguageServerProtocol):
    """pygls' protocol, sending through our writer."""

    def _send_data(self, data: Any) -> None:
        """Send one message as one frame; what it says is never logged, since it holds the user's code."""
        if self.writer is None:
            return
        body = json.dumps(data, default=self._serialize_message, separators=(",", ":")).encode("ascii")
        self.writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def respond(self, request_id: int | str | None, result: Any) -> None:
        """Send a result, JSON already."""
        self._send_data({"jsonrpc": "2.0", "id": request_id, "result": result})

    def respond_error(self, request_id: int | str | None, code: int, message: str, data: Any = None) -> None:
        """Send an error."""
        error: dict[str, Any] = {"code": int(code), "message": message}
        if data is not None:
            error["data"] = data
        self._send_data({"jsonrpc": "2.0", "id": request_id, "error": error})

    def receive_response(self, message: Mapping[str, Any]) -> None:
        """Give a client's answer to whoever asked; one that nobody asked for, or that makes no sense, is dropped."""
        request_id = message.get("id")
        future = self._request_futures.pop(cast("int | str", request_id), None)
        result_type = self._result_types.pop(cast("int | str", request_id), None)
        if future is None:
            _log.warning("a response to a request that was never made")
            return
        try:
            error = message.get("error")
            if error is not None:
                detail: dict[str, Any] = cast("dict[str, Any]", error) if isinstance(error, dict) else {}
                raise JsonRpcException(str(detail.get("message", "error")), int(detail.get("code", -32603)))
            if result_type is None:
                result = message.get("result")
            else:
                result = self._converter.structure({"jsonrpc": "2.0", **message}, result_type).result
        except Exception as problem:
            future.set_exception(problem)
        else:
            future.set_result(result)

    def plain(self, value: Any) -> Any:
        """JSON of a typed value, of a list of them, or of something that is JSON already."""
        if isinstance(value, list | tuple):
            return [self.plain(item) for item in cast("Iterable[Any]", value)]
        if hasattr(value, "__attrs_attrs__"):
            return self._converter.unstructure(value)
        return value

    def structure(self, value: Any, expected: type[_T]) -> _T:
        """Typed parameters; bad optional fields are left out, and `InvalidParams` is raised where that does not help."""
        try:
            return self._converter.structure(value, expected)
        except Exception as error:
            return _repair(self._converter, value, expected, error)


class Server(LanguageServer):
    """pygls' server object: what sends requests and notifications to the client."""

    protocol: Protocol  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            "keras-lsp",
            __version__,
            t.TextDocumentSyncKind.Incremental,
            _NOTEBOOK_SYNC,
            protocol_cls=Protocol,
            converter_factory=default_converter,
            max_workers=1,
        )

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log; never a popup."""
        del source
        _log.error("%s: %s", type(error).__name__, error)


_NOTEBOOK_SYNC = t.NotebookDocumentSyncOptions(
    # Any notebook type: what matters is that a cell is Python.
    notebook_selector=[
        t.NotebookDocumentFilterWithCells(
            notebook="*",
            cells=[t.NotebookCellLanguage(language="python")],
        )
    ],
    save=True,
)


def choose_encoding(capabilities: t.ClientCapabilities) -> Encoding:
    """UTF-16 whenever the client can, since every server in an editor should count alike; else its first known wish."""
    offered = (capabilities.general and capabilities.general.position_encodings) or ()
    names = [str(getattr(item, "value", item)) for item in offered]
    if "utf-16" in names:
        return "utf-16"
    for name in names:
        if name == "utf-8" or name == "utf-32":
            return name
    return "utf-16"


def server_capabilities(
    capabilities: t.ClientCapabilities,
    encoding: Encoding,
    options: Mapping[str, Any],
    commands: Iterable[str],
) -> t.ServerCapabilities:
    """What we offer this client: `options` by method name, `None` where a method has none."""
    return ServerCapabilitiesBuilder(
        capabilities,
        set(options),
        {name: copy.copy(value) for name, value in options.items() if value is not None},
        list(commands),
        t.TextDocumentSyncKind.Incremental,
        _NOTEBOOK_SYNC,
        t.PositionEncodingKind(encoding),
    ).build()


def _repair(converter: Converter, value: Any, expected: type[_T], error: Exception) -> _T:
    """Structure again without the parts that are wrong, from the inside out."""
    if not isinstance(value, dict):
        raise InvalidParams("the parameters are not an object") from None
    value = _clamped(copy.deepcopy(cast("dict[str, Any]", value)))
    problem: Exception = error
    for _ in range(MAX_REPAIRS):
        try:
            return converter.structure(value, expected)
        except Exception as again:
            problem = again
        path = _error_path(problem)
        if not _remove(value, path):
            break
    raise InvalidParams(_describe(problem)) from None


def _clamped(value: Any) -> Any:
    """Lines and columns within what the protocol allows; some clients mean "the end" by larger ones."""
    if isinstance(value, dict):
        return {
            key: min(max(item, 0), _MAX_UINTEGER)
            if key in ("line", "character") and isinstance(item, int) and not isinstance(item, bool)
            else _clamped(item)
            for key, item in cast("dict[str, Any]", value).items()
        }
    if isinstance(value, list):
        return [_clamped(item) for item in cast("list[Any]", value)]
    return value


def _error_path(error: BaseException) -> list[str | int]:
    """Where in the JSON the first innermost error is."""
    path: list[str | int] = []
    for cause in _causes(error):
        for note in getattr(cause, "__notes__", ()):
            if isinstance(note, AttributeValidationNote):
                path.append(_camel_case(note.name))
            elif isinstance(note, IterableValidationNote):
                path.append(note.index)
    return path


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The first cause of a validation error, the first cause of that, and so on."""
    while isinstance(error, BaseValidationError):
        error = cast("tuple[BaseException, ...]", cast("Any", error).exceptions)[0]
        yield error


def _camel_case(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name.rstrip("_"))


def _remove(value: Any, path: list[str | int]) -> bool:
    """Remove what `path` leads to, or, where it is missing already, what should hold it."""
    while path:
        holder: Any = value
        try:
            for key in path[:-1]:
                holder = holder[key]
            del holder[path[-1]]
        except (KeyError, IndexError, TypeError):
            path = path[:-1]
        else:
            return True
    return False


def _describe(error: BaseException) -> str:
    path = _error_path(error)
    *_, last = error, *_causes(error)
    where = ".".join(str(part) for part in path) or "the parameters"
    what = f"missing {last}" if isinstance(last, KeyError) else type(last).__name__
    return f"invalid parameters at {where}: {what}"
