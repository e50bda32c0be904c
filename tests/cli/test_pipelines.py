"""The pre-commit hook and the GitHub action: what their files say is run here as they would run it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .programs import CLEAN, SAFE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path_with_command(tmp_path_factory):
    """A PATH on which `keras-lsp` is this one."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "keras-lsp"
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from keras_lsp.cli import main; sys.exit(main())"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{code}" "$@"\n')
    script.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def entry() -> list[str]:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    fields = dict(re.findall(r"^[- ] ([a-z_]+): (.+)$", text, re.MULTILINE))
    assert fields["id"] == "keras-lsp-check" and fields["language"] == "python"
    assert fields["types_or"] == "[python, pyi, jupyter]" and fields["require_serial"] == "true"
    return fields["entry"].split()


def test_the_hook_checks_the_files_that_it_is_given(command):
    assert entry()[0] == "keras-lsp"
    command.write("a.py", SAFE)
    command.write("b.py", CLEAN)
    command.write("build/c.py", SAFE)
    arguments = entry()[1:]
    assert command(*arguments, "b.py").code == 0
    # pre-commit names every file that is committed; what the configuration excludes is left out nevertheless.
    result = command(*arguments, "a.py", "b.py", "build/c.py")
    assert result.code == 1 and "a.py:5:5" in result.out and "build" not in result.out


def steps() -> dict[str, str]:
    """The scripts of the action's steps by name."""
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    found = re.findall(r"^    - name: (.+)\n(?:      .*\n)*?      run: \|\n((?:        .*\n)+)", text, re.MULTILINE)
    return {name: re.sub(r"^ {8}", "", script, flags=re.MULTILINE) for name, script in found}


def test_no_input_of_the_action_is_run_by_the_shell():
    """GitHub puts `${{ }}` into a script as text; so inputs come through the environment."""
    assert list(steps()) == ["Install keras-lsp", "Check"]
    assert not any("${{" in script for script in steps().values())


@pytest.mark.skipif(shutil.which("bash") is None, reason="actions run bash")
def test_the_action_annotates(command, path_with_command):
    command.write("a.py", SAFE)

    def check(arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PATH": path_with_command, "ARGS": arguments}
        shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", steps()["Check"]]
        return subprocess.run(shell, cwd=command.folder, env=environment, capture_output=True, text=True)

    done = check(".")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::error title=keras-lsp") and "file=a.py,line=5" in done.stdout
    assert check("--ignore KER202 a.py").returncode == 0
    hostile = check("a.py; touch canary $(touch canary) `touch canary`")
    assert hostile.returncode == 2 and not (command.folder / "canary").exists()
