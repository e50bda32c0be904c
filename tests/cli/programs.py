"""Programs with a known number of findings; rules and wording have tests of their own."""

from __future__ import annotations

import json

CLEAN = "import keras\n\nmodel = keras.Sequential([keras.Input((10,)), keras.layers.Dense(4)])\n"

SAFE = """import keras

model = keras.Sequential([
    keras.Input((10, 1)),
    keras.layers.LSTM(4),
    keras.layers.LSTM(2),
])
"""
"""One error (KER202), with a safe fix."""

UNSAFE = "import keras\n\nmodel = keras.Sequential([keras.Input((10,)), keras.layers.LSTM(4)])\n"
"""One error (KER201), with an unsafe fix."""

UNFIXABLE = "import keras\n\nlayer = keras.layers.Dense(4, colour='red')\n"
"""One error (KER108), without a fix."""


def notebook(*cells: str, indent: int = 1) -> str:
    """A notebook of code cells, with a Markdown cell before them."""
    content = {
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "text"]},
            *(
                {
                    "cell_type": "code",
                    "execution_count": None,
                    "metadata": {},
                    "outputs": [],
                    "source": cell.splitlines(keepends=True),
                }
                for cell in cells
            ),
        ],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=indent, ensure_ascii=False) + "\n"
