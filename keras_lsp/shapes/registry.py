"""Where output-shape functions are registered and called: the boundary that turns exceptions into values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TypeAlias

from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.outcome import Applied, Refused, ShapeError, Undetermined, Unknown
from keras_lsp.shapes.tensor import Structure

# (layer, inputs, call arguments) -> output and weights; raises Refused or Undetermined
LayerFunction: TypeAlias = Callable[[Configuration, Structure, Mapping[str, object]], Applied]
# construction checks only: raises Refused where the constructor raises
ConstructorCheck: TypeAlias = Callable[[Configuration], None]

LAYERS: dict[str, LayerFunction] = {}
CONSTRUCTORS: dict[str, ConstructorCheck] = {}

# One module per layer family; imported at the first question. (`precision` and `preprocessing` are what several share.)
_FAMILIES = (
    "activation",
    "attention",
    "audio",
    "convolution",
    "core",
    "encoding",
    "image",
    "legacy",
    "lookups",
    "merging",
    "normalization",
    "pooling",
    "recurrent",
    "regularization",
    "reshaping",
    "scaling",
    "wrapper",
)
_loaded: list[bool] = []


def layer(*class_names: str) -> Callable[[LayerFunction], LayerFunction]:
    """Register the output-shape function of these layer classes (main public names)."""

    def register(function: LayerFunction) -> LayerFunction:
        for name in class_names:
            LAYERS[name] = function
        return function

    return register


def constructor(*class_names: str) -> Callable[[ConstructorCheck], ConstructorCheck]:
    """Register what the constructors of these layer classes refuse."""

    def register(check: ConstructorCheck) -> ConstructorCheck:
        for name in class_names:
            CONSTRUCTORS[name] = check
        return check

    return register


def load_families() -> None:
    """Import every layer family once."""
    if not _loaded:
        for family in _FAMILIES:
            import_module(f"keras_lsp.shapes.layers.{family}")
        _loaded.append(True)


def construct_layer(configuration: Configuration) -> ShapeError | Unknown | None:
    """What Keras raises when the layer is constructed; `None` when it is constructed without complaint."""
    load_families()
    check = CONSTRUCTORS.get(configuration.class_name)
    if check is None:
        return None
    try:
        check(configuration)
    except Refused as refused:
        return refused.error
    except Undetermined as undetermined:
        return Unknown(undetermined.reason)
    return None


def apply_layer(
    configuration: Configuration, inputs: Structure, call: Mapping[str, object] | None = None
) -> Applied | ShapeError | Unknown:
    """Call a layer on inputs: output and weights, the error Keras raises, or unknown with the reason.

    `call` holds the further arguments of the call by name (`training`, `mask`, `initial_state`, `attention_mask`).
    """
    load_families()
    function = LAYERS.get(configuration.class_name)
    if function is None:
        return Unknown(f"no shape rule for {configuration.class_name}")
    try:
        return function(configuration, inputs, call or {})
    except Refused as refused:
        return refused.error
    except Undetermined as undetermined:
        return Unknown(undetermined.reason)
