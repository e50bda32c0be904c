"""What calls into libraries do to abstract values: the overlays.

One module per library or subject. A function is modelled by a handler registered under its dotted name; layers and models
are in `inference.keras`, ops on tensors in `shapes.ops`; what is in neither gives an unknown value with the name as reason.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from keras_lsp.catalogue.passed_on import is_passed_on
from keras_lsp.inference.arguments import Arguments, missing_arguments
from keras_lsp.inference.values import LibraryObject, Unknown, Value
from keras_lsp.shapes.ops import knows_op
from keras_lsp.shapes.outcome import ShapeError

if TYPE_CHECKING:
    from keras_lsp.catalogue.symbols import Symbol
    from keras_lsp.inference.facts import Call
    from keras_lsp.inference.machine import Machine

Handler: TypeAlias = Callable[["Machine", Arguments, "ast.AST | None"], Value]

FUNCTIONS: dict[str, Handler] = {}
CONSTANTS: dict[str, Value] = {}
# kinds of Keras symbols whose instances are objects that only rules look at
_OBJECT_KINDS = frozenset(("optimizer", "loss", "metric", "initializer", "callback", "class"))
_MODULES = (
    "builtins",
    "datasets",
    "estimators",
    "keras",
    "numpy",
    "pandas",
    "pipelines",
    "sklearn",
    "standard",
    "tensorflow",
)
_loaded: list[bool] = []


def models(*paths: str) -> Callable[[Handler], Handler]:
    """Register the model of these library functions, by dotted name."""

    def register(handler: Handler) -> Handler:
        for path in paths:
            FUNCTIONS[path] = handler
        return handler

    return register


def load() -> None:
    """Import every overlay once."""
    if not _loaded:
        _loaded.append(True)
        for name in _MODULES:
            import_module(f"keras_lsp.inference.library.{name}")


def constant(machine: Machine, path: str) -> Value | None:
    """The value of a library constant (`math.pi`), `None` if it is none."""
    load()
    known = CONSTANTS.get(path)
    return _version(machine, path) if known is None and path.endswith((".__version__", ".VERSION")) else known


# From here on Keras 2 and TensorFlow have the same numbers, up to the last TensorFlow that has Keras 2.
_SAME_NUMBERS = ((2, 5), (2, 16))


def _version(machine: Machine, path: str) -> str | None:
    """The version that a program asks for, as far as the Keras it is for tells it; of TensorFlow not beside Keras 3."""
    if path in ("tensorflow.__version__", "tensorflow.version.VERSION"):
        first, end = _SAME_NUMBERS
        if not first <= machine.keras < end:
            return None
    elif path not in ("keras.__version__", "tensorflow.keras.__version__", "tf_keras.__version__"):
        return None
    return ".".join(map(str, machine.keras))


def call_library(machine: Machine, path: str, arguments: Arguments, node: ast.AST | None) -> Value:
    """Call a library function or class by its dotted name."""
    load()
    handler = FUNCTIONS.get(path)
    if handler is not None:
        return handler(machine, arguments, node)
    canonical = machine.catalogue.resolve(path)
    if canonical is None and path.endswith(".from_config"):
        from keras_lsp.inference.library.keras import from_config

        return from_config(machine, path.removesuffix(".from_config"), arguments, node)
    if canonical is None and path.startswith("keras.src.backend."):
        canonical = _backend_name(path)
    if canonical is not None and canonical != path:
        handler = FUNCTIONS.get(canonical)
        if handler is not None:
            return handler(machine, arguments, node)
    symbol = machine.catalogue.symbol(canonical) if canonical is not None else None
    if symbol is not None and symbol.kind == "layer" and not symbol.name.startswith("keras.metrics."):
        from keras_lsp.inference.keras.layers import build_layer

        return build_layer(machine, symbol, arguments, node)
    if symbol is not None and not machine.muted:
        positional = [p.name for p in symbol.parameters or () if p.kind.startswith("positional")]
        call = machine.describe_call(symbol.name, arguments, node, positional)
        machine.facts.calls.append(call)
        _check_signature(machine, symbol, arguments, call)
    for name in (canonical, path):
        if name is not None and knows_op(name):
            from keras_lsp.inference.tensors import run_op

            return run_op(machine, name, arguments, node)
    if symbol is not None:
        if symbol.kind == "application":
            from keras_lsp.inference.keras.applications import build_application

            return build_application(machine, symbol, arguments, node)
        if symbol.kind in _OBJECT_KINDS or symbol.name.startswith("keras.metrics."):  # layers too, in Keras 2
            positional = [p.name for p in symbol.parameters or () if p.kind.startswith("positional")]
            return LibraryObject(symbol.name, {**arguments.bind(*positional), **arguments.kwargs})
    if path in machine.package_paths:
        return Unknown(f"{path} is a module")
    from keras_lsp.inference.keras.questions import is_foreign_layer, is_foreign_model

    if canonical is None and is_foreign_model(path):
        from keras_lsp.inference.keras.applications import build_foreign_model

        return build_foreign_model(machine, path, arguments, node)
    if canonical is None and is_foreign_layer(path):
        from keras_lsp.inference.keras.layers import build_foreign_layer

        return build_foreign_layer(machine, path, arguments, node)
    if not _harmless(path):
        from keras_lsp.inference.calls import escape

        escape(machine, arguments)
    return machine.unknown(f"{canonical or path} is not followed")


# Packages whose signatures are those that Python sees: no keyword of them goes to a base class unseen.
_PLAIN = ("keras.callbacks.", "keras.losses.", "keras.metrics.")


def _check_signature(machine: Machine, symbol: Symbol, arguments: Arguments, call: Call) -> None:
    """A loss, metric or callback of Keras that is called with a keyword it has not, or without what it needs."""
    parameters = symbol.parameters
    if parameters is None or arguments.open or machine.keras < (2, 4) or not symbol.name.startswith(_PLAIN):
        return
    if any(parameter.kind == "var-positional" for parameter in parameters):
        return
    what = f"{symbol.leaf}.__init__" if symbol.kind != "function" else symbol.leaf
    names = {parameter.name for parameter in parameters}
    unknown = next(
        (
            name
            for name in arguments.kwargs
            if name not in names and not is_passed_on(symbol.name, name, machine.world.keras)
        ),
        None,
    )
    if unknown is not None and not any(parameter.kind == "var-keyword" for parameter in parameters):
        text = f"TypeError: {what}() got an unexpected keyword argument '{unknown}'"
        machine.report("call", call, ShapeError("argument", text, {"callable": symbol.name}, "construct"))
        return
    needed = [p.name for p in parameters if not p.has_default and not p.kind.startswith("var-")]
    missing = tuple(name for name in needed if name not in call.arguments)
    if missing:
        text = missing_arguments(what, missing)
        facts = {"callable": symbol.name, "missing": missing}
        machine.report("call", call, ShapeError("argument", text, facts, "construct"))


def _backend_name(path: str) -> str:
    """Keras's own code calls the backend for what `keras.ops` and `keras.config` offer the public."""
    leaf = path.rsplit(".", 1)[-1]
    public = f"keras.ops.{leaf}"
    return public if knows_op(public) else f"keras.config.{leaf}"


def _harmless(path: str) -> bool:
    """Whether a library's functions are known to leave lists and models that they get as they are."""
    return path.split(".", 1)[0] in _READ_ONLY


_READ_ONLY = frozenset(
    [
        "builtins",
        "keras",
        "tensorflow",
        "tf_keras",
        "numpy",
        "scipy",
        "pandas",
        "sklearn",
        "matplotlib",
        "os",
        "sys",
        "re",
        "math",
        "json",
        "pickle",
        "logging",
        "warnings",
        "time",
        "seaborn",
        "tqdm",
        "pprint",
        "textwrap",
        "string",
        "datetime",
        "pathlib",
        "shutil",
        "IPython",
    ]
)
