"""KER503: a name is used that this Keras does not have.

## What it does
Reports imports and names of Keras that exist in other versions only (`keras.utils.np_utils`, `keras.layers.core`,
`keras.preprocessing.image.ImageDataGenerator`), modules of Keras's own that are not there or have moved out of reach
(`keras.engine`), and methods and attributes that are gone (`predict_classes`, `fit_generator`, `layer.output_shape`, `optimizer.lr`). Code that is
prepared for their absence, by `try` or a version check, is left alone.

## Why it matters
The program stops with `ModuleNotFoundError` or `AttributeError`, some of it only after training.

## Example
```python
x, y = np.zeros((10, 3), "float32"), np.zeros((10, 1), "float32")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit_generator(x, y)
```

## Use instead
```python
x, y = np.zeros((10, 3), "float32"), np.zeros((10, 1), "float32")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, y)
```

## Fix
`fit_generator` and its kin become `fit`, `evaluate` and `predict`; names that moved get their new place.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from keras_lsp.catalogue.successors import SUCCESSORS
from keras_lsp.inference.facts import ModelEvent, Span
from keras_lsp.rules.base import Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.model_data import activation_of
from keras_lsp.rules.names import dotted_name, dotted_root, other_targets
from keras_lsp.rules.wording import keras_name, raises
from keras_lsp.text.edits import TextEdit

# method -> (its successor, first version without it)
_METHODS: dict[str, tuple[str, tuple[int, int]]] = {
    "fit_generator": ("fit", (3, 0)),
    "evaluate_generator": ("evaluate", (3, 0)),
    "predict_generator": ("predict", (3, 0)),
    "predict_classes": ("", (2, 6)),
    "predict_proba": ("predict", (2, 6)),
    "reset_states": ("", (3, 0)),
}
_PREPARED = re.compile(r"version|hasattr|KERAS|TF_|find_spec", re.IGNORECASE)


def check(context: Context) -> Iterator[Finding]:
    """Names and methods that are not there."""
    prepared = list(_prepared_spans(context))
    reported: set[Span] = set()
    for event in context.facts.events:
        if (
            event.method in _METHODS
            and not event.call.guarded
            and event.model.class_name in ("Sequential", "Functional")
        ):
            finding = _method(context, event)
            if finding is not None and not _inside(finding.span, prepared):
                yield finding
    yield from _attributes(context, prepared)
    yield from _learning_rates(context, prepared)
    answers: dict[str, str | None] = {}
    others = other_targets(context)
    for node in (*context.nodes(ast.Import), *context.nodes(ast.ImportFrom), *context.nodes(ast.Attribute)):
        for named, dotted in _names(context, node, answers):
            if dotted not in answers:
                answers[dotted] = missing_name(context, dotted)
            missing = answers[dotted]
            if missing is None or (others and _elsewhere(context, named, dotted, others)):
                continue
            span = context.span(named)
            if span in reported or _inside(span, prepared) or context.parsed.is_broken(span.start):
                continue
            if any(known.start <= span.start and span.end <= known.end for known in reported):
                continue
            reported.add(span)
            successor = next(
                (
                    new
                    for old, new in SUCCESSORS.items()
                    if _main(missing) == old or _main(missing).startswith(old + ".")
                ),
                "",
            )
            advice = f" Use {successor}." if successor else ""
            yield RULE.finding(span, f"{keras_name(context)} has no `{missing}`.{advice}")


def _attributes(context: Context, prepared: list[Span]) -> Iterator[Finding]:
    """Attributes that layers of Keras 2 had."""
    for failure in context.failures.get("KER503", ()):
        name = str(failure.error.facts.get("attribute"))
        if _inside(failure.span, prepared):
            continue
        span = Span(failure.span.end - len(name), failure.span.end)
        fixes: tuple[Fix, ...] = ()
        advice = ""
        if name in ("output_shape", "input_shape") and context.source(span) == name:
            new = f"{name.partition('_')[0]}.shape"
            advice = f" Use `.{new}`."
            fixes = (Fix(f"Use `.{new}`", (TextEdit(*span, new),)),)
        yield RULE.finding(
            span, f"Layers have no `{name}` in Keras 3.{advice} {raises(context, failure.error)}", fixes=fixes
        )


def _learning_rates(context: Context, prepared: list[Span]) -> Iterator[Finding]:
    """`model.optimizer.lr`, which optimizers of Keras 3 have not."""
    read = [
        (node, node.value.value)
        for node in (context.nodes(ast.Attribute) if context.keras3 else ())
        if node.attr == "lr"
        and isinstance(node.ctx, ast.Load)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "optimizer"
    ]
    if not read or any("ptimizer" in ast.unparse(base) for node in context.nodes(ast.ClassDef) for base in node.bases):
        return  # optimizers of the program may have it
    models = {model.variable for model in context.facts.models if model.variable is not None and not model.symbolic}
    callbacks = [context.span(node) for node in context.nodes(ast.ClassDef) if _is_callback(context, node)]
    for node, owner in read:
        span = context.span(node)
        of_model = isinstance(owner, ast.Name) and owner.id in models
        of_callback = (
            isinstance(owner, ast.Attribute)
            and owner.attr == "model"
            and isinstance(owner.value, ast.Name)
            and owner.value.id == "self"
            and _inside(span, callbacks)
        )
        if (of_model or of_callback) and not _inside(span, prepared):
            name = Span(span.end - 2, span.end)
            message = (
                f"Optimizers have no `lr` in {keras_name(context)}, only `learning_rate`. It raises: AttributeError."
            )
            yield RULE.finding(name, message, fixes=(Fix("Use `learning_rate`", (TextEdit(*name, "learning_rate"),)),))


def _is_callback(context: Context, node: ast.ClassDef) -> bool:
    names = (dotted_name(context, base) for base in node.bases)
    return any(context.catalogue.resolve(name) == "keras.callbacks.Callback" for name in names if name is not None)


def _elsewhere(context: Context, named: ast.AST, dotted: str, others: dict[str, set[str]]) -> bool:
    """Whether another import binds the name that an attribute starts with to something that has it."""
    root = dotted_root(named) if isinstance(named, ast.Attribute) else None
    main = context.facts.imports.get(root or "", "")
    rest = dotted[len(main) :]
    return any(missing_name(context, other + rest) is None for other in others.get(root or "", ()) if other != main)


def missing_name(context: Context, dotted: str) -> str | None:
    """The shortest part of a Keras name that this version does not have, if another version has it."""
    catalogue = context.catalogue
    parts = dotted.split(".")
    for end in range(1, len(parts) + 1):
        part = ".".join(parts[:end])
        if catalogue.exists(part) is False:
            return part
    return None


def _main(dotted: str) -> str:
    """The name below `keras`, whatever way leads there."""
    return re.sub(r"^(tensorflow(\.python)?\.keras|tf_keras)(?=\.|$)", "keras", dotted)


def _names(context: Context, node: ast.AST, answers: dict[str, str | None]) -> Iterator[tuple[ast.AST, str]]:
    if isinstance(node, ast.Attribute):
        dotted = dotted_name(context, node) if isinstance(node.ctx, ast.Load) else None
        # Where the root is missing, its import is reported.
        if dotted is not None and not answers.get(context.facts.imports.get(dotted_root(node) or "", "")):
            yield node, dotted
    elif isinstance(node, ast.Import):
        for alias in node.names:
            yield alias, alias.name
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            if alias.name != "*":
                yield alias, f"{node.module}.{alias.name}"


def _prepared_spans(context: Context) -> Iterator[Span]:
    """Code that runs only where the name exists, or where its absence is dealt with."""
    positions = context.parsed.positions
    for node in context.nodes(ast.Try):
        if node.handlers:
            yield Span(*positions.span(node))
    for test in (*context.nodes(ast.If), *context.nodes(ast.IfExp)):
        if _PREPARED.search(context.source(Span(*positions.span(test.test)))):
            yield Span(*positions.span(test))


def _inside(span: Span, others: list[Span]) -> bool:
    return any(other.start <= span.start and span.end <= other.end for other in others)


def _method(context: Context, event: ModelEvent) -> Finding | None:
    successor, gone = _METHODS[event.method]
    if context.keras < gone or context.world.keras.contract.value in ("A", "B"):
        return None
    callee = event.call.callee_span
    span = Span(callee.end - len(event.method), callee.end)
    if context.source(span) != event.method:
        return None
    fixes: tuple[Fix, ...] = ()
    advice = f"Use `{successor}`."
    if event.method == "predict_classes":
        sigmoid = activation_of(event.last_layer) == "sigmoid"
        advice = (
            "Use `(model.predict(x) > 0.5).astype('int32')`."
            if sigmoid
            else "Use `np.argmax(model.predict(x), axis=-1)`."
        )
    elif event.method == "reset_states":
        advice = "Call `reset_states` on the stateful layers."
    elif successor and "generator" not in event.call.arguments:
        fixes = (Fix(f"Use `{successor}`", (TextEdit(span.start, span.end, successor),)),)
    elif successor:
        argument = event.call.arguments["generator"]
        if argument.keyword_span is None:
            fixes = (Fix(f"Use `{successor}`", (TextEdit(span.start, span.end, successor),)),)
        else:
            fixes = (
                Fix(
                    f"Use `{successor}`",
                    (
                        TextEdit(span.start, span.end, successor),
                        TextEdit(argument.keyword_span.start, argument.keyword_span.end, "x"),
                    ),
                ),
            )
    message = f"Models have no `{event.method}` in {keras_name(context)}. {advice}"
    return RULE.finding(span, message, fixes=fixes)


RULE = Rule("KER503", "removed-api", Severity.ERROR, "sometimes", check, __doc__ or "")
