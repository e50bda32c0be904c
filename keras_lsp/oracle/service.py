"""Who answers questions about Keras: the cache first, then the worker, or nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from .cache import AnswerCache
from .process import QUESTION_SECONDS, Identity, KerasWorker
from .questions import Answer, Question, Unaskable, canonical, read_question, unknown

OTHER_PACKAGES = ("keras_hub", "keras_cv", "keras_nlp")
"""Packages besides Keras that the worker answers about; their answers depend on more than the version of Keras."""


class Oracle(Protocol):
    """Something that answers questions about Keras. It never raises: what it cannot answer is `unknown`."""

    @property
    def state(self) -> str:
        """Where the oracle is, for people."""
        ...

    @property
    def identity(self) -> str | None:
        """Who answers, as in "Keras 3.15.1 (TensorFlow 2.21.0)"; None where not known."""
        ...

    def ask(self, question: Question, deadline: float = QUESTION_SECONDS) -> Answer:
        """Return the answer; `deadline` in seconds."""
        ...

    def ask_many(self, questions: Sequence[Question], deadline: float = QUESTION_SECONDS) -> list[Answer]:
        """Return the answers in order; `deadline` holds for each question."""
        ...

    def known(self, question: Question) -> Answer | None:
        """Return the answer where it is at hand, without starting or waiting for anything."""
        ...

    def close(self) -> None:
        """End everything that was started."""
        ...


class NullOracle:
    """Answers nothing, and says why."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    @property
    def state(self) -> str:
        """Why there are no answers."""
        return f"disabled: {self._reason}"

    @property
    def identity(self) -> str | None:
        """Nobody."""
        return None

    def ask(self, question: Question, deadline: float = QUESTION_SECONDS) -> Answer:
        """Return `unknown`."""
        return unknown(self._reason)

    def ask_many(self, questions: Sequence[Question], deadline: float = QUESTION_SECONDS) -> list[Answer]:
        """Return `unknown` for each."""
        return [unknown(self._reason) for _ in questions]

    def known(self, question: Question) -> Answer | None:
        """Return None."""
        return None

    def close(self) -> None:
        """Nothing was started."""


class KerasOracle:
    """Answers from the cache and from one worker, which is started at the first question that the cache does not know.

    `keras` is the version of the installed Keras where it is known from its files, so that cached answers need no
    worker; the worker's own word replaces it. With `wait` a restart that is due is waited for, as `check --verify`
    wants it; without it, as the server wants it, the question fails at once and may be asked again later.
    """

    def __init__(
        self,
        worker: KerasWorker,
        cache: AnswerCache,
        *,
        keras: str | None = None,
        backend: str = "tensorflow",
        wait: bool = True,
    ) -> None:
        self._worker = worker
        self._cache = cache
        self._installed = (keras, backend) if keras is not None else None
        self._wait = wait

    @property
    def state(self) -> str:
        """Where the worker is."""
        return self._worker.state

    @property
    def identity(self) -> str | None:
        """Who answers."""
        told: Identity | None = self._worker.identity
        if told is not None:
            return str(told)
        return f"Keras {self._installed[0]}" if self._installed is not None else None

    def _owner(self) -> tuple[str, str] | None:
        """Return the first two parts of the cache key."""
        told = self._worker.identity
        if told is not None:
            # tf_keras 2.15 and tf.keras 2.15 are the same code; Keras 3 is the same behind every name.
            return told.keras, told.backend
        return self._installed

    def known(self, question: Question) -> Answer | None:
        """Return a cached answer."""
        owner = self._owner()
        if owner is None or _is_about_others(question):
            return None
        try:
            return self._cache.get(*owner, question)
        except Unaskable as error:
            return unknown(str(error))

    def ask(self, question: Question, deadline: float = QUESTION_SECONDS) -> Answer:
        """Return the answer to one question."""
        return self.ask_many([question], deadline)[0]

    def ask_many(self, questions: Sequence[Question], deadline: float = QUESTION_SECONDS) -> list[Answer]:
        """Return the answers in order; only what the cache does not know goes to the worker."""
        answers = [self.known(question) for question in questions]
        missing = [index for index, answer in enumerate(answers) if answer is None]
        if missing:
            asked = [questions[index] for index in missing]
            got = self._worker.ask_many(asked, deadline=deadline, wait=self._wait)
            owner = self._owner()
            if owner is not None:
                pairs = zip(asked, got, strict=True)
                self._cache.put_many(*owner, [pair for pair in pairs if not _is_about_others(pair[0])])
            for index, answer in zip(missing, got, strict=True):
                answers[index] = answer
        return [answer if answer is not None else unknown("not asked") for answer in answers]

    def close(self) -> None:
        """End the worker and close the cache."""
        self._worker.close()
        self._cache.close()


def _is_about_others(question: Question) -> bool:
    """Tell whether an answer must not be kept under the version of Keras alone."""
    try:
        text = canonical(question)
    except Unaskable:
        return False
    return any(f'"{package}.' in text for package in OTHER_PACKAGES)


def answer_questions(
    oracle: Oracle, questions: Iterable[tuple[str, object]], deadline: float = QUESTION_SECONDS
) -> dict[str, dict[str, Any]]:
    """Answer what inference asked, each (key, payload), as the plain data that `World.answers` holds.

    "by" says who answered ("Keras 3.15.1"). What nobody could answer now is left out, and stays a question.
    """
    keys: list[str] = []
    asked: list[Question] = []
    for key, payload in questions:
        try:
            question = read_question(payload)
            question.to_json()
        except Unaskable:
            continue
        keys.append(key)
        asked.append(question)
    answers = oracle.ask_many(asked, deadline) if asked else []
    again = [index for index, answer in enumerate(answers) if answer.failed]
    if again:  # the worker was killed, perhaps by another question: a fault costs no answer but that of its cause
        for index, answer in zip(again, oracle.ask_many([asked[index] for index in again], deadline), strict=True):
            answers[index] = answer
    by = (oracle.identity or "Keras").partition(" (")[0]
    return {
        key: {**answer.to_json(), "by": by} for key, answer in zip(keys, answers, strict=True) if answer.unknown is None
    }
