"""keras-lsp beside pyright and ruff in a real Neovim: nothing is said twice, and each speaks of what it knows.

Not part of the default run, since it needs both: `pip install pyright ruff`, then `pytest -m long tests/editors/test_neighbours.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from test_neovim import ROOT, find_neovim

PROGRAM = """\
import os
import keras
import tensorflow as tf

folder = os.path.join("data", unknown)
model = keras.Sequential([keras.layers.Dense(32, input_shape=(784,)), keras.layers.Dense(10)])
wide = tf.keras.layers.Conv2D(8, 3)(tf.keras.Input((28, 28)))
model.summary()
"""

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("neighbours")
    (folder / "requirements.txt").write_text("keras==3.15.1\n")
    (folder / "model.py").write_text(PROGRAM)
    beside = Path(sys.executable).parent
    path = os.pathsep.join([str(beside), os.environ["PATH"]])
    pyright, ruff = shutil.which("pyright-langserver", path=path), shutil.which("ruff", path=path)
    assert pyright and ruff, "pip install pyright ruff"
    servers = {
        "keras_lsp": [sys.executable, "-m", "keras_lsp.server"],
        "pyright": [pyright, "--stdio"],
        "ruff": [ruff, "server"],
    }
    output = folder / "seen.json"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "VIRTUAL_ENV": "",
        "CONDA_PREFIX": "",
        "PATH": path,
        "KERAS_LSP_TEST": json.dumps(
            [str(ROOT / "editors" / "neovim"), servers, str(folder / "model.py"), str(output)]
        ),
        **{f"XDG_{kind}_HOME": str(folder / kind) for kind in ("CONFIG", "STATE", "DATA")},
    }
    script = Path(__file__).with_name("neighbours_client.lua")
    done = subprocess.run(
        [find_neovim(), "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", f"luafile {script}"],
        env=environment, cwd=folder, capture_output=True, text=True, timeout=280, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert output.exists(), done.stdout + done.stderr
    result = json.loads(output.read_text())
    assert "problem" not in result, result
    return result


def test_no_place_is_reported_by_two(seen):
    places = Counter((line, column) for _, line, column, _ in seen["diagnostics"])
    ours = {(line, column) for source, line, column, _ in seen["diagnostics"] if source == "keras-lsp"}
    assert ours and all(places[place] == 1 for place in ours), seen["diagnostics"]


def test_hints_are_ours(seen):
    assert {name for name, _ in seen["hints"]} == {"keras_lsp"}
    assert [line for _, line in seen["hints"]] == sorted({line for _, line in seen["hints"]})


def test_hovers_are_ours_only_where_keras_is_meant(seen):
    ours = {place for place, names in seen["hover"].items() if "keras_lsp" in names}
    assert {"6 Dense", "6 model", "6 Sequential", "7 Conv2D", "6 input_shape"} <= ours
    assert not {"1 os", "2 keras", "5 os", "5 path", "5 folder", "6 keras", "6 layers", "7 tf", "7 keras"} & ours


def test_no_place_is_named_twice(seen):
    for place, found in seen["definition"].items():
        targets = Counter((uri, line) for _, uri, line in found)
        assert all(count == 1 for count in targets.values()), (place, found)
    assert [name for name, *_ in seen["definition"]["6 input_shape"]] == ["keras_lsp"]
    assert "keras_lsp" in [name for name, *_ in seen["definition"]["7 Conv2D"]]
    assert seen["jump"] == [6, 1]  # to the line that makes the model, without a list of places to choose from


def test_a_window_holds_the_answers_of_both(seen):
    assert seen["window"].count("(None, 784) -> (None, 10)") == 1
    assert "# keras_lsp" in seen["window"] and "# pyright" in seen["window"]
