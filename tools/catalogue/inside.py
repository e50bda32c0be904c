"""Which modules behind the public names each Keras has, read from its files: the section `modules` of `internal.json`.

    python tools/catalogue/inside.py 2.15=SITE/keras 2.21=SITE/tf_keras 3.15=SITE/keras 3.0=keras-3.0.5-py3-none-any.whl ...

A source is an installed package or a wheel of one. Kept are modules of one or two parts, and those under which some version's
programs reach public names (the section `paths`). Versions before 2.13, whose modules are public and private at once, are not asked.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from merge import write

from keras_lsp.catalogue import store

DATA = Path(store.__file__).parent / "data"


def files_of(source: Path) -> Iterable[str]:
    """Return the paths of the package's Python files below `src`, without that."""
    if source.is_file():
        names = zipfile.ZipFile(source).namelist()
    else:
        names = [f"{source.name}/{file.relative_to(source).as_posix()}" for file in source.rglob("*.py")]
    for name in names:
        package, _, rest = name.partition("/src/")
        if rest.endswith(".py") and "/" not in package:
            yield rest


def modules_of(source: Path, known: Iterable[str]) -> str:
    """Return the modules that a Keras has, by name below the package: the known ones, and those near the top."""
    have = {path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in files_of(source)}
    near = {name for name in have if name.count(".") < 2 and not name.endswith("_test") and name != "__init__"}
    return " ".join(sorted(have & {*known, *near}))


def main() -> None:
    """Write the section anew for the versions given, and keep the others."""
    content = dict(store.read("internal"))
    known = [name for name in content["paths"] if name]
    modules = dict(content.get("modules", {}))
    for pair in sys.argv[1:]:
        version, _, source = pair.partition("=")
        modules[version] = modules_of(Path(source), known)
    write(DATA / "internal.json", {"paths": content["paths"], "modules": modules})


if __name__ == "__main__":
    main()
