"""Starts keras-lsp with the libraries that the extension brings, or with those of the interpreter that runs this.

The first argument is `useBundled` or `fromEnvironment`; the rest are those of `keras-lsp`. With `fromEnvironment` the
libraries of the extension stand behind, for an interpreter that lacks keras-lsp.
"""

import pathlib
import sys


def main() -> int:
    """Run `keras-lsp` and return its exit code."""
    strategy, *arguments = sys.argv[1:]
    libraries = str(pathlib.Path(__file__).parent.parent / "libs")
    # The folder of this script, which Python put first, holds nothing to import.
    sys.path[0:1] = [libraries] if strategy == "useBundled" else []
    if strategy != "useBundled":
        sys.path.append(libraries)
    from keras_lsp.cli import main as run

    return run(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
