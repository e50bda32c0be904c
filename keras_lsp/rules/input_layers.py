"""How a first layer's keywords are written as a `keras.Input`, in the program's own words."""

from __future__ import annotations

import ast

from keras_lsp.inference.facts import Call, LayerFact
from keras_lsp.rules.base import Applicability, Context, Fix
from keras_lsp.rules.failures import own_input, recurrent_core
from keras_lsp.rules.rewriting import insert_before_layer, is_written, remove_arguments, spell
from keras_lsp.syntax.compiling import parse_expression
from keras_lsp.text.edits import TextEdit

FIRST_LAYER_KEYWORDS = ("input_shape", "input_dim", "input_length", "batch_size", "batch_input_shape", "batch_shape")


def written_keywords(call: Call, names: tuple[str, ...] = FIRST_LAYER_KEYWORDS) -> list[str]:
    """The first-layer keywords that stand at the call itself."""
    return [name for name in names if name in call.arguments and is_written(call.arguments[name])]


def input_arguments(context: Context, layer: LayerFact) -> str | None:
    """The arguments of the `Input` that means what the first-layer keywords meant in Keras 2; `None` if they meant nothing."""
    call = layer.call
    sources = {name: context.source(call.arguments[name].span) for name in written_keywords(call)}
    if "input_dim" in sources and layer.class_name in ("Embedding", "ReversibleEmbedding"):
        del sources["input_dim"]
    for name in ("batch_input_shape", "batch_shape"):
        if name in sources:
            return f"batch_shape={sources[name]}"
    shape = sources.get("input_shape")
    length = sources.get("input_length")
    width = sources.get("input_dim")
    if shape is None:
        if recurrent_core(layer) is not None and (width is not None or length is not None):
            shape = f"({length or 'None'}, {width or 'None'})"
        elif layer.class_name == "Embedding" and length is not None:
            shape = length if _is_tuple(length) else f"({length},)"
        elif width is not None:
            shape = f"({width},)"
    if shape is None:
        return None
    if "batch_size" in sources:
        return f"shape={shape}, batch_size={sources['batch_size']}"
    return f"shape={shape}"


def _is_tuple(source: str) -> bool:
    return isinstance(parse_expression(source), ast.Tuple | ast.List)


def move_to_input(
    context: Context, layer: LayerFact, arguments: str | None = None, extra: tuple[str, ...] = ()
) -> tuple[TextEdit, ...] | None:
    """Edits that take the first-layer keywords off a Sequential's first layer and put a `keras.Input` before it."""
    if not own_input(layer):
        return None
    arguments = arguments or input_arguments(context, layer)
    names = [*written_keywords(layer.call), *extra]
    if layer.class_name in ("Embedding", "ReversibleEmbedding") and "input_dim" in names:
        names.remove("input_dim")
    removed = remove_arguments(context, layer.call, names)
    spelled = spell(context, layer.call, "Input")
    if arguments is None or removed is None or spelled is None:
        return None
    name, imports = spelled
    inserted = insert_before_layer(context, layer, f"{name}({arguments})")
    return None if inserted is None else (*inserted, *removed, *imports)


def input_fix(
    context: Context, layer: LayerFact, extra: tuple[str, ...] = (), applicability: Applicability = Applicability.SAFE
) -> Fix | None:
    """The fix that declares the input in a `keras.Input`."""
    arguments = input_arguments(context, layer)
    edits = move_to_input(context, layer, arguments, extra)
    if edits is None:
        return None
    return Fix(f"Declare the input as Input({arguments})", edits, applicability)


def removal_fix(
    context: Context, call: Call, names: list[str], applicability: Applicability = Applicability.SAFE
) -> Fix | None:
    """The fix that takes keywords out of a call."""
    edits = remove_arguments(context, call, names)
    if not names or edits is None:
        return None
    return Fix(f"Remove {', '.join(f'`{name}`' for name in names)}", edits, applicability)


def fixes(*candidates: Fix | None) -> tuple[Fix, ...]:
    """Those that are possible."""
    return tuple(fix for fix in candidates if fix is not None)
