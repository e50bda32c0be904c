"""`keras-lsp check` as people and other programs call it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keras_lsp.cli.checker import Checker
from keras_lsp.project.settings import options

from .programs import CLEAN, SAFE, UNFIXABLE, UNSAFE, notebook


def codes(result) -> list[str]:
    return [row["code"] for row in json.loads(result.out)]


def check_json(command, *arguments, **more):
    return codes(command("check", "--output-format", "json", *arguments, **more))


# --- Exit codes -----------------------------------------------------------------------------------------------------------


def test_clean_programs_exit_with_0(command):
    command.write("a.py", CLEAN)
    result = command("check")
    assert (result.code, result.out, result.err) == (0, "No findings.\n", "")


def test_findings_exit_with_1(command):
    command.write("a.py", SAFE)
    result = command("check", "a.py")
    assert result.code == 1
    assert result.out.startswith("a.py:5:5: error[KER202] rnn-needs-return-sequences\n")
    assert result.out.endswith("Found 1 error.\n[*] 1 fixable with `--fix`.\n")
    assert command("check", "a.py", "--exit-zero").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-flag"],
        ["--output-format", "yaml"],
        ["--select", "KER2,XYZ"],
        ["--keras-version", "seven"],
        ["--severity", "KER2=loud"],
        ["--per-file-ignores", "nothing"],
        ["--config", "gone.toml"],
        ["--config", "select=oops"],
        ["--config", "no-such-key=1"],
        ["--update-baseline"],
        ["-", "a.py"],
        ["--watch", "-"],
        ["--add-ignore", "--fix"],
        ["--output-file", "gone/findings.txt"],
        ["gone.py"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2_and_one_line(command, arguments):
    command.write("a.py", SAFE)
    result = command("check", "a.py", *arguments) if "gone.py" not in arguments else command("check", *arguments)
    assert result.code == 2
    assert result.err.startswith("keras-lsp")
    assert "Traceback" not in result.err
    assert len(result.err.splitlines()) <= 2


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["chek"], "check"),
        (["check", "--selct", "KER1"], "--select"),
        (["check", "--output-format", "jsn"], "json"),
        (["doctor", "--start-kears"], "--start-keras"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_what_may_have_been_meant(command, arguments, meant):
    result = command(*arguments)
    assert result.code == 2 and f"; did you mean {meant}?" in result.err.splitlines()[0]


def test_no_command_prints_the_help(command):
    result = command()
    assert result.code == 2 and "check" in result.out
    assert command("--version").out.startswith("keras-lsp 0.")
    assert command("check", "--help").code == 0


def test_a_mistake_of_ours_has_an_id_and_costs_one_file(command, monkeypatch):
    command.write("a.py", SAFE)
    command.write("b.py", CLEAN)

    def fail(*_):
        raise RuntimeError("boom")

    monkeypatch.setattr("keras_lsp.cli.checker.describe", fail)
    monkeypatch.delenv("KERAS_LSP_STRICT", raising=False)
    result = command("check", "--no-cache")
    assert result.code == 101
    first, last = result.err.splitlines()
    assert first.startswith("keras-lsp: a.py: internal error ") and "RuntimeError" in first and "boom" in first
    assert "report" in last
    assert command("check").err.splitlines()[0] == first  # the same mistake has the same id
    monkeypatch.setenv("KERAS_LSP_STRICT", "1")
    with pytest.raises(RuntimeError):
        command("check")


# --- Files that are no programs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "code", "message"),
    [
        ("a.py", b"import keras\n\xff\n", 2, "not UTF-8"),
        ("a.py", b"import keras\0", 2, "binary"),
        ("a.py", b"import keras\n" + b"x = 1\n" * 900_000, 2, "too large"),
        ("a.py", b"# -*- coding: klingon -*-\nimport keras\n", 2, "klingon"),
        ("a.py", b"import keras\nthis is no program at all\n", 0, "not valid Python (line 2"),
        ("a.py", b"import keras\nx = " + b"(" * 100_000, 0, "not valid Python"),
        ("a.ipynb", b"{", 2, "not JSON"),
        ("a.ipynb", b"[1]", 2, "not an object"),
        ("a.ipynb", b"[" * 100_000, 2, "nested too deeply"),
        ("a.ipynb", b'{"cells": 1}', 2, "no list of cells"),
    ],
    ids=["encoding", "nul", "huge", "cookie", "syntax", "deep", "json", "array", "deep-json", "cells"],
)
def test_a_file_that_is_no_program_gets_one_clear_message(command, name, content, code, message):
    command.write(name, content)
    for output_format in ("full", "json", "sarif"):
        result = command("check", name, "--output-format", output_format)
        assert result.code == code
        assert message in result.err
        assert result.err.count("\n") == 1
        assert "Traceback" not in result.out + result.err


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"# only a comment", b"\x0c\n"])
def test_an_empty_file_has_no_findings(command, content):
    command.write("a.py", content)
    assert command("check", "a.py").code == 0


def test_what_cannot_be_computed_costs_nothing(command):
    hostile = "10**10**10", "'a' * 10**12", "range(10**9)", "[0] * 10**12", "1 << 10**12", "list(range(10**9))"
    program = "import keras\n" + "".join(f"keras.layers.Dense({value})\n" for value in hostile)
    command.write("a.py", program)
    start = time.process_time()
    assert command("check", "a.py").code in (0, 1)
    assert time.process_time() - start < 5


def test_one_bad_file_does_not_keep_the_others_from_being_checked(command):
    command.write("a.py", b"import keras\xff")
    command.write("b.py", SAFE)
    result = command("check")
    assert result.code == 2
    assert "b.py:5:5" in result.out
    assert "a.py" in result.err


def test_a_pipe_is_not_opened(command):
    os.mkfifo(command.folder / "a.py")
    result = command("check", "a.py")
    assert result.code == 2 and "neither a file nor a folder" in result.err


# --- Which files, which settings ------------------------------------------------------------------------------------------


def test_folders_are_searched_and_exclusions_hold(command):
    for name in ("a.py", "sub/b.py", "venv/c.py", "ignored/d.py", "sub/e.txt"):
        command.write(name, SAFE)
    command.write(".gitignore", "ignored/\n")
    shown = command("check", "--show-files").out.split()
    assert shown == ["a.py", str(Path("sub/b.py"))]
    assert command("check", "venv/c.py").code == 1
    assert command("check", "--force-exclude", "venv/c.py").code == 0


def test_files_that_do_not_mention_keras_are_passed_over_unless_named(command):
    command.write("b.py", "x = (\n")
    assert command("check").err == ""
    assert "not valid Python" in command("check", "b.py").err


def test_the_closest_configuration_counts_and_the_command_line_before_it(command):
    command.write("a.py", SAFE)
    command.write("sub/b.py", SAFE)
    command.write("keras-lsp.toml", 'ignore = ["KER202"]\n')
    assert check_json(command) == []
    command.write("sub/pyproject.toml", "[tool.keras-lsp]\n")
    rows = json.loads(command("check", "--output-format", "json").out)
    assert [row["filename"] for row in rows] == [str(Path("sub/b.py"))]
    assert check_json(command, "--isolated", "a.py") == ["KER202"]
    assert check_json(command, "--config", "ignore=[]", "a.py") == ["KER202"]
    assert check_json(command, "--config", "sub/pyproject.toml", "a.py") == ["KER202"]
    assert check_json(command, "--select", "KER1", "--isolated") == []


def test_problems_of_a_configuration_are_told_once(command):
    for number in range(3):
        command.write(f"{number}.py", SAFE)
    command.write("keras-lsp.toml", 'ignored = ["KER202"]\nselect = ["KER", "NOPE"]\n')
    result = command("check")
    assert result.code == 1
    assert len(result.err.splitlines()) == 2
    assert "did you mean ignore?" in result.err and "'NOPE'" in result.err


def test_selection(command):
    command.write("a.py", SAFE + UNFIXABLE)
    assert check_json(command, "--isolated") == ["KER202", "KER108"]
    assert check_json(command, "--select", "KER1") == ["KER108"]
    assert check_json(command, "--ignore", "KER108") == ["KER202"]
    assert check_json(command, "--select", "KER1,KER2", "--ignore", "KER2") == ["KER108"]
    assert check_json(command, "--select", "KER1", "--extend-select", "KER202") == ["KER202", "KER108"]
    assert check_json(command, "--per-file-ignores", "*.py:KER202") == ["KER108"]
    assert check_json(command, "--per-file-ignores", "b.py:KER202") == ["KER202", "KER108"]
    rows = json.loads(
        command("check", "--output-format", "json", "--severity", "KER1=hint", "--severity", "KER2=off").out
    )
    assert [(row["code"], row["severity"]) for row in rows] == [("KER108", "hint")]


def test_every_setting_with_a_flag_is_taken(command):
    """A flag of each kind arrives in the settings under the key that the table of settings says."""
    values = {"bool": [], "array": ["KER1"], "object": ["*.py:KER1"], "string": ["concise"]}
    for option in options():
        if option.flag is None or option.toml.startswith(("oracle.", "jedi.")):
            continue
        schema = option.schema
        kind = schema["type"][0] if isinstance(schema["type"], list) else schema["type"]
        arguments = values["bool" if kind == "boolean" else kind]
        if option.toml == "keras-version":
            arguments = ["2.15"]
        result = command("check", option.flag, *arguments)
        assert result.code == 0, (option.toml, result.err)


def test_the_keras_version_decides(command):
    command.write("a.py", "import keras\nkeras.layers.LSTM(8, input_length=6, input_dim=8)\n")
    assert check_json(command, "--keras-version", "3.15") == ["KER103"]
    assert check_json(command, "--keras-version", "2.15") == []
    command.write("requirements.txt", "tensorflow==2.15.0\n")
    assert check_json(command) == []
    assert "pinned" in command("check", "-v").err or "requirements.txt" in command("check", "-v").err


# --- Standard input and notebooks -----------------------------------------------------------------------------------------


def test_standard_input(command):
    result = command("check", "-", "--output-format", "concise", stdin=SAFE.encode())
    assert result.code == 1 and result.out.startswith("<stdin>:5:5: KER202")
    result = command("check", "-", "--stdin-filename", "sub/x.py", "--output-format", "concise", stdin=SAFE.encode())
    assert result.out.startswith("sub/x.py:5:5: KER202")
    command.write("sub/keras-lsp.toml", 'ignore = ["KER2"]\n')
    assert command("check", "-", "--stdin-filename", "sub/x.py", stdin=SAFE.encode()).code == 0
    result = command(
        "check", "-", "--stdin-filename", "x.ipynb", "--output-format", "json", stdin=notebook(SAFE).encode()
    )
    assert json.loads(result.out)[0]["cell"] == 1


def test_standard_input_fixed_goes_to_standard_output(command):
    result = command("check", "--fix", "-", stdin=SAFE.encode())
    assert result.out == SAFE.replace("LSTM(4)", "LSTM(4, return_sequences=True)")
    assert "Fixed 1 finding" in result.err
    assert result.code == 0
    untouched = "import keras\r\n# é\r\n"
    assert command("check", "--fix", "-", stdin=untouched.encode()).out == untouched


def test_notebooks_count_rows_in_their_cells(command):
    command.write("a.ipynb", notebook("%matplotlib inline\nimport keras", "n = 4\n", SAFE.split("\n", 2)[2]))
    [row] = json.loads(command("check", "--output-format", "json").out)
    assert (row["cell"], row["location"]) == (3, {"row": 3, "column": 5})
    assert row["fix"]["edits"][0]["location"] == {"row": 3, "column": 24}


def test_fixing_a_notebook_changes_its_cell_and_nothing_else(command):
    for indent in (1, 2, 4):
        before = notebook("!pip install keras\nimport keras", SAFE.replace("\n\n", "\n# é 日本\n"), indent=indent)
        command.write("a.ipynb", before)
        assert command("check", "--fix").code == 0
        assert command.read("a.ipynb") == before.replace("LSTM(4)", "LSTM(4, return_sequences=True)")


# --- Fixes, suppressions, baselines ---------------------------------------------------------------------------------------


def test_fixes(command):
    command.write("a.py", SAFE)
    command.write("b.py", UNSAFE)
    command.write("c.py", UNFIXABLE)
    result = command("check", "--fix", "--output-format", "concise")
    assert result.code == 1
    assert "Fixed 1 finding in 1 file.\nFound 2 errors.\n1 fixable with `--fix --unsafe-fixes`.\n" in result.out
    assert command.read("a.py") == SAFE.replace("LSTM(4)", "LSTM(4, return_sequences=True)")
    assert command.read("b.py") == UNSAFE
    assert check_json(command, "--fix", "--unsafe-fixes") == ["KER108"]
    assert command.read("b.py") == UNSAFE.replace("(10,)", "(10, 1)")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_a_fixed_file_keeps_its_form(command, newline, encoding):
    text = "# -*- coding: latin-1 -*- é\n" + SAFE if encoding == "latin-1" else "# é\n" + SAFE
    path = command.write("a.py", text.replace("\n", newline).encode(encoding))
    path.chmod(0o754)
    assert command("check", "--fix").code == 0
    expected = text.replace("LSTM(4)", "LSTM(4, return_sequences=True)").replace("\n", newline).encode(encoding)
    assert path.read_bytes() == expected
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o754
    assert [item.name for item in command.folder.iterdir() if item.name.startswith(".keras")] == []


def test_a_file_that_cannot_be_written_is_told(command, monkeypatch):
    command.write("a.py", SAFE)

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keras_lsp.cli.fixes.tempfile.mkstemp", fail)
    result = command("check", "--fix")
    assert result.code == 2
    assert "a.py: cannot be written: No space left on device" in result.err
    assert command.read("a.py") == SAFE


def test_a_link_is_followed_not_replaced(command):
    target = command.write("real/a.py", SAFE)
    (command.folder / "link.py").symlink_to(target)
    assert command("check", "--fix", "link.py").code == 0
    assert (command.folder / "link.py").is_symlink()
    assert "return_sequences" in command.read("real/a.py")


def test_diff_shows_and_changes_nothing(command):
    command.write("a.py", SAFE)
    command.write("b.ipynb", notebook(SAFE))
    result = command("check", "--diff")
    assert result.code == 1
    assert result.out.startswith("--- a.py\n+++ a.py\n@@ ")
    assert "--- b.ipynb:cell 1\n" in result.out
    assert result.out.count("+    keras.layers.LSTM(4, return_sequences=True),\n") == 2
    assert result.err == "Would fix 2 findings.\n"
    assert command.read("a.py") == SAFE
    command.write("a.py", CLEAN)
    (command.folder / "b.ipynb").unlink()
    assert command("check", "--diff").code == 0


def test_suppressions_and_unused_ones(command):
    suppressed = SAFE.replace("LSTM(4),", "LSTM(4),  # keras-lsp: ignore[KER202]")
    command.write("a.py", suppressed)
    assert check_json(command) == []
    command.write("a.py", suppressed.replace("LSTM(2)", "Dense(2)"))
    assert check_json(command) == ["KER001"]
    assert command("check", "--fix").code == 0
    assert command.read("a.py") == SAFE.replace("LSTM(2)", "Dense(2)")


def test_add_ignore(command):
    command.write("a.py", SAFE + UNFIXABLE)
    command.write("b.ipynb", notebook(SAFE))
    result = command("check", "--add-ignore=until the next release")
    assert (result.code, result.out) == (0, "Suppressed 3 findings in 2 files.\nNo findings.\n")
    assert "keras.layers.LSTM(4),  # keras-lsp: ignore[KER202] until the next release\n" in command.read("a.py")
    assert "# keras-lsp: ignore[KER202]" in command.read("b.ipynb")
    assert command("check").code == 0


def test_a_path_behind_add_ignore_is_a_path(command):
    command.write("a.py", SAFE)
    command.write("b.py", SAFE)
    result = command("check", "--add-ignore", "a.py")
    assert (result.code, result.out) == (0, "Suppressed 1 finding in 1 file.\nNo findings.\n")
    assert "# keras-lsp: ignore[KER202]\n" in command.read("a.py")
    assert command.read("b.py") == SAFE


def test_baseline(command):
    command.write("a.py", SAFE)
    command.write("sub/b.py", UNSAFE)
    result = command("check", "--baseline", "known.json", "--update-baseline")
    assert (result.code, result.out) == (0, "Wrote 2 findings to known.json.\n")
    result = command("check", "--baseline", "known.json")
    assert (result.code, result.out) == (0, "No findings (2 more in the baseline).\n")
    command.write("a.py", "# moved\n" + SAFE + UNFIXABLE)
    result = command("check", "--baseline", "known.json", "--output-format", "json")
    assert codes(result) == ["KER108"]
    # What the baseline knows is not fixed either.
    assert command("check", "--baseline", "known.json", "--fix").code == 1
    assert command.read("a.py") == "# moved\n" + SAFE + UNFIXABLE
    command.write("keras-lsp.toml", 'baseline = "known.json"\n')
    assert check_json(command, "sub/b.py") == []
    command.write("known.json", "{")
    result = command("check")
    assert "not a baseline" in result.err and result.code == 1


# --- Output ---------------------------------------------------------------------------------------------------------------


def test_output_file(command):
    command.write("a.py", SAFE)
    result = command("check", "--output-format", "gitlab", "--output-file", "report.json")
    assert (result.code, result.out) == (1, "")
    assert json.loads(command.read("report.json"))[0]["check_name"] == "KER202"
    command("check", "-o", "plain.txt")
    assert "\033" not in command.read("plain.txt") and "Found 1 error." in command.read("plain.txt")


def test_the_format_by_environment_and_configuration(command, monkeypatch):
    command.write("a.py", SAFE)
    command.write("keras-lsp.toml", 'output-format = "concise"\n')
    assert command("check").out.startswith("a.py:5:5: KER202 [*] ")
    monkeypatch.setenv("KERAS_LSP_OUTPUT_FORMAT", "json-lines")
    assert json.loads(command("check").out)["code"] == "KER202"
    assert command("check", "--output-format", "text").out.startswith("a.py:5:5: error[")
    monkeypatch.setenv("KERAS_LSP_OUTPUT_FORMAT", "nope")
    assert command("check").code == 2


def test_colours(command, monkeypatch):
    command.write("a.py", SAFE)
    assert "\033[" not in command("check").out
    assert "\033[" in command("check", "--color", "always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\033[" in command("check").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033[" not in command("check").out


def test_quiet_and_verbose(command):
    command.write("a.py", SAFE)
    assert "Found" not in command("check", "-q").out
    err = command("check", "-v").err
    assert "configuration: none found" in err and "Keras 3.15" in err


def test_statistics(command):
    command.write("a.py", SAFE + UNFIXABLE)
    command.write("b.py", SAFE + "y = keras.layers.Dense(3)(unknown_thing)\n")
    result = command("check", "--statistics")
    assert result.code == 1
    lines = result.out.splitlines()
    assert lines[:2] == ["2\tKER202\t[*] rnn-needs-return-sequences", "1\tKER108\t[ ] unknown-layer-argument"]
    assert lines[3].startswith("Shapes known: ")
    table = json.loads(command("check", "--statistics", "--output-format", "json").out)
    assert table["rules"][0] == {"code": "KER202", "name": "rnn-needs-return-sequences", "count": 2, "fixable": True}
    coverage = table["coverage"]
    assert 0 < coverage["known"] < coverage["total"]
    assert sum(row["count"] for row in coverage["reasons"]) == coverage["total"] - coverage["known"]


# --- Many files -----------------------------------------------------------------------------------------------------------


def test_several_processes_find_the_same_in_the_same_order(command):
    for number in range(30):
        command.write(f"{number:02}.py", (SAFE, UNSAFE, UNFIXABLE, CLEAN, "import keras\n\xff")[number % 5])
    alone = command("check", "--jobs", "1", "--output-format", "json")
    together = command("check", "--jobs", "3", "--output-format", "json")
    assert alone == together
    assert len(json.loads(alone.out)) == 18
    assert command("check", "--jobs", "2", "--fix", "--statistics").code == 1
    assert check_json(command, "--select", "KER202") == []


def test_environments_and_configurations_are_looked_up_once(command, monkeypatch):
    for number in range(20):
        command.write(f"sub{number % 2}/{number}.py", SAFE)
    loads: list[object] = []
    original = Checker._load
    monkeypatch.setattr(Checker, "_load", lambda self, config: loads.append(config) or original(self, config))
    environments: list[object] = []
    from keras_lsp.cli import worlds

    find = worlds.find_environment
    monkeypatch.setattr(worlds, "find_environment", lambda *more: environments.append(more) or find(*more))
    assert len(check_json(command)) == 20
    assert len(loads) == 1 and len(environments) == 1


def test_watching_checks_again_when_a_file_changes(command):
    path = command.write("a.py", SAFE)
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "keras_lsp", "check", "--watch", "--output-format", "concise", "a.py"],
        cwd=command.folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        seen: list[str] = []

        def until(text: str) -> str:
            seen.clear()
            for line in process.stdout:
                seen.append(line)
                if line.startswith(text):
                    break
            return "".join(seen)

        assert "a.py:5:5: KER202" in until("Watching")
        path.write_text(CLEAN)
        assert "No findings." in until("Watching")
    finally:
        process.terminate()
        process.wait(60)


def test_a_reader_that_leaves_is_no_error(command):
    for number in range(40):
        command.write(f"{number}.py", SAFE * 20)
    root = Path(__file__).resolve().parents[2]
    line = f'"{sys.executable}" -m keras_lsp check --no-respect-gitignore | head -n 1'
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=command.folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert done.stderr == "" and done.stdout.count("\n") == 1


def test_methods_of_the_project_that_have_names_of_keras_return_what_they_return(command):
    command.write(
        "agents.py",
        "import keras\n\n\nclass Agent:\n    def compile(self):\n"
        "        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n"
        '        model.compile("sgd", "mse")\n        return model\n\n    def build(self, size):\n'
        "        return self.compile()\n",
    )
    command.write(
        "train.py",
        "import keras\nfrom agents import Agent\n\nmodel = Agent().compile()\nprint(model.input_shape)\n"
        "other = Agent().build(3)\nprint(other.input_shape)\n",
    )
    result = command("check", "train.py", "--keras-version", "3.15")
    assert (result.code, result.out) == (0, "No findings.\n")
