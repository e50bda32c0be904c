"""Child processes that answer JSON lines: started lazily, watched, killed and restarted, never trusted.

`Child` is the one mechanism, for the Keras worker here and for Jedi in `names`. It is safe to use from several threads:
one batch of questions is under way at a time. What goes wrong is a `Failure`, never an exception, so that a caller
goes on without the answer.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from .questions import PROTOCOL, Answer, Question, Unaskable, unknown

START_SECONDS = 120.0
"""Time to start: TensorFlow takes five seconds when warm and most of a minute from a cold network disk."""

QUESTION_SECONDS = 20.0
"""Default time for one question: the slowest public application takes four seconds, on a busy machine twelve."""

RESIDENT_MB = 1500
"""Resident memory at which a child is replaced: three times what TensorFlow needs for itself."""

MAX_LINE = 32 * 2**20
"""Longest answer in bytes that is read; the largest application's answer has half a megabyte."""

WINDOW = 64
"""Questions sent ahead of their answers: enough to hide the round trip, small enough to send again."""

STRIKES = 3
"""Children in a row that may end without having answered anything before no more are started."""

LAST_WORDS_SECONDS = 1.0
"""Time for what a child said before its end to be read; the pipe ends with it, unless a child of its own holds it open."""

LONGEST_PAUSE = 60.0
SOUND_ANSWERS = 50
"""Answers after which a child counts as sound again and the pause before the next restart is one second."""

STDERR_LINES = 40


@dataclass(frozen=True)
class Command:
    """What to start: the arguments, the whole environment, and names to be shown to people."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    title: str = "the worker"
    start_seconds: float = START_SECONDS
    resident_mb: int = RESIDENT_MB

    def with_arguments(self, *more: str) -> Command:
        """Return the command with more arguments."""
        return replace(self, arguments=(*self.arguments, *more))


@dataclass(frozen=True)
class Failure:
    """A question that got no answer, and why."""

    reason: str


class _Ended:
    """The end of a child's output, with what is wrong where it was not a plain end."""

    def __init__(self, reason: str | None = None) -> None:
        self.reason = reason


class _Run:
    """One life of a child: its process, its threads and what it has said."""

    def __init__(self, command: Command, folder: str) -> None:
        self.command = command
        self.folder = folder
        self.messages: queue.Queue[Any] = queue.Queue()
        self.stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self.log: threading.Thread | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.answered = 0
        self.closing = False
        started = threading.Event()
        self._failure: OSError | ValueError | None = None
        # The thread that starts the child also reads from it, for Linux's parent-death signal is
        # sent when the starting thread ends, not when the process does.
        self._thread = threading.Thread(target=self._live, args=(started,), daemon=True, name="keras-lsp child")
        self._thread.start()
        started.wait()
        if self._failure is not None:
            raise self._failure

    def _live(self, started: threading.Event) -> None:
        on_windows = sys.platform == "win32"
        new_group, no_window = 0x00000200, 0x08000000  # CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW
        try:
            process = subprocess.Popen(
                self.command.arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(self.command.environment),
                cwd=self.folder,
                close_fds=True,
                start_new_session=not on_windows,
                creationflags=new_group | no_window if on_windows else 0,
            )
        except (OSError, ValueError) as error:
            self._failure = error
            started.set()
            return
        self.process = process
        self.log = threading.Thread(target=self._drain, args=(process,), daemon=True, name="keras-lsp child log")
        self.log.start()
        started.set()
        self.messages.put(_Ended(self._read(process)))
        process.wait()  # so that one that ended by itself is no zombie until somebody asks again

    def _read(self, process: subprocess.Popen[bytes]) -> str | None:
        stream = cast("Any", process.stdout)
        while True:
            try:
                line: bytes = stream.readline(MAX_LINE + 1)
            except (OSError, ValueError):
                return None
            if not line:
                return None
            if len(line) > MAX_LINE:
                return "it sent more than could be an answer"
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                return "it sent something that is not an answer"
            if not isinstance(message, dict):
                return "it sent something that is not an answer"
            self.messages.put(message)

    def _drain(self, process: subprocess.Popen[bytes]) -> None:
        stream = cast("Any", process.stderr)
        with contextlib.suppress(OSError, ValueError):
            while line := stream.readline(2000):
                self.stderr.append(line.decode("utf-8", "replace").rstrip())

    def send(self, message: Mapping[str, Any]) -> bool:
        """Write one message; False where the child is gone."""
        process = self.process
        if process is None or process.stdin is None:
            return False
        try:
            process.stdin.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
            process.stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def receive(self, seconds: float) -> dict[str, Any] | _Ended | None:
        """Return the next message, the end, or None when the time is over."""
        try:
            return self.messages.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return None

    def kill(self) -> None:
        """End the child and everything it started, and reap it."""
        process = self.process
        self.closing = True
        if process is None:
            return
        if process.returncode is not None:
            pass  # reaped: its number may be somebody else's by now
        elif sys.platform == "win32":
            process.kill()
        else:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError, ValueError):
            if process.stdin is not None:
                process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)


class Child:
    """A child process that is there when it is needed.

    `state` can be read at any time, from any thread, and is one of: "not started", "starting", "ready <who>",
    "restarting in 4 s", "disabled: <why>", "closed".
    """

    def __init__(self, command: Command, *, on_state: Callable[[str], None] | None = None) -> None:
        self.command = command
        self.ready: Mapping[str, Any] = {}
        self.resident_mb = 0
        self.restarts = 0
        self._on_state = on_state
        self._lock = threading.Lock()
        self._run: _Run | None = None
        self._state = "not started"
        self._strikes = 0
        self._pauses = 0
        self._not_before = 0.0
        self._sequence = 0
        self._folder: str | None = None
        self._closed = False

    # ------------------------------------------------------------------ state

    @property
    def state(self) -> str:
        """Where the child is, in words."""
        left = self._not_before - time.monotonic()
        if self._state == "restarting" and left > 0:
            return f"restarting in {left:.0f} s"
        return "not started" if self._state == "restarting" else self._state

    @property
    def disabled(self) -> bool:
        """Tell whether no more children are started."""
        return self._state.startswith("disabled") or self._closed

    @property
    def pid(self) -> int | None:
        """The process id of the running child."""
        run = self._run
        return run.process.pid if run is not None and run.process is not None else None

    @property
    def log(self) -> tuple[str, ...]:
        """The last lines that the running child wrote to its standard error."""
        run = self._run
        return tuple(run.stderr) if run is not None else ()

    def _set_state(self, state: str) -> None:
        if state != self._state:
            self._state = state
            if self._on_state is not None:
                self._on_state(self.state)

    # ------------------------------------------------------------------ life

    def start(self) -> bool:
        """Start the child now, where it is not running; True when it is ready."""
        with self._lock:
            return self._ensure(wait=True) is None

    def retry(self) -> None:
        """Forget past failures, so that a disabled child starts again at the next question."""
        with self._lock:
            if self._closed or self._run is not None:
                return
            self._strikes = self._pauses = 0
            self._not_before = 0.0
            self._set_state("not started")

    def close(self) -> None:
        """End the child for good; safe to call while another thread waits for an answer."""
        self._closed = True
        run = self._run
        if run is not None:
            run.kill()
        with self._lock:
            if self._run is not None:
                self._run.kill()
                self._run = None
            self._set_state("closed")
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = None

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def _ensure(self, *, wait: bool) -> str | None:
        """Have a running child; returns why not."""
        if self._closed:
            return f"{self.command.title} is closed"
        if self._run is not None:
            process = self._run.process
            if process is not None and process.poll() is None:
                return None
            self._fail("it ended by itself")
        while not self._closed:
            if self._state.startswith("disabled"):
                return f"{self.command.title} is {self._state}"
            pause = self._not_before - time.monotonic()
            if pause > 0:
                if not wait:
                    return f"{self.command.title} is {self.state}"
                time.sleep(min(pause, 0.2))
                continue
            problem = self._launch()
            if problem is None or not wait:
                return problem
        return f"{self.command.title} is closed"

    def _launch(self) -> str | None:
        self._set_state("starting")
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="keras-lsp-")
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        try:
            command = self.prepare(Path(self._folder), self.command)
            self._run = run = _Run(command, self._folder)
        except (OSError, ValueError) as error:
            return self._fail(f"it cannot be started: {error}")
        if self._closed:
            run.kill()
        message = run.receive(self.command.start_seconds)
        if message is None:
            return self._fail(f"it was not ready after {self.command.start_seconds:.0f} s")
        if isinstance(message, _Ended):
            return self._fail(message.reason or self._last_words("it ended while starting"))
        if "failed" in message:
            return self._fail(str(message["failed"]))
        ready = message.get("ready")
        if not isinstance(ready, dict):
            return self._fail("it sent something that is not an answer")
        self.ready = cast("dict[str, Any]", ready)
        if self.ready.get("protocol") != PROTOCOL:
            return self._fail("it speaks another version of the protocol")
        self._set_state(f"ready {self._introduction()}")
        return None

    def _introduction(self) -> str:
        return str(self.ready.get("name", ""))

    def prepare(self, folder: Path, command: Command) -> Command:
        """Return what to start, given the child's own empty folder, which is its home as well."""
        home = dict.fromkeys(("HOME", "USERPROFILE", "KERAS_HOME", "TMPDIR", "TEMP"), str(folder))
        return replace(command, environment={**command.environment, **home})

    def _last_words(self, reason: str) -> str:
        run = self._run
        if run is not None and run.log is not None:
            run.log.join(LAST_WORDS_SECONDS)  # they come by another pipe than its end
        lines = [line for line in run.stderr if line.strip()] if run is not None else []
        return f"{reason}: {lines[-1][:300]}" if lines else reason

    def _fail(self, reason: str) -> str:
        """End the present child, count, and say when the next may start. Returns a reason for people."""
        run, self._run = self._run, None
        answered = 0
        if run is not None:
            answered = run.answered
            run.kill()
        if self._closed:
            return f"{self.command.title} is closed"
        self.restarts += 1
        self._strikes = self._strikes + 1 if answered == 0 else 0
        self._pauses = 0 if answered >= SOUND_ANSWERS else self._pauses
        if self._strikes >= STRIKES:
            self._set_state(f"disabled: {reason}")
        else:
            self._not_before = time.monotonic() + min(LONGEST_PAUSE, 2.0**self._pauses)
            self._pauses += 1
            self._set_state("restarting")
        return f"{self.command.title} failed: {reason}"

    def _recycle(self) -> None:
        """Replace a child that has grown, at once and without blame."""
        run, self._run = self._run, None
        if run is not None:
            run.kill()
        self.restarts += 1
        self.resident_mb = 0
        self._set_state("not started")

    # ------------------------------------------------------------------ questions

    def exchange(self, questions: Sequence[Any], *, deadline: float = QUESTION_SECONDS, wait: bool = True) -> list[Any]:
        """Return an answer or a `Failure` for each question, in order.

        `deadline` is in seconds and for each question on its own. With `wait` a restart that is due is waited for;
        without it the questions fail at once.
        """
        results: list[Any] = [None] * len(questions)
        with self._lock:
            done = 0
            while done < len(questions):
                problem = self._ensure(wait=wait)
                if problem is not None:
                    results[done:] = [Failure(problem)] * (len(questions) - done)
                    break
                done = self._converse(questions, results, done, deadline)
        return results

    def _converse(self, questions: Sequence[Any], results: list[Any], done: int, deadline: float) -> int:
        """Ask until all is answered or the child must be replaced; returns how many are answered."""
        run = cast("_Run", self._run)
        sent = done
        first = self._sequence - done
        while done < len(questions):
            while sent < len(questions) and sent - done < WINDOW:
                if not run.send({"id": first + sent, "ask": questions[sent]}):
                    break
                sent += 1
            self._sequence = first + sent
            reply = run.receive(deadline)
            problem = self._problem(reply, first + done, deadline)
            if problem is not None:
                results[done] = Failure(self._fail(problem))
                self._sequence += 1
                return done + 1
            reply = cast("dict[str, Any]", reply)
            results[done] = reply["answer"]
            run.answered += 1
            done += 1
            resident = reply.get("resident")
            self.resident_mb = resident if isinstance(resident, int) else 0
            if self.resident_mb > self.command.resident_mb:
                self._recycle()
                return done
        return done

    def _problem(self, reply: dict[str, Any] | _Ended | None, expected: int, deadline: float) -> str | None:
        if reply is None:
            return f"it did not answer within {deadline:g} s"
        if isinstance(reply, _Ended):
            return reply.reason or self._last_words("it ended while answering")
        if reply.get("id") != expected or not isinstance(reply.get("answer"), dict):
            return "it sent an answer to another question"
        return None


# ---------------------------------------------------------------------- the Keras worker

WORKER = Path(__file__).parent / "worker" / "__main__.py"

# Variables that the worker may see; everything else, proxies and Python's own among them, is left out.
PASSED_ON = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "NUMBER_OF_PROCESSORS",
)


def allowed_environment(**extra: str) -> dict[str, str]:
    """Return the environment of a child: the allowed variables of ours and `extra`."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | extra


@dataclass(frozen=True)
class Identity:
    """Which Keras answers."""

    keras: str
    api: str
    backend: str
    backend_version: str

    def __str__(self) -> str:
        """Return "Keras 3.15.1 (TensorFlow 2.21.0)"."""
        backend = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch", "numpy": "NumPy"}
        return f"Keras {self.keras} ({backend.get(self.backend, self.backend)} {self.backend_version})".rstrip()


class KerasWorker(Child):
    """The Keras of one interpreter, asked in a process of its own.

    `api` is "keras", "tf_keras" or "tensorflow.keras"; `backend` names Keras 3's backend, None leaves it to Keras.
    """

    def __init__(
        self,
        python: Path | str,
        *,
        api: str = "keras",
        backend: str | None = None,
        resident_mb: int = RESIDENT_MB,
        start_seconds: float = START_SECONDS,
        extra_memory: int | None = None,
        on_state: Callable[[str], None] | None = None,
    ) -> None:
        environment = allowed_environment(
            TF_CPP_MIN_LOG_LEVEL="3",
            TF_ENABLE_ONEDNN_OPTS="0",
            CUDA_VISIBLE_DEVICES="-1",
            JAX_PLATFORMS="cpu",
            TF_USE_LEGACY_KERAS="1" if api == "tf_keras" else "0",
        )
        if backend is not None:
            environment["KERAS_BACKEND"] = backend
        # -I: nothing of the current folder, of PYTHONPATH or of the user's own site-packages; -B: writes no caches.
        arguments = [str(python), "-I", "-B", str(WORKER), "--api", api]
        if extra_memory is not None:
            arguments += ["--memory", str(extra_memory)]
        super().__init__(
            Command(tuple(arguments), environment, "the Keras worker", start_seconds, resident_mb),
            on_state=on_state,
        )

    @property
    def identity(self) -> Identity | None:
        """Which Keras answers; None before the first start."""
        ready = self.ready
        if not ready:
            return None
        return Identity(
            str(ready.get("keras", "")),
            str(ready.get("api", "")),
            str(ready.get("backend", "")),
            str(ready.get("backend_version", "")),
        )

    def _introduction(self) -> str:
        return str(self.identity)

    def ask(self, question: Question, *, deadline: float = QUESTION_SECONDS, wait: bool = True) -> Answer:
        """Return the answer to one question; whatever goes wrong is an `unknown` answer."""
        return self.ask_many([question], deadline=deadline, wait=wait)[0]

    def ask_many(
        self, questions: Sequence[Question], *, deadline: float = QUESTION_SECONDS, wait: bool = True
    ) -> list[Answer]:
        """Return the answers to many questions, in order; `deadline` holds for each of them."""
        answers: list[Answer | None] = [None] * len(questions)
        asked: list[int] = []
        bodies: list[dict[str, Any]] = []
        for index, question in enumerate(questions):
            try:
                body = question.to_json()
            except Unaskable as error:
                answers[index] = unknown(str(error))
                continue
            asked.append(index)
            bodies.append(body)
        for index, result in zip(asked, self.exchange(bodies, deadline=deadline, wait=wait), strict=True):
            answers[index] = (
                unknown(result.reason, failed=True) if isinstance(result, Failure) else Answer.from_json(result)
            )
        return [answer if answer is not None else unknown("not asked") for answer in answers]
