"""Doors into other people's programs: a plugin of python-lsp-server, and the entry point that jupyter-lsp looks for.

Both exist because JupyterLab and some editors use one server per language: there keras-lsp has to live inside the general one.

Deliberately not here: anything that decides what an answer says. These modules are imported when their hosts start, so
whatever is heavy is imported on the first use.
"""

from __future__ import annotations
