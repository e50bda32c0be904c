"""`junit`: XML that most continuous integration services show as test results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from keras_lsp.cli.report import Report
from keras_lsp.cli.terminal import Painter

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


def junit(report: Report, paint: Painter) -> Iterator[str]:
    """A suite for each file with findings, a failed case for each finding; one passed case where there is none."""
    del paint
    files = [file for file in report.files if file.diagnostics]
    total = sum(len(file.diagnostics) for file in files)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="keras-lsp" tests="{max(total, 1)}" failures="{total}" errors="0">\n'
    if not files:
        yield '  <testsuite name="keras-lsp" tests="1" disabled="0" errors="0" failures="0" package="keras_lsp">\n'
        yield '    <testcase name="No findings" classname="keras-lsp"/>\n  </testsuite>\n'
    for file in files:
        count = len(file.diagnostics)
        yield (
            f'  <testsuite name={_attribute(file.path)} tests="{count}" disabled="0" errors="0" failures="{count}" '
            'package="keras_lsp">\n'
        )
        for item in file.diagnostics:
            yield (
                f'    <testcase name="keras_lsp.{item.code}" classname={_attribute(_stem(file.path))} '
                f'line="{item.location.row}" column="{item.location.column}">\n'
                f"      <failure message={_attribute(item.message)}>{_text(f'{item.place}: {item.message}')}</failure>\n"
                "    </testcase>\n"
            )
        yield "  </testsuite>\n"
    yield "</testsuites>\n"


def _stem(path: str) -> str:
    return re.sub(r"\.(pyi?|ipynb)$", "", path)


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))
