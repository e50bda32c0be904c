"""KER212: an Embedding has no row for the largest id.

## What it does
Reports `Embedding(len(tokenizer.word_index), ...)`, `Embedding(x.max(), ...)` and `Embedding(np.max(x), ...)`, directly or through
a name that is assigned once; and ids that stand in the program.

## Why it matters
A tokenizer counts words from 1 and keeps 0 for padding, so ids run to `len(word_index)` and the table needs one row more. The
largest id fails in some later batch: `indices[6,4] = 23624 is not in [0, 23624)`.

## Example
```python
layer = keras.layers.Embedding(len(tokenizer.word_index), 100)
```

## Use instead
```python
layer = keras.layers.Embedding(len(tokenizer.word_index) + 1, 100)
```

## Fix
` + 1` is added, or the number of rows is set.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from keras_lsp.inference.facts import LayerFact
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.ker113_embedding_arguments import misfit
from keras_lsp.rules.model_data import PREDICTING, TRAINING, array_of, events, largest
from keras_lsp.rules.rewriting import is_written, place, replace_value
from keras_lsp.rules.wording import keras_name
from keras_lsp.shapes.tensor import Tensor
from keras_lsp.text.edits import TextEdit

# Counts of ids from 1, and largest ids: in both cases one row is missing. Vocabularies that count the padding do not match.
_ONE_SHORT = re.compile(r"len\((\w+\.)*word_index\)|(\w+\.)*\w+\.max\(\)|(np|numpy)\.(a?max)\((\w+\.)*\w+\)")
_CHANGES = frozenset(("update", "setdefault", "pop", "clear"))


def check(context: Context) -> Iterator[Finding]:
    """Tables that are one row too small."""
    assignments: dict[str, list[ast.expr]] | None = None
    for layer in context.facts.layers:
        rows = layer.call.arguments.get("input_dim")
        if layer.class_name != "Embedding" or rows is None or not is_written(rows) or layer.call.guarded:
            continue
        if misfit(layer) is not None:
            continue  # KER113
        source = context.source(rows.span)
        span = rows.span
        if source.isidentifier():
            if assignments is None:
                assignments = _assignments(context)
            values = assignments.get(source, [])
            if len(values) != 1:
                continue
            span = context.span(values[0])
            source = context.source(span)
        if not _ONE_SHORT.fullmatch(re.sub(r"\s", "", source)):
            continue
        if "word_index" in source and _changes_vocabulary(context):
            continue
        shown = f"`{source}`"
        message = (
            f"The largest id is {shown}, and this Embedding has rows 0 to {source} - 1: the last one is missing, and training "
            f"fails when it comes up. Write `{source} + 1`."
        )
        text = f"int({source}) + 1" if "max" in source else f"{source} + 1"  # Keras 3 refuses the integers of NumPy
        fix = Fix("Add a row: `+ 1`", (TextEdit(span.start, span.end, text),), Applicability.UNSAFE)
        here = place(layer.call, rows)
        related = ((here, "the table is made here"),) if span != rows.span else ()
        yield RULE.finding(span if span != rows.span else here, message, related=related, fixes=(fix,))
    yield from _known_ids(context)


def _known_ids(context: Context) -> Iterator[Finding]:
    """Tables without a row for an id that stands in the program."""
    reported: set[int] = set()
    for event in events(context, TRAINING | PREDICTING):
        ids, rows = array_of(event, "x"), event.model.layers
        top = largest_id(ids) if ids is not None and len(event.inputs or ()) == 1 else None
        for row in rows or () if top is not None else ():
            layer = row.fact
            if layer is None or layer.class_name != "Embedding" or id(layer) in reported or not _on_input(layer):
                continue
            size = layer.call.arguments.get("input_dim")
            if size is None or not isinstance(size.value, int) or top is None or top < size.value:
                continue
            reported.add(id(layer))
            message = (
                f"`{event.method}` is given the id {top}, and this Embedding has rows 0 to {size.value - 1}. {keras_name(context)} "
                f"stops at it on a CPU. Make it {top + 1} rows."
            )
            edits = replace_value(size, str(top + 1)) if is_written(size) else None
            fix = (Fix(f"Set `input_dim` to {top + 1}", edits, Applicability.UNSAFE),) if edits else ()
            related = ((place(event.call, event.call.arguments["x"]), f"ids up to {top}"),)
            yield RULE.finding(place(layer.call, size), message, related=related, fixes=fix)


def largest_id(array: Tensor) -> int | None:
    """The largest of the whole numbers in an array, where they stand in the program or are drawn from all of a range."""
    if isinstance(array.classes, int) and (array.dtype or "int").startswith(("int", "uint")):
        return array.classes - 1
    return largest(array.content)


def _on_input(layer: LayerFact) -> bool:
    producers = layer.applications[0].producers if layer.applications else ()
    return len(producers) == 1 and producers[0] is not None and producers[0].class_name == "InputLayer"


def _changes_vocabulary(context: Context) -> bool:
    """Whether a `word_index` gets or loses words, or is something of the program's own: the count says nothing then."""
    for node in context.nodes(ast.Subscript):
        if not isinstance(node.ctx, ast.Load) and _is_vocabulary(node.value):
            return True
    for node in context.nodes(ast.Call):
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in _CHANGES and _is_vocabulary(function.value):
            return True
    own = _assignments(context).get("word_index", ())
    return any(not isinstance(value, ast.Attribute | ast.Call | ast.Dict) for value in own)


def _is_vocabulary(node: ast.expr) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "word_index") or (
        isinstance(node, ast.Name) and node.id == "word_index"
    )


def _assignments(context: Context) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in context.nodes(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(node.value)
    for changed in context.nodes(ast.AugAssign):
        if isinstance(changed.target, ast.Name):
            found.setdefault(changed.target.id, []).extend((changed.value, changed.value))
    return found


RULE = Rule("KER212", "embedding-index-range", Severity.WARNING, "always", check, __doc__ or "")
