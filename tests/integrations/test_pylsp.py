"""The plugin inside the real python-lsp-server: its hooks over its own documents, and the whole server over the wire."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pylsp import uris
from pylsp.config.config import Config
from pylsp.workspace import Workspace

from keras_lsp.integrations import pylsp as plugin
from keras_lsp.project.settings import read_toml

ROOT = Path(__file__).parents[2]

PROGRAM = """\
from tensorflow import keras
from tensorflow.keras import layers

model = keras.Sequential([
    layers.Input((28, 28, 1)),
    layers.Conv2D(8, 3),  # 𝛼 before: ünï
    layers.Flatten(),
    layers.Dense(10),
])
"""

BROKEN = """\
import keras
from keras import layers

x = keras.Input((28, 28))
y = layers.Conv2D(8, 3)(x)
"""


class Host:
    """python-lsp-server's own configuration and workspace, with our plugin beside its others."""

    def __init__(self, folder: Path, capabilities: dict | None = None) -> None:
        self.root = uris.from_fs_path(str(folder))
        self.config = Config(self.root, {}, 0, capabilities or {})
        manager = self.config.plugin_manager
        if not manager.has_plugin(plugin.NAME):
            manager.register(plugin, plugin.NAME)
        self.workspace = Workspace(self.root, None, self.config)

    def open(self, name: str, text: str, version: int = 0) -> str:
        uri = uris.from_fs_path(str(Path(uris.to_fs_path(self.root)) / name))
        self.workspace.put_document(uri, text, version)
        return uri

    def call(self, hook: str, uri: str, **arguments: object) -> object:
        document = self.workspace.get_document(uri)
        caller = self.config.plugin_manager.subset_hook_caller(hook, self.config.disabled_plugins)
        return caller(config=self.config, workspace=self.workspace, document=document, **arguments)

    def lint(self, uri: str) -> list[dict]:
        found = [item for items in self.call("pylsp_lint", uri, is_saved=True) for item in items]
        return [item for item in found if item["source"] == "keras-lsp"]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    plugin._knowledge.forget()
    return Host(tmp_path)


def at(text: str, needle: str, delta: int = 0) -> dict[str, int]:
    offset = text.index(needle) + delta
    line = text.count("\n", 0, offset)
    before = text[text.rfind("\n", 0, offset) + 1 : offset]
    return {"line": line, "character": len(before.encode("utf-16-le")) // 2}


def test_our_hover_comes_before_jedis(host: Host) -> None:
    uri = host.open("m.py", PROGRAM)
    hover = host.call("pylsp_hover", uri, position=at(PROGRAM, "Conv2D", 2))
    assert "`(None, 28, 28, 1) -> (None, 26, 26, 8)`" in hover["contents"]["value"]
    assert hover["contents"]["kind"] == "markdown"
    assert hover["range"]["start"]["line"] == 5


def test_other_names_are_left_to_jedi(host: Host) -> None:
    text = "import os.path\n" + PROGRAM + "\nprint(os.path.join('a', 'b'))\n"
    uri = host.open("m.py", text)
    hover = host.call("pylsp_hover", uri, position=at(text, "join", 1))
    assert "join(path: LiteralString" in json.dumps(hover)


def test_hover_is_plain_text_for_clients_without_markdown(tmp_path: Path) -> None:
    host = Host(tmp_path, {"textDocument": {"hover": {"contentFormat": ["plaintext"]}}})
    uri = host.open("m.py", PROGRAM)
    contents = host.call("pylsp_hover", uri, position=at(PROGRAM, "Flatten"))["contents"]
    assert contents["kind"] == "plaintext"
    assert contents["value"].startswith("Flatten (None, 26, 26, 8) -> (None, 5408)")


def test_signature_shows_hidden_keywords(host: Host) -> None:
    text = PROGRAM.replace("layers.Dense(10)", "layers.Dense(10, )")
    uri = host.open("m.py", text)
    found = host.call("pylsp_signature_help", uri, position=at(text, "10, )", 4))
    signature = found["signatures"][0]
    labels = [parameter["label"] for parameter in signature["parameters"]]
    assert labels[0] == "units" and "input_shape=..." in labels
    assert all(label in signature["label"] for label in labels)
    assert found["activeParameter"] == 1


def test_completions_stand_first_and_only_once(host: Host) -> None:
    text = "from keras import layers\nlayers.Den"
    uri = host.open("m.py", text)
    lists = host.call("pylsp_completions", uri, position=at(text, "Den", 3), ignored_names=None)
    items = sorted((item for items in lists for item in items), key=lambda item: item.get("sortText", item["label"]))
    names = [item["label"].partition("(")[0] for item in items]
    assert names.count("Dense") == 1
    dense = items[names.index("Dense")]
    assert dense["textEdit"]["newText"] == "Dense"
    assert dense["sortText"] < "a"  # Jedi's begin with "a" or "z"


def test_completions_of_others_stay(host: Host) -> None:
    text = "import os\nos.getc"
    uri = host.open("m.py", text)
    lists = host.call("pylsp_completions", uri, position=at(text, "getc", 4), ignored_names=None)
    assert any(item["label"].startswith("getcwd") for items in lists for item in items)


def test_findings(host: Host) -> None:
    uri = host.open("m.py", BROKEN)
    (finding,) = host.lint(uri)
    assert finding["code"].startswith("KER2")
    assert finding["severity"] == 1
    assert "(None, 28, 28)" in finding["message"]
    assert finding["range"]["start"]["line"] == 4


def test_columns_count_as_in_the_protocol(host: Host) -> None:
    text = BROKEN.replace("y = ", "s = '𝛼𝛽'; y = ")
    uri = host.open("m.py", text)
    (finding,) = host.lint(uri)
    line = text.splitlines()[4]
    found = line.encode("utf-16-le")[2 * finding["range"]["start"]["character"] :].decode("utf-16-le")
    assert found.startswith("layers.Conv2D")


def test_a_changed_text_of_the_same_version_is_analysed_anew(host: Host) -> None:
    uri = host.open("nb.ipynb", BROKEN, version=0)  # JupyterLab opens version 0 and changes it to version 0
    assert host.lint(uri)
    host.workspace.update_document(uri, {"text": BROKEN.replace("(28, 28)", "(28, 28, 1)")}, version=0)
    assert host.lint(uri) == []


def test_a_changed_module_is_seen_by_who_imports_it(host: Host) -> None:
    sizes = host.open("sizes.py", "SHAPE = (28, 28)\n")
    uri = host.open(
        "m.py", BROKEN.replace("(28, 28)", "SHAPE").replace("import keras", "import keras\nfrom sizes import SHAPE")
    )
    assert host.lint(uri)
    host.workspace.update_document(sizes, {"text": "SHAPE = (28, 28, 1)\n"}, version=1)
    assert host.lint(uri) == []


def test_a_notebook_of_jupyterlab_is_one_document(host: Host) -> None:
    cells = ["%matplotlib inline\nimport keras", "!pip install keras", BROKEN]
    text = "\n\n\n\n\n\n".join(cells)
    uri = host.open("nb.ipynb", text)
    (finding,) = host.lint(uri)
    assert finding["range"]["start"]["line"] == text[: text.index("y = ")].count("\n")


def test_a_cell_knows_the_cells_before_it(host: Host) -> None:
    first, second = "import keras\nx = keras.Input((28, 28))\n", "y = keras.layers.Dense(8)(x)"
    notebook, a, b = host.open("nb.ipynb", ""), host.root + "/#a", host.root + "/#b"
    host.workspace.put_notebook_document(
        notebook, "jupyter-notebook", [{"kind": 2, "document": a}, {"kind": 2, "document": b}]
    )
    host.workspace.put_cell_document(a, notebook, "python", first)
    host.workspace.put_cell_document(b, notebook, "python", second)
    hover = host.call("pylsp_hover", b, position=at(second, "Dense", 2))
    assert "(None, 28, 8)" in hover["contents"]["value"]
    assert hover["range"]["start"]["line"] == 0


def test_settings_reach_the_rules(host: Host) -> None:
    uri = host.open("m.py", BROKEN)
    code = host.lint(uri)[0]["code"]
    host.config.update({"plugins": {"keras_lsp": {"ignore": [code]}}})
    host.call("pylsp_workspace_configuration_changed", uri)
    assert host.lint(uri) == []
    host.config.update({"plugins": {"keras_lsp": {"enabled": False}}})
    hover = host.call("pylsp_hover", uri, position=at(BROKEN, "Input", 2))
    assert "(None, 28, 28)" not in json.dumps(hover)


def test_the_projects_configuration_counts(tmp_path: Path, host: Host) -> None:
    uri = host.open("m.py", BROKEN)
    code = host.lint(uri)[0]["code"]
    (tmp_path / "keras-lsp.toml").write_text(f'[per-file-ignores]\n"m.py" = ["{code}"]\n')
    assert host.lint(uri) == []


def test_fixes_remove_what_they_are_for(host: Host) -> None:
    text = "import keras\n\nlayer = keras.layers.Dense(8, activation='rleu')\n"
    uri = host.open("m.py", text)
    (finding,) = host.lint(uri)
    actions = host.call("pylsp_code_actions", uri, range=finding["range"], context={"diagnostics": []})
    fix = next(action for items in actions for action in items if action["diagnostics"] == [finding])
    for edit in fix["edit"]["changes"][uri]:
        host.workspace.update_document(uri, {"text": edit["newText"], "range": edit["range"]}, version=1)
    assert "activation='relu'" in host.workspace.get_document(uri).source
    assert host.lint(uri) == []


def test_a_hidden_keyword_leads_to_the_line_that_takes_it(tmp_path: Path) -> None:
    host = Host(tmp_path)
    text = "import keras\nkeras.layers.Dense(8, input_dim=4)\n"
    uri = host.open("m.py", text)
    host.config.update({"plugins": {"keras_lsp": {"python": sys.prefix}}})
    places = [
        p for items in host.call("pylsp_definitions", uri, position=at(text, "input_dim", 2)) for p in items or ()
    ]
    ours = next(place for place in places if "keras" in place["uri"])
    line = Path(uris.to_fs_path(ours["uri"])).read_text().splitlines()[ours["range"]["start"]["line"]]
    assert "input_dim" in line


def test_nothing_breaks_on_text_that_is_no_python(host: Host) -> None:
    for text in ("", "\x00\x0c", "def (:\n  keras.layers.Dense(", "{" * 500):
        uri = host.open("m.py", text)
        assert host.lint(uri) == []
        host.call("pylsp_hover", uri, position={"line": 5, "character": 500})


def declared() -> dict[str, dict[str, str]]:
    return read_toml(ROOT / "pyproject.toml")[0]["project"]["entry-points"]


def test_the_server_finds_the_plugin_by_its_entry_point(tmp_path: Path) -> None:
    metadata = tmp_path / "site" / "keras_lsp_probe-0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: keras-lsp-probe\nVersion: 0\n")
    lines = ["[pylsp]", *(f"{name} = {target}" for name, target in declared()["pylsp"].items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path / "site")])}
    process = subprocess.Popen(
        [sys.executable, "-m", "pylsp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )

    def send(method: str, params: dict, number: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({"id": number} if number else {})
        body = json.dumps(message).encode()
        process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        process.stdin.flush()

    def receive(wanted: object) -> dict:
        while True:
            length = 0
            while (line := process.stdout.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            message = json.loads(process.stdout.read(length))
            if message.get("id") == wanted or message.get("method") == wanted:
                return message

    uri = (tmp_path / "nb.ipynb").as_uri()
    with process:
        send("initialize", {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {}}, 1)
        receive(1)
        send("initialized", {})
        document = {"uri": uri, "languageId": "python", "version": 0, "text": BROKEN}
        send("textDocument/didOpen", {"textDocument": document})
        published = receive("textDocument/publishDiagnostics")["params"]["diagnostics"]
        assert [item["code"] for item in published if item["source"] == "keras-lsp"]
        where = {"textDocument": {"uri": uri}, "position": at(BROKEN, "Input", 2)}
        send("textDocument/hover", where, 2)
        assert "(None, 28, 28)" in receive(2)["result"]["contents"]["value"]
        send("shutdown", {}, 3)
        receive(3)
        send("exit", {})
        assert process.wait(20) == 0


def test_importing_the_plugin_loads_nothing_heavy() -> None:
    code = (
        "import sys; import keras_lsp.integrations.pylsp, keras_lsp.integrations.jupyter;"
        "print([n for n in sys.modules if n.startswith('keras_lsp.') and 'integrations' not in n or n in ('jedi','pygls')])"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"
