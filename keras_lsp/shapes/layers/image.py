"""Image augmentation layers: random transformations, mixing of images, and their pipelines."""

from __future__ import annotations
