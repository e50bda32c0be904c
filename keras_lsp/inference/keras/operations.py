"""What Keras calls the functions and operators between layers: the rows that a model's summary has for them.

Keras 3 makes an `Operation` of every function of `keras.ops` on symbolic tensors, named after its class, which shares the
counters of layers' names (`keras/src/ops/operation.py`). Keras 2 makes a layer, `TFOpLambda` or `SlicingOpLambda`, named
after the function's canonical name in TensorFlow (`layers/core/tf_op_layer.py`). Functions that come to several operations
there have no row here.
"""

from __future__ import annotations

from functools import cache

from keras_lsp.inference.values import ListValue, Value
from keras_lsp.shapes.ops.signatures import canonical
from keras_lsp.shapes.refusals import snake_case

# TensorFlow 2.4 brought TFOpLambda; before it, such layers were called after the operations of the graph.
_LAMBDAS = (2, 4)

_OPERATORS = {
    "+": ("Add", "__operators__.add"),
    "-": ("Subtract", "math.subtract"),
    "*": ("Multiply", "math.multiply"),
    "/": ("TrueDivide", "math.truediv"),
    "//": ("FloorDivide", "math.floordiv"),
    "%": ("Mod", "math.floormod"),
    "**": ("Power", "math.pow"),
    "@": ("Matmul", "linalg.matmul"),
    "<": ("Less", "math.less"),
    "<=": ("LessEqual", "math.less_equal"),
    ">": ("Greater", "math.greater"),
    ">=": ("GreaterEqual", "math.greater_equal"),
}
_UNARY = {"-": ("Negative", "math.negative"), "abs": ("Absolute", "math.abs")}
_SUBSCRIPT = ("GetItem", "__operators__.getitem")

# Classes of `keras.ops` that are not the function's name in camel case.
_CLASSES = """
abs=Absolute swish=Silu hard_swish=HardSilu conj=Conjugate searchsorted=SearchSorted isin=IsIn batch_normalization=BatchNorm
layer_normalization=LayerNorm rms_normalization=RMSNorm ctc_loss=CTCLoss ctc_decode=CTCDecode psnr=PSNR allclose=AllClose
svd=SVD cdist=CDist fft=FFT fft2=FFT2 ifft2=IFFT2 rfft=RFFT irfft=IRFFT stft=STFT istft=ISTFT jvp=JVP
image.rgb_to_grayscale=RGBToGrayscale image.rgb_to_hsv=RGBToHSV image.hsv_to_rgb=HSVToRGB
image.extract_patches_3d=ExtractPatches image.ssim=SSIM
"""
_ACTIVATIONS = "exponential=Exp swish=Silu relu=ReLU"

# Canonical names of TensorFlow's functions that are not their spellings; `-` where a function is several operations.
_FUNCTIONS = """
=math. abs negative sign square sqrt exp sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sigmoid floor round
=math. logical_not add subtract multiply pow maximum minimum atan2 equal not_equal less less_equal greater greater_equal
=math. logical_and logical_or add_n reduce_mean reduce_sum reduce_prod reduce_max reduce_min reduce_logsumexp reduce_all
=math. reduce_any argmax argmin cumsum
=compat.v1. transpose squeeze pad gather gather_nd boolean_mask norm shape size nn.embedding_lookup nn.conv1d nn.conv2d
=compat.v1. nn.depthwise_conv2d nn.separable_conv2d nn.sigmoid_cross_entropy_with_logits math.in_top_k math.scalar_mul
=compat.v1. nn.sparse_softmax_cross_entropy_with_logits
=linalg. matmul eig eigvals
math.softsign=nn.softsign nn.softplus=math.softplus nn.tanh=math.tanh nn.sigmoid=math.sigmoid nn.swish=nn.silu
dtypes.cast=cast saturate_cast=dtypes.saturate_cast compat.v1.to_float=cast compat.v1.to_int32=cast compat.v1.to_int64=cast
math.floordiv=compat.v1.floor_div divide=math.truediv math.divide=math.truediv truediv=math.truediv math.mod=math.floormod
math.softmax=nn.softmax math.log_softmax=nn.log_softmax nn.l2_normalize=math.l2_normalize linalg.norm=compat.v1.norm
linalg.l2_normalize=math.l2_normalize linalg.tensordot=tensordot linalg.einsum=einsum nn.top_k=math.top_k
nn.lrn=nn.local_response_normalization nn.max_pool=nn.max_pool2d scalar_mul=compat.v1.math.scalar_mul complex=dtypes.complex as_string=strings.as_string
nn.softmax_cross_entropy_with_logits=compat.v1.nn.softmax_cross_entropy_with_logits_v2
nn.batch_normalization=- math.logical_xor=- nn.moments=- nn.convolution=- nn.atrous_conv2d=- linalg.logdet=-
image.sobel_edges=- image.total_variation=- image.image_gradients=- image.random_brightness=image.adjust_brightness
image.random_hue=image.adjust_hue image.random_contrast=image.adjust_contrast image.random_saturation=image.adjust_saturation
image.stateless_random_brightness=image.adjust_brightness image.stateless_random_hue=image.adjust_hue
image.stateless_random_contrast=image.adjust_contrast image.stateless_random_saturation=image.adjust_saturation
"""
# `keras.backend` of Keras 2: what each of its functions calls; those not listed call several.
_BACKEND = """
=math. abs square exp log sign round sin cos sigmoid tanh softplus pow maximum minimum equal not_equal greater greater_equal
=math. less less_equal l2_normalize argmax argmin cumsum cumprod
= cast zeros_like ones_like reshape expand_dims tile stack one_hot stop_gradient reverse
=keras.backend. switch cast_to_floatx binary_crossentropy sparse_categorical_crossentropy categorical_crossentropy
=keras.backend. categorical_focal_crossentropy ctc_decode print_tensor
softsign=nn.softsign bias_add=nn.bias_add softmax=nn.softmax clip=clip_by_value flatten=reshape dropout=nn.dropout
in_train_phase=keras.backend.switch in_test_phase=keras.backend.switch transpose=compat.v1.transpose squeeze=compat.v1.squeeze
permute_dimensions=compat.v1.transpose temporal_padding=compat.v1.pad spatial_2d_padding=compat.v1.pad gather=compat.v1.gather
spatial_3d_padding=compat.v1.pad resize_images=image.resize mean=math.reduce_mean std=math.reduce_std var=math.reduce_variance
sum=math.reduce_sum prod=math.reduce_prod max=math.reduce_max min=math.reduce_min shape=compat.v1.shape
"""


@cache
def _names(table: str) -> dict[str, str]:
    """A table of `name=other`, and of names that follow `=prefix` on their line and get that prefix."""
    found: dict[str, str] = {}
    for line in table.splitlines():
        prefix = ""
        for word in line.split():
            name, equals, other = word.partition("=")
            if equals and not name:
                prefix = other
            else:
                found[name] = other if equals else prefix + name
    return found


def operation(path: str, values: list[Value], keras: tuple[int, ...]) -> tuple[str, str] | None:
    """Class of an operation and what its name is counted under; `None` where it has no row that is known.

    Args:
        path: as inference names functions: "keras.ops.add", "operator +", "subscript", "keras array method reshape".
        values: the positional arguments; an operator with one operand has `None` behind it.
        keras: the version of Keras.
    """
    kind, _, rest = path.partition(" ")
    pair: tuple[str, str] | None = None
    if path == "subscript":
        pair = _SUBSCRIPT
    elif kind == "operator":
        unary = rest in _UNARY and len(values) == 2 and values[1] is None
        pair = _UNARY[rest] if unary else _OPERATORS.get(rest)
    if keras >= (3,):
        class_name = pair[0] if pair is not None else _class_of(path)
        return (class_name, snake_case(class_name)) if class_name else None
    if keras < _LAMBDAS:
        return None
    function = pair[1] if pair is not None else _function_of(path, values)
    if not function:
        return None
    return ("SlicingOpLambda" if path == "subscript" else "TFOpLambda", f"tf.{function}")


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.rpartition(".")[2].split("_"))


def _class_of(path: str) -> str | None:
    if path.startswith("keras array method "):
        return {"reshape": "Reshape", "squeeze": "Squeeze"}.get(path.rpartition(" ")[2])
    name = canonical(path) or ""
    if name.startswith("keras.ops."):
        name = name.removeprefix("keras.ops.")
        return _names(_CLASSES).get(name, _camel(name))
    if name.startswith("keras.activations."):
        name = name.removeprefix("keras.activations.")
        return _names(_ACTIVATIONS).get(name, _camel(name)) if name != "linear" else None
    return None


def _function_of(path: str, values: list[Value]) -> str | None:
    name = canonical(path) or ""
    if name == "tensorflow.concat" and values and isinstance(values[0], ListValue) and len(values[0].items or ()) == 1:
        return "identity"
    if name.startswith("tensorflow."):
        name = name.removeprefix("tensorflow.")
        return (found := _names(_FUNCTIONS).get(name, name)) and found.removeprefix("-")
    if name.startswith("keras.backend."):
        return _names(_BACKEND).get(name.removeprefix("keras.backend."))
    return None
