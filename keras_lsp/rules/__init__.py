"""Diagnostics: one rule per file, in the order of their codes in `registry.RULES`.

Codes are KER###: 0xx the tool, 1xx first-layer keywords, 2xx layer shapes, 3xx model and graph, 4xx data, loss and labels,
5xx Keras 2 to 3, 6xx arguments and identifiers, 9xx opinions. A rule reads `Facts` and the text, and reports only what is
certain. What is sure to fail is given to exactly one rule (`failures`), so that one mistake gives one diagnostic.

Deliberately not here: finding out what is true about a program (`keras_lsp.inference`), which rules are on
(`keras_lsp.project.settings`) and which findings are suppressed (`keras_lsp.project.suppression`).
"""
