"""Where the installed Keras defines a class and takes a hidden keyword: read from its files, nothing is imported.

A hidden keyword travels through `**kwargs` from a layer to its bases, so the search goes the same way: the class's
`__init__`, then those of its bases. What decides is a read of `kwargs` (`kwargs.pop("input_dim")`, `kwargs.get`,
`kwargs["input_shape"]`), else a place in the set `allowed_kwargs`. Keras 2.2 and 2.3 also read it in a decorator
(keras/legacy/interfaces.py).
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

MAX_HOPS = 12
"""Re-exports followed for one name; Keras needs three."""

MAX_FILE = 4 * 2**20
"""Largest source file read, in bytes; Keras's largest has half a megabyte."""

# Where each spelling of Keras keeps its public names, in the order of trial.
PUBLIC_PLACES = {
    "keras": ("keras", "keras/api"),
    "tf_keras": ("tf_keras", "tf_keras/api/_v2/keras"),
    "tensorflow.keras": (
        "tensorflow/keras",
        "keras/_tf_keras/keras",
        "keras/api/_v2/keras",
        "tf_keras/api/_v2/keras",
        "tensorflow/python/keras/api/_v2/keras",
        "tensorflow_core/python/keras/api/_v2/keras",
    ),
}


@dataclass(frozen=True)
class Location:
    """A place in a file: line from 1, column from 0 in code points."""

    path: Path
    line: int
    column: int


@dataclass(frozen=True)
class HiddenKeyword:
    """Where a hidden keyword is taken, and the classes through which it travels, as in ("LSTM", "RNN", "Layer")."""

    location: Location
    way: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    """A class or function and the module that defines it."""

    path: Path
    root: Path
    node: ast.ClassDef | ast.FunctionDef


def source_location(name: str, site_packages: Sequence[Path]) -> Location | None:
    """Return where `keras.layers.LSTM` is defined, with any of the roots keras, tf_keras, tensorflow.keras."""
    found = _public(name, site_packages)
    if found is None:
        return None
    return Location(found.path, found.node.lineno, found.node.col_offset + len("class "))


def find_hidden_keyword(site_packages: Sequence[Path], layer: str, keyword: str) -> HiddenKeyword | None:
    """Return where the installed Keras takes `keyword` of `layer` out of `**kwargs`; None where it does not."""
    found = _public(layer if "." in layer else f"keras.layers.{layer}", site_packages)
    if found is None:
        return None
    chain = list(_ancestry(found))
    for search in (_reading, _allowing):
        for position, ancestor in enumerate(chain):
            constructor = _constructor(ancestor.node)
            if constructor is None:
                continue
            for path, line, column in search(ancestor, constructor, keyword):
                way = [each.node.name for each in chain[: position + 1] if _passes(each, chain[position])]
                # tf.keras has a new LSTM on top of an old LSTM: one name says it.
                once = [name for index, name in enumerate(way) if index == 0 or name != way[index - 1]]
                return HiddenKeyword(Location(path, line, column), tuple(once))
    return None


# ---------------------------------------------------------------------- what takes a keyword


def _passes(each: _Found, last: _Found) -> bool:
    """Tell whether a class of the chain is on the way: it has the last one among its ancestors."""
    return each is last or any(ancestor.node is last.node for ancestor in _ancestry(each))


def _constructor(node: ast.ClassDef | ast.FunctionDef) -> ast.FunctionDef | None:
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return item
    return None


def _reading(owner: _Found, constructor: ast.FunctionDef, keyword: str) -> Iterator[tuple[Path, int, int]]:
    """Yield a parameter of this name, what decorators read, and what the body reads of `kwargs`."""
    arguments = constructor.args
    for parameter in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if parameter.arg == keyword:
            yield owner.path, parameter.lineno, parameter.col_offset
    for decorator in constructor.decorator_list:
        preprocessor = _preprocessor(owner, decorator)
        if preprocessor is not None:
            for line, column in _reads(preprocessor.node, keyword):
                yield preprocessor.path, line, column
    for line, column in _reads(constructor, keyword):
        yield owner.path, line, column


def _reads(node: ast.AST, keyword: str) -> list[tuple[int, int]]:
    """Return the reads of `kwargs` in a function, in order of lines."""
    return sorted(
        (item.lineno, item.col_offset)
        for item in ast.walk(node)
        if isinstance(item, ast.Call | ast.Subscript) and _is_read(item, keyword)
    )


def _is_read(item: ast.Call | ast.Subscript, keyword: str) -> bool:
    if isinstance(item, ast.Subscript):
        return isinstance(item.ctx, ast.Load) and _is_kwargs(item.value) and _says(item.slice, keyword)
    function = item.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in ("pop", "get")
        and _is_kwargs(function.value)
        and bool(item.args)
        and _says(item.args[0], keyword)
    )


def _allowing(owner: _Found, constructor: ast.FunctionDef, keyword: str) -> Iterator[tuple[Path, int, int]]:
    """Yield the place of a keyword in a set of allowed names."""
    for item in ast.walk(constructor):
        if isinstance(item, ast.Set):
            for element in item.elts:
                if _says(element, keyword):
                    yield owner.path, element.lineno, element.col_offset


def _is_kwargs(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "kwargs"


def _says(node: ast.expr, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _preprocessor(owner: _Found, decorator: ast.expr) -> _Found | None:
    """Return the function that `@interfaces.legacy_recurrent_support` runs over the keywords."""
    place = _follow(_dotted(decorator), owner.path, owner.root)
    if place is None:
        return None
    path, name = place
    for statement in _parse(path).body:
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.value, ast.Call)
            and any(isinstance(target, ast.Name) and target.id == name for target in statement.targets)
        ):
            for argument in statement.value.keywords:
                if argument.arg == "preprocessor" and isinstance(argument.value, ast.Name):
                    return _definition(path, owner.root, argument.value.id)
    return None


# ---------------------------------------------------------------------- names to files


def _public(name: str, site_packages: Sequence[Path]) -> _Found | None:
    """Find a public class by its name."""
    for spelling, places in PUBLIC_PLACES.items():
        if not name.startswith(spelling + "."):
            continue
        *folders, member = name[len(spelling) + 1 :].split(".")
        for root in site_packages:
            for place in places:
                module = root.joinpath(place, *folders, "__init__.py")
                found = _definition(module, root, member) if _is_file(module) else None
                if found is not None:
                    return found
    return None


def _ancestry(found: _Found) -> Iterator[_Found]:
    """Yield a class and its bases, depth first, each once."""
    seen: set[tuple[Path, str]] = set()
    waiting = [found]
    while waiting:
        here = waiting.pop(0)
        if (here.path, here.node.name) in seen or len(seen) > 64:
            continue
        seen.add((here.path, here.node.name))
        yield here
        if isinstance(here.node, ast.ClassDef):
            bases: list[_Found] = []
            for base in here.node.bases:
                place = _follow(_dotted(base), here.path, here.root)
                found_base = _definition(place[0], here.root, place[1]) if place is not None else None
                if found_base is not None and isinstance(found_base.node, ast.ClassDef):
                    bases.append(found_base)
            waiting = bases + waiting


def _dotted(node: ast.expr) -> tuple[str, ...]:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else ()


def _follow(dotted: tuple[str, ...], path: Path, root: Path) -> tuple[Path, str] | None:
    """Return the module and the name that a dotted expression in a file means."""
    if len(dotted) == 1:
        return path, dotted[0]
    if len(dotted) != 2:
        return None
    for module, name, alias in _imports(path):
        if alias == dotted[0] and name is not None:
            inside = _module(f"{module}.{name}", path, root)
            if inside is not None:
                return inside, dotted[1]
    return None


def _definition(path: Path, root: Path, name: str) -> _Found | None:
    """Find a class or function by name in a module, through its imports."""
    waiting = [(path, name)]
    for _ in range(MAX_HOPS * 4):
        if not waiting:
            return None
        here, wanted = waiting.pop(0)
        for statement in _statements(_parse(here).body):
            if isinstance(statement, ast.ClassDef | ast.FunctionDef) and statement.name == wanted:
                return _Found(here, root, statement)
        for module, original, alias in _imports(here):
            if original == "*" or alias == wanted:
                target = _module(module, here, root)
                if target is not None and target != here:
                    waiting.append((target, wanted if original == "*" else original or wanted))
    return None


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, those in `if` and `try` included."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            yield from _statements([*statement.body, *statement.orelse])
        elif isinstance(statement, ast.Try):
            yield from _statements(statement.body)


def _imports(path: Path) -> Iterator[tuple[str, str | None, str]]:
    """Yield (module, name, alias) of the imports of a file; a relative module keeps its dots."""
    for statement in _statements(_parse(path).body):
        if isinstance(statement, ast.ImportFrom):
            module = "." * statement.level + (statement.module or "")
            for item in statement.names:
                yield module, item.name, item.asname or item.name


def _module(name: str, importer: Path, root: Path) -> Path | None:
    """Return the file of a module, as seen from another file."""
    level = len(name) - len(name.lstrip("."))
    parts = [part for part in name.split(".") if part]
    base = root
    if level:
        if level > len(importer.parents):
            return None
        # The package of a module is its folder; of a package's __init__ it is that folder as well.
        base = importer.parents[level - 1]
    target = base.joinpath(*parts)
    if root not in target.parents:
        return None  # nothing outside the environment is read
    for candidate in (target / "__init__.py", target.with_name(target.name + ".py")):
        if _is_file(candidate):
            return candidate
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _parse(path: Path) -> ast.Module:
    try:
        stamp = path.stat()
    except OSError:
        return ast.Module(body=[], type_ignores=[])
    return _parse_version(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=64)
def _parse_version(path: Path, _modified: int, size: int) -> ast.Module:
    nothing = ast.Module(body=[], type_ignores=[])
    if size > MAX_FILE:
        return nothing
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in other people's strings
            return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return nothing
