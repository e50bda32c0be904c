"""What stands at an offset: names, their values, the canonical names of callees."""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import Argument, Call, ExpressionFact, LayerFact, ModelFact, Span, Variable
from keras_lsp.inference.values import External, LibraryObject, ModelValue
from keras_lsp.rules.base import Context
from keras_lsp.shapes.dim import Dim, format_shape
from keras_lsp.shapes.tensor import Structure, Tensor, flatten


def variable_at(context: Context, name: str, offset: int) -> Variable | None:
    """The last binding of a name before an offset, else its first one."""
    found = [variable for variable in context.facts.variables if variable.name == name]
    before = [variable for variable in found if variable.span.start <= offset]
    if before:
        return max(before, key=lambda variable: variable.span.start)
    return found[0] if found else None


def dotted_path(context: Context, dotted: str, offset: int) -> str | None:
    """The library name that a dotted name in the text means: `L.Dense` -> "keras.layers.Dense"."""
    root, _, rest = dotted.partition(".")
    path = context.facts.imports.get(root)
    if path is None:
        variable = variable_at(context, root, offset)
        path = variable.value.path if variable is not None and isinstance(variable.value, External) else None
    if path is None:
        return None
    return f"{path}.{rest}" if rest else path


def canonical_name(context: Context, dotted: str, offset: int) -> str | None:
    """The main Keras name that a dotted name in the text means; methods of models as "keras.Model.fit"."""
    path = dotted_path(context, dotted, offset)
    if path is not None:
        return context.catalogue.resolve(path)
    base, _, method = dotted.rpartition(".")
    if base and "." not in base:
        variable = variable_at(context, base, offset)
        is_model = variable is not None and isinstance(variable.value, ModelValue)
        if is_model and context.catalogue.method("keras.Model", method) is not None:
            return f"keras.Model.{method}"
        if variable is not None and isinstance(variable.value, LibraryObject):
            owner = context.catalogue.resolve(variable.value.path)
            if owner is not None and context.catalogue.method(owner, method) is not None:
                return f"{owner}.{method}"
    return None


def model_of(context: Context, name: str, offset: int) -> ModelFact | None:
    """The model that a variable holds."""
    variable = variable_at(context, name, offset)
    if variable is not None and isinstance(variable.value, ModelValue):
        return variable.value.model_fact
    return None


def calls(context: Context) -> Iterator[tuple[Call, LayerFact | None]]:
    """All calls whose arguments are known, constructors of layers with their layer."""
    for layer in context.facts.layers:
        yield layer.call, layer
    for event in context.facts.events:
        yield event.call, None
    for call in context.facts.calls:
        yield call, None


def keyword_at(context: Context, offset: int) -> tuple[Call, Argument, LayerFact | None] | None:
    """The keyword whose name is under the cursor."""
    for call, layer in calls(context):
        for argument in call.arguments.values():
            if argument.keyword_span is not None and argument.keyword_span.contains(offset):
                return call, argument, layer
    return None


def on_last_name(context: Context, callee: Span, offset: int) -> bool:
    """Whether an offset is on the last name of a callee: `Dense` of `keras.layers.Dense`, whose other names are modules."""
    return callee.contains(offset) and offset > context.text.rfind(".", callee.start, callee.end)


def layer_at(context: Context, offset: int) -> LayerFact | None:
    """The layer whose class name is under the cursor in its constructor call; the last evaluation of it."""
    found = [layer for layer in context.facts.layers if on_last_name(context, layer.call.callee_span, offset)]
    concrete = [layer for layer in found if not layer.call.symbolic]
    return (concrete or found or [None])[-1]


def expression_at(context: Context, offset: int) -> ExpressionFact | None:
    """The innermost expression with a known fact that holds an offset."""
    holding = [fact for span, fact in context.facts.expressions.items() if span.contains(offset)]
    return min(holding, key=lambda fact: fact.span.end - fact.span.start, default=None)


def shape_text(structure: Structure) -> str:
    """`(None, 784)`, several as `(None, 3), (None, 5)`; empty when nothing is known."""
    tensors = flatten(structure)
    if not tensors or any(tensor.shape is None for tensor in tensors):
        return ""
    return ", ".join(format_shape(tensor.shape) for tensor in tensors)


def change_text(inputs: Structure, output: Structure) -> str:
    """`(None, 784) -> (None, 32)`."""
    after = shape_text(output)
    before = shape_text(inputs)
    return f"{before} -> {after}" if before and after else after


def dtype_of(structure: Structure) -> str | None:
    """The element type of a single tensor."""
    return structure.dtype if isinstance(structure, Tensor) else None


def count_text(params: Dim) -> str:
    """`25,120 parameters`; an expression as it is; empty when not known."""
    if params is None:
        return ""
    if isinstance(params, int):
        return f"{params:,} parameter" if params == 1 else f"{params:,} parameters"
    return "" if params.opaque else f"{params} parameters"
