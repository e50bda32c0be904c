"""Broadcasting: the shape that several shapes take when they meet element by element."""

from __future__ import annotations

from keras_lsp.shapes.dim import Dim, Shape, differ, format_shape, opaque
from keras_lsp.shapes.outcome import Refused


def broadcast(*shapes: Shape | None, kind: str = "keras") -> Shape | None:
    """The common shape of operands that are stretched along axes of size 1.

    Args:
        shapes: the operands' shapes; `None` where not even the rank is known, then the answer is `None`.
        kind: whose words a refusal uses: "keras", "tensorflow" or "numpy".

    Raises:
        Refused: two sizes certainly differ and neither is 1 (broadcast_shapes of keras/src/ops/operation_utils.py).
    """
    result: Shape = ()
    for shape in shapes:
        if shape is None:
            return None
    for shape in shapes:
        assert shape is not None
        if result == shape:
            continue
        rank = max(len(result), len(shape))
        left = (1,) * (rank - len(result)) + result
        right = (1,) * (rank - len(shape)) + shape
        merged: list[Dim] = []
        for a, b in zip(left, right, strict=True):
            if differ(a, b) and a != 1 and b != 1 and not (_may_be_one(a) or _may_be_one(b)):
                raise Refused("broadcast", _refusal(kind, shapes, a, b), shapes=shapes)
            merged.append(_meet(a, b))
        result = tuple(merged)
    return result


def _may_be_one(dim: Dim) -> bool:
    return dim is None or not isinstance(dim, int)


def _meet(a: Dim, b: Dim) -> Dim:
    if a == 1:
        return b
    if b == 1:
        return a
    if a == b:
        return a
    # Another size than 1 decides; otherwise either might be stretched to the other.
    if isinstance(a, int):
        return a
    if isinstance(b, int):
        return b
    return None if a is None and b is None else opaque()  # a name may stand for 1


def _refusal(kind: str, shapes: tuple[Shape | None, ...], a: Dim, b: Dim) -> str:
    if kind == "numpy":
        joined = " ".join(format_shape(shape).replace(", ", ",") for shape in shapes)
        return f"ValueError: operands could not be broadcast together with shapes {joined}"
    if kind == "tensorflow" and len(shapes) == 2:
        left, right = (f"[{','.join('?' if d is None else str(d) for d in shape or ())}]" for shape in shapes)
        return f"InvalidArgumentError: Incompatible shapes: {left} vs. {right}"
    listed = [list(shape or ()) for shape in shapes]
    joined = " and ".join(f"[{', '.join(str(dim) for dim in shape)}]" for shape in listed[:2])
    return (
        f"ValueError: Cannot broadcast shape, the failure dim has value {a}, which cannot be broadcasted to {b}. "
        f"Input shapes are: {joined}."
    )
