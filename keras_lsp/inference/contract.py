"""The comment contract: `# shape: (n, 28, 28, 1)` behind an assignment says what inference cannot see."""

from __future__ import annotations

import ast

from keras_lsp.inference.machine import Machine
from keras_lsp.inference.values import TensorValue, Unknown, Value
from keras_lsp.shapes.dim import Dim, Expr, differ, symbol
from keras_lsp.shapes.tensor import Tensor


def apply_shape_comment(machine: Machine, node: ast.Assign | ast.AnnAssign, value: Value) -> Value:
    """The assigned value, with the shape that a comment on its line declares where inference has none.

    It extends inference and never overrides it: a disagreement is recorded for a rule to report.
    """
    comment = machine.shape_comments.get(node.end_lineno or node.lineno)
    if comment is None:
        return value
    shape = tuple(_dim(machine, dim) for dim in comment)
    if isinstance(value, Unknown):
        return TensorValue(Tensor(shape), "numpy", origin=machine.span_of(node))
    if isinstance(value, TensorValue):
        known = value.spec.shape
        if known is None:
            return TensorValue(Tensor(shape, value.spec.dtype), value.kind, value.producer, value.origin)
        if len(known) != len(shape) or any(differ(a, b) for a, b in zip(known, shape, strict=True)):
            if machine.recording:
                text = f"({', '.join(str(dim) for dim in comment)})"
                machine.facts.comments_disagree.append((machine.span_of(node), text, value.spec))
            return value
        merged = tuple(
            b if a is None or (isinstance(a, Expr) and a.opaque) else a for a, b in zip(known, shape, strict=True)
        )
        return TensorValue(
            Tensor(merged, value.spec.dtype, None, value.spec.classes), value.kind, value.producer, value.origin
        )
    return value


def _dim(machine: Machine, dim: int | str | None) -> Dim:
    if not isinstance(dim, str):
        return dim
    known = machine.named_dims.get(dim)
    if known is None:
        known = machine.named_dims[dim] = symbol(dim)
    return known
