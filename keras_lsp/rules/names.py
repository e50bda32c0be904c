"""Dotted names of expressions, by the imports of the file."""

from __future__ import annotations

import ast

from keras_lsp.rules.base import Context


def dotted_name(context: Context, node: ast.expr) -> str | None:
    """`tf.keras.layers.Dense` as "tensorflow.keras.layers.Dense"; `None` for anything that does not start at an import."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    root = context.facts.imports.get(node.id)
    return ".".join((root, *reversed(parts))) if root else None


def dotted_root(node: ast.expr) -> str | None:
    """The name that a dotted expression starts with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def other_targets(context: Context) -> dict[str, set[str]]:
    """Names that imports bind to several things, as `try: from keras import ops` does with what stands behind `except`."""
    found: dict[str, set[str]] = {}
    for node in context.nodes(ast.ImportFrom):
        for alias in node.names:
            if node.module and not node.level and alias.name != "*":
                found.setdefault(alias.asname or alias.name, set()).add(f"{node.module}.{alias.name}")
    for node in context.nodes(ast.Import):
        for alias in node.names:
            root = alias.name.partition(".")[0]
            found.setdefault(alias.asname or root, set()).add(alias.name if alias.asname else root)
    return {name: targets for name, targets in found.items() if len(targets) > 1}
