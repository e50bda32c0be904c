"""What may be asked: the allow-list of public names, and the refusals, each with its reason."""

import inspect
import re
import types

MAX_DIM = 2**31 - 1
MAX_RANK = 32
MAX_DEPTH = 40
MAX_ITEMS = 20000
MAX_STRING = 4096
MAX_ARRAY = 2 * 10**7  # elements of a zero-filled array

# First name -> the packages that may be asked about, and under which names things count as public there.
EXTRA_LAYER_PACKAGES = ("keras_hub", "keras_cv", "keras_nlp")

LAYER_SECTIONS = (
    "layers",
    "layers.experimental",
    "layers.experimental.preprocessing",
    "layers.preprocessing",
)
OBJECT_SECTIONS = (
    "initializers",
    "regularizers",
    "constraints",
    "activations",
    "losses",
    "metrics",
    "optimizers",
    "dtype_policies",
    "mixed_precision",
    "mixed_precision.experimental",
    "quantizers",
    "random",
)
OP_SECTIONS = (
    "ops",
    "ops.image",
    "ops.linalg",
    "ops.nn",
    "ops.numpy",
    "backend",
    "activations",
    "random",
    "losses",
    "metrics",
)
TENSORFLOW_SECTIONS = ("math", "linalg", "nn", "image", "signal", "random", "strings", "sparse", "bitwise", "ragged")
TENSORFLOW_FUNCTIONS = frozenset(
    [
        "abs",
        "acos",
        "acosh",
        "add",
        "add_n",
        "argmax",
        "argmin",
        "argsort",
        "asin",
        "asinh",
        "atan",
        "atan2",
        "atanh",
        "batch_to_space",
        "bitcast",
        "boolean_mask",
        "broadcast_dynamic_shape",
        "broadcast_static_shape",
        "broadcast_to",
        "case",
        "cast",
        "clip_by_global_norm",
        "clip_by_norm",
        "clip_by_value",
        "complex",
        "concat",
        "constant",
        "convert_to_tensor",
        "cos",
        "cosh",
        "cumsum",
        "divide",
        "dynamic_partition",
        "dynamic_stitch",
        "edit_distance",
        "eig",
        "eigvals",
        "einsum",
        "ensure_shape",
        "equal",
        "exp",
        "expand_dims",
        "extract_volume_patches",
        "eye",
        "fill",
        "fingerprint",
        "floor",
        "gather",
        "gather_nd",
        "greater",
        "greater_equal",
        "histogram_fixed_width",
        "identity",
        "identity_n",
        "less",
        "less_equal",
        "linspace",
        "logical_and",
        "logical_not",
        "logical_or",
        "matmul",
        "maximum",
        "meshgrid",
        "minimum",
        "multiply",
        "negative",
        "no_op",
        "norm",
        "not_equal",
        "one_hot",
        "ones",
        "ones_like",
        "pad",
        "pow",
        "range",
        "rank",
        "realdiv",
        "repeat",
        "recompute_grad",
        "reduce_all",
        "reduce_any",
        "reduce_logsumexp",
        "reduce_max",
        "reduce_mean",
        "reduce_min",
        "reduce_prod",
        "reduce_sum",
        "repeat",
        "required_space_to_batch_paddings",
        "reshape",
        "reverse",
        "reverse_sequence",
        "roll",
        "round",
        "saturate_cast",
        "scalar_mul",
        "scatter_nd",
        "searchsorted",
        "sequence_mask",
        "shape",
        "shape_n",
        "sigmoid",
        "sign",
        "sin",
        "sinh",
        "size",
        "slice",
        "sort",
        "space_to_batch",
        "space_to_batch_nd",
        "split",
        "sqrt",
        "square",
        "squeeze",
        "stack",
        "stop_gradient",
        "strided_slice",
        "subtract",
        "switch_case",
        "tan",
        "tanh",
        "tensor_scatter_nd_add",
        "tensor_scatter_nd_max",
        "tensor_scatter_nd_min",
        "tensor_scatter_nd_sub",
        "tensor_scatter_nd_update",
        "tensordot",
        "tile",
        "timestamp",
        "transpose",
        "truediv",
        "truncatediv",
        "truncatemod",
        "tuple",
        "unique",
        "unique_with_counts",
        "unravel_index",
        "unstack",
        "vectorized_map",
        "where",
        "zeros",
        "zeros_like",
    ]
)
OPERATORS = frozenset(
    [
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "matmul",
        "neg",
        "pos",
        "abs",
        "invert",
        "and_",
        "or_",
        "xor",
        "lt",
        "le",
        "gt",
        "ge",
        "eq",
        "ne",
        "getitem",
    ]
)

# Layers that run code which is not Keras's own, or read files.
REFUSED_LAYERS = {
    "Lambda": "a Lambda runs the program's own code",
    "TFSMLayer": "TFSMLayer loads a file",
    "TorchModuleWrapper": "TorchModuleWrapper runs the program's own code",
    "FlaxLayer": "FlaxLayer runs the program's own code",
    "JaxLayer": "JaxLayer runs the program's own code",
}
# Functions of keras.backend that change or read the state of the process, or run it.
REFUSED_OPS = re.compile(
    r"(set|clear|reset|manual|get_session|get_graph|get_value|batch_get|batch_set|eval|function|gradients|print"
    r"|learning_phase|foldl|foldr|map_fn|py_all|py_any|py_sum|rnn|switch|in_train_phase|in_test_phase|track|get_uid)"
)
# Arguments that name a file when they are a string.
FILE_ARGUMENTS = frozenset(["vocabulary", "filepath", "file_path", "path", "fname", "idf_weights"])
# Keys of a serialized object: Keras imports the module that such a dict names.
SERIALIZED_KEYS = frozenset(["class_name", "registered_name", "module", "build_config"])

_IDENTIFIER = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")


class Refused(Exception):
    """The question is not one that the worker answers; the text says why."""


class Absent(Exception):
    """The installed Keras has no such public name."""


def resolve(root, dotted, what):
    """Walk from a module to a public member, through modules only."""
    here = root
    parts = dotted.split(".")
    for position, part in enumerate(parts):
        if not _IDENTIFIER.match(part):
            raise Refused("%s is not a public name" % dotted)
        try:
            here = getattr(here, part)
        except (AttributeError, ImportError):
            raise Absent("the installed Keras has no %s named %s" % (what, dotted))
        if position < len(parts) - 1 and not isinstance(here, types.ModuleType):
            # TensorFlow's lazy loaders are modules; anything else is an attribute of an object.
            raise Refused("%s is not a public name" % dotted)
    return here


def split(name):
    """Return ("keras", "layers", "Dense") for keras.layers.Dense."""
    if not isinstance(name, str) or len(name) > 200:
        raise Refused("the name is not a public name")
    parts = name.split(".")
    return parts[0], ".".join(parts[1:-1]), parts[-1]


def check_public_layer(name, section, member):
    """Refuse layers that run other code than Keras's own."""
    if member in REFUSED_LAYERS:
        raise Refused(REFUSED_LAYERS[member])
    if section not in LAYER_SECTIONS and (section, member) not in (
        ("", "Sequential"),
        ("models", "Sequential"),
        ("", "InputSpec"),
    ):
        raise Refused("%s is not a public layer" % name)


def check_call(arguments):
    """Refuse arguments that would make Keras read a file or fetch a URL."""
    for key, value in arguments.items():
        if not isinstance(key, str):
            raise Refused("a keyword is not a string")
        if key in FILE_ARGUMENTS and isinstance(value, str):
            raise Refused("%s=%r names a file" % (key, value))
        if isinstance(value, str) and key != "name":
            check_string(value)


def check_positional(callee, args):
    """Refuse a file name given by position."""
    if any(isinstance(value, str) for value in args):
        try:
            names = list(inspect.signature(callee).parameters)
        except (TypeError, ValueError):
            return
        check_call({name: value for name, value in zip(names, args) if name in FILE_ARGUMENTS})


def check_string(value):
    """Refuse strings that could be a path, a URL or an importable name."""
    if len(value) > MAX_STRING:
        raise Refused("a string is too long")
    if "://" in value:
        raise Refused("the arguments contain a URL")
    if "/" in value or "\\" in value:
        raise Refused("the arguments contain a path")
    if ">" in value.replace("->", ""):
        raise Refused("%r names a custom object" % value)


def check_dict(keys):
    """Refuse serialized objects: Keras would import the module that they name."""
    if SERIALIZED_KEYS & {key for key in keys if isinstance(key, str)}:
        raise Refused("a serialized object names code to import")


def is_layer_class(value, base):
    """Tell whether a resolved member is a layer class."""
    return inspect.isclass(value) and issubclass(value, base)
