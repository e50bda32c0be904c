"""Recurrent layers and cells, convolutional ones included.

Keras 3 knows the output from shapes alone (`keras/src/layers/rnn/`), so a wrong initial state or an unrolled dynamic
axis fails when the model runs; Keras 2 runs `call` symbolically and fails at once (`tf_keras/src/layers/rnn/`,
`tensorflow/python/keras/layers/recurrent_v2.py`, `keras/layers/recurrent.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

from keras_lsp.shapes.arguments import (
    FLOATS,
    compute_dtype,
    read_channels_first,
    read_padding,
    read_tuple,
    variable_dtype,
)
from keras_lsp.shapes.configuration import Configuration, Sublayer, UnknownValue
from keras_lsp.shapes.dim import (
    Dim,
    Expr,
    Shape,
    add,
    ceil_divide,
    differ,
    floor_divide,
    format_shape,
    multiply,
    subtract,
)
from keras_lsp.shapes.formulas import parameter_formula
from keras_lsp.shapes.layers.convolution import ZERO_SIZE_REFUSED
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined, Weight
from keras_lsp.shapes.refusals import (
    bad_argument,
    check_rank,
    conflict,
    layer_name,
    only_tensor,
    standalone,
    undefined_weight,
)
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor, flatten

# How many gates share the kernel of a cell.
_GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
_UNITS_CHECKED = (2, 5)  # later than TensorFlow 2.3, which accepts 0 units

_DILATED_STRIDES = (3, 14)  # refused by the constructor from then on

_FORGETS_BATCH = (2, 4)  # TensorFlow 2.3 loses a fixed batch size of states in a loop of dynamic length

# Sizes of the states of a cell: a number for a cell of one state, a tuple for several, nested for stacked cells.
StateSizes: TypeAlias = "Dim | tuple[StateSizes, ...]"


@dataclass(frozen=True)
class Cell:
    """What a recurrent layer needs to know about its cell.

    Attributes:
        state_sizes: length of the state vectors.
        output_size: length of the output vector.
        weights: variables of the cell, in Keras's order.
        formula: how their number comes about.
    """

    state_sizes: StateSizes
    output_size: Dim
    weights: tuple[Weight, ...]
    formula: tuple[str, ...] = ()


# ---------------------------------------------------------------------------------------------------------- constructors


def _check_units(configuration: Configuration) -> None:
    """`units` must be a positive number; old versions look at it only when weights are created."""
    units = configuration.value("units")
    if configuration.keras < _UNITS_CHECKED:
        return
    if units is None or isinstance(units, str):
        name = type(units).__name__
        text = f"'<=' not supported between instances of '{name}' and 'int'"
        raise bad_argument("units", units, text, error="TypeError")
    if isinstance(units, int | float) and units <= 0:
        text = f"Received an invalid value for argument `units`, expected a positive integer, got {units}."
        raise bad_argument("units", units, text)
    if isinstance(units, float) and configuration.generation == 3 and configuration.class_name in ("GRU", "SimpleRNN"):
        text = "state_size must be an integer, or a list/tuple of integers (one for each state tensor)."
        raise bad_argument("units", units, text)
    if isinstance(units, float) and configuration.generation == 2 and configuration.class_name == "LSTM":
        text = (
            "Dimension value must be integer or None or have an __index__ method, "
            f"got value '{units}' with type '<class 'float'>'"
        )
        raise bad_argument("units", units, text, error="TypeError")


def _check_cudnn(configuration: Configuration) -> None:
    if configuration.generation == 3 and configuration.class_name in ("LSTM", "GRU"):
        value = configuration.value("use_cudnn", "auto")
        if isinstance(value, str | int | float) and value not in ("auto", True, False):
            text = (
                "Invalid valid received for argument `use_cudnn`. Expected one of {'auto', True, False}. "
                f"Received: use_cudnn={value}"
            )
            raise bad_argument("use_cudnn", value, text)


@constructor("SimpleRNN", "GRU", "LSTM", "SimpleRNNCell", "GRUCell", "LSTMCell")
def check_recurrent(configuration: Configuration) -> None:
    """Refuse `units` and `use_cudnn` as the constructors do."""
    _check_units(configuration)
    _check_cudnn(configuration)


_CONVOLUTIONAL = ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")


@constructor(*_CONVOLUTIONAL)
def check_convolutional(configuration: Configuration) -> None:
    """Refuse a kernel, strides, dilation, padding or data format that is none."""
    rank = int(configuration.class_name[8])
    read_tuple(configuration, "kernel_size", rank)
    strides = read_tuple(configuration, "strides", rank, allow_zero=True, value=configuration.value("strides", 1))
    read_padding(configuration, causal=configuration.generation == 2)
    read_channels_first(configuration)
    dilation = read_tuple(configuration, "dilation_rate", rank, value=configuration.value("dilation_rate", 1))
    if configuration.keras >= _DILATED_STRIDES and all(isinstance(size, int) for size in (*strides, *dilation)):
        largest = [max(cast("tuple[int, ...]", sizes)) for sizes in (strides, dilation)]
        if min(largest) > 1:
            text = (
                "Specifying `strides > 1` is not compatible with `dilation_rate > 1`. Please provide `strides=1` or "
                f"`dilation_rate=1`. Received: strides={strides} and dilation_rate={dilation}"
            )
            raise conflict(("strides", "dilation_rate"), text)


# ----------------------------------------------------------------------------------------------------------------- cells


def sub_configuration(configuration: Configuration, sublayer: Sublayer) -> Configuration:
    """The configuration of a layer given as an argument, for the same Keras."""
    return replace(configuration, class_name=sublayer.class_name, arguments=sublayer.arguments, names={})


def _size(configuration: Configuration, name: str) -> Dim:
    """`units` or `filters` as a size of weights; refused where no variable has such a size."""
    value = configuration.value(name)
    if isinstance(value, bool | int):
        if value < 0:
            raise Refused("argument", f"ValueError: Dimension {value} must be >= 0", argument=name, value=value)
        return int(value)
    if isinstance(value, Expr):
        return value
    if value is None or isinstance(value, float | str):
        text = f"TypeError: {value!r} cannot be a size of a variable"
        if configuration.generation == 3 and isinstance(value, float):
            text = (
                f"ValueError: Cannot convert a shape with '{value}'. "
                f"Found invalid dimension '{value}' of type '<class 'float'>'. "
            )
        raise Refused("argument", text, argument=name, value=value)
    raise Undetermined(f"the value of `{name}` is not known")


def _weights(configuration: Configuration, *entries: tuple[str, Shape]) -> tuple[Weight, ...]:
    trainable = configuration.flag("trainable", True)
    dtype = variable_dtype(configuration)
    return tuple(Weight(name, shape, trainable, dtype) for name, shape in entries)


def _undefined(configuration: Configuration, shape: Shape, path: str, axis: int) -> Refused:
    """The refusal of a last axis that is not known, on which the kernel depends."""
    if configuration.generation == 3:
        return undefined_weight(configuration, shape, path, axis)
    if standalone(configuration):
        text = "TypeError: unsupported operand type(s) for +: 'NoneType' and 'int'"
    else:
        text = "TypeError: int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"
    return Refused("axis-undefined", text, axis=axis)


def _gated_cell(configuration: Configuration, features: Dim, *, inside: str = "") -> Cell:
    """Kernel, recurrent kernel and bias of SimpleRNN, GRU or LSTM, whose gates lie side by side."""
    kind = configuration.class_name.removesuffix("Cell").removeprefix("CuDNN")
    gates = _GATES[kind]
    units = _size(configuration, "units")
    width = multiply(gates, units)
    if features is None:
        raise _undefined(configuration, (None, width), f"{inside}kernel", -1)
    entries: list[tuple[str, Shape]] = [("kernel", (features, width)), ("recurrent_kernel", (units, width))]
    biases = 0
    if configuration.class_name.startswith("CuDNN"):
        biases = 2
        entries.append(("bias", (multiply(2, width),)))
    elif configuration.flag("use_bias", True):
        twice = kind == "GRU" and configuration.flag("reset_after", not standalone(configuration))
        biases = 2 if twice else 1
        entries.append(("bias", (2, width) if twice else (width,)))
    weights = _weights(configuration, *entries)
    total = _count(weights)
    terms = f"({' + '.join(str(term) for term in (features, units, *([biases] if biases else ())))}) * {units}"
    line = parameter_formula(terms if gates == 1 else f"{gates} * ({terms})", total)
    states: StateSizes = (units, units) if kind == "LSTM" else units
    return Cell(states, units, weights, (line,))


def _count(weights: Sequence[Weight]) -> Dim:
    total: Dim = 0
    for each in weights:
        total = add(total, each.size)
    return total


def is_cell(class_name: str) -> bool:
    """Whether this is a cell of Keras whose weights we know."""
    return class_name in ("SimpleRNNCell", "GRUCell", "LSTMCell", "StackedRNNCells")


def _cell(configuration: Configuration, features: Dim) -> Cell:
    """The cell described by a configuration, built on inputs of `features` values."""
    if configuration.class_name == "StackedRNNCells":
        return _stack(configuration, _cells(configuration, "cells"), features)
    if is_cell(configuration.class_name):
        return _gated_cell(configuration, features, inside="")
    raise Undetermined(f"the cell {configuration.class_name} has no shape rule")


def _cells(configuration: Configuration, name: str) -> list[Configuration]:
    value = configuration.value(name)
    if not isinstance(value, list | tuple):
        raise Undetermined(f"`{name}` is not a known list of cells")
    return [_cell_configuration(configuration, item) for item in cast("Sequence[object]", value)]


def _cell_configuration(configuration: Configuration, value: object) -> Configuration:
    if isinstance(value, UnknownValue):
        raise Undetermined(f"a cell is not known: {value.reason}")
    if hasattr(value, "apply") and hasattr(value, "class_name"):
        return sub_configuration(configuration, cast("Sublayer", value))
    raise Undetermined("a cell is not a known layer")


def _stack(configuration: Configuration, cells: Sequence[Configuration], features: Dim) -> Cell:
    """Cells one after the other, each fed with the output of the one before."""
    if not cells:
        raise Undetermined("there are no cells")
    states: list[StateSizes] = []
    weights: list[Weight] = []
    formula: list[str] = []
    for index, each in enumerate(cells):
        cell = _cell(each, features)
        states.append(cell.state_sizes)
        prefix = layer_name(each) + (f"_{index}" if index else "")
        weights += [replace(one, name=f"{prefix}/{one.name}") for one in cell.weights]
        formula += cell.formula
        features = cell.output_size
    if not configuration.flag("trainable", True):
        weights = [replace(one, trainable=False) for one in weights]
    if standalone(configuration):
        states = list(_flat(tuple(states)))
    return Cell(tuple(states), features, tuple(weights), tuple(formula))


def _flat(sizes: StateSizes) -> tuple[Dim, ...]:
    if isinstance(sizes, tuple):
        return tuple(size for each in sizes for size in _flat(each))
    return (sizes,)


def _state_tensors(sizes: StateSizes, batch: Dim, dtype: str | None) -> Structure:
    if isinstance(sizes, tuple):
        return [_state_tensors(size, batch, dtype) for size in sizes]
    return Tensor((batch, sizes), dtype)


@layer("SimpleRNNCell", "GRUCell", "LSTMCell", "StackedRNNCells")
def step(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """One step of a cell: `cell(inputs, states)` gives the output and the new states."""
    tensor = only_tensor(configuration, inputs, checked=False)
    if tensor.rank != 2:
        raise Undetermined("a cell is known for inputs of shape (batch, features) only")
    shape = cast("Shape", tensor.shape)
    states = call.get("states")
    if not isinstance(states, Tensor | list | tuple) or isinstance(states, UnknownValue):
        raise Undetermined("the states that the cell is called with are not known")
    cell = _cell(configuration, shape[-1])
    given = flatten(cast("Structure", states))
    if [one.rank for one in given] != [2] * len(_flat(cell.state_sizes)):
        raise Undetermined("the states are not those of the cell")
    found = [cast("Shape", one.shape) for one in given]
    if any(one[1] != size for one, size in zip(found, _flat(cell.state_sizes), strict=True)):
        raise Undetermined("the states are not those of the cell")
    # Input and state are added: a batch size that one of them knows is the output's.
    batches = {one[0] for one in (shape, *found)} - {None}
    if len(batches) > 1 or (1 in batches and any(one[0] is None for one in (shape, *found))):
        raise Undetermined("the states are not those of the cell")
    batch = batches.pop() if batches else None
    if tensor.dtype not in FLOATS or any(one.dtype not in FLOATS for one in given):
        raise Undetermined("a cell is known for inputs and states of real numbers only")
    dtype = compute_dtype(configuration)
    _check_step(configuration, given, dtype)
    stepped = _stepped(configuration, cast("Structure", states), cell.state_sizes, batch, dtype)
    return Applied((Tensor((batch, cell.output_size), dtype), stepped), cell.weights, cell.formula)


def _check_step(configuration: Configuration, states: Sequence[Tensor], dtype: str | None) -> None:
    """Refuse states that Keras 2, which casts the first argument only, multiplies with a kernel of another type."""
    if configuration.class_name == "StackedRNNCells":
        if configuration.text("dtype") is not None:
            raise Undetermined("whether the cells compute in the `dtype` of the stack is not known")
        return
    _check_initializer(configuration, always=True)
    if configuration.generation == 3 or standalone(configuration) or dtype is None:
        return
    for state in states:
        if state.dtype != dtype:
            text = f"Input 'b' of 'MatMul' Op has type {dtype} that does not match type {state.dtype} of argument 'a'."
            raise Refused("dtype", f"TypeError: {text}", dtype=state.dtype)


def _stepped(
    configuration: Configuration, given: Structure, sizes: StateSizes, batch: Dim, dtype: str | None
) -> Structure:
    """The new states in the container in which the cell returns them, which depends on that of the old ones."""
    if configuration.class_name != "StackedRNNCells":
        return _cell_states(sizes, isinstance(given, Tensor), batch, dtype)
    stacked = cast("tuple[StateSizes, ...]", sizes)
    if configuration.generation == 3:
        # `StackedRNNCells.call` of Keras 3 goes through the states as they are given, and unwraps the only ones.
        if not isinstance(given, list | tuple) or len(given) != len(stacked):
            raise Undetermined("the states are not those of the cells")
        pairs = zip(cast("Sequence[Structure]", given), stacked, strict=True)
        found = [_cell_states(size, isinstance(state, Tensor), batch, dtype) for state, size in pairs]
        return found[0] if len(found) == 1 else found
    if standalone(configuration):
        raise Undetermined("the structure of the states of stacked cells is not known")
    return tuple(_cell_states(size, True, batch, dtype) for size in stacked)


def _cell_states(sizes: StateSizes, bare: bool, batch: Dim, dtype: str | None) -> Structure:
    """States of one cell: a list, or the one state bare as it was given."""
    if bare and not isinstance(sizes, tuple):
        return Tensor((batch, sizes), dtype)
    return [Tensor((batch, size), dtype) for size in _flat(sizes)]


# ---------------------------------------------------------------------------------------------------------------- layers


def _given_states(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> tuple[Tensor, object]:
    """The sequence and the initial state; Keras 2 also takes both in one list."""
    state = call.get("initial_state")
    if isinstance(state, UnknownValue):
        raise Undetermined(f"`initial_state` is not known: {state.reason}")
    if call.get("constants") is not None:
        raise Undetermined("`constants` of a recurrent layer have no shape rule")
    if configuration.generation == 2 and isinstance(inputs, list) and inputs and state is None:
        first = inputs[0]
        if isinstance(first, Tensor):
            return first, (inputs[1:] or None)
    return only_tensor(configuration, inputs), state


def _check_state(configuration: Configuration, sizes: StateSizes, state: object, batch: Dim) -> None:
    """Refuse an initial state of other sizes than the cell's; Keras 3 finds out when the model runs."""
    if state is None:
        return
    if isinstance(state, Tensor):
        state = [state]
    if not isinstance(state, list | tuple) or not _holds_tensors(cast("Sequence[object]", state)):
        raise Undetermined("`initial_state` is not known")
    expected = _flat(sizes)
    found = flatten(cast("Structure", state))
    if configuration.generation == 3 and configuration.class_name == "GRU":
        found = found[:1]  # `GRU.inner_loop` of Keras 3 takes the first and ignores the others
    if len(found) != len(expected):
        raise _wrong_state(configuration, expected, found)
    for tensor, size in zip(found, expected, strict=True):
        if tensor.shape is None:
            continue
        if len(tensor.shape) != 2 or differ(tensor.shape[1], size):
            raise _wrong_state(configuration, expected, found)


def _holds_tensors(state: Sequence[object]) -> bool:
    """Whether all leaves are tensors; a program may also have put something there that is not known, or a size."""
    return all(
        isinstance(item, Tensor) or (isinstance(item, list | tuple) and _holds_tensors(cast("Sequence[object]", item)))
        for item in state
    )


def _wrong_state(configuration: Configuration, expected: Sequence[Dim], found: Sequence[Tensor]) -> Refused:
    if configuration.generation == 3:
        shapes = ", ".join(str(tensor) for tensor in found)
        text = f"ValueError: the initial state has shapes [{shapes}], the cell has states of sizes {list(expected)}"
        return Refused("other", text, stage="run", expected=tuple(expected), found=shapes)
    specs = ", ".join(
        f"InputSpec(shape=(None, {tensor.shape[1] if tensor.shape and len(tensor.shape) > 1 else None}), "
        f"ndim={tensor.rank})"
        for tensor in found
    )
    specs = f"ListWrapper([{specs}])" if not standalone(configuration) else f"[{specs}]"
    sizes = ", ".join(str(size) for size in expected)
    shown = f"[{sizes}]" if not standalone(configuration) else f"({sizes})"
    text = (
        "ValueError: An `initial_state` was passed that is not compatible with `cell.state_size`. "
        f"Received `state_spec`={specs}; however `cell.state_size` is {shown}"
    )
    return Refused("other", text, expected=tuple(expected), found=len(found))


def _check_stateful(configuration: Configuration, shape: Shape) -> None:
    if configuration.flag("stateful") and shape[0] is None:
        if configuration.generation == 3:
            text = (
                "When using `stateful=True` in a RNN, the batch size must be static. "
                f"Found dynamic batch size: sequence.shape={format_shape(shape)}"
            )
        else:
            text = "If a RNN is stateful, it needs to know its batch size. Specify the batch size of your input tensors"
        raise Refused("stateful", f"ValueError: {text}")


def _check_unroll(configuration: Configuration, steps: Dim) -> None:
    """Keras 2 unrolls when the layer is called; Keras 3 when the model runs, on data that may well have a number of steps."""
    if configuration.flag("unroll") and steps is None and configuration.generation == 2:
        if configuration.class_name in ("LSTM", "GRU") and not standalone(configuration):
            text = "Unrolling requires a fixed number of timesteps."
        else:
            text = "Cannot unroll a RNN if the time dimension is undefined. "
        raise Refused("axis-undefined", f"ValueError: {text}", axis=1)


def _check_numbers(configuration: Configuration, tensor: Tensor) -> None:
    """Keras 2 multiplies the input with the kernel as it is: both must have one element type."""
    kernel = variable_dtype(configuration)
    if configuration.generation == 3 or tensor.dtype is None:
        return
    if tensor.dtype not in FLOATS or (standalone(configuration) and tensor.dtype != kernel):
        text = f"Input 'b' of 'MatMul' Op has type {kernel} that does not match type {tensor.dtype} of argument 'a'."
        raise Refused("dtype", f"TypeError: {text}", dtype=tensor.dtype)


def _check_initializer(configuration: Configuration, *, always: bool = False) -> None:
    """The orthogonal initializer decomposes a matrix, which TensorFlow does not do in bfloat16.

    A layer of Keras 3 that is called on symbolic tensors is built without; `always` is for those that are not.
    """
    if (configuration.generation == 2 or always) and variable_dtype(configuration) == "bfloat16":
        if configuration.value("recurrent_initializer") == "orthogonal":
            text = "InvalidArgumentError: Value for attr 'T' of bfloat16 is not in the list of allowed values"
            raise Refused("dtype", text, dtype="bfloat16")
        raise Undetermined("which initializers this version has for bfloat16 is not known")


def _output_dtype(configuration: Configuration, tensor: Tensor) -> str | None:
    if standalone(configuration):  # Keras 2.3 ignores `dtype` for all but the weights
        return tensor.dtype
    return compute_dtype(configuration)


def _returned(configuration: Configuration, output: Tensor, states: Sequence[Structure]) -> Structure:
    """The output alone, or with the states, in the container in which Keras returns them."""
    if not configuration.flag("return_state"):
        return output
    return (output, *states) if configuration.generation == 3 else [output, *states]


def _run(configuration: Configuration, cell: Cell, tensor: Tensor, shape: Shape, state: object) -> Applied:
    """What a layer around a cell returns for a sequence of this shape."""
    batch, steps = shape[0], shape[1]
    if configuration.flag("time_major"):
        batch, steps = steps, batch
    _check_stateful(configuration, (batch, *shape[1:]))
    _check_state(configuration, cell.state_sizes, state, batch)
    _check_unroll(configuration, steps)
    if _FORGETS_BATCH <= configuration.keras < _UNITS_CHECKED and steps is None and batch is not None:
        raise Undetermined("whether this version keeps the batch size through its loop is not known")
    dtype = _output_dtype(configuration, tensor)
    output: Shape = (batch, cell.output_size)
    if configuration.flag("return_sequences"):
        leading = (steps, batch) if configuration.flag("time_major") else (batch, steps)
        output = (*leading, cell.output_size)
    sizes = cell.state_sizes if isinstance(cell.state_sizes, tuple) else (cell.state_sizes,)
    states = [_state_tensors(size, batch, dtype) for size in sizes]
    return Applied(_returned(configuration, Tensor(output, dtype), states), cell.weights, cell.formula)


@layer("SimpleRNN", "GRU", "LSTM", "CuDNNLSTM", "CuDNNGRU")
def recur(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """SimpleRNN, GRU, LSTM: (batch, steps, features) to (batch, units), or (batch, steps, units) as a sequence."""
    tensor, state = _given_states(configuration, inputs, call)
    shape = check_rank(configuration, tensor, exactly=3)
    own = configuration.class_name.lower().replace("simplernn", "simple_rnn")
    cell = _gated_cell(configuration, shape[-1], inside=f"{own}_cell/")
    _check_initializer(configuration)
    _check_numbers(configuration, tensor)
    return _run(configuration, cell, tensor, shape, state)


@layer("RNN")
def recur_with_cell(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`RNN(cell)`, or `RNN([cell, cell])`, which stacks them."""
    value = configuration.value("cell")
    tensor, state = _given_states(configuration, inputs, call)
    if standalone(configuration):
        shape = check_rank(configuration, tensor, exactly=3)
    else:
        if tensor.rank != 3:
            raise Undetermined("a recurrent layer around a cell is known for sequences of vectors only")
        if configuration.generation == 2 and configuration.text("dtype") is not None:
            raise Undetermined("whether the cell computes in the `dtype` of the layer is not known")
        shape = cast("Shape", tensor.shape)
    if isinstance(value, list | tuple):
        stacked = replace(configuration, class_name="StackedRNNCells", arguments={})
        cells = [_cell_configuration(configuration, item) for item in cast("Sequence[object]", value)]
        cell = _stack(stacked, cells, shape[-1])
    else:
        cell = _cell(_cell_configuration(configuration, value), shape[-1])
    _check_numbers(configuration, tensor)
    if not configuration.flag("trainable", True):
        cell = replace(cell, weights=tuple(replace(one, trainable=False) for one in cell.weights))
    return _run(configuration, cell, tensor, shape, state)


def _conv_length(size: Dim, kernel: Dim, stride: Dim, dilation: Dim, padding: str) -> Dim:
    """Length of a convolution's output, `conv_output_length` of Keras's `conv_utils`."""
    if padding == "same":
        return ceil_divide(size, stride)
    window = add(multiply(subtract(kernel, 1), dilation), 1)
    return add(floor_divide(subtract(size, window), stride), 1)


@layer(*_CONVOLUTIONAL)
def convolve_recurrently(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """ConvLSTM1D-3D: sequences of images, whose states are images."""
    rank = int(configuration.class_name[8])
    tensor, state = _given_states(configuration, inputs, call)
    shape = check_rank(configuration, tensor, exactly=rank + 3)
    kernel = read_tuple(configuration, "kernel_size", rank)
    strides = read_tuple(configuration, "strides", rank, allow_zero=True, value=configuration.value("strides", 1))
    dilation = read_tuple(configuration, "dilation_rate", rank, value=configuration.value("dilation_rate", 1))
    padding = read_padding(configuration, causal=configuration.generation == 2)
    first = read_channels_first(configuration)
    if configuration.generation == 3 and configuration.keras < _DILATED_STRIDES and {*strides} != {1} != {*dilation}:
        raise Undetermined("what this version makes of strides with a dilation is not known")
    filters = _size(configuration, "filters")
    frame = (shape[0], *shape[2:])
    spatial = frame[2:] if first else frame[1:-1]
    channels = frame[1] if first else frame[-1]
    if configuration.generation == 3 and None in spatial:
        text = (
            "ConvLSTM layers only support static input shapes for the spatial dimension. "
            f"Received invalid input shape: input_shape={format_shape(frame)}"
        )
        raise Refused("axis-undefined", f"ValueError: {text}", axis=2)
    if channels is None:
        if configuration.keras < _UNITS_CHECKED:
            text = "The channel dimension of the inputs should be defined. Found `None`."
        else:
            text = (
                "The channel dimension of the inputs (last axis) should be defined. Found None. "
                f"Full input shape received: input_shape={format_shape(frame)}"
            )
        raise Refused("axis-undefined", f"ValueError: {text}", axis=2 if first else -1)
    _check_initializer(configuration)
    _check_numbers(configuration, tensor)
    if configuration.generation == 2:
        _check_convolution(configuration, spatial, strides, dilation, padding)
    width = multiply(4, filters)
    entries: list[tuple[str, Shape]] = [
        ("kernel", (*kernel, channels, width)),
        ("recurrent_kernel", (*kernel, filters, width)),
    ]
    if configuration.flag("use_bias", True):
        entries.append(("bias", (width,)))
    weights = _weights(configuration, *entries)
    sizes = tuple(
        _conv_length(size, kernel[axis], strides[axis], dilation[axis], padding) for axis, size in enumerate(spatial)
    )
    for axis, size in enumerate(sizes):
        if isinstance(size, int) and size <= 0:
            late = size == 0 and configuration.generation == 3 and configuration.keras < ZERO_SIZE_REFUSED
            refused = _too_small(configuration, frame, kernel, channels, filters, spatial[axis], padding, axis)
            raise _when_run(refused) if late else refused
    _check_stateful(configuration, shape)
    if state is not None:
        raise Undetermined("`initial_state` of a ConvLSTM has no shape rule")
    image = (filters, *sizes) if first else (*sizes, filters)
    dtype = _output_dtype(configuration, tensor)
    output = (shape[0], shape[1], *image) if configuration.flag("return_sequences") else (shape[0], *image)
    states: list[Structure] = [Tensor((shape[0], *image), dtype) for _ in range(2)]
    bias = " + 1" if configuration.flag("use_bias", True) else ""
    area = " * ".join(str(size) for size in kernel)
    terms = f"4 * {filters} * ({area} * ({channels} + {filters}){bias})"
    line = parameter_formula(terms, _count(weights))
    return Applied(_returned(configuration, Tensor(output, dtype), states), weights, (line,))


def _check_convolution(
    configuration: Configuration, spatial: Shape, strides: Shape, dilation: Shape, padding: str
) -> None:
    """What TensorFlow's convolution refuses when it is called; Keras 3 refuses it in the constructor."""
    if padding == "causal":
        text = f"ValueError: the padding 'causal' is not one of {configuration.class_name}"
        raise Refused("argument", text, argument="padding", value=padding)
    dilated = any(rate != 1 for rate in dilation)
    if dilated and any(isinstance(stride, int) and stride > 1 for stride in strides):
        text = (
            "ValueError: `strides > 1` not supported in conjunction with `dilation_rate > 1`. "
            f"Received: strides={list(strides)} and dilation_rate={list(dilation)}"
        )
        raise Refused("option-conflict", text, arguments=("strides", "dilation_rate"))
    if dilated and None in spatial:
        raise Undetermined("a dilated convolution over a dynamic axis has no shape rule")


def _too_small(
    configuration: Configuration,
    frame: Shape,
    kernel: Shape,
    channels: Dim,
    filters: Dim,
    size: Dim,
    padding: str,
    axis: int,
) -> Refused:
    if configuration.generation == 3:
        whole = format_shape((*kernel, channels, filters))
        text = (
            "Computed output size would be zero or negative. "
            f"Received `inputs shape={format_shape(frame)}`, `kernel shape={whole}`"
        )
    else:
        text = f"Negative dimension size caused by subtracting {kernel[axis]} from {size}"
    return Refused("spatial-size", f"ValueError: {text}", axis=axis, size=size, kernel=kernel[axis], padding=padding)


def _when_run(refused: Refused) -> Refused:
    """The same for outputs of size 0, which Keras lets pass before 3.14, until the model runs."""
    facts = refused.error.facts
    text = f"ValueError: Negative dimension size caused by subtracting {facts['kernel']} from {facts['size']}"
    return Refused("spatial-size", text, stage="run", **facts)
