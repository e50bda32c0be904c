"""What a rule is, what it reports, and what it may look at."""

from __future__ import annotations

import ast
import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from keras_lsp.catalogue import Catalogue, load_catalogue
from keras_lsp.inference.facts import Facts, Span
from keras_lsp.inference.world import World
from keras_lsp.syntax.parsed import ParsedModule
from keras_lsp.syntax.tree import Node
from keras_lsp.text.edits import TextEdit

if TYPE_CHECKING:
    from keras_lsp.rules.failures import Failure


class Severity(enum.Enum):
    """How bad it is: the program fails, does something else than it says, is worth knowing, could be nicer."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    HINT = "hint"


class Applicability(enum.Enum):
    """Whether a fix may be applied unasked (`SAFE`), only when asked for (`UNSAFE`), or only be shown (`DISPLAY`)."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that remove a finding. Safe: the program then does what its author wrote it to do, nothing else changes."""

    title: str
    edits: tuple[TextEdit, ...]
    applicability: Applicability = Applicability.SAFE


@dataclass(frozen=True, slots=True)
class Finding:
    """One diagnostic.

    Attributes:
        span: the text a person would change.
        related: other places that explain it, with words.
        fixes: the best one first.
        url: the rule's documentation.
    """

    code: str
    name: str
    severity: Severity
    message: str
    span: Span
    related: tuple[tuple[Span, str], ...] = ()
    fixes: tuple[Fix, ...] = ()
    url: str = ""


@dataclass(frozen=True)
class Context:
    """What a rule may look at: the facts, the tree and text they are about, and the world they hold in."""

    facts: Facts
    parsed: ParsedModule
    world: World

    @property
    def text(self) -> str:
        """The analysed text."""
        return self.parsed.text

    @property
    def keras(self) -> tuple[int, int, int]:
        """The Keras version the program is for, as numbers: (3, 15, 1)."""
        return self.world.keras.as_tuple()

    @property
    def keras3(self) -> bool:
        """Whether the program is for Keras 3."""
        return self.keras >= (3,)

    def source(self, span: Span) -> str:
        """The text of a span."""
        return self.text[span.start : span.end]

    def span(self, node: ast.AST) -> Span:
        """Where a node of the tree stands."""
        return Span(*self.parsed.positions.span(node))

    @property
    def catalogue(self) -> Catalogue:
        """What is true about that Keras."""
        return load_catalogue(self.world.keras)

    def nodes(self, kind: type[Node]) -> list[Node]:
        """All nodes of a kind in the tree; the tree is walked once for all rules."""
        return self.parsed.nodes.of(kind)

    @cached_property
    def failures(self) -> dict[str, list[Failure]]:
        """Everything that is sure to fail, each under the code of the one rule that reports it."""
        from keras_lsp.rules.failures import sort_failures

        return sort_failures(self)


FixKind: TypeAlias = Literal["always", "sometimes", "none"]
Check: TypeAlias = Callable[[Context], Iterator[Finding]]

DOCUMENTATION = "https://keras-lsp.readthedocs.io/rules/"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; its module's docstring is its documentation page.

    Attributes:
        code: "KER201".
        name: in kebab-case, reads well after "allow".
        severity: of its findings unless they say otherwise.
        fix: whether findings come with a fix.
        since: the version of keras-lsp that brought it.
        documentation: Markdown.
        default: whether it is on unless selected.
    """

    code: str
    name: str
    severity: Severity
    fix: FixKind
    check: Check
    documentation: str
    since: str = "0.1.0"
    default: bool = True

    @property
    def summary(self) -> str:
        """One line: the first one of the documentation, without the code."""
        return self.documentation.split("\n", 1)[0].partition(": ")[2].rstrip(".")

    @property
    def url(self) -> str:
        """Where its documentation page is."""
        return f"{DOCUMENTATION}{self.name}"

    def finding(
        self,
        span: Span,
        message: str,
        *,
        severity: Severity | None = None,
        related: tuple[tuple[Span, str], ...] = (),
        fixes: tuple[Fix, ...] = (),
    ) -> Finding:
        """A finding of this rule."""
        return Finding(self.code, self.name, severity or self.severity, message, Span(*span), related, fixes, self.url)
