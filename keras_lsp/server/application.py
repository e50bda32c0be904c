"""The server as a whole: what is wired to what."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types as t

from keras_lsp import __version__
from keras_lsp.analysis import Analysis
from keras_lsp.server.background import Background
from keras_lsp.server.client import Client
from keras_lsp.server.configuration import Configuration
from keras_lsp.server.diagnostics import Publisher
from keras_lsp.server.dispatch import Dispatcher
from keras_lsp.server.lifecycle import Lifecycle
from keras_lsp.server.progress import Progress
from keras_lsp.server.protocol import Server, server_capabilities
from keras_lsp.server.session import Session
from keras_lsp.server.transport import Writer
from keras_lsp.server.unit import Unit, file_path
from keras_lsp.server.worlds import Worlds

_log = logging.getLogger(__name__)

WATCHED = ("**/pyproject.toml", "**/{.,}keras-lsp.toml", "**/.venv/pyvenv.cfg", "**/requirements*.txt")
"""Files whose change changes a project; never `**/*.py`, which exhausts a system's watchers on large trees."""


class Application:
    """One server for one client."""

    def __init__(self, lifecycle: Lifecycle, writer: Writer, *, may_trust: bool) -> None:
        from keras_lsp.server.requests import ENDPOINTS

        self.lifecycle = lifecycle
        self.server = Server()
        self.server.protocol.set_writer(writer)
        self.worlds = Worlds(may_trust=may_trust)
        self.session = Session(self.worlds, self.inform)
        self.dispatcher = Dispatcher(
            self.server.protocol, lifecycle, ENDPOINTS, self._notifications(), self._prepare, self
        )
        self.configuration = Configuration(self)
        self.publisher = Publisher(self.server, self.dispatcher, self.session)
        self.progress = Progress(self)
        self.background = Background(self)
        self._endpoints = ENDPOINTS
        self._initialized = False
        self._options: Mapping[str, Any] = {}
        self.session.on_change = self._changed
        self.session.call_soon = self.dispatcher.call_soon
        self.session.on_close = self.publisher.closed
        self.session.on_analysed = self._analysed
        self.session.long_work = self.progress.during
        self.session.on_outlived = lambda seconds: self.dispatcher.call_soon(
            lambda: self.publisher.hints_outlive(seconds)
        )
        lifecycle.on_end(self.background.close)

    # The client arrives.

    def initialize(self, params: t.InitializeParams) -> t.InitializeResult:
        """Take what the client says of itself, and say what we offer."""
        name = params.client_info.name if params.client_info else ""
        self.session.client = client = Client.of(params.capabilities, name)
        if not self._initialized:
            self.lifecycle.watch_process(params.process_id)
        folders = list(params.workspace_folders or ())
        root = params.root_uri or (Path(params.root_path).absolute().as_uri() if params.root_path else None)
        if not folders and root:
            folders = [t.WorkspaceFolder(root, root.rstrip("/").rpartition("/")[2])]
        self.configuration.take_options(params.initialization_options)
        self.session.set_folders(folders)
        options = {
            endpoint.method: endpoint.options for endpoint in self._endpoints if endpoint.offered(params.capabilities)
        }
        options |= dict.fromkeys(self._notifications())
        options[t.TEXT_DOCUMENT_DID_SAVE] = t.SaveOptions(include_text=True)
        from keras_lsp.server.commands import COMMANDS

        # A client refuses a command that is registered twice, by a second server of ours in another folder.
        commands = [] if self.configuration.client_has_commands else list(COMMANDS)
        capabilities = server_capabilities(params.capabilities, client.encoding, options, commands)
        self.dispatcher.state = "running"
        _log.info("initialized for %s, columns in %s", name or "an unnamed client", client.encoding)
        return t.InitializeResult(capabilities, t.ServerInfo("keras-lsp", __version__))

    def _initialized_notification(self, params: t.InitializedParams) -> None:
        del params
        first, self._initialized = not self._initialized, True
        if not first:
            return
        client = self.session.client
        registrations: list[t.Registration] = []
        if client.register_configuration:
            registrations.append(
                t.Registration(
                    "keras-lsp-configuration",
                    t.WORKSPACE_DID_CHANGE_CONFIGURATION,
                    t.DidChangeConfigurationRegistrationOptions("keras-lsp"),
                )
            )
        if client.register_watched_files:
            watchers = [t.FileSystemWatcher(pattern) for pattern in WATCHED]
            registrations.append(
                t.Registration(
                    "keras-lsp-files",
                    t.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                    t.DidChangeWatchedFilesRegistrationOptions(watchers),
                )
            )
        if registrations:
            self.server.client_register_capability(t.RegistrationParams(registrations))
        self.configuration.pull()

    # What happens when.

    def _notifications(self) -> dict[str, Callable[[Any], None]]:
        return {
            t.INITIALIZED: self._initialized_notification,
            t.TEXT_DOCUMENT_DID_OPEN: lambda params: self.session.open(params.text_document),
            t.TEXT_DOCUMENT_DID_CHANGE: lambda params: self.session.change(params),
            t.TEXT_DOCUMENT_DID_SAVE: lambda params: self.session.save(params),
            t.TEXT_DOCUMENT_DID_CLOSE: lambda params: self.session.close(params.text_document.uri),
            t.NOTEBOOK_DOCUMENT_DID_OPEN: lambda params: self.session.open_notebook(params),
            t.NOTEBOOK_DOCUMENT_DID_CHANGE: lambda params: self.session.change_notebook(params),
            t.NOTEBOOK_DOCUMENT_DID_SAVE: lambda params: None,
            t.NOTEBOOK_DOCUMENT_DID_CLOSE: lambda params: self.session.close_notebook(params.notebook_document.uri),
            t.WORKSPACE_DID_CHANGE_CONFIGURATION: lambda params: self.configuration.changed(params.settings),
            t.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: self._folders_changed,
            t.WORKSPACE_DID_CHANGE_WATCHED_FILES: self._files_changed,
            t.WINDOW_WORK_DONE_PROGRESS_CANCEL: lambda params: None,
            t.SET_TRACE: lambda params: None,
        }

    def _prepare(self, method: str, params: Any) -> Any:
        """What an endpoint of the analysis lane is given: the view of its document, the session, or everything."""
        if method == t.WORKSPACE_EXECUTE_COMMAND:
            return self
        document = getattr(params, "text_document", None)
        return self.session if document is None else self.session.view(document.uri)

    def _changed(self, unit: Unit, opened: bool) -> None:
        self.publisher.changed(unit, opened)

    def _analysed(self, unit: Unit, analysis: Analysis) -> None:
        self.background.ask(unit, analysis)

    def _folders_changed(self, params: t.DidChangeWorkspaceFoldersParams) -> None:
        self.session.set_folders(params.event.added, params.event.removed)
        self.knowledge_changed()

    def _files_changed(self, params: t.DidChangeWatchedFilesParams) -> None:
        paths = [path for change in params.changes if (path := file_path(change.uri))]
        _log.info("%d watched files changed", len(paths))
        self.worlds.forget()
        self.knowledge_changed()

    def knowledge_changed(self) -> None:
        """Settings, environments or answers changed: analyse again, and have the client ask again; session thread."""
        self.session.outdate()
        self.publisher.knowledge_changed()

    def inform(self, message: str) -> None:
        """Tell the user something that is worth a message, once."""
        self.server.window_show_message(t.ShowMessageParams(t.MessageType.Info, message))
