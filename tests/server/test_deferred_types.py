"""Classes of the protocol that attrs completes at their first use are the ones that it would have made at once."""

from __future__ import annotations

import json
import subprocess
import sys

# What a class is like: its fields with types, defaults and validators, the methods that attrs wrote, and how instances behave.
PICTURE = r"""
import json, sys
if sys.argv[1] == "deferred":
    from keras_lsp.server.deferred_types import import_types
    import_types()
import attrs
from lsprotocol import types
from lsprotocol.converters import get_converter

def field(one):
    return [one.name, str(one.type), repr(one.default), type(one.validator).__name__, repr(one.validator).partition(" at 0x")[0], one.init, one.kw_only,
            one.eq, one.order, one.hash]

converter = get_converter()  # resolves types that are said as strings
picture = {}
for name, cls in sorted(vars(types).items()):
    if not isinstance(cls, type) or not attrs.has(cls):
        continue
    methods = sorted(n for n in vars(cls) if n.startswith("__") and callable(getattr(cls, n)))
    methods = [n for n in methods if n not in ("__getstate__", "__setstate__", "__weakref__", "__attrs_base_of_slotted__")]
    picture[name] = {"fields": [field(one) for one in attrs.fields(cls)], "methods": methods, "doc": cls.__doc__,
                     "match": cls.__match_args__}
hover = types.Hover(types.MarkupContent(types.MarkupKind.Markdown, "x"), types.Range(types.Position(1, 2), types.Position(3, 4)))
picture["hover"] = [repr(hover), converter.unstructure(hover), hover == converter.structure(converter.unstructure(hover), types.Hover)]
picture["order"] = [types.Position(1, 2) < types.Position(1, 3), types.Position(1, 2) == types.Position(1, 2)]
try:
    types.Position("1", 2)
except Exception as error:
    picture["refused"] = type(error).__name__
request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {"general": {"positionEncodings": ["utf-8"]}}}}
picture["request"] = repr(converter.structure(request, types.InitializeRequest))
print(json.dumps(picture))
"""


def picture(how: str) -> dict[str, object]:
    done = subprocess.run([sys.executable, "-c", PICTURE, how], capture_output=True, text=True, check=True, timeout=120)
    return json.loads(done.stdout)


def test_deferred_classes_are_the_same() -> None:
    at_once, deferred = picture("at once"), picture("deferred")
    assert len(at_once) > 400
    assert deferred == at_once


def test_few_classes_are_completed_for_a_start() -> None:
    """The gain: most classes are never used."""
    script = (
        "from keras_lsp.server import deferred_types as d; d.import_types(); n = len(d._deferred);"
        "import keras_lsp.server.application; from lsprotocol.converters import get_converter; get_converter();"
        "print(n, len(d._deferred))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    before, after = map(int, done.stdout.split())
    assert before > 400
    assert after > before * 0.7


def test_two_threads_may_use_a_class_at_once() -> None:
    script = """
import sys, threading
from keras_lsp.server.deferred_types import import_types
import_types()
from lsprotocol import types as t
sys.setswitchinterval(1e-6)
start, failed = threading.Barrier(8), []
def use():
    start.wait()
    try:
        for make in (lambda: t.Position(1, 2), lambda: t.Range(t.Position(0, 0), t.Position(1, 1)), lambda: t.Hover("x"),
                     lambda: t.CompletionItem("x"), lambda: t.Diagnostic(t.Range(t.Position(0, 0), t.Position(1, 1)), "x")):
            make()
    except Exception as error:
        failed.append(error)
threads = [threading.Thread(target=use) for _ in range(8)]
[one.start() for one in threads], [one.join() for one in threads]
print(failed)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
