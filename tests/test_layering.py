"""The rooms of the house depend on each other one way, and what a command does not need is not imported."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "keras_lsp"

CORE = {"text", "syntax", "catalogue", "shapes", "inference", "rules", "features"}

MAY_IMPORT = {
    "text": set(),
    "catalogue": set(),
    "shapes": set(),
    "oracle": set(),
    "syntax": {"text"},
    "inference": {"text", "syntax", "catalogue", "shapes"},
    "project": {"text", "syntax", "inference"},
    "rules": {"text", "syntax", "catalogue", "shapes", "inference", "project"},
    "features": {"text", "syntax", "catalogue", "shapes", "inference", "project", "rules"},
    "analysis": {"text", "syntax", "inference", "project", "rules", "features"},
    "server": CORE | {"project", "oracle", "analysis"},
    "integrations": CORE | {"project", "oracle", "analysis"},
    # `keras-lsp server` is a command that hands over.
    "cli": CORE | {"project", "oracle", "analysis", "server"},
    "__main__": {"cli"},
    "__init__": set(),
}
"""Rooms of keras_lsp, and the other rooms that each may import; the order is that of docs/architecture.md."""

HEAVY = {"pygls", "lsprotocol", "jedi", "parso", "tensorflow", "keras", "tf_keras", "numpy", "torch", "jax"}

DOES_IO = {"subprocess", "socket", "threading", "multiprocessing", "urllib", "http", "sqlite3", "tempfile", "shutil"}

DATA_FILES = {"catalogue/store.py"}
"""Modules of the core that read files: the catalogue its own data."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Dotted names of all modules that a module imports, wherever in it."""
    package = [PACKAGE.name, *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_rooms_import_one_way(path):
    room = room_of(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == PACKAGE.name and len(parts) > 1 and parts[1] not in (room, "__version__"):
            assert parts[1] in MAY_IMPORT[room], f"{path.name} imports {name}"
        if room in CORE | {"project", "analysis", "cli"}:
            assert parts[0] not in HEAVY, f"{path.name} imports {name}"
        if room in CORE:
            assert parts[0] not in DOES_IO, f"{path.name} imports {name}"


def test_the_order_has_no_circle():
    done: set[str] = set()
    while len(done) < len(MAY_IMPORT):
        ready = {room for room, others in MAY_IMPORT.items() if room not in done and others <= done}
        assert ready, f"a circle among {set(MAY_IMPORT) - done}"
        done |= ready


def test_only_the_server_imports_the_protocol():
    for path in modules():
        heavy = {name.split(".")[0] for name in imports(path)} & {"pygls", "lsprotocol"}
        assert not heavy or room_of(path) == "server", path


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_the_core_opens_no_files_and_evaluates_no_text(path):
    for node in ast.walk(ast.parse(path.read_bytes())):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        # The worker imports Keras by the name of its package, in a process of its own.
        names = ("eval", "exec") if room_of(path) == "oracle" else ("eval", "exec", "__import__")
        assert name not in names, f"{path}:{node.lineno}"
        if room_of(path) in CORE and path.relative_to(PACKAGE).as_posix() not in DATA_FILES:
            assert name != "open", f"{path}:{node.lineno}"
            assert method not in ("read_text", "read_bytes", "write_text", "write_bytes"), f"{path}:{node.lineno}"


def test_nothing_prints():
    """On the server's wire a print would be a broken message; commands write to the stream that they mean."""
    allowed = {PACKAGE / "server" / "entry.py"}  # `server --tcp` tells its port on standard error
    for path in modules():
        if path in allowed:
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            is_print = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            assert not is_print, f"{path}:{node.lineno}"


def loaded(code: str) -> set[str]:
    """The top-level modules that are loaded after some code ran in a fresh interpreter."""
    script = f"import sys\n{code}\nsys.stderr.write(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "--isolated", "examples"],
        ["check", "--isolated", "--fix", "--diff", "--statistics", "examples"],
        ["shapes", "examples/clean.py"],
        ["summary", "examples/clean.py"],
        ["graph", "examples/clean.py"],
        ["explain", "KER201"],
        ["doctor", "examples"],
        ["config"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_commands_import_nothing_heavy(arguments):
    assert not loaded(f"from keras_lsp.cli import main\nmain({arguments!r})") & HEAVY


def test_importing_the_package_loads_nothing():
    assert not loaded("import keras_lsp") & (HEAVY | {"ast", "json", "argparse"})


def tracked() -> list[Path]:
    """Files of the project, whether or not they are committed yet."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    names = done.stdout.decode().split("\0")
    if done.returncode:  # not a repository: a source archive
        names = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if ".venv" not in path.as_posix()]
    return [path for name in names if name and (path := ROOT / name).is_file()]


def test_no_path_of_a_machine_is_in_the_project():
    pattern = re.compile(rb"(?<![\w.~])/(?:work|opt|root|home/(?!user\b|me\b|you\b|ada\b)\w+|tmp/team|mnt)/[\w.]+")
    for path in tracked():
        if path.suffix in (".png", ".gif", ".ico", ".vsix", ".gz"):
            continue
        found = pattern.search(path.read_bytes())
        assert found is None, f"{path.relative_to(ROOT)}: {found[0]!r}"
