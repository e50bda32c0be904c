"""KER212: an Embedding has no row for the largest id.

## What it does
Reports `Embedding(len(tokenizer.word_index), ...)`, `Embedding(x.max(), ...)` and `Embedding(np.max(x), ...)`, directly or through
a name that is assigned once.

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
` + 1` is added.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from keras_lsp.inference.facts import Span
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.ker113_embedding_arguments import misfit
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.text.edits import TextEdit

# Counts of ids from 1, and largest ids: in both cases one row is missing. Vocabularies that count the padding do not match.
_ONE_SHORT = re.compile(r"len\((\w+\.)*word_index\)|(\w+\.)*\w+\.max\(\)|(np|numpy)\.(a?max)\((\w+\.)*\w+\)")


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
            span = Span(*context.parsed.positions.span(values[0]))
            source = context.source(span)
        if not _ONE_SHORT.fullmatch(re.sub(r"\s", "", source)):
            continue
        largest = f"`{source}`"
        message = (
            f"The largest id is {largest}, and this Embedding has rows 0 to {source} - 1: the last one is missing, and training "
            f"fails when it comes up. Write `{source} + 1`."
        )
        text = f"int({source}) + 1" if "max" in source else f"{source} + 1"  # Keras 3 refuses the integers of NumPy
        fix = Fix("Add a row: `+ 1`", (TextEdit(span.start, span.end, text),), Applicability.UNSAFE)
        here = place(layer.call, rows)
        related = ((here, "the table is made here"),) if span != rows.span else ()
        yield RULE.finding(span if span != rows.span else here, message, related=related, fixes=(fix,))


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
