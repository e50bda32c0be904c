"""Limits on texts, each with its reason."""

from __future__ import annotations

MAX_SOURCE_BYTES = 5_000_000
"""No program written by hand comes near (the largest module of TensorFlow has 0.6 MB); what is larger is generated data."""

MAX_NOTEBOOK_BYTES = 64_000_000
"""A notebook holds its outputs, images above all: 20 MB is ordinary. Reading 64 MB of JSON takes about a second."""

MAX_NOTEBOOK_CELLS = 10_000
"""Fifty times the longest course notebooks; beyond it the file is no notebook that a person reads."""
