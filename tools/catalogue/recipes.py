"""The least arguments that construct each layer, as Python source over `keras` and `L` (`keras.layers`).

A layer that is not here needs none. Runs on Python 3.7.
"""

_FAMILIES = (
    ("units=3", "Dense SimpleRNN LSTM GRU CuDNNLSTM CuDNNGRU SimpleRNNCell LSTMCell GRUCell"),
    ("groups=2", "GroupNormalization"),
    ("activation='relu'", "Activation"),
    (
        "rate=0.5",
        "Dropout AlphaDropout GaussianDropout SpatialDropout1D SpatialDropout2D SpatialDropout3D",
    ),
    ("stddev=0.5", "GaussianNoise"),
    ("input_dim=10, output_dim=4", "Embedding ReversibleEmbedding"),
    (
        "filters=2, kernel_size=3",
        "Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose SeparableConv1D SeparableConv2D "
        "LocallyConnected1D LocallyConnected2D ConvLSTM1D ConvLSTM2D ConvLSTM3D ConvLSTM2DCell ConvLSTM1DCell "
        "ConvLSTM3DCell ConvRecurrent2D",
    ),
    ("kernel_size=3", "DepthwiseConv1D DepthwiseConv2D"),
    ("pool_size=2", "AveragePooling1D AveragePooling2D AveragePooling3D"),
    (
        "output_size=2",
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D "
        "AdaptiveMaxPooling2D AdaptiveMaxPooling3D",
    ),
    ("cells=[L.SimpleRNNCell(3)]", "StackedRNNCells"),
    ("cell=L.SimpleRNNCell(3)", "RNN"),
    ("layer=L.LSTM(3)", "Bidirectional"),
    ("layer=L.Dense(3)", "TimeDistributed Wrapper SpectralNormalization"),
    ("function=lambda x: x * 2", "Lambda"),
    ("dims=(2, 1)", "Permute"),
    ("n=3", "RepeatVector"),
    ("target_shape=(2, 2)", "Reshape"),
    ("axes=1", "Dot"),
    ("num_heads=2, key_dim=3", "MultiHeadAttention"),
    ("head_dim=4, num_query_heads=2, num_key_value_heads=2", "GroupQueryAttention GroupedQueryAttention"),
    ("equation='ab,bc->ac', output_shape=3", "EinsumDense"),
    ("height=4, width=4", "Resizing CenterCrop RandomCrop"),
    ("scale=0.5", "Rescaling"),
    (
        "factor=0.1",
        "RandomBrightness RandomContrast RandomRotation RandomHeight RandomWidth RandomHue RandomSaturation "
        "RandomColorDegeneration RandomSharpness",
    ),
    ("factor=4", "RandomPosterization"),
    ("height_factor=0.1, width_factor=0.1", "RandomTranslation"),
    ("height_factor=0.1", "RandomZoom"),
    (
        "value_range=(0, 255)",
        "Solarization AutoContrast Equalization RandAugment AugMix CutMix MixUp RandomColorJitter "
        "RandomElasticTransform RandomGaussianBlur",
    ),
    ("max_number=4", "MaxNumBoundingBoxes"),
    ("layers=[L.Rescaling(0.5)]", "Pipeline"),
    ("vocabulary=['a', 'b']", "StringLookup"),
    ("vocabulary=[1, 2]", "IntegerLookup"),
    ("num_bins=3", "Hashing HashedCrossing"),
    ("bin_boundaries=[0., 1.]", "Discretization"),
    ("num_tokens=5", "CategoryEncoding"),
    ("output_dim=3", "MaxoutDense RandomFourierFeatures"),
    ("feature_columns=[]", "DenseFeatures"),
    ("input_shape=(4,)", "InputLayer"),
)

# Tried in this order when the first does not construct the layer: versions differ.
_ALTERNATIVES = {
    "InputLayer": ("shape=(4,)", "input_shape=(4,)"),
    "CategoryEncoding": ("num_tokens=5", "max_tokens=5"),
    "Discretization": ("bin_boundaries=[0., 1.]", "bins=[0., 1.]"),
    "CutMix": ("", "factor=0.5"),
    "MixUp": ("", "factor=0.5"),
    "RandomElasticTransform": ("", "value_range=(0, 255)"),
    "RandomColorJitter": ("", "value_range=(0, 255)"),
    "RandomGaussianBlur": ("", "value_range=(0, 255)"),
    "AugMix": ("", "value_range=(0, 255)"),
    "StringLookup": ("", "vocabulary=['a', 'b']"),
    "IntegerLookup": ("", "vocabulary=[1, 2]"),
    "STFTSpectrogram": ("", "window=None"),  # the default window needs SciPy
    "Normalization": ("mean=0., variance=1.", ""),
}

RECIPES = {name: (source,) for source, names in _FAMILIES for name in names.split()}
RECIPES.update(_ALTERNATIVES)
