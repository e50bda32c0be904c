"""Names that the open file alone cannot tell: where they are defined, and what they are called there.

`client` asks Jedi in a child process (`child`, the only importer of Jedi); `overlay` makes the stubs without which
Jedi finds nothing below `tensorflow.keras`. `sources` needs no Jedi: it reads the installed Keras's files to find a class
and the line that takes a hidden keyword. Nothing here imports or runs what it reads.
"""
