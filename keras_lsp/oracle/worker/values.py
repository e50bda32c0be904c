"""From question values to Python objects, and from Keras's results to plain data."""

import numpy

from . import policy
from .policy import Refused


class Decoder(object):
    """Builds the arguments of one question. `keras` is a `Generation`, which knows how its Keras makes things."""

    def __init__(self, generation, keep_unroll=True):
        self._generation = generation
        self._keep_unroll = keep_unroll
        self._items = 0

    def decode(self, value, depth=0, named=False):
        """Return the Python object of one encoded value; raises Refused or Absent."""
        self._items += 1
        if depth > policy.MAX_DEPTH or self._items > policy.MAX_ITEMS:
            raise Refused("the arguments are too large")
        if isinstance(value, str):
            if not named:
                policy.check_string(value)
            return value
        if isinstance(value, list):
            return [self.decode(item, depth + 1) for item in value]
        if isinstance(value, dict):
            return self._tagged(value, depth + 1)
        if isinstance(value, int) and abs(value) >= 2**63:
            raise Refused("an integer does not fit 64 bits")
        return value

    def call(self, args, arguments, depth=0, callee=None):
        """Return the decoded positional and keyword arguments of a constructor or function."""
        policy.check_call(arguments)
        if callee is not None:
            policy.check_positional(callee, args)
        keywords = {}
        for key, value in arguments.items():
            if key == "unroll" and value is True and not self._keep_unroll:
                value = False
            keywords[key] = self.decode(value, depth + 1, named=key == "name")
        return [self.decode(value, depth + 1) for value in args], keywords

    def _tagged(self, value, depth):
        keys = set(value)
        if keys == {"tuple"}:
            return tuple(self.decode(item, depth) for item in value["tuple"])
        if keys == {"tensor"}:
            return self._generation.tensor(checked_spec(value["tensor"]))
        if "layer" in keys and keys <= {"layer", "args", "arguments"}:
            name = value["layer"]
            if isinstance(name, str) and "." not in name:
                name = "keras.layers." + name
            make = self._generation.layer_class(name)
            args, keywords = self.call(value.get("args", ()), value.get("arguments", {}), depth, make)
            return make(*args, **keywords)
        if "object" in keys and keys <= {"object", "args", "arguments"}:
            make = self._generation.public_object(value["object"])
            args, keywords = self.call(value.get("args", ()), value.get("arguments", {}), depth, make)
            return make(*args, **keywords)
        if keys == {"reference"}:
            return self._generation.reference(value["reference"])
        if keys == {"array"}:
            return self._array(value["array"])
        if keys == {"dict"}:
            pairs = [(self.decode(key, depth), self.decode(item, depth)) for key, item in value["dict"]]
            policy.check_dict([key for key, _ in pairs])
            return dict(pairs)
        if keys == {"float"}:
            return float(value["float"])
        if keys == {"complex"}:
            return complex(*value["complex"])
        if keys == {"bytes"}:
            return bytes.fromhex(value["bytes"])
        if keys == {"slice"}:
            return slice(*[self.decode(item, depth) for item in value["slice"]])
        if keys == {"ellipsis"}:
            return Ellipsis
        policy.check_dict(keys)
        return {key: self.decode(item, depth) for key, item in value.items()}

    def _array(self, spec):
        dtype = numpy.dtype(str(spec.get("dtype", "float32")))
        if dtype.hasobject:
            raise Refused("an array of objects is not plain data")
        if "values" in spec:
            return numpy.array(self.decode(spec["values"], 1), dtype=dtype)
        shape = tuple(spec["shape"])
        size = 1
        for dim in shape:
            if not isinstance(dim, int) or dim < 0:
                raise Refused("an array's shape must be known")
            size *= dim
        if size > policy.MAX_ARRAY:
            raise Refused("an array is too large")
        return numpy.zeros(shape, dtype=dtype)


def checked_spec(spec):
    """Return a tensor specification that is within the limits."""
    shape = spec.get("shape")
    if shape is not None:
        if len(shape) > policy.MAX_RANK:
            raise Refused("a tensor has too many axes")
        for dim in shape:
            if dim is None:
                continue
            if isinstance(dim, bool) or not isinstance(dim, int) or not 0 <= dim <= policy.MAX_DIM:
                raise Refused("the dim %r is out of range" % (dim,))
        shape = tuple(shape)
    dtype = spec.get("dtype", "float32")
    if not isinstance(dtype, str) or len(dtype) > 40:
        raise Refused("a dtype is not a name")
    return {"shape": shape, "dtype": dtype, "sparse": bool(spec.get("sparse")), "ragged": bool(spec.get("ragged"))}


def plain_shape(shape):
    """Return any kind of shape as a list of ints and None, or None for unknown rank."""
    if shape is None:
        return None
    if hasattr(shape, "as_list"):
        if getattr(shape, "ndims", 0) is None:
            return None
        shape = shape.as_list()
    return [plain_dim(dim) for dim in shape]


def plain_dim(dim):
    """Return an int or None; Dimension of TensorFlow 1 has a value."""
    if dim is None:
        return None
    if hasattr(dim, "value"):
        dim = dim.value
        if dim is None:
            return None
    try:
        return int(dim)
    except (TypeError, ValueError):
        return None


def plain_dtype(dtype):
    """Return the name of a dtype of Keras, TensorFlow or NumPy."""
    name = getattr(dtype, "name", None) or str(dtype)
    return name[4:] if name.startswith("tf.") else name.replace("torch.", "").replace("_ref", "")


def plain_tensor(value, shape=None):
    """Return {"shape", "dtype"} of something with a shape."""
    kept = getattr(value, "_keras_shape", None)  # Keras 2.3 and older keep static shapes beside the tensor
    out = {
        "shape": plain_shape(kept if kept is not None else value.shape if shape is None else shape),
        "dtype": plain_dtype(value.dtype),
    }
    kind = type(value).__name__
    if getattr(value, "sparse", False) is True or "Sparse" in kind:
        out["sparse"] = True
    if getattr(value, "ragged", False) is True or "Ragged" in kind:
        out["ragged"] = True
    return out


def plain(value, depth=0):
    """Return a structure of tensors and plain values as data."""
    if depth > policy.MAX_DEPTH:
        return None
    if value is None:
        return None
    if isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (bool, int, str)):
        return {"value": value}
    if isinstance(value, float):
        return {"value": value} if value == value and abs(value) != float("inf") else {"value": str(value)}
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return plain_tensor(value)
    if hasattr(value, "as_list"):  # a TensorShape
        shape = plain_shape(value)
        return {"value": shape}
    if isinstance(value, (list, tuple)):
        if value and all(item is None or isinstance(item, int) for item in value):
            return {"value": list(value)}
        return [plain(item, depth + 1) for item in value]
    type_spec = getattr(value, "type_spec", None)
    if type_spec is not None and hasattr(type_spec, "shape"):
        return plain_tensor(type_spec)
    return {"value": str(value)[:200]}


def size(shape):
    """Return the number of elements, or None where a dim is unknown."""
    total = 1
    for dim in shape or ():
        if dim is None:
            return None
        total *= dim
    return total


def state_of(weights, trainable, own_name):
    """Return the weights and parameter counts of a layer as plain data; never the values."""
    trained = {id(weight) for weight in trainable}
    rows, total, changing = [], 0, 0
    for weight in weights:
        shape = plain_shape(weight.shape)
        count = size(shape)
        if count is None or shape is None:
            return None, None
        name = getattr(weight, "path", None) or getattr(weight, "name", "") or ""
        name = name[:-2] if name.endswith(":0") else name
        if own_name and name.startswith(own_name + "/"):
            name = name[len(own_name) + 1 :]
        rows.append([name, shape, id(weight) in trained])
        total += count
        changing += count if id(weight) in trained else 0
    return rows, {"total": total, "trainable": changing}
