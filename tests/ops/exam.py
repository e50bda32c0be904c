"""Ask the real libraries and keras-lsp the same questions about functions, operators and subscripts; count disagreements.

    python -m tests.ops.exam --count 100000
    python -m tests.ops.exam --count 20000 --worlds keras,subscripts --show 5

Worlds: the functions of `keras` (3), `tensorflow`, `backend` (`keras.backend` of Keras 3's legacy module), `tf_keras` (the
same of Keras 2) and `numpy`; Python's `operators` and `subscripts` on tensors of all of them. Each is asked with random
arguments, with and without a batch size. The process ends with 1 if an answer is wrong or an error is claimed that the
library does not raise; what is not known is counted, with its reasons. An interrupt (Ctrl-C) ends a long run with the
report of what was asked until then.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from keras_lsp.shapes.ops import apply_operator, subscript
from keras_lsp.shapes.ops.signatures import kind_of
from keras_lsp.shapes.outcome import Applied, ShapeError, Unknown
from keras_lsp.shapes.tensor import Tensor
from tests.ops.calls import CallSpec, make, spellings, unbatched
from tests.ops.worlds import KERAS, KERAS_2, agree, convert, filled, ours, outline

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
    *("keras.backend.foldl", "keras.backend.foldr", "keras.backend.rnn"),
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
    "tensorflow": ("tensorflow.",),
    "backend": ("keras.backend.",),
    "tf_keras": ("keras.backend.",),
}
# Whose rules the functions of a world follow, where that is not its name.
KINDS = {"backend": "tensorflow", "tf_keras": "tensorflow"}


class World:
    """One real library: "numpy", "keras", "tensorflow", or the legacy backend of Keras 3 and 2."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kind = KINDS.get(name, name)
        self.version = KERAS_2 if name == "tf_keras" else KERAS
        if name != "numpy":
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            import keras
            import tensorflow as tf

            self.keras, self.tf = keras, tf
            self.legacy = tf.keras
        if name == "tf_keras":
            import tf_keras

            self.legacy = tf_keras

    def names(self) -> list[str]:
        """Every spelling of this library in the tables that the installed one has."""
        listed = [name for prefix in PREFIXES[self.name] for name in spellings(prefix) if kind_of(name) == self.kind]
        return [name for name in listed if self.has(name)]

    def has(self, name: str) -> bool:
        """Whether the installed version of the library has this function."""
        try:
            self.function(name)
        except AttributeError:
            return False
        return True

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
            target = self.legacy
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
    said = ours(call, world.version)
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


# ------------------------------------------------------------------------------------------------------- expressions

SYMBOLS = ("+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">=", "==", "!=")
Outcome = tuple[str, str, str]  # what was asked, the verdict, what there is to see


def compare(said: Applied | ShapeError | Unknown, compute: Callable[[], Any], exactly: bool = False) -> tuple[str, str]:
    """The verdict about one expression."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            real, error = outline(compute()), None
    except Exception as raised:
        real, error = None, raised
    if isinstance(said, Unknown):
        return "unknown", said.reason
    if isinstance(said, ShapeError):
        return ("refuses", "") if error is not None else ("false alarm", f"{said.text}, really {real}")
    described = outline(said.output)
    if error is not None:
        return "silent", f"{described}, really {type(error).__name__}: {error}"
    return ("agrees", "") if agree(described, real, exactly) else ("wrong", f"{described}, really {real}")


def shapes(r: random.Random) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that mostly broadcast."""
    shape = tuple(r.choice((1, 2, 3)) for _ in range(r.choice((0, 1, 2, 3))))
    other = tuple(1 if r.random() < 0.3 else size if r.random() < 0.9 else 4 for size in shape)
    return shape, other[r.randrange(len(other) + 1) :]


def index_of(r: random.Random, shape: tuple[int, ...], arrays: bool) -> tuple[Any, Any]:
    """An index as it is described, and as it is used."""
    items: list[Any] = []
    used: list[Any] = []
    axis = 0
    dots = False
    while axis < len(shape) and r.random() < 0.85:
        choice = r.random()
        bounds = [r.choice((None, None, 0, 1, 2, -1, -2)) for _ in range(2)]
        part: Any = slice(*bounds, r.choice((None, None, None, 2, -1)))
        described: Any = part
        if choice < 0.3:
            part = described = r.randrange(-shape[axis], shape[axis]) if r.random() < 0.95 else shape[axis]
        elif choice < 0.4:
            part = described = None
            axis -= 1
        elif choice < 0.5 and not dots:
            part, dots = Ellipsis, True
            described = part
            axis = len(shape) - 1 - r.randrange(0, len(shape) - axis)
        elif choice < 0.65 and arrays:
            length = r.choice((1, 2))
            part = np.zeros((length,), "int64")
            described = Tensor((length,), "int64")
        elif choice < 0.7 and arrays:
            part = np.ones((shape[axis],), bool)
            described = Tensor((shape[axis],), "bool")
        items.append(described)
        used.append(part)
        axis += 1
    return tuple(items), tuple(used)


def ask_operator(r: random.Random) -> Outcome:
    """One operator on arrays, tensors or symbolic tensors."""
    import keras
    import tensorflow as tf

    kind = r.choice(("keras", "tensorflow", "numpy"))
    symbol = r.choice((*SYMBOLS, "@", "&", "|") if kind == "numpy" else (*SYMBOLS, "@"))
    first, second = shapes(r)
    types = ("float32", "float64", "int32", "int64", "uint8", "int16", "float16", "bool")
    left = r.choice(types) if kind == "numpy" else r.choice(("float32", "int32"))
    right = r.choice(types) if kind == "numpy" else left
    if symbol in "&|":
        left = right = r.choice(("bool", "int32", "int64"))
    if symbol == "@":
        left = right = "float32"
        inner = r.choice((2, 3))
        first, second = (4, inner), (inner if r.random() < 0.9 else 5, 6)
    build = {
        "numpy": lambda shape, dtype: np.ones(shape, dtype),
        "tensorflow": lambda shape, dtype: tf.ones(shape, dtype),
        "keras": lambda shape, dtype: keras.KerasTensor(shape, dtype),
    }[kind]
    other: Any = Tensor(second, right)
    y = build(second, right)
    if symbol not in "@&|" and r.random() < 0.2 and left != "bool":
        other = y = r.choice((2, 0.5) if left.startswith("float") else (2,))
    said = apply_operator(symbol, Tensor(first, left), other, KERAS, kind)
    verdict = compare(said, lambda: eval(f"x {symbol} y", {"x": build(first, left), "y": y}), kind == "keras")
    return (f"{kind}: {first} {left} {symbol} {other}", *verdict)


def ask_subscript(r: random.Random) -> Outcome:
    """One subscript of an array, tensor or symbolic tensor."""
    import keras
    import tensorflow as tf

    kind = r.choice(("keras", "tensorflow", "numpy"))
    shape = tuple(r.choice((1, 2, 3, 5)) for _ in range(r.choice((1, 2, 3, 4))))
    index, used = index_of(r, shape, arrays=kind == "numpy")
    known: tuple[int | None, ...] = shape if kind == "numpy" or r.random() < 0.5 else (None, *shape[1:])
    said = subscript(Tensor(known, "float32"), index, KERAS)

    def compute() -> Any:
        if kind == "numpy":
            return np.ones(shape, "float32")[used]
        if kind == "keras":
            return keras.KerasTensor(known)[used]
        with tf.Graph().as_default():
            return outline(tf.compat.v1.placeholder("float32", known)[used])

    return (f"{kind}: {known}[{index}]", *compare(said, compute, kind == "keras"))


# --------------------------------------------------------------------------------------------------------------- exam

EXPRESSIONS: dict[str, Callable[[random.Random], Outcome]] = {"operators": ask_operator, "subscripts": ask_subscript}
WRONG = ("wrong", "false alarm")


def ask(world: World, names: Sequence[str], r: random.Random) -> Outcome:
    """One call of a function of this library."""
    while True:
        name = r.choice(names)
        call = make(random.Random(r.getrandbits(64)), name, world.kind)
        if call is None:
            continue
        if world.kind != "numpy" and r.random() < 0.3:
            call = unbatched(call)
        return (str(call), *judge(world, call))


def examine(count: int, seed: int, worlds: Sequence[str]) -> Iterator[tuple[str, Outcome]]:
    """That many questions, spread over the worlds as they have functions; always the same ones for a seed."""
    r = random.Random(seed)
    libraries = {name: World(name) for name in worlds if name not in EXPRESSIONS}
    names = {
        name: [each for each in world.names() if each not in ELSEWHERE and make(random.Random(0), each, world.kind)]
        for name, world in libraries.items()
    }
    weights = [len(names[name]) if name in names else 100 for name in worlds]
    for _ in range(count):
        name = r.choices(worlds, weights)[0]
        if name in EXPRESSIONS:
            yield name, EXPRESSIONS[name](r)
        else:
            yield name, ask(libraries[name], names[name], r)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an exam and print its report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worlds", default=",".join((*PREFIXES, *EXPRESSIONS)), help="separated by commas")
    parser.add_argument("--show", type=int, default=3, help="examples of each kind for each function")
    options = parser.parse_args(arguments)
    counts: Counter[tuple[str, str]] = Counter()
    reasons: Counter[str] = Counter()
    examples: dict[tuple[str, str], list[str]] = {}
    worlds = options.worlds.split(",")
    start = time.monotonic()
    interrupted: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: interrupted.append(number))
    for index, (world, (asked, verdict, detail)) in enumerate(examine(options.count, options.seed, worlds)):
        if interrupted:
            break
        if index and index % 10_000 == 0:
            print(f"{index:,} after {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
        counts[world, verdict] += 1
        if verdict == "unknown":
            reasons[detail] += 1
        elif verdict in (*WRONG, "silent"):
            examples.setdefault((verdict, f"{world} {asked.partition('(')[0]}"), []).append(f"{asked}: {detail}"[:600])
    print(f"{counts.total():,} questions, seed {options.seed}, {time.monotonic() - start:.0f} s")
    verdicts = (*WRONG, "agrees", "refuses", "late", "silent", "unknown")
    print(f"{'':14}" + "".join(f"{verdict:>13}" for verdict in verdicts))
    for world in worlds:
        print(f"{world:14}" + "".join(f"{counts[world, verdict]:>13,}" for verdict in verdicts))
    for reason, count in reasons.most_common(25):
        print(f"  unknown {count:>7,}  {reason}")
    for (verdict, name), shown in sorted(examples.items()):
        if options.show:
            print(f"{verdict}: {name} ({len(shown)})")
            print("\n".join(f"    {example}" for example in shown[: options.show]))
    return 1 if any(counts[world, verdict] for world in worlds for verdict in WRONG) else 0


if __name__ == "__main__":
    sys.exit(main())
