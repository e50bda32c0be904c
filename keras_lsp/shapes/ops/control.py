"""Functions that take functions: conditions, loops, maps. The functions are called with descriptions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from keras_lsp.shapes.dim import Dim, differ
from keras_lsp.shapes.ops.arguments import Call, as_tensor, known
from keras_lsp.shapes.ops.dtypes import standardize
from keras_lsp.shapes.outcome import Undetermined
from keras_lsp.shapes.tensor import Tensor, flatten


def _map(function: Callable[[Tensor], Tensor], structure: Any) -> Any:
    """The structure with the function applied to every tensor."""
    if isinstance(structure, Tensor):
        return function(structure)
    if isinstance(structure, dict):
        return {key: _map(function, value) for key, value in cast("dict[object, Any]", structure).items()}
    if isinstance(structure, list):
        return [_map(function, item) for item in cast("list[Any]", structure)]
    if isinstance(structure, tuple):
        return tuple(_map(function, item) for item in cast("tuple[Any, ...]", structure))
    if isinstance(structure, bool | int | float):
        return function(as_tensor(structure, "keras"))
    raise Undetermined("what the function gives is not known")


def _length(structure: Any) -> Dim:
    tensors = flatten(structure)
    if not tensors or not known(tensors[0]):
        raise Undetermined("there is nothing to go through")
    return known(tensors[0])[0]


def _sliced(structure: Any) -> Any:
    return _map(lambda tensor: tensor.with_shape(known(tensor)[1:]), structure)


def _stacked(structure: Any, count: Dim) -> Any:
    return _map(lambda tensor: tensor.with_shape((count, *known(tensor))), structure)


def _equal(first: Any, second: Any) -> bool:
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return first.shape == second.shape and first.dtype == second.dtype
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        left, right = cast("Sequence[Any]", first), cast("Sequence[Any]", second)
        return len(left) == len(right) and all(_equal(a, b) for a, b in zip(left, right, strict=True))
    return first is None and second is None


def condition(call: Call) -> object:
    """One of two branches, which must give the same (class Cond, tf.cond)."""
    first, second = call.function("true_fn")(), call.function("false_fn")()
    if not _equal(first, second):
        raise Undetermined("the branches give different tensors")
    return _map(lambda tensor: tensor.with_shape(tensor.shape), first)


def branches(call: Call) -> object:
    """One of several branches; the first one stands for all (class Switch)."""
    value = call.value("branches")
    functions = list(cast("Sequence[object]", value)) if isinstance(value, list | tuple) else []
    operands = call.value("operands", ())
    results = [each(*operands) for each in functions if callable(each)]
    if not results or len(results) != len(functions):
        raise Undetermined("the branches are not known")
    if not all(_equal(results[0], result) for result in results[1:]):
        raise Undetermined("the branches give different tensors")
    return results[0]


def mapped(call: Call) -> object:
    """A function of each slice along the first axis, stacked (class Map, tf.map_fn, vectorized_map)."""
    elements = call.value("xs")
    result = call.function("f")(_sliced(elements))
    result = _stacked(result, _length(elements))
    for name in ("signature", "dtype"):
        if call.given(name):
            value = call.value(name)
            if isinstance(value, str | type) or hasattr(value, "path"):
                dtype = standardize(value, "tensorflow")
                return _map(lambda tensor, dtype=dtype: tensor.with_dtype(dtype), result)
            raise Undetermined("the type of what comes out is not known")
    return result


def scan(call: Call) -> object:
    """A running state and what each step gives, stacked (class Scan)."""
    elements = call.value("xs")
    if elements is None:
        count: Dim = call.size("length")
        step = call.function("f")(call.value("init"), None)
    else:
        count = call.size("length") if call.given("length") else _length(elements)
        step = call.function("f")(call.value("init"), _sliced(elements))
    if not isinstance(step, list | tuple) or len(cast("Sequence[object]", step)) != 2:
        raise Undetermined("the step does not give a state and a value")
    carry, value = cast("Sequence[Any]", step)
    return (carry, None if value is None else _stacked(value, count))


def running(call: Call) -> object:
    """All states of a running function (tf.scan)."""
    elements = call.value("xs")
    state = call.value("init") if call.given("init") else _sliced(elements)
    return _stacked(state, _length(elements))


def folded(call: Call) -> object:
    """The last state of a running function (tf.foldl)."""
    return call.value("init") if call.given("init") else _sliced(call.value("xs"))


def stepped(call: Call) -> object:
    """The last output, all outputs, and the last states of a function of each step (K.rnn)."""
    elements, states = call.value("xs"), call.value("states", [])
    for name in ("time_major", "zero_output_for_mask", "constants"):
        if call.given(name) and call.value(name):
            raise Undetermined(f"`{name}` has no shape rule")
    if not isinstance(elements, Tensor) or not isinstance(states, list | tuple):
        raise Undetermined("what the function goes through is not known")
    shape = known(elements)
    if len(shape) < 2:
        raise Undetermined("there are no steps to go through")
    given = cast("Sequence[object]", states)
    step = call.function("f")(elements.with_shape((shape[0], *shape[2:])), given)
    if not isinstance(step, list | tuple) or len(cast("Sequence[object]", step)) != 2:
        raise Undetermined("the step does not give an output and states")
    output, after = cast("Sequence[Any]", step)
    if not isinstance(output, Tensor) or not _equal(list(cast("Sequence[Any]", after)), list(given)):
        raise Undetermined("the step gives other states than it takes")
    one = known(output)
    count = shape[1] if call.flag("return_all_outputs", True) else 1
    return (output.with_shape(one), output.with_shape((one[0], count, *one[1:])), after)


def associative_scan(call: Call) -> object:
    """All partial results of an associative function: the shape of its elements (class AssociativeScan)."""
    elements = call.value("xs")
    tensors = flatten(elements)
    axis = call.integer("axis", 0)
    if not tensors:
        raise Undetermined("there is nothing to go through")
    sizes = [known(tensor)[axis] for tensor in tensors]
    if any(differ(sizes[0], size) for size in sizes[1:]):
        shapes = [list(known(tensor)) for tensor in tensors]
        text = f"Array inputs to associative_scan must have the same first dimension. (saw: {shapes})"
        call.refuse("axis-size", text, axis=axis, expected=sizes[0], found=sizes[-1])
    shape = known(tensors[0])
    single = _map(lambda tensor: tensor.with_shape(_with(known(tensor), axis)), elements)
    result = call.function("f")(single, single)
    return _map(lambda tensor: tensor.with_shape(shape), result)


def _with(shape: tuple[Dim, ...], axis: int) -> tuple[Dim, ...]:
    axis %= len(shape)
    return (*shape[:axis], 1, *shape[axis + 1 :])


def loop(call: Call) -> object:
    """The loop's variables as they went in (classes WhileLoop, ForiLoop)."""
    return _map(lambda tensor: tensor.with_shape(tensor.shape), call.value("variables"))


def derivative(call: Call) -> object:
    """A function's value and its derivative in a direction (class JVP)."""
    primals = call.value("primals")
    if not isinstance(primals, list | tuple):
        raise Undetermined("the arguments are not known")
    result = call.function("f")(*cast("Sequence[object]", primals))
    if call.flag("has_aux"):
        if not isinstance(result, tuple) or len(cast("tuple[object, ...]", result)) != 2:
            raise Undetermined("the function does not give a pair")
        value, auxiliary = cast("tuple[Any, Any]", result)
        return (value, _map(lambda tensor: tensor.with_shape(tensor.shape), value), auxiliary)
    return (result, _map(lambda tensor: tensor.with_shape(tensor.shape), result))


def opaque_function(call: Call) -> object:
    """A Python function run by TensorFlow: its results have the stated types and unknown shapes (tf.py_function)."""
    types = call.value("types")
    if isinstance(types, list | tuple):
        return tuple(Tensor(None, standardize(each, "tensorflow")) for each in cast("Sequence[object]", types))
    return Tensor(None, standardize(types, "tensorflow"))


def made(call: Call) -> object:
    """A function made of another one: what it computes is not a shape rule."""
    raise Undetermined("the result is a function")
