"""Settings are read from the closest file, and whatever a file says, there are settings and messages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_lsp.project.settings import (
    LoadedSettings,
    Settings,
    apply,
    find_config,
    json_schema,
    load_config,
    load_settings,
    options,
    restrict,
)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def messages(loaded: LoadedSettings) -> list[str]:
    return [message.message for message in loaded.messages]


def test_all_keys_of_all_three_spellings_lead_to_the_same_settings():
    values = {"bool": False, "string": "x", "integer": 7, "number": 7.5, "array": ["KER1"], "object": {}}
    for option in options():
        schema = option.schema
        kind = schema["type"][0] if isinstance(schema["type"], list) else schema["type"]
        value = schema["enum"][-1] if "enum" in schema else {**values, "boolean": not option.default}[kind]
        results = []
        for key in (option.toml, option.editor):
            nested: dict = value
            for part in reversed(key.split(".")):
                nested = {part: nested}
            results += [apply(Settings(), nested), apply(Settings(), {key: value})]
        assert all(result.messages == () for result in results)
        assert all(result.explicit == {option.toml} for result in results)
        assert len({repr(result.settings) for result in results}) == 1
        assert results[0].settings != Settings() or option.default == value or option.default == {}


def test_precedence_in_one_folder_and_the_closest_folder(tmp_path):
    pyproject = write(tmp_path / "pyproject.toml", '[tool.keras-lsp]\nselect = ["KER1"]\n')
    inner = tmp_path / "a" / "b"
    program = write(inner / "model.py", "")
    assert load_settings(program).settings.select == ("KER1",)
    write(tmp_path / "keras-lsp.toml", 'select = ["KER2"]\n')
    assert load_settings(program).settings.select == ("KER2",)
    hidden = write(tmp_path / ".keras-lsp.toml", 'select = ["KER3"]\n')
    assert find_config(program) == hidden.resolve()
    # A pyproject.toml that does not speak of us is as good as none; one that does shadows all above it.
    write(tmp_path / "a" / "pyproject.toml", "[project]\nname = 'x'\n")
    assert load_settings(program).settings.select == ("KER3",)
    write(inner / "pyproject.toml", "[tool.keras-lsp]\ncode-lens = false\n")
    assert load_settings(program).settings == replace(Settings(), code_lens=False)
    assert load_config(pyproject).settings.select == ("KER1",)


def test_extend_is_explicit_and_never_a_circle(tmp_path):
    write(
        tmp_path / "base.toml",
        'ignore = ["KER9"]\nselect = ["KER1"]\nbaseline = "known.json"\nextend = "sub/keras-lsp.toml"\n',
    )
    file = write(tmp_path / "sub" / "keras-lsp.toml", 'extend = "../base.toml"\nselect = ["KER2"]\n')
    loaded = load_config(file)
    assert (loaded.settings.select, loaded.settings.ignore) == (("KER2",), ("KER9",))
    assert Path(loaded.settings.baseline).resolve() == (tmp_path / "known.json").resolve()
    assert len(loaded.messages) == 1 and "circle" in messages(loaded)[0]
    write(tmp_path / "sub" / "keras-lsp.toml", 'extend = "gone.toml"\n')
    assert "cannot be read" in messages(load_config(file))[0]
    write(tmp_path / "sub" / "keras-lsp.toml", "extend = 3\n")
    assert messages(load_config(file)) == ["extend must be a string"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("selct = []", "unknown setting selct; did you mean select?"),
        (
            "[inlay-hints]\noutput-shape = true",
            "unknown setting inlay-hints.output-shape; did you mean inlay-hints.output-shapes?",
        ),
        ("qqqq = 1", "unknown setting qqqq"),
        ("select = 3", "select must be a list of strings, not the number 3"),
        ("select = [1]", "select must be a list of strings, not a list"),
        ("code-lens = 'yes'", "code-lens must be true or false, not 'yes'"),
        ("output-format = 'xml'", "output-format must be one of full, concise"),
        ("inlay-hints = true", "inlay-hints must be a table, not a boolean"),
        ("[severity]\nKER1 = 'fatal'", "severity must be a table whose values are one of error"),
        ("[oracle]\ntimeout = -1", "oracle.timeout must be a number, not the number -1"),
        ("[oracle]\ntimeout = inf", "oracle.timeout must be a number"),
        ("[oracle]\nmemory-limit = true", "oracle.memory-limit must be a whole number, not a boolean"),
        ("select = [", "is not TOML"),
        ("\x00", "is not TOML"),
    ],
)
def test_mistakes_become_messages_and_the_default_stays(tmp_path, text, says):
    loaded = load_config(write(tmp_path / "keras-lsp.toml", text))
    assert loaded.settings == Settings()
    assert len(loaded.messages) == 1
    assert messages(loaded)[0].startswith(says)


def test_other_files_that_cannot_be_read(tmp_path):
    (tmp_path / "keras-lsp.toml").write_bytes(b"a = '\xff'")
    assert messages(load_settings(tmp_path))[0].startswith("is not TOML")
    (tmp_path / "keras-lsp.toml").write_text("#" * 1_000_001)
    assert messages(load_settings(tmp_path)) == ["larger than 1000000 bytes"]
    (tmp_path / "keras-lsp.toml").unlink()
    write(tmp_path / "pyproject.toml", "[tool.keras-lsp\n")
    assert messages(load_settings(tmp_path))[0].startswith("is not TOML")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = sorted(
    {name for option in options() for key in (option.toml, option.editor) for name in (key, key.split(".")[0])}
)


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), JSON, max_size=4))
def test_nothing_that_an_editor_sends_raises(table):
    loaded = apply(Settings(), table)
    assert isinstance(loaded.settings, Settings)
    for option in options():
        value = loaded.settings
        for name in option.path:
            value = getattr(value, name)
        assert isinstance(value, (bool, int, float, str, tuple, dict)) or (value is None and option.default is None)


def test_what_only_a_trusted_workspace_may_set(tmp_path):
    text = 'python = "venv"\nselect = ["KER1"]\n[oracle]\npython = "./evil"\ntimeout = 3\n'
    loaded = load_config(write(tmp_path / "keras-lsp.toml", text))
    assert loaded.unsafe == {"python", "oracle.python"}
    assert Path(loaded.settings.oracle.python) == tmp_path / "evil"
    safe = restrict(loaded)
    assert (safe.settings.python, safe.settings.oracle.python) == (None, None)
    assert (safe.settings.oracle.timeout, safe.settings.select) == (3.0, ("KER1",))
    assert messages(safe) == [
        "oracle.python is ignored: the workspace is not trusted",
        "python is ignored: the workspace is not trusted",
    ]


@pytest.mark.parametrize(
    ("table", "code", "path", "default", "expected"),
    [
        ({}, "KER201", "", True, True),
        ({}, "KER901", "", False, False),
        ({"select": ["ALL"]}, "KER901", "", False, False),
        ({"extend-select": ["KER901"]}, "KER901", "", False, True),
        ({"extend-select": ["KER9"]}, "KER901", "", False, True),
        ({"ignore": ["KER2"]}, "KER201", "", True, False),
        ({"ignore": ["KER2"], "extend-select": ["KER201"]}, "KER201", "", True, True),
        ({"ignore": ["ker201"]}, "KER201", "", True, False),
        ({"select": ["KER1"]}, "KER201", "", True, False),
        ({"select": []}, "KER201", "", True, False),
        ({"per-file-ignores": {"tests/**": ["KER2"]}}, "KER201", "tests/a/b.py", True, False),
        ({"per-file-ignores": {"*.ipynb": ["KER2"]}}, "KER201", "a/b.ipynb", True, False),
        ({"per-file-ignores": {"tests/**": ["KER2"]}}, "KER201", "src/b.py", True, True),
    ],
)
def test_selection(table, code, path, default, expected):
    loaded = apply(Settings(), table)
    assert loaded.messages == ()
    assert loaded.settings.selects(code, path, default=default) is expected


def test_severity_by_the_longest_prefix():
    settings = apply(Settings(), {"severity": {"KER2": "hint", "KER201": "error", "ALL": "info"}}).settings
    assert [settings.severity_of(code, "warning") for code in ("KER201", "KER202", "KER301")] == [
        "error",
        "hint",
        "info",
    ]
    assert Settings().severity_of("KER201", "warning") == "warning"


def test_the_schema_is_json_and_names_every_setting():
    for style in ("toml", "editor"):
        schema = json.loads(json.dumps(json_schema(style)))
        for option in options():
            node = schema
            for part in getattr(option, style).split("."):
                node = node["properties"][part]
            assert node["description"] == option.doc
    flags = [option.flag for option in options() if option.flag]
    assert "--per-file-ignores" in flags and "--oracle-timeout" in flags
    assert len(flags) == len(set(flags))
