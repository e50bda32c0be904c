"""Layers around another layer: TimeDistributed, Bidirectional, SpectralNormalization, Wrapper.

Sources: `keras/src/layers/rnn/bidirectional.py`, `time_distributed.py`, `core/wrapper.py`,
`normalization/spectral_normalization.py` (Keras 3), the files of the same names in tf_keras, `keras/layers/wrappers.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from keras_lsp.shapes.arguments import compute_dtype, variable_dtype
from keras_lsp.shapes.configuration import Configuration, Sublayer, UnknownValue
from keras_lsp.shapes.dim import Dim, Shape, differ, format_shape, multiply
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined, Weight
from keras_lsp.shapes.refusals import (
    QUOTED_NAME,
    bad_argument,
    check_rank,
    conflict,
    only_tensor,
    snake_case,
    standalone,
)
from keras_lsp.shapes.registry import LAYERS, constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor, flatten

_RECURRENT = {
    "SimpleRNN": 3,
    "GRU": 3,
    "LSTM": 3,
    "CuDNNGRU": 3,
    "CuDNNLSTM": 3,
    "RNN": None,
    "ConvLSTM1D": 4,
    "ConvLSTM2D": 5,
    "ConvLSTM3D": 6,
}
# From here on tf_keras runs beside Keras 3 and refuses the InputSpec that SpectralNormalization makes.
_TF_KERAS_ALONE = (2, 16)


def _is_layer(value: object) -> bool:
    return hasattr(value, "apply") and hasattr(value, "class_name")


def _prefixed(weights: Sequence[Weight] | None, prefix: str) -> tuple[Weight, ...] | None:
    return None if weights is None else tuple(replace(one, name=f"{prefix}/{one.name}") for one in weights)


def _name_of(sublayer: Sublayer) -> str:
    name = sublayer.arguments.get("name")
    return snake_case(sublayer.class_name) if name is None or isinstance(name, UnknownValue) else str(name)


def _nested(
    configuration: Configuration, sublayer: Sublayer, weights: tuple[Weight, ...] | None
) -> tuple[Weight, ...] | None:
    """The weights of a wrapped layer; `trainable=False` on a layer around others does not reach them in Keras 3."""
    composed = sublayer.class_name in (
        "RNN",
        "StackedRNNCells",
        "TimeDistributed",
        "Bidirectional",
        "SpectralNormalization",
    )
    if configuration.generation == 3 and composed and sublayer.arguments.get("trainable", True) is not True:
        return None
    return weights


def _frozen(configuration: Configuration, weights: tuple[Weight, ...] | None) -> tuple[Weight, ...] | None:
    if weights is None or configuration.flag("trainable", True):
        return weights
    return tuple(replace(one, trainable=False) for one in weights)


@constructor("TimeDistributed", "Wrapper", "SpectralNormalization")
def check_wrapped(configuration: Configuration) -> None:
    """The wrapped thing must be a layer."""
    value = configuration.value("layer")
    if not _is_layer(value):
        if value is not None and not isinstance(value, str | int | float | list | tuple | dict):
            raise Undetermined("the wrapped layer is not known")
        raise _no_layer(configuration, cast("object", value))
    if configuration.class_name == "SpectralNormalization":
        iterations = configuration.value("power_iterations", 1)
        if isinstance(iterations, int | float) and iterations <= 0:
            text = f"`power_iterations` should be greater than zero. Received: `power_iterations={iterations}`"
            raise bad_argument("power_iterations", iterations, text)


def _no_layer(configuration: Configuration, value: object) -> Refused:
    name = configuration.class_name
    if name in ("TimeDistributed", "Bidirectional"):
        api = "keras" if configuration.generation == 3 else "tf.keras"
        text = f"Please initialize `{name}` layer with a `{api}.layers.Layer` instance. Received: {value}"
    else:
        text = (
            f"Layer {value} supplied to Wrapper isn't a supported layer type. "
            "Please ensure wrapped layer is a valid Keras layer."
        )
    return bad_argument("layer", value, text)


# ------------------------------------------------------------------------------------------------------- TimeDistributed


@layer("TimeDistributed")
def distribute(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`TimeDistributed(layer)`: the layer is applied to every step, without the time axis."""
    sublayer = configuration.sublayer("layer")
    if not isinstance(inputs, Tensor):
        raise Undetermined("the input is not a single tensor")
    shape = inputs.shape
    if shape is None:
        raise Undetermined("the rank of the input is not known")
    if len(shape) < 3:
        if standalone(configuration):
            text = "AssertionError: "
        else:
            space = " " if configuration.generation == 2 else ""
            text = (
                f"ValueError: `TimeDistributed` Layer should be passed an `input_shape{space}` with at least 3 "
                f"dimensions, received: {format_shape(shape)}"
            )
        raise Refused("rank", text, min_rank=3, rank=len(shape), shape=shape)
    # tf.keras folds time into the batch axis, Keras 3 takes one step of it.
    child_batch = shape[0] if configuration.generation == 3 else None
    child = Tensor((child_batch, *shape[2:]), inputs.dtype)
    applied = _apply_step(configuration, sublayer, child)
    output = applied.output
    if not isinstance(output, Tensor):
        if isinstance(output, list | tuple) and len(output) > 1:
            text = (
                "ValueError: Cannot convert '4' to a shape."
                if configuration.generation == 3
                else "AttributeError: 'list' object has no attribute 'shape'"
            )
            raise Refused("other", text)
        raise Undetermined("the wrapped layer does not return a single tensor")
    if output.shape is None or not output.shape:
        raise Undetermined("the shape of what the wrapped layer returns is not known")
    batch = output.shape[0] if configuration.generation == 3 else shape[0]
    if (2, 4) <= configuration.keras < (2, 5) and shape[1] is None:
        batch = None  # TensorFlow 2.3 reshapes to a shape that is not static then
    elif (2, 4) <= configuration.keras < (2, 5) and batch is not None and None in shape[2:]:
        raise Undetermined("whether this version keeps the batch size is not known")
    dtype = compute_dtype(configuration) if configuration.generation == 3 else output.dtype
    weights = _nested(configuration, sublayer, applied.weights)
    if configuration.generation == 3:
        weights = _prefixed(weights, _name_of(sublayer))
    result = Tensor((batch, shape[1], *output.shape[1:]), dtype)
    return Applied(result, _frozen(configuration, weights), applied.formula)


def _apply_step(configuration: Configuration, sublayer: Sublayer, child: Tensor) -> Applied:
    try:
        return sublayer.apply(child, {})
    except Refused as refused:
        # Keras 3 builds the wrapped layer and asks for its output shape, but never checks its `input_spec`.
        if configuration.generation == 3 and refused.error.kind == "rank":
            _check_step(sublayer, cast("Shape", child.shape))
        if configuration.generation == 3 and refused.error.kind in ("rank", "axis-size", "dtype"):
            raise Undetermined("the wrapped layer is used on another rank than it expects") from None
        raise


def _check_step(sublayer: Sublayer, shape: Shape) -> None:
    """Refuse a step of another rank where building the wrapped layer fails for certain."""
    name = sublayer.class_name
    if name in ("LSTM", "GRU", "SimpleRNN") and len(shape) == 2 and shape[0] is None:
        text = "ValueError: Shapes used to initialize variables must be fully-defined (no `None` dimensions)."
        raise Refused("axis-undefined", text, axis=0)
    if name in ("Conv1D", "Conv2D", "Conv3D") and len(shape) != int(name[4]) + 2:
        text = "ValueError: Kernel shape must have the same length as input"
        raise Refused("rank", text, expected_rank=int(name[4]) + 3, rank=len(shape) + 1)


# --------------------------------------------------------------------------------------------------------- Bidirectional


def _attribute(sublayer: Sublayer, name: str) -> bool:
    value = sublayer.arguments.get(name, False)
    if isinstance(value, UnknownValue) or not (value is None or isinstance(value, bool | int)):
        raise Undetermined(f"the value of `{name}` is not known")
    return bool(value)


@constructor("Bidirectional")
def check_bidirectional(configuration: Configuration) -> None:
    """Both layers must be recurrent, run in opposite directions, and agree in what they return."""
    value = configuration.value("layer")
    if not _is_layer(value):
        if value is not None and not isinstance(value, str | int | float | list | tuple | dict):
            raise Undetermined("the wrapped layer is not known")
        raise _no_layer(configuration, cast("object", value))
    backward = configuration.value("backward_layer")
    if backward is not None and not _is_layer(backward):
        if not isinstance(backward, str | int | float | list | tuple | dict):
            raise Undetermined("the backward layer is not known")
        api = "keras" if configuration.generation == 3 else "tf.keras"
        text = f"`backward_layer` need to be a `{api}.layers.Layer` instance. Received: {backward}"
        raise bad_argument("backward_layer", cast("object", backward), text)
    mode = configuration.value("merge_mode", "concat")
    if mode is None or isinstance(mode, str | int | float):
        if mode not in ("sum", "mul", "ave", "concat", None):
            received = "" if standalone(configuration) else f" Received: {mode}."
            text = f'Invalid merge mode.{received} Merge mode should be one of {{"sum", "mul", "ave", "concat", None}}'
            raise bad_argument("merge_mode", mode, text)
    else:
        raise Undetermined("the value of `merge_mode` is not known")
    _check_directions(configuration, cast("Sublayer", value), cast("Sublayer | None", backward))


def _check_directions(configuration: Configuration, forward: Sublayer, backward: Sublayer | None) -> None:
    for sublayer in (forward, backward):
        if sublayer is None or sublayer.class_name in _RECURRENT:
            continue
        if sublayer.class_name in LAYERS and sublayer is forward and not _is_layer(sublayer.arguments.get("layer")):
            name = sublayer.class_name
            if configuration.generation == 3:
                text = f"TypeError: <class 'keras.layers.{name}'> could not be deserialized properly."
            else:
                text = "KeyError: 'go_backwards'"
            raise Refused("argument", text, stage="construct", argument="layer", value=name)
        raise Undetermined(f"{sublayer.class_name} is not a recurrent layer with a shape rule")
    ahead = _attribute(forward, "go_backwards")
    # Keras 2 turns the copy around, Keras 3 lets it run backwards.
    behind = _attribute(backward, "go_backwards") if backward else not ahead if configuration.generation == 2 else True
    if ahead == behind:
        if configuration.generation == 3:
            detail = f" Received: forward_layer.go_backwards {ahead}, backward_layer.go_backwards={behind}"
        else:
            detail = f"forward_layer.go_backwards = {ahead},backward_layer.go_backwards = {behind}"
        text = f"Forward layer and backward layer should have different `go_backwards` value.{detail}"
        raise conflict(("layer", "backward_layer"), text)
    if backward is None:
        return
    for name in ("stateful", "return_sequences", "return_state"):
        values = _attribute(forward, name), _attribute(backward, name)
        if values[0] != values[1]:
            text = (
                f'Forward layer and backward layer are expected to have the same value for attribute "{name}", '
                f'got "{values[0]}" for forward layer and "{values[1]}" for backward layer'
            )
            raise conflict(("layer", "backward_layer"), text)


def _halves(
    configuration: Configuration, inputs: Structure, call: Mapping[str, object]
) -> tuple[Tensor, object, object]:
    """The sequence and the initial states of both directions."""
    state = call.get("initial_state")
    if configuration.generation == 2 and isinstance(inputs, list) and inputs and isinstance(inputs[0], Tensor):
        tensor = inputs[0]
        state = inputs[1:] or state
    else:
        tensor = only_tensor(configuration, inputs)
    if state is None:
        return tensor, None, None
    if not isinstance(state, list | tuple):
        raise Undetermined("`initial_state` is not a known list of tensors")
    states = list(cast("Sequence[object]", state))
    if len(states) % 2 and configuration.generation == 2:
        text = (
            "ValueError: When passing `initial_state` to a Bidirectional RNN, the state should be a list containing "
            "the states of the underlying RNNs."
        )
        raise Refused("arity", text, expected=len(states) + 1, found=len(states))
    half = len(states) // 2
    return tensor, states[:half], states[half:]


def _apply_backwards(
    configuration: Configuration, sublayer: Sublayer, tensor: Tensor, state: object, *, alone: bool
) -> Applied:
    try:
        return sublayer.apply(tensor, {} if state is None else {"initial_state": state})
    except Refused as refused:
        # Keras 3 builds a backward layer of its own and asks nothing else of it before the model runs.
        if configuration.generation == 3 and alone and refused.error.kind in ("rank", "axis-size", "stateful"):
            raise Undetermined("the backward layer does not fit the forward layer") from None
        raise


def _parts(applied: Applied, return_state: bool) -> tuple[Tensor, list[Structure]]:
    """The output and the states that a recurrent layer returned."""
    output = applied.output
    if return_state and isinstance(output, list | tuple):
        output, *states = output
    else:
        states = []
    if not isinstance(output, Tensor) or output.shape is None:
        raise Undetermined("what the wrapped layer returns is not known")
    return output, states


def _cast(structure: Structure, dtype: str | None) -> Structure:
    if isinstance(structure, Tensor):
        return Tensor(structure.shape, dtype)
    if isinstance(structure, list):
        return [_cast(item, dtype) for item in structure]
    if isinstance(structure, tuple):
        return tuple(_cast(item, dtype) for item in structure)
    return structure


@layer("Bidirectional")
def run_both_ways(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Bidirectional(layer)`: the layer forwards and a copy (or `backward_layer`) backwards, merged on the last axis."""
    forward = configuration.sublayer("layer")
    given = configuration.value("backward_layer")
    backward = cast("Sublayer", given) if _is_layer(given) else forward
    mode = configuration.text("merge_mode", "concat")
    if "merge_mode" in configuration.arguments and configuration.arguments["merge_mode"] is None:
        mode = None
    if forward.class_name not in _RECURRENT:
        raise Undetermined(f"{forward.class_name} is not a recurrent layer with a shape rule")
    tensor, ahead, behind = _halves(configuration, inputs, call)
    rank = _RECURRENT[forward.class_name]
    if rank is not None:
        check_rank(configuration, tensor, exactly=rank)
    there = forward.apply(tensor, {} if ahead is None else {"initial_state": ahead})
    back = _apply_backwards(configuration, backward, tensor, behind, alone=backward is not forward)
    return_state = _attribute(forward, "return_state")
    output, states = _parts(there, return_state)
    other, other_states = _parts(back, return_state)
    third = configuration.generation == 3
    merged = _merge(configuration, mode, output, other)
    if third:
        # Keras 3 reports the states of the forward layer twice (`Bidirectional.compute_output_shape`).
        other_states = states
    parts: list[Structure] = [*merged, *states, *other_states]
    if third:
        parts = [_cast(part, compute_dtype(configuration)) for part in parts]
    structure: Structure = parts[0] if len(parts) == 1 else tuple(parts) if third else parts
    weights: tuple[Weight, ...] | None = None
    first = _prefixed(
        _nested(configuration, forward, there.weights), f"forward_{_name_of(forward).removeprefix('forward_')}"
    )
    own = third and backward is not forward
    name = _name_of(backward) if own else f"backward_{_name_of(backward).removeprefix('backward_')}"
    second = _prefixed(_nested(configuration, backward, back.weights), name)
    if first is not None and second is not None:
        weights = _frozen(configuration, _in_order(configuration, forward, backward, (*first, *second)))
    formula = [f"2 * ({line.split(' = ')[0]}) = {_twice(line)}" for line in there.formula]
    return Applied(structure, weights, tuple(formula) if backward is forward else (*there.formula, *back.formula))


def _in_order(
    configuration: Configuration, forward: Sublayer, backward: Sublayer, weights: tuple[Weight, ...]
) -> tuple[Weight, ...] | None:
    """All weights as `Bidirectional.weights` lists them; Keras 2 looks at `trainable` of the forward layer."""
    frozen = [sublayer.arguments.get("trainable", True) is not True for sublayer in (forward, backward)]
    if configuration.generation == 3 or not any(frozen):
        return weights
    if standalone(configuration):
        return None  # its copies of the layer forget `trainable`
    if configuration.keras >= QUOTED_NAME and frozen[0]:
        return tuple(replace(one, trainable=False) for one in weights)
    return tuple(sorted(weights, key=lambda one: not one.trainable))


def _twice(line: str) -> str:
    total = line.rpartition(" = ")[2].replace(",", "")
    return f"{2 * int(total):,}" if total.isdigit() else f"2*({total})"


def _merge(configuration: Configuration, mode: str | None, output: Tensor, other: Tensor) -> list[Structure]:
    """What becomes of both outputs; Keras 3 believes the forward one."""
    shape, last = cast("Shape", output.shape), cast("Shape", other.shape)
    third = configuration.generation == 3
    if mode is None:
        return [output, output if third else other]
    if mode == "concat":
        size: Dim = multiply(2, shape[-1]) if third else None
        if not third and shape[-1] is not None and last[-1] is not None:
            size = shape[-1] + last[-1]
        return [Tensor((*shape[:-1], size), output.dtype)]
    clash = len(shape) == len(last) and any(
        differ(one, two) and 1 not in (one, two) and isinstance(one, int) and isinstance(two, int)
        for one, two in zip(shape, last, strict=True)
    )
    if clash:
        text = f"ValueError: Dimensions must be equal, but are {shape[-1]} and {last[-1]}"
        raise Refused("broadcast", text, stage="run" if third else "build", shapes=(shape, last))
    if not third and shape != last:
        raise Undetermined("the two directions return different shapes")
    return [output]


# ------------------------------------------------------------------------------------------------- SpectralNormalization


@layer("SpectralNormalization")
def normalize_spectrum(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`SpectralNormalization(layer)`: the layer, and one vector as long as its kernel's last axis."""
    sublayer = configuration.sublayer("layer")
    if configuration.generation == 2 and configuration.keras >= _TF_KERAS_ALONE:
        raise Undetermined("SpectralNormalization of tf_keras refuses its own input specification")
    if not isinstance(inputs, Tensor) or inputs.shape is None:
        raise Undetermined("the input is not a tensor of known rank")
    applied = sublayer.apply(inputs, {})
    if not isinstance(applied.output, Tensor):
        raise Undetermined("the wrapped layer does not return a single tensor")
    third = configuration.generation == 3
    weights: tuple[Weight, ...] | None = None
    if applied.weights is not None:
        names = [one.name.rpartition("/")[2] for one in applied.weights if "/" not in one.name]
        kernel = next((name for name in ("kernel", "embeddings") if name in names), None)
        if sublayer.class_name in _RECURRENT:
            kernel = None  # their kernels are attributes of the cell
        if kernel is None:
            if sublayer.class_name not in LAYERS:
                raise Undetermined("which weight is normalized is not known")
            text = f"{sublayer.class_name} object has no attribute 'kernel' nor 'embeddings'"
            raise Refused("other", f"ValueError: {text}")
        weights = _spectral_weights(configuration, sublayer, applied.weights, kernel)
    dtype = compute_dtype(configuration) if third else applied.output.dtype
    return Applied(Tensor(applied.output.shape, dtype), weights, applied.formula)


def _spectral_weights(
    configuration: Configuration, sublayer: Sublayer, weights: tuple[Weight, ...], kernel: str
) -> tuple[Weight, ...]:
    name = _name_of(sublayer)
    first = next(one for one in weights if one.name == kernel)
    rest = [one for one in weights if one is not first]
    third = configuration.generation == 3
    vector = Weight("vector_u", (1, first.shape[-1]), False, variable_dtype(configuration))
    prefixed = _prefixed([first, *rest], name) if third else (first, *rest)
    assert prefixed is not None
    # Keras 2 lists what is trained first; the kernel and the vector are the wrapper's own.
    split = not third and configuration.flag("trainable", True)
    trained = [one for one in prefixed if one.trainable]
    fixed = [one for one in prefixed if not one.trainable]
    ordered = (*trained, vector, *fixed) if split else (prefixed[0], vector, *prefixed[1:])
    return _frozen(configuration, ordered) or ()


@layer("Wrapper")
def wrap(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Wrapper(layer)` itself: Keras 2 builds the layer and returns the input; Keras 3 has no output for it."""
    sublayer = configuration.sublayer("layer")
    if configuration.generation == 3:
        raise Undetermined("Wrapper is a base class; only its subclasses have an output")
    applied = sublayer.apply(inputs, {})
    if len(flatten(inputs)) != 1:
        raise Undetermined("the input is not a single tensor")
    return Applied(inputs, _frozen(configuration, applied.weights), applied.formula)
