"""Layers against real Keras; importing the package fills the table of configurations."""

from tests.shapes import configurations_preprocessing, configurations_recurrent

__all__ = ["configurations_preprocessing", "configurations_recurrent"]
