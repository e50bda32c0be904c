"""What a person sees in the editor: hovers, hints, completions, signatures, lenses, symbols, summaries and pictures.

Every feature is a function of `Facts` (and the text) at code-point offsets and answers with plain data (`types`). Escaping for
Markdown, Mermaid, SVG and HTML is in `markup` alone.

Deliberately not here: the protocol and client units (`keras_lsp.server`), files and environments (`keras_lsp.project`), and
anything that decides what is true about a program (`keras_lsp.inference`, `keras_lsp.rules`).
"""
