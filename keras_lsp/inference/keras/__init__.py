"""Keras objects of the program: layers constructed and called, models built, the program's own layers and models.

Here live the rules of Keras's object world: how layers bind arguments, when they build, how Sequential and Functional
models connect them. What a layer computes is in `keras_lsp.shapes`; what first-layer keywords mean is in the catalogue.
"""
