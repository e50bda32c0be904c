"""Keras objects of the program: layers constructed and called, models built, the program's own layers and models.

Here live the rules of Keras's object world: how layers bind arguments, when they build, how Sequential and Functional
models connect them. `layers` are made, `application` calls them, `custom` follows the program's own; `sequential`, `functional` and
`input_layer` make models, `model_calls` call them, `methods` and `events` are what is done with them. What a layer computes is in `keras_lsp.shapes`; what first-layer keywords mean is in the catalogue.
"""
