"""Walks over the layers that made a tensor, and over those that use one."""

from __future__ import annotations

from collections.abc import Iterator

from keras_lsp.inference.facts import Application, Facts, LayerFact
from keras_lsp.shapes.dim import Dim
from keras_lsp.shapes.tensor import Tensor

# Layers that leave the shape and the meaning of axes alone.
TRANSPARENT = frozenset(
    ("Dropout", "Activation", "BatchNormalization", "LayerNormalization", "GaussianNoise", "GaussianDropout", "AlphaDropout",
     "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "ThresholdedReLU", "ActivityRegularization", "SpatialDropout1D",
     "SpatialDropout2D", "SpatialDropout3D", "Identity")
)  # fmt: skip
CONVOLUTIONS = frozenset(
    ("Conv1D", "Conv2D", "Conv3D", "SeparableConv1D", "SeparableConv2D", "DepthwiseConv1D", "DepthwiseConv2D",
     "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "LocallyConnected1D", "LocallyConnected2D")
)  # fmt: skip
POOLINGS = frozenset(f"{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3))


def first_application(layer: LayerFact) -> Application | None:
    """The layer's only or first call on tensors."""
    return layer.applications[0] if layer.applications else None


def producer(layer: LayerFact | None) -> LayerFact | None:
    """The layer that made this layer's only input."""
    application = first_application(layer) if layer is not None else None
    if application is None or len(application.producers) != 1:
        return None
    return application.producers[0]


def ancestors(layer: LayerFact | None, limit: int = 500) -> Iterator[LayerFact]:
    """The layers before this one along single inputs, nearest first; cycles of broken programs end at `limit`."""
    for _ in range(limit):
        layer = producer(layer)
        if layer is None:
            return
        yield layer


def source_of(layer: LayerFact) -> LayerFact | None:
    """The nearest layer before this one that is not transparent."""
    return next((before for before in ancestors(layer) if before.class_name not in TRANSPARENT), None)


def rank_of(structure: object) -> int | None:
    """The rank of a single tensor."""
    return structure.rank if isinstance(structure, Tensor) else None


def size_of(structure: object, axis: int) -> Dim:
    """The size of an axis of a single tensor, `None` if there is none."""
    if (
        isinstance(structure, Tensor)
        and structure.shape is not None
        and -len(structure.shape) <= axis < len(structure.shape)
    ):
        return structure.shape[axis]
    return None


def consumers(facts: Facts) -> dict[int, list[LayerFact]]:
    """By `id` of a layer's fact, the layers that take its output."""
    found: dict[int, list[LayerFact]] = {}
    for layer in facts.layers:
        for application in layer.applications:
            for before in application.producers:
                if before is not None:
                    found.setdefault(id(before), []).append(layer)
    return found


def downstream(layer: LayerFact, following: dict[int, list[LayerFact]], limit: int = 500) -> Iterator[LayerFact]:
    """All layers that depend on this one's output, nearest first."""
    seen: set[int] = {id(layer)}
    queue = list(following.get(id(layer), ()))
    while queue and len(seen) < limit:
        current = queue.pop(0)
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            queue.extend(following.get(id(current), ()))
