"""What has no end, or is nested without an end, costs only itself, and is said."""

from __future__ import annotations

import pytest

from keras_lsp.catalogue.version import LATEST, parse_version
from keras_lsp.inference.budget import LEAST_SYMBOLIC_STEPS, MAX_STEPS, SYMBOLIC_STEPS, SYMBOLIC_STEPS_PER_LINE, Budget
from keras_lsp.inference.interpreter import infer
from keras_lsp.inference.values import DictValue, ListValue
from keras_lsp.inference.world import World
from keras_lsp.syntax.parse import parse

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


def test_a_list_that_holds_itself_costs_only_its_statement() -> None:
    source = "import keras\n\nx = [8]\nx.append(x)\nwidth = 4\nwidth = keras.layers.Dense(x) or width\n"
    facts = infer(parse(source + "keras.layers.Dense(width)(keras.Input((8,)))\n" + USEFUL), World(LATEST), Budget())
    assert facts.truncated == "a statement is nested too deeply"
    assert facts.internal_errors == []
    assert [model.params for model in facts.models] == [36]
    # What the statement would have bound may be anything, not what it was before.
    use = next(fact for fact in facts.expressions.values() if fact.callee == "keras.layers.Dense" and fact.output)
    assert str(use.output) == "(None, ?)"


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("keras.layers.Dense(3)", "an instance of Dense"),
        ("build", "the function build"),
        ("keras.optimizers.Adam()", "an instance of Adam"),
        ("keras.ops.zeros((3, 4))", "a tensor of shape (3, 4)"),
        ("{'units': build}", "{'units': the function build}"),
        ("keras.Sequential", "keras.Sequential"),
        ("[].append", "the method append"),
    ],
)
def test_reasons_name_values_as_people_do(argument: str, said: str) -> None:
    source = f"{USEFUL}\nkeras.layers.Dense({argument})(keras.Input((8,)))\n"
    facts = infer(parse(source), World(LATEST), Budget())
    reasons = {fact.reason for fact in facts.expressions.values()}
    assert f"`units` is {said}, not a whole number" in reasons


def test_a_list_in_a_message_is_short_and_may_hold_itself() -> None:
    items: list[object] = list(range(100_000))
    value = ListValue(items)
    items[1] = value
    assert repr(value) == "[0, ..., 2, 3, 4, 5, 6, 7, ...]"
    assert repr(ListValue(None)) == "[...]"
    assert repr(DictValue({"a": value}, is_open=True)) == "{'a': [0, ..., 2, 3, 4, 5, 6, 7, ...], ...}"


@pytest.mark.parametrize("argument", ["input_shape=(3, build)", "batch_input_shape=(4, 3, keras)", "shape=(len,)"])
@pytest.mark.parametrize("version", ["2.15", "3.15"])
def test_a_size_that_is_no_number_is_no_size(argument: str, version: str) -> None:
    source = f"{USEFUL}\nmodel = keras.Sequential([keras.layers.InputLayer({argument}), keras.layers.LSTM(5)])\nmodel.summary()\n"
    facts = infer(parse(source), World(parse_version(version)), Budget())
    assert facts.internal_errors == []
    assert [layer.params for layer in facts.layers if layer.class_name == "LSTM"] == [None]
