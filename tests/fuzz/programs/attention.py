"""A transformer block as a layer of its own."""

import keras
from keras import layers, ops


class Block(layers.Layer):
    """Attention, then two Dense layers, each with its shortcut."""

    def __init__(self, width, heads, hidden, rate=0.1, **kwargs):
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(num_heads=heads, key_dim=width // heads)
        self.feed = keras.Sequential([layers.Dense(hidden, activation="gelu"), layers.Dense(width)])
        self.norms = [layers.LayerNormalization(epsilon=1e-6) for _ in range(2)]
        self.dropout = layers.Dropout(rate)

    def call(self, x, training=False):
        attended = self.dropout(self.attention(x, x), training=training)
        x = self.norms[0](x + attended)
        return self.norms[1](x + self.feed(x))


tokens = keras.Input(shape=(128,), dtype="int32")
positions = ops.arange(0, 128, 1)
x = layers.Embedding(20_000, 64)(tokens) + layers.Embedding(128, 64)(positions)
for _ in range(2):
    x = Block(64, 4, 256)(x)
x = layers.GlobalAveragePooling1D()(x)
model = keras.Model(tokens, layers.Dense(2, activation="softmax")(x))
