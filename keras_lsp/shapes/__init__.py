"""Pure shape algebra: what Keras computes from shapes, without Keras.

Here live the dimension (`dim`), the tensor description (`tensor`), what an answer looks like (`outcome`), and one
output-shape function per layer family (`layers/`) and op family (`ops/`). Parameter counts are products of weight shapes.

Deliberately not here: Python programs, names and imports, source positions, messages for people. Nothing in this room
imports another room, does I/O or guesses: a function that cannot be exact raises `Undetermined` with the reason.
"""
