"""What a text is: documents, lines and positions, edits, bytes, notebooks.

Everything here is a value: nothing is changed in place, nothing is read from disk, and only the standard library is used.
Offsets are code points of one document version; client units exist only at the edges (`LineIndex.position`, `apply_changes`).
Python is known here only as far as its tokens (`tokens`), which notebooks and broken text need; what tokens mean lives in
`keras_lsp.syntax`.
"""
