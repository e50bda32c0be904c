"""Every output format, from findings made by hand, so that only the format is tested."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from keras_lsp.cli.formats import FORMATS, renderer
from keras_lsp.cli.inputs import Input, read_input
from keras_lsp.cli.report import FileReport, Report, describe
from keras_lsp.cli.terminal import Painter, columns, escape
from keras_lsp.inference.facts import Span
from keras_lsp.rules.base import Applicability, Finding, Fix, Severity
from keras_lsp.text.edits import TextEdit

from .programs import notebook
from .schema import violations

GOLDEN = Path(__file__).with_name("golden")

TEXT = """import keras
\tmodel.add(keras.layers.LSTM(4), '日本語', bad=1)
x = keras.layers.Concatenate()([
    a,
    b,
    c,
    d,
])
"""


def source(path: str, text: str) -> Input:
    found = read_input(path, text.encode())
    assert isinstance(found, Input)
    return found


def finding(text: str, what: str, **more) -> Finding:
    start = text.index(what)
    values = {
        "code": "KER201",
        "name": "rank-mismatch",
        "severity": Severity.ERROR,
        "message": "LSTM takes (batch, time steps, features); it gets (None, 10), 2 axes. 100%, a::b. "
        + "word " * 12
        + "end",
        "span": Span(start, start + len(what)),
        "url": "https://keras-lsp.readthedocs.io/rules/rank-mismatch",
    }
    return Finding(**{**values, **more})


def sample() -> Report:
    """Two files and a notebook, each severity, each kind of fix, wide characters and several lines."""
    first = source("models/first.py", TEXT)
    at = TEXT.index("bad=1")
    findings = [
        finding(
            TEXT,
            "keras.layers.LSTM(4)",
            related=((Span(0, 12), "Keras is imported here"),),
            fixes=(Fix("Remove the argument", (TextEdit(at - 2, at + 5, ""),)),),
        ),
        finding(
            TEXT, "bad=1", code="KER108", name="unknown-layer-argument", severity=Severity.WARNING, message="No `bad`."
        ),
        finding(
            TEXT,
            TEXT[TEXT.index("keras.layers.Concatenate") : -1],
            code="KER209",
            name="merge-shape-mismatch",
            severity=Severity.INFO,
            message="Sizes differ.",
            fixes=(Fix("Guess", (TextEdit(0, 0, "# \n"),), Applicability.UNSAFE),),
        ),
    ]
    cells = source("notes.ipynb", notebook("import keras\n", "x = 1\nkeras.layers.Dense(0)\n"))
    inside = cells.document.text
    hint = finding(
        inside, "Dense(0)", code="KER110", name="bad-dimension-value", severity=Severity.HINT, message="Zero."
    )
    return Report(
        [
            FileReport("models/first.py", [describe(first, item) for item in findings]),
            FileReport("empty.py"),
            FileReport("notes.ipynb", [describe(cells, hint)]),
        ]
    )


def render(name: str, report: Report, color: bool = False) -> str:
    return "".join(renderer(name)(report, Painter(color)))


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "sarif"])
def test_golden(name):
    """What the format prints is what is kept in golden/; a change there is a change that users see."""
    assert render(name, sample()) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_carets_stand_below_what_they_mean():
    lines = render("full", sample()).splitlines()
    for index, line in enumerate(lines):
        if "^" in line:
            above = lines[index - 1]
            start, length = columns(line[: line.index("^")]), line.count("^")
            cut = ""
            while columns(above[: len(cut)]) < start:
                cut = above[: len(cut) + 1]
            marked = above[len(cut) :]
            assert columns(cut) == start
            assert marked.startswith(("keras.layers", "bad=1", "Dense(0)")), marked
            assert columns(marked) >= length


def test_messages_are_wrapped_at_80_columns():
    for line in render("full", sample()).splitlines():
        assert columns(line) <= 80, line


def test_colours_change_nothing_but_colours():
    for name in ("full", "concise"):
        coloured = render(name, sample(), color=True)
        assert "\033[" in coloured
        assert re.sub(r"\033\[[0-9;]*m", "", coloured) == render(name, sample())


def test_json_is_a_bare_array_of_what_consumers_expect():
    rows = json.loads(render("json", sample()))
    keys = ["filename", "code", "name", "severity", "message", "location", "end_location", "fix", "cell", "url"]
    assert [list(row) for row in rows] == [keys] * 4
    assert rows[0]["location"] == {"row": 2, "column": 12}
    assert rows[0]["end_location"] == {"row": 2, "column": 32}
    assert rows[0]["fix"] == {
        "applicability": "safe",
        "message": "Remove the argument",
        "edits": [{"content": "", "location": {"row": 2, "column": 39}, "end_location": {"row": 2, "column": 46}}],
    }
    assert [row["cell"] for row in rows] == [None, None, None, 2]
    assert rows[3]["location"] == {"row": 2, "column": 14}
    assert json.loads(render("json", Report())) == []
    assert [json.loads(line) for line in render("json-lines", sample()).splitlines()] == rows


def test_github_commands_escape_what_would_end_them():
    text = "import keras\n"
    item = describe(source("a,b:c%\n.py", text), finding(text, "keras", message="one\ntwo % three\r"))
    command = render("github", Report([FileReport("x", [item])]))
    assert command.count("\n") == 1
    assert "file=a%2Cb%3Ac%25%0A.py,line=1,col=8,endLine=1,endColumn=13::" in command
    assert command.endswith("KER201 one%0Atwo %25 three%0D\n")


def test_gitlab_fingerprints_are_different_and_do_not_depend_on_line_numbers():
    text = "import keras\nkeras.x\nkeras.x\n"
    again = "# moved\n\n" + text

    def prints(content: str) -> list[str]:
        first = content.index("keras.x")
        spans = [Span(first, first + 7), Span(first + 8, first + 15)]
        items = [describe(source("a.py", content), finding(content, "keras", span=span)) for span in spans]
        return [row["fingerprint"] for row in json.loads(render("gitlab", Report([FileReport("a.py", items)])))]

    assert len(set(prints(text))) == 2
    assert prints(text) == prints(again)


def test_junit_is_well_formed_whatever_a_file_says():
    text = "import keras\n"
    item = describe(source('<a&"\x1b.py', text), finding(text, "keras", message="a < b & \x00\x1b]]>\ud800"))
    suites = ElementTree.fromstring(render("junit", Report([FileReport('<a&"\x1b.py', [item])])).encode())
    assert suites.get("failures") == "1"
    failure = suites.find("testsuite/testcase/failure")
    assert failure is not None and failure.get("message") == "a < b & \ufffd\ufffd]]>\ufffd"
    passed = ElementTree.fromstring(render("junit", Report()))
    assert (
        passed.get("tests") == "1" and passed.get("failures") == "0" and passed.find("testsuite/testcase") is not None
    )


SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))


def hostile_report() -> Report:
    """Names and texts that must not end up in a log as they are."""
    text = "import keras\n"
    path = "a b/\x1b<ü😋>%#?.py"
    item = describe(source(path, text), finding(text, "keras", message="\ud800 <script> \x00"))
    return Report(
        [FileReport(path, [item]), FileReport("gone\n.py", problem="no such file \x1b"), FileReport("C:\\x y.py")]
    )


@pytest.mark.parametrize("report", [sample, Report, hostile_report], ids=["sample", "nothing", "hostile"])
def test_sarif_follows_its_schema(report):
    """The schema of the standard, unchanged."""
    log = json.loads(render("sarif", report()))
    assert [*violations(log, SCHEMA, SCHEMA)] == []


def test_the_schema_refuses_what_is_wrong():
    log = json.loads(render("sarif", sample()))
    for break_ in (
        lambda log: log.update(version="2.0.0"),
        lambda log: log.pop("runs"),
        lambda log: log["runs"][0]["results"][0].pop("message"),
        lambda log: log["runs"][0]["results"][0].update(level="fatal"),
        lambda log: log["runs"][0]["results"][0].update(severity="error"),
        lambda log: log["runs"][0].update(columnKind="bytes"),
        lambda log: log["runs"][0]["tool"]["driver"].update(informationUri="not a uri"),
        lambda log: log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"].update(startLine=0),
        lambda log: log["runs"][0]["tool"]["driver"]["rules"].append(log["runs"][0]["tool"]["driver"]["rules"][0]),
    ):
        broken = json.loads(json.dumps(log))
        break_(broken)
        assert [*violations(broken, SCHEMA, SCHEMA)]


def test_what_the_schema_does_not_say_of_sarif():
    """Indexes point at the rule that is named, columns count code points, rows of a cell are no lines of the file."""
    [run] = json.loads(render("sarif", sample()))["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    identifiers = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [result["ruleId"] for result in run["results"]] == ["KER201", "KER108", "KER209", "KER110"]
    assert all(identifiers[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    assert "region" not in run["results"][3]["locations"][0]["physicalLocation"]


def test_sarif_tells_what_could_not_be_read():
    log = json.loads(render("sarif", Report([FileReport("gone.py", problem="no such file")])))
    [invocation] = log["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "no such file"


def test_what_a_file_says_cannot_steer_the_terminal():
    text = "import keras  # \x1b[2J\x1b]0;title\x07 \u202e evil \u2066 \x9b31m\n"
    item = describe(source("\x1b[31m.py", text), finding(text, "keras", message="see \x1b[8m \u202e"))
    for name in ("full", "concise", "github"):
        shown = render(name, Report([FileReport("x", [item])]))
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown), name
        assert "\\x1b[31m.py" in shown
    assert escape("a\tb\u00a0é\u200d") == "a    b\u00a0é\u200d"


def test_a_very_long_line_is_cut_around_the_finding():
    text = "import keras\nx = [" + "1, " * 5000 + "keras.bad, " + "2, " * 5000 + "]\n"
    shown = render("full", Report([FileReport("a.py", [describe(source("a.py", text), finding(text, "keras.bad"))])]))
    lines = shown.splitlines()
    assert max(map(columns, lines)) < 200
    caret = next(line for line in lines if "^" in line)
    above = lines[lines.index(caret) - 1]
    assert above[caret.index("^") :].startswith("keras.bad")
