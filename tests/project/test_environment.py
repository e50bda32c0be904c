"""Environments are found and read; nothing in them is run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from keras_lsp.catalogue.version import parse_version
from keras_lsp.project.environment import find_environment, installed_versions, keras_version
from keras_lsp.project.pins import Versions, newest, pins_of_commands, read_pins
from keras_lsp.project.trust import interpreter_to_start, is_local_path


def make_environment(root: Path, *distributions: str, python: str = "3.11", settings: str = "") -> Path:
    """An environment whose interpreter leaves a mark when somebody starts it."""
    packages = root / "lib" / f"python{python}" / "site-packages"
    for name in distributions:
        (packages / f"{name}.dist-info").mkdir(parents=True)
    packages.mkdir(parents=True, exist_ok=True)
    (root / "pyvenv.cfg").write_text(f"home = {root / 'nowhere'}\nversion = {python}.7\n{settings}")
    (root / "bin").mkdir()
    interpreter = root / "bin" / "python"
    interpreter.write_text(f"#!/bin/sh\ntouch '{root / 'STARTED'}'\n")
    interpreter.chmod(0o755)
    return root


def test_order_of_environments(tmp_path):
    workspace = tmp_path / "w"
    own = make_environment(workspace / ".venv", "keras-3.1.0")
    active = make_environment(tmp_path / "active", "tensorflow_cpu-2.15.1", "keras-2.15.0")
    conda = make_environment(tmp_path / "conda", "tensorflow-2.3.0")
    chosen = make_environment(tmp_path / "chosen", "keras-3.4.1", "tensorflow-2.17.0", python="3.12")
    variables = {"VIRTUAL_ENV": str(active), "CONDA_PREFIX": str(conda)}

    environment = find_environment(workspace, str(chosen / "bin" / "python"), None, variables)
    assert (environment.root, environment.origin, environment.keras_version_text) == (chosen, "setting", "3.4.1")
    assert (environment.python, environment.python_version) == (chosen / "bin" / "python", "3.12")
    assert environment.site_packages == (chosen / "lib" / "python3.12" / "site-packages",)

    environment = find_environment(workspace, None, str(chosen), variables)
    assert (environment.root, environment.origin) == (chosen, "client")
    environment = find_environment(workspace, "gone", None, variables)
    assert (environment.root, environment.origin, environment.keras_version_text) == (active, "VIRTUAL_ENV", "2.15")
    environment = find_environment(workspace, None, None, {"CONDA_PREFIX": str(conda)})
    assert (environment.origin, environment.keras_version_text) == ("CONDA_PREFIX", "tf2.3.0")
    environment = find_environment(workspace, None, None, {"CONDA_PREFIX": str(conda), "CONDA_DEFAULT_ENV": "base"})
    assert (environment.root, environment.origin, environment.keras_version_text) == (own, "workspace", "3.1.0")
    environment = find_environment(tmp_path / "none", None, None, {})
    assert (environment.root, environment.keras_version_text, environment.origin) == (None, None, "none")
    assert not list(tmp_path.rglob("STARTED"))


def test_system_site_packages_show_where_the_environment_lets_them(tmp_path):
    base = tmp_path / "usr"
    packages = base / "lib" / "python3.11" / "site-packages"
    (packages / "keras-3.2.0.dist-info").mkdir(parents=True)
    (base / "bin").mkdir()
    root = make_environment(tmp_path / "v", settings=f"include-system-site-packages = true\nhome = {base / 'bin'}\n")
    assert find_environment(None, str(root), None, {}).keras_version_text == "3.2.0"
    root = make_environment(tmp_path / "w", settings=f"include-system-site-packages = false\nhome = {base / 'bin'}\n")
    assert find_environment(None, str(root), None, {}).keras_version_text is None


@pytest.mark.parametrize(
    ("keras", "tensorflow", "tf_keras", "legacy", "expected"),
    [
        ("3.15.1", "2.21.0", "2.21.0", None, "3.15.1"),
        ("3.15.1", "2.21.0", "2.21.0", "the environment", "tf_keras 2.21.0"),
        (None, "2.16.1", None, None, "3"),
        (None, "2.15.1", None, None, "2.15"),
        ("2.15.0", "2.15.1", "2.15.0", "the environment", "2.15"),
        (None, "2.3.0", None, None, "tf2.3.0"),
        (None, "2.2", None, None, "tf2.2"),
        (None, "1.15.5", None, None, "tf1.15.5"),
        ("2.3.1", "1.15.5", None, None, "2.3.1"),
        ("2.3.1", "2.2.0", None, None, "2.3.1"),
        ("2.4.3", "2.4.1", None, None, "2.4"),
        ("3.0.0", None, None, None, "3.0.0"),
        (None, None, "2.16.0", None, "tf_keras 2.16.0"),
        (None, None, None, None, None),
    ],
)
def test_versions_mean_what_the_catalogue_understands(keras, tensorflow, tf_keras, legacy, expected):
    text = keras_version(Versions(keras, tensorflow, tf_keras), legacy)
    assert text == expected
    if text is not None:
        version = parse_version(text)
        three = (legacy is None and (tensorflow or "0").startswith(("2.16", "2.21"))) or (keras or "").startswith("3")
        assert (version.generation == 3) == bool(three and not text.startswith("tf_keras"))


def test_the_environment_that_runs_this_test():
    environment = find_environment(None, sys.prefix, None, {})
    import importlib.metadata

    assert environment.versions.keras == importlib.metadata.version("keras")
    assert environment.versions.tf_keras == importlib.metadata.version("tf_keras")
    assert environment.python_version == f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_names_of_metadata_folders(tmp_path):
    for name in (
        "Keras-2.3.1.dist-info",
        "tensorflow_gpu-1.15.5-py3.7.egg-info",
        "keras_tuner-1.4.dist-info",
        "tensorflow_estimator-2.15.0.dist-info",
    ):
        (tmp_path / name).mkdir()
    assert installed_versions([tmp_path, tmp_path / "gone"]) == Versions("2.3.1", "1.15.5", None)


def test_legacy_keras_in_a_dotenv_file(tmp_path):
    workspace = tmp_path / "w"
    make_environment(workspace / ".venv", "keras-3.5.0", "tensorflow-2.17.0", "tf_keras-2.17.0")
    assert find_environment(workspace, None, None, {}).keras_version_text == "3.5.0"
    (workspace / ".env").write_text("A=1\nexport TF_USE_LEGACY_KERAS='True'\n")
    environment = find_environment(workspace, None, None, {})
    assert environment.keras_version_text == "tf_keras 2.17.0"
    assert ".env" in environment.source


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("requirements.txt", "numpy\ntensorflow==2.3.0  # old\n", Versions(None, "2.3.0")),
        ("requirements-dev.txt", "Keras ~= 2.3.1\n", Versions("2.3")),
        ("requirements.txt", "tensorflow-cpu[and-cuda]>=2.4,<2.11; python_version<'3.11'\n", Versions(None, "2.10")),
        ("requirements.txt", "tensorflow==2.8.* \\\n --hash=sha256:aa\n", Versions(None, "2.8")),
        ("requirements.txt", "tensorflow>=2.4\nkeras\n", Versions()),
        ("requirements.txt", "tensorflow>=2.4,<=2.9.1", Versions(None, "2.9.1")),
        (
            "requirements.txt",
            "keras-tuner==1.0\ntf-keras==2.16.0\n-r other.txt\n--index-url x\n",
            Versions(None, None, "2.16.0"),
        ),
        ("requirements.txt", "keras==not.a.version\ntensorflow @ file:///x\n", Versions()),
        (
            "pyproject.toml",
            '[project]\ndependencies = ["tensorflow (==2.15.0)", "keras<3"]\n',
            Versions("2.15", "2.15.0"),
        ),
        ("pyproject.toml", '[project.optional-dependencies]\ntf = ["tensorflow<2.16"]\n', Versions(None, "2.15")),
        ("pyproject.toml", '[dependency-groups]\ndev = ["keras==3.1.0", {include-group = "x"}]\n', Versions("3.1.0")),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\ntensorflow = "~2.4"\nkeras = {version = "2.4.3", extras = []}\n',
            Versions("2.4.3", "2.4"),
        ),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntensorflow = "^1.14"\n', Versions(None, "1.15")),
        ("pyproject.toml", "[project\n", Versions()),
        ("uv.lock", 'version = 1\n[[package]]\nname = "keras"\nversion = "3.3.0"\nsource = {}\n', Versions("3.3.0")),
        ("poetry.lock", '[[package]]\nname = "tensorflow"\nversion = "2.9.1"\n', Versions(None, "2.9.1")),
        ("Pipfile.lock", '{"default": {"tensorflow": {"version": "==2.7.0"}}}', Versions(None, "2.7.0")),
        ("Pipfile.lock", "[[[", Versions()),
        ("Pipfile", '[packages]\nkeras = "==2.2.4"\ntensorflow = "*"\n', Versions("2.2.4")),
        ("setup.cfg", "[options]\ninstall_requires =\n    keras==2.2.4\n    numpy\n", Versions("2.2.4")),
        ("setup.py", "setup(install_requires=['keras==2.1.6', \"tensorflow>=1.4,<2\"])", Versions("2.1.6", "1.15")),
        (
            "environment.yml",
            "dependencies:\n  - python=3.7\n  - conda-forge::tensorflow-gpu=2.1\n  - pip:\n    - keras==2.3.1\n",
            Versions("2.3.1", "2.1"),
        ),
        (
            "environment.yml",
            "dependencies:\n  - tensorflow=2.1.0=py37_0\n  - keras >=2.2,<2.3\n",
            Versions("2.2", "2.1.0"),
        ),
    ],
)
def test_pins(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text)
    pins = read_pins(tmp_path)
    assert pins.versions == expected
    assert pins.source == (f"required in {name}" if expected else "")
    environment = find_environment(tmp_path, None, None, {})
    assert environment.keras_version_text == keras_version(expected)


def test_lock_files_come_first_and_utf16_is_read(tmp_path):
    (tmp_path / "requirements.txt").write_bytes("tensorflow==2.3.0\r\n".encode("utf-16"))
    assert read_pins(tmp_path).versions.tensorflow == "2.3.0"
    filler = "# padding\n" * 200_000
    (tmp_path / "uv.lock").write_text(filler + '[[package]]\nname = "tensorflow"\nversion = "2.4.0"\n')
    assert read_pins(tmp_path).versions.tensorflow == "2.4.0"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("!pip install -q tensorflow==2.3.0", Versions(None, "2.3.0")),
        ("%pip install 'keras<3' numpy", Versions("2.15")),
        ("! python3 -m pip install keras==2.2.4\n", Versions("2.2.4")),
        ("%tensorflow_version 1.x", Versions(None, "1.15")),
        ("!uv pip install tf-keras==2.16.0", Versions(None, None, "2.16.0")),
        ("!pip install tensorflow", Versions()),
        ("print('!pip install keras==2.0')", Versions()),
    ],
)
def test_what_a_notebook_installs(source, expected):
    assert pins_of_commands(source) == expected


def test_specifiers_that_cannot_be_read():
    for text in ("", "==", "==1!x", "<", "=>2", "==" + "9" * 500, ">=2,<1", "===x"):
        assert newest("tensorflow", text) is None


def test_trust(tmp_path):
    workspace = tmp_path / "w"
    inside = make_environment(workspace / ".venv", "keras-3.1.0")
    outside = make_environment(tmp_path / "outside", "keras-3.1.0")
    found = find_environment(workspace, None, None, {})
    assert interpreter_to_start(found, trusted=False).python is None
    assert "not trusted" in interpreter_to_start(found, trusted=False).reason
    assert interpreter_to_start(found, trusted=True).python == inside / "bin" / "python"

    selected = find_environment(workspace, None, str(inside), {})
    assert interpreter_to_start(selected, trusted=False).python is None
    active = find_environment(workspace, None, None, {"VIRTUAL_ENV": str(outside)})
    assert interpreter_to_start(active, trusted=False).python == outside / "bin" / "python"
    setting = find_environment(workspace, str(outside), None, {})
    assert interpreter_to_start(setting, trusted=False).python == outside / "bin" / "python"
    assert interpreter_to_start(setting, trusted=False, setting_from_workspace=True).python is None
    assert interpreter_to_start(find_environment(None, None, None, {}), trusted=True).python is None

    explicit = str(outside / "bin" / "python")
    assert interpreter_to_start(found, trusted=False, explicit=explicit).python == Path(explicit)
    for wrong in ("python", "//server/share/python", str(tmp_path), str(tmp_path / "gone"), "/bin/py\0thon"):
        assert interpreter_to_start(found, trusted=True, explicit=wrong).python is None
    os.chmod(explicit, 0o644)
    assert "executable" in interpreter_to_start(found, trusted=True, explicit=explicit).reason or os.geteuid() == 0
    assert not list(tmp_path.rglob("STARTED"))


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("a/b.toml", True),
        ("\\\\server\\x", False),
        ("//server/x", False),
        ("CON", False),
        ("a\\nul.txt", False),
        ("a\0", False),
        ("console", True),
    ],
)
def test_paths_that_are_never_opened(text, local):
    assert is_local_path(text) is local
