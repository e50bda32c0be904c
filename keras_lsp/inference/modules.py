"""Modules of the project: source text, syntax tree and namespace."""

from __future__ import annotations

import ast

from keras_lsp.inference.values import Frame


class Module:
    """A module that is evaluated: the file under analysis (`is_main`) or one that it imports."""

    __slots__ = ("export_all", "frame", "is_main", "name", "path", "tree")

    def __init__(self, name: str, path: str, tree: ast.Module, is_main: bool = False) -> None:
        self.name = name
        self.path = path
        self.tree = tree
        self.is_main = is_main
        self.frame = Frame(self)

    def __repr__(self) -> str:
        return f"the module {self.name}"
