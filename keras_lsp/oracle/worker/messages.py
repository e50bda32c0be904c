"""Keras's error texts without colours, wrappers and graph node dumps."""

import re

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
# keras/src/utils/traceback_utils.py (Keras 3) and keras/utils/traceback_utils.py (Keras 2.8 on)
_WRAPPER = re.compile(
    r"\A(?:Exception encountered when calling (?:layer )?[^\n]*?\.?\n+)+(?P<core>.*?)"
    r"(?:\n+(?:Arguments received by|Call arguments received by) .*)?\Z",
    re.DOTALL,
)
_TAIL = re.compile(r"\n+(?:Arguments received by|Call arguments received by) .*\Z", re.DOTALL)
_NODE = re.compile(r" for (?:the )?'\{\{node [^}]*\}\} = .*?'(?= with input)", re.DOTALL)
_NODE_OTHER = re.compile(r"\{\{(?:function_)?node [^}]*\}\}\s*", re.DOTALL)
# TensorFlow 2.13 on names the op after the text; eager mode leaves its name empty.
_OP = re.compile(r" ?\[Op:\w+\](?: name: [^\s]*)?")
# TensorFlow 1 names the node and its op.
_NODE_OLD = re.compile(r" for '[^']*' \(op: '\w+'\)(?= with input)")
_EAGER = re.compile(r"\A__wrapped__\w+? ?device_/job:\S+\}\} ?")
_NONE_NAME = re.compile(r" with name 'None'")
_OUTER_LIMIT = 4000


def strip(text):
    """Return the whole text without colours, bounded."""
    text = _ANSI.sub("", text).strip()
    return text if len(text) <= _OUTER_LIMIT else text[:_OUTER_LIMIT] + " ..."


def core(text):
    """Return what the exception says itself."""
    text = _ANSI.sub("", text).strip()
    for _ in range(8):  # one wrapper per nesting of layers
        found = _WRAPPER.match(text)
        if not found:
            break
        text = found.group("core").strip()
    text = _TAIL.sub("", text)
    text = _NODE.sub("", text)
    text = _NODE_OTHER.sub("", text)
    text = _NODE_OLD.sub("", text)
    text = _EAGER.sub("", text)
    text = _OP.sub("", text)
    text = _NONE_NAME.sub("", text)
    return text.strip()[:_OUTER_LIMIT]
