"""TensorFlow functions that the shape room does not describe: variables, functions of functions, scopes."""

from __future__ import annotations

import ast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.library import CONSTANTS, models
from keras_lsp.inference.library.objects import method
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import run_op
from keras_lsp.inference.values import DatasetValue, External, LibraryObject, TensorValue, Unknown, Value
from keras_lsp.shapes.ops import knows_op

CONSTANTS.update(
    {"tensorflow.newaxis": None, "tensorflow.data.AUTOTUNE": -1, "tensorflow.data.experimental.AUTOTUNE": -1}
)


@models("tensorflow.function", "tensorflow.autograph.experimental.do_not_convert")
def function(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """`tf.function(f)`: the function itself."""
    return arguments.args[0] if arguments.args else External("functools.identity")


@models("tensorflow.Variable", "keras.Variable", "tensorflow.compat.v1.Variable")
def variable(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """A variable has the shape of its initial value."""
    initial = arguments.get(0, "initial_value", arguments.get(None, "initializer"))
    if isinstance(initial, TensorValue):
        return TensorValue(initial.spec.with_dtype(initial.spec.dtype), "tensorflow", origin=machine.span_of(node))
    shape = arguments.kwargs.get("shape")
    if isinstance(initial, str | LibraryObject) and shape is not None:
        return run_op(machine, "keras.ops.zeros", Arguments([shape]), node)
    if isinstance(initial, Unknown) or not knows_op("tensorflow.constant"):
        return Unknown("the initial value is not known")
    return run_op(machine, "tensorflow.constant", Arguments([initial]), node)


@models(
    "tensorflow.GradientTape", "tensorflow.distribute.MirroredStrategy", "tensorflow.device", "tensorflow.name_scope"
)
def context(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Contexts that shapes do not depend on."""
    return LibraryObject("tensorflow.GradientTape")


@method("tensorflow.GradientTape", "gradient")
def gradient(
    machine: Machine, value: LibraryObject | DatasetValue, arguments: Arguments, node: ast.AST | None
) -> Value:
    """Gradients have the shapes of what they are taken for."""
    return arguments.get(1, "sources")
