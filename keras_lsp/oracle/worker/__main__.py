"""Entry point: `python -I <this file> --api keras`; JSON lines on what were standard input and output."""

import importlib.util
import os
import sys


def load_package():
    """Import the folder of this file as a package, without putting anything on sys.path."""
    here = os.path.dirname(os.path.abspath(__file__))
    spec = importlib.util.spec_from_file_location(
        "keras_lsp_worker", os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["keras_lsp_worker"] = package
    spec.loader.exec_module(package)
    return importlib.import_module("keras_lsp_worker.loop")


if __name__ == "__main__":
    sys.exit(load_package().main(sys.argv[1:]))
