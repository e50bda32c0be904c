"""Random calls of every function in the tables of op spellings, as plain descriptions of arguments.

A call names a spelling and holds its arguments by the spelled parameter names. Arrays are described by `Array`; both the
real library and keras-lsp get their own form of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from keras_lsp.shapes.ops.signatures import _index

FLOAT = "float32"


@dataclass(frozen=True)
class Array:
    """An array argument: shape, dtype, and what it holds ("ones", "noise", "zeros", or the elements themselves)."""

    shape: tuple[int | None, ...]
    dtype: str = FLOAT
    holds: object = "noise"


@dataclass(frozen=True)
class CallSpec:
    name: str
    arguments: dict[str, object]
    starred: tuple[object, ...] = ()

    def __str__(self) -> str:
        parts = [repr(item) for item in self.starred] + [f"{k}={v!r}" for k, v in self.arguments.items()]
        return f"{self.name}({', '.join(parts)})"


def spellings(prefix: str) -> list[str]:
    return [name for name in _index() if name.startswith(prefix)]


def shape_of(r: Random, rank: int | None = None, least: int = 0) -> tuple[int, ...]:
    rank = r.choice((1, 2, 2, 3, 3, 4)) if rank is None else rank
    return tuple(r.choice((1, 2, 3, 4, 6)) for _ in range(max(rank, least)))


def array(r: Random, shape: tuple[int, ...] | None = None, dtype: str | None = None, holds: object = "noise") -> Array:
    dtype = dtype or r.choice((FLOAT,) * 6 + ("float64", "int32", "int64", "uint8", "bool", "float16"))
    return Array(shape_of(r) if shape is None else shape, dtype, holds)


def axis_of(r: Random, rank: int, none: bool = True) -> int | None:
    if none and r.random() < 0.2:
        return None
    if r.random() < 0.04:
        return r.choice((rank, -rank - 1))
    return r.randrange(-rank, rank) if rank else r.choice((0, -1))


def partner(r: Random, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that mostly broadcasts with another one."""
    other = [1 if r.random() < 0.25 else size for size in shape]
    if r.random() < 0.1 and other:
        other[r.randrange(len(other))] = r.choice((2, 3, 5))
    return tuple(other[r.randrange(len(other)) :]) if other and r.random() < 0.3 else tuple(other)


def factors(r: Random, total: int) -> list[int]:
    """Sizes with this product."""
    sizes: list[int] = []
    while total > 1 and r.random() < 0.8:
        divisor = r.choice([d for d in range(1, total + 1) if total % d == 0])
        sizes.append(divisor)
        total //= divisor
    return [*sizes, total]


Maker = Callable[[Random, str, str], dict[str, object]]
MAKERS: dict[str, Maker] = {}


def maker(*names: str) -> Callable[[Maker], Maker]:
    def register(function: Maker) -> Maker:
        for name in names:
            MAKERS[name] = function
        return function

    return register


@maker("elementwise.unary", "elementwise.cast_to", "elementwise.like", "shaping.at_least", "shaping.ravel")
@maker(
    "shaping.batch_flatten", "inquiry.shape", "inquiry.shape_tensor", "inquiry.rank", "inquiry.size", "inquiry.dtype"
)
@maker("inquiry.is_tensor", "signals.as_real", "elementwise.to_array", "control.loop", "shaping.view")
def one(r: Random, name: str, kind: str) -> dict[str, object]:
    strings = ".strings." in name
    dtype = FLOAT if kind == "tensorflow" or r.random() < 0.6 else None
    x = Array(shape_of(r), "string") if strings else array(r, shape_of(r, r.choice((0, 1, 2, 3))), dtype)
    x = Array(shape_of(r, r.choice((1, 2, 3))), x.dtype) if "batch_flatten" in name else x
    made: dict[str, object] = {"x": x}
    for target in ("alpha", "beta", "nan", "decimals", "threshold", "default_value", "fill_value", "max_value"):
        made[target] = {"decimals": 1, "threshold": 0.5, "default_value": 0.0, "fill_value": 2}.get(target, 0.5)
    made["dtype"] = r.choice(("float32", "int32", "float64", "int64", "bool"))
    if x.shape:
        made |= {
            "bias": Array(x.shape[-1:]),
            "mean": Array(x.shape[-1:]),
            "variance": Array(x.shape[-1:], FLOAT, "ones"),
        }
    if name.endswith("logical_not"):
        made["x"] = Array(x.shape, "bool")
    if name.endswith(("invert", "bitwise_not")):
        made["x"] = Array(x.shape, "int32")
    if name.endswith(("lrn", "response_normalization")):
        made["x"] = Array(shape_of(r, 4))
    if name == "keras.backend.batch_normalization":
        shape = shape_of(r, r.choice((2, 3, 4)))
        made |= {"x": Array(shape), "variance": Array(shape[-1:], FLOAT, "ones")}
        made |= {one: Array(shape[-1:]) for one in ("mean", "offset", "scale")}
    if name.endswith("in_top_k"):
        made["x"] = Array((3,), "int32", "zeros")
    return made | {"a": 2, "exponent": 2}


@maker("elementwise.binary", "elementwise.first_shape", "elementwise.elementwise_loss")
def two(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = shape_of(r)
    whole = any(part in name for part in ("bitwise", "shift", "gcd", "lcm"))
    logical = "logical" in name
    if "scalar_mul" in name:
        return {"x1": 2.0, "x2": Array(shape)}
    dtype = (
        "bool" if logical and kind == "tensorflow" else "int32" if whole else FLOAT if kind == "tensorflow" else None
    )
    first = array(r, shape, dtype, "ones")
    second = array(r, partner(r, shape), first.dtype if kind == "tensorflow" or r.random() < 0.6 else dtype, "ones")
    if kind == "tensorflow" and not logical and r.random() < 0.2:
        return {"x1": first, "x2": 2}
    if r.random() < 0.15 and not logical and not whole and "loss" not in name and "crossentropy" not in name:
        return {"x1": first, "x2": r.choice((2, 0.5))}
    return {"x1": first, "x2": second, "target": first, "output": second}


@maker("elementwise.where")
def where(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = shape_of(r)
    dtype = array(r).dtype
    return {
        "condition": Array(partner(r, shape), "bool"),
        "x1": Array(shape, dtype),
        "x2": Array(partner(r, shape), dtype if kind == "tensorflow" else array(r).dtype),
    }


@maker("elementwise.select")
def select(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = shape_of(r)
    return {"conditions": [Array(shape, "bool")] * 2, "choices": [Array(shape), Array(shape)], "default": 0.0}


@maker("elementwise.clip")
def clip(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": array(r, dtype=FLOAT if r.random() < 0.7 or kind == "tensorflow" else "int32"), "low": 0, "high": 1}


@maker("elementwise.variadic")
def variadic(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"xs": [Array(shape_of(r, 2), "string" if "strings" in name else FLOAT)] * 2}


@maker("shaping.reshape")
def reshape(r: Random, name: str, kind: str) -> dict[str, object]:
    x = array(r)
    sizes = factors(r, math.prod(x.shape))
    r.shuffle(sizes)
    if r.random() < 0.5:
        sizes[r.randrange(len(sizes))] = -1
    if r.random() < 0.1:
        sizes[r.randrange(len(sizes))] = r.choice((5, 7, -1))
    return {"x": x, "shape": tuple(sizes)}


@maker("shaping.transpose")
def transpose(r: Random, name: str, kind: str) -> dict[str, object]:
    x = array(r, dtype=FLOAT)
    if "matrix_transpose" in name or "adjoint" in name:
        return {"x": array(r, shape_of(r, r.choice((2, 3))), FLOAT)}
    order = list(range(len(x.shape)))
    r.shuffle(order)
    if r.random() < 0.1 and order:
        order.pop()
    return {"x": x, "axes": tuple(order) if r.random() < 0.7 or "permute" in name else None}


@maker("shaping.swapaxes")
def swapaxes(r: Random, name: str, kind: str) -> dict[str, object]:
    x = array(r)
    rank = len(x.shape)
    return {"x": x, "axis1": axis_of(r, rank, False), "axis2": axis_of(r, rank, False)}


@maker("shaping.moveaxis", "shaping.rollaxis")
def moveaxis(r: Random, name: str, kind: str) -> dict[str, object]:
    x = array(r)
    rank = len(x.shape)
    return {
        "x": x,
        "source": r.randrange(-rank, rank),
        "destination": r.randrange(-rank, rank),
        "axis": r.randrange(rank),
        "start": r.randrange(rank),
    }


@maker("shaping.expand_dims")
def expand_dims(r: Random, name: str, kind: str) -> dict[str, object]:
    x = array(r)
    return {"x": x, "axis": axis_of(r, len(x.shape) + 1, False)}


@maker("shaping.squeeze")
def squeeze(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = tuple(r.choice((1, 1, 3)) for _ in range(r.choice((1, 2, 3, 4))))
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    axis = r.choice(ones) if ones and r.random() < 0.8 else axis_of(r, len(shape), False)
    if "backend" not in name and r.random() < 0.3:
        return {"x": array(r, shape)}
    return {"x": array(r, shape), "axis": axis}


@maker("shaping.same_shape")
def same(r: Random, name: str, kind: str) -> dict[str, object]:
    x = array(r, shape_of(r, r.choice((2, 3))), FLOAT)
    rank = len(x.shape)
    made: dict[str, object] = {"x": x, "axis": axis_of(r, rank, False), "axes": (0,), "shift": 1, "k": 0}
    if name.endswith(("softmax", "sparsemax")):
        made["axis"] = r.randrange(-rank, rank)
    if name == "tensorflow.reverse":
        made["axis"] = [r.randrange(rank)]
    if "band_part" in name:
        made |= {"num_lower": 0, "num_upper": -1}
    if "reverse_sequence" in name:
        made |= {"seq_lengths": Array((x.shape[0],), "int32", "zeros"), "seq_axis": 1, "batch_axis": 0}
    return made


@maker("shaping.rotate", "shaping.rotate_images")
def rotate(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": array(r, shape_of(r, r.choice((3, 4)))), "k": r.choice((1, 2, 3)), "axes": (0, 1)}


@maker("shaping.tile")
def tile(r: Random, name: str, kind: str) -> dict[str, object]:
    x = array(r)
    count = len(x.shape) if kind == "tensorflow" and r.random() < 0.9 else r.choice((1, 2, 3))
    return {"x": x, "repeats": tuple(r.choice((1, 2, 3)) for _ in range(count))}


@maker("shaping.repeat")
def repeat(r: Random, name: str, kind: str) -> dict[str, object]:
    x = array(r)
    axis = axis_of(r, len(x.shape))
    size = math.prod(x.shape) if axis is None else x.shape[axis] if -len(x.shape) <= axis < len(x.shape) else 1
    repeats: object = r.choice((1, 2, 3))
    if r.random() < 0.3:
        repeats = [r.choice((1, 2)) for _ in range(size)]
    return {"x": x, "repeats": repeats, "axis": axis}


@maker("shaping.pad")
def pad(r: Random, name: str, kind: str) -> dict[str, object]:
    x = array(r, dtype=FLOAT)
    pairs = tuple((r.choice((0, 1, 2)), r.choice((0, 1))) for _ in x.shape)
    if kind != "tensorflow" and r.random() < 0.2:
        return {"x": x, "width": r.choice((1, (1, 2), ((1, 2),)))}
    return {"x": x, "width": pairs if r.random() < 0.93 else (*pairs, (1, 1))}


@maker("shaping.pad_axes")
def pad_axes(r: Random, name: str, kind: str) -> dict[str, object]:
    count = 1 if "temporal" in name else 3 if "3d" in name else 2
    pair = (1, 2)
    return {"x": array(r, shape_of(r, count + 2), FLOAT), "padding": pair if count == 1 else (pair,) * count}


@maker("shaping.broadcast_to")
def broadcast_to(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = shape_of(r)
    return {"x": array(r, partner(r, shape)), "shape": shape}


@maker("shaping.ensure_shape")
def ensure(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = shape_of(r)
    return {"x": array(r, shape), "shape": [size if r.random() < 0.9 else 5 for size in shape]}


@maker("shaping.resize_array")
def resize_array(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": array(r), "shape": shape_of(r)}


@maker("shaping.remove_items")
def remove(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": array(r, (4, 5)), "indices": r.choice((0, [0, 1], [1])), "axis": r.choice((0, 1, None))}


@maker("shaping.rearrange")
def rearrange(r: Random, name: str, kind: str) -> dict[str, object]:
    pattern, extra = r.choice(
        (
            ("a b c -> b (a c)", {}),
            ("a b c -> c a b", {}),
            ("(h p) w c -> h w (p c)", {"p": 2}),
            ("a b c -> (a b c)", {}),
        )
    )
    return {"x": array(r, (r.choice((4, 6)), 3, 5)), "pattern": pattern, **extra}


@maker("shaping.resize_images")
def resize_images(r: Random, name: str, kind: str) -> dict[str, object]:
    rank = 5 if "volumes" in name else 4
    made: dict[str, object] = {"x": array(r, shape_of(r, rank), FLOAT), "height_factor": 2, "width_factor": 3}
    return made | {"depth_factor": 2, "data_format": "channels_last"}


@maker("joining.concatenate", "joining.stack", "joining.stack_along")
def join(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = shape_of(r, r.choice((2, 2, 3)) if "stack" in name else None)
    rank = len(shape)
    new = name.endswith(".stack")
    axis = axis_of(r, rank + new, False)
    assert axis is not None
    dtype = array(r).dtype
    arrays = []
    for _ in range(r.choice((1, 2, 3))):
        sizes = list(shape)
        if not new and -rank <= axis < rank and r.random() < 0.5 and "stack" not in name:
            sizes[axis] = r.choice((1, 2, 3))
        if r.random() < 0.06:
            sizes[r.randrange(rank)] = 5
        arrays.append(Array(tuple(sizes), dtype if kind == "tensorflow" or r.random() < 0.7 else array(r).dtype))
    return {"xs": arrays, "axis": axis}


@maker("joining.append")
def append(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = shape_of(r)
    return {"x1": array(r, shape), "x2": array(r, shape), "axis": axis_of(r, len(shape))}


@maker("joining.split")
def split(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = tuple(r.choice((2, 4, 6)) for _ in range(r.choice((2, 3, 3))))
    axis = axis_of(r, len(shape), False)
    parts: object = r.choice((1, 2, 2, 3))
    if r.random() < 0.3 and -len(shape) <= (axis or 0) < len(shape) and "array_split" not in name:
        parts = [1, shape[axis or 0] - 1] if kind == "tensorflow" else [1]
    return {"x": array(r, shape), "parts": parts, "axis": axis}


@maker("joining.unstack")
def unstack(r: Random, name: str, kind: str) -> dict[str, object]:
    x = array(r)
    return {"x": x, "axis": axis_of(r, len(x.shape), False)}


@maker("joining.meshgrid")
def meshgrid(r: Random, name: str, kind: str) -> dict[str, object]:
    starred = tuple(Array((r.choice((2, 3, 4)),)) for _ in range(r.choice((2, 3))))
    return {"*xs": starred, "indexing": r.choice(("xy", "ij"))}


@maker("joining.repeat_elements")
def repeat_elements(r: Random, name: str, kind: str) -> dict[str, object]:
    rank = 2 if name.endswith(".repeat") else 3
    return {"x": array(r, shape_of(r, rank), FLOAT), "repeats": 2, "axis": r.randrange(rank)}


@maker("reductions.reduce", "reductions.norm", "reductions.sort", "reductions.cumulate", "reductions.difference")
@maker("reductions.average", "reductions.trapezoid")
def reduce(r: Random, name: str, kind: str) -> dict[str, object]:
    dtype = FLOAT if kind == "tensorflow" or "norm" in name else None
    if name.endswith(("reduce_all", "reduce_any", "backend.any", "backend.all")):
        dtype = "bool"
    x = array(r, dtype=dtype)
    rank = len(x.shape)
    axis: object = axis_of(r, rank)
    several = any(part in name for part in ("sum", "mean", "max", "min", "std", "var", "prod", "all", "any"))
    single = any(part in name for part in ("arg", "cum", "nan", "sort", "diff"))
    if several and not single and r.random() < 0.3 and rank > 1:
        axis = tuple(r.sample(range(rank), 2))
    if name.endswith((".diff", "trapezoid", "trapz")) or (kind == "tensorflow" and single):
        axis = r.randrange(-rank, rank)
    made: dict[str, object] = {"x": x, "y": x, "axis": axis, "keepdims": r.random() < 0.4, "n": 1, "kth": 0}
    if name.endswith("allclose"):
        made["x2"] = x
    if "partition" in name and axis is None:
        made["axis"] = -1
    if name.endswith("norm") and rank > 2 and axis is None and kind != "keras":
        made["axis"] = 0
    return made


@maker("reductions.moments")
def moments(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": array(r, shape_of(r, 3), FLOAT), "axes": r.choice(([0], [0, 1], [-1])), "keepdims": r.random() < 0.5}


@maker("reductions.quantile")
def quantile(r: Random, name: str, kind: str) -> dict[str, object]:
    x = array(r, dtype=r.choice((FLOAT, "int32", "float64")))
    q: object = r.choice((0.5, [0.25, 0.5, 0.75]))
    return {"x": x, "q": q, "axis": axis_of(r, len(x.shape)), "keepdims": r.random() < 0.4}


@maker("reductions.histogram", "reductions.bincount", "indexing.unique", "indexing.unique_with_index")
def vector(r: Random, name: str, kind: str) -> dict[str, object]:
    whole = "bincount" in name
    made: dict[str, object] = {
        "x": array(r, (r.choice((3, 5)),), "int32" if whole else FLOAT, "ones" if whole else "noise")
    }
    for flag in ("return_index", "return_inverse", "return_counts"):
        made[flag] = r.random() < 0.4
    return made | {"bins": r.choice((4, 10))}


@maker("reductions.covariance")
def matrix_only(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": array(r, (4, 4), FLOAT if kind == "keras" else "float64")}


@maker("creation.filled", "creation.random", "creation.random_sizes", "creation.indices")
def filled(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = shape_of(r)
    made: dict[str, object] = {"shape": shape, "*sizes": shape, "dtype": r.choice(("float32", "float64"))}
    if "Generator." in name or "RandomState" in name:
        made["self"] = True
    if "stateless" in name:
        made["seed"] = (1, 2)
    made |= {"a": 1, "b": 2, "p": 0.5, "low": 0, "high": 2, "mean": 0.0, "scale": 1.0, "alpha": 1.0, "beta": 1.0}
    if name == "keras.random.binomial":
        made |= {"counts": 3, "probabilities": 0.5}
    if name.endswith("binomial") and kind == "numpy":
        made["b"] = 0.5
    return made


@maker("creation.full")
def full(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"shape": shape_of(r), "value": r.choice((1, 2.5, True))}


@maker("creation.eye", "creation.triangle")
def eye(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"rows": r.choice((1, 3)), "columns": r.choice((2, 4)), "batch": [2, 3], "dtype": "float32", "k": 0}


@maker("creation.arange")
def arange(r: Random, name: str, kind: str) -> dict[str, object]:
    start, stop, step = r.choice(((0, 10, 3), (2, 11, 2), (10, 0, -3), (0.0, 1.0, 0.25), (0, 1, 0.1), (5, 5, 1)))
    return {"start": start, "stop": stop, "step": step}


@maker("creation.linspace")
def linspace(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"start": 1.0, "stop": 5.0, "num": r.choice((1, 5, 9)), "axis": 0}


@maker("creation.window", "signals.frequencies")
def window(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"length": r.choice((4, 5)), "n": r.choice((4, 5)), "beta": 2.0}


@maker("creation.vander")
def vander(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": array(r, (4,), FLOAT), "columns": r.choice((None, 3))}


@maker("creation.one_hot", "creation.multi_hot")
def one_hot(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = shape_of(r, r.choice((1, 2, 3)))
    made: dict[str, object] = {"x": Array(shape, "int32", "zeros"), "depth": r.choice((3, 5))}
    if "to_categorical" not in name and "multi" not in name:
        made["axis"] = r.randrange(-1, len(shape))
    return made


@maker("creation.random_integers")
def integers(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"low": 0, "high": 10, "shape": shape_of(r), "self": True}


@maker("creation.choice", "creation.permutation")
def choice(r: Random, name: str, kind: str) -> dict[str, object]:
    source = r.choice((7, Array((7,)), Array((7, 3)))) if "Generator" in name or "permutation" in name else Array((7,))
    source = Array((4, 3)) if "shuffle" in name else source
    return {"a": source, "x": source, "shape": r.choice((3, (2, 3))), "self": True}


@maker("creation.multivariate")
def multivariate(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"mean": Array((2,), "float64", "ones"), "cov": [[1.0, 0.0], [0.0, 1.0]], "shape": r.choice((3, (2, 3)))}


@maker("creation.categorical")
def categorical(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"logits": Array((2, 5)), "num": 4}


@maker("creation.from_parameters")
def parameters(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"shape": (3, 2), "a": Array((4,), FLOAT, "ones")}


@maker("creation.normalized")
def normalized(r: Random, name: str, kind: str) -> dict[str, object]:
    x = array(r, shape_of(r, r.choice((1, 2, 3))), "float64")
    return {"x": x, "axis": r.randrange(-len(x.shape), len(x.shape))}


@maker("creation.pad_sequences")
def pad_sequences(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"sequences": [[1, 2, 3], [4], [5, 6]], "maxlen": r.choice((None, 2, 5))}


@maker("creation.sequence_mask")
def sequence_mask(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"lengths": Array(shape_of(r, r.choice((1, 2))), "int32", "ones"), "maxlen": r.choice((None, 7))}


@maker("contraction.matmul")
def matmul(r: Random, name: str, kind: str) -> dict[str, object]:
    a, b, c = (r.choice((2, 3, 4)) for _ in range(3))
    batch = shape_of(r, r.choice((0, 0, 1, 2)))
    inner = b if r.random() < 0.9 else 5
    left, right = (*batch, a, b), (*(partner(r, batch) if r.random() < 0.6 else batch), inner, c)
    if kind != "tensorflow" and r.random() < 0.2:
        left, right = r.choice((((b,), (inner, c)), ((a, b), (inner,)), ((b,), (inner,))))
    dtype = FLOAT if kind == "tensorflow" else array(r).dtype
    return {"x1": Array(left, dtype, "ones"), "x2": Array(right, dtype, "ones")}


@maker("contraction.dot", "contraction.inner", "contraction.vdot", "contraction.outer", "contraction.kron")
def dot(r: Random, name: str, kind: str) -> dict[str, object]:
    b = r.choice((2, 3))
    left, right = r.choice(
        (((4, b), (b, 5)), ((2, 4, b), (3, b, 5)), ((4, b), (b, 5)), ((4, b), (7, 5)))
        if kind == "tensorflow"
        else (((4, b), (b, 5)), ((b,), (b,)), ((2, 4, b), (b,)), ((2, 4, b), (3, b, 5)), ((4, b), (7, 5)), ((), (b, 2)))
    )
    if name.endswith("inner"):
        left, right = r.choice((((4, b), (3, b)), ((b,), (b,)), ((4, b), (5, 7))))
    if name.endswith(("vdot", "kron")):
        left = right = r.choice(((b,), (b, b)))
    if name.endswith("outer") and kind == "keras":
        left, right = (b,), (4,)
    return {"x1": Array(left, FLOAT, "ones"), "x2": Array(right, FLOAT, "ones")}


@maker("contraction.tensordot")
def tensordot(r: Random, name: str, kind: str) -> dict[str, object]:
    axes = r.choice((1, 2, [[1], [0]], [[0, 1], [0, 1]]))
    shapes = {1: ((2, 3), (3, 4)), 2: ((5, 2, 3), (2, 3, 4))}.get(axes if isinstance(axes, int) else 0)
    if shapes is None:
        shapes = ((2, 3), (3, 4)) if axes == [[1], [0]] else ((2, 3, 4), (2, 3, 5))
    if r.random() < 0.15:
        shapes = (shapes[0], (7, *shapes[1][1:]))
    return {"x1": Array(shapes[0]), "x2": Array(shapes[1]), "axes": axes}


@maker("contraction.einsum")
def einsum(r: Random, name: str, kind: str) -> dict[str, object]:
    text, shapes = r.choice(
        (
            ("ij,jk->ik", ((2, 3), (3, 4))),
            ("bij,bjk->bik", ((5, 2, 3), (5, 3, 4))),
            ("...ij,jk->...ik", ((5, 2, 3), (3, 4))),
            ("bhqd,bhkd->bhqk", ((2, 3, 4, 5), (2, 3, 6, 5))),
            ("ij->ji", ((2, 3),)),
            ("ij->", ((2, 3),)),
            ("ij,jk->ik", ((2, 3), (5, 4))),
        )
    )
    return {"subscripts": text, "*operands": tuple(Array(shape) for shape in shapes), "positional": True}


@maker("contraction.batch_dot")
def batch_dot(r: Random, name: str, kind: str) -> dict[str, object]:
    left, right, axes = r.choice(
        (
            ((6, 2, 3), (6, 3, 4), (2, 1)),
            ((6, 2, 3), (6, 4, 3), 2),
            ((6, 3), (6, 3), 1),
            ((6, 3), (6, 3, 4), (1, 1)),
            ((6, 2, 3), (6, 3, 4), None),
            ((6, 2, 3), (6, 5, 4), (2, 1)),
        )
    )
    return {"x1": Array(left), "x2": Array(right), "axes": axes}


@maker("contraction.cross")
def cross(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = (*shape_of(r, r.choice((0, 1, 2))), 3)
    return {"x1": Array(shape), "x2": Array(shape)}


@maker("contraction.correlate")
def correlate(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x1": Array((7,)), "x2": Array((r.choice((3, 7)),)), "mode": r.choice(("valid", "same", "full"))}


@maker("contraction.diagonal", "contraction.diag")
def diagonal(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = shape_of(r, r.choice((2, 3)))
    if name.endswith(("diag", "diagflat")):
        shape = shape_of(r, r.choice((1, 2)))
    if name.startswith("tensorflow") and name.endswith("linalg.diag"):
        shape = shape_of(r, r.choice((1, 2)))
    return {"x": array(r, shape, FLOAT), "offset": 0 if kind == "tensorflow" else r.choice((0, 0, 1))}


@maker("indexing.get_item")
def get_item(r: Random, name: str, kind: str) -> dict[str, object]:
    key = r.choice(((0,), (slice(None), 1), (Ellipsis, 0), (slice(0, 2), None), (slice(None, None, 2), -1), 1, (0, 9)))
    return {"x": Array((4, 5, 6)), "key": key}


@maker("indexing.take")
def take(r: Random, name: str, kind: str) -> dict[str, object]:
    x = array(r)
    indices = Array(shape_of(r, r.choice((0, 1, 2))), "int32", "zeros")
    axis = axis_of(r, len(x.shape), kind != "tensorflow")
    return {"x": x, "indices": indices, "axis": axis}


@maker("indexing.take_along_axis")
def take_along(r: Random, name: str, kind: str) -> dict[str, object]:
    return {
        "x": Array((3, 4)),
        "indices": Array(r.choice(((3, 2), (1, 4), (3, 4))), "int64", "zeros"),
        "axis": r.choice((0, 1)),
    }


@maker("indexing.slice_array", "indexing.update", "indexing.scatter", "indexing.strided_slice", "indexing.gather_nd")
def pieces(r: Random, name: str, kind: str) -> dict[str, object]:
    made: dict[str, object] = {"x": Array((4, 5)), "start": (0, 1), "size": r.choice(((2, 2), (-1, 2), (2, -1)))}
    made |= {"begin": [0, 1], "end": [3, 4], "strides": r.choice(([1, 1], [2, 1]))}
    made |= {"indices": Array((2, 2), "int32", "zeros"), "values": Array((2,)), "updates": Array((2,)), "shape": (4, 5)}
    if name.endswith("gather_nd"):
        made["indices"] = Array((3, r.choice((1, 2))), "int32", "zeros")
    if name.endswith("slice_update"):
        made |= {"start_indices": (0, 0), "updates": Array((2, 3))}
    if name.startswith(("keras.backend", "tf_tensor")):
        made |= {"new_x": Array((4, 5)), "value": Array((4, 5))}
    return made


@maker("indexing.boolean_mask")
def mask(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": Array((4, 5, 6)), "mask": Array(r.choice(((4,), (4, 5))), "bool", "ones")}


@maker("indexing.nonzero")
def nonzero(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": array(r, holds="ones")}


@maker("indexing.top_k")
def top_k(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": array(r, (*shape_of(r, r.choice((0, 1, 2))), 5), FLOAT), "k": r.choice((1, 3))}


@maker("indexing.segment")
def segment(r: Random, name: str, kind: str) -> dict[str, object]:
    return {
        "data": Array((3, 4)),
        "ids": Array((3,), "int32", "zeros"),
        "segment_ids": Array((3,), "int32", "zeros"),
        "count": 2,
    }


@maker("indexing.unravel_index")
def unravel(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"indices": Array((4,), "int32", "zeros"), "shape": (3, 4)}


@maker("indexing.searchsorted")
def searchsorted(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"sequence": Array((5,)), "values": Array((3,)), "v": Array((3,))}


@maker("network.convolution")
def convolution(r: Random, name: str, kind: str) -> dict[str, object]:
    rank = next((int(d) for d in "123" if f"{d}d" in name), r.choice((1, 2)))
    channels = r.choice((2, 4))
    sizes = tuple(r.choice((6, 8, 9)) for _ in range(rank))
    window = tuple(r.choice((1, 2, 3)) for _ in range(rank))
    deep = "depthwise" in name or "separable" in name
    made: dict[str, object] = {
        "x": Array((2, *sizes, channels)),
        "kernel": Array((*window, channels if r.random() < 0.93 else 3, 2 if deep else 5)),
        "pointwise": Array((*(1 for _ in window), channels * 2, 7)),
        "padding": r.choice(("VALID", "SAME")) if name.startswith("tensorflow") else r.choice(("valid", "same")),
    }
    stride = r.choice((1, 2))
    if name.startswith("tensorflow") and deep:
        made["strides"] = [1, stride, stride, 1]
    elif name.startswith("keras.backend"):
        made["strides"] = stride if rank == 1 else (stride,) * rank
    else:
        made["strides"] = stride
    if name == "tensorflow.nn.conv3d":
        made["strides"] = [1, stride, stride, stride, 1]
    if "atrous" in name:
        made["dilation"] = 2
    elif stride == 1 and not deep and not name.startswith("keras.backend"):
        made["dilation"] = r.choice((1, 2))
    return made


@maker("network.convolution_transpose")
def transposed(r: Random, name: str, kind: str) -> dict[str, object]:
    rank = next((int(d) for d in "123" if f"{d}d" in name), r.choice((1, 2)))
    sizes = tuple(r.choice((3, 4)) for _ in range(rank))
    window = tuple(r.choice((2, 3)) for _ in range(rank))
    made: dict[str, object] = {"x": Array((2, *sizes, 4)), "kernel": Array((*window, 5, 4))}
    made["strides"] = r.choice((1, 2))
    made["padding"] = r.choice(("valid", "same"))
    if kind == "tensorflow":
        made["strides"] = 2 if name.startswith("tensorflow") else (2,) * rank
        made["padding"] = "SAME" if name.startswith("tensorflow") else "same"
        made["output_shape"] = (2, *(size * 2 for size in sizes), 5)
    return made


@maker("network.pooling")
def pooling(r: Random, name: str, kind: str) -> dict[str, object]:
    rank = next((int(d) for d in "123" if f"{d}d" in name), 2)
    sizes = tuple(r.choice((4, 5, 8)) for _ in range(rank))
    window, stride = r.choice((2, 3)), r.choice((1, 2, None) if kind == "keras" else (1, 2))
    made: dict[str, object] = {"x": Array((2, *sizes, 3)), "size": window, "strides": stride}
    if name.startswith("keras.backend"):
        made |= {"size": (window,) * rank, "strides": (stride,) * rank}
    made["padding"] = r.choice(("VALID", "SAME")) if name.startswith("tensorflow") else r.choice(("valid", "same"))
    return made


@maker("network.adaptive_pooling")
def adaptive(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": Array((2, 8, 8, 3)), "size": r.choice(((2, 2), (4, 2)))}


@maker("network.depth_to_space")
def depth(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": Array((2, r.choice((4, 6)), 4, r.choice((4, 8)))), "block": 2}


@maker("network.unfold")
def unfold(r: Random, name: str, kind: str) -> dict[str, object]:
    return {
        "x": Array((2, 3, 8, 9)),
        "kernel": r.choice((2, 3, (2, 3))),
        "stride": r.choice((1, 2)),
        "padding": r.choice((0, 1)),
    }


@maker("network.fold")
def fold(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": Array((2, 36, 36)), "size": 8, "kernel": 3}


@maker("network.glu", "network.normalize")
def along(r: Random, name: str, kind: str) -> dict[str, object]:
    x = Array((2, 4, 6))
    return {"x": x, "axis": r.randrange(-3, 3)}


@maker("network.batch_normalization")
def batch_normalization(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": Array((2, 3, 4)), "mean": Array((4,)), "variance": Array((4,), FLOAT, "ones"), "axis": -1}


@maker("network.attention")
def attention(r: Random, name: str, kind: str) -> dict[str, object]:
    q = Array((2, 5, 3, 4))
    k = Array((2, r.choice((5, 7)), 3, 4))
    return {"query": q, "key": k, "value": k}


@maker("network.crossentropy", "network.mean_loss", "network.sparse_crossentropy", "network.losses_with_logits")
def losses(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = shape_of(r, r.choice((2, 3)))
    sparse = "sparse" in name
    target = Array(shape[:-1], "int32", "zeros") if sparse else Array(shape)
    return {"target": target, "output": Array(shape), "labels": target, "logits": Array(shape)}


@maker("network.overlap_loss")
def overlapping(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = shape_of(r, r.choice((2, 3, 4)))
    made: dict[str, object] = {"target": Array(shape), "output": Array(shape)}
    return made | ({"axis": r.choice((-1, (1,), (0, 1)))} if r.random() < 0.6 else {})


@maker("network.normalize_batch")
def normalize_batch(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = shape_of(r, r.choice((2, 3, 4)))
    axes = list(range(len(shape) - 1)) if r.random() < 0.7 else [r.randrange(len(shape))]
    rest = tuple(size for index, size in enumerate(shape) if index not in axes)
    return {"x": Array(shape), "gamma": Array(rest), "beta": Array(rest), "axes": axes}


@maker("network.ctc_loss", "network.ctc_batch_cost", "network.ctc_decode", "network.ctc_sequences", "network.ctc_paths")
def ctc(r: Random, name: str, kind: str) -> dict[str, object]:
    lengths = Array((2, 1), "int32", "ones") if "batch_cost" in name else Array((2,), "int32", "ones")
    output = Array((2, 6, 5))
    made: dict[str, object] = {"target": Array((2, 3), "int32", "ones"), "output": output, "x": output}
    made |= {"target_length": lengths, "output_length": lengths, "sequence_lengths": lengths}
    return made | {"y_true": Array((2, 3), FLOAT, "ones"), "input_length": lengths, "label_length": lengths}


@maker("network.signal_to_noise", "images.similarity", "network.polar", "linear_algebra.distances")
def pairs(r: Random, name: str, kind: str) -> dict[str, object]:
    shape = (4, 5) if "cdist" in name or "polar" in name else (2, 180, 180, 3) if "ssim" in name else (2, 16, 16, 3)
    return {"x1": Array(shape), "x2": Array(shape), "x": Array(shape), "angle": Array(shape), "max_val": 1.0}


@maker("network.switch")
def switch(r: Random, name: str, kind: str) -> dict[str, object]:
    x = Array(shape_of(r, 2))
    return {"then": x, "otherwise": x, "condition": Array((), "bool"), "training": Array((), "bool")}


@maker("linear_algebra.square", "linear_algebra.scalar", "linear_algebra.eigen", "linear_algebra.power")
@maker("linear_algebra.sign_and_logarithm")
def square(r: Random, name: str, kind: str) -> dict[str, object]:
    batch = () if "slogdet" in name and kind == "keras" else shape_of(r, r.choice((0, 0, 1)))
    shape = (*batch, 3, 3) if r.random() < 0.9 else (3, 4)
    return {"x": Array(shape, FLOAT, "identity"), "n": 2}


@maker("linear_algebra.singular_values", "linear_algebra.orthogonal_triangular", "linear_algebra.pseudo_inverse")
@maker("linear_algebra.triangular_factors")
def matrices(r: Random, name: str, kind: str) -> dict[str, object]:
    made: dict[str, object] = {"x": Array(r.choice(((3, 4), (4, 3), (2, 4, 3)))), "full_matrices": r.random() < 0.5}
    if "qr" in name:
        made["mode"] = r.choice(("reduced", "complete"))
    return made


@maker("linear_algebra.solve")
def solve(r: Random, name: str, kind: str) -> dict[str, object]:
    right = r.choice(((3, 2), (3, 5), (4, 2)) if kind != "keras" else ((3,), (3, 2), (4, 2)))
    return {"a": Array((3, 3), FLOAT, "identity"), "b": Array(right)}


@maker("linear_algebra.least_squares")
def lstsq(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"a": Array((5, 3)), "b": Array(r.choice(((5,), (5, 2), (4,))))}


@maker("signals.transform_pair")
def transform_pair(r: Random, name: str, kind: str) -> dict[str, object]:
    x = Array(shape_of(r, r.choice((2, 3))))
    return {"x": (x, x)}


@maker("signals.real_transform_pair", "signals.real_transform", "signals.short_time_pair", "signals.short_time")
@maker("signals.frames")
def signal(r: Random, name: str, kind: str) -> dict[str, object]:
    made: dict[str, object] = {"x": Array((2, 64)), "length": 16, "stride": 8}
    if name == "keras.ops.stft":
        made["sequence_length"] = 16
    if "rfft" in name:
        made["length"] = r.choice((None, 32 if kind != "tensorflow" else [32]))
    return made | {"center": r.random() < 0.5, "pad_end": r.random() < 0.5}


@maker("signals.inverse_real_transform")
def inverse(r: Random, name: str, kind: str) -> dict[str, object]:
    x = Array((2, 9), FLOAT if kind == "keras" else "complex64" if kind == "tensorflow" else "complex128")
    length = r.choice((None, 16))
    return {"x": (x, x) if kind == "keras" else x, "length": [length] if length and kind == "tensorflow" else length}


@maker("signals.inverse_short_time")
def istft(r: Random, name: str, kind: str) -> dict[str, object]:
    x = Array((2, 9, 17))
    return {"x": (x, x), "stride": 16, "length": 32, "center": r.random() < 0.5, "sequence_length": 32}


@maker("signals.transform")
def transform(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": Array(shape_of(r, 3), "complex64" if kind == "tensorflow" else "complex128")}


@maker("signals.overlap_and_add")
def overlap(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": Array((2, 7, 16)), "stride": 8}


@maker("signals.mel_weights")
def mel(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"mels": 10, "bins": 33}


@maker("signals.compose_complex")
def compose(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x1": Array((2, 3)), "imag": Array((2, 3))}


@maker("signals.as_complex")
def as_complex(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": Array((3, 4, 2))}


@maker("images.same", "images.any_images", "images.recolour", "images.edges", "images.variation", "images.gradients")
@maker("images.transpose_images", "images.standardized", "images.central_crop")
def image(r: Random, name: str, kind: str) -> dict[str, object]:
    batch = (2,) if "edges" in name or "gradients" in name or r.random() < 0.6 else ()
    channels = 1 if name.endswith("grayscale_to_rgb") else 3
    made: dict[str, object] = {
        "x": Array((*batch, 8, r.choice((6, 10)), channels)),
        "fraction": r.choice((0.5, 0.7, 1.0)),
    }
    made |= {
        "delta": 0.1,
        "max_delta": 0.1,
        "contrast_factor": 2.0,
        "saturation_factor": 2.0,
        "lower": 0.5,
        "upper": 1.5,
    }
    made |= {"transform": Array((8,)), "start_points": Array((4, 2)), "end_points": Array((4, 2))}
    if "stateless" in name:
        made["seed"] = (1, 2)
    return made


@maker("images.resize", "images.resize_to", "images.random_crop")
def resize(r: Random, name: str, kind: str) -> dict[str, object]:
    batch = (2,) if r.random() < 0.6 else ()
    dtype = r.choice((FLOAT, "uint8")) if kind == "tensorflow" else FLOAT
    made: dict[str, object] = {"x": Array((*batch, 8, 6, 3), dtype), "size": r.choice(((4, 4), (8, 6), (16, 5)))}
    if "random_crop" in name:
        made["size"] = (*batch, 4, 4, 3)
        made["seed"] = (1, 2) if "stateless" in name else 1
    low = "crop_to" in name
    made |= {"height": 4 if low else 10, "width": 4 if low else 12, "offset_height": 0, "offset_width": 0}
    if name == "tensorflow.image.resize":
        made["method"] = r.choice(("bilinear", "nearest"))
    return made


@maker("images.extract_patches")
def patches(r: Random, name: str, kind: str) -> dict[str, object]:
    x = Array((2, 8, 8, 8, 3) if "3d" in name else (2, 8, 9, 3))
    if kind == "tensorflow":
        return {
            "x": x,
            "size": [1, 2, 3, 1],
            "strides": [1, 2, 2, 1],
            "dilation": [1, 1, 1, 1],
            "padding": r.choice(("VALID", "SAME")),
        }
    return {"x": x, "size": r.choice((2, 3)), "strides": r.choice((None, 1, 2)), "padding": r.choice(("valid", "same"))}


@maker("images.map_coordinates")
def coordinates(r: Random, name: str, kind: str) -> dict[str, object]:
    return {"x": Array((4, 5)), "coordinates": Array((r.choice((2, 2, 3)), 7, 6)), "order": 1}


@maker("images.crop_or_pad")
def borders(r: Random, name: str, kind: str) -> dict[str, object]:
    made: dict[str, object] = {"x": Array((2, 8, 8, 3)), "top": 1, "left": 2}
    if r.random() < 0.5:
        return made | {"bottom": 1, "right": 0}
    size = 5 if "crop" in name else 12
    return made | {"target_height": size, "target_width": size}


@maker("images.scale_and_translate")
def scale(r: Random, name: str, kind: str) -> dict[str, object]:
    return {
        "x": Array((2, 8, 8, 3)),
        "shape": (2, 4, 4, 3),
        "scale": Array((2,)),
        "translation": Array((2,)),
        "spatial_dims": (1, 2),
        "method": "linear",
    }


@maker("images.crop_and_resize")
def crop_and_resize(r: Random, name: str, kind: str) -> dict[str, object]:
    return {
        "x": Array((2, 8, 8, 3)),
        "boxes": Array((5, 4)),
        "box_indices": Array((5,), "int32", "zeros"),
        "size": (4, 3),
    }


def make(r: Random, name: str, kind: str) -> CallSpec | None:
    """A random call of this spelling; `None` where no maker knows its implementation."""
    implementation_text, parameters_text = _index()[name]
    implementation = implementation_text.split()[0]
    if implementation not in MAKERS:
        return None
    made = MAKERS[implementation](r, name, kind)
    arguments: dict[str, object] = {}
    starred: tuple[object, ...] = ()
    leading = "positional" in made or kind == "numpy" or r.random() < 0.5
    used: set[str] = set()
    for parameter in parameters_text.replace(",", " ").split():
        spelled, _, target = parameter.partition("=")
        target = target or spelled
        if spelled == "**":
            arguments.update({k: v for k, v in made.items() if k not in ("x", "pattern") and k not in arguments})
        elif spelled.startswith("*"):
            starred = (*starred, *made.get(f"*{target.lstrip('*')}", ()))  # type: ignore[misc]
            leading = False
        elif target in used:
            continue
        elif target in made or spelled in EXTRAS:
            used.add(target)
            value = made[target] if target in made else EXTRAS[spelled]
            if leading:
                starred = (*starred, value)
            else:
                arguments[spelled] = value
        else:
            leading = False
    return CallSpec(name, arguments, starred)


# Implementations whose first axis is not a batch, or whose further arrays are weights.
UNBATCHED = ("linear_algebra", "images.map", "creation.from_parameters", "reductions.histogram", "joining.meshgrid")
BATCHED = frozenset(
    [
        "x",
        "xs",
        "x1",
        "x2",
        "target",
        "output",
        "labels",
        "logits",
        "query",
        "key",
        "value",
        "data",
        "y_true",
        "indices",
        "condition",
        "conditions",
        "choices",
    ]
)


def unbatched(call: CallSpec) -> CallSpec:
    """The same call with an unknown size of the first axis of the data."""
    implementation, parameters = _index()[call.name]
    if implementation.startswith(UNBATCHED):
        return call
    targets = {}
    order = []
    for parameter in parameters.replace(",", " ").split():
        spelled, _, target = parameter.partition("=")
        targets[spelled] = target or spelled
        order.append(target or spelled.lstrip("*"))
    loose = [order[min(i, len(order) - 1)] in BATCHED for i in range(len(call.starred))]
    return CallSpec(
        call.name,
        {k: _without_batch(v) if targets.get(k) in BATCHED else v for k, v in call.arguments.items()},
        tuple(_without_batch(v) if ok else v for v, ok in zip(call.starred, loose, strict=False)),
    )


def _without_batch(value: object) -> object:
    if isinstance(value, Array) and value.shape:
        return Array((None, *value.shape[1:]), value.dtype, value.holds)
    if isinstance(value, (list, tuple)):
        return type(value)(_without_batch(item) for item in value)
    return value


# Parameters that some libraries insist on.
EXTRAS: dict[str, object] = {
    "depth_radius": 2,
    "clip_norm": 1.0,
    "offset": None,
    "scale": None,
    "variance_epsilon": 0.001,
    "message": "m",
    "num_buckets": 10,
    "rate": 0.3,
    "level": 0.3,
    "pos_weight": 1.0,
    "pattern": "a",
    "rewrite": "b",
    "pos": 0,
    "len": 1,
    "bins": Array((3,), FLOAT, "sorted"),
    "test_elements": [1, 2],
    "x2": Array((2,)),
    "predictions": Array((3, 5)),
    "k": 2,
}
