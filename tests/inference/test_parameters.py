"""Layers that have their weights before anybody calls them; `models.md` has real Keras count the same."""

from __future__ import annotations

import pytest

from keras_lsp.catalogue.version import LATEST
from keras_lsp.inference.budget import Budget
from keras_lsp.inference.interpreter import infer
from keras_lsp.inference.world import World
from keras_lsp.syntax.parse import parse


@pytest.mark.parametrize(
    ("program", "params"),
    [
        ("layer = keras.layers.Dense(4)\nlayer.build((None, 8))\n", 36),
        ("layer = keras.layers.Normalization()\nlayer.adapt(np.zeros((3, 8)))\n", 17),
    ],
)
def test_a_layer_that_is_built_by_hand_is_counted(program: str, params: int) -> None:
    facts = infer(parse(f"import keras\nimport numpy as np\n{program}"), World(LATEST), Budget())
    (layer,) = facts.layers
    assert layer.params == params
