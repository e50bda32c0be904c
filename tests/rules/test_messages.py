"""What messages say of values that are not known."""

from __future__ import annotations

from tests.scenarios import analyse


def test_sizes_have_the_names_that_the_program_gives_them() -> None:
    (finding,) = analyse('import keras\nx = keras.Input((8, stride, "images"))\n', "3.15").findings
    assert "it is (8, stride, 'images')" in finding.message
    assert "Cannot convert '(8, stride, 'images')' to a shape" in finding.message
