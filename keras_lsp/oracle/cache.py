"""Answers of Keras, kept in SQLite and shared by all processes of a user: a question is asked once in a lifetime.

Nothing here may fail: a full disk, a damaged file, a read-only folder or a locked database only mean that answers are
kept in memory for as long as this process lives. Answers are JSON, never pickles.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from .folder import cache_folder
from .questions import PROTOCOL, Answer, Question, digest

FORMAT = 1
"""Version of the tables; another version has a file of its own."""

MAX_BYTES = 200 * 2**20
"""Size at which the oldest fifth of the answers is dropped: some 200,000 answers."""

MEMORY_ANSWERS = 4096
"""Answers kept in memory in front of the file: more than the calls of the largest program."""

BUSY_SECONDS = 2.0
BUSY_PAUSE = 0.01  # between two attempts; making the tables takes some milliseconds
CHECK_EVERY = 500  # writes between two looks at the size of the file

Key = tuple[str, str, str, str]


def default_path() -> Path:
    """Return where the cache lives; KERAS_LSP_CACHE_DIR names another folder."""
    return cache_folder() / f"answers-{FORMAT}.sqlite3"


class AnswerCache:
    """Answers by Keras version, backend and question. `path` None keeps them in memory only.

    Safe for several threads and several processes. `problem` says why the file is not used, where it is not.
    """

    def __init__(self, path: Path | None, *, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self.problem: str | None = None
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._memory: OrderedDict[Key, str] = OrderedDict()
        self._database: sqlite3.Connection | None = None
        self._writes = 0
        self._opened = False

    # ------------------------------------------------------------------ the file

    def _open(self) -> sqlite3.Connection | None:
        """Return the database, opened at the first use; a damaged file is replaced once."""
        if self._opened or self.path is None:
            return self._database
        self._opened = True
        try:
            self._database = self._connect_in_turn(self.path)
        except sqlite3.DatabaseError as error:
            if _is_damaged(error):
                self._replace(error)
            else:
                self._give_up(error)
        except OSError as error:
            self._give_up(error)
        return self._database

    def _connect_in_turn(self, path: Path) -> sqlite3.Connection:
        """Connect, again where another process makes the file at this moment: SQLite does not wait for that by itself."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                return self._connect(path)
            except sqlite3.OperationalError as error:  # noqa: PERF203
                if not _is_locked(error) or time.monotonic() > deadline:
                    raise
                time.sleep(BUSY_PAUSE)

    def _connect(self, path: Path) -> sqlite3.Connection:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            # Write-ahead logging lets others read during a write; losing the last answers in a power cut is fine.
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            database.execute("PRAGMA auto_vacuum=INCREMENTAL")
            database.execute(
                "CREATE TABLE IF NOT EXISTS answers (keras TEXT, backend TEXT, protocol TEXT, question TEXT,"
                " answer TEXT NOT NULL, asked INTEGER NOT NULL,"
                " PRIMARY KEY (keras, backend, protocol, question)) WITHOUT ROWID"
            )
            database.execute("SELECT answer FROM answers LIMIT 1").fetchone()
        except sqlite3.Error:
            database.close()
            raise
        with contextlib.suppress(OSError):
            path.chmod(0o600)
        return database

    def _replace(self, error: sqlite3.Error) -> None:
        """Put a damaged file aside and start a new one."""
        path = cast("Path", self.path)
        self._close()
        try:
            path.replace(path.with_suffix(".damaged"))
            for suffix in ("-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            self._database = self._connect(path)
        except (OSError, sqlite3.Error):
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Go on in memory."""
        self.problem = f"answers are kept in memory only: {error}"
        self._close()

    def _close(self) -> None:
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):
                self._database.close()
            self._database = None

    def _failed(self, error: sqlite3.Error) -> None:
        """Decide what an error in use means: locked is passing, damage is repaired, the rest is for good."""
        if _is_damaged(error):
            self._replace(error)
        elif not _is_locked(error):
            self._give_up(error)

    # ------------------------------------------------------------------ answers

    def get(self, keras: str, backend: str, question: Question | Mapping[str, Any]) -> Answer | None:
        """Return the answer to a question, where it is known for this Keras."""
        key = _key(keras, backend, question)
        with self._lock:
            text = self._memory.get(key)
            if text is None:
                text = self._read(key)
                if text is None:
                    return None
                self._remember(key, text)
            else:
                self._memory.move_to_end(key)
        try:
            data = json.loads(text)
        except ValueError:
            return None
        answer = Answer.from_json(cast("dict[str, Any]", data)) if isinstance(data, dict) else None
        return answer if answer is not None and answer.unknown is None else None

    def put(self, keras: str, backend: str, question: Question | Mapping[str, Any], answer: Answer) -> None:
        """Keep an answer; what Keras did not answer is not kept, for the next attempt may succeed."""
        self.put_many(keras, backend, [(question, answer)])

    def put_many(
        self, keras: str, backend: str, answers: Iterable[tuple[Question | Mapping[str, Any], Answer]]
    ) -> None:
        """Keep several answers in one transaction."""
        rows = [
            (_key(keras, backend, question), json.dumps(answer.to_json(), separators=(",", ":")))
            for question, answer in answers
            if answer.unknown is None
        ]
        if not rows:
            return
        with self._lock:
            for key, text in rows:
                self._remember(key, text)
            database = self._open()
            if database is None:
                return
            now = int(time.time())
            try:
                database.execute("BEGIN IMMEDIATE")
                database.executemany(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)",
                    [(*key, text, now) for key, text in rows],
                )
                database.execute("COMMIT")
                before, self._writes = self._writes, self._writes + len(rows)
                if before // CHECK_EVERY != self._writes // CHECK_EVERY or before == 0:
                    self._shrink(database)
            except sqlite3.Error as error:
                with contextlib.suppress(sqlite3.Error):
                    database.execute("ROLLBACK")
                self._failed(error)

    def _read(self, key: Key) -> str | None:
        database = self._open()
        if database is None:
            return None
        try:
            row = database.execute(
                "SELECT answer FROM answers WHERE keras=? AND backend=? AND protocol=? AND question=?", key
            ).fetchone()
        except sqlite3.Error as error:
            self._failed(error)
            return None
        return row[0] if row is not None and isinstance(row[0], str) else None

    def _remember(self, key: Key, text: str) -> None:
        self._memory[key] = text
        self._memory.move_to_end(key)
        while len(self._memory) > MEMORY_ANSWERS:
            self._memory.popitem(last=False)

    def _shrink(self, database: sqlite3.Connection) -> None:
        """Drop the oldest answers where the file has grown beyond its bound."""
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        size = database.execute("PRAGMA page_size").fetchone()[0]
        free = database.execute("PRAGMA freelist_count").fetchone()[0]
        if (pages - free) * size <= self._max_bytes:
            return
        count = database.execute("SELECT count(*) FROM answers").fetchone()[0]
        database.execute(
            "DELETE FROM answers WHERE (keras, backend, protocol, question) IN"
            " (SELECT keras, backend, protocol, question FROM answers ORDER BY asked LIMIT ?)",
            (max(1, count // 5),),
        )
        database.execute("PRAGMA incremental_vacuum")

    def close(self) -> None:
        """Close the file; the cache opens it again when it is used."""
        with self._lock:
            self._close()
            self._opened = False


def _key(keras: str, backend: str, question: Question | Mapping[str, Any]) -> Key:
    return keras, backend, str(PROTOCOL), digest(question)


def _is_locked(error: sqlite3.Error) -> bool:
    return any(sign in str(error) for sign in ("locked", "busy"))


def _is_damaged(error: sqlite3.Error) -> bool:
    text = str(error)
    # The second is what a table of another make says.
    return any(sign in text for sign in ("malformed", "not a database", "no such column", "no such table"))
