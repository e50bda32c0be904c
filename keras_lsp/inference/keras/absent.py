"""Attributes of layers that Keras 3 has no more."""

from __future__ import annotations

import ast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import LayerValue
from keras_lsp.shapes.outcome import ShapeError

# What layers of Keras 2 have and no layer of Keras 3.0.5 and 3.15.1 but models (dir() of both).
_GONE = frozenset(
    (
        "dynamic get_input_at get_input_mask_at get_input_shape_at get_losses_for get_output_at get_output_mask_at "
        "get_output_shape_at get_updates_for inbound_nodes input_mask input_shape outbound_nodes output_mask output_shape updates"
    ).split()
)


def note_attribute(machine: Machine, node: ast.Attribute, layer: LayerValue) -> None:
    """Report an attribute that is sure to raise."""
    name = node.attr
    if machine.keras < (3,) or name not in _GONE or layer.configuration is None:
        return
    if not machine.recording or not machine.certain:
        return
    text = f"AttributeError: '{layer.class_name}' object has no attribute '{name}'"
    call = machine.describe_call(f"keras.layers.Layer.{name}", Arguments(), node, ())
    machine.report("gone-attribute", call, ShapeError("other", text, {"attribute": name}), layer=layer.fact)
