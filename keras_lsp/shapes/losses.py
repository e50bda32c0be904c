"""What losses are sure to raise for the shapes of labels and predictions.

Read from `squeeze_or_expand_to_same_rank` in keras/src/losses/loss.py and the crossentropies of keras/src/backend (Keras 3),
`losses_utils.py` and `backend.py` (Keras 2), and tried with both.
"""

from __future__ import annotations

from keras_lsp.shapes.dim import Shape, differ, format_shape, product
from keras_lsp.shapes.outcome import ShapeError

CATEGORICAL = frozenset(("categorical_crossentropy", "categorical_focal_crossentropy"))
BINARY = frozenset(("binary_crossentropy", "binary_focal_crossentropy"))
SPARSE = "sparse_categorical_crossentropy"
# Losses that compute value by value and let NumPy's rules repeat what is missing.
ELEMENTWISE = frozenset(
    ("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error", "huber",
     "log_cosh", "kl_divergence", "poisson", "hinge", "squared_hinge")
)  # fmt: skip


def align(labels: Shape, output: Shape) -> tuple[Shape, Shape]:
    """Both shapes after Keras has made them of one rank, where a last axis of size 1 is all that differs."""
    if len(labels) == len(output) + 1 and labels[-1] == 1:
        return (labels, (*output, 1)) if len(output) == 1 else (labels[:-1], output)
    if len(output) == len(labels) + 1 and output[-1] == 1:
        return ((*labels, 1), output) if len(labels) == 1 else (labels, output[:-1])
    return labels, output


def loss_refusal(name: str, labels: Shape, output: Shape, keras: tuple[int, int, int]) -> ShapeError | None:
    """The error of a loss object that is called on labels and predictions of these shapes; `None` where none is sure."""
    if not labels or not output:
        return None
    third = keras >= (3,)
    target, predicted = align(labels, output)
    text = ""
    if name == SPARSE:
        text = _sparse(labels, output, third)
    elif name in CATEGORICAL or (name in BINARY and third):
        same = _same(target, predicted) or (not third and _same(labels, output))
        if not same and third:
            what = "rank (ndim)" if len(target) != len(predicted) else "shape"
            text = (
                f"ValueError: Arguments `target` and `output` must have the same {what}. "
                f"Received: target.shape={format_shape(target)}, output.shape={format_shape(predicted)}"
            )
        elif not same:
            text = f"ValueError: Shapes {format_shape(labels)} and {format_shape(output)} are incompatible"
    elif name in ELEMENTWISE or name in BINARY:
        fits = _broadcast(target, predicted) or (not third and _broadcast(labels, output))
        if not fits:
            text = f"InvalidArgumentError: Incompatible shapes: {_listed(target)} vs. {_listed(predicted)}"
    return ShapeError("loss", text, {"loss": name, "labels": labels, "output": output}) if text else None


def _sparse(labels: Shape, output: Shape, third: bool) -> str:
    target = labels[:-1] if len(labels) == len(output) and labels[-1] == 1 else labels
    if len(output) < 2:
        return ""
    if third:
        if len(target) != len(output) - 1:
            return (
                "ValueError: Argument `output` must have rank (ndim) `target.ndim - 1`. "
                f"Received: target.shape={format_shape(target)}, output.shape={format_shape(output)}"
            )
        if not _same(target, output[:-1]):
            return (
                "ValueError: Arguments `target` and `output` must have the same shape up until the last dimension: "
                f"target.shape={format_shape(target)}, output.shape={format_shape(output)}"
            )
    elif differ(product(labels), product(output[:-1])):
        return (
            "ValueError: `labels.shape` must equal `logits.shape` except for the last dimension. "
            f"Received: labels.shape={format_shape((product(labels),))} and logits.shape={format_shape(output)}"
        )
    return ""


def _same(left: Shape, right: Shape) -> bool:
    return len(left) == len(right) and not any(differ(a, b) for a, b in zip(left, right, strict=True))


def _broadcast(left: Shape, right: Shape) -> bool:
    pairs = zip(reversed(left), reversed(right), strict=False)
    return not any(isinstance(a, int) and isinstance(b, int) and a != b and 1 not in (a, b) for a, b in pairs)


def _listed(shape: Shape) -> str:
    return "[" + ",".join("?" if dim is None else str(dim) for dim in shape) + "]"
