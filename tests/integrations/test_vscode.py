"""The manifest of the Visual Studio Code extension holds what the server has."""

import json
import subprocess
import sys
from pathlib import Path

from keras_lsp import __version__

EXTENSION = Path(__file__).parents[2] / "editors" / "vscode"


def test_the_settings_are_fresh() -> None:
    script = EXTENSION / "scripts" / "settings.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_extension_bundles_what_the_package_needs() -> None:
    from packaging.requirements import Requirement

    from keras_lsp.project.settings import read_toml

    lines = (EXTENSION / "bundled" / "requirements.txt").read_text().splitlines()
    pinned = dict(line.split(" ")[0].split("==") for line in lines if not line.startswith("#"))
    project = read_toml(EXTENSION.parents[1] / "pyproject.toml")[0]["project"]
    for requirement in map(Requirement, project["dependencies"]):
        assert requirement.specifier.contains(pinned[requirement.name])


def test_the_versions_agree() -> None:
    assert json.loads((EXTENSION / "package.json").read_text())["version"] == __version__


def test_the_lock_names_no_place_to_download_from() -> None:
    assert "resolved" not in (EXTENSION / "package-lock.json").read_text()
