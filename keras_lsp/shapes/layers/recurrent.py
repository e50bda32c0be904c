"""Recurrent layers and cells, convolutional ones included."""

from __future__ import annotations
