"""Arguments of Keras 2 that Keras 3 renamed or dropped; a few of them it still takes, with a warning."""

from __future__ import annotations

# (class, Keras 2 argument) -> Keras 3 argument, "" where it is gone; "*" is any layer.
KERAS_2: dict[tuple[str, str], str] = {
    ("LeakyReLU", "alpha"): "negative_slope",
    ("*", "time_major"): "",
    ("*", "workers"): "",
    ("*", "use_multiprocessing"): "",
    ("*", "max_queue_size"): "",
    ("train_on_batch", "reset_metrics"): "",
    ("test_on_batch", "reset_metrics"): "",
    ("*", "implementation"): "",
    ("BatchNormalization", "renorm"): "",
    ("BatchNormalization", "renorm_clipping"): "",
    ("BatchNormalization", "renorm_momentum"): "",
    ("BatchNormalization", "fused"): "",
    ("BatchNormalization", "virtual_batch_size"): "",
    ("BatchNormalization", "adjustment"): "",
}
