"""Preprocessing layers: normalization, discretization, hashing, lookups, text, rescaling and resizing, spectrograms."""

from __future__ import annotations
