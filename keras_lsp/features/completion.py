"""Completion: keywords with the hidden ones, members of Keras modules, string identifiers, shapes that fit, layer names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from keras_lsp.catalogue import load_catalogue
from keras_lsp.features import markup
from keras_lsp.features.hover import describe_keyword
from keras_lsp.features.lookup import canonical_name, dotted_path, model_of
from keras_lsp.features.types import CompletionItem, ItemKind
from keras_lsp.inference.facts import Call, Span
from keras_lsp.inference.values import ListValue, TensorValue
from keras_lsp.inference.world import World
from keras_lsp.project.settings import Settings
from keras_lsp.rules.base import Context
from keras_lsp.rules.model_data import activation_of
from keras_lsp.rules.renamed import KERAS_2
from keras_lsp.shapes.dim import format_shape
from keras_lsp.syntax.calls import CallContext, CompletionContext, completion_context

# Offered shapes and names are few; a client filters, but a person reads.
MAX_SHAPES = 8
_SHAPE_PARAMETERS = frozenset(("shape", "input_shape"))
_BATCH_SHAPE_PARAMETERS = frozenset(("batch_shape", "batch_input_shape"))
# Registered base classes: a user never means them.
_BASE_NAMES = frozenset(("Initializer", "Loss", "Metric", "Regularizer", "Constraint", "Optimizer", "initializer", "loss",
                         "metric", "regularizer", "constraint", "optimizer"))  # fmt: skip
# The losses that go with a last activation, best first.
_LOSSES_FOR = {
    "softmax": ("sparse_categorical_crossentropy", "categorical_crossentropy"),
    "sigmoid": ("binary_crossentropy",),
    "linear": ("mean_squared_error", "mse", "mean_absolute_error", "mae", "huber"),
    "relu": ("mean_squared_error", "mse", "mean_absolute_error"),
}
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
    if found.kind == "name" and call.active_keyword is not None and not call.nesting:
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
    if name in _SHAPE_PARAMETERS:
        return _shapes(context, span, offset, batch=False)
    if name in _BATCH_SHAPE_PARAMETERS:
        return _shapes(context, span, offset, batch=True)
    if canonical is None:
        return []
    return [
        replace(item, insert_text=f'"{item.label}"', label=f'"{item.label}"')
        for item in _identifiers(context, canonical, name, span, call, offset)
    ]


def _shapes(context: Context, span: Span, offset: int, batch: bool) -> list[CompletionItem]:
    """Shapes of the arrays in scope, as source that follows the data and as numbers."""
    found: dict[str, CompletionItem] = {}
    for variable in reversed(context.facts.variables):
        value = variable.value
        if variable.span.start > offset or not isinstance(value, TensorValue) or value.kind == "keras":
            continue
        shape = value.spec.shape
        if shape is None or len(shape) < 2:
            continue
        source = f"{variable.name}.shape[1:]" if not batch else f"(None, *{variable.name}.shape[1:])"
        sample = (None, *shape[1:]) if batch else shape[1:]
        detail = f"{format_shape(sample)}, one sample of {variable.name}"
        found.setdefault(source, CompletionItem(source, "value", source, span, detail=detail))
        if all(isinstance(dim, int) for dim in shape[1:]):
            text = format_shape(sample)
            found.setdefault(text, CompletionItem(text, "value", text, span, detail=f"one sample of {variable.name}"))
    return list(found.values())[:MAX_SHAPES]


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
        model = model_of(context, call.callee.partition(".")[0], offset)
        last = next((row.fact for row in reversed(model.layers or ()) if row.fact is not None), None) if model else None
        first = _LOSSES_FOR.get(activation_of(last) or "", ())
    ordered = [name for name in first if name in names]
    # snake_case names before class names, which mean the same objects
    ordered += sorted((name for name in names if name not in ordered), key=lambda name: (not name.islower(), name))
    return [CompletionItem(name, "constant", name, span, detail=parameter) for name in ordered]


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
