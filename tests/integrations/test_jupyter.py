"""The entry point for jupyter-lsp: what it names can be started."""

import subprocess
from importlib import import_module
from pathlib import Path

from keras_lsp.project.settings import read_toml

ROOT = Path(__file__).parents[2]


def test_the_specification_names_a_server_that_starts() -> None:
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
