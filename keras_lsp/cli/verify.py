"""`check --verify`: asks Keras itself about every layer application, and reports where it says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keras_lsp.analysis import Analysis
from keras_lsp.catalogue.version import KerasVersion
from keras_lsp.cli.inputs import Input
from keras_lsp.cli.report import FileReport, place_text, span_of
from keras_lsp.inference.facts import Application, LayerFact
from keras_lsp.inference.keras.questions import Unsayable, say, say_call
from keras_lsp.oracle.cache import AnswerCache, default_path
from keras_lsp.oracle.process import KerasWorker
from keras_lsp.oracle.questions import LayerQuestion, Unaskable
from keras_lsp.oracle.service import KerasOracle, NullOracle, Oracle
from keras_lsp.oracle.verify import Claim, compare
from keras_lsp.project.environment import Environment
from keras_lsp.project.trust import Verdict, own_interpreter
from keras_lsp.shapes.tensor import Structure, Tensor, flatten

NOT_SAYABLE = "its arguments or inputs are not all known numbers and strings"
"""Why Keras is not asked about a call."""


def start_oracle(environment: Environment, verdict: Verdict, keras: KerasVersion, *, cache: bool = True) -> Oracle:
    """Keras in the interpreter that may be started, else in the one that runs keras-lsp; started at the first question."""
    if verdict.python is None:
        verdict = own_interpreter()
    if verdict.python is None:
        return NullOracle(verdict.reason)
    api = "keras" if keras.generation == 3 else "tf_keras" if _has_tf_keras(environment) else "keras"
    return KerasOracle(KerasWorker(str(verdict.python), api=api), AnswerCache(default_path() if cache else None))


def _has_tf_keras(environment: Environment) -> bool:
    import importlib.util

    return environment.versions.tf_keras is not None or (
        environment.origin == "none" and importlib.util.find_spec("tf_keras") is not None
    )


def verify(source: Input, analysis: Analysis, oracle: Oracle, report: FileReport) -> None:
    """Ask about every call of a Keras layer in one file; answers go into the report."""
    questions: list[LayerQuestion] = []
    claims: list[tuple[LayerFact, Application | None, Claim]] = []
    seen: set[str] = set()
    for layer, application in _calls(analysis):
        question = _question(analysis, layer, application)
        if question is None:
            _count(report, NOT_SAYABLE)
            continue
        key = f"{layer.span}{question}"
        if key not in seen:
            seen.add(key)
            questions.append(question)
            claims.append((layer, application, _claim(layer, application)))
    for (layer, application, claim), answer in zip(claims, oracle.ask_many(questions), strict=True):
        verdict = compare(claim, answer)
        report.verified += 1
        if verdict.kind == "undecided":
            report.verified -= 1
            _count(report, verdict.text)
        elif verdict.kind == "disagree":
            location, _, cell = span_of(source, *(application.span if application is not None else layer.span))
            report.disagreements.append(
                f"{place_text(source.path, location, cell)}: {layer.class_name}: {verdict.text}"
            )


def _count(report: FileReport, reason: str) -> None:
    report.undecided[reason] = report.undecided.get(reason, 0) + 1


def _calls(analysis: Analysis) -> Iterator[tuple[LayerFact, Application | None]]:
    """Keras's layers with each of their calls; a layer whose constructor fails, alone."""
    for layer in analysis.facts.layers:
        if layer.custom or not layer.canonical.startswith("keras."):
            continue
        if layer.error is not None:
            yield layer, None
        for application in layer.applications:
            if application.output is not None or application.error is not None:
                yield layer, application


def _question(analysis: Analysis, layer: LayerFact, application: Application | None) -> LayerQuestion | None:
    """The question in plain values; `None` where something is not known or is the user's own."""
    catalogue = analysis.context.catalogue
    try:
        inputs = None if application is None else [_specification(application.inputs)]
        extra: Mapping[str, object] = {} if application is None else application.call_arguments
        question = LayerQuestion(
            name=layer.canonical,
            inputs=inputs,
            call_arguments={
                name: _specification(value) if isinstance(value, Tensor) else say(catalogue, value)
                for name, value in extra.items()
            },
            **say_call(catalogue, layer.call),
        )
        question.to_json()
    except (Unaskable, Unsayable):
        return None
    return question


def _specification(structure: Structure) -> Any:
    if isinstance(structure, Tensor):
        if structure.shape is None:
            raise Unaskable("an input's rank is not known")
        return {"shape": list(structure.shape), "dtype": structure.dtype or "float32"}
    if isinstance(structure, dict):
        return {key: _specification(item) for key, item in structure.items()}
    if isinstance(structure, list | tuple):
        return [_specification(item) for item in structure]
    raise Unaskable("an input is not known")


def _claim(layer: LayerFact, application: Application | None) -> Claim:
    if application is None or application.error is not None:
        return Claim(fails=True)
    tensors = flatten(application.output)
    outputs = [None if tensor.shape is None else [_dim(dim) for dim in tensor.shape] for tensor in tensors]
    params = layer.params
    return Claim(
        outputs=outputs,
        params=params if isinstance(params, int) and len(layer.applications) == 1 else None,
        fails=False,
    )


def _dim(dim: object) -> int | str | None:
    return dim if dim is None or isinstance(dim, int) else str(dim)
