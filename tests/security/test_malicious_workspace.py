"""Nothing in a workspace runs, and nothing outside of it is written: every front end, with and without trust."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.server.wire import Peer, at

from .workspace import FIXABLE, PROGRAM, ROOT, Trap, make_trap, touching, write

SCRIPT = (
    "import sys; sys.argv[0] = 'keras-lsp'; sys.path.append({root!r}); from keras_lsp.cli import main; sys.exit(main())"
)
COMMAND = [sys.executable, "-I", "-c", SCRIPT.format(root=str(ROOT))]
"""What the installed `keras-lsp` does: isolated from the working folder, as scripts that pip makes are."""


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return make_trap(tmp_path)


def run(trap: Trap, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=trap.folder,
        env=trap.environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=200,
    )


def test_the_trap_works(trap: Trap) -> None:
    """What is not run here would leave a trace if it were."""
    subprocess.run([sys.executable, "helpers.py"], cwd=trap.folder, env=trap.environment, capture_output=True)
    assert "helpers.py" in trap.left
    subprocess.run(
        [sys.executable, "-c", "import json, keras"], cwd=trap.folder, env=trap.environment, capture_output=True
    )
    assert {"json.py", "keras"} <= trap.left
    subprocess.run([str(trap.folder / ".venv" / "bin" / "python")], check=True)
    assert "interpreter" in trap.left


COMMANDS = [
    ["check"],
    ["check", "--jobs", "2", "--output-format", "sarif"],
    ["check", "--statistics", "--no-respect-gitignore"],
    ["check", "--verify", "--no-cache"],
    ["check", "--diff", "--unsafe-fixes"],
    ["check", "-", "--stdin-filename", "model.py"],
    ["shapes", "--all", "model.py", "book.ipynb", "helpers.py"],
    ["summary", "model.py"],
    ["graph", "model.py"],
    ["config", "--show", "."],
    ["doctor", "--start-keras"],
    ["explain", "KER201"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_command_runs_or_writes_anything(trap: Trap, arguments: list[str]) -> None:
    before = trap.contents()
    done = run(trap, *arguments, stdin=PROGRAM)
    assert done.returncode in (0, 1, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert trap.left == set()
    assert trap.contents() == before
    assert trap.written_at_home() <= {".keras/keras.json"}


def test_fixes_and_baselines_stay_inside(trap: Trap) -> None:
    """What a person asks to be written is, in the workspace; a link or a setting in it leads nowhere else."""
    write(trap.folder / "fixable.py", "import keras\n" + FIXABLE)
    outside = (trap.outside / "secret.py").read_bytes()
    done = run(trap, "check", "--fix", "--unsafe-fixes")
    assert "linked.py: is a link that leads elsewhere" in done.stderr
    assert "return_sequences=True" in (trap.folder / "fixable.py").read_text()
    done = run(trap, "check", "--add-ignore")
    assert "linked.py: is a link that leads elsewhere" in done.stderr
    done = run(trap, "check", "--update-baseline")
    assert done.returncode == 2 and "outside of its folder" in done.stderr
    assert run(trap, "check", "--baseline", "baseline.json", "--update-baseline").returncode in (0, 2)
    assert (trap.folder / "baseline.json").is_file()
    assert [path.name for path in trap.outside.iterdir()] == ["secret.py"]
    assert (trap.outside / "secret.py").read_bytes() == outside
    assert trap.left == set()


def test_an_audited_check_imports_and_executes_nothing_of_the_workspace(trap: Trap) -> None:
    """Python itself reports every import, execution, process and connection."""
    hook = f"""
import sys
folder = {str(trap.folder)!r}
def audit(event, arguments):
    if event == "exec" and getattr(arguments[0], "co_filename", "").startswith(folder):
        print("EXECUTED", arguments, file=sys.stderr)
    if event == "import" and str(arguments[1] or "").startswith(folder):
        print("IMPORTED", arguments, file=sys.stderr)
    if event.startswith(("subprocess.", "os.system", "os.exec", "os.posix_spawn", "socket.connect", "ctypes.dlopen")):
        print("STARTED", event, arguments, file=sys.stderr)
    if event == "open" and isinstance(arguments[0], str) and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        print("WROTE", arguments, file=sys.stderr)
sys.addaudithook(audit)
"""
    code = hook + SCRIPT.format(root=str(ROOT))
    for arguments in (["check"], ["shapes", "--all", "model.py"], ["doctor"], ["config", "--show", "."]):
        done = subprocess.run(
            [sys.executable, "-I", "-c", code, *arguments],
            cwd=trap.folder,
            env=trap.environment,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode in (0, 1, 2), done.stderr
        assert not re.search("EXECUTED|IMPORTED|STARTED|WROTE", done.stderr), done.stderr


@pytest.mark.parametrize("trusted", [None, False, True])
def test_the_server(trap: Trap, trusted: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question at every name; with trust the interpreter of the workspace may be started, and nothing else."""
    monkeypatch.chdir(trap.folder)
    before = trap.contents()
    peer = Peer([*COMMAND, "server"], **trap.environment, PYTHONPATH="", VIRTUAL_ENV="", CONDA_PREFIX="")
    try:
        options = {} if trusted is None else {"trusted": trusted}
        folders = [{"uri": trap.folder.as_uri(), "name": "w"}]
        peer.initialize({"textDocument": {"diagnostic": {}}}, workspaceFolders=folders, initializationOptions=options)
        texts = {path: path.read_text() for path in (trap.folder / "model.py", trap.folder / "helpers.py")}
        for path, text in texts.items():
            peer.open(path.as_uri(), text)
        for path, text in texts.items():
            uri = path.as_uri()
            peer.result("textDocument/diagnostic", {"textDocument": {"uri": uri}}, 60)
            for number, line in enumerate(text.splitlines()):
                for match in re.finditer(r"[A-Za-z_]\w*", line):
                    place = at(uri, number, match.start() + 1)
                    methods = ("hover", "definition", "completion", "signatureHelp")
                    for method in methods:
                        assert "error" not in peer.request(f"textDocument/{method}", place, 120)
            for command in ("showModelSummary", "showModelGraph", "status", "printDebugInformation"):
                peer.request(
                    "workspace/executeCommand", {"command": f"keras-lsp.{command}", "arguments": [{"uri": uri}]}
                )
        if trusted:
            end = time.monotonic() + 30
            while "interpreter" not in trap.left and time.monotonic() < end:
                time.sleep(0.05)
        assert peer.leave() == 0
    finally:
        peer.close()
    assert trap.left == ({"interpreter"} if trusted else set()), "".join(peer.errors)
    assert trap.contents() == before
    assert trap.written_at_home() == set()


PYLSP = """
import sys
from pylsp import uris
from pylsp.config.config import Config
from pylsp.workspace import Workspace
sys.path.append({root!r})
from keras_lsp.integrations import pylsp as plugin
folder = {folder!r}
root = uris.from_fs_path(folder)
config = Config(root, {{}}, 0, {{}})
workspace = Workspace(root, None, config)
uri = uris.from_fs_path(folder + "/model.py")
text = open(folder + "/model.py").read()
workspace.put_document(uri, text, 0)
document = workspace.get_document(uri)
common = dict(config=config, workspace=workspace, document=document)
print(len(plugin.pylsp_lint(**common)) if plugin.pylsp_lint.__code__.co_argcount == 3 else len(plugin.pylsp_lint(**common, is_saved=True)))
for line, row in enumerate(text.splitlines()):
    for column in range(0, len(row), 3):
        position = dict(line=line, character=column)
        for hook in (plugin.pylsp_hover, plugin.pylsp_completions, plugin.pylsp_signature_help, plugin.pylsp_definitions):
            hook(**common, position=position)
"""


def test_the_plugin_of_python_lsp_server(trap: Trap) -> None:
    before = trap.contents()
    code = PYLSP.format(root=str(ROOT), folder=str(trap.folder))
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd=trap.folder,
        env=trap.environment,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
    assert trap.left == set() and trap.contents() == before
    assert not any("keras" in name for name in trap.written_at_home())


def test_the_installed_command_does_not_look_into_the_working_folder() -> None:
    """A script that pip makes has its own folder in front of Python's search path, and not the working folder."""
    script = Path(sys.executable).with_name("keras-lsp")
    if not script.exists():
        found = shutil.which("keras-lsp")
        assert found, "keras-lsp is not installed in this environment"
        script = Path(found)
    assert "keras_lsp" in script.read_text(errors="replace")


def test_the_interpreter_that_a_person_names_is_started(trap: Trap) -> None:
    """The counterpart: --python starts it, so what the other tests see is not for want of a question."""
    done = run(trap, "check", "--verify", "--no-cache", "--python", str(trap.folder / ".venv"), "model.py")
    assert done.returncode in (0, 1), done.stderr
    assert trap.left == {"interpreter"}


def test_a_trace_is_one_line(trap: Trap) -> None:
    assert "\n" not in touching(trap, "x") and json.dumps(touching(trap, "x"))
