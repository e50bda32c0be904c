"""The data files: read once, the difference chains applied, kept for the life of the process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from keras_lsp.catalogue.version import Contract, KerasVersion, parse_version

_DATA = Path(__file__).parent / "data"

# Versions with a data file, oldest first in each contract; a version between two behaves as the older one.
DATA_VERSIONS: Mapping[Contract, tuple[str, ...]] = {
    Contract.A: ("2.3",),
    Contract.B: ("tf1.15",),
    Contract.C: ("tf2.3", "2.15", "2.21"),
    Contract.D: ("3.0", "3.3", "3.6", "3.10", "3.15"),
}
ORDER: tuple[str, ...] = tuple(name for contract in Contract for name in DATA_VERSIONS[contract])
"""All data versions from the oldest contract to the newest."""


def nearest(version: KerasVersion) -> str:
    """Return the data version to use: the newest at or below it in its contract, else that contract's oldest."""
    names = DATA_VERSIONS[version.contract]
    best = names[0]
    for name in names:
        known = parse_version("tf_keras 2.21" if name == "2.21" else name)
        if (known.major, known.minor) <= (version.major, version.minor):
            best = name
    return best


@cache
def read(name: str) -> dict[str, Any]:
    """Return one data file as it is; the name without `.json`."""
    return cast("dict[str, Any]", json.loads((_DATA / f"{name}.json").read_bytes()))


@cache
def sections(name: str) -> Mapping[str, Mapping[str, Any]]:
    """Return a data version's sections with the differences from its base applied."""
    raw = read(name)
    base: str | None = raw["base"]
    if base is None:
        return raw
    out: dict[str, Mapping[str, Any]] = dict(sections(base))
    for section, changes in raw.items():
        if section in ("version", "base"):
            continue
        merged: dict[str, Any] = dict(out.get(section, {}))
        for key, value in changes.items():
            if value is None:
                merged.pop(key, None)
            else:
                merged[key] = value
        out[section] = merged
    return out


def above(name: str) -> str | None:
    """Return the next newer data version of the same contract, or None."""
    for names in DATA_VERSIONS.values():
        if name in names[:-1]:
            return names[names.index(name) + 1]
    return None


@cache
def between(older: str, newer: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the sections for a version between two data versions: what either of them has.

    Nothing tells when exactly a name came or went, so nothing that one of the two has is called missing. Where both
    know a name, the newer signature is taken, which is the wider one, and the older first-layer behaviour.
    """
    first, second = sections(older), sections(newer)
    out: dict[str, Mapping[str, Any]] = {}
    for section in {**first, **second}:
        if section in ("version", "base"):
            continue
        one, two = first.get(section, {}), second.get(section, {})
        if section in ("hidden", "takers", "routes"):
            out[section] = {**two, **one}
        elif section in ("members", "identifiers"):
            keys = {**one, **two}
            out[section] = {k: " ".join(dict.fromkeys(f"{one.get(k, '')} {two.get(k, '')}".split())) for k in keys}
        else:
            out[section] = {**one, **two}
    return out
