"""Files of installed packages are analysed without a mistake of our own, and what has no end costs only itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from keras_lsp.catalogue.version import LATEST
from keras_lsp.inference.budget import LEAST_SYMBOLIC_STEPS, MAX_STEPS, SYMBOLIC_STEPS, SYMBOLIC_STEPS_PER_LINE, Budget
from keras_lsp.inference.interpreter import infer
from keras_lsp.inference.world import World
from keras_lsp.syntax.parse import parse
from tests.inference.installed import folder_of, python_files, sweep

ENDLESS = """
def visit{0}(x, y):
    for part in x:
        if part.a:
            visit{0}(part, y)
            visit{0}(y, part)
        elif part.b:
            visit{0}(part.c, y.c)
        else:
            visit{0}(part.d, y.d)
            visit{0}(y.d, part.d)


def enter{0}(x):
    for part in x:
        visit{0}(part, x)
        visit{0}(x, part)


"""
USEFUL = """
import keras

def build():
    inputs = keras.Input((8,))
    return keras.Model(inputs, keras.layers.Dense(4)(inputs))
"""


def test_a_function_without_an_end_costs_only_itself() -> None:
    budget = Budget()
    facts = infer(parse("".join(ENDLESS.format(n) for n in range(4)) + USEFUL), World(LATEST), budget)
    assert facts.truncated is not None
    assert [model.params for model in facts.models] == [36]
    assert budget.steps < MAX_STEPS // 4


def test_a_class_that_is_cut_leaves_no_facts_and_no_settings() -> None:
    source = (
        "import keras\n\nclass Test:\n    def test_it(self, x):\n        keras.config.set_floatx('float16')\n"
        "        keras.layers.Dense(3)(keras.Input((2,)))\n        self.visit(x, x)\n\n"
        "    def visit(self, x, y):\n        for part in x:\n            if part.a:\n                self.visit(part, y)\n"
        "                self.visit(y, part)\n            elif part.b:\n                self.visit(part.c, y.c)\n"
        "            else:\n                self.visit(part.d, y.d)\n                self.visit(y.d, part.d)\n"
        "            self.visit(part, part)\n\n"
    )
    facts = infer(parse(source + USEFUL), World(LATEST), Budget())
    assert facts.truncated is not None
    assert [(layer.class_name, layer.params) for layer in facts.layers if layer.class_name == "Dense"] == [
        ("Dense", 36)
    ]
    assert facts.internal_errors == []


def test_a_folder_of_keras_is_analysed_without_a_mistake() -> None:
    seen = sweep(python_files(folder_of("keras") / "src" / "layers" / "core"))
    assert seen.files > 10
    assert seen.errors == {}


def test_all_functions_that_nobody_calls_have_a_share_together() -> None:
    body = (
        "    x = keras.Input((8,))\n    for _ in range(400):\n        x = keras.layers.Dense(8)(x)\n    return x\n\n\n"
    )
    functions = [f"def build{n}():\n{body}" for n in range(200)]
    budget = Budget()
    facts = infer(parse("import keras\n\n\n" + "".join(functions)), World(LATEST), budget)
    assert facts.truncated is not None
    assert facts.layers
    assert budget.steps < SYMBOLIC_STEPS + SYMBOLIC_STEPS_PER_LINE * 1_500 + len(functions) * (LEAST_SYMBOLIC_STEPS + 5)


def test_a_package_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="no package nothing_of_this_name"):
        folder_of("nothing_of_this_name")


def test_files_that_are_no_programs_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xff\xfe\x00 def (")
    (tmp_path / "b.py").write_text("x = (\n" * 300)
    seen = sweep(python_files(tmp_path))
    assert (seen.files, seen.unreadable, seen.errors) == (1, 1, {})


@pytest.mark.long
@pytest.mark.parametrize("package", ["keras", "tf_keras"])
def test_every_file_of_keras_is_analysed_without_a_mistake(package: str) -> None:
    seen = sweep(python_files(folder_of(package)))
    assert seen.files > 500
    assert seen.errors == {}
