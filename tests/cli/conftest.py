"""Running the command in this process, in a folder of its own, with no environment that could say which Keras."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from keras_lsp.cli import main


@dataclass
class Result:
    code: int
    out: str
    err: str


class Command:
    """`command("check", "a.py")`: exit code and what was printed."""

    def __init__(self, capsysbinary, monkeypatch, folder: Path) -> None:
        self._capture = capsysbinary
        self._monkeypatch = monkeypatch
        self.folder = folder

    def __call__(self, *arguments: str, stdin: bytes | None = None) -> Result:
        if stdin is not None:
            self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._capture.readouterr()
        code = main([str(argument) for argument in arguments])
        sys.stdout.flush()
        out, err = self._capture.readouterr()
        return Result(code, out.decode(), err.decode())

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode()


@pytest.fixture
def command(capsysbinary, monkeypatch, tmp_path):
    """The command, run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "NO_COLOR",
        "FORCE_COLOR",
        "KERAS_LSP_OUTPUT_FORMAT",
        "TF_USE_LEGACY_KERAS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_LSP_CACHE_DIR", str(tmp_path / ".cache"))
    return Command(capsysbinary, monkeypatch, tmp_path)
