"""Promises about time, kept on an idle machine and tested on busy ones."""

from __future__ import annotations

import os


def allowed(seconds: float) -> float:
    """How long something may take here and now that takes `seconds` on an idle machine.

    As many times longer as processes wait for each processor, by the system's own average; on an idle machine it is `seconds`.
    """
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return seconds * max(1.0, 1.5 * load / (os.cpu_count() or 1))
