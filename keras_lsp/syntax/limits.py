"""Limits on parsing, each with its reason."""

from __future__ import annotations

MAX_REPAIR_CHARACTERS = 1_000_000
"""A broken text longer than this is not repaired: splitting it into tokens alone would take more than two seconds."""

MAX_STATEMENT_CHARACTERS = 100_000
"""A broken statement longer than this is a data literal; each attempt to repair it costs a parse of the whole."""

MAX_STATEMENT_ATTEMPTS = 60
"""Attempts at one statement: about six at each bracket around the error, ten brackets deep."""

MAX_BLOCK_ATTEMPTS = 20
"""Statements given up one after the other in a top-level block before the whole block is."""

MAX_TREE_DEPTH = 220
"""Depth of nested nodes. Code by hand stays below 60. Visitors use up to four Python frames for a level, of the 1,000 that Python has."""
