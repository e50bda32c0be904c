"""Imports: libraries become dotted names, modules of the project are evaluated."""

from __future__ import annotations

import ast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.budget import MAX_MODULES
from keras_lsp.inference.library import models
from keras_lsp.inference.machine import Flow, Machine
from keras_lsp.inference.modules import Module
from keras_lsp.inference.values import External, ListValue, Unknown, Value
from keras_lsp.syntax.parse import parse

# Roots that are never followed as source: their functions are described in the shape rooms, and their own code is large.
LIBRARIES = frozenset(
    [
        "keras",
        "tensorflow",
        "tf_keras",
        "numpy",
        "scipy",
        "pandas",
        "sklearn",
        "matplotlib",
        "torch",
        "jax",
        "flax",
        "cv2",
        "PIL",
        "seaborn",
        "h5py",
        "tqdm",
        "os",
        "sys",
        "re",
        "math",
        "random",
        "time",
        "json",
        "pickle",
        "csv",
        "collections",
        "functools",
        "itertools",
        "typing",
        "types",
        "abc",
        "enum",
        "dataclasses",
        "pathlib",
        "glob",
        "shutil",
        "io",
        "copy",
        "string",
        "datetime",
        "logging",
        "argparse",
        "warnings",
        "inspect",
        "operator",
        "contextlib",
        "threading",
        "multiprocessing",
        "subprocess",
        "unittest",
        "pytest",
        "absl",
        "tensorflow_datasets",
        "tensorflow_hub",
        "tensorflow_probability",
        "tensorflow_addons",
        "keras_tuner",
        "kerastuner",
        "nltk",
        "spacy",
        "gym",
        "wandb",
        "IPython",
        "urllib",
        "requests",
        "gc",
        "tempfile",
        "zipfile",
        "tarfile",
        "hashlib",
        "uuid",
        "statistics",
        "struct",
        "platform",
        "traceback",
        "keras_applications",
    ]
)


def execute_import(machine: Machine, node: ast.Import) -> Flow | None:
    """`import a.b.c as d`."""
    from keras_lsp.inference.statements import bind_name

    for alias in node.names:
        if alias.asname:
            value = import_path(machine, alias.name)
            bind_name(machine, alias.asname, _external(machine, value.path) if isinstance(value, External) else value)
            _note(machine, alias.asname, alias.name)
        else:
            root = alias.name.split(".", 1)[0]
            if "." in alias.name:
                import_path(machine, alias.name)
            bind_name(machine, root, import_path(machine, root))
            _note(machine, root, root)
    return None


def execute_import_from(machine: Machine, node: ast.ImportFrom) -> Flow | None:
    """`from .a import b as c`, star imports included."""
    from keras_lsp.inference.attributes import get_attribute
    from keras_lsp.inference.statements import bind_name

    dotted = "." * node.level + (node.module or "")
    if node.module == "__future__":
        return None
    source = import_path(machine, dotted)
    for alias in node.names:
        if alias.name == "*":
            _import_star(machine, source)
            continue
        if isinstance(source, External) and source.path.endswith(".src.applications"):
            bind_name(machine, alias.asname or alias.name, _library_module(machine, f"{dotted}.{alias.name}"))
            continue
        if isinstance(source, Module) and alias.name not in source.frame.variables:
            separator = "" if dotted.endswith(".") else "."
            submodule = import_path(machine, f"{dotted}{separator}{alias.name}")
            value: Value = submodule if isinstance(submodule, Module) else _missing(source, alias.name)
        elif isinstance(source, External):
            value = _member(machine, dotted, source, alias.name)
        else:
            value = get_attribute(machine, source, alias.name)
        bind_name(machine, alias.asname or alias.name, value)
        _note(machine, alias.asname or alias.name, f"{dotted}.{alias.name}")
    return None


def _member(machine: Machine, dotted: str, source: External, name: str) -> Value:
    """A name of a library's module, or a module of the project in a folder without `__init__.py`."""
    if dotted.split(".", 1)[0] not in LIBRARIES:
        module = import_path(machine, f"{dotted}.{name}")
        if isinstance(module, Module):
            return module
    return _external(machine, f"{source.path}.{name}")


@models("importlib.import_module")
def import_module(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`import_module("a.b")`."""
    name, package = arguments.get(0, "name"), arguments.get(1, "package")
    if not isinstance(name, str) or package is not None or not name or name.startswith("."):
        return Unknown("which module is imported is not known")
    value = import_path(machine, name)
    return _external(machine, value.path) if isinstance(value, External) else value


# Names of Python 2 and 3 at once.
_MOVED = {
    **{
        f"{source}.{name}": f"builtins.{name}"
        for source in ("six.moves", "past.builtins")
        for name in ("range", "zip", "map", "filter")
    },
    "six.moves.xrange": "builtins.range",
    "past.builtins.xrange": "builtins.range",
    "six.moves.reduce": "functools.reduce",
}


def _external(machine: Machine, dotted: str) -> Value:
    """A library's name; one that leads through a module which this Keras has nowhere cannot have been imported."""
    from keras_lsp.inference.attributes import get_attribute

    dotted = _MOVED.get(dotted, dotted)
    lost = machine.catalogue.lost_module(dotted)
    if lost is not None:
        return Unknown(f"Keras {machine.world.keras} has no {lost}")
    module, _, leaf = dotted.rpartition(".")
    return get_attribute(machine, External(module), leaf) if module else External(dotted)


def _missing(source: Module, name: str) -> Value:
    return Unknown(f"`{name}` is not known in {source.name}", name)


def _note(machine: Machine, name: str, path: str) -> None:
    if machine.module.is_main:
        machine.facts.imports[name] = path


def _import_star(machine: Machine, source: Value) -> None:
    from keras_lsp.inference.statements import bind_name

    if isinstance(source, Module):
        exported = source.frame.variables.get("__all__")
        names = exported.items if isinstance(exported, ListValue) else None
        listed = None if names is None else [name for name in names if isinstance(name, str)]
        for name in listed if listed is not None else [n for n in source.frame.variables if not n.startswith("_")]:
            if name in source.frame.variables:
                bind_name(machine, name, source.frame.variables[name])
    elif isinstance(source, External):
        module = machine.catalogue.resolve(source.path)
        for name in machine.catalogue.members(module) if module else ():
            bind_name(machine, name, External(f"{source.path}.{name}"))


def import_path(machine: Machine, dotted: str) -> Value:
    """The module of the project with this (possibly relative) name, else the library's dotted name."""
    root = dotted.split(".", 1)[0]
    if root in LIBRARIES:
        return _library_module(machine, dotted)
    source = machine.world.find_source(dotted, machine.module.path)
    if source is None:
        return External(dotted) if root else Unknown(f"the module {dotted} is not found", dotted.rsplit(".", 1)[-1])
    if root and "." in dotted:
        machine.package_paths.add(dotted)
    known = machine.modules.get(source.path)
    if known is not None:
        return known
    if len(machine.modules) >= MAX_MODULES:
        return Unknown("too many modules")
    parsed = parse(source.text)
    module = Module(dotted.lstrip("."), source.path, parsed.tree)
    machine.modules[source.path] = module
    with machine.activate(module.frame):
        machine.execute(parsed.tree.body)
    return module


def _library_module(machine: Machine, dotted: str) -> Value:
    """A library's dotted name; modules of `keras.applications` are followed where one of them imports another."""
    inside = machine.module.name.startswith("keras.src.applications")
    if not inside or ".src.applications." not in dotted:
        return External(dotted)
    leaf = dotted.rsplit(".", 1)[-1]
    return _follow(machine, f"keras.src.applications.{leaf}") or External(dotted)


def _follow(machine: Machine, dotted: str) -> Module | None:
    source = machine.world.find_library(dotted)
    if source is None:
        return None
    known = machine.modules.get(source.path)
    if known is None:
        known = machine.modules[source.path] = Module(dotted, source.path, parse(source.text).tree)
        with machine.activate(known.frame):
            machine.execute(known.tree.body)
    return known


def import_submodule(machine: Machine, module: Module, name: str) -> Value:
    """`package.name` where the package's namespace does not hold it."""
    value = import_path(machine, f"{module.name}.{name}")
    return value if isinstance(value, Module) else Unknown(f"`{name}` is not known in {module.name}", name)
