"""The abstract interpreter: evaluates a program's model-building code over shapes, within a budget, and records facts.

Here live the abstract values, the interpreter of Python's statements and expressions, and `library/`: what calls into
Keras, TensorFlow, NumPy and the standard library do to abstract values. The only thing that leaves this room is `Facts`.

Deliberately not here: rules and messages (the interpreter knows no rule), I/O, clocks other than the budget's, and any
execution or import of the program under analysis.
"""
