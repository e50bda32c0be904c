"""Keywords that a layer or metric takes without declaring them: its constructor pops them, or passes them on to a base class that does.

`DepthwiseConv2D(3, kernel_initializer="zeros")` runs in Keras 2, for `Conv.__init__` has that parameter, and `LSTM(4, implementation=1)`
runs in Keras 3, for `LSTM.__init__` takes it out of its `**kwargs`. Measured by constructing each layer with each parameter of its
bases and each keyword that their constructors pop (Keras 2.3.1, TensorFlow 2.3.0, Keras 2.15.0, 3.0.5, 3.3.3, 3.6.0, 3.10.0, 3.13.0,
3.14.0 and 3.15.1). The keywords that every layer takes are in `keywords`. tf.keras adds `kernel_layout` and the like, and `mesh` to
metrics, for DTensor, by decorators of constructors (tf_keras/src/dtensor/utils.py).
"""

from __future__ import annotations

from keras_lsp.catalogue.version import Contract, KerasVersion

_CONVOLUTIONS = "Conv1D Conv2D Conv3D"
_TRANSPOSED = "Conv1DTranspose Conv2DTranspose Conv3DTranspose"
_DEPTHWISE = "DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D"
_CONVOLUTIONAL_RECURRENT = "ConvLSTM1D ConvLSTM2D ConvLSTM3D"
_GENERATORS = (
    "AdditiveAttention AlphaDropout Attention Dropout GaussianDropout GaussianNoise GRU GRUCell LSTM LSTMCell SimpleRNNCell "
    "SpatialDropout1D SpatialDropout2D SpatialDropout3D"
)
_AUGMENTATIONS = (
    "AugMix AutoContrast CenterCrop ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MaxNumBoundingBoxes MixUp "
    "RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform "
    "RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective RandomRotation "
    "RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom Resizing Solarization"
)

# Keywords: layers that take them.
_STANDALONE = {
    "dilation_rate": "Conv3DTranspose",
    "go_backwards": "CuDNNGRU CuDNNLSTM",
    "implementation": "SimpleRNN",
    "kernel_constraint kernel_initializer kernel_regularizer": "DepthwiseConv2D SeparableConv1D SeparableConv2D",
    "noise_shape seed": "SpatialDropout1D SpatialDropout2D SpatialDropout3D",
    "return_state unroll": "ConvLSTM2D",
    "reverse_state_order": "StackedRNNCells",
    "transform_bias": "Highway",
}
_TENSORFLOW = {
    "adjustment fused renorm renorm_clipping renorm_momentum virtual_batch_size": "BatchNormalization",
    "beta_layout gamma_layout": "BatchNormalization LayerNormalization",
    "bias_layout kernel_layout": f"{_CONVOLUTIONS} {_TRANSPOSED} Dense",
    "bins": "Discretization",
    "causal dropout": "AdditiveAttention Attention",
    "conv_op": f"{_CONVOLUTIONS} {_TRANSPOSED} {_DEPTHWISE}",
    "embeddings_layout": "Embedding",
    "enable_caching_device": "GRU GRUCell LSTM LSTMCell SimpleRNN SimpleRNNCell",
    "force_generator rng_type": _GENERATORS,
    "groups": f"{_TRANSPOSED} {_DEPTHWISE}",
    "has_input_vocabulary vocabulary_size": "IntegerLookup StringLookup TextVectorization",
    "has_static_table": "IntegerLookup StringLookup",
    "implementation": "GRU GRUCell LSTM LSTMCell SimpleRNN",
    "keepdims": "GlobalAveragePooling1D",
    "kernel_constraint kernel_initializer kernel_regularizer": _DEPTHWISE,
    "mask_value max_values oov_value": "IntegerLookup",
    "moving_mean_layout moving_variance_layout": "BatchNormalization",
    "noise_shape": "SpatialDropout1D SpatialDropout2D SpatialDropout3D",
    "return_runtime": "GRU LSTM",
    "reverse_state_order": "StackedRNNCells",
    "rng_type": (
        "RandomBrightness RandomContrast RandomCrop RandomFlip RandomHeight RandomRotation RandomTranslation RandomWidth RandomZoom"
    ),
    "seed": f"{_GENERATORS} AdditiveAttention Attention",
    "time_major": f"{_CONVOLUTIONAL_RECURRENT} SimpleRNN",
    "unroll": _CONVOLUTIONAL_RECURRENT,
    "use_one_hot_matmul": "Embedding",
    "zero_output_for_mask": f"{_CONVOLUTIONAL_RECURRENT} GRU LSTM RNN SimpleRNN",
}
_KERAS_3 = {
    "alpha": "LeakyReLU",
    "bounding_box_format data_format factor": _AUGMENTATIONS,
    "has_input_vocabulary vocabulary_size": "IntegerLookup StringLookup TextVectorization",
    "implementation": "GRU GRUCell LSTM LSTMCell",
    "lora_alpha lora_rank": f"{_CONVOLUTIONS} ReversibleEmbedding",
    "oov_method": "StringLookup",
    "output_padding": _TRANSPOSED,
    "quantization_config": "ReversibleEmbedding",
    "rms_scaling": "LayerNormalization",
    "score_mode seed": "AdditiveAttention",
    "unroll": _CONVOLUTIONAL_RECURRENT,
    "value_range": "RandomRotation",
    "zero_output_for_mask": f"{_CONVOLUTIONAL_RECURRENT} GRU LSTM SimpleRNN",
}


def _pairs(rows: dict[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (layer, k) for keywords, layers in rows.items() for k in keywords.split() for layer in layers.split()
    )


_PASSED_ON = {
    Contract.A: _pairs(_STANDALONE),
    Contract.B: _pairs(_TENSORFLOW),
    Contract.C: _pairs(_TENSORFLOW),
    Contract.D: _pairs(_KERAS_3),
}


# Keywords that all metrics take.
_OF_METRICS = {Contract.B: frozenset(("mesh",)), Contract.C: frozenset(("mesh",))}


def is_passed_on(layer: str, keyword: str, version: KerasVersion) -> bool:
    """Whether a layer or metric (main name or, of a layer, bare class name) takes a keyword that is not in its signature."""
    if layer.startswith("keras.metrics."):
        return keyword in _OF_METRICS.get(version.contract, ())
    return (layer.rpartition(".")[2], keyword) in _PASSED_ON[version.contract]
