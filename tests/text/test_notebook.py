"""Notebooks, however odd, become one module whose every character has its place in a cell."""

from __future__ import annotations

import ast
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_lsp.syntax.parse import parse
from keras_lsp.text.notebook import (
    Cell,
    Notebook,
    NotebookError,
    mask_cell,
    mask_module,
    needs_masking,
    read_notebook,
    virtual_module,
)


def notebook(*sources, **extra) -> bytes:
    cells = [
        {"cell_type": "code", "source": source} if isinstance(source, (str, list)) else source for source in sources
    ]
    return json.dumps({"nbformat": 4, "cells": cells, **extra}).encode()


def cells_of(data: bytes) -> Notebook:
    result = read_notebook(data)
    assert isinstance(result, Notebook), result
    return result


def test_cells_are_counted_among_all_and_read_in_order():
    markdown = {"cell_type": "markdown", "source": ["# title\n", "x = ("]}
    result = cells_of(notebook(markdown, ["a = 1\n", "b = 2"], {"cell_type": "raw", "source": "raw ("}, "c = a + b\n"))
    assert [(cell.index, cell.kind) for cell in result.cells] == [(0, "markdown"), (1, "code"), (2, "raw"), (3, "code")]
    module = virtual_module(result.cells)
    assert module.text == "a = 1\nb = 2\nc = a + b\n\n"
    position = module.cells.locate(module.text.index("c ="))
    assert (position.cell, position.offset, position.line, position.column) == (3, 0, 0, 0)
    position = module.cells.locate(module.text.index("b = 2") + 4)
    assert (position.cell, position.line, position.column) == (1, 1, 4)
    assert module.cells.offset(1, 1, 4) == module.text.index("b = 2") + 4
    assert module.cells.offset(0, 0, 0) is None


def test_format_3_and_other_languages():
    cells = [
        {"cell_type": "code", "input": ["x = 1\n"], "language": "python"},
        {"cell_type": "code", "input": "ls", "language": "bash"},
    ]
    result = cells_of(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode())
    assert [(cell.kind, cell.source) for cell in result.cells] == [("code", "x = 1\n"), ("raw", "ls")]
    assert cells_of(notebook(metadata={"language_info": {"name": "julia"}})).language == "julia"
    assert cells_of(notebook(metadata={"kernelspec": {"language": "Python"}})).language == "python"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not JSON"),
        (b"import keras\n", "not JSON: Expecting value on line 1"),
        (b"[1, 2]", "not an object"),
        (b"{}", "no list of cells"),
        (b'{"cells": 3}', "no list of cells"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b'{"cells": ' + b"9" * 10_000 + b"}", "not JSON"),
        (json.dumps({"cells": [{}] * 10_001}).encode(), "10001 cells"),
        (notebook("#" * 5_000_001), "too much code"),
    ],
)
def test_what_is_no_notebook_gets_one_message(data, says):
    error = read_notebook(data)
    assert isinstance(error, NotebookError)
    assert says in error.message
    assert "\n" not in error.message


def test_damaged_cells_are_taken_for_what_they_are():
    result = cells_of(
        notebook(
            {"cell_type": "code"},
            {"cell_type": "code", "source": 3},
            {"source": "x"},
            {"cell_type": "code", "source": ["a", 1]},
        )
    )
    assert [(cell.kind, cell.source) for cell in result.cells] == [
        ("code", ""),
        ("code", ""),
        ("raw", "x"),
        ("code", "a"),
    ]


@pytest.mark.parametrize(
    ("source", "masked"),
    [
        ("%matplotlib inline\nx = 1", "pass              \nx = 1"),
        ("!pip install keras==2.3 \\\n  tensorflow\ny = 2", "pass                     \n            \ny = 2"),
        ("!!ls", "pass"),
        ("!ls", "0  "),
        ("%%time\nx = 1", "      \nx = 1"),
        ("\n%%capture out\nx = 1", "\n             \nx = 1"),
        ("%%bash\nls (\n", "      \n    \n"),
        ("%%html\n<b>", "      \n   "),
        ("%%timeit\nx = 1", "        \n     "),
        ("files = !ls\nz = %magic long text here", "files = ʘ  \nz = get_ipython()        "),
        ("a, b = %sx ls", "a, b = ʘ     "),
        ("%time history = model.fit(x, y)", "pass; history = model.fit(x, y)"),
        ("%time for", "pass     "),
        ("%timeit f(x)", "pass        "),
        ("?x\nx?\nmodel.fit??", "0 \n0 \npass       "),
        ("if a:\n    %load foo\n    !ls\n", "if a:\n    pass     \n    0  \n"),
        # Python that only looks like it.
        ("x = ('a'\n  % b)\ns = '''\n%foo\n!ls\n'''", None),
        ("x = 5 \\\n  %y", None),
        ("a = b != c", None),
        ("print('50%')  # !x ?", None),
        ("x = y %z", None),
    ],
)
def test_masks(source, masked):
    text, spans = mask_cell(source)
    assert text == (source if masked is None else masked)
    assert bool(spans) == (masked is not None)


LINES = [
    "x = 1",
    "%magic a",
    "!ls",
    "x?",
    "?x",
    "x = !ls",
    "f(",
    "  )",
    "'''",
    "  %a",
    "%%bash",
    "%%time",
    "é = %b",
    "\\",
    "%time y = 2",
    "if x:",
]


@given(st.lists(st.sampled_from(LINES), max_size=8), st.sampled_from(["\n", "\r\n", "\r"]))
def test_masking_keeps_lengths_and_lines(lines, newline):
    source = newline.join(lines)
    text, spans = mask_cell(source)
    assert len(text) == len(source)
    breaks = [(index, character) for index, character in enumerate(source) if character in "\r\n"]
    assert [(index, character) for index, character in enumerate(text) if character in "\r\n"] == breaks
    covered = {offset for start, end in spans for offset in range(start, end)}
    assert all(text[offset] == source[offset] for offset in range(len(source)) if offset not in covered)
    assert spans == sorted(spans)


sources = st.lists(st.sampled_from(["a = 1", "é😋", "\n", "\r", "\r\n", "f(", "%x", " "]), max_size=6).map("".join)


@given(st.lists(st.tuples(st.sampled_from(["code", "markdown", "raw"]), sources), max_size=6))
def test_every_place_in_a_code_cell_has_one_in_the_module(parts):
    cells = [Cell(index, kind, source) for index, (kind, source) in enumerate(parts)]
    module = virtual_module(cells)
    assert len(module.text) == len(module.source)
    for cell in cells:
        for offset in range(len(cell.source) + 1):
            there = module.cells.offset_of(cell.index, offset)
            if cell.kind != "code":
                assert there is None
                continue
            if offset < len(cell.source):
                assert module.source[there] == cell.source[offset]
                assert module.is_masked(there, there + 1) or module.text[there] == cell.source[offset]
            position = module.cells.locate(there)
            assert (position.cell, position.offset) == (cell.index, offset)
    # Each cell is whole lines: what Python says about line numbers holds in cells too.
    for start, _ in module.sections:
        assert start == 0 or module.text[start - 1] in "\r\n"


def test_a_broken_cell_spoils_no_other():
    cells = [
        "import keras",
        "model.add(Dense(32,",
        "x = 1",
        "if x:",
        "y = 2",
        "'''open",
        "z = 3",
        "%%time\nw = (",
        "v = 4",
    ]
    module = virtual_module([Cell(index, "code", source) for index, source in enumerate(cells)])
    parsed = parse(module.text, module.sections)
    assigned = {target.id for node in ast.walk(parsed.tree) if isinstance(node, ast.Assign) for target in node.targets}
    assert {"x", "y", "z", "v"} <= assigned
    reported = {module.cells.locate(problem.start).cell for problem in parsed.problems}
    assert reported == {1, 3, 5, 7}


def test_one_text_as_jupyterlab_sends_it():
    blank = "\n" * 6
    text = (
        'get_ipython().run_line_magic("matplotlib", " inline")'
        + blank
        + "x = ["
        + blank
        + "y = 2"
        + blank
        + "!ls\nz = 3\n"
    )
    assert needs_masking(text)
    module = mask_module(text)
    parsed = parse(module.text, module.sections)
    assert {target.id for node in parsed.tree.body if isinstance(node, ast.Assign) for target in node.targets} == {
        "x",
        "y",
        "z",
    }
    assert len(module.text) == len(text)
    assert module.is_masked(text.index("!ls"), text.index("!ls") + 1)
    assert not module.is_masked(text.index("y = 2"), text.index("y = 2") + 5)


def test_scripts_with_cell_markers():
    text = "# %%\nimport keras\n# %% [markdown]\n# text\n# %%\n%matplotlib inline\nx = (\n# %%\ny = 1\n"
    module = mask_module(text)
    parsed = parse(module.text, module.sections)
    assert [type(node).__name__ for node in parsed.tree.body] == ["Import", "Pass", "Assign", "Assign"]


@pytest.mark.parametrize(
    "text",
    ["class A:\n    x = 1\n\n\n\n\n\n\n    y = 2\n", "s = '''\n\n\n\n\n\n\n\n%x\n'''\n", "# %%\nx = (1,\n# %%\n2)\n"],
)
def test_what_python_understands_stays_whole(text):
    module = mask_module(text)
    assert module.text == text
    assert parse(module.text, module.sections).problems == ()
