"""`keras.applications`: models that the library builds from arguments, followed in the installed source.

The source is read where Keras is installed (`World.find_library`), and evaluated like a module of the project; nothing is
imported. Where no Keras is installed the model is unknown.
"""

from __future__ import annotations

import ast

from keras_lsp.catalogue.symbols import Symbol
from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.modules import Module
from keras_lsp.inference.values import FunctionValue, ModelValue, Unknown, Value
from keras_lsp.syntax.parse import parse

# keras/src/applications/*.py of Keras 2.15 and 3.15
_MODULES = (
    "vgg16 vgg19 resnet resnet_v2 inception_v3 inception_resnet_v2 mobilenet mobilenet_v2 mobilenet_v3 xception densenet "
    "efficientnet efficientnet_v2 nasnet convnext regnet resnet_rs"
).split()


def build_application(machine: Machine, symbol: Symbol, arguments: Arguments, node: ast.AST | None) -> Value:
    """A model of `keras.applications`, layer by layer as its source builds it."""
    function = _find_function(machine, symbol.leaf)
    if function is None:
        return machine.unknown(f"the source of {symbol.name} is not installed")
    positional = [parameter.name for parameter in symbol.parameters or ()]
    call = machine.describe_call(symbol.name, arguments, node, positional)
    counters = dict(machine.counters)
    with machine.mute():
        result = machine.call(function, arguments, node)
    if not isinstance(result, ModelValue):
        machine.counters = counters
        return result if isinstance(result, Unknown) else Unknown(f"{symbol.name} is not followed")
    result.fact.call = result.model_fact.call = call
    result.model_fact.span = call.span
    if not machine.muted:
        machine.add_model(result.model_fact)
        machine.models.append(result)
    return result


def _find_function(machine: Machine, name: str) -> FunctionValue | None:
    for module in _MODULES:
        source = machine.world.find_library(f"keras.src.applications.{module}")
        if source is None or f"def {name}(" not in source.text:
            continue
        known = machine.modules.get(source.path)
        if known is None:
            known = Module(f"keras.src.applications.{module}", source.path, parse(source.text).tree)
            machine.modules[source.path] = known
            with machine.mute(), machine.activate(known.frame):
                machine.execute(known.tree.body)
        found = known.frame.variables.get(name)
        return found if isinstance(found, FunctionValue) else None
    return None
