"""What features answer: plain data in code-point offsets of the analysed text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from keras_lsp.inference.facts import Span
from keras_lsp.rules.base import Applicability, Finding
from keras_lsp.text.edits import TextEdit

MarkupKind: TypeAlias = Literal["shape", "parameters"]
ItemKind: TypeAlias = Literal["keyword", "class", "function", "module", "constant", "value", "variable", "property"]
ActionKind: TypeAlias = Literal["quickfix", "refactor.rewrite", "source.fixAll", "source.migrate"]
SymbolKind: TypeAlias = Literal["model", "layer"]


@dataclass(frozen=True, slots=True)
class Hover:
    """Markdown that stays readable as plain text, about the text in `span`."""

    span: Span
    markdown: str


@dataclass(frozen=True, slots=True)
class InlayHint:
    """A short label shown behind the character before `offset`; `tooltip` is Markdown."""

    offset: int
    label: str
    tooltip: str = ""
    kind: MarkupKind = "shape"


@dataclass(frozen=True, slots=True)
class CompletionItem:
    """One thing to insert in place of `replace`.

    Attributes:
        detail: one line shown beside the label.
        documentation: Markdown; empty until resolved for items that carry `data`.
        sort_text: items sort by it, best first.
        filter_text: what the client filters by, where it is not the label.
        data: opaque; what `Analysis.resolve_completion` needs to fill in the documentation.
    """

    label: str
    kind: ItemKind
    insert_text: str
    replace: Span
    detail: str = ""
    documentation: str = ""
    sort_text: str = ""
    filter_text: str = ""
    deprecated: bool = False
    data: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a signature: its text inside the label, and Markdown about it."""

    label: str
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class SignatureHelp:
    """The signature of the call around the cursor; `active` is the index of the parameter being typed, `None` if none is."""

    label: str
    parameters: tuple[Parameter, ...]
    active: int | None
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the analysed text; `origin` is the text that was asked about."""

    span: Span
    origin: Span


@dataclass(frozen=True, slots=True)
class LibraryTarget:
    """A place in the installed Keras, to be found on disk by whoever may read files.

    Attributes:
        canonical: dotted name of the class, function or module ("keras.layers.LSTM").
        keyword: a hidden keyword of it ("input_dim"): its line is where the library takes it out of `**kwargs`.
        origin: the text that was asked about.
    """

    canonical: str
    origin: Span
    keyword: str | None = None


Definition: TypeAlias = Location | LibraryTarget


@dataclass(frozen=True, slots=True)
class CodeAction:
    """A change that is offered; `findings` are those it removes."""

    title: str
    kind: ActionKind
    edits: tuple[TextEdit, ...]
    applicability: Applicability = Applicability.SAFE
    is_preferred: bool = False
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeLens:
    """A line of text above a model; `model` is the index in `Facts.models`, for commands that show it."""

    span: Span
    title: str
    model: int


@dataclass(frozen=True, slots=True)
class Symbol:
    """A model or layer of the program's outline; `selection` is its name or callee, inside `span`."""

    name: str
    kind: SymbolKind
    span: Span
    selection: Span
    detail: str = ""
    children: tuple[Symbol, ...] = ()
