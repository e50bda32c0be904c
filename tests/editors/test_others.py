"""Editors of the system, with the configuration that people take over: Emacs, Vim with ALE, an old Neovim.

Not part of the default run, since they are programs of the system: `pytest -m long tests/editors`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = [sys.executable, "-m", "keras_lsp", "server"]
PROGRAM = """import keras

model = keras.Sequential([
    keras.Input((784,)),
    keras.layers.Dense(32, name="head"),
])
model.get_layer("head")
wide = keras.layers.Conv2D(8, 3)(keras.Input((28, 28)))
"""

pytestmark = pytest.mark.long


@pytest.fixture
def folder(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "model.py").write_text(PROGRAM)
    return tmp_path


def environment(folder: Path, **extra: str) -> dict[str, str]:
    quiet = {
        "VIRTUAL_ENV": "",
        "CONDA_PREFIX": "",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "TERM": "xterm-256color",
    }
    return {**os.environ, **quiet, **extra}


@pytest.mark.parametrize("client", ["eglot", "lsp-mode"])
def test_emacs(folder: Path, client: str) -> None:
    emacs = shutil.which("emacs")
    assert emacs, "apt-get install emacs-nox elpa-eglot elpa-lsp-mode"
    done = subprocess.run(
        [emacs, "-Q", "--batch", "-l", str(Path(__file__).with_name("emacs_client.el")), client],
        cwd=folder,
        env=environment(
            folder,
            KERAS_LSP_EL=str(ROOT / "editors" / "emacs" / "keras-lsp.el"),
            KERAS_LSP_COMMAND="\t".join(SERVER),
            KERAS_LSP_FILE=str(folder / "model.py"),
        ),
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    problems = [line for line in done.stdout.splitlines() if line.startswith("problem ")]
    assert len(problems) == 1 and "Conv2D" in problems[0]
    hover = done.stdout.partition("hover ")[2].replace("*", "").replace("`", "")  # plain where markdown-mode is missing
    assert hover.startswith("Dense (None, 784) -> (None, 32)")
    assert re.search(r"^explained \d+ in line 8$", done.stdout, re.MULTILINE), done.stdout + done.stderr
    text = done.stdout.partition("text ")[2].replace("|", "\n")
    assert text.startswith(PROGRAM.replace('"head"', '"top"').rstrip()), done.stdout


def test_vim_with_ale(folder: Path) -> None:
    vim, tmux = shutil.which("vim"), shutil.which("tmux")
    assert vim and tmux, "apt-get install vim-nox vim-ale tmux"
    started = folder / "keras-lsp"
    started.write_text(f"#!/bin/sh\nexec {' '.join(SERVER)}\n")
    started.chmod(0o755)
    ale = next(Path("/usr/share").glob("vim*/**/ale/autoload/ale.vim"), None) or Path(
        "/usr/share/vim-ale/autoload/ale.vim"
    )
    config = (ROOT / "editors" / "vim" / "ale.vim").read_text()
    (folder / "vimrc").write_text(
        f"set nocompatible\nset runtimepath^={ale.parents[1]}\nfiletype plugin on\nlet g:ale_linters = {{'python': ['keras_lsp']}}\n"
        f"{config}\n"
    )
    socket = ["-L", f"keras-lsp-{os.getpid()}"]
    variables = environment(folder, PATH=f"{folder}:{os.environ['PATH']}")
    command = f"{vim} -u {folder}/vimrc -i NONE -n {folder}/model.py"
    subprocess.run([tmux, *socket, "new-session", "-d", "-x", "150", "-y", "40", command], env=variables, check=True)
    try:
        send = [tmux, *socket, "send-keys"]
        end = time.monotonic() + 200
        seen = ""
        while "Conv2D takes" not in seen:
            assert time.monotonic() < end, seen
            time.sleep(1)
            subprocess.run([*send, "Escape", ":8", "Enter", ":ALEDetail", "Enter"], check=True)
            time.sleep(1)
            seen = subprocess.run(
                [tmux, *socket, "capture-pane", "-p"], capture_output=True, text=True, check=True
            ).stdout
            subprocess.run([*send, "Escape", ":only", "Enter"], check=True)
        while "(None, 32)" not in seen:
            assert time.monotonic() < end, seen
            subprocess.run([*send, "Escape", ":call cursor(5, 20)", "Enter", ":ALEHover", "Enter"], check=True)
            time.sleep(1)
            seen = subprocess.run(
                [tmux, *socket, "capture-pane", "-p"], capture_output=True, text=True, check=True
            ).stdout
    finally:
        subprocess.run([tmux, *socket, "kill-session"], check=False)


VIM_LSP_SCRIPT = """\
call lsp#enable()
doautocmd <nomodeline> FileType python
func! Wait(Met)
  for i in range(600)
    if a:Met()
      return
    endif
    sleep 100m
  endfor
endfunc
call Wait({-> lsp#get_buffer_diagnostics_counts().error > 0})
let seen = ['errors ' . lsp#get_buffer_diagnostics_counts().error]
call cursor(5, 20)
LspHover
call Wait({-> len(popup_list()) > 0})
for popup in popup_list()
  call add(seen, 'hover ' . join(getbufline(winbufnr(popup), 1, '$'), ' '))
endfor
call popup_clear()
call cursor(7, 19)
LspDefinition
call Wait({-> line('.') == 5})
call add(seen, 'definition ' . line('.'))
call writefile(seen, 'seen.txt')
cquit!
"""


def test_vim_lsp(folder: Path) -> None:
    vim, script, plugin = shutil.which("vim"), shutil.which("script"), os.environ.get("VIM_LSP")
    assert vim and script, "apt-get install vim-nox bsdutils"
    assert plugin, "VIM_LSP must name a checkout of vim-lsp"
    started = folder / "keras-lsp"
    started.write_text(f"#!/bin/sh\nexec {' '.join(SERVER)}\n")
    started.chmod(0o755)
    documented = (ROOT / "editors" / "vim" / "README.md").read_text().partition("```vim\n")[2].partition("```")[0]
    (folder / "vimrc").write_text(f"set nocompatible\nset rtp^={plugin}\nfiletype plugin on\n{documented.strip()}\n")
    (folder / "run.vim").write_text(VIM_LSP_SCRIPT)
    terminal = subprocess.Popen(
        [script, "-qc", f"{vim} -n -i NONE -u vimrc model.py -S run.vim", "/dev/null"],
        cwd=folder, env=environment(folder, PATH=f"{folder}:{os.environ['PATH']}"),
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        end = time.monotonic() + 200
        while not (folder / "seen.txt").exists():
            assert time.monotonic() < end and terminal.poll() is None
            time.sleep(0.2)
        time.sleep(0.2)
    finally:
        terminal.kill()
        terminal.wait()
    seen = (folder / "seen.txt").read_text()
    assert "errors 1\n" in seen and "definition 5" in seen
    assert "**Dense** `(None, 784) -> (None, 32)`" in seen.replace("  ", " ")


def test_old_neovim(folder: Path) -> None:
    neovim = shutil.which("nvim")
    assert neovim, "apt-get install neovim"
    command = [neovim, "--headless", "-u", "NONE", "-i", "NONE", "-n"]
    script = Path(__file__).with_name("old_neovim_client.lua")
    arguments = json.dumps([str(ROOT / "editors" / "neovim"), SERVER, str(folder / "model.py")])
    variables = environment(folder, KERAS_LSP_TEST=arguments)
    done = subprocess.run(
        [*command, "-c", f"luafile {script}"], cwd=folder, env=variables, capture_output=True, text=True, timeout=150
    )
    seen = done.stdout + done.stderr
    assert "problem KER201 in line 8" in seen, seen
    assert "hover **Dense** `(None, 784) -> (None, 32)`" in seen
    assert "Total params: 25,120" in seen
    check = [
        *command,
        "--cmd",
        f"set rtp^={ROOT}/editors/neovim",
        "-c",
        "checkhealth keras_lsp",
        "-c",
        "w! health.txt",
        "-c",
        "qa!",
    ]
    subprocess.run(check, cwd=folder, env=variables, capture_output=True, timeout=60, check=True)
    health = (folder / "health.txt").read_text()
    assert "keras-lsp" in health and "attempt to" not in health
