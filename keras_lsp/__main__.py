"""`python -m keras_lsp` is the command `keras-lsp`."""

from keras_lsp.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
