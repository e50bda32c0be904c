"""What messages say of values that are not known."""

from __future__ import annotations

import pytest

from tests.scenarios import analyse


def test_sizes_have_the_names_that_the_program_gives_them() -> None:
    (finding,) = analyse('import keras\nx = keras.Input((8, stride, "images"))\n', "3.15").findings
    assert "it is (8, stride, 'images')" in finding.message
    assert "Cannot convert '(8, stride, 'images')' to a shape" in finding.message


@pytest.mark.parametrize("version", ["3.15", "2.15"])
@pytest.mark.parametrize(
    "size", ["model", "keras.layers.Dense", "lambda: 3", "KeyboardInterrupt", "...", "slice(1)", "{}", "b''"]
)
def test_what_is_no_size_is_no_mistake_of_ours(size: str, version: str) -> None:
    """Found by tests/fuzz: anything may stand where a size belongs."""
    source = f"""import keras
model = keras.Sequential([keras.layers.Dense(3)])
a = keras.Sequential([keras.layers.Dense(3, input_dim={size}), keras.layers.Dense(4)])
b = keras.Sequential([keras.layers.Conv1D(3, 2, input_shape=(8, {size})), keras.layers.Flatten()])
c = keras.layers.Conv1D(3, 2)(keras.Input(({size}, 8)))
"""
    assert analyse(source, version).facts.internal_errors == []
