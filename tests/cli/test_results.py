"""Reports of earlier runs stand for a new one exactly as long as nothing changed that they were made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import keras_lsp.analysis
from keras_lsp.cli import checker as checker_module
from keras_lsp.cli import results as results_module
from keras_lsp.cli.checker import Checker, Job
from keras_lsp.cli.formats import FORMATS
from keras_lsp.cli.results import Results
from tests.bugs.programs import read_all

HEAD = "from keras import layers\n\ndef head(x):\n    return layers.Conv2D(8, {size})(x)\n"
PROGRAM = """\
import keras
from head import head
import missing

x = keras.Input(shape=(28, 28, 1))
y = head(x)
layer = keras.layers.LSTM(8, input_length=6, input_dim=8)
model = keras.Sequential([keras.layers.Dense(8, input_shape=(784))])
z = missing.UNITS and keras.layers.Conv2D(8, 30)(x)
"""


@pytest.fixture
def project(command):
    command.write("head.py", HEAD.format(size=3))
    command.write("model.py", PROGRAM)
    return command


@pytest.fixture
def analysed(monkeypatch):
    """Names of the files that were analysed, in this process."""
    names: list[str] = []
    analyse = keras_lsp.analysis.analyse_document

    def noting(document, *arguments):
        names.append(Path(document.uri).name)
        return analyse(document, *arguments)

    monkeypatch.setattr(keras_lsp.analysis, "analyse_document", noting)
    return names


@pytest.mark.parametrize("format_", sorted(FORMATS))
def test_a_second_run_says_the_same_without_an_analysis(project, analysed, format_):
    first = project("check", "--output-format", format_)
    assert sorted(analysed) == ["head.py", "model.py"]
    analysed.clear()
    second = project("check", "--output-format", format_)
    assert analysed == []
    assert (second.code, second.out, second.err) == (first.code, first.out, first.err)
    assert first.code == 1


def test_reports_keep_all_they_say(tmp_path, monkeypatch):
    """Findings of all kinds, with their fixes and related places."""
    monkeypatch.chdir(tmp_path)
    results = Results(tmp_path, lambda path: None)
    checker = Checker(Job())
    diagnostics = 0
    for number, bug in enumerate(read_all()[0]):
        path = tmp_path / f"model_{number}.py"
        path.write_text(bug.source)
        report = checker.check(str(path))
        report.sources = {}
        results.keep(str(path), "key", report)
        results._entries = json.loads(json.dumps(results._entries))
        found = results.find(str(path), "key")
        assert found is not None
        report.sources = report.data = None
        assert found == report
        diagnostics += len(report.diagnostics)
    assert diagnostics > 150


def install(folder: Path, keras: str) -> None:
    (folder / "lib/python3.11/site-packages" / f"keras-{keras}.dist-info").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("version = 3.11.7\n")


CHANGES = {
    "the file": lambda p, m: p.write("model.py", PROGRAM + "\n"),
    "a module that it imports": lambda p, m: p.write("head.py", HEAD.format(size=30)),
    "a module that is gone": lambda p, m: (p.folder / "head.py").unlink(),
    "a module that was not there": lambda p, m: p.write("missing.py", "UNITS = 3\n"),
    "a package before the module": lambda p, m: p.write("head/__init__.py", HEAD.format(size=30)),
    "the configuration": lambda p, m: p.write("keras-lsp.toml", 'ignore = ["KER103"]\n'),
    "the pinned Keras": lambda p, m: p.write("requirements.txt", "keras==2.2.4\n"),
    "the installed Keras": lambda p, m: install(p.folder / ".venv", "2.2.4"),
    "keras-lsp itself": lambda p, m: m.setattr(checker_module, "fingerprint", lambda: "other"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_noticed(project, analysed, monkeypatch, change):
    before = project("check", "--output-format", "json")
    analysed.clear()
    CHANGES[change](project, monkeypatch)
    after = project("check", "--output-format", "json")
    assert "model.py" in analysed
    fresh = project("check", "--output-format", "json", "--no-cache")
    assert after.out == fresh.out
    if change not in ("the file", "keras-lsp itself", "a module that was not there", "a module that is gone"):
        assert after.out != before.out


@pytest.mark.parametrize(
    "options", [["--ignore", "KER103"], ["--keras-version", "2.15"], ["--python", "elsewhere"], ["--isolated"]]
)
def test_options_count(project, analysed, options):
    project.write("keras-lsp.toml", 'ignore = ["KER203"]\n')
    project("check", "--output-format", "json")
    analysed.clear()
    with_option = project("check", "--output-format", "json", *options)
    assert "model.py" in analysed
    assert with_option.out == project("check", "--output-format", "json", "--no-cache", *options).out


@pytest.mark.parametrize("options", [["--diff"], ["--statistics"], ["--no-cache"], ["--update-baseline"]])
def test_what_needs_an_analysis_gets_one(project, analysed, options):
    if options == ["--update-baseline"]:
        project.write("keras-lsp.toml", 'baseline = "known.json"\n')
    for _ in range(2):
        analysed.clear()
        project("check", *options)
        assert sorted(set(analysed)) == ["head.py", "model.py"]


def test_a_file_that_is_fixed_is_read_anew(project, analysed):
    first = project("check", "--output-format", "json")
    assert any(item["fix"] and item["fix"]["applicability"] == "safe" for item in json.loads(first.out))
    project("check", "--fix")
    analysed.clear()
    second = project("check", "--output-format", "json")
    assert analysed == ["model.py"]
    assert second.out != first.out


def test_files_without_keras_are_not_kept(project, analysed):
    for number in range(60):
        project.write(f"other_{number}.py", "print('nothing')\n")
    project("check")
    (kept,) = (project.folder / ".cache").glob("checks-*/*.json")
    assert sorted(json.loads(kept.read_bytes())["entries"]) == ["head.py", "model.py"]


DAMAGED = [
    b"",
    b"\0\xff",
    b"[" * 100_000,
    b"[]",
    b'{"format": 1}',
    b'{"format": 1, "entries": []}',
    b'{"format": 99, "entries": {"model.py": {}}}',
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_costs_nothing(project, content):
    first = project("check", "--output-format", "json")
    (kept,) = (project.folder / ".cache").glob("checks-*/*.json")
    kept.write_bytes(content)
    assert project("check", "--output-format", "json") == first
    assert project("check", "--output-format", "json") == first


WRONG = ["report", "key", "sources"]


@pytest.mark.parametrize("part", WRONG)
@pytest.mark.parametrize("value", [None, 7, "x", [], [[]], {"diagnostics": [{}]}, {"diagnostics": 3}, {"x": "y"}])
def test_a_damaged_entry_costs_nothing(project, part, value):
    first = project("check", "--output-format", "json")
    (kept,) = (project.folder / ".cache").glob("checks-*/*.json")
    content = json.loads(kept.read_bytes())
    original = content["entries"]["model.py"][part]
    content["entries"]["model.py"][part] = value
    kept.write_text(json.dumps(content))
    again = project("check", "--output-format", "json")
    # What is well-formed and says something else cannot be told from the truth: the file is the user's own.
    if part != "report" or value not in ([], {"x": "y"}):
        assert again == first, (original, value)


def test_nothing_can_be_written(project, monkeypatch):
    blocked = project.write("blocked", "a file")
    monkeypatch.setenv("KERAS_LSP_CACHE_DIR", str(blocked))
    assert project("check").code == project("check").code == 1


def test_a_full_disk(project, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results_module.tempfile, "mkstemp", full)
    assert project("check").code == project("check").code == 1


def test_nothing_is_written_in_the_project(project, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("KERAS_LSP_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    before = sorted(project.folder.rglob("*"))
    project("check")
    assert sorted(project.folder.rglob("*")) == before


def test_old_files_are_removed(project, monkeypatch):
    project("check")
    (kept,) = (project.folder / ".cache").glob("checks-*/*.json")
    old = kept.with_name("0.json")
    old.write_text("{}")
    import os

    os.utime(old, (1, 1))
    project.write("model.py", PROGRAM + "\n")
    project("check")
    assert kept.exists()
    assert not old.exists()
