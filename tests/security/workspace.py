"""A workspace in which everything that could be run would leave a trace."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Its last line can be answered by Keras alone.
PROGRAM = """import keras
import tensorflow as tf
from tensorflow.keras import layers
from helpers import head, Mystery
import package.inner as inner
import plugin

inputs = keras.Input((28, 28, 1))
x = head(inputs)
x = inner.body(x)
x = Mystery(3)(x)
x = layers.Dense(3, colour="red")(x)
y = keras.layers.Conv2D(8, 99)(inputs)
z = layers.LSTM(4, input_length=6, input_dim=8)
print(json.dumps(ast.literal_eval("1")), plugin.run())
model = keras.Sequential([layers.Dense(32, input_shape=(784,)), layers.Dense(10)])
asked = keras.applications.MobileNetV2(weights=None)
"""

STANDARD = (
    "json", "ast", "typing", "re", "os", "logging", "sqlite3", "dataclasses", "functools", "pathlib", "threading",
    "asyncio", "argparse", "tomllib", "importlib", "inspect", "random", "queue", "socket", "token", "tokenize",
)  # fmt: skip
PACKAGES = (
    "keras", "tensorflow", "tf_keras", "numpy", "jedi", "parso", "pygls", "lsprotocol", "attr", "attrs", "cattrs", "pathspec",
    "packaging", "platformdirs", "pylsp", "pluggy", "keras_hub",
)  # fmt: skip


@dataclass
class Trap:
    """The folder that is opened, the one where traces would be, one outside, and a home.

    `environment` is that of whoever uses the tool there: nothing in it points into the workspace.
    """

    folder: Path
    traces: Path
    outside: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ
        }
        return {
            **kept,
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "KERAS_LSP_CACHE_DIR": str(self.home / ".cache" / "keras-lsp"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    @property
    def left(self) -> set[str]:
        """The traces."""
        return {path.name for path in self.traces.iterdir()}

    def contents(self) -> dict[str, bytes]:
        """All files of the workspace and outside of it, to see whether one was changed or added."""
        found: dict[str, bytes] = {}
        for top in (self.folder, self.outside):
            for path in sorted(top.rglob("*")):
                if path.is_file():
                    found[str(path)] = path.read_bytes()
        return found

    def written_at_home(self) -> set[str]:
        """Files in the home folder that are not in the cache."""
        cache = self.home / ".cache" / "keras-lsp"
        files = {path for path in self.home.rglob("*") if path.is_file()}
        return {str(path.relative_to(self.home)) for path in files if cache not in path.parents}


def make_trap(base: Path) -> Trap:
    """Make the workspace below `base`."""
    trap = Trap(*(base / name for name in ("work space", "traces", "outside", "home")))
    for path in (trap.folder, trap.traces, trap.outside, trap.home):
        path.mkdir()
    _code(trap)
    _environment(trap)
    _configuration(trap)
    return trap


def touching(trap: Trap, name: str) -> str:
    """Python code, of one line, that leaves a trace without importing anything from a file."""
    return f"open({str(trap.traces / name)!r}, 'w').close()"


def _code(trap: Trap) -> None:
    folder = trap.folder
    write(folder / "model.py", PROGRAM + touching(trap, "model.py") + "\n")
    helpers = "from keras import layers\n\ndef head(x):\n    return layers.Flatten()(x)\n\nclass Mystery(layers.Layer):\n    pass\n"
    write(folder / "helpers.py", touching(trap, "helpers.py") + "\n" + helpers)
    write(folder / "package" / "__init__.py", touching(trap, "package"))
    write(folder / "package" / "inner.py", touching(trap, "inner") + "\ndef body(x):\n    return x\n")
    for name in ("sitecustomize", "usercustomize", "conftest", "setup", "noxfile", "__main__", "__init__", "plugin"):
        write(folder / f"{name}.py", touching(trap, name))
    for name in STANDARD:
        write(folder / f"{name}.py", touching(trap, f"{name}.py"))
    for name in PACKAGES:
        write(folder / name / "__init__.py", touching(trap, name) + "\n")
        write(folder / name / "layers.py", touching(trap, f"{name}.layers"))
    for name in ("keras-stubs", "tensorflow-stubs", "typings/keras"):
        write(folder / name / "__init__.pyi", touching(trap, name.replace("/", ".") + ".stub"))
        write(folder / name / "__init__.py", touching(trap, name.replace("/", ".")))
    write(folder / "evil.pth", "import os; " + touching(trap, "evil.pth"))
    (folder / "plugin.cpython-311-x86_64-linux-gnu.so").write_bytes(b"\x7fELF not really")
    cells = [
        {"cell_type": "code", "source": f"!touch '{trap.traces}/shell'\n%run model.py\n{touching(trap, 'cell')}\n"},
        {"cell_type": "code", "source": f"%%bash\ntouch '{trap.traces}/bash'\n"},
        {"cell_type": "code", "source": PROGRAM},
    ]
    notebook = {"cells": [{**cell, "metadata": {}, "outputs": []} for cell in cells], "metadata": {}, "nbformat": 4}
    write(folder / "book.ipynb", json.dumps(notebook))
    # Links that lead out, a fixable program behind one of them, a folder in a circle.
    write(trap.outside / "secret.py", "import keras\nm = keras.layers.Dense(4, input_dim=3, nb_epoch=3)\n" + FIXABLE)
    (folder / "linked.py").symlink_to(trap.outside / "secret.py")
    (folder / "linked").symlink_to(trap.outside)
    (folder / "circle").symlink_to(folder)
    (folder / "baseline.json.tmp").symlink_to(trap.outside / "secret.py")


FIXABLE = "model = keras.Sequential([keras.Input((10, 1)), keras.layers.LSTM(4), keras.layers.LSTM(2)])\n"


def _environment(trap: Trap) -> None:
    folder = trap.folder
    shell = "#!/bin/sh\ntouch '{}'\n"
    for name in ("python", "python3", "git", "keras-lsp", "node"):
        program(folder / name, shell.format(trap.traces / f"program {name}"))
    for name in ("python", "python3", f"python3.{sys.version_info[1]}"):
        program(folder / ".venv" / "bin" / name, shell.format(trap.traces / "interpreter"))
    write(folder / ".venv" / "pyvenv.cfg", "home = /usr/bin\nversion = 3.11.7\ninclude-system-site-packages = true\n")
    packages = folder / ".venv" / "lib" / "python3.11" / "site-packages"
    write(packages / "evil.pth", "import os; " + touching(trap, "venv evil.pth"))
    write(packages / "sitecustomize.py", touching(trap, "venv sitecustomize"))
    write(packages / "keras" / "__init__.py", touching(trap, "venv keras"))
    write(packages / "keras" / "src" / "layers" / "__init__.py", touching(trap, "venv keras.src"))
    write(packages / "keras-3.15.1.dist-info" / "METADATA", "Name: keras\nVersion: 3.15.1\n")


def _configuration(trap: Trap) -> None:
    folder = trap.folder
    interpreter = folder / ".venv" / "bin" / "python"
    write(
        folder / "keras-lsp.toml",
        f'python = "{interpreter}"\nbaseline = "{trap.outside}/baseline.json"\nextend = "extended.toml"\n'
        f'[oracle]\npython = "{interpreter}"\n',
    )
    write(folder / "extended.toml", 'extend = "linked/../keras-lsp.toml"\n')
    write(
        folder / "pyproject.toml",
        '[build-system]\nbuild-backend = "setup"\nbackend-path = ["."]\n[tool.keras-lsp]\npython = ".venv"\n',
    )
    write(
        folder / ".jedi" / "project.json", json.dumps([2, {"path": str(folder), "environment_path": str(interpreter)}])
    )
    settings = {"keras-lsp.interpreter": [str(interpreter)], "python.defaultInterpreterPath": str(interpreter)}
    write(folder / ".vscode" / "settings.json", json.dumps(settings))
    write(folder / ".env", "PYTHONPATH=.\nPYTHONSTARTUP=plugin.py\nTF_USE_LEGACY_KERAS=0\n")
    hook = f"#!/bin/sh\ntouch '{trap.traces}/git hook'\n"
    program(folder / ".git" / "hooks" / "post-checkout", hook)
    write(folder / ".git" / "config", f"[core]\n\tfsmonitor = \"touch '{trap.traces}/fsmonitor'\"\n")
    write(folder / ".git" / "HEAD", "ref: refs/heads/main\n")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def program(path: Path, text: str) -> None:
    write(path, text)
    path.chmod(0o755)
