"""The stored data is what the installed Keras says about itself today.

When one of these fails after an upgrade of Keras, run `tools/catalogue/probe.py` and `merge.py` again.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from keras_lsp.catalogue import store

TOOLS = Path(__file__).resolve().parents[2] / "tools" / "catalogue"


def _installed(api: str, folder: Path) -> dict[str, Any]:
    """Probe the installed Keras in a process of its own, as the generator does."""
    out = folder / "snapshot.json"
    probe = [sys.executable, str(TOOLS / "probe.py"), "--api", api, "--out", str(out)]
    done = subprocess.run(probe, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(out.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("api", "stored"), [("keras", "3.15"), ("tf_keras", "2.21")])
def test_installed_keras_equals_the_stored_data(
    api: str, stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))
    from merge import build, difference

    snapshot = _installed(api, tmp_path)
    assert snapshot["version"].startswith(stored + ".")
    spellings = store.read("names")["spellings"]
    canonical = {path: spellings.get(path, path) for path in snapshot["names"]}
    built = json.loads(json.dumps(build(snapshot, canonical)))
    known = {name: section for name, section in store.sections(stored).items() if name not in ("version", "base")}
    assert set(built) == set(known)
    changed = difference(built, known)
    assert not changed, json.dumps(changed, indent=1)[:4000]


@pytest.mark.parametrize(("package", "stored"), [("keras", "3.15"), ("tf_keras", "2.21")])
def test_modules_inside_are_those_of_the_installed_keras(
    package: str, stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))
    from inside import modules_of

    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    internal = store.read("internal")
    known = [name for name in internal["paths"] if name]
    assert modules_of(Path(found.origin).parent, known) == internal["modules"][stored]


def test_all_data_versions_are_present() -> None:
    from_tools = (TOOLS / "merge.py").read_text(encoding="utf-8")
    for name in store.ORDER:
        assert store.read(name)["version"] == name
        assert f'"{name}"' in from_tools
        assert {"symbols", "members", "hidden", "takers", "routes", "identifiers"} <= set(store.sections(name))
    size = sum(file.stat().st_size for file in Path(store.__file__).parent.joinpath("data").glob("*.json"))
    assert size < 1_500_000, "the package data must stay small"
