"""Abstract values: what an expression of the program may evaluate to.

Constants are plain Python values (numbers, strings, `None`, slices, ranges, tuples of values). Everything else is one of
the classes below. Mutable ones are `HeapObject`s, which can be saved, restored and joined when branches are tried.
Messages say what a value is by its `repr`, so that it is written for the person who reads them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from keras_lsp.inference.facts import Application, LayerFact, ModelEvent, ModelFact, Span
from keras_lsp.inference.numbering import Name
from keras_lsp.shapes.configuration import Configuration
from keras_lsp.shapes.dim import Dim, Expr, opaque, symbol
from keras_lsp.shapes.dim import join as join_dims
from keras_lsp.shapes.outcome import ShapeError, Weight
from keras_lsp.shapes.tensor import Tensor

if TYPE_CHECKING:
    from keras_lsp.inference.modules import Module

# Any abstract value, constants included.
Value: TypeAlias = Any
# Items of a list or dict that a message shows; the argument of a layer has no more.
MAX_SHOWN = 8
CONSTANTS: tuple[type[Any], ...] = (int, float, str, bytes, bool, complex, type(None), type(Ellipsis), range, slice)


class Unknown:
    """A value that is not known, with the reason in words, a name if the program gave it one, and what making it raises."""

    __slots__ = ("_dim", "_origin", "_parts", "called", "error", "name", "perhaps", "reason")

    def __init__(self, reason: str, name: str | None = None, dim: Dim = None, error: ShapeError | None = None) -> None:
        self.reason = reason
        self.name = name
        self.error = error
        self.called = False  # on tensors, as a layer would be
        self._dim = dim
        self._parts: dict[str, Unknown] | None = None
        self._origin: Unknown | None = None
        self.perhaps: tuple[HeapObject, ...] = ()  # objects of which it, or what it belongs to, may be one

    def part(self, suffix: str) -> Unknown:
        """An attribute or element: unknown too, the same one whenever it is asked for, with a name if this has one."""
        if self._parts is None:
            self._parts = {}
        if suffix not in self._parts:
            name = f"{self.name}{suffix}" if self.name and len(self.name) < 40 else None
            self._parts[suffix] = part = Unknown(self.reason, name)
            part.perhaps = self.perhaps
        return self._parts[suffix]

    def as_dim(self) -> Expr | int:
        """The size this value stands for, should it be one: named after the variable, the same at every use."""
        if self._dim is None:
            self._dim = symbol(self.name) if self.name else opaque()
        return self._dim

    @property
    def is_used(self) -> bool:
        """Whether it was taken for a size, so that its identity counts."""
        return self._dim is not None

    @property
    def was_called(self) -> bool:
        """Whether it, or something that belongs to it, was called on tensors: it may be a layer, or hold some."""
        return self.called or any(part.was_called for part in self.parts)

    @property
    def parts(self) -> list[Unknown]:
        """The attributes and elements that were asked for."""
        return list(self._parts.values()) if self._parts else []

    def named(self, name: str) -> Unknown:
        """The same unknown value under a name, if it has none yet."""
        if self.name or self._dim is not None:
            return self
        copy = Unknown(self.reason, name)
        copy._origin = self
        copy.perhaps = self.perhaps
        return copy

    def note_call(self) -> None:
        """It was called on tensors, as a layer would be, under whatever name."""
        value: Unknown | None = self
        while value is not None and not value.called:
            value.called = True
            value = value._origin

    def __repr__(self) -> str:
        return self.name or "?"  # as it stands in a message, in a value that is known otherwise


class NamedTuple(tuple[Any, ...]):
    """A tuple whose items have names too; `owner` is the program's class, if it is an instance of one."""

    fields: tuple[str, ...]
    owner: ClassValue | None

    @classmethod
    def make(cls, fields: tuple[str, ...], items: list[Value], owner: ClassValue | None = None) -> NamedTuple:
        """A named tuple of these items."""
        made = cls(items)
        made.fields = fields
        made.owner = owner
        return made

    def item(self, name: str) -> Value:
        """The item of this name; the name must be one of `fields`."""
        return self[self.fields.index(name)]


class NumpyInteger(int):
    """An integer that NumPy computed: a number like any other, but where Keras asks for one of Python's own.

    What is computed with it is of NumPy too; `int(...)` makes it one of Python's.
    """

    __slots__ = ()


def _of_numpy(name: str) -> Callable[..., Any]:
    compute = getattr(int, name)

    def method(self: NumpyInteger, *others: Any) -> Any:
        result = compute(self, *others)
        return NumpyInteger(result) if type(result) is int else result

    return method


for _name in "add sub mul floordiv mod pow and or xor lshift rshift".split():
    for _prefix in ("", "r"):
        setattr(NumpyInteger, f"__{_prefix}{_name}__", _of_numpy(f"__{_prefix}{_name}__"))
for _name in ("neg", "pos", "abs"):
    setattr(NumpyInteger, f"__{_name}__", _of_numpy(f"__{_name}__"))


class External:
    """A module, class, function or constant of a library, by its dotted name; not evaluated further."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, External) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return self.path


class TensorValue:
    """A tensor or array.

    Attributes:
        spec: shape, dtype and content as far as known.
        kind: "keras" (symbolic, made by `Input`), "tensorflow" (eager or inside `tf.function`), or "numpy".
        producer: the node of the model graph that made it, for "keras" tensors.
        origin: where the program made it, for related information.
        index: which output of the producer it is.
    """

    __slots__ = ("index", "kind", "name", "origin", "producer", "spec")

    def __init__(
        self,
        spec: Tensor,
        kind: str,
        producer: GraphNode | None = None,
        origin: Span | None = None,
        index: int = 0,
        name: Name | None = None,
    ) -> None:
        self.spec = spec
        self.kind = kind
        self.producer = producer
        self.origin = origin
        self.index = index
        self.name = name

    def __repr__(self) -> str:
        return repr(self.spec)


class GraphNode:
    """One application in a functional graph: a layer, model, op or input, its inputs and outputs.

    `operation` holds class and name of an op that a summary has a row for. A `choice` applies nothing: its output is one of
    its inputs, and which one is decided while the program runs.
    """

    __slots__ = ("application", "choice", "inputs", "layer", "operation", "outputs", "replay", "span")

    def __init__(
        self,
        layer: LayerValue | None,
        inputs: list[TensorValue],
        span: Span,
        replay: Callable[[list[TensorValue]], Value] | None = None,
        application: Application | None = None,
    ) -> None:
        self.layer = layer
        self.inputs = inputs
        self.outputs: list[TensorValue] = []
        self.operation: tuple[str, Name] | None = None
        self.span = span
        self.replay = replay
        self.application = application
        self.choice = False

    @property
    def maker(self) -> LayerValue | None:
        """The layer that made the output; of a choice the one of its first input that has one."""
        return next(_makers(self), None)


def _makers(node: GraphNode) -> Iterator[LayerValue]:
    stack, seen = [node], {id(node)}
    while stack:
        node = stack.pop()
        if node.layer is not None:
            yield node.layer
        elif node.choice:
            for tensor in reversed(node.inputs):
                if tensor.producer is not None and id(tensor.producer) not in seen:
                    seen.add(id(tensor.producer))
                    stack.append(tensor.producer)


class HeapObject:
    """A mutable value; `save`, `restore` and `merge` let the interpreter try branches.

    `sources` are the objects of which a joined one is one, nobody knows which: whoever changes it changes one of them.
    """

    __slots__ = ()

    sources: tuple[HeapObject, ...] = ()

    def forget(self) -> bool:
        """Be changed in a way that is not known; whether something was known before."""
        return False

    def save(self) -> Any:
        """The state now; must not change when the object does."""
        raise NotImplementedError

    def restore(self, state: Any) -> None:
        """Go back to a saved state."""
        raise NotImplementedError

    def merge(self, states: list[Any]) -> Any:
        """A state that covers all of these."""
        raise NotImplementedError


def _listed(items: Iterable[str], count: int) -> str:
    """Items of a container as its `repr` has them, not more than a message can show."""
    return ", ".join(islice(items, MAX_SHOWN)) + (", ..." if count > MAX_SHOWN else "")


class ListValue(HeapObject):
    """A list (or set, or deque); `items` is `None` when the length is not known, then `element` covers all elements."""

    __slots__ = ("element", "items", "kind", "sources")

    def __init__(self, items: list[Value] | None, element: Value = None, kind: str = "list") -> None:
        self.items = items
        self.element: Value = element
        self.kind = kind
        self.sources = ()

    def forget(self) -> bool:
        known = self.items is not None or not isinstance(self.element, Unknown)
        self.items, self.element = None, Unknown("a list that may have been changed")
        return known

    def save(self) -> Any:
        return (None if self.items is None else list(self.items), self.element)

    def restore(self, state: Any) -> None:
        items, self.element = state
        self.items = None if items is None else list(items)

    def merge(self, states: list[Any]) -> Any:
        lists = [items for items, _ in states]
        if all(items is not None for items in lists) and len({len(items) for items in lists}) == 1:
            return ([join_all(list(column)) for column in zip(*lists, strict=True)], None)
        elements = [value for items, element in states for value in (items if items is not None else [element])]
        return (None, join_all(elements) if elements else Unknown("an element of a list that may be empty"))

    @recursive_repr()
    def __repr__(self) -> str:
        return f"[{_listed(map(repr, self.items), len(self.items)) if self.items is not None else '...'}]"


class DictValue(HeapObject):
    """A dict with constant keys; `open` when it may hold further keys, `factory` makes missing ones (defaultdict).

    `others` are values that were stored under keys that are not known.
    """

    __slots__ = ("factory", "items", "open", "others", "sources")

    def __init__(self, items: dict[Any, Value], is_open: bool = False, factory: Value = None) -> None:
        self.items = items
        self.open = is_open
        self.factory: Value = factory
        self.others: list[Value] = []
        self.sources = ()

    def forget(self) -> bool:
        known = bool(self.items) or not self.open
        self.items, self.open = {}, True
        return known

    def save(self) -> Any:
        return (dict(self.items), self.open)

    def restore(self, state: Any) -> None:
        items, self.open = state
        self.items = dict(items)

    def merge(self, states: list[Any]) -> Any:
        keys = [key for key in states[0][0] if all(key in items for items, _ in states)]
        uneven = any(len(items) != len(keys) for items, _ in states)
        return (
            {key: join_all([items[key] for items, _ in states]) for key in keys},
            uneven or any(o for _, o in states),
        )

    def overlay(self, other: Value) -> None:
        """Take over what another mapping holds: of one that is not all known, also what it may hold under the same keys."""
        items: dict[Any, Value] = other.items if isinstance(other, DictValue) else {}
        if not isinstance(other, DictValue) or other.open:
            self.may_change(items)
            self.open = True
        self.items.update(items)

    def store_somewhere(self, value: Value) -> None:
        """Store a value under a key that is not known, which may be one of those that are."""
        self.items.update({key: join(item, value) for key, item in self.items.items()})
        self.others.append(value)
        self.open = True

    def may_change(self, but: Container[Any] = ()) -> None:
        """Something that is not known may have stored other values under all keys `but` these."""
        for key in self.items:
            if key not in but:
                self.items[key] = Unknown("a mapping that is not known may hold another value")

    @recursive_repr()
    def __repr__(self) -> str:
        shown = _listed((f"{key!r}: {value!r}" for key, value in self.items.items()), len(self.items))
        return f"{{{shown}{', ...' if self.open else ''}}}"


class ConfigValue(DictValue):
    """What `get_config` returns; `source` is the layer or model it describes, `None` when something in it was changed."""

    __slots__ = ("source",)

    def __init__(self, items: dict[Any, Value], source: LayerValue) -> None:
        super().__init__(items, is_open=True)
        self.source: LayerValue | None = source

    def forget(self) -> bool:
        known = self.source is not None
        self.source = None
        return super().forget() or known

    def save(self) -> Any:
        return (*super().save(), self.source)

    def restore(self, state: Any) -> None:
        super().restore(state[:2])
        self.source = state[2]

    def merge(self, states: list[Any]) -> Any:
        sources = [state[2] for state in states]
        same = all(source is sources[0] for source in sources)
        return (*super().merge([state[:2] for state in states]), sources[0] if same else None)


class MappingValue(DictValue):
    """An instance of a class of the program that derives from `dict`, or of a library's dictionary with attributes.

    Attributes:
        class_value: the program's class, `None` for a library's.
        attributes: those that are no items; with `is_namespace` items are attributes and attributes are items.
    """

    __slots__ = ("attributes", "class_value", "is_namespace")

    def __init__(self, class_value: ClassValue | None, is_namespace: bool = False) -> None:
        super().__init__({})
        self.class_value = class_value
        self.attributes: dict[str, Value] = {}
        self.is_namespace = is_namespace

    def save(self) -> Any:
        return (*super().save(), dict(self.attributes), self.is_namespace)

    def restore(self, state: Any) -> None:
        items, is_open, attributes, self.is_namespace = state
        super().restore((items, is_open))
        self.attributes = dict(attributes)

    def merge(self, states: list[Any]) -> Any:
        items, is_open = super().merge([state[:2] for state in states])
        attributes = join_named([state[2] for state in states])
        return (items, is_open, attributes, any(state[3] for state in states))


class Frame(HeapObject):
    """The variables of a module, function call or class body."""

    __slots__ = (
        "class_value",
        "enclosing",
        "function",
        "global_names",
        "module",
        "receiver",
        "returns",
        "variables",
        "yields",
    )

    def __init__(
        self,
        module: Module,
        enclosing: Frame | None = None,
        function: FunctionValue | None = None,
        receiver: Value = None,
    ) -> None:
        self.module = module
        self.enclosing = enclosing
        self.function = function
        self.receiver: Value = receiver
        self.class_value: ClassValue | None = None
        self.variables: dict[str, Value] = {}
        self.global_names: set[str] = set()
        self.returns: list[tuple[Value, Any]] = []
        self.yields: ListValue | None = None

    def save(self) -> Any:
        return dict(self.variables)

    def restore(self, state: Any) -> None:
        self.variables.clear()  # in place: it may be one that notes who reads what
        self.variables.update(state)

    def merge(self, states: list[Any]) -> Any:
        return join_named(states)


class FunctionValue:
    """A function or lambda of the program, with the frame it was defined in."""

    __slots__ = (
        "defaults",
        "enclosing",
        "is_cached",
        "is_property",
        "kind",
        "module",
        "name",
        "node",
        "owner",
        "setter",
    )

    def __init__(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        module: Module,
        enclosing: Frame,
        defaults: Mapping[str, Value],
        owner: ClassValue | None = None,
    ) -> None:
        self.node = node
        self.module = module
        self.enclosing = enclosing
        self.defaults = defaults
        self.owner = owner
        self.name = getattr(node, "name", "<lambda>")
        self.kind = "function"  # or "staticmethod", "classmethod"
        self.is_property = False
        self.is_cached = False  # a `cached_property`: evaluated once for each object
        self.setter: FunctionValue | None = None  # of a property

    def __repr__(self) -> str:
        return f"the function {self.name}"


class BoundMethod:
    """A function of the program bound to its receiver."""

    __slots__ = ("function", "receiver")

    def __init__(self, function: FunctionValue, receiver: Value) -> None:
        self.function = function
        self.receiver: Value = receiver

    def __repr__(self) -> str:
        return f"the method {self.function.name}"


class LibraryMethod:
    """A method of a library value (`model.add`, `x.reshape`, `layers.append`), not called yet."""

    __slots__ = ("name", "receiver")

    def __init__(self, receiver: Value, name: str) -> None:
        self.receiver: Value = receiver
        self.name = name

    def __repr__(self) -> str:
        return f"the method {self.name}"


class SuperValue:
    """`super()`: attribute look-up that starts behind `after` in the class of `receiver`."""

    __slots__ = ("after", "receiver")

    def __init__(self, receiver: Value, after: ClassValue) -> None:
        self.receiver: Value = receiver
        self.after = after

    def __repr__(self) -> str:
        return "super()"


class Partial:
    """`functools.partial(function, *args, **kwargs)`."""

    __slots__ = ("args", "function", "kwargs")

    def __init__(self, function: Value, args: list[Value], kwargs: dict[str, Value]) -> None:
        self.function: Value = function
        self.args = args
        self.kwargs = kwargs

    def __repr__(self) -> str:
        return f"a partial of {self.function!r}"


class Choice:
    """One of a few callables or layers, depending on a condition that is not known."""

    __slots__ = ("options",)

    def __init__(self, options: tuple[Value, ...]) -> None:
        self.options = options

    def __repr__(self) -> str:
        return " or ".join(map(repr, self.options))


class ClassValue(HeapObject):
    """A class of the program. `library_base` is the first library class it derives from ("keras.layers.Layer")."""

    __slots__ = ("bases", "fields", "is_dataclass", "module", "name", "namespace", "node")

    def __init__(self, node: ast.ClassDef, module: Module, bases: list[Value]) -> None:
        self.node = node
        self.name = node.name
        self.module = module
        self.bases = bases
        self.namespace: dict[str, Value] = {}
        self.is_dataclass = False
        self.fields: list[str] = []

    def linearise(self) -> list[Value]:
        """The method resolution order: classes of the program and library classes, duplicates kept last."""
        order: list[Value] = [self]
        for base in self.bases:
            order.extend(base.linearise() if isinstance(base, ClassValue) else [base])
        unique: list[Value] = []
        for index, value in enumerate(order):
            if not any(value is later or value == later for later in order[index + 1 :]):
                unique.append(value)
        return unique

    def save(self) -> Any:
        return dict(self.namespace)

    def restore(self, state: Any) -> None:
        self.namespace = dict(state)

    def merge(self, states: list[Any]) -> Any:
        return join_named(states)

    def __repr__(self) -> str:
        return f"the class {self.name}"


class ObjectValue(HeapObject):
    """An instance of a class of the program; `layer` is set when the class derives from a Keras layer or model."""

    __slots__ = ("attributes", "class_value", "layer", "open")

    def __init__(self, class_value: ClassValue) -> None:
        self.class_value = class_value
        self.attributes: dict[str, Value] = {}
        self.layer: LayerValue | None = None
        self.open = False  # some attributes were set under names that are not known

    def save(self) -> Any:
        return (dict(self.attributes), self.open, self.layer)

    def restore(self, state: Any) -> None:
        attributes, self.open, self.layer = state
        self.attributes = dict(attributes)

    def merge(self, states: list[Any]) -> Any:
        merged = join_named([attributes for attributes, _, _ in states], self._of_class)
        layers = [layer for _, _, layer in states if layer is not None]
        return (merged, any(is_open for _, is_open, _ in states), layers[0] if layers else None)

    def _of_class(self, name: str) -> list[Value]:
        """What reading an attribute comes to where the object has none of its own: at most one value."""
        classes = [base for base in self.class_value.linearise() if isinstance(base, ClassValue)]
        return [base.namespace[name] for base in classes if name in base.namespace][:1]

    def __repr__(self) -> str:
        return f"an instance of {self.class_value.name}"


class LibraryObject(HeapObject):
    """An instance of a library class that is no layer: an optimizer, a loss, a tokenizer, a data frame, a dataset."""

    __slots__ = ("arguments", "attributes", "path")

    def __init__(self, path: str, arguments: dict[str, Value] | None = None) -> None:
        self.path = path
        self.arguments = arguments or {}
        self.attributes: dict[str, Value] = {}

    def save(self) -> Any:
        return dict(self.attributes)

    def restore(self, state: Any) -> None:
        self.attributes = dict(state)

    def merge(self, states: list[Any]) -> Any:
        return {
            name: (_join_facts if name.startswith("#") else join_all)([state[name] for state in states])
            for name in states[0]
            if all(name in state for state in states)
        }

    def __repr__(self) -> str:
        return f"an instance of {self.path.rpartition('.')[2]}"


class DatasetValue:
    """A `tf.data.Dataset`, generator or directory of images: the structure of one element.

    Attributes:
        element: abstract value of one element (tensors in tuples or dicts).
        batched: whether elements carry the batch axis; `None` if not known.
        size: number of elements, `None` if not known.
        batch: number of samples in every batch, where all have the same known one.
    """

    __slots__ = ("attributes", "batch", "batched", "element", "path", "size")

    def __init__(
        self,
        element: Value,
        batched: bool | None = False,
        size: Dim = None,
        path: str = "tensorflow.data.Dataset",
        attributes: dict[str, Value] | None = None,
    ) -> None:
        self.element: Value = element
        self.batched = batched
        self.batch: int | None = None
        self.size = size
        self.path = path
        self.attributes = attributes or {}

    def __repr__(self) -> str:
        return "a dataset"


class LayerValue(HeapObject):
    """A Keras layer object.

    Attributes:
        fact: its record; one per evaluation of the constructor call.
        configuration: bound constructor arguments; `None` for the program's own classes.
        batch_shape: what its first-layer keywords say, `None` if deferred; `batch_dtype` with it.
        weights: variables once built; `None` when not built or not known (`built` tells which).
        owner: the program's object that this layer is the Keras half of.
        sublayers: layers it tracks, in order, for the program's own classes and wrappers.
    """

    __slots__ = (
        "batch_dtype",
        "batch_shape",
        "built",
        "built_inputs",
        "configuration",
        "extra_weights",
        "fact",
        "failed",
        "nodes",
        "owner",
        "sublayers",
        "trainable",
        "weights",
    )

    def __init__(self, fact: LayerFact, configuration: Configuration | None = None) -> None:
        self.fact = fact
        self.configuration = configuration
        self.batch_shape: tuple[Dim, ...] | None = None
        self.batch_dtype: str | None = None
        self.weights: tuple[Weight, ...] | None = None
        self.extra_weights: list[Weight] | None = []
        self.built = False
        self.built_inputs: Any = None
        self.nodes: list[GraphNode] = []
        self.owner: ObjectValue | None = None
        self.sublayers: list[LayerValue] = []
        self.trainable: bool | None = True
        self.failed = False

    @property
    def class_name(self) -> str:
        """Main public name, or the program's class name."""
        return self.fact.class_name

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.fact.name

    def save(self) -> Any:
        extra = None if self.extra_weights is None else list(self.extra_weights)
        return (
            self.weights,
            self.built,
            self.built_inputs,
            list(self.nodes),
            list(self.sublayers),
            self.trainable,
            extra,
        )

    def restore(self, state: Any) -> None:
        self.weights, self.built, self.built_inputs, nodes, sublayers, self.trainable, extra = state
        self.nodes = list(nodes)
        self.sublayers = list(sublayers)
        self.extra_weights = None if extra is None else list(extra)

    def merge(self, states: list[Any]) -> Any:
        first = states[0]
        weights = first[0] if all(state[0] == first[0] for state in states) else None
        built_states = [state for state in states if state[1]]
        if weights is None and built_states and all(state[0] == built_states[0][0] for state in built_states):
            weights = built_states[0][0]
        built = any(state[1] for state in states)
        inputs = next((state[2] for state in states if state[2] is not None), None)
        longest = max(states, key=lambda state: len(state[3]))
        trainable = first[5] if all(state[5] == first[5] for state in states) else None
        extra = first[6] if all(state[6] == first[6] for state in states) else None
        return (weights, built, inputs, longest[3], longest[4], trainable, extra)

    def __repr__(self) -> str:
        return f"an instance of {self.class_name}"


class ModelValue(LayerValue):
    """A Keras model: Sequential, Functional, or the Keras half of a subclass of `Model`.

    Attributes:
        kind: "Sequential", "Functional" or "Subclassed".
        layers: in Keras's order; `None` when not known (added in a branch that may not run).
        inputs, outputs: symbolic tensors, `None` while not built or not known.
        perhaps_built: whether something that was not followed may have told it its input.
        escaped: whether something that was not followed has had it, and may have compiled or called it.
    """

    __slots__ = (
        "broken",
        "compiled",
        "escaped",
        "input_structure",
        "inputs",
        "kind",
        "layers",
        "model_fact",
        "output_structure",
        "outputs",
        "perhaps_built",
        "reason",
    )

    def __init__(self, fact: LayerFact, model_fact: ModelFact, kind: str) -> None:
        super().__init__(fact)
        self.kind = kind
        self.model_fact = model_fact
        self.layers: list[LayerValue] | None = []
        self.inputs: list[TensorValue] | None = None
        self.outputs: list[TensorValue] | None = None
        self.input_structure: Value = None
        self.output_structure: Value = None
        self.compiled: ModelEvent | None = None
        self.reason: str | None = None
        self.perhaps_built = self.escaped = False
        self.broken = False  # a layer refused its input: what follows is not known

    def save(self) -> Any:
        layers = None if self.layers is None else list(self.layers)
        own = (
            layers,
            self.inputs,
            self.outputs,
            self.input_structure,
            self.output_structure,
            self.compiled,
            self.reason,
        )
        return (super().save(), own)

    def restore(self, state: Any) -> None:
        base, own = state
        super().restore(base)
        layers, self.inputs, self.outputs, self.input_structure, self.output_structure, self.compiled, self.reason = own
        self.layers = None if layers is None else list(layers)

    def merge(self, states: list[Any]) -> Any:
        base = super().merge([state[0] for state in states])
        owns = [state[1] for state in states]
        first = owns[0]
        if all(own[0] == first[0] for own in owns):
            # The same layers: a branch may have built the model, which it then stays.
            return (base, next((own for own in owns if own[2] is not None), first))
        outputs = [own[2] for own in owns]
        joined: list[TensorValue] | None = None
        if all(output is not None for output in outputs) and len({len(output) for output in outputs}) == 1:
            columns = [join_all(list(column)) for column in zip(*outputs, strict=True)]
            if all(isinstance(column, TensorValue) for column in columns):
                joined = columns
        reason = "its layers depend on a condition that is not known"
        return (base, (None, first[1], joined, first[3], joined[0] if joined else None, first[5], reason))


def join(left: Value, right: Value) -> Value:
    """What is known of a value that may be either one."""
    if left is right:
        return left
    if type(left) is type(right) and isinstance(left, CONSTANTS):
        if left == right:
            return left
        if isinstance(left, int) and not isinstance(left, bool):
            return Unknown(f"may be {left} or {right}", dim=opaque())
        return Unknown(f"may be {left!r:.40} or {right!r:.40}")
    if isinstance(left, Unknown):
        return left
    if isinstance(right, Unknown):
        return right
    if isinstance(left, TensorValue) and isinstance(right, TensorValue):
        return _choose(left, right)
    if isinstance(left, tuple) and isinstance(right, tuple):
        first, second = cast("tuple[Value, ...]", left), cast("tuple[Value, ...]", right)
        if len(first) == len(second):
            return tuple(join(a, b) for a, b in zip(first, second, strict=True))
        return Unknown("may be tuples of different lengths")
    if isinstance(left, External) and left == right:
        return left
    if isinstance(left, Expr | int) and isinstance(right, Expr | int):
        return Unknown("may have different values", dim=join_dims(left, right))
    if isinstance(left, ListValue) and isinstance(right, ListValue):
        items, element = left.merge([left.save(), right.save()])
        return _one_of(ListValue(items, element, left.kind), left, right)
    if isinstance(left, DictValue) and isinstance(right, DictValue):
        items, is_open = DictValue.merge(left, [DictValue.save(left), DictValue.save(right)])
        return _one_of(DictValue(items, is_open), left, right)
    options = (*_options(left), *_options(right))
    if all(is_callable(option) for option in options) and len(options) <= 4:
        unique: list[Value] = []
        for option in options:
            if not any(option is known or option == known for known in unique):
                unique.append(option)
        return unique[0] if len(unique) == 1 else Choice(tuple(unique))
    if isinstance(left, LibraryObject) and isinstance(right, LibraryObject) and left.path == right.path:
        made = LibraryObject(left.path)
        made.attributes = {
            name: _join_facts([fact, right.attributes[name]])
            for name, fact in left.attributes.items()
            if name.startswith("#") and name in right.attributes
        }
        if "columns" in left.attributes or "columns" in right.attributes:
            made.attributes.pop("#names", None)  # other names were given since
        return made
    return Unknown("may have values of different kinds")


def _join_facts(facts: list[Any]) -> Any:
    """What is kept of library objects about their contents: sizes, which stay sizes, and others, `None` if not known."""
    if all(fact == facts[0] for fact in facts):
        return facts[0]
    return opaque() if all(isinstance(fact, int | Expr) for fact in facts) else None


def _one_of(joined: HeapObject, *sources: HeapObject) -> HeapObject:
    joined.sources = sources
    return joined


def join_all(values: list[Value]) -> Value:
    """What is known of a value that may be any of these (at least one)."""
    result = values[0]
    for value in values[1:]:
        result = join(result, value)
    return result


def join_named(
    states: Sequence[Mapping[str, Value]], otherwise: Callable[[str], list[Value]] = lambda name: []
) -> dict[str, Value]:
    """What is known of names that were bound in one of these ways; where one is not bound, `otherwise` says what it is."""
    merged: dict[str, Value] = {}
    for name in dict.fromkeys(name for state in states for name in state):
        values = [state[name] for state in states if name in state]
        if len(values) < len(states):
            values += otherwise(name)
        merged[name] = join_all(values)
    return merged


def _choose(left: TensorValue, right: TensorValue) -> TensorValue:
    """A tensor that may be either one; in a graph it stands behind both."""
    kind = left.kind if left.kind == right.kind else "tensorflow"
    value = TensorValue(join_tensors(left.spec, right.spec), kind, left.producer, left.origin)
    if left.producer is not right.producer:
        node = GraphNode(None, [left, right], left.origin or right.origin or Span(0, 0), lambda parts: _choose(*parts))
        node.choice = True
        node.outputs.append(value)
        value.producer = node
    return value


def join_tensors(left: Tensor, right: Tensor) -> Tensor:
    """What is known of a tensor that may be either one."""
    if left == right:
        return left
    shape = None
    if left.shape is not None and right.shape is not None and len(left.shape) == len(right.shape):
        shape = tuple(join_dims(a, b) for a, b in zip(left.shape, right.shape, strict=True))
    return Tensor(shape, left.dtype if left.dtype == right.dtype else None)


def is_callable(value: Value) -> bool:
    """Whether the value is sure to be something that can be called."""
    return isinstance(
        value, FunctionValue | BoundMethod | ClassValue | External | LayerValue | Partial | LibraryMethod | Choice
    ) or (isinstance(value, ObjectValue) and value.layer is not None)


def _options(value: Value) -> tuple[Value, ...]:
    return value.options if isinstance(value, Choice) else (value,)
