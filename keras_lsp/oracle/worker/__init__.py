"""The Keras worker: asks the installed Keras what a layer, op or application gives, without allocating weights.

It runs in the user's interpreter by file path and so depends on nothing but the standard library and Keras, in a syntax
that Python 3.7 reads. It receives public names and literal arguments as JSON lines, never source text; what it refuses
is in `policy`, how it is confined in `isolation`, how each Keras generation is asked in `keras3` and `keras2`.
"""
