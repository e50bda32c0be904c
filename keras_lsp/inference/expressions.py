"""What expressions evaluate to."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable
from typing import Any, cast

from keras_lsp.inference.arguments import MISSING, Arguments
from keras_lsp.inference.attributes import get_attribute
from keras_lsp.inference.budget import MAX_ELEMENTS, MAX_STRING
from keras_lsp.inference.calls import evaluate_call
from keras_lsp.inference.folding import SYMBOLS, fold_binary, fold_unary
from keras_lsp.inference.functions import define_function
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.mappings import own_method
from keras_lsp.inference.records import members
from keras_lsp.inference.tensors import is_frame, operate, subscript_tensor
from keras_lsp.inference.values import (
    CONSTANTS,
    BoundMethod,
    ClassValue,
    ConfigValue,
    DatasetValue,
    DictValue,
    External,
    Frame,
    FunctionValue,
    HeapObject,
    LayerValue,
    LibraryObject,
    ListValue,
    ModelValue,
    ObjectValue,
    TensorValue,
    Unknown,
    Value,
    join,
    join_all,
)
from keras_lsp.shapes.dim import Expr, Shape, format_shape
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.text.tokens import HOLE

_BUILTINS = frozenset(dir(builtins))


def evaluate_constant(machine: Machine, node: ast.Constant) -> Value:
    """A literal."""
    value = node.value
    return value if not isinstance(value, str) or len(value) <= MAX_STRING else Unknown("a very long string")


def evaluate_name(machine: Machine, node: ast.Name) -> Value:
    """A variable, looked up as Python does: function, enclosing functions, module, builtins."""
    name = node.id
    value = look_up(machine.frame, name)
    if value is not MISSING:
        return value
    if name == "__name__":  # of the module; the builtins have one of their own
        return "__main__" if machine.module.is_main else machine.module.name
    if name in _BUILTINS:
        return External(f"builtins.{name}")
    if name == HOLE:
        return Unknown("not written yet")
    return Unknown(f"`{name}` is not defined here", name)


def look_up(frame: Frame, name: str) -> Value:
    """The value of a name, `MISSING` if there is no such name."""
    if name not in frame.global_names:
        value = frame.variables.get(name, MISSING)
        if value is not MISSING:
            return value
    enclosing = frame.enclosing
    while enclosing is not None:
        if enclosing.class_value is None:
            value = enclosing.variables.get(name, MISSING)
            if value is not MISSING:
                return value
        enclosing = enclosing.enclosing
    return frame.module.frame.variables.get(name, MISSING)


def evaluate_attribute(machine: Machine, node: ast.Attribute) -> Value:
    """`value.name`."""
    value = machine.evaluate(node.value)
    if node.attr == "shape" and isinstance(value, TensorValue) and machine.recording:
        machine.recorder.shape_reads[id(node.value)] = node.value
    if isinstance(value, ModelValue):
        from keras_lsp.inference.keras.methods import record_read

        record_read(machine, value, node)
    elif isinstance(value, LayerValue):
        from keras_lsp.inference.keras.absent import note_attribute

        note_attribute(machine, node, value)
    return get_attribute(machine, value, node.attr)


def evaluate_subscript(machine: Machine, node: ast.Subscript) -> Value:
    """`value[index]`."""
    value = machine.evaluate(node.value)
    index = machine.evaluate(node.slice)
    if isinstance(value, tuple) and isinstance(node.value, ast.Name) and node.value.id == "input_shape":
        _check_axis(machine, node, cast("tuple[Value, ...]", value), index)
    return subscript(machine, value, index, node)


def _check_axis(machine: Machine, node: ast.Subscript, shape: tuple[Value, ...], index: Value) -> None:
    """An axis that the `input_shape` of a layer's `build` does not have: a layer for sequences gets the last output only."""
    function = machine.frame.function
    if function is None or function.name != "build" or function.owner is None or not isinstance(index, int):
        return
    if -len(shape) <= index < len(shape) or not machine.certain or not machine.module.is_main:
        return
    sizes = [size.as_dim() if isinstance(size, Unknown) else size for size in shape]
    if not all(size is None or isinstance(size, int) for size in sizes) or isinstance(index, bool):
        return
    call = machine.describe_call("build", Arguments(), node, ())
    said = f"This layer gets {format_shape(cast('Shape', tuple(sizes)))}, which has no axis {index}."
    error = ShapeError("other", "IndexError: tuple index out of range", {"said": said}, "construct")
    machine.report("call", call, error)


def subscript(machine: Machine, value: Value, index: Value, node: ast.AST | None = None) -> Value:
    """The element or part of a container or tensor."""
    if isinstance(value, TensorValue):
        return subscript_tensor(machine, value, index, node)
    if isinstance(value, tuple | str | bytes | range):
        sequence = cast("tuple[Value, ...]", value)
        if isinstance(index, int) or (isinstance(index, slice) and _plain_slice(cast("Any", index))):
            try:
                return sequence[index]
            except (IndexError, TypeError, ValueError):
                return Unknown("the index lies outside the sequence")
        if isinstance(value, tuple) and sequence and isinstance(index, Unknown):
            return join_all(list(sequence))
        return Unknown("the index is not known")
    if isinstance(value, ListValue):
        return _list_item(value, index)
    if isinstance(value, DictValue):
        method = own_method(value, "__getitem__")
        return dict_item(machine, value, index) if method is None else machine.call(method, Arguments([index]), node)
    if isinstance(value, ObjectValue):
        method = get_attribute(machine, value, "__getitem__")
        if isinstance(method, BoundMethod):
            return machine.call(method, Arguments([index]), node)
        return Unknown("the object's items are not known")
    if isinstance(value, LibraryObject | DatasetValue):
        from keras_lsp.inference.library.objects import subscript_object

        return subscript_object(machine, value, index)
    if isinstance(value, ClassValue) and isinstance(index, str) and index in (known := members(value) or {}):
        return known[index]
    if isinstance(value, External | ClassValue):
        return value  # a generic alias: list[int]
    if isinstance(value, Unknown):
        return value.part(f"[{index!r}]") if isinstance(index, int | str) else Unknown(value.reason)
    return Unknown("cannot be indexed")


def _plain_slice(index: slice) -> bool:
    return all(part is None or isinstance(part, int) for part in (index.start, index.stop, index.step))


def _list_item(value: ListValue, index: Value) -> Value:
    if value.items is None:
        return ListValue(None, value.element, value.kind) if isinstance(index, slice) else value.element
    if isinstance(index, int):
        try:
            return value.items[index]
        except IndexError:
            return Unknown("the index lies outside the list")
    if isinstance(index, slice):
        if _plain_slice(cast("Any", index)):
            try:
                return ListValue(value.items[index], kind=value.kind)
            except ValueError:
                return Unknown("the slice has step zero")
        return ListValue(None, join_all(value.items) if value.items else Unknown("an element"))
    return join_all(value.items) if value.items else Unknown("the list is empty")


def dict_item(machine: Machine, value: DictValue, key: Value) -> Value:
    """`d[key]`."""
    try:
        if key in value.items:
            return value.items[key]
    except TypeError:
        return Unknown("the key is not known")
    if isinstance(key, Unknown):
        return _some_item(machine, value)
    if value.factory is not None:
        made = machine.call(value.factory, Arguments(), None)
        machine.touch(value)
        value.items[key] = made
        return made
    method = own_method(value, "__missing__")
    if method is not None and not value.open:
        return machine.call(method, Arguments([key]), None)
    result = Unknown(f"the key {key!r:.40} is not known")
    if isinstance(value, ConfigValue):
        result.perhaps = (value,)  # a part of it: whoever changes that changes the configuration
    return result


def _some_item(machine: Machine, value: DictValue) -> Value:
    """The item under a key that is not known; a `defaultdict` may make it."""
    known = list(value.items.values())
    if value.factory is not None:
        made = machine.call(value.factory, Arguments(), None)
        machine.touch(value)
        value.open = True
        known.append(made)
    elif not value.open and known:
        return join_all(known)
    result = Unknown("the key is not known")
    result.perhaps = tuple(item for item in known if isinstance(item, HeapObject))
    return result


def assign_subscript(machine: Machine, container: Value, index: Value, value: Value) -> None:
    """`container[index] = value`."""
    if isinstance(container, ListValue):
        machine.touch(container)
        items = container.items
        if items is not None and isinstance(index, int) and -len(items) <= index < len(items):
            items[index] = value
        elif items is not None and isinstance(index, slice) and (given := iterate(machine, value)) is not None:
            try:
                items[index] = given
            except (TypeError, ValueError):
                container.element, container.items = join_all([*items, *given]) if items or given else None, None
        elif items is not None:
            container.element, container.items = join_all([*items, value]), None
        else:
            container.element = join(container.element, value)
    elif isinstance(container, DictValue):
        method = own_method(container, "__setitem__")
        if method is not None:
            machine.call(method, Arguments([index, value]), None)
            return
        machine.touch(container)
        try:
            hash(index)
        except TypeError:
            container.store_somewhere(value)
            return
        if isinstance(index, Unknown):
            container.store_somewhere(value)
        else:
            container.items[index] = value
    elif isinstance(container, Unknown):
        machine.heap.forget(container.perhaps)
    elif isinstance(container, LibraryObject):
        from keras_lsp.inference.library.objects import STORES

        if container.path in STORES:
            STORES[container.path](machine, container, index, value)
            return
        machine.touch(container)
        if isinstance(index, str):
            container.attributes[index] = value
    elif isinstance(container, ObjectValue):
        method = get_attribute(machine, container, "__setitem__")
        if isinstance(method, BoundMethod):
            machine.call(method, Arguments([index, value]), None)


# Operators


def evaluate_binary(machine: Machine, node: ast.BinOp) -> Value:
    """`left op right`."""
    return binary_operation(machine, node.op, machine.evaluate(node.left), machine.evaluate(node.right), node)


def binary_operation(machine: Machine, op: ast.operator, left: Value, right: Value, node: ast.AST) -> Value:
    """A binary operator on abstract values."""
    if isinstance(left, TensorValue) or isinstance(right, TensorValue):
        return operate(machine, SYMBOLS.get(type(op), "?"), left, right, node)
    if is_frame(left) or is_frame(right):
        from keras_lsp.inference.library.pandas import operate_frame

        return operate_frame(left, right, comparison=False)
    if isinstance(left, CONSTANTS) and isinstance(right, CONSTANTS):
        return fold_binary(op, left, right)
    if isinstance(left, tuple) and isinstance(op, ast.Add | ast.Mult) and isinstance(right, tuple | int):
        return fold_binary(op, left, right)
    if isinstance(right, tuple) and isinstance(op, ast.Mult) and isinstance(left, int):
        return fold_binary(op, left, right)
    if isinstance(left, str) and isinstance(op, ast.Mod):
        return _format_percent(left, right)
    if isinstance(left, ListValue) or isinstance(right, ListValue):
        return _list_operation(machine, op, left, right)
    if isinstance(left, ObjectValue) or isinstance(right, ObjectValue):
        return _object_operation(machine, op, left, right, node)
    if isinstance(left, DictValue) and isinstance(right, DictValue) and isinstance(op, ast.BitOr):
        joined = DictValue(dict(left.items), left.open)
        joined.overlay(right)
        return joined
    first, second = _as_size(left), _as_size(right)
    if first is not None and second is not None:
        return _size_operation(op, first, second, left, right)
    reason = next(
        (v.reason for v in cast("tuple[Any, ...]", (left, right)) if isinstance(v, Unknown)),
        "this operation is not followed",
    )
    return Unknown(reason)


def _as_size(value: Value) -> Expr | int | None:
    if isinstance(value, Expr) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return value.as_dim() if isinstance(value, Unknown) else None


def _size_operation(op: ast.operator, left: Expr | int, right: Expr | int, first: Value, second: Value) -> Value:
    result: Any = None
    if isinstance(op, ast.Add):
        result = left + right
    elif isinstance(op, ast.Sub):
        result = left - right
    elif isinstance(op, ast.Mult):
        result = left * right
    elif isinstance(op, ast.FloorDiv) and right != 0:
        result = left // right
    elif isinstance(op, ast.Mod) and right != 0:
        result = left % right
    elif isinstance(op, ast.Pow) and right == 2:
        result = left * left
    if result is None:
        return Unknown("the result of this arithmetic is not known")
    if isinstance(first, Expr | int) and isinstance(second, Expr | int):
        return result
    # A value that is not known may be a float or an array as well: it is a size only where a size is asked for.
    reason = next(v.reason for v in (first, second) if isinstance(v, Unknown))
    return Unknown(reason, dim=result)


def _format_percent(template: str, value: Value) -> Value:
    parts = cast("tuple[Value, ...]", value) if isinstance(value, tuple) else (value,)
    if all(isinstance(part, CONSTANTS) for part in parts):
        return fold_binary(ast.Mod(), template, parts)
    return Unknown("the formatted string is not known")


def _list_operation(machine: Machine, op: ast.operator, left: Value, right: Value) -> Value:
    if isinstance(op, ast.Add) and isinstance(left, ListValue) and isinstance(right, ListValue):
        if left.items is not None and right.items is not None:
            return ListValue([*left.items, *right.items], kind=left.kind)
        elements = [*(left.items or []), *(right.items or [])]
        elements += [part.element for part in (left, right) if part.items is None]
        return ListValue(None, join_all(elements), left.kind)
    if isinstance(op, ast.Mult):
        values, count = (left, right) if isinstance(left, ListValue) else (right, left)
        if values.items is not None and isinstance(count, int) and len(values.items) * count <= MAX_ELEMENTS:
            return ListValue(values.items * count, kind=values.kind)
        element = join_all(values.items) if values.items else values.element
        return ListValue(None, element if element is not None else Unknown("an element"), values.kind)
    return Unknown("this list operation is not followed")


_DUNDERS = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "truediv",
    "//": "floordiv",
    "%": "mod",
    "**": "pow",
    "@": "matmul",
}


def _object_operation(machine: Machine, op: ast.operator, left: Value, right: Value, node: ast.AST) -> Value:

    name = _DUNDERS.get(SYMBOLS.get(type(op), ""))
    for receiver, other, prefix in ((left, right, "__"), (right, left, "__r")):
        if name and isinstance(receiver, ObjectValue):
            method = get_attribute(machine, receiver, f"{prefix}{name}__")
            if isinstance(method, BoundMethod):
                return machine.call(method, Arguments([other]), node)
    return Unknown("this operation on an object is not followed")


def evaluate_unary(machine: Machine, node: ast.UnaryOp) -> Value:
    """`-x`, `not x`, `~x`, `+x`."""
    operand = machine.evaluate(node.operand)
    if isinstance(node.op, ast.Not):
        known = truth(machine, operand)
        return Unknown("the condition is not known") if known is None else not known
    if isinstance(operand, CONSTANTS):
        return fold_unary(node.op, operand)
    if isinstance(operand, TensorValue):
        return operate(machine, SYMBOLS[type(node.op)], operand, None, node)
    if isinstance(operand, Expr) and isinstance(node.op, ast.USub):
        return -operand
    if isinstance(operand, Unknown) and isinstance(node.op, ast.USub):
        return Unknown(operand.reason, dim=-operand.as_dim())
    return Unknown("this operation is not followed")


def evaluate_boolean(machine: Machine, node: ast.BoolOp) -> Value:
    """`a and b`, `a or b`: short-circuits as far as the operands are known."""
    is_and = isinstance(node.op, ast.And)
    possible: list[Value] = []
    for index, operand in enumerate(node.values):
        if possible:
            value = machine.try_all([lambda o=operand: machine.evaluate(o), lambda: None])[0]
        else:
            value = machine.evaluate(operand)
        known = truth(machine, value)
        last = index == len(node.values) - 1
        if known is None:
            possible.append(value)
        elif known != is_and or last:
            possible.append(value)
            if known != is_and:
                break
    if len(possible) == 1:
        return possible[0]
    if all(isinstance(value, bool | Unknown) for value in possible):
        return Unknown("the condition is not known")
    return join_all(possible)


# What a condition asks to find out which of its branches is for the values at hand.
_KINDS = frozenset(
    "__version__ VERSION backend callable dtype get_shape hasattr image_data_format int_shape is_keras_tensor is_sparse "
    "is_tensor isinstance issubclass len ndim rank shape type".split()
)


def is_choice(machine: Machine, test: ast.expr) -> bool:
    """Whether an unknown condition asks which of its branches is for the values at hand, so that one that fails is not.

    That is a condition about the version, type, rank or size of something, and any in another module, whose functions
    take more than this program gives them.
    """
    if not machine.module.is_main:
        return True
    for part in ast.walk(test):
        if isinstance(part, ast.Attribute) and part.attr in _KINDS:
            return True
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in _KINDS:
            return True
    return False


def evaluate_conditional(machine: Machine, node: ast.IfExp) -> Value:
    """`a if test else b`."""
    known = truth(machine, machine.evaluate(node.test))
    if known is not None:
        return machine.evaluate(node.body if known else node.orelse)
    thunks = [lambda: machine.evaluate(node.body), lambda: machine.evaluate(node.orelse)]
    if is_choice(machine, node.test):
        with machine.guard():
            return join_all(machine.try_all(thunks))
    return join_all(machine.try_all(thunks))


def evaluate_compare(machine: Machine, node: ast.Compare) -> Value:
    """Comparisons, chained ones included."""
    left = machine.evaluate(node.left)
    outcome: Value = True
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        right = machine.evaluate(comparator)
        result = compare(machine, op, left, right, node)
        if isinstance(result, TensorValue):
            return result
        if result is False:
            return False
        if result is not True:
            outcome = result
        left = right
    return outcome


_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}
_CLOSED = (
    TensorValue,
    LayerValue,
    ObjectValue,
    LibraryObject,
    ListValue,
    DictValue,
    FunctionValue,
    BoundMethod,
    ClassValue,
    External,
    DatasetValue,
    tuple,
    Expr,
)


def compare(machine: Machine, op: ast.cmpop, left: Value, right: Value, node: ast.AST) -> Value:
    """One comparison: `True`, `False`, a tensor of them, or unknown."""
    undecided = Unknown("the comparison is not decided")
    if isinstance(op, ast.Is | ast.IsNot):
        same = _identical(left, right)
        return undecided if same is None else same == isinstance(op, ast.Is)
    if isinstance(op, ast.In | ast.NotIn):
        inside = _contains(machine, right, left)
        return undecided if inside is None else inside == isinstance(op, ast.In)
    if isinstance(left, TensorValue) or isinstance(right, TensorValue):
        return operate(machine, SYMBOLS[type(op)], left, right, node)
    if is_frame(left) or is_frame(right):
        from keras_lsp.inference.library.pandas import operate_frame

        return operate_frame(left, right, comparison=True)
    if isinstance(op, ast.Eq | ast.NotEq):
        equal = equals(left, right)
        return undecided if equal is None else equal == isinstance(op, ast.Eq)
    if isinstance(left, int | float | str | bytes) and isinstance(right, int | float | str | bytes):
        try:
            return _ORDER[type(op)](left, right)
        except TypeError:
            return undecided
    if isinstance(left, Expr | int) and isinstance(right, Expr | int):
        difference = left - right
        if isinstance(difference, int):
            return _ORDER[type(op)](difference, 0)
    return undecided


def _identical(left: Value, right: Value) -> bool | None:
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return None
        return left is right
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return None
    if isinstance(left, _CLOSED) and isinstance(right, _CLOSED):
        return left is right or (isinstance(left, External) and left == right)
    return equals(left, right)


def equals(left: Value, right: Value) -> bool | None:
    """Whether two values are equal; `None` if that is not known."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return None
    if isinstance(left, CONSTANTS) and isinstance(right, CONSTANTS):
        return left == right
    if isinstance(left, Expr | int) and isinstance(right, Expr | int):
        difference = left - right
        return difference == 0 if isinstance(difference, int) else None
    first, second = _elements(left), _elements(right)
    if first is not None and second is not None:
        if isinstance(left, tuple) != isinstance(right, tuple) or len(first) != len(second):
            return False
        results = [equals(a, b) for a, b in zip(first, second, strict=True)]
        return False if False in results else None if None in results else True
    if isinstance(left, External) and isinstance(right, External):
        return True if left == right else None
    if left is right:
        return True
    if left is None or right is None:
        return False
    return None


def _elements(value: Value) -> list[Value] | None:
    if isinstance(value, tuple):
        return list(cast("tuple[Value, ...]", value))
    return value.items if isinstance(value, ListValue) else None


def _contains(machine: Machine, container: Value, value: Value) -> bool | None:
    if isinstance(container, str):
        return value in container if isinstance(value, str) else None
    if isinstance(container, DictValue):
        try:
            if value in container.items:
                return True
        except TypeError:
            return None
        return None if container.open or isinstance(value, Unknown) else False
    items = iterate(machine, container) if isinstance(container, tuple | ListValue | range) else None
    if items is None:
        return None
    results = [equals(item, value) for item in items]
    return True if True in results else None if None in results else False


def truth(machine: Machine, value: Value) -> bool | None:
    """Whether a value counts as true; `None` if that is not known."""
    if isinstance(value, CONSTANTS):
        return bool(value)
    if isinstance(value, tuple):
        return bool(cast("tuple[Value, ...]", value))
    if isinstance(value, ListValue):
        return None if value.items is None else bool(value.items)
    if isinstance(value, DictValue):
        return True if value.items else None if value.open else False
    if isinstance(value, LayerValue | External | FunctionValue | BoundMethod | ClassValue | DatasetValue):
        return True
    if isinstance(value, ObjectValue):
        return None if "__len__" in value.class_value.namespace or "__bool__" in value.class_value.namespace else True
    if isinstance(value, TensorValue) and isinstance(value.spec.content, int | float | bool):
        return bool(value.spec.content)
    return None


# Displays and comprehensions


def evaluate_tuple(machine: Machine, node: ast.Tuple) -> Value:
    """`a, *b`."""
    items = _display(machine, node.elts)
    return Unknown("a tuple of unknown length") if items is None else tuple(items)


def evaluate_list(machine: Machine, node: ast.List) -> Value:
    """`[a, *b]`."""
    items = _display(machine, node.elts)
    return ListValue(None, Unknown("an element of a list")) if items is None else ListValue(items)


def evaluate_set(machine: Machine, node: ast.Set) -> Value:
    """`{a, b}`."""
    items = _display(machine, node.elts)
    return ListValue(None, Unknown("an element"), "set") if items is None else ListValue(items, kind="set")


def _display(machine: Machine, elements: list[ast.expr]) -> list[Value] | None:
    items: list[Value] = []
    known = True
    for element in elements:
        if isinstance(element, ast.Starred):
            more = iterate(machine, machine.evaluate(element.value))
            if more is None or len(items) + len(more) > MAX_ELEMENTS:
                known = False
            else:
                items.extend(more)
        else:
            items.append(machine.evaluate(element))
    return items if known else None


def evaluate_dict(machine: Machine, node: ast.Dict) -> Value:
    """`{key: value, **other}`."""
    result = DictValue({})
    for key, value_node in zip(node.keys, node.values, strict=True):
        value = machine.evaluate(value_node)
        if key is None:
            result.overlay(value)
            continue
        evaluated = machine.evaluate(key)
        try:
            if isinstance(evaluated, Unknown):
                result.open = True
            else:
                result.items[evaluated] = value
        except TypeError:
            result.open = True
    return result


def evaluate_comprehension(machine: Machine, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
    """`[f(x) for x in xs if c]`."""
    items: list[Value] = []
    complete = _comprehend(machine, node.generators, 0, lambda: items.append(machine.evaluate(node.elt)), items)
    kind = "set" if isinstance(node, ast.SetComp) else "generator" if isinstance(node, ast.GeneratorExp) else "list"
    if complete:
        return ListValue(items, kind=kind)
    return ListValue(None, join_all(items) if items else Unknown("an element of a list"), kind)


def evaluate_dict_comprehension(machine: Machine, node: ast.DictComp) -> Value:
    """`{k: v for ...}`."""
    result = DictValue({})

    def add() -> None:
        key, value = machine.evaluate(node.key), machine.evaluate(node.value)
        try:
            if isinstance(key, Unknown):
                result.open = True
            else:
                result.items[key] = value
        except TypeError:
            result.open = True

    if not _comprehend(machine, node.generators, 0, add, result.items):
        result.open = True
    return result


def _comprehend(
    machine: Machine, generators: list[ast.comprehension], index: int, produce: Callable[[], None], sized: Any
) -> bool:
    """Run the generators of a comprehension; whether every element is known to be there."""
    from keras_lsp.inference.statements import bind

    if index == 0:
        frame = Frame(machine.module, machine.frame, machine.frame.function, machine.frame.receiver)
        frame.class_value = None
        if machine.frame.class_value is not None:
            frame.variables = dict(machine.frame.variables)
            frame.enclosing = machine.frame.enclosing
        machine.activations[-1].frame, outer = frame, machine.activations[-1].frame
        try:
            return _generate(machine, generators, index, produce, sized, bind)
        finally:
            machine.activations[-1].frame = outer
    return _generate(machine, generators, index, produce, sized, bind)


def _generate(
    machine: Machine,
    generators: list[ast.comprehension],
    index: int,
    produce: Callable[[], None],
    sized: Any,
    bind: Callable[[Machine, ast.expr, Value], None],
) -> bool:
    if index == len(generators):
        produce()
        return True
    from keras_lsp.inference.statements import is_dull

    generator = generators[index]
    iterable = machine.evaluate(generator.iter)
    items = iterate(machine, iterable)
    complete = items is not None and len(items) <= MAX_ELEMENTS
    if items is None or not complete:
        element = element_of(machine, iterable)

        def once() -> None:
            bind(machine, generator.target, element)
            if not any(truth(machine, machine.evaluate(test)) is False for test in generator.ifs):
                _comprehend(machine, generators, index + 1, produce, sized)

        machine.perhaps(once)
        return False
    for position, item in enumerate(items):
        before = (len(machine.facts.layers), machine.applications, machine.budget.steps)
        bind(machine, generator.target, item)
        conditions = [truth(machine, machine.evaluate(test)) for test in generator.ifs]
        if False in conditions:
            continue
        if None in conditions:
            complete = False
            machine.perhaps(lambda: _comprehend(machine, generators, index + 1, produce, sized))
        else:
            complete = _comprehend(machine, generators, index + 1, produce, sized) and complete
        if len(sized) > MAX_ELEMENTS:
            return False
        left = len(items) - position - 1
        if left > 1 and is_dull(machine, before, left):
            # What is left is taken as one; how many there are stays known where nothing is left out.
            bind(
                machine, generator.target, item if isinstance(item, TensorValue) else Unknown("one of many loop values")
            )
            _comprehend(machine, generators, index + 1, produce, sized)
            if not isinstance(sized, list) or len(generators) > 1 or generator.ifs:
                return False
            values = cast("list[Value]", sized)
            values.extend(_another(values[-1]) for _ in range(left - 1))
            return complete
    return complete


def _another(value: Value) -> Value:
    """A value like this one that changes by itself."""
    if isinstance(value, ListValue):
        return ListValue(None if value.items is None else list(value.items), value.element, value.kind)
    if isinstance(value, DictValue):
        return DictValue(dict(value.items), value.open, value.factory)
    return Unknown("one of many objects") if isinstance(value, HeapObject) else value


def iterate(machine: Machine, value: Value) -> list[Value] | None:
    """The elements of an iterable, `None` if they are not known one by one."""
    if isinstance(value, tuple):
        return list(cast("tuple[Value, ...]", value))
    if isinstance(value, range):
        return list(value) if len(value) <= MAX_ELEMENTS else None
    if isinstance(value, str):
        return list(value)
    if isinstance(value, ListValue):
        return None if value.items is None else list(value.items)
    if isinstance(value, DictValue):
        return None if value.open else list(value.items)
    if isinstance(value, TensorValue):
        return _rows(value)
    if isinstance(value, LibraryObject):
        from keras_lsp.inference.library.objects import iterate_object

        return iterate_object(machine, value)
    if isinstance(value, ClassValue) and (known := members(value)) is not None:
        return list(known.values())
    return None


def _rows(value: TensorValue) -> list[Value] | None:
    shape = value.spec.shape
    if not shape or not isinstance(shape[0], int) or shape[0] > 64 or value.spec.dtype == "object":
        return None
    content = value.spec.content
    if isinstance(content, tuple) and all(isinstance(item, int | float) for item in cast("tuple[Any, ...]", content)):
        return list(cast("tuple[Value, ...]", content))
    row = TensorValue(value.spec.with_shape(shape[1:]), value.kind, value.producer, value.origin)
    return [row] * shape[0]


def element_of(machine: Machine, value: Value) -> Value:
    """What covers every element of an iterable."""
    items = iterate(machine, value)
    if items:
        return join_all(items)
    if isinstance(value, ListValue):
        return value.element
    if isinstance(value, DatasetValue):
        from keras_lsp.inference.library.pipelines import concrete_element

        return concrete_element(value)
    if isinstance(value, TensorValue):
        shape = value.spec.shape
        if value.spec.dtype == "object":
            return Unknown("an element of an array of objects")
        return TensorValue(value.spec.with_shape(shape[1:] if shape else None), value.kind, origin=value.origin)
    if isinstance(value, DictValue):
        return Unknown("a key of a dict")
    if isinstance(value, range):
        return Unknown("one of many loop values")
    if isinstance(value, ObjectValue):
        for name, arguments in (("__iter__", Arguments()), ("__getitem__", Arguments([Unknown("an index")]))):
            method = get_attribute(machine, value, name)
            if isinstance(method, BoundMethod):
                result = machine.call(method, arguments, None)
                return result if name == "__getitem__" else element_of(machine, result)
    reason = value.reason if isinstance(value, Unknown) else "one of unknown elements"
    return Unknown(reason)


# The rest


def evaluate_lambda(machine: Machine, node: ast.Lambda) -> Value:
    """`lambda x: ...`."""
    return define_function(machine, node)


def evaluate_fstring(machine: Machine, node: ast.JoinedStr) -> Value:
    """`f"{name}_{i}"`."""
    parts: list[str] = []
    for part in node.values:
        value = machine.evaluate(part)
        if not isinstance(value, str):
            return Unknown("the string is not known")
        parts.append(value)
        if sum(map(len, parts)) > MAX_STRING:
            return Unknown("a very long string")
    return "".join(parts)


# the numbers that `ast` gives `!r`, `!s` and `!a`
_CONVERSIONS: dict[int, Callable[[object], str]] = {114: repr, 115: str, 97: ascii}


def evaluate_formatted(machine: Machine, node: ast.FormattedValue) -> Value:
    """`{value!r:spec}` inside an f-string."""
    value = machine.evaluate(node.value)
    spec = machine.evaluate(node.format_spec) if node.format_spec is not None else ""
    if not isinstance(value, str | int | float | bool | type(None)) or not isinstance(spec, str):
        return Unknown("the string is not known")
    if len(spec) > 12 or any(part.isdigit() and int(part) > 200 for part in _numbers(spec)):
        return Unknown("a very long string")
    try:
        conversion = _CONVERSIONS.get(node.conversion)
        return format(conversion(value) if conversion else value, spec)
    except (ValueError, TypeError):
        return Unknown("the string is not known")


def _numbers(spec: str) -> Iterable[str]:
    return "".join(c if c.isdigit() else " " for c in spec).split()


def evaluate_named(machine: Machine, node: ast.NamedExpr) -> Value:
    """`(name := value)`."""
    from keras_lsp.inference.statements import bind_name

    value = machine.evaluate(node.value)
    bind_name(machine, node.target.id, value, node.target)
    return value


def evaluate_yield(machine: Machine, node: ast.Yield | ast.YieldFrom) -> Value:
    """`yield value`: collected by the call of the generator function."""
    value = machine.evaluate(node.value) if node.value is not None else None
    yields = machine.frame.yields
    if yields is not None and not machine.muted:
        items = iterate(machine, value) if isinstance(node, ast.YieldFrom) else [value]
        machine.touch(yields)
        if items is None or yields.items is None:
            element = element_of(machine, value) if isinstance(node, ast.YieldFrom) else value
            previous = yields.items if yields.items else [] if yields.items is not None else [yields.element]
            yields.element, yields.items = join_all([*previous, element]), None
        else:
            yields.items.extend(items)
    return Unknown("what is sent into a generator")


def evaluate_slice(machine: Machine, node: ast.Slice) -> Value:
    """`start:stop:step`."""
    parts = (node.lower, node.upper, node.step)
    return slice(*(None if part is None else machine.evaluate(part) for part in parts))


def evaluate_inner(machine: Machine, node: ast.Await | ast.Starred) -> Value:
    """`await x` and a stray `*x`."""
    return machine.evaluate(node.value)


EXPRESSIONS: dict[type[ast.expr], Callable[..., Value]] = {
    ast.Constant: evaluate_constant,
    ast.Name: evaluate_name,
    ast.Attribute: evaluate_attribute,
    ast.Subscript: evaluate_subscript,
    ast.Call: evaluate_call,
    ast.BinOp: evaluate_binary,
    ast.UnaryOp: evaluate_unary,
    ast.BoolOp: evaluate_boolean,
    ast.Compare: evaluate_compare,
    ast.IfExp: evaluate_conditional,
    ast.Tuple: evaluate_tuple,
    ast.List: evaluate_list,
    ast.Set: evaluate_set,
    ast.Dict: evaluate_dict,
    ast.ListComp: evaluate_comprehension,
    ast.SetComp: evaluate_comprehension,
    ast.GeneratorExp: evaluate_comprehension,
    ast.DictComp: evaluate_dict_comprehension,
    ast.Lambda: evaluate_lambda,
    ast.JoinedStr: evaluate_fstring,
    ast.FormattedValue: evaluate_formatted,
    ast.NamedExpr: evaluate_named,
    ast.Yield: evaluate_yield,
    ast.YieldFrom: evaluate_yield,
    ast.Slice: evaluate_slice,
    ast.Await: evaluate_inner,
    ast.Starred: evaluate_inner,
}
