"""KER305: a layer's name is used twice in one model, or cannot be a name.

## What it does
Reports two layers of one model with the same `name=`, also where one line of a function or loop makes both, and names that this
Keras refuses.

## Why it matters
Keras stops when the model is made: `The name "d" is used 2 times in the model. All operation names should be unique.`

## Example
```python
model = keras.Sequential([
    keras.Input((3,)),
    keras.layers.Dense(4, name="d"),
    keras.layers.Dense(2, name="d"),
])
```

## Use instead
```python
model = keras.Sequential([
    keras.Input((3,)),
    keras.layers.Dense(4, name="d"),
    keras.layers.Dense(2, name="d_1"),
])
```

## Fix
The second name gets a suffix.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import LayerFact
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.rewriting import is_written, place, replace_value
from keras_lsp.rules.wording import keras_name, raises


def check(context: Context) -> Iterator[Finding]:
    """Names that two layers of a model share."""
    for failure in context.failures.get("KER305", ()):
        argument = failure.call.arguments.get("name")
        message = f"This name cannot be given to a layer. {raises(context, failure.error)}"
        yield RULE.finding(place(failure.call, argument) if argument else failure.span, message)
    reported: set[int] = set()
    for model in context.facts.models:
        if model.symbolic or model.layers is None or model.class_name not in ("Sequential", "Functional"):
            continue
        if model.call is not None and model.call.guarded:
            continue
        if context.keras < (2, 4) and model.inputs is None:
            continue  # compared when the graph is made
        seen: dict[str, LayerFact] = {}
        names = {row.name for row in model.layers}
        for row in model.layers:
            fact = row.fact
            if (
                fact is None
                or "name" not in fact.call.arguments
                or not isinstance(fact.call.arguments["name"].value, str)
            ):
                continue
            first = seen.setdefault(fact.name, fact)
            if first is fact or id(fact) in reported or (first.span == fact.span and not fact.call.certain):
                continue  # one line that is evaluated several times may run once
            reported.add(id(fact))
            argument = fact.call.arguments["name"]
            message = (
                f"Two layers of this model are called {fact.name!r}. {keras_name(context)} raises: ValueError, since all names "
                f"in a model must be unique."
            )
            if first.span == fact.span:
                message = message.replace(
                    "Two layers of this model are", "This line makes two layers of this model, both"
                )
                yield RULE.finding(place(fact.call, argument), message)
                continue
            yield RULE.finding(
                place(fact.call, argument),
                message,
                related=((place(first.call, first.call.arguments["name"]), "the first layer of this name"),),
                fixes=_suffix(context, fact, names),
            )


def _suffix(context: Context, layer: LayerFact, taken: set[str]) -> tuple[Fix, ...]:
    argument = layer.call.arguments["name"]
    source = context.source(argument.span)
    if not is_written(argument) or source[:1] not in "'\"" or source[1:-1] != layer.name:
        return ()
    name = next(f"{layer.name}_{i}" for i in range(1, 1000) if f"{layer.name}_{i}" not in taken)
    edits = replace_value(argument, f"{source[0]}{name}{source[0]}")
    return (Fix(f"Rename to {name!r}", edits, Applicability.UNSAFE),) if edits else ()


RULE = Rule("KER305", "duplicate-layer-name", Severity.ERROR, "sometimes", check, __doc__ or "")
