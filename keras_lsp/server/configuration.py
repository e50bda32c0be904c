"""Settings as editors send them: at the start, on request, and as a hint that they changed.

`initializationOptions` may hold the settings bare, under "settings" (an object, or a list with one per folder), or under
"keras-lsp"; `workspace/configuration` is asked for the section "keras-lsp" of every folder. What the client answers wins over
what it sent at the start. Unknown keys cost one line in the log.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types as t

from keras_lsp.server.client import plain_object

if TYPE_CHECKING:
    from keras_lsp.server.application import Application

_log = logging.getLogger(__name__)

SECTION = "keras-lsp"


class Configuration:
    """What the client configured."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.client_has_commands = False

    def take_options(self, options: Any) -> None:
        """Read `initializationOptions`; session thread."""
        content = plain_object(options)
        self.client_has_commands = content.get("clientHasCommands") is True
        if isinstance(content.get("trusted"), bool):
            self._application.worlds.trust(content["trusted"])
        settings: Any = content.get("settings", content.get(SECTION))
        worlds = self._application.worlds
        if isinstance(settings, list):
            for item in cast("list[Any]", settings):
                folder = plain_object(item)
                where = folder.get("workspace") or folder.get("cwd")
                worlds.configure(folder, where if isinstance(where, str) else None)
            settings = content.get("globalSettings")
        if isinstance(settings, dict):
            worlds.configure(cast("dict[str, Any]", settings), None)
        elif settings is None and not content.keys() & {"settings", "globalSettings", "clientHasCommands", "trusted"}:
            worlds.configure(content, None)

    def changed(self, settings: Any) -> None:
        """The client says that settings changed, and perhaps which; session thread."""
        client = self._application.session.client
        if client.configuration:
            self.pull()
            return
        content = plain_object(settings)
        if SECTION in content:
            content = plain_object(content[SECTION])
        self._application.worlds.configure(content, None)
        self._application.knowledge_changed()

    def pull(self) -> None:
        """Ask for the settings of all folders; session thread."""
        application = self._application
        if not application.session.client.configuration:
            return
        folders = list(application.worlds.folders)
        scopes: list[str | None] = [None, *folders]
        items = [t.ConfigurationItem(scope, SECTION) for scope in scopes]
        future = application.server.workspace_configuration(t.ConfigurationParams(items))
        future.add_done_callback(lambda done: application.dispatcher.call_soon(lambda: self._take_answer(scopes, done)))

    def _take_answer(self, scopes: list[str | None], future: Future[Any]) -> None:
        if future.exception() is not None:
            _log.warning("the client did not say its configuration: %s", future.exception())
            return
        answers: Any = future.result()
        if not isinstance(answers, list | tuple):
            return
        changed = False
        for scope, answer in zip(scopes, cast("list[Any]", answers), strict=False):
            if isinstance(answer, dict):
                changed |= self._application.worlds.configure(cast("dict[str, Any]", answer), scope)
        if changed:
            self._application.knowledge_changed()
