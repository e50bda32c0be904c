"""A plugin of python-lsp-server: hovers, completions, signatures, diagnostics, definitions and quick fixes for Keras.

Where only one server per language runs (JupyterLab, eglot, Spyder), Keras's answers come through this plugin, and everything
else from python-lsp-server as before. Settings are those of `keras_lsp.project.settings`, under `pylsp.plugins.keras_lsp`.

python-lsp-server asks from several threads and applies changes in place; here an analysis belongs to one text, is made under a
lock, and is kept until the text, a module that it imports, or the configuration changes. No interpreter is ever started: what
would have to be asked of Keras itself stays unknown.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import pluggy

if TYPE_CHECKING:
    from keras_lsp.analysis import Analysis
    from keras_lsp.features.types import CompletionItem, SignatureHelp
    from keras_lsp.inference.facts import Span
    from keras_lsp.project.settings import Settings
    from keras_lsp.project.sources import SourceFinder
    from keras_lsp.rules.base import Finding
    from keras_lsp.text.edits import TextEdit
    from keras_lsp.text.lines import LineIndex

_log = logging.getLogger(__name__)

NAME = "keras_lsp"
"""The plugin's name, which is the key of its settings too."""

MAX_ANALYSES = 16
"""Analyses that are kept: one costs a few megabytes, and people look at fewer files at a time."""

hookimpl = pluggy.HookimplMarker("pylsp")
"""What python-lsp-server knows its plugins' functions by; it need not be imported for that."""

T = TypeVar("T")
Json: TypeAlias = dict[str, Any]

_COMPLETION_KINDS: Mapping[str, int] = {
    "function": 3,
    "keyword": 5,
    "variable": 6,
    "class": 7,
    "module": 9,
    "property": 10,
    "value": 12,
    "constant": 21,
}
_SEVERITIES: Mapping[str, int] = {"error": 1, "warning": 2, "info": 3, "hint": 4}


# --- What is analysed -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _View:
    """One document of python-lsp-server and what is known of the module it belongs to.

    Attributes:
        uri: of the document.
        path: where the module lives, for imports and settings.
        start: offset of the document's text in the analysed one: not 0 for the cells of a notebook.
        lines: of the document.
        masked: whether a stretch of the analysed text is not what the author wrote.
    """

    analysis: Analysis
    settings: Settings
    relative: str
    uri: str
    start: int
    lines: LineIndex
    masked: Callable[[int, int], bool]

    def offset(self, position: Mapping[str, int]) -> int:
        from keras_lsp.text.lines import Position

        return self.start + self.lines.offset_at(Position(position["line"], position["character"]), "utf-16")

    def contains(self, span: Span | TextEdit) -> bool:
        return self.start <= span.start and span.end <= self.start + self.lines.end(self.lines.count - 1)

    def range(self, span: Span | TextEdit) -> Json:
        (line, column), (end_line, end_column) = (
            self.lines.position(offset - self.start, "utf-16") for offset in (span.start, span.end)
        )
        return {
            "start": {"line": line, "character": column},
            "end": {"line": end_line, "character": end_column},
        }


class _Knowledge:
    """Analyses, and what they were made from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._analyses: OrderedDict[str, tuple[object, SourceFinder, Analysis]] = OrderedDict()
        self._environments: dict[str, Any] = {}
        self._disk: Any = None
        self._told: set[str] = set()

    def forget(self) -> None:
        """Configuration or environment may have changed."""
        with self._lock:
            self._analyses.clear()
            self._environments.clear()

    def view(self, config: Any, workspace: Any, document: Any) -> _View | None:
        """What is known of a document; `None` for one that is too large."""
        from keras_lsp.text.limits import MAX_SOURCE_BYTES
        from keras_lsp.text.lines import LineIndex
        from keras_lsp.text.notebook import Cell, mask_module, needs_masking, virtual_module

        source: str = document.source
        owner = getattr(document, "notebook_uri", None)
        notebook = workspace.get_maybe_document(owner) if owner is not None else None
        if notebook is not None:
            uris = [cell["document"] for cell in notebook.cells if cell.get("kind", 2) == 2]
            parts = [part for uri in uris if (part := workspace.get_cell_document(uri)) is not None]
            module = virtual_module([Cell(index, "code", part.source) for index, part in enumerate(parts)])
            number = next((index for index, part in enumerate(parts) if part.uri == document.uri), None)
            span = module.cells.span(number) if number is not None else None
            if span is None:
                return None
            uri, path, start = str(owner), str(notebook.uri), span.start
        else:
            module = mask_module(source) if needs_masking(source) else None
            uri, path, start = str(document.uri), str(document.path), 0
        text = source if module is None else module.text
        if len(text) > MAX_SOURCE_BYTES:
            return None
        sections = () if module is None else module.sections
        masked = _never if module is None else module.is_masked
        root = str(workspace.root_path or "")
        if "://" in path:  # a notebook's name: only its folder matters, for imports
            path = str(document.path)
        settings, relative = self._settings(config, path)
        with self._lock:
            analysis = self._analyse(workspace, uri, path, root, text, sections, settings)
        return _View(analysis, settings, relative, str(document.uri), start, LineIndex(source), masked)

    def _analyse(
        self,
        workspace: Any,
        uri: str,
        path: str,
        root: str,
        text: str,
        sections: tuple[tuple[int, int], ...],
        settings: Settings,
    ) -> Analysis:
        from keras_lsp.analysis import analyse_document
        from keras_lsp.inference.world import World
        from keras_lsp.project.sources import DiskTexts, SourceFinder
        from keras_lsp.text.document import Document

        if self._disk is None:
            self._disk = DiskTexts()
        # Versions are no key: JupyterLab opens a document and changes it under the same number.
        open_texts = {
            str(other.path): str(other.source)
            for other_uri, other in list(workspace.documents.items())
            if other_uri != uri and getattr(other, "path", None) and not hasattr(other, "notebook_uri")
        }
        known = self._analyses.get(uri)
        if known is not None and known[0] == (text, sections, settings, self._stamp(known[1], open_texts)):
            self._analyses.move_to_end(uri)
            return known[2]
        keras, packages = self.environment(root or str(Path(path).parent), settings)
        finder = SourceFinder([root] if root else [], packages, open_texts, self._disk)
        analysis = analyse_document(Document(uri, None, text), World(keras, path, finder.find), settings, sections)
        self._analyses[uri] = ((text, sections, settings, self._stamp(finder, open_texts)), finder, analysis)
        self._analyses.move_to_end(uri)
        while len(self._analyses) > MAX_ANALYSES:
            self._analyses.popitem(last=False)
        return analysis

    def _stamp(self, finder: SourceFinder, open_texts: Mapping[str, str]) -> tuple[tuple[str, str | None], ...]:
        """What the modules that an analysis looked at hold now."""
        return tuple(
            (path, open_texts[path] if path in open_texts else self._disk.read(path))
            for path in sorted(finder.consulted)
        )

    def environment(self, root: str, settings: Settings) -> tuple[Any, tuple[str, ...]]:
        """The Keras that programs below `root` are for, and where their packages are; read once."""
        from keras_lsp.catalogue.version import LATEST, parse_version
        from keras_lsp.project.environment import find_environment

        key = f"{root}|{settings.python}|{settings.keras_version}"
        found = self._environments.get(key)
        if found is None:
            environment = find_environment(Path(root) if root else None, settings.python)
            keras = LATEST
            for text in (settings.keras_version, environment.keras_version_text):
                if text is not None:
                    try:
                        keras = parse_version(text)
                        break
                    except ValueError as error:
                        self._tell(f"keras-version: {error}")
            found = self._environments[key] = (keras, tuple(str(folder) for folder in environment.site_packages))
        return found

    def _settings(self, config: Any, path: str) -> tuple[Settings, str]:
        """The settings of a file, the editor's on top of those of its project; and its path below the latter."""
        from keras_lsp.project.settings import apply, load_settings, restrict

        # Whoever opened this folder in JupyterLab trusted nobody by it.
        loaded = restrict(load_settings(Path(path)))
        editor = {key: value for key, value in config.plugin_settings(NAME).items() if key != "enabled"}
        applied = apply(loaded.settings, editor)
        for message in (*loaded.messages, *applied.messages):
            self._tell(str(message))
        try:
            relative = Path(path).relative_to(loaded.root).as_posix() if loaded.root is not None else ""
        except ValueError:
            relative = ""
        return applied.settings, relative

    def _tell(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            _log.warning("keras-lsp: %s", message)


def _never(start: int, end: int) -> bool:
    del start, end
    return False


_knowledge = _Knowledge()


def _answer(config: Any, workspace: Any, document: Any, ask: Callable[[_View], T], nothing: T) -> T:
    """What `ask` says of a document; whatever goes wrong here must not take the answers of other plugins along."""
    try:
        view = _knowledge.view(config, workspace, document)
        return nothing if view is None else ask(view)
    except Exception:
        _log.exception("keras-lsp could not answer")
        return nothing


def _markup(config: Any, markdown: str, *path: str) -> Json:
    """Markdown, or plain text for a client that says that it shows only this."""
    formats: Any = config.capabilities.get("textDocument")
    for name in path:
        formats = cast("Json", formats).get(name) if isinstance(formats, dict) else None
    if not formats or "markdown" in formats:
        return {"kind": "markdown", "value": markdown}
    from keras_lsp.features.markup import plain_text

    return {"kind": "plaintext", "value": plain_text(markdown)}


# --- Hooks ----------------------------------------------------------------------------------------------------------------


@hookimpl
def pylsp_settings(config: Any) -> Json:
    """On by default; what else can be set has its defaults in `keras_lsp.project.settings`, below the project's own file."""
    del config
    return {"plugins": {NAME: {"enabled": True}}}


@hookimpl
def pylsp_workspace_configuration_changed(config: Any, workspace: Any) -> None:
    """Settings changed; with them perhaps the environment."""
    del config, workspace
    _knowledge.forget()


@hookimpl
def pylsp_document_did_save(config: Any, workspace: Any, document: Any) -> None:
    """A configuration or a list of requirements may be what was saved."""
    del config, workspace
    if not str(document.path).endswith((".py", ".pyi", ".ipynb")):
        _knowledge.forget()


@hookimpl(tryfirst=True)  # the first answer counts, and Jedi's is never empty
def pylsp_hover(config: Any, workspace: Any, document: Any, position: Mapping[str, int]) -> Json | None:
    """A shape, a layer, a model or a keyword; anything else is left to others."""

    def ask(view: _View) -> Json | None:
        hover = view.analysis.hover(view.offset(position))
        if hover is None:
            return None
        answer: Json = {"contents": _markup(config, hover.markdown, "hover", "contentFormat")}
        return {**answer, "range": view.range(hover.span)} if view.contains(hover.span) else answer

    return _answer(config, workspace, document, ask, None)


@hookimpl(tryfirst=True)
def pylsp_signature_help(config: Any, workspace: Any, document: Any, position: Mapping[str, int]) -> Json | None:
    """The signature of a call of Keras, hidden keywords included."""

    def ask(view: _View) -> Json | None:
        found = view.analysis.signature_help(view.offset(position))
        return None if found is None else _signature(config, found)

    return _answer(config, workspace, document, ask, None)


def _signature(config: Any, found: SignatureHelp) -> Json:
    path = ("signatureHelp", "signatureInformation", "documentationFormat")
    parameters: list[Json] = []
    for parameter in found.parameters:
        item: Json = {"label": parameter.label}
        if parameter.documentation:
            item["documentation"] = _markup(config, parameter.documentation, *path)
        parameters.append(item)
    signature: Json = {"label": found.label, "parameters": parameters}
    if found.documentation:
        signature["documentation"] = _markup(config, found.documentation, *path)
    # An index past the last marks none: without one, clients mark the first.
    active = len(parameters) if found.active is None else found.active
    return {"signatures": [signature], "activeSignature": 0, "activeParameter": active}


@hookimpl(hookwrapper=True)
def pylsp_completions(
    config: Any, workspace: Any, document: Any, position: Mapping[str, int]
) -> Generator[None, Any, None]:
    """Our items first, and no second one of the same name; also where another plugin fails, as Jedi does on a torn cache."""
    outcome: Any = yield
    try:
        others: list[list[Json]] = [items for items in outcome.get_result() if items]
    except Exception:
        _log.warning("another plugin could not complete", exc_info=True)
        others = []
    ours = _answer(config, workspace, document, lambda view: _completions(config, view, position), [])
    names = {item["label"] for item in ours}
    for items in others:
        items[:] = [item for item in items if str(item.get("label", "")).partition("(")[0] not in names]
    outcome.force_result([ours, *others])


def _completions(config: Any, view: _View, position: Mapping[str, int]) -> list[Json]:
    return [
        _completion(config, view, item)
        for item in view.analysis.completions(view.offset(position))
        if view.contains(item.replace)
    ]


def _completion(config: Any, view: _View, item: CompletionItem) -> Json:
    resolved = view.analysis.resolve_completion(item) if item.data else item
    converted: Json = {
        "label": item.label,
        "kind": _COMPLETION_KINDS[item.kind],
        "insertText": item.insert_text,
        "textEdit": {"range": view.range(item.replace), "newText": item.insert_text},
        "insertTextFormat": 1,
        # Jedi's begin with "a" or "z": what Keras takes here stands above what is merely in scope.
        "sortText": f"0{item.sort_text or item.label}",
    }
    if item.filter_text:
        converted["filterText"] = item.filter_text
    if item.detail:
        converted["detail"] = item.detail
    if item.deprecated:
        converted["deprecated"] = True
    if resolved.documentation:
        path = ("completion", "completionItem", "documentationFormat")
        converted["documentation"] = _markup(config, resolved.documentation, *path)
    return converted


@hookimpl
def pylsp_lint(config: Any, workspace: Any, document: Any) -> list[Json]:
    """Findings of all rules that are selected."""

    def ask(view: _View) -> list[Json]:
        return [_diagnostic(view, finding) for finding in _findings(view) if view.contains(finding.span)]

    return _answer(config, workspace, document, ask, [])


def _findings(view: _View) -> tuple[Finding, ...]:
    from keras_lsp.rules.run import run_rules

    if view.settings.diagnostic_mode == "off":
        return ()
    return run_rules(view.analysis.context, view.settings, view.relative)


def _diagnostic(view: _View, finding: Finding) -> Json:
    diagnostic: Json = {
        "source": "keras-lsp",
        "range": view.range(finding.span),
        "message": finding.message,
        "severity": _SEVERITIES[finding.severity.value],
        "code": finding.code,
    }
    if finding.url:
        diagnostic["codeDescription"] = {"href": finding.url}
    related = [
        {"location": {"uri": view.uri, "range": view.range(span)}, "message": words}
        for span, words in finding.related
        if view.contains(span)
    ]
    if related:
        diagnostic["relatedInformation"] = related
    return diagnostic


@hookimpl
def pylsp_code_actions(config: Any, workspace: Any, document: Any, range: Mapping[str, Any]) -> list[Json]:
    """Quick fixes and rewrites."""

    def ask(view: _View) -> list[Json]:
        from keras_lsp.features.actions import code_actions

        start, end = view.offset(range["start"]), view.offset(range["end"])
        actions: list[Json] = []
        for action in code_actions(view.analysis.context, _findings(view), start, end, view.analysis.newest_findings):
            if not all(view.contains(edit) and not view.masked(edit.start, edit.end) for edit in action.edits):
                continue
            edits = [{"range": view.range(edit), "newText": edit.new_text} for edit in action.edits]
            actions.append(
                {
                    "title": action.title,
                    "kind": action.kind,
                    "isPreferred": action.is_preferred,
                    "diagnostics": [_diagnostic(view, finding) for finding in action.findings],
                    "edit": {"changes": {view.uri: edits}},
                }
            )
        return actions

    return _answer(config, workspace, document, ask, [])


@hookimpl
def pylsp_definitions(config: Any, workspace: Any, document: Any, position: Mapping[str, int]) -> list[Json]:
    """The line of Keras that takes a hidden keyword, which Jedi cannot find; names are Jedi's."""

    def ask(view: _View) -> list[Json]:
        from keras_lsp.features.types import LibraryTarget
        from keras_lsp.oracle.names.sources import find_hidden_keyword, source_location

        target = view.analysis.definition(view.offset(position))
        if not isinstance(target, LibraryTarget):
            return []
        root = str(workspace.root_path or "")
        _, folders = _knowledge.environment(root, view.settings)
        packages = [Path(folder) for folder in folders]
        if not packages:
            return []
        if target.keyword is not None:
            taken = find_hidden_keyword(packages, target.canonical, target.keyword)
            place = None if taken is None else taken.location
        else:
            place = source_location(target.canonical, packages)
        if place is None:
            return []
        at = {"line": max(place.line - 1, 0), "character": place.column}
        return [{"uri": Path(place.path).absolute().as_uri(), "range": {"start": at, "end": at}}]

    return _answer(config, workspace, document, ask, [])
