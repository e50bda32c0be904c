"""Text from a program on its way to a screen."""

from __future__ import annotations

import re

# Control characters, which steer terminals, and those that turn the direction of what follows, which make code look like other code.
_STEERING = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """The text with each steering character replaced by one that says that something cannot be shown."""
    return _STEERING.sub("\ufffd", text)
