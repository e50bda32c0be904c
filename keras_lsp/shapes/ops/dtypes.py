"""Element types: which type comes out when several meet, by Keras's, TensorFlow's and NumPy's rules.

A *weak* type ("int", "float", "complex") is that of a Python number, which adapts to the arrays it meets. `None` stands for
a type that is not known, and is contagious.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias

from keras_lsp.shapes.configuration import UnknownValue

Dtype: TypeAlias = "str | None"

WEAK = ("int", "float", "complex")

# The names under which libraries know the types that Keras names otherwise.
_ALIASES = {
    "bool_": "bool",
    "boolean": "bool",
    "str_": "string",
    "str": "string",
    "bytes_": "string",
    "half": "float16",
    "single": "float32",
    "double": "float64",
    "float_": "float64",
    "int_": "int64",
    "intp": "int64",
    "longlong": "int64",
    "intc": "int32",
    "short": "int16",
    "byte": "int8",
    "ubyte": "uint8",
    "uint": "uint64",
    "complex_": "complex128",
    "cfloat": "complex128",
    "csingle": "complex64",
    "object_": "object",
    "f2": "float16",
    "f4": "float32",
    "f8": "float64",
    "f": "float32",
    "d": "float64",
    "i": "int32",
    "i4": "int32",
    "i8": "int64",
    "u1": "uint8",
    "b1": "bool",
    "uint8_t": "uint8",
}
# What the Python types mean as `dtype=`.
_PYTHON_TYPES = {
    "keras": {"int": "int32", "float": "float32", "complex": "complex64"},
    "tensorflow": {"int": "int32", "float": "float32", "complex": "complex128"},
    "numpy": {"int": "int64", "float": "float64", "complex": "complex128"},
}

_NAMES = frozenset(
    [
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "bfloat16",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
        "string",
        "object",
        "float8_e4m3fn",
        "float8_e5m2",
    ]
)
_FLOATS = ("float16", "bfloat16", "float32", "float64")

# The type promotion lattice of keras/src/backend/common/dtypes.py: each type and those directly above it.
_LATTICE: Mapping[str, tuple[str, ...]] = {
    "bool": ("int",),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("float",),
    "int": ("uint8", "int8", "complex64"),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex64": ("complex128",),
    "complex128": (),
}


def is_integer(dtype: Dtype) -> bool:
    """Whether this is a whole-number type, `bool` not included."""
    return dtype is not None and (dtype.startswith(("int", "uint")))


def is_float(dtype: Dtype) -> bool:
    """Whether this is a real floating-point type."""
    return dtype is not None and (dtype.startswith(("float", "bfloat")))


def standardize(value: object, kind: str, floatx: str = "float32") -> Dtype:
    """The type that a `dtype=` argument names; `None` if that is not known.

    Args:
        value: a name ("float32", "numpy.float32", "<f4"), a Python type, or anything else.
        kind: whose function gets it: "keras", "tensorflow" or "numpy".
        floatx: Keras's default float type.
    """
    if value is None or isinstance(value, UnknownValue):
        return None
    name = value.__name__ if isinstance(value, type) else value if isinstance(value, str) else None
    if name is None:
        path = getattr(value, "path", None)
        name = path if isinstance(path, str) else None
    if name is None:
        return None
    name = name.rpartition(".")[2].lstrip("<>=|")
    python = _PYTHON_TYPES[kind].get(name)
    if python is not None:
        return floatx if name == "float" and kind == "keras" else python
    name = _ALIASES.get(name, name)
    return name if name in _NAMES else None


def strong(dtype: Dtype, kind: str, floatx: str = "float32") -> Dtype:
    """The type that an array made of weakly typed Python numbers has."""
    if dtype == "float" and kind == "keras":
        return floatx
    return _PYTHON_TYPES[kind].get(dtype, dtype) if dtype in WEAK else dtype


def promote_dtypes(kind: str, *dtypes: Dtype) -> Dtype:
    """The type of what an operation on these types gives.

    Args:
        kind: "keras", "tensorflow" or "numpy": whose rules.
        dtypes: names of types, weak types of Python numbers, `None` for unknown ones.

    Returns:
        A strong type; `None` where it is not known or the combination is refused.
    """
    if not dtypes or None in dtypes:
        return None
    return _PROMOTIONS[kind](*sorted({dtype for dtype in dtypes if dtype is not None}))


def to_float(dtype: Dtype, kind: str) -> Dtype:
    """The type of a function that gives real numbers (`exp`, `mean`, division) for elements of this type."""
    if dtype is None or is_float(dtype) or dtype.startswith("complex"):
        return strong(dtype, kind)
    if kind != "numpy":
        return "float32"
    return {"bool": "float16", "int8": "float16", "uint8": "float16", "int16": "float32", "uint16": "float32"}.get(
        dtype, "float64"
    )


def keras_float(dtype: Dtype) -> Dtype:
    """`to_float` of the functions in keras/src/ops/numpy.py that treat int64 apart: int64 becomes floatx."""
    return "float32" if dtype == "int64" else promote_dtypes("keras", dtype, "float")


def accumulated(dtype: Dtype, kind: str) -> Dtype:
    """The type of a sum or product of elements of this type."""
    if kind == "numpy":
        if dtype in ("bool", "int8", "int16", "int32"):
            return "int64"
        return "uint64" if dtype in ("uint8", "uint16", "uint32") else dtype
    if kind == "keras":
        if dtype in ("bool", "int8", "int16"):
            return "int32"
        return "uint32" if dtype in ("uint8", "uint16") else dtype
    return dtype


@lru_cache(512)
def _promote_keras(*dtypes: str) -> Dtype:
    if len(dtypes) == 1:
        return {"int": "int32", "float": "float32", "complex": "complex64"}.get(dtypes[0], dtypes[0])
    if any(dtype not in _LATTICE for dtype in dtypes):
        return None
    bounds = [_upper_bounds(dtype) for dtype in dtypes]
    common = frozenset[str].intersection(*bounds)
    least = [bound for bound in common if common <= _upper_bounds(bound)]
    if len(least) != 1:
        return None
    return {"int": "int32", "float": "float32"}.get(least[0], least[0])


@lru_cache(64)
def _upper_bounds(dtype: str) -> frozenset[str]:
    return frozenset({dtype}).union(*(_upper_bounds(above) for above in _LATTICE[dtype]))


@lru_cache(512)
def _promote_tensorflow(*dtypes: str) -> Dtype:
    known = [dtype for dtype in dtypes if dtype not in WEAK]
    if not known:
        weak = "complex" if "complex" in dtypes else "float" if "float" in dtypes else "int"
        return strong(weak, "tensorflow")
    if len(known) > 1:
        return None
    # A Python float cannot become an integer tensor: TensorFlow refuses, and we do not say what comes out.
    if "float" in dtypes and (is_integer(known[0]) or known[0] == "bool"):
        return None
    return known[0]


@lru_cache(512)
def _promote_numpy(*dtypes: str) -> Dtype:
    result: Dtype = None
    known = [dtype for dtype in dtypes if dtype not in WEAK]
    for dtype in known:
        result = dtype if result is None else _numpy_pair(result, dtype)
        if result is None:
            return None
    if result is None:
        weak = "complex" if "complex" in dtypes else "float" if "float" in dtypes else "int"
        return strong(weak, "numpy")
    if "complex" in dtypes and not result.startswith("complex"):
        return "complex64" if result in ("float16", "float32") else "complex128"
    if "float" in dtypes and not is_float(result) and not result.startswith("complex"):
        return "float64"
    return "int64" if "int" in dtypes and result == "bool" else result


def _numpy_pair(left: str, right: str) -> Dtype:
    if left == right:
        return left
    if not {left, right} <= _NUMPY_RANK.keys():
        return None
    if _NUMPY_RANK[left][0] > _NUMPY_RANK[right][0]:
        left, right = right, left
    (low, low_bits), (high, high_bits) = _NUMPY_RANK[left], _NUMPY_RANK[right]
    if low == high:
        return left if low_bits > high_bits else right
    if low == 0:
        return right
    if high == 2:  # unsigned with signed: the next larger signed type
        return right if high_bits > low_bits else {8: "int16", 16: "int32", 32: "int64", 64: "float64"}[low_bits]
    if low in (1, 2):  # whole numbers with real or complex ones: enough bits for both
        needed = {8: 16, 16: 32}.get(low_bits, 64)
        bits = max(needed, high_bits if high == 3 else high_bits // 2)
        return f"float{bits}" if high == 3 else f"complex{max(bits, 32) * 2}"
    return f"complex{max(low_bits * 2, high_bits, 64)}"


# kind of number (bool, unsigned, signed, real, complex) and bits
_NUMPY_RANK = {
    "bool": (0, 8),
    **{f"uint{bits}": (1, bits) for bits in (8, 16, 32, 64)},
    **{f"int{bits}": (2, bits) for bits in (8, 16, 32, 64)},
    **{f"float{bits}": (3, bits) for bits in (16, 32, 64)},
    **{f"complex{bits}": (4, bits) for bits in (64, 128)},
}
_PROMOTIONS: Mapping[str, Callable[..., Dtype]] = {
    "keras": _promote_keras,
    "tensorflow": _promote_tensorflow,
    "numpy": _promote_numpy,
}
