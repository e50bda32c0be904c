"""From text to trees and contexts, for any text.

`parse` gives an `ast.Module` whatever the text is like (`parsed`): by Python's own parser (`compiling`), after `repair` where that
gives up, and with what was kept of the version before (`splicing`). `calls`, `names` and `completions` say what stands at a
cursor, read from tokens alone (`cursor`), so that they work while a statement is being typed; their offsets are those of the text
given. `comments` reads what is said to keras-lsp in comments. Nothing here knows Keras, resolves names, or gives meaning to a tree.
"""
