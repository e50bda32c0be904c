"""Layers that merge several tensors into one: elementwise merges, concatenation, dot products."""

from __future__ import annotations
