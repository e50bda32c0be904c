"""`tf.data` pipelines and what makes them: the structure of one element is followed through every step."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, cast

from keras_lsp.inference.arguments import Arguments
from keras_lsp.inference.functions import wrong_arguments
from keras_lsp.inference.library import models
from keras_lsp.inference.library.objects import LibraryInstance, attribute, method
from keras_lsp.inference.machine import Machine
from keras_lsp.inference.tensors import as_array, to_shape_value
from keras_lsp.inference.values import (
    BoundMethod,
    DatasetValue,
    DictValue,
    FunctionValue,
    LibraryObject,
    ListValue,
    TensorValue,
    Unknown,
    Value,
    join_all,
)
from keras_lsp.shapes.dim import Dim, Expr, ceil_divide, floor_divide, format_shape, minimum, opaque, subtract
from keras_lsp.shapes.outcome import ShapeError
from keras_lsp.shapes.tensor import Tensor

DATASET = "tensorflow.data.Dataset"


def map_structure(function: Callable[[TensorValue], Value], value: Value) -> Value:
    """Apply to every tensor of an element; lists become tuples, as `tf.nest` has them in data sets."""
    if isinstance(value, TensorValue):
        return function(value)
    if isinstance(value, tuple):
        return tuple(map_structure(function, item) for item in cast("tuple[Value, ...]", value))
    if isinstance(value, ListValue):
        if value.items is None:
            return Unknown("a list of unknown length")
        return tuple(map_structure(function, item) for item in value.items)
    if isinstance(value, DictValue):
        return DictValue({key: map_structure(function, item) for key, item in value.items.items()}, value.open)
    return value


def as_tensors(machine: Machine, value: Value) -> Value:
    """What `tf.data` makes of arrays and lists: tensors."""
    if (
        isinstance(value, ListValue)
        and value.items is not None
        and not any(isinstance(i, TensorValue) for i in value.items)
    ):
        items = value.items
        if items and all(isinstance(item, int | float | str | bool) for item in items):
            dtype = "string" if isinstance(items[0], str) else "int32" if isinstance(items[0], int) else "float32"
            return TensorValue(Tensor((len(items),), dtype), "tensorflow")
        if items and all(isinstance(item, ListValue | tuple) for item in items):
            rows = [as_tensors(machine, item) for item in items]
            if all(isinstance(row, TensorValue) for row in rows):
                joined = join_all(rows)
                if isinstance(joined, TensorValue) and joined.spec.shape is not None:
                    return TensorValue(Tensor((len(items), *joined.spec.shape), joined.spec.dtype), "tensorflow")
    if isinstance(value, tuple) and value and all(isinstance(item, int | float) for item in cast("Any", value)):
        return TensorValue(Tensor((len(cast("Any", value)),), "float32"), "tensorflow")
    if isinstance(value, tuple):
        return tuple(as_tensors(machine, item) for item in cast("tuple[Value, ...]", value))
    if isinstance(value, ListValue) and value.items is not None:
        # A list of arrays of one shape is stacked.
        rows = [as_tensors(machine, item) for item in value.items]
        shapes = {row.spec.shape for row in rows if isinstance(row, TensorValue)}
        if (
            len(shapes) == 1
            and (shape := next(iter(shapes))) is not None
            and all(isinstance(r, TensorValue) for r in rows)
        ):
            return TensorValue(Tensor((len(rows), *shape), rows[0].spec.dtype), "tensorflow")
        return Unknown("a list of arrays of different shapes")
    if isinstance(value, DictValue):
        return DictValue({key: as_tensors(machine, item) for key, item in value.items.items()}, value.open)
    if isinstance(value, range):
        return TensorValue(Tensor((len(value),), "int32"), "tensorflow")
    return value


def _slice(value: TensorValue) -> Value:
    shape = value.spec.shape
    if not shape:
        return Unknown("a slice of something without axes")
    return TensorValue(Tensor(shape[1:], value.spec.dtype, None, value.spec.classes), "tensorflow", origin=value.origin)


def _first_size(value: Value) -> Dim:
    if isinstance(value, TensorValue):
        return value.spec.shape[0] if value.spec.shape else None
    if isinstance(value, tuple) and value:
        return _first_size(cast("tuple[Value, ...]", value)[0])
    if isinstance(value, DictValue) and value.items:
        return _first_size(next(iter(value.items.values())))
    return None


@models("tensorflow.data.Dataset.from_tensor_slices")
def from_tensor_slices(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """One element for each row."""
    given = arguments.get(0, "tensors")
    _check_list(machine, given, arguments, node)
    value = as_tensors(machine, given)
    if isinstance(value, Unknown):
        return DatasetValue(Unknown(value.reason))
    return DatasetValue(map_structure(_slice, value), False, _first_size(value))


def _check_list(machine: Machine, given: Value, arguments: Arguments, node: ast.AST | None) -> None:
    """A list of arrays is stacked to one tensor, which other shapes do not allow; a tuple keeps them apart."""
    items = given.items if isinstance(given, ListValue) and given.kind == "list" else None
    arrays = [item.spec.shape for item in items or () if isinstance(item, TensorValue) and item.kind == "numpy"]
    if not items or len(items) < 2 or len(arrays) != len(items) or not machine.certain:
        return
    first = arrays[0]
    if first is None or any(shape is None for shape in arrays):
        return
    if any(len(shape or ()) != len(first) for shape in arrays):
        call = machine.describe_call("tensorflow.data.Dataset.from_tensor_slices", arguments, node, ("tensors",))
        text = "ValueError: Can't convert non-rectangular Python sequence to Tensor."
        said = "A list is stacked to one tensor, and these arrays have different ranks: write a tuple, `(x, y)`."
        machine.report("call", call, ShapeError("other", text, {"said": said}, "construct"))


@models("tensorflow.data.Dataset.from_tensors")
def from_tensors(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """One element: the tensors themselves."""
    return DatasetValue(as_tensors(machine, arguments.get(0, "tensors")), None, 1)


@models("tensorflow.data.Dataset.range")
def make_range(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Scalars counted up."""
    bounds = [value for value in arguments.args if isinstance(value, int)]
    size = len(range(*bounds)) if bounds and len(bounds) == len(arguments.args) else None
    return DatasetValue(TensorValue(Tensor((), "int64"), "tensorflow"), False, size)


@models("tensorflow.data.Dataset.zip")
def zip_datasets(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Elements side by side."""
    value = arguments.get(0, "datasets")
    parts: Sequence[Value] = arguments.args
    if isinstance(value, tuple):
        parts = cast("tuple[Value, ...]", value)
    elif isinstance(value, ListValue):
        parts = value.items or ()
    sets = [part for part in parts if isinstance(part, DatasetValue)]
    if not sets or len(sets) != len(parts):
        return DatasetValue(Unknown("zipped with something that is not known"), None)
    size: Dim = sets[0].size
    for part in sets[1:]:
        size = minimum(size, part.size)
    return DatasetValue(tuple(part.element for part in sets), sets[0].batched, size)


@models("tensorflow.data.Dataset.from_generator")
def from_generator(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Elements as the signature declares them."""
    signature = arguments.get(None, "output_signature")
    if signature is not None:
        return DatasetValue(map_structure(lambda spec: spec, signature), None)
    shapes, types = arguments.get(2, "output_shapes"), arguments.get(1, "output_types")
    return DatasetValue(_typed(types) if shapes is None else _declared(shapes, types), None)


def _typed(types: Value) -> Value:
    """Tensors of which only the dtypes are declared."""
    if isinstance(types, tuple):
        return tuple(_typed(item) for item in cast("tuple[Value, ...]", types))
    if isinstance(types, DictValue) and not types.open:
        return DictValue({key: _typed(item) for key, item in types.items.items()})
    dtype = to_shape_value(types)
    if isinstance(dtype, str):
        return TensorValue(Tensor(None, dtype), "tensorflow")
    return Unknown("the elements of a generator are not declared")


def _declared(shapes: Value, types: Value) -> Value:
    if isinstance(shapes, tuple | ListValue):
        items = list(cast("tuple[Value, ...]", shapes)) if isinstance(shapes, tuple) else shapes.items or []
        if items and all(isinstance(item, tuple | ListValue) for item in items):
            return tuple(_declared(item, None) for item in items)
        if all(item is None or isinstance(item, int) for item in items):
            dtype = to_shape_value(types)
            return TensorValue(Tensor(tuple(items), dtype if isinstance(dtype, str) else None), "tensorflow")
    return Unknown("the elements of a generator are not declared")


@models("tensorflow.TensorSpec")
def tensor_spec(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """A declared tensor stands for itself."""
    shape = to_shape_value(arguments.get(0, "shape"), True)
    dtype = to_shape_value(arguments.get(1, "dtype"))
    if isinstance(shape, list):
        shape = tuple(cast("list[Any]", shape))
    known = isinstance(shape, tuple) and all(
        d is None or isinstance(d, int) or hasattr(d, "terms") for d in cast("Any", shape)
    )
    return TensorValue(
        Tensor(cast("Any", shape) if known else None, dtype if isinstance(dtype, str) else "float32"), "tensorflow"
    )


def _dataset(value: LibraryInstance) -> DatasetValue:
    assert isinstance(value, DatasetValue)
    return value


def _with(value: DatasetValue, element: Value, batched: bool | None, size: Dim) -> DatasetValue:
    made = DatasetValue(element, batched, size, value.path, value.attributes)
    made.batch = value.batch if batched is value.batched else None
    return made


@method(DATASET, "shuffle", "prefetch", "cache", "with_options", "snapshot", "ignore_errors")
def keep(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Steps that leave elements as they are."""
    return value


@method(DATASET, "apply")
def apply(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """`apply(function)`."""
    result = machine.call(arguments.get(0, "transformation_func"), Arguments([value]), node)
    return (
        result if isinstance(result, DatasetValue) else DatasetValue(Unknown("what `apply` makes is not known"), None)
    )


@method(DATASET, "repeat")
def repeat(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Elements again and again."""
    dataset = _dataset(value)
    count = arguments.get(0, "count")
    size = dataset.size * count if isinstance(count, int) and count > 0 and isinstance(dataset.size, int) else None
    return _with(dataset, dataset.element, dataset.batched, size)


@method(DATASET, "take")
def take(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """The first elements."""
    dataset = _dataset(value)
    count = arguments.get(0, "count")
    size = minimum(dataset.size, count) if isinstance(count, int) and count >= 0 else dataset.size
    return _with(dataset, dataset.element, dataset.batched, size)


@method(DATASET, "skip")
def skip(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """All but the first elements."""
    dataset = _dataset(value)
    count = arguments.get(0, "count")
    size = subtract(dataset.size, count) if isinstance(count, int) and isinstance(dataset.size, int) else None
    return _with(dataset, dataset.element, dataset.batched, size)


@method(DATASET, "filter", "shard")
def choose(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Some of the elements."""
    dataset = _dataset(value)
    return _with(dataset, dataset.element, dataset.batched, None)


@method(DATASET, "padded_batch")
def pad_and_batch(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Elements padded to given sizes, where these are numbers, else to the longest of each batch; then stacked."""
    dataset = _dataset(value)
    shapes = arguments.get(1, "padded_shapes")
    padded = _with(dataset, _pad(machine, dataset.element, shapes), dataset.batched, dataset.size)
    drop = arguments.get(3, "drop_remainder", False)
    return batch(machine, padded, Arguments([arguments.get(0, "batch_size"), drop]), node)


def _pad(machine: Machine, element: Value, shapes: Value) -> Value:
    from keras_lsp.inference.expressions import iterate

    if isinstance(element, TensorValue):
        shape = element.spec.shape
        sizes = None if shapes is None else iterate(machine, shapes)
        if shape is None or shapes is None:
            return element
        if sizes is None or len(sizes) != len(shape):
            return TensorValue(element.spec.with_shape(tuple(None for _ in shape)), element.kind, origin=element.origin)
        made = tuple(_padded(dim, size) for dim, size in zip(shape, sizes, strict=True))
        return TensorValue(element.spec.with_shape(made), element.kind, origin=element.origin)
    if isinstance(element, DictValue):
        of = shapes.items if isinstance(shapes, DictValue) else {}
        unknown = None if shapes is None else Unknown("the padded shape is not known")
        items = {key: _pad(machine, item, of.get(key, unknown)) for key, item in element.items.items()}
        return DictValue(items, element.open)
    if isinstance(element, tuple):
        parts = cast("tuple[Value, ...]", element)
        given = None if shapes is None else iterate(machine, shapes)
        unknown = None if shapes is None else Unknown("the padded shape is not known")
        same = given is not None and len(given) == len(parts)
        return tuple(_pad(machine, part, given[i] if same and given else unknown) for i, part in enumerate(parts))
    return element


def _padded(dim: Dim, size: Value) -> Dim:
    if size is None or size == -1:
        return dim
    return size if isinstance(size, int) else None


@method(DATASET, "batch")
def batch(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Elements stacked: the batch axis is dynamic unless the rest is dropped."""
    dataset = _dataset(value)
    count = arguments.get(0, "batch_size")
    drop = arguments.get(1, "drop_remainder", False)
    fixed = drop is True and isinstance(count, int)

    def stack(tensor: TensorValue) -> Value:
        shape = tensor.spec.shape
        if shape is None:
            return tensor
        size = count if fixed else None
        return TensorValue(
            Tensor((size, *shape), tensor.spec.dtype, None, tensor.spec.classes), "tensorflow", origin=tensor.origin
        )

    size: Dim = None
    made = _with(dataset, map_structure(stack, dataset.element), True, size)
    if isinstance(count, int) and count > 0:
        made.size = floor_divide(dataset.size, count) if drop is True else ceil_divide(dataset.size, count)
        if isinstance(dataset.size, int) and (dataset.size % count == 0 or dataset.size < count):
            made.batch = min(count, dataset.size)  # every batch is full, or there is only one
    return made


def concrete_element(value: DatasetValue) -> Value:
    """An element as a loop over the data set sees it: its batch axis has some size, known where every batch has it."""
    if not value.batched:
        return value.element
    size: Dim = value.batch if value.batch is not None else opaque()

    def fill(tensor: TensorValue) -> Value:
        shape = tensor.spec.shape
        if not shape or shape[0] is not None:
            return tensor
        return TensorValue(
            Tensor((size, *shape[1:]), tensor.spec.dtype, None, tensor.spec.classes), tensor.kind, origin=tensor.origin
        )

    return map_structure(fill, value.element)


@method(DATASET, "unbatch")
def unbatch(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Elements without their first axis."""
    dataset = _dataset(value)
    return _with(dataset, map_structure(_slice, dataset.element), False, None)


@method(DATASET, "map")
def map_elements(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """What a function makes of an element; a tuple is passed as several arguments."""
    dataset = _dataset(value)
    element = dataset.element
    function = arguments.get(0, "map_func")
    args = list(cast("tuple[Value, ...]", element)) if isinstance(element, tuple) else [element]
    if isinstance(function, FunctionValue | BoundMethod) and not isinstance(element, Unknown) and machine.certain:
        refused = wrong_arguments(function, Arguments(args))
        if refused is not None:
            parts = "one argument" if len(args) == 1 else f"{len(args)} arguments, one for each part of an element"
            call = machine.describe_call("tensorflow.data.Dataset.map", arguments, node, ("map_func",))
            said = f"`map` calls the function with {parts}."
            machine.report("call", call, ShapeError("other", refused.text, {"said": said}, "construct"))
            return _with(
                dataset, Unknown("the function cannot be called with the elements"), dataset.batched, dataset.size
            )
    result = machine.call(function, Arguments(args), node)
    if isinstance(result, ListValue) and result.items is not None:
        result = tuple(result.items)
    return _with(dataset, result, dataset.batched, dataset.size)


@method(DATASET, "flat_map", "interleave")
def flat_map(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """The elements of the data sets that a function makes of elements."""
    dataset = _dataset(value)
    element = dataset.element
    args = list(cast("tuple[Value, ...]", element)) if isinstance(element, tuple) else [element]
    result = machine.call(arguments.get(0, "map_func"), Arguments(args), node)
    if isinstance(result, DatasetValue):
        return _with(result, result.element, result.batched, None)
    return DatasetValue(Unknown("what the function makes is no known data set"), None)


@method(DATASET, "window")
def window(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Elements that are data sets themselves."""
    dataset = _dataset(value)
    count = arguments.get(0, "size")
    size = count if isinstance(count, int) else None

    def nest(tensor: TensorValue) -> Value:
        return DatasetValue(tensor, False, size)

    return _with(dataset, map_structure(nest, dataset.element), False, None)


@method(DATASET, "concatenate")
def concatenate(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Elements of both."""
    dataset = _dataset(value)
    other = arguments.get(0, "dataset")
    if not isinstance(other, DatasetValue):
        return DatasetValue(Unknown("concatenated with something that is not known"), None)
    return _with(dataset, join_all([dataset.element, other.element]), dataset.batched, None)


@method(DATASET, "as_numpy_iterator", "__iter__")
def as_numpy(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """The elements as arrays."""
    dataset = _dataset(value)
    return ListValue(
        None, map_structure(lambda t: TensorValue(t.spec, "numpy", origin=t.origin), dataset.element), "generator"
    )


@method(DATASET, "cardinality")
def cardinality(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """The number of elements."""
    size = _dataset(value).size
    return Unknown("the number of elements is not known") if size is None else size


@attribute(DATASET, "element_spec")
def element_spec(machine: Machine, value: LibraryInstance) -> Value:
    """The structure of an element."""
    return _dataset(value).element


# Directories and generators of Keras

_LABELS: dict[Value, tuple[tuple[Dim, ...], str] | None] = {
    "int": ((None,), "int32"),
    "binary": ((None, 1), "float32"),
    None: None,
}


@models("keras.utils.image_dataset_from_directory", "keras.preprocessing.image_dataset_from_directory")
def image_directory(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Batches of images of one size, with labels as `label_mode` says."""
    symbol = machine.catalogue.symbol("keras.utils.image_dataset_from_directory")
    names = [p.name for p in symbol.parameters or ()] if symbol else []
    bound = {**dict(zip(names, arguments.args, strict=False)), **arguments.kwargs}
    if arguments.open:
        return DatasetValue(Unknown("unpacked arguments are not known"), True)
    size = to_shape_value(bound.get("image_size", (256, 256)), True)
    channels = {"rgb": 3, "grayscale": 1, "rgba": 4}.get(bound.get("color_mode", "rgb"))
    if not isinstance(size, tuple | list) or len(cast("Any", size)) != 2 or channels is None:
        return DatasetValue(Unknown("the size of the images is not known"), True)
    batch_size = bound.get("batch_size", 32)
    lead: tuple[Dim, ...] = () if batch_size is None else (None,)
    images = TensorValue(
        Tensor((*lead, *cast("Any", size), channels), "float32"), "tensorflow", origin=machine.span_of(node)
    )
    element = _labelled(
        images, bound.get("labels", "inferred"), bound.get("label_mode", "int"), bound.get("class_names"), lead
    )
    made = DatasetValue(element, True)
    if bound.get("subset") == "both":
        return (made, DatasetValue(element, True))
    return made


def _labelled(inputs: TensorValue, labels: Value, mode: Value, names: Value, lead: tuple[Dim, ...]) -> Value:
    if labels is None or mode is None:
        return inputs
    if mode == "categorical":
        count = len(names.items) if isinstance(names, ListValue) and names.items is not None else None
        shape: tuple[Dim, ...] = (
            *lead,
            Unknown("the number of classes", "num_classes").as_dim() if count is None else count,
        )
        return (inputs, TensorValue(Tensor(shape, "float32"), "tensorflow"))
    known = _LABELS.get(mode) if isinstance(mode, str) else None
    if known is None:
        return (inputs, Unknown("the labels are not known"))
    shape, dtype = known
    return (inputs, TensorValue(Tensor(shape[1:] if not lead else shape, dtype), "tensorflow"))


@models("keras.utils.text_dataset_from_directory", "keras.preprocessing.text_dataset_from_directory")
def text_directory(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Batches of strings with labels."""
    texts = TensorValue(Tensor((None,), "string"), "tensorflow", origin=machine.span_of(node))
    element = _labelled(
        texts, arguments.kwargs.get("labels", "inferred"), arguments.kwargs.get("label_mode", "int"), None, (None,)
    )
    made = DatasetValue(element, True)
    return (made, DatasetValue(element, True)) if arguments.kwargs.get("subset") == "both" else made


@models("keras.utils.timeseries_dataset_from_array", "keras.preprocessing.timeseries_dataset_from_array")
def time_series(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """Batches of windows over the first axis of an array, with a target for each window."""
    return _windows(machine, arguments, _length(arguments.get(2, "sequence_length")), node)


@models("keras.preprocessing.sequence.TimeseriesGenerator")
def time_series_generator(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """The older way to the same, whose length counts the steps that `sampling_rate` leaves out, too."""
    length, rate = _length(arguments.get(2, "length")), arguments.get(3, "sampling_rate", 1)
    if rate != 1 and length is not None:
        length = (
            (length - 1) // rate + 1 if isinstance(length, int) and isinstance(rate, int) and rate > 0 else opaque()
        )
    return _windows(machine, arguments, length, node)


def _length(value: Value) -> int | Expr | None:
    size = value.as_dim() if isinstance(value, Unknown) else value
    return size if isinstance(size, int | Expr) else None


def _windows(machine: Machine, arguments: Arguments, length: int | Expr | None, node: ast.AST | None) -> Value:
    data, targets = as_array(arguments.get(0, "data")), as_array(arguments.get(1, "targets"))
    if arguments.open or length is None or not isinstance(data, TensorValue) or not data.spec.shape:
        return DatasetValue(Unknown("the series, or the length of its windows, is not known"), True)
    batched = arguments.kwargs.get("batch_size", 128) is not None
    lead: tuple[Dim, ...] = (None,) if batched else ()
    here = machine.span_of(node)
    windows = TensorValue(Tensor((*lead, length, *data.spec.shape[1:]), data.spec.dtype), "tensorflow", origin=here)
    if targets is None:
        return DatasetValue(windows, batched)
    if not isinstance(targets, TensorValue) or not targets.spec.shape:
        return DatasetValue((windows, Unknown("the targets are not known")), batched)
    spec = Tensor((*lead, *targets.spec.shape[1:]), targets.spec.dtype, None, targets.spec.classes)
    return DatasetValue((windows, TensorValue(spec, "tensorflow", origin=here)), batched)


GENERATOR = "keras.preprocessing.image.ImageDataGenerator"
IMAGE_RANK = 4


@models(GENERATOR)
def image_generator(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """A generator of augmented images: shapes stay."""
    return LibraryObject(GENERATOR, dict(arguments.kwargs))


@method(GENERATOR, "flow")
def flow(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Batches of the arrays."""
    x, y = arguments.get(0, "x"), arguments.get(1, "y")
    shape = x.spec.shape if isinstance(x, TensorValue) and x.kind == "numpy" else None
    if shape is not None and len(shape) != IMAGE_RANK and machine.certain:
        call = machine.describe_call(f"{GENERATOR}.flow", arguments, node, ("x", "y"))
        text = (
            "ValueError: Input data in `NumpyArrayIterator` should have rank 4. You passed an array with shape "
            f"{format_shape(shape)}"
        )
        said = "`flow` takes (samples, height, width, channels): add the axis of channels, `x[..., None]`."
        if len(shape) != IMAGE_RANK - 1:
            said = "`flow` takes (samples, height, width, channels)."
        machine.report("call", call, ShapeError("other", text, {"said": said}, "construct"))
    batched = [_batched(item) for item in (x, y) if item is not None]
    element: Value = tuple(batched) if len(batched) > 1 else batched[0]
    return DatasetValue(element, True, path="keras.preprocessing.image.Iterator")


def _batched(value: Value) -> Value:
    if isinstance(value, TensorValue) and value.spec.shape:
        return TensorValue(
            Tensor((None, *value.spec.shape[1:]), value.spec.dtype, None, value.spec.classes),
            "numpy",
            origin=value.origin,
        )
    return value if isinstance(value, Unknown) else Unknown("what flows is not a known array")


@method(GENERATOR, "flow_from_directory", "flow_from_dataframe")
def flow_from_directory(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """Batches of images read from files."""
    size = to_shape_value(arguments.get(1, "target_size", (256, 256)), True)
    channels = {"rgb": 3, "grayscale": 1, "rgba": 4}.get(arguments.get(2, "color_mode", "rgb"))
    if not isinstance(size, tuple | list) or len(cast("Any", size)) != 2 or channels is None:
        return DatasetValue(Unknown("the size of the images is not known"), True)
    images = TensorValue(Tensor((None, *cast("Any", size), channels), "float32"), "numpy", origin=machine.span_of(node))
    mode = arguments.kwargs.get("class_mode", "categorical")
    classes = Unknown("the number of classes is that of the folders", "num_classes").as_dim()
    labels: dict[Value, Tensor] = {
        "categorical": Tensor((None, classes), "float32"),
        "binary": Tensor((None,), "float32"),
        "sparse": Tensor((None,), "float32"),
    }
    if mode is None:
        element: Value = images
    elif mode == "input":
        element = (images, images)
    else:
        element = (
            images,
            TensorValue(labels[mode], "numpy") if mode in labels else Unknown("the labels are not known"),
        )
    return DatasetValue(element, True, path="keras.preprocessing.image.Iterator")


@method(GENERATOR, "fit", "random_transform", "standardize")
def fit_generator(machine: Machine, value: LibraryInstance, arguments: Arguments, node: ast.AST | None) -> Value:
    """The same image."""
    return arguments.get(0, "x")


@models("keras.utils.load_img", "keras.preprocessing.image.load_img")
def load_image(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """A picture of the target size."""
    size = to_shape_value(arguments.kwargs.get("target_size"), True)
    channels = 1 if arguments.kwargs.get("color_mode") == "grayscale" or arguments.kwargs.get("grayscale") else 3
    if isinstance(size, tuple | list) and len(cast("Any", size)) == 2:
        picture = LibraryObject("PIL.Image")
        picture.attributes["#shape"] = (*cast("Any", size), channels)
        return picture
    return Unknown("the size of the picture is not known")


@models("keras.utils.img_to_array", "keras.preprocessing.image.img_to_array")
def image_to_array(machine: Machine, arguments: Arguments, node: ast.AST | None) -> Value:
    """The picture as an array (height, width, channels)."""
    value = arguments.get(0, "img")
    if isinstance(value, LibraryObject) and "#shape" in value.attributes:
        return TensorValue(Tensor(value.attributes["#shape"], "float32"), "numpy", origin=machine.span_of(node))
    return (
        TensorValue(value.spec.with_dtype("float32"), "numpy")
        if isinstance(value, TensorValue)
        else Unknown("a picture")
    )
