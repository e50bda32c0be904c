"""`keras.applications`: models that the library builds from arguments."""

from __future__ import annotations

import ast

from keras_lsp.catalogue.symbols import Symbol
from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import Value


def build_application(machine: Machine, symbol: Symbol, arguments: Arguments, node: ast.AST | None) -> Value:
    """A model of `keras.applications`: not known without an answer of the oracle."""
    return machine.unknown(f"{symbol.name} is not followed")
