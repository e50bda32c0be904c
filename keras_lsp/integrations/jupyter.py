"""The entry point `jupyter_lsp_spec_v1`: how jupyter-lsp starts `keras-lsp server` for JupyterLab.

JupyterLab asks one server per language: that of the highest rank, and of equal ones the first by name. Where python-lsp-server is
installed, it answers for all of Python, and for Keras through `keras_lsp.integrations.pylsp`; keras-lsp then stays out of its way.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Any


def spec(app: Any) -> dict[str, dict[str, Any]]:
    """The specification of the server, version 2 of jupyter-lsp's schema, none where python-lsp-server has our plugin.

    `app` is jupyter-lsp's manager, which is not needed.
    """
    del app
    if importlib.util.find_spec("pylsp") is not None:
        return {}
    return {
        "keras-lsp": {
            "version": 2,
            "display_name": "keras-lsp",
            # The interpreter that runs JupyterLab: keras-lsp is installed there, or nobody would have called this.
            "argv": [sys.executable, "-m", "keras_lsp", "server"],
            "languages": ["python"],
            "mime_types": ["text/python", "text/x-ipython"],
            # Documents come over the wire; shadow files in .virtual_documents would only confuse.
            "requires_documents_on_disk": False,
            "urls": {"home": "https://keras-lsp.readthedocs.io", "issues": "https://keras-lsp.readthedocs.io/issues/"},
            "install": {"pip": "pip install keras-lsp", "conda": "conda install -c conda-forge keras-lsp"},
        }
    }
