"""KER206: Dense is applied to images or feature maps without flattening them.

## What it does
Reports a `Dense` behind convolutions or poolings whose input still has spatial axes, when it makes the model's output. It is an
error where a crossentropy meets labels with fewer axes in `fit`, and nothing is said where they have as many. Behind one-dimensional
convolutions, whose models often predict every step of a series, it is a hint where the labels are not known.

## Why it matters
Dense does not flatten: it works on the last axis only. `(None, 26, 26, 8)` becomes `(None, 26, 26, 10)`, 676 predictions for
an image instead of one. `fit` then fails far away, or compares the wrong values.

## Example
```python
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(8, 3),
    keras.layers.Dense(10, activation="softmax"),
])
```

## Use instead
```python
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(8, 3),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
```

## Fix
`Flatten()` or a global average pooling is put before the Dense layer. Not applied unasked, since the two differ.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import LayerFact
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.graph_walks import (
    CONVOLUTIONS,
    POOLINGS,
    TRANSPARENT,
    first_application,
    producer,
    rank_of,
    source_of,
)
from keras_lsp.rules.model_data import CROSSENTROPIES, comparisons, label_shapes, outputs_of_models
from keras_lsp.rules.rewriting import insert_before_layer, spell
from keras_lsp.rules.wording import shapes
from keras_lsp.shapes.dim import product
from keras_lsp.shapes.tensor import Tensor
from keras_lsp.text.edits import TextEdit

# Axes of an output that goes on along the time axis: what models of series that predict every step are meant to have, so that
# without a look at the labels nobody knows.
ALONG_TIME = 3


def check(context: Context) -> Iterator[Finding]:
    """Dense layers that make an output with spatial axes."""
    reported: set[int] = set()
    refusing = {id(comparison.layer) for comparison in comparisons(context) if comparison.loss.name in CROSSENTROPIES}
    for model, last in outputs_of_models(context):
        dense = first_dense(last)
        if dense is None or id(dense) in reported or dense.call.guarded or dense.call.symbolic:
            continue
        application = dense.applications[0]
        output = last.applications[0].output
        rank = rank_of(output)
        labels = label_shapes(context, model)
        known = [shape for shape in labels if shape is not None]
        axes_left = output.shape[1:-1] if isinstance(output, Tensor) and output.shape is not None else ()
        if rank is None or any(len(shape) == rank or shape[1:] == axes_left for shape in known):
            continue  # a label, or the number of its class, for every place
        reported.add(id(dense))
        number = product(axes_left)
        amount = f"{number} predictions" if isinstance(number, int) else "many predictions"
        message = (
            f"Dense works on the last axis only: {shapes(application.inputs)} becomes {shapes(application.output)}, so the "
            f"model makes {amount} for every sample. For one, put Flatten() or GlobalAveragePooling{rank - 2}D() before it."
        )
        # Other losses stretch the labels over the axes that the output has too many, as far as the sizes allow.
        severity = Severity.ERROR if known and id(last) in refusing else Severity.WARNING
        if not known and rank == ALONG_TIME:
            severity = Severity.HINT
        if known:
            message += f" The labels given to `fit` have {len(known[0])} axes, the output has {rank}."
        candidates = (_insert(context, dense, name) for name in ("Flatten", f"GlobalAveragePooling{rank - 2}D"))
        yield RULE.finding(
            dense.span, message, severity=severity, fixes=tuple(fix for fix in candidates if fix is not None)
        )


def first_dense(last: LayerFact) -> LayerFact | None:
    """The first Dense behind the spatial layers, if the model's last layer is one of a row of Dense layers behind them."""
    layer: LayerFact | None = last
    while layer is not None and layer.class_name in TRANSPARENT:
        layer = producer(layer)
    found: LayerFact | None = None
    while layer is not None and layer.class_name == "Dense":
        application = first_application(layer)
        if application is None or (rank_of(application.inputs) or 0) < 3:
            return None
        found = layer
        layer = source_of(layer)
    if found is None or layer is None or layer.class_name not in CONVOLUTIONS | POOLINGS:
        return None
    return found


def _insert(context: Context, dense: LayerFact, name: str) -> Fix | None:
    spelled = spell(context, dense.call, name)
    if spelled is None:
        return None
    text = f"{spelled[0]}()"
    if dense.position == "sequential":
        edits = insert_before_layer(context, dense, text)
    else:
        edits = wrap_input(context, dense, text)
    return Fix(f"Put {name}() before Dense", (*edits, *spelled[1]), Applicability.UNSAFE) if edits else None


def wrap_input(context: Context, layer: LayerFact, text: str) -> tuple[TextEdit, ...] | None:
    """`Dense(10)(x)` -> `Dense(10)(Flatten()(x))`."""
    application = first_application(layer)
    if application is None or application.span.start != layer.span.start:
        return None
    inside = context.text[layer.span.end : application.span.end]
    if not inside.startswith("(") or not inside.endswith(")") or "," in inside or "=" in inside or "#" in inside:
        return None
    start, end = layer.span.end + 1, application.span.end - 1
    return (TextEdit(start, start, f"{text}("), TextEdit(end, end, ")"))


RULE = Rule("KER206", "dense-on-multi-axis-input", Severity.WARNING, "sometimes", check, __doc__ or "")
