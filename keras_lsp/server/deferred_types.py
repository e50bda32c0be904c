"""Imports `lsprotocol.types` so that attrs completes each class when it is first used.

lsprotocol has 550 classes, of which a session uses some hundred. Having attrs write their methods takes a quarter of a second,
which is half of the time from the start of the server to its first answer. Here `attrs.define` only notes the class; the first
instance, or whoever asks for its fields as cattrs does, has it completed, by attrs itself and with the same outcome
(`tests/server/test_deferred_types.py` compares all of them). Whatever is not as expected is imported as always.
"""

from __future__ import annotations

import importlib
import logging
import sys
import threading
from typing import Any

import attrs

_log = logging.getLogger(__name__)

_MODULE = "lsprotocol.types"
_define: Any = attrs.define
_deferred: set[type] = set()
_lock = threading.RLock()


def import_types() -> None:
    """Import `lsprotocol.types`; call it before anything that imports it too."""
    if _MODULE in sys.modules:
        return
    attrs.define = _define_later
    try:
        importlib.import_module(_MODULE)
    finally:
        attrs.define = _define
    # It would complete every class; `_complete` does the same for those that are used.
    hooks: Any = importlib.import_module("lsprotocol._hooks")
    if hasattr(hooks, "_resolved_forward_references"):
        hooks._resolved_forward_references = True


def _define_later(maybe_class: Any = None, **options: Any) -> Any:
    """`attrs.define`; for a class of the protocol, at its first use."""
    if (
        not isinstance(maybe_class, type)
        or options
        or maybe_class.__module__ != _MODULE
        or "__init__" in vars(maybe_class)
    ):
        return _define(maybe_class, **options)
    cls: Any = maybe_class
    cls.__init__ = _initialize
    cls.__attrs_attrs__ = _Fields()
    _deferred.add(cls)
    return cls


class _Fields:
    """Stands for `__attrs_attrs__` of a class that is not complete."""

    def __get__(self, instance: object, cls: type) -> Any:
        _complete(cls)
        return vars(cls)["__attrs_attrs__"]


def _initialize(self: Any, *arguments: Any, **keywords: Any) -> None:
    """Stands for `__init__` of a class that is not complete."""
    cls: Any = self.__class__
    _complete(cls)
    cls.__init__(self, *arguments, **keywords)


def _complete(cls: Any) -> None:
    with _lock:
        if cls not in _deferred:
            return  # another thread was faster
        # Without slots the class stays the same object, which all others already know. What stands for its methods is there
        # until they are: other threads wait here meanwhile.
        _define(cls, slots=False, init=True)
        _deferred.discard(cls)
        types: Any = sys.modules[_MODULE]
        attrs.resolve_types(cls, types.ALL_TYPES_MAP, {})
