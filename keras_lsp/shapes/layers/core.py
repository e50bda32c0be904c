"""Dense, EinsumDense, Embedding and the layers that leave shapes alone.

Sources: `keras/src/layers/core/*.py` (Keras 3); `layers/core/*.py` (tf.keras), `keras/layers/core.py` (Keras 2.3).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import cast

from keras_lsp.shapes.arguments import (
    FLOATS,
    adapt,
    cast_input,
    check_real,
    compute_dtype,
    elementwise_dtype,
    variable_dtype,
    weight,
)
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import Dim, Expr, Shape, add, differ, format_shape
from keras_lsp.shapes.formulas import number
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined
from keras_lsp.shapes.refusals import bad_argument, check_rank, only_tensor, shape_of, standalone, undefined_weight
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor

# From here on constructors want positive Python ints; before, a wrong size showed when the kernel was made.
POSITIVE_UNITS = (3, 13)
POSITIVE_EMBEDDING = (3, 15)


@constructor("Dense")
def check_dense(configuration: Configuration) -> None:
    """`Dense.__init__`: `units` is a positive int (Keras 3.13), what `int()` takes and is not negative (tf.keras)."""
    units = configuration.value("units")
    text = f"Received an invalid value for `units`, expected a positive integer. Received: units={units}"
    if configuration.generation == 3:
        if configuration.keras >= POSITIVE_UNITS and not isinstance(units, Expr):
            if not isinstance(units, int) and (units is None or isinstance(units, str | float | list | tuple)):
                raise bad_argument("units", cast("object", units), text)
            if isinstance(units, int) and units <= 0:
                raise bad_argument("units", units, text)
        return
    if standalone(configuration):
        return
    if units is None or isinstance(units, list | tuple):
        text = f"int() argument must be a string or a number, not '{type(cast('object', units)).__name__}'"
        raise bad_argument("units", cast("object", units), text, error="TypeError")
    if configuration.keras >= (2, 5) and isinstance(units, int | float) and math.trunc(units) < 0:
        raise bad_argument("units", units, text)


def _units(configuration: Configuration) -> Dim:
    units = configuration.value("units")
    if configuration.generation == 2 and not standalone(configuration):
        if isinstance(units, float):
            return math.trunc(units)
        if isinstance(units, str) and units.isdecimal():
            return int(units)
    if isinstance(units, str | float):
        text = f"ValueError: Cannot convert '{units}' to a shape."
        raise Refused("argument", text, argument="units", value=units)
    count = configuration.dim("units")
    if count is None:
        raise Undetermined("`units` is None")
    if isinstance(count, int) and count < 0:
        raise Refused("argument", f"ValueError: Cannot make a kernel of size {count}", argument="units", value=count)
    return count


@layer("Dense")
def multiply_densely(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Kernel (features, units), bias (units,); the last axis becomes `units`."""
    units = _units(configuration)
    tensor = only_tensor(configuration, inputs)
    shape = check_rank(configuration, tensor, at_least=2)
    features = shape[-1]
    if configuration.generation == 2:
        _check_floating_variables(configuration)
    if features is None:
        raise _undefined_features(configuration, shape, units)
    if configuration.value("quantization_config") is not None:
        raise Undetermined("`quantization_config` changes the weights")
    dtype = compute_dtype(configuration)
    if standalone(configuration):
        _check_same_dtype(tensor.dtype, dtype)
        dtype = tensor.dtype
    weights = [weight(configuration, "kernel", features, units)]
    total = weights[0].size
    line = f"{number(features)} * {number(units)}"
    if configuration.flag("use_bias", True):
        weights.append(weight(configuration, "bias", units))
        total = add(total, units)
        line = f"({number(features)} + 1) * {number(units)}"
    output = Tensor((*shape[:-1], units), dtype)
    return Applied(output, tuple(adapt(configuration, weights)), (f"{line} = {number(total)}",))


def _check_floating_variables(configuration: Configuration) -> None:
    dtype = variable_dtype(configuration)
    if dtype is not None and dtype not in FLOATS and "complex" not in dtype:
        raise Refused(
            "dtype",
            f"TypeError: A Dense layer can only be built with a floating-point dtype. Received: dtype={dtype}",
            dtype=dtype,
        )


def _check_same_dtype(found: str | None, expected: str | None) -> None:
    """Standalone Keras casts nothing; TensorFlow 1 refuses operands of different types."""
    if found is not None and expected is not None and found != expected:
        text = (
            f"TypeError: Input 'b' of 'MatMul' Op has type {expected} that does not match type {found} of argument 'a'."
        )
        raise Refused("dtype", text, dtype=found)


def _undefined_features(configuration: Configuration, shape: Shape, units: Dim) -> Refused:
    if configuration.generation == 3:
        return undefined_weight(configuration, (None, units), "kernel", -1)
    if configuration.keras < (2, 5):
        text = "ValueError: The last dimension of the inputs to `Dense` should be defined. Found `None`."
    else:
        text = (
            "ValueError: The last dimension of the inputs to a Dense layer should be defined. Found None. "
            f"Full input shape received: {format_shape(shape)}"
        )
    return Refused("axis-undefined", text, axis=-1, shape=shape)


@constructor("EinsumDense")
def check_einsum_dense(configuration: Configuration) -> None:
    """`EinsumDense.__init__`: `output_shape` is an int or iterable."""
    value = configuration.value("output_shape")
    if value is None or isinstance(value, float):
        text = f"'{type(value).__name__}' object is not iterable"
        raise bad_argument("output_shape", value, text, error="TypeError")


@layer("EinsumDense")
def multiply_by_equation(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`_analyze_einsum_string`: kernel and bias sizes by the letters of the equation."""
    tensor = only_tensor(configuration, inputs, checked=False)
    shape = shape_of(tensor)
    equation = configuration.text("equation")
    bias_axes = configuration.text("bias_axes")
    if equation is None:
        raise Undetermined("`equation` is None")
    if configuration.value("quantization_config") is not None:
        raise Undetermined("`quantization_config` changes the weights")
    value = configuration.value("output_shape")
    partial: list[Dim] = []
    for dim in cast("Sequence[object]", value) if isinstance(value, list | tuple) else (value,):
        if not (dim is None or isinstance(dim, int | Expr)):
            raise Undetermined("`output_shape` holds something else than sizes")
        partial.append(dim)
    kernel, bias, output = _analyze_equation(configuration, equation, bias_axes, shape, tuple(partial))
    if any(dim is None for dim in kernel):
        if configuration.generation == 3:
            raise undefined_weight(configuration, kernel, "kernel", kernel.index(None))
        raise Refused(
            "axis-undefined", f"ValueError: Shape {format_shape(kernel)} is not fully defined", axis=kernel.index(None)
        )
    if bias is not None and any(dim is None for dim in bias):
        if configuration.generation == 3:
            raise undefined_weight(configuration, bias, "bias", bias.index(None))
        raise Refused(
            "axis-undefined", f"ValueError: Shape {format_shape(bias)} is not fully defined", axis=bias.index(None)
        )
    weights = [weight(configuration, "kernel", *kernel)]
    if bias is not None:
        weights.append(weight(configuration, "bias", *bias))
    if configuration.generation == 2:
        check_real(configuration, tensor)
        output = _einsum_shape(equation, shape, kernel)
    weights = adapt(configuration, weights)
    return Applied(Tensor(output, compute_dtype(configuration)), tuple(weights), (equation,))


def _einsum_shape(equation: str, shape: Shape, kernel: Shape) -> Shape:
    """What `tf.einsum` returns: sizes by letter, the axes of "..." where the output has them."""
    operands, _, result = equation.partition("->")
    left, _, right = operands.partition(",")
    letters = left.replace("...", "")
    elided = len(shape) - len(letters)
    if elided < 0 or (elided > 0 and "..." not in left):
        text = f"ValueError: Expected input of rank {len(letters)} but got {len(shape)}"
        raise Refused("rank", text, expected_rank=len(letters), rank=len(shape), shape=shape)
    start = left.find("...")
    rest = shape[start : start + elided] if start >= 0 else ()
    own = (*shape[:start], *shape[start + elided :]) if start >= 0 else shape
    sizes = dict(zip(letters, own, strict=True)) | dict(zip(right, kernel, strict=True))
    output: list[Dim] = []
    for part in re.findall(r"\.\.\.|[a-zA-Z]", result):
        output += rest if part == "..." else (sizes[part],)
    return tuple(output)


def _analyze_equation(
    configuration: Configuration, equation: str, bias_axes: str | None, shape: Shape, partial: Shape
) -> tuple[Shape, Shape | None, Shape]:
    dotted = equation.replace("...", "0")
    found = re.match("([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)", dotted)
    left = False
    if found is None:
        found = re.match("0([a-zA-Z]+),([a-zA-Z]+)->0([a-zA-Z]+)", dotted)
        left = found is not None
    if found is None:
        found = re.match("([a-zA-Z]{2,})0,([a-zA-Z]+)->([a-zA-Z]+)0", dotted)
    if found is None:
        text = (
            f"ValueError: Invalid einsum equation '{equation}'. Equations must be in the form "
            "[X],[Y]->[Z], ...[X],[Y]->...[Z], or [X]...,[Y]->[Z]...."
        )
        raise Refused("argument", text, argument="equation", value=equation)
    input_letters, weight_letters, output_letters = found[1], found[2], found[3]
    if not shape:
        raise Undetermined("the input is a scalar")
    elided = len(shape) - len(input_letters)
    output: list[Dim] = [shape[0], *partial]
    if elided > 0 and left:
        output[1:1] = reversed(shape[1:elided])
    elif elided > 0:
        output += shape[len(shape) - elided :]
    if left:
        input_axis = {letter: index + elided - len(shape) for index, letter in enumerate(input_letters)}
        output_axis = {letter: index + elided for index, letter in enumerate(output_letters)}
    else:
        input_axis = {letter: index for index, letter in enumerate(input_letters)}
        output_axis = {letter: index for index, letter in enumerate(output_letters)}

    def pick(sizes: Sequence[Dim], index: int) -> Dim:
        try:
            return sizes[index]
        except IndexError:
            text = "IndexError: tuple index out of range"
            raise Refused("rank", text, expected_rank=len(input_letters), rank=len(shape), shape=shape) from None

    for letter in input_letters:
        there = pick(shape, input_axis[letter])
        if letter in output_axis:
            here = pick(output, output_axis[letter])
            if here is not None and (there is None or differ(here, there)):
                text = f"ValueError: Input shape and output shape do not match at shared dimension '{letter}'. Input shape is {there}, and output shape is {here}."
                raise Refused("matmul", text, shapes=(shape, tuple(output)))
    for letter in output_letters:
        if letter not in input_letters and letter not in weight_letters:
            text = (
                f"ValueError: Dimension '{letter}' was specified in the output '{output_letters}' but has no "
                f"corresponding dim in the input spec '{input_letters}' or weight spec '{output_letters}'"
            )
            raise Refused("argument", text, argument="equation", value=equation)
    kernel: list[Dim] = []
    for letter in weight_letters:
        declared = pick(output, output_axis[letter]) if letter in output_axis else None
        found_size = pick(shape, input_axis[letter]) if letter in input_axis else None
        if letter in output_axis and letter in input_axis:
            # since Keras 3.15 the declared size comes first, before it was the size of the input
            kernel.append(found_size if configuration.keras < (3, 15) else declared)
        elif letter in output_axis:
            kernel.append(declared)
        elif letter in input_axis:
            kernel.append(found_size)
        else:
            text = (
                f"ValueError: Weight dimension '{letter}' did not have a match in either the input spec "
                f"'{input_letters}' or the output spec '{output_letters}'. For this layer, the weight must be fully specified."
            )
            raise Refused("argument", text, argument="equation", value=equation)
    if bias_axes is None:
        return tuple(kernel), None, tuple(output)
    skipped = elided if left else 0
    sizes = {letter: pick(output, index + skipped) for index, letter in enumerate(output_letters)}
    for letter in bias_axes:
        if letter not in output_letters:
            text = f"ValueError: Bias dimension '{letter}' was requested, but is not part of the output spec '{output_letters}'"
            raise Refused("argument", text, argument="bias_axes", value=bias_axes)
    if not bias_axes:
        raise Refused("argument", "ValueError: min() arg is an empty sequence", argument="bias_axes", value=bias_axes)
    first = min(output_letters.find(letter) for letter in bias_axes)
    bias: list[Dim] = [sizes[letter] if letter in bias_axes else 1 for letter in output_letters[first:]]
    if not left:
        bias += [1] * max(elided, 0)
    return tuple(kernel), tuple(bias), tuple(output)


@constructor("Embedding", "ReversibleEmbedding")
def check_embedding(configuration: Configuration) -> None:
    """`Embedding.__init__`: both sizes positive; ints in Keras 3.15."""
    for name in ("input_dim", "output_dim"):
        value = configuration.value(name)
        if configuration.keras >= POSITIVE_EMBEDDING:
            wrong = value is None or isinstance(value, bool | float | str | list | tuple)
            if wrong or (isinstance(value, int) and value <= 0):
                text = f"`{name}` must be a positive integer. Received: {name}={value} (of type {type(cast('object', value)).__name__})."
                raise bad_argument(name, cast("object", value), text)
        elif configuration.generation == 2 and not standalone(configuration):
            if value is None or isinstance(value, str):
                text = f"'<=' not supported between instances of '{type(value).__name__}' and 'int'"
                raise bad_argument(name, value, text, error="TypeError")
            if isinstance(value, int | float) and value <= 0:
                text = (
                    "Both `input_dim` and `output_dim` should be positive, Received input_dim = "
                    f"{configuration.arguments.get('input_dim')} and output_dim = {configuration.arguments.get('output_dim')}"
                )
                raise bad_argument(name, value, text)


@layer("Embedding", "ReversibleEmbedding")
def look_up(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Embeddings (input_dim, output_dim); one more axis of size `output_dim`, whatever the rank."""
    tensor = only_tensor(configuration, inputs, checked=False)
    rows, columns = configuration.dim("input_dim"), configuration.dim("output_dim")
    if rows is None or columns is None:
        raise Undetermined("`input_dim` or `output_dim` is None")
    if any(isinstance(size, int) and size < 0 for size in (rows, columns)):
        name, value = ("input_dim", rows) if isinstance(rows, int) and rows < 0 else ("output_dim", columns)
        stage = "run" if standalone(configuration) else "build"
        text = f"ValueError: Dimension {value} must be >= 0"
        raise Refused("argument", text, stage=stage, argument=name, value=value)
    if configuration.value("quantization_config") is not None:
        raise Undetermined("`quantization_config` changes the weights")
    weights = [weight(configuration, "embeddings", rows, columns)]
    lines = [f"{number(rows)} * {number(columns)} = {number(weights[0].size)}"]
    dtype = compute_dtype(configuration)
    weights = adapt(configuration, weights, "embeddings")
    if configuration.class_name == "ReversibleEmbedding":
        if len(weights) > 1:
            raise Undetermined("`lora_rank` changes the weights")
        if not configuration.flag("tie_weights", True):
            weights.append(weight(configuration, "reverse_embeddings", columns, rows))
            lines = [f"2 * {number(rows)} * {number(columns)} = {number(add(weights[0].size, weights[1].size))}"]
        reverse = call.get("reverse", False)
        if not isinstance(reverse, bool):
            raise Undetermined("the value of `reverse` is not known")
        if reverse:
            shape = shape_of(tensor)
            if not shape:
                raise Refused("rank", "IndexError: list assignment index out of range", min_rank=1, rank=0)
            return Applied(Tensor((*shape[:-1], rows), dtype), tuple(weights), tuple(lines))
    if tensor.shape is None:
        return Applied(Tensor(None, dtype), tuple(weights), tuple(lines))
    shape = tensor.shape
    if standalone(configuration):
        _check_input_length(configuration, shape)
    return Applied(Tensor((*shape, columns), dtype), tuple(weights), tuple(lines))


def _check_input_length(configuration: Configuration, shape: Shape) -> None:
    """`Embedding.compute_output_shape` of standalone Keras; tf.keras never asks it."""
    value = configuration.value("input_length")
    if value is None:
        return
    lengths = cast("Sequence[object]", value) if isinstance(value, list | tuple) else (value,)
    inner = shape[1:]
    text = f'ValueError: "input_length" is {value}, but received input has shape {format_shape(shape)}'
    if len(lengths) != len(inner):
        raise Refused("axis-size", text, axis=1, expected=lengths, found=format_shape(shape))
    for position, (length, found) in enumerate(zip(lengths, inner, strict=True)):
        if isinstance(length, int | Expr) and differ(length, found):
            raise Refused("axis-size", text, axis=position + 1, expected=length, found=found)


@layer("Identity")
def pass_on(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Every tensor of the structure as it is; floats in the compute dtype."""

    def walk(item: Structure) -> Structure:
        if isinstance(item, Tensor):
            return Tensor(item.shape, cast_input(configuration, item))
        if isinstance(item, dict):
            return {key: walk(value) for key, value in item.items()}
        if isinstance(item, list):
            return [walk(value) for value in item]
        if isinstance(item, tuple):
            return tuple(walk(value) for value in item)
        return None

    return Applied(walk(inputs))


@layer("Masking")
def mask_steps(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """The same shape; steps equal to `mask_value` become zeros."""
    tensor = only_tensor(configuration, inputs, checked=False)
    if configuration.generation == 2 and tensor.dtype is not None and tensor.dtype not in FLOATS:
        value = configuration.value("mask_value", 0.0)
        if isinstance(value, float):
            text = f"TypeError: Expected {tensor.dtype}, but got {value} of type 'float'."
            raise Refused("dtype", text, dtype=tensor.dtype)
        if tensor.dtype == "bool" or not isinstance(value, int):
            raise Undetermined(f"what Masking makes of {tensor.dtype} is not known")
    return Applied(Tensor(tensor.shape, elementwise_dtype(configuration, tensor)))


@layer("InputLayer")
def put_in(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """What comes out is what was declared: `batch_shape`, or `batch_size` and `shape`."""
    batch_shape: object = None
    for name in ("batch_shape", "batch_input_shape"):
        batch_shape = batch_shape if batch_shape is not None else configuration.value(name)
    if batch_shape is None:
        for name in ("shape", "input_shape"):
            shape = configuration.value(name)
            if isinstance(shape, list | tuple):
                batch_shape = (configuration.value("batch_size"), *cast("Sequence[object]", shape))
                break
    if not isinstance(batch_shape, list | tuple):
        raise Undetermined("no known shape is declared")
    dims: list[Dim] = []
    for dim in cast("Sequence[object]", batch_shape):
        if not (dim is None or isinstance(dim, int | Expr)):
            raise Undetermined("the declared shape is not known")
        dims.append(dim)
    dtype = configuration.text("dtype") or configuration.floatx
    return Applied(Tensor(tuple(dims), dtype))


@layer("Lambda")
def call_function(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """Keras 3 trusts an `output_shape` given as sizes, without the batch axis; the function itself is not read here."""
    declared = configuration.value("output_shape")
    if configuration.generation == 2 and not standalone(configuration):
        raise Undetermined("what the function of the Lambda returns is not known")
    if not isinstance(declared, tuple | list):
        raise Undetermined("what the function of the Lambda returns is not known")
    tensor = only_tensor(configuration, inputs, checked=False)
    shape = shape_of(tensor)
    sizes = cast("Sequence[object]", declared)
    if (
        not all(size is None or (isinstance(size, int | Expr) and not isinstance(size, bool)) for size in sizes)
        or not shape
    ):
        raise Undetermined("`output_shape` of the Lambda is not a known tuple of sizes")
    if isinstance(declared, list):
        raise Undetermined("`output_shape` of the Lambda is a list")
    dtype = compute_dtype(configuration) if configuration.generation == 3 else None
    return Applied(Tensor((shape[0], *cast("Shape", sizes)), dtype))
