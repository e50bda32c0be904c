"""Every known spelling, called with random arguments in the real library and in keras-lsp: both must say the same.

Keras is asked with symbolic tensors, with and without a batch size; TensorFlow in a graph, and once more with arrays where
the graph accepts what we refuse; NumPy with arrays. What we do not know is no error; what we say wrongly is.
"""

from __future__ import annotations

import os
import random
import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest

from keras_lsp.shapes.ops.signatures import kind_of
from keras_lsp.shapes.outcome import ShapeError, Unknown
from tests.ops.calls import Array, CallSpec, make, spellings, unbatched
from tests.ops.worlds import agree, convert, filled, ours, outline

SEED = os.environ.get("OPS_SEED", "0")
# Calls per spelling; OPS_CALLS=300 for a long run.
CALLS = int(os.environ.get("OPS_CALLS", "4"))
# Print what we do not know and what we accept although it is refused.
REPORT = "OPS_REPORT" in os.environ
# A function of which no call agreed yet is called more often.
MOST_CALLS = 30

# What no random call can confirm, and where it is confirmed instead.
ELSEWHERE = {
    # functions of functions: test_functions_of_functions.py
    *(
        f"keras.ops.{name}"
        for name in ["cond", "switch", "map", "vectorized_map", "scan", "associative_scan", "while_loop", "fori_loop"]
    ),
    *("keras.ops.jvp", "keras.ops.custom_gradient", "keras.ops.vectorize"),
    *(
        f"tensorflow.{name}"
        for name in ["cond", "switch_case", "map_fn", "vectorized_map", "scan", "foldl", "foldr", "while_loop"]
    ),
    *("tensorflow.py_function", "tensorflow.numpy_function", "tensorflow.compat.v1.py_func", "keras.backend.map_fn"),
    # variables, which a graph has no placeholder for: test_functions_of_functions.py
    *(f"keras.backend.{name}" for name in ("get_value", "eval", "update", "update_add", "update_sub")),
    # a key and complex numbers, shapes as of their sisters
    *("tensorflow.strings.to_hash_bucket_strong", "tensorflow.linalg.logm"),
    # answers depend on symbolic or not: unknown on purpose
    *("keras.ops.is_tensor", "keras.backend.is_tensor", "keras.backend.is_keras_tensor", "tensorflow.is_tensor"),
    # symbolic tensors are refused, arrays are not
    *("keras.ops.convert_to_numpy", "keras.activations.mish"),
    # Keras's symbolic answer is not the real one: unknown on purpose
    *("keras.ops.adaptive_average_pool", "keras.ops.adaptive_max_pool"),
}
# Keras's symbolic answer is a mistake of Keras (a tensor of rank many numbers): only arrays can tell.
CONCRETE = ("keras.ops.ndim",)
# These take what is not yet a tensor.
FED_ARRAYS = ("tensorflow.constant", "keras.backend.constant", "keras.backend.variable", "tensorflow.Variable")
PREFIXES = {
    "numpy": ("numpy.",),
    "keras": ("keras.ops.", "keras.activations.", "keras.losses.", "keras.random.", "keras.utils."),
    "tensorflow": ("tensorflow.", "keras.backend."),
}


class World:
    """One real library."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        if kind != "numpy":
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            import keras
            import tensorflow as tf

            self.keras, self.tf = keras, tf

    def function(self, name: str) -> Any:
        if name.startswith("numpy.random.Generator."):
            return getattr(np.random.default_rng(0), name.rpartition(".")[2])
        if name.startswith("numpy.random.RandomState."):
            return getattr(np.random.RandomState(0), name.rpartition(".")[2])
        if name.startswith("tensorflow.random.Generator."):
            return getattr(self.tf.random.Generator.from_seed(1), name.rpartition(".")[2])
        root, *path = name.split(".")
        target = np if root == "numpy" else self.tf if root == "tensorflow" else self.keras
        if name.startswith("keras.backend."):
            target = self.tf.keras
        for part in path:
            target = getattr(target, part)
        return target

    def run(self, call: CallSpec, concrete: bool = False) -> Any:
        if self.kind == "numpy" or call.name in FED_ARRAYS or (concrete and self.kind == "keras"):
            return self._call(call, filled)
        if concrete:
            return self._call(call, lambda array: self.tf.constant(filled(array)))
        if self.kind == "keras":
            return self._call(call, lambda array: self.keras.KerasTensor(array.shape, array.dtype))
        with self.tf.Graph().as_default():
            return self._call(call, lambda array: self.tf.compat.v1.placeholder(array.dtype, array.shape))

    def _call(self, call: CallSpec, build: Any) -> Any:
        args = [convert(value, build) for value in call.starred]
        kwargs = {name: convert(value, build) for name, value in call.arguments.items()}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return outline(self.function(call.name)(*args, **kwargs))


def raises(world: World, call: CallSpec) -> bool:
    try:
        world.run(call, concrete=True)
    except Exception:
        return True
    return False


def judge(world: World, call: CallSpec) -> tuple[str, str]:
    """ "agrees", "refuses", "late" (only running it fails), "silent", "unknown" — or "wrong" and "false alarm"."""
    said = ours(call)
    concrete = call.name in CONCRETE
    try:
        real, error = world.run(call, concrete), None
    except Exception as raised:
        real, error = None, raised
        if "KerasTensor" in str(raised) or "symbolic" in str(raised):
            try:
                real, error, concrete = world.run(call, concrete=True), None, True
            except Exception as again:
                error = again
    if isinstance(said, Unknown):
        return "unknown", said.reason
    if isinstance(said, ShapeError):
        if error is not None:
            return "refuses", ""
        late = raises(world, call) and (said.stage == "run" or world.kind == "tensorflow")
        return ("late", "") if late else ("false alarm", f"{said.text}, really {real}")
    if error is not None:
        return "silent", f"{outline(said.output)}, really {type(error).__name__}: {error}"
    described = outline(said.output)
    # A graph may know less than we do, and arrays have sizes that depend on their elements.
    same = agree(described, real, exactly=world.kind == "keras" and not concrete)
    return ("agrees", "") if same else ("wrong", f"{described}, really {real}")


@pytest.mark.parametrize("kind", ["numpy", "keras", "tensorflow"])
def test_every_spelling_agrees(kind: str) -> None:
    world = World(kind)
    outcomes: Counter[str] = Counter()
    agreed: set[str] = set()
    wrong: list[str] = []
    names = [name for prefix in PREFIXES[kind] for name in spellings(prefix) if kind_of(name) == kind]
    present: list[str] = []
    for name in names:
        try:
            world.function(name)
        except AttributeError:
            continue  # of another version of the library
        present.append(name)
        for index in range(max(CALLS, MOST_CALLS)):
            if index >= CALLS and (name in agreed or name in ELSEWHERE):
                break
            call = make(random.Random(f"{name}{index}{SEED}"), name, kind)
            if call is None:
                break
            if index % 3 == 2 and kind != "numpy":
                call = unbatched(call)
            outcome, detail = judge(world, call)
            outcomes[outcome] += name not in ELSEWHERE
            if REPORT and outcome in ("unknown", "silent"):
                print(outcome, call, detail)
            if outcome == "agrees":
                agreed.add(name)
            if outcome in ("wrong", "false alarm"):
                wrong.append(f"{outcome}: {call}: {detail}")
    print(kind, dict(outcomes))
    assert not wrong, "\n".join(wrong)
    answers = sum(outcomes.values())
    assert outcomes["unknown"] <= answers * 0.02, outcomes
    unconfirmed = [name for name in present if name not in agreed and name not in ELSEWHERE and drawn(name, kind)]
    assert not unconfirmed, " ".join(unconfirmed)


def drawn(name: str, kind: str) -> bool:
    return make(random.Random(0), name, kind) is not None


def test_a_wrong_rule_would_be_noticed() -> None:
    world = World("numpy")
    call = CallSpec("numpy.reshape", {}, (Array((2, 3)), (3, 2)))
    assert judge(world, call)[0] == "agrees"
    assert not agree(outline(ours(call).output), ((2, 3), "float32"))  # type: ignore[union-attr]
    assert not agree(((2, None), "float32"), ((2, 3), "float32"))
    assert not agree(((2, 3), "float64"), ((2, 3), "float32"))
