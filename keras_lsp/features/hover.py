"""What is shown under the cursor: shapes, where they come from, models, keywords; short first, details after."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from keras_lsp.catalogue import HiddenKeyword, Symbol
from keras_lsp.catalogue.identifiers import family_of
from keras_lsp.catalogue.keywords import EMBEDDINGS, RECURRENT
from keras_lsp.features import markup
from keras_lsp.features.layer_names import name_uses, named_layer
from keras_lsp.features.lookup import (
    calls,
    canonical_name,
    change_text,
    count_text,
    dtype_of,
    expression_at,
    keyword_at,
    layer_at,
    model_of,
    on_last_name,
    shape_text,
    variable_at,
)
from keras_lsp.features.training import describe_event, event_at
from keras_lsp.features.types import Hover
from keras_lsp.inference.facts import (
    Argument,
    Call,
    ExpressionFact,
    LayerFact,
    ModelEvent,
    ModelFact,
    ModelLayer,
    Span,
    Variable,
)
from keras_lsp.inference.values import DatasetValue, External, LayerValue, ModelValue, TensorValue, Unknown
from keras_lsp.rules.base import Context
from keras_lsp.rules.failures import own_input
from keras_lsp.rules.shape_arguments import as_shape
from keras_lsp.rules.wording import axes, is_symbolic
from keras_lsp.shapes.dim import Expr, format_shape
from keras_lsp.syntax.names import name_at

# More rows than this do not help in a hover; the summary shows them all.
MAX_ROWS = 16
# Values of constants are shown up to this length.
MAX_VALUE = 120
_INPUT_SHAPES = {
    "shape": "Shape of one sample, without the batch dimension; None for an axis of any size.",
    "batch_shape": "Shape of a whole batch, the batch size or None first.",
    "batch_size": "Fixed batch size, put before the shape.",
}
_QUOTED = re.compile(r"""(["'])(\w+)\1""")


def hover(context: Context, offset: int) -> Hover | None:
    """What is known about the text at an offset, `None` when nothing is."""
    found = keyword_at(context, offset)
    if found is not None:
        return _keyword_hover(context, *found)
    layer = layer_at(context, offset)
    if layer is not None:
        return Hover(layer.call.callee_span, describe_layer(context, layer))
    event = event_at(context, offset)
    if event is not None and event.method not in _PREDICTING:
        text = describe_event(event)
        return Hover(_method_span(context, event), text) if text else None
    identifier = _identifier_hover(context, offset)
    if identifier is not None:
        return identifier
    use = next(iter(name_uses(context, offset)), None)
    meant = named_layer(context, use) if use is not None else None
    if use is not None and meant is not None and not meant.span.contains(offset):
        here = next(each.span for each in name_uses(context, offset) if each.span.contains(offset))
        return Hover(here, describe_layer(context, meant))
    name = name_at(context.text, offset)
    if name is not None:
        found_name = _name_hover(context, name.text, Span(name.part_start, name.end), name.start, offset)
        if found_name is not None:
            return found_name
    fact = expression_at(context, offset)
    if fact is None or (name is None and context.text[offset : offset + 1].isspace()):
        return None
    if name is not None and not _is_callee(context, fact, Span(name.part_start, name.end)):
        return None
    return Hover(fact.span, describe_expression(context, fact))


# What these give back is a tensor, whose hover says more.
_PREDICTING = frozenset(("predict", "predict_on_batch"))


def _method_span(context: Context, event: ModelEvent) -> Span:
    span = event.call.callee_span
    return Span(context.text.rfind(".", span.start, span.end) + 1, span.end)


def _identifier_hover(context: Context, offset: int) -> Hover | None:
    """What the string at an offset names: `"mse"`, `"relu"`, `"adam"`, also in a list."""
    for call, _ in calls(context):
        if not call.span.contains(offset):
            continue
        for argument in call.arguments.values():
            if argument.unpacked or not argument.span.contains(offset):
                continue
            for quoted in _QUOTED.finditer(context.source(argument.span)):
                span = Span(argument.span.start + quoted.start(), argument.span.start + quoted.end())
                family = family_of(call.canonical, argument.name)
                if family is None or not span.contains(offset) or span.end == offset:
                    continue
                text = describe_identifier(context, family, quoted[2])
                return Hover(span, text) if text else None
    return None


def describe_identifier(context: Context, family: str, name: str) -> str:
    """What a string of a family ("losses", "activations", ...) names; empty for what is no public name."""
    symbol = context.catalogue.symbol(context.catalogue.resolve(f"keras.{family}.{name}") or "")
    if symbol is None:
        return ""
    of_class = re.fullmatch(r"Function form of (\w+)[.:].*", symbol.doc.split("\n", 1)[0])
    meant = context.catalogue.symbol(f"keras.{family}.{of_class[1]}") if of_class is not None else None
    return describe_symbol(context, symbol if meant is None or not meant.doc else replace(meant, name=symbol.name))


def _is_callee(context: Context, fact: ExpressionFact, part: Span) -> bool:
    """Whether a name belongs to the function of a call, or is the whole expression."""
    source = context.source(fact.span)
    return part.end == fact.span.end or source[part.end - fact.span.start :].lstrip().startswith("(")


def _name_hover(context: Context, dotted: str, part: Span, start: int, offset: int) -> Hover | None:
    for model in context.facts.models:
        if model.call is not None and on_last_name(context, model.call.callee_span, offset):
            return Hover(model.call.callee_span, describe_model(model))
    fact = context.facts.expressions.get(Span(start, part.end))
    if fact is not None and fact.kind == "value":
        title = context.source(fact.span)
        return Hover(part, describe_expression(context, fact, title))
    if "." not in dotted:
        variable = variable_at(context, dotted, offset)
        if variable is not None:
            if isinstance(variable.value, Unknown):
                reason = _why_unknown(context, variable)
                return Hover(part, reason) if reason else None
            text = describe_value(context, dotted, variable.value, variable.symbolic)
            if text:
                return Hover(part, text)
    owner, _, attribute = dotted.rpartition(".")
    if attribute == "shape" and owner and "." not in owner:
        array = variable_at(context, owner, offset)
        spec = array.value.spec if array is not None and isinstance(array.value, TensorValue) else None
        if spec is not None and spec.shape is not None:
            return Hover(part, markup.code(f"{dotted} = {format_shape(spec.shape)}"))
    model = model_of(context, owner, offset) if owner else None
    text = describe_model_attribute(model, attribute, dotted) if model is not None else ""
    if text:
        return Hover(part, text)
    canonical = canonical_name(context, dotted, offset)
    symbol = context.catalogue.symbol(canonical) if canonical else None
    if symbol is None or symbol.kind == "module":  # other servers say as much
        return None
    outer = expression_at(context, offset)
    about = describe_symbol(context, symbol)
    if outer is not None and outer.kind != "value" and outer.callee == canonical:
        about = markup.paragraphs(describe_expression(context, outer), about)
    return Hover(part, about)


def _why_unknown(context: Context, variable: Variable) -> str:
    """Why the result of a call of Keras, or on a tensor, is not known; empty for all that is of other kinds."""
    line_end = context.text.find("\n", variable.span.end)
    facts = [
        fact
        for span, fact in context.facts.expressions.items()
        if variable.span.end < span.start and (line_end < 0 or span.start < line_end) and fact.kind != "value"
    ]
    outer = min(facts, key=lambda fact: (fact.span.start, -fact.span.end), default=None)
    if outer is None or shape_text(outer.output) or not outer.reason or outer.kind == "model":
        return ""
    return markup.paragraphs(markup.code(variable.name), markup.items([f"unknown: {markup.escape(outer.reason)}"]))


def describe_layer(context: Context, layer: LayerFact) -> str:
    """The change of shape, how the sizes and parameters come about, and the equal forms of its first-layer keywords."""
    title = markup.bold(layer.class_name)
    applications = layer.applications
    outcomes = {change_text(a.inputs, a.output) for a in applications}
    change = outcomes.pop() if len(outcomes) == 1 else ""
    lines: list[str] = []
    if change:
        lines.append(f"{title} {markup.code(change)}")
    else:
        lines.append(title)
        lines += [markup.code(change_text(a.inputs, a.output)) for a in applications[:MAX_ROWS] if a.output is not None]
    first = applications[0] if applications else None
    error = layer.error or next((a.error for a in applications if a.error is not None), None)
    details: list[str] = []
    if error is not None:
        details.append(f"fails: {markup.code(error.text[: MAX_VALUE * 2])}")
    elif first is None:
        details.append(
            "not called on a tensor here" if layer.position != "sequential" else "the input is not known yet"
        )
    elif first.output is None and first.reason:
        details.append(f"unknown: {markup.escape(first.reason)}")
    if first is not None and first.output is not None:
        meaning = axes(layer.class_name, layer.configuration.data_format if layer.configuration else None)
        if meaning:
            details.append(f"input {markup.escape(meaning)}")
    total = layer.params
    formula = list(first.formula) if first is not None and first.output is not None else []
    ending = f"= {total:,}" if isinstance(total, int) else None
    counting = formula.pop() if ending and formula and formula[-1].endswith(ending) else ""
    details += [markup.code(line) for line in formula if "?" not in line]
    details += [
        f"{markup.code(name)} is unknown: {markup.escape(argument.value.reason)}"
        for name, argument in layer.call.arguments.items()
        if isinstance(argument.value, Unknown) and argument.value.reason and not argument.value.name
    ]
    if total != 0 and count_text(total):
        size = f", {markup.memory(total)} in float32" if isinstance(total, int) else ""
        details.append(f"{count_text(total)}{f': {markup.code(counting)}' if counting else ''}{size}")
    forms = equal_forms(context, layer)
    if forms:
        details.append("the same input: " + ", ".join(markup.code(form) for form in forms))
    if layer.trainable is False:
        details.append("not trainable")
    if first is not None and (layer.call.symbolic or is_symbolic(first.inputs)):
        details.append("names stand for sizes that the program computes")
    if len(applications) > 1:
        details.append(f"called {len(applications)} times")
    symbol = context.catalogue.symbol(layer.canonical) if layer.canonical else None
    about = describe_symbol(context, symbol, short=True) if symbol is not None else ""
    return markup.paragraphs("  \n".join(lines), markup.items(details), about)


def equal_forms(context: Context, layer: LayerFact) -> tuple[str, ...]:
    """Other ways to write a first layer's input shape."""
    arguments = layer.call.arguments
    given = [name for name in ("input_shape", "input_dim", "batch_input_shape", "input_length") if name in arguments]
    embeds = layer.class_name in EMBEDDINGS  # whose `input_dim` counts words
    if embeds and "input_dim" in given:
        given.remove("input_dim")
    if not given or (layer.applications and not own_input(layer)):
        return ()
    shape = getattr(layer.applications[0].inputs, "shape", None) if layer.applications else None
    if not shape:
        return meant_input(layer)
    sample, batch = shape[1:], shape[0]
    forms: list[str] = []
    if batch is None:
        forms.append(f"input_shape={format_shape(sample)}")
        if len(sample) == 1 and context.keras >= (2, 4) and not embeds:
            forms.append(f"input_dim={sample[0]}")
        forms.append(f"keras.Input({format_shape(sample)})")
    else:
        if not context.keras3:
            forms.append(f"batch_input_shape={format_shape(shape)}")
        forms.append(f"keras.Input(batch_shape={format_shape(shape)})")
    written = {f"{name}={''.join(context.source(arguments[name].span).split())}" for name in given}
    return tuple(form for form in forms if form.replace(" ", "") not in written)


def meant_input(layer: LayerFact) -> tuple[str, ...]:
    """The `Input` that says what first-layer keywords say that this Keras does not take; empty where they are not numbers."""
    values = {name: argument.value for name, argument in layer.call.arguments.items()}
    batch = as_shape(values.get("batch_input_shape"))
    if batch is not None:
        return (f"keras.Input(batch_shape={format_shape(batch)})",)
    sample = as_shape(values.get("input_shape")) if "input_shape" in values else None
    length, size = as_shape(values.get("input_length")), as_shape(values.get("input_dim"))
    if sample is None and layer.class_name in RECURRENT and length is not None and size is not None:
        sample = (*length, *size)
    if sample is None and layer.class_name in EMBEDDINGS and "input_length" in values:
        sample = length
    if sample is None or any(dim is not None and not isinstance(dim, int) for dim in sample):
        return ()
    fixed = values.get("batch_size")
    return (f"keras.Input({format_shape(sample)}{f', batch_size={fixed}' if isinstance(fixed, int) else ''})",)


def describe_model_attribute(model: ModelFact, attribute: str, title: str) -> str:
    """`model.layers`, `model.inputs` and `model.outputs`; empty for all others, and where they are not known."""
    if attribute == "layers" and model.layers is not None:
        count = len(model.layers)
        return markup.paragraphs(
            f"{markup.code(title)} {count} layer{'' if count == 1 else 's'}", markup.items(_rows(model.layers))
        )
    tensors = model.inputs if attribute == "inputs" else model.outputs if attribute == "outputs" else None
    if tensors is None:
        return ""
    shapes = ", ".join(shape_text(tensor) or "unknown" for tensor in tensors)
    dtypes = [dtype for tensor in tensors if (dtype := dtype_of(tensor))]
    return markup.paragraphs(markup.code(f"{title}: [{shapes}]"), markup.items(sorted(set(dtypes))))


def _rows(layers: Sequence[ModelLayer]) -> list[str]:
    """A line for each layer, up to a number that helps."""
    rows: list[str] = []
    for row in layers[:MAX_ROWS]:
        shape = shape_text(row.output)
        counted = f" {markup.number(row.params)}" if isinstance(row.params, int) and row.params else ""
        rows.append(f"{markup.code(row.name)} {markup.escape(row.class_name)} {markup.code(shape or '?')}{counted}")
    more = len(layers) - MAX_ROWS
    if more > 0:
        rows.append(f"... and {more} more")
    return rows


def describe_model(model: ModelFact) -> str:
    """Inputs, outputs, parameters, and the layers."""
    change = change_text(model.inputs, model.outputs)
    head = markup.bold(model.class_name)
    if change:
        head += f" {markup.code(change)}"
    counted = count_text(model.params)
    facts: list[str] = []
    if counted:
        frozen = (
            model.params - model.trainable if isinstance(model.params, int) and isinstance(model.trainable, int) else 0
        )
        size = f", {markup.memory(model.params)} in float32" if isinstance(model.params, int) else ""
        facts.append(f"{counted}{f', {markup.number(frozen)} of them not trainable' if frozen else ''}{size}")
    elif model.reason:
        facts.append(markup.escape(model.reason))
    if model.inputs and not (model.outputs and change):  # else the first line says it
        facts.append(f"inputs: {markup.code(shape_text(model.inputs) or 'unknown')}")
    if model.outputs and not (model.inputs and change):
        facts.append(f"outputs: {markup.code(shape_text(model.outputs) or 'unknown')}")
    if model.symbolic:
        facts.append("names stand for sizes that the program computes")
    return markup.paragraphs(head, markup.items(facts), markup.items(_rows(model.rows)))


def describe_expression(context: Context, fact: ExpressionFact, title: str = "") -> str:
    """The value of an expression: its shape, or why it is not known."""
    if fact.model is not None and fact.kind == "model":
        return describe_model(fact.model)
    if fact.layer is not None and fact.kind == "layer" and not title:
        head = describe_layer(context, fact.layer)
        if len(fact.layer.applications) <= 1:
            return head
    change = change_text(fact.inputs, fact.output) if fact.kind != "value" else shape_text(fact.output)
    name = title or (fact.callee or "").rpartition(".")[2]
    dtype = dtype_of(fact.output)
    head = markup.code(f"{name}: {change}" if title and change else change) if change else ""
    if not title and name:
        head = f"{markup.bold(name)} {head}".strip()
    notes: list[str] = []
    if dtype:
        notes.append(dtype)
    if not change:
        notes.append(f"unknown: {markup.escape(fact.reason or 'nothing is known about its shape')}")
        head = head or markup.code(name)
    if fact.contexts > 1:
        notes.append(f"evaluated {fact.contexts} times; sizes that differ are None")
    if fact.symbolic or is_symbolic(fact.output):
        notes.append("names stand for sizes that the program computes")
    if fact.source not in ("rule", "unknown"):
        notes.append(f"answered by {markup.escape(fact.source)}")
    return markup.paragraphs(head, markup.items(notes))


def describe_value(context: Context, name: str, value: object, symbolic: bool) -> str:
    """The value of a variable; empty for values that Python servers show better."""
    if isinstance(value, ModelValue):
        return describe_model(value.model_fact)
    if isinstance(value, LayerValue):
        return describe_layer(context, value.fact)
    if isinstance(value, TensorValue):
        shape = value.spec.shape
        kind = {"numpy": "array", "keras": "symbolic tensor"}.get(value.kind, "tensor")
        about = [f"{value.spec.dtype} {kind}" if value.spec.dtype else kind]
        if isinstance(value.spec.classes, int):
            about.append(f"class numbers 0 to {value.spec.classes - 1}")
        if symbolic or is_symbolic(value.spec):
            about.append("names stand for sizes that the program computes")
        return markup.paragraphs(markup.code(f"{name}: {format_shape(shape)}"), markup.items(about))
    if isinstance(value, DatasetValue):
        element = value.element
        parts = cast("tuple[object, ...]", element) if isinstance(element, tuple) else (element,)
        shapes = ", ".join(format_shape(p.spec.shape) for p in parts if isinstance(p, TensorValue))
        batched = " in batches" if value.batched else ""
        return markup.code(f"{name}: dataset of {shapes}{batched}") if shapes else ""
    if isinstance(value, Expr) or (isinstance(value, Unknown) and value.name):
        return ""
    shape = None if isinstance(value, int) else as_shape(value)
    if shape:
        return markup.code(f"{name} = {format_shape(shape)}")
    if isinstance(value, External):
        symbol = context.catalogue.symbol(context.catalogue.resolve(value.path) or "")
        return describe_symbol(context, symbol) if symbol is not None else ""
    return ""


def describe_symbol(context: Context, symbol: Symbol, short: bool = False) -> str:
    """A public Keras name: signature, first line of its documentation, link."""
    link = markup.link("Keras documentation", symbol.url)
    doc = markup.escape(symbol.doc.split("\n", 1)[0]) if symbol.doc else ""
    if short:
        return " ".join(part for part in (doc, link) if part)
    missing = "" if symbol.available else f"not in {context.world.keras.label}"
    return markup.paragraphs(markup.code(symbol.name), missing, doc, link)


def _keyword_hover(context: Context, call: Call, argument: Argument, layer: LayerFact | None) -> Hover | None:
    span = argument.keyword_span
    if span is None:
        return None
    hidden = hidden_keyword(context, call, argument.name) if layer is not None and layer.canonical else None
    if hidden is not None and (not hidden.declared or hidden.meaning):
        return Hover(span, describe_keyword(context, call, hidden, layer))
    symbol = context.catalogue.symbol(call.canonical)
    parameters = symbol.parameters if symbol is not None else None
    if parameters is None:
        owner, _, method = call.canonical.rpartition(".")
        parameters = context.catalogue.method(owner, method)
    parameter = next((p for p in parameters or () if p.name == argument.name), None)
    if parameter is None:
        return None
    default = f" = {parameter.default_text}" if parameter.has_default else ""
    choices = sorted(
        context.catalogue.identifiers_for(call.canonical, parameter.name), key=lambda name: not name.islower()
    )
    accepted = ", ".join(markup.code(choice) for choice in choices[:MAX_ROWS])
    more = ", ..." if len(choices) > MAX_ROWS else ""
    meaning = _INPUT_SHAPES.get(parameter.name, "") if call.canonical == "keras.Input" else ""
    if meaning:
        made = context.facts.expressions.get(call.span)
        shape = shape_text(made.output) if made is not None else ""
        here = [f"here: {markup.code(shape)}"] if shape else []
        return Hover(span, markup.paragraphs(f"{markup.code(parameter.name)} of Input", meaning, markup.items(here)))
    return Hover(
        span,
        markup.paragraphs(
            markup.code(f"{parameter.name}{default}"),
            f"{markup.escape(call.canonical.rpartition('.')[2])} in {context.world.keras.label}",
            f"accepts {accepted}{more}" if accepted else "",
        ),
    )


def hidden_keyword(context: Context, call: Call, name: str) -> HiddenKeyword | None:
    """What a layer does with a keyword that may be in no signature."""
    return context.catalogue.hidden_keywords(call.canonical).get(name) if call.canonical else None


def describe_keyword(context: Context, call: Call, keyword: HiddenKeyword, layer: LayerFact | None) -> str:
    """What a hidden keyword means here, what it equals, and the way it takes through the constructors."""
    class_name = call.canonical.rpartition(".")[2]
    status = {
        "accepted": "",
        "warns": f"{context.world.keras.label} takes it with a warning",
        "rejected": f"{context.world.keras.label} does not take it",
    }[keyword.status]
    notes = [status] if status else []
    forms = equal_forms(context, layer) if layer is not None else ()
    together = [name for name in ("input_dim", "input_length") if name in call.arguments and name != keyword.name]
    if keyword.status == "rejected" and layer is not None and layer.error is None and layer.applications and together:
        # Keras 2.3 takes some only in company.
        notes = [f"{context.world.keras.label} takes it with {markup.code(together[0])}, with a warning"]
    if keyword.equals:
        form, _, where = keyword.equals.partition(" as the ")
        useless = keyword.meaning.startswith("Ignored") or (keyword.status == "rejected" and "not" in notes[0])
        say = "say instead" if useless else "the same as"
        notes.append(f"{say} {markup.code(form)}{f' as the {where}' if where else ''}")
    if forms:
        notes.append("here: " + ", ".join(markup.code(form) for form in forms))
    if len(keyword.route) > 1 and keyword.status != "rejected" and not keyword.declared:
        notes.append("its way through `**kwargs`: " + " -> ".join(markup.escape(step) for step in keyword.route))
    return markup.paragraphs(
        f"{markup.code(keyword.name)} of {markup.escape(class_name)}",
        markup.escape(keyword.meaning),
        markup.items(notes),
    )
