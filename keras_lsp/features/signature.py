"""Signature help: the parameters of the call around the cursor, hidden keywords behind a star."""

from __future__ import annotations

from keras_lsp.catalogue import Parameter as CatalogueParameter
from keras_lsp.features import markup
from keras_lsp.features.hover import describe_symbol
from keras_lsp.features.lookup import canonical_name
from keras_lsp.features.types import Parameter, SignatureHelp
from keras_lsp.project.settings import Settings
from keras_lsp.rules.base import Context
from keras_lsp.syntax.calls import CallContext, call_at

# Those that matter to shapes; the rest of the hidden keywords is in the completion.
_SHOWN = ("input_shape", "input_dim", "input_length", "batch_input_shape", "batch_size", "weights")


def signature_help(context: Context, settings: Settings, offset: int) -> SignatureHelp | None:
    """The signature of the innermost call around an offset that the catalogue knows."""
    call = call_at(context.text, offset)
    while call is not None:
        canonical = canonical_name(context, call.callee, offset) if call.dotted else None
        if canonical is not None:
            return _help(context, settings, call, canonical)
        call = call.outer
    return None


def _help(context: Context, settings: Settings, call: CallContext, canonical: str) -> SignatureHelp | None:
    catalogue = context.catalogue
    symbol = catalogue.symbol(canonical)
    owner, _, method = canonical.rpartition(".")
    declared = symbol.parameters if symbol is not None else catalogue.method(owner, method)
    if declared is None:
        return None
    parameters = [p for p in declared if p.name != "self"]
    labels = [_label(parameter) for parameter in parameters]
    shown = [Parameter(label, _about(context, canonical, p)) for label, p in zip(labels, parameters, strict=True)]
    names = [parameter.name for parameter in parameters]
    if symbol is not None and symbol.kind == "layer" and settings.hidden_keywords:
        hidden = catalogue.hidden_keywords(canonical)
        if parameters and parameters[-1].kind == "var-keyword":  # what hides in it is shown instead
            shown.pop()
            names.pop()
        for name in _SHOWN:
            keyword = hidden.get(name)
            if keyword is not None and keyword.status != "rejected" and name not in names:
                note = f"\n\n{context.world.keras.label} takes it with a warning." if keyword.status == "warns" else ""
                shown.append(Parameter(f"{name}=...", markup.escape(keyword.meaning) + note))
                names.append(name)
    documentation = describe_symbol(context, symbol, short=True) if symbol is not None else ""
    label = f"{canonical.rpartition('.')[2]}({', '.join(parameter.label for parameter in shown)})"
    return SignatureHelp(label, tuple(shown), _active(call, parameters, names), documentation)


def _label(parameter: CatalogueParameter) -> str:
    stars = {"var-positional": "*", "var-keyword": "**"}.get(parameter.kind, "")
    return f"{stars}{parameter.name}={parameter.default_text}" if parameter.has_default else f"{stars}{parameter.name}"


def _about(context: Context, canonical: str, parameter: CatalogueParameter) -> str:
    choices = context.catalogue.identifiers_for(canonical, parameter.name)
    if not choices:
        return ""
    more = ", ..." if len(choices) > 12 else ""
    return "accepts " + ", ".join(markup.code(choice) for choice in choices[:12]) + more


def _active(call: CallContext, parameters: list[CatalogueParameter], names: list[str]) -> int | None:
    current = call.active_argument
    keyword = current.keyword if current is not None else None
    if keyword is not None:
        return names.index(keyword) if keyword in names else None
    if current is not None and current.star:
        return None
    positional = [i for i, p in enumerate(parameters) if p.kind.startswith("positional")]
    if call.active < len(positional):
        return positional[call.active]
    return _index_of(parameters, "var-positional")


def _index_of(parameters: list[CatalogueParameter], kind: str) -> int | None:
    return next((index for index, parameter in enumerate(parameters) if parameter.kind == kind), None)
