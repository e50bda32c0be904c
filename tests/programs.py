"""Runs whole test programs under real Keras: one warm process per generation, one program after the other.

Only programs that stand in this repository are run. Keras 3 is `keras`; for Keras 2 the process makes `keras` mean `tf_keras`,
the same code as TensorFlow 2.15's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field

# Importing TensorFlow takes up to half a minute on a busy machine; a program takes a second or two.
PATIENCE = 180

_WORKER = r"""
import io, json, os, sys, traceback, warnings
generation = sys.argv[1]
wire = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
if generation == "2":
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import importlib, tf_keras
    import tensorflow
    sys.modules["keras"] = tf_keras
    for name, module in list(sys.modules.items()):
        if name.startswith("tf_keras."):
            sys.modules["keras" + name[len("tf_keras"):]] = module
    for name in ("layers", "models", "losses", "optimizers", "metrics", "callbacks", "utils", "datasets", "backend"):
        sys.modules["keras." + name] = importlib.import_module("tf_keras." + name)
import keras, numpy

def shape_of(value):
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [shape_of(item) for item in value]
    shape = getattr(value, "shape", None)
    return None if shape is None else "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"

print(json.dumps({"keras": keras.__version__}), file=wire, flush=True)
for line in sys.stdin:
    source = json.loads(line)["source"]
    keras.backend.clear_session()
    outcome = {"error": None, "text": "", "revealed": []}
    def reveal_shape(value):
        outcome["revealed"].append([sys._getframe(1).f_lineno, shape_of(value)])
    sys.stdout = io.StringIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(source, "program.py", "exec"), {"__name__": "__main__", "reveal_shape": reveal_shape})
    except BaseException as error:
        text = str(error)  # TensorFlow says what is wrong after, or before, long lists of places
        shown = text if len(text) < 4000 else text[:2000] + "..." + text[-2000:]
        outcome.update(error=type(error).__name__, text=shown)
    print(json.dumps(outcome), file=wire, flush=True)
"""


@dataclass(frozen=True)
class Outcome:
    """How a program ended: the exception's type and text, or `None`; and the shapes that it revealed, with their lines."""

    error: str | None
    text: str
    revealed: tuple[tuple[int, object], ...] = field(default=(), compare=False)


class ProgramRunner:
    """A warm process of one generation; started at the first program."""

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self._process: subprocess.Popen[str] | None = None
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # programs save models and weights

    def run(self, source: str) -> Outcome:
        process = self._start()
        assert process.stdin is not None
        process.stdin.write(json.dumps({"source": source}) + "\n")
        process.stdin.flush()
        answer = self._read(process)
        revealed = tuple((line, shape) for line, shape in answer.get("revealed", ()))
        return Outcome(answer["error"], answer["text"], revealed)

    def _start(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            environment = {
                **os.environ,
                "TF_CPP_MIN_LOG_LEVEL": "3",
                "CUDA_VISIBLE_DEVICES": "-1",
                "KERAS_BACKEND": "tensorflow",
            }
            self._process = subprocess.Popen(
                [sys.executable, "-c", _WORKER, str(self.generation)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=environment,
                cwd=self._folder.name,
            )
            self._read(self._process)
        return self._process

    def _read(self, process: subprocess.Popen[str]) -> dict[str, str]:
        assert process.stdout is not None
        timer = threading.Timer(PATIENCE, process.kill)
        timer.start()
        try:
            line = process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            raise RuntimeError(f"the Keras {self.generation} process ended: exit code {process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()
