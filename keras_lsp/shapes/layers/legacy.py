"""Layers of old Keras versions, base classes, and layers around models of other libraries.

Sources: `keras/legacy/layers.py` of Keras 2.3; `keras/src/utils/jax_layer.py`, `torch_utils.py`, `export/tfsm_layer.py`.
What a SavedModel, a JAX function or a Torch module returns is written in them alone, so those stay unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

from keras_lsp.shapes.arguments import weight
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import Shape
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined
from keras_lsp.shapes.refusals import check_rank, only_tensor
from keras_lsp.shapes.registry import layer
from keras_lsp.shapes.tensor import Structure, Tensor

_REASONS = {
    "TFSMLayer": "what a TFSMLayer returns is written in its SavedModel",
    "TorchModuleWrapper": "what a Torch module returns is written in the module",
    "JaxLayer": "what a JaxLayer returns is written in its function",
    "FlaxLayer": "what a FlaxLayer returns is written in its module",
    "DenseFeatures": "the width of DenseFeatures is the sum of its feature columns",
    "AbstractRNNCell": "AbstractRNNCell is a base class; only its subclasses have an output",
    "ConvLSTM2DCell": "ConvLSTM2DCell is called with states, by ConvLSTM2D",
    "ConvRNN2D": "ConvRNN2D is a base class; only its subclasses have an output",
    "ConvRecurrent2D": "ConvRecurrent2D is a base class; only its subclasses have an output",
    "Recurrent": "Recurrent is a base class; only its subclasses have an output",
}


@layer(*_REASONS)
def stay_unknown(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Layers whose output their arguments do not determine."""
    raise Undetermined(_REASONS[configuration.class_name])


@layer("Layer")
def pass_on(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Layer` itself: Keras 2 returns its input."""
    if configuration.generation == 3 or not isinstance(inputs, Tensor):
        raise Undetermined("Layer is a base class; only its subclasses have an output")
    return Applied(inputs)


def _matrix(configuration: Configuration, inputs: Structure) -> tuple[Tensor, Shape]:
    tensor = only_tensor(configuration, inputs)
    shape = check_rank(configuration, tensor, exactly=2)
    if shape[-1] is None:
        text = "TypeError: unsupported operand type(s) for +: 'NoneType' and 'int'"
        raise Refused("axis-undefined", text, axis=-1)
    if tensor.dtype not in (None, "float32"):
        raise Undetermined("layers of old versions are known for float32 only")
    return tensor, shape


@layer("MaxoutDense")
def take_largest(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`MaxoutDense(output_dim, nb_feature)`: the largest of several dense layers."""
    tensor, shape = _matrix(configuration, inputs)
    units = configuration.integer("output_dim")
    features = configuration.integer("nb_feature") if "nb_feature" in configuration.arguments else 4
    weights = [weight(configuration, "W", features, shape[-1], units)]
    if configuration.flag("bias", True):
        weights.append(weight(configuration, "b", features, units))
    return Applied(Tensor((shape[0], units), tensor.dtype), tuple(weights))


@layer("Highway")
def carry(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Highway`: a dense layer of its input's size, and a second one that lets the input through."""
    tensor, shape = _matrix(configuration, inputs)
    size = shape[-1]
    weights = [weight(configuration, "W", size, size), weight(configuration, "W_carry", size, size)]
    if configuration.flag("bias", True):
        weights += [weight(configuration, "b", size), weight(configuration, "b_carry", size)]
    return Applied(tensor, tuple(weights))
