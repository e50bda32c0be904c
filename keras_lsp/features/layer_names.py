"""Names of layers as the program writes them: where a layer gets its name, and every string that means it by that name.

A layer's name is a string in many places: `name="probs"`, `get_layer("probs")`, the keys of `loss={"probs": ...}` and of the data
given to `fit`, `monitor="val_probs_loss"`. They are one name only where they are about the same model.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from keras_lsp.features.lookup import model_of, variable_at
from keras_lsp.inference.facts import Argument, Call, LayerFact, ModelFact, Span
from keras_lsp.inference.values import ModelValue
from keras_lsp.rules.base import Context
from keras_lsp.text.edits import TextEdit

# Arguments of the methods of a model whose dicts have names of inputs or outputs as keys.
_BY_NAME = ("x", "y", "loss", "loss_weights", "metrics", "weighted_metrics", "sample_weight", "validation_data")
_LITERAL = re.compile(r"""[uU]?("{3}|'{3}|"|')(?P<content>[^\\]*)\1""", re.DOTALL)
_FORBIDDEN = re.compile(r"""["'\\\n\r\0]""")
# A variable that holds a dict, that holds a variable that holds a dict.
_MAX_STEPS = 3


@dataclass(frozen=True, slots=True)
class NameUse:
    """One place of a name: its text inside the quotes, and the models (indices in `Facts.models`) whose layer it means.

    Attributes:
        gives: whether a layer or model gets its name here; `layer` is the layer.
        certain: whether it is known which model is meant.
    """

    span: Span
    name: str
    models: frozenset[int]
    layer: LayerFact | None = None
    certain: bool = True
    gives: bool = False


class Refused(Exception):
    """Why a name cannot be changed; the text is for the user."""


def name_uses(context: Context, offset: int) -> tuple[NameUse, ...]:
    """All places of the name at an offset, those that give it first; empty where no layer's name stands.

    Where it is not known of some place whether it means the same layer, it is among them, not `certain`.
    """
    every = tuple(_every_use(context))
    start = [use for use in every if use.span.contains(offset)]
    if not start:
        return ()
    name = start[0].name
    same = [use for use in every if use.name == name]
    models = frozenset[int]().union(*(use.models for use in start))
    while True:  # a literal that names layers of several models ties these together
        found = [use for use in same if use in start or not use.models.isdisjoint(models)]
        grown = models.union(*(use.models for use in found))
        if grown == models:
            break
        models = grown
    if not any(use.models or use.gives for use in found):
        return ()  # a key or a name that no layer has, as far as is known
    doubtful = [use for use in same if not use.certain and use not in found]
    alone = all(use in found or use in doubtful for use in same)
    found += [NameUse(use.span, name, models, certain=alone) for use in doubtful]
    return tuple(sorted(found, key=lambda use: (not use.gives, use.span)))


def named_layer(context: Context, use: NameUse) -> LayerFact | None:
    """The layer that a name means, also where no string of the program gives it that name."""
    if use.layer is not None:
        return use.layer
    rows = (row for index in use.models for row in context.facts.models[index].layers or ())
    return next((row.fact for row in rows if row.name == use.name and row.fact is not None), None)


def renaming_span(context: Context, offset: int) -> Span | None:
    """The name at an offset, `None` where no layer's name stands; raises `Refused` where it cannot be changed."""
    uses = name_uses(context, offset)
    if not uses:
        return None
    _check(context, uses)
    return next(use.span for use in uses if use.span.contains(offset))


def rename(context: Context, offset: int, new_name: str) -> tuple[TextEdit, ...]:
    """Edits that give the layer at an offset another name in all its uses; raises `Refused`."""
    uses = name_uses(context, offset)
    if not uses:
        raise Refused("no layer's name stands here")
    _check(context, uses)
    if not new_name or _FORBIDDEN.search(new_name) or (context.keras3 and "/" in new_name):
        raise Refused(f"{new_name!r} cannot be the name of a layer")
    for index in frozenset[int]().union(*(use.models for use in uses)):
        model = context.facts.models[index]
        if new_name != uses[0].name and any(row.name == new_name for row in model.layers or ()):
            raise Refused(f"{_described(model)} has a layer named {new_name!r} already")
    spans = dict.fromkeys(use.span for use in uses)
    return tuple(TextEdit(span.start, span.end, new_name) for span in sorted(spans))


def _check(context: Context, uses: tuple[NameUse, ...]) -> None:
    name = uses[0].name
    if not any(use.gives for use in uses):
        raise Refused(f"no string gives the layer its name {name!r}: Keras or the program makes it")
    doubtful = next((use for use in uses if not use.certain), None)
    if doubtful is not None:
        line = context.text.count("\n", 0, doubtful.span.start) + 1
        raise Refused(f"several layers are named {name!r}, and which one line {line} means is not known")


def _described(model: ModelFact) -> str:
    return f"the model {model.variable or model.name!r}"


def _every_use(context: Context) -> Iterator[NameUse]:
    yield from _givers(context)
    yield from _get_layers(context)
    yield from _comparisons(context)
    yield from _keys(context)
    yield from _monitors(context)


def _givers(context: Context) -> Iterator[NameUse]:
    """`name="probs"` of layers, inputs and models."""
    homes: dict[tuple[Span, str], set[int]] = {}
    named: dict[Span, tuple[Call, LayerFact | None]] = {
        layer.span: (layer.call, layer) for layer in context.facts.layers
    }
    for index, model in enumerate(context.facts.models):
        if model.call is not None:
            named.setdefault(model.span, (model.call, None))
        for row in model.layers or ():
            if row.span is not None:
                homes.setdefault((row.span, row.name), set()).add(index)
                if row.fact is not None:  # an input
                    named.setdefault(row.span, (row.fact.call, row.fact))
    for span, (call, layer) in named.items():
        argument = call.arguments.get("name")
        found = _content(context, argument.span) if argument is not None and not argument.unpacked else None
        if argument is not None and found is not None and argument.value == found[1]:
            yield NameUse(*found, frozenset(homes.get((span, found[1]), ())), layer, gives=True)


def _get_layers(context: Context) -> Iterator[NameUse]:
    """`model.get_layer("probs")`."""
    for node in context.nodes(ast.Call):
        if not isinstance(node.func, ast.Attribute) or node.func.attr != "get_layer":
            continue
        given = [keyword.value for keyword in node.keywords if keyword.arg == "name"]
        literal = node.args[0] if node.args else given[0] if given else None
        found = _content(context, _span(context, literal)) if isinstance(literal, ast.Constant) else None
        if found is not None:
            yield _use(context, found, _model_at(context, node.func.value))


def _comparisons(context: Context) -> Iterator[NameUse]:
    """`layer.name == "probs"` where `layer` runs over the layers of a model."""
    loops: dict[str, ModelFact | None] = {}
    for node in [*context.nodes(ast.For), *context.nodes(ast.comprehension)]:
        over = node.iter
        if isinstance(node.target, ast.Name) and isinstance(over, ast.Attribute) and over.attr == "layers":
            loops[node.target.id] = _model_at(context, over.value)
    for node in context.nodes(ast.Compare) if loops else ():
        left = node.left
        if not isinstance(left, ast.Attribute) or left.attr != "name" or not isinstance(left.value, ast.Name):
            continue
        if left.value.id not in loops:
            continue
        for right in node.comparators:
            for literal in right.elts if isinstance(right, ast.Tuple | ast.List | ast.Set) else [right]:
                found = _content(context, _span(context, literal)) if isinstance(literal, ast.Constant) else None
                if found is not None:
                    yield _use(context, found, loops[left.value.id])


def _keys(context: Context) -> Iterator[NameUse]:
    """The keys of `loss={"probs": ...}`, of `fit({"picture": ...}, {"probs": ...})`, and of the data sets given to it."""
    for event in context.facts.events:
        for name in _BY_NAME:
            argument = event.call.arguments.get(name)
            if argument is None or argument.unpacked:
                continue
            for key in _dict_keys(context, argument.span, _MAX_STEPS):
                found = _content(context, _span(context, key))
                if found is not None:
                    yield _use(context, found, event.model)


def _dict_keys(context: Context, span: Span, steps: int) -> Iterator[ast.Constant]:
    """Literal keys of the dicts written in an expression, or in the one that was assigned to the variable it names."""
    name = context.source(span)
    if name.isidentifier():
        variable = variable_at(context, name, span.start) if steps else None
        if variable is not None:
            for node in context.nodes(ast.Assign):
                if any(_span(context, target) == variable.span for target in node.targets):
                    yield from _dict_keys(context, _span(context, node.value), steps - 1)
        return
    for node in context.nodes(ast.Dict):
        inside = _span(context, node)
        if span.start <= inside.start and inside.end <= span.end:
            yield from (key for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


def _monitors(context: Context) -> Iterator[NameUse]:
    """The part of `monitor="val_probs_loss"` and `history["probs_accuracy"]` that is the name of one of several outputs."""
    outputs: dict[str, set[int]] = {}
    for index, model in enumerate(context.facts.models):
        rows = model.layers or []
        if len(model.outputs or ()) > 1:
            read = {name for row in rows for name in row.inbound}
            for row in rows:
                if row.name not in read:
                    outputs.setdefault(row.name, set()).add(index)
    if not outputs:
        return
    places = [_constant_place(call.arguments.get("monitor")) for call in context.facts.calls]
    places += [
        _span(context, node.slice)
        for node in context.nodes(ast.Subscript)
        if isinstance(node.value, ast.Attribute) and node.value.attr == "history"
    ]
    for place in places:
        found = _content(context, place) if place is not None else None
        if found is None:
            continue
        span, text = found
        for name, models in outputs.items():
            match = re.match(rf"(val_)?({re.escape(name)})_.", text)
            if match is not None:
                part = Span(span.start + match.start(2), span.start + match.end(2))
                yield NameUse(part, name, frozenset(models))


def _constant_place(argument: Argument | None) -> Span | None:
    return argument.span if argument is not None and not argument.unpacked else None


def _use(context: Context, found: tuple[Span, str], model: ModelFact | None) -> NameUse:
    span, name = found
    models = context.facts.models
    # A model that was evaluated several times has a fact for each time, and one place in the text.
    same = [index for index, other in enumerate(models) if model is not None and other.span == model.span]
    meant = frozenset(index for index in same if any(row.name == name for row in models[index].layers or ()))
    return NameUse(span, name, meant, certain=bool(meant))


def _model_at(context: Context, node: ast.expr) -> ModelFact | None:
    span = _span(context, node)
    if isinstance(node, ast.Name):
        return model_of(context, node.id, span.start)
    fact = context.facts.expressions.get(span)
    if fact is None:
        return None
    return fact.value.model_fact if isinstance(fact.value, ModelValue) else fact.model


def _span(context: Context, node: ast.AST | None) -> Span:
    return context.span(node) if node is not None else Span(0, 0)


def _content(context: Context, span: Span) -> tuple[Span, str] | None:
    """The text inside the quotes of a plain string literal."""
    match = _LITERAL.fullmatch(context.text, *span)
    if match is None or match[1] in match["content"]:
        return None
    return Span(*match.span("content")), match["content"]
