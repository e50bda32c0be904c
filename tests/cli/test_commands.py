"""The commands besides `check`, and the pages that are generated from them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from keras_lsp.cli.main import COMMANDS, make_parser
from keras_lsp.features.run_time_errors import ROWS, explain_error, traceback_lines
from keras_lsp.oracle.questions import LayerQuestion
from keras_lsp.project.settings import options
from keras_lsp.rules.registry import RULES, find_rule

from .programs import CLEAN, notebook

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

TWO_MODELS = CLEAN + "second = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name='other')\n"


# --- explain --------------------------------------------------------------------------------------------------------------


def test_explain_prints_a_rule_by_code_and_by_name(command):
    page = command("explain", "KER201").out
    assert page.startswith("# rank-mismatch (KER201)\n")
    assert "## What it does" in page and "## Example" in page
    assert command("explain", "rank-mismatch").out == command("rule", "ker201").out == page
    told = json.loads(command("explain", "KER201", "--output-format", "json").out)
    assert told["code"] == "KER201" and told["documentation"].startswith("KER201: ")


def test_explain_lists_all_rules(command):
    out = command("explain").out
    assert all(f"{rule.code}  {rule.name}\n" in out for rule in RULES)
    assert len(json.loads(command("explain", "--output-format", "json").out)) == len(RULES)


def test_explain_suggests_what_could_be_meant(command):
    result = command("explain", "rank-missmatch")
    assert result.code == 2 and "did you mean rank-mismatch?" in result.err
    assert "KER2" in command("explain", "ker2o1").err


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("ValueError: Input 0 of layer lstm is incompatible with the layer: expected ndim=3, found ndim=2.", "KER201"),
        ("ValueError: Unrecognized keyword arguments passed to LSTM: {'input_length': 6}", "KER103"),
        ("TypeError: ('Keyword argument not understood:', 'nb_filter')", "KER502"),
        ("ValueError: Unrecognized keyword arguments passed to Dense: {'unit': 6}", "KER108"),
        ("ValueError: Negative dimension size caused by subtracting 3 from 1", "KER203"),
        ("ValueError: Shapes (None, 1) and (None, 10) are incompatible", "KER401"),
        ("ValueError: Graph disconnected: cannot obtain value for tensor", "KER302"),
        (
            "RuntimeError: You must compile your model before training/testing. Use `model.compile(optimizer, loss)`.",
            "KER311",
        ),
        ("AttributeError: 'Sequential' object has no attribute 'predict_classes'", "KER503"),
        ("ValueError: Total size of the tensor must be unchanged", "KER207"),
    ],
)
def test_error_texts_lead_to_their_rule(command, text, rule):
    traceback = f'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\n    model.fit(x, y)\n{text}\n'
    for given in (text, traceback, traceback.replace(" ", "\n  ")):
        result = command("explain", "--error", "--output-format", "json", stdin=given.encode())
        assert result.code == 0
        assert rule in [row["code"] for row in json.loads(result.out)["rules"]]
    assert rule in command("explain", "--error", stdin=traceback.encode()).out


def test_error_texts_that_are_not_known(command):
    assert explain_error("KeyError: 'x'") is None
    result = command("explain", "--error", stdin=b"Segmentation fault \xff\x1b[31m")
    assert result.code == 1 and "not known" in result.err


BROKEN = """\
import numpy as np
from keras.models import Sequential
from keras.layers import LSTM, Dense

model = Sequential()
model.add(LSTM(8, input_shape=(10, 3)))
model.add(LSTM(8))
model.add(Dense(5, activation="softmax"))
model.compile("adam", "categorical_crossentropy")
"""
TRACEBACK = """\
Traceback (most recent call last):
  File "/somewhere/else/train.py", line 7, in <module>
    model.add(LSTM(8))
ValueError: Input 0 of layer "lstm_1" is incompatible with the layer: expected ndim=3, found ndim=2. Full shape received: (None, 8)
"""


def test_error_text_with_its_program_leads_to_the_line(command, tmp_path):
    program = tmp_path / "train.py"
    program.write_text(BROKEN, encoding="utf-8")
    asked = ("explain", "--error", "--keras-version", "2.15", str(program))
    told = json.loads(command(*asked, "--output-format", "json", stdin=TRACEBACK.encode()).out)
    assert [(found["code"], found["location"]["row"]) for found in told["findings"]] == [("KER202", 6)]
    assert told["lines"] == [7]
    assert "train.py:6:" in command(*asked, stdin=TRACEBACK.encode()).out


def test_error_text_that_is_not_about_the_program(command, tmp_path):
    program = tmp_path / "train.py"
    program.write_text(BROKEN.replace("LSTM(8, ", "LSTM(8, return_sequences=True, "), encoding="utf-8")
    result = command("explain", "--error", str(program), stdin=TRACEBACK.encode())
    assert result.code == 0
    assert "none of these is certain" in " ".join(result.out.split()) and "line 7" in result.out
    assert command("explain", "--error", str(tmp_path / "none.py"), stdin=TRACEBACK.encode()).code == 2


def test_lines_of_a_traceback():
    source = "import keras\n\nfor part in parts:\n    model.fit(part)\nmodel.fit(x)\n"
    python = '  File "C:\\\\w\\\\a.py", line 5, in <module>\n  File "/k/b.py", line 9, in f\n  File "/w/a.py", line 4, in g\n'
    assert traceback_lines(python, "a.py", source) == [4, 5]
    assert traceback_lines(" ".join(python.split()), "/other/a.py") == [4, 5]
    assert traceback_lines("File ~/w/a.py:5, in <module>\n----> 5 model.fit(x)", "/w/a.py", source) == [5]
    cell = "Cell In[3], line 2\n      1 for part in parts:\n----> 2     model.fit(part)\n\nFile ~/k/c.py:12, in f(x)\n---> 12 raise E"
    assert traceback_lines(cell, "/w/a.ipynb", source) == [4]
    assert traceback_lines(" ".join(cell.split()), "/w/a.ipynb", source) == [4]
    assert traceback_lines("ValueError: no", "/w/a.ipynb", source) == []


def test_every_row_names_rules_that_exist_and_says_something():
    for row in ROWS:
        assert row.meaning.endswith((".", ".)")) and row.patterns
        assert all(find_rule(code) for code in row.rules), row


def test_an_error_that_no_rule_finds_is_explained_and_that_is_said(command):
    text = b"ValueError: No gradients provided for any variable: (['dense/kernel:0'],)"
    result = command("explain", "--error", stdin=text)
    assert result.code == 0
    assert "be differentiated" in result.out
    assert result.out.endswith("\nNo rule finds this without running the program.\n")


def test_real_keras_errors_are_explained(keras3_worker):
    """What this Keras says is matched, not what it once said."""
    asked = {
        "KER201": LayerQuestion(name="keras.layers.LSTM", arguments={"units": 2}, inputs=[{"shape": [None, 10]}]),
        "KER108": LayerQuestion(name="keras.layers.Dense", arguments={"units": 2, "colour": "red"}),
        "KER103": LayerQuestion(name="keras.layers.LSTM", arguments={"units": 2, "input_length": 6}),
        "KER203": LayerQuestion(
            name="keras.layers.Conv2D", arguments={"filters": 2, "kernel_size": 5}, inputs=[{"shape": [None, 3, 3, 1]}]
        ),
        "KER207": LayerQuestion(
            name="keras.layers.Reshape", arguments={"target_shape": (3, 5)}, inputs=[{"shape": [None, 8]}]
        ),
        "KER209": LayerQuestion(name="keras.layers.Add", inputs=[[{"shape": [None, 3]}, {"shape": [None, 4]}]]),
    }
    for (rule, _), answer in zip(asked.items(), keras3_worker.ask_many(list(asked.values())), strict=True):
        assert answer.error is not None, rule
        found = explain_error(f"{answer.error.type}: {answer.error.text}")
        assert found is not None and rule in found.rules, (rule, answer.error.text)


# --- summary and graph ----------------------------------------------------------------------------------------------------


def test_summary(command):
    command.write("a.py", TWO_MODELS)
    both = command("summary", "a.py")
    assert both.code == 0 and both.out.count('Model: "') == 2
    assert "(None, 4)" in both.out and "44" in both.out
    for name in ("second", "other"):
        one = command("summary", "a.py", name).out
        assert one.startswith('Model: "other"\n') and one.count('Model: "') == 1
    assert "=====" in command("summary", "a.py", "second", "--keras-version", "2.15").out
    command.write("a.ipynb", notebook(CLEAN))
    assert "(None, 4)" in command("summary", "a.ipynb").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.py", "third"], "no model named 'third'; there are model, second"),
        (["none.py"], "no Keras model"),
        (["gone.py"], "no such file"),
        (["a.py", "--keras-version", "9"], "not supported"),
    ],
    ids=" ".join,
)
def test_summary_says_what_is_wrong(command, arguments, message):
    command.write("a.py", TWO_MODELS)
    command.write("none.py", "x = 1\n")
    result = command("summary", *arguments)
    assert result.code == 2 and message in result.err and result.err.count("\n") == 1


def test_graph(command):
    command.write("a.py", TWO_MODELS)
    assert "name one of model (line 3), second (line 4)" in command("graph", "a.py").err
    assert command("graph", "a.py", "second").out.startswith("flowchart TD\n")
    for name in ("g.svg", "g.html", "g.mmd"):
        assert command("graph", "a.py", "second", "-o", name).code == 0
    assert ElementTree.fromstring(command.read("g.svg")).tag.endswith("svg")
    assert command.read("g.html").startswith("<!doctype html>")
    assert command("graph", "a.py", "second", "-o", "g.png").code == 2
    assert command("graph", "a.py", "second", "-o", "gone/g.svg").code == 2


def test_names_in_a_program_cannot_steer_the_terminal(command):
    command.write("a.py", TWO_MODELS.replace("other", "\\x1b[2J\\u202e<b>"))
    for arguments in (["summary", "a.py", "second"], ["shapes", "a.py"], ["graph", "a.py", "second"]):
        out = command(*arguments).out
        assert "\x1b" not in out and "\u202e" not in out, arguments


# --- shapes ---------------------------------------------------------------------------------------------------------------


def test_shapes_for_people_and_programs(command):
    command.write("a.py", CLEAN)
    out = command("shapes", "a.py").out
    assert "Dense (None, 10) -> (None, 4)  44 parameters" in out
    table = json.loads(command("shapes", "a.py", "--output-format", "json").out)
    assert table["version"] == 1
    [dense] = [row for row in table["files"][0]["shapes"] if row["callee"] == "keras.layers.Dense"]
    assert dense["output"] == [None, 4] and dense["params"] == 44 and dense["range"]["start"]["line"] == 3
    assert command("shapes", "gone.py").code == 2


# --- config, doctor, completion -------------------------------------------------------------------------------------------


def test_config_lists_and_shows_settings(command):
    out = command("config").out
    assert all(f"{option.toml}\n" in out for option in options())
    command.write("sub/keras-lsp.toml", 'ignore = ["KER2"]\n')
    result = command("config", "--show", "sub")
    assert 'ignore = ["KER2"]\n' in result.out and "keras-lsp.toml" in result.err
    assert json.loads(command("config", "--show", "sub", "--output-format", "json").out)["ignore"] == ["KER2"]
    assert "inlay-hints.output-shapes" in command("config", "inlay-hints").out
    assert command("config", "nothing").code == 2
    described = json.loads(command("config", "--output-format", "json").out)
    assert described["keras-version"]["default"] is None


def test_doctor_says_which_keras_and_why(command):
    found = json.loads(command("doctor", "--output-format", "json").out)
    assert found["assumed"] == "Keras 3.15" and "newest" in found["because"]
    command.write("requirements.txt", "keras==3.4.1\n")
    found = json.loads(command("doctor", "--output-format", "json").out)
    assert found["assumed"] == "Keras 3.4" and "requirements.txt" in found["because"]
    assert "assumed" in command("doctor").out


def test_doctor_starts_keras_when_asked(command):
    found = json.loads(command("doctor", "--start-keras", "--output-format", "json").out)
    assert found["started"].startswith("Keras 3.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_scripts_and_complete_everything(command, shell):
    script = command("generate-shell-completion", shell).out
    for name in COMMANDS:
        assert name in script
    assert "statistics" in script and "junit" in script
    program = shutil.which(shell)
    if program is not None:
        check = subprocess.run([program, "-n"], input=script, text=True, capture_output=True)
        assert check.returncode == 0, check.stderr


def test_bash_completes(command):
    script = command("generate-shell-completion", "bash").out
    ask = "COMP_WORDS=(keras-lsp check --out); COMP_CWORD=2; _keras_lsp; echo ${COMPREPLY[*]}"
    done = subprocess.run(["bash", "-c", script + ask], text=True, capture_output=True, check=True)
    assert done.stdout.split() == ["--output-file", "--output-format"]
    ask = "COMP_WORDS=(keras-lsp check --output-format js); COMP_CWORD=3; _keras_lsp; echo ${COMPREPLY[*]}"
    done = subprocess.run(["bash", "-c", script + ask], text=True, capture_output=True, check=True)
    assert done.stdout.split() == ["json", "json-lines"]


# --- Documentation --------------------------------------------------------------------------------------------------------


def test_generated_pages_are_fresh():
    import docs

    assert docs.stale() == [], "run tools/docs.py"


def test_the_pages_name_every_command_and_setting():
    cli, settings = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("cli.md", "settings.md"))
    assert all(f"`keras-lsp {name}`" in cli for name in COMMANDS)
    assert all(f"`{option.toml}`" in settings and f"`{option.editor}`" in settings for option in options())
    assert make_parser().prog == "keras-lsp"


def test_the_first_command_of_the_readme_does_what_it_says(command):
    """All of it but the installation, which `.ci/run` shows."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    line = text.partition("<!-- first command -->\n```sh\n")[2].partition("\n")[0]
    install, *rest = line.split(" && ")
    assert install == "python -m pip install ."
    shutil.copytree(ROOT / "examples", command.folder / "examples")
    results = [command(*part.split()[1:]) for part in rest]
    assert [result.code for result in results] == [0, 0, 0]
    check, shapes, summary = (result.out for result in results)
    assert check.count("error[") == 2 and "KER202" in check and "KER103" in check and "clean.py" not in check
    shown = text.partition("```text\nexamples/shape_bug.py")[2].partition("```")[0].strip()
    assert shown in check, "README shows another output"
    assert "(None, 200, 128)" in shapes
    assert 'Model: "digits"' in summary and "Total params: 20,682" in summary


def test_the_second_command_is_what_ci_runs():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    line = text.partition("<!-- second command -->\n```sh\n")[2].partition("\n")[0]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    awk = next(row for row in script.splitlines() if row.startswith("command=$("))
    shown = subprocess.run(
        ["sh", "-c", f'{awk}; echo "$command"'], cwd=ROOT, text=True, capture_output=True, check=True
    )
    assert shown.stdout.strip() == line
    assert line.endswith("python -m pytest")


# --- Files that are no programs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["shapes", "summary", "graph"])
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.py", b"import keras\n\xff\n", "not UTF-8"),
        ("a.py", b"import keras\0", "binary"),
        ("a.py", b"import keras\n" + b"x = 1\n" * 900_000, "too large"),
        ("a.py", b"# -*- coding: klingon -*-\nimport keras\n", "klingon"),
        ("a.ipynb", b"{", "not JSON"),
        ("a.ipynb", b"[" * 100_000, "nested too deeply"),
        ("a.py", None, "no such file"),
    ],
    ids=["encoding", "nul", "huge", "cookie", "json", "deep", "gone"],
)
def test_what_is_no_program_gets_one_clear_message(command, verb, name, content, message):
    if content is not None:
        command.write(name, content)
    result = command(verb, name)
    assert result.code == 2 and message in result.err
    assert result.err.count("\n") == 1 and "Traceback" not in result.out + result.err


@pytest.mark.parametrize(
    "content", [b"", b"\xef\xbb\xbf\r\n\x0c", b"import keras\nx = " + b"(" * 100_000, b"x = " + b"-" * 100_000]
)
def test_what_is_empty_or_broken_has_shapes_of_nothing(command, content):
    command.write("a.py", content)
    table = json.loads(command("shapes", "--all", "a.py", "--output-format", "json").out)
    assert table["files"][0]["shapes"] == []
