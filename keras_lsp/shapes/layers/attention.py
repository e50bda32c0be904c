"""Attention layers: dot-product, additive, multi-head and grouped-query attention.

Keras 3 says their output from shapes alone (`keras/src/layers/attention/`): inputs that do not fit together fail when
the model runs. tf.keras computes symbolically (`tf_keras/src/layers/attention/`) and fails at the call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from keras_lsp.shapes.arguments import FLOATS, compute_dtype, variable_dtype
from keras_lsp.shapes.configuration import Configuration, UnknownValue
from keras_lsp.shapes.dim import Dim, Expr, Shape, add, differ, format_shape, unify
from keras_lsp.shapes.formulas import parameter_formula
from keras_lsp.shapes.outcome import Applied, Refused, Undetermined, Weight
from keras_lsp.shapes.refusals import bad_argument, conflict, undefined_weight
from keras_lsp.shapes.registry import constructor, layer
from keras_lsp.shapes.tensor import Structure, Tensor

# From here on negative `attention_axes` are known to count from the end of the query.
_NEGATIVE_AXES = (3, 15)
# Constructors check the numbers and sizes of heads from here on; 3.14 makes weights of size 0.
SIZES_CHECKED = (3, 15)

_VALUE_SEEN = (3, 1)  # Keras 3.0 said the query's shape, whatever the values have
# From which version on the symbolic answer of Keras 3 has attention scores (`compute_output_spec`).
_SCORES_SAID = {
    "MultiHeadAttention": (3, 3),
    "GroupQueryAttention": (3, 15),
    "Attention": (3, 8),
    "AdditiveAttention": (3, 8),
}


def _stage(configuration: Configuration) -> str:
    return "run" if configuration.generation == 3 else "build"


def _shape(tensor: Tensor) -> Shape:
    if tensor.shape is None:
        raise Undetermined("the rank of an input is not known")
    return tensor.shape


def _check_dtypes(configuration: Configuration, tensors: Sequence[Tensor]) -> None:
    """tf.keras multiplies inputs and kernels as they are: all must be real numbers."""
    for tensor in tensors:
        if tensor.dtype is not None and tensor.dtype not in FLOATS and configuration.generation == 2:
            text = (
                f"TypeError: the inputs are of type {tensor.dtype}, the weights of type {variable_dtype(configuration)}"
            )
            raise Refused("dtype", text, dtype=tensor.dtype)


def _count(weights: Sequence[Weight]) -> Dim:
    total: Dim = 0
    for one in weights:
        total = add(total, one.size)
    return total


# ------------------------------------------------------------------------------------------- MultiHeadAttention


def _check_positive(configuration: Configuration, name: str, *, optional: bool = False) -> None:
    value = configuration.value(name)
    if optional and value is None:
        return
    if isinstance(value, int) and (value > 0 or configuration.keras < SIZES_CHECKED):
        return
    if value is None or isinstance(value, int | float | str):
        kind = "a positive integer or `None`" if optional else "a positive integer"
        text = f"Received an invalid value for argument `{name}`, expected {kind}. Received: {name}={value}"
        raise bad_argument(name, value, text)


@constructor("MultiHeadAttention")
def check_multi_head(configuration: Configuration) -> None:
    """Keras 3 checks the sizes; older versions when weights are created."""
    if configuration.generation == 2:
        return
    _check_positive(configuration, "num_heads")
    _check_positive(configuration, "key_dim")
    _check_positive(configuration, "value_dim", optional=True)
    _check_window(configuration)
    _check_flash(configuration)


def _check_window(configuration: Configuration) -> None:
    window = configuration.value("sliding_window")
    if isinstance(window, int | float | str) and not (isinstance(window, int) and window > 0):
        text = f"`sliding_window` must be `None` or a positive integer. Received: sliding_window={window}"
        raise bad_argument("sliding_window", window, text)


def _check_flash(configuration: Configuration) -> None:
    dropout = configuration.value("dropout", 0.0)
    if configuration.flag("flash_attention") and isinstance(dropout, int | float) and dropout > 0:
        text = (
            "Dropout is not supported when flash attention is enabled. "
            "Please set dropout to 0.0 to use flash attention."
        )
        raise conflict(("flash_attention", "dropout"), text)


def _query_value_key(inputs: Structure, call: Mapping[str, object]) -> tuple[Tensor, Tensor, Tensor | None]:
    """The three inputs: the first is positional, the others may be too (then all come as one tuple)."""
    given: list[object] = list(inputs) if isinstance(inputs, tuple) else [inputs]
    names = ("query", "value", "key")
    found: list[object] = []
    for position, name in enumerate(names):
        found.append(given[position] if position < len(given) else call.get(name))
    for value, name in zip(found, names, strict=True):
        if isinstance(value, UnknownValue):
            raise Undetermined(f"`{name}` is not known: {value.reason}")
    query, value, key = found
    if value is None and "value" not in call and isinstance(query, Tensor | list) and not isinstance(inputs, tuple):
        raise Refused("arity", "TypeError: missing a required argument: 'value'", expected=2, found=1)
    if not isinstance(query, Tensor) or not isinstance(value, Tensor) or not (key is None or isinstance(key, Tensor)):
        raise Undetermined("an input of the attention is not a known tensor")
    return query, value, key


def _head_size(configuration: Configuration, name: str) -> Dim:
    value = configuration.value(name)
    if isinstance(value, int | Expr):
        if isinstance(value, int) and (value < 0 or (name == "key_dim" and value == 0)):
            raise Refused("argument", f"ValueError: Dimension {value} must be > 0", argument=name, value=value)
        return value
    if value is None or isinstance(value, float | str):
        text = f"TypeError: Dimension value must be integer or None or have an __index__ method, got value '{value}'"
        raise Refused("argument", text, argument=name, value=value)
    raise Undetermined(f"the value of `{name}` is not known")


def _output_sizes(configuration: Configuration) -> Shape | None:
    value = configuration.value("output_shape")
    if not value:
        return None
    if isinstance(value, int | Expr):
        return (value,)
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        if all(isinstance(item, int | Expr) for item in items):
            return tuple(cast("Sequence[Dim]", items))
    raise Undetermined("the value of `output_shape` is not known")


def _dense(configuration: Configuration, name: str, features: Dim, sizes: Shape, bound: Shape = ()) -> list[Weight]:
    """An `EinsumDense` inside: (features, heads, size), or (heads, size, features) for the output."""
    shape = (*bound, *sizes) if bound else (features, *sizes)
    if None in shape:
        if configuration.generation == 3:
            raise undefined_weight(configuration, shape, f"{name}/kernel", -1)
        text = "TypeError: unsupported operand type(s) for *=: 'int' and 'NoneType'"
        raise Refused("axis-undefined", text, axis=-1)
    trainable = configuration.flag("trainable", True)
    dtype = variable_dtype(configuration)
    weights = [Weight(f"{name}/kernel", shape, trainable, dtype)]
    if configuration.flag("use_bias", True):
        weights.append(Weight(f"{name}/bias", sizes, trainable, dtype))
    return weights


def _lengths_differ(left: Shape, right: Shape) -> bool:
    """Whether `left != right` as Keras compares tuples: `None` is another size than 3."""
    if len(left) != len(right):
        return True
    pairs = list(zip(left, right, strict=True))
    return any(differ(*pair) or (None in pair and any(isinstance(size, int) for size in pair)) for pair in pairs)


def _check_value_key(configuration: Configuration, value: Shape, key: Shape) -> None:
    if _lengths_differ(value[1:-1], key[1:-1]):
        text = (
            "ValueError: All dimensions of `value` and `key`, except the last one, must be equal. "
            f"Received: value_shape={format_shape(value)} and key_shape={format_shape(key)}"
        )
        if len(value) != len(key):
            raise Refused("rank", text, expected_rank=len(value), rank=len(key))
        raise Refused("merge", text, shapes=(value, key))


def _axes(configuration: Configuration, rank: int) -> tuple[int, ...]:
    """The attended axes of the projected query, which has one axis more than the query."""
    value = configuration.value("attention_axes")
    if value is None:
        return tuple(range(1, rank - 1))
    items = [value] if isinstance(value, int) else value
    if isinstance(items, list | tuple) and all(isinstance(item, int) for item in cast("Sequence[object]", items)):
        axes = cast("Sequence[int]", items)
        if min(axes, default=0) < 0 and configuration.keras < _NEGATIVE_AXES:
            # tf.keras counts them from the end of the projected query, heads included.
            raise Undetermined("negative `attention_axes` have no shape rule in this version")
        return tuple(axis if axis >= 0 else rank + axis for axis in axes)
    raise Undetermined("the value of `attention_axes` is not known")


@layer("MultiHeadAttention")
def attend_with_heads(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`MultiHeadAttention`: as the query, its last axis replaced by `output_shape` where given."""
    query, value, key = _query_value_key(inputs, call)
    shapes = [_shape(query), _shape(value), _shape(key or value)]
    query_shape, value_shape, key_shape = shapes
    if min(len(shape) for shape in shapes) < 2:
        raise Undetermined("an input of the attention has no features")
    third = configuration.generation == 3
    if third:
        _check_value_key(configuration, value_shape, key_shape)
    heads, size = _head_size(configuration, "num_heads"), _head_size(configuration, "key_dim")
    value_size = _head_size(configuration, "value_dim") if configuration.value("value_dim") else size
    _check_dtypes(configuration, [query, value, key or value])
    target = _output_sizes(configuration)
    weights = _dense(configuration, "query", query_shape[-1], (heads, size))
    weights += _dense(configuration, "key", key_shape[-1], (heads, size))
    if third and configuration.flag("use_gate"):
        weights += _dense(configuration, "gate", query_shape[-1], (heads, value_size))
    weights += _dense(configuration, "value", value_shape[-1], (heads, value_size))
    weights += _dense(configuration, "attention_output", None, target or query_shape[-1:], bound=(heads, value_size))
    axes = _axes(configuration, len(query_shape))
    _check_attention(configuration, shapes, axes, call)
    leading = query_shape[:-1] if third else _merged(shapes, axes)
    output = Tensor((*leading, *(target or query_shape[-1:])), compute_dtype(configuration))
    line = parameter_formula(" + ".join(_product(one) for one in weights), _count(weights))
    if not _flag(call, "return_attention_scores"):
        return Applied(output, tuple(weights), (line,))
    _check_scores_said(configuration)
    if third:
        scores: Shape = (query_shape[0], heads, query_shape[1], query_shape[1])
    else:
        kept = [size for axis, size in enumerate(leading) if axis not in axes]
        attended = [query_shape[axis] for axis in axes] + [key_shape[axis] for axis in axes]
        scores = (*kept, heads, *attended)
    return Applied((output, Tensor(scores, compute_dtype(configuration))), tuple(weights), (line,))


def _merged(shapes: Sequence[Shape], axes: tuple[int, ...]) -> Shape:
    """The query's axes but the last; those that are not attended are known if one of the inputs knows them."""
    merged: list[Dim] = []
    for axis, sizes in enumerate(zip(*(shape[:-1] for shape in shapes), strict=True)):
        if axis in axes:
            merged.append(sizes[0])
            continue
        if 1 in sizes and any(size != 1 for size in sizes):
            raise Undetermined("an axis of size 1 meets another size")
        merged.append(unify(unify(sizes[0], sizes[1]), sizes[2]))
    return tuple(merged)


def _product(weight: Weight) -> str:
    return " * ".join(str(size) for size in weight.shape) or "1"


def _flag(call: Mapping[str, object], name: str) -> bool:
    value = call.get(name, False)
    if value is None or isinstance(value, bool | int):
        return bool(value)
    raise Undetermined(f"the value of `{name}` is not known")


def _check_scores_said(configuration: Configuration) -> None:
    """Older versions of Keras 3 forget the scores when the layer is called on a symbolic tensor."""
    if configuration.generation == 3 and configuration.keras < _SCORES_SAID[configuration.class_name]:
        raise Undetermined("whether the scores come out depends on whether the input is symbolic in this version")


def _check_masks(call: Mapping[str, object], query: Shape, key: Shape) -> None:
    """tf.keras adds the mask to the scores at once, so that a mask with larger axes would change what comes out."""
    mask = call.get("attention_mask")
    fits = mask is None or (isinstance(mask, Tensor) and _mask_fits(mask, query, key))
    if not fits or (len(query) > 3 and _flag(call, "use_causal_mask")):
        raise Undetermined("whether the mask fits the attention scores is not known")


def _refuse_mask(call: Mapping[str, object], query: Shape, key: Shape, stage: str) -> None:
    """Refuse a mask (batch, query steps, key steps) that cannot be broadcast together with the scores."""
    mask = call.get("attention_mask")
    if not isinstance(mask, Tensor) or mask.shape is None or len(mask.shape) != 3 or len(query) != 3:
        return
    scores = (query[0], query[1], key[1])
    for size, score in zip(mask.shape, scores, strict=True):
        if isinstance(size, int) and isinstance(score, int) and size != score and 1 not in (size, score):
            shapes = f"{format_shape(scores)} vs. {format_shape(mask.shape)}"
            raise Refused(
                "broadcast",
                f"InvalidArgumentError: Incompatible shapes: {shapes}",
                stage=stage,
                shapes=(scores, mask.shape),
            )


def _mask_fits(mask: Tensor, query: Shape, key: Shape) -> bool:
    """Whether a mask (batch, query steps, key steps) broadcasts to the scores without changing them, sizes as known."""
    if mask.shape is None or len(mask.shape) != 3 or len(query) != 3:
        return False
    scores = (query[0], query[1], key[1])
    return all(size in (1, None) or not differ(size, score) for size, score in zip(mask.shape, scores, strict=True))


def _check_attention(
    configuration: Configuration, shapes: Sequence[Shape], axes: tuple[int, ...], call: Mapping[str, object]
) -> None:
    """Refuse inputs of one axis, of different ranks, or with different sizes on axes that are not attended."""
    stage = _stage(configuration)
    query, value, key = shapes
    if len(query) < 3 and configuration.value("attention_axes") is not None:
        raise Undetermined("attention over the heads alone has no shape rule")
    if not axes:
        text = "IndexError: tuple index out of range"
        raise Refused("rank", text, stage=stage, min_rank=3, rank=len(query), shape=query)
    if any(not 0 < axis < len(query) - 1 for axis in axes):
        raise Undetermined("`attention_axes` are not axes between batch and features")
    if len({len(shape) for shape in shapes}) > 1:
        text = f"ValueError: Shape must be rank {len(query) + 1} but is rank {len(value) + 1}"
        raise Refused("rank", text, stage=stage, expected_rank=len(query), rank=len(value), shape=value)
    for other in (value, key):
        for axis in range(len(query) - 1):
            if axis not in axes and differ(query[axis], other[axis]) and 1 not in (query[axis], other[axis]):
                text = f"ValueError: Dimensions must be equal, but are {query[axis]} and {other[axis]}"
                raise Refused("merge", text, stage=stage, shapes=(query, other))
    _refuse_mask(call, query, key, stage)
    if configuration.generation == 2:
        _check_masks(call, query, key)
        for axis in axes:
            if differ(value[axis], key[axis]):
                text = f"ValueError: Dimensions must be equal, but are {key[axis]} and {value[axis]}"
                raise Refused("merge", text, shapes=(value, key))


# ------------------------------------------------------------------------------------------ GroupedQueryAttention


@constructor("GroupQueryAttention", "GroupedQueryAttention")
def check_grouped(configuration: Configuration) -> None:
    """Query heads must come in groups of equal size."""
    queries, groups = configuration.value("num_query_heads"), configuration.value("num_key_value_heads")
    if isinstance(queries, int) and isinstance(groups, int) and groups:
        if queries % groups:
            text = "ValueError: `num_query_heads` must be divisible by `num_key_value_heads`."
            raise Refused("divisibility", text, stage="construct", value=queries, divisor=groups)
        _check_window(configuration)
        _check_flash(configuration)


@layer("GroupQueryAttention", "GroupedQueryAttention")
def attend_in_groups(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`GroupQueryAttention`: as the query; several query heads share one key and value head."""
    query, value, key = _query_value_key(inputs, call)
    shapes = [_shape(query), _shape(value), _shape(key or value)]
    query_shape, value_shape, key_shape = shapes
    if any(len(shape) == 2 for shape in shapes):
        raise Refused("rank", "IndexError: tuple index out of range", min_rank=3, rank=2)
    if any(len(shape) != 3 for shape in shapes):
        raise Undetermined("grouped-query attention is known for inputs of shape (batch, length, features) only")
    heads, groups = _head_size(configuration, "num_query_heads"), _head_size(configuration, "num_key_value_heads")
    size = _head_size(configuration, "head_dim")
    weights = _dense(configuration, "query", query_shape[-1], (heads, size))
    weights += _dense(configuration, "key", key_shape[-1], (groups, size))
    if configuration.flag("use_gate"):
        weights += _dense(configuration, "gate", query_shape[-1], (heads, size))
    weights += _dense(configuration, "value", value_shape[-1], (groups, size))
    weights += _dense(configuration, "attention_output", None, query_shape[-1:], bound=(heads, size))
    if differ(query_shape[-1], value_shape[-1]):
        text = (
            "ValueError: The last dimension of `query_shape` and `value_shape` must be equal, but are "
            f"{query_shape[-1]}, {value_shape[-1]}. "
            f"Received: query_shape={format_shape(query_shape)}, value_shape={format_shape(value_shape)}"
        )
        raise Refused("merge", text, shapes=(query_shape, value_shape))
    _check_value_key(configuration, value_shape, key_shape)
    if differ(query_shape[0], value_shape[0]) and 1 not in (query_shape[0], value_shape[0]):
        text = f"ValueError: Dimensions must be equal, but are {query_shape[0]} and {value_shape[0]}"
        raise Refused("merge", text, stage="run", shapes=(query_shape, value_shape))
    dtype = compute_dtype(configuration)
    output = Tensor(query_shape, dtype)
    line = parameter_formula(" + ".join(_product(one) for one in weights), _count(weights))
    if not _flag(call, "return_attention_scores"):
        return Applied(output, tuple(weights), (line,))
    _check_scores_said(configuration)
    scores = Tensor((query_shape[0], heads, query_shape[1], key_shape[1]), dtype)
    return Applied((output, scores), tuple(weights), (line,))


# ------------------------------------------------------------------------------------------------- Attention


@constructor("Attention")
def check_attention(configuration: Configuration) -> None:
    """`score_mode` is "dot" or "concat"."""
    mode = configuration.value("score_mode", "dot")
    if isinstance(mode, str | int | float) and mode not in ("dot", "concat"):
        if configuration.generation == 3:
            text = (
                "Invalid value for argument score_mode. Expected one of {'dot', 'concat'}. "
                f"Received: score_mode={mode}"
            )
        else:
            text = f'Received: score_mode={mode}. Acceptable values are: ["dot", "concat"]'
        raise bad_argument("score_mode", mode, text)


def _listed(configuration: Configuration, inputs: Structure) -> list[Tensor]:
    name = configuration.class_name
    if isinstance(inputs, Tensor) or (isinstance(inputs, tuple) and inputs):
        text = (
            f"ValueError: {name} layer must be called on a list of inputs, "
            "namely [query, value] or [query, value, key]."
        )
        raise Refused("arity", text, expected=2, found=1 if isinstance(inputs, Tensor) else len(inputs))
    if not isinstance(inputs, list) or not all(isinstance(item, Tensor) for item in inputs):
        raise Undetermined("the inputs are not a known list of tensors")
    if len(inputs) not in (2, 3):
        received = "Received" if configuration.keras >= (2, 5) else "Given"
        text = (
            f"ValueError: {name} layer accepts inputs list of length 2 or 3, "
            f"namely [query, value] or [query, value, key]. {received} length: {len(inputs)}."
        )
        raise Refused("arity", text, expected=2, found=len(inputs))
    return cast("list[Tensor]", inputs)


def _clash(left: Dim, right: Dim) -> bool:
    return isinstance(left, int) and isinstance(right, int) and left != right and 1 not in (left, right)


@layer("Attention", "AdditiveAttention")
def attend(configuration: Configuration, inputs: Structure, call: Mapping[str, object]) -> Applied:
    """`Attention`, `AdditiveAttention`: query length and value features."""
    tensors = _listed(configuration, inputs)
    shapes = [_shape(tensor) for tensor in tensors]
    if min(len(shape) for shape in shapes) < 2:
        raise Undetermined("an input of the attention has no features")
    query, value = shapes[:2]
    key = shapes[2] if len(shapes) > 2 else value
    third = configuration.generation == 3
    weights = _attention_weights(configuration, query, value)
    if not third:
        _check_dtypes(configuration, tensors)
    elif any(tensor.dtype not in FLOATS for tensor in tensors):
        first = next(tensor for tensor in tensors if tensor.dtype not in FLOATS)
        if first.dtype is not None and configuration.class_name == "Attention" and not weights:
            text = f"TypeError: Value passed to parameter 'logits' has DataType {first.dtype}"
            raise Refused("dtype", text, stage="run", dtype=first.dtype)
    batch = _check_scores(configuration, query, value, key, weights)
    dtype = compute_dtype(configuration)
    leading = query[:-1] if third else (*batch, query[-2])
    last = query[-1] if third and configuration.keras < _VALUE_SEEN else value[-1]
    output = Tensor((*leading, last), dtype)
    if not _flag(call, "return_attention_scores"):
        return Applied(output, tuple(weights))
    _check_scores_said(configuration)
    if not third and any(other != first for first, other in zip(query[:-2], key[:-2], strict=True)):
        raise Undetermined("which of the batch sizes the attention scores keep is not known")
    scores = Tensor(((*query[:-1], key[-2])), dtype)
    return Applied((output, scores), tuple(weights))


def _attention_weights(configuration: Configuration, query: Shape, value: Shape) -> list[Weight]:
    trainable = configuration.flag("trainable", True)
    dtype = variable_dtype(configuration)
    weights: list[Weight] = []
    additive = configuration.class_name == "AdditiveAttention"
    if configuration.flag("use_scale", additive):
        shape: Shape = ()
        if additive:
            # Keras 3 scales by the query's features, Keras 2 by the value's.
            size = query[-1] if configuration.generation == 3 else value[-1]
            shape = (size,)
            if size is None:
                if configuration.generation == 3:
                    raise undefined_weight(configuration, shape, "scale", -1)
                raise Refused("axis-undefined", "TypeError: the size of `scale` is not known", axis=-1)
        weights.append(Weight("scale", shape, trainable, dtype))
    if not additive and configuration.text("score_mode", "dot") == "concat":
        weights.append(Weight("concat_score_weight", (), trainable, dtype))
    return weights


def _check_scores(
    configuration: Configuration, query: Shape, value: Shape, key: Shape, weights: Sequence[Weight]
) -> Shape:
    """Refuse what cannot be multiplied; returns the leading axes of the product."""
    stage = _stage(configuration)
    if not len(query) == len(value) == len(key):
        if configuration.generation == 3:
            return ()
        raise Undetermined("the inputs of the attention have different ranks")
    adds = configuration.class_name == "AdditiveAttention" or configuration.text("score_mode", "dot") == "concat"
    if _clash(query[-1], key[-1]) or (not adds and differ(query[-1], key[-1])):
        text = f"ValueError: Dimensions must be equal, but are {query[-1]} and {key[-1]}"
        raise Refused("matmul", text, stage=stage, shapes=(query, key))
    if adds and weights and weights[0].shape and _clash(weights[0].shape[0], unify(query[-1], key[-1])):
        text = f"ValueError: Dimensions must be equal, but are {weights[0].shape[0]} and {key[-1]}"
        raise Refused("broadcast", text, stage=stage, shapes=(query, key))
    if differ(key[-2], value[-2]):
        text = f"ValueError: Dimensions must be equal, but are {key[-2]} and {value[-2]}"
        raise Refused("matmul", text, stage=stage, shapes=(key, value))
    batch: list[Dim] = []
    for sizes in zip(query[:-2], key[:-2], value[:-2], strict=True):
        known = {size for size in sizes if isinstance(size, int) and size != 1}
        if len(known) > 1:
            first, second, *_ = sorted(known)
            text = f"ValueError: Dimensions must be equal, but are {first} and {second}"
            raise Refused("merge", text, stage=stage, shapes=(query, key, value))
        if len(set(sizes)) == 1:
            batch.append(sizes[0])
        else:
            batch.append(known.pop() if known else None)
    return tuple(batch)
