"""Layers around another layer: TimeDistributed, Bidirectional, SpectralNormalization."""

from __future__ import annotations
