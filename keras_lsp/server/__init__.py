"""The language server: documents in, answers out.

Only this package imports pygls and lsprotocol. `transport` moves bytes, `dispatch` decides who answers what and sees to it that
every request gets exactly one response, `session` holds documents and worlds, `requests/` has one file per method, and
`convert` is the one place where offsets become client positions.

Deliberately not here: anything that knows Python or Keras. What an answer says is decided behind `keras_lsp.analysis`.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run `keras-lsp server` until the client leaves; returns the exit code."""
    # Imported late: the streams are claimed before anything heavy is loaded.
    from keras_lsp.server.entry import main as run

    return run(argv)
