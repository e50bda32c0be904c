"""Models as objects of the program: made, and found in a value."""

from __future__ import annotations

from keras_lsp.inference.facts import Call, LayerFact, ModelFact
from keras_lsp.inference.keras.layers import layer_name
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import as_layer
from keras_lsp.inference.values import ModelValue, Value


def as_model(value: Value) -> ModelValue | None:
    """The Keras model that a value is."""
    layer = as_layer(value)
    return layer if isinstance(layer, ModelValue) else None


def new_model(
    machine: Machine, kind: str, class_name: str, call: Call, name: Value = None, custom: bool = False
) -> ModelValue:
    """A model object without layers."""
    default = class_name if custom or kind == "Sequential" else ("Functional" if machine.keras >= (3,) else "Model")
    named = layer_name(machine, default, name)
    canonical = "" if custom else f"keras.{'Sequential' if kind == 'Sequential' else 'Model'}"
    fact = LayerFact(class_name, canonical, call, named, custom=custom)
    model_fact = ModelFact(None, class_name, named, call.span, call=call, symbolic=machine.symbolic)
    model = ModelValue(fact, model_fact, kind)
    machine.add_model(model_fact)
    if not machine.muted:
        machine.models.append(model)
    return model
