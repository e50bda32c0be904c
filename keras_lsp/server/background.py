"""What analysis could not know is asked here, beside everything else: Keras and Jedi, each in a process of its own.

Nobody waits for an answer. When answers come, the world is extended, what asked is analysed again, and the client is asked to
refresh. A question that got no answer is not asked again until the environment changes or the worker is restarted.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING

from keras_lsp.analysis import Analysis
from keras_lsp.inference.facts import Question
from keras_lsp.server.dispatch import log_failure
from keras_lsp.server.unit import Unit

if TYPE_CHECKING:
    from keras_lsp.server.application import Application
    from keras_lsp.server.worlds import Project

_log = logging.getLogger(__name__)

MAX_WAITING = 2_000
"""Questions of one analysis that are asked; a program with more unknown layers was generated."""

BATCH = 64
"""Questions asked at once, so that first answers are seen before the last were given."""


class Background:
    """A thread that asks, and brings the answers home."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._queue: queue.SimpleQueue[tuple[Project, str, list[Question]] | None] = queue.SimpleQueue()
        self._asked: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self, unit: Unit, analysis: Analysis) -> None:
        """Take an analysis's questions; analysis lane."""
        questions = analysis.facts.questions
        if not questions:
            return
        project = self._application.worlds.project(unit.path)
        new: list[Question] = []
        with self._lock:
            for question in questions[:MAX_WAITING]:
                key = (project.key, question.key)
                if key not in self._asked:
                    self._asked.add(key)
                    new.append(question)
            if new and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="keras-lsp-background", daemon=True)
                self._thread.start()
        if new:
            self._queue.put((project, unit.uri, new))

    def forget(self) -> None:
        """Ask again what was asked before."""
        with self._lock:
            self._asked.clear()

    def close(self) -> None:
        """End the processes that answer."""
        self._application.worlds.close()

    def _run(self) -> None:
        while True:
            item = self._queue.get()
            if item is None:
                return
            project, uri, questions = item
            bar = self._application.progress.begin(project.oracle_title)
            try:
                for start in range(0, len(questions), BATCH):
                    self._ask_batch(project, uri, questions[start : start + BATCH])
            except Exception as error:
                log_failure("asking in the background", error)
            finally:
                bar.end()

    def _ask_batch(self, project: Project, uri: str, questions: list[Question]) -> None:
        answers = self._application.worlds.ask(project, questions)
        if not answers:
            return

        def take() -> None:
            self._application.worlds.learn(project, answers)
            self._application.session.outdate([uri])
            self._application.publisher.knowledge_changed()

        self._application.dispatcher.call_soon(take)
