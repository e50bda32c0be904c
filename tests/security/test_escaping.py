"""What a program says is shown as text wherever it is shown: it draws no link, tag, command, escape sequence or reversed line."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest

from keras_lsp.analysis import Analysis, analyse_document
from keras_lsp.catalogue import parse_version
from keras_lsp.features.graph import model_graph
from keras_lsp.inference.world import World
from keras_lsp.project.settings import Settings
from keras_lsp.text.document import Document

HOSTILE = [
    "[click](command:workbench.action.terminal.new)",
    "![x](http://evil.example/?q=1)",
    "<img src=x onerror=alert(1)>",
    "</text></svg><script>alert(1)</script>",
    "```\n# heading\n[a](javascript:x)",
    "``` ` `` [b](http://evil.example)",
    "\x1b[2J\x1b]0;title\x07",
    "\u202eesrever\u2066",
    "a\x00b\x9b31m",
    '" onload="alert(1)',
    "]]><!--",
    "\\[x\\](http://evil.example)",
    'click n0 "javascript:alert(1)"',
    "]; end; style n0 fill:#f00",
]
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
DOCUMENTATION = (
    "https://keras.io/",
    "https://keras-lsp.readthedocs.io/",
    "https://www.tensorflow.org/",
    "https://numpy.org/",
)


def program(text: str) -> str:
    name = repr(text)
    return f"""import keras

x = keras.Input((3,), name={name})
y = keras.layers.Dense(4, name={name}, activation={name})(x)
z = keras.layers.Dense(4, {"**{" + name + ": 3}"})(y)
model = keras.Model(x, keras.layers.Dense(2, name={name})(y), name={name})
model.compile(loss={name}, optimizer={name}, metrics=[{name}])
model.get_layer({name})
wrong = keras.layers.Conv2D(8, 3, name={name})(x)
labels = {{{name}: x}}
"""


def analysis(text: str) -> Analysis:
    document = Document("file:///w/a.py", None, program(text))
    return analyse_document(document, World(parse_version("3.15")), Settings(select=("ALL",)))


def markdown(seen: Analysis) -> list[str]:
    """Everything that a client shows as Markdown."""
    size = len(seen.document.text)
    shown = [found.markdown for offset in range(0, size, 2) if (found := seen.hover(offset)) is not None]
    shown += [hint.tooltip for hint in seen.inlay_hints()]
    for offset in range(0, size, 7):
        shown += [seen.resolve_completion(item).documentation for item in seen.completions(offset)[:20]]
        signature = seen.signature_help(offset)
        if signature is not None:
            shown += [signature.documentation, *(parameter.documentation for parameter in signature.parameters)]
    return shown


def plain(seen: Analysis) -> list[str]:
    """Everything that a client shows as it is."""
    size = len(seen.document.text)
    shown = [hint.label for hint in seen.inlay_hints()]
    shown += [lens.title for lens in seen.code_lenses()]
    shown += [action.title for action in seen.code_actions(0, size)]
    for symbol in seen.symbols():
        shown += [
            symbol.name,
            symbol.detail,
            *(text for child in symbol.children for text in (child.name, child.detail)),
        ]
    shown += [finding.message for finding in seen.findings]
    shown += [words for finding in seen.findings for _, words in finding.related]
    return shown


def rendered(text: str) -> str:
    """Markdown without its code: what is left is what a client interprets."""
    text = re.sub(r"^(`{3,}|~{3,})[^\n]*\n.*?^\1[`~]*\s*$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", text, flags=re.DOTALL)
    return re.sub(r"\\[!-/:-@\[-`{-~]", "", text)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_markdown_and_labels(text: str) -> None:
    seen = analysis(text)
    assert seen.hover(seen.document.text.index("Dense")) is not None
    for shown in markdown(seen):
        left = rendered(shown)
        targets = re.findall(r"\]\(([^)]*)\)", left)
        assert all(target.startswith(DOCUMENTATION) for target in targets), shown
        assert not re.search(r"<[a-zA-Z/!]|!\[", left), shown
        assert not CONTROL.search(shown), ascii(shown)
    for shown in plain(seen):
        assert not CONTROL.search(shown), ascii(shown)
        assert "\n" not in shown or shown in {finding.message for finding in seen.findings}


class Tags(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_pictures(text: str) -> None:
    seen = analysis(text.replace("/", "|"))  # Keras takes no slash in a name
    model = next(model for model in seen.facts.models if model.layers)
    for direction in ("down", "right"):
        for blocks in (True, False):
            look_at(model_graph(model, direction, blocks))


def look_at(pictures: dict[str, str]) -> None:
    elements = [
        (element.tag.rpartition("}")[2], element.attrib) for element in ElementTree.fromstring(pictures["svg"]).iter()
    ]
    for tag, attributes in [*elements, *Tags(pictures["html"]).found]:
        assert tag.lower() not in ("script", "foreignobject", "image", "img", "a", "use", "iframe", "link")
        assert not any(name.startswith("on") or "href" in name for name in attributes)
    assert not CONTROL.search("".join(pictures.values()))
    for line in pictures["mermaid"].splitlines():
        outside = re.sub(r'"[^"]*"', '""', line)
        assert not re.search(r"^\s*click|javascript|fill:#f00", outside), line
