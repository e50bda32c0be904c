"""Completion: keywords with the hidden ones, members of Keras modules, string identifiers, shapes that fit, layer names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from keras_lsp.catalogue import load_catalogue
from keras_lsp.catalogue.keras_2 import KERAS_2
from keras_lsp.features import markup
from keras_lsp.features.fitting_shapes import fitting_shapes
from keras_lsp.features.hover import describe_keyword
from keras_lsp.features.lookup import canonical_name, dotted_path, model_of
from keras_lsp.features.objectives import fitting_losses, fitting_metrics, loss_calls
from keras_lsp.features.types import CompletionItem, ItemKind
from keras_lsp.inference.facts import Call, ModelFact, Span
from keras_lsp.inference.values import ListValue
from keras_lsp.inference.world import World
from keras_lsp.project.settings import Settings
from keras_lsp.rules.base import Context
from keras_lsp.syntax.calls import CallContext
from keras_lsp.syntax.completions import CompletionContext, completion_context

# Offered shapes and names are few; a client filters, but a person reads.
MAX_SHAPES = 8
_SHAPE_PARAMETERS = frozenset(("shape", "input_shape"))
_BATCH_SHAPE_PARAMETERS = frozenset(("batch_shape", "batch_input_shape"))
# Registered base classes: a user never means them.
_BASE_NAMES = frozenset(("Initializer", "Loss", "Metric", "Regularizer", "Constraint", "Optimizer", "initializer", "loss",
                         "metric", "regularizer", "constraint", "optimizer"))  # fmt: skip
_METRICS = frozenset(("metrics", "weighted_metrics"))
_QUOTED = re.compile(r"""(["'])([^"'\\\n]*)\1""")
_KINDS: dict[str, ItemKind] = {"module": "module", "function": "function", "op": "function", "dataset": "module"}


def completions(context: Context, settings: Settings, offset: int) -> tuple[CompletionItem, ...]:
    """What may be typed at an offset, best first."""
    found = completion_context(context.text, offset)
    span = Span(found.start, found.end)
    if found.kind == "string":
        return tuple(_numbered(_string_items(context, found, span)))
    if found.kind == "attribute" and found.attribute is not None:
        path = dotted_path(context, found.attribute.base, offset) if found.attribute.dotted else None
        return tuple(_numbered(_members(context, path, span))) if path else ()
    if found.kind == "import-name":
        return tuple(_numbered(i for i in _members(context, found.module, span) if i.label not in found.names))
    if found.kind == "import-module":
        return tuple(_numbered(_modules(context, found, span)))
    call = found.call
    if call is None:
        return ()
    if found.kind == "argument":
        first = _values(context, call, offset, span) if call.active == 0 and not found.prefix else []
        return tuple(_numbered([*first, *_keywords(context, settings, call, offset, span)]))
    nested = call.nesting == "[" and call.active_keyword in _METRICS
    if found.kind == "name" and call.active_keyword is not None and (not call.nesting or nested):
        return tuple(_numbered(_values(context, call, offset, span)))
    return ()


def resolve_completion(world: World, item: CompletionItem) -> CompletionItem:
    """The item with the documentation of what it names."""
    symbol = load_catalogue(world.keras).symbol(item.data) if item.data and not item.documentation else None
    if symbol is None:
        return item
    link = markup.link("Keras documentation", symbol.url)
    return replace(
        item, documentation=markup.paragraphs(markup.escape(symbol.doc), link), detail=item.detail or symbol.name
    )


def _numbered(items: Iterable[CompletionItem]) -> Iterable[CompletionItem]:
    """Items that sort in the order in which they come, behind nothing and before other servers' where they are few."""
    for index, item in enumerate(items):
        yield replace(item, sort_text=f"{index:04d}")


# Members


def _members(context: Context, path: str, span: Span) -> list[CompletionItem]:
    """Public names of a Keras module, layers and functions before modules."""
    found: list[CompletionItem] = []
    if path in ("tensorflow", "tf"):
        return [CompletionItem("keras", "module", "keras", span, data="keras")]
    for name, main in context.catalogue.members(path).items():
        symbol = context.catalogue.symbol(main)
        kind = symbol.kind if symbol is not None else "class"
        main_name = "" if main.rpartition(".")[2] == name else f"alias of {main.rpartition('.')[2]}"
        found.append(CompletionItem(name, _KINDS.get(kind, "class"), name, span, detail=main_name, data=main))
    return sorted(found, key=lambda item: (item.kind == "module", bool(item.detail), item.label.lower()))


def _modules(context: Context, found: CompletionContext, span: Span) -> list[CompletionItem]:
    if not found.module:
        return [CompletionItem(name, "module", name, span, data="keras") for name in ("keras", "tensorflow")]
    return [item for item in _members(context, found.module, span) if item.kind == "module"]


# Keywords


def _keywords(context: Context, settings: Settings, call: CallContext, offset: int, span: Span) -> list[CompletionItem]:
    canonical = canonical_name(context, call.callee, offset) if call.dotted else None
    if canonical is None:
        return []
    catalogue = context.catalogue
    symbol = catalogue.symbol(canonical)
    if symbol is not None:
        parameters = symbol.parameters or ()
    else:
        owner, _, method = canonical.rpartition(".")
        parameters = catalogue.method(owner, method) or ()
    given = set(call.keywords)
    found: list[CompletionItem] = []
    position = 0
    for parameter in parameters:
        if parameter.kind.startswith("var-"):
            continue
        if parameter.kind.startswith("positional"):
            position += 1
            if position <= call.positional:
                continue
        if parameter.name in given:
            continue
        default = f"= {parameter.default_text}" if parameter.has_default else "required"
        found.append(CompletionItem(f"{parameter.name}=", "keyword", f"{parameter.name}=", span, detail=default))
    if symbol is None or symbol.kind != "layer" or not settings.hidden_keywords:
        return found
    names = {parameter.name for parameter in parameters}
    label = context.world.keras.label
    for name, keyword in catalogue.hidden_keywords(canonical).items():
        if name in names or name in given or keyword.status == "rejected":
            continue
        warns = keyword.status == "warns"
        detail = f"{label}: works, with a warning" if warns else f"hidden keyword of {label}"
        found.append(
            CompletionItem(
                f"{name}=",
                "keyword",
                f"{name}=",
                span,
                detail=detail,
                documentation=describe_keyword(context, _described(canonical), keyword, None),
                deprecated=warns and (canonical.rpartition(".")[2], name) in KERAS_2,
            )
        )
    return found


def _described(canonical: str) -> Call:
    return Call(canonical, Span(0, 0), Span(0, 0))


# Values


def _values(context: Context, call: CallContext, offset: int, span: Span) -> list[CompletionItem]:
    """What may stand behind `name=`, or as the first argument of `Input(`."""
    canonical = canonical_name(context, call.callee, offset) if call.dotted else None
    name = call.active_keyword
    if name is None and canonical == "keras.Input" and call.active == 0:
        name = "shape"
    if name is None:
        return []
    first_layer = canonical is None or canonical.rpartition(".")[2] in ("Input", "InputLayer")
    if name in _SHAPE_PARAMETERS and (name == "input_shape" or (canonical is not None and first_layer)):
        return _shapes(context, call, span, offset, batch=False)
    if name in _BATCH_SHAPE_PARAMETERS:
        return _shapes(context, call, span, offset, batch=True)
    if canonical is None:
        return []
    calls = loss_calls(context, _model(context, call, offset), offset) if name == "loss" else ()
    before, after = ('["', '"]') if name in _METRICS and not call.nesting else ('"', '"')
    return [
        *(CompletionItem(text, "function", text, span, detail="the model's output is logits") for text in calls),
        *(
            replace(item, insert_text=f"{before}{item.label}{after}", label=f"{before}{item.label}{after}")
            for item in _identifiers(context, canonical, name, span, call, offset)
        ),
    ]


def _shapes(context: Context, call: CallContext, span: Span, offset: int, batch: bool) -> list[CompletionItem]:
    found = fitting_shapes(context, call, offset, batch)[:MAX_SHAPES]
    return [CompletionItem(each.source, "value", each.source, span, detail=each.detail) for each in found]


def _string_items(context: Context, found: CompletionContext, span: Span) -> list[CompletionItem]:
    call = found.call
    if call is None or not call.dotted:
        return []
    if call.callee.endswith(".get_layer") and call.active_keyword in (None, "name"):
        return _layer_names(context, call, span)
    canonical = canonical_name(context, call.callee, found.start)
    if canonical is None:
        return []
    name = call.active_keyword or _positional_name(context, canonical, call.active)
    if name == "monitor":
        return _monitors(context, span)
    return _identifiers(context, canonical, name, span, call, found.start) if name else []


def _positional_name(context: Context, canonical: str, index: int) -> str | None:
    symbol = context.catalogue.symbol(canonical)
    owner, _, method = canonical.rpartition(".")
    parameters = symbol.parameters if symbol is not None else context.catalogue.method(owner, method)
    positional = [p.name for p in parameters or () if p.kind.startswith("positional") and p.name != "self"]
    return positional[index] if index < len(positional) else None


def _identifiers(
    context: Context, canonical: str, parameter: str, span: Span, call: CallContext, offset: int
) -> list[CompletionItem]:
    names = [name for name in context.catalogue.identifiers_for(canonical, parameter) if name not in _BASE_NAMES]
    first: tuple[str, ...] = ()
    if parameter == "loss":
        first = fitting_losses(context, _model(context, call, offset), offset)
    elif parameter in _METRICS:
        names = [name for name in names if name not in ("mean", "sum", "Mean", "Sum")]  # they take no labels
        given = next((a for a in call.arguments if a.keyword == "loss"), None)
        loss = _QUOTED.fullmatch(context.text[given.value_start : given.end].strip()) if given is not None else None
        first = fitting_metrics(context, _model(context, call, offset), loss[2] if loss is not None else None, offset)
        active = call.active_argument
        written = context.text[active.start : active.end] if active is not None else ""
        there = {
            match[2]
            for match in _QUOTED.finditer(written)
            if not active or match.start() + active.start != span.start - 1
        }
        names = [name for name in names if name not in there]
    ordered = [name for name in first if name in names]
    # snake_case names before class names, which mean the same objects
    ordered += sorted((name for name in names if name not in ordered), key=lambda name: (not name.islower(), name))
    fits = dict.fromkeys(first, "fits the last layer")
    return [CompletionItem(name, "constant", name, span, detail=fits.get(name, parameter)) for name in ordered]


def _model(context: Context, call: CallContext, offset: int) -> ModelFact | None:
    """The model whose method is called."""
    return model_of(context, call.callee.partition(".")[0], offset)


def _layer_names(context: Context, call: CallContext, span: Span) -> list[CompletionItem]:
    model = model_of(context, call.callee.rpartition(".")[0], call.callee_start)
    return [
        CompletionItem(row.name, "value", row.name, span, detail=row.class_name)
        for row in (model.layers if model is not None else None) or ()
    ]


def _monitors(context: Context, span: Span) -> list[CompletionItem]:
    """`val_loss`, `loss`, and the metrics that the file's models are compiled with."""
    names = ["val_loss", "loss"]
    for event in context.facts.events:
        metrics = event.call.arguments.get("metrics") if event.method == "compile" else None
        value = metrics.value if metrics is not None else None
        for item in (value.items or []) if isinstance(value, ListValue) else []:
            if isinstance(item, str):
                names += [f"val_{item}", item]
    return [CompletionItem(name, "constant", name, span, detail="monitor") for name in dict.fromkeys(names)]
