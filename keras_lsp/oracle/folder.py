"""The folder in which keras-lsp keeps what it may lose: never one of the workspace."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where the caches of this user are; KERAS_LSP_CACHE_DIR names another folder."""
    named = os.environ.get("KERAS_LSP_CACHE_DIR")
    if named:
        return Path(named)
    import platformdirs  # only needed, and only loaded, where nobody named a folder

    return Path(platformdirs.user_cache_dir("keras-lsp", appauthor=False))
