"""KER407: a string names no activation, loss, initializer or option that Keras knows.

## What it does
Reports strings given for `activation`, `padding`, initializers, `loss`, `optimizer` and `metrics` that this Keras does not know.

## Why it matters
Names are case sensitive, and a loss or metric is looked up only when `fit` starts, after all data has been loaded.

## Example
```python
layer = keras.layers.Dense(4, activation="Relu6x")
```

## Use instead
```python
layer = keras.layers.Dense(4, activation="relu6")
```

## Fix
The nearest known name is put in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from keras_lsp.inference.budget import MAX_MODULES
from keras_lsp.inference.facts import Argument, Call, Span
from keras_lsp.inference.values import ListValue
from keras_lsp.rules.base import Applicability, Context, Finding, Fix, Rule, Severity
from keras_lsp.rules.model_data import events
from keras_lsp.rules.rewriting import is_written, place
from keras_lsp.rules.wording import keras_name, nearest, raises
from keras_lsp.text.edits import TextEdit

# With one of these a program, or a module that it imports, can make names of its own.
_CUSTOM = ("custom_object", "register_keras_serializable", "serialization.register")
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+([\w \t,]*)|import[ \t]+([\w.]+))", re.MULTILINE)
# Registries that raise for unknown names; what Keras 2 takes silently (regularizers, constraints) is left alone there.
_ALWAYS = frozenset(("activation", "recurrent_activation"))
_INITIALIZER = re.compile(r"(\w+_)?initializer$")
_KERAS_3_ONLY = re.compile(r"(\w+_)?(regularizer|constraint)$")


def check(context: Context) -> Iterator[Finding]:
    """Strings that name nothing."""
    reported: set[Span] = set()
    for failure in context.failures.get("KER407", ()):
        argument = failure.call.arguments.get(failure.argument or "")
        if argument is None or not isinstance(failure.value, str) or _is_registered(failure.value):
            continue
        reported.add(argument.span)
        known = context.catalogue.identifiers_for(failure.call.canonical, argument.name)
        says = raises(context, failure.error)
        yield _finding(context, failure.call, argument, failure.value, argument.name, known, says)
    found = [*_layers(context, reported)]
    for event in events(context, frozenset(("compile",))):
        found += _compile(context, event.call)
    if found and not _makes_names(context):  # it reads the modules that the text imports
        yield from found


def _layers(context: Context, reported: set[Span]) -> Iterator[Finding]:
    for layer in context.facts.layers:
        if layer.custom or not layer.canonical or layer.call.guarded or layer.error:
            continue
        for name, argument in layer.call.arguments.items():
            value = argument.value
            if not isinstance(value, str) or not value or not _checked(context, name) or argument.span in reported:
                continue
            if _is_registered(value):
                continue
            known = context.catalogue.identifiers_for(layer.canonical, name)
            if known and value not in known and not _is_layer(context, name, value):
                reported.add(argument.span)
                yield _finding(
                    context, layer.call, argument, value, name, known, f"{keras_name(context)} raises ValueError."
                )


def _is_registered(name: str) -> bool:
    """Names with a package in front of them are those of registered objects only, and any import may register some."""
    return ">" in name


def _makes_names(context: Context) -> bool:
    """Whether the text, or a module of the project that it imports, registers objects under names."""
    left, seen = [(context.text, context.world.path)], {context.world.path}
    while left:
        text, path = left.pop()
        if any(word in text for word in _CUSTOM):
            return True
        for module, names, plain in _IMPORT.findall(text):
            dotted = [plain or module]
            if module:
                join = "" if module.endswith(".") else "."
                dotted += [f"{module}{join}{name.split()[0]}" for name in names.split(",") if name.strip()]
            for name in dotted:
                source = context.world.find_source(name, path) if len(seen) < MAX_MODULES else None
                if source is not None and source.path not in seen:
                    seen.add(source.path)
                    left.append((source.text, source.path))
    return False


def _is_layer(context: Context, name: str, value: str) -> bool:
    """Keras 2 takes the activation layers' class names as activations."""
    return not context.keras3 and name in _ALWAYS and context.catalogue.symbol(f"keras.layers.{value}") is not None


def _checked(context: Context, name: str) -> bool:
    if name in _ALWAYS or _INITIALIZER.match(name):
        return True
    return context.keras3 and _KERAS_3_ONLY.match(name) is not None


def _compile(context: Context, call: Call) -> Iterator[Finding]:
    for name in ("loss", "optimizer", "metrics"):
        argument = call.arguments.get(name)
        if argument is None:
            continue
        value = argument.value
        values = value.items or [] if isinstance(value, ListValue) else [value]
        known = context.catalogue.identifiers_for("keras.Model.compile", name)
        extra = {"acc", "accuracy", "crossentropy", "ce"} if name == "metrics" else set[str]()
        for item in values:
            if not isinstance(item, str) or not item or not known or item in known or item in extra:
                continue
            if _is_registered(item):
                continue
            if name == "optimizer" and item.lower() in {k.lower() for k in known}:
                continue
            if name == "metrics" and item in context.catalogue.identifiers("losses"):
                continue
            when = "as soon as `fit` starts" if name != "optimizer" else ""
            says = f"{keras_name(context)} raises ValueError {when}".rstrip() + "."
            yield _finding(context, call, argument, item, name.rstrip("s") if name == "metrics" else name, known, says)


def _finding(
    context: Context, call: Call, argument: Argument, value: str, kind: str, known: tuple[str, ...], says: str
) -> Finding:
    meant = nearest(value.removesuffix("()"), known)
    advice = f"Did you mean {meant!r}? " if meant else ""
    message = f"{keras_name(context)} knows no {kind.replace('_', ' ')} {value!r}. {advice}{says}"
    fixes: tuple[Fix, ...] = ()
    source = context.source(argument.span)
    if meant and is_written(argument) and source.count(value) == 1:
        start = argument.span.start + source.index(value)
        edit = TextEdit(start, start + len(value), meant)
        exact = meant.lower().replace("_", "") == value.lower().replace("_", "")
        fixes = (Fix(f"Use {meant!r}", (edit,), Applicability.SAFE if exact else Applicability.UNSAFE),)
    return RULE.finding(place(call, argument), message, fixes=fixes)


RULE = Rule("KER407", "unknown-string-identifier", Severity.ERROR, "sometimes", check, __doc__ or "")
