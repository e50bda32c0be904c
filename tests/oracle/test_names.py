"""Jedi in its own process: names of project modules and of `tensorflow.keras`, and nothing run."""

from __future__ import annotations

import os
import signal
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from keras_lsp.oracle.names import overlay
from keras_lsp.oracle.names.client import NameOracle
from tests.patience import allowed

SITE = [Path(sysconfig.get_path("purelib"))]
DEADLINE = 30.0  # a loaded machine, and the first answer reads many files


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "mylib").mkdir()
    (root / "mylib" / "__init__.py").write_text("from .blocks import Block, Dense as Linear\n")
    (root / "mylib" / "blocks.py").write_text(
        "from tensorflow.keras.layers import Dense\nimport tensorflow as tf\n\n\nclass Block(tf.keras.layers.Layer):\n    pass\n"
    )
    return root


@pytest.fixture(scope="module")
def names(project: Path) -> Iterator[NameOracle]:
    with NameOracle(project, SITE) as oracle:
        assert oracle.start(), oracle.state
        yield oracle


def goto(names: NameOracle, source: str, mark: str, path: Path | None = None) -> list[str | None]:
    """Full names of what is under the last `mark` of the source."""
    before = source[: source.rindex(mark) + len(mark) - 1]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n") - 1
    found = names.goto(source, path, line, column, deadline=DEADLINE)
    assert found.unknown is None, found.unknown
    return [each.full_name for each in found.found]


DENSE = "keras.src.layers.core.dense.Dense"


@pytest.mark.parametrize(
    ("source", "mark"),
    [
        ("import tensorflow as tf\ntf.keras.layers.Dense(3)\n", "Dense"),
        ("from tensorflow.keras.layers import Dense\nDense(3)\n", "Dense"),
        ("from tensorflow.keras import layers\nlayers.Dense(3)\n", "Dense"),
        ("from tensorflow import keras\nkeras.layers.Dense(3)\n", "Dense"),
        ("import tensorflow.keras as K\nK.layers.Dense(3)\n", "Dense"),
        ("import keras\nkeras.layers.Dense(3)\n", "Dense"),
        ("from mylib import Linear\nLinear(3)\n", "Linear"),
    ],
)
def test_every_way_to_a_layer(names: NameOracle, project: Path, source: str, mark: str) -> None:
    assert goto(names, source, mark, project / "main.py") == [DENSE]


def test_nested_modules_of_tensorflow_keras(names: NameOracle, project: Path) -> None:
    source = "from tensorflow.keras.applications.vgg16 import VGG16\nVGG16()\n"
    assert goto(names, source, "VGG16", project / "main.py") == ["keras.src.applications.vgg16.VGG16"]
    source = "from tensorflow.keras.optimizers.schedules import ExponentialDecay\nExponentialDecay\n"
    assert goto(names, source, "ExponentialDecay", project / "main.py") == [
        "keras.src.optimizers.schedules.learning_rate_schedule.ExponentialDecay"
    ]


def test_the_rest_of_tensorflow_still_resolves(names: NameOracle, project: Path) -> None:
    source = "import tensorflow as tf\ntf.reshape\n"
    full = goto(names, source, "reshape", project / "main.py")
    assert full
    assert str(full[0]).startswith("tensorflow.python.ops")


def test_project_modules(names: NameOracle, project: Path) -> None:
    found = names.goto("from mylib import Block\nBlock()\n", project / "main.py", 2, 1, deadline=DEADLINE).found
    assert [(each.full_name, each.type, each.line, each.column) for each in found] == [
        ("mylib.blocks.Block", "class", 5, 6)
    ]
    assert found[0].module_path == project / "mylib" / "blocks.py"
    resolved = names.resolve("mylib.Linear", project / "main.py", deadline=DEADLINE)
    assert [each.full_name for each in resolved.found] == [DENSE]
    relative = names.resolve(".blocks.Block", project / "mylib" / "other.py", deadline=DEADLINE)
    assert [each.full_name for each in relative.found] == ["mylib.blocks.Block"]
    assert names.resolve("no such name").unknown == "no such name is not a name"
    assert names.resolve("mylib.Nothing", project / "main.py", deadline=DEADLINE).found == ()


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("x", 7, 0),
        ("x", 1, 99),
        ("", 1, 0),
        ("def (:\n", 1, 5),
        ("\x00", 1, 0),
        ("x = '\ud800'", 1, 0),
        ("é😋 = 1", 1, 1),
    ],
)
def test_strange_questions_do_no_harm(names: NameOracle, source: str, line: int, column: int) -> None:
    before = names.pid
    names.goto(source, None, line, column, deadline=DEADLINE)
    assert names.pid == before
    assert goto(names, "import keras\nkeras.layers.Dense\n", "Dense") == [DENSE]


def test_a_killed_process_is_restarted(project: Path) -> None:
    with NameOracle(project, SITE) as names:
        assert names.start()
        assert names.state.startswith("ready Jedi 0.2")
        assert names.pid is not None
        os.kill(names.pid, signal.SIGSTOP)
        slow = names.goto("import keras\n", None, 1, 8, deadline=0.3)
        assert slow.unknown == "Jedi failed: it did not answer within 0.3 s"
        assert names.goto("import keras\n", None, 1, 8, deadline=0.3, wait=False).unknown == "Jedi is restarting in 1 s"
        assert names.goto("import keras\n", None, 1, 8, deadline=DEADLINE).found[0].full_name == "keras"


def test_overlay_has_every_public_module() -> None:
    found = overlay.target(SITE)
    assert found is not None
    assert found[1] == "keras._tf_keras.keras"
    texts = overlay.stubs(*found)
    assert texts["tensorflow-stubs/py.typed"] == "partial\n"
    assert texts["tensorflow-stubs/keras/layers/__init__.pyi"] == "from keras._tf_keras.keras.layers import *\n"
    assert "tensorflow-stubs/keras/applications/vgg16/__init__.pyi" in texts
    assert len(texts) > 60
    legacy = overlay.target(SITE, legacy=True)
    assert legacy is not None
    assert legacy[1] == "tf_keras.api._v2.keras"
    assert "tensorflow-stubs/keras/layers/experimental/preprocessing/__init__.pyi" in overlay.stubs(*legacy)
    assert overlay.target([]) is None


def test_keras_2_behind_tf_keras(project: Path) -> None:
    with NameOracle(project, SITE, legacy=True) as names:
        source = "import tensorflow as tf\ntf.keras.layers.LSTM(3)\n"
        assert goto(names, source, "LSTM", project / "main.py") == ["tf_keras.src.layers.rnn.lstm.LSTM"]


def test_nothing_of_a_malicious_workspace_runs(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    evil = tmp_path / "evil"
    (evil / ".jedi").mkdir(parents=True)
    (evil / "bin").mkdir()
    leave = f"open({str(trace)!r}, 'a').write(__file__)\n"
    for place in (
        "sitecustomize.py",
        "usercustomize.py",
        "conftest.py",
        "setup.py",
        "helper.py",
        "jedi.py",
        "parso.py",
    ):
        (evil / place).write_text(leave)
    (evil / "tensorflow-stubs").mkdir()
    (evil / "tensorflow-stubs" / "__init__.py").write_text(leave)
    (evil / "evil.pth").write_text(f"import builtins; builtins.open({str(trace)!r}, 'a').write('pth')\n")
    script = evil / "bin" / "python"
    script.write_text(f"#!/bin/sh\necho ran >> {trace}\n")
    script.chmod(0o755)
    (evil / ".jedi" / "project.json").write_text(
        f'[1, {{"path": "{evil}", "environment_path": "{script}", "load_unsafe_extensions": true, "sys_path": null,'
        f' "smart_sys_path": true, "added_sys_path": ["{evil}"]}}]'
    )
    (evil / ".venv").symlink_to(evil)
    (evil / "pyvenv.cfg").write_text("home = /usr/bin\n")
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    (evil / f"native{suffix}").write_bytes(b"\x7fELF not a library")
    with NameOracle(evil, [evil, *SITE]) as names:
        for source in (
            "import helper\nhelper.thing\n",
            "import native\nnative.thing\n",
            "import sitecustomize\nsitecustomize\n",
        ):
            names.goto(source, evil / "main.py", 2, 3, deadline=DEADLINE)
            names.goto(source, evil / "main.py", 1, 9, deadline=DEADLINE)
        assert names.state.startswith("ready Jedi")
    assert not trace.exists()


def test_answers_come_soon(names: NameOracle, project: Path) -> None:
    source = "import tensorflow as tf\ntf.keras.layers.Dense(3)\n"
    goto(names, source, "Dense", project / "main.py")
    began = time.perf_counter()
    for _ in range(10):
        goto(names, source, "Dense", project / "main.py")
    assert (time.perf_counter() - began) / 10 < allowed(0.3)


def test_jedi_is_imported_by_the_child_alone() -> None:
    assert "keras_lsp.oracle.names.client" in sys.modules
    import subprocess

    code = (
        "import sys\nimport keras_lsp.oracle.names.client, keras_lsp.oracle.service, keras_lsp.oracle.verify\n"
        "bad = {'jedi', 'parso', 'tensorflow', 'keras', 'numpy', 'pygls', 'lsprotocol'} & set(sys.modules)\n"
        "assert not bad, bad\n"
    )
    root = str(Path(__file__).parents[2])
    assert subprocess.run([sys.executable, "-c", code], cwd=root, timeout=60).returncode == 0
