"""Keras functions that make models and inputs, merge tensors, or set global state."""

from __future__ import annotations

import ast
from typing import cast

from keras_lsp.catalogue.first_layer import resolve_input_layer
from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.keras.application import apply_layer_value
from keras_lsp.inference.keras.files import copy_model, load_saved, note_saved
from keras_lsp.inference.keras.functional import make_model
from keras_lsp.inference.keras.input_layer import as_spec, input_tensor, make_input
from keras_lsp.inference.keras.layers import build_layer, literal, literal_dtype
from keras_lsp.inference.keras.sequential import make_sequential
from keras_lsp.inference.library import models
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import run_op
from keras_lsp.inference.values import (
    ConfigValue,
    DictValue,
    External,
    LayerValue,
    LibraryObject,
    ListValue,
    TensorValue,
    Unknown,
    Value,
)
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.shapes.tensor import Tensor

models("keras.Input", "keras.layers.Input")(make_input)
models("keras.Sequential")(make_sequential)
models(
    "keras.Model", "keras.src.models.Functional", "keras.src.models.functional.Functional", "keras.models.Functional"
)(make_model)

# Lower-case functions of merge layers: called with the tensors and the layer's arguments at once.
_MERGES = {
    "add": "Add",
    "subtract": "Subtract",
    "multiply": "Multiply",
    "average": "Average",
    "maximum": "Maximum",
    "minimum": "Minimum",
    "concatenate": "Concatenate",
    "dot": "Dot",
}


def _merge(class_name: str, arguments: Arguments, machine: Machine, node: ast.AST | None) -> Value:
    symbol = machine.catalogue.symbol(f"keras.layers.{class_name}")
    if symbol is None:
        return Unknown(f"keras.layers.{class_name} is not known")
    inputs = arguments.get(0, "inputs")
    extra = Arguments(arguments.args[1:], {k: v for k, v in arguments.kwargs.items() if k != "inputs"}, arguments.open)
    layer = build_layer(machine, symbol, extra, node)
    assert isinstance(layer, LayerValue)
    return apply_layer_value(machine, layer, Arguments([inputs]), node)


for _function, _class in _MERGES.items():
    models(f"keras.layers.{_function}")(lambda machine, arguments, node, c=_class: _merge(c, arguments, machine, node))


@models("keras.layers.InputLayer")
def make_input_layer(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`InputLayer(...)`."""
    symbol = machine.catalogue.symbol("keras.layers.InputLayer")
    assert symbol is not None
    positional = [p.name for p in symbol.parameters or () if p.kind.startswith("positional")]
    call = machine.describe_call(symbol.name, arguments, node, positional)
    bound = {**dict(zip(positional, arguments.args, strict=False)), **arguments.kwargs}
    given = {name: literal_dtype(machine, v) if name == "dtype" else literal(v) for name, v in bound.items()}
    shaped = next((bound[k] for k in ("shape", "batch_shape", "input_shape", "batch_input_shape") if k in bound), None)
    if arguments.open or isinstance(shaped, Unknown):
        spec = Tensor(None, "float32")
    else:
        resolved = resolve_input_layer(given, machine.world.keras)
        if resolved.error is not None:
            error = ShapeError("argument", resolved.error, {"keywords": tuple(call.arguments)}, "construct")
            machine.report("input", call, error)
            return Unknown("raises " + resolved.error.split(":", 1)[0])
        spec = as_spec(resolved)
        if isinstance(spec, Unknown):
            return spec
    tensor = input_tensor(machine, spec, call, bound.get("name"))
    assert tensor.producer is not None and tensor.producer.layer is not None
    layer = tensor.producer.layer
    layer.batch_shape, layer.batch_dtype = spec.shape, spec.dtype
    machine.add_layer(layer.fact)
    return layer


@models("keras.models.clone_model")
def clone_model(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`clone_model(model)`: the same shapes, other weights."""
    return copy_model(arguments.get(0, "model"))


def from_config(machine: Machine, path: str, arguments: Arguments, node: ast.AST | None) -> Value:
    """`Dense.from_config(config)`: a layer of these arguments; of a whole model, a copy of what `get_config` described."""
    symbol = machine.catalogue.symbol(machine.catalogue.resolve(path) or "")
    config = arguments.get(0, "config")
    if symbol is None or not isinstance(config, DictValue):
        return Unknown("an object made from its configuration")
    if symbol.name in ("keras.Model", "keras.Sequential"):
        source = config.source if isinstance(config, ConfigValue) and "layers" not in config.items else None
        return source if source is not None else Unknown("a model made from its configuration")
    if symbol.kind != "layer" or (config.open and not isinstance(config, ConfigValue)):
        return Unknown("an object made from its configuration")
    return build_layer(machine, symbol, Arguments([], dict(config.items)), node)


@models("keras.backend.set_floatx", "keras.config.set_floatx")
def set_floatx(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """The default dtype of layers made from here on."""
    value = arguments.get(0, "value")
    if isinstance(value, str):
        machine.floatx = value
    return None


@models("keras.backend.floatx", "keras.config.floatx")
def floatx(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """The default dtype."""
    return machine.floatx


@models("keras.backend.set_image_data_format", "keras.config.set_image_data_format")
def set_data_format(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """The default image data format from here on."""
    value = arguments.get(0, "data_format")
    if isinstance(value, str):
        machine.data_format = value
    return None


@models("keras.backend.image_data_format", "keras.config.image_data_format")
def data_format(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """The default image data format."""
    return machine.data_format


@models("keras.backend.image_dim_ordering")
def dim_ordering(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """What Keras before 2.3 called the data format."""
    return "th" if machine.data_format == "channels_first" else "tf"


@models("keras.backend.backend", "keras.config.backend")
def backend(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Which backend runs: not known, as shapes do not depend on it."""
    return "tensorflow" if machine.keras < (3,) else Unknown("the backend is not known")


@models("keras.backend.clear_session", "keras.utils.clear_session")
def clear_session(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Names are counted anew: those that follow do not depend on what was before."""
    machine.recount_names()
    return None


@models("keras.backend.get_uid", "keras.src.backend.get_uid", "tf_keras.src.backend.get_uid")
def get_uid(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`get_uid("dense")`: the next number of the names that begin so; those of layers are counted with it."""
    prefix = arguments.get(0, "prefix", "")
    if not isinstance(prefix, str):
        return Unknown("the prefix is not known")
    machine.numbering.said = True
    machine.counters[prefix] = machine.counters.get(prefix, 0) + 1
    return machine.counters[prefix]


@models("keras.backend.is_keras_tensor", "keras.utils.is_keras_tensor")
def is_keras_tensor(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Whether a tensor is symbolic."""
    value = arguments.get(0, "x")
    return value.kind == "keras" if isinstance(value, TensorValue) else Unknown("the value is not known")


@models(
    "keras.src.layers.VersionAwareLayers", "tf_keras.src.layers.VersionAwareLayers", "keras.layers.VersionAwareLayers"
)
def version_aware_layers(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """How the applications of Keras 2 name `keras.layers`."""
    return External("keras.layers")


@models(
    "keras.utils.get_source_inputs",
    "keras.src.ops.operation_utils.get_source_inputs",
    "keras.src.utils.layer_utils.get_source_inputs",
    "tf_keras.src.utils.layer_utils.get_source_inputs",
)
def get_source_inputs(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """The inputs that a tensor was computed from."""
    value = arguments.get(0, "tensor")
    if isinstance(value, TensorValue) and value.producer is not None:
        from keras_lsp.inference.keras.functional import map_graph

        _, missing = map_graph([], [value])
        return ListValue([output for item in missing for output in item.outputs])
    return Unknown("the inputs are not known")


@models("keras.models.load_model", "keras.saving.load_model")
def load_model(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """A model from a file: nothing is read, so that it is known only if this program has saved it."""
    return load_saved(machine, arguments.get(0, "filepath"))


@models("keras.models.save_model", "keras.saving.save_model")
def save_model(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`save_model(model, path)`."""
    note_saved(machine, arguments.get(0, "model"), arguments.get(1, "filepath"))
    return None


@models("keras.activations.get")
def get_activation(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`activations.get("relu")`: the function of that name."""
    value = arguments.get(0, "identifier")
    if value is None:
        return External("keras.activations.linear")
    return External(f"keras.activations.{value}") if isinstance(value, str) else value


@models(
    "keras.initializers.get",
    "keras.regularizers.get",
    "keras.constraints.get",
    "keras.losses.get",
    "keras.optimizers.get",
)
def get_object(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """An object that shapes do not depend on."""
    value = arguments.get(0, "identifier")
    return LibraryObject("keras.initializers.Initializer") if isinstance(value, str) else value


@models("keras.layers.deserialize", "keras.saving.deserialize_keras_object", "keras.layers.serialize")
def deserialize(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """An object from its configuration is not made."""
    return Unknown("an object made from its configuration")


# Packages of keras.applications; each has a `preprocess_input` that scales or shifts the values.
_APPLICATIONS = (
    "convnext densenet efficientnet efficientnet_v2 imagenet_utils inception_resnet_v2 inception_v3 mobilenet mobilenet_v2 "
    "mobilenet_v3 nasnet regnet resnet resnet50 resnet_rs resnet_v2 vgg16 vgg19 xception"
).split()


@models(*(f"keras.applications.{package}.preprocess_input" for package in _APPLICATIONS))
def preprocess_input(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Images with other values: an array of the same shape."""
    name = "keras.ops.negative" if machine.keras >= (3,) else "tensorflow.negative"
    return run_op(machine, name, Arguments([arguments.get(0, "x")]), node)


@models("keras.ops.shape")
def shape(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """The sizes of a tensor; inside a layer, where the backend's tensors are seen, a dynamic one is a scalar tensor.

    Source: `shape` in keras/src/backend/tensorflow/core.py.
    """
    value = arguments.get(0, "x")
    sizes = run_op(machine, "keras.ops.shape", arguments, node)
    if not isinstance(value, TensorValue) or value.kind == "keras" or not isinstance(sizes, tuple):
        return sizes
    unknown = TensorValue(Tensor((), "int32"), "tensorflow")
    return tuple(unknown if size is None else size for size in cast("tuple[Value, ...]", sizes))


@models("keras.backend.gradients", "tensorflow.gradients")
def gradients(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Gradients have the shapes of what they are taken for, `None` where the loss does not depend on it.

    Inside a layer's own graph the arguments are placeholders, of which nothing tells what depends on what.
    Source: `gradients` in tensorflow/python/ops/gradients_impl.py.
    """
    value = arguments.get(1, "variables", arguments.get(None, "xs"))
    variables = value.items if isinstance(value, ListValue) else [value]
    if variables is None:
        return value
    unsure = Unknown("whether the loss depends on it is not known")
    return ListValue([unsure if isinstance(v, TensorValue) and v.kind != "keras" else v for v in variables])
