"""The process that runs Jedi: one request at a time, as JSON lines. The only importer of Jedi.

Started by file path in our own interpreter. Jedi gets an explicit project and an environment that is this interpreter with
nothing but its standard library to load from, so no interpreter of a workspace is started and no compiled module of a workspace
is imported; modules of the user's environment are read as files. Nothing is cached on disk.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PROTOCOL = 1
MAX_DEFINITIONS = 20


def load_worker() -> Any:
    """Import the Keras worker's package by path: its channel and its confinement serve here too."""
    here = Path(__file__).resolve().parent.parent / "worker"
    spec = importlib.util.spec_from_file_location(
        "keras_lsp_worker", here / "__init__.py", submodule_search_locations=[str(here)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["keras_lsp_worker"] = package
    spec.loader.exec_module(package)
    return package


class Names:
    """Answers questions about names with Jedi."""

    def __init__(self, jedi: Any, root: str, search: Sequence[str]) -> None:
        standard = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
        standard |= {path for path in sys.path if path.endswith("lib-dynload")}
        library = sorted(path for path in standard if path)

        class Environment(jedi.InterpreterEnvironment):
            """This interpreter, with its standard library alone."""

            def get_sys_path(self) -> list[str]:
                return list(library)

        jedi.settings.use_filesystem_cache = False
        jedi.settings.auto_import_modules = []
        self._jedi = jedi
        self._environment = Environment()
        self._project = jedi.Project(
            root,
            sys_path=[*search, *library],
            smart_sys_path=True,
            load_unsafe_extensions=False,
        )

    def answer(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        """Return the definitions of the name at a place of a source."""
        script = self._jedi.Script(
            ask["source"], path=ask.get("path"), project=self._project, environment=self._environment
        )
        names = script.goto(
            ask["line"], ask["column"], follow_imports=True, follow_builtin_imports=False, prefer_stubs=False
        )
        return {"definitions": [describe(name) for name in names[:MAX_DEFINITIONS]]}


def describe(name: Any) -> dict[str, Any]:
    """Return a definition as plain data: line from 1, column from 0."""
    return {
        "name": name.name,
        "module_name": name.module_name,
        "full_name": name.full_name,
        "module_path": str(name.module_path) if name.module_path else None,
        "line": name.line,
        "column": name.column,
        "type": name.type,
    }


def main() -> int:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", required=True)
    parser.add_argument("--search", action="append", default=[])
    parser.add_argument("--libraries", action="append", default=[])
    options = parser.parse_args()
    load_worker()
    wire = importlib.import_module("keras_lsp_worker.wire")
    isolation = importlib.import_module("keras_lsp_worker.isolation")
    isolation.die_with_parent()
    channel = wire.Channel()
    channel.start()
    sys.path += [path for path in options.libraries if path not in sys.path]
    try:
        jedi = importlib.import_module("jedi")
        names = Names(jedi, options.root, options.search)
    except Exception as error:
        channel.send({"failed": f"{type(error).__name__}: {error}"})
        return 1
    isolation.confine(isolation.MEMORY)
    channel.send({"ready": {"protocol": PROTOCOL, "name": f"Jedi {jedi.__version__}"}})
    while True:
        message = channel.receive()
        isolation.extend_cpu()
        try:
            answer = names.answer(message["ask"])
        except Exception as error:
            # Jedi raises all sorts of things on strange programs; each means that the name is not known.
            answer = {"unknown": f"Jedi: {type(error).__name__}: {str(error)[:200]}"}
        channel.send({"id": message["id"], "answer": answer, "resident": isolation.resident_megabytes()})


if __name__ == "__main__":
    sys.exit(main())
