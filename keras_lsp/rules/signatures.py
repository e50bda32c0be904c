"""Parameter names of library calls, hidden keywords included."""

from __future__ import annotations

from keras_lsp.rules.base import Context


def parameter_names(context: Context, canonical: str) -> list[str]:
    """The names that a call may be given as keywords, hidden first-layer keywords included."""
    catalogue = context.catalogue
    head, _, method = canonical.rpartition(".")
    symbol = catalogue.symbol(canonical)
    if symbol is None:
        return [parameter.name for parameter in catalogue.method(head, method) or ()]
    names = [p.name for p in symbol.parameters or () if not p.kind.startswith("var-")]
    if symbol.kind == "layer":
        hidden = catalogue.hidden_keywords(canonical)
        names += [name for name, keyword in hidden.items() if keyword.status != "rejected" and name not in names]
    return names
