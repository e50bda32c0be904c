"""The command line: `keras-lsp check`, `shapes`, `summary`, `graph`, `explain`, `server`, `doctor` and their output.

One module per command; each is imported only when it is called, so that `check` never pays for the server. Deliberately
not here: analysis itself, which is `keras_lsp.analysis`.
"""

from keras_lsp.cli.main import main

__all__ = ["main"]
