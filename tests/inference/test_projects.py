"""Programs of several files: every way to import, and that real Keras reveals the same shapes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from keras_lsp.analysis import analyse_document
from keras_lsp.catalogue import parse_version
from keras_lsp.features.lookup import shape_text
from keras_lsp.inference.facts import Span
from keras_lsp.inference.world import World
from keras_lsp.project.settings import Settings
from keras_lsp.project.sources import SourceFinder
from keras_lsp.text.document import Document
from tests.inference.test_scenarios import agrees
from tests.programs import Outcome

FILES = {
    "src/kept_pkg/__init__.py": """
from .config import Config, DEFAULTS
from . import models
from .models import *
from .tools import build as make_it
__all__ = ["Config", "models", "make_it"]
""",
    "src/kept_pkg/config.py": """
from __future__ import annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from .models.net import Net

@dataclass
class Config:
    units: int = 7

    def net(self) -> "Net":
        from .models.net import Net
        return Net(self)

DEFAULTS = {"units": 5, "activation": "relu"}
""",
    "src/kept_pkg/models/__init__.py": """
from .net import Net, mlp
from .blocks import conv_block as block, _hidden
__all__ = ["Net", "mlp", "block"]
REGISTRY = {"mlp": mlp}
""",
    "src/kept_pkg/models/blocks.py": """
try:
    from keras import layers
except ImportError:
    from tensorflow.keras import layers
from ..tools.helpers import double
import kept_pkg.config as cfg

def conv_block(x, filters, n=2):
    for _ in range(n):
        x = layers.Conv2D(double(filters), 3, padding="same")(x)
    return layers.Activation(cfg.DEFAULTS["activation"])(x)

def _hidden():
    return 3
""",
    "src/kept_pkg/models/net.py": """
import keras
from keras.layers import *
from ..config import DEFAULTS
from kept_pkg.tools import helpers as H

class Net(keras.Model):
    def __init__(self, config):
        super().__init__()
        self.first = Dense(config.units)
        self.last = Dense(H.double(DEFAULTS["units"]))

    def call(self, x):
        return self.last(self.first(x))

def mlp(n, units=DEFAULTS["units"]):
    inputs = keras.Input((n,))
    return keras.Model(inputs, Dense(units)(inputs))
""",
    "src/kept_pkg/tools/__init__.py": "from .build import build\n",
    "src/kept_pkg/tools/build.py": """
from kept_pkg import models as M

def build(kind="mlp", **options):
    return M.REGISTRY[kind](**options)
""",
    "src/kept_pkg/tools/helpers.py": "def double(n):\n    return 2 * n\n",
    "open_space/part/blocks.py": """
import keras
SIZE = 9

def widen(x):
    return keras.layers.Dense(SIZE)(x)
""",
    "cycle_a.py": "import cycle_b\nN = 4\n\ndef apply(x):\n    return cycle_b.apply(x)\n",
    "cycle_b.py": "import cycle_a\nimport keras\n\ndef apply(x):\n    return keras.layers.Dense(cycle_a.N)(x)\n",
    "compat.py": """
import sys
from functools import partial
try:
    import keras
    HAS_KERAS = True
except ImportError:
    HAS_KERAS = False
if HAS_KERAS:
    from keras import layers as L
else:
    from tensorflow.keras import layers as L
if sys.version_info >= (3, 8):
    Eight = partial(L.Dense, 8)
""",
}
MAIN = """
import importlib
import numpy as np
import keras
import kept_pkg
from kept_pkg import Config, make_it
from kept_pkg.models import *
from kept_pkg.models.blocks import conv_block
import kept_pkg.models.net as N
from open_space.part import blocks
import open_space.part.blocks as same_blocks
import cycle_a
from compat import L, Eight

x = keras.Input((6,))
reveal_shape(L.Dense(kept_pkg.DEFAULTS["units"])(x))  # (None, 5)
reveal_shape(Config(units=3).net()(np.zeros((2, 4), "float32")))  # (2, 10)
reveal_shape(make_it(n=4).outputs[0])  # (None, 5)
reveal_shape(make_it("mlp", n=4, units=12).outputs[0])  # (None, 12)
reveal_shape(block(keras.Input((8, 8, 3)), 5))  # (None, 8, 8, 10)
reveal_shape(conv_block(keras.Input((8, 8, 3)), 6, n=1))  # (None, 8, 8, 12)
reveal_shape(N.mlp(3).outputs[0])  # (None, 5)
reveal_shape(blocks.widen(x))  # (None, 9)
reveal_shape(same_blocks.widen(x))  # (None, 9)
reveal_shape(cycle_a.apply(x))  # (None, 4)
reveal_shape(Eight()(x))  # (None, 8)
reveal_shape(importlib.import_module("kept_pkg.models.net").mlp(5).outputs[0])  # (None, 5)
reveal_shape(kept_pkg.models.REGISTRY["mlp"](2).outputs[0])  # (None, 5)
blocks.SIZE = 10
reveal_shape(blocks.widen(x))  # (None, 10)
"""


@pytest.mark.parametrize(("version", "generation"), [("2.15", 2), ("3.15", 3)])
def test_imports_across_files(
    version: str, generation: int, tmp_path: Path, run_program: Callable[[str, int], Outcome]
) -> None:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    main = tmp_path / "main.py"
    finder = SourceFinder([str(tmp_path)])
    world = World(parse_version(version), str(main), finder.find)
    analysis = analyse_document(Document(main.as_uri(), None, MAIN), world, Settings())
    assert analysis.facts.internal_errors == []
    assert [finding.message for finding in analysis.findings] == []
    lines = MAIN.splitlines()
    said: dict[int, str] = {}
    for node in ast.walk(analysis.parsed.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reveal_shape":
            fact = analysis.facts.expressions.get(Span(*analysis.parsed.positions.span(node.args[0])))
            said[node.lineno] = shape_text(fact.output) if fact is not None else ""
    assert said == {line: text.split("# ")[1] for line, text in enumerate(lines, 1) if "# (" in text}
    roots = "\n".join(["import sys", *(f"sys.path.insert(0, {str(tmp_path / part)!r})" for part in ("", "src"))])
    outcome = run_program(f"{roots}{MAIN}", generation)
    assert outcome == Outcome(None, "")
    shift = roots.count("\n")
    assert all(agrees(said[line - shift], str(shape)) for line, shape in outcome.revealed)


@pytest.mark.parametrize("registers", [True, False])
def test_names_that_a_module_of_the_project_registers(tmp_path: Path, registers: bool) -> None:
    """What a module registers, which the program imports over another one, is a name that Keras knows."""
    decorator = "@keras.saving.register_keras_serializable()\n" if registers else ""
    (tmp_path / "functions.py").write_text(f"import keras\n{decorator}def wobble(x):\n    return x\n", encoding="utf-8")
    (tmp_path / "blocks.py").write_text("from functions import wobble\n", encoding="utf-8")
    program = tmp_path / "program.py"
    text = "import keras\nimport blocks\nlayer = keras.layers.Dense(4, activation='wobble')\n"
    program.write_text(text, encoding="utf-8")
    world = World(parse_version("3.15"), str(program), SourceFinder([str(tmp_path)]).find)
    found = analyse_document(Document(program.as_uri(), None, text), world, Settings()).findings
    assert [finding.code for finding in found] == ([] if registers else ["KER407"])


@pytest.mark.parametrize(("norm", "codes"), [('"batch"', ["KER110"]), ('os.environ.get("NORM")', [])])
def test_branches_of_another_module_that_only_running_chooses(tmp_path: Path, norm: str, codes: list[str]) -> None:
    """What fails in one of them fails only where the program takes it."""
    branch = "    if norm == 'batch':\n        return keras.layers.BatchNormalization(axis=axis)\n"
    (tmp_path / "blocks.py").write_text(
        f"import keras\ndef head(axis, norm):\n{branch}    return keras.layers.Dense(4)\n"
    )
    program = tmp_path / "program.py"
    text = f"import os\nimport blocks\nhead = blocks.head(None, {norm})\n"
    program.write_text(text, encoding="utf-8")
    world = World(parse_version("3.15"), str(program), SourceFinder([str(tmp_path)]).find)
    found = analyse_document(Document(program.as_uri(), None, text), world, Settings()).findings
    assert [finding.code for finding in found] == codes
