"""Commands that an editor can offer: model summary and graph, a rule's explanation, and help with the server itself.

Each takes one object and answers with one, so that any client can show the result its own way; a client that says it does nothing
with results gets what it can show instead.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types as t

from keras_lsp import __version__
from keras_lsp.server.dispatch import RequestError, failures
from keras_lsp.server.session import View

if TYPE_CHECKING:
    from keras_lsp.inference.facts import ModelFact, Span
    from keras_lsp.server.application import Application

Arguments = Mapping[str, Any]
Command = Callable[["Application", Arguments], Any]


def _view(application: Application, arguments: Arguments) -> View:
    view = application.session.view(str(arguments.get("uri", "")))
    if view is None:
        raise RequestError(t.ErrorCodes.InvalidParams, "the argument's uri names no open document")
    return view


def _model(application: Application, view: View, arguments: Arguments) -> ModelFact:
    """The model meant: by index, by variable name, at a position, or the only one."""
    models = view.analysis.facts.models
    if not models:
        raise RequestError(t.LSPErrorCodes.RequestFailed, "no Keras model was found in this file")
    index, name = arguments.get("model"), arguments.get("name")
    if isinstance(index, int) and 0 <= index < len(models):
        return models[index]
    if isinstance(name, str):
        for model in models:
            if name in (model.variable, model.name):
                return model
        raise RequestError(t.LSPErrorCodes.RequestFailed, f"no model named {name[:100]!r} in this file")
    position = arguments.get("position")
    if position is not None:
        typed = application.server.protocol.structure(position, t.Position)
        offset = view.offset(typed)
        around = [model for model in models if _is_about(model, offset)]
        before = [model for model in models if model.span.start <= offset]
        return around[-1] if around else before[-1] if before else models[0]
    return models[0]


def _is_about(model: ModelFact, offset: int) -> bool:
    """Whether the model, or a layer of it, is made at an offset."""
    spans = [row.span for row in model.layers or () if row.span is not None]
    return any(span.contains(offset) for span in (model.span, *spans))


def show_model_summary(application: Application, arguments: Arguments) -> dict[str, Any]:
    """The table of `model.summary()`; arguments: uri, and model (index), name or position."""
    from keras_lsp.features.summary import model_summary

    view = _view(application, arguments)
    model = _model(application, view, arguments)
    return {
        "title": f"Model: {model.name}",
        "text": model_summary(model, view.project.keras.generation),
        "languageId": "plaintext",
    }


def show_model_graph(application: Application, arguments: Arguments) -> dict[str, Any]:
    """The model's graph as Mermaid text, SVG and a page, and the layers that it shows.

    Arguments as for the summary, and: direction ("down" or "right"), blocks (whether several layers may be one box; by default
    where the model is large).

    A layer's place in the list is the number in the attribute `data-layer` of its group in the SVG, which for a block is that of its
    first layer, and all of them are in `data-layers`; its uri and range lead to the line that makes it, and are left out for one
    that no line makes. `blocks` says whether the picture in blocks is another one.
    """
    from keras_lsp.features.graph import graph_layers, has_blocks, layer_failed, model_graph
    from keras_lsp.features.lens import lens_title
    from keras_lsp.features.lookup import shape_text
    from keras_lsp.features.summary import model_summary

    view = _view(application, arguments)
    model = _model(application, view, arguments)
    layers: list[dict[str, Any]] = []
    for row in graph_layers(model):
        params = row.params if isinstance(row.params, int | None) else str(row.params)
        layer = {"name": row.name, "class": row.class_name, "output": shape_text(row.output), "params": params}
        place = {} if row.span is None else _place(view, row.span)
        layers.append({**layer, "depth": row.depth, "failed": layer_failed(row), **place})
    return {
        "title": f"Model: {model.name}",
        "subtitle": lens_title(model),
        "name": model.name,
        "model": next(index for index, other in enumerate(view.analysis.facts.models) if other is model),
        "reason": model.reason,
        "text": model_summary(model, view.project.keras.generation),
        "layers": layers,
        "blocks": has_blocks(model),
        **_place(view, model.span),
        **model_graph(
            model, "right" if arguments.get("direction") == "right" else "down", _flag(arguments.get("blocks"))
        ),
    }


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _place(view: View, span: Span) -> dict[str, Any]:
    uri, found = view.convert.range(span)
    ends = {"start": found.start, "end": found.end}
    return {
        "uri": uri,
        "range": {name: {"line": end.line, "character": end.character} for name, end in ends.items()},
    }


def status(application: Application, arguments: Arguments) -> dict[str, Any]:
    """What a status bar can show: the Keras of a document, how that is known, and how the worker is; arguments: uri."""
    worlds = application.worlds
    unit = application.session.unit(str(arguments.get("uri", "")))
    project = worlds.project(unit.path if unit is not None else "")
    return {
        "version": __version__,
        "keras": project.keras.label,
        "source": project.environment.source,
        "environment": str(project.environment.root) if project.environment.root is not None else None,
        "worker": worlds.state().get(f"Keras {project.key}", "not started")
        if project.settings.oracle.enable
        else "off",
        "trusted": worlds.trusted,
    }


def explain_error(application: Application, arguments: Arguments) -> dict[str, Any]:
    """A rule's documentation as Markdown; arguments: code. With `text` instead, what an error text or traceback means.

    Given the document's uri with it, the findings that the text is about, the likeliest first, each with its place; `place` is where
    to look: at the first of them, else in the innermost line of the document that the traceback passes through, else `None`.
    """
    from keras_lsp.rules.registry import find_rule

    text = arguments.get("text")
    if isinstance(text, str):
        return _explain_text(application, text, arguments)
    rule = find_rule(str(arguments.get("code", "")))
    if rule is None:
        raise RequestError(t.ErrorCodes.InvalidParams, "the argument's code names no rule")
    return {"title": f"{rule.code} {rule.name}", "text": rule.documentation, "languageId": "markdown"}


def _explain_text(application: Application, text: str, arguments: Arguments) -> dict[str, Any]:
    from keras_lsp.features.run_time_errors import explain_error, likely_causes, traceback_lines
    from keras_lsp.inference.facts import Span
    from keras_lsp.rules.registry import find_rule

    found = explain_error(text)
    rules = [rule for code in (found.rules if found is not None else ()) if (rule := find_rule(code)) is not None]
    causes: list[dict[str, Any]] = []
    place: dict[str, Any] = {}
    if arguments.get("uri"):
        view = _view(application, arguments)
        lines = view.analysis.document.lines
        passed = traceback_lines(text, view.analysis.document.uri, view.analysis.document.text)
        likely = likely_causes(text, found, view.analysis.findings, lambda at: lines.line(at) + 1, passed)
        causes = [{"code": cause.code, "message": cause.message, **_place(view, cause.span)} for cause in likely]
        if not causes and passed and passed[0] <= lines.count:
            start = lines.start(passed[0] - 1)
            place = _place(view, Span(start, start + len(lines.content(passed[0] - 1))))
    if found is None and not causes:
        raise RequestError(
            t.LSPErrorCodes.RequestFailed,
            "this error text is not known; give the last lines of the traceback, with the name of the exception",
        )
    parts = [found.meaning] if found is not None else []
    parts += [
        f"**{cause['code']}**, line {cause['range']['start']['line'] + 1}: {cause['message']}" for cause in causes
    ]
    if causes:
        place = {key: causes[0][key] for key in ("uri", "range")}
    elif place:
        line = place["range"]["start"]["line"] + 1
        parts.append(
            f"The traceback passes through line {line}." + (" None of these is certain there:" if rules else "")
        )
    if not causes and not rules:
        parts.append("No rule finds this without running the program.")
    elif not causes:
        parts.append("\n".join(f"- **{rule.code}** {rule.name}: {rule.summary}" for rule in rules))
    return {
        "title": "What the error means",
        "text": "\n\n".join(parts) + "\n",
        "languageId": "markdown",
        "rules": [{"code": rule.code, "name": rule.name, "url": rule.url} for rule in rules],
        "findings": causes,
        "place": place or None,
    }


def restart_worker(application: Application, arguments: Arguments) -> dict[str, Any]:
    """Start the Keras and Jedi processes anew, and ask again what they did not answer."""
    del arguments
    application.worlds.restart()
    application.background.forget()
    application.dispatcher.call_soon(application.knowledge_changed)
    return {"state": application.worlds.state()}


def print_debug_information(application: Application, arguments: Arguments) -> dict[str, Any]:
    """What a report of a problem should hold; no source text."""
    client = application.session.client
    information: dict[str, Any] = {
        "keras-lsp": __version__,
        "python": sys.version.split()[0],
        # platform.platform() would start `uname` to ask for the processor.
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "client": client.name,
        "columns": client.encoding,
        "diagnostics": "pulled" if client.pulls_diagnostics else "pushed",
        **application.session.summary(),
        "projects": application.worlds.summary(),
        "processes": application.worlds.state(),
        "internal errors": failures(),
    }
    text = "\n".join(f"{key}: {value}" for key, value in information.items())
    return {"title": "keras-lsp", "text": text, "languageId": "plaintext", "information": information}


COMMANDS: Mapping[str, Command] = {
    "keras-lsp.showModelSummary": show_model_summary,
    "keras-lsp.showModelGraph": show_model_graph,
    "keras-lsp.status": status,
    "keras-lsp.explainError": explain_error,
    "keras-lsp.restartWorker": restart_worker,
    "keras-lsp.printDebugInformation": print_debug_information,
}
