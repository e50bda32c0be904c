"""From text to trees and contexts, for any text.

`parse` gives an `ast.Module` whatever the text is like; `calls` says where in a program a cursor stands; `comments` reads what
is said to keras-lsp in comments. Nothing here knows Keras, resolves names, or gives meaning to a tree.
"""
