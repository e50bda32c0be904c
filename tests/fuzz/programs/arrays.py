"""Operations between layers."""

import keras
import numpy as np
from keras import ops

a = np.arange(24).reshape(2, 3, 4)
b = np.concatenate([a, a[:, ::-1]], axis=1)
c = np.stack([b.sum(axis=-1), b.mean(-1), np.zeros_like(b[..., 0])], axis=-1)
d = np.expand_dims(c, 0) @ np.ones((3, 5))
x = keras.Input((6, 3))
y = ops.transpose(x, (0, 2, 1))
z = ops.matmul(y, x) / ops.sqrt(3.0)
w = ops.softmax(ops.where(z > 0, z, -1e9), axis=-1)
p, q, r = ops.split(w, 3, axis=1)
v = ops.squeeze(p, 1) + ops.max(q, axis=1) * keras.layers.Dense(3)(ops.reshape(r, (-1, 3)))
n = [size * 2 for size in d.shape if size > 2] or [1]
m = {name: keras.layers.Dense(size)(v) for name, size in zip("ab", n, strict=False)}
out = keras.layers.Add()([value[:, :2] for value in m.values()])
