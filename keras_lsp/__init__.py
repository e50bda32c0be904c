"""keras-lsp: tensor shapes and shape bugs of Keras programs, while you type.

Importing this package costs nothing; `keras_lsp.analysis` is the API that front ends use.
"""

__version__ = "0.1.0"
