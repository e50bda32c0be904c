"""Names that Keras gives to layers by itself: counted per class, over all that the program makes.

Such a name is a number away from the next one, so a layer that comes or goes renames all that follow it. A `DefaultName` is
therefore not a string but a place in a count: when only the counts before a unit changed, its names follow, and nothing of it is
evaluated anew. Where the program, or the text of an error, takes a name as a string, that is noted (`Numbering.said`).

Sources: `auto_name` in keras/src/utils/naming.py; `backend.unique_object_name` in tf_keras/src/backend.py.
"""

from __future__ import annotations

from typing import TypeAlias


class Numbering:
    """How the layers of a unit are counted.

    Attributes:
        before: how many layers of each kind there were before the unit, for the kinds that it counts.
        open: whether it is being evaluated.
        said: whether a name was made a string while it was, so that other numbers would make another outcome.
    """

    __slots__ = ("before", "open", "said")

    def __init__(self) -> None:
        self.before: dict[str, int] = {}
        self.open = True
        self.said = False


class DefaultName:
    """The name of a layer that was given none: "dense", "dense_1", or "dense_1" for the first in standalone Keras.

    Attributes:
        kind: what is counted; `prefix` is what its names begin with.
        index: which of those that its unit makes.
    """

    __slots__ = ("_from_one", "_index", "_kind", "_numbering", "_prefix")

    def __init__(self, numbering: Numbering, kind: str, index: int, prefix: str, *, from_one: bool) -> None:
        self._numbering = numbering
        self._kind = kind
        self._index = index
        self._prefix = prefix
        self._from_one = from_one

    def __str__(self) -> str:
        numbering = self._numbering
        if numbering.open:
            numbering.said = True
        number = numbering.before.get(self._kind, 0) + self._index
        if self._from_one:
            return f"{self._prefix}_{number + 1}"
        return f"{self._prefix}_{number}" if number else self._prefix


Name: TypeAlias = str | DefaultName
