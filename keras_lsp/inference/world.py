"""The world: an immutable snapshot of what is known outside the file under analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from keras_lsp.catalogue.version import KerasVersion


@dataclass(frozen=True, slots=True)
class Source:
    """Another module of the project (or of an installed package whose code may be followed)."""

    path: str
    text: str


def _no_source(name: str, importer: str) -> Source | None:
    del name, importer
    return None


def _no_library(name: str) -> Source | None:
    del name
    return None


@dataclass(frozen=True, slots=True)
class World:
    """What analysis may use besides the text itself.

    Attributes:
        keras: the Keras the program is for.
        path: where the text lives, for relative imports; empty if nowhere.
        find_source: (dotted module name, path of the importing file) -> its source, or `None`; relative imports
            arrive with their leading dots (".layers", "..models"). Must be a pure function of the snapshot.
        find_library: dotted name of a module of the Keras that is installed ("keras.src.applications.vgg16") -> its source.
        answers: what oracles have said, by question key (`Question.key`).
        data_format: the project's image data format.
    """

    keras: KerasVersion
    path: str = ""
    find_source: Callable[[str, str], Source | None] = _no_source
    find_library: Callable[[str], Source | None] = _no_library
    answers: Mapping[str, object] = field(default_factory=dict[str, object])
    data_format: str = "channels_last"
