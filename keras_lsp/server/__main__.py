"""`python -m keras_lsp.server` is `keras-lsp server`."""

from keras_lsp.server import main

if __name__ == "__main__":
    raise SystemExit(main())
