"""The entry point for jupyter-lsp: what it names can be started."""

import importlib.util
import subprocess
from importlib import import_module
from pathlib import Path

from keras_lsp.integrations import jupyter
from keras_lsp.project.settings import read_toml

ROOT = Path(__file__).parents[2]


def test_the_specification_names_a_server_that_starts(monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)  # no python-lsp-server
    entries = read_toml(ROOT / "pyproject.toml")[0]["project"]["entry-points"]["jupyter_lsp_spec_v1"]
    ((name, target),) = entries.items()
    module, _, function = target.partition(":")
    specification = getattr(import_module(module), function)(None)[name]
    assert specification["version"] == 2
    assert specification["languages"] == ["python"]
    assert specification["requires_documents_on_disk"] is False
    printed = subprocess.run(
        [*specification["argv"], "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert printed.stdout.startswith("keras-lsp ")


def test_python_lsp_server_goes_first() -> None:
    assert importlib.util.find_spec("pylsp") is not None  # one of the requirements of the tests
    assert jupyter.spec(None) == {}
